"""A row whose pages turned out to bear a mark 密级: erased from the open site's catalogue, its place kept, as if its sheet had said so.

The sheet that is imported again and still calls the row open lifts the mark; then the pages are read again. Functions
run inside the caller's transaction.
"""

from __future__ import annotations

import apsw

from holdings import catalogue_marks as marks
from holdings import catalogue_rows as rows
from holdings import catalogue_sheets as sheets
from holdings import tally
from holdings.catalogue_line import Line
from holdings.security import MarkKind


def withhold(connection: apsw.Connection, match_key: str) -> bool:
    """Erase this site's row of a code and keep where it stands; its volume is held from now on. False when there is none."""
    stored = rows.full(connection, match_key)
    if stored is None:
        return False
    erased = rows.erase(connection, 0, [match_key])
    sheets.forget_rows(connection, [number for number, _, _ in erased])
    line = Line(stored.number, match_key, MarkKind.CLASSIFIED, refused=True, tab=stored.tab, volume=stored.volume)
    marks.put(connection, stored.sheet, 0, [line])
    tally.add(connection, tally.Count.CATALOGUE_ROWS, -len(erased))
    return True
