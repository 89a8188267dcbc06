"""How many pages each archive sets out to scan, and until when: data/targets.toml and a site's targets.toml; pure.

A district that was dissolved leaves its pages to its heir; a target too, when the merger came while it held and the heir has none of its own.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Struct

from holdings.district import CODE, Districts
from holdings.errors import NotFound, SiteDataWrong
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "targets.toml"
CITY: Final = "city"
EACH: Final = "*"
TARGETS_MAX: Final = 1_000


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """Pages that an archive sets out to scan from `since` to `until`, both days included."""

    code: str
    pages: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
    since: dt.date
    until: dt.date

    def __post_init__(self) -> None:
        """ValueError for a code that is none, or dates turned round."""
        if self.code not in (CITY, EACH) and not CODE.fullmatch(self.code):
            raise ValueError(f"目标的 code {self.code!r} 应为行政区划代码、city 或 *")
        if self.until < self.since:
            raise ValueError(f"{self.code} 的目标：until 应不早于 since")

    def holds(self, day: dt.date) -> bool:
        """Is it a target of that day?"""
        return self.since <= day <= self.until


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    target: Annotated[tuple[Target, ...], msgspec.Meta(max_length=TARGETS_MAX)] = ()


class Targets(Struct, frozen=True):
    """All targets of a city."""

    all: tuple[Target, ...]

    def of(self, code: str, day: dt.date, known: Districts) -> Target | None:
        """What an archive has to reach on a day; None when nothing is set. `code` is CITY, or a division of that day."""
        own = self._own(code, day)
        if own is not None or code == CITY:
            return own
        each = self._own(EACH, day)
        if each is None:
            return None
        try:
            merged = [one for one in known.predecessors(code) if each.since < one.until <= day]
            new = known.get(code).since > each.since
        except NotFound:
            return each
        heirs = [self._own(one.code, one.until - dt.timedelta(days=1)) or each for one in merged]
        if not heirs:
            return each
        # What was dissolved while the target held brings its own; an heir that was there before keeps its own beside it.
        pages = sum(one.pages for one in heirs) + (0 if new else each.pages)
        return Target(code, pages, each.since, max(each.until, *(one.until for one in heirs)))

    def _own(self, code: str, day: dt.date) -> Target | None:
        return next((one for one in self.all if one.code == code and one.holds(day)), None)


@functools.lru_cache(maxsize=8)
def targets(site: SiteData = NO_SITE) -> Targets:
    """What ships, or what the site says instead; SiteDataWrong names the file, and two targets of one archive at one time."""
    content, last = table(FILE, shipped(FILE)), FILE
    for name, text in site.named("targets"):
        content, last = overlay(content, table(name, text)), name
    found = typed(last, content, _File).target
    _apart(last, found)
    return Targets(found)


def _apart(name: str, found: Iterable[Target]) -> None:
    last: dict[str, Target] = {}
    for one in sorted(found, key=lambda target: (target.code, target.since)):
        before = last.get(one.code)
        if before is not None and one.since <= before.until:
            raise SiteDataWrong(f"数据文件 {name}：{one.code} 在 {one.since} 有两个目标；请错开起止日期")
        last[one.code] = one
