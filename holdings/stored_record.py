"""A record as the database holds it: a row of table `record`, and one of its versions."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from holdings.record import Level, RecordId


class StoredRecord(Struct, frozen=True):
    """A record in its current version.

    `number` is this database's own; `pages` and `bytes` are of this version's files. `ended`: merged into or split
    among other records; it bears its code no more.
    """

    number: int
    writer: str
    id: RecordId
    version: int
    reference_code: str
    match_key: str
    level: Level
    title: str
    date: str
    delivery: str
    pages: int
    bytes: int
    ended: bool = False

    @property
    def ref(self) -> str:
        """An unambiguous spelling: `NODE/档号`, or the code alone for a record of this site."""
        return f"{self.writer}/{self.reference_code}" if self.writer else self.reference_code


class StoredVersion(Struct, frozen=True):
    """One version: pages and bytes of its files, time stored here (whole seconds UTC)."""

    version: int
    pages: int
    bytes: int
    time: int


def stored(row: tuple[Any, ...]) -> StoredRecord:
    """From (number, writer, id, version, code, match key, level, title, date, delivery, pages, bytes, ended)."""
    number, writer, identity, version, code, key, level, heading, date, delivery, pages, size, ended = row
    return StoredRecord(
        number, writer, RecordId(identity), version, code, key, Level(level), heading, date, delivery, pages, size,
        bool(ended),
    )  # fmt: skip
