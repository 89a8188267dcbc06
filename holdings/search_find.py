"""Hits, newest first: what the index gives, compared with what is stored, one read of each. Nothing is told of that the
caller may not see, that is gone, held or superseded.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import apsw

from holdings import catalogue_held as held_rows
from holdings import catalogue_rows as rows
from holdings import search_index, search_records
from holdings.record import RowState
from holdings.search_document import Document
from holdings.search_index import RECORDS
from holdings.search_needle import View
from holdings.search_plan import Plan

LOOKED_AT_MAX: Final = 200_000  # candidates compared for one question: some two seconds; beyond, the answer says so
_END: Final = 1 << 62
_FIRST_BATCH, _BATCH = 24, 1_000


class Found(NamedTuple):
    """A hit: its id in the index, and what is known of it."""

    id: int
    document: Document


@dataclass(slots=True)
class Finder:
    """Finds the hits of one plan on one connection, inside one transaction of its caller. `table`: of the index that
    serves; blank: none is whole, all rows are walked. `looked` counts candidates; `partial`: there were too many."""

    connection: apsw.Connection
    plan: Plan
    table: str
    held: held_rows.Held
    looked: int = 0
    partial: bool = False

    def newest(self, below: int = _END, also: str = "") -> Iterator[Found]:
        """Hits with ids below one, newest first; `also` narrows what is asked of the index."""
        match = " AND ".join(part for part in (f"({self.plan.match})" if self.plan.match else "", also) if part)
        for batch in self._batches(self._ids(match, below)):
            self.looked += len(batch)
            yield from self._true(batch)
            if self.looked >= LOOKED_AT_MAX:
                self.partial = True
                return

    def given(self, ids: Iterable[int]) -> list[Found]:
        """Those of some ids that are hits, in the order given."""
        return list(self._true(list(ids)))

    def _ids(self, match: str, below: int) -> Iterator[int]:
        first = min(RECORDS, below)
        if self.held.below is not None:
            first = min(first, self.held.below)
        if match and self.table:
            if below > RECORDS:
                yield from search_index.candidates(self.connection, self.table, match, RECORDS, below)
            yield from search_index.candidates(self.connection, self.table, match, 0, first)
            return
        if below > RECORDS:
            yield from self._walked_records(below)
        at = first
        while found := rows.before(self.connection, at, _BATCH):
            yield from found
            at = found[-1]

    def _walked_records(self, below: int) -> Iterator[int]:
        at = min(below - RECORDS, _END)
        while found := search_records.newest(self.connection, at, _BATCH):
            yield from (RECORDS + number for number in found)
            at = found[-1]

    @staticmethod
    def _batches(ids: Iterator[int]) -> Iterator[list[int]]:
        """A few first, for most questions want a few."""
        size, batch = _FIRST_BATCH, list[int]()
        for number in ids:
            batch.append(number)
            if len(batch) >= size:
                yield batch
                size, batch = min(size * 3, _BATCH), []
        if batch:
            yield batch

    def _true(self, ids: list[int]) -> Iterator[Found]:
        plan, access, holders = self.plan, self.plan.access, self.plan.narrowing.holders
        documents = self._documents(ids)
        whole, sure = access.is_whole, plan.sure and bool(self.table)
        narrowed = bool(plan.narrowing.filters) or plan.narrowing.years is not None
        for number in ids:
            document = documents.get(number)
            if document is None or not (whole or access.allows(document.facts(holders))):
                continue
            if narrowed and not plan.narrowing.lets(document):
                continue
            if sure or View(document, functools.partial(self.pages, number)).has(plan.node):
                yield Found(number, document)

    def pages(self, number: int) -> str:
        """The folded texts of pages of a record; blank for a row."""
        return search_records.folded(self.connection, number - RECORDS) if number > RECORDS else ""

    def _documents(self, ids: list[int]) -> dict[int, Document]:
        """Those that stand and are nobody's secret: rows for which a record stands are told of as records."""
        found: dict[int, Document] = {}
        of_rows = [number for number in ids if number < RECORDS]
        if of_rows:
            for row in rows.full_of(self.connection, of_rows):
                if row.state == RowState.STANDS.value and not row.linked and row.sheet not in self.held.sheets:
                    found[row.id] = rows.document(row)
        if len(of_rows) < len(ids):
            numbers = [number - RECORDS for number in ids if number > RECORDS]
            known = search_records.documents(self.connection, numbers)
            found |= {RECORDS + number: document for number, document in known.items()}
        return found


def finder(connection: apsw.Connection, plan: Plan) -> Finder:
    """A finder on a connection."""
    return Finder(connection, plan, search_index.state(connection).serving, held_rows.held(connection))
