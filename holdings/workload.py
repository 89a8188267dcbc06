"""Workload statistics 工作量统计: pages by contractor, station, operator, day and size class, folded to A4; pure.

Only accepted deliveries are counted: a page that was sent back is nobody's work yet.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct

from holdings.errors import SiteDataWrong
from holdings.expression import expression
from holdings.sampling import fraction
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "workload.toml"
UNKNOWN: Final = "未知"
_A4_MM2: Final = 210 * 297
_DAY: Final = expression(r"((?:19|20)[0-9]{2})[-./年]?([0-9]{1,2})[-./月]?([0-9]{1,2})日?(?:[ T].*)?")
_AMOUNT: Final = expression(r"[0-9]{1,9}(?:\.[0-9]{1,4})?")


class _Size(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    width: int
    height: int
    a4: str


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    tolerance: str
    unknown_a4: str
    backs: tuple[str, ...]
    sizes: tuple[_Size, ...]


class SizeClass(Struct, frozen=True):
    """A class of paper: sides in millimetres with the tolerance in them, and what a side counts in A4."""

    name: str
    short: float
    long: float
    a4: Fraction


class WorkRule(Struct, frozen=True):
    """The classes, smallest first; what an unmeasured page counts; name endings of back sides."""

    sizes: tuple[SizeClass, ...]
    unknown_a4: Fraction
    backs: tuple[str, ...]

    def classify(self, short: float, long: float) -> tuple[str, Fraction]:
        """(class, A4) of a page; a page larger than the last class is 大于 it and counts its area in whole A4."""
        if not short or not long:
            return UNKNOWN, self.unknown_a4
        for size in self.sizes:
            if short <= size.short and long <= size.long:
                return size.name, size.a4
        return f"大于{self.sizes[-1].name}", Fraction(math.ceil(short * long / _A4_MM2))

    def is_back(self, name: str) -> bool:
        """Whether a file's name ends in the mark of a back side: 0012反.jpg, 0012-B.tif."""
        stem = unicodedata.normalize("NFKC", name).rpartition(".")[0] or name
        marked = re.fullmatch(r".*[0-9][-_ ]?([^0-9\W_]+)", stem)
        return marked is not None and marked[1] in self.backs


class Work(Struct, frozen=True):
    """The work on one record: who did what where and when, pages by class, A4 by our measure and as declared."""

    contractor: str
    delivery: str
    station: str
    operator: str
    day: str
    persons: Mapping[str, str]
    sizes: Mapping[str, tuple[int, str]]
    """{class: (pages, A4 as an exact number)}."""
    backs: int
    declared_a4: Fraction | None


class WorkLine(Struct, frozen=True):
    """One line of the statistics; `a4` with two places, `backs` are pages among `pages`."""

    contractor: str
    delivery: str
    station: str
    operator: str
    day: str
    size_class: str
    pages: int
    a4: float


class PersonLine(Struct, frozen=True):
    """What one person did in one role (扫描员, 图像处理员, 质检员 …)."""

    contractor: str
    role: str
    person: str
    records: int
    pages: int
    a4: float


class SumLine(Struct, frozen=True):
    """A delivery's sum; `declared_a4` is what the contractor's link sheet says, None where it says nothing."""

    contractor: str
    delivery: str
    records: int
    pages: int
    backs: int
    unknown: int
    a4: float
    declared_a4: float | None


class Workload(Struct, frozen=True):
    """The statistics."""

    lines: tuple[WorkLine, ...]
    persons: tuple[PersonLine, ...]
    sums: tuple[SumLine, ...]


@functools.cache
def rule(site: SiteData = NO_SITE) -> WorkRule:
    """The rule that ships, and what the site lays over it; SiteDataWrong for sizes that are none."""
    content = table(FILE, shipped(FILE))
    for name, text in site.named("workload"):
        content = overlay(content, table(name, text))
    file = typed(FILE, content, _File)
    tolerance, unknown = fraction(file.tolerance), amount(file.unknown_a4)
    factors = [amount(size.a4) for size in file.sizes]
    if tolerance is None or unknown is None or not file.sizes or any(f is None for f in factors):
        raise SiteDataWrong(f"数据文件 {FILE} 的 tolerance 须为百分数，a4 须为数，sizes 至少一种")
    more = 1 + float(tolerance)
    sizes = [
        SizeClass(size.name, min(size.width, size.height) * more, max(size.width, size.height) * more, factor)
        for size, factor in zip(file.sizes, factors, strict=True)
        if factor is not None
    ]
    return WorkRule(tuple(sizes), unknown, file.backs)


def amount(text: str) -> Fraction | None:
    """A number of A4 sides as written: `12`, `12.5`; None for anything else."""
    shown = "".join(unicodedata.normalize("NFKC", text).split())
    return Fraction(shown) if _AMOUNT.fullmatch(shown) else None


def day_of(text: str) -> str:
    """A date as written in a link sheet as YYYY-MM-DD; empty when it is none."""
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        return ""
    return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"


def measure(pages: Iterable[tuple[str, float, float]], work: WorkRule) -> tuple[dict[str, tuple[int, str]], int]:
    """Pages of a record, (file name, short, long in mm), by class: ({class: (pages, A4)}, back sides)."""
    counts, folded, backs = defaultdict[str, int](int), defaultdict[str, Fraction](Fraction), 0
    for name, short, long in pages:
        size, a4 = work.classify(short, long)
        counts[size] += 1
        folded[size] += a4
        backs += work.is_back(name)
    return {size: (counts[size], str(folded[size])) for size in counts}, backs


def statistics(works: Iterable[Work]) -> Workload:
    """Sum the work of many records; lines in the order of their names."""
    lines = defaultdict[tuple[str, str, str, str, str, str], list[Fraction]](lambda: [Fraction(0), Fraction(0)])
    persons = defaultdict[tuple[str, str, str], list[Fraction]](lambda: [Fraction(0)] * 3)
    sums: dict[tuple[str, str], list[Fraction]] = {}
    declared: dict[tuple[str, str], Fraction] = {}
    for one in works:
        pages, a4 = (
            sum(n for n, _ in one.sizes.values()),
            sum((Fraction(x) for _, x in one.sizes.values()), Fraction(0)),
        )
        for size, (count, folded) in one.sizes.items():
            at = lines[one.contractor, one.delivery, one.station, one.operator, one.day, size]
            at[0] += count
            at[1] += Fraction(folded)
        for role, person in one.persons.items():
            _add(persons[one.contractor, role, person], (1, pages, a4))
        unknown = one.sizes.get(UNKNOWN, (0, ""))[0]
        key = (one.contractor, one.delivery)
        _add(sums.setdefault(key, [Fraction(0)] * 5), (1, pages, one.backs, unknown, a4))
        if one.declared_a4 is not None:
            declared[key] = declared.get(key, Fraction(0)) + one.declared_a4
    return Workload(
        tuple(WorkLine(*key, int(n), _two(a4)) for key, (n, a4) in sorted(lines.items())),
        tuple(PersonLine(*key, int(r), int(n), _two(a4)) for key, (r, n, a4) in sorted(persons.items())),
        tuple(
            SumLine(*key, int(r), int(n), int(b), int(u), _two(a4), _two(declared[key]) if key in declared else None)
            for key, (r, n, b, u, a4) in sorted(sums.items())
        ),
    )


def _add(into: list[Fraction], numbers: Iterable[Fraction | int]) -> None:
    for at, number in enumerate(numbers):
        into[at] += number


def _two(number: Fraction) -> float:
    """Two places, for people."""
    return round(float(number), 2)
