"""Why a record goes back 退回整改: reason codes (data/reception.toml), the pages they are about, and the day by which it is mended; pure.

The hub says it, the node shows it, and both papers print it in these words.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from holdings.directive_text import code_of
from holdings.directive_verdict import PAGE_MAX, RANGES_MAX
from holdings.errors import DirectiveUnreadable, ReceptionRefused, SiteDataWrong
from holdings.expression import expression
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed
from holdings.working_days import WorkingDays

FILE: Final = "reception.toml"
REASONS_MAX: Final = 12
"""Reasons of one verdict: who has more should write them into the remark."""
REMARK_MAX: Final = 300
"""Characters of a remark: a directive must hold it (format.md §7)."""
DAYS_MAX: Final = 250
"""Working days of a term: about a year."""
_STRETCH: Final = expression(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_DASHES: Final = str.maketrans("—–－至~～", "------")


class ReasonCode(Struct, frozen=True, forbid_unknown_fields=True):
    """What a code stands for and the clause it rests on; `pages`: pages must be named, `note`: it must be said in words."""

    name: str
    clause: str
    pages: bool = False
    note: bool = False


class _Rule(Struct, frozen=True, forbid_unknown_fields=True):
    review_days: int
    rectify_days: int


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: _Rule
    reasons: dict[str, ReasonCode]


class ReceptionRule(Struct, frozen=True):
    """A site's rules of reception: terms in working days, and reasons by code."""

    review_days: int
    rectify_days: int
    reasons: dict[str, ReasonCode]


class Reason(Struct, frozen=True):
    """One reason of a verdict: its code, and the pages it is about as stretches (first, last), counted from 1."""

    code: str
    pages: tuple[tuple[int, int], ...] = ()

    @property
    def pages_said(self) -> str:
        """The pages as people write them: 3、5-7."""
        return said_pages(self.pages)


@functools.cache
def rule(site: SiteData = NO_SITE) -> ReceptionRule:
    """The shipped rules with a site's laid over them; SiteDataWrong says what is wrong."""
    content = table(FILE, shipped(FILE))
    for name, text in site.named("reception"):
        content = overlay(content, table(name, text))
    said = typed(FILE, content, _File)
    try:
        for code in said.reasons:
            code_of(code)
    except DirectiveUnreadable as fault:
        raise SiteDataWrong(f"数据文件 {FILE} 的 [reasons]：{fault}") from fault
    return ReceptionRule(_days(said.rule.review_days), _days(said.rule.rectify_days), dict(said.reasons))


def _days(number: int) -> int:
    """A term within its bounds: what a site writes beyond them is the nearest that may be."""
    return min(max(number, 1), DAYS_MAX)


def read_pages(text: str, pages: int) -> tuple[tuple[int, int], ...]:
    """Pages as a person writes them ("3、5-7"; any of 、，, ; and blanks between) as stretches in order that neither touch nor overlap.

    Args:
        pages: how many there are; ReceptionRefused for a number beyond, for more than 64 stretches, and for what is no number.
    """
    words = [word for word in re.split(r"[、，,；;\s]+", text.translate(_DASHES).strip()) if word]
    found: list[tuple[int, int]] = []
    for word in words[: RANGES_MAX + 1]:
        read = _STRETCH.fullmatch(word.removeprefix("第").removesuffix("页"))
        first, last = (int(read[1]), int(read[2] or read[1])) if read else (0, 0)
        if not 1 <= first <= last <= min(pages, PAGE_MAX):
            raise ReceptionRefused("页码“{word}”不对：应写作 3、5-7，在 1 至 {pages} 之间", word=word[:20], pages=pages)
        found.append((first, last))
    if len(words) > RANGES_MAX:
        raise ReceptionRefused("一个理由至多写 {most} 段页码；更多的请用说明写明", most=RANGES_MAX)
    return _joined(found)


def _joined(stretches: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """In order, those that touch made one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def said_pages(pages: Iterable[Sequence[int]]) -> str:
    """Stretches as people write them."""
    return "、".join(str(first) if first == last else f"{first}-{last}" for first, last in pages)


def check_reasons(reasons: Sequence[Reason], remark: str, known: ReceptionRule) -> None:
    """ReceptionRefused unless a return says why: at least one known code, none twice, pages and words where the code asks for them."""
    if not 1 <= len(reasons) <= REASONS_MAX:
        raise ReceptionRefused("退回整改须选理由，1 至 {most} 个", most=REASONS_MAX)
    check_remark(remark)
    for reason in reasons:
        code = known.reasons.get(reason.code)
        if code is None:
            raise ReceptionRefused(
                "没有理由代码 {code}；可用：{known}", code=reason.code[:20], known="、".join(known.reasons)
            )
        if code.pages and not reason.pages:
            raise ReceptionRefused("理由 {code} {name}：请写明页码", code=reason.code, name=code.name)
        if code.note and not remark.strip():
            raise ReceptionRefused("理由 {code} {name}：请在说明中写明", code=reason.code, name=code.name)
        if list(reason.pages) != list(_joined(reason.pages)) or any(
            first < 1 or last > PAGE_MAX for first, last in reason.pages
        ):
            raise ReceptionRefused("理由 {code} 的页码应由小到大，不重叠", code=reason.code)
    if any(one.code == other.code for one, other in pairwise(sorted(reasons, key=lambda r: r.code))):
        raise ReceptionRefused("同一理由只写一次，页码合在一起")


def check_remark(remark: str) -> None:
    """ReceptionRefused for a remark that is too long or holds control characters."""
    if len(remark) > REMARK_MAX or any(not sign.isprintable() for sign in remark):
        raise ReceptionRefused("说明不超过 {most} 字，写成一段", most=REMARK_MAX)


def told(reasons: Sequence[Reason], remark: str, known: ReceptionRule) -> str:
    """A verdict's reasons in one line, for papers and for the node."""
    said = [
        f"{reason.code} {known.reasons[reason.code].name if reason.code in known.reasons else '（本馆已不用的理由）'}"
        + (f"：第 {reason.pages_said} 页" if reason.pages else "")
        for reason in reasons
    ]
    return "；".join([*said, *([remark] if remark else [])])


def due_day(calendar: WorkingDays, start: dt.date, days: int) -> dt.date:
    """The working day that is so many after `start`, which itself does not count.

    >>> due_day(WorkingDays(frozenset(), frozenset(), frozenset()), dt.date(2026, 11, 20), 2)
    datetime.date(2026, 11, 24)
    """
    day = start
    for _ in range(min(days, DAYS_MAX)):
        day += dt.timedelta(days=1)
        while not calendar.works(day):
            day += dt.timedelta(days=1)
    return day
