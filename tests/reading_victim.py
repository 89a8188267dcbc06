"""A process that reads and is killed at a chosen moment: HOME PAGES MOMENT.

MOMENT is `page:N` (the N-th page met) or `sign` (objects stored, nothing signed).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from page_readers import Desk

from node import home as homes
from node.engine import Engine
from node.reading import Reading
from sync.entry import ClockState


def die() -> None:
    """As a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyClock:
    """Dies where a delta of texts asks for the time: its manifest is in the store and nothing names it."""

    def __init__(self) -> None:
        self.armed = False

    def now(self) -> float:
        """The time."""
        return time.time()

    def state(self) -> ClockState:
        """Asked by what signs, alone."""
        if self.armed:
            die()
        return ClockState.RTC


def main(home: Path, pages: int, moment: str) -> None:
    """Read until it dies."""
    kind, _, number = moment.partition(":")
    clock, lock, met = DeadlyClock(), threading.Lock(), [0]

    def count(name: str, page: int) -> None:
        with lock:
            met[0] += 1
            if kind == "page" and met[0] == int(number):
                die()

    clock.armed = kind == "sign"
    engine = Engine(homes.open_home(home, lambda: ""), clock)
    desk = Desk(pages={"0001.jpg": pages, "0002.jpg": pages}, met=count)
    Reading(engine, desk.make, lambda: "").run(lambda: False, always=True, ship_all=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
