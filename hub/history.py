"""How nodes and hub stood at the end of each day, for 92 days: tables `node_day`, `hub_day`. All SQL about them; callers own the transaction.

The figures are totals as they stood: what a day brought is the difference to the day before (`brought`), so that a day without the hub loses nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import apsw
from msgspec import Struct

ROOM: Final = "hub:monitor"
ALL: Final = b""
"""Under this log_id stand the sums over all nodes: nobody adds up 18,400 rows to look at a page."""
KEPT_DAYS: Final = 92
"""Three months: a season beside the one before, and 200 nodes in 18,400 rows."""
_NODE: Final = (
    "day, records, pages, bytes_stored, deltas, waiting_bytes, waiting_pages, quarantined, free_bytes, last_contact"
)


class NodeDay(Struct, frozen=True):
    """A node at the end of a day (YYYY-MM-DD): opened records and pages, stored bytes and deltas in all; the rest as it last said."""

    day: str
    records: int
    pages: int
    bytes_stored: int
    deltas: int
    waiting_bytes: int
    waiting_pages: int | None
    quarantined: int
    free_bytes: int | None
    last_contact: int | None


class HubDay(Struct, frozen=True):
    """The hub at the end of a day: free bytes of its store, decisions of the reception and results of the periodic check in all."""

    day: str
    free_bytes: int
    returned: int
    accepted: int
    kept_ok: int
    kept_bad: int


class Brought(Struct, frozen=True):
    """What a day brought: records and pages opened, bytes and deltas stored. Never negative: a restored copy begins anew."""

    day: str
    records: int
    pages: int
    bytes: int
    deltas: int


def keep(connection: apsw.Connection, nodes: Iterable[tuple[bytes, NodeDay]], hub: HubDay) -> None:
    """Write how all nodes stand, and their sums, in the place of an earlier look of the same day, and let go of what is older than 92 days."""
    found = list(nodes)
    connection.executemany(
        f"INSERT OR REPLACE INTO node_day(log_id, {_NODE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                log_id, one.day, one.records, one.pages, one.bytes_stored, one.deltas, one.waiting_bytes, one.waiting_pages, one.quarantined,
                one.free_bytes, one.last_contact,
            )
            for log_id, one in [*found, (ALL, _together(hub.day, [one for _, one in found]))]
        ),
    )  # fmt: skip
    connection.execute(
        "INSERT OR REPLACE INTO hub_day(day, free_bytes, returned, accepted, kept_ok, kept_bad) VALUES (?, ?, ?, ?, ?, ?)",
        (hub.day, hub.free_bytes, hub.returned, hub.accepted, hub.kept_ok, hub.kept_bad),
    )
    oldest = (dt.date.fromisoformat(hub.day) - dt.timedelta(days=KEPT_DAYS)).isoformat()
    for table in ("node_day", "hub_day"):
        connection.execute(f"DELETE FROM {table} WHERE day <= ?", (oldest,))


def of_node(connection: apsw.Connection, log_id: bytes) -> list[NodeDay]:
    """A node's days, oldest first."""
    return [
        NodeDay(*row)
        for row in connection.execute(f"SELECT {_NODE} FROM node_day WHERE log_id = ? ORDER BY day", (log_id,))
    ]


def of_all(connection: apsw.Connection) -> list[NodeDay]:
    """All nodes together by day, oldest first."""
    return of_node(connection, ALL)


def _together(day: str, nodes: Sequence[NodeDay]) -> NodeDay:
    free = [one.free_bytes for one in nodes if one.free_bytes is not None]
    spoke = [one.last_contact for one in nodes if one.last_contact is not None]
    return NodeDay(
        day, sum(one.records for one in nodes), sum(one.pages for one in nodes), sum(one.bytes_stored for one in nodes), sum(one.deltas for one in nodes),
        sum(one.waiting_bytes for one in nodes), sum(one.waiting_pages or 0 for one in nodes), sum(one.quarantined for one in nodes),
        min(free, default=None), max(spoke, default=None),
    )  # fmt: skip


def of_hub(connection: apsw.Connection) -> list[HubDay]:
    """The hub's days, oldest first."""
    rows = connection.execute("SELECT day, free_bytes, returned, accepted, kept_ok, kept_bad FROM hub_day ORDER BY day")
    return [HubDay(*row) for row in rows]


def last_of_hub(connection: apsw.Connection) -> HubDay | None:
    """The hub as it was last looked at; None before the first look."""
    row = connection.execute(
        "SELECT day, free_bytes, returned, accepted, kept_ok, kept_bad FROM hub_day ORDER BY day DESC LIMIT 1"
    ).fetchone()
    return HubDay(*row) if row else None


def pages_at(connection: apsw.Connection, day: str) -> dict[bytes, tuple[str, int]]:
    """log_id → (day, pages) of the first day kept on or after `day`: what a speed is measured from."""
    rows = connection.execute(
        "SELECT log_id, min(day), pages FROM node_day WHERE day >= ? AND log_id != x'' GROUP BY log_id", (day,)
    )  # SQLite: the other columns come from the row of the minimum
    return {row[0]: (row[1], row[2]) for row in rows}


def brought(days: Sequence[NodeDay]) -> list[Brought]:
    """What each day brought, oldest first; the first day has nothing to be compared with and is left out."""
    return [
        Brought(
            now.day, max(0, now.records - last.records), max(0, now.pages - last.pages), max(0, now.bytes_stored - last.bytes_stored),
            max(0, now.deltas - last.deltas),
        )
        for last, now in pairwise(days)
    ]  # fmt: skip


def days_left(days: Sequence[tuple[str, int]], free: int, looked_back: int = 30) -> int | None:
    """Days until `free` bytes are used up at the growth of the last days, (day, bytes in all) oldest first; None when nothing grew or a week is not kept yet."""
    kept = days[-looked_back:]
    if len(kept) < 2:
        return None
    span = (dt.date.fromisoformat(kept[-1][0]) - dt.date.fromisoformat(kept[0][0])).days
    grown = kept[-1][1] - kept[0][1]
    return free * span // grown if grown > 0 and span >= 7 else None
