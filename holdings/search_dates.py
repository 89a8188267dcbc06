"""Hits in the order of dates, latest first, without reading them all: whichever of three ways is the shortest.

Few candidates are dated and sorted. Frequent words are asked for day by day, from the latest on. What is neither is asked for
year by year, and in a year of many day by day. All give the same, which is what sorting every hit would.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from holdings import search_index
from holdings.search_find import LOOKED_AT_MAX, Finder, Found
from holdings.search_index import RECORDS
from holdings.search_plan import token

END: Final = (99_991_231, 1 << 62)
"""Later than every (day, id)."""
FEW: Final = 300  # candidates that are dated at once: two milliseconds
SOME: Final = 4_000  # the same where a few years did not fill a page
DAYS: Final = 20_000  # from the oldest to the newest, about
TRIED: Final = 12  # days that may be needed for a page of frequent words
YEARS: Final = 5  # years that are first asked for
PASSED: Final = 120  # days along which known candidates are looked for; beyond, all of them are dated


def latest(find: Finder, last: tuple[int, int] = END, limit: int = 20) -> Iterator[Found]:
    """The hits of a plan behind a (day, id), latest first, those of a day newest first; some `limit` of them are wanted."""
    walk = _Walk(find, last)
    many = find.plan.begun
    known = find.first(LOOKED_AT_MAX if many else FEW + 1)
    if len(known) <= FEW or (many and len(known) <= SOME):
        yield from walk.ordered(known)
    elif many and len(known) < LOOKED_AT_MAX:
        yield from walk.among(frozenset(known))
        yield from walk.ordered(known)
    else:
        if (needed := walk.needed(known, limit)) <= TRIED:
            yield from walk.days(2 * needed + 1)
        yield from walk.years(YEARS)
        known = find.first(SOME + 1) if not many else known
        yield from walk.ordered(known) if len(known) <= SOME else walk.years()


@dataclass(slots=True)
class _Walk:
    """A way through the hits; `last`: the (day, id) behind which they are still to be given."""

    find: Finder
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
        a_row, years = len(rows) / max(1, rows[0] - rows[-1]), self.find.plan.narrowing.years
        days = 366 * (years[1] - years[0] + 1) if years is not None else DAYS
        return 1 + int(limit * min(days, DAYS) / (a_row * rows[0]))

    def days(self, most: int) -> Iterator[Found]:
        """Hits of so many days."""
        for day, timeless in itertools.islice(self._days(), most):
            yield from self._of_day(day, timeless=timeless)

    def among(self, known: frozenset[int]) -> Iterator[Found]:
        """Hits of some days among all candidates there are."""
        for day, _ in itertools.islice(self._days(), PASSED):
            of_day = self.find.having(token("d", day), self._below(day))
            yield from self.find.hits(number for number in of_day if number in known)
            self.last = (day, 0)

    def years(self, most: int | None = None) -> Iterator[Found]:
        """Hits of so many years, or of all."""
        years = itertools.groupby(self._days(), lambda one: one[0] // 10_000)
        for year, days in itertools.islice(years, most):
            first, timeless = next(days)
            some = self.find.first(FEW + 1, token("g", year), timeless=timeless)
            if len(some) <= FEW:
                order = sorted((one for one in self.find.dated(some) if one < self.last), reverse=True)
                yield from self._hits(number for _, number in order)
                self.last = (year * 10_000, 0)
                continue
            yield from self._of_day(first, timeless=timeless)
            for day, _ in days:
                yield from self._of_day(day, timeless=timeless)
            if self.find.partial:
                return

    def _of_day(self, day: int, *, timeless: bool) -> Iterator[Found]:
        yield from self._hits(self.find.narrowed(token("d", day), self._below(day), timeless=timeless))
        self.last = (day, 0)

    def _hits(self, ids: Iterator[int]) -> Iterator[Found]:
        return self.find.hits(ids, doubtful=self.find.plan.begun)

    def _below(self, day: int) -> int:
        return self.last[1] if day == self.last[0] else END[1]

    def _days(self) -> Iterator[tuple[int, bool]]:
        """Days from the last one on, latest first, on which hits may be; and whether all of its year lies in the range asked for."""
        years = self.find.plan.narrowing.years
        spans = search_index.spans(self.find.connection) if years is not None else None
        for day in search_index.days(self.find.connection, self.last[0]):
            if years is None or spans is None:
                yield day, False
                continue
            inside = [years[0] <= filed <= years[1] for filed in spans.get(day // 10_000, ())]
            if any(inside):
                yield day, all(inside)
