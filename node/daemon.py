"""The daemon: one thread takes in, one talks to the hub inside its windows, the event loop serves the local API."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from holdings import search_index
from holdings.check import Stage
from holdings.meaning_site import MeaningSite
from node import exit_code, knock, local_api, nights, schedule, settings, vitality
from node.app import open_engine
from node.check_run import CheckRun, yield_to_others
from node.engine import Engine, RunResult
from node.evidence_work import EvidenceWork
from node.home import SOCKET
from node.service import Service
from node.settings import Setting
from node.watching import RECONCILE_S, Watching
from sync import log
from sync.errors import StoreFull
from sync.receipt import Grade

if TYPE_CHECKING:
    from node.reading import Reading

TICK_S = 30.0
IDLE_HELLO_S = 600.0
"""Inside a window a node with nothing to send still shows itself this often."""
EVENT_CALM_S = 1.0
CALM, CALM_MAX_S = 4, 120.0
"""Between two walks that nobody asked for lies so many times what the last one took of a processor, at most so many seconds: over half a million pages
one takes ten, and where people scan all day something always happens."""
EXAMINE_S = 60.0
"""Seconds between two looks for records that were sealed and not yet checked."""
EXAMINE_PORTION = 50


class Daemon:
    """The loops of a running node.

    Args:
        say: where a line for the journal of the system goes.
        share: this node's place in the jitter of a window, 0–1.
        examine_s: seconds between two looks for derived work.
    """

    def __init__(self, engine: Engine, say: Callable[[str], None], share: float, examine_s: float = EXAMINE_S) -> None:
        self.examine_s = examine_s
        self._engine, self._say, self._share = engine, say, share
        self._stop = threading.Event()
        self._look, self._asked = threading.Event(), threading.Event()
        """Something may have changed; and a person said so, or all ends, which waits for nothing."""
        self._send = threading.Event()
        self.fault: Exception | None = None
        self.locked = False
        """Whether a person asked to lock: the process that follows waits for the passphrase."""
        self.service = Service(engine, self._wake)

    @property
    def _windows(self) -> tuple[schedule.Window, ...]:
        """As they are set now: a person may change them while the daemon runs."""
        return schedule.of(self._engine.home.config.windows, self._engine.home.site)

    def _wake(self) -> None:
        """A person has decided something: look, and send if it is time, now."""
        self._asked.set()
        self._look.set()
        self._send.set()

    def stop(self) -> None:
        """End all loops; what is durable stays."""
        self._stop.set()
        self._engine.cancel.set()
        self._engine.cancel_link()
        self._asked.set()
        self._look.set()
        self._send.set()

    def take_in(self) -> None:
        """Walk at start, on hints, where folders are polled, while something settles, and nightly."""
        config, watching = self._engine.home.config, Watching(self._engine.home.config.watch, self._look)
        polled = watching.polled
        try:
            while not self._stop.is_set():
                if polled:
                    self._say(f"以轮询方式查看：{'、'.join(polled)}")
                self._look.clear()
                self._asked.clear()
                began = time.thread_time()  # sealing, which a walk waits for, is done by others
                done = self._attempt(lambda: self._engine.run(settle_s=None, send=False, rounds=1))
                calm = min(CALM * (time.thread_time() - began), CALM_MAX_S)
                if done is not None and done.deltas:
                    self._send.set()
                pause = config.poll_s if watching.polled else RECONCILE_S
                if self._engine.unsettled():
                    pause = max(config.settle_s, 0.5)
                if self._look.wait(max(pause, calm)):
                    # A burst of events is one walk: files come in groups.
                    self._asked.wait(max(EVENT_CALM_S, calm))
                polled = watching.review()
        finally:
            watching.close()

    def talk(self) -> None:
        """Talk to the hub when the schedule says so."""
        while not self._stop.is_set():
            if self._due():
                with self._until_the_window_ends():
                    done = self._attempt(
                        lambda: nights.noted(
                            self._engine, lambda: self._engine.run(settle_s=None, intake=False, send=True, forever=True)
                        )
                    )
                if done is not None:
                    # Only a conversation that came to its end counts: a night without the hub is caught up by day.
                    self._note(Setting.LAST_SYNC, int(self._engine.clock.now()))
            self._send.wait(TICK_S)
            self._send.clear()

    def live(self) -> None:
        """Note that the daemon is alive, and how it stands today; what is left of it tells the next start that this one was cut off."""
        with suppress(StoreFull):
            vitality.begin(self._engine)
            vitality.tick(self._engine)
        while not self._stop.wait(TICK_S):
            with suppress(StoreFull):
                vitality.tick(self._engine)
        with suppress(StoreFull):
            vitality.end(self._engine)

    def examine(self) -> None:
        """Verify evidence, and check what was sealed, pictures and all, at low priority: both are derived work and hold nothing up."""
        yield_to_others()
        evidence = EvidenceWork(self._engine)
        while not self._stop.wait(self.examine_s):
            self._attempt(lambda: self._verified(evidence))
            with closing(CheckRun(self._engine.home, self._engine.clock, self._engine.home.site)) as checks:
                self._attempt(lambda checks=checks: self._examined(checks))  # type: ignore[misc]
            with closing(CheckRun(self._engine.home, self._engine.clock, self._engine.home.site, images=False)) as kept:
                self._attempt(lambda kept=kept: self._kept(kept))  # type: ignore[misc]

    def read_pages(self) -> None:
        """Read what was sealed 识读, in the hours of the site and while nothing is taken in or sent; the models live in processes of their own."""
        yield_to_others()
        # Here: the first scan need not wait for it.
        from node.reading import Reading

        while not self._stop.wait(self.examine_s):
            self._attempt(lambda: self._read(Reading(self._engine)))

    def _read(self, reading: Reading) -> RunResult:
        if self._engine.is_busy or not self._engine.reading_busy.acquire(blocking=False):
            return RunResult()
        try:
            if reading.run(self._stop.is_set).shipped:
                self._send.set()
        finally:
            self._engine.reading_busy.release()
        return RunResult()

    def make_vectors(self) -> None:
        """Make the vectors of search by meaning while nothing is taken in or sent, and end what answers when nobody asks; both are processes of their own."""
        yield_to_others()
        meaning = self._engine.meaning
        while not self._stop.wait(self.examine_s):
            meaning.rest()
            self._attempt(lambda: self._embedded(meaning))

    def _embedded(self, meaning: MeaningSite) -> RunResult:
        home = self._engine.home
        if search_index.wants_work(home.database.read()):
            from holdings import search_upkeep

            now = int(self._engine.clock.now())
            search_upkeep.go_on(home.database, now=now, stopped=lambda: self._stop.is_set() or self._engine.is_busy)
        meaning.run(lambda: self._stop.is_set() or self._engine.is_busy)
        return RunResult()

    def _verified(self, evidence: EvidenceWork) -> RunResult:
        evidence.pending(self._stop.is_set)
        return RunResult()

    def _examined(self, checks: CheckRun) -> RunResult:
        while checks.pending(Stage.ARCHIVING, EXAMINE_PORTION, self._stop.is_set).waiting and not self._stop.is_set():
            pass
        return RunResult()

    def _kept(self, checks: CheckRun) -> RunResult:
        """The periodic round, while nothing is taken in or sent."""
        while not self._stop.is_set() and not self._engine.is_busy and checks.round(lambda: self._stop.is_set() or self._engine.is_busy):
            pass
        return RunResult()

    @contextmanager
    def _until_the_window_ends(self) -> Iterator[None]:
        """End what is under way when the window closes; a catch-up outside the windows goes to its end."""
        left = schedule.left(self._windows, self._local())
        timer = threading.Timer(left.total_seconds() if left else 0, self._engine.cancel_link)
        timer.daemon = True
        if left is not None:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _local(self) -> datetime:
        return datetime.fromtimestamp(self._engine.clock.now(), UTC).astimezone()

    def _due(self) -> bool:
        reading, now = self._engine.home.database.read(), self._engine.clock.now()
        if settings.read(reading, Setting.PAUSED) or settings.read(reading, Setting.STOPPED):
            return False
        last = settings.read(reading, Setting.LAST_SYNC)
        before = datetime.fromtimestamp(last, UTC).astimezone() if isinstance(last, int) else None
        if not schedule.due(self._windows, self._local(), before, self._share):
            return False
        waits = log.first_unreceipted(reading, self._engine.home.identity.log.log_id, Grade.R4) is not None
        return waits or not isinstance(last, int) or not 0 <= now - last < IDLE_HELLO_S

    def _attempt(self, work: Callable[[], RunResult]) -> RunResult | None:
        """Do it, or note why it could not be done (None)."""
        try:
            return work()
        except exit_code.EXPECTED as fault:
            self._say(f"{fault}")
            self._note(Setting.LAST_RESULT, str(fault))
            if exit_code.of(fault) == 4:
                self._stop.wait(TICK_S)
            return None

    def _note(self, setting: Setting, value: str | int) -> None:
        """Keep it, if the disk has room: a full disk ends no daemon, which goes on by itself once there is room again."""
        with suppress(StoreFull), self._engine.home.database.transaction() as connection:
            settings.write(connection, setting, value)

    def guarded(self, work: Callable[[], None], ended: Callable[[], object]) -> None:
        """Run a loop; a fault that nobody expected ends the whole daemon: one that takes nothing in must not look alive."""
        try:
            work()
        except Exception as fault:  # noqa: BLE001  raised again where the process ends
            self._say(f"内部错误：{type(fault).__name__}")
            self.fault = fault
        finally:
            ended()


def serve(home: Path, ask: Callable[[], str], say: Callable[[str], None]) -> bool:
    """Run until SIGTERM or SIGINT, or until a person locks it: then True, with everything closed."""
    with ExitStack() as held:
        with knock.knocking(home):
            engine = held.enter_context(open_engine(home, knock.asking(home, ask)))
        knock.remember(home, engine.home.config.address, engine.home.identity.tls_digest, engine.home.identity.log.log_id)
        daemon = Daemon(engine, say, random.random())  # noqa: S311  jitter, not a secret
        threads: list[threading.Thread] = []
        try:
            asyncio.run(_serve(home, daemon, threads, say))
        finally:
            daemon.stop()
            for thread in threads:
                thread.join()
        if daemon.fault is not None:
            raise daemon.fault
    return daemon.locked


async def _serve(home: Path, daemon: Daemon, threads: list[threading.Thread], say: Callable[[str], None]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def end() -> None:
        with suppress(RuntimeError):  # the loop has ended before its threads did
            loop.call_soon_threadsafe(ended.set)

    def lock() -> None:
        daemon.locked = True
        end()

    daemon.service._engine.lock = lock
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    runner = await local_api.listen(home / SOCKET, local_api.application(daemon.service, end))
    for work in (daemon.live, daemon.take_in, daemon.talk, daemon.examine, daemon.read_pages, daemon.make_vectors):
        threads.append(threading.Thread(target=daemon.guarded, args=(work, end), name=work.__name__))
        threads[-1].start()
    say(f"本机已就绪：{home}")
    await ended.wait()
    daemon.stop()
    await runner.cleanup()
    (home / SOCKET).unlink(missing_ok=True)
