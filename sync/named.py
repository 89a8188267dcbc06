"""The table of objects that accepted entries name, and which of them are stored: all SQL about it (the hub's front)."""

from __future__ import annotations

import apsw

from sync.manifest import DeltaBody


def expect(connection: apsw.Connection, log_id: bytes, seq: int, delta: DeltaBody) -> None:
    """From now on the hub takes the objects of this delta."""
    connection.executemany(
        "INSERT OR IGNORE INTO named_object VALUES (?, ?, ?, ?, ?, 0)",
        ((log_id, seq, position, name, length) for position, (name, length) in enumerate(delta.objects())),
    )


def length_of(connection: apsw.Connection, log_id: bytes, name: bytes) -> int | None:
    """The length an accepted entry of this log declares for the object; None when none names it."""
    row = connection.execute("SELECT length FROM named_object WHERE name = ? AND log_id = ?", (name, log_id)).fetchone()
    return row[0] if row else None


def is_stored(connection: apsw.Connection, log_id: bytes, name: bytes) -> bool:
    """Was the object of this log stored and its row committed?"""
    row = connection.execute(
        "SELECT min(stored) FROM named_object WHERE name = ? AND log_id = ?", (name, log_id)
    ).fetchone()
    return bool(row and row[0])


def mark_stored(connection: apsw.Connection, log_id: bytes, name: bytes) -> list[int]:
    """The object is durable; the seq of every delta of this log that names it."""
    connection.execute("UPDATE named_object SET stored = 1 WHERE name = ? AND log_id = ?", (name, log_id))
    return [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT seq FROM named_object WHERE name = ? AND log_id = ?", (name, log_id)
        )
    ]


def naming(connection: apsw.Connection, log_id: bytes, name: bytes) -> list[int]:
    """seq of every delta of this log that names the object."""
    return [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT seq FROM named_object WHERE name = ? AND log_id = ?", (name, log_id)
        )
    ]


def mark_delta_stored(connection: apsw.Connection, log_id: bytes, seq: int) -> None:
    """Every object of the delta is durable, wherever this log names them."""
    connection.execute(
        "UPDATE named_object SET stored = 1 WHERE stored = 0 AND log_id = ?1 AND name IN (SELECT name FROM named_object WHERE log_id = ?1 AND seq = ?2)",
        (log_id, seq),
    )


def missing(connection: apsw.Connection, log_id: bytes) -> list[bytes]:
    """Names of the objects of this log that no committed row calls stored."""
    return [
        row[0] for row in connection.execute("SELECT name FROM named_object WHERE log_id = ? AND stored = 0", (log_id,))
    ]


def mark_lost(connection: apsw.Connection, name: bytes) -> None:
    """The object turned out damaged or gone: it is wanted again."""
    connection.execute("UPDATE named_object SET stored = 0 WHERE name = ?", (name,))


def complete(connection: apsw.Connection, log_id: bytes, seq: int) -> bool:
    """Is every object of the delta stored?"""
    row = connection.execute(
        "SELECT count(*), sum(stored) FROM named_object WHERE log_id = ? AND seq = ?", (log_id, seq)
    ).fetchone()
    return bool(row and row[0] and row[0] == row[1])


def of_delta(connection: apsw.Connection, log_id: bytes, seq: int) -> list[tuple[bytes, int, bool]]:
    """(name, length, stored) of a delta's objects, manifest first."""
    rows = connection.execute(
        "SELECT name, length, stored FROM named_object WHERE log_id = ? AND seq = ? ORDER BY position", (log_id, seq)
    )
    return [(row[0], row[1], bool(row[2])) for row in rows]


def in_range(connection: apsw.Connection, log_id: bytes, from_seq: int, to_seq: int) -> list[tuple[bytes, int, bool]]:
    """(name, length, stored) of the objects of deltas from..to, in the order of format.md §11.4."""
    rows = connection.execute(
        "SELECT name, length, stored FROM named_object WHERE log_id = ? AND seq BETWEEN ? AND ? ORDER BY seq, position",
        (log_id, from_seq, to_seq),
    )
    return [(row[0], row[1], bool(row[2])) for row in rows]


def all_stored(connection: apsw.Connection) -> list[tuple[bytes, int]]:
    """(name, length) of every object that should be in the store."""
    return [
        (row[0], row[1])
        for row in connection.execute("SELECT DISTINCT name, length FROM named_object WHERE stored = 1")
    ]


def stored_after(connection: apsw.Connection, name: bytes, count: int) -> list[tuple[bytes, int]]:
    """Up to `count` (name, length) of the objects that should be in the store, in the order of their names, after `name`."""
    rows = connection.execute(
        "SELECT DISTINCT name, length FROM named_object WHERE name > ? AND stored = 1 ORDER BY name LIMIT ?",
        (name, count),
    )
    return [(row[0], row[1]) for row in rows]


def is_named(connection: apsw.Connection, name: bytes) -> bool:
    """Does any accepted entry name the object?"""
    return connection.execute("SELECT 1 FROM named_object WHERE name = ?", (name,)).fetchone() is not None
