"""Looks at all nodes every minute in the background of a running hub: takes the day's figures down, brings alarms to what is, tells the channels."""

from __future__ import annotations

import logging
import threading
from typing import Final

from holdings import alarm_rule
from holdings.alarm_rule import AlarmRule
from hub import alarm_outbox
from hub.errors import HubError
from hub.folding import Folding, lower_priority
from hub.home import Home
from hub.monitor_desk import MonitorDesk
from hub.people import People
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")
EVERY_S: Final = 60.0
FIRST_S: Final = 5.0
"""The first look waits until the hub is up: nodes come first."""


class MonitorWatch:
    """One thread; `close` ends it after the look at hand."""

    def __init__(self, home: Home, people: People, folding: Folding, every_s: float = EVERY_S) -> None:
        self._home, self._folding, self._every_s = home, folding, every_s
        self._desk = MonitorDesk(home, people.parts)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hub-monitor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop and wait."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        lower_priority()
        wait = FIRST_S
        while not self._stop.wait(wait):
            wait = self._every_s
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
