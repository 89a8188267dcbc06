"""Which cells of a sheet's row are filled: rows of one shape have the same elements, and what was found out for one holds for all;
pure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

SHAPES_MAX: Final = 4_096
"""Shapes that are remembered of one table; a sheet has a few, a hostile one as many as rows."""


class RowShape:
    """A shape: `names` of the elements that its rows have, and which of them are `filled`. Those of one table are the same
    object when they are equal."""

    __slots__ = ("_blank", "_none", "_pick", "blanks", "filled", "names")

    def __init__(self, columns: Sequence[str], filled: Sequence[bool], always: int | None) -> None:
        kept = [at for at, name in enumerate(columns) if name and (filled[at] or at == always)]
        blank = [at for at, one in enumerate(filled) if not one]
        self.blanks = len(blank)
        self._blank = operator.itemgetter(*blank) if blank else len
        self._none = (len(columns), "", ("",) * len(blank))[min(len(blank), 2)]
        # A name that comes twice has the value of its last column.
        last = {columns[at]: at for at in kept}
        self.names = tuple(last)
        self.filled = tuple(filled[at] for at in last.values())
        self._pick = _picked(list(last.values()))

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether a row with as many blank cells is of this shape."""
        return bool(self._blank(cells) == self._none)

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        """The values of a row of this shape."""
        return dict(zip(self.names, self._pick(cells), strict=False))


class RowShapes:
    """The shapes of a table's rows.

    Args:
        columns: names of the columns, blank for one that has none.
        always: the column that is an element even where it is blank.
    """

    def __init__(self, columns: Sequence[str], always: int | None) -> None:
        self._columns, self._always = columns, always
        self._known: dict[tuple[bool, ...], RowShape] = {}
        self._last = RowShape(columns, [True] * len(columns), always)

    def of(self, cells: Sequence[str]) -> RowShape:
        """The shape of a row that has as many cells as there are columns."""
        last = self._last
        if cells.count("") == last.blanks and last.fits(cells):
            return last
        filled = tuple(map(bool, cells))
        found = self._known.get(filled)
        if found is None:
            if len(self._known) >= SHAPES_MAX:
                self._known.clear()
            found = self._known[filled] = RowShape(self._columns, filled, self._always)
        self._last = found
        return found


def _picked(places: Sequence[int]) -> Callable[[Sequence[str]], Any]:
    """Takes the cells at these places."""
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda cells: tuple([cells[at] for at in places])
