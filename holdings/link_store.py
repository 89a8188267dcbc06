"""Lines of link sheets 挂接表 as they were imported last; table `link_row`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import apsw

from holdings import layout
from holdings.sheet_link import LinkRow

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
    if old == new:
        return False
    connection.execute("DELETE FROM link_row WHERE delivery = ? AND sheet = ?", where)
    connection.executemany(
        "INSERT INTO link_row VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((*where, position, *line) for position, line in enumerate(new)),
    )
    return True


def of_delivery(connection: apsw.Connection, delivery: str) -> Iterator[layout.LinkRow]:
    """Lines of all link sheets of a delivery, in the order of sheets and lines."""
    rows = connection.execute(
        "SELECT code, folder, first, last FROM link_row WHERE delivery = ? ORDER BY sheet, position", (delivery,)
    )
    for code, folder, first, last in rows:
        yield layout.LinkRow(code, folder, first, last)
