"""What the rules of categories find in a sheet as it comes in: frames that two volumes claim, lengths that do not agree.

Findings of this kind name sheet, row, column and numbers, never a code: whether a line's record is classified is not
known here.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from holdings.category import Category, RowRule, TapeRule, categories
from holdings.category_film import read_reels
from holdings.category_rows import CategoryRow, RowFault
from holdings.category_tape import read_tapes
from holdings.findings import Finding
from holdings.security import MarkKind
from holdings.sheet_link import LinkKind, LinkRow
from holdings.sheet_notes import SheetRow
from holdings.site_data import NO_SITE, SiteData

_VOLUME, _SYSTEM = "案卷号", "制式"
LINES_MAX: Final = 200_000  # lines of reels and tapes looked at in one sheet: a large archive has some thousand reels


class TapeWatch:
    """Looks at the rows of a sheet as they pass, if it has the columns of a tape sheet; costs nothing for others."""

    def __init__(self, columns: Collection[str], site: SiteData = NO_SITE) -> None:
        self._rule = _tape_rule(frozenset(columns), site)
        self._rows: list[CategoryRow] = []

    def through(self, rows: Iterable[SheetRow]) -> Iterator[SheetRow]:
        """The same rows, looked at."""
        if self._rule is None:
            yield from rows
            return
        wanted = (self._rule.tape, self._rule.side, self._rule.start, self._rule.end, self._rule.length, _SYSTEM)
        for row in rows:
            if not row.refused and row.mark is MarkKind.OPEN and len(self._rows) < LINES_MAX:
                kept = {name: row.values[name] for name in wanted if name in row.values}
                self._rows.append(CategoryRow(row.number, kept))
            yield row

    def findings(self, scope: str) -> list[Finding]:
        """What the rows that passed contradict; `scope` is what the sheet's findings are settled under."""
        return _as_findings(read_tapes(self._rows, self._rule).faults if self._rule is not None else (), scope)


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


def _tape_rule(columns: frozenset[str], site: SiteData) -> TapeRule | None:
    """The rule whose columns a sheet has. One that tells 制式 is of moving pictures, whose codes have fewer frames a
    second; any other may be of sound, whose codes have more.
    """
    rules = sorted((one.tape for one in _with(RowRule.TAPES, site) if one.tape), key=lambda rule: rule.rate)
    fitting = [rule for rule in rules if {rule.tape, rule.start} <= columns]
    return (fitting[0] if _SYSTEM in columns else fitting[-1]) if fitting else None


def _with(rule: RowRule, site: SiteData) -> list[Category]:
    """Categories whose rows follow a rule."""
    return [one for one in categories(site).values() if one.rows is rule]
