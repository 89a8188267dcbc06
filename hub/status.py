"""How the hub and its nodes are, in numbers kept in the transactions that change them (DESIGN §6, §7)."""

from __future__ import annotations

from typing import Any

import apsw

from holdings import tally
from holdings.tally import Count
from hub import front
from hub import opened as vault
from hub.front import Node
from sync import log as logs
from sync.database import Database
from sync.entry import Role
from sync.log import Log
from sync.receipt import Grade

ALARMS_SHOWN = 100
_SUMS = ("records", "pages", "text_pages", "bytes_stored", "pending_deltas", "pending_bytes", "unopened_deltas", "quarantined")


def status(front_database: Database, holdings: Database, names: dict[bytes, str]) -> dict[str, Any]:
    """The fields of DESIGN §7: sums over all nodes, the nodes one by one, alarms newest first.

    `records` and `pages` are those the vault has opened; `unopened_deltas` are received (R1) and not opened yet; `quarantined` is what the
    nodes last reported; `last_contact` is in whole seconds UTC.
    `names` gives the writer of each log as the vault calls it.
    """
    from holdings import search_upkeep  # a hub starts without it

    reading, opened = front_database.read(), holdings.read()
    known = {node.log_id: node for node in front.nodes(reading)}
    nodes = []
    for log in logs.logs(reading, Role.NODE):
        if (node := known.get(log.log_id)) is not None:
            writer = names.get(log.log_id, log.name)
            counted = _node(log, node, tally.read(opened, Count.RECORDS, writer), tally.read(opened, Count.PAGES, writer))
            text_pages = tally.read(opened, Count.TEXT_PAGES, writer)
            unopened = {"unopened_deltas": _unopened(reading, opened, log.log_id)}
            nodes.append({**counted, **unopened, "text_pages": text_pages, **_handed_over(reading, log.log_id)})
    result: dict[str, Any] = {word: sum(node[word] for node in nodes) for word in _SUMS}
    contacts = [node["last_contact"] for node in nodes if node["last_contact"] is not None]
    result["last_contact"] = max(contacts, default=None)
    result["nodes"] = nodes
    result["search"] = search_upkeep.state(opened)
    result["alarms"] = [
        {"wall": alarm.wall, "code": alarm.code, "text": alarm.text} for alarm in front.alarms(reading, ALARMS_SHOWN)
    ]
    return result


def _unopened(reading: apsw.Connection, holdings: apsw.Connection, log_id: bytes) -> int:
    at = vault.cursor(holdings, log_id)
    return logs.receipts_behind(reading, log_id, at.seq if at is not None else 0, Grade.R1)


def _handed_over(reading: apsw.Connection, log_id: bytes) -> dict[str, Any]:
    """How a node hands over, its records on their way and taken over, and its directives that are not done, by stage."""
    from holdings import custody_store  # a hub starts without them
    from hub import directive_store

    transit, over = custody_store.counts(reading, log_id)
    waiting = {stage.name.lower(): count for stage, count in directive_store.counted(reading, log_id).items()}
    return {
        "handover": directive_store.handover(reading, log_id).name.lower(),
        "in_transit": transit,
        "handed_over": over,
        "directives": waiting,
    }


def _node(log: Log, node: Node, records: int, pages: int) -> dict[str, Any]:
    report = node.report
    return {
        "name": log.name,
        "district": node.district,
        "log_id": log.log_id.hex(),
        "state": log.state.value.lower(),
        "records": records,
        "pages": pages,
        "bytes_stored": node.bytes_stored,
        "pending_deltas": node.pending_deltas,
        "pending_bytes": node.pending_bytes,
        "quarantined": report.quarantined if report else 0,
        "last_contact": node.last_contact,
        "head": log.head.seq,
        "program": report.program if report else "",
        "waiting_at_node": report.pending_bytes if report else 0,
    }
