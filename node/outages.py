"""Planned outages 停机报备 that this node's people report: one setting; what is not over goes with every hello (format.md §11.2). Callers own the transaction."""

from __future__ import annotations

from typing import Final

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdings.errors import NotFound
from node import settings
from node.errors import ConfigurationWrong
from node.settings import Setting
from sync.state_report import OUTAGE_PERSON, OUTAGE_REASON, OUTAGE_S, OUTAGES_MAX, PlannedOutage

KEPT: Final = 50
"""Lines kept, those that are over among them."""


class Outage(Struct, frozen=True):
    """One: seconds UTC; `made` when it was reported, `ended` when it was ended earlier than planned (0: it was not)."""

    number: int
    begins: int
    ends: int
    reason: str
    by: str
    made: int
    ended: int = 0

    @property
    def until(self) -> int:
        """When it is over."""
        return min(self.ends, self.ended) if self.ended else self.ends


def every(connection: apsw.Connection) -> list[Outage]:
    """All that are kept, the last reported last."""
    stored = settings.blob(connection, Setting.OUTAGES)
    return msgspec.json.decode(stored, type=list[Outage]) if stored else []


def to_tell(connection: apsw.Connection, now: int) -> tuple[PlannedOutage, ...]:
    """What the hub should know: those that are not over."""
    found = [one for one in every(connection) if one.until > now]
    return tuple(PlannedOutage(one.begins, one.until, one.reason, one.by) for one in found[:OUTAGES_MAX])


def add(connection: apsw.Connection, begins: int, ends: int, reason: str, by: str, now: int) -> Outage:
    """A new one; ConfigurationWrong when it is over, turned round, longer than 60 days, lacks a reason or a name, or eight stand already."""
    known, reason, by = every(connection), reason.strip(), by.strip()
    if not 0 <= begins < ends or ends <= now:
        raise ConfigurationWrong("停机的结束时间应晚于开始时间，并且在现在以后。请改正后再报。")
    if ends - begins > OUTAGE_S:
        raise ConfigurationWrong("一次停机报备最长 60 天；更久的请到期再报。")
    if not 0 < len(reason) <= OUTAGE_REASON or not 0 < len(by) <= OUTAGE_PERSON or not (reason + by).isprintable():
        raise ConfigurationWrong("请写停机事由（1 至 200 字，一行）和报备人姓名。")
    if sum(one.until > now for one in known) >= OUTAGES_MAX:
        raise ConfigurationWrong(f"未结束的停机报备已有 {OUTAGES_MAX} 条。请先结束一些。")
    made = Outage(max((one.number for one in known), default=0) + 1, begins, ends, reason, by, now)
    _keep(connection, [*known, made], now)
    return made


def end(connection: apsw.Connection, number: int, now: int) -> Outage:
    """End one now; NotFound when there is none, or it is over."""
    known = every(connection)
    found = next((one for one in known if one.number == number and one.until > now), None)
    if found is None:
        raise NotFound(f"没有第 {number} 条未结束的停机报备。")
    # One that has not begun leaves nothing of itself: it ends where it would have begun.
    ended = replace(found, ended=max(1, min(now, found.ends)))
    _keep(connection, [ended if one is found else one for one in known], now)
    return ended


def _keep(connection: apsw.Connection, found: list[Outage], now: int) -> None:
    """What stands, and the last of what is over."""
    over = [one for one in found if one.until <= now][-KEPT:]
    kept = [one for one in found if one.until > now or one in over]
    settings.write(connection, Setting.OUTAGES, msgspec.json.encode(kept))
