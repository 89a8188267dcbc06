"""Sheets of the catalogue, whose they are, and what each said of rows it does not own: tables `catalogue_sheet`,
`catalogue_holder`, `catalogue_said`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

import array
from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw
from msgspec import Struct

OWN: Final = 0
"""Holder: this site itself."""


class StoredSheet(Struct, frozen=True):
    """A sheet as it was imported last. `under_way`: an import of it has begun and not ended; its rows are held."""

    id: int
    holder: int
    delivery: str
    name: str
    digest: bytes
    has_mark_column: bool
    under_way: bool


def holder(connection: apsw.Connection, name: str) -> int:
    """The number of a holder 保管方, made known when it is new; blank is this site itself."""
    connection.execute("INSERT INTO catalogue_holder(name) VALUES (?) ON CONFLICT(name) DO NOTHING", (name,))
    row = connection.execute("SELECT id FROM catalogue_holder WHERE name = ?", (name,)).fetchone()
    assert row is not None
    return int(row[0])


def holder_of(connection: apsw.Connection, name: str) -> int | None:
    """The number of a holder that is known."""
    row = connection.execute("SELECT id FROM catalogue_holder WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else None


def holder_names(connection: apsw.Connection) -> dict[int, str]:
    """Names of all holders by their numbers."""
    return {int(number): str(name) for number, name in connection.execute("SELECT id, name FROM catalogue_holder")}


def get(connection: apsw.Connection, number: int) -> StoredSheet:
    """A sheet that is known to exist."""
    row = connection.execute(
        "SELECT id, holder, delivery, name, digest, has_mark_column, under_way FROM catalogue_sheet WHERE id = ?",
        (number,),
    ).fetchone()
    assert row is not None
    number, owner, delivery, name, digest, column, under_way = row
    return StoredSheet(number, owner, delivery, name, digest, bool(column), bool(under_way))


def find(connection: apsw.Connection, holder: int, delivery: str, name: str) -> StoredSheet | None:
    """The sheet of a name in a delivery."""
    row = connection.execute(
        "SELECT id FROM catalogue_sheet WHERE holder = ? AND delivery = ? AND name = ?", (holder, delivery, name)
    ).fetchone()
    return get(connection, row[0]) if row else None


def of_delivery(connection: apsw.Connection, holder: int, delivery: str) -> list[int]:
    """Ids of the sheets of a delivery."""
    rows = connection.execute("SELECT id FROM catalogue_sheet WHERE holder = ? AND delivery = ?", (holder, delivery))
    return [int(number) for (number,) in rows]


def latest_import(connection: apsw.Connection, delivery: str) -> int:
    """When a sheet of a delivery last changed here (whole seconds UTC, 0: none has come): no row of it changed later."""
    row = connection.execute("SELECT max(imported) FROM catalogue_sheet WHERE delivery = ?", (delivery,)).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def unfinished(connection: apsw.Connection, delivery: str) -> list[str]:
    """Names of this site's sheets of a delivery whose import has begun and not ended."""
    rows = connection.execute(
        "SELECT name FROM catalogue_sheet WHERE holder = ? AND delivery = ? AND under_way = 1 ORDER BY name",
        (OWN, delivery),
    )
    return [str(name) for (name,) in rows]


def make_known(connection: apsw.Connection, holder: int, delivery: str, name: str, now: int) -> StoredSheet:
    """The sheet of a name in a delivery, new when it is not known yet."""
    found = find(connection, holder, delivery, name)
    if found is None:
        connection.execute(
            "INSERT INTO catalogue_sheet(holder, delivery, name, digest, has_mark_column, imported) VALUES (?, ?, ?, x'', 0, ?)",
            (holder, delivery, name, now),
        )
        found = get(connection, connection.last_insert_rowid())
    return found


def hold(connection: apsw.Connection, sheet: int, now: int) -> None:
    """A portion is committed and others follow: the sheet's rows are held until the last."""
    connection.execute(
        "UPDATE catalogue_sheet SET under_way = 1, imported = ? WHERE id = ? AND under_way = 0", (now, sheet)
    )


def done(connection: apsw.Connection, sheet: int, digest: bytes, now: int, *, has_mark_column: bool) -> None:
    """The whole sheet was imported; writes nothing when it is what it was."""
    connection.execute(
        "UPDATE catalogue_sheet SET digest = ?2, has_mark_column = ?3, imported = ?4, under_way = 0"
        " WHERE id = ?1 AND (digest, has_mark_column, under_way) <> (?2, ?3, 0)",
        (sheet, digest, int(has_mark_column), now),
    )


# ---------------------------------------------------------------------- what sheets said


def has_said(connection: apsw.Connection, sheet: int) -> bool:
    """Whether anything is kept of what this sheet said of others' rows."""
    return connection.execute("SELECT 1 FROM catalogue_said WHERE sheet = ? LIMIT 1", (sheet,)).fetchone() is not None


def said(connection: apsw.Connection, sheet: int, rows: Sequence[int]) -> dict[int, tuple[int, bytes]]:
    """(number, digest) by row, of what a sheet said of these rows."""
    if not rows:
        return {}
    found: list[Any] = connection.execute(
        "SELECT s.row, s.number, s.digest FROM carray(?) k CROSS JOIN catalogue_said s ON s.sheet = ? AND s.row = k.value",
        (apsw.carray(array.array("q", rows), flags=apsw.SQLITE_CARRAY_INT64), sheet),
    ).fetchall()
    return {row: (number, digest) for row, number, digest in found}


def say(connection: apsw.Connection, words: Iterable[tuple[int, int, int, bytes]]) -> None:
    """Keep what sheets said: (sheet, row, number, digest)."""
    connection.executemany(
        "INSERT OR REPLACE INTO catalogue_said(sheet, row, number, digest) VALUES (?, ?, ?, ?)", words
    )


def unsay(connection: apsw.Connection, words: Iterable[tuple[int, int]]) -> None:
    """Drop what sheets said: (sheet, row)."""
    connection.executemany("DELETE FROM catalogue_said WHERE sheet = ? AND row = ?", words)


def forget_rows(connection: apsw.Connection, rows: Sequence[int]) -> set[int]:
    """Drop what any sheet said of rows that are erased; which sheets that were."""
    if not rows:
        return set()
    found: list[Any] = connection.execute(
        "SELECT DISTINCT s.sheet FROM carray(?) k CROSS JOIN catalogue_said s ON s.row = k.value",
        (apsw.carray(array.array("q", rows), flags=apsw.SQLITE_CARRAY_INT64),),
    ).fetchall()
    if found:
        connection.executemany("DELETE FROM catalogue_said WHERE row = ?", [(row,) for row in rows])
    return {int(sheet) for (sheet,) in found}


def forget_word(connection: apsw.Connection, sheet: int) -> None:
    """Drop everything a sheet said. The sheet stays: marks point to it, and the same file read again brings its rows back."""
    connection.execute("DELETE FROM catalogue_said WHERE sheet = ?", (sheet,))
    connection.execute("UPDATE catalogue_sheet SET digest = x'' WHERE id = ?", (sheet,))


def said_by(connection: apsw.Connection, sheet: int) -> list[int]:
    """Rows of others that a sheet speaks of."""
    return [int(row) for (row,) in connection.execute("SELECT row FROM catalogue_said WHERE sheet = ?", (sheet,))]


def another(connection: apsw.Connection, row: int, sheet: int) -> tuple[int, int] | None:
    """(sheet, number) of some other sheet that has the row too; the newest."""
    found = connection.execute(
        "SELECT sheet, number FROM catalogue_said WHERE row = ? AND sheet <> ? ORDER BY sheet DESC LIMIT 1",
        (row, sheet),
    ).fetchone()
    return (int(found[0]), int(found[1])) if found else None


def under_way(connection: apsw.Connection) -> list[int]:
    """Sheets whose import has begun and not ended, of every holder: their rows are held."""
    return [int(number) for (number,) in connection.execute("SELECT id FROM catalogue_sheet WHERE under_way = 1")]


def every(connection: apsw.Connection) -> list[int]:
    """All sheets."""
    return [int(number) for (number,) in connection.execute("SELECT id FROM catalogue_sheet")]
