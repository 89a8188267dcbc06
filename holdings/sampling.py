"""Acceptance sampling 抽检 of a delivery (DA/T 31-2017 12.1.2, 12.2): how many, which, and whether they pass; pure.

The choice is a function of delivery and seed alone. Whoever has the page list and the seed draws the same pages again,
in whatever order a database gives them.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from fractions import Fraction
from typing import Final

from msgspec import Struct

from holdings.errors import DeliveryRefused, SiteDataWrong
from holdings.expression import expression
from holdings.reference_code import match_key, ordering_key
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "sampling.toml"
SEED_MAX: Final = 100  # characters of a seed that people give
_SHARE: Final = expression(r"[0-9]{1,3}(?:\.[0-9]{1,6})?%?")
SAMPLE_MAX: Final = 100_000  # pages of one drawing: a person looks at every one


class Unit(IntEnum):
    """What is drawn: single pages, or records with all their pages."""

    PAGES = 1
    RECORDS = 2

    @property
    def label(self) -> str:
        """The Chinese word."""
        return ("页", "件")[self.value - 1]


class Scope(IntEnum):
    """What it is drawn from: the whole delivery, or what changed since the last round and the pages that failed in
    it."""

    ALL = 1
    CHANGED = 2

    @property
    def label(self) -> str:
        """The Chinese words."""
        return ("全批", "整改过的")[self.value - 1]


class PageVerdict(IntEnum):
    """What a person said of a page."""

    NONE = 0
    PASSED = 1
    FAILED = 2

    @property
    def label(self) -> str:
        """The Chinese word."""
        return ("未检", "合格", "不合格")[self.value]


class Fault(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that a checker may write."""

    name: str
    clause: str


class _Rule(Struct, frozen=True, forbid_unknown_fields=True):
    rate: str
    pass_rate: str
    minimum_pages: int
    minimum_records: int


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: _Rule
    faults: dict[str, Fault]


class SamplingRule(Struct, frozen=True):
    """Rate and pass mark as exact fractions, the smallest size of a sample by unit, and the faults by their code."""

    rate: Fraction
    pass_rate: Fraction
    minimum: Mapping[Unit, int]
    faults: Mapping[str, Fault]


class Candidate(Struct, frozen=True):
    """A page that may be drawn: one file of a sealed record."""

    reference_code: str
    page: str
    sha256: bytes


class Drawn(Struct, frozen=True):
    """What was drawn, in the order of codes and pages, out of how many."""

    pages: tuple[Candidate, ...]
    population_records: int
    population_pages: int


class SampleResult(Struct, frozen=True):
    """How a sample stands. A record fails with its first page; `rate` is that of the unit drawn, over what was judged."""

    unit: Unit
    pages: int
    judged: int
    failed: int
    records: int
    records_judged: int
    records_failed: int
    pass_rate: Fraction

    @property
    def complete(self) -> bool:
        """Whether every page has its verdict."""
        return self.judged == self.pages

    @property
    def rate(self) -> Fraction | None:
        """合格率 so far: passed ÷ judged (DA/T 31: 合格数 ÷ 抽检数); None before the first verdict."""
        judged, failed = (
            (self.judged, self.failed) if self.unit is Unit.PAGES else (self.records_judged, self.records_failed)
        )
        return Fraction(judged - failed, judged) if judged else None

    @property
    def passed(self) -> bool | None:
        """Whether the delivery passes this round; None while a verdict is missing."""
        return None if not self.complete or self.rate is None else self.rate >= self.pass_rate


def rule(site: SiteData = NO_SITE) -> SamplingRule:
    """The rule that ships, and what the site lays over it; SiteDataWrong for one that draws nothing or all."""
    content = table(FILE, shipped(FILE))
    for name, text in site.named("sampling"):
        content = overlay(content, table(name, text))
    file = typed(FILE, content, _File)
    rate, pass_rate = fraction(file.rule.rate), fraction(file.rule.pass_rate)
    minimum = {Unit.PAGES: file.rule.minimum_pages, Unit.RECORDS: file.rule.minimum_records}
    if rate is None or pass_rate is None or not all(1 <= least <= SAMPLE_MAX for least in minimum.values()):
        raise SiteDataWrong(f"数据文件 {FILE} 的 rate、pass_rate 须大于 0 且不大于 1，最小抽检数须为 1 至 {SAMPLE_MAX}")
    return SamplingRule(rate, pass_rate, minimum, file.faults)


def fraction(text: str) -> Fraction | None:
    """Read `0.05` or `5%` exactly; None when it is no share above 0 and up to 1."""
    shown = "".join(unicodedata.normalize("NFKC", text).split())
    if not _SHARE.fullmatch(shown):
        return None
    value = Fraction(shown.removesuffix("%")) / (100 if shown.endswith("%") else 1)
    return value if 0 < value <= 1 else None


def percent(rate: Fraction | None) -> str:
    """`97.50%`, cut and not rounded up, so that 94.999 % never looks like a pass; empty for None."""
    return "" if rate is None else f"{math.floor(rate * 10_000) / 100:.2f}%"


def sample_size(population: int, rate: Fraction, minimum: int) -> int:
    """Units to draw: the rate rounded up, at least the minimum, at most all."""
    return min(population, max(minimum, math.ceil(rate * population)))


def draw(
    candidates: Callable[[], Iterable[Candidate]], delivery: str, seed: str, unit: Unit, rate: Fraction, minimum: int
) -> Drawn:
    """Draw pages or records.

    Args:
        candidates: gives every page of the delivery, the pages of one record in a row; asked twice, so that memory holds
            the sample and not the delivery.
        seed: 1 to 100 characters; compared in NFC.

    Raises:
        DeliveryRefused: nothing to draw from, a bad seed, or more than a person can look at.
    """
    salt = unicodedata.normalize("NFC", seed.strip())
    if not 1 <= len(salt) <= SEED_MAX:
        raise DeliveryRefused(f"抽检种子须为 1 至 {SEED_MAX} 个字符")
    pages = records = 0
    last = ""
    for one in candidates():
        pages += 1
        records += one.reference_code != last
        last = one.reference_code
    wanted = sample_size(pages if unit is Unit.PAGES else records, rate, minimum)
    if not wanted:
        raise DeliveryRefused(f"批次“{delivery}”没有可抽检的页；请先收入并加封（node intake）")
    if wanted > SAMPLE_MAX:
        raise DeliveryRefused(f"抽检数 {wanted} 超过 {SAMPLE_MAX}；请降低抽检率或分批")
    if unit is Unit.PAGES:
        chosen = heapq.nsmallest(wanted, candidates(), key=lambda c: lot(salt, delivery, c.reference_code, c.page))
    else:
        codes = dict.fromkeys(one.reference_code for one in candidates())
        kept = frozenset(heapq.nsmallest(wanted, codes, key=lambda code: lot(salt, delivery, code, "")))
        chosen = [one for one in candidates() if one.reference_code in kept]
        if len(chosen) > SAMPLE_MAX:
            raise DeliveryRefused(f"抽中的 {wanted} 件共 {len(chosen)} 页，超过 {SAMPLE_MAX}；请改为按页抽检")
    chosen.sort(key=lambda one: (ordering_key(one.reference_code), ordering_key(one.page), one.page))
    return Drawn(tuple(chosen), records, pages)


def lot(seed: str, delivery: str, reference_code: str, page: str) -> bytes:
    """The lot of one page (record: `page` empty): the smallest are drawn. Nobody can steer it who does not choose both
    seed and names, and anybody can compute it again."""
    parts = [delivery, match_key(reference_code), unicodedata.normalize("NFC", page)]
    message = b"jindang/1/sample" + b"".join(len(p).to_bytes(4, "big") + p for p in (text.encode() for text in parts))
    return hmac.new(seed.encode(), message, hashlib.sha256).digest()


def result(unit: Unit, verdicts: Iterable[tuple[str, PageVerdict]], pass_rate: Fraction) -> SampleResult:
    """Count the verdicts of a sample: (reference code, verdict) of every page of it."""
    pages = judged = failed = 0
    records: dict[str, PageVerdict] = {}
    for code, verdict in verdicts:
        pages += 1
        judged += verdict is not PageVerdict.NONE
        failed += verdict is PageVerdict.FAILED
        records[code] = _worse(records.get(code, PageVerdict.PASSED), verdict)
    states = list(records.values())
    bad, open_ = states.count(PageVerdict.FAILED), states.count(PageVerdict.NONE)
    return SampleResult(unit, pages, judged, failed, len(states), len(states) - open_, bad, pass_rate)


def _worse(one: PageVerdict, other: PageVerdict) -> PageVerdict:
    """What two pages say of their record: failed before unknown before passed."""
    for verdict in (PageVerdict.FAILED, PageVerdict.NONE):
        if verdict in (one, other):
            return verdict
    return PageVerdict.PASSED
