"""What a category 门类 asks of each record, looked at while a sheet of it is read: required fields, types, lengths, domains.

A column that is missing altogether is told once for the sheet, what a row lacks with its row; never a value (the fields of
topical records are personal information).
"""

from __future__ import annotations

import time
from collections.abc import Collection

from holdings.category import Category, composed_title
from holdings.findings import FindingCode
from holdings.metadata import Checker, checker, edition_of, known_from
from holdings.record import TITLE, Level
from holdings.reference_code import ReferenceCode, parse
from holdings.sheet_notes import Ledger, Note, SheetRow
from holdings.site_data import NO_SITE, SiteData


class Obligations:
    """Looks at one row after the other of a table read by a category.

    Args:
        columns: the elements that the table has, values for all rows among them.
        ledger: where notes go. Withheld and refused rows have no values, and nothing is said of them.
    """

    def __init__(
        self, one: Category, columns: Collection[str], ledger: Ledger, tab: str, site: SiteData = NO_SITE
    ) -> None:
        self._one, self._columns, self._ledger, self._tab, self._site = one, columns, ledger, tab, site
        self._lacking: dict[Level, frozenset[str]] = {}
        self._year = time.gmtime().tm_year

    def take(self, row: SheetRow) -> None:
        """Give a row that has none the title that the category makes of its fields, and note what it lacks."""
        if not row.values or row.refused:
            return
        if not row.values.get(TITLE) and (title := composed_title(self._one.name, row.values, self._site)):
            row.values[TITLE] = title
        if self._ledger.full:
            return
        level = Level.VOLUME if row.key == row.volume else Level.ITEM
        judge = checker(level, self._one.name, edition_of(row.values), self._year, self._site)
        if level not in self._lacking:
            self._lacking[level] = self._missing(judge)
        code = parse(row.code)
        known = known_from(code) if isinstance(code, ReferenceCode) else frozenset[str]()
        for wrong in judge.check(row.values, known | self._lacking[level]):
            if wrong.code not in (FindingCode.DATE_MISSING, FindingCode.DATE_DOUBTFUL):  # the reading told these
                self._note(row.number, wrong.element, wrong.code, wrong.detail, row.key)

    def _missing(self, judge: Checker) -> frozenset[str]:
        """Tell which required columns the table lacks."""
        missing = judge.missing_columns(self._columns)
        for wrong in missing:
            self._note(0, wrong.element, wrong.code, wrong.detail)
        return frozenset(wrong.element for wrong in missing)

    def _note(self, number: int, element: str, code: FindingCode, detail: str, key: str = "") -> None:
        """A note's own words begin with its column."""
        self._ledger.note(Note(number, element, code.slug, f"按“{self._one.name}”：{detail}", key, self._tab))
