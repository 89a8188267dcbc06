"""Four-property checks of what this node has sealed: derived work, after sealing, at low priority, driven by the log (holdings/check.py).

A crash repeats at most the record at hand: every record's run is committed by itself, and the cursor moves when a delta is done.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct, field

from holdings import check, check_round, check_store, quarantine, records
from holdings.check import CheckResult, Stage, Verdict, worst
from holdings.check_facts import FileFacts, Material, Repeated, Service
from holdings.check_files import Workshop, look, repeated, with_uses
from holdings.check_record import examine, findings
from holdings.check_round import RoundState
from holdings.format_id import MEMORY_MB
from holdings.image_checks import rules_of
from holdings.record import Description, RecordId, decode_record
from holdings.site_data import SiteData
from holdings.stored_record import StoredRecord
from node.check_material import material, signature
from node.clock import Clock
from node.home import Home
from node.packed_file import PackedFile
from node.virus_scan import VirusScan
from sync import log, sealed
from sync.delta import open_manifest
from sync.entry import Entry, EntryKind
from sync.errors import SyncError
from sync.manifest import Item, ItemKind, Manifest, Part, read_delta
from sync.sandbox import Sandbox

NICE: Final = 15
SECONDS: Final = 120
"""CPU seconds of one call: two hundred pages of one PDF."""
ROUND_PORTION: Final = 50
"""Records of the periodic round between two looks whether something newer waits."""
READ_MAX: Final = 512 << 20
"""Bytes of a record's files held while pages are compared."""


class Counts(Struct):
    """What a run of the checks did: records by their verdict, pages and bytes looked at, what waits."""

    records: int = 0
    pages: int = 0
    bytes: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    waiting: bool = False


class CheckRun:
    """Checks records of one home; one thread. `close` stops its sandboxes.

    Args:
        images: measure pages too.
        now: wall clock, seconds.
    """

    def __init__(self, home: Home, clock: Clock, site: SiteData, *, images: bool = True) -> None:
        self._home, self._clock, self._site, self._images = home, clock, site, images
        self._sandbox = Sandbox(workers=1, seconds=SECONDS, nice=NICE)
        self._formats = Sandbox(workers=1, memory_mb=MEMORY_MB, nice=NICE)
        virus = VirusScan(home.config.virus_scan) if home.config.virus_scan else None
        self._shop = Workshop(self._sandbox, self._formats, virus.scan if virus else None, images)

    def close(self) -> None:
        """Stop the sandboxes."""
        self._sandbox.close()
        self._formats.close()

    def pending(self, stage: Stage, limit: int, should_stop: Callable[[], bool] = lambda: False, delivery: str | None = None) -> Counts:
        """Check the records that the log brought since the stage's cursor, at most `limit` of them; of one delivery only, the cursor stays."""
        counts = Counts()
        reading, own = self._home.database.read(), self._home.identity.log.log_id
        seq = 0 if delivery else check_store.cursor(reading, stage)
        while not should_stop():
            entry = next(iter(log.since(reading, own, seq + 1, 1)), None)
            if entry is None:
                return counts
            if entry.kind is EntryKind.DELTA:
                for item, content in self._items(entry):
                    if counts.records >= limit or should_stop():
                        counts.waiting = True
                        return counts
                    self._item(stage, entry, content, item, counts, delivery)
            seq = entry.seq
            if not delivery:
                with self._home.database.transaction() as connection:
                    check_store.move(connection, stage, seq)
        return counts

    def round(self, should_stop: Callable[[], bool]) -> bool:
        """Go on with the periodic round of all records, or begin it, when it is due (data/checks.toml keeping_days); does one wait?

        A crash repeats at most the record at hand; the round goes on behind the cursor.
        """
        stage, now = Stage.KEEPING, int(self._clock.now())
        known = check_round.find(self._home.database.read(), stage)
        due = check_round.state(known, now, check.keeping_days(self._site))
        if known is None or due is RoundState.BEGIN:
            with self._home.database.transaction() as connection:
                if known is None:
                    check_round.end(connection, stage, now)
                else:
                    check_round.begin(connection, stage, now)
                    check_store.move(connection, stage, 0)
        if due is RoundState.REST:
            return False
        if self.pending(stage, ROUND_PORTION, should_stop).waiting or should_stop():
            return True
        with self._home.database.transaction() as connection:
            check_round.end(connection, stage, int(self._clock.now()))
        return False

    def one(self, stage: Stage, ref: str) -> Counts:
        """Check one record now, whether it was checked or not."""
        counts = Counts()
        reading, own = self._home.database.read(), self._home.identity.log.log_id
        record = records.resolve(reading, ref)
        parts = sealed.current(reading, bytes(record.id))
        for seq in sorted(sealed.seqs_of(reading, {s.pack for p in parts for s in p.segments}), reverse=True):
            for entry in log.since(reading, own, seq, 1):
                for item, content in self._items(entry):
                    if item.id == bytes(record.id) and item.version == record.version:
                        self._check(stage, record, decode_record(item.body), item.parts, signature(self._home, entry, content), counts)
                        return counts
        # A version that brought no bytes of its own (metadata, renumbering): its delta names no pack of these.
        unknown = Service(Verdict.UNTESTED, "带来现行版本的日志条目没有新文件；签名由 node verify、node doctor 核验")
        self._check(stage, record, records.body(reading, record), tuple(parts), unknown, counts)
        return counts

    def _items(self, entry: Entry) -> Iterator[tuple[Item, Manifest]]:
        """Record items of a delta; a manifest that cannot be opened is doctor's finding, and holds nothing up here."""
        name, length = read_delta(entry.body).manifest
        with contextlib.suppress(SyncError):
            content = open_manifest(self._home.objects.read(name, 0, length), self._home.secrets.identity)
            for item in content.items:
                if item.kind is ItemKind.RECORD:
                    yield item, content

    def _item(self, stage: Stage, entry: Entry, content: Manifest, item: Item, counts: Counts, delivery: str | None) -> None:
        reading = self._home.database.read()
        record = records.by_id(reading, RecordId(item.id))
        if record is None or record.version != item.version or (delivery is not None and record.delivery != delivery):
            return
        if delivery is None and stage is Stage.ARCHIVING and check_store.checked(reading, record.id, record.version, stage):
            return
        self._check(stage, record, decode_record(item.body), item.parts, signature(self._home, entry, content), counts)

    def _check(self, stage: Stage, record: StoredRecord, described: Description, parts: tuple[Part, ...], signed: Service, counts: Counts) -> None:
        files = [PackedFile(self._home, self._sandbox, part) for part in parts]
        facts = with_uses([look(one, self._shop) for one in files], described.uses)
        known = material(self._home, record, described, facts, signed, self._repeated(files, facts), self._site, self._clock.now())
        results = examine(known, stage, self._site)
        self._keep(stage, record, known, results)
        counts.records += 1
        counts.pages += sum(len(f.measures) for f in facts)
        counts.bytes += sum(f.size for f in facts)
        counts.verdicts[worst(r.verdict for r in results if r.verdict is not Verdict.UNTESTED)] += 1

    def _repeated(self, files: list[PackedFile], facts: tuple[FileFacts, ...]) -> tuple[Repeated, ...] | None:
        if not self._images:
            return None
        kept: dict[int, bytes] = {}

        def read(index: int) -> bytes:
            if index not in kept:
                if sum(map(len, kept.values())) > READ_MAX:
                    kept.clear()
                kept[index] = b"".join(files[index].pieces())
            return kept[index]

        return repeated(facts, read, self._sandbox, rules_of(self._site).repeated.alike)

    def _keep(self, stage: Stage, record: StoredRecord, known: Material, results: list[CheckResult]) -> None:
        """Results and findings in one transaction: a crash before it repeats this record."""
        now = int(self._clock.now())
        with self._home.database.transaction() as connection:
            check_store.add(
                connection, stage, record.id, version=record.version, delivery=record.delivery, ref=record.reference_code, pictures=self._images,
                pages=record.pages, size=record.bytes, results=results, now=now,
            )  # fmt: skip
            if self._images or stage is Stage.KEEPING:
                # What a periodic round without pictures finds stands beside what was seen in the pictures.
                scope = f"{'check' if self._images else 'keeping'}:{record.id.hex()}"
                quarantine.settle(connection, scope, findings(results, known, stage, self._site), now)


def yield_to_others() -> None:
    """This thread yields to all others: on Linux niceness belongs to the thread."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
