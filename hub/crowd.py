"""How many connections a node is asked to hold while many send at once: each costs the hub half a megabyte of TLS, whoever's it is."""

from __future__ import annotations

import threading
from typing import Final

from msgspec.structs import replace

from hub.clock import Clock
from sync.limits import Limits

CONNECTIONS: Final = 96
"""Shared out among the nodes that have something to send: twelve have eight each, twenty-four have four, fifty and more have one."""
LATELY_S: Final = 300.0
"""A node that greeted with goods to send so lately is still at it, as far as we know."""


class Crowd:
    """Who is sending. Usable from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._seen: dict[bytes, float] = {}

    def limits(self, bounds: Limits, log_id: bytes, *, sends: bool) -> Limits:
        """What to announce to a node that has just greeted, with something to send or without."""
        now = self._clock.monotonic()
        with self._lock:
            if sends:
                self._seen[log_id] = now
            else:
                self._seen.pop(log_id, None)
            self._seen = {one: when for one, when in self._seen.items() if now - when < LATELY_S}
            share = max(1, CONNECTIONS // max(1, len(self._seen)))
        return bounds if bounds.connections <= share else replace(bounds, connections=share)
