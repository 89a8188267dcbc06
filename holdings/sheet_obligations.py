"""What the elements ask of each row, looked at while a sheet is read: required elements, types, lengths, domains, characters
(DA/T 46-2009, DA/T 18; DA/T 70-2018 GD-1-2 to GD-1-6 and GD-2-4), and a category's 门类 own fields.

What a row lacks is told with its row, never a value (what stands in a catalogue may be anybody's identity number). A column that is
missing altogether is told once for the sheet: as a note where a category asks for it, else to who reads the answer, for many a sheet
of old never had 责任者 or 保管期限. Nothing is refused for any of it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from typing import Final

from holdings.category import DEFAULT, Category, composed_title
from holdings.expression import expression
from holdings.findings import FindingCode
from holdings.metadata import Checker, Violation, category_for, checker, edition_of, known_from
from holdings.metadata_scheme import EDITION
from holdings.record import TITLE, Level
from holdings.reference_code import ReferenceCode, parse
from holdings.row_shape import RowShape
from holdings.sheet_notes import Ledger, Note, SheetRow
from holdings.site_data import NO_SITE, SiteData

ROWS_TOLD: Final = 200  # rows of one element and rule in one table; how many more there are is said once
_SERIES_MAX: Final = 4_096  # series whose known elements are remembered
_OF_VOLUMES: Final = frozenset(
    {"保管期限"}
)  # what holds for a volume holds for its items (DA/T 22: 卷内文件目录 has no column for it)
_POINT: Final = expression(r"U\+([0-9A-F]{4,6})")
_OF_DATES: Final = (FindingCode.DATE_MISSING, FindingCode.DATE_DOUBTFUL)  # the reading tells these


def _is_told(wrong: Violation) -> bool:
    """Whether the reading tells it already: 自造字, with their column."""
    points = [int(point, 16) for point in _POINT.findall(wrong.detail)]
    return bool(points) and all(0xE000 <= point <= 0xF8FF or point >= 0xF0000 for point in points)


class Obligations:
    """Looks at one row after the other of a table.

    Args:
        one: the category by which the sheet is read; None: each row is judged by what its code and its 门类 say.
        columns: the elements that the table has, values for all rows among them.
        ledger: where notes go. Withheld and refused rows have no values, and nothing is said of them.
    """

    def __init__(
        self, one: Category | None, columns: Collection[str], ledger: Ledger, tab: str, site: SiteData = NO_SITE
    ) -> None:
        self._one, self._columns, self._ledger, self._tab, self._site = one, columns, ledger, tab, site
        self._lacking: dict[Checker, dict[str, Violation]] = {}
        self._told = frozenset[str]()
        self._rows = Counter[tuple[str, FindingCode]]()
        self._year = time.gmtime().tm_year
        self._judges: dict[tuple[object, ...], Checker] = {}
        self._before: tuple[object, ...] = ()
        self._judge: Checker | None = None
        self._of_series: dict[str, frozenset[str]] = {}

    def take(self, row: SheetRow, printable: str = "", shape: RowShape | None = None) -> None:
        """Give a row that has none the title that the category makes of its fields, and note what it lacks.

        `printable` and `shape`: as `Checker.remembered` takes them.
        """
        values = row.values
        if not values or row.refused:
            return
        if (
            self._one is not None
            and not values.get(TITLE)
            and (title := composed_title(self._one.name, values, self._site))
        ):
            values[TITLE], printable, shape = title, "", None
        if self._ledger.full:
            return
        judge = self._judge_of(row)
        found = judge.remembered(values, self._told, printable, shape)
        if found is None:
            known = self._told | self._known(row.code)
            if row.volume is not None and row.volume != row.key:
                known |= _OF_VOLUMES
            found = judge.check(values, known)
        for wrong in found:
            column = self._lacking[judge].get(wrong.element) if wrong.code is FindingCode.METADATA_MISSING else None
            if column is not None:
                self._missing_column(column)
            elif wrong.code not in _OF_DATES and not _is_told(wrong):
                self._note(row, wrong)

    @property
    def lacking(self) -> frozenset[str]:
        """Required elements for which the table has no column."""
        return self._told

    def finish(self) -> None:
        """Say of how many rows more what was said of the first ones."""
        for (element, code), count in self._rows.items():
            if count > ROWS_TOLD:
                self._tell(0, element, code, f"另有 {count - ROWS_TOLD:,} 行，未逐行列出")

    def _judge_of(self, row: SheetRow) -> Checker:
        """The checker of a row: by its level, its edition, and what its code or its 门类 says of the category."""
        level, code = row.above or (Level.VOLUME if row.key == row.volume else Level.ITEM), row.code
        get = row.values.get
        of_volume = (row.volume, level, get("门类"), get(EDITION))
        if of_volume == self._before and self._judge is not None and row.volume:
            return self._judge  # what the items of one volume have in common is all that counts
        kind = (code.rstrip("0123456789-"), code.partition("-")[2].partition("-")[0], level, get("门类"), get(EDITION))
        judge = self._judges.get(kind)
        if judge is None:
            category = DEFAULT
            if self._one is not None:
                category = self._one.name
            elif isinstance(parsed := parse(code), ReferenceCode):
                category = category_for(parsed, row.values, self._site)
            judge = checker(level, category, edition_of(row.values), self._year, self._site)
            if judge not in self._lacking:
                missing = judge.missing_columns(self._columns)
                self._lacking[judge] = {wrong.element: wrong for wrong in missing}
            if len(self._judges) >= _SERIES_MAX:
                self._judges.clear()
            self._judges[kind] = judge
        self._before, self._judge = of_volume, judge
        return judge

    def _known(self, code: str) -> frozenset[str]:
        """Elements that a code says; those of one series say the same ones."""
        series = code.rpartition("-")[0]
        if series not in self._of_series:
            parsed = parse(code)
            if len(self._of_series) >= _SERIES_MAX:
                self._of_series.clear()
            self._of_series[series] = known_from(parsed) if isinstance(parsed, ReferenceCode) else frozenset()
        return self._of_series[series]

    def _missing_column(self, wrong: Violation) -> None:
        """Remember that the table lacks a required column, or has it under a name that is not known."""
        if wrong.element not in self._told:
            self._told |= {wrong.element}
            if self._one is not None:
                self._tell(0, wrong.element, wrong.code, wrong.detail)

    def _note(self, row: SheetRow, wrong: Violation) -> None:
        count = self._rows[wrong.element, wrong.code] = self._rows[wrong.element, wrong.code] + 1
        if count <= ROWS_TOLD:
            self._tell(row.number, wrong.element, wrong.code, wrong.detail, row.key)

    def _tell(self, number: int, element: str, code: FindingCode, detail: str, key: str = "") -> None:
        """A note's own words begin with its column."""
        by = f"按“{self._one.name}”：" if self._one is not None else ""
        self._ledger.note(Note(number, element, code.slug, f"{by}{detail}", key, self._tab))
