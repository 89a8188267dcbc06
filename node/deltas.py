"""Closes deltas: sealed manifest durable, then one transaction writes down its packs, signs the entry and makes its items the current versions
(DESIGN §4, §5; decision 0029).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import apsw
from msgspec import Struct, field

from holdings import catalogue, delivery, gate, quarantine, records
from holdings.findings import Finding, FindingCode
from holdings.record import RecordId, encode_record
from holdings.records import Fresh
from node import brake, folders, own_entries, page_changes, settings
from node.folders import FolderState
from node.home import Home
from node.job import Job, Sealed, Source, Stayed, Unsettled
from node.sealer import targets
from node.settings import Setting
from sync import limits, sealed
from sync.delta import OpenDelta, SealedDelta, seal
from sync.entry import ClockState, EntryKind
from sync.errors import RolledBack
from sync.manifest import Item, ItemKind, Part

FIRST_PACKS, OVERLAP_PACKS, OVERLAP_PACKS_SLOW = 2, 16, 8
"""The first delta of a run closes at two packs, later ones at up to sixteen, on a slow line eight: sealing, sending and re-reading overlap from the start
(decision 0003)."""
REMEMBERED_BYTES = 2 * OVERLAP_PACKS * limits.PACK_TARGET_BYTES
"""So many bytes of packs that no delta took up are written down: a crash costs so much, and the delta that is being signed (decision 0029). Two of the
largest deltas, so that none is written down just before it closes."""


class _Gathered(Struct):
    """Records and packs of one delta, as they were sealed."""

    open: OpenDelta
    records: list[Sealed] = field(default_factory=list)
    parts: dict[bytes, list[Part]] = field(default_factory=dict)
    """Parts in these packs whose records are not whole yet, by item id."""
    loose: int = 0
    """Bytes of packs that are not written down yet."""
    noted: int = 0
    """How many of the records have their parts written down."""
    closing: bool = False
    """It is being signed: its transaction writes down what it brings."""

    def add_pack(self, name: bytes, length: int, parts: Iterable[tuple[bytes, Part]]) -> None:
        """A durable pack that is not written down, and the parts that are complete with it."""
        self.open.add_pack(name, length)
        self.loose += length
        for item_id, part in parts:
            self.parts.setdefault(item_id, []).append(part)

    def add(self, record: Sealed, now_s: float) -> None:
        """A record all of whose packs are durable and in this delta or an earlier one."""
        self.records.append(record)
        self.open.add_item(_item(record), now_s)
        self.parts.pop(record.job.item_id, None)

    def remember(self, connection: apsw.Connection) -> None:
        """Write down the packs, and all parts that wait for their delta."""
        whole = [(r.job.item_id, part) for r in self.records[self.noted :] for part in _fresh(r)]
        sealed.remember(connection, self.open.packs.items(), (*self.waiting(), *whole))

    def remembered(self) -> None:
        """That is committed."""
        self.parts.clear()
        self.loose, self.noted = 0, len(self.records)

    def claim(self, connection: apsw.Connection) -> None:
        """Write down the parts whose records come with a later delta."""
        sealed.remember(connection, (), self.waiting())

    def waiting(self) -> list[tuple[bytes, Part]]:
        """(item id, part) of records that are not whole yet."""
        return [(item_id, part) for item_id, parts in self.parts.items() for part in parts]


class DeltaCloser:
    """Gathers sealed records and packs from several threads and closes deltas. While one thread closes a delta the others gather for the next.

    Args:
        now: wall clock, seconds; clock: its state.
        pack_bytes: what a pack should have on this link.
        may_sign: waited for before the first signature: the hub's word on our head comes first.
        closed: told after every delta is committed: it may be offered now.
    """

    def __init__(
        self,
        home: Home,
        now: Callable[[], float],
        clock: Callable[[], ClockState],
        closed: Callable[[], None],
        may_sign: Callable[[], object],
        pack_bytes: int = limits.PACK_TARGET_BYTES,
    ) -> None:
        self._home, self._now, self._clock, self._closed, self._may_sign = home, now, clock, closed, may_sign
        self._lock, self._closing = threading.Lock(), threading.Lock()
        first = FIRST_PACKS * next(targets(pack_bytes))
        self._most = pack_bytes * (OVERLAP_PACKS if pack_bytes >= limits.PACK_TARGET_BYTES else OVERLAP_PACKS_SLOW)
        self._gathered = _Gathered(OpenDelta(first))
        self._aside: deque[_Gathered] = deque()
        """Full deltas in the order in which they filled, and are signed: a record's packs lie in its own delta or an earlier one."""
        self.deltas = 0
        self.records = 0
        self.pages = 0
        self.source_bytes = 0
        for name, length in sealed.unclaimed(home.database.read()):
            self._gathered.open.add_pack(name, length)

    def add_pack(self, name: bytes, length: int, parts: Iterable[tuple[bytes, Part]] = ()) -> None:
        """A durable pack that no delta names yet, and the parts (item id, part) that are complete with it."""
        with self._lock:
            self._gathered.add_pack(name, length, parts)
            if sum(one.loose for one in self._left()) >= REMEMBERED_BYTES:
                # Under the lock: no record of these parts is signed before they are written down, so none stays behind as waiting.
                self._remember()

    def remember(self) -> None:
        """Write down what no delta has taken up: the next run goes on with it."""
        with self._lock:
            self._remember()

    def _left(self) -> list[_Gathered]:
        return [one for one in (*self._aside, self._gathered) if not one.closing]

    def _remember(self) -> None:
        left = [one for one in self._left() if one.loose]
        if not left:
            return
        with self._home.database.transaction() as connection:
            for one in left:
                one.remember(connection)
        # A crash here leaves packs and parts that wait for their delta: the next judgement of their folders takes them up.
        for one in left:
            one.remembered()

    def add(self, record: Sealed) -> None:
        """A record all of whose packs are durable and were added before."""
        with self._lock:
            self._gathered.add(record, self._now())
        self.tick()

    def tick(self) -> None:
        """Close what is full, or has gathered nothing for 30 s (format.md §8)."""
        with self._lock:
            due = bool(self._gathered.records) and self._gathered.open.must_close(self._now())
            if due:
                self._set_aside()
        if due:
            self._close_next()

    def close(self) -> None:
        """Close what is gathered, if anything; packs without a record stay for the next delta."""
        while True:
            with self._lock:
                if self._gathered.records:
                    self._set_aside()
                if not self._aside:
                    return
            self._close_next()

    def _set_aside(self) -> None:
        full = self._gathered
        self._aside.append(full)
        self._gathered = _Gathered(OpenDelta(min(2 * full.open.bytes_max, self._most)))

    def _close_next(self) -> None:
        """Close the delta that waits longest. One that fails goes on waiting: none that filled later is signed before it."""
        with self._closing:
            with self._lock:
                if not self._aside:
                    return
                held = self._aside[0]
                held.closing = True
            try:
                good, content = self._close(held)
            except BaseException:
                held.closing = False
                raise
            with self._lock:
                self._aside.popleft()
                if len(good) != len(held.records):
                    self._gather_again(held, good)
                    return
            self.deltas += 1
            self.records += len(good)
            self.pages += sum(r.pages for r in good)
            self.source_bytes += content.body.source_bytes
        self._closed()

    def _close(self, held: _Gathered) -> tuple[list[Sealed], SealedDelta]:
        """Sign the delta, or, when the gate holds some of its records by now, nothing; the records that may be signed."""
        self._may_sign()
        home, gathered = self._home, held.records
        content = seal(
            held.open.items,
            list(held.open.packs.items()),
            os.urandom(32),
            (home.identity.hub.recipient, home.secrets.recipient()),
        )
        home.objects.put(content.name, content.sealed)
        # A crash here leaves a manifest that nothing names; recovery removes it and the records are sealed from their pending parts.
        with home.database.transaction() as connection:
            if settings.read(connection, Setting.STOPPED) is not None:
                raise RolledBack(
                    "本机与市级中心的日志不一致，已停止签发。请先联系市级中心处理（jindang node doctor 可查看原因）。"
                )
            if self._withdrawn(connection, gathered):
                good = [r for r in gathered if self._still_cleared(connection, r.job)]
                self._put_back(connection, [r.job for r in gathered if r not in good])
            else:
                good = gathered
                held.claim(connection)
                sign(connection, home, content, held.open.items, int(self._now()), self._clock())
                self._store(connection, good, held.open.items)
        # A crash here changes nothing: the entry is committed and is offered at the next contact.
        if len(good) != len(gathered):
            home.objects.remove(content.name)
        return good, content

    def _gather_again(self, held: _Gathered, good: list[Sealed]) -> None:
        """What is left of a delta that was not signed goes with the one that is signed next: later ones may need its packs."""
        following = self._aside[0] if self._aside else self._gathered
        dropped = [(r.job.item_id, part) for r in held.records if r not in good for part in _fresh(r)]
        for name, length in held.open.packs.items():
            following.add_pack(name, length, ())
        for item_id, part in (*held.waiting(), *dropped):
            following.parts.setdefault(item_id, []).append(part)
        for record in good:
            following.add(record, self._now())

    def _withdrawn(self, connection: apsw.Connection, gathered: Sequence[Sealed]) -> bool:
        """Has the catalogue changed since a record was judged, so that the gate now holds it? A sheet may arrive while pages are sealed."""
        epoch = settings.number(connection, Setting.EPOCH)
        return any(r.job.epoch != epoch and not self._still_cleared(connection, r.job) for r in gathered)

    def _still_cleared(self, connection: apsw.Connection, job: Job) -> bool:
        row = catalogue.row_for(connection, job.subject)
        known = row and next((d for d in delivery.list_all(connection) if d.name == row.delivery), None)
        volumes = catalogue.classified_volumes(connection)
        site = self._home.identity.log.site_class
        return isinstance(gate.judge(row, known.clearance if known else None, volumes, site), gate.Cleared)

    def _put_back(self, connection: apsw.Connection, jobs: Sequence[Job]) -> None:
        for job in jobs:
            folders.forget_look(connection, job.path)

    def _store(self, connection: apsw.Connection, sealed_records: Sequence[Sealed], items: Sequence[Item]) -> None:
        now = int(self._now())
        first = [
            Fresh(RecordId(r.job.item_id), r.job.description, r.pages, _size(r), item.body)
            for r, item in zip(sealed_records, items, strict=True)
            if r.job.version == 1
        ]
        records.create_records(connection, first, now=now)
        for record, item in zip(sealed_records, items, strict=True):
            if record.job.version > 1:
                self._store_version(connection, record, item.body, now)
            note(connection, record.job, FolderState.SEALED, record.findings, record.sources, self._now())

    def _store_version(self, connection: apsw.Connection, record: Sealed, body: bytes, now: int) -> None:
        job = record.job
        stored = records.new_version(
            connection, RecordId(job.item_id), job.version, job.description, pages=record.pages, size=_size(record), now=now, encoded=body
        )
        brake.note(connection, job, record.parts, now, self._home.site)
        _mended(connection, job.item_id, now)
        _hide_texts(connection, stored.number, record)
        page_changes.note(connection, record, now)


def sign(
    connection: apsw.Connection, home: Home, content: SealedDelta, items: Sequence[Item], wall: int, clock: ClockState
) -> None:
    """Sign the entry of a delta whose objects are durable, in the caller's transaction.

    Raises:
        RolledBack: the hub knows another or a longer log: nothing is signed until a person has acted.
    """
    entry = own_entries.append(connection, home, EntryKind.DELTA, content.body.to_map(), wall, clock)
    sealed.claim(connection, entry.seq, content.body.packs, items)
    settings.add(connection, Setting.BYTES_STORED, sum(length for _, length in content.body.objects()))


def _mended(connection: apsw.Connection, record: bytes, now: int) -> None:
    """What the city gave back of a record goes to it again with the new version."""
    from node import city_verdicts  # of new versions only

    city_verdicts.mended(connection, record, now)


def _hide_texts(connection: apsw.Connection, number: int, record: Sealed) -> None:
    """Pages that the new version lists no more are found no more from this transaction on."""
    from holdings import text_change  # of new versions only: a first one has no text yet

    text_change.keep(connection, number, [part.sha256 for part in record.parts])


def note(
    connection: apsw.Connection,
    job: Job,
    state: FolderState,
    findings: Sequence[Finding],
    sources: Sequence[Source],
    now: float,
) -> None:
    """Write down how a folder was left: its state, its findings as a whole, and what its files were when sealed."""
    item_id = job.item_id if state is FolderState.SEALED else None
    folder = folders.put(connection, job.path, job.subject, job.delivery, state, job.signature, now, job.epoch, item_id)
    quarantine.settle(connection, job.path, findings, int(now))
    if sources:
        folders.put_sources(connection, folder, ((s.name, s.size, s.mtime_ns, s.inode, s.sha256) for s in sources))


def note_outcome(connection: apsw.Connection, outcome: Stayed | Unsettled, now: float) -> None:
    """Write down an outcome that makes no version."""
    match outcome:
        case Stayed(job, state, findings, sources):
            note(connection, job, state, findings, sources, now)
        case Unsettled(job):
            folders.put(connection, job.path, job.subject, job.delivery, FolderState.LOOKED, b"", now, job.epoch, None)
            finding = Finding(
                FindingCode.VANISHED_IN_READING, job.subject, job.path, job.cleared.description.reference_code
            )
            quarantine.settle(connection, job.path, [finding], int(now))


def _size(record: Sealed) -> int:
    return sum(part.size for part in record.parts)


def _fresh(record: Sealed) -> list[Part]:
    """The parts that this version of a record brings."""
    known = {part.sha256 for part in record.job.parts}
    return [part for part in record.parts if part.sha256 not in known]


def _item(record: Sealed) -> Item:
    job = record.job
    return Item(job.item_id, job.version, ItemKind.RECORD, encode_record(job.description), record.parts)
