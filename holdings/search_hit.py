"""Hits as they are told: what of a text is shown, what in it matched, how well it answers; pure but for the tables of folding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from holdings.name_sound import Likeness, likeness
from holdings.record import Level
from holdings.search_answer import SNIPPET, Hit, Snippet
from holdings.search_document import Document
from holdings.search_fold import BREAK, FIRST_SIGN, fold_with_places
from holdings.search_index import RECORDS
from holdings.search_needle import Heard, Needle, View
from holdings.search_request import Field

_MARKS_MAX: Final = 16
_FIELDS: Final = (Field.TITLE, Field.NUMBER, Field.CODE, Field.BODY, Field.KEYWORDS)
_WEIGHT: Final = {Field.TITLE: 0.6, Field.NUMBER: 0.55, Field.CODE: 0.55, Field.KEYWORDS: 0.45, Field.BODY: 0.4}
_IN_PAGES: Final = 0.3
_ALIKE: Final = {
    Likeness.SAME: 1.0, Likeness.VARIANT: 0.95, Likeness.TONE: 0.85, Likeness.SOUND: 0.75, Likeness.FUZZY: 0.6, Likeness.INITIALS: 0.5,
}  # fmt: skip


def marks(text: str, needles: Sequence[Needle], known: str = "") -> Iterator[tuple[int, int]]:
    """Where a text that was not folded has what was looked for. `known`: the same folded, where somebody did that already."""
    if known == text:
        for one in needles:
            yield from one.places(text)
        return
    folded, places = fold_with_places(text)
    for one in needles:
        for start, end in one.places(folded):
            yield places[start], places[end - 1] + 1


def snippet(text: str, needles: Sequence[Needle], known: str = "") -> Snippet:
    """A text cut around its first match, when it is long, with what matched in it. `known`: as of `marks`."""
    found = list(marks(text, needles, known))
    if len(text) <= SNIPPET and len(found) == 1:
        return Snippet(text, tuple(found))
    found = sorted(set(found))
    start = 0
    if len(text) > SNIPPET:
        first = found[0][0] if found else 0
        start = max(0, min(first - SNIPPET // 3, len(text) - SNIPPET))
    cut = text[start : start + SNIPPET]
    before, after = "…" if start else "", "…" if start + SNIPPET < len(text) else ""
    shift = len(before) - start
    inside = [
        (max(a, start) + shift, min(b, start + SNIPPET) + shift) for a, b in found if a < start + SNIPPET and b > start
    ]
    return Snippet(before + cut + after, tuple(_apart(inside))[:_MARKS_MAX])


def _apart(found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Marks that overlap made one."""
    last: tuple[int, int] | None = None
    for start, end in found:
        if last is not None and start <= last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last is not None:
            yield last
        last = (start, end)
    if last is not None:
        yield last


def alike(names: Sequence[str], heard: Heard) -> list[tuple[Likeness, str]]:
    """Which of some names sound like one, most alike first."""
    found = ((likeness(heard.text, name, fuzzy=heard.fuzzy), name) for name in names)
    return sorted((one, name) for one, name in found if one is not None)


def score(view: View, needles: Sequence[Needle], heard: Sequence[Heard] = ()) -> float:
    """How well a document answers, 0 to 1: where the words stand, how much of the field they are, whether it begins or is
    them; how alike its names are to those that were asked by sound."""
    if not needles and not heard:
        return 0.5
    total = sum(_ALIKE[found[0][0]] if (found := alike(view.document.names, one)) else _IN_PAGES for one in heard)
    for one in needles:
        total += _best(view, one) if one.field is None else _in(view, one.field, one)
    said = total / (len(needles) + len(heard))
    return min(1.0, said + (0.02 if view.document.level == Level.VOLUME and said < 1 else 0.0))


def _best(view: View, one: Needle) -> float:
    """In the field where it says most."""
    document, best = view.document, _in(view, Field.TITLE, one)
    signs = one.text[0] >= FIRST_SIGN
    for field, written in (
        (Field.NUMBER, document.number), (Field.CODE, document.code), (Field.BODY, document.body), (Field.KEYWORDS, document.keywords),
    ):  # fmt: skip
        if written and best < 1.0 and not (signs and written.isascii()):  # a code has no signs
            best = max(best, _in(view, field, one))
    return best


def _in(view: View, field: Field, one: Needle) -> float:
    if field is Field.TEXT:
        return _IN_PAGES
    text = view.of(field)
    if not one.is_in(text):
        return _IN_PAGES
    if len(text) == len(one.text) or (BREAK in text and any(part == one.text for part in text.split(BREAK))):
        return 1.0
    begins = 0.1 if text.startswith(one.text) else 0.05 if text.endswith(one.text) else 0.0
    return _WEIGHT[field] + begins + 0.2 * len(one.text) / len(text)


def hit(
    number: int,
    document: Document,
    view: View,
    needles: Sequence[Needle],
    holders: Mapping[int, str],
    heard: Sequence[Heard] = (),
) -> Hit:
    """A hit as it is told, but for a match that stands in the text of its pages. Where names alone were asked, they are shown."""
    field = _first(view, needles)
    shown = document.of(field).replace(BREAK, " ") if field is not None else document.title
    names = sorted({one for asked in heard for one in alike(document.names, asked)}) if heard else []
    if field is not None or not names:
        cut = snippet(shown or document.title, needles, view.of(field or Field.TITLE))
    else:
        cut = _of_names(document, names)
    code = document.code.partition(BREAK)[0]
    writer = holders.get(document.holder, "")
    return Hit(
        ref=f"{writer}/{code}" if writer else code, title=document.title, level=Level(document.level), date=document.date,
        score=round(score(view, needles, heard), 4), snippet=cut, id=number,
        record=number - RECORDS if number > RECORDS else None,
        field=field or (Field.TEXT if needles and number > RECORDS else Field.TITLE), body=document.body,
        number=document.number, fonds=document.fonds, year=document.year, retention=document.retention,
        security=document.secrecy.label if document.secrecy else "", opening=str(document.opening.value), holder=writer,
        names=document.names, heard=names[0][0].label if names else "",
    )  # fmt: skip


def _first(view: View, needles: Sequence[Needle]) -> Field | None:
    """The first field that has a word."""
    for field in _FIELDS:
        text = view.of(field)
        for one in needles:
            if (one.field is None or one.field is field) and one.is_in(text):
                return field
    return None


def _of_names(document: Document, names: Sequence[tuple[Likeness, str]]) -> Snippet:
    """The names of a document, those that sound so marked."""
    text = "、".join(document.names)[:SNIPPET]
    found = ((at, at + len(name)) for _, name in names if (at := text.find(name)) >= 0)
    return Snippet(text, tuple(_apart(sorted(found)))[:_MARKS_MAX])
