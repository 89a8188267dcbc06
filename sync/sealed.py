"""The tables of what a node has sealed: packs, parts of current versions, parts waiting for their delta. All SQL about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from crypto import cbor
from crypto.digest import Algorithm
from sync.manifest import Item, Part, Segment, Transform


def _row(part: Part) -> tuple[str, int, bytes, int, str, bytes]:
    segments = cbor.encode_own([[s.file_key, s.pack, s.offset, s.length] for s in part.segments])
    return (
        part.name,
        part.size,
        cbor.encode_own({int(a): d for a, d in sorted(part.digests.items())}),
        int(part.transform),
        part.engine,
        segments,
    )


def _part(row: Sequence[Any]) -> Part:
    name, size, digests, transform, engine, segments = row
    tagged = {Algorithm(a): d for a, d in cbor.decode(digests, limit=1 << 10).items()}
    places = tuple(Segment(*s) for s in cbor.decode(segments, limit=1 << 26))
    return Part(name, size, tagged, Transform(transform), places, engine)


def remember(connection: apsw.Connection, packs: Iterable[tuple[bytes, int]], parts: Iterable[tuple[bytes, Part]]) -> None:
    """Remember durable packs (name, length) that no delta names yet, and the parts (item id, part) that are complete with them.

    A crash before this commit leaves pack files without rows: recovery removes them and their sources are sealed again.
    """
    connection.executemany("INSERT OR IGNORE INTO pack VALUES (?, ?, NULL)", packs)
    connection.executemany(
        "INSERT OR REPLACE INTO pending_part VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((item_id, part.sha256, *_row(part)) for item_id, part in parts),
    )


def pending(connection: apsw.Connection, item_id: bytes) -> list[Part]:
    """Parts of an item that are sealed and wait for their delta."""
    rows = connection.execute(
        "SELECT name, size, digests, transform, engine, segments FROM pending_part WHERE item_id = ?", (item_id,)
    )
    return [_part(row) for row in rows]


def current(connection: apsw.Connection, item_id: bytes) -> list[Part]:
    """Parts of the item's current version, in order."""
    rows = connection.execute(
        "SELECT name, size, digests, transform, engine, segments FROM part WHERE item_id = ? ORDER BY position",
        (item_id,),
    )
    return [_part(row) for row in rows]


def unclaimed(connection: apsw.Connection) -> list[tuple[bytes, int]]:
    """(name, length) of the packs that no delta names yet."""
    return [(row[0], row[1]) for row in connection.execute("SELECT name, length FROM pack WHERE seq IS NULL")]


def claim(connection: apsw.Connection, seq: int, packs: Iterable[tuple[bytes, int]], items: Iterable[Item]) -> None:
    """The delta at `seq` names these packs (name, length), remembered or not, and brings these items: their parts become current, their
    pending ones go.
    """
    connection.executemany(
        "INSERT INTO pack VALUES (?, ?, ?) ON CONFLICT(name) DO UPDATE SET seq = excluded.seq",
        ((name, length, seq) for name, length in packs),
    )
    for item in items:
        connection.execute("DELETE FROM part WHERE item_id = ?", (item.id,))
        connection.executemany(
            "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((item.id, position, *_row(part)) for position, part in enumerate(item.parts)),
        )
        connection.execute("DELETE FROM pending_part WHERE item_id = ?", (item.id,))


def has_pack(connection: apsw.Connection, name: bytes) -> bool:
    """Does a row stand for this pack?"""
    return connection.execute("SELECT 1 FROM pack WHERE name = ?", (name,)).fetchone() is not None


def pack_names(connection: apsw.Connection) -> Iterable[tuple[bytes, int]]:
    """(name, length) of every pack, one at a time."""
    for row in connection.execute("SELECT name, length FROM pack"):
        yield row[0], row[1]


def seqs_of(connection: apsw.Connection, packs: Iterable[bytes]) -> set[int]:
    """seq of the deltas that name these packs."""
    found = set()
    for name in packs:
        row = connection.execute("SELECT seq FROM pack WHERE name = ?", (name,)).fetchone()
        if row and row[0] is not None:
            found.add(int(row[0]))
    return found
