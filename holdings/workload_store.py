"""What the workload statistics rest on: lines of link sheets 挂接表 and measured page sizes; tables `work_line`, `page_size`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import apsw
import msgspec
from msgspec import Struct

from holdings.sheet_link import LinkRow


class Said(Struct, frozen=True):
    """What link sheets say of the work on a record; blank where they say nothing."""

    station: str
    persons: dict[str, str]
    date: str
    size_class: str
    a4: str


class Measured(Struct, frozen=True):
    """Pages of a record's version: {class: (pages, A4)}, and how many are back sides."""

    sizes: dict[str, tuple[int, str]]
    backs: int


def replace_lines(connection: apsw.Connection, delivery: str, sheet: str, rows: Iterable[LinkRow]) -> None:
    """Bring what a link sheet says of the work to these lines; lines that say nothing of it are left out."""
    connection.execute("DELETE FROM work_line WHERE delivery = ? AND sheet = ?", (delivery, sheet))
    connection.executemany(
        "INSERT INTO work_line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                delivery, sheet, position, _hash(row.key), row.station,
                msgspec.json.encode(dict(row.persons)).decode(), row.date, row.size_class, row.a4,
            )
            for position, row in enumerate(rows)
            if row.key and (row.station or row.persons or row.date or row.size_class or row.a4)
        ),
    )  # fmt: skip


def said_of(connection: apsw.Connection, match_key: str) -> list[Said]:
    """What is said of a record, in the order of sheets and lines."""
    rows = connection.execute(
        "SELECT station, persons, date, size_class, a4 FROM work_line WHERE record_hash = ?"
        " ORDER BY delivery, sheet, position",
        (_hash(match_key),),
    )
    return [
        Said(station, msgspec.json.decode(persons, type=dict[str, str]), date, size, a4)
        for station, persons, date, size, a4 in rows
    ]


def keep_sizes(connection: apsw.Connection, record: bytes, version: int, measured: Measured) -> None:
    """Keep the measured sizes of a record's version."""
    connection.execute(
        "INSERT OR REPLACE INTO page_size(record, version, sizes) VALUES (?, ?, ?)",
        (record, version, msgspec.json.encode(measured).decode()),
    )


def sizes_of(connection: apsw.Connection, record: bytes, version: int) -> Measured | None:
    """The measured sizes of a record's version; None when it was not measured yet."""
    row = connection.execute(
        "SELECT sizes FROM page_size WHERE record = ? AND version = ?", (record, version)
    ).fetchone()
    return msgspec.json.decode(row[0], type=Measured) if row else None


def _hash(match_key: str) -> bytes:
    """What stands for a code where the code must not stand."""
    return hashlib.sha256(match_key.encode()).digest()[:16]
