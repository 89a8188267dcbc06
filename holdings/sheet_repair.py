"""What spreadsheet programs eat: zeros in front, dates turned into day numbers, the last digits of long numbers; pure.

Zeros and dates are offered as a repair of the whole column and made once agreed. Digits that are lost are never made up:
the cell is named as an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from holdings.columns import Columns
from holdings.dates import is_serial, serial_date
from holdings.expression import expression
from holdings.record import DATE
from holdings.sheet_header import Header
from holdings.sheet_profile import WIDTH_MAX, RepairKind, SheetProfile
from holdings.sheet_tally import EXAMPLES, RepairTally
from holdings.table import CellKind, RawRow

_EXPONENT: Final = expression(r"-?[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,3}")
_DATES: Final = ("日期", "时间")


class ColumnRepair:
    """Pads and dates, column by column.

    Args:
        parts: columns that make the code: only there zeros in front matter.
        day_shift: how many days later the workbook begins to count.
    """

    def __init__(
        self, header: Header, parts: frozenset[int], table: Columns, profile: SheetProfile, tally: RepairTally,
        day_shift: int = 0,
    ) -> None:  # fmt: skip
        self._names, self._tally, self._shift = header.names, tally, day_shift
        named = [(i, name) for i, name in enumerate(header.names) if name]
        pads = {i: repair.width for i, name in named if (repair := profile.agreed(name, RepairKind.PAD))}
        self._pads = tuple(pads.items())
        self._watched = tuple(
            (i, table.padded[name], _Widths())
            for i, name in named
            if i in parts and name in table.padded and i not in pads
        )
        dates = [(i, name) for i, name in named if name == DATE or header.ids[i].endswith(_DATES)]
        self._dates = tuple((i, bool(profile.agreed(name, RepairKind.EXCEL_DATE))) for i, name in dates)
        for i, width in self._pads:
            tally.set_width(header.names[i] or "", width)

    def mend(self, raw: RawRow, cells: list[str]) -> None:
        """Repair one row in place where agreed; count what could be repaired elsewhere."""
        for index, agreed in self._dates:
            cell = cells[index]
            if 5 <= len(cell) <= 12 and cell[5:6] in ("", ".") and is_serial(cell, self._shift):
                after = serial_date(cell, self._shift)
                (self._tally.did if agreed else self._tally.found)(
                    self._names[index] or "", RepairKind.EXCEL_DATE, cell, after
                )
                if agreed:
                    cells[index] = after
        for index, width in self._pads:
            cell = cells[index]
            if len(cell) < width and cell.isdigit() and cell.isascii():
                self._tally.did(self._names[index] or "", RepairKind.PAD, cell, cell.zfill(width))
                cells[index] = cell.zfill(width)

    def watch(self, raw: RawRow, cells: Sequence[str], *, shown: bool) -> None:
        """Take note of how wide the parts of the codes are."""
        for index, least, widths in self._watched:
            cell = cells[index]
            if cell.isdigit() and cell.isascii():
                number = bool(raw.kinds) and index < len(raw.kinds) and raw.kinds[index] is CellKind.NUMBER
                widths.add(raw.number, cell, least, number=number, shown=shown)

    def offer(self) -> None:
        """Offer to pad columns whose numbers have lost their zeros: some are shorter than others, or they came as numbers."""
        for index, least, widths in self._watched:
            width = min(max(least, widths.longest), WIDTH_MAX)
            if widths.short and widths.shortest < width and (widths.numbers or widths.shortest < widths.longest):
                examples = ((row, cell, cell.zfill(width)) for row, cell in widths.examples)
                self._tally.offer(self._names[index] or "", RepairKind.PAD, widths.short, *examples, width=width)


class _Widths:
    """How wide the numbers of a column are."""

    __slots__ = ("examples", "longest", "numbers", "short", "shortest")

    def __init__(self) -> None:
        self.shortest, self.longest, self.short, self.numbers = 99, 0, 0, 0
        self.examples: list[tuple[int, str]] = []

    def add(self, row: int, cell: str, least: int, *, number: bool, shown: bool) -> None:
        """Count one number."""
        size = len(cell)
        self.shortest, self.longest = min(self.shortest, size), max(self.longest, size)
        self.numbers += number
        if size < least:
            self.short += 1
            if shown and len(self.examples) < EXAMPLES:
                self.examples.append((row, cell))


def lost_digits(raw: RawRow, cells: Sequence[str], header: Header, table: Columns) -> tuple[int, bool] | None:
    """The first cell whose last digits are lost: (column, whether it is one that counts: a code, an ID or phone number).

    Such a cell is a number beyond 15 digits, or text in the form 1.2E+17.
    """
    doubtful: int | None = None
    for index, cell in enumerate(cells[: len(header.names)]):
        if index in raw.lossy or ("E+" in cell.upper() and _EXPONENT.fullmatch(cell)):
            if index in _code_like(header) or table.is_long_number(header.ids[index]):
                return index, True
            doubtful = index if doubtful is None else doubtful
    return None if doubtful is None else (doubtful, False)


def _code_like(header: Header) -> frozenset[int]:
    """Columns whose numbers name something."""
    return frozenset(
        i for i, name in enumerate(header.names) if name and name.endswith(("档号", "件号", "案卷号", "字号"))
    )


def cell_name(column: int, row: int) -> str:
    """A cell as spreadsheet programs name it: column 3 (from 0) of row 5 is D5."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"
