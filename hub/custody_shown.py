"""Who holds a record, as the hub's commands and pages tell it."""

from __future__ import annotations

from typing import Any

import apsw

from holdings import custody_store
from holdings.access import Access
from holdings.custody import Party
from holdings.stored_record import StoredRecord
from hub import directive_store, reception_papers, reception_store, reception_verdicts, signed_scans
from hub.reception_papers import PaperKind


def custody(front: apsw.Connection, log_id: bytes, hub_id: bytes, record: StoredRecord) -> dict[str, Any]:
    """`custody` in words, `turn`, and `custody_acts`: what was done, by whom, of which version, when (seconds UTC)."""
    held = custody_store.holding(front, log_id, bytes(record.id))
    kind = directive_store.handover(front, log_id)
    if held.holder is None:
        text = (
            f"移交中（{record.writer} 已移出，待本馆接收）"
            if held.taker == hub_id
            else f"移交中（待 {record.writer} 接回）"
        )
    else:
        text = "市馆保管" if held.holder == hub_id else f"{record.writer}保管（{kind.label}）"
    acts = [
        {
            "act": kept.act.kind.label,
            "by": "市级中心" if kept.act.by == Party(hub_id) else record.writer,
            "version": kept.act.version,
            "turn": kept.act.turn,
            "wall": kept.wall,
        }
        for kept in custody_store.history(front, log_id, bytes(record.id))
    ]
    return {"custody": text, "turn": held.turn, "custody_acts": acts}


def papers(reading: apsw.Connection, record: StoredRecord) -> list[dict[str, Any]]:
    """The registers that a record stands on, the first first: number, round, day, and the signed scans attached to each that count, with their digests."""
    found = []
    for said in reversed(reception_verdicts.of_record(reading, record.number)):
        held = reception_store.find(reading, said.reception, Access.whole())
        if held is None or not (said.round and said.accepted):
            continue
        registers = [
            one
            for one in reception_papers.papers(reading, held)
            if one.round == said.round and one.kind is PaperKind.REGISTER
        ]
        scans = [one for one in signed_scans.of_round(reading, held, said.round) if not one.void]
        found += [
            {
                "number": paper.number, "round": said.round, "time": said.time, "reception": held.id,
                "scans": [{"kind": one.kind.label, "digest": one.digest, "pages": one.pages, "time": one.time, "by": one.by.person} for one in scans],
            }
            for paper in registers
        ]  # fmt: skip
    return found
