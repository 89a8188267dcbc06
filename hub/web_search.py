"""Pages of finding: query, filters, facets, order, pages by key, suggestions while typing, and results as a table to take along.

Works without script; with it, htmx brings suggestions. Addresses hold the whole question, so that a search can be kept and sent on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from holdings.errors import MeaningOff, SearchRefused
from holdings.language import mark
from hub.account import Role
from hub.reading_room import Wish
from hub.web_frame import Visit
from hub.web_route import Reply, Route, Turned

READERS: Final = frozenset({Role.ARCHIVIST, Role.AGENCY})
"""Who finds records; the three officers see none (hub/account.py)."""
FACETS: Final = {
    "fonds": mark("全宗"), "year": mark("年度"), "level": mark("层级"), "retention": mark("保管期限"), "opening": mark("开放状态"),
    "category": mark("门类"), "district": mark("区县"), "security": mark("密级"),
}  # fmt: skip
"""Parameter of the address → what people call the facet."""
BY: Final = {"words": mark("按字词"), "sound": mark("按姓名读音"), "fuzzy": mark("按近似读音")}
MODES: Final = {"words": mark("字面相符"), "both": mark("字面与意思"), "meaning": mark("意思相近")}
SORTS: Final = {
    "relevance": mark("最相关"),
    "newest": mark("最近收存"),
    "date": mark("日期从新到旧"),
    "code": mark("按档号"),
}
SHOWN: Final = 8
"""Values of a facet before the rest folds away."""
QUERY_MAX: Final = 500
_OPTION: Final = re.compile(r"（--[^）]*）")
"""How a hint names the option of a command."""
WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_VALUES: Final = (
    mark("开放"), mark("控制"), mark("延期开放"), mark("未审核"), mark("全宗"), mark("类别"), mark("案卷"), mark("件"), mark("文档"), mark("页"),
    mark("永久"), mark("长期"), mark("短期"), mark("秘密"), mark("机密"), mark("绝密"), mark("无密级"), mark("姓名"), mark("题名"), mark("责任者"),
    mark("文号"), mark("档号"), mark("全文"), mark("主题词"), mark("同名"), mark("异体字"), mark("同音同调"), mark("同音"), mark("近音"), mark("拼音首字母"),
)  # fmt: skip
"""Words that answers of search hold: marked here, so that pages can be read in English."""
_REFUSALS: Final = (
    mark("条数应在 0 到 {most} 之间"), mark("筛选条件至多 {most} 个"), mark("没有查法“{said}”；可用：{known}"), mark("没有方式“{said}”；可用：{known}"),
    mark("没有排序“{said}”；可用：{known}"), mark("不能按“{name}”筛选；可用：{known}、姓名~音"), mark("筛选条件“{said}”应写作 名称=值，如 年度=1958、全宗=J023"),
    mark("年度的起止只能说一次；几段年度请逐年写，如 年度=1958、年度=1962"), mark("“{facet}”的值至多 {most} 个"),
)  # fmt: skip
"""What search refuses (holdings/search_wish.py), likewise."""


class Asked(Struct, frozen=True):
    """A question as its address has it."""

    wish: Wish
    narrowed: Mapping[str, tuple[str, ...]]
    faceted: bool = False
    """Whether facets are to be on the page itself: for who has no script."""

    def address(self, path: str = "/search", **other: str) -> str:
        """The address of this question with some of it changed; the page of results begins anew unless a cursor is given."""
        said = {
            "q": self.wish.query, "by": self.wish.by, "mode": self.wish.mode, "sort": self.wish.sort,
            **{name: ",".join(values) for name, values in self.narrowed.items()}, "facets": "1" if self.faceted else "", **other,
        }  # fmt: skip
        usual = {"by": "words", "mode": "words", "sort": "relevance"}
        return (
            f"{path}?{urlencode({name: value for name, value in said.items() if value and usual.get(name) != value})}"
        )

    def with_value(self, facet: str, value: str) -> str:
        """The same with one more value of a facet."""
        return self.address(**{facet: ",".join((*self.narrowed.get(facet, ()), value))})

    def without(self, facet: str, value: str) -> str:
        """The same with one value less."""
        return self.address(**{facet: ",".join(one for one in self.narrowed.get(facet, ()) if one != value)})


def asked(query: Mapping[str, str], limit: int = 20) -> Asked:
    """The question of an address or form."""
    narrowed = {
        name: values
        for name in FACETS
        if (values := tuple(one for raw in query.get(name, "").split(",") if (one := raw.strip()))[:64])
    }
    first, last = query.get("from", "").strip()[:4], query.get("to", "").strip()[:4]
    if first or last:
        narrowed["year"] = (f"{first or '1000'}..{last or '9999'}",)
    wish = Wish(
        query.get("q", "").strip()[:QUERY_MAX], query.get("by", "words"), query.get("mode", "words"), query.get("sort", "relevance"),
        query.get("cursor", "")[:400], tuple(f"{name}={one}" for name, values in narrowed.items() for one in values), limit,
    )  # fmt: skip
    return Asked(wish, narrowed, bool(query.get("facets")))


class Shown(Struct, frozen=True):
    """A hit as the page shows it: what was found, its title and the text around the match in pieces (text, whether it matched; no text where the title
    has the match), and why."""

    told: Mapping[str, Any]
    title: tuple[tuple[str, bool], ...]
    pieces: tuple[tuple[str, bool], ...]
    why: str


def pieces(text: str, marks: Sequence[Sequence[int]]) -> Iterator[tuple[str, bool]]:
    """A text parted at its marks: what matched, and what stands between."""
    at = 0
    for start, end in marks:
        if start > at:
            yield text[at:start], False
            at = start
        if end > at:
            yield text[at:end], True
            at = end
    if at < len(text):
        yield text[at:], False


def search(visit: Visit) -> Reply:
    """The form; with a question, its hits."""
    question = asked(visit.ask.query)
    # Facets are counted over many more hits than a page shows: the page comes first, they follow, or are asked for by a link.
    found, refused, near = _answer(visit, question, tuple(FACETS) if question.faceted else ())
    years = next((value for value in question.narrowed.get("year", ()) if ".." in value), "..").partition("..")
    hits = [_shown(visit, one) for one in found["hits"]] if found else []
    reply = visit.page(
        "search.html", 422 if refused else 200, asked=question, found=found, hits=hits, refused=refused, near_off=near,
        facets=_facets(found) if question.faceted else None,
        by=BY, modes=MODES, sorts=SORTS, labels=FACETS, years=(years[0].replace("1000", ""), years[2].replace("9999", "")), shown=SHOWN,
    )  # fmt: skip
    if question.wish.query or question.narrowed:
        reply.note = _said(question)
    return reply


def _answer(visit: Visit, question: Asked, counted: tuple[str, ...]) -> tuple[dict[str, Any] | None, str, str]:
    """(the answer, why it was refused, why meaning is off): nothing without a question."""
    if not question.wish.query and not question.narrowed:
        return None, "", ""
    try:
        found = visit.frame.room.search(visit.person, question.wish, counted)
        return {**found, "instead": [_OPTION.sub("", one) for one in found.get("instead", ())]}, "", ""
    except MeaningOff as fault:
        return None, "", str(fault)
    except SearchRefused as fault:
        return None, visit.told(fault), ""


def _facets(found: Mapping[str, Any] | None) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(parameter, label, counts) of every facet that has something to choose from."""
    by_label = {one["facet"]: one for one in found["facets"]} if found else {}
    return [
        (name, label, by_label[label])
        for name, label in FACETS.items()
        if label in by_label and by_label[label]["values"]
    ]


def _shown(visit: Visit, told: Mapping[str, Any]) -> Shown:
    matched = "、".join(dict.fromkeys(told["snippet"][start:end] for start, end in told["marks"]))
    words = visit.words
    if told["heard"]:
        why = words(mark("姓名“{matched}”：{heard}"), matched=matched, heard=words(told["heard"]))
    elif told["page"] and matched:
        why = words(mark("第 {page} 页全文有“{matched}”"), page=told["page"], matched=matched)
    elif matched:
        why = words(mark("{field}有“{matched}”"), field=words(told["field"]), matched=matched)
    else:
        why = words(mark("符合条件"))
    cut = tuple(pieces(told["snippet"], told["marks"]))
    if told["snippet"] == told["title"]:
        return Shown(told, cut, (), why)
    return Shown(told, ((told["title"], False),), cut if matched else (), why)


def facets(visit: Visit) -> Reply:
    """The facets of a question: a piece of a page for htmx."""
    question = asked(visit.ask.query)
    plain = replace(question.wish, limit=1, sort="newest", mode="words", cursor="")
    found, _, _ = _answer(visit, Asked(plain, question.narrowed), tuple(FACETS))
    reply = visit.page("search_facets.html", asked=question, facets=_facets(found), labels=FACETS, shown=SHOWN)
    reply.note = _said(question)
    return reply


def suggest(visit: Visit) -> Reply:
    """How what is being typed may go on: a piece of a page for htmx."""
    question = asked(visit.ask.query)
    typed = visit.ask.query.get("q", "")[:QUERY_MAX]
    told = visit.frame.room.suggest(visit.person, typed) if typed.strip() else {"suggestions": []}
    found = [(one, question.address(q=one["query"])) for one in told["suggestions"]]
    return visit.page("search_suggest.html", found=found)


def export(visit: Visit) -> Reply:
    """The hits as a table: CSV, or a workbook where `format` says xlsx."""
    from holdings import search_sheet  # seldom asked

    question, room = asked(visit.ask.query), visit.frame.room
    if not question.wish.query and not question.narrowed:
        raise Turned(422, mark("请先检索，再导出结果。"))
    kind = "xlsx" if visit.ask.query.get("format") == "xlsx" else "csv"
    try:
        room.request(question.wish)
        found = room.every(visit.person, question.wish)
        hits = ({**one, "holder": one["holder"] or visit.frame.hub_name} for one in found)
        reply = Reply(content_type="text/csv") if kind == "csv" else Reply(content_type=WORKBOOK)
        if kind == "csv":
            reply.pieces = search_sheet.as_csv(hits)
        else:
            reply.body = search_sheet.as_workbook(
                hits,
                visit.words(mark("{hub} 检索结果：{question}"), hub=visit.frame.hub_name, question=_said(question)),
            )
    except SearchRefused as fault:
        raise Turned(422, visit.told(fault)) from fault
    except MeaningOff as fault:
        raise Turned(422, str(fault)) from fault
    reply.headers["Content-Disposition"], reply.note = f"attachment; filename=search.{kind}", _said(question)
    return reply


def _said(question: Asked) -> str:
    return f"{question.wish.query} {' '.join(question.wish.filters)}".strip()


ROUTES: Final = (
    Route("GET", "/search", search, roles=READERS, verb="search"),
    Route("GET", "/search/suggest", suggest, roles=READERS, verb="suggest"),
    Route("GET", "/search/facets", facets, roles=READERS, verb="facets"),
    Route("GET", "/search/export", export, roles=READERS, verb="search-export"),
)


def number_of(visit: Visit, name: str = "number") -> int:
    """A number in the path; Turned 404 when it is none."""
    text = visit.ask.parts[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Turned(404, mark("没有这一条档案，或您无权查看。"))
    return int(text)
