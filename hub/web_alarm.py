"""Pages of alarms 告警 and planned outages 停机报备: who may look is the monitor's; central IT alone takes note, silences, reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import apsw

from holdings.language import mark
from hub import alarm_store, chart
from hub.account import Role
from hub.alarm import Severity
from hub.alarm_store import Alarm
from hub.errors import NotAllowed
from hub.monitor import ZONE
from hub.outage import ALL
from hub.web_frame import Visit
from hub.web_monitor import ROLES, desk_of
from hub.web_route import Reply, Route, Turned

ACTS: Final = frozenset({Role.SYSTEM})
CLOSED_SHOWN: Final = 50
DAYS_SHOWN: Final = 90
CHARTS: Final = {Severity.CRITICAL: mark("每日新告警：严重"), Severity.WARNING: mark("每日新告警：警告"), Severity.NOTICE: mark("每日新告警：提示")}
SILENCES: Final = (
    (4, mark("4 小时")),
    (24, mark("1 天")),
    (72, mark("3 天")),
    (168, mark("7 天")),
    (0, mark("恢复提醒")),
)
NUMBER_DIGITS: Final = 15


def alarms(visit: Visit) -> Reply:
    """Those that stand, what rolls others up with them under it; then the last that ended."""
    reading = desk_of(visit).database.read()
    standing = alarm_store.standing(reading)
    under: dict[int, list[Alarm]] = {}
    for alarm in standing:
        if alarm.under is not None:
            under.setdefault(alarm.under, []).append(alarm)
    tops = sorted(
        (alarm for alarm in standing if alarm.under is None), key=lambda alarm: (-alarm.severity, -alarm.number)
    )
    return visit.page(
        "alarms.html",
        alarms=tops,
        under=under,
        closed=alarm_store.closed(reading, CLOSED_SHOWN),
        wall=visit.frame.clock.wall(),
        charts=_charts(reading, visit.frame.clock.wall()),
    )


def _charts(reading: apsw.Connection, wall: int) -> list[dict[str, Any]]:
    """How many began on each of the last days, the worst severity first: title, shapes and the same as rows of a table."""
    last = dt.datetime.fromtimestamp(wall, ZONE).date()
    days = [last - dt.timedelta(days=back) for back in range(DAYS_SHOWN - 1, -1, -1)]
    since = int(dt.datetime.combine(days[0], dt.time(), ZONE).timestamp())
    found = alarm_store.by_day(reading, since, int(ZONE.utcoffset(None).total_seconds()))
    made = []
    for severity in reversed(Severity):
        values = [(day.isoformat(), float(found.get((day.isoformat(), severity), 0))) for day in days]
        made.append({"title": CHARTS[severity], "chart": chart.bars(values), "values": values})
    return made


def alarm(visit: Visit) -> Reply:
    """One alarm: what it says, what to do, remarks, who took note."""
    return _alarm(visit, _number(visit), 200, "")


def _alarm(visit: Visit, number: int, status: int, error: str) -> Reply:
    reading = desk_of(visit).database.read()
    try:
        found = alarm_store.get(reading, number)
    except NotAllowed as fault:
        raise Turned(404, str(fault)) from fault
    reply = visit.page(
        "alarm.html", status, alarm=found, notes=alarm_store.notes(reading, number), error=error, wall=visit.frame.clock.wall(), silences=SILENCES,
        may_act=visit.person.role in ACTS, node=len(found.subject) == 64,
        under=[one for one in alarm_store.standing(reading) if one.under == number],
    )  # fmt: skip
    reply.subject = f"alarm:{number}"
    return reply


def acknowledge(visit: Visit) -> Reply:
    """Take note of it."""
    number = _number(visit)
    return _done(visit, number, lambda: desk_of(visit).acknowledge(visit.actor, number, visit.ask.said("note")))


def silence(visit: Visit) -> Reply:
    """Tell no channel for so many hours."""
    number, hours = _number(visit), visit.ask.said("hours")
    if hours not in {str(one) for one, _ in SILENCES}:
        raise Turned(422, mark("请选择暂停多久。"))
    return _done(visit, number, lambda: desk_of(visit).silence(visit.actor, number, int(hours), visit.ask.said("note")))


def note(visit: Visit) -> Reply:
    """Add a remark."""
    number = _number(visit)
    return _done(visit, number, lambda: desk_of(visit).note(visit.actor, number, visit.ask.said("note")))


def _done(visit: Visit, number: int, act: Callable[[], object]) -> Reply:
    try:
        act()
    except NotAllowed as fault:
        return _alarm(visit, number, 422, visit.words(str(fault)))
    return visit.to(f"/alarms/{number}")


def _number(visit: Visit) -> int:
    text = visit.ask.parts["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS):
        raise Turned(404, mark("没有这条告警。"))
    return int(text)


# ---------------------------------------------------------------- outages


def outages(visit: Visit) -> Reply:
    """What is planned, what is over, and the form for a new one."""
    return _outages(visit, 200, "")


def _outages(visit: Visit, status: int, error: str) -> Reply:
    desk = desk_of(visit)
    shown = desk.board()
    names = {row.log_id: row.name for row in shown.rows if row.condition != "revoked"}
    wall = visit.frame.clock.wall()
    found = desk.every_outage(shown)
    return visit.page(
        "outages.html", status, error=error, names=names, form=visit.ask, wall=wall, all=ALL, may_act=visit.person.role in ACTS,
        planned=[one for one in found if one.until > wall], over=[one for one in reversed(found) if one.until <= wall],
        now=dt.datetime.fromtimestamp(wall, ZONE).strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip


def plan(visit: Visit) -> Reply:
    """Report one."""
    ask = visit.ask
    try:
        begins, ends = _time(ask.said("begins")), _time(ask.said("ends"))
        desk_of(visit).plan(visit.actor, ask.said("node"), begins, ends, ask.said("reason"))
    except NotAllowed as fault:
        return _outages(visit, 422, visit.words(str(fault)))
    return visit.to("/outages")


def end(visit: Visit) -> Reply:
    """End one now."""
    try:
        desk_of(visit).end_outage(visit.actor, _number(visit))
    except NotAllowed as fault:
        return _outages(visit, 422, visit.words(str(fault)))
    return visit.to("/outages")


def _time(text: str) -> int:
    """Seconds UTC of a local time as forms say it; NotAllowed when it is none."""
    try:
        return int(dt.datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=ZONE).timestamp())
    except ValueError as fault:
        raise NotAllowed(mark("请写明开始和结束的日期和时间。")) from fault


ROUTES: Final = (
    Route("GET", "/alarms", alarms, roles=ROLES, verb="alarm-read"),
    Route("GET", "/alarms/{number}", alarm, roles=ROLES, verb="alarm-read"),
    Route("POST", "/alarms/{number}/ack", acknowledge, roles=ACTS),
    Route("POST", "/alarms/{number}/silence", silence, roles=ACTS),
    Route("POST", "/alarms/{number}/note", note, roles=ACTS),
    Route("GET", "/outages", outages, roles=ROLES, verb="outage-read"),
    Route("POST", "/outages", plan, roles=ACTS),
    Route("POST", "/outages/{number}/end", end, roles=ACTS),
)
