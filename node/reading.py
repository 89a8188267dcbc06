"""Reads what waits 识读: takes parts from the queue, has their pages read by processes of their own, keeps what comes back, sends it on in deltas.

Derived work: it begins nothing while scans are taken in or sent, keeps to the hours of the site, and may be stopped after any page. This thread owns
the database's part of it; the threads beside it only feed workers and wait for them.
"""

from __future__ import annotations

import os
import queue as queues
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct

from holdings import reading_rule
from holdings.reading_rule import ReadingRule
from node import reading_fill, reading_ship, reading_worker, schedule
from node import reading_queue as queue
from node.engine import Engine
from node.packed_file import PackedFile
from node.reading_keep import End, Ended, Event, Keeper
from node.reading_queue import Figure, QueuedPart
from node.reading_worker import PageReader, SandboxReader
from sync import sealed
from sync.errors import SandboxDied, SandboxError, StoreError, SyncError
from sync.manifest import Part
from sync.sandbox import Sandbox

ReaderMaker: TypeAlias = Callable[[ReadingRule], PageReader]
PORTION: Final = 16
"""Pages of one commit: what a crash reads again at most, beside the page each worker holds."""
PORTION_S: Final = 10.0
LOOK_S: Final = 0.5
PATIENCE_S: Final = 60.0
"""Looks at a node that is busy with better things, in seconds, after which the workers and their memory are given back."""
HOUR_S: Final = 3_600


class ReadingCounts(Struct):
    """What a run did: pages read and failed, pages that went into deltas, whether more waits, and why it stopped early."""

    pages: int = 0
    failed: int = 0
    reused: int = 0
    shipped: int = 0
    waiting: bool = False
    note: str = ""


class Reading:
    """One run at a time; `close` is `run`'s own.

    Args:
        make: makes what reads; the sandbox with the engine of this program when not given.
        say_no: why nothing can be read here, empty when it can.
    """

    def __init__(
        self, engine: Engine, make: ReaderMaker = SandboxReader, say_no: Callable[[], str] = reading_worker.absent
    ) -> None:
        self._engine, self._home, self._make, self._say_no = engine, engine.home, make, say_no
        self.rule = reading_rule.rule(engine.home.site)
        self._hours = tuple(schedule.parse(one) for one in self.rule.hours)

    def may_read(self) -> bool:
        """Is it an hour for it, and has nobody paused it?"""
        return self._open() and self.in_hours()

    def in_hours(self) -> bool:
        """Are these the hours that the site reads in?"""
        local = datetime.fromtimestamp(self._engine.clock.now(), UTC).astimezone()
        return not self._hours or schedule.current(self._hours, local) is not None

    def run(
        self, should_stop: Callable[[], bool], *, limit: int = 1 << 40, always: bool = False, ship_all: bool = False
    ) -> ReadingCounts:
        """Read until nothing waits, `limit` pages are read, or it is no time for it any more.

        Args:
            always: a person asks for it: hours and other work are passed over, a pause is not.
            ship_all: what was read goes into a delta at the end, however little it is.
        """
        counts = ReadingCounts()
        reading_fill.fill(self._home, should_stop)
        with self._home.database.transaction() as connection:
            counts.note = self._say_no()
            queue.set_figure(connection, Figure.ABSENT, int(bool(counts.note)))
        if not counts.note:
            allowed = self._open if always else self.may_read
            _Shift(self, counts, lambda: should_stop() or not allowed(), limit, wait=not always).work()
        if not should_stop():
            self._ship(counts, ship_all=ship_all)
        counts.waiting = bool(queue.waiting(self._home.database.read(), 1)) and not counts.note
        return counts

    def _open(self) -> bool:
        return not queue.figure(self._home.database.read(), Figure.PAUSED)

    def _ship(self, counts: ReadingCounts, *, ship_all: bool) -> None:
        while True:
            reading = self._home.database.read()
            first = next(iter(queue.outgoing(reading, 1)), None)
            if first is None or (self._engine.is_busy and not ship_all):
                return
            aged = self._engine.clock.now() - first.time >= 60 * self.rule.batch_minutes
            full = queue.figure(reading, Figure.OUTBOX) >= self.rule.batch_pages
            if not (ship_all or full or aged or not queue.waiting(reading, 1)):
                return
            went = reading_ship.ship(self._engine, self.rule.batch_pages)
            counts.shipped += went
            if not went:
                return

    def parts(self, part: QueuedPart) -> Part | None:
        """The sealed bytes of a part; None when a newer version came before it was read, and lists it no more."""
        found = sealed.current(self._home.database.read(), part.item_id)
        return next((one for one in found if one.sha256 == part.sha256), None)

    @property
    def workers(self) -> int:
        """Processes that read side by side."""
        room = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        return reading_rule.processes(self.rule.workers, len(os.sched_getaffinity(0)), self.rule.memory_mb, room)


class _Shift:
    """The threads of one run, and what passes between them and this one."""

    def __init__(
        self, reading: Reading, counts: ReadingCounts, enough: Callable[[], bool], limit: int, *, wait: bool
    ) -> None:
        self._reading, self._counts, self._enough, self._limit = reading, counts, enough, limit
        self._engine, self._home = reading._engine, reading._home
        self._keeper = Keeper(self._home)
        self._tasks: queues.Queue[tuple[QueuedPart, Part] | None] = queues.Queue()
        self._events: queues.Queue[Event] = queues.Queue(64)
        self._stop = threading.Event()
        self._faults: list[Exception] = []
        self._wait, self._waited = wait, 0.0
        self._under_way: dict[int, bytes] = {}
        self._kept: list[Event] = []
        self._since = self._began = self._engine.clock.now()

    def work(self) -> None:
        """Until nothing waits or it is enough; what was read is kept whatever ends it."""
        if self._enough() or self._better() or not queue.waiting(self._home.database.read(), 1):
            return
        threads = [threading.Thread(target=self._serve, name=f"read-{n}") for n in range(self._reading.workers)]
        for thread in threads:
            thread.start()
        try:
            while not self._faults and not self._finished():
                if not (busy := self._better()):
                    self._hand_out(len(threads))
                    self._waited = 0.0
                if not self._under_way and not self._kept and (not busy or self._waited > PATIENCE_S):
                    break
                self._take(LOOK_S)
                self._waited += LOOK_S
                self._keep(every=not self._under_way)
        finally:
            self._end(threads)
        if self._faults:
            raise self._faults[0]

    def _better(self) -> bool:
        """Is something better to do? A short walk of the scan folders is waited out; the workers keep their models."""
        return self._wait and self._engine.is_busy

    def _finished(self) -> bool:
        pages = self._keeper.pages + len(self._kept)
        return pages >= self._limit or self._enough()

    def _hand_out(self, most: int) -> None:
        """Give the threads parts that nobody reads yet; equal bytes wait for the one that is under way, and are taken over from it."""
        while len(self._under_way) < most:
            busy = set(self._under_way.values())
            waiting = queue.waiting(self._home.database.read(), most + len(busy) + 32)
            part = next((one for one in waiting if one.id not in self._under_way and one.sha256 not in busy), None)
            if part is None:
                return
            self._one(part)

    def _one(self, part: QueuedPart) -> None:
        now = int(self._engine.clock.now())
        if self._keeper.withhold(part):
            return
        if self._keeper.reuse(part, now):
            self._counts.reused += 1
            return
        source = self._reading.parts(part)
        if source is None:
            self._keeper.pass_over(part)
            return
        self._under_way[part.id] = part.sha256
        self._tasks.put((part, source))

    def _take(self, seconds: float) -> None:
        try:
            number, event = self._events.get(timeout=seconds)
        except queues.Empty:
            return
        while True:
            self._kept.append((number, event))
            if isinstance(event, Ended):
                self._under_way.pop(number, None)
            try:
                number, event = self._events.get_nowait()
            except queues.Empty:
                return

    def _keep(self, *, every: bool) -> None:
        now = self._engine.clock.now()
        ended = any(isinstance(event, Ended) for _, event in self._kept)
        if self._kept and (every or ended or len(self._kept) >= PORTION or now - self._since >= PORTION_S):
            self._keeper.keep(self._kept, int(now))
            self._kept, self._since = [], now
            self._counts.pages, self._counts.failed = self._keeper.pages, self._keeper.failed

    def _end(self, threads: list[threading.Thread]) -> None:
        self._stop.set()
        for _ in threads:
            self._tasks.put(None)
        while any(thread.is_alive() for thread in threads):
            self._take(0.05)
        self._take(0.0)
        self._keep(every=True)
        self._rate()

    def _rate(self) -> None:
        seconds = self._engine.clock.now() - self._began
        if self._keeper.pages and seconds > 0:
            with self._home.database.transaction() as connection:
                queue.set_figure(connection, Figure.RATE, round(self._keeper.pages * HOUR_S / seconds))

    # ------------------------------------------------------------------ the threads

    def _serve(self) -> None:
        with closing(self._reading._make(self._reading.rule)) as reader, closing(Sandbox(workers=1)) as restore:
            while (task := self._tasks.get()) is not None and not self._stop.is_set():
                part, source = task
                self._events.put((part.id, self._guarded(reader, restore, part, source)))

    def _guarded(self, reader: PageReader, restore: Sandbox, part: QueuedPart, source: Part) -> Ended:
        """A fault that nobody expected is raised again where the run was started; a thread that is gone would be waited for."""
        try:
            return self._read(reader, restore, part, source)
        except Exception as fault:  # noqa: BLE001  raised again in the thread that started the run
            self._faults.append(fault)
            return Ended(End.STOPPED)

    def _read(self, reader: PageReader, restore: Sandbox, part: QueuedPart, source: Part) -> Ended:
        try:
            for page in reader.read(PackedFile(self._home, restore, source), part.next):
                self._events.put((part.id, page))
                if self._stop.is_set():
                    return Ended(End.STOPPED)
        except SandboxDied as fault:
            return Ended(End.STOPPED if self._stop.is_set() else End.DIED, str(fault))
        except SandboxError as fault:
            return Ended(End.REFUSED, str(fault))
        except (SyncError, StoreError) as fault:
            return Ended(End.REFUSED, f"加封的内容读不出：{fault}")
        return Ended(End.DONE)
