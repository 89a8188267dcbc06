"""The node's clock, passed in wherever time is needed, and how far it is trusted (format.md §7, clock_state)."""

from __future__ import annotations

import ctypes
import time
from typing import Protocol

from sync.entry import ClockState


class Clock(Protocol):
    """Wall time in seconds and the trust in it."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""

    def state(self) -> ClockState:
        """Is it kept by a time server?"""


class _Timex(ctypes.Structure):
    _fields_ = [("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 1024)]


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """See Clock."""
        return time.time()

    def state(self) -> ClockState:
        """NTP when the kernel says so (adjtimex(2) answers other than TIME_ERROR), else the battery clock's."""
        answer = ctypes.CDLL(None).adjtimex(ctypes.byref(_Timex()))
        return ClockState.NTP if 0 <= answer < 5 else ClockState.RTC
