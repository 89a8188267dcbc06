"""Planned outages 停机报备: a node that is switched off on purpose raises no alarm. Table `outage`; all SQL about it. Callers own the transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import apsw
from msgspec import Struct

from holdings.language import mark
from hub.errors import NotAllowed
from sync.state_report import StateReport

ALL: Final = "*"
DAYS_MAX: Final = 60
"""Longer is no outage: stop the node (`hub revoke`) or report it again."""
REASON_MAX: Final = 200
OPEN_MAX: Final = 1_000
DAY_S: Final = 86_400


class Outage(Struct, frozen=True):
    """One node's (`subject`: its log_id in hexadecimal) or everybody's (`*`), from `begins` to `until`; seconds UTC."""

    number: int
    subject: str
    begins: int
    ends: int
    reason: str
    by: str
    ended: int | None
    """Ended earlier than planned. Number 0: the node's people reported it there, in its signed state; it is theirs to end."""

    @property
    def told(self) -> bool:
        """Did the node itself say so?"""
        return not self.number

    @property
    def until(self) -> int:
        """When it is over."""
        return self.ends if self.ended is None else min(self.ends, self.ended)

    def covers(self, subject: str, wall: int) -> bool:
        """Is this node meant, and is it now?"""
        return self.subject in (ALL, subject) and self.begins <= wall < self.until

    def nights(self, subject: str, zone: dt.tzinfo) -> Iterable[tuple[dt.date, dt.date]]:
        """The days of this node whose nights do not count: [first, last)."""
        if self.subject in (ALL, subject) and self.begins < self.until:
            first, last = (dt.datetime.fromtimestamp(wall, zone).date() for wall in (self.begins, self.until))
            yield first, last + dt.timedelta(days=1)


_FIELDS: Final = "number, subject, begins, ends, reason, by, ended"


def add(connection: apsw.Connection, subject: str, begins: int, ends: int, reason: str, by: str, now: int) -> Outage:
    """A new one; NotAllowed when it is over, turned round, longer than 60 days, or has no reason."""
    if not begins < ends or ends <= now:
        raise NotAllowed(mark("停机的结束时间应晚于开始时间，并且在现在以后。"))
    if ends - begins > DAYS_MAX * DAY_S:
        raise NotAllowed(mark("一次停机报备最长 60 天；更久的请到期再报。"))
    if not reason.strip() or len(reason) > REASON_MAX:
        raise NotAllowed(mark("请写停机事由，1 至 200 字。"))
    found = connection.execute("SELECT count(*) FROM outage WHERE ended IS NULL AND ends > ?", (now,)).fetchone()
    if found is not None and found[0] >= OPEN_MAX:
        raise NotAllowed(mark("未结束的停机报备已有 1000 条，请先结束一些。"))
    row = connection.execute(
        f"INSERT INTO outage(subject, begins, ends, reason, by) VALUES (?, ?, ?, ?, ?) RETURNING {_FIELDS}",
        (subject, begins, ends, reason.strip(), by),
    ).fetchone()
    assert row is not None
    return Outage(*row)


def end(connection: apsw.Connection, number: int, now: int) -> Outage:
    """End one now; NotAllowed when there is none, or it is over."""
    row = connection.execute(
        f"UPDATE outage SET ended = ?2 WHERE number = ?1 AND ended IS NULL AND ends > ?2 RETURNING {_FIELDS}",
        (number, now),
    ).fetchone()
    if row is None:
        raise NotAllowed(mark("没有这条未结束的停机报备。"))
    return Outage(*row)


def told_by(subject: str, report: StateReport | None) -> tuple[Outage, ...]:
    """What a node's last report says of outages: until it speaks again, that stands."""
    found = report.outages if report is not None else ()
    return tuple(Outage(0, subject, one.begins, one.ends, one.reason, one.person, None) for one in found)


def since(connection: apsw.Connection, wall: int, limit: int = OPEN_MAX) -> tuple[Outage, ...]:
    """Those that were not over at `wall`, in the order of their beginning."""
    rows = connection.execute(
        f"SELECT {_FIELDS} FROM outage WHERE ends > ? ORDER BY begins, number LIMIT ?", (wall, limit)
    )
    return tuple(Outage(*row) for row in rows)
