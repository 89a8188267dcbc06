"""Closes deltas: sealed manifest durable, then one transaction signs the entry and makes its items the current versions (DESIGN §4, §5)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

import apsw

from holdings import catalogue, delivery, gate, quarantine, records
from holdings.findings import Finding, FindingCode
from holdings.record import RecordId, encode_record
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
from sync.manifest import Item, ItemKind

FIRST_PACKS, OVERLAP_PACKS = 2, 8
"""The first delta of a run closes at two packs, later ones at up to eight: sealing, sending and re-reading overlap from the start (decision 0003)."""


class DeltaCloser:
    """Gathers sealed records and packs from several threads and closes deltas.

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
        self._lock = threading.Lock()
        self._first, self._most = FIRST_PACKS * next(targets(pack_bytes)), OVERLAP_PACKS * pack_bytes
        self._open = OpenDelta(self._first)
        self._records: list[Sealed] = []
        self.deltas = 0
        self.records = 0
        self.pages = 0
        self.source_bytes = 0
        for name, length in sealed.unclaimed(home.database.read()):
            self._open.add_pack(name, length)

    def add_pack(self, name: bytes, length: int) -> None:
        """A durable pack that no delta names yet."""
        with self._lock:
            self._open.add_pack(name, length)

    def add(self, record: Sealed) -> None:
        """A record all of whose packs are durable and were added before."""
        with self._lock:
            self._records.append(record)
            self._open.add_item(_item(record), self._now())
            if self._open.must_close(self._now()):
                self._close()

    def close(self) -> None:
        """Close what is gathered, if anything; packs without a record stay for the next delta."""
        with self._lock:
            if self._records:
                self._close()

    def tick(self) -> None:
        """Close after 30 s of quiet (format.md §8)."""
        with self._lock:
            if self._records and self._open.must_close(self._now()):
                self._close()

    def _close(self) -> None:
        self._may_sign()
        home, gathered, held = self._home, self._records, self._open
        content = seal(
            held.items,
            list(held.packs.items()),
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
                sign(connection, home, content, held.items, int(self._now()), self._clock())
                for record in good:
                    self._store(connection, record)
        # A crash here changes nothing: the entry is committed and is offered at the next contact.
        self._open, self._records = OpenDelta(min(2 * held.bytes_max, self._most)), []
        if len(good) != len(gathered):
            home.objects.remove(content.name)
            for name, length in held.packs.items():
                self._open.add_pack(name, length)
            for record in good:
                self._records.append(record)
                self._open.add_item(_item(record), self._now())
            if good:
                self._close()
            return
        self.deltas += 1
        self.records += len(good)
        self.pages += sum(r.pages for r in good)
        self.source_bytes += content.body.source_bytes
        self._closed()

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

    def _store(self, connection: apsw.Connection, record: Sealed) -> None:
        job, now = record.job, int(self._now())
        described, identity = job.description, RecordId(job.item_id)
        size = sum(p.size for p in record.parts)
        if job.version == 1:
            records.create_record(connection, identity, described, pages=record.pages, size=size, now=now)
        else:
            stored = records.new_version(
                connection, identity, job.version, described, pages=record.pages, size=size, now=now
            )
            brake.note(connection, job, record.parts, now, self._home.site)
            _mended(connection, job.item_id, now)
            _hide_texts(connection, stored.number, record)
        page_changes.note(connection, record, now)
        note(connection, job, FolderState.SEALED, record.findings, record.sources, self._now())


def sign(
    connection: apsw.Connection, home: Home, content: SealedDelta, items: Sequence[Item], wall: int, clock: ClockState
) -> None:
    """Sign the entry of a delta whose objects are durable, in the caller's transaction.

    Raises:
        RolledBack: the hub knows another or a longer log: nothing is signed until a person has acted.
    """
    entry = own_entries.append(connection, home, EntryKind.DELTA, content.body.to_map(), wall, clock)
    sealed.claim(connection, entry.seq, [name for name, _ in content.body.packs], items)
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


def _item(record: Sealed) -> Item:
    job = record.job
    return Item(job.item_id, job.version, ItemKind.RECORD, encode_record(job.description), record.parts)
