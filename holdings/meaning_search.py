"""Search by meaning: what is nearest to a question among what the caller may see, put in order by the better model.

Sketches are scanned in the worker's memory; who may see what, and filters, are applied to what comes of it before the
ranking is cut, so that nothing hidden takes a place: the scan widens until enough is visible. A filter that leaves few is
asked of the search index first, and only those few are scanned.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import apsw
from msgspec import Struct

from holdings import catalogue_sheets as sheets
from holdings import meaning_sources as sources
from holdings import meaning_store as store
from holdings import search_find, search_plan, search_sample
from holdings.access import Access
from holdings.errors import MeaningOff
from holdings.meaning_embedder import Stage, absent, model_of
from holdings.meaning_ranking import Candidate, best_of_subjects, reordered
from holdings.meaning_text import question
from holdings.meaning_worker import Worker
from holdings.search_document import Document
from holdings.search_needle import looked_for
from holdings.search_plan import Narrowing
from holdings.search_request import EVERYTHING, Both, Either, Field, Query, SearchRequest, Word, read_query

POOL: Final = 400  # pieces that a scan begins with: of the true nearest hundred, 92 are among them
WIDER: Final = 4
ORDERED: Final = 200  # the likest, which the second model puts in order
FRESH: Final = 4  # of the likest: titles without a stored vector of the second model that get one for this question
FEW: Final = 20_000  # entries up to which those that pass a filter are listed for the scan
_SAID: Final = (None, Field.TITLE, Field.TEXT, Field.KEYWORDS)


class Found(Struct, frozen=True):
    """The candidates of a question, best first, with what is known of each. `looked`: pieces that were looked at; `ordered`:
    candidates that the second model knew."""

    candidates: tuple[Candidate, ...]
    documents: Mapping[int, Document]
    looked: int
    ordered: int


class Nearest:
    """Finds what is nearest in meaning. Usable from several threads.

    Args:
        reorders: is the second model asked?
    """

    def __init__(self, worker: Worker | None = None, *, reorders: bool = True) -> None:
        self.worker, self._reorders = worker or Worker(), reorders

    def close(self) -> None:
        """End the worker."""
        self.worker.close()

    def candidates(self, connection: apsw.Connection, access: Access, request: SearchRequest) -> Found:
        """At most ORDERED subjects that the caller may see and that pass the request's filters and conditions, best first.

        Raises:
            MeaningOff: no model, no vector yet, or nothing of the request says what is meant.
        """
        text, condition = parted(read_query(request.text).query)
        model = _in_use(connection, Stage.CANDIDATES)
        if model is None:
            raise MeaningOff(
                absent() or "按意思检索尚未就绪：向量还没有生成。请稍后再试，或执行 meaning run；按字词检索不受影响。"
            )
        if not text:
            raise MeaningOff("按意思检索须写出要找的内容；只有档号、文号或筛选条件时请按字词检索（--mode words）。")
        finder = search_find.finder(connection, _plan(connection, access, request, condition))
        numbers, documents = self._visible(connection, model, text, finder)
        stored = store.vectors(connection, model, numbers)
        likeness = self.worker.compare(Stage.CANDIDATES, text, (vector for _, vector in stored))
        pieces = (
            (number >> store.SHIFT, number % store.PIECES, like)
            for (number, _), like in zip(stored, likeness, strict=True)
        )
        best = best_of_subjects(pieces)[:ORDERED]
        orders = self._orders(connection, text, best)
        ranked = tuple(reordered(best, orders))
        return Found(ranked, {one.subject: documents[one.subject] for one in ranked}, len(numbers), len(orders))

    def _visible(
        self, connection: apsw.Connection, model: int, text: str, finder: search_find.Finder
    ) -> tuple[list[int], dict[int, Document]]:
        """Numbers of the likest pieces of subjects that are hits of the finder's plan, and what is known of those subjects."""
        among, count = _few(finder), POOL
        while True:
            numbers = self.worker.scan(connection, model, text, count, among)
            subjects = list(dict.fromkeys(number >> store.SHIFT for number in numbers))
            documents = {one.id: one.document for one in finder.given(subjects)}
            kept = [number for number in numbers if number >> store.SHIFT in documents]
            # Widened as well while a record of many pages fills the places of all others.
            if len(numbers) < count or (len(kept) >= POOL // 2 and len(documents) >= POOL // 8):
                return kept, documents
            count *= WIDER

    def _orders(self, connection: apsw.Connection, text: str, best: Sequence[Candidate]) -> dict[int, float]:
        """The second model's word on titles: stored vectors, and a few made for this question."""
        model = _in_use(connection, Stage.ORDER)
        if model is None or not self._reorders:
            return {}
        titles = [one.subject for one in best if one.piece == 0]
        stored = store.orders(connection, model, (subject << store.SHIFT for subject in titles))
        known = [number >> store.SHIFT for number, _ in stored]
        among = set(known)
        lacking = [subject for subject in titles[:FRESH] if subject not in among]
        fresh = sources.titles(connection, lacking)
        said = self.worker.compare(Stage.ORDER, text, (vector for _, vector in stored), [one.text for one in fresh])
        return dict(zip([*known, *(one.subject for one in fresh)], said, strict=True))


def parted(query: Query) -> tuple[str, Query]:
    """What of a query says what is meant, and what is a condition: words of other fields, and what must not be there."""
    parts = query.parts if isinstance(query, Both) else (query,)
    said = [one for one in parts if _says(one)]
    rest = tuple(one for one in parts if not _says(one))
    text = " ".join(word for one in said for word in _words(one))
    return question(text), Both(rest) if rest else EVERYTHING


def _says(query: Query) -> bool:
    if isinstance(query, Word):
        return query.field in _SAID
    return isinstance(query, Both | Either) and query != EVERYTHING and all(map(_says, query.parts))


def _words(query: Query) -> list[str]:
    if isinstance(query, Word):
        return [query.text]
    return [word for part in query.parts for word in _words(part)] if isinstance(query, Both | Either) else []


def _in_use(connection: apsw.Connection, stage: Stage) -> int | None:
    """The number of the installed model, when vectors are of it."""
    model = model_of(stage)
    return None if model is None else store.number_of(connection, stage, model)


def _plan(connection: apsw.Connection, access: Access, request: SearchRequest, condition: Query) -> search_plan.Plan:
    narrowed: Narrowing = search_plan.narrowing(request.filters, request.years, sheets.holder_names(connection))
    return search_plan.plan(looked_for(condition), narrowed, access, search_sample.sample(connection).share)


def _few(finder: search_find.Finder) -> list[int] | None:
    """Entries that may pass, by the index alone, when they are few; None when they are many."""
    if finder.walks:
        return None
    ids = list(itertools.islice(finder.candidates(), FEW + 1))
    return ids if len(ids) <= FEW else None
