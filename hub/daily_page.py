"""The daily page 每日一页: put together from the monitor, drawn in the sandbox, kept in HOME/papers, sent to the mail channels that ask for it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from holdings.alarm_rule import AlarmRule
from holdings.daily_page_pdf import DailyPage
from holdings.scan_target import CITY
from hub import alarm_channel, alarm_store, history, monitor_value
from hub.alarm_channel import Attachment, ChannelFailed
from hub.monitor import ZONE, Condition, Row
from hub.monitor_desk import MonitorDesk
from hub.monitor_value import MonitorValue
from hub.progress import Progress
from sync import durable
from sync.sandbox import Sandbox

FOLDER: Final = "papers"
PDF_MIB: Final = 1_024
PDF_S: Final = 60
NICE: Final = 15
_NAME: Final = re.compile(r"daily-\d{4}-\d{2}-\d{2}\.pdf")
_FINE: Final = frozenset({Condition.NORMAL, Condition.REVOKED, Condition.PLANNED})


def page(desk: MonitorDesk) -> DailyPage:
    """The page of this moment, yesterday's work on it."""
    shown, wall, reading = desk.board(), desk.home.clock.wall(), desk.database.read()
    today, hub = dt.datetime.fromtimestamp(wall, ZONE), desk.hub_day()
    alarms = sorted(
        (one for one in alarm_store.standing(reading) if one.under is None), key=lambda one: (-one.severity, one.number)
    )
    brought = {one.day: one for one in history.brought(history.of_all(reading))}
    last = brought.get((today.date() - dt.timedelta(days=1)).isoformat())
    left = desk.days_left(hub.free_bytes)
    facts = (
        ("节点", f"{len(shown.rows)} 个", "要人管", f"{sum(row.condition not in _FINE for row in shown.rows)} 个"),
        ("昨日收存", f"{last.bytes / 1e9:.1f} GB" if last else "—", "昨日验读", f"{last.pages:,} 页" if last else "—"),
        (
            "积压",
            f"{sum(row.waiting_bytes for row in shown.rows) / 1e9:.1f} GB",
            "待处理",
            f"{sum(row.quarantined for row in shown.rows):,} 项",
        ),
        (
            "中心剩余",
            f"{hub.free_bytes / 1e9:.0f} GB",
            "预计用完",
            f"{left} 天后" if left is not None else "看不出",
        ),
    )
    return DailyPage(
        desk.home.genesis.name, today.date().isoformat(), today.strftime("%Y-%m-%d %H:%M"), facts,
        tuple((one.severity.label, one.text, _when(one.opened)) for one in alarms),
        tuple(_node(row) for row in shown.rows if row.condition not in _FINE or row.disk_low or row.clock_wrong),
        tuple(_archive(one) for one in _by_need(desk.progress(shown))), "津档",
    )  # fmt: skip


def _by_need(archives: Iterable[Progress]) -> list[Progress]:
    """Those that have nodes, the least advanced first."""
    return sorted((one for one in archives if one.nodes), key=lambda one: (one.share is None, one.share or 0.0))


def _node(row: Row) -> tuple[str, ...]:
    free = "—" if row.free_bytes is None else f"{row.free_bytes / 1e9:.0f} GB"
    return (
        row.name,
        row.condition.label,
        _when(row.last_contact),
        str(row.nights),
        f"{row.waiting_bytes / 1e9:.1f} GB",
        str(row.quarantined),
        free,
    )


def _archive(one: Progress) -> tuple[str, ...]:
    name = "市级馆" if one.code == CITY else one.name or "未填区划"
    goal = f"{one.target.pages:,}" if one.target else "—"
    share = f"{one.share * 100:.1f} %" if one.share is not None else "—"
    return name, f"{one.pages:,}", goal, share, f"{one.per_day:,.0f}", one.reached.isoformat() if one.reached else "—"


def _when(wall: int | None) -> str:
    return dt.datetime.fromtimestamp(wall, ZONE).strftime("%m-%d %H:%M") if wall else "从未"


def pdf(desk: MonitorDesk) -> bytes:
    """The page as PDF, drawn in a process of its own so that the hub stays small; SandboxError when that fails."""
    sandbox = Sandbox(1, PDF_MIB, PDF_S, NICE)
    try:
        return sandbox.call("holdings.daily_page_pdf:draw", msgspec.json.encode(page(desk)))
    finally:
        sandbox.close()


def due(desk: MonitorDesk, rule: AlarmRule) -> bool:
    """Is today's page wanted and not made yet?"""
    now = dt.datetime.fromtimestamp(desk.home.clock.wall(), ZONE)
    at = rule.paper_minute
    if at is None or now.hour * 60 + now.minute < at:
        return False
    return monitor_value.read(desk.database.read(), MonitorValue.PAPER_DAY) < now.date().toordinal()


def make(desk: MonitorDesk, rule: AlarmRule) -> Path:
    """Draw today's page, keep it, let go of the oldest, bring it to who asks for it. A mail that fails is said in the service's log: the page lies here."""
    today = dt.datetime.fromtimestamp(desk.home.clock.wall(), ZONE).date()
    data, folder = pdf(desk), desk.home.path / FOLDER
    durable.make_folder(folder)
    path: Path = folder / f"daily-{today.isoformat()}.pdf"
    durable.write_file(path, data)
    for old in sorted(one for one in folder.iterdir() if _NAME.fullmatch(one.name))[: -rule.papers_kept]:
        old.unlink(missing_ok=True)
    with desk.database.transaction() as connection:
        monitor_value.write(connection, MonitorValue.PAPER_DAY, today.toordinal())
    # A crash here leaves the page made and unsent: it is not made twice a day.
    for mail in rule.mail:
        if mail.paper:
            try:
                subject = f"[{desk.home.genesis.name}] 运行监控每日一页 {today.isoformat()}"
                alarm_channel.send(mail, subject, "见附件。", [Attachment(path.name, data)])
            except ChannelFailed as fault:
                alarm_channel.LOG.error("每日一页没有发到“%s”：%s", mail.name, fault)
    return path
