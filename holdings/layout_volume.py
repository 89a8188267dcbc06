"""Items as page ranges of their volume 卷内文件目录 (DA/T 31-2017 11.2): 页号 gives the start alone, the last one a range; pure.

Overlapping ranges are legal: two short items on one page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from holdings.expression import expression
from holdings.record import parse_pages

PAGE_MAX: Final = 100_000  # 页号 above this is no page of a volume

_RANGE: Final = expression(r"([0-9]{1,6})\s*(?:[-—–~～至]+\s*([0-9]{1,6}))?")


class VolumeRow(Struct, frozen=True):
    """A row of a volume as linking sees it: code as printed, match key, 页号 (start, or a range), its end where the sheet
    has a column for it, and 页数; `whole`: the row of the volume itself."""

    code: str
    key: str
    first: str = ""
    last: str = ""
    pages: str = ""
    whole: bool = False


class Span(Struct, frozen=True):
    """Pages `first` to `last` (both within) of one row."""

    row: VolumeRow
    first: int
    last: int


class Spans(Struct, frozen=True):
    """What the rows of a volume say: spans in the order of pages, rows without a place, and Chinese remarks on disorder 错序."""

    spans: tuple[Span, ...]
    unplaced: tuple[VolumeRow, ...]
    remarks: tuple[str, ...]


def parse_range(first: str, last: str = "") -> tuple[int, int | None] | None:
    """Read 页号: `12`, `56-60`, `56～60`; None when blank, no number, 0, or beyond 100,000."""
    found = _RANGE.fullmatch(unicodedata.normalize("NFKC", first).strip())
    end = _RANGE.fullmatch(unicodedata.normalize("NFKC", last).strip()) if last.strip() else None
    if found is None or not 1 <= int(found[1]) <= PAGE_MAX:
        return None
    stop = int(end[2] or end[1]) if end else int(found[2]) if found[2] else None
    return (int(found[1]), stop) if stop is None or stop <= PAGE_MAX else None


def spans(rows: Sequence[VolumeRow], last_page: int) -> Spans:
    """Where each item of a volume lies.

    The end of an item is its own, else the page before the next start; the last one ends with the volume. Where 页数 of
    an item ends on the next one's first page, both share it. Without any 页号 the items follow one another by 页数.

    Args:
        rows: rows of the volume in the order of their codes.
        last_page: last page of the volume, by its 页数 or its images.
    """
    items = [row for row in rows if not row.whole]
    places = [(row, parse_range(row.first, row.last)) for row in items]
    if not any(place for _, place in places):
        return _by_pages(items)
    placed = [(row, place) for row, place in places if place is not None]
    remarks = _disorder(placed)
    starts = sorted({place[0] for _, place in placed})
    found = []
    for row, (first, stop) in placed:
        following = next((start for start in starts if start > first), None)
        end = stop if stop is not None else _end(row, first, following, last_page)
        found.append(Span(row, first, max(first, end)))
    found.sort(key=lambda span: (span.first, span.last))
    return Spans(tuple(found), tuple(row for row, place in places if place is None), tuple(remarks))


def _end(row: VolumeRow, first: int, following: int | None, last_page: int) -> int:
    pages = parse_pages(row.pages)
    if following is None:
        return last_page
    return following if pages and first + pages - 1 == following else following - 1


def _disorder(placed: Sequence[tuple[VolumeRow, tuple[int, int | None]]]) -> list[str]:
    """Items whose 页号 goes back, or whose range ends before it begins."""
    remarks, before = [], 0
    for row, (first, stop) in placed:
        if first < before:
            remarks.append(f"{row.code} 页号 {first} 在 {before} 之后")
        if stop is not None and stop < first:
            remarks.append(f"{row.code} 页号 {first}-{stop} 首尾颠倒")
        before = max(before, first)
    return remarks


def _by_pages(items: Sequence[VolumeRow]) -> Spans:
    """No row says where it begins: they follow one another when every one says how long it is."""
    at, found = 1, []
    for row in items:
        pages = parse_pages(row.pages)
        if not pages:
            return Spans((), tuple(items), ())
        found.append(Span(row, at, at + pages - 1))
        at += pages
    return Spans(tuple(found), (), ())
