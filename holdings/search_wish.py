"""What commands and interfaces say of a search, in plain words, as a `SearchRequest`; pure.

Filters are `FIELD=VALUE` as people type them: 全宗=J023, 年度=1958..1962 or year=1958, 保管期限=永久, 姓名~音=王淑贞. What is not
understood is refused with the names there are: a filter left out by mistake would show too much.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeVar

from msgspec.structs import replace

from holdings.errors import SearchRefused
from holdings.expression import expression
from holdings.search_request import LIMIT_MAX, VALUES_MAX, Facet, Mode, SearchRequest, Sort, facet_named

FILTERS_MAX: Final = 64
SOUND: Final = ("姓名~音", "姓名~", "name~", "同音", "sound")
FUZZY: Final = ("姓名~近音", "name~~", "近音")
_YEARS: Final = expression(r"(\d{4})\s*(?:\.\.|-|—|–|~|至|到)\s*(\d{4})")
E = TypeVar("E", bound=Enum)


class By(Enum):
    """How the words of a query are taken."""

    WORDS = "words"
    SOUND = "sound"
    """As names of persons, by sound 同音."""
    FUZZY = "fuzzy"
    """By sound, and what ears confuse 近音."""


def request_of(
    query: str = "",
    *,
    mode: str = "words",
    by: str = "words",
    filters: Sequence[str] = (),
    sort: str = "relevance",
    limit: int = 20,
    cursor: str = "",
    facets: Sequence[str] = (),
) -> SearchRequest:
    """The request; SearchRefused names what is not understood and what there is instead."""
    if not 0 <= limit <= LIMIT_MAX:
        raise SearchRefused("条数应在 0 到 {most} 之间", most=LIMIT_MAX)
    how = _one_of(By, by, "查法")
    text = _by_sound(query, how) if how is not By.WORDS and query.strip() else query
    if len(filters) > FILTERS_MAX:
        raise SearchRefused("筛选条件至多 {most} 个", most=FILTERS_MAX)
    made = SearchRequest(
        text, _one_of(Mode, mode, "方式"), sort=_one_of(Sort, sort, "排序"), limit=limit, cursor=cursor,
        facets=tuple(dict.fromkeys(map(_facet, facets))),
    )  # fmt: skip
    for said in filters:
        made = _narrowed(made, said)
    return made


def _one_of(kind: type[E], said: str, what: str) -> E:
    for one in kind:
        if one.value == said:
            return one
    raise SearchRefused(
        f"没有{what}“{{said}}”；可用：{{known}}", said=said[:40], known="、".join(str(one.value) for one in kind)
    )


def _facet(name: str) -> Facet:
    found = facet_named(name)
    if found is None:
        raise SearchRefused(
            "不能按“{name}”筛选；可用：{known}、姓名~音", name=name[:40], known="、".join(one.label for one in Facet)
        )
    return found


def _by_sound(names: str, how: By) -> str:
    """A query in which every name is one to be found by sound; letters with blanks between them are one name."""
    parts = [names] if names.isascii() else re.split(r"[\s、，,]+", names)
    kept = (part.replace('"', "").strip() for part in parts)
    return " ".join(f'{SOUND[3] if how is By.SOUND else FUZZY[2]}:"{part}"' for part in kept if part)


def _narrowed(made: SearchRequest, said: str) -> SearchRequest:
    name, sign, value = said.partition("=")
    name, value = name.strip(), value.strip()
    if not sign or not value:
        raise SearchRefused("筛选条件“{said}”应写作 名称=值，如 年度=1958、全宗=J023", said=said[:40])
    if name.lower() in SOUND or name.lower() in FUZZY:
        how = By.SOUND if name.lower() in SOUND else By.FUZZY
        return replace(made, text=f"{made.text} {_by_sound(value, how)}".strip())
    facet = _facet(name)
    if facet is Facet.YEAR and (span := _YEARS.fullmatch(value)):
        if made.years is not None:
            raise SearchRefused("年度的起止只能说一次；几段年度请逐年写，如 年度=1958、年度=1962")
        first, last = int(span[1]), int(span[2])
        return replace(made, years=(min(first, last), max(first, last)))
    values = tuple(dict.fromkeys((*made.filters.get(facet, ()), *re.split("[,，、]", value))))
    if len(values) > VALUES_MAX:
        raise SearchRefused("“{facet}”的值至多 {most} 个", facet=facet.label, most=VALUES_MAX)
    return replace(made, filters={**made.filters, facet: tuple(one.strip() for one in values if one.strip())})
