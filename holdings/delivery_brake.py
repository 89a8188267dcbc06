"""The brake: many sealed sources of a delivery written over in a short time are a fault, or ransomware, unless somebody
declared a reprocessing 批量重处理 beforehand. Tables `reprocessing`, `source_change`.

Functions run inside the caller's transaction. Only bytes count that a sealed version had and the next one has not:
touched files, renamed and inserted pages do not.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

import apsw
from msgspec import Struct

from holdings import quarantine
from holdings.delivery import Delivery, fetch
from holdings.errors import DeliveryRefused, NotFound, SiteDataWrong
from holdings.findings import Finding, FindingCode
from holdings.quarantine import REASON_MAX, FindingState
from holdings.record import NAME_MAX
from holdings.sampling import fraction
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "brake.toml"
_WAITS: Final = (FindingState.OPEN, FindingState.SET_ASIDE)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    minutes: int
    pages: int
    share: str
    at_least: int
    declared_days_max: int


class BrakeRule(Struct, frozen=True):
    """More than `pages`, or more than `share` of the delivery's sealed pages and at least `at_least`, within `minutes`."""

    minutes: int
    pages: int
    share: Fraction
    at_least: int
    declared_days_max: int

    def trips(self, changed: int, sealed: int) -> bool:
        """Whether so many changed pages of so many sealed ones are too many."""
        return changed > self.pages or changed >= max(self.at_least, math.floor(self.share * sealed) + 1)


class Reprocessing(Struct, frozen=True):
    """A declared 批量重处理: from when to when (whole seconds UTC), by whom, why, declared when."""

    begins: int
    ends: int
    person: str
    reason: str
    declared: int


@functools.cache
def rule(site: SiteData = NO_SITE) -> BrakeRule:
    """The rule that ships, and what the site lays over it."""
    content = table(FILE, shipped(FILE))
    for name, text in site.named("brake"):
        content = overlay(content, table(name, text))
    file = typed(FILE, content, _File)
    share = fraction(file.share)
    if share is None or min(file.minutes, file.pages, file.at_least, file.declared_days_max) < 1:
        raise SiteDataWrong(f"数据文件 {FILE} 的各数须为正数，share 须大于 0 且不大于 100%")
    return BrakeRule(file.minutes, file.pages, share, file.at_least, file.declared_days_max)


def declare(connection: apsw.Connection, held: Delivery, said: Reprocessing, brake: BrakeRule) -> None:
    """Declare a reprocessing; what the brake holds of this delivery goes on when it begins now.

    DeliveryRefused when it ends before it begins or before now, lasts too long, or lacks name or reason.
    """
    if (
        not said.person.strip()
        or not said.reason.strip()
        or len(said.person) > NAME_MAX
        or len(said.reason) > REASON_MAX
    ):
        raise DeliveryRefused("登记批量重处理须写明姓名（--by）和理由（--reason）")
    if not said.begins < said.ends <= said.begins + brake.declared_days_max * 86_400 or said.ends <= said.declared:
        raise DeliveryRefused(f"批量重处理的起止时间须先起后止、尚未过去，且不超过 {brake.declared_days_max} 天")
    connection.execute(
        "INSERT INTO reprocessing(delivery, begins, ends, person, reason, declared) VALUES (?, ?, ?, ?, ?, ?)",
        (held.id, said.begins, said.ends, said.person.strip(), said.reason.strip(), said.declared),
    )
    if said.begins <= said.declared:
        quarantine.resolve(connection, _path(held.name), said.declared, FindingCode.BRAKE)


def declared(connection: apsw.Connection, name: str, now: int) -> bool:
    """Whether a declared reprocessing of a delivery is under way."""
    try:
        held = fetch(connection, name)
    except NotFound:
        return False
    row = connection.execute(
        "SELECT 1 FROM reprocessing WHERE delivery = ?1 AND begins <= ?2 AND ?2 < ends LIMIT 1", (held.id, now)
    ).fetchone()
    return row is not None


def reprocessings(connection: apsw.Connection, held: Delivery) -> list[Reprocessing]:
    """Everything declared for a delivery, oldest first."""
    rows = connection.execute(
        "SELECT begins, ends, person, reason, declared FROM reprocessing WHERE delivery = ? ORDER BY id", (held.id,)
    )
    return [Reprocessing(*row) for row in rows]


def note(
    connection: apsw.Connection, name: str, changed: int, sealed: Callable[[], int], now: int, brake: BrakeRule
) -> bool:
    """Count pages of a delivery whose sealed bytes were written over; True when that trips the brake.

    Args:
        sealed: tells how many pages of the delivery are sealed; asked only when it matters, for it reads them all.
    """
    if changed <= 0:
        return False
    connection.execute("DELETE FROM source_change WHERE minute < ?", (now // 60 - brake.minutes,))
    connection.execute(
        "INSERT INTO source_change(delivery, minute, pages) VALUES (?1, ?2, ?3)"
        " ON CONFLICT(delivery, minute) DO UPDATE SET pages = pages + ?3",
        (name, now // 60, changed),
    )
    if declared(connection, name, now):
        return False
    total = _within(connection, name, now, brake)
    if total < min(brake.at_least, brake.pages + 1):
        return False
    pages = sealed()
    if not brake.trips(total, pages):
        return False
    # The time tells this alarm from an earlier one that a person let pass: equal words would not ask again.
    at = f"{datetime.fromtimestamp(now, UTC).astimezone():%Y-%m-%d %H:%M}"
    said = f"{at} 前 {brake.minutes} 分钟内改写 {total} 页，本批次已加封 {pages} 页"
    quarantine.put(connection, Finding(FindingCode.BRAKE, name, _path(name), detail=said), now, _path(name))
    return True


def holds(connection: apsw.Connection, name: str, now: int) -> bool:
    """Whether new versions of a delivery's records wait for a person."""
    waits = any(
        one.finding.code is FindingCode.BRAKE and one.state in _WAITS
        for one in quarantine.for_subject(connection, name)
    )
    return waits and not declared(connection, name, now)


def _within(connection: apsw.Connection, name: str, now: int, brake: BrakeRule) -> int:
    """Changed pages within the brake's time, and since a person last let them pass."""
    answered = [
        one.closed or 0
        for one in quarantine.for_subject(connection, name)
        if one.finding.code is FindingCode.BRAKE and one.state not in _WAITS
    ]
    # Changes of the very minute in which a person answered count as answered.
    since = max([now // 60 - brake.minutes, *(closed // 60 for closed in answered)])
    row = connection.execute(
        "SELECT coalesce(sum(pages), 0) FROM source_change WHERE delivery = ? AND minute > ?", (name, since)
    ).fetchone()
    return int(row[0]) if row else 0


def _path(name: str) -> str:
    """Where the finding shows."""
    return f"{name}#制动"
