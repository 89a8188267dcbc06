"""Alarms 告警: the closed list of their kinds, how bad each is, what it says and what to do. Pure: `judge` looks at a board, and at nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct, field

from holdings.alarm_rule import AlarmRule
from holdings.language import mark
from hub.monitor import Board, Condition, Row
from sync.state_report import StateReport

HUB: Final = "hub"
NAMES_SHOWN: Final = 10


class Severity(IntEnum):
    """How bad an alarm is."""

    NOTICE = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return (mark("提示"), mark("警告"), mark("严重"))[self - 1]

    @property
    def colour(self) -> str:
        """The class of its mark on pages."""
        return ("", "warn", "bad")[self - 1]


class AlarmKind(StrEnum):
    """What an alarm is about."""

    LINE = "line"
    SILENT = "silent"
    LOCKED = "locked"
    LAGGING = "lagging"
    NEVER = "never"
    FROZEN = "frozen"
    DISK = "disk"
    CLOCK = "clock"
    BACKLOG = "backlog"
    STOPPED = "paused"
    HUB_DISK = "hub-disk"
    HUB_FULL_SOON = "hub-full-soon"
    OPENING = "opening"
    FIXITY = "fixity"
    CALENDAR = "calendar"
    LOG = "log"
    CHANNEL = "channel"

    @property
    def about(self) -> About:
        """What there is to say."""
        return _ABOUT[self]


class About(Struct, frozen=True):
    """Severity, name, sentence with `{values}`, remedy (Chinese, marked). `standing`: it ends by itself when what it is about ends; else a person ends it."""

    severity: Severity
    label: str
    text: str
    remedy: str
    standing: bool = True


_ABOUT: Final = {
    AlarmKind.LINE: About(Severity.CRITICAL, mark("疑似专线"), mark("{n} 个节点同时失联：疑似专线。{names}"),
        mark("先查政务网线路和中心的节点端口，再逐个联系。")),
    AlarmKind.SILENT: About(Severity.WARNING, mark("失联"), mark("{name} 已 {n} 个工作夜没有联络。"), mark("联系该馆：是否关机、断网；有计划的请报备停机。")),
    AlarmKind.LOCKED: About(Severity.WARNING, mark("已锁定"), mark("{name} 开机后等待解锁（未经签名核实）。"), mark("联系该馆，由持有口令或密钥的人解锁。")),
    AlarmKind.LAGGING: About(Severity.NOTICE, mark("滞后"), mark("{name} 有待传数据，已过 {n} 个工作夜。"),
        mark("看该节点的传输时段和线路；持续滞后请延长时段。")),
    AlarmKind.NEVER: About(Severity.NOTICE, mark("未联络"), mark("{name} 接入 {n} 天，还没有联络过。"), mark("联系该馆，在节点上执行 jindang node doctor。")),
    AlarmKind.FROZEN: About(Severity.CRITICAL, mark("已冻结"), mark("{name} 的日志链分叉，已冻结，不再收其数据。"),
        mark("保全现场；由人判断是旧备份恢复还是密钥外泄。")),
    AlarmKind.DISK: About(Severity.WARNING, mark("节点空间不足"), mark("{name} 剩余空间 {size}。"), mark("请该馆扩容，或按回执清理已收存的数据。")),
    AlarmKind.CLOCK: About(Severity.NOTICE, mark("时钟不准"), mark("{name} 的时钟差 {n} 秒。"), mark("请该馆校准时间或更换主板电池；次序不受影响。")),
    AlarmKind.BACKLOG: About(Severity.NOTICE, mark("积压"), mark("{name} 积压 {size}，按现在的线路要 {n} 夜。"),
        mark("延长传输时段、提高限速，或用交换载体报送。")),
    AlarmKind.STOPPED: About(Severity.NOTICE, mark("传输已暂停"), mark("{name} 的传输由人暂停，有数据待传。"), mark("联系该馆确认，恢复传输。")),
    AlarmKind.HUB_DISK: About(Severity.CRITICAL, mark("中心空间不足"), mark("中心剩余空间 {size}，低于 {limit} 即停止收存。"),
        mark("立即扩容。节点上的数据完好，扩容后自动续传。")),
    AlarmKind.HUB_FULL_SOON: About(Severity.WARNING, mark("中心空间将满"), mark("照近 30 天的速度，中心的空间 {n} 天后用完。"), mark("请安排扩容。")),
    AlarmKind.OPENING: About(Severity.CRITICAL, mark("验读停止"), mark("中心的验读已停止；收存照常。"), mark("查看服务日志后重启服务；已收存的会接着验读。")),
    AlarmKind.FIXITY: About(Severity.CRITICAL, mark("巡检不通过"), mark("长期保存检测有 {n} 件不通过。"),
        mark("执行 jindang hub check report --stage CQ 看是哪些，再由备份或节点恢复。")),
    AlarmKind.CALENDAR: About(Severity.NOTICE, mark("缺节假日安排"), mark("节假日表没有 {year} 年的通知。"),
        mark("国务院办公厅公布后，在 site 文件夹放入 holidays.toml。")),
    AlarmKind.LOG: About(Severity.CRITICAL, mark("日志告警"), mark("{text}"), mark("逐条核对后确认；记入中心日志链，不会消失。"), standing=False),
    AlarmKind.CHANNEL: About(Severity.WARNING, mark("通知发不出"), mark("告警通道“{name}”连续发送失败：{text}"),
        mark("核对 site/alarms.toml 里的地址和凭据。")),
}  # fmt: skip


class Seen(Struct, frozen=True):
    """Something that wants a person now. `values` fill the sentence; `nodes`: the log_ids that a roll-up speaks for."""

    kind: AlarmKind
    subject: str
    name: str
    values: dict[str, str | int] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()


class HubFacts(Struct, frozen=True):
    """The hub itself: free bytes, below what it refuses to store, days until it is full, whether the vault works, failures of the periodic check."""

    free_bytes: int
    refuses_below: int
    days_left: int | None
    opening: bool
    kept_bad: int
    calendar_missing: int | None
    """The year whose notice is wanted by now."""


def judge(board: Board, hub: HubFacts, rule: AlarmRule) -> list[Seen]:
    """All that wants a person at this moment, roll-ups first. What a planned outage covers is not among it."""
    together = board.at_once(rule.many)
    found = []
    if together:
        names = "、".join(row.name for row in together[:NAMES_SHOWN]) + (" …" if len(together) > NAMES_SHOWN else "")
        found.append(
            Seen(
                AlarmKind.LINE, HUB, "", {"n": len(together), "names": names}, frozenset(row.log_id for row in together)
            )
        )
    for row in board.rows:
        found += _of_node(row, board.wall, rule)
    return found + list(_of_hub(hub, rule))


def _of_node(row: Row, wall: int, rule: AlarmRule) -> Iterable[Seen]:
    """What one node wants; a node that is put out or switched off on purpose wants nothing."""
    if row.condition in (Condition.REVOKED, Condition.PLANNED):
        return

    def seen(kind: AlarmKind, **values: str | int) -> Seen:
        return Seen(kind, row.log_id, row.name, {"name": row.name, **values})

    if row.condition is Condition.FROZEN:
        yield seen(AlarmKind.FROZEN)
    elif row.condition is Condition.LOCKED:
        yield seen(AlarmKind.LOCKED)
    elif row.condition is Condition.SILENT:
        yield seen(AlarmKind.SILENT, n=row.nights)
    elif row.condition is Condition.LAGGING:
        yield seen(AlarmKind.LAGGING, n=row.nights)
    elif row.condition is Condition.NEVER and wall - row.enrolled >= rule.never_days * 86_400:
        yield seen(AlarmKind.NEVER, n=(wall - row.enrolled) // 86_400)
    if row.condition is not Condition.SILENT and row.report is not None:
        # What a silent node said is of another day.
        yield from _said(row, row.report, rule)


def _said(row: Row, report: StateReport, rule: AlarmRule) -> Iterable[Seen]:
    """What a node's own words want."""

    def seen(kind: AlarmKind, **values: str | int) -> Seen:
        return Seen(kind, row.log_id, row.name, {"name": row.name, **values})

    if report.free_bytes < rule.disk_gb * 10**9:
        yield seen(AlarmKind.DISK, size=_gigabytes(report.free_bytes))
    if row.clock_off_s is not None and abs(row.clock_off_s) > rule.clock_s:
        yield seen(AlarmKind.CLOCK, n=row.clock_off_s)
    if row.nights_needed is not None and row.nights_needed > rule.backlog_nights:
        yield seen(AlarmKind.BACKLOG, size=_gigabytes(row.waiting_bytes), n=round(row.nights_needed))
    if report.paused and report.pending_deltas:
        yield seen(AlarmKind.STOPPED)


def _of_hub(hub: HubFacts, rule: AlarmRule) -> Iterable[Seen]:
    if hub.free_bytes < max(hub.refuses_below, rule.hub_disk_gb * 10**9):
        yield Seen(
            AlarmKind.HUB_DISK, HUB, "", {"size": _gigabytes(hub.free_bytes), "limit": _gigabytes(hub.refuses_below)}
        )
    elif hub.days_left is not None and hub.days_left < rule.hub_days:
        yield Seen(AlarmKind.HUB_FULL_SOON, HUB, "", {"n": hub.days_left})
    if not hub.opening:
        yield Seen(AlarmKind.OPENING, HUB, "")
    if hub.kept_bad:
        yield Seen(AlarmKind.FIXITY, HUB, "", {"n": hub.kept_bad})
    if hub.calendar_missing is not None:
        yield Seen(AlarmKind.CALENDAR, HUB, "", {"year": hub.calendar_missing})


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
