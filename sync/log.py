"""The tables of logs, entries, forks and receipts: all SQL about them. Callers own the transaction."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import apsw
from msgspec import Struct

from sync import entry as entries
from sync.entry import Entry, Genesis, Head, Role
from sync.errors import BadEntry, Fork
from sync.receipt import Grade
from sync.site_class import SiteClass


class LogState(StrEnum):
    """May this log go on?"""

    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    REVOKED = "REVOKED"


class Log(Struct, frozen=True):
    """A known log: who writes it, its head, and whether it may go on."""

    log_id: bytes
    role: Role
    name: str
    site_class: SiteClass
    public_key: bytes
    recipient: bytes
    head: Head
    state: LogState


_COLUMNS = "log_id, role, name, site_class, public_key, recipient, head_seq, head_hash, state"


def _log(row: tuple[Any, ...]) -> Log:
    log_id, role, name, site_class, public_key, recipient, seq, digest, state = row
    return Log(
        log_id, Role(role), name, SiteClass(site_class), public_key, recipient, Head(seq, digest), LogState(state)
    )


def find(connection: apsw.Connection, log_id: bytes) -> Log | None:
    """The log with that id."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM log WHERE log_id = ?", (log_id,)).fetchone()
    return _log(row) if row else None


def logs(connection: apsw.Connection, role: Role) -> list[Log]:
    """All logs of that role, by name."""
    return [
        _log(row)
        for row in connection.execute(f"SELECT {_COLUMNS} FROM log WHERE role = ? ORDER BY name", (int(role),))
    ]


def register(connection: apsw.Connection, genesis: Genesis, entry: Entry) -> None:
    """Begin a log with its verified genesis; the same genesis again changes nothing."""
    connection.execute(
        "INSERT OR IGNORE INTO log VALUES (?, ?, ?, ?, ?, ?, 0, ?, 'ACTIVE')",
        (
            genesis.log_id,
            int(genesis.role),
            genesis.name,
            int(genesis.site_class),
            genesis.signing_key,
            genesis.recipient,
            entry.hash,
        ),
    )
    connection.execute(
        "INSERT OR IGNORE INTO entry VALUES (?, 0, ?, ?, ?)",
        (genesis.log_id, entry.hash, int(entry.kind), entry.signed),
    )


def append(connection: apsw.Connection, entry: Entry) -> bool:
    """Append a verified entry after its log's head; False when exactly it is there already.

    Raises:
        Fork: another entry stands at that seq. The caller keeps it (`keep_fork`) in a transaction of its own.
        BadEntry: unknown log, a gap, or a wrong `prev`.
    """
    log = find(connection, entry.log_id)
    if log is None:
        raise BadEntry("未登记的日志。请先接入（format.md §7）")
    if entry.seq <= log.head.seq:
        if hash_at(connection, entry.log_id, entry.seq) == entry.hash:
            return False
        raise Fork(f"节点 {log.name} 的日志在第 {entry.seq} 条分叉：同一序号签了两条不同的条目")
    if not entries.follows(entry, log.head):
        if entry.seq == log.head.seq + 1:
            raise Fork(f"节点 {log.name} 第 {entry.seq} 条日志接的不是已收的第 {log.head.seq} 条")
        raise BadEntry(f"节点 {log.name} 的日志缺第 {log.head.seq + 1} 至 {entry.seq - 1} 条")
    connection.execute(
        "INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (entry.log_id, entry.seq, entry.hash, int(entry.kind), entry.signed)
    )
    connection.execute(
        "UPDATE log SET head_seq = ?, head_hash = ? WHERE log_id = ?", (entry.seq, entry.hash, entry.log_id)
    )
    return True


def hash_at(connection: apsw.Connection, log_id: bytes, seq: int) -> bytes | None:
    """entry_hash at a position, None when nothing is there."""
    row = connection.execute("SELECT hash FROM entry WHERE log_id = ? AND seq = ?", (log_id, seq)).fetchone()
    return row[0] if row else None


def keep_fork(connection: apsw.Connection, entry: Entry, wall: int) -> None:
    """Keep the second face of a fork and freeze the log."""
    connection.execute(
        "INSERT OR IGNORE INTO fork_entry VALUES (?, ?, ?, ?, ?)",
        (entry.log_id, entry.seq, entry.hash, entry.signed, wall),
    )
    set_state(connection, entry.log_id, LogState.FROZEN)


def forks(connection: apsw.Connection) -> list[tuple[bytes, int]]:
    """(log_id, seq) of every kept fork."""
    return [(row[0], row[1]) for row in connection.execute("SELECT log_id, seq FROM fork_entry ORDER BY log_id, seq")]


def set_state(connection: apsw.Connection, log_id: bytes, state: LogState) -> None:
    """Let a log go on, freeze or revoke it."""
    connection.execute("UPDATE log SET state = ? WHERE log_id = ?", (str(state), log_id))


def since(connection: apsw.Connection, log_id: bytes, from_seq: int, count: int) -> list[Entry]:
    """Up to `count` entries from `from_seq` on, in order."""
    rows = connection.execute(
        "SELECT signed FROM entry WHERE log_id = ? AND seq >= ? ORDER BY seq LIMIT ?", (log_id, from_seq, count)
    )
    return [entries.parse(row[0]) for row in rows]


def of_kind(connection: apsw.Connection, log_id: bytes, kind: entries.EntryKind) -> Iterator[Entry]:
    """Every entry of one kind of a log in order, one at a time."""
    rows = connection.execute(
        "SELECT signed FROM entry WHERE log_id = ? AND kind = ? ORDER BY seq", (log_id, int(kind))
    )
    for row in rows:
        yield entries.parse(row[0])


def walk(connection: apsw.Connection, log_id: bytes) -> Iterator[Entry]:
    """Every entry of a log in order, one at a time."""
    for row in connection.execute("SELECT signed FROM entry WHERE log_id = ? ORDER BY seq", (log_id,)):
        yield entries.parse(row[0])


def add_receipt(
    connection: apsw.Connection, log_id: bytes, grade: Grade, seq: int, signed: bytes, number: int | None = None
) -> bool:
    """Store a receipt under the next number (hub) or the one it came with (node); False when that grade stands there already.

    A hub restored from an old copy issues a receipt anew under another number: the node keeps the first it got.
    """
    if number is None:
        number = receipts_head(connection, log_id) + 1
    connection.execute(
        "INSERT OR IGNORE INTO receipt VALUES (?, ?, ?, ?, ?)", (log_id, number, int(grade), seq, signed)
    )
    return connection.changes() == 1


def receipts_head(connection: apsw.Connection, log_id: bytes) -> int:
    """The highest receipt number of a log; 0 when none."""
    row = connection.execute("SELECT max(number) FROM receipt WHERE log_id = ?", (log_id,)).fetchone()
    return (row[0] if row else None) or 0


def receipts_after(connection: apsw.Connection, log_id: bytes, cursor: int, count: int) -> list[tuple[int, bytes]]:
    """Up to `count` (number, signed) after the cursor."""
    rows = connection.execute(
        "SELECT number, signed FROM receipt WHERE log_id = ? AND number > ? ORDER BY number LIMIT ?",
        (log_id, cursor, count),
    )
    return [(row[0], row[1]) for row in rows]


def receipt_at(connection: apsw.Connection, log_id: bytes, seq: int, grade: Grade) -> bytes | None:
    """The receipt of that grade for an entry."""
    row = connection.execute(
        "SELECT signed FROM receipt WHERE log_id = ? AND seq = ? AND grade = ?", (log_id, seq, int(grade))
    ).fetchone()
    return row[0] if row else None


def receipts_behind(connection: apsw.Connection, log_id: bytes, seq: int, grade: Grade) -> int:
    """How many entries after `seq` have a receipt of that grade."""
    row = connection.execute("SELECT count(*) FROM receipt WHERE log_id = ? AND seq > ? AND grade = ?", (log_id, seq, int(grade))).fetchone()
    assert row is not None
    return int(row[0])


def unreceipted(connection: apsw.Connection, log_id: bytes, grade: Grade) -> list[int]:
    """seq of the delta entries that lack a receipt of that grade, in order."""
    rows = connection.execute(
        "SELECT e.seq FROM entry e LEFT JOIN receipt r ON r.log_id = e.log_id AND r.seq = e.seq AND r.grade = ?"
        " WHERE e.log_id = ? AND e.kind = ? AND r.seq IS NULL ORDER BY e.seq",
        (int(grade), log_id, int(entries.EntryKind.DELTA)),
    )
    return [row[0] for row in rows]


def last_receipted(connection: apsw.Connection, log_id: bytes) -> int:
    """The highest seq with an R1 receipt; -1 when none."""
    row = connection.execute("SELECT max(seq) FROM receipt WHERE log_id = ? AND grade = 1", (log_id,)).fetchone()
    return row[0] if row and row[0] is not None else -1


def first_unreceipted(connection: apsw.Connection, log_id: bytes, grade: Grade) -> int | None:
    """seq of the first delta entry after the last unbroken run of receipts of that grade; None when all have theirs."""
    row = connection.execute(
        "SELECT e.seq FROM entry e WHERE e.log_id = ? AND e.kind = ? AND e.seq > ?"
        " AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.log_id = e.log_id AND r.seq = e.seq AND r.grade = ?) ORDER BY e.seq LIMIT 1",
        (log_id, int(entries.EntryKind.DELTA), -1, int(grade)),
    ).fetchone()
    return row[0] if row else None
