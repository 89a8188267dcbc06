"""When a record is finished, and whether its pages are all there: the page-count rule and the order of page names;
pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from holdings.reference_code import ordering_key

GAPS_MAX: Final = 100  # missing numbers told of one record
LEADING_GAP_MAX: Final = (
    5  # a folder that starts at page 57 holds a range of a volume; one that starts at 3 lacks two pages
)

_COPY: Final = re.compile(r"[(（][0-9]{1,2}[)）]|(?: - )?副本|copy", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"[^0-9]*(?P<n>[0-9]{1,9})(?P<mark>-[0-9]{1,2}|[A-Za-z]|补[0-9]*|[正反])?[^0-9A-Za-z]*")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Ready:
    """The record is finished; `found` pages, None when a file's pages cannot be counted."""

    found: int | None


@dataclass(frozen=True, slots=True)
class Scanning:
    """扫描中: visible, not checked, not sealed. `declared` is 页数 of the row, None when it says nothing."""

    found: int
    declared: int | None


@dataclass(frozen=True, slots=True)
class PageOrder:
    """Page names in natural order, and what their numbers say.

    `repeats` are numbers that stand twice without an insert mark.
    """

    names: tuple[str, ...]
    gaps: tuple[int, ...]
    repeats: tuple[int, ...]
    unnumbered: tuple[str, ...]


def readiness(declared: int | None, counts: Iterable[int | None], *, quiet: bool) -> Ready | Scanning:
    """The default rule `row + page count`: pages found equal 页数.

    Args:
        declared: 页数 of the row; None when it declares nothing.
        counts: pages of each file, None where they cannot be counted (docx): the row alone then satisfies.
        quiet: nothing has changed for the profile's quiet time; the only sign of completeness when 页数 is blank.
    """
    known = list(counts)
    found = sum(count for count in known if count is not None)
    if not known:
        return Scanning(0, declared)
    if declared is None:
        whole = None if None in known else found
        return Ready(whole) if quiet else Scanning(found, None)
    if None in known:
        return Ready(None)
    return Ready(found) if found == declared else Scanning(found, declared)


def order_pages(names: Iterable[str]) -> PageOrder:
    """Sort page names as people count (`2` before `10`, `12` before `12-1`, `12A`, `12补1`) and find missing and
    repeated numbers.
    """
    numbered = [(_number(name), name) for name in names]
    ordered = sorted(numbered, key=lambda pair: (pair[0] is None, pair[0] or (0, ""), ordering_key(pair[1]), pair[1]))
    plain = sorted(number for page, _ in ordered if page is not None for number in [page[0]])
    repeats = sorted(
        {
            page[0]
            for page, after in zip([p for p, _ in ordered], [p for p, _ in ordered[1:]], strict=False)
            if page and page == after
        }
    )
    return PageOrder(
        tuple(name for _, name in ordered),
        _gaps(plain),
        tuple(repeats),
        tuple(name for page, name in ordered if page is None),
    )


def _number(name: str) -> tuple[int, str] | None:
    """Page number and insert mark of a name; the last run of digits when the name has several."""
    stem = unicodedata.normalize("NFKC", name)
    stem = _COPY.sub("", stem.rpartition(".")[0] or stem)
    if found := _NUMBERED.fullmatch(stem):
        return int(found["n"]), ordering_key(found["mark"] or "")
    runs = _DIGITS.findall(stem)
    return (int(runs[-1]), "") if runs else None


def _gaps(numbers: list[int]) -> tuple[int, ...]:
    """Numbers missing between the first and the last; none when the numbers are no counting at all (dates, serial
    numbers).
    """
    if not numbers:
        return ()
    first = 1 if 1 < numbers[0] <= LEADING_GAP_MAX else numbers[0]
    if numbers[-1] - first > 10 * len(numbers) + GAPS_MAX:
        return ()
    there = set(numbers)
    missing = [number for number in range(first, numbers[-1]) if number not in there]
    return tuple(missing[:GAPS_MAX])
