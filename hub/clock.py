"""What the hub asks of time and chance; the wiring (app.py) passes the real ones in, tests their own."""

from __future__ import annotations

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
