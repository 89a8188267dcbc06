"""A few threads check and seal what intake submits; outcomes without a version are written in batches, versions go to the delta closer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from msgspec.structs import replace

from node import checking, page_tops
from node.deltas import DeltaCloser, note_outcome
from node.errors import SealingFailed
from node.folders import FolderState
from node.home import Home
from node.job import Job, Outcome, Sealed, Stayed, Unsettled
from node.page_tops import Precheck, ReadTop
from node.record_files import RecordFiles
from node.sealer import Sealer
from sync.sandbox import Sandbox

THREADS, TRANSCODING_THREADS = 2, 3
"""One for each of two cores, as packs are written beside them (decision 0030); one more where they wait for JPEG XL."""
QUEUE = 1024
"""Jobs waiting at most, about 2 KB each: a short queue makes the walk and the sealing threads wake one another for every job."""
BATCH = 50


class Sealing:
    """The sealing threads of one run.

    Args:
        target: bytes of a pack.
        jpeg_xl: transcode JPEG pages in the sandbox?
        now: wall clock, seconds.
        read: told of source bytes read, for progress.
        read_top: reads the top of a page for 密级, where a profile asks.
    """

    def __init__(
        self,
        home: Home,
        closer: DeltaCloser,
        sandbox: Sandbox,
        target: int,
        *,
        jpeg_xl: bool,
        now: Callable[[], float],
        read: Callable[[int], None],
        read_top: ReadTop | None = None,
    ) -> None:
        self._home, self._closer, self._sandbox, self._target, self._now = home, closer, sandbox, target, now
        self._jpeg_xl, self._read = jpeg_xl, read
        self._precheck = Precheck(home.identity.log.site_class, read_top)
        self._jobs: queue.Queue[Job | None] = queue.Queue(QUEUE)
        self._threads: list[threading.Thread] = []
        self._most, self._enough = (TRANSCODING_THREADS, 0) if jpeg_xl else (THREADS, BATCH // 4)
        self._storing = ThreadPoolExecutor(self._most, "store")
        self._fault: BaseException | None = None
        self._lock = threading.Lock()
        self._stays: list[Stayed | Unsettled] = []
        self.sealed = 0

    def submit(self, job: Job) -> None:
        """Take a job; waits when sealing is behind.

        Raises:
            SealingFailed: a thread has failed.
        """
        # A second thread, with its own pack, pays only when there is more than a pack's worth to do; for JPEG XL as soon as anything waits.
        if not self._threads or (len(self._threads) < self._most and self._jobs.qsize() > self._enough):
            thread = threading.Thread(target=self._run, name=f"seal-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        while True:
            self._raise()
            try:
                self._jobs.put(job, timeout=1.0)
                return
            except queue.Full:
                continue

    def finish(self) -> None:
        """Seal what was submitted, flush packs, close the last delta, write outcomes.

        Raises:
            SealingFailed: a thread has failed; what is durable of its work is written down all the same.
        """
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []
        self._storing.shutdown()
        try:
            self._raise()
            self._write_stays()
            self._closer.close()
        finally:
            self._closer.remember()

    def _raise(self) -> None:
        if self._fault is not None:
            raise SealingFailed(str(self._fault)) from self._fault

    def _run(self) -> None:
        ended = False
        try:
            sealer = Sealer(
                self._home.objects, self._storing, self._target, self._home.config.sm3, self._sandbox if self._jpeg_xl else None,
                self._outcome, self._closer.add_pack, self._read,
            )  # fmt: skip
            while (job := self._jobs.get()) is not None:
                self._one(sealer, job)
            ended = True
            sealer.flush()
        except Exception as fault:  # noqa: BLE001  a thread's fault is raised in the thread that submits, with its cause
            self._fault = fault
            # A pack that is under way just now stays without a row: the next start removes it.
            # The submitter must not wait for a place in the queue; after its last word nothing more comes.
            while not ended and self._jobs.get() is not None:
                continue

    def _one(self, sealer: Sealer, job: Job) -> None:
        with closing(RecordFiles(job)) as files:
            self._sealed(sealer, job, files)

    def _sealed(self, sealer: Sealer, job: Job, files: RecordFiles) -> None:
        try:
            checked = checking.check(job, files, self._sandbox, self._now())
        except checking.FileGone:
            self._outcome(Unsettled(job))
            return
        if checked.wait is not None:
            self._outcome(Stayed(job, checked.wait, checked.findings))
        elif (held := self._precheck.stays(job)) is not None:
            if held.state is FolderState.HELD:
                with self._home.database.transaction() as connection:
                    # A crash before the outcome is written leaves the row's mark: the gate holds the folder by it.
                    page_tops.withhold(connection, job)
            self._outcome(held)
        else:
            sealer.seal(job, files, checked.pages, checked.findings)

    def _looked_over(self, record: Sealed) -> Sealed:
        """With those changed pages of a sealed record that show the same picture as before."""
        before = {part.name: part for part in record.job.parts}
        now = record.parts if before else ()
        changed = [(old, new) for new in now if (old := before.get(new.name)) and old.sha256 != new.sha256]
        if not changed:
            return record
        from node import retouched  # it loads the checks, which only changed pages need

        return replace(record, retouched=retouched.names(self._home, self._sandbox, changed))

    def _outcome(self, outcome: Outcome) -> None:
        if isinstance(outcome, Sealed):
            self._closer.add(self._looked_over(outcome))
            return
        with self._lock:
            self._stays.append(outcome)
            full = len(self._stays) >= BATCH
        if full:
            self._write_stays()

    def _write_stays(self) -> None:
        with self._lock:
            stays, self._stays = self._stays, []
        if stays:
            with self._home.database.transaction() as connection:
                for outcome in stays:
                    note_outcome(connection, outcome, self._now())
