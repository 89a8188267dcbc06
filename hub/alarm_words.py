"""The desk's words about alarms and planned outages, for who works on the machine itself (`jindang hub alarms …`, `jindang hub outage …`)."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from holdings.journal import Deed
from hub.account import LOCAL, Actor
from hub.account_words import local_name
from hub.desk import Answer, Number
from hub.home import Home
from hub.people import People

if TYPE_CHECKING:
    from hub.alarm_store import Alarm
    from hub.monitor import Board
    from hub.monitor_desk import MonitorDesk
    from hub.outage import Outage

CLOSED_SHOWN: Final = 100
Hours = Annotated[int, msgspec.Meta(ge=0, le=24 * 30)]


class AlarmWords:
    """See the module. `by` blank: this process' own user, for a hub that is not running."""

    def __init__(self, home: Home, people: People) -> None:
        self._home, self._people = home, people

    @cached_property
    def _desk(self) -> MonitorDesk:
        # Here: a hub starts without it.
        from hub.monitor_desk import MonitorDesk

        return MonitorDesk(self._home, self._people.parts)

    def alarm_list(self, closed: bool = False, by: str = "") -> Answer:
        """Alarms that stand, the worst first, or the last that ended."""
        from hub import alarm_store

        reading = self._desk.database.read()
        found = (
            alarm_store.closed(reading, CLOSED_SHOWN)
            if closed
            else sorted(alarm_store.standing(reading), key=lambda one: (-one.severity, -one.number))
        )
        self._read(by, "alarm-read")
        wall = self._home.clock.wall()
        return {"alarms": [_alarm(one, wall) for one in found]}

    def alarm_ack(self, number: Number, note: str = "", by: str = "") -> Answer:
        """Take note of one."""
        return {"alarm": _alarm(self._desk.acknowledge(_actor(by), number, note), self._home.clock.wall())}

    def alarm_silence(self, number: Number, hours: Hours, note: str = "", by: str = "") -> Answer:
        """Silence one for so many hours; 0 ends the silence."""
        return {"alarm": _alarm(self._desk.silence(_actor(by), number, hours, note), self._home.clock.wall())}

    def outage_add(self, node: str, begins: Number, ends: Number, reason: str, by: str = "") -> Answer:
        """Report one of a node, or of all (`*`)."""
        return {"outage": self._told(self._desk.plan(_actor(by), node, begins, ends, reason))}

    def outage_list(self, by: str = "") -> Answer:
        """Those of the last three months and to come."""
        self._read(by, "outage-read")
        shown = self._desk.board()
        return {"outages": [self._told(one, shown) for one in self._desk.every_outage(shown)]}

    def outage_end(self, number: Number, by: str = "") -> Answer:
        """End one now."""
        return {"outage": self._told(self._desk.end_outage(_actor(by), number))}

    def _told(self, one: Outage, shown: Board | None = None) -> dict[str, Any]:
        names = {row.log_id: row.name for row in (shown or self._desk.board()).rows}
        return {
            "number": one.number, "node": names.get(one.subject, one.subject), "begins": one.begins, "ends": one.until,
            "reason": one.reason, "by": one.by, "told": one.told, "over": one.until <= self._home.clock.wall(),
        }  # fmt: skip

    def _read(self, by: str, verb: str) -> None:
        actor = _actor(by)
        self._desk.parts().journal.note(Deed(self._home.clock.wall(), actor.name, actor.role, actor.address, verb))


def _actor(by: str) -> Actor:
    return Actor(by or local_name(os.geteuid()), LOCAL, "hub.sock")


def _alarm(one: Alarm, wall: int) -> dict[str, Any]:
    return {
        "number": one.number, "kind": one.kind.value, "severity": one.severity.name.lower(), "state": one.state, "text": one.text,
        "remedy": one.about.remedy, "node": one.name, "opened": one.opened, "closed": one.closed, "by": one.by, "under": one.under,
        "silent_until": one.silent_until if one.silent(wall) else None,
    }  # fmt: skip
