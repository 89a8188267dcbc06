"""Pages of the monitor 运行监控 for central IT: all nodes, one in depth, progress; and what a monitoring system asks: /healthz, /readyz, /metrics."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise
from typing import Any, Final

from crypto.fingerprint import read_out
from crypto.fingerprint_words import spoken, spoken_english
from holdings.language import Language, mark
from hub import alarm_store, chart, history, outage
from hub.account import Role
from hub.alarm import Severity
from hub.history import NodeDay
from hub.monitor import Condition, Row, day_of, receipted
from hub.monitor_desk import MonitorDesk
from hub.web_frame import Visit
from hub.web_route import NO_STAGE, Reply, Route, Turned
from sync.errors import SandboxError
from sync.receipt import Grade

ROLES: Final = frozenset({Role.SYSTEM, Role.SECURITY, Role.ARCHIVIST})
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
GRADES: Final = {Grade.R1: mark("已收存"), Grade.R4: mark("已验读")}
SHOWN_DAYS: Final = 90
GB: Final = 1e9
_LOG_ID: Final = re.compile(r"[0-9a-f]{64}")


def desk_of(visit: Visit) -> MonitorDesk:
    """What the monitor works with."""
    return MonitorDesk(visit.frame.home, lambda: visit.frame.parts)


def _board(visit: Visit) -> dict[str, Any]:
    desk = desk_of(visit)
    shown, standing = desk.board(), alarm_store.standing(desk.database.read())
    open_ones = [alarm for alarm in standing if alarm.under is None]
    return {
        "board": shown,
        "conditions": [one for one in Condition if shown.count(one) or one in (Condition.SILENT, Condition.NORMAL)],
        "together": shown.at_once(),
        "sums": _sums(shown.rows),
        "alarms": sorted(open_ones, key=lambda alarm: (-alarm.severity, -alarm.number))[:20],
        "severities": [(one, sum(alarm.severity is one for alarm in open_ones)) for one in reversed(Severity)],
    }


def _sums(rows: tuple[Row, ...]) -> dict[str, int]:
    return {
        "waiting_bytes": sum(row.waiting_bytes for row in rows), "waiting_pages": sum(row.waiting_pages or 0 for row in rows),
        "quarantined": sum(row.quarantined for row in rows), "records": sum(row.records for row in rows), "pages": sum(row.pages for row in rows),
    }  # fmt: skip


def monitor(visit: Visit) -> Reply:
    """All nodes at a glance."""
    home = visit.frame.home
    own = [(name, _said(visit, value)) for name, value in ((mark("中心指纹"), home.hub_id), (mark("中心证书"), home.tls_digest))]
    return visit.page("monitor.html", own=own, **_board(visit))


def _said(visit: Visit, value: bytes) -> tuple[str, str]:
    """Words in the person's language (they mean the same in both), figures."""
    return spoken(value) if visit.ask.language is Language.CHINESE else spoken_english(value), read_out(value)


def events(visit: Visit) -> Reply:
    """The same as a piece of a page, for the stream."""
    return visit.page("monitor_board.html", **_board(visit))


def node(visit: Visit) -> Reply:
    """One node in depth, with its last three months."""
    row, desk = _asked(visit), desk_of(visit)
    log_id, reading = bytes.fromhex(row.log_id), desk.database.read()
    grades = receipted(visit.frame.home.front, log_id, row.deltas)
    days = history.of_node(reading, log_id)[-SHOWN_DAYS:]
    mine = [one for one in desk.outages() if one.subject in (outage.ALL, row.log_id)]
    reply = visit.page(
        "node.html", row=row, fingerprint=_said(visit, log_id), grades=[(GRADES[grade], count) for grade, count in grades.items()], charts=_charts(days),
        alarms=alarm_store.of_subject(reading, row.log_id, 20), outages=[*mine, *outage.told_by(row.log_id, row.report)],
    )  # fmt: skip
    reply.subject = f"node:{row.log_id[:16]}"
    return reply


def _charts(days: list[NodeDay]) -> list[dict[str, Any]]:
    """Title, shapes and the same as rows of a table."""
    brought = history.brought(days)
    stored = [(one.day, one.bytes / GB) for one in brought]
    opened = [(one.day, float(one.pages)) for one in brought]
    waiting = [(one.day, one.waiting_bytes / GB) for one in days]
    free = [(one.day, None if one.free_bytes is None else one.free_bytes / GB) for one in days]
    quarantined = [(one.day, float(one.quarantined)) for one in days]
    return [
        {"title": mark("每日收存（GB）"), "chart": chart.bars(stored), "values": stored},
        {"title": mark("每日验读（页）"), "chart": chart.bars(opened), "values": opened},
        {"title": mark("积压（GB）"), "chart": chart.line(waiting), "values": waiting},
        {"title": mark("待处理（项）"), "chart": chart.line(quarantined), "values": quarantined},
        {"title": mark("节点剩余空间（GB）"), "chart": chart.line(free), "values": free},
    ]


def _asked(visit: Visit) -> Row:
    log_id = visit.ask.parts["log_id"]
    found = (
        next((row for row in desk_of(visit).board().rows if row.log_id == log_id), None)
        if _LOG_ID.fullmatch(log_id)
        else None
    )
    if found is None:
        raise Turned(404, mark("没有这个节点。"))
    return found


def progress(visit: Visit) -> Reply:
    """Digitisation of each archive against its target; what came in day by day; how long the store lasts; fixity; receipts by grade."""
    desk = desk_of(visit)
    shown, reading = desk.board(), desk.database.read()
    archives = [one for one in desk.progress(shown) if one.code or one.nodes]
    days, hub = history.of_all(reading)[-SHOWN_DAYS:], desk.hub_day()
    kept = history.of_hub(reading)
    returned = [(now.day, float(max(0, now.returned - last.returned))) for last, now in pairwise(kept)]
    accepted = [(now.day, float(max(0, now.accepted - last.accepted))) for last, now in pairwise(kept)]
    left = desk.days_left(hub.free_bytes)
    charts = [
        *_charts(days)[:3],
        {"title": mark("每日退回（件）"), "chart": chart.bars(returned), "values": returned},
        {"title": mark("每日接收（件）"), "chart": chart.bars(accepted), "values": accepted},
    ]
    deltas = sum(row.deltas for row in shown.rows)
    return visit.page(
        "progress.html", archives=archives, total=sum(one.pages for one in archives), charts=charts, hub=hub, left=left,
        full_on=day_of(shown.wall) + dt.timedelta(days=left) if left is not None and left < 36_500 else None,
        grades=[
            (mark("已登记"), deltas), (GRADES[Grade.R1], deltas - sum(row.pending_deltas for row in shown.rows)),
            (GRADES[Grade.R4], sum(receipted(visit.frame.home.front, bytes.fromhex(row.log_id), row.deltas)[Grade.R4] for row in shown.rows)),
        ],
    )  # fmt: skip


def paper(visit: Visit) -> Reply:
    """The page of this moment as PDF."""
    from hub import daily_page

    desk = desk_of(visit)
    try:
        data = daily_page.pdf(desk)
    except SandboxError as fault:
        raise Turned(503, mark("现在做不出这一页，请稍后再试。")) from fault
    name = f"daily-{day_of(visit.frame.clock.wall()).isoformat()}.pdf"
    return Reply(
        data, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


# ---------------------------------------------------------------- for programs


def healthz(_: Visit) -> Reply:
    """The process answers."""
    return Reply(b"ok\n", content_type="text/plain")


def readyz(visit: Visit) -> Reply:
    """The databases answer: 200, or 503 by the frame."""
    home = visit.frame.home
    for database in (home.front, home.holdings, visit.parts.database):
        database.read().execute("SELECT 1").fetchone()
    return Reply(b"ready\n", content_type="text/plain")


def metrics(visit: Visit) -> Reply:
    """Figures for Prometheus, to programs on this machine alone: they name the nodes."""
    if visit.ask.address not in LOOPBACK:
        raise Turned(403, mark("指标只给本机的监控程序。"))
    from hub.metrics import Figures, exposition

    desk = desk_of(visit)
    shown, standing = desk.board(), alarm_store.standing(desk.database.read())
    opening = not any(alarm.kind == "opening" for alarm in standing)
    return Reply(
        exposition(Figures(shown, standing, desk.progress(shown), desk.hub_day(), opening)), content_type="text/plain"
    )


ROUTES: Final = (
    Route("GET", "/monitor", monitor, roles=ROLES, verb="monitor-read"),
    Route("GET", "/monitor/events", events, roles=ROLES, verb="monitor-read", live=True),
    Route("GET", "/monitor/progress", progress, roles=ROLES, verb="monitor-read"),
    Route("GET", "/monitor/paper", paper, roles=ROLES, verb="monitor-read"),
    Route("GET", "/monitor/{log_id}", node, roles=ROLES, verb="node-read"),
    Route("GET", "/healthz", healthz, stages=NO_STAGE),
    Route("GET", "/readyz", readyz, stages=NO_STAGE),
    Route("GET", "/metrics", metrics, stages=NO_STAGE),
)
