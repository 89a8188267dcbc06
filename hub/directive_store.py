"""What was told to which node and what became of it: tables `directive`, `handover`. Callers own the transaction."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.directive import HandOver
from holdings.directive_entry import Result
from sync.entry import ZERO

ROOM: Final = "hub:directive"


class Stage(IntEnum):
    """How far a directive is; from WAITING to STOPPED the numbers are those of the node's word (format.md §18)."""

    ISSUED = 0
    WAITING = 1
    APPLIED = 2
    CANNOT = 3
    SKIPPED = 4
    DECLINED = 5
    STOPPED = 6
    DELIVERED = 7

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return {Stage.ISSUED: "已签发", Stage.DELIVERED: "已送达"}.get(self) or Result(self.value).label

    @property
    def is_final(self) -> bool:
        """Is nothing more to come?"""
        return self in (Stage.APPLIED, Stage.CANNOT, Stage.SKIPPED, Stage.DECLINED)


class Issued(Struct, frozen=True):
    """A directive: `seq` and `hash` of its entry, `wall` when it was signed, `ack` where the node's word stands in its log, `acked` when that was signed."""

    log_id: bytes
    dseq: int
    seq: int
    hash: bytes
    kind: int
    wall: int
    stage: Stage
    ack: int | None
    acked: int | None


_COLUMNS: Final = "log_id, dseq, seq, hash, kind, wall, stage, ack, acked"


def last(connection: apsw.Connection, log_id: bytes) -> tuple[int, bytes]:
    """(dseq, entry_hash) of the last directive to a node; (0, zeros) before the first."""
    row = connection.execute(
        "SELECT dseq, hash FROM directive WHERE log_id = ? ORDER BY dseq DESC LIMIT 1", (log_id,)
    ).fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, ZERO)


def add(connection: apsw.Connection, one: Issued, mark: bytes) -> None:
    """Keep a directive whose entry is in this transaction; one that is here already stays as it is."""
    connection.execute(
        "INSERT OR IGNORE INTO directive VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        (one.log_id, one.dseq, one.seq, one.hash, one.kind, mark or None, one.wall, int(one.stage)),
    )


def by_mark(connection: apsw.Connection, mark: bytes) -> Issued | None:
    """The directive that bears a mark."""
    return _one(connection, "mark = ?", (mark,))


def get(connection: apsw.Connection, log_id: bytes, dseq: int) -> Issued | None:
    """One directive to a node."""
    return _one(connection, "log_id = ? AND dseq = ?", (log_id, dseq))


def listed(
    connection: apsw.Connection,
    log_id: bytes | None = None,
    *,
    stage: Stage | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Issued]:
    """Directives to a node, or to all, the newest first; `before` the seq of the last one seen."""
    where, values = ["seq < ?"], list[Any]([before if before is not None else 1 << 62])
    if log_id is not None:
        where.append("log_id = ?")
        values.append(log_id)
    if stage is not None:
        where.append("stage = ?")
        values.append(int(stage))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM directive WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?", (*values, limit)
    )
    return [_issued(row) for row in rows]


def delivered(connection: apsw.Connection, log_id: bytes, held: int) -> None:
    """The node holds our log up to `held`: what stands there has reached it."""
    connection.execute(
        "UPDATE directive SET stage = ? WHERE log_id = ? AND stage = ? AND seq <= ?",
        (int(Stage.DELIVERED), log_id, int(Stage.ISSUED), held),
    )


def answered(connection: apsw.Connection, one: Issued, result: Result, *, ack: int, acked: int) -> bool:
    """The node's word on a directive; False when a final one stands there already."""
    if one.stage.is_final:
        return False
    connection.execute(
        "UPDATE directive SET stage = ?, ack = ?, acked = ? WHERE log_id = ? AND dseq = ?",
        (int(result), ack, acked, one.log_id, one.dseq),
    )
    return True


def unanswered(connection: apsw.Connection) -> list[bytes]:
    """log_ids of nodes that have not said their last word on everything."""
    open_ = [int(stage) for stage in Stage if not stage.is_final]
    rows = connection.execute(
        f"SELECT DISTINCT log_id FROM directive WHERE stage IN ({','.join('?' * len(open_))})", open_
    )
    return [bytes(row[0]) for row in rows]


def counted(connection: apsw.Connection, log_id: bytes) -> dict[Stage, int]:
    """How many of a node's directives are in each stage that is not final."""
    open_ = [int(stage) for stage in Stage if not stage.is_final]
    rows = connection.execute(
        f"SELECT stage, count(*) FROM directive WHERE log_id = ? AND stage IN ({','.join('?' * len(open_))}) GROUP BY stage",
        (log_id, *open_),
    )
    return {Stage(stage): int(n) for stage, n in rows}


def handover(connection: apsw.Connection, log_id: bytes) -> HandOver:
    """How a node hands over: report unless it was told otherwise."""
    row = connection.execute("SELECT kind FROM handover WHERE log_id = ?", (log_id,)).fetchone()
    return HandOver(row[0]) if row else HandOver.REPORT


def set_handover(connection: apsw.Connection, log_id: bytes, kind: HandOver) -> None:
    """From now on it hands over like this."""
    connection.execute("INSERT OR REPLACE INTO handover VALUES (?, ?)", (log_id, int(kind)))


def _one(connection: apsw.Connection, where: str, values: tuple[Any, ...]) -> Issued | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM directive WHERE {where}", values).fetchone()
    return _issued(row) if row else None


def _issued(row: tuple[Any, ...]) -> Issued:
    log_id, dseq, seq, digest, kind, wall, stage, ack, acked = row
    return Issued(log_id, dseq, seq, digest, kind, wall, Stage(stage), ack, acked)
