"""What goes on in the background of a running hub: a thread of low priority that looks now and then."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Final

from hub.folding import lower_priority

EVERY_S: Final = 60.0
"""Seconds between two looks."""


class Watch(ABC):
    """One thread; `close` ends it after what is at hand.

    Args:
        first_s: seconds before the first look.
        every_s: seconds between two.
    """

    def __init__(self, name: str, every_s: float = EVERY_S, first_s: float | None = None) -> None:
        self._first_s, self._every_s = every_s if first_s is None else first_s, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop and wait."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        lower_priority()
        wait = self._first_s
        while not self._stop.wait(wait):
            wait = self._every_s
            self.turn()

    @abstractmethod
    def turn(self) -> None:
        """What is done each time; faults that the next time may mend are told in the log and end only this one."""
