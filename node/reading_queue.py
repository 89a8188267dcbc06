"""What is to be read 识读 and what became of it: tables `reading_part`, `reading_fault`, `reading_outbox`, `reading_figure`. Callers own the transaction.

One row a record and part, filled from the node's own log; a part is read page by page, so that a crash repeats a bounded number of pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from typing import Any, Final

import apsw
from msgspec import Struct

REASON_MAX: Final = 300  # characters


class PartState(IntEnum):
    """Where the reading of a part stands."""

    WAITING = 0
    READ = 1
    FAILED = 2
    """Not one page of it could be reached."""
    NOTHING = 3
    """It has no pages to read: a recording, a format nobody reads."""
    BEHIND = 4
    """Another representation of the same pages is read first."""
    SAME = 5
    """Another representation of the same pages was read."""
    HELD = 6
    """The gate holds its record now."""
    CANCELLED = 7

    @property
    def label(self) -> str:
        """What people read."""
        return ("待识读", "已识读", "读不出", "无可识读", "待同页文件", "同页已识读", "待保密审查", "已取消")[
            self.value
        ]


_OPEN: Final = frozenset({PartState.WAITING, PartState.BEHIND, PartState.HELD})


class Figure(StrEnum):
    """What is counted, or remembered."""

    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"
    RATE = "rate"
    """Pages an hour, of the last run."""
    CURSOR = "cursor"
    """seq of the last entry of the own log that was taken up."""
    EPOCH = "epoch"
    """Catalogue epoch at which held parts were tried last."""
    PAUSED = "paused"
    OUTBOX = "outbox"
    ABSENT = "absent"
    """1 while the engine is not installed."""


class QueuedPart(Struct, frozen=True):
    """A part in the queue."""

    id: int
    item_id: bytes
    sha256: bytes
    version: int
    position: int
    use: int
    state: PartState
    next: int
    pages: int
    deaths: int
    reason: str

    @property
    def left(self) -> int:
        """Pages that are still to be read; one while nobody knows how many there are."""
        return max(0, (self.pages or self.next + 1) - self.next) if self.state in _OPEN else 0


class Outgoing(Struct, frozen=True):
    """A page whose text waits for its delta."""

    id: int
    item_id: bytes
    sha256: bytes
    page: int
    revision: int
    time: int


class Fault(Struct, frozen=True):
    """A page that could not be read."""

    part: QueuedPart
    page: int
    reason: str
    time: int


_COLUMNS: Final = "id, item_id, sha256, version, position, use, state, next, pages, deaths, reason"


def _part(row: Any) -> QueuedPart:
    number, item_id, sha256, version, position, use, state, *rest = row
    return QueuedPart(number, item_id, sha256, version, position, use, PartState(state), *rest)


def figure(connection: apsw.Connection, name: Figure) -> int:
    """A figure, 0 when nothing was counted yet."""
    row = connection.execute("SELECT value FROM reading_figure WHERE name = ?", (name.value,)).fetchone()
    return int(row[0]) if row else 0


def set_figure(connection: apsw.Connection, name: Figure, value: int) -> None:
    """Remember a figure."""
    connection.execute("INSERT OR REPLACE INTO reading_figure VALUES (?, ?)", (name.value, value))


def count(connection: apsw.Connection, name: Figure, by: int) -> None:
    """Change a figure."""
    if by:
        connection.execute(
            "INSERT INTO reading_figure VALUES (?1, ?2) ON CONFLICT(name) DO UPDATE SET value = value + ?2",
            (name.value, by),
        )


def enqueue(
    connection: apsw.Connection, item_id: bytes, version: int, parts: Sequence[tuple[bytes, int, PartState]]
) -> None:
    """A version of a record lists these (digest, use, state); what is known already only learns where it stands now."""
    fresh = 0
    for position, (sha256, use, state) in enumerate(parts):
        connection.execute(
            "INSERT INTO reading_part(item_id, sha256, version, position, use, state) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(item_id, sha256) DO NOTHING",
            (item_id, sha256, version, position, use, int(state)),
        )
        if connection.changes():
            fresh += state in _OPEN
        else:
            connection.execute(
                "UPDATE reading_part SET version = ?, position = ?, use = ? WHERE item_id = ? AND sha256 = ?",
                (version, position, use, item_id, sha256),
            )
    count(connection, Figure.WAITING, fresh)


def waiting(connection: apsw.Connection, limit: int, after: int = 0) -> list[QueuedPart]:
    """Parts that can be read now, in the order of the log."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM reading_part WHERE state = 0 AND id > ? ORDER BY id LIMIT ?", (after, limit)
    )
    return [_part(row) for row in rows]


def parts_of(connection: apsw.Connection, item_id: bytes) -> list[QueuedPart]:
    """All parts of a record, of every version, by version and position."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM reading_part WHERE item_id = ? ORDER BY version, position", (item_id,)
    )
    return [_part(row) for row in rows]


def read_before(connection: apsw.Connection, sha256: bytes) -> QueuedPart | None:
    """A part of any record with these bytes that was read to its end."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM reading_part WHERE sha256 = ? AND state = 1 ORDER BY id LIMIT 1", (sha256,)
    ).fetchone()
    return _part(row) if row else None


def part_of(connection: apsw.Connection, item_id: bytes, sha256: bytes) -> QueuedPart | None:
    """A part of a record."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM reading_part WHERE item_id = ? AND sha256 = ?", (item_id, sha256)
    ).fetchone()
    return _part(row) if row else None


def find(connection: apsw.Connection, number: int) -> QueuedPart | None:
    """A part by its number."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM reading_part WHERE id = ?", (number,)).fetchone()
    return _part(row) if row else None


def change(
    connection: apsw.Connection, number: int, *, state: PartState | None = None, next_page: int | None = None,
    pages: int | None = None, deaths: int | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Say how far the reading of a part is; what is None stays. The count of waiting pages follows."""
    before = find(connection, number)
    if before is None:
        return
    connection.execute(
        "UPDATE reading_part SET state = ?, next = ?, pages = ?, deaths = ?, reason = ? WHERE id = ?",
        (
            int(before.state if state is None else state), before.next if next_page is None else next_page,
            before.pages if pages is None else pages, before.deaths if deaths is None else deaths,
            (before.reason if reason is None else reason)[:REASON_MAX], number,
        ),
    )  # fmt: skip
    after = find(connection, number)
    assert after is not None
    count(connection, Figure.WAITING, after.left - before.left)


def move_all(
    connection: apsw.Connection, old: PartState, new: PartState, item_id: bytes | None = None, *, first: bool = False
) -> int:
    """Move the parts of a record, or of all, from one state to another, `first`: back to their first page; how many."""
    narrow, given = (" AND item_id = ?", (item_id,)) if item_id is not None else ("", ())
    rows: list[Any] = connection.execute(
        f"SELECT id FROM reading_part WHERE state = ?{narrow}", (int(old), *given)
    ).fetchall()
    for (number,) in rows:
        change(connection, number, state=new, deaths=0, next_page=0 if first else None)
    return len(rows)


def note_fault(connection: apsw.Connection, part: int, page: int, reason: str, now: int) -> None:
    """A page could not be read."""
    connection.execute(
        "INSERT OR IGNORE INTO reading_fault VALUES (?, ?, ?, ?)", (part, page, reason[:REASON_MAX], now)
    )
    count(connection, Figure.FAILED, connection.changes())


def faults(connection: apsw.Connection, limit: int, item_id: bytes | None = None) -> list[Fault]:
    """Pages that could not be read, the newest first."""
    narrow, given = (" WHERE p.item_id = ?", (item_id,)) if item_id is not None else ("", ())
    columns = ", ".join(f"p.{name.strip()}" for name in _COLUMNS.split(","))
    rows = connection.execute(
        f"SELECT {columns}, f.page, f.reason, f.time FROM reading_fault f JOIN reading_part p ON p.id = f.part{narrow}"
        " ORDER BY f.time DESC, f.part, f.page LIMIT ?",
        (*given, limit),
    )
    return [Fault(_part(row[:11]), *row[11:]) for row in rows]


def read_again(connection: apsw.Connection, item_id: bytes | None = None) -> int:
    """Pages that failed, and parts that were cancelled or given up, wait again; how many parts."""
    narrow, given = (" AND item_id = ?", (item_id,)) if item_id is not None else ("", ())
    rows: list[Any] = connection.execute(
        "SELECT p.id, (SELECT min(f.page) FROM reading_fault f WHERE f.part = p.id) FROM reading_part p"
        f" WHERE (p.state IN (2, 7) OR p.id IN (SELECT part FROM reading_fault)){narrow}",
        given,
    ).fetchall()
    for number, first in rows:
        connection.execute("DELETE FROM reading_fault WHERE part = ?", (number,))
        count(connection, Figure.FAILED, -connection.changes())
        again = None if first is None else int(first)
        change(connection, int(number), state=PartState.WAITING, next_page=again, deaths=0, reason="")
    return len(rows)


def post(connection: apsw.Connection, item_id: bytes, sha256: bytes, page: int, revision: int, now: int) -> None:
    """The text of a page waits for a delta, once however often it was read."""
    connection.execute(
        "INSERT OR IGNORE INTO reading_outbox(item_id, sha256, page, revision, time) VALUES (?, ?, ?, ?, ?)",
        (item_id, sha256, page, revision, now),
    )
    count(connection, Figure.OUTBOX, connection.changes())


def outgoing(connection: apsw.Connection, limit: int) -> list[Outgoing]:
    """Pages whose text waits for a delta, record by record in the order in which their first came."""
    rows = connection.execute(
        "SELECT id, item_id, sha256, page, revision, time FROM reading_outbox ORDER BY id LIMIT ?", (limit,)
    )
    return [Outgoing(*row) for row in rows]


def posted(connection: apsw.Connection, numbers: Iterable[int]) -> None:
    """These pages are in a signed delta; in the transaction that signed it."""
    for number in numbers:
        connection.execute("DELETE FROM reading_outbox WHERE id = ?", (number,))
        count(connection, Figure.OUTBOX, -connection.changes())


def unpost(connection: apsw.Connection, item_id: bytes) -> None:
    """Nothing of the record travels any more: it was withheld, or is void."""
    connection.execute("DELETE FROM reading_outbox WHERE item_id = ?", (item_id,))
    count(connection, Figure.OUTBOX, -connection.changes())
