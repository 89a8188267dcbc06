"""What the monitor reads and does, for pages, commands and the watch alike: boards with outages, history by day, alarms, and acts in the journal."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from holdings import alarm_rule, check_store
from holdings.check import Stage, Verdict
from holdings.district import districts
from holdings.journal import Deed
from holdings.language import mark
from holdings.scan_target import targets
from holdings.working_days import working_days
from hub import alarm_outbox, alarm_store, front, history, monitor_value, opened, outage, reception_verdicts
from hub.account import Actor
from hub.alarm import AlarmKind, HubFacts, Seen, judge
from hub.alarm_store import Alarm
from hub.errors import NotAllowed
from hub.history import HubDay, NodeDay
from hub.home import Home
from hub.monitor import Board, Row, board, day_of
from hub.monitor_value import MonitorValue
from hub.outage import ALL, Outage
from hub.people import Opened
from hub.progress import LOOKED_BACK_DAYS, Progress, progress
from sync.database import Database

OUTAGES_BACK_S: Final = 92 * 86_400
"""Outages that were over longer ago move no night that still counts."""
CALENDAR_WANTED: Final = (12, 1)
"""From this day on the notice of the next year is wanted."""
LOG_ALARMS: Final = 1_000
KEPT_EVERY_S: Final = 3_600.0


class MonitorDesk(Struct):
    """Over one home; usable from several threads.

    Args:
        home: front and holdings are read.
        parts: gives what is open of people.db, where history, alarms and outages stand, and the journal.
    """

    home: Home
    parts: Callable[[], Opened]
    _kept: tuple[float, tuple[int, int]] | None = None

    @property
    def database(self) -> Database:
        """people.db."""
        return self.parts().database

    # ------------------------------------------------------------------ looking

    def outages(self) -> tuple[Outage, ...]:
        """Those of the last three months and to come."""
        return outage.since(self.database.read(), self.home.clock.wall() - OUTAGES_BACK_S)

    def every_outage(self, shown: Board) -> tuple[Outage, ...]:
        """Those reported here, and those that nodes report of themselves, in the order of their beginning."""
        told = (one for row in shown.rows for one in outage.told_by(row.log_id, row.report))
        return tuple(sorted((*self.outages(), *told), key=lambda one: (one.begins, one.number)))

    def board(self) -> Board:
        """All nodes now."""
        home = self.home
        return board(home.front, home.holdings, working_days(home.site), home.clock.wall(), self.outages())

    def progress(self, shown: Board) -> list[Progress]:
        """Every archive against its target, today."""
        today = day_of(shown.wall)
        before = history.pages_at(self.database.read(), (today - dt.timedelta(days=LOOKED_BACK_DAYS)).isoformat())
        return progress(shown.rows, before, districts(self.home.site), targets(self.home.site), today)

    def hub_day(self, *, counted: bool = False) -> HubDay:
        """The hub itself now; decisions of the reception are totals. Results of the periodic check are those of the last look, unless they are `counted`."""
        home = self.home
        state = os.statvfs(home.path)
        returned, accepted = reception_verdicts.decided(home.holdings.read())
        free = state.f_bavail * state.f_frsize
        last = history.last_of_hub(self.database.read())
        kept = self._checked() if counted else (last.kept_ok, last.kept_bad) if last else (0, 0)
        return HubDay(day_of(home.clock.wall()).isoformat(), free, returned, accepted, *kept)

    def _checked(self) -> tuple[int, int]:
        """Records of the periodic check CQ that passed, and that did not; counted once an hour, for it walks over all of them."""
        now = self.home.clock.monotonic()
        if self._kept is None or now - self._kept[0] > KEPT_EVERY_S:
            reading = self.home.holdings.read()
            counts = [check_store.counts(reading, Stage.KEEPING, writer) for writer in opened.writers(reading).values()]
            self._kept = (now, (sum(one[Verdict.PASSED] for one in counts), sum(one[Verdict.FAILED] for one in counts)))
        return self._kept[1]

    def days_left(self, free: int) -> int | None:
        """Days until the hub's store is full at the growth of the last 30 days."""
        days = history.of_all(self.database.read())
        return history.days_left([(one.day, one.bytes_stored) for one in days], free)

    # ------------------------------------------------------------------ the watch's

    def look(self, *, opening: bool) -> Board:
        """Take the day's figures down and bring the alarms to what is; the board that was looked at."""
        shown, today = self.board(), self.hub_day(counted=True)
        facts = HubFacts(
            today.free_bytes,
            int(self.home.config.min_free_gib * (1 << 30)),
            self.days_left(today.free_bytes),
            opening,
            today.kept_bad,
            self._calendar(shown.wall),
        )
        bounds = alarm_rule.rule(self.home.site)
        found = judge(shown, facts, bounds)
        with self.database.transaction() as connection:
            history.keep(connection, ((bytes.fromhex(row.log_id), _day(row, today.day)) for row in shown.rows), today)
            last = monitor_value.read(connection, MonitorValue.LOG_ALARM)
            for alarm in reversed(front.alarms(self.home.front.read(), LOG_ALARMS)):
                if alarm.number > last:
                    alarm_store.raise_one(
                        connection, Seen(AlarmKind.LOG, f"log/{alarm.number}", "", {"text": alarm.text}), shown.wall
                    )
                    last = alarm.number
            monitor_value.write(connection, MonitorValue.LOG_ALARM, last)
            alarm_store.settle(connection, found, shown.wall)
            alarm_outbox.write(connection, bounds, shown.wall)
        # A crash before the commit leaves the figures of the last look; the next one writes them again.
        return shown

    def _calendar(self, wall: int) -> int | None:
        """The year whose holidays are wanted and not known."""
        today, known = day_of(wall), working_days(self.home.site).years
        if today.year not in known:
            return today.year
        return today.year + 1 if (today.month, today.day) >= CALENDAR_WANTED and today.year + 1 not in known else None

    # ------------------------------------------------------------------ acts of persons

    def _deed(self, actor: Actor, verb: str, subject: str, note: str = "") -> Deed:
        return Deed(self.home.clock.wall(), actor.name, actor.role, actor.address, verb, subject, note=note)

    def acknowledge(self, actor: Actor, number: int, note: str = "") -> Alarm:
        """Take note of an alarm, with a remark if there is one."""
        wall = self.home.clock.wall()
        with self.parts().journal.acting(self._deed(actor, "alarm-ack", f"alarm:{number}")) as connection:
            alarm = alarm_store.acknowledge(connection, number, actor.name, wall)
            if note.strip():
                alarm_store.add_note(connection, number, actor.name, note, wall)
        return alarm

    def silence(self, actor: Actor, number: int, hours: int, note: str = "") -> Alarm:
        """Tell no channel of an alarm for so many hours; 0 ends the silence."""
        wall = self.home.clock.wall()
        with self.parts().journal.acting(
            self._deed(actor, "alarm-silence", f"alarm:{number}", f"{hours} h")
        ) as connection:
            alarm = alarm_store.silence(connection, number, wall + hours * 3600 if hours else 0, wall)
            if note.strip():
                alarm_store.add_note(connection, number, actor.name, note, wall)
        return alarm

    def note(self, actor: Actor, number: int, text: str) -> None:
        """Add a remark to an alarm."""
        with self.parts().journal.acting(self._deed(actor, "alarm-note", f"alarm:{number}")) as connection:
            alarm_store.add_note(connection, number, actor.name, text, self.home.clock.wall())

    def plan(self, actor: Actor, node: str, begins: int, ends: int, reason: str) -> Outage:
        """Report an outage of a node (its name or the beginning of its id), or of all (`*`)."""
        subject = ALL if node == ALL else self.find(node).log_id
        with self.parts().journal.acting(self._deed(actor, "outage-add", f"node:{subject[:16]}", reason)) as connection:
            return outage.add(connection, subject, begins, ends, reason, actor.name, self.home.clock.wall())

    def end_outage(self, actor: Actor, number: int) -> Outage:
        """End an outage now."""
        with self.parts().journal.acting(self._deed(actor, "outage-end", f"outage:{number}")) as connection:
            return outage.end(connection, number, self.home.clock.wall())

    def find(self, node: str) -> Row:
        """A node by its name, or by the first 8 and more digits of its id; NotAllowed when there is none or more than one."""
        rows = [
            row for row in self.board().rows if node == row.name or (len(node) >= 8 and row.log_id.startswith(node))
        ]
        active = [row for row in rows if row.condition != "revoked"] or rows
        if len(active) != 1:
            raise NotAllowed(mark("没有这个节点，或不止一个节点叫这个名称。"))
        return active[0]


def _day(row: Row, day: str) -> NodeDay:
    return NodeDay(
        day, row.records, row.pages, row.bytes_stored, row.deltas - row.pending_deltas, row.waiting_bytes, row.waiting_pages, row.quarantined,
        row.free_bytes, row.last_contact,
    )  # fmt: skip
