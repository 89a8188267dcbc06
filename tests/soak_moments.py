"""When to kill: a moment of the clock, or the n-th change of something on disk and a few milliseconds more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from soak_programs import PAUSE, Program

LATER_S = 0.04
"""Most of what follows a change on disk follows within this time."""
LOOK_S = 0.0005


class Watched(StrEnum):
    """What a kill waits for."""

    CLOCK = "clock"
    NODE_DATABASE = "node/node.db-wal"
    NODE_OBJECTS = "node/objects"
    HUB_UPLOADS = "hub/uploads"
    HUB_OBJECTS = "hub/objects"
    HUB_FRONT = "hub/front.db-wal"
    HUB_HOLDINGS = "hub/holdings.db-wal"


AT_WORK = tuple(w for w in Watched if w is not Watched.HUB_HOLDINGS)
FOLDING = (Watched.CLOCK, Watched.HUB_HOLDINGS, Watched.HUB_FRONT)


@dataclass(frozen=True)
class Moment:
    """`fraction` of the measured time for the clock; else the `change`-th change of what is watched, and `later` seconds."""

    watched: Watched
    fraction: float
    change: int
    later: float


def moment(random: Random, choice: tuple[Watched, ...]) -> Moment:
    """A moment by chance."""
    return Moment(
        random.choice(choice),
        random.random(),
        random.choice((1, 1, 2, 3, 5)),
        random.random() * random.choice((LATER_S / 10, LATER_S)),
    )


def await_moment(at: Moment, root: Path, seconds: float, alive: Program) -> None:
    """Return at the moment, or when `alive` has ended; `seconds` is what fraction 1 means, and how long a change is waited for."""
    deadline = time.monotonic() + (at.fraction * seconds if at.watched is Watched.CLOCK else 2 * seconds)
    look = _look(root / at.watched)
    seen, changes = look(), 0
    while time.monotonic() < deadline and alive.process.poll() is None:
        if at.watched is not Watched.CLOCK and (now := look()) != seen:
            seen, changes = now, changes + 1
            if changes == at.change:
                PAUSE.wait(at.later)
                return
        PAUSE.wait(LOOK_S)


def _look(path: Path) -> Callable[[], object]:
    """A glance at a file, or at a folder and the folders in it, that differs after a change."""

    def facts() -> object:
        found = []
        with suppress(FileNotFoundError):
            state = path.stat()
            found.append((state.st_mtime_ns, state.st_size))
        if path.is_dir():
            with os.scandir(path) as inside, suppress(FileNotFoundError):
                found += [(s.st_mtime_ns, s.st_size) for s in (entry.stat() for entry in inside)]
        return found

    return facts
