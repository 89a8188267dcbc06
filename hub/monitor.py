"""The monitor 运行监控: how every node is, from what the hub already knows. Judgement is pure (`condition`); `board` reads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from holdings import tally
from holdings.language import mark
from holdings.tally import Count
from holdings.working_days import WorkingDays
from hub import front, opened
from hub.front import Alarm, Node
from sync import log as logs
from sync.database import Database
from sync.entry import Role
from sync.log import Log, LogState
from sync.receipt import Grade

ZONE: Final = dt.timezone(dt.timedelta(hours=8))
SILENT_NIGHTS: Final = 2
"""Working nights without a word after which a node counts as silent: one may fall out for a reason."""
CLOCK_S: Final = 300
DISK_BYTES: Final = 20 * 10**9
ALARMS_SHOWN: Final = 20


class Condition(StrEnum):
    """How a node is; in the order of how much it wants a person."""

    FROZEN = "frozen"
    SILENT = "silent"
    LAGGING = "lagging"
    NEVER = "never"
    NORMAL = "normal"
    REVOKED = "revoked"

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return _LABELS[self]

    @property
    def colour(self) -> str:
        """The class of its mark on pages."""
        return _COLOURS[self]


_LABELS: Final = {
    Condition.FROZEN: mark("已冻结"), Condition.SILENT: mark("失联"), Condition.LAGGING: mark("滞后"), Condition.NEVER: mark("未联络"),
    Condition.NORMAL: mark("联络正常"), Condition.REVOKED: mark("已停用"),
}  # fmt: skip
_COLOURS: Final = {
    Condition.FROZEN: "bad", Condition.SILENT: "bad", Condition.LAGGING: "warn", Condition.NEVER: "warn", Condition.NORMAL: "good", Condition.REVOKED: "closed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One node. Counts of records and pages are those the vault opened; `quarantined`, `waiting_bytes`, `program`, `free_bytes` as the node last said."""

    name: str
    log_id: str
    district: str
    condition: Condition
    last_contact: int | None
    nights: int
    records: int
    pages: int
    bytes_stored: int
    deltas: int
    pending_deltas: int
    waiting_bytes: int
    quarantined: int
    program: str
    free_bytes: int | None
    clock_off_s: int | None

    @property
    def disk_low(self) -> bool:
        """Is there little room at the node?"""
        return self.free_bytes is not None and self.free_bytes < DISK_BYTES

    @property
    def clock_wrong(self) -> bool:
        """Was the node's clock off by more than five minutes when it last spoke?"""
        return self.clock_off_s is not None and abs(self.clock_off_s) > CLOCK_S


@dataclass(frozen=True, slots=True)
class Board:
    """All nodes, those that want a person first; `calendar_known`: does the holiday file have this year?"""

    rows: tuple[Row, ...]
    alarms: tuple[Alarm, ...]
    wall: int
    calendar_known: bool

    def count(self, condition: Condition) -> int:
        """How many nodes are like that."""
        return sum(row.condition is condition for row in self.rows)

    @property
    def at_once(self) -> int:
        """How many nodes fell silent in the same night, when they are three and more: rather the line than the nodes; 0 otherwise."""
        silent = [
            day_of(row.last_contact)
            for row in self.rows
            if row.condition is Condition.SILENT and row.last_contact is not None
        ]
        most = max((silent.count(day) for day in set(silent)), default=0)
        return most if most >= 3 else 0


def day_of(wall: int) -> dt.date:
    """The day of a time as people here count it."""
    return dt.datetime.fromtimestamp(wall, ZONE).date()


def condition(
    state: LogState, last_contact: int | None, nights: int, waiting_bytes: int, pending_deltas: int
) -> Condition:
    """How a node is, from its log's state, the working nights since it spoke, and what waits."""
    if state is LogState.REVOKED:
        return Condition.REVOKED
    if state is LogState.FROZEN:
        return Condition.FROZEN
    if last_contact is None:
        return Condition.NEVER
    if nights >= SILENT_NIGHTS:
        return Condition.SILENT
    return Condition.LAGGING if nights and (waiting_bytes or pending_deltas) else Condition.NORMAL


def board(front_database: Database, holdings: Database, calendar: WorkingDays, wall: int) -> Board:
    """How all nodes are at `wall`."""
    reading, read = front_database.read(), holdings.read()
    known, names = {node.log_id: node for node in front.nodes(reading)}, opened.writers(read)
    rows = []
    for log in logs.logs(reading, Role.NODE):
        if (node := known.get(log.log_id)) is not None:
            writer = names.get(log.log_id, log.name)
            rows.append(
                _row(
                    log,
                    node,
                    calendar,
                    wall,
                    tally.read(read, Count.RECORDS, writer),
                    tally.read(read, Count.PAGES, writer),
                )
            )
    order = list(Condition)
    rows.sort(key=lambda row: (order.index(row.condition), row.name))
    return Board(tuple(rows), tuple(front.alarms(reading, ALARMS_SHOWN)), wall, day_of(wall).year in calendar.years)


def _row(log: Log, node: Node, calendar: WorkingDays, wall: int, records: int, pages: int) -> Row:
    report, spoke = node.report, node.last_contact
    nights = calendar.nights(day_of(spoke), day_of(wall)) if spoke is not None else 0
    waiting = (report.pending_bytes if report else 0) + node.pending_bytes
    return Row(
        log.name, log.log_id.hex(), node.district, condition(log.state, spoke, nights, waiting, node.pending_deltas), spoke, nights, records, pages,
        node.bytes_stored, node.deltas, node.pending_deltas, waiting, report.quarantined if report else 0, report.program if report else "",
        report.free_bytes if report else None, report.wall - spoke if report and spoke is not None else None,
    )  # fmt: skip


def receipted(front_database: Database, log_id: bytes, deltas: int) -> dict[Grade, int]:
    """Deltas of a node by grade of receipt."""
    reading = front_database.read()
    return {grade: deltas - sum(1 for _ in logs.unreceipted(reading, log_id, grade)) for grade in (Grade.R1, Grade.R4)}
