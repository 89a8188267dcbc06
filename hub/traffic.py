"""How much came in lately: the vault works when uploads rest."""

from __future__ import annotations

from hub.clock import Clock


class Traffic:
    """How much came in lately; the vault keeps out of its way."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._last = clock, clock.monotonic() - 3600.0

    def moved(self) -> None:
        """Bytes just came in."""
        self._last = self._clock.monotonic()

    def quiet_s(self) -> float:
        """Seconds since bytes last came in."""
        return self._clock.monotonic() - self._last
