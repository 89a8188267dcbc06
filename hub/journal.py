"""The hub's journal 审计日志: deeds of several threads share one commit, and the chain is anchored in the hub's log, which every node copies (format.md §16)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import apsw
from msgspec import Struct

from holdings import journal
from holdings.journal import Act, Deed, Fault
from hub.errors import NotAllowed
from hub.own_log import OwnLog
from sync import log as logs
from sync.database import Database
from sync.entry import EntryKind
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")
ANCHOR_EVERY: Final = 1_000
"""Acts after which the chain is anchored, at the latest with the first act of a new day."""
DAY_S: Final = 86_400


class _Waiting(Struct):
    deed: Deed
    done: bool = False
    fault: Exception | None = None


class Journal:
    """Writes deeds down and anchors them. Usable from several threads."""

    def __init__(self, people: Database, front: Database, own_log: OwnLog) -> None:
        self._people, self._front, self._own_log = people, front, own_log
        self._queue: list[_Waiting] = []
        self._lock, self._turn, self._anchoring = threading.Lock(), threading.Lock(), threading.Lock()
        self._anchored: int | None = None
        self._day = 0

    def note(self, deed: Deed) -> None:
        """Write a deed down; lasting on return. What waits at that moment shares one commit.

        Raises:
            StoreFull: no room; then the act may not go on.
        """
        mine = _Waiting(deed)
        with self._lock:
            self._queue.append(mine)
        with self._turn:
            if not mine.done:
                self._write()
        if mine.fault is not None:
            raise mine.fault
        self._anchor_when_due(deed.wall)

    def _write(self) -> None:
        with self._lock:
            batch, self._queue = self._queue, []
        fault: Exception | None = None
        try:
            with self._people.transaction() as connection:
                for waiting in batch:
                    journal.add(connection, waiting.deed)
        except (SyncError, apsw.Error) as raised:
            # Every thread of the batch gets it raised.
            fault = raised
        # A crash here leaves acts whose effect nobody saw: that is the safe side.
        for waiting in batch:
            waiting.done, waiting.fault = True, fault

    @contextmanager
    def acting(self, deed: Deed) -> Iterator[apsw.Connection]:
        """A transaction of people.db in which the deed stands together with what it changes."""
        with self._people.transaction() as connection:
            yield connection
            journal.add(connection, deed)
        self._anchor_when_due(deed.wall)

    # ------------------------------------------------------------------ anchors

    def anchors(self) -> dict[int, bytes]:
        """number → hash of every anchor in the hub's log."""
        found = {}
        for entry in logs.walk(self._front.read(), self._own_log.hub_id):
            if (
                entry.kind is EntryKind.JOURNAL
                and isinstance(entry.body.get(1), int)
                and isinstance(entry.body.get(2), bytes)
            ):
                found[entry.body[1]] = entry.body[2]
        return found

    def anchor(self) -> int:
        """Anchor the last act unless it is; its number.

        Raises:
            NotAllowed: the hub's log lacks entries that a node holds.
        """
        with self._anchoring:
            number, value = journal.head(self._people.read())
            if self._anchored is None:
                self._anchored = max(self.anchors(), default=0)
            if number > self._anchored:
                with self._front.transaction() as connection:
                    self._own_log.append(connection, EntryKind.JOURNAL, {1: number, 2: value})
                # A crash before this is remembered leaves an anchor that is read again at the next start.
                self._anchored = number
        return number

    def _anchor_when_due(self, wall: int) -> None:
        number, _ = journal.head(self._people.read())
        if wall // DAY_S == self._day and number - (self._anchored or 0) < ANCHOR_EVERY:
            return
        try:
            self.anchor()
            self._day = wall // DAY_S
        except NotAllowed as fault:
            LOG.warning("审计日志暂未锚定：%s", fault)

    def verify(self) -> list[Fault]:
        """Is the chain whole, and does it agree with its anchors?"""
        return journal.verify(self._people.read(), self.anchors())

    def export(self, wanted: journal.Filter) -> Iterator[bytes]:
        """The acts that pass as CSV, anchored first so that what is written can be proved later."""
        try:
            until = self.anchor()
        except NotAllowed:
            until = journal.head(self._people.read())[0]
        return journal.sheet(journal.walk(self._people.read(), wanted, until=until))

    def find(self, wanted: journal.Filter, before: int, limit: int) -> list[Act]:
        """See holdings.journal.find."""
        return journal.find(self._people.read(), wanted, before=before, limit=limit)
