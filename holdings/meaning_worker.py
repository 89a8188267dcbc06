"""The process that answers questions by meaning: it keeps both models and the sketches in its memory, so that the daemon's own
stays small; started by the first question, ended when nobody has asked for a while. It holds no database and no key.
"""

from __future__ import annotations

import array
import os
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Final

import apsw
import msgspec
from msgspec import Struct

from holdings import meaning_store as store
from holdings.meaning_embedder import Stage
from sync.sandbox import Sandbox

HELD_MAX: Final = (
    128 << 20
)  # bytes of sketches that a worker keeps: 1.8 million vectors; the rest passes by at each question
IDLE_S: Final = 900.0  # a worker that nobody asked for so long ends
ADDRESS_MIB: Final = 1_536  # address space beside what it keeps: two models, numpy and their transients
ASK_S: Final = 120
_ROW: Final = 72  # bytes of a sketch with its number


class Likeness(Struct, array_like=True):
    """What `meaning_child.scan` answers (its `Scanned`)."""

    lacking: list[int]
    numbers: bytes
    likeness: bytes


class Worker:
    """One process at most. Usable from several threads: questions wait for each other.

    Args:
        held_max: bytes of sketches that it keeps.
    """

    def __init__(self, held_max: int = HELD_MAX) -> None:
        self._held_max, self._lock = held_max, threading.Lock()
        self._sandbox: Sandbox | None = None
        self._used, self._site = 0.0, os.urandom(8)

    @property
    def running(self) -> bool:
        """Is there a process?"""
        return self._sandbox is not None

    def call(self, function: str, data: bytes) -> bytes:
        """A function of holdings.meaning_child on its bytes."""
        if self._sandbox is None:
            memory = ADDRESS_MIB + (self._held_max >> 20)
            self._sandbox = Sandbox(workers=1, memory_mb=memory, seconds=ASK_S, nice=0, recycle=1 << 30)
        self._used = time.monotonic()
        return self._sandbox.call(f"holdings.meaning_child:{function}", data)

    def scan(
        self, connection: apsw.Connection, model: int, text: str, count: int, among: Sequence[int] | None = None
    ) -> list[int]:
        """Numbers of the vectors likest to a question, the likest first, at most `count`.

        Args:
            among: subjects to choose from; None: all.
        """
        with self._lock:
            chosen = None if among is None else array.array("q", among).tobytes()
            held, passing = self._split(connection)
            found = self._scan_held(connection, model, (text, count, chosen), held)
            for group, revision in passing:
                rows = store.rows_of(connection, model, group)
                passed = (self._site, group, revision, *rows)
                found += self._ask((self._site, text, count, [], chosen, store.SHIFT, passed))
        found.sort(reverse=True)
        return [number for _, number in found[:count]]

    def _split(self, connection: apsw.Connection) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Groups that are kept, and those beyond its bound."""
        held: list[tuple[int, int]] = []
        passing: list[tuple[int, int]] = []
        room = self._held_max
        for group, revision, sketches in store.groups(connection):
            room -= sketches * _ROW
            (held if room >= 0 else passing).append((group, revision))
        return held, passing

    def _scan_held(
        self, connection: apsw.Connection, model: int, asked: tuple[str, int, bytes | None], held: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        text, count, among = asked
        revisions = dict(held)
        while True:
            answer = self._told((self._site, text, count, held, among, store.SHIFT, None))
            if not answer.lacking:
                return _pairs(answer)
            for group in answer.lacking:
                rows = store.rows_of(connection, model, group)
                self.call("hold", msgspec.msgpack.encode((self._site, group, revisions[group], *rows)))

    def _ask(self, wanted: tuple[object, ...]) -> list[tuple[int, int]]:
        return _pairs(self._told(wanted))

    def _told(self, wanted: tuple[object, ...]) -> Likeness:
        return msgspec.msgpack.decode(self.call("scan", msgspec.msgpack.encode(wanted)), type=Likeness)

    def compare(self, stage: Stage, text: str, vectors: Iterable[bytes], texts: Sequence[str] = ()) -> list[float]:
        """Cosines of a question with stored vectors, then with texts that have none stored."""
        stored = b"".join(vectors)
        if not stored and not texts:
            return []
        data = msgspec.msgpack.encode((stage.value, text, stored, list(texts)))
        with self._lock:
            said = self.call("compare", data)
        return list(struct.unpack(f"<{len(said) // 4}f", said))

    def rest(self) -> bool:
        """End a process that nobody has asked for IDLE_S; True when one ended."""
        with self._lock:
            if self._sandbox is None or time.monotonic() - self._used < IDLE_S:
                return False
            self._end()
            return True

    def close(self) -> None:
        """End the process; a question starts another."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None


def _pairs(answer: Likeness) -> list[tuple[int, int]]:
    """(likeness, number)."""
    return list(zip(array.array("H", answer.likeness), array.array("q", answer.numbers), strict=True))
