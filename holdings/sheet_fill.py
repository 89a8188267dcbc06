"""Values that stand for several rows: vertically merged cells, 同上 and its signs, blanks that mean "as above"; pure.

A merged cell says what it covers and is filled without asking. Signs and blanks are filled only in columns for which a
person agreed; until then they are counted and offered. What stands in a classified row of an open site is never carried
into another row, but for the parts of a code: they say which volume is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from holdings.columns import Columns
from holdings.sheet_header import Header
from holdings.sheet_profile import RepairKind, SheetProfile
from holdings.sheet_tally import RepairTally
from holdings.table import Merged

_BLANK_SHARE: Final = 0.3
"""Part of blank cells from which on a column looks as if blanks meant "as above"."""


class MergedFill:
    """Fills vertically merged cells downwards; rows must come in order.

    Args:
        below: number of the last header row; ranges that begin there or above are titles.
    """

    def __init__(self, merged: Iterable[Merged], below: int) -> None:
        ranges = (m for m in merged if m.last_row > m.first_row > below)
        self._waiting = sorted(ranges, key=lambda m: -m.first_row)
        self._open: list[tuple[Merged, str, bool]] = []

    @property
    def active(self) -> bool:
        """Whether any range is open or still to come."""
        return bool(self._waiting or self._open)

    def fill(self, number: int, cells: list[str], free: frozenset[int]) -> None:
        """Fill row `number` in place. What a classified row began is carried on in the columns `free` only."""
        self._open = [entry for entry in self._open if entry[0].last_row >= number]
        for merged, value, secret in self._open:
            column = merged.first_column
            if column < len(cells) and not cells[column] and (not secret or column in free):
                cells[column] = value
        while self._waiting and self._waiting[-1].first_row <= number:
            merged = self._waiting.pop()
            if merged.first_row == number and merged.first_column < len(cells):
                self._open.append((merged, cells[merged.first_column], False))

    def keep_secret(self, number: int) -> None:
        """Row `number` turned out classified: what begins in it is not carried on."""
        self._open = [(m, value, secret or m.first_row == number) for m, value, secret in self._open]


class Filler:
    """Signs for "as above" and blanks: filled where agreed, counted where not.

    Args:
        parts: columns that make the code; blanks in them are always offered for filling.
    """

    def __init__(
        self, header: Header, parts: frozenset[int], table: Columns, profile: SheetProfile, tally: RepairTally
    ) -> None:
        names = header.names
        self._names, self._tally, self._parts = names, tally, parts
        self.free = parts | frozenset(header.marks)
        self._signs = frozenset(table.ditto.marks)
        self._ditto = _agreed(names, profile, RepairKind.DITTO)
        self._blank = _agreed(names, profile, RepairKind.FILL)
        self._active = tuple(sorted(self._ditto | self._blank))
        self._last: dict[int, str] = {}
        fillable = {i for i, name in enumerate(names) if name in table.ditto.fillable} - set(header.marks)
        self._watched = tuple(sorted((fillable | parts) - self._blank))
        self._before: Sequence[str] = ()
        self._rows = 0
        self._blanks = dict.fromkeys(self._watched, 0)
        self._examples: dict[int, tuple[int, str, str]] = {}
        self._leading: set[int] = set()

    def fill(self, cells: list[str]) -> int | None:
        """Fill one row in place. Returns a column whose sign could not be resolved, None when all is well."""
        unresolved: int | None = None
        if not self._signs.isdisjoint(cells):
            for index, name in enumerate(self._names):
                if name and cells[index] in self._signs and not self._sign(cells, index, name) and unresolved is None:
                    unresolved = index
        for index in self._active:
            if not cells[index] and index in self._blank and (value := self._last.get(index)):
                self._tally.did(self._names[index] or "", RepairKind.FILL, "", value)
                cells[index] = value
        return unresolved

    def after(self, number: int, cells: list[str], *, secret: bool) -> None:
        """What the row turned out to be; only after this its values may be carried on."""
        for index in self._active:
            cell = cells[index]
            if cell and cell not in self._signs:
                # Nothing is known of what stands above any more: an older value would be wrong.
                self._last[index] = "" if secret and index not in self.free else cell
        for index in self._watched:
            if not cells[index]:
                self._blanks[index] += 1
                if not self._rows:
                    self._leading.add(index)
                if index not in self._examples and not secret and self._before and self._before[index]:
                    self._examples[index] = (number, "", self._before[index])
        self._rows += 1
        self._before = () if secret else cells

    def offer(self) -> None:
        """Offer to fill the blanks of columns that look as if they meant "as above"."""
        for index, count in self._blanks.items():
            name, example = self._names[index], self._examples.get(index)
            if not name or not example or index in self._leading or count == self._rows:
                continue
            if index in self._parts or count >= _BLANK_SHARE * self._rows:
                self._tally.offer(name, RepairKind.FILL, count, example)

    def _sign(self, cells: list[str], index: int, name: str) -> bool:
        """Resolve one sign; False when that is not agreed, or what stands above is not known or classified."""
        if index not in self._ditto:
            above = self._before[index] if self._before else ""
            self._tally.found(name, RepairKind.DITTO, cells[index], "" if above in self._signs else above)
            return False
        value = self._last.get(index)
        if not value:
            return False
        self._tally.did(name, RepairKind.DITTO, cells[index], value)
        cells[index] = value
        return True


class GroupFill:
    """One text for all pictures of a group 组照 (DA/T 50-2014): it stands at the first, the others are blank."""

    def __init__(self, header: Header, table: Columns, profile: SheetProfile, tally: RepairTally) -> None:
        self._names, self._tally = header.names, tally
        self._group = next((i for i, name in enumerate(header.ids) if name in table.groups.by), None)
        shared = [i for i, name in enumerate(header.names) if name in table.groups.shared]
        self._shared = tuple(shared) if self._group is not None else ()
        self._agreed = _agreed(header.names, profile, RepairKind.FILL_GROUP)
        self._texts: dict[int, str] = {}
        self._last, self._marks = "", frozenset(header.marks)
        self.active = bool(self._shared)
        """Whether the table has groups."""

    def fill(self, cells: list[str]) -> None:
        """Fill one row in place where agreed, count it where not."""
        assert self._group is not None
        group = cells[self._group]
        if not group or group != self._last:
            self._texts.clear()
        self._last = group
        for index, text in self._texts.items():
            if cells[index]:
                continue
            name = self._names[index] or ""
            if index in self._agreed:
                self._tally.did(name, RepairKind.FILL_GROUP, "", text)
                cells[index] = text
            else:
                self._tally.found(name, RepairKind.FILL_GROUP, "", text)

    def after(self, cells: list[str], *, secret: bool) -> None:
        """Remember the texts of a row that may be shown."""
        for index in self._shared:
            if cells[index]:
                # A mark that a set bears once holds every picture of it.
                if secret and index not in self._marks:
                    self._texts.pop(index, None)
                else:
                    self._texts[index] = cells[index]


def _agreed(names: Sequence[str | None], profile: SheetProfile, kind: RepairKind) -> frozenset[int]:
    """Columns for which a repair of that kind is agreed."""
    return frozenset(i for i, name in enumerate(names) if name and profile.agreed(name, kind))
