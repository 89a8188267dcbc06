"""What commands and interfaces ask of search, at a node and in the vault alike: an answer with its explanation and with advice
where nothing was found, and suggestions while typing. Everything is asked with the caller's access, advice and suggestions too.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import apsw
from msgspec.structs import replace

from holdings import catalogue_rows as rows
from holdings import name_sound, records
from holdings.access import Access
from holdings.errors import NotFound
from holdings.person_names import is_person
from holdings.reference_code import CODE_MAX, match_key, ordering_key
from holdings.search import fetch, search
from holdings.search_answer import Count, Hit, SearchAnswer
from holdings.search_index import RECORDS
from holdings.search_request import Both, Mode, Query, SearchRequest, Sort, Sound, Word, read_query
from holdings.search_told import Told, explained, told
from holdings.suggest import Kind, Seen, Suggestion, last_word, place_of, suggestions

SAMPLE: Final = 80  # newest rows among which suggestions are counted
NAMES_SAMPLE: Final = 60
NAMES_TOLD: Final = 8
CODES_SAMPLE: Final = 10
CODES_LOOKED_AT: Final = 200  # of those that begin so, whatever the caller may see
_WORDS_TRIED: Final = 6  # words of a query that found nothing, each looked for alone

Monotonic = Callable[[], float]


class ByMeaning(Protocol):
    """What finds by meaning (holdings/meaning_answer.py), where a site has it."""

    def answer(self, connection: apsw.Connection, access: Access, request: SearchRequest) -> SearchAnswer:
        """Answer a question in mode meaning or both."""


def answer(
    connection: apsw.Connection,
    access: Access,
    request: SearchRequest,
    *,
    explain: bool = False,
    meaning: ByMeaning | None = None,
    clock: Monotonic = time.monotonic,
) -> Told:
    """The answer as JSON (holdings/search_told.py); `explain`: with `explain`; `instead`: sentences of what else to try, where
    nothing was found."""
    began = clock()
    if request.mode is Mode.WORDS or meaning is None:
        found = search(connection, access, request)
    else:
        found = meaning.answer(connection, access, request)
    result = told(found, (clock() - began) * 1000)
    if not found.hits and not request.cursor:
        result["instead"] = list(_instead(connection, access, request))
    if explain:
        result["explain"] = {
            **explained(request, found.plan),
            "hits": [{"ref": one.ref, "why": why(one)} for one in found.hits],
        }
    return result


def why(hit: Hit) -> str:
    """Why a hit was found: the field and what matched in it."""
    matched = "、".join(dict.fromkeys(hit.snippet.text[start:end] for start, end in hit.snippet.marks))
    if hit.heard:
        return f"姓名“{matched or '、'.join(hit.names)}”：{hit.heard}"
    where = f"第 {hit.page} 页全文" if hit.page is not None else hit.field.label
    if hit.nearness is not None:
        near = f"意思相近 {hit.nearness:.2f}" + (f"，精排 {hit.order:.2f}" if hit.order is not None else "")
        return f"{where}有“{matched}”，{near}" if matched else f"{where}{near}"
    return f"{where}有“{matched}”" if matched else f"{where}相符"


# ---------------------------------------------------------------------- nothing found


def _instead(connection: apsw.Connection, access: Access, request: SearchRequest) -> Iterator[str]:
    """What else to try, most telling first."""
    query = read_query(request.text).query
    narrowed = bool(request.filters or request.years)
    if narrowed and (many := _count(connection, access, replace(request, filters={}, years=None))).value:
        yield f"去掉筛选条件则有 {_many(many)}"
    for typed in _parts(query):
        many = _count(connection, access, replace(request, text=typed, filters={}, years=None))
        yield f"只查 {typed}：{_many(many) if many.value else '没有'}"
    if isinstance(query, Sound):
        many = _count(connection, access, SearchRequest(f'"{_quoted(query.text)}"'))
        yield f"按字词查（--by words）：{_many(many) if many.value else '没有'}"
        if not query.fuzzy:
            yield "连近音一起查（--by fuzzy）：n/l、zh/z、in/ing 等不分"
        return
    if (name := _name(query)) and (heard := _names(name, _heard(connection, access, name))):
        yield f"同音的姓名：{'、'.join(one for one, _ in heard[:NAMES_TOLD])}（--by sound）"
    if request.mode is Mode.WORDS:
        yield "换用更短的词，去掉引号，或按意思查（--mode meaning）"


def _many(count: Count) -> str:
    return f"{'至少 ' if count.capped else ''}{count.value:,} 条"


def _count(connection: apsw.Connection, access: Access, request: SearchRequest) -> Count:
    wanted = replace(request, sort=Sort.NEWEST, limit=1, cursor="", facets=(), counted=True, mode=Mode.WORDS)
    return search(connection, access, wanted).count


def _parts(query: Query) -> list[str]:
    """The words of a query that must all be there, as they would be typed alone, where there are several."""
    if not isinstance(query, Both):
        return []
    words = [one for one in query.parts if isinstance(one, Word)]
    return [_typed(one) for one in words[:_WORDS_TRIED]] if len(words) > 1 else []


def _typed(word: Word) -> str:
    plain = word.text if word.text.isalnum() and not word.phrase else f'"{_quoted(word.text)}"'
    return f"{word.field.label + ':' if word.field else ''}{plain}{'*' if word.prefix else ''}"


def _quoted(text: str) -> str:
    """What may stand between quotation marks."""
    return text.replace('"', " ")


def _name(query: Query) -> str:
    """What of a query may be a person's name."""
    return query.text if isinstance(query, Word) and query.field is None and is_person(query.text) else ""


def _heard(connection: apsw.Connection, access: Access, name: str) -> tuple[Hit, ...]:
    request = SearchRequest(f'同音:"{_quoted(name)}"', sort=Sort.NEWEST, limit=NAMES_SAMPLE, counted=False)
    return search(connection, access, request).hits


def _names(asked: str, hits: Iterable[Hit]) -> list[tuple[str, int]]:
    """The names of hits that sound like one, most alike first, then the most frequent; with how many hits have each."""
    found = Counter(name for hit in hits for name in hit.names)
    like = [(one, -many, name) for name, many in found.items() if (one := name_sound.likeness(asked, name)) is not None]
    return [(name, -many) for _, many, name in sorted(like)]


# ---------------------------------------------------------------------- while typing


def suggest(
    connection: apsw.Connection, access: Access, typed: str, limit: int = 10, *, clock: Monotonic = time.monotonic
) -> Told:
    """How the word being typed may go on: `suggestions` [{text, query, kind, rows}] (`query`: all that was typed, with the word
    completed), `milliseconds`. Counted among the newest rows that match and that the caller may see."""
    began = clock()
    before, word = last_word(typed)
    found = _suggested(connection, access, before, word, limit) if word else []
    told = [
        {"text": one.text, "query": _completed(before, one.text, one.kind), "kind": one.kind.label, "rows": one.rows}
        for one in found
    ]
    return {"suggestions": told, "milliseconds": round((clock() - began) * 1000, 1)}


def _suggested(connection: apsw.Connection, access: Access, before: str, word: str, limit: int) -> list[Suggestion]:
    star = "*" if word[-1:].isascii() and word[-1:].isalnum() else ""
    request = SearchRequest(f"{before}{word}{star}", sort=Sort.NEWEST, limit=SAMPLE, counted=False)
    seen = [_row(hit, word) for hit in search(connection, access, request).hits]
    spoken = len(name_sound.han(word)) > 1 or (word.isascii() and word.isalpha() and len(word) > 1)
    names = _names(word, _heard(connection, access, word)) if spoken else []
    return suggestions(word, seen, limit, _codes(connection, access, word), names)


def _completed(before: str, text: str, kind: Kind) -> str:
    """The whole query with the word completed; what has blanks or signs in it is quoted."""
    plain = text if text.isalnum() else '"' + text.replace('"', "") + '"'
    return f"{before}{plain}" if kind is not Kind.CODE else f"{before}档号:{plain}"


def _row(hit: Hit, word: str) -> Seen:
    at = place_of(hit.title, word)
    return Seen(hit.ref, hit.title, hit.body, (at,) if at >= 0 else (), in_body=place_of(hit.body, word) >= 0)


def _codes(connection: apsw.Connection, access: Access, word: str) -> list[str]:
    """Codes that begin with what looks like one."""
    if not any(map(str.isdigit, word)) or not any(map(str.isalpha, word)):
        return []
    return [hit.ref for hit in begun(connection, access, word)]


def begun(connection: apsw.Connection, access: Access, ref: str) -> list[Hit]:
    """Rows and records whose code begins so, in the order of codes, at most ten: what somebody may have meant."""
    key = match_key(ref[:CODE_MAX].rpartition("/")[2])
    if not any(map(str.isdigit, key)):
        return []
    numbers = [RECORDS + number for number in records.begun(connection, key, CODES_LOOKED_AT)]
    hits = fetch(connection, access, [*numbers, *rows.begun(connection, key, CODES_LOOKED_AT)])
    return sorted(hits, key=lambda hit: ordering_key(hit.ref.rpartition("/")[2]))[:CODES_SAMPLE]


def only_begun(connection: apsw.Connection, access: Access, ref: str, fault: NotFound) -> int:
    """The number of the one record whose code begins so; else NotFound, naming codes that do, or the fault itself."""
    found = begun(connection, access, ref)
    if len(found) == 1 and found[0].record is not None:
        return found[0].record
    if found:
        raise NotFound(f"没有“{ref}”这条档案；以它开头的有：{'、'.join(hit.ref for hit in found)}") from fault
    raise fault
