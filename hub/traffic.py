"""How much came in lately, or is about to: the vault works when uploads rest."""

from __future__ import annotations

from hub.clock import Clock


class Traffic:
    """How much came in lately; the vault keeps out of its way."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._last = clock, clock.monotonic() - 3600.0

    def moved(self) -> None:
        """Bytes just came in, or a node has begun to talk or told of entries: its uploads follow within a second."""
        self._last = self._clock.monotonic()

    def quiet_s(self) -> float:
        """Seconds since bytes last came in, or a node began to talk."""
        return self._clock.monotonic() - self._last
