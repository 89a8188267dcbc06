"""What is on its way to the hub this moment: each object with how far it is, and the rate of the last seconds. Usable from several threads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

WINDOW_S: Final = 10.0
"""Seconds over which the rate is measured."""
KEPT_MAX: Final = 4_096
"""Moves that are remembered; a line of 10 Gbit/s makes as many MiB in some seconds."""


class Flight(Struct, frozen=True):
    """An object under way: its name, its length, how many bytes of it have left."""

    name: bytes
    length: int
    offset: int


class Flights:
    """Told by the threads that send, asked by who shows it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._lock, self._now = threading.Lock(), now
        self._flying: dict[bytes, Flight] = {}
        self._moved: deque[tuple[float, int]] = deque(maxlen=KEPT_MAX)

    def begin(self, name: bytes, length: int, offset: int) -> None:
        """An object sets out from an offset; one that begins again is told anew."""
        with self._lock:
            self._flying[name] = Flight(name, length, offset)
            self._moved.append((self._now(), 0))

    def moved(self, name: bytes, count: int) -> None:
        """So many bytes more of it left."""
        with self._lock:
            self._moved.append((self._now(), count))
            if (flight := self._flying.get(name)) is not None:
                self._flying[name] = replace(flight, offset=min(flight.length, flight.offset + count))

    def end(self, name: bytes) -> None:
        """It has arrived, or was given up."""
        with self._lock:
            self._flying.pop(name, None)

    def now(self) -> list[Flight]:
        """Everything under way, the oldest first."""
        with self._lock:
            return list(self._flying.values())

    def rate(self) -> int:
        """bit/s over the last ten seconds; 0 when nothing moved. What a move brought belongs to the time before it: the first one only begins the count."""
        with self._lock:
            since = self._now() - WINDOW_S
            recent = [(at, count) for at, count in self._moved if at >= since]
            if not recent:
                return 0
            return int(sum(count for _, count in recent[1:]) * 8 / max(1.0, self._now() - recent[0][0]))
