"""Working days with holidays and 调休: data/holidays.toml and a site's holidays.toml; pure.

Nodes stand in offices that are switched off on free days: what is late is counted in nights that follow a working day.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from holdings.errors import SiteDataWrong
from holdings.expression import expression
from holdings.site_data import NO_SITE, SiteData, shipped, table, typed

FILE: Final = "holidays.toml"
DAYS_MAX: Final = 3_660
"""Days that are counted; what is later still is late enough."""
_SATURDAY: Final = 5
_SPAN: Final = expression(r"(\d{2})-(\d{2})(?:\.\.(\d{2})-(\d{2}))?")


class _Year(Struct, frozen=True, forbid_unknown_fields=True):
    """One year of the notice: free days, and weekends that are worked."""

    off: list[str] = []
    work: list[str] = []
    published: bool = True
    """False: the notice is not out; statutory days alone."""


class WorkingDays(Struct, frozen=True):
    """Which days are worked. `years`: those whose notice is known; others have weekends, and statutory days at best."""

    off: frozenset[dt.date]
    work: frozenset[dt.date]
    years: frozenset[int]

    def works(self, day: dt.date) -> bool:
        """Is that a working day?"""
        return day in self.work or (day.weekday() < _SATURDAY and day not in self.off)

    def nights(self, since: dt.date, until: dt.date) -> int:
        """The nights from `since` to `until` that follow a working day; 0 when `until` is not later; at most 3,660 days are looked at."""
        days = min((until - since).days, DAYS_MAX)
        return sum(self.works(since + dt.timedelta(days=number)) for number in range(days))


@functools.cache
def working_days(site: SiteData = NO_SITE) -> WorkingDays:
    """The shipped years with a site's laid over them; SiteDataWrong names file, year and what is wrong."""
    years: dict[int, _Year] = {}
    for name, text in ((FILE, shipped(FILE)), *site.named("holidays")):
        for key, content in table(name, text).items():
            if not re.fullmatch(r"20\d{2}", key):
                raise SiteDataWrong(f"数据文件 {name}：{key} 不是年份，应写作 [2026]")
            years[int(key)] = typed(name, content, _Year)
    off = frozenset(day for year, said in years.items() for span in said.off for day in _days(year, span))
    work = frozenset(day for year, said in years.items() for span in said.work for day in _days(year, span))
    if off & work:
        raise SiteDataWrong(f"{min(off & work)} 既是假日又是调休上班；请核对 {FILE}")
    return WorkingDays(off, work, frozenset(year for year, said in years.items() if said.published))


def _days(year: int, span: str) -> Iterator[dt.date]:
    found = _SPAN.fullmatch(span)
    try:
        if found is None:
            raise ValueError(span)
        first = dt.date(year, int(found[1]), int(found[2]))
        last = dt.date(year, int(found[3]), int(found[4])) if found[3] else first
        if last < first:
            raise ValueError(span)
    except ValueError as fault:
        raise SiteDataWrong(f"{FILE} 的 [{year}]：{span!r} 应写作 月-日 或 月-日..月-日，先后不能倒") from fault
    for number in range((last - first).days + 1):
        yield first + dt.timedelta(days=number)
