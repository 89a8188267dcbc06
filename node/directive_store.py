"""The hub's directives as this node keeps them: table `directive`. Callers own the transaction."""

from __future__ import annotations

from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.directive_entry import Result
from sync.entry import ZERO

ROOM: Final = "node:directive"
BEHIND: Final = 0
"""Stored as `result` of what waits behind a directive that is not known."""


class Told(Struct, frozen=True):
    """One directive: `result` None while it waits behind one that is not known; times are seconds UTC."""

    dseq: int
    seq: int
    hash: bytes
    kind: int
    critical: bool
    wall: int
    taken: int
    result: Result | None
    decided: int | None
    body: bytes
    person: str
    text: str


_COLUMNS: Final = "dseq, seq, hash, kind, critical, wall, taken, result, decided, body, person, text"


def last(connection: apsw.Connection) -> tuple[int, bytes]:
    """(dseq, entry_hash) of the last directive that came; (0, zeros) before the first."""
    row = connection.execute("SELECT dseq, hash FROM directive ORDER BY dseq DESC LIMIT 1").fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, ZERO)


def add(connection: apsw.Connection, told: Told) -> None:
    """Keep a directive that just came."""
    connection.execute(
        "INSERT INTO directive VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            told.dseq,
            told.seq,
            told.hash,
            told.kind,
            told.critical,
            told.wall,
            told.taken,
            _stored(told.result),
            told.decided,
            told.body,
            told.person,
            told.text,
        ),
    )


def decide(connection: apsw.Connection, dseq: int, result: Result, *, now: int, person: str, text: str) -> None:
    """What became of a directive."""
    connection.execute(
        "UPDATE directive SET result = ?, decided = ?, person = ?, text = ? WHERE dseq = ?",
        (int(result), now, person, text, dseq),
    )


def set_body(connection: apsw.Connection, dseq: int, body: bytes) -> None:
    """Its body, once its kind is known."""
    connection.execute("UPDATE directive SET body = ? WHERE dseq = ?", (body, dseq))


def get(connection: apsw.Connection, dseq: int) -> Told | None:
    """One directive."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM directive WHERE dseq = ?", (dseq,)).fetchone()
    return _told(row) if row else None


def listed(
    connection: apsw.Connection,
    *,
    result: Result | None = None,
    kind: int | None = None,
    before: int = 0,
    limit: int = 100,
) -> list[Told]:
    """Directives, the newest first; `before` the dseq of the last one seen, 0 from the newest."""
    where, values = ["1"], list[Any]()
    for condition, value in (("result = ?", result), ("kind = ?", kind), ("dseq < ?", before or None)):
        if value is not None:
            where.append(condition)
            values.append(int(value))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM directive WHERE {' AND '.join(where)} ORDER BY dseq DESC LIMIT ?", (*values, limit)
    )
    return [_told(row) for row in rows]


def following(connection: apsw.Connection, dseq: int) -> Told | None:
    """The directive after this one."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM directive WHERE dseq > ? ORDER BY dseq LIMIT 1", (dseq,)
    ).fetchone()
    return _told(row) if row else None


def stopped(connection: apsw.Connection) -> Told | None:
    """The directive that is not known and stops those after it."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM directive WHERE result = ? ORDER BY dseq LIMIT 1", (int(Result.STOPPED),)
    ).fetchone()
    return _told(row) if row else None


def count(connection: apsw.Connection, result: Result | None) -> int:
    """How many are in a state; None: those behind one that is not known. Few: they wait for a person."""
    row = connection.execute("SELECT count(*) FROM directive WHERE result = ?", (_stored(result),)).fetchone()
    return int(row[0]) if row else 0


def _stored(result: Result | None) -> int:
    return BEHIND if result is None else int(result)


def _told(row: tuple[Any, ...]) -> Told:
    dseq, seq, digest, kind, critical, wall, taken, result, decided, body, person, text = row
    return Told(
        dseq,
        seq,
        digest,
        kind,
        bool(critical),
        wall,
        taken,
        Result(result) if result else None,
        decided,
        body,
        person,
        text,
    )
