"""The answer to a search by meaning, or by meaning and words both: what `holdings.search` hands over.

Words alone count and page without end; by meaning there is a list of the nearest, at most two hundred, and no count: what is
far is no hit, and nothing says where near ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import apsw
from msgspec.structs import replace

from holdings import catalogue_sheets as sheets
from holdings import meaning_ranking, search_hit, text_store
from holdings import meaning_sources as sources
from holdings.access import Access
from holdings.catalogue_line import sort_key
from holdings.errors import MeaningOff
from holdings.meaning_embedder import Stage, model_of
from holdings.meaning_ranking import Candidate
from holdings.meaning_search import Found, Nearest
from holdings.reference_code import match_key
from holdings.search import VALUES_TOLD, search
from holdings.search_answer import Count, FacetCounts, Hit, SearchAnswer
from holdings.search_document import Document
from holdings.search_fold import BREAK
from holdings.search_needle import View
from holdings.search_request import LIMIT_MAX, Field, Mode, SearchRequest, Sort
from holdings.text_store import StoredText
from sync.errors import SandboxError

_CURSOR: Final = "m."
NEAR: Final = "按意思相近排列，不一定含有所查的字词"


class Meaning:
    """Search by meaning over one database. Usable from several threads; the worker's memory is shared by all questions."""

    def __init__(self, nearest: Nearest | None = None) -> None:
        self.nearest = nearest or Nearest()

    def close(self) -> None:
        """End the worker; a question starts another."""
        self.nearest.close()

    def answer(self, connection: apsw.Connection, access: Access, request: SearchRequest) -> SearchAnswer:
        """Answer a question in mode meaning or both. Where meaning is switched off, by words, and why is said in `notes`."""
        try:
            with connection:  # one state of the database for the whole answer
                found = self.nearest.candidates(connection, access, request)
                answer = _told(connection, access, request, found)
        except (MeaningOff, SandboxError) as fault:
            plain = search(connection, access, replace(request, mode=Mode.WORDS))
            return replace(plain, notes=(*plain.notes, f"{fault}"))
        return answer


def _told(connection: apsw.Connection, access: Access, request: SearchRequest, found: Found) -> SearchAnswer:
    holders = sheets.holder_names(connection)
    by_words = _by_words(connection, access, request)
    exact = {one.id: one for one in by_words.hits}
    near = {one.subject: one for one in found.candidates}
    order = meaning_ranking.promoted(list(exact), found.candidates)
    hits = {**{number: _near(found.documents[number], one, holders) for number, one in near.items()}, **exact}
    order = _sorted(order, hits, request.sort)
    start, limit = _start(request.cursor), max(0, min(request.limit, LIMIT_MAX))
    page = [_scored(hits[number], near.get(number)) for number in order[start : start + limit]]
    following = f"{_CURSOR}{start + limit}." if limit and start + limit < len(order) else ""
    return SearchAnswer(
        tuple(_with_passage(connection, one, near.get(one.id)) for one in page),
        Count(max(len(order), by_words.count.value), capped=True),
        _facets(request, [hits[number] for number in order], found.documents, holders),
        following,
        (*by_words.notes, NEAR),
        {**by_words.plan, **_explained(found, exact)},
    )


def _by_words(connection: apsw.Connection, access: Access, request: SearchRequest) -> SearchAnswer:
    """What holds the words themselves, in mode both."""
    if request.mode is not Mode.BOTH:
        return SearchAnswer((), Count(0))
    wanted = replace(
        request, mode=Mode.WORDS, sort=Sort.RELEVANCE, limit=meaning_ranking.EXACT_MAX, cursor="", facets=()
    )
    return search(connection, access, wanted)


def _near(document: Document, one: Candidate, holders: Mapping[int, str]) -> Hit:
    return search_hit.hit(one.subject, document, View(document, str), (), holders)


def _scored(hit: Hit, one: Candidate | None) -> Hit:
    """Cosines are told as they are; what was found by words alone keeps the score of its words."""
    if one is None:
        return hit
    return replace(
        hit, score=round(max(0.0, min(1.0, one.order or one.likeness)), 4), nearness=one.likeness, order=one.order
    )


def _with_passage(connection: apsw.Connection, hit: Hit, one: Candidate | None) -> Hit:
    """Where a passage was nearest: its page, and its words."""
    if one is None or one.piece == 0 or hit.record is None or hit.snippet.marks:
        return hit
    passage = sources.passage(connection, one.subject, one.piece)
    pages: list[StoredText] = list(text_store.of_record(connection, hit.record))
    if passage is None or passage.page >= len(pages):
        return hit
    page = pages[passage.page]
    number = page.page + 1 if len({each.sha256 for each in pages}) == 1 else None
    shown = search_hit.snippet(passage.text, ())
    return replace(hit, snippet=shown, field=Field.TEXT, part=page.sha256, page=number)


def _start(cursor: str) -> int:
    """How many hits were told before; a cursor of another kind asks for the first page."""
    digits = cursor.removeprefix(_CURSOR).removesuffix(".")
    return int(digits) if cursor.startswith(_CURSOR) and digits.isdecimal() and len(digits) < 6 else 0


_KEYS: Final[dict[Sort, Callable[[Hit], Any]]] = {
    Sort.NEWEST: lambda hit: -hit.id,
    Sort.DATE: lambda hit: (_reversed(hit.date), -hit.id),
    Sort.CODE: lambda hit: sort_key(match_key(hit.ref.rpartition("/")[2].partition(BREAK)[0])),
}


def _reversed(date: str) -> tuple[int, ...]:
    """Later days first, what has none last."""
    return tuple(-ord(char) for char in date) or (1,)


def _sorted(order: Sequence[int], hits: Mapping[int, Hit], sort: Sort) -> list[int]:
    key = _KEYS.get(sort)
    return list(order) if key is None else sorted(order, key=lambda number: key(hits[number]))


def _facets(
    request: SearchRequest, hits: Sequence[Hit], documents: Mapping[int, Document], holders: Mapping[int, str]
) -> tuple[FacetCounts, ...]:
    """Counted over what is near; a hit by words alone is not in it."""
    known = [documents[hit.id] for hit in hits if hit.id in documents]
    told = []
    for facet in dict.fromkeys(request.facets):
        counts = Counter(value for one in known if (value := one.value(facet, holders)))
        values = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES_TOLD]
        told.append(FacetCounts(facet, tuple(values), len(known), capped=True))
    return tuple(told)


def _explained(found: Found, exact: Mapping[int, Hit]) -> dict[str, str]:
    names = [f"{model.name} {model.version}" if (model := model_of(stage)) else "无" for stage in Stage]
    return {
        "意思": f"{names[0]} 找出 {found.looked} 段，取最近的 {len(found.candidates)} 条",
        "重排": f"{names[1]} 重排 {found.ordered} 条",
        "提前": f"{len(exact)} 条含有所查字词",
    }
