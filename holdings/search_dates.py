"""Hits in the order of dates, latest first, without reading them all: part by part of the index, the latest years first, in each
whichever of three ways is the shortest.

Few candidates are dated and sorted. Frequent words are asked for by days, from the latest on, some at once where they have few. What is
neither is asked for year by year, and in a year of many by days. All give the same, which is what sorting every hit would.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from holdings import search_index
from holdings.search_era import era_of
from holdings.search_find import LOOKED_AT_MAX, Finder, Found
from holdings.search_index import RECORDS
from holdings.search_plan import of_days, token

END: Final = (99_991_231, 1 << 62)
"""Later than every (day, id)."""
RARE: Final = 5_000  # candidates, as estimated, up to which all parts are asked at once
FEW: Final = 600  # candidates of a part of the index, or of a year, that are dated at once: two milliseconds, as long as asking for a year
MANY: Final = 50 * FEW  # candidates of a year, as estimated, that it need not be asked for to know that they are many
SOME: Final = 4_000  # the same where a few years did not fill a page
TRIED: Final = 12  # days that may be needed for a page of frequent words
YEARS: Final = 5  # years that are first asked for
AT_ONCE: Final = 16  # days that are asked for together
SPARSE: Final = 60  # candidates of days asked for together, below which more of them are
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
    if (expected := walk.expected(match, limit)) <= TRIED:
        yield from walk.days(2 * expected + 1, expected)
    known = find.first(LOOKED_AT_MAX if many else FEW + 1, arm)
    if len(known) <= FEW or (many and len(known) <= SOME):
        yield from walk.ordered(known)
    elif many and len(known) < LOOKED_AT_MAX:
        yield from walk.among(frozenset(known))
        yield from walk.ordered(known)
    else:
        if expected > TRIED >= (needed := walk.needed(known, limit)):
            yield from walk.days(2 * needed + 1, needed)
        yield from walk.years(YEARS)
        known = find.first(SOME + 1, arm) if not many else known
        yield from walk.ordered(known) if len(known) <= SOME else walk.years()


class _Walk(Struct):
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

    def expected(self, match: str, limit: int) -> int:
        """The same for a query of one token, as its documents lie among all; of others nothing is known: what is common may never meet."""
        return 1 + int(limit * 366 * len(self.find.filed) / max(1, self._common(match)))

    def _common(self, match: str) -> float:
        """How many documents a query of one token gives, estimated; of others 0."""
        asked = match.split('"')[1::2]
        return self.find.ground.sample.share(asked[0], False) if len(asked) == 1 else 0  # noqa: FBT003  # a Share takes two

    def days(self, most: int, together: int) -> Iterator[Found]:
        """Hits of so many days, at first of so many at once."""
        yield from self._of_days(itertools.islice(self._days(), most), together)

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
            arm = self.find.arm(self.era, year, token("g", year))
            if self._common(arm[0][1]) < MANY and len(some := self.find.first(FEW + 1, arm)) <= FEW:
                yield from self._in_order(some)
                self.last = (year * 10_000, 0)
                continue
            yield from self._of_days(days)
            if self.find.spent:
                return

    def _of_days(self, days: Iterator[int], together: int = 1) -> Iterator[Found]:
        """Hits of days, of more at once as long as they are few: for each question a whole list is gone through."""
        for _, of_year in itertools.groupby(days, lambda day: day // 10_000):
            while some := list(itertools.islice(of_year, together)):
                looked = self.find.looked
                yield from self._of_some(some)
                if self.find.spent:
                    return
                if self.find.looked - looked < SPARSE:
                    together = min(2 * together, AT_ONCE)

    def _of_some(self, days: Sequence[int]) -> Iterator[Found]:
        """Hits of days of one year."""
        if len(days) > 1:
            arm = self.find.arm(self.era, days[0] // 10_000, of_days(days))
            known = self.find.first(FEW + 1, arm)
            if len(known) <= FEW:
                yield from self._in_order(known)
                self.last = (days[-1], 0)
                return
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

    def _in_order(self, ids: Sequence[int]) -> Iterator[Found]:
        order = sorted((one for one in self.find.dated(ids) if one < self.last), reverse=True)
        yield from self._hits(number for _, number in order)

    def _hits(self, ids: Iterator[int]) -> Iterator[Found]:
        return self.find.hits(ids, doubtful=self.find.plan.begun)

    def _below(self, day: int) -> int:
        return self.last[1] if day == self.last[0] else END[1]

    def _days(self) -> Iterator[int]:
        """Days from the last one on, latest first, on which hits may be."""
        since, upto = self.dated[-1] * 10_000, min(self.last[0], self.dated[0] * 10_000 + 9_999)
        known = set(self.dated)
        return (day for day in search_index.days(self.find.connection, since, upto) if day // 10_000 in known)
