"""Totals: lines 合计 below the rows, which are checked and not imported, and summary sheets 移交清册 (declared totals); pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from holdings.columns import Columns, fold, plain
from holdings.expression import expression
from holdings.sheet_header import Header
from holdings.table import RawRow

_NUMBER: Final = expression(r"[0-9][0-9,，]{0,14}")
_COUNTED: Final = expression(r"([0-9][0-9,，]{0,11})\s*(件|卷|条|张|页|盘|份)")
_TOGETHER: Final = expression(r"共[0-9,]{1,12}(件|卷|条|张|页|盘|份|$)")
_SPAN: Final = expression(r"[-—–~～至到]+")
NUMBER_MAX: Final = 10**12
TOTALS_MAX: Final = 10_000  # lines of a summary sheet that are kept


class Declared(Struct, frozen=True, array_like=True):
    """What a summary sheet declares of one run of volumes or items; a count that it does not give is None.

    `first` and `last` are the ends of the run as printed (0001, 0120), blank when no run is given. `grand` marks the
    line that sums up the others.
    """

    tab: str
    row: int
    fonds: str = ""
    inventory: str = ""
    first: str = ""
    last: str = ""
    volumes: int | None = None
    items: int | None = None
    pages: int | None = None
    years: str = ""
    retention: str = ""
    grand: bool = False


class Mismatch(Struct, frozen=True):
    """A total that is not the sum of its lines: what the line says and what was counted."""

    row: int
    column: str
    said: int
    counted: int


def held_told(found: int, withheld: int, *, by_volume: bool) -> str:
    """What the catalogue has of what was declared, for people; `withheld` rows may be among what lacks; `by_volume`: it lists volumes alone."""
    if by_volume:
        return "目录只到案卷"
    return f"目录 {found:,}" + (f"，另有 {withheld:,} 条按保密关口未收" if withheld else "")


def is_total(cells: Sequence[str], table: Columns) -> str:
    """The word of a total line (合计, 小计 …), empty for any other row: it begins the first filled cell, alone or before a
    number or a colon."""
    first = plain(next((cell for cell in cells if cell), ""))
    for word in table.totals.words:
        if first.startswith(word) and not re.match(r"[\u4e00-\u9fff]", first[len(word) :].lstrip("共")):
            return word
    return "共" if _TOGETHER.match(first) else ""


def number_of(text: str) -> int | None:
    """A count as written: `3480`, `3,480件`; None when blank, no number, or beyond 10^12."""
    found = _NUMBER.match(plain(text))
    value = int(found[0].replace(",", "").replace("，", "")) if found else None
    return value if value is not None and value < NUMBER_MAX else None


class TotalCheck:
    """Sums the columns that total lines sum, and compares."""

    def __init__(self, header: Header, table: Columns) -> None:
        summed = {fold(name) for name in table.totals.summed}
        self._columns = tuple((i, name) for i, name in enumerate(header.names) if name and fold(name) in summed)
        self._table = table
        self._all, self._part = [0] * len(self._columns), [0] * len(self._columns)
        self._rows = self._part_rows = 0

    def add(self, cells: Sequence[str]) -> None:
        """Count one row; also one that is refused or withheld: the paper counted it."""
        self._rows += 1
        self._part_rows += 1
        for at, (index, _) in enumerate(self._columns):
            cell = cells[index]
            value = int(cell) if cell.isdigit() and cell.isascii() and len(cell) < 12 else number_of(cell) or 0
            self._all[at] += value
            self._part[at] += value

    def check(self, number: int, cells: Sequence[str], word: str) -> Iterator[Mismatch]:
        """Compare a total line with the rows above it; 小计 counts from the last 小计 on."""
        partial = word in self._table.totals.partial
        sums, rows = (self._part, self._part_rows) if partial else (self._all, self._rows)
        for (index, name), summed in zip(self._columns, sums, strict=True):
            said = number_of(cells[index])
            if said is not None and said != summed:
                yield Mismatch(number, name, said, summed)
        for cell in cells:
            counted = _COUNTED.search(cell) if cell and not cell.isdigit() else None
            if counted and counted[2] in "件卷条份" and (said := number_of(counted[1])) is not None and said != rows:
                yield Mismatch(number, counted[2] + "数", said, rows)
                break
        if partial:
            self._part, self._part_rows = [0] * len(self._columns), 0


class SummaryReader:
    """Reads the lines of a summary sheet 移交清册: declared totals, never rows."""

    def __init__(self, names: Sequence[str], tab: str, table: Columns) -> None:
        folded = [fold(name) for name in names]
        self._at = {
            field: next((folded.index(fold(name)) for name in known if fold(name) in folded), None)
            for field, known in table.summary.items()
        }
        self._tab, self._table = tab, table
        self.found: list[Declared] = []

    def take(self, raw: RawRow) -> None:
        """Read one line; blank lines are passed over."""
        cells = [cell.strip() for cell in raw.cells]
        if raw.fault or not any(cells) or len(self.found) >= TOTALS_MAX:
            return
        grand = bool(is_total(cells, self._table))
        first, last = _ends(self._cell(cells, "span"))
        counts = [number_of(self._cell(cells, field)) for field in ("volumes", "items", "pages")]
        if all(count is None for count in counts):
            return
        fonds, inventory, years, retention = (
            self._cell(cells, field)[:200] for field in ("fonds", "inventory", "years", "retention")
        )
        volumes, items, pages = counts
        self.found.append(
            Declared(
                self._tab, raw.number, fonds, inventory, first, last, volumes, items, pages, years, retention, grand
            )
        )

    def mismatches(self) -> Iterator[Mismatch]:
        """Grand totals that are not the sum of the lines above them."""
        for at, total in enumerate(self.found):
            if not total.grand:
                continue
            lines = [line for line in self.found[:at] if not line.grand]
            if not lines:
                continue  # a list that gives the total alone sums nothing up
            for field, name in (("volumes", "卷数"), ("items", "件数"), ("pages", "页数")):
                said, counted = getattr(total, field), sum(getattr(line, field) or 0 for line in lines)
                if said is not None and said != counted:
                    yield Mismatch(total.row, name, said, counted)

    def _cell(self, cells: Sequence[str], field: str) -> str:
        index = self._at[field]
        return cells[index] if index is not None and index < len(cells) else ""


def _ends(span: str) -> tuple[str, str]:
    """Both ends of `0001–0120`; one number is both."""
    parts = [part.strip() for part in _SPAN.split(plain(span)) if part.strip()]
    if len(parts) == 2:
        return parts[0][:200], parts[1][:200]
    text = plain(span)[:200]
    half = len(text) // 2  # codes hold hyphens themselves: 23-1-1 至 23-1-120 has two halves of the same form
    for mark in ("至", "到", "~", "～", "—", "–"):
        first, found, last = text.partition(mark)
        if found:
            return first, last.lstrip(mark)
    if text[half : half + 1] == "-" and text[:half].count("-") == text[half + 1 :].count("-"):
        return text[:half], text[half + 1 :]
    return text, text
