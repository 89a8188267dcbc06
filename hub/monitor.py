"""The monitor 运行监控: how every node is, from what the hub already knows. Judgement is pure (`condition`); `board` reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from holdings import tally
from holdings.language import mark
from holdings.tally import Count
from holdings.working_days import DAYS_MAX, WorkingDays
from hub import front, knock, opened
from hub.front import Node
from hub.outage import Outage, told_by
from sync import log as logs
from sync.database import Database
from sync.entry import Role
from sync.log import Log, LogState
from sync.receipt import Grade
from sync.state_report import StateReport

ZONE: Final = dt.timezone(dt.timedelta(hours=8))
SILENT_NIGHTS: Final = 2
"""Working nights without a word after which a node counts as silent: one may fall out for a reason."""
CLOCK_S: Final = 300
DISK_BYTES: Final = 20 * 10**9
LOCKED_S: Final = 30 * 86_400
"""A knock older than this says nothing of today: then the node is silent."""


class Condition(StrEnum):
    """How a node is; in the order of how much it wants a person."""

    FROZEN = "frozen"
    LOCKED = "locked"
    SILENT = "silent"
    LAGGING = "lagging"
    NEVER = "never"
    PLANNED = "planned"
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
    Condition.FROZEN: mark("已冻结"), Condition.LOCKED: mark("已锁定"), Condition.SILENT: mark("失联"), Condition.LAGGING: mark("滞后"),
    Condition.NEVER: mark("未联络"), Condition.PLANNED: mark("停机报备"), Condition.NORMAL: mark("联络正常"), Condition.REVOKED: mark("已停用"),
}  # fmt: skip
_COLOURS: Final = {
    Condition.FROZEN: "bad", Condition.LOCKED: "bad", Condition.SILENT: "bad", Condition.LAGGING: "warn", Condition.NEVER: "warn",
    Condition.PLANNED: "closed", Condition.NORMAL: "good", Condition.REVOKED: "closed",
}  # fmt: skip


class Row(Struct, frozen=True):
    """One node. Counts of records and pages are those the vault opened; `report` is what the node last said of itself, None before its first hello.

    `nights`: working nights without a word, planned outages taken out. `knocked`: when it last said, unverified, that it waits for its key.
    """

    name: str
    log_id: str
    district: str
    condition: Condition
    enrolled: int
    last_contact: int | None
    nights: int
    records: int
    pages: int
    bytes_stored: int
    deltas: int
    pending_deltas: int
    pending_bytes: int
    report: StateReport | None = None
    knocked: int | None = None
    outage: Outage | None = None

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait at the node or are on their way."""
        return (self.report.pending_bytes if self.report else 0) + self.pending_bytes

    @property
    def waiting_pages(self) -> int | None:
        """Pages that wait at the node, as it last said."""
        return self.report.pending_pages if self.report else None

    @property
    def nights_needed(self) -> float | None:
        """Nights that what waits will take, as the node last said."""
        return self.report.pending_tenths / 10 if self.report and self.report.pending_tenths is not None else None

    @property
    def quarantined(self) -> int:
        """Items that wait for a person at the node."""
        return self.report.quarantined if self.report else 0

    @property
    def program(self) -> str:
        """Name and version of the node's program."""
        return self.report.program if self.report else ""

    @property
    def free_bytes(self) -> int | None:
        """Free bytes at the node."""
        return self.report.free_bytes if self.report else None

    @property
    def clock_off_s(self) -> int | None:
        """The node's clock less ours when it last spoke."""
        return self.report.wall - self.last_contact if self.report and self.last_contact is not None else None

    @property
    def disk_low(self) -> bool:
        """Is there little room at the node?"""
        return self.free_bytes is not None and self.free_bytes < DISK_BYTES

    @property
    def clock_wrong(self) -> bool:
        """Was the node's clock off by more than five minutes when it last spoke?"""
        return self.clock_off_s is not None and abs(self.clock_off_s) > CLOCK_S


class Board(Struct, frozen=True):
    """All nodes, those that want a person first; `calendar_known`: does the holiday file have this year?"""

    rows: tuple[Row, ...]
    wall: int
    calendar_known: bool

    def count(self, condition: Condition) -> int:
        """How many nodes are like that."""
        return sum(row.condition is condition for row in self.rows)

    def at_once(self, many: int = 3) -> tuple[Row, ...]:
        """The nodes that fell silent on one day, when they are `many` and more: rather the line than the nodes; none otherwise."""
        by_day: dict[dt.date, list[Row]] = {}
        for row in self.rows:
            if row.condition is Condition.SILENT and row.last_contact is not None:
                by_day.setdefault(day_of(row.last_contact), []).append(row)
        most = max(by_day.values(), key=len, default=[])
        return tuple(most) if len(most) >= many else ()


def day_of(wall: int) -> dt.date:
    """The day of a time as people here count it."""
    return dt.datetime.fromtimestamp(wall, ZONE).date()


def condition(
    state: LogState,
    last_contact: int | None,
    nights: int,
    waiting_bytes: int,
    pending_deltas: int,
    *,
    locked: bool = False,
    planned: bool = False,
) -> Condition:
    """How a node is, from its log's state, the working nights since it spoke, what waits, whether it knocked since, whether an outage is planned now."""
    if state is LogState.REVOKED:
        return Condition.REVOKED
    if state is LogState.FROZEN:
        return Condition.FROZEN
    if planned:
        return Condition.PLANNED
    if locked:
        return Condition.LOCKED
    if last_contact is None:
        return Condition.NEVER
    if nights >= SILENT_NIGHTS:
        return Condition.SILENT
    return Condition.LAGGING if nights and (waiting_bytes or pending_deltas) else Condition.NORMAL


def nights_between(calendar: WorkingDays, spoke: int, wall: int, subject: str, outages: Iterable[Outage]) -> int:
    """Nights after working days from `spoke` to `wall`; those within a planned outage do not count."""
    since, until = day_of(spoke), day_of(wall)
    spans = [span for outage in outages for span in outage.nights(subject, ZONE) if span[0] < until and since < span[1]]
    if not spans:
        return calendar.nights(since, until)
    days = (since + dt.timedelta(days=number) for number in range(min((until - since).days, DAYS_MAX)))
    return sum(calendar.works(day) and not any(first <= day < last for first, last in spans) for day in days)


def board(
    front_database: Database, holdings: Database, calendar: WorkingDays, wall: int, outages: Sequence[Outage] = ()
) -> Board:
    """How all nodes are at `wall`; `outages` are those of the last months, those that are over among them."""
    reading, read = front_database.read(), holdings.read()
    known, names, knocked = (
        {node.log_id: node for node in front.nodes(reading)},
        opened.writers(read),
        knock.knocks(reading),
    )
    rows = []
    for log in logs.logs(reading, Role.NODE):
        if (node := known.get(log.log_id)) is not None:
            writer = names.get(log.log_id, log.name)
            counts = tally.read(read, Count.RECORDS, writer), tally.read(read, Count.PAGES, writer)
            rows.append(_row(log, node, calendar, wall, counts, knocked.get(log.log_id), outages))
    order = list(Condition)
    rows.sort(key=lambda row: (order.index(row.condition), row.name))
    return Board(tuple(rows), wall, day_of(wall).year in calendar.years)


def _row(
    log: Log,
    node: Node,
    calendar: WorkingDays,
    wall: int,
    counts: tuple[int, int],
    knocked: int | None,
    outages: Sequence[Outage],
) -> Row:
    report, spoke, subject = node.report, node.last_contact, log.log_id.hex()
    outages = (*outages, *told_by(subject, report))
    nights = nights_between(calendar, spoke, wall, subject, outages) if spoke is not None else 0
    waiting = (report.pending_bytes if report else 0) + node.pending_bytes
    planned = next((outage for outage in outages if outage.covers(subject, wall)), None)
    locked = knocked is not None and knocked > (spoke or 0) and wall - knocked < LOCKED_S
    found = condition(
        log.state, spoke, nights, waiting, node.pending_deltas, locked=locked, planned=planned is not None
    )
    return Row(
        log.name, subject, node.district, found, node.enrolled, spoke, nights, *counts, node.bytes_stored, node.deltas, node.pending_deltas,
        node.pending_bytes, report, knocked, planned,
    )  # fmt: skip


def receipted(front_database: Database, log_id: bytes, deltas: int) -> dict[Grade, int]:
    """Deltas of a node by grade of receipt."""
    reading = front_database.read()
    return {grade: deltas - sum(1 for _ in logs.unreceipted(reading, log_id, grade)) for grade in (Grade.R1, Grade.R4)}
