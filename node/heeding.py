"""Looks after every greeting whether the hub's log has directives for this node; what carries them out is loaded only then."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from node import settings
from node.home import Home
from node.settings import Setting
from sync import log
from sync.entry import ClockState


def heed(connection: apsw.Connection, home: Home, now: int, clock: Callable[[], ClockState]) -> None:
    """Take in, carry out and acknowledge what is new in the hub's log, in the transaction that stores it (format.md §17): exactly once."""
    hub = log.find(connection, home.identity.hub.log_id)
    if hub is None:
        return
    if (
        hub.head.seq > settings.number(connection, Setting.HEEDED)
        or settings.read(connection, Setting.DIRECTIVES_STOPPED) is not None
    ):
        from node.directives import Heeding

        Heeding(connection, home, now, clock()).take_in(hub.head.seq)
