"""Looks at all nodes every minute in the background of a running hub: takes the day's figures down, brings alarms to what is, tells the channels."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from holdings import alarm_rule
from holdings.alarm_rule import AlarmRule
from hub import alarm_outbox
from hub.errors import HubError
from hub.home import Home
from hub.monitor_desk import MonitorDesk
from hub.people import People
from hub.watch import EVERY_S, Watch
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")
FIRST_S: Final = 5.0
"""The first look waits until the hub is up: nodes come first."""
REST_S: Final = 5.0
"""The daily page is drawn when no upload bytes came for so long …"""
PATIENCE_S: Final = 900.0
"""… or it has been due for so long."""


class MonitorWatch(Watch):
    """Looks at all nodes.

    Args:
        opening: does the vault's thread live?
        quiet_s: seconds since upload bytes last came.
    """

    def __init__(
        self, home: Home, people: People, opening: Callable[[], bool], quiet_s: Callable[[], float], every_s: float = EVERY_S
    ) -> None:
        super().__init__("hub-monitor", every_s, FIRST_S)
        self._home, self._opening, self._quiet_s = home, opening, quiet_s
        self._due_since: float | None = None
        self._desk = MonitorDesk(home, people.parts)

    def turn(self) -> None:
        """See Watch."""
        self.look()

    def look(self) -> bool:
        """One look; whether it came to its end."""
        try:
            shown = self._desk.look(opening=self._opening())
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
        """Draw the daily page once it is due and uploads rest, or have not rested for a while."""
        from hub import daily_page  # once a day

        if not daily_page.due(self._desk, rule):
            self._due_since = None
            return
        now = self._home.clock.monotonic()
        if self._due_since is None:
            self._due_since = now
        if self._quiet_s() >= REST_S or now - self._due_since >= PATIENCE_S:
            daily_page.make(self._desk, rule)
