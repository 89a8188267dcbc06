"""Imports that have committed some portions: where they stand and which rows they have met; tables `catalogue_run`,
`catalogue_seen`, `catalogue_told`.

An import of one portion leaves nothing here. Functions run inside the caller's transaction: what they keep is committed
with the portion it is about, so a crash leaves an import that goes on behind its last committed portion.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import apsw
import msgspec
from msgspec import Struct, field
from msgspec.structs import asdict

from holdings.sheet_notes import TOLD_MAX, Refusal

CHUNK: Final = 1 << 16  # ids whose bits stand in one row of the table
_BYTES: Final = CHUNK // 8


class Figures(Struct):
    """What an import did so far, in rows."""

    added: int = 0
    changed: int = 0
    gone: int = 0
    refused: int = 0


class RowSet:
    """A set of row ids, one bit each; 17 million rows take 2 MiB."""

    def __init__(self) -> None:
        self._chunks: dict[int, bytearray] = {}
        self._changed: set[int] = set()

    def __contains__(self, row: int) -> bool:
        chunk = self._chunks.get(row >> 16)
        return chunk is not None and bool(chunk[(row & 0xFFFF) >> 3] >> (row & 7) & 1)

    def update(self, rows: Iterable[int]) -> None:
        """Put rows in."""
        chunks, last, chunk = self._chunks, -1, bytearray()
        for row in rows:
            if row >> 16 != last:
                last = row >> 16
                chunk = chunks.setdefault(last, bytearray(_BYTES))
                self._changed.add(last)
            chunk[(row & 0xFFFF) >> 3] |= 1 << (row & 7)

    def discard(self, row: int) -> None:
        """Take a row out."""
        if row in self:
            self._chunks[row >> 16][(row & 0xFFFF) >> 3] &= ~(1 << (row & 7)) & 0xFF
            self._changed.add(row >> 16)

    def changed(self) -> list[int]:
        """Numbers of the chunks that changed since the last call."""
        numbers, self._changed = sorted(self._changed), set()
        return numbers

    def chunk(self, number: int) -> bytes:
        """The bits of 65,536 ids."""
        return bytes(self._chunks.get(number, b"")) or bytes(_BYTES)

    def restore(self, number: int, bits: bytes) -> None:
        """Put back the bits of a chunk."""
        self._chunks[number] = bytearray(bits)


class Progress(Struct):
    """Where an import stands.

    `taken` counts rows of the reader that are done; rows from id `first_row` on are this import's own; `seen` are rows
    it has met, `doubtful` those that it found contradicted.
    """

    source: bytes
    began: int
    first_row: int
    taken: int = 0
    figures: Figures = field(default_factory=Figures)
    seen: RowSet = field(default_factory=RowSet)
    doubtful: RowSet = field(default_factory=RowSet)
    kept: bool = False


def find(connection: apsw.Connection, sheet: int) -> tuple[bytes, int] | None:
    """(source, rows taken) of an unfinished import of a sheet."""
    row = connection.execute("SELECT source, taken FROM catalogue_run WHERE sheet = ?", (sheet,)).fetchone()
    return (bytes(row[0]), int(row[1])) if row else None


def load(connection: apsw.Connection, sheet: int, source: bytes) -> Progress | None:
    """The unfinished import of a sheet, when it is of the same bytes; one of other bytes is forgotten."""
    row = connection.execute(
        "SELECT source, taken, figures, first_row, began FROM catalogue_run WHERE sheet = ?", (sheet,)
    ).fetchone()
    if row is None:
        return None
    if not source or row[0] != source:
        forget(connection, sheet)
        return None
    found = Progress(row[0], row[4], row[3], row[1], msgspec.json.decode(row[2], type=Figures), kept=True)
    chunks = connection.execute("SELECT chunk, seen, doubtful FROM catalogue_seen WHERE sheet = ?", (sheet,))
    for number, seen, doubtful in chunks:
        found.seen.restore(number, seen)
        found.doubtful.restore(number, doubtful)
    return found


def first_row(connection: apsw.Connection, sheet: int) -> int | None:
    """From which id on rows are an unfinished import's own."""
    row = connection.execute("SELECT first_row FROM catalogue_run WHERE sheet = ?", (sheet,)).fetchone()
    return int(row[0]) if row else None


def keep(connection: apsw.Connection, sheet: int, progress: Progress) -> None:
    """Keep where an import stands, in the transaction of its portion."""
    connection.execute(
        "INSERT OR REPLACE INTO catalogue_run(sheet, source, taken, figures, first_row, began) VALUES (?, ?, ?, ?, ?, ?)",
        (
            sheet, progress.source, progress.taken, msgspec.json.encode(asdict(progress.figures)).decode(), progress.first_row,
            progress.began,
        ),
    )  # fmt: skip
    numbers = sorted({*progress.seen.changed(), *progress.doubtful.changed()})
    connection.executemany(
        "INSERT OR REPLACE INTO catalogue_seen(sheet, chunk, seen, doubtful) VALUES (?, ?, ?, ?)",
        [(sheet, number, progress.seen.chunk(number), progress.doubtful.chunk(number)) for number in numbers],
    )
    progress.kept = True


def tell(connection: apsw.Connection, sheet: int, refusals: Iterable[Refusal]) -> None:
    """Keep refusals of a portion, so that a report that goes on after a crash has them."""
    have = connection.execute("SELECT count(*) FROM catalogue_told WHERE sheet = ?", (sheet,)).fetchone()
    room = TOLD_MAX - (int(have[0]) if have else 0)
    texts = [(sheet, msgspec.json.encode(refusal).decode()) for refusal in refusals]
    connection.executemany("INSERT INTO catalogue_told(sheet, refusal) VALUES (?, ?)", texts[: max(0, room)])


def told(connection: apsw.Connection, sheet: int) -> list[Refusal]:
    """Refusals kept of an unfinished import."""
    rows = connection.execute("SELECT refusal FROM catalogue_told WHERE sheet = ? ORDER BY id", (sheet,))
    return [msgspec.json.decode(text, type=Refusal) for (text,) in rows]


def forget(connection: apsw.Connection, sheet: int) -> None:
    """The import ended, or another takes its place."""
    connection.execute("DELETE FROM catalogue_told WHERE sheet = ?", (sheet,))
    connection.execute("DELETE FROM catalogue_seen WHERE sheet = ?", (sheet,))
    connection.execute("DELETE FROM catalogue_run WHERE sheet = ?", (sheet,))
