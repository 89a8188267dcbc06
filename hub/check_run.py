"""The four-property checks at the hub: YJ at hand-over 移交与接收, CQ in long keeping, on what the vault has folded. The verdict of a node is not taken over.

Every byte is opened and hashed again; whether a file decodes is the vault's own word of R4. Driven by each log, at low priority, resumable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from holdings import check, check_round, check_store, records
from holdings.check import Stage, Verdict, worst
from holdings.check_facts import FileFacts, Material, Service
from holdings.check_files import Workshop, look, repeated, with_uses
from holdings.check_record import examine
from holdings.check_round import RoundState
from holdings.errors import AmbiguousReference
from holdings.format_id import MEMORY_MB
from holdings.image_checks import rules_of
from holdings.metadata import category_for
from holdings.record import Description, RecordId
from holdings.reference_code import ReferenceCode, parse
from holdings.stored_record import StoredRecord
from hub import opened
from hub.errors import NotAllowed
from hub.home import Home
from hub.opened import Page
from hub.vault import Vault
from hub.virus_scan import VirusScan
from sync import entry as entries
from sync import log as logs
from sync.entry import EntryKind, genesis_of
from sync.errors import StoreDamaged, SyncError
from sync.receipt import ExceptionCode
from sync.sandbox import Sandbox

Told: TypeAlias = Callable[[int, int], None]
"""How many files of a record were looked at, of how many."""
NICE: Final = 15
SECONDS: Final = 120


class Counts(Struct):
    """What a run did: records by verdict, pages and bytes looked at; `waiting`: there is more."""

    records: int = 0
    pages: int = 0
    bytes: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    waiting: bool = False


class VaultFile(Struct, frozen=True):
    """A file of a record as the vault opens it (holdings.check_files.SealedFile)."""

    vault: Vault
    page: Page

    @property
    def name(self) -> str:
        """As it came."""
        return self.page.name

    @property
    def size(self) -> int:
        """Source bytes, 0 when its keys were dropped."""
        return self.page.part.size if self.page.part else 0

    @property
    def sha256(self) -> bytes:
        """As the signed manifest lists it."""
        return self.page.sha256

    def pieces(self) -> Iterator[bytes]:
        """Source bytes, segment by segment."""
        if self.page.part is None:
            raise StoreDamaged("文件密钥已销毁")
        for index in range(len(self.page.part.segments)):
            yield self.vault.segment(self.page.part, index)


class HandoverChecks:
    """Checks records of every node; one thread. `close` stops its sandboxes. `told` hears of each file before it is looked at; what it raises ends the check."""

    def __init__(self, home: Home, vault: Vault, *, images: bool, told: Told | None = None) -> None:
        self._home, self._vault, self._images, self._told = home, vault, images, told
        self._sandbox = Sandbox(workers=1, seconds=SECONDS, nice=NICE)
        self._formats = Sandbox(workers=1, memory_mb=MEMORY_MB, nice=NICE)
        address = check.hub_virus_scan(home.site)
        virus = VirusScan(address).scan if address else None
        self._shop = Workshop(self._sandbox, self._formats, virus, images, decode=False)

    def close(self) -> None:
        """Stop the sandboxes."""
        self._sandbox.close()
        self._formats.close()

    def pending(self, stage: Stage, limit: int) -> Counts:
        """Check what the folds brought since the stage's cursors, at most `limit` records.

        A crash repeats at most the record at hand: each run is committed by itself, and the cursor moves behind a delta that is done.
        """
        counts, reading = Counts(), self._home.holdings.read()
        for log_id, writer in sorted(opened.writers(reading).items(), key=lambda pair: pair[1]):
            folded = opened.cursor(reading, log_id)
            seq = check_store.cursor(reading, stage, writer) + 1
            while folded is not None and seq <= folded.seq:
                for item, version, code in opened.brought(reading, log_id, seq):
                    record = records.by_id(reading, RecordId(item), writer)
                    if code or record is None or record.version != version:
                        continue
                    if stage is Stage.HANDOVER and check_store.checked(reading, record.id, version, stage, writer):
                        continue
                    if counts.records >= limit:
                        counts.waiting = True
                        return counts
                    self._check(stage, log_id, seq, record, counts)
                with self._home.holdings.transaction() as connection:
                    check_store.move(connection, stage, seq, writer)
                seq += 1
        return counts

    def one(self, stage: Stage, ref: str) -> Counts:
        """Check one record now."""
        counts, reading = Counts(), self._home.holdings.read()
        record = records.resolve(reading, ref)
        log_id = next((known for known, name in opened.writers(reading).items() if name == record.writer), b"")
        seqs = [seq for version, seq, _ in opened.versions(reading, log_id, record.id) if version == record.version]
        if not seqs:
            raise NotAllowed(f"“{record.ref}”的现行版本没有验读记录，不能检测。请执行 jindang hub doctor 查明。")
        self._check(stage, log_id, seqs[-1], record, counts)
        return counts

    def restart(self, stage: Stage) -> None:
        """Begin a new round over every log."""
        with self._home.holdings.transaction() as connection:
            check_round.begin(connection, stage, self._home.clock.wall())
            for writer in opened.writers(connection).values():
                check_store.move(connection, stage, 0, writer)

    def round(self, limit: int) -> Counts:
        """Go on with the periodic round of all records, or begin it, when it is due (data/checks.toml keeping_days); at most `limit`."""
        stage, now = Stage.KEEPING, self._home.clock.wall()
        known = check_round.find(self._home.holdings.read(), stage)
        due = check_round.state(known, now, check.keeping_days(self._home.site))
        if known is None:
            with self._home.holdings.transaction() as connection:
                check_round.end(connection, stage, now)
        if due is RoundState.REST:
            return Counts()
        if due is RoundState.BEGIN:
            self.restart(stage)
        done = self.pending(stage, limit)
        if not done.waiting:
            with self._home.holdings.transaction() as connection:
                check_round.end(connection, stage, self._home.clock.wall())
        return done

    def _check(self, stage: Stage, log_id: bytes, seq: int, record: StoredRecord, counts: Counts) -> None:
        reading = self._home.holdings.read()
        pages = opened.pages(reading, log_id, record.id, record.version)
        described = records.body(reading, record)
        facts = with_uses(list(self._looks(pages)), described.uses)
        results = examine(self._material(log_id, seq, record, described, facts, pages), stage, self._home.site)
        with self._home.holdings.transaction() as connection:
            check_store.add(
                connection, stage, record.id, version=record.version, delivery=record.delivery, ref=record.ref, pictures=self._images,
                pages=record.pages, size=record.bytes, results=results, now=self._home.clock.wall(), writer=record.writer,
            )  # fmt: skip
        counts.records += 1
        counts.pages += sum(len(f.measures) for f in facts)
        counts.bytes += sum(f.size for f in facts)
        counts.verdicts[worst(r.verdict for r in results if r.verdict is not Verdict.UNTESTED)] += 1

    def _looks(self, pages: list[Page]) -> Iterator[FileFacts]:
        """File by file, telling how far it is."""
        for done, page in enumerate(pages):
            if self._told is not None:
                self._told(done, len(pages))
            yield self._look(page)

    def _look(self, page: Page) -> FileFacts:
        """Bytes opened and hashed anew; decoding as R4 found it."""
        facts = look(VaultFile(self._vault, page), self._shop)
        code = page.part.code if page.part else ExceptionCode.PART_MISSING
        if code is None:
            return replace(facts, decodes=Service(Verdict.PASSED, "验读（R4）时已解码"))
        verdict = Verdict.FAILED if code is ExceptionCode.DOES_NOT_DECODE else Verdict.UNTESTED
        return replace(
            facts,
            decodes=Service(
                verdict, "验读（R4）时不能解码" if verdict is Verdict.FAILED else f"验读（R4）未完成：{code}"
            ),
        )

    def _material(
        self,
        log_id: bytes,
        seq: int,
        record: StoredRecord,
        described: Description,
        facts: tuple[FileFacts, ...],
        pages: list[Page],
    ) -> Material:
        reading = self._home.holdings.read()
        code = parse(record.reference_code)
        category = (
            category_for(code, described.elements, self._home.site) if isinstance(code, ReferenceCode) else "document"
        )
        sealed = next((v.time for v in records.versions(reading, record) if v.version == record.version), 0)

        def read(index: int) -> bytes:
            return b"".join(VaultFile(self._vault, pages[index]).pieces())

        twins = repeated(facts, read, self._sandbox, rules_of(self._home.site).repeated.alike) if self._images else None
        reachable, bearers = self._reach(record)
        # What the vault folded it has read: body and leaf root were compared then.
        return Material(
            record.match_key, record.reference_code, described, category, datetime.fromtimestamp(self._home.clock.wall(), UTC).year, record.version,
            record.pages, sealed, facts, self._signature(log_id, seq), reachable, Service(Verdict.PASSED, f"{len(described.elements)} 项"),
            bearers=bearers, repeated=twins,
        )  # fmt: skip

    def _reach(self, record: StoredRecord) -> tuple[Service, int]:
        """Is the record found by its code among those of its node, as a reader would look for it; and how many bear that code?"""
        try:
            found = records.record_for(self._home.holdings.read(), record.match_key, record.writer)
        except AmbiguousReference as several:
            return Service(Verdict.PASSED, f"按档号查到 {len(several.candidates)} 条"), len(several.candidates)
        if found is None or found.id != record.id:
            return Service(Verdict.FAILED, "按档号查不到这一条"), 0 if found is None else 1
        return Service(Verdict.PASSED, "按档号查到"), 1

    def _signature(self, log_id: bytes, seq: int) -> Service:
        """The node's signature on the entry, verified anew, and the leaf root as the fold compared it."""
        first = logs.since(self._home.front.read(), log_id, 0, 1)
        found = logs.since(self._home.front.read(), log_id, seq, 1)
        fold = opened.fold_at(self._home.holdings.read(), log_id, seq)
        if not first or not found or found[0].seq != seq or found[0].kind is not EntryKind.DELTA or fold is None:
            return Service(Verdict.UNTESTED, f"没有第 {seq} 条日志或它的验读记录")
        try:
            entries.verify(found[0], genesis_of(first[0]).signing_key)
        except SyncError as fault:
            return Service(Verdict.FAILED, f"第 {seq} 条日志的签名不成立：{fault}")
        if not fold.leaf_root_ok or found[0].hash != fold.entry.hash:
            return Service(Verdict.FAILED, f"第 {seq} 条日志的清单摘要不符")
        return Service(Verdict.PASSED, f"节点第 {seq} 条日志的签名和清单摘要有效")
