"""One run of a node: intake, sealing and uplink side by side (DESIGN §3), and the waiting for receipts."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from holdings import quarantine
from holdings.meaning_site import MeaningSite
from node import derived, first_worker, folders, persistence
from node.clock import Clock
from node.deltas import DeltaCloser
from node.errors import NodeError
from node.flight import Flights
from node.home import Home
from node.intake import Intake, PassCounts
from node.link_speed import link_rate, pack_target
from node.page_tops import ReadTop
from node.report import state_report
from node.sealing import Sealing
from node.sheets import SheetIntake
from node.top_reader import TopReader
from node.uplink import Uplink
from sync import log
from sync.errors import LinkLost, PeerRefused, SandboxError
from sync.manifest import read_delta
from sync.receipt import Grade
from sync.sandbox import Sandbox
from sync.transform import Transcode

if TYPE_CHECKING:
    from node.gathered_pages import GatheredPages
    from node.page_door import PageDoor

R4_WAIT_S = 60.0
POLL_S = 0.5
HELLO_FIRST_S = 20.0
ALONE_S = 600.0
SENDING_S = 5.0
"""Seconds after the last bytes that left during which a node counts as sending."""
TRANSCODE_BIT_S = 24_000_000
"""Below this link rate JPEG XL saves time on two cores: they make about 3 MB/s of proven JPEG XL (docs/decisions)."""


class Progress(Struct):
    """Moving figures of a run: bytes read from sources, bytes sent."""

    read_bytes: int = 0
    sent_bytes: int = 0
    note: str = ""

    def read(self, count: int) -> None:
        """Source bytes were read."""
        self.read_bytes += count

    def sent(self, count: int) -> None:
        """Bytes left for the hub."""
        self.sent_bytes += count


class RunResult(Struct):
    """What a run did (DESIGN §7, `node run --once`): records, pages, bytes, seconds."""

    records: int = 0
    pages: int = 0
    quarantined: int = 0
    deltas: int = 0
    bytes_source: int = 0
    bytes_sent: int = 0
    receipted: int = 0
    opened: int = 0
    exceptions: int = 0
    seconds: float = 0.0
    link: str = ""


class _Growth:
    """Tells the uplink whether more deltas may come."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._deltas, self._taken, self._finished = 0, 0, False

    def closed(self) -> None:
        with self._condition:
            self._deltas += 1
            self._condition.notify_all()

    def finish(self) -> None:
        with self._condition:
            self._finished = True
            self._condition.notify_all()

    def wait(self, at_most_s: float | None) -> bool:
        with self._condition:
            self._condition.wait_for(lambda: self._taken != self._deltas or self._finished, at_most_s)
            grown = self._taken != self._deltas
            self._taken = self._deltas
            return grown


class Engine:
    """What a home can do, for the daemon and for single commands alike; one intake and one conversation at a time, side by side."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self.home, self.clock = home, clock
        self.progress = Progress()
        # Transcoding takes every core; sheets and page counts alone do not pay the start of a second process.
        self.sandbox = Sandbox(workers=2) if self._jpeg_xl() else first_worker.take()
        self._intake_busy, self._line_busy = threading.Lock(), threading.Lock()
        self._met = threading.Event()
        self._sent_seen, self._sent_at = 0, -SENDING_S
        self.reading_busy = threading.Lock()
        """Held by the one run of reading 识读 at a time."""
        self.meaning = MeaningSite(home.database)
        self._link: Uplink | None = None
        self.cancel = threading.Event()
        self.tops = TopReader()
        self.read_top: ReadTop | None = self.tops.read
        """Reads the top of a page for 密级预检, in a process that the first such page starts."""
        self.lock: Callable[[], object] | None = None
        """Set by a daemon: lets go of all keys and waits for the passphrase."""
        self.door: PageDoor | None = None
        """For the browser of this machine, once somebody has asked for a link."""

    @functools.cached_property
    def gathered(self) -> GatheredPages:
        """Pages of records gathered from several folders, for who catalogues them; made when somebody does."""
        from node.gathered_pages import GatheredPages

        return GatheredPages(self.home)

    def unsettled(self) -> bool:
        """Does anything wait for its second look?"""
        return folders.waiting(self.home.database.read())

    @property
    def is_busy(self) -> bool:
        """Is something taken in, or are bytes sent? Derived work waits meanwhile; a hub that does not answer keeps nobody waiting."""
        if (sent := self.progress.sent_bytes) != self._sent_seen:
            self._sent_seen, self._sent_at = sent, time.monotonic()
        return self._intake_busy.locked() or time.monotonic() - self._sent_at < SENDING_S

    @property
    def has_met(self) -> bool:
        """Was the hub's word on our log sought since this program began? Before that nothing is signed."""
        return self._met.is_set()

    @property
    def is_sending(self) -> bool:
        """Is a conversation under way?"""
        return self._line_busy.locked()

    @property
    def flights(self) -> Flights | None:
        """What is on its way to the hub this moment; None when no conversation is under way."""
        link = self._link
        return link.flights if link is not None and self.is_sending else None

    def cancel_link(self) -> None:
        """End the conversation that is under way, if any; what is durable stays."""
        if self._link is not None:
            self._link.cancel.set()

    def close(self) -> None:
        """Stop workers; the home is the caller's."""
        if self.door is not None:
            self.door.close()
        self.meaning.close()
        self.sandbox.close()
        self.tops.close()

    def sheets(self) -> SheetIntake:
        """Reader and importer of catalogue sheets."""
        return SheetIntake(self.home, self.sandbox, self.clock.now)

    def _uplink(self) -> Uplink:
        return Uplink(
            self.home, lambda: state_report(self.home, self.clock), lambda: int(self.clock.now()), self.progress.sent
        )

    def run(
        self,
        *,
        settle_s: float | None,
        intake: bool = True,
        send: bool = True,
        wait_grade: Grade | None = None,
        forever: bool = False,
        rounds: int = 1_000_000,
    ) -> RunResult:
        """Take in what is ready and bring it to the hub, then wait for receipts.

        Args:
            settle_s: overrides node.toml; 0 trusts the first look.
            intake, send: which halves to do.
            rounds: walks at most while something settles; a daemon does one and comes back.
            wait_grade: R1: return when everything has its R1; R4: also wait up to 60 s for R4; None: do not wait.

        Raises:
            LinkLost, PeerRefused: sending failed (what was taken in is safe and sealed).
            RolledBack, Fork: a person must act.
        """
        with ExitStack() as held:
            for wanted, lock in ((intake, self._intake_busy), (send, self._line_busy)):
                if wanted:
                    held.enter_context(lock)
            if intake and not send:
                self._meet()
            return self._run(settle_s, wait_grade, intake=intake, send=send, forever=forever, rounds=rounds)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing is taken in meanwhile, and the hub's word on our head was sought: what is signed here is no fork.

        Raises:
            NodeError: intake went on for ten minutes.
        """
        if not self._intake_busy.acquire(timeout=ALONE_S):
            raise NodeError("本机正在收入扫描件，此刻不能改号。请等收入告一段落后重试。")
        try:
            self._meet()
            yield
        finally:
            self._intake_busy.release()

    @contextmanager
    def resting(self) -> Iterator[bool]:
        """Is nothing taken in or signed? Then nothing is until the end of this; else False, at once."""
        rests = self._intake_busy.acquire(blocking=False)
        try:
            yield rests
        finally:
            if rests:
                self._intake_busy.release()

    def _meet(self) -> None:
        """Before this process first signs: the hub's word on our head, when the hub can be reached at all."""
        if self._met.is_set():
            return
        uplink = self._uplink()
        try:
            uplink.meet()
        except (LinkLost, PeerRefused) as fault:
            # Offline-first: what is sealed now is checked at the next contact.
            self.progress.note = str(fault)
        finally:
            uplink.close()
        self._met.set()

    def _run(
        self, settle_s: float | None, wait_grade: Grade | None, *, intake: bool, send: bool, forever: bool, rounds: int
    ) -> RunResult:
        began, result, growth = time.monotonic(), RunResult(), _Growth()
        self.progress = Progress()
        uplink = self._uplink()
        if send:
            self._link = uplink
            if self.cancel.is_set():
                # `stop` came before this conversation could be told.
                uplink.cancel.set()
        asked = threading.Event()
        failure: list[Exception] = []
        line = threading.Thread(
            target=self._talk, args=(uplink, growth, asked, failure, forever), name="uplink", daemon=True
        )
        if send:
            line.start()
        with closing(uplink):
            try:
                if intake:
                    # Never sign over a used number: the hub's word on our head comes first when the hub can be reached (DESIGN §4).
                    self._take_in(
                        result,
                        growth,
                        settle_s,
                        rounds,
                        (lambda: asked.wait(HELLO_FIRST_S)) if send else (lambda: True),
                    )
            finally:
                growth.finish()
                if send:
                    line.join()
            try:
                if failure:
                    raise failure[0]
                if intake and derived.add_sm3(self.home, self.clock, self.sandbox, self.cancel.is_set) and send:
                    uplink.converse()
                if send and wait_grade is Grade.R4:
                    self._await(uplink, Grade.R4, time.monotonic() + R4_WAIT_S)
            finally:
                self._sum_up(result, uplink, began)
        return result

    def _talk(
        self, uplink: Uplink, growth: _Growth, asked: threading.Event, failure: list[Exception], forever: bool
    ) -> None:
        def noted(fault: Exception) -> None:
            asked.set()
            self.progress.note = str(fault)

        def grown(at_most_s: float | None) -> bool:
            asked.set()
            return growth.wait(at_most_s)

        uplink.greeted = asked.set
        try:
            persistence.converse(uplink, grown, forever=forever, noted=noted)
        except Exception as fault:  # noqa: BLE001  raised again in the thread that started the run
            failure.append(fault)
        else:
            self._met.set()
        finally:
            asked.set()

    def _take_in(
        self, result: RunResult, growth: _Growth, settle_s: float | None, rounds: int, may_sign: Callable[[], object]
    ) -> PassCounts:
        target = pack_target(self.home)
        closer = DeltaCloser(self.home, self.clock.now, self.clock.state, growth.closed, may_sign, target)
        if jpeg_xl := self._jpeg_xl():
            threading.Thread(target=self._warm, name="warm", daemon=True).start()
        sealing = Sealing(
            self.home, closer, self.sandbox, target, jpeg_xl=jpeg_xl, now=self.clock.now, read=self.progress.read,
            read_top=self.read_top,
        )  # fmt: skip
        walk = Intake(self.home, self.sheets(), sealing.submit, self.clock.now)
        settle = self.home.config.settle_s if settle_s is None else settle_s
        # What stands still from now on is settled by then; what a station goes on writing is left to the next run.
        deadline = time.monotonic() + (folders.MTIME_AGE_FACTOR + 2) * settle
        try:
            counts = walk.run(settle, self.cancel.is_set)
            while counts.waiting and settle and (rounds := rounds - 1) > 0 and time.monotonic() < deadline:
                closer.tick()
                if self.cancel.wait(settle):
                    break
                counts = walk.run(settle, self.cancel.is_set)
        finally:
            sealing.finish()
        result.records, result.pages, result.deltas, result.bytes_source = (
            closer.records,
            closer.pages,
            closer.deltas,
            closer.source_bytes,
        )
        return counts

    def _warm(self) -> None:
        """Load libjxl beside the walk: its start would otherwise stand before the first page."""
        with suppress(SandboxError):
            self.sandbox.call("sync.jpegxl:ready", b"")

    def _jpeg_xl(self) -> bool:
        match self.home.config.transcode:
            case Transcode.ALWAYS:
                return True
            case Transcode.NEVER:
                return False
            case Transcode.AUTO:
                return 0 < link_rate(self.home) < TRANSCODE_BIT_S

    def _await(self, uplink: Uplink, grade: Grade, deadline: float) -> None:
        own = self.home.identity.log.log_id
        while log.first_unreceipted(self.home.database.read(), own, grade) is not None and time.monotonic() < deadline:
            if self.cancel.wait(POLL_S):
                return
            try:
                uplink.converse()
            except (LinkLost, PeerRefused) as fault:
                if not persistence.again_later(fault):
                    raise
                self.progress.note = str(fault)

    def _sum_up(self, result: RunResult, uplink: Uplink, began: float) -> None:
        reading, own = self.home.database.read(), self.home.identity.log.log_id
        for seqs, name in ((uplink.tally.receipted, "receipted"), (uplink.tally.opened, "opened")):
            count = 0
            for seq in seqs:
                bodies = [read_delta(e.body) for e in log.since(reading, own, seq, 1)]
                # A delta without parts carries derived data, not records.
                count += sum(b.items for b in bodies if b.parts)
            setattr(result, name, count)
        result.exceptions = uplink.tally.exceptions
        result.opened -= result.exceptions
        result.bytes_sent = uplink.tally.bytes_sent
        result.quarantined = quarantine.count_subjects(reading)
        result.seconds = round(time.monotonic() - began, 3)
        result.link = self.progress.note
