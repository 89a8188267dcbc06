"""Meaning at one site, node or hub: what answers, and what makes vectors in the background; each in a process of its own that
is there only while it has work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from sync.database import Database

if TYPE_CHECKING:
    from holdings.meaning_answer import Meaning


WAIT_S: Final = 20.0


class Done(Struct, frozen=True):
    """What a run did: titles looked at, texts embedded, seconds; `waiting`: there is more."""

    subjects: int = 0
    texts: int = 0
    seconds: float = 0.0
    waiting: bool = False


class MeaningSite:
    """Meaning over one database. Usable from several threads; cheap until something is asked of it.

    Args:
        held_max: bytes of sketches that what answers may keep in memory; blank: 128 MiB.
    """

    def __init__(self, database: Database, held_max: int | None = None) -> None:
        self._database, self._held_max = database, held_max
        self._answers: Meaning | None = None
        self._lock, self._at_work = threading.Lock(), threading.Lock()
        self._last = Done()

    @property
    def answers(self) -> Meaning:
        """What answers questions."""
        with self._lock:
            if self._answers is None:
                # Here: a daemon that nobody asks by meaning loads nothing of it.
                from holdings.meaning_answer import Meaning
                from holdings.meaning_search import Nearest
                from holdings.meaning_worker import HELD_MAX, Worker

                self._answers = Meaning(Nearest(Worker(self._held_max or HELD_MAX)))
            return self._answers

    def state(self) -> dict[str, Any]:
        """How far vectors are (meaning_work.Standing), texts a second of the last run, whether one is under way."""
        from holdings import meaning_work

        last = self._last
        rate = round(last.texts / last.seconds, 1) if last.seconds > 0 else 0.0
        return {
            **asdict(meaning_work.standing(self._database.read())),
            "per_second": rate,
            "running": self._at_work.locked(),
        }

    def run(self, stopped: Callable[[], bool] = lambda: False, seconds: float = float("inf")) -> Done:
        """Make vectors, portion by portion, until none is wanted, `stopped` says so or the time is over; at low priority.

        Where another run is under way, nothing is done but waiting for it a while.

        Raises:
            SandboxDied: the worker could not do a portion; what was done stays.
        """
        from holdings.meaning_work import Embedding

        if not self._at_work.acquire(timeout=min(seconds, WAIT_S)):
            return Done(waiting=True)
        work, began, subjects, texts, waiting = Embedding(self._database), time.monotonic(), 0, 0, True
        try:
            while not stopped() and time.monotonic() - began < seconds:
                step = work.portion()
                waiting = step.stage is not None
                if not waiting:
                    break
                subjects, texts = subjects + step.subjects, texts + step.texts
                self._last = Done(subjects, texts, time.monotonic() - began, waiting=True)
        finally:
            work.close()
            self._at_work.release()
        return Done(subjects, texts, round(time.monotonic() - began, 3), waiting)

    def renew(self) -> None:
        """Want every vector anew; those there are serve until then (`reindex`)."""
        from holdings import meaning_store

        with self._database.transaction() as connection:
            meaning_store.renew(connection)

    def check(self) -> dict[str, int]:
        """Compare vectors with catalogue and records, and mend what differs: how many were looked at, `lacking`, `stray`."""
        from holdings import meaning_check

        subjects = lacking = stray = 0
        after: int | None = 0
        while after is not None:
            with self._database.transaction() as connection:
                found = meaning_check.agree(connection, after)
            after = found.through
            subjects, lacking, stray = subjects + found.subjects, lacking + found.lacking, stray + found.stray
        return {"checked": subjects, "lacking": lacking, "stray": stray}

    def rest(self) -> None:
        """End what answers when nobody has asked for a quarter of an hour."""
        with self._lock:
            if self._answers is not None:
                self._answers.nearest.worker.rest()

    def close(self) -> None:
        """End every process."""
        with self._lock:
            if self._answers is not None:
                self._answers.close()
