"""Hits in the order of dates, latest first, without reading them all: part by part of the index, the latest years first, in each
whichever of three ways is the shortest.

Few candidates are dated and sorted. Frequent words are asked for day by day, from the latest on. What is neither is asked for
year by year, and in a year of many day by day. All give the same, which is what sorting every hit would.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from holdings import search_index
from holdings.search_era import era_of
from holdings.search_find import LOOKED_AT_MAX, Finder, Found
from holdings.search_index import RECORDS
from holdings.search_plan import token

END: Final = (99_991_231, 1 << 62)
"""Later than every (day, id)."""
RARE: Final = 5_000  # candidates, as estimated, up to which all parts are asked at once
FEW: Final = 600  # candidates of a year that are dated at once: six milliseconds
SPARE: Final = 120  # the same of a part of the index; beyond, its latest years are asked for first
SOME: Final = 4_000  # the same where a few years did not fill a page
TRIED: Final = 12  # days that may be needed for a page of frequent words
YEARS: Final = 5  # years that are first asked for
LATEST: Final = 2  # the same where what is in them all is known
A_DAY: Final = (
    60  # candidates compared in vain that asking for a day costs as much as, where none of its candidates was a hit
)
PASSED: Final = 120  # days along which known candidates are looked for; beyond, all of them are dated


def latest(find: Finder, last: tuple[int, int] = END, limit: int = 20) -> Iterator[Found]:
    """The hits of a plan behind a (day, id), latest first, those of a day newest first; some `limit` of them are wanted."""
    if find.plan.about <= RARE:
        known = find.first(FEW + 1, find.arms())
        if len(known) <= FEW:
            yield from _Walk(find, 0, [], last).ordered(known)
            return
    for era, years in find.eras().items():
        if era <= era_of(last[0]):
            yield from _part(_Walk(find, era, years, last), limit)
            if find.spent:
                return


def _part(walk: _Walk, limit: int) -> Iterator[Found]:
    """The hits of a part."""
    find, many = walk.find, walk.find.plan.begun
    if not (match := find.asked(walk.era)):  # the index says nothing of what is looked for
        yield from walk.years()
        return
    arm = [(walk.era, match)]
    known = find.first(LOOKED_AT_MAX if many else FEW + 1, arm)
    if len(known) <= FEW or (many and len(known) <= SOME):
        if len(known) > SPARE and not many:
            yield from walk.years(LATEST)
        yield from walk.ordered(known)
    elif many and len(known) < LOOKED_AT_MAX:
        yield from walk.among(frozenset(known))
        yield from walk.ordered(known)
    else:
        if (needed := walk.needed(known, limit)) <= TRIED:
            yield from walk.days(2 * needed + 1)
        yield from walk.years(YEARS)
        known = find.first(SOME + 1, arm) if not many else known
        yield from walk.ordered(known) if len(known) <= SOME else walk.years()


@dataclass(slots=True)
class _Walk:
    """A way through the hits of a part; `dated`: the years of dates in it, latest first; `last`: the (day, id) behind which they are
    still to be given."""

    find: Finder
    era: int
    dated: Sequence[int]
    last: tuple[int, int]

    def ordered(self, ids: Sequence[int]) -> Iterator[Found]:
        """Hits among all candidates there are, by their dates."""
        order = sorted((one for one in self.find.dated(ids) if one < self.last), reverse=True)
        yield from self.find.hits(number for _, number in order)

    def needed(self, newest: Sequence[int], limit: int) -> int:
        """How many days are about needed for so many hits, as the newest candidates lie among all rows."""
        rows = [number for number in newest if number < RECORDS]
        if len(rows) < FEW // 2:
            return TRIED + 1
        a_row = len(rows) / max(1, rows[0] - rows[-1])
        return 1 + int(limit * 366 * len(self.dated) / (a_row * rows[0]))

    def days(self, most: int) -> Iterator[Found]:
        """Hits of so many days."""
        for day in itertools.islice(self._days(), most):
            yield from self._of_day(day)

    def among(self, known: frozenset[int]) -> Iterator[Found]:
        """Hits of some days among all candidates there are."""
        for day in itertools.islice(self._days(), PASSED):
            of_day = self.find.of([(self.era, token("d", day))], self._below(day))
            yield from self.find.hits(number for number in of_day if number in known)
            self.last = (day, 0)

    def years(self, most: int | None = None) -> Iterator[Found]:
        """Hits of so many years, or of all."""
        years = itertools.groupby(self._days(), lambda day: day // 10_000)
        for year, days in itertools.islice(years, most):
            some = self.find.first(FEW + 1, self.find.arm(self.era, year, token("g", year)))
            if len(some) <= FEW:
                order = sorted((one for one in self.find.dated(some) if one < self.last), reverse=True)
                yield from self._hits(number for _, number in order)
                self.last = (year * 10_000, 0)
                continue
            for day in days:
                yield from self._of_day(day)
                if self.find.spent:
                    return

    def _of_day(self, day: int) -> Iterator[Found]:
        arm = self.find.arm(self.era, day // 10_000, token("d", day))
        before, hits = self.find.vain, 0
        for one in self._hits(self.find.of(arm, self._below(day))):
            hits += 1
            yield one
        if not hits and self.find.vain > before:
            self.find.vain += A_DAY
        self.last = (day, 0)

    def _hits(self, ids: Iterator[int]) -> Iterator[Found]:
        return self.find.hits(ids, doubtful=self.find.plan.begun)

    def _below(self, day: int) -> int:
        return self.last[1] if day == self.last[0] else END[1]

    def _days(self) -> Iterator[int]:
        """Days from the last one on, latest first, on which hits may be."""
        since, upto = self.dated[-1] * 10_000, min(self.last[0], self.dated[0] * 10_000 + 9_999)
        known = set(self.dated)
        return (day for day in search_index.days(self.find.connection, since, upto) if day // 10_000 in known)
