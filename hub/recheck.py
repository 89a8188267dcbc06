"""Checks with pictures that somebody asks for on a page: one after the other in a thread of their own, with how far each is; no page waits for them.

What is asked for lives in memory: after a restart it is asked for again. What a check found is committed as by any other run (hub/check_run.py).
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from contextlib import closing
from enum import Enum
from typing import Final

from msgspec import Struct

from holdings.check import Stage
from holdings.errors import HoldingsError
from hub.errors import HubError
from hub.home import Home
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")
WAITING_MAX: Final = 50
KEPT: Final = 500
"""Records whose last check is remembered as done."""
STOP_S: Final = 5.0


class State(Enum):
    """Where a check stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Does nothing more come?"""
        return self in (State.DONE, State.FAILED)


class Progress(Struct, frozen=True):
    """How far a check is: files looked at, of how many (0: not known yet); `before` how many wait in front of it."""

    state: State
    done: int = 0
    of: int = 0
    before: int = 0


class _Stopped(Exception):
    """The hub ends."""


class Rechecks:
    """Usable from several threads; the thread that works ends when nothing waits."""

    def __init__(self, home: Home) -> None:
        self._home, self._lock = home, threading.Lock()
        self._known: OrderedDict[int, Progress] = OrderedDict()
        self._waiting: OrderedDict[int, bytes] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, number: int, record: bytes) -> bool:
        """Have a record (by its number and id) checked; asked for again while it waits, it is the same. False when too many wait."""
        with self._lock:
            known = self._known.get(number)
            if known is not None and not known.state.is_over:
                return True
            if self._closed or len(self._waiting) >= WAITING_MAX:
                return False
            self._waiting[number] = record
            self._set(number, Progress(State.WAITING))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hub-recheck", daemon=True)
                self._thread.start()
        return True

    def progress(self, number: int) -> Progress | None:
        """How far a record's check is; None when none was asked for lately."""
        with self._lock:
            known = self._known.get(number)
            if known is None or known.state is not State.WAITING:
                return known
            return Progress(
                State.WAITING, before=list(self._waiting).index(number) + 1 if number in self._waiting else 0
            )

    def seen(self, number: int) -> None:
        """Somebody saw how it ended: it is told no more."""
        with self._lock:
            if (known := self._known.get(number)) is not None and known.state.is_over:
                del self._known[number]

    def wait(self) -> None:
        """Until nothing waits any more."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """End after the file at hand; what was not finished is asked for again by somebody."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join(STOP_S)

    def _set(self, number: int, progress: Progress) -> None:
        self._known[number] = progress
        self._known.move_to_end(number)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                number, record = self._waiting.popitem(last=False)
                self._set(number, Progress(State.RUNNING))
            ended = State.FAILED
            try:
                self._check(number, record)
                ended = State.DONE
            except _Stopped:
                LOG.info("中心正在停止，重新检测未完成")
            except (SyncError, HubError, HoldingsError) as fault:
                LOG.error("重新检测失败：%s", fault)
            with self._lock:
                self._set(number, Progress(ended))

    def _check(self, number: int, record: bytes) -> None:
        from hub.check_run import NICE, HandoverChecks  # a hub starts without them
        from hub.vault import Vault
        from sync.sandbox import Sandbox

        def told(done: int, of: int) -> None:
            with self._lock:
                if self._closed:
                    raise _Stopped
                self._set(number, Progress(State.RUNNING, done, of))

        home = self._home
        with closing(Sandbox(workers=1, nice=NICE)) as sandbox:
            vault = Vault(home.secrets.identity, home.objects, home.holdings, sandbox, home.clock)
            with closing(HandoverChecks(home, vault, images=True, told=told)) as checks:
                checks.one(Stage.HANDOVER, f"id:{record.hex()}")
