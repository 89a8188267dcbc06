"""A record as the reading room shows it: its pages in the order of reading, its description with the standard's names, the words on a
page with their places. Pure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct

from holdings import media
from holdings.category import ValueType, categories
from holdings.layout_words import Use
from holdings.metadata_scheme import element
from holdings.page_text import PageText
from holdings.reading_request import masked
from holdings.site_data import NO_SITE, SiteData
from hub.opened import OpenedPart, Page

VIEWABLE: Final = frozenset(
    {media.JPEG, media.TIFF, media.PNG, media.JP2, media.GIF, media.BMP, media.WEBP, media.PDF, media.OFD, media.DOCX}
)
"""Files that have pages to be drawn (holdings/page_pyramid.py)."""
_OWN: Final = 1_000  # elements of a site's own stand behind the standard's
_BEST: Final = (Use.ACCESS, Use.MASTER, Use.SEARCHABLE)
"""Which of several representations 版本用途 people are shown."""


class Leaf(Struct, frozen=True):
    """A page that can be seen: its number from 1, the file it is in, and which page of that file, from 0."""

    number: int
    name: str
    part: OpenedPart
    page: int


class Line(Struct, frozen=True):
    """A line of a page's text in pieces (text, whether it matched), and its place: left, top, width, height in thousandths of the page; None: not known."""

    pieces: tuple[tuple[str, bool], ...]
    box: tuple[int, int, int, int] | None
    is_hit: bool


class Said(Struct, frozen=True):
    """One element of the description: the standard's number and name of it where it knows it."""

    name: str
    number: str
    value: str


def leaves(files: Sequence[Page], uses: bytes = b"") -> list[Leaf]:
    """The pages to look at, in order: of several representations of the same pages the one for use; files without pictures have none."""
    kinds = list(uses) if len(uses) == len(files) else [int(Use.MASTER)] * len(files)
    seen = {kind for file, kind in zip(files, kinds, strict=True) if _can_be_seen(file)}
    shown = next((int(use) for use in _BEST if use in seen), None)
    found: list[Leaf] = []
    for file, kind in zip(files, kinds, strict=True):
        if kind == shown and file.part is not None and _can_be_seen(file):
            found += [Leaf(0, file.name, file.part, page) for page in range(max(1, file.part.pages))]
    return [Leaf(at, one.name, one.part, one.page) for at, one in enumerate(found, 1)]


def _can_be_seen(file: Page) -> bool:
    return file.part is not None and file.part.code is None and file.part.media_type in VIEWABLE


def described(elements: Mapping[str, str], site: SiteData = NO_SITE, *, mask: bool = True) -> list[Said]:
    """The description element by element; `mask`: identity numbers show their ends alone (个人信息保护法)."""
    told = []
    for name, value in elements.items():
        if value:
            found = element(name, "", site)
            hidden = mask and name in _identities(site)
            told.append(Said(name, found.id if found else "", masked(value) if hidden else value))
    return sorted(told, key=lambda one: int(one.number[1:]) if one.number[1:].isdecimal() else _OWN)


@functools.cache
def _identities(site: SiteData) -> frozenset[str]:
    """What columns with identity numbers are called, in whatever category."""
    fields = (item for one in categories(site).values() for item in one.fields.items())
    return frozenset(name for key, field in fields if field.type is ValueType.IDENTITY for name in (key, *field.names))


def lines(text: PageText, marking: Callable[[str], Sequence[tuple[int, int]]]) -> list[Line]:
    """The lines of a page with what matched in them."""
    places, at, told = list(marking(text.text)), 0, list[Line]()
    for line in text.lines:
        end = at + len(line.text)
        inside = [(max(start, at) - at, min(stop, end) - at) for start, stop in places if start < end and stop > at]
        told.append(Line(tuple(_pieces(line.text, inside)), _box(line.box, text.width, text.height), bool(inside)))
        at = end + 1
    return told


def _pieces(text: str, marks: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    cuts = sorted({0, len(text), *(place for mark in marks for place in mark)})
    return [(text[start:end], any(a <= start and end <= b for a, b in marks)) for start, end in pairwise(cuts)]


def _box(corners: Sequence[int], width: int, height: int) -> tuple[int, int, int, int] | None:
    xs, ys = corners[::2], corners[1::2]
    if not (width and height and any(corners)):
        return None
    left, top = 1000 * min(xs) // width, 1000 * min(ys) // height
    return left, top, -(-1000 * max(xs) // width) - left, -(-1000 * max(ys) // height) - top


def told_row(told: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the catalogue that has no record, with the fields of one."""
    return {"custody": "", "custody_acts": [], "custody_papers": [], "set": None, "relations": [], **told}
