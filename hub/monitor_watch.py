"""Looks at all nodes every minute in the background of a running hub: takes the day's figures down, brings alarms to what is, tells the channels."""

from __future__ import annotations

import logging
from typing import Final

from holdings import alarm_rule
from holdings.alarm_rule import AlarmRule
from hub import alarm_outbox
from hub.errors import HubError
from hub.folding import Folding
from hub.home import Home
from hub.monitor_desk import MonitorDesk
from hub.people import People
from hub.watch import EVERY_S, Watch
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")
FIRST_S: Final = 5.0
"""The first look waits until the hub is up: nodes come first."""


class MonitorWatch(Watch):
    """Looks at all nodes."""

    def __init__(self, home: Home, people: People, folding: Folding, every_s: float = EVERY_S) -> None:
        super().__init__("hub-monitor", every_s, FIRST_S)
        self._home, self._folding = home, folding
        self._desk = MonitorDesk(home, people.parts)

    def turn(self) -> None:
        """See Watch."""
        self.look()

    def look(self) -> bool:
        """One look; whether it came to its end."""
        try:
            shown = self._desk.look(opening=self._folding.working)
            rule = alarm_rule.rule(self._home.site)
            alarm_outbox.deliver(self._desk.database, rule, self._home.genesis.name, shown.wall, self._stop.wait)
            if not self._stop.is_set():
                self._page(rule)
        except (SyncError, HubError) as fault:
            # A full disk, say: nodes are served all the same, and the next look tries again.
            LOG.error("运行监控暂停：%s", fault)
            return False
        return True

    def _page(self, rule: AlarmRule) -> None:
        from hub import daily_page  # once a day

        if daily_page.due(self._desk, rule):
            daily_page.make(self._desk, rule)
