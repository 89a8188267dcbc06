"""A search's answer as JSON (DESIGN §7): what commands, local APIs and the hub's API give; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdings import name_sound
from holdings.search_answer import FacetCounts, Hit, SearchAnswer
from holdings.search_request import Both, Either, Query, SearchRequest, Sound, Without, Word, read_query

Told = dict[str, Any]
_KEYS_TOLD: Final = 8


def told(answer: SearchAnswer, milliseconds: float) -> Told:
    """`hits`, `total`, `capped` (total is a lower bound), `milliseconds`, `facets`, `cursor` of the next page (blank: there is
    none), `notes`: sentences for the person who asked."""
    return {
        "hits": [told_hit(one) for one in answer.hits],
        "total": answer.count.value,
        "capped": answer.count.capped,
        "milliseconds": round(milliseconds, 1),
        "facets": [_facet(one) for one in answer.facets],
        "cursor": answer.cursor,
        "notes": list(answer.notes),
    }


def told_hit(hit: Hit) -> Told:
    """One hit. `id`: its number in the index, good for a reader's link within this site; `marks`: [start, end] in characters of
    `snippet`, which is of `field`, and of `page` where that is the text;
    `images`: whether there is a record with pages behind the row."""
    return {
        "id": hit.id, "ref": hit.ref, "title": hit.title, "level": hit.level.label, "date": hit.date, "score": round(hit.score, 3),
        "snippet": hit.snippet.text, "marks": [list(mark) for mark in hit.snippet.marks], "field": _shown(hit), "heard": hit.heard,
        "page": hit.page, "body": hit.body, "number": hit.number, "fonds": hit.fonds, "year": hit.year or None,
        "retention": hit.retention, "security": hit.security, "opening": hit.opening, "holder": hit.holder,
        "images": hit.record is not None,
    }  # fmt: skip


def _shown(hit: Hit) -> str:
    """What the snippet is of: a field, or the names of persons."""
    of_names = bool(hit.heard) and hit.snippet.text == "、".join(hit.names)[: len(hit.snippet.text)]
    return "姓名" if of_names else hit.field.label


def _facet(one: FacetCounts) -> Told:
    values = [{"value": value, "count": count} for value, count in one.values]
    return {"facet": one.facet.label, "values": values, "of": one.of, "capped": one.capped}


def explained(request: SearchRequest, plan: Mapping[str, str]) -> Told:
    """How a search was understood and carried out (--explain): `read` is the query as it was read, `narrowed` what the hits
    were narrowed to, `plan` what the index was asked."""
    narrowed = {facet.label: list(values) for facet, values in request.filters.items()}
    if request.years is not None:
        narrowed["年度"] = [f"{request.years[0]}..{request.years[1]}"]
    return {
        "read": described(read_query(request.text).query),
        "mode": request.mode.value,
        "sort": request.sort.value,
        "narrowed": narrowed,
        "plan": dict(plan),
    }


def described(query: Query) -> str:
    """A query in words, as it was read."""
    match query:
        case Word():
            where = f"{query.field.label}中" if query.field else ""
            how = "以“{}”开头的字词" if query.prefix else "连写的“{}”" if query.phrase else "“{}”"
            return f"{where}有{how.format(query.text)}"
        case Sound():
            want = name_sound.asked(query.text, fuzzy=query.fuzzy)
            keys = "、".join((*want.sounds, *want.letters)[:_KEYS_TOLD]) or "读不出音"
            return f"姓名与“{query.text}”{'近音' if query.fuzzy else '同音'}（{keys}）"
        case Without():
            return f"没有（{described(query.part)}）"
        case Either():
            return " 或 ".join(_bracketed(part) for part in query.parts)
        case Both():
            return " 且 ".join(_bracketed(part) for part in query.parts) or "全部"


def _bracketed(query: Query) -> str:
    return f"（{described(query)}）" if isinstance(query, Both | Either) else described(query)
