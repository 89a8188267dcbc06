"""The tables of what the vault has opened: all SQL about them. Callers own the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw
from msgspec import Struct

from crypto import cbor
from sync.entry import Head
from sync.manifest import Part, Segment, Transform
from sync.receipt import ExceptionCode, ItemException

SEGMENTS_MAX = 1 << 26
"""Bytes of a stored segment list: a part of 1 TiB."""


class Fold(Struct, frozen=True):
    """What the fold of one delta found."""

    log_id: bytes
    entry: Head
    wall: int
    opened: int
    exceptions: tuple[ItemException, ...]
    leaf_root_ok: bool


class OpenedPart(Struct, frozen=True):
    """Where the bytes of a file lie and what the vault found; `code` None: opened, digest equal, decodes. `media_type` and `pages` as probed and decoded."""

    sha256: bytes
    size: int
    transform: Transform
    segments: tuple[Segment, ...]
    media_type: str
    pages: int
    code: ExceptionCode | None


class Page(Struct, frozen=True):
    """A file of a version: its name as it came, and its bytes (None: the file keys were dropped)."""

    position: int
    name: str
    sha256: bytes
    part: OpenedPart | None


def writer(connection: apsw.Connection, log_id: bytes, name: str) -> str:
    """The name under which holdings knows this log, given one when it has none; call inside a transaction."""
    row = connection.execute("SELECT writer FROM vault_writer WHERE log_id = ?", (log_id,)).fetchone()
    if row:
        return str(row[0])
    plain = name.replace("/", "_")
    chosen, number = plain, 1
    while connection.execute("SELECT 1 FROM vault_writer WHERE writer = ?", (chosen,)).fetchone():
        number += 1
        chosen = f"{plain}（{number}）"
    connection.execute("INSERT INTO vault_writer VALUES (?, ?)", (log_id, chosen))
    return chosen


def writers(connection: apsw.Connection) -> dict[bytes, str]:
    """Writer by log."""
    return {row[0]: row[1] for row in connection.execute("SELECT log_id, writer FROM vault_writer")}


def cursor(connection: apsw.Connection, log_id: bytes) -> Head | None:
    """How far a log is folded; None: not at all."""
    row = connection.execute("SELECT seq, hash FROM vault_cursor WHERE log_id = ?", (log_id,)).fetchone()
    return Head(row[0], row[1]) if row else None


def record_fold(connection: apsw.Connection, fold: Fold) -> None:
    """Keep what the fold found and move the cursor."""
    exceptions = cbor.encode([[e.item, e.version, str(e.code)] for e in fold.exceptions])
    connection.execute(
        "INSERT OR REPLACE INTO vault_fold VALUES (?, ?, ?, ?, ?, ?, ?)",
        (fold.log_id, fold.entry.seq, fold.entry.hash, fold.wall, fold.opened, exceptions, fold.leaf_root_ok),
    )
    connection.execute("INSERT OR REPLACE INTO vault_cursor VALUES (?, ?, ?)", (fold.log_id, fold.entry.seq, fold.entry.hash))


def fold_at(connection: apsw.Connection, log_id: bytes, seq: int) -> Fold | None:
    """What the fold of that delta found."""
    row = connection.execute(
        "SELECT hash, wall, opened, exceptions, leaf_root_ok FROM vault_fold WHERE log_id = ? AND seq = ?", (log_id, seq)
    ).fetchone()
    if row is None:
        return None
    exceptions = tuple(ItemException(i, v, ExceptionCode(c)) for i, v, c in cbor.decode(row[3], limit=SEGMENTS_MAX))
    return Fold(log_id, Head(seq, row[0]), row[1], row[2], exceptions, bool(row[4]))


def add_version(connection: apsw.Connection, log_id: bytes, item: bytes, version: int, seq: int, code: ExceptionCode | None) -> None:
    """A version was folded by the delta at `seq`."""
    connection.execute("INSERT OR REPLACE INTO vault_version VALUES (?, ?, ?, ?, ?)", (log_id, item, version, seq, code or ""))


def brought(connection: apsw.Connection, log_id: bytes, seq: int) -> list[tuple[bytes, int, str]]:
    """(item, version, exception code or '') of what the delta at `seq` brought."""
    rows = connection.execute("SELECT item, version, code FROM vault_version WHERE log_id = ? AND seq = ? ORDER BY item, version", (log_id, seq))
    return [(row[0], row[1], row[2]) for row in rows]


def next_brought(connection: apsw.Connection, log_id: bytes, after: int) -> int | None:
    """seq of the next delta behind `after` that brought a record; None when there is none."""
    row = connection.execute("SELECT min(seq) FROM vault_version WHERE log_id = ? AND seq > ?", (log_id, after)).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def versions(connection: apsw.Connection, log_id: bytes, item: bytes) -> list[tuple[int, int, str]]:
    """(version, seq, exception code or '') of a record, oldest first."""
    rows = connection.execute("SELECT version, seq, code FROM vault_version WHERE log_id = ? AND item = ? ORDER BY version", (log_id, item))
    return [(row[0], row[1], row[2]) for row in rows]


def add_pages(connection: apsw.Connection, log_id: bytes, item: bytes, version: int, pages: Sequence[tuple[str, bytes]]) -> None:
    """The files of a version as (name, SHA-256), in order."""
    connection.executemany(
        "INSERT OR REPLACE INTO vault_page VALUES (?, ?, ?, ?, ?, ?)",
        ((log_id, item, version, position, name, sha256) for position, (name, sha256) in enumerate(pages)),
    )


def add_parts(connection: apsw.Connection, log_id: bytes, item: bytes, parts: Iterable[OpenedPart]) -> None:
    """Where the bytes of files lie; what is opened already stays, what was an exception is replaced."""
    connection.executemany(
        "INSERT INTO vault_part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = excluded.size, transform = excluded.transform,"
        " segments = excluded.segments, media_type = excluded.media_type, pages = excluded.pages, code = excluded.code WHERE code <> ''",
        (
            (log_id, item, p.sha256, p.size, int(p.transform), _segments(p.segments), p.media_type, p.pages, p.code or "")
            for p in parts
        ),
    )


def _segments(segments: Sequence[Segment]) -> bytes:
    return cbor.encode([[s.file_key, s.pack, s.offset, s.length] for s in segments])


_PART = "size, transform, segments, media_type, pages, code"


def _part(sha256: bytes, row: Sequence[object]) -> OpenedPart:
    size, transform, segments, media_type, pages, code = row
    assert isinstance(segments, bytes)
    places = tuple(Segment(*s) for s in cbor.decode(segments, limit=SEGMENTS_MAX))
    return OpenedPart(sha256, int(size), Transform(transform), places, str(media_type), int(pages), ExceptionCode(code) if code else None)  # type: ignore[call-overload,arg-type]


def same_part(connection: apsw.Connection, log_id: bytes, item: bytes, part: Part) -> OpenedPart | None:
    """What the vault found earlier for exactly these sealed bytes of this record; None when it must look."""
    row = connection.execute(
        f"SELECT {_PART} FROM vault_part WHERE log_id = ? AND item = ? AND sha256 = ?", (log_id, item, part.sha256)
    ).fetchone()
    known = _part(part.sha256, row) if row else None
    if known is None or known.code is not None or (known.size, known.transform, known.segments) != (part.size, part.transform, part.segments):
        return None
    return known


def pages(connection: apsw.Connection, log_id: bytes, item: bytes, version: int) -> list[Page]:
    """The files of a version, in order."""
    rows = connection.execute(
        "SELECT g.position, g.name, g.sha256, p.size, p.transform, p.segments, p.media_type, p.pages, p.code FROM vault_page g"
        " LEFT JOIN vault_part p ON p.log_id = g.log_id AND p.item = g.item AND p.sha256 = g.sha256"
        " WHERE g.log_id = ? AND g.item = ? AND g.version = ? ORDER BY g.position",
        (log_id, item, version),
    )
    return [Page(row[0], row[1], row[2], _part(row[2], row[3:]) if row[3] is not None else None) for row in rows]


def add_text(connection: apsw.Connection, log_id: bytes, record: bytes, version: int, engine: str, values: Iterable[tuple[bytes, str]]) -> None:
    """Derived data of a record's parts; a later word of the same engine takes the place of an earlier one."""
    connection.executemany(
        "INSERT OR REPLACE INTO vault_text VALUES (?, ?, ?, ?, ?, ?)", ((log_id, record, sha256, engine, version, value) for sha256, value in values)
    )


def carry_texts(connection: apsw.Connection, log_id: bytes, record: bytes, version: int, origins: Iterable[bytes]) -> None:
    """Derived text follows the pages that moved to a version of a record from others, by merge or split."""
    connection.executemany(
        "INSERT OR IGNORE INTO vault_text SELECT log_id, ?2, sha256, engine, ?3, value FROM vault_text WHERE log_id = ?1 AND item = ?4"
        " AND sha256 IN (SELECT sha256 FROM vault_page WHERE log_id = ?1 AND item = ?2 AND version = ?3)",
        ((log_id, record, version, origin) for origin in origins),
    )


def texts(connection: apsw.Connection, log_id: bytes, record: bytes) -> dict[bytes, str]:
    """Derived text by part digest; digests of other algorithms are no text."""
    rows = connection.execute(
        "SELECT sha256, value FROM vault_text WHERE log_id = ? AND item = ? AND engine NOT LIKE 'sm3/%' ORDER BY engine", (log_id, record)
    )
    return {row[0]: row[1] for row in rows}


def drop_keys(connection: apsw.Connection, log_id: bytes, item: bytes, version: int, wall: int, persons: Sequence[str], reason: str) -> int:
    """Forget the file keys of a version's files that no other version of the record lists; how many."""
    connection.execute("INSERT OR IGNORE INTO vault_destruction VALUES (?, ?, ?, ?, ?, ?)", (log_id, item, version, wall, "、".join(persons), reason))
    connection.execute(
        "DELETE FROM vault_part WHERE log_id = ?1 AND item = ?2"
        " AND sha256 IN (SELECT sha256 FROM vault_page WHERE log_id = ?1 AND item = ?2 AND version = ?3)"
        " AND sha256 NOT IN (SELECT g.sha256 FROM vault_page g LEFT JOIN vault_destruction d ON d.log_id = g.log_id AND d.item = g.item AND d.version = g.version"
        "                    WHERE g.log_id = ?1 AND g.item = ?2 AND d.version IS NULL)",
        (log_id, item, version),
    )
    return connection.changes()
