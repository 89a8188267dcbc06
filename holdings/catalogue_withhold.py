"""Rows that an open site may not have: erased with everything that was ever said of them, their place kept.

What a finding quoted of a row, what a person mended in it and wrote beside it goes with the row. Functions run inside the
caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from holdings import catalogue_marks as marks
from holdings import catalogue_rows as rows
from holdings import catalogue_sheets as sheets
from holdings import quarantine, tally
from holdings.catalogue_line import Line
from holdings.security import MarkKind


def withhold(connection: apsw.Connection, match_key: str) -> bool:
    """A row whose pages turned out to bear a mark 密级: as if its sheet had said so. Its volume is held from now on.

    The sheet that is imported again and still calls the row open lifts the mark; then the pages are read again. False when
    there is no such row of this site.
    """
    stored = rows.full(connection, match_key)
    if stored is None:
        return False
    line = Line(stored.number, match_key, MarkKind.CLASSIFIED, refused=True, tab=stored.tab, volume=stored.volume)
    erase(connection, stored.sheet, 0, [line])
    return True


def erase(connection: apsw.Connection, sheet: int, holder: int, lines: Sequence[Line]) -> list[tuple[int, str, bool]]:
    """Erase rows and keep where they stand; (id, match key, was it linked) of those that were stored."""
    # They go through the catalogue, which imports through here.
    from holdings import correction, double_keying, link_store, text_withhold

    keys = [one.key for one in lines]
    erased = rows.erase(connection, holder, keys)
    sheets.forget_rows(connection, [number for number, _, _ in erased])
    marks.put(connection, sheet, holder, lines)
    tally.add(connection, tally.Count.CATALOGUE_ROWS, -len(erased))
    if not holder:
        quarantine.hush(connection, keys)
        correction.forget(connection, keys)
        double_keying.forget(connection, keys)
        link_store.withhold(connection, keys)
    text_withhold.forget(connection, keys, {one.volume for one in lines if one.volume})
    return erased
