"""From accepted entries to R1: which objects of which delta have come, and the receipt when the last one has (format.md §8, §9).

An object that the store holds under its name was re-read and hashed before it got that name, so what is remembered here between two objects of a delta may
be lost: the marks and the R1 of a delta are one transaction. A crash before it leaves objects in the store that no row calls stored; `recover` finds them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from msgspec import Struct, field

from crypto.signing import SigningKey
from hub import front
from hub.clock import Clock
from hub.own_log import OwnLog
from sync import log as logs
from sync import named, receipt
from sync.database import Database
from sync.entry import Head, Role
from sync.errors import StoreDamaged
from sync.objects import ObjectStore
from sync.receipt import Grade, Receipt

STORES = 1
"""Places that hold each object at R1; a second store is a later issue."""


class _Delta(Struct):
    objects: int
    size: int
    missing: set[bytes] = field(default_factory=set)


class Arrivals:
    """What has come of the deltas that are under way. Usable from several threads.

    Args:
        receipted: called with the log_id after an R1 was committed.
    """

    def __init__(
        self, database: Database, objects: ObjectStore, key: SigningKey, own_log: OwnLog, clock: Clock, receipted: Callable[[bytes], None]
    ) -> None:
        self._front, self._objects, self._key, self._own_log, self._clock, self._receipted = database, objects, key, own_log, clock, receipted
        self._under_way: dict[tuple[bytes, int], _Delta] = {}
        self._lock = threading.Lock()

    def arrived(self, log_id: bytes, name: bytes) -> None:
        """The whole object is in the store; when a delta is complete with it, its R1 is committed on return."""
        complete = False
        with self._lock:
            for seq in named.naming(self._front.read(), log_id, name):
                delta = self._delta(log_id, seq)
                delta.missing.discard(name)
                if not delta.missing:
                    try:
                        # Inside the lock: who is told "complete" for another object of this delta must find the receipt there.
                        self._receipt(log_id, seq, delta)
                    finally:
                        # When the disk refused the commit, the delta counts as missing again: its objects lie in the store and are adopted one by one.
                        del self._under_way[log_id, seq]
                    complete = True
        if complete:
            self._receipted(log_id)

    def _delta(self, log_id: bytes, seq: int) -> _Delta:
        delta = self._under_way.get((log_id, seq))
        if delta is None:
            rows = named.of_delta(self._front.read(), log_id, seq)
            delta = _Delta(len(rows), sum(length for _, length, _ in rows), {name for name, _, stored in rows if not stored})
            self._under_way[log_id, seq] = delta
        return delta

    def _receipt(self, log_id: bytes, seq: int, delta: _Delta) -> None:
        with self._front.transaction() as connection:
            if logs.receipt_at(connection, log_id, seq, Grade.R1) is not None:
                return
            named.mark_delta_stored(connection, log_id, seq)
            digest = logs.hash_at(connection, log_id, seq)
            assert digest is not None
            said = Receipt(Grade.R1, self._own_log.hub_id, log_id, Head(seq, digest), self._clock.wall(), objects=delta.objects, bytes=delta.size, stores=STORES)
            logs.add_receipt(connection, log_id, Grade.R1, seq, receipt.make(self._key, said))
            front.delta_stored(connection, log_id, delta.size)
        # Commit, then speak: whoever asks from here on gets this receipt, however often we fall.

    def is_here(self, log_id: bytes, name: bytes) -> bool:
        """Is the object stored, with its row committed or about to be with the rest of its delta?"""
        if named.is_stored(self._front.read(), log_id, name):
            return True
        with self._lock:
            known = [d for seq in named.naming(self._front.read(), log_id, name) if (d := self._under_way.get((log_id, seq))) is not None]
        return bool(known) and all(name not in delta.missing for delta in known)

    def adopt(self, log_id: bytes, name: bytes) -> bool:
        """An object that lies in the store without this log's mark: take it when the device gives it back whole, else remove it; was it taken?"""
        if not self._objects.has(name):
            return False
        try:
            whole = self._objects.digest(name) == name
        except StoreDamaged:
            # A bad sector under an object that nobody was promised: it is sent again elsewhere on the disk.
            whole = False
        if not whole:
            self._objects.remove(name)
            return False
        # Whoever gave it its name may have fallen before the name was durable: no R1 before it is.
        self._objects.confirm(name)
        self.arrived(log_id, name)
        return True

    def recover(self) -> int:
        """After a start: take in what a crash left between an object's name and its row; how many objects."""
        return sum(self.adopt(log_id, name) for log_id, name in self._unmarked())

    def _unmarked(self) -> Iterator[tuple[bytes, bytes]]:
        reading = self._front.read()
        for log in logs.logs(reading, Role.NODE):
            for name in named.missing(reading, log.log_id):
                if self._objects.has(name):
                    yield log.log_id, name

