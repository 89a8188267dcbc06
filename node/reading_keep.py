"""Keeps what was read: text, facts, the place in the queue and what waits to travel, in one transaction a portion.

A crash repeats the pages of the portion at hand. The gate is asked again in that transaction: of a record that was called classified meanwhile nothing stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeAlias

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import catalogue, facts_store, gate, page_facts, page_text, records, same_pages, text_change, text_store
from holdings.errors import BodyUnreadable
from holdings.layout_words import Use
from holdings.record import RecordId
from holdings.stored_record import StoredRecord
from holdings.text_store import StoredText
from node import reading_fill
from node import reading_queue as queue
from node.home import Home
from node.reading_queue import Figure, PartState, QueuedPart
from node.reading_worker import PageRead
from sync import sealed

DEATHS_MAX: Final = 2  # the second death at the same page is the page's own fault
BLIND_MAX: Final = 3  # pages skipped of a part whose number of pages nobody could tell


class End(Enum):
    """How the reading of a part ended."""

    DONE = "done"
    DIED = "died"
    REFUSED = "refused"
    STOPPED = "stopped"


class Ended(Struct, frozen=True):
    """The reading of a part ended, and why when it did not come to its end."""

    how: End
    reason: str = ""


Event: TypeAlias = tuple[int, PageRead | Ended]
"""(number of the part, what happened); in the order in which it happened to the part."""


def held(connection: apsw.Connection, home: Home, record: StoredRecord) -> bool:
    """Would the gate hold the record now? Then its pages are not opened, and nothing of their text stays."""
    site = home.identity.log.site_class
    row = catalogue.row_for(connection, record.match_key)
    if row is not None:
        judged = gate.judge(row, None, catalogue.classified_volumes(connection), site)
        if isinstance(judged, gate.Held) and judged.reason.secret:
            return True
    return isinstance(gate.judge_description(records.body(connection, record), site), gate.Held)


class Keeper:
    """Keeps events of reading; one thread."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._live: dict[bytes, tuple[int, frozenset[bytes]]] = {}
        self.pages = 0
        self.failed = 0

    def keep(self, events: Sequence[Event], now: int) -> None:
        """Commit a portion."""
        parts: dict[int, list[PageRead | Ended]] = {}
        for number, event in events:
            parts.setdefault(number, []).append(event)
        with self._home.database.transaction() as connection:
            for number, happened in parts.items():
                self._part(connection, number, happened, now)
        # A crash here changes nothing: what was read is in the store, and waits in the outbox for its delta.

    def _part(self, connection: apsw.Connection, number: int, happened: Sequence[PageRead | Ended], now: int) -> None:
        part = queue.find(connection, number)
        record = records.by_id(connection, RecordId(part.item_id)) if part is not None else None
        if part is None or record is None or part.state is not PartState.WAITING:
            return
        if held(connection, self._home, record):
            reading_fill.hold(connection, record)
            return
        pages = [one for one in happened if isinstance(one, PageRead)]
        self._pages(connection, part, record, pages, now)
        for one in happened:
            if isinstance(one, Ended):
                self._ended(connection, number, one, now)

    def _pages(
        self, connection: apsw.Connection, part: QueuedPart, record: StoredRecord, pages: Sequence[PageRead], now: int
    ) -> None:
        texts: list[StoredText] = []
        facts: list[tuple[bytes, int, bytes]] = []
        for one in pages:
            try:
                if one.reason:
                    raise BodyUnreadable(one.reason)
                if one.facts:
                    page_facts.decode(one.facts)
                    facts.append((part.sha256, one.page, one.facts))
                if one.text:
                    texts.append(
                        text_store.reading(
                            part.sha256, one.page, page_text.decode(one.text), version=part.version, time=now
                        )
                    )
                if one.text or one.facts:
                    queue.post(connection, part.item_id, part.sha256, one.page, 0, now)
                self.pages += 1
            except BodyUnreadable as fault:
                queue.note_fault(connection, part.id, one.page, str(fault), now)
                self.failed += 1
        text_change.put(connection, record.number, texts, facts, live=self._parts(connection, record))
        queue.count(connection, Figure.READ, len(texts))
        if pages:
            queue.change(connection, part.id, next_page=pages[-1].page + 1, pages=pages[-1].pages, deaths=0)

    def _parts(self, connection: apsw.Connection, record: StoredRecord) -> frozenset[bytes]:
        version, found = self._live.get(record.id, (0, frozenset()))
        if version != record.version:
            self._live.clear()
            found = frozenset(part.sha256 for part in sealed.current(connection, bytes(record.id)))
            self._live[record.id] = (record.version, found)
        return found

    def _ended(self, connection: apsw.Connection, number: int, ended: Ended, now: int) -> None:
        part = queue.find(connection, number)
        assert part is not None
        if ended.how is End.STOPPED:
            return
        if ended.how is End.DIED:
            self._died(connection, part, ended.reason, now)
            return
        if ended.how is End.REFUSED:
            queue.note_fault(connection, number, part.next, ended.reason, now)
            self.failed += 1
            queue.change(connection, number, state=PartState.FAILED, reason=ended.reason)
        else:
            lost = len([one for one in queue.faults(connection, part.next + 1, part.item_id) if one.part.id == number])
            none = PartState.FAILED if lost else PartState.NOTHING
            queue.change(connection, number, state=PartState.READ if part.next > lost else none, pages=part.next)
        self._settle(connection, part.item_id)

    def _died(self, connection: apsw.Connection, part: QueuedPart, reason: str, now: int) -> None:
        """The engine died at a page: once may be the machine's fault, twice is the page's."""
        if part.deaths + 1 < DEATHS_MAX:
            queue.change(connection, part.id, deaths=part.deaths + 1)
            return
        queue.note_fault(connection, part.id, part.next, reason, now)
        self.failed += 1
        blind = not part.pages and part.next + 1 >= BLIND_MAX
        queue.change(
            connection, part.id, next_page=part.next + 1, deaths=0,
            state=PartState.FAILED if blind else None, reason=reason if blind else None,
        )  # fmt: skip
        if blind:
            self._settle(connection, part.item_id)

    def _settle(self, connection: apsw.Connection, item_id: bytes) -> None:
        """Once the 双层PDF of a record are through: its pictures are the same pages, or are read themselves."""
        parts = queue.parts_of(connection, item_id)
        behind = [one for one in parts if one.state is PartState.BEHIND]
        first = [one for one in parts if one.use == Use.SEARCHABLE]
        if not behind or any(one.state is PartState.WAITING for one in first):
            return
        text = sum(one.pages for one in first if one.state is PartState.READ)
        for use in (Use.MASTER, Use.ACCESS):
            pictures = [one for one in behind if one.use == use]
            state = PartState.SAME if same_pages.covered(text, len(pictures)) else PartState.WAITING
            for one in pictures:
                queue.change(connection, one.id, state=state)

    def reuse(self, part: QueuedPart, now: int) -> bool:
        """Take over what was read of the same bytes in another record, or in this one earlier; False when nothing was."""
        reading = self._home.database.read()
        source = queue.read_before(reading, part.sha256)
        record = records.by_id(reading, RecordId(source.item_id)) if source is not None else None
        if source is None or record is None or held(reading, self._home, record):
            return False
        kept, facts = (
            text_store.of_part(reading, record.number, part.sha256),
            facts_store.of_part(reading, record.number, part.sha256),
        )
        if not kept and not facts:
            return False
        with self._home.database.transaction() as connection:
            mine = records.by_id(connection, RecordId(part.item_id))
            if mine is None or held(connection, self._home, mine):
                return False
            texts = [replace(one, version=part.version) for one in kept]
            said = [(part.sha256, page, data) for page, data in facts.items()]
            text_change.put(connection, mine.number, texts, said, live=self._parts(connection, mine))
            for one in texts:
                queue.post(connection, part.item_id, part.sha256, one.page, one.revision, now)
            for page in facts.keys() - {one.page for one in kept if not one.revision}:
                queue.post(connection, part.item_id, part.sha256, page, 0, now)
            queue.change(connection, part.id, state=PartState.READ, next_page=source.pages, pages=source.pages)
            self._settle(connection, part.item_id)
        return True

    def pass_over(self, part: QueuedPart) -> None:
        """A newer version lists this part no more: nobody would see its text."""
        with self._home.database.transaction() as connection:
            queue.change(connection, part.id, state=PartState.CANCELLED, reason="已被新版替代")
            self._settle(connection, part.item_id)

    def withhold(self, part: QueuedPart) -> bool:
        """Put the parts of a record aside that may not be opened now; False when it may."""
        reading = self._home.database.read()
        record = records.by_id(reading, RecordId(part.item_id))
        if record is None or record.ended:
            with self._home.database.transaction() as connection:
                reading_fill.drop(connection, part.item_id, gone=False)
            return True
        if not held(reading, self._home, record):
            return False
        with self._home.database.transaction() as connection:
            reading_fill.hold(connection, record)
        return True
