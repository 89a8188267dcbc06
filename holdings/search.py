"""Search: what a caller may see of catalogue and records, by words, filters and facets; at a node and in the vault alike.

The index gives candidates, `search_find` compares them with what is stored, this module orders, counts and cuts them into
pages. One question is one read of the database as it stood when it began.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import (
    lineage,
    search_dates,
    search_find,
    search_fold,
    search_hit,
    text_store,
)
from holdings.access import Access
from holdings.catalogue_line import sort_key
from holdings.reference_code import CODE_MAX, match_key
from holdings.search_answer import Count, FacetCounts, Hit, SearchAnswer
from holdings.search_document import Document
from holdings.search_era import STARTS
from holdings.search_find import Finder, Found, finder
from holdings.search_ground import ground
from holdings.search_index import Arm
from holdings.search_needle import All, Heard, Needle, View, looked_for, names_heard, needle, needles
from holdings.search_plan import Plan, narrowing, plan
from holdings.search_request import (
    LIMIT_MAX,
    Both,
    Either,
    Field,
    Mode,
    Query,
    SearchRequest,
    Sort,
    Without,
    Word,
    read_query,
)  # fmt: skip

COUNT_CAP: Final = 1_000  # hits counted; above, the count is a lower bound
SCORED: Final = 1_000  # newest hits that are put in the order of relevance
FACETED: Final = 2_000  # newest hits that facets are counted over
WALKED: Final = 2_000  # rows looked at for counts, facets and order where the index cannot help: a single frequent sign
VALUES_TOLD: Final = 100  # values of one facet, the most frequent
BY_CODE: Final = 20_000  # newest hits that are sorted by code, or without an index by date


class _Cursor(Struct, frozen=True):
    """Where a page ends: by what order, id and key of its last hit."""

    kind: str
    id: int
    key: str = ""

    @property
    def text(self) -> str:
        return f"{self.kind}.{self.id}.{self.key}"

    @staticmethod
    def read(text: str) -> _Cursor | None:
        """A cursor that was given back; None when it is none of ours: the first page then."""
        kind, _, rest = text[:400].partition(".")
        number, _, key = rest.partition(".")
        if kind not in _KINDS or not number.isdecimal() or len(number) > 18:
            return None
        if kind in "rd" and not (key.isdecimal() and len(key) <= 8):
            return None
        return _Cursor(kind, int(number), key)


_KINDS: Final = frozenset("rndc")
_Place = Callable[[Found], _Cursor]


class Meaning(Protocol):
    """Answers by meaning (holdings/meaning_answer.py)."""

    def answer(self, connection: apsw.Connection, access: Access, request: SearchRequest) -> SearchAnswer:
        """Answer a question in mode meaning or both; by words where it cannot."""


class _Asked(Struct):
    """A question under way."""

    request: SearchRequest
    finder: Finder
    needles: tuple[Needle, ...]
    heard: tuple[Heard, ...]
    notes: list[str]

    @property
    def limit(self) -> int:
        return max(0, min(self.request.limit, LIMIT_MAX))


def search(
    connection: apsw.Connection, access: Access, request: SearchRequest, meaning: Meaning | None = None
) -> SearchAnswer:
    """Answer a question of a caller whose access is given. A blank text without any filter finds nothing.

    Never an error for what somebody typed; what was left out is said in `notes`.
    """
    if request.mode is not Mode.WORDS and meaning is not None:
        return meaning.answer(connection, access, request)
    with connection:  # one state of the database for the whole answer
        answer = _asked(connection, access, request)
    return answer  # noqa: RET504  # to mypy a block under a context manager may not return


def _asked(connection: apsw.Connection, access: Access, request: SearchRequest) -> SearchAnswer:
    read = read_query(request.text)
    notes = list(read.notes)
    node = looked_for(_with_former(connection, read.query))
    if node == All(()) and not request.filters and request.years is None:
        return SearchAnswer((), Count(0), notes=tuple(notes))
    known = ground(connection)
    narrowed = narrowing(request.filters, request.years, known.holders)
    planned = plan(node, narrowed, access, known.sample.share)
    asked = _Asked(request, finder(connection, planned), tuple(needles(node)), tuple(names_heard(node)), notes)
    _say_state(asked)
    return _answer(asked)


def fetch(connection: apsw.Connection, access: Access, ids: Sequence[int]) -> list[Hit]:
    """Rows and records by their ids in the index, those alone that stand and the caller may see."""
    with connection:
        holders = ground(connection).holders
        everything = Plan(None, All(()), narrowing({}, None, holders), access, sure=False)
        found = finder(connection, everything)
        hits = [search_hit.hit(one.id, one.document, _view(found, one), (), holders) for one in found.given(ids)]
    return hits  # noqa: RET504  # as above


def _with_former(connection: apsw.Connection, query: Query) -> Query:
    """A word that is a code some row had before is looked for under its code now, too."""
    if isinstance(query, Word):
        if query.field not in (None, Field.CODE) or query.prefix or not any(map(str.isdigit, query.text)):
            return query
        became = lineage.row_became(connection, match_key(query.text[:CODE_MAX]))
        return Either((query, Word(became, Field.CODE))) if became else query
    if isinstance(query, Both | Either):
        return replace(query, parts=tuple(_with_former(connection, part) for part in query.parts))
    return replace(query, part=_with_former(connection, query.part)) if isinstance(query, Without) else query


def _say_state(asked: _Asked) -> None:
    now = asked.finder.ground.state
    if not now.serving:
        asked.notes.append("检索索引还没有建好：逐条比对，会慢；重建完成后恢复")
    elif now.fold and now.fold != search_fold.version():
        asked.notes.append("检索索引由另一版程序建立，可能有漏检；请重建索引")


def _answer(asked: _Asked) -> SearchAnswer:
    request = asked.request
    if request.mode is not Mode.WORDS:
        asked.notes.append("按意思查没有启用，只按字词查")
    cursor = _Cursor.read(request.cursor)
    counted = max(COUNT_CAP + 1 if request.counted else 0, FACETED + 1 if request.facets else 0)
    if cursor is None and request.sort in (Sort.NEWEST, Sort.RELEVANCE):
        counted = max(counted, asked.limit + 1 if request.sort is Sort.NEWEST else SCORED + 1)
    asked.finder.reads = _read(asked)
    head, capped = _gathered(asked, counted)
    page, following = _page(asked, cursor, head)
    page = asked.finder.read(page)
    return SearchAnswer(
        tuple(_hits(asked, page)),
        _count(asked, head, capped=capped),
        _facets(asked, head, capped=capped),
        following,
        _notes(asked),
        _told(asked),
    )


def _read(asked: _Asked) -> int:
    """How many of the first hits will be read whatever else is done with them."""
    few = asked.limit + search_find.FIRST if asked.limit and not asked.request.counted else 0
    return FACETED if asked.request.facets else SCORED if asked.request.sort is Sort.RELEVANCE else few


def _page(asked: _Asked, cursor: _Cursor | None, head: list[Found]) -> tuple[list[Found], str]:
    if asked.request.sort is Sort.DATE:
        return _by_date(asked, cursor)
    if asked.request.sort is Sort.CODE:
        return _by_code(asked, cursor)
    if asked.request.sort is Sort.RELEVANCE and (cursor is None or cursor.kind == "r"):
        return _by_relevance(asked, cursor, head)
    found = head if cursor is None else asked.finder.newest(cursor.id)
    return _cut(asked, list(itertools.islice(found, asked.limit + 1)), lambda one: _Cursor("n", one.id))


def _cut(asked: _Asked, found: list[Found], place: _Place) -> tuple[list[Found], str]:
    """A page, and where the next one begins."""
    if len(found) <= asked.limit or not asked.limit:
        return found[: asked.limit], ""
    return found[: asked.limit], place(found[asked.limit - 1]).text


def _by_relevance(asked: _Asked, cursor: _Cursor | None, head: list[Found]) -> tuple[list[Found], str]:
    """The newest thousand in the order of how well they answer; behind them the rest as it came in."""
    if cursor is None:
        window = head[: SCORED + 1]
    else:
        window = list(itertools.islice(asked.finder.newest(cursor.id + 1), SCORED + 1))
    more, window, start = len(window) > SCORED, window[:SCORED], int(cursor.key) if cursor is not None else 0
    if not window:
        return [], ""
    ranked = sorted(
        asked.finder.read(window),
        key=lambda one: (-search_hit.score(_view(asked.finder, one), asked.needles, asked.heard), -one.id),
    )
    page = ranked[start : start + asked.limit]
    if start + asked.limit < len(ranked):
        return page, _Cursor("r", window[0].id, str(start + asked.limit)).text
    return page, _Cursor("n", window[-1].id).text if more and asked.limit else ""


def _by_date(asked: _Asked, cursor: _Cursor | None) -> tuple[list[Found], str]:
    """Latest first."""
    last = (int(cursor.key), cursor.id) if cursor is not None else search_dates.END
    if asked.finder.table:
        # With what it may look at untouched: the hits that were counted are others.
        dated = replace(asked.finder, looked=0, vain=0, partial=False)
        found = dated.read(itertools.islice(search_dates.latest(dated, last, asked.limit), asked.limit + 1))
        asked.finder.looked, asked.finder.partial = (
            max(asked.finder.looked, dated.looked),
            asked.finder.partial or dated.partial,
        )
    else:
        few = asked.finder.read(itertools.islice(asked.finder.newest(), BY_CODE))
        order = sorted(few, key=lambda one: (-one.document.day, -one.id))
        found = [one for one in order if (one.document.day, one.id) < last][: asked.limit + 1]
    return _cut(asked, found, lambda one: _Cursor("d", one.id, str(one.document.day)))


def _by_code(asked: _Asked, cursor: _Cursor | None) -> tuple[list[Found], str]:
    found = asked.finder.read(itertools.islice(asked.finder.newest(), BY_CODE + 1))
    if len(found) > BY_CODE:
        asked.notes.append(f"命中超过 {BY_CODE:,} 条，按档号排的只是其中最新的 {BY_CODE:,} 条；请加筛选条件")
    keyed = sorted((_code_key(one.document), one.id, one) for one in found[:BY_CODE])
    if cursor is not None:
        keyed = [one for one in keyed if one[:2] > (cursor.key, cursor.id)]
    page = [one for _, _, one in keyed[: asked.limit + 1]]
    return _cut(asked, page, lambda one: _Cursor("c", one.id, _code_key(one.document)))


def _code_key(document: Document) -> str:
    return sort_key(match_key(document.code.partition(search_fold.BREAK)[0]))


# ---------------------------------------------------------------------- the answer


def _view(find: Finder, one: Found) -> View:
    return one.view or View(one.document, lambda: find.pages(one.id))


def _hits(asked: _Asked, page: Sequence[Found]) -> Iterator[Hit]:
    holders = asked.finder.plan.narrowing.holders
    for one in page:
        hit = search_hit.hit(one.id, one.document, _view(asked.finder, one), asked.needles, holders, asked.heard)
        yield _in_pages(asked, hit) if hit.field is Field.TEXT else hit


def _in_pages(asked: _Asked, hit: Hit) -> Hit:
    """A match in the text of a page: which page, and the text around it."""
    assert hit.record is not None
    pages = list(text_store.of_record(asked.finder.connection, hit.record))
    one_part = len({page.sha256 for page in pages}) == 1
    for page in pages:
        text = page.text.replace("\n", " ")
        if any(one.is_in(search_fold.fold(text)) for one in asked.needles):
            shown = search_hit.snippet(text, asked.needles)
            return replace(hit, snippet=shown, part=page.sha256, page=page.page + 1 if one_part else None)
    return hit


def _gathered(asked: _Asked, counted: int) -> tuple[list[Found], bool]:
    """(the newest hits, whether there may be more): so many, or fewer where each row must be looked at."""
    find, head = asked.finder, list[Found]()
    least = asked.limit + 1 if asked.request.sort in (Sort.NEWEST, Sort.RELEVANCE) else 0
    for one in find.newest() if counted else ():
        head.append(one)
        if len(head) >= counted or (find.walks and find.looked >= WALKED and len(head) >= least):
            return head, True
    return head, find.partial


def _count(asked: _Asked, head: list[Found], *, capped: bool) -> Count:
    if not asked.request.counted:
        return Count(0, capped=True)
    if capped and len(head) <= COUNT_CAP and (other := _commoner(asked.finder)) is not None:
        least = sum(1 for _ in itertools.islice(other.newest(), COUNT_CAP))
        return Count(max(least, len(head)), capped=True)
    return Count(min(len(head), COUNT_CAP), capped or len(head) > COUNT_CAP)


def _commoner(find: Finder) -> Finder | None:
    """For a single frequent sign, what finds its commonest pair: there are at least as many hits as it has."""
    node, sample = find.plan.node, find.ground.sample
    if not isinstance(node, Needle) or len(node.text) != 1 or node.field is not None:
        return None
    pair = sample.follower(node.open) if node.open else None
    other = needle(Word(pair)) if pair else None
    if other is None:
        return None
    return replace(find, plan=plan(other, find.plan.narrowing, find.plan.access, sample.share), looked=0, partial=False)


def _facets(asked: _Asked, head: list[Found], *, capped: bool) -> tuple[FacetCounts, ...]:
    if not asked.request.facets:
        return ()
    holders, over = asked.finder.plan.narrowing.holders, asked.finder.read(head[:FACETED])
    capped, told = capped or len(head) > FACETED, []
    for facet in dict.fromkeys(asked.request.facets):
        counts = Counter(value for one in over if (value := one.document.value(facet, holders)))
        values = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES_TOLD]
        told.append(FacetCounts(facet, tuple(values), len(over), capped))
    return tuple(told)


def _notes(asked: _Asked) -> tuple[str, ...]:
    if asked.finder.partial:
        return (*asked.notes, f"只比对了最新的 {asked.finder.looked:,} 条；请加词或筛选条件")
    return tuple(asked.notes)


def _told(asked: _Asked) -> dict[str, str]:
    """How it was found, for --explain."""
    find = asked.finder
    return {
        "索引": "逐条比对" if find.walks else _said(find.arms()),
        "比对": f"{find.looked:,} 条" + ("" if not find.plan.sure else "（索引已足够，未逐字比对）"),
        "排序": asked.request.sort.value,
    }


def _said(arms: Sequence[Arm]) -> str:
    """What the parts of the index are asked, each query once."""
    asked: dict[str, list[str]] = {}
    for era, match in arms:
        asked.setdefault(match, []).append(str(STARTS[era] or "…"))
    if len(asked) == 1:
        return next(iter(asked))
    return "；".join(f"{'、'.join(reversed(starts))} 起：{match}" for match, starts in asked.items())
