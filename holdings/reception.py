"""How what a node brought is received at the hub: where a record and a delivery stand, what may be decided, when it is due. Pure.

A record waits until a draft says to accept or to return it; concluding a round makes the drafts final and lets them travel. A record that was
judged is judged again only when a new version of it came: the others keep what was said of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Final

from msgspec import Struct

from holdings.directive_verdict import ROUND_MAX, HandOver
from holdings.errors import ReceptionRefused
from holdings.rectification import ReceptionRule, due_day
from holdings.working_days import WorkingDays


class Standing(IntEnum):
    """Where a record stands in reception; the value is stored."""

    WAITING = 0
    TO_ACCEPT = 1
    TO_RETURN = 2
    ACCEPTED = 3
    """验收通过 of a report: custody stays where it was."""
    RETURNED = 4
    TAKEN = 5
    """接收 of a transfer: custody came over."""

    @property
    def is_final(self) -> bool:
        """Was it said to the node?"""
        return self >= Standing.ACCEPTED

    @property
    def is_good(self) -> bool:
        """Was it accepted, or taken in?"""
        return self in (Standing.ACCEPTED, Standing.TAKEN)

    def label(self, handover: HandOver) -> str:
        """The word of a hand-over; what was said already keeps its own, whatever the link does now."""
        words = {
            Standing.WAITING: "待验收", Standing.TO_ACCEPT: "拟通过", Standing.TO_RETURN: "拟退回", Standing.ACCEPTED: "验收通过",
            Standing.RETURNED: "退回整改", Standing.TAKEN: "已接收",
        }  # fmt: skip
        if handover is HandOver.TRANSFER:
            words |= {Standing.WAITING: "待接收", Standing.TO_ACCEPT: "拟接收"}
        return words[self]


class DeliveryStanding(Enum):
    """Where a whole delivery stands, by its records."""

    NEW = "new"
    IN_HAND = "in-hand"
    AGAIN = "again"
    MENDING = "mending"
    PARTLY = "partly"
    DONE = "done"
    TAKEN = "taken"
    EMPTY = "empty"

    def label(self, handover: HandOver) -> str:
        """The word of a hand-over."""
        transfer = handover is HandOver.TRANSFER
        return {
            DeliveryStanding.NEW: "待接收" if transfer else "待验收",
            DeliveryStanding.IN_HAND: "接收中" if transfer else "验收中",
            DeliveryStanding.AGAIN: "待复核",
            DeliveryStanding.MENDING: "待整改",
            DeliveryStanding.PARTLY: "部分接收，待整改" if transfer else "部分通过，待整改",
            DeliveryStanding.DONE: "验收通过",
            DeliveryStanding.TAKEN: "已接收",
            DeliveryStanding.EMPTY: "没有档案",
        }[self]


class Tally(Struct, frozen=True):
    """Records, pages and source bytes."""

    records: int = 0
    pages: int = 0
    bytes: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.records + other.records, self.pages + other.pages, self.bytes + other.bytes)


NOTHING: Final = Tally()
Counts = Mapping[Standing, Tally]
"""A delivery's records by standing; what is not in it is none."""


def number(counts: Counts, *which: Standing) -> int:
    """Records of these standings; of all where none is named."""
    return sum(counts.get(standing, NOTHING).records for standing in which or Standing)


def standing(counts: Counts, rounds: int) -> DeliveryStanding:
    """Where a delivery stands after so many concluded rounds."""
    if number(counts) == 0:
        return DeliveryStanding.EMPTY
    if number(counts, Standing.TO_ACCEPT, Standing.TO_RETURN):
        return DeliveryStanding.IN_HAND
    if number(counts, Standing.WAITING):
        return DeliveryStanding.AGAIN if rounds else DeliveryStanding.NEW
    if number(counts, Standing.RETURNED):
        good = number(counts, Standing.ACCEPTED, Standing.TAKEN)
        return DeliveryStanding.PARTLY if good else DeliveryStanding.MENDING
    return DeliveryStanding.DONE if number(counts, Standing.ACCEPTED) else DeliveryStanding.TAKEN


def review_due(calendar: WorkingDays, came: dt.date, rule: ReceptionRule) -> dt.date:
    """When what came on a day is to be judged."""
    return due_day(calendar, came, rule.review_days)


def rectify_due(calendar: WorkingDays, today: dt.date, rule: ReceptionRule, asked: str) -> dt.date:
    """When what is returned today is to be mended: the site's term, or the day that the archivist sets; ReceptionRefused for one that is past or no date."""
    if not asked.strip():
        return due_day(calendar, today, rule.rectify_days)
    try:
        day = dt.date.fromisoformat(asked.strip())
    except ValueError as fault:
        raise ReceptionRefused("整改期限应写作 2026-01-31 的样子") from fault
    if not today < day <= today + dt.timedelta(days=366):
        raise ReceptionRefused("整改期限应在明天至一年之内")
    return day


def working_age(calendar: WorkingDays, since: dt.date, today: dt.date) -> int:
    """Working days that something waits."""
    return calendar.nights(since, today)


def may_judge(now: Standing, handover: HandOver, *, released: bool) -> None:
    """ReceptionRefused unless a record may be judged: it waits or has a draft only, and a transfer was let go by its holder.

    What is let go waits for a word whatever was said of it before, as a report or on an earlier way: nobody writes it until then.
    """
    if now.is_final and not (handover is HandOver.TRANSFER and released):
        raise ReceptionRefused("这一件已有结论，新版本到馆后才能再定")
    if handover is HandOver.TRANSFER and not released:
        raise ReceptionRefused("移交单位还没有移出保管，不能接收；请对方执行 jindang node release")


def may_conclude(counts: Counts, rounds: int, *, clock_known: bool) -> None:
    """ReceptionRefused unless a round may be concluded: something is drafted, and the clock is sure enough to date a paper."""
    if not number(counts, Standing.TO_ACCEPT, Standing.TO_RETURN):
        raise ReceptionRefused("本轮还没有拟定结论的档案，不能办结")
    if rounds >= ROUND_MAX:
        raise ReceptionRefused("一个批次至多 {most} 轮", most=ROUND_MAX)
    if not clock_known:
        raise ReceptionRefused("本机时钟未经确认，不能开具有日期的文据；请先请系统管理员校时")
