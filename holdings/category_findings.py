"""What the rules of categories find in a sheet as it comes in: frames that two volumes claim, lengths that do not agree.

Findings of this kind name sheet, row, column and numbers, never a code: whether a line's record is classified is not
known here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from holdings.category import Category, RowRule, categories
from holdings.category_film import read_reels
from holdings.category_rows import CategoryRow, RowFault
from holdings.category_tape import read_tapes
from holdings.findings import Finding
from holdings.sheet_link import LinkKind, LinkRow
from holdings.sheet_notes import Note, SheetRow
from holdings.site_data import NO_SITE, SiteData

_VOLUME, _SYSTEM = "案卷号", "制式"
LINES_MAX: Final = 200_000  # lines of reels and tapes looked at in one sheet: a large archive has some thousand reels


class TapeWatch:
    """Looks at the rows of a sheet as they pass, and keeps those of tapes: rows that name a tape and a place on it."""

    def __init__(self, site: SiteData = NO_SITE) -> None:
        self._rules = sorted((one.tape for one in _with(RowRule.TAPES, site) if one.tape), key=lambda rule: rule.rate)
        self._rows: list[CategoryRow] = []

    def take(self, row: SheetRow) -> None:
        """Look at one row; refused and withheld ones have no values."""
        values = row.values
        for rule in self._rules:
            if rule.tape in values and (rule.start in values or rule.end in values):
                if len(self._rows) < LINES_MAX:
                    wanted = (rule.tape, rule.side, rule.start, rule.end, rule.length, _SYSTEM)
                    self._rows.append(
                        CategoryRow(row.number, {name: values[name] for name in wanted if name in values})
                    )
                return

    def notes(self) -> list[Note]:
        """What the rows that passed contradict.

        A sheet that tells 制式 is of moving pictures, whose codes have fewer frames a second; any other may be of sound.
        """
        if not self._rows:
            return []
        fitting = [rule for rule in self._rules if rule.tape in self._rows[0].values]
        rule = fitting[0] if any(_SYSTEM in row.values for row in self._rows) else fitting[-1]
        faults = read_tapes(self._rows, rule).faults
        # The note's own words begin with the column.
        return [
            Note(one.number, one.violation.element, one.violation.code.value, one.violation.detail.partition("：")[2])
            for one in faults
        ]


def of_links(links: Iterable[LinkRow], scope: str, site: SiteData = NO_SITE) -> list[Finding]:
    """What the lines of a sheet contradict that give frames of reels to volumes; other lines are passed over."""
    rule = next((one.reel for one in _with(RowRule.REELS, site) if one.reel is not None), None)
    lines = [
        (
            CategoryRow(
                line.number,
                {
                    **line.rest,
                    _VOLUME: line.code,
                    rule.reel: line.folder,
                    rule.first: line.first,
                    rule.last: line.last,
                    rule.count: "" if line.count is None else str(line.count),
                },
            ),
            line.key,
        )
        for line in itertools.islice(links, LINES_MAX)
        if rule is not None and line.kind is LinkKind.FRAMES
    ]
    return _as_findings(read_reels(lines, rule).faults if rule is not None and lines else (), scope)


def _as_findings(faults: Iterable[RowFault], scope: str) -> list[Finding]:
    """Faults as findings about the sheet."""
    return [
        Finding(one.violation.code, scope, f"{scope}#{one.number}:{one.violation.element}", detail=one.violation.detail)
        for one in faults
    ]


def _with(rule: RowRule, site: SiteData) -> list[Category]:
    """Categories whose rows follow a rule."""
    return [one for one in categories(site).values() if one.rows is rule]
