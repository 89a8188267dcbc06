"""Four-property checks 四性检测: the registry of codes (data/checks.toml), verdicts and results; pure.

DA/T 70-2018 numbers its checks stage-property-serial: GD-1-1 at archiving 归档, YJ-1-1 at hand-over 移交与接收, CQ-1-1 in long keeping 长期保存.
One code is one real check; what could not be looked at says so and never counts as passed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import Annotated

import msgspec
from msgspec import Struct

from holdings.errors import SiteDataWrong
from holdings.findings import FindingCode
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed


class Stage(Enum):
    """When a check runs (DA/T 70-2018 5)."""

    ARCHIVING = "GD"
    HANDOVER = "YJ"
    KEEPING = "CQ"

    @property
    def label(self) -> str:
        """The Chinese word."""
        return {"GD": "归档", "YJ": "移交与接收", "CQ": "长期保存"}[self.value]


class Property(IntEnum):
    """The four properties, numbered as in the codes."""

    AUTHENTIC = 1
    COMPLETE = 2
    USABLE = 3
    SAFE = 4

    @property
    def label(self) -> str:
        """The Chinese word."""
        return ("真实性", "完整性", "可用性", "安全性")[self.value - 1]


class Verdict(IntEnum):
    """What a check says, in the order in which one outweighs another when several things were looked at."""

    PASSED = 0
    UNTESTED = 1
    PERSON = 2
    FAILED = 3

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("通过", "未能检测", "需人工判定", "不通过")[self.value]


class Scope(Enum):
    """What a check looks at as a whole."""

    RECORD = "record"
    DELIVERY = "delivery"


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One table of data/checks.toml; see there."""

    name: str
    what: str = ""
    method: str = ""
    stages: tuple[str, ...] = ("GD", "YJ", "CQ")
    scope: str = "record"
    clause: str = ""
    reason: str = ""
    finding: str = ""


class _Image(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    what: str
    method: str
    clause: str
    finding: str = ""


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    check: dict[str, _Entry]
    image: dict[str, _Image]
    keeping_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0
    virus_scan: str = ""


class CheckCode(Struct, frozen=True):
    """One check: `code` as printed, `method` the key of what runs (empty: nothing can, `reason` says why), `finding` what a failure becomes."""

    code: str
    name: str
    what: str
    aspect: Property
    method: str
    scope: Scope
    clause: str
    reason: str = ""
    finding: FindingCode | None = None

    @property
    def of_image(self) -> bool:
        """Whether it looks at single pictures (code TX-…: DA/T 31-2017, which numbers no checks)."""
        return self.code.startswith("TX-")


class CheckResult(Struct, frozen=True):
    """What one check says of one thing: `subject` a match key or delivery, `where` a file, element or empty, `detail` a Chinese remark, no content."""

    code: str
    verdict: Verdict
    subject: str
    where: str = ""
    detail: str = ""


@functools.lru_cache(maxsize=16)
def registry(stage: Stage, site: SiteData = NO_SITE) -> tuple[CheckCode, ...]:
    """Every check of a stage, in the order of their codes, image checks last.

    SiteDataWrong names what a site's own checks.toml has wrong.
    """
    known = _table(site)
    found = [_code(stage, number, entry) for number, entry in known.check.items() if stage.value in entry.stages]
    found.sort(key=lambda one: tuple(int(n) for n in one.code.split("-")[1:]))
    images = [
        CheckCode(code, one.name, one.what, Property.USABLE, one.method, Scope.RECORD, one.clause, "", _finding(one.finding))
        for code, one in known.image.items()
    ]
    return (*found, *images)


@functools.lru_cache(maxsize=8)
def _table(site: SiteData) -> _Table:
    content = table("checks.toml", shipped("checks.toml"))
    for name, text in site.named("checks"):
        content = overlay(content, table(name, text))
    return typed("checks.toml", content, _Table)


def keeping_days(site: SiteData = NO_SITE) -> int:
    """Days from the beginning of one round of the periodic checks CQ to the next; 0: never by itself."""
    return _table(site).keeping_days


def hub_virus_scan(site: SiteData = NO_SITE) -> str:
    """Where the hub's clamd listens (`unix:/path`, `tcp:host:port`); blank: viruses are 未能检测 there."""
    return _table(site).virus_scan


def _code(stage: Stage, number: str, entry: _Entry) -> CheckCode:
    code = f"{stage.value}-{number}"
    try:
        held, scope = Property(int(number.partition("-")[0])), Scope(entry.scope)
    except ValueError as fault:
        raise SiteDataWrong(f"checks.toml 的 {number} 应写作“性-序号”（1 至 4），scope 为 record 或 delivery") from fault
    if bool(entry.method) == bool(entry.reason):
        raise SiteDataWrong(f"checks.toml 的 {number} 须有 method 或 reason 之一：不能检测的写明原因")
    clause = f"DA/T 70-2018 {code}" + (f"；{entry.clause}" if entry.clause else "")
    return CheckCode(code, entry.name, entry.what, held, entry.method, scope, clause, entry.reason, _finding(entry.finding))


def _finding(slug: str) -> FindingCode | None:
    if not slug:
        return None
    try:
        return FindingCode(slug)
    except ValueError as fault:
        raise SiteDataWrong(f"checks.toml 写了没有的问题代码 {slug}") from fault


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a whole: nothing looked at is 未能检测, and one part that could not be looked at keeps the whole from 通过."""
    return max(verdicts, default=Verdict.UNTESTED)
