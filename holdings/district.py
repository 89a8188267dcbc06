"""Districts 区县 with the days on which their codes held: data/districts.toml and a site's districts.toml; pure.

An archive of a district that was dissolved becomes a part of its successor's: 塘沽, 汉沽 and 大港 have been 滨海新区 since late
2009. What was catalogued under an old code stays findable under the new one, and a fonds may change its district.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from holdings.errors import NotFound, SiteDataWrong
from holdings.expression import expression
from holdings.site_data import NO_SITE, SiteData, shipped, table, typed

FILE: Final = "districts.toml"
CODE: Final = expression(r"[0-9]{6}|[A-Z][A-Z0-9]{1,15}")  # GB/T 2260, or a site's own word for a zone without a code
DIVISIONS_MAX: Final = 1_000
_START, _END = dt.date(1, 1, 1), dt.date(9999, 12, 31)


class District(Struct, frozen=True, forbid_unknown_fields=True):
    """A division while its code held: from `since` on, up to but without `until`; `into` took over."""

    code: str
    name: str
    since: dt.date = _START
    until: dt.date = _END
    into: str = ""

    def __post_init__(self) -> None:
        """ValueError when the code is none, the days are turned round, or an end has no successor day."""
        if not CODE.fullmatch(self.code) or not 1 <= len(self.name) <= 40:
            raise ValueError(f"{self.code}：代码应为 GB/T 2260 的 6 位数字（无代码的用大写字母），名称 1 至 40 字")
        if self.since >= self.until:
            raise ValueError(f"{self.code}：since 应早于 until")

    def holds(self, day: dt.date) -> bool:
        """Whether the code held on a day."""
        return self.since <= day < self.until


class _City(Struct, frozen=True, forbid_unknown_fields=True):
    """The city itself."""

    code: str
    name: str


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of divisions."""

    city: _City | None = None
    division: tuple[District, ...] = ()


class Districts:
    """The divisions of a city through time."""

    def __init__(self, city: str, divisions: Mapping[str, District]) -> None:
        self.city, self._by_code = city, dict(divisions)

    def __iter__(self) -> Iterator[District]:
        """Every division there was or is, in the order of codes."""
        return iter(sorted(self._by_code.values(), key=lambda one: one.code))

    def at(self, day: dt.date) -> tuple[District, ...]:
        """The divisions of a day, in the order of codes."""
        return tuple(one for one in self if one.holds(day))

    def get(self, code: str) -> District:
        """A division by its code; NotFound lists those of today that begin alike."""
        if code in self._by_code:
            return self._by_code[code]
        near = "、".join(f"{one.code} {one.name}" for one in self if one.code[:4] == code[:4])
        raise NotFound(f"没有行政区划代码 {code}" + (f"；可用：{near}" if near else ""))

    def named(self, name: str, day: dt.date) -> District | None:
        """The division that bore a name on a day (with or without the city's name, 区 or 县); when none did then, the one
        that bore it at any time; None when no division ever did.
        """
        plain = name.strip().removeprefix(self.city)
        alike = [one for one in self if plain in (one.name, one.name[:-1])]
        return next((one for one in alike if one.holds(day)), alike[0] if alike else None)

    def current(self, code: str, day: dt.date) -> District:
        """The division that answers on a day for what was catalogued under a code: itself, or what took over from it.

        A code that was not yet there is itself. NotFound for a code that never was.
        """
        found = self.get(code)
        for _ in range(len(self._by_code)):
            if day < found.until or not found.into:
                break
            found = self.get(found.into)
        return found

    def predecessors(self, code: str) -> tuple[District, ...]:
        """The divisions that came together in a code, in the order of codes; those before them too."""
        found: dict[str, District] = {}
        waiting = [code]
        while waiting:
            into = waiting.pop()
            for one in self:
                if one.into == into and one.code not in found:
                    found[one.code] = one
                    waiting.append(one.code)
        return tuple(sorted(found.values(), key=lambda one: one.code))

    def codes(self, code: str) -> frozenset[str]:
        """The code and those that came together in it: what a search for a district of today has to look for."""
        return frozenset({code, *(one.code for one in self.predecessors(code))})


@functools.lru_cache(maxsize=8)
def districts(site: SiteData = NO_SITE) -> Districts:
    """The shipped table with a site's laid over it, division by division (SiteDataWrong names file and code).

    A site of another city replaces city and divisions: where its file has a [city], nothing shipped is kept.
    """
    known = typed(FILE, table(FILE, shipped(FILE)), _Table)
    assert known.city is not None
    city, divisions = known.city, {one.code: one for one in known.division}
    for name, text in site.named("districts"):
        own = typed(name, table(name, text), _Table)
        if own.city is not None:
            city, divisions = own.city, {}
        divisions |= {one.code: one for one in own.division}
        _check(name, divisions)
    return Districts(city.name, divisions)


def _check(name: str, divisions: Mapping[str, District]) -> None:
    """Every successor exists and nothing succeeds itself; SiteDataWrong."""
    if len(divisions) > DIVISIONS_MAX:
        raise SiteDataWrong(f"数据文件 {name} 的区划超过 {DIVISIONS_MAX} 个")
    for one in divisions.values():
        seen = {one.code}
        while one.into:
            if one.into not in divisions or one.into in seen:
                raise SiteDataWrong(f"数据文件 {name}：{one.code} 的 into = “{one.into}”不存在，或绕回了自己")
            seen.add(one.into)
            one = divisions[one.into]
