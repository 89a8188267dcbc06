"""Hits, newest first: what the index gives, compared with what is stored, one read of each. Nothing is told of that the
caller may not see, that is gone, held or superseded.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import apsw
from msgspec import Struct

from holdings import catalogue_rows as rows
from holdings import search_index, search_records
from holdings.catalogue_held import Held
from holdings.search_document import Document, Telling, day_of, of_stored
from holdings.search_era import years_of
from holdings.search_fold import BREAK
from holdings.search_ground import Ground, by_era, ground
from holdings.search_index import RECORDS, Arm
from holdings.search_needle import Node, View, is_told, may_be
from holdings.search_plan import Plan, among, are_asked

LOOKED_AT_MAX: Final = 200_000  # candidates compared for one question: some two seconds; beyond, the answer says so
VAIN_MAX: Final = (
    6_000  # candidates compared in vain, beyond what the hits among them are worth: some 100 ms; beyond, the same
)
WORTH: Final = 10  # so many in vain a hit is worth: who finds goes on
_END: Final = 1 << 62
FIRST: Final = 24
_BATCHES: Final = (FIRST, 80, 240, 680)  # most questions want twenty hits, others a thousand and one
_BATCH: Final = 1_000


class Found(NamedTuple):
    """A hit: its id in the index, and what is known of it; None: not read yet (`Finder.read`). `view`: as it was compared, with what
    was folded for that."""

    id: int
    known: Document | None
    view: View | None = None

    @property
    def document(self) -> Document:
        """What is known of it, once it was read."""
        assert self.known is not None
        return self.known


class Finder(Struct):
    """Finds the hits of one plan on one connection, inside one transaction of its caller. `table`: of the index that
    serves; blank: none is whole, all rows are walked.
    `reads`: so many hits will be read, so they are at once. `looked` counts candidates, `vain` those that were compared in vain, less
    what hits are worth, `poor`: the last were mostly so; `partial`: there were too many; `known`: parts that were made out once."""

    connection: apsw.Connection
    plan: Plan
    table: str
    ground: Ground
    reads: int = 0
    looked: int = 0
    vain: int = 0
    poor: bool = False
    partial: bool = False
    known: Mapping[int, list[int]] | None = None

    def newest(self, below: int = _END) -> Iterator[Found]:
        """Hits with ids below one, newest first."""
        return self.hits(self.candidates(below))

    def hits(self, ids: Iterator[int], *, doubtful: bool = False) -> Iterator[Found]:
        """The hits among candidates of this plan, in their order; `doubtful`: the index was asked for less than the plan says."""
        for batch in self._batches(ids):
            self.looked += len(batch)
            hits = 0
            for one in self._compared(batch) if doubtful else self._true(batch):
                hits += 1
                yield one
            if self.table and (doubtful or not self.plan.sure):
                self.vain += len(batch) - hits - WORTH * hits
                self.poor = 2 * hits < len(batch)
            if self.spent:
                self.partial = True
                return

    @property
    def spent(self) -> bool:
        """Whether so many were looked at that no more are."""
        return self.looked >= LOOKED_AT_MAX or self.vain >= VAIN_MAX

    def candidates(self, below: int = _END) -> Iterator[int]:
        """Ids below one that may be hits, newest first."""
        return self._walked(below) if self.walks else self.of(self.arms(), below)

    @property
    def walks(self) -> bool:
        """Whether the index can say nothing, and all is walked."""
        return not self.table or (self.plan.match is None and not self._by_years)

    @property
    def _by_years(self) -> bool:
        return self.plan.narrowing.years is not None and are_asked(self.plan.narrowing.years)

    @property
    def held(self) -> Held:
        """Rows that nobody is told of."""
        return self.ground.held

    @property
    def filed(self) -> Mapping[int, set[int]]:
        """By the year of a date, in which years what bears it was filed."""
        return self.ground.filed

    def eras(self) -> Mapping[int, list[int]]:
        """Parts of the index in which candidates may be, latest first, with the years of dates in each, latest first."""
        if self.known is not None:
            return self.known
        if self._by_years:
            self.known = by_era([year for year in sorted(self.filed, reverse=True) if self._wanted(self.filed[year])])
        else:
            self.known = self.ground.eras
        return self.known

    def arms(self) -> list[Arm]:
        """What each part of the index is asked."""
        return [(era, match) for era in self.eras() if (match := self.asked(era))]

    def asked(self, era: int) -> str:
        """What one part is asked; blank: it can say nothing."""
        if not self._by_years:
            return self.plan.match or ""
        among_them = years_of(era)
        return self._asked(self.plan.match, [year for year in self.filed if year in among_them])

    def arm(self, era: int, year: int, also: str) -> list[Arm]:
        """What one part is asked for what has a token of filters besides that says of what year its date is."""
        asked = self._asked(self.plan.streamed, [year])
        return [(era, f"({asked}) AND {also}" if asked else also)]

    def _asked(self, match: str | None, years: Iterable[int]) -> str:
        """A query, narrowed to the years of filing that are asked for where dates of some years do not say as much."""
        if not self._by_years:
            return match or ""
        filed = set[int]().union(*(self.filed[year] for year in years))
        wanted = self._wanted(filed)
        return match if match and wanted == filed else among(match, wanted)

    def _wanted(self, filed: set[int]) -> set[int]:
        years = self.plan.narrowing.years
        assert years is not None
        return {year for year in filed if years[0] <= year <= years[1]}

    def first(self, limit: int, arms: Sequence[Arm]) -> list[int]:
        """The newest that some arms give, at most so many."""
        found = list[int]()
        for between in self._reaches(_END):
            found += search_index.first(self.connection, self.table, arms, between, limit - len(found))
        return found

    def of(self, arms: Sequence[Arm], below: int = _END) -> Iterator[int]:
        """Ids below one that some arms give, newest first."""
        for between in self._reaches(below):
            yield from search_index.candidates(self.connection, self.table, arms, between)

    def dated(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """(day, id) of those of some ids that stand."""
        of_rows = [number for number in ids if number < RECORDS]
        stand = rows.standing(self.connection, of_rows, self.held.sheets, "date")
        found = [(day_of(date), number) for number, date in stand.items()]
        of_records = [number - RECORDS for number in ids if number > RECORDS]
        if of_records:
            known = search_records.documents(self.connection, of_records)
            found += [(document.day, RECORDS + number) for number, document in known.items()]
        return found

    def read(self, found: Iterable[Found]) -> list[Found]:
        """Hits with all that is known of them."""
        known = list(found)
        if all(one.known is not None for one in known):
            return known
        missing = self._documents([one.id for one in known if one.known is None])
        return [one if one.known is not None else Found(one.id, missing[one.id]) for one in known]

    def given(self, ids: Iterable[int]) -> list[Found]:
        """Those of some ids that are hits, in the order given and read. They come from elsewhere: all is compared."""
        return self.read(self._compared(list(ids)))

    def _walked(self, below: int) -> Iterator[int]:
        if below > RECORDS:
            yield from self._walked_records(below)
        at = self._reaches(below)[-1][1]
        while found := rows.before(self.connection, at, _BATCH):
            yield from found
            at = found[-1]

    def _reaches(self, below: int) -> list[tuple[int, int]]:
        """Between which ids records and rows lie, records first, without those that an import holds; one question where it can be."""
        if self.held.below is None:
            return [(0, below)]
        rows_below = (0, min(RECORDS, below, self.held.below))
        return [(RECORDS, below), rows_below] if below > RECORDS else [rows_below]

    def _walked_records(self, below: int) -> Iterator[int]:
        at = min(below - RECORDS, _END)
        while found := search_records.newest(self.connection, at, _BATCH):
            yield from (RECORDS + number for number in found)
            at = found[-1]

    @staticmethod
    def _batches(ids: Iterator[int]) -> Iterator[list[int]]:
        """A few first, for most questions want a few."""
        for size in itertools.chain(_BATCHES, itertools.repeat(_BATCH)):
            batch = list(itertools.islice(ids, size))
            if not batch:
                return
            yield batch

    def _true(self, ids: list[int]) -> Iterator[Found]:
        """What the index gave: where that says all, it must only stand."""
        if not (self.plan.sure and self.table):
            yield from self._compared(ids)
            return
        if self.reads >= self.looked:
            documents = self._documents(ids)
            yield from (Found(number, documents[number]) for number in ids if number in documents)
            return
        standing = self._standing(ids)
        yield from (Found(number, None) for number in ids if number in standing)

    def _compared(self, ids: list[int]) -> Iterator[Found]:
        plan, access, holders = self.plan, self.plan.access, self.plan.narrowing.holders
        if plan.worded and self.table and (self.reads <= _BATCHES[1] or self.poor):
            yield from self._by_titles(ids)
            return
        documents = self._documents(ids, plan.node if self.poor else None)
        whole = access.is_whole
        narrowed = bool(plan.narrowing.filters) or plan.narrowing.years is not None
        for number in ids:
            document = documents.get(number)
            if document is None or not (whole or access.allows(document.facts(holders))):
                continue
            if narrowed and not plan.narrowing.lets(document):
                continue
            view = View(document, functools.partial(self.pages, number))
            if view.has(plan.node):
                yield Found(number, document, view)

    def _by_titles(self, ids: list[int]) -> Iterator[Found]:
        """Those that the words alone decide about: most are in the title, and the rest of a row is not looked at."""
        of_rows = [number for number in ids if number < RECORDS]
        stand = rows.standing(self.connection, of_rows, self.held.sheets, "title")
        node = self.plan.node
        true = {number for number, title in stand.items() if is_told(node, title)}
        rest = [number for number in ids if number not in true and (number in stand or number > RECORDS)]
        documents = self._documents(rest, node)
        for number in ids:
            if number in true:
                yield Found(number, None)
            elif (one := documents.get(number)) and View(one, functools.partial(self.pages, number)).has(node):
                yield Found(number, one)

    def pages(self, number: int) -> str:
        """The folded texts of pages of a record; blank for a row."""
        return search_records.folded(self.connection, number - RECORDS) if number > RECORDS else ""

    def _standing(self, ids: list[int]) -> set[int]:
        """Those that stand, when the index has said all the rest."""
        of_rows = [number for number in ids if number < RECORDS]
        found = set(rows.standing(self.connection, of_rows, self.held.sheets, "date"))
        of_records = [number - RECORDS for number in ids if number > RECORDS]
        if of_records:
            found |= {RECORDS + number for number in search_records.documents(self.connection, of_records)}
        return found

    def _documents(self, ids: list[int], node: Node | None = None) -> dict[int, Document]:
        """Those that stand and are nobody's secret: rows for which a record stands are told of as records; `node`: without rows of
        which it is plain that they do not fulfil it."""
        of_rows = [number for number in ids if number < RECORDS]
        told = rows.telling(self.connection, of_rows, self.held.sheets)
        if node is not None:
            told = [one for one in told if _may_be(node, one)]
        found = of_stored(told, rows.names_of)
        if len(of_rows) < len(ids):
            numbers = [number - RECORDS for number in ids if number > RECORDS]
            known = search_records.documents(self.connection, numbers)
            found |= {RECORDS + number: document for number, document in known.items()}
        return found


def _may_be(node: Node, row: Telling) -> bool:
    """False: it is plain that a row does not fulfil it. A backslash stands for some character that is not looked at here."""
    _, _, code, _, elements, _, title, _, _ = row
    return "\\" in elements or "\n" in title or may_be(node, title, elements + BREAK + code)


def finder(connection: apsw.Connection, plan: Plan) -> Finder:
    """A finder on a connection."""
    known = ground(connection)
    return Finder(connection, plan, known.state.serving, known)
