"""Lines of link sheets 挂接表 as they were imported last; table `link_row`.

Of a line whose record bears a mark on an open site nothing that is printed is kept: only its match key, which its mark keeps
too, and what tells its images from others when they are met (layout_words.hidden), so that they are held unopened. Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, TypeAlias

import apsw

from holdings import catalogue_marks, layout
from holdings.layout_words import HIDDEN, hidden
from holdings.sheet_link import LinkRow

_Line: TypeAlias = tuple[str, str, str, str, str]
LINKS_MAX: Final = 2_000_000  # lines of one link sheet; as many as a delivery may have files


def replace(connection: apsw.Connection, delivery: str, sheet: str, rows: Iterable[LinkRow]) -> bool:
    """Bring what a sheet of a delivery says of images to these lines; True when it said otherwise before.

    Lines above LINKS_MAX are left out: such a sheet is not of one delivery.
    """
    where = (delivery, sheet)
    query = (
        "SELECT match_key, code, folder, first, last FROM link_row WHERE delivery = ? AND sheet = ? ORDER BY position"
    )
    old = connection.execute(query, where).fetchall()
    new = [(row.key, row.code, row.folder, row.first, row.last) for _, row in zip(range(LINKS_MAX), rows, strict=False)]
    marked = marked_keys(connection, (line[0] for line in new))
    if marked:
        new = [_withheld(line) if line[0] in marked else line for line in new]
    if old == new:
        return False
    connection.execute("DELETE FROM link_row WHERE delivery = ? AND sheet = ?", where)
    connection.executemany(
        "INSERT INTO link_row VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((*where, position, *line) for position, line in enumerate(new)),
    )
    return True


def withhold(connection: apsw.Connection, keys: Collection[str]) -> None:
    """These records turned out to bear a mark: what lines of link sheets print of them goes."""
    query = (
        "SELECT delivery, sheet, position, match_key, code, folder, first, last FROM link_row"
        " WHERE code <> '' AND match_key IN (SELECT value FROM carray(?))"
    )
    given = apsw.carray(tuple(keys), flags=apsw.SQLITE_CARRAY_TEXT)
    found: list[Any] = connection.execute(query, (given,)).fetchall() if keys else []
    connection.executemany(
        "UPDATE link_row SET code = ?5, folder = ?6, first = ?7, last = ?8"
        " WHERE delivery = ?1 AND sheet = ?2 AND position = ?3 AND match_key = ?4",
        [(*row[:3], *_withheld(row[3:])) for row in found],
    )


def marked_keys(connection: apsw.Connection, keys: Iterable[str]) -> frozenset[str]:
    """Those of some match keys that bear a mark here; none on a classified site."""
    if not catalogue_marks.any_for(connection, 0):
        return frozenset()
    asked = tuple({key for key in keys if key})
    return frozenset(key for key, _ in catalogue_marks.among(connection, 0, asked))


def _withheld(line: _Line) -> _Line:
    """A line (match key, code, folder, first, last) without anything that was printed; one that is so already stays."""
    key, _, folder, first, last = line
    if folder[:1] == HIDDEN:
        return line
    parts = [hidden(part) for part in folder.replace("\\", "/").split("/") if part.strip()]
    return key, "", "/".join(parts), hidden(first), hidden(last)


def of_delivery(connection: apsw.Connection, delivery: str) -> Iterator[layout.LinkRow]:
    """Lines of all link sheets of a delivery, in the order of sheets and lines."""
    rows = connection.execute(
        "SELECT iif(code = '', match_key, code), folder, first, last FROM link_row WHERE delivery = ? ORDER BY sheet, position",
        (delivery,),
    )
    for code, folder, first, last in rows:
        yield layout.LinkRow(code, folder, first, last)
