"""A search's answer in Chinese for a person: lines of pieces, each with how it is to look; pure. Terminals and screens paint them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

Told = dict[str, Any]
ABOVE: Final = frozenset({"全宗", "类别"})
"""Labels of levels (record.Level) that have no images of their own."""
_VALUES_SHOWN: Final = 8
_PAGES_SHOWN: Final = 3
_MODES: Final[Mapping[str, str]] = {"words": "按字词", "meaning": "按意思", "both": "按字词和意思"}


class Look(Enum):
    """How a piece is to look."""

    PLAIN = ""
    CODE = "code"
    MARK = "mark"
    QUIET = "quiet"
    HEAD = "head"


STYLES: Final[Mapping[Look, Mapping[str, Any]]] = {
    Look.PLAIN: {},
    Look.CODE: {"fg": "cyan"},
    Look.MARK: {"fg": "bright_red", "bold": True},
    Look.QUIET: {"dim": True},
    Look.HEAD: {"bold": True},
}
"""What a terminal does for a look, as click names it."""

Piece = tuple[str, Look]
Line = list[Piece]


def lines_of(result: Told) -> list[Line]:
    """What a person reads of an answer (holdings/search_told.py): hits, facets, how many there are, and what to do when there
    are none."""
    lines: list[Line] = []
    for number, hit in enumerate(result["hits"], 1):
        lines += _hit(number, hit)
    lines += [_facet(one) for one in result.get("facets", ()) if one["values"]]
    lines += [[(note, Look.QUIET)] for note in result["notes"]]
    if not result["hits"]:
        lines += _nothing(result)
    else:
        lines.append([(_count(result), Look.HEAD)])
    if "explain" in result:
        lines += _explained(result["explain"])
    return lines


def _hit(number: int, hit: Told) -> Iterator[Line]:
    about = "  ".join(str(part) for part in (hit["level"], hit["date"], hit["body"]) if part)
    marked = [hit["security"]] if hit["security"] else []
    state = "  ".join([*marked, *([] if hit["images"] or hit["level"] in ABOVE else ["尚无图像"])])
    yield [
        (f"{number:>3}  ", Look.QUIET),
        (hit["ref"], Look.CODE),
        (f"  {about}", Look.QUIET),
        *([(f"  {state}", Look.QUIET)] if state else []),
    ]
    of_title = hit["field"] == "题名" and hit["page"] is None
    if of_title and hit["snippet"] == hit["title"]:
        yield [("     ", Look.PLAIN), *marked_pieces(hit["title"], hit["marks"])]
        return
    yield [("     ", Look.PLAIN), (hit["title"], Look.PLAIN)]
    if hit["snippet"]:
        where = f"第 {hit['page']} 页" if hit["page"] is not None else hit["field"]
        heard = [(f"（{hit['heard']}）", Look.QUIET)] if hit["heard"] else []
        yield [(f"     {where}：", Look.QUIET), *marked_pieces(hit["snippet"], hit["marks"]), *heard]


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """A line in lines of at most so many columns of a terminal, where a Chinese character takes two; the later ones begin as
    far in as the text of the first."""
    margin = len(line[0][0]) - len(line[0][0].lstrip()) if line else 0
    now: Line = []
    used = 0
    for text, look in line:
        start = 0
        for at, char in enumerate(text):
            size = columns(char)
            if used + size > max(width, margin + 2):
                yield [*now, (text[start:at], look)]
                now, start, used = [(" " * margin, Look.PLAIN)], at, margin
            used += size
        now.append((text[start:], look))
    yield now


def painted(lines: Iterable[Line], width: int, paint: Callable[..., str]) -> str:
    """Lines for a terminal of some columns; `paint` styles a text, as click.style does."""
    return "\n".join(
        "".join(paint(text, **STYLES[look]) for text, look in line) for whole in lines for line in wrapped(whole, width)
    )


def columns(char: str) -> int:
    """Columns of a character in a terminal."""
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cc", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def marked_pieces(text: str, marks: Sequence[Sequence[int]]) -> Line:
    """A text in pieces, what matched among them; marks that lie outside or overlap are cut to fit."""
    pieces: Line = []
    at = 0
    for start, end in sorted((int(start), int(end)) for start, end in marks):
        start, end = max(at, start), min(len(text), end)
        if end <= start:
            continue
        if start > at:
            pieces.append((text[at:start], Look.PLAIN))
        pieces.append((text[start:end], Look.MARK))
        at = end
    if at < len(text):
        pieces.append((text[at:], Look.PLAIN))
    return pieces


def _facet(one: Told) -> Line:
    shown = [f"{v['value'] or '（空）'} {v['count']:,}" for v in one["values"][:_VALUES_SHOWN]]
    rest = len(one["values"]) - len(shown)
    more = [f"另 {rest} 个"] if rest > 0 else []
    among = f"（最新 {one['of']:,} 条中）" if one["capped"] else ""
    return [(f"{one['facet']}{among}：", Look.HEAD), ("；".join((*shown, *more)) or "无", Look.PLAIN)]


def _count(result: Told) -> str:
    total = f"{'至少' if result['capped'] else '共'} {result['total']:,} 条"
    shown = f"，列出 {len(result['hits'])} 条" if len(result["hits"]) < result["total"] else ""
    after = f"；下一页加 --cursor {result['cursor']}" if result["cursor"] else ""
    return f"{total}{shown}，{result['milliseconds']} 毫秒{after}"


def _nothing(result: Told) -> Iterator[Line]:
    """What to do next, most telling first."""
    yield [(f"没有找到。（{result['milliseconds']} 毫秒）", Look.HEAD)]
    for one in result.get("instead", ()):
        yield [("  · ", Look.QUIET), (one, Look.PLAIN)]


def _explained(explain: Told) -> Iterator[Line]:
    yield [("检索词读作：", Look.HEAD), (explain["read"], Look.PLAIN)]
    for name, values in explain["narrowed"].items():
        yield [("只要 ", Look.HEAD), (f"{name} {'、'.join(values)}", Look.PLAIN)]
    yield [("方式：", Look.HEAD), (_MODES.get(explain["mode"], ""), Look.PLAIN)]
    for name, value in explain["plan"].items():
        yield [(f"{name}：", Look.HEAD), (str(value), Look.PLAIN)]
    for one in explain.get("hits", ())[:_PAGES_SHOWN]:
        yield [(f"{one['ref']}：", Look.HEAD), (one["why"], Look.PLAIN)]


def state_words(state: Told) -> str:
    """What status says of the index (holdings/search_upkeep.py) when it is not as it should be; blank when it is."""
    if state["building"]:
        return f"检索索引重建中 {state['done'] or 0}%"
    if state["behind"] or state["faults"]:
        return f"检索索引与目录相差 {state['behind']:,} 条，请重建（reindex）"
    return ""


def text_lines(text: str, marks: Sequence[Sequence[int]], *, whole: bool) -> Iterator[Line]:
    """The text of a part, line by line, with what matched in it; `whole` false: only the lines that have a match."""
    at, number = 0, 1
    for page in text.split("\f"):
        for line in page.split("\n"):
            inside = [(start - at, end - at) for start, end in marks if start < at + len(line) and end > at]
            if line.strip() and (whole or inside):
                where = f"    {number}  " if number > 1 or "\f" in text else "    "
                yield [(where, Look.QUIET), *marked_pieces(line, inside)]
            at += len(line) + 1
        number += 1
