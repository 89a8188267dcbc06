"""When a record is finished, and whether its pages are all there by the order of their names; pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter
from typing import Final, Literal

from msgspec import Struct

from holdings.page_name import PageName, page_name
from holdings.reference_code import ordering_key

GAPS_MAX: Final = 100  # missing numbers told of one record
LEADING_GAP_MAX: Final = (
    5  # a folder that starts at page 57 holds a range of a volume; one that starts at 3 lacks two pages
)
STALE_S: Final = 24 * 3600
"""Seconds after which a record that is still incomplete is no longer just being scanned."""


class ReadyRule(Struct, frozen=True, forbid_unknown_fields=True):
    """When a record counts as finished (DESIGN §3). Until then it is 扫描中: visible, not counted, not sealed.

    `when`: row and page count agree; a marker file or folder stands in its folder, or the folder lies below 已完成;
    its delivery was submitted; nothing has changed for `quiet_h` hours. A submitted delivery is finished by any rule.
    """

    when: Literal["row+pages", "marker", "submitted", "quiet"] = "row+pages"
    markers: tuple[str, ...] = ()
    quiet_h: float = 24.0

    def __post_init__(self) -> None:
        """Bounds of what a person may write."""
        if not 0 < self.quiet_h <= 10_000:
            raise ValueError("quiet_h 应大于 0 且不超过 10000 小时")
        if len(self.markers) > 64 or any(not 0 < len(m) <= 100 for m in self.markers):
            raise ValueError("markers 至多 64 个名称，每个不超过 100 字")

    def quiet_s(self) -> float:
        """Seconds without a change after which an incomplete record is a question for a person."""
        return self.quiet_h * 3600 if self.when == "quiet" else float(STALE_S)


DEFAULT: Final = ReadyRule()


def finished(rule: ReadyRule, *, age_s: float, marked: bool, submitted: bool) -> bool | None:
    """Has the record's maker said that it is finished? None: only row and pages can tell.

    Args:
        age_s: seconds since anything changed; a change in the future is a clock gone wrong and no sign of life.
        marked: a marker stands.
        submitted: its delivery was submitted 已提交.
    """
    quiet = abs(age_s) >= rule.quiet_s()
    if submitted:
        return True
    match rule.when:
        case "marker":
            return marked
        case "submitted":
            return False
        case "quiet":
            return quiet
        case "row+pages":
            return True if quiet else None


class Ready(Struct, frozen=True):
    """The record is finished; `found` pages, None when a file's pages cannot be counted."""

    found: int | None


class Scanning(Struct, frozen=True):
    """扫描中: visible, not checked, not sealed. `declared` is 页数 of the row, None when it says nothing."""

    found: int
    declared: int | None


class PageOrder(Struct, frozen=True):
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


def order_pages(names: Iterable[str], *, leading: bool = True) -> PageOrder:
    """Sort page names as people count (`2` before `10`, `12` before `12-1`, `12A`, `12补1`) and find missing and
    repeated numbers. `leading`: may the first pages be missing? Not of an item that is a range of its volume.
    """
    ordered = [(page, name) for *_, page, name in sorted(map(_place, names), key=itemgetter(0, 1, 2, 4))]
    plain = sorted(page.number for page, _ in ordered if page is not None)
    repeats = sorted(
        {
            page.number
            for page, after in zip([p for p, _ in ordered], [p for p, _ in ordered[1:]], strict=False)
            if page and page == after
        }
    )
    return PageOrder(
        tuple(name for _, name in ordered),
        _gaps(plain, leading),
        tuple(repeats),
        tuple(name for page, name in ordered if page is None),
    )


_NONE: Final = PageName(0, (0, 0), "")


@lru_cache(8192)
def _place(name: str) -> tuple[bool, PageName, str, PageName | None, str]:
    """What a page name is ordered by, its page and itself; the pages of most records have the same names."""
    page = page_name(name)
    return page is None, page or _NONE, ordering_key(name), page, name


def _gaps(numbers: list[int], leading: bool) -> tuple[int, ...]:
    """Numbers missing between the first and the last; none when the numbers are no counting at all (dates, serial
    numbers).
    """
    if not numbers:
        return ()
    first = 1 if leading and 1 < numbers[0] <= LEADING_GAP_MAX else numbers[0]
    if numbers[-1] - first > 10 * len(numbers) + GAPS_MAX:
        return ()
    there = set(numbers)
    missing = [number for number in range(first, numbers[-1]) if number not in there]
    return tuple(missing[:GAPS_MAX])
