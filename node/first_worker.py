"""The first sandbox worker of a run, started before the program loads itself: each takes a fifth of a second, and there are two cores."""

from __future__ import annotations

import threading
from contextlib import suppress

from sync.errors import SandboxError
from sync.sandbox import Sandbox

_early: list[Sandbox] = []


def start() -> None:
    """Start it in the background; `take` hands it over."""
    sandbox = Sandbox(workers=1)
    _early.append(sandbox)
    threading.Thread(target=_warm, args=(sandbox,), name="first-worker", daemon=True).start()


def take() -> Sandbox:
    """The sandbox that was started early, or a new one."""
    return _early.pop() if _early else Sandbox(workers=1)


def discard() -> None:
    """Nobody has taken it: the command ended before it came so far."""
    while _early:
        _early.pop().close()


def _warm(sandbox: Sandbox) -> None:
    # Whoever needs a worker and finds none starts one, and hears what is wrong.
    with suppress(SandboxError, OSError):
        sandbox.warm("holdings.sheet_stream:ready")
