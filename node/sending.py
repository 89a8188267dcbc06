"""Sends objects over several kept-alive connections at once: one lossy TCP connection gets a fifth of a 10 Mbit/s line, eight get nearly all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from node.flight import Flights
from node.transport import HubLink
from sync.durable import BLOCK, CHUNK
from sync.errors import LinkLost, PeerRefused, SyncError
from sync.objects import ObjectStore

OFFSET_RETRIES = 5
RATE_BYTES = 1 << 20
STEP, QUICK_S = 128 << 10, 0.05
"""Bytes handed over at a time: on a slow line a whole block takes longer than the seconds over which a rate is shown. Twice as many where they were
gone so soon."""


class Wanted(Struct, frozen=True):
    """An object the hub lacks, from a durable offset on."""

    name: bytes
    length: int
    offset: int = 0


class SendingFailed(Exception):
    """One object could not be sent; `fault` says why. What was durable at the hub stays."""

    def __init__(self, fault: SyncError) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Sender:
    """A pool of threads with a connection each.

    Args:
        connect: makes an unopened connection.
        connections: at most this many; `restrict` may lower it per conversation.
        moved: told of every 1 MiB or so that left.
    """

    def __init__(
        self, objects: ObjectStore, connect: Callable[[], HubLink], connections: int, moved: Callable[[int], None]
    ) -> None:
        self._objects, self._connect, self._moved = objects, connect, moved
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="send")
        self._local = threading.local()
        self._links: list[HubLink] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition(threading.RLock())
        self._left, self._busy_s = 0, 0.0
        self._fault: Exception | None = None
        self.flights = Flights()
        self.bearer, self.limit = "", connections

    def restrict(self, limit: int) -> None:
        """Use at most `limit` connections from now on (nothing is under way): as many threads, one connection each."""
        if limit != self.limit:
            self._pool.shutdown(wait=True)
            self._drop()
            self._pool, self.limit = ThreadPoolExecutor(limit, thread_name_prefix="send"), limit

    @property
    def bytes_sent(self) -> int:
        """Bytes of request bodies so far."""
        with self._lock:
            return sum(link.bytes_sent for link in self._links)

    def add(self, wanted: Sequence[Wanted], cancel: threading.Event) -> None:
        """Begin to send these beside what is under way."""
        with self._changed:
            self._left += len(wanted)
        for item in wanted:
            self._pool.submit(self._run, item, cancel)

    def wait_below(self, count: int, timeout_s: float) -> int:
        """Wait until fewer than `count` objects are left, at most `timeout_s`; how many are left. With `count` 1, all are durable at the hub when it is 0.

        Raises:
            SendingFailed: the first fault, after everything under way has ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._left < count or self._fault is not None, timeout_s)
            if self._fault is None:
                return self._left
            self._changed.wait_for(lambda: self._left == 0)
            fault, self._fault = self._fault, None
        if isinstance(fault, SyncError):
            raise SendingFailed(fault)
        raise fault

    def hang_up(self) -> None:
        """The conversation broke: let what is under way end, forget its fault, drop every connection.

        Connections that died idle with the line would otherwise be found dead one try at a time.
        """
        with self._changed:
            self._fault = self._fault or LinkLost("传输中断。已送达的部分不会重传。")
            self._changed.wait_for(lambda: self._left == 0)
            self._fault = None
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            for link in self._links:
                link.close()

    def rate_bit_s(self) -> int | None:
        """What all connections together move while busy; None before 1 MiB was sent."""
        with self._changed:
            if self.bytes_sent < RATE_BYTES or self._busy_s <= 0:
                return None
            return int(self.bytes_sent * 8 / self._busy_s * self.limit)

    def _run(self, item: Wanted, cancel: threading.Event) -> None:
        try:
            if self._fault is None:
                self.flights.begin(item.name, item.length, item.offset)
                self._one(item, cancel)
        except Exception as fault:  # noqa: BLE001  raised again in the thread that waits
            with self._changed:
                self._fault = self._fault or fault
        finally:
            self.flights.end(item.name)
            with self._changed:
                self._left -= 1
                self._changed.notify_all()

    def _one(self, item: Wanted, cancel: threading.Event) -> None:
        offset, length = item.offset, item.length
        for _ in range(OFFSET_RETRIES):
            if self._fault is not None or cancel.is_set():
                return
            began = time.monotonic()
            try:
                answer = self._link().send_object(
                    item.name, length, offset, self._chunks(item.name, offset, cancel), self.bearer
                )
                self._spent(time.monotonic() - began)
            except PeerRefused as refusal:
                # 409 tells the durable offset, 422 discarded what was there: both go on at once from there.
                if refusal.status == 409 and refusal.code == "offset" and isinstance(refusal.detail, int):
                    offset = min(refusal.detail, length)
                    continue
                if refusal.status == 422 and refusal.code == "digest-differs":
                    offset = 0
                    continue
                raise
            if answer.complete:
                return
            offset = answer.offset or 0
            self.flights.begin(item.name, length, offset)
        raise PeerRefused(
            409, "offset", f"对象 {item.name.hex()[:16]}… 多次未能送全", "稍后自动重试；持续出现请联系中心"
        )

    def _spent(self, seconds: float) -> None:
        with self._changed:
            self._busy_s += seconds

    def _link(self) -> HubLink:
        link: HubLink | None = getattr(self._local, "link", None)
        if link is None:
            link = self._local.link = self._connect()
            with self._lock:
                self._links.append(link)
        return link

    def _chunks(self, name: bytes, offset: int, cancel: threading.Event) -> Iterator[memoryview]:
        whole = offset // BLOCK * BLOCK
        at, step = offset - whole, STEP
        for view in self._objects.chunks(name, whole):
            if cancel.is_set():
                raise ConnectionAbortedError
            while at < len(view):
                piece, began = view[at : at + step], time.monotonic()
                yield piece
                self._moved(len(piece))
                self.flights.moved(name, len(piece))
                at += len(piece)
                step = min(2 * step, CHUNK) if time.monotonic() - began < QUICK_S else STEP
            at = 0

    def close(self) -> None:
        """Drop all connections and threads."""
        self._pool.shutdown(wait=True)
        self._drop()
