"""Security marks that an open site met in sheets 密级: table `catalogue_mark`. Of such a row nothing else is ever stored.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.catalogue_line import Line
from holdings.security import MarkKind

_PUT: Final = (
    "INSERT INTO catalogue_mark(sheet, match_key, holder, tab, number, volume_key, kind)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    " ON CONFLICT(sheet, match_key) DO UPDATE SET tab = ?4, number = ?5, volume_key = ?6, kind = ?7"
    " WHERE (number, kind, tab) <> (?5, ?7, ?4)"
)


class StoredMark(Struct, frozen=True):
    """Where a mark stands."""

    sheet: int
    kind: MarkKind
    number: int
    volume: str | None


def put(connection: apsw.Connection, sheet: int, holder: int, lines: Iterable[Line]) -> None:
    """Keep where the marks of these rows stand."""
    connection.executemany(
        _PUT, [(sheet, one.key, holder, one.tab, one.number, one.volume, int(one.mark)) for one in lines]
    )


def lift(connection: apsw.Connection, sheet: int, keys: Iterable[str]) -> None:
    """The sheet that set these marks says otherwise now."""
    connection.executemany(
        "DELETE FROM catalogue_mark WHERE sheet = ? AND match_key = ?", [(sheet, key) for key in keys]
    )


def any_for(connection: apsw.Connection, holder: int) -> bool:
    """Whether the holder has marked rows at all."""
    row = connection.execute("SELECT 1 FROM catalogue_mark WHERE holder = ? LIMIT 1", (holder,)).fetchone()
    return row is not None


def count(connection: apsw.Connection, sheets: Sequence[int]) -> int:
    """How many codes these sheets set a mark against."""
    among = ",".join(str(int(number)) for number in sheets) or "0"
    row = connection.execute(f"SELECT count(DISTINCT match_key) FROM catalogue_mark WHERE sheet IN ({among})").fetchone()
    return int(row[0]) if row else 0


def among(connection: apsw.Connection, holder: int, keys: Sequence[str]) -> list[tuple[str, int]]:
    """(match key, sheet) of the marks set against any of these codes."""
    if not keys:
        return []
    found: list[Any] = connection.execute(
        "SELECT m.match_key, m.sheet FROM carray(?) k CROSS JOIN catalogue_mark m"
        " ON m.match_key = k.value AND m.holder = ?",
        (apsw.carray(tuple(keys), flags=apsw.SQLITE_CARRAY_TEXT), holder),
    ).fetchall()
    return found


def keys(connection: apsw.Connection, holder: int = 0) -> list[str]:
    """Match keys of all marked rows: that their numbers are taken, nothing else."""
    rows = connection.execute("SELECT DISTINCT match_key FROM catalogue_mark WHERE holder = ?", (holder,))
    return [str(key) for (key,) in rows]


def on(connection: apsw.Connection, key: str, holder: int = 0) -> StoredMark | None:
    """The gravest mark that any sheet sets against a code."""
    row = connection.execute(
        "SELECT sheet, kind, number, volume_key FROM catalogue_mark WHERE match_key = ? AND holder = ? ORDER BY kind LIMIT 1",
        (key, holder),
    ).fetchone()
    return StoredMark(row[0], MarkKind(row[1]), row[2], row[3]) if row else None


def volumes(connection: apsw.Connection, holder: int = 0) -> frozenset[str]:
    """Match keys of volumes that hold a marked item."""
    rows = connection.execute(
        "SELECT DISTINCT volume_key FROM catalogue_mark WHERE volume_key IS NOT NULL AND holder = ?", (holder,)
    )
    return frozenset(str(volume) for (volume,) in rows)
