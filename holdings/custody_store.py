"""Acts about custody 保管方 as they are kept, at a node and at its hub alike: tables `custody_act`, `custody_count`.

Every signed act is kept, in whatever order the two logs were read; the holding is their fold (holdings/custody.py). Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings import custody
from holdings.custody import ActKind, CustodyAct, Effect, Holding, Party, held_by

ROOM: Final = "holdings:custody"
TRANSIT, OVER = "transit", "over"
"""States that are counted: on its way, and held by another than its first writer."""


class KeptAct(Struct, frozen=True):
    """An act that had effect: where it stands in its writer's log, and when (seconds UTC) as that log says."""

    act: CustodyAct
    seq: int
    wall: int


def add(connection: apsw.Connection, log_id: bytes, record: bytes, act: CustodyAct, *, seq: int, wall: int) -> Effect:
    """Keep an act about a record of a log; its effect now (EARLY ones take effect when the act between comes)."""
    before = holding(connection, log_id, record)
    _, effect = custody.apply(before, act)
    if effect in (Effect.DONE, Effect.EARLY):
        # What has no effect and never will is in its log for who wants to see it. The same entry read again is the same row.
        connection.execute(
            "INSERT OR IGNORE INTO custody_act VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (log_id, record, act.turn, act.by, int(act.kind), act.version, act.to, seq, wall),
        )
        _count(connection, log_id, before, holding(connection, log_id, record))
    return effect


def holding(connection: apsw.Connection, log_id: bytes, record: bytes) -> Holding:
    """Who holds a record; one without acts is its first writer's."""
    return custody.fold(held_by(Party(log_id)), (kept.act for kept in _acts(connection, log_id, record)))


def history(connection: apsw.Connection, log_id: bytes, record: bytes) -> list[KeptAct]:
    """The acts that had effect, the first first."""
    now, done = held_by(Party(log_id)), []
    for kept in _acts(connection, log_id, record):
        now, effect = custody.apply(now, kept.act)
        if effect is Effect.DONE:
            done.append(kept)
    return done


def elsewhere(connection: apsw.Connection, log_id: bytes, records: Iterable[bytes]) -> dict[bytes, Holding]:
    """Those of a node's records that it may not write now, and who holds them."""
    if not any_act(connection, log_id):
        return {}
    found = ((record, holding(connection, log_id, record)) for record in records)
    return {record: held for record, held in found if not held.may_write(Party(log_id))}


def anything(connection: apsw.Connection) -> bool:
    """Was anything ever let go?"""
    return connection.execute("SELECT 1 FROM custody_act LIMIT 1").fetchone() is not None


def any_act(connection: apsw.Connection, log_id: bytes) -> bool:
    """Was anything of this log ever let go?"""
    return connection.execute("SELECT 1 FROM custody_act WHERE log_id = ? LIMIT 1", (log_id,)).fetchone() is not None


def counts(connection: apsw.Connection, log_id: bytes) -> tuple[int, int]:
    """(records in transit, records that another than their first writer holds) of a log."""
    rows = {
        str(state): int(n)
        for state, n in connection.execute("SELECT state, records FROM custody_count WHERE log_id = ?", (log_id,))
    }
    return rows.get(TRANSIT, 0), rows.get(OVER, 0)


def released(connection: apsw.Connection, log_id: bytes, after: int) -> list[tuple[int, bytes]]:
    """(seq in the log, record) of its releases behind a seq, whether they had an effect or not."""
    rows = connection.execute(
        "SELECT seq, record FROM custody_act WHERE log_id = ?1 AND by_log = ?1 AND kind = ?2 AND seq > ?3 ORDER BY seq",
        (log_id, int(ActKind.RELEASE), after),
    )
    return [(int(str(seq)), bytes(record)) for seq, record in rows]


def _acts(connection: apsw.Connection, log_id: bytes, record: bytes) -> list[KeptAct]:
    rows: list[Any] = connection.execute(
        "SELECT kind, turn, version, by_log, to_log, seq, wall FROM custody_act WHERE log_id = ? AND record = ? ORDER BY turn, by_log, seq",
        (log_id, record),
    ).fetchall()
    return [
        KeptAct(CustodyAct(ActKind(kind), turn, version, Party(by), Party(to) if to else None), seq, wall)
        for kind, turn, version, by, to, seq, wall in rows
    ]


def _count(connection: apsw.Connection, log_id: bytes, before: Holding, after: Holding) -> None:
    for state, change in ((_state(before, log_id), -1), (_state(after, log_id), 1)):
        if state:
            connection.execute(
                "INSERT INTO custody_count VALUES (?1, ?2, ?3) ON CONFLICT(log_id, state) DO UPDATE SET records = records + ?3",
                (log_id, state, change),
            )


def _state(held: Holding, log_id: bytes) -> str:
    if held.holder is None:
        return TRANSIT
    return "" if held.holder == log_id else OVER
