"""Folds receipted deltas into the holdings, in the order of each log, at low priority, and issues R4 (DESIGN §4).

Opening and decoding happen outside any transaction; one short transaction then brings the items and moves the cursor. A crash before it: the delta is
opened again. A crash after it: the R4 is made again from what the fold left, byte for byte.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import apsw
from msgspec import Struct

from crypto.signing import SigningKey
from holdings.errors import VersionUnexpected
from holdings.record import RecordId, decode_record, origins_of
from holdings.security import SiteClass
from hub import opened
from hub.clock import Clock
from hub.examination import Examined, Examiner
from hub.opened import Fold, OpenedPart
from hub.own_log import OwnLog
from hub.traffic import Traffic
from hub.vault import Vault
from sync import log as logs
from sync import manifest, named, receipt
from sync.database import Database
from sync.entry import Entry, EntryKind, Role
from sync.errors import BadObject, StoreDamaged, SyncError
from sync.log import Log
from sync.manifest import Item, Part
from sync.receipt import ExceptionCode, Grade, ItemException, Receipt
from sync.sandbox import Sandbox

LOG = logging.getLogger("jindang.hub")
NICE = 15
QUIET_S = 1.5
"""A delta is opened only when no upload bytes came for so long …"""
RETRY_S = 60.0
"""Seconds after which a fold that the disk refused is tried again."""
PATIENCE_S = 30.0
"""… or it has waited for so long."""
AHEAD = 4
"""Items begun before the one waited for."""


class Stores(Struct, frozen=True):
    """What folding works on."""

    front: Database
    holdings: Database
    vault: Vault
    sandbox: Sandbox


class Folding:
    """The folding of all logs. `fold_all` is the work; `start` runs it in a thread of its own whenever an R1 was committed.

    Args:
        decoders: parts that are looked at side by side.
        quiet_s: seconds without uploads before a delta is opened.
    """

    def __init__(
        self, stores: Stores, key: SigningKey, own_log: OwnLog, site_class: SiteClass, traffic: Traffic, clock: Clock, decoders: int, quiet_s: float = QUIET_S
    ) -> None:
        self._stores, self._key, self._own_log, self._site_class = stores, key, own_log, site_class
        self._traffic, self._clock, self._quiet_s = traffic, clock, quiet_s
        self._pool = ThreadPoolExecutor(decoders, "hub-open", lower_priority)
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.idle = threading.Event()
        """Set while nothing waits to be folded."""

    def start(self) -> None:
        """Begin to fold in the background."""
        self._thread = threading.Thread(target=self._run, name="hub-fold")
        self._wake.set()
        self._thread.start()

    def receipted(self, _log_id: bytes) -> None:
        """An R1 was committed: there is work."""
        self.idle.clear()
        self._wake.set()

    def close(self) -> None:
        """Stop after the item at hand."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown()

    @property
    def working(self) -> bool:
        """Does the thread live? False before `start`, and after a fault of our own, which stands in the service's journal."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        lower_priority()
        again: float | None = None
        while not self._stop.is_set():
            self._wake.wait(again)
            self._wake.clear()
            try:
                self.fold_all()
                again = None
            except SyncError as fault:
                # A full disk, say: what was receipted waits, and is tried again.
                LOG.error("验读暂停，%d 秒后再试：%s", RETRY_S, fault)
                again = RETRY_S
            if not self._wake.is_set():
                self.idle.set()

    def fold_all(self) -> int:
        """Fold every delta that has its R1 and whose log is folded up to it; how many."""
        count = 0
        for log in logs.logs(self._stores.front.read(), Role.NODE):
            self._reissue(log)
            while not self._stop.is_set() and (entry := self._next(log)) is not None:
                until = self._clock.monotonic() + PATIENCE_S
                if not self._give_way(until):
                    return count
                fold = self._fold(log, entry, until)
                if fold is None:
                    return count
                self._issue(fold)
                count += 1
        return count

    def _next(self, log: Log) -> Entry | None:
        """The next delta of the log after the cursor, when its R1 is committed."""
        reading = self._stores.front.read()
        at = opened.cursor(self._stores.holdings.read(), log.log_id)
        if at is not None and (known := logs.hash_at(reading, log.log_id, at.seq)) is not None and known != at.hash:
            with self._stores.front.transaction() as connection:
                self._own_log.alarm(connection, "vault-differs", log.log_id.hex(), f"节点“{log.name}”已验读的第 {at.seq} 条日志与所收的不同，须由人处理")
            return None
        after = at.seq if at is not None else 0
        while batch := logs.since(reading, log.log_id, after + 1, 64):
            for entry in batch:
                if entry.kind is EntryKind.DELTA:
                    return entry if logs.receipt_at(reading, log.log_id, entry.seq, Grade.R1) is not None else None
            after = batch[-1].seq
        return None

    def _give_way(self, until: float) -> bool:
        """Wait until uploads rest, or patience with this delta ends; False when we are to stop."""
        while not self._stop.is_set():
            quiet = self._traffic.quiet_s()
            if quiet >= self._quiet_s or self._clock.monotonic() >= until:
                return True
            self._stop.wait(self._quiet_s - quiet)
        return False

    # ------------------------------------------------------------------ one delta

    def _fold(self, log: Log, entry: Entry, until: float) -> Fold | None:
        """Open a delta and bring it into the holdings; None when told to stop."""
        body = manifest.read_delta(entry.body)
        try:
            content = self._stores.vault.open(body.manifest[0])
            root_ok = manifest.leaf_root(content) == body.leaf_root and len(content.items) == body.items
            items = content.items
        except (BadObject, StoreDamaged) as fault:
            LOG.error("节点“%s”第 %d 条增量的清单打不开：%s", log.name, entry.seq, fault)
            items, root_ok = (), False
        examined = self._examine(self._examiner(log, entry, until), items)
        if examined is None:
            return None
        with self._stores.holdings.transaction() as connection:
            writer = opened.writer(connection, log.log_id, log.name)
            exceptions = [e for one in examined if (e := self._bring(connection, log, entry.seq, writer, one)) is not None]
            fold = Fold(log.log_id, entry.head, self._clock.wall(), len(examined) - len(exceptions), tuple(exceptions), root_ok)
            opened.record_fold(connection, fold)
        # A crash here leaves the cursor ahead of R4: `_reissue` makes it at the next start.
        return fold

    def _examine(self, examiner: Examiner, items: Sequence[Item]) -> list[Examined] | None:
        """Examine the items, some ahead of the one waited for, so that the decoders never rest; None when told to stop."""
        examined: list[Examined] = []
        under_way: deque[Callable[[], Examined]] = deque()
        for item in items:
            under_way.append(examiner.begin(item))
            if len(under_way) > AHEAD:
                examined.append(under_way.popleft()())
            if self._stop.is_set():
                break
        examined += [finish() for finish in under_way]
        return None if self._stop.is_set() else examined

    def _examiner(self, log: Log, entry: Entry, until: float) -> Examiner:
        """Uploads that begin meanwhile go first, page by page, until patience with the delta ends."""
        stores = self._stores
        origins: dict[tuple[bytes, int], tuple[bytes, ...]] = {}

        def known(item: Item, part: Part) -> OpenedPart | None:
            reading, version = stores.holdings.read(), (item.id, item.version)
            if version not in origins:
                origins.clear()
                origins[version] = (item.id, *origins_of(decode_record(item.body)))
            # Pages that moved here from volumes that were merged or split were opened with these.
            found = (opened.same_part(reading, log.log_id, origin, part) for origin in origins[version])
            return next((one for one in found if one is not None), None)

        def is_named(pack: bytes) -> bool:
            return any(seq <= entry.seq for seq in named.naming(stores.front.read(), log.log_id, pack))

        return Examiner(stores.vault, stores.sandbox, self._site_class, self._pool, known, is_named, lambda: self._give_way(until))

    def _bring(self, connection: apsw.Connection, log: Log, seq: int, writer: str, one: Examined) -> ItemException | None:
        item, code = one.item, one.code
        if one.text is not None:
            from hub import texts  # the hub starts without it

            text = one.text
            known = opened.versions(connection, log.log_id, text.record)
            if any(version == text.version for version, _, _ in known) and texts.bring(connection, log.log_id, writer, text):
                opened.add_text(connection, log.log_id, text.record, text.version, text.engine, text.values.items())
            else:
                code = ExceptionCode.VERSION_UNEXPECTED
        elif one.description is not None:
            from holdings import records  # the hub starts without it

            try:
                records.fold_record(
                    connection, writer, RecordId(item.id), item.version, one.description, pages=one.pages, size=one.size, now=self._clock.wall()
                )
                opened.add_version(connection, log.log_id, item.id, item.version, seq, code)
                opened.add_pages(connection, log.log_id, item.id, item.version, [(p.name, p.sha256) for p in item.parts])
                opened.add_parts(connection, log.log_id, item.id, one.parts)
                opened.carry_texts(connection, log.log_id, item.id, item.version, origins_of(one.description))
                if item.version > 1:
                    from hub import texts

                    texts.follow(connection, log.log_id, writer, item.id, one.description)
            except VersionUnexpected:
                code = ExceptionCode.VERSION_UNEXPECTED
        return ItemException(item.id, item.version, code) if code is not None else None

    # ------------------------------------------------------------------ R4

    def _issue(self, fold: Fold) -> None:
        said = Receipt(
            Grade.R4, self._own_log.hub_id, fold.log_id, fold.entry, fold.wall, opened=fold.opened, exceptions=fold.exceptions, leaf_root_ok=fold.leaf_root_ok
        )
        with self._stores.front.transaction() as connection:
            logs.add_receipt(connection, fold.log_id, Grade.R4, fold.entry.seq, receipt.make(self._key, said))

    def _reissue(self, log: Log) -> None:
        """Make the R4s that a crash between fold and receipt, or an older front.db, lacks."""
        at = opened.cursor(self._stores.holdings.read(), log.log_id)
        for seq in logs.unreceipted(self._stores.front.read(), log.log_id, Grade.R4):
            if at is None or seq > at.seq:
                return
            fold = opened.fold_at(self._stores.holdings.read(), log.log_id, seq)
            if fold is not None and logs.receipt_at(self._stores.front.read(), log.log_id, seq, Grade.R1) is not None:
                self._issue(fold)


def lower_priority() -> None:
    """This thread yields to all others: on Linux niceness belongs to the thread."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
