"""What the hub asks of time and chance, and the machine's own; the wiring (app.py) passes them in, tests their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

from sync.entry import ClockState

Randomness: TypeAlias = Callable[[int], bytes]
"""So many fresh random bytes."""


class Clock(Protocol):
    """The time of day and the time since some start."""

    def wall(self) -> int:
        """Whole seconds since 1970-01-01 UTC; may jump."""

    def monotonic(self) -> float:
        """Seconds since some start; never goes back."""

    def state(self) -> ClockState:
        """How far `wall` is to be trusted."""


class SystemClock:
    """The machine's clock; whether it is set by NTP is not known here."""

    def wall(self) -> int:
        """See Clock."""
        return int(time.time())

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def state(self) -> ClockState:
        """See Clock."""
        return ClockState.RTC
