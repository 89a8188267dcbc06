"""Catalogue sheets that lie in deliveries: settled, read in the sandbox, imported; never moved or changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
from msgspec import Struct

from holdings import (
    catalogue_trial,
    category_findings,
    correction,
    declared_totals,
    delivery,
    link_store,
    profile_store,
    quarantine,
    sheet_reading,
    workload_store,
)
from holdings.catalogue import ImportReport
from holdings.catalogue_origin import Origin
from holdings.catalogue_portions import Circumstances, import_stream
from holdings.catalogue_trial import Trial
from holdings.declared_totals import Comparison
from holdings.delivery import DeliveryState
from holdings.errors import DeliveryRefused, HoldingsError
from holdings.findings import Finding, FindingCode
from holdings.fonds_sheet import FondsSheet
from holdings.record import Basis
from holdings.sheet_columns import ColumnsRead
from holdings.sheet_file import SheetFile
from holdings.sheet_lines import End
from holdings.sheet_reading import AS_KNOWN, Reading
from holdings.sheet_refused import RefusedRow
from holdings.sheet_stream import FramedSheet
from node import folders, fonds_sheets, settings
from node.folders import MTIME_AGE_FACTOR
from node.home import Home
from node.settings import Setting
from node.walk import FileStat
from sync.errors import SandboxDied, SandboxError
from sync.sandbox import Sandbox


class _SignedMeanwhile(Exception):
    """A clearance was signed while a sheet was opened: its rows must be stamped later than that."""


class _Rehearsed(Exception):
    """Rolls a dry run back."""


class Imported(Struct, frozen=True):
    """What an import did, and what the reader asks and offers."""

    report: ImportReport
    end: End
    compared: tuple[Comparison, ...] = ()
    """What a 移交清册 declares, beside what the catalogue has."""


def _of_register(register: FondsSheet, path: str) -> Iterator[Finding]:
    """Rows of a fonds register that were not taken, by their numbers."""
    for one in register.refusals:
        yield Finding(FindingCode.ROW_REFUSED, path, f"{path}#{one.row}", detail=f"第 {one.row} 行 {one.field}：{one.rule}；{one.remedy}")


class SheetIntake:
    """Imports sheets into the catalogue.

    Args:
        sandbox: where bytes from outside are parsed.
        now: wall clock, seconds.
    """

    def __init__(self, home: Home, sandbox: Sandbox, now: Callable[[], float]) -> None:
        self._home, self._sandbox, self._now = home, sandbox, now

    @property
    def sandbox(self) -> Sandbox:
        """Where it reads what comes from outside."""
        return self._sandbox

    def take(self, batch: str, root: str, sheets: list[FileStat], settle_s: float, where: str = "") -> bool:
        """Import the settled sheets of a delivery that are new or changed, oldest first; True when the catalogue changed.

        Args:
            where: key of the folder they lie in, when it is not the delivery's own (`扫描/第03批/目录`).
        """
        changed = False
        if batch in delivery.withdrawn(self._home.database.read()):
            return changed
        for sheet in sorted(sheets, key=lambda s: (s.mtime_ns, s.name)):
            path = f"{where or batch}/{sheet.name}"
            signature = hashlib.blake2b(
                repr((sheet.size, sheet.mtime_ns, sheet.inode)).encode(), digest_size=16
            ).digest()
            if self._settled(path, signature, sheet, settle_s):
                changed = self._import(batch, Path(root) / sheet.name, path, signature) or changed
        return changed

    def _settled(self, path: str, signature: bytes, sheet: FileStat, settle_s: float) -> bool:
        known, now = folders.sheet_file(self._home.database.read(), path), self._now()
        if known and known[0] == signature:
            if known[2]:
                return False
            age = now - sheet.mtime_ns / 1e9
            return now - known[1] >= settle_s and (age < 0 or age >= MTIME_AGE_FACTOR * settle_s)
        if settle_s == 0:
            return True
        with self._home.database.transaction() as connection:
            folders.put_sheet_file(connection, path, signature, now, imported=False)
        return False

    def _import(self, batch: str, file: Path, path: str, signature: bytes) -> bool:
        report: ImportReport | None = None
        try:
            imported = self._import_surely(batch, file)
            report = imported.report
            if imported.end.blocked and not report.rows:
                self._take_register(file, path)
        except (SandboxError, HoldingsError, OSError) as fault:
            with self._home.database.transaction() as connection:
                quarantine.settle(
                    connection,
                    path,
                    [Finding(FindingCode.SHEET_UNREADABLE, path, path, detail=str(fault))],
                    int(self._now()),
                )
        with self._home.database.transaction() as connection:
            # A crash before this commit imports the sheet again, which writes nothing.
            folders.put_sheet_file(connection, path, signature, self._now(), imported=True)
        return report is not None and bool(report.added or report.changed or report.gone or report.refused)

    def _import_surely(self, batch: str, file: Path) -> Imported:
        """The import, begun once more in a new worker when the one that read died: that may have been the machine's doing (its memory), not
        the sheet's, and a finding stays until the file changes."""
        try:
            return self.import_file(batch, file, str(file.parent))
        except SandboxDied:
            return self.import_file(batch, file, str(file.parent))

    def _take_register(self, file: Path, path: str) -> None:
        """A sheet that has no row of a catalogue may be of the fonds level: its rows are the register's, never records (DA/T 18)."""
        register = fonds_sheets.register_in(self._home, self._sandbox, file)
        if register is not None:
            with self._home.database.transaction() as connection:
                fonds_sheets.take(connection, register, int(self._now()))
                quarantine.settle(connection, path, _of_register(register, path), int(self._now()))

    def rehearse(
        self,
        batch: str,
        file: Path,
        reading: Reading = AS_KNOWN,
        look: Callable[[apsw.Connection], None] = lambda _: None,
    ) -> tuple[Trial, End]:
        """What `import_file` would do; nothing is kept. Nobody else writes meanwhile. `look` sees the catalogue as it would be."""
        sheet, _ = self._open(batch, file, reading)
        now, found = int(self._now()), list[Trial]()
        try:
            with self._home.database.transaction() as connection:
                delivery.upsert(connection, batch, None, now)
                origin = Origin(0, batch, sheet.begin.name)
                found.append(
                    catalogue_trial.rehearse(connection, sheet, origin, now, self._home.identity.log.site_class)
                )
                link_store.replace(connection, batch, sheet.begin.name, sheet.links)
                look(connection)
                raise _Rehearsed
        except _Rehearsed:
            return found[0], sheet.end

    def import_file(
        self,
        batch: str,
        file: Path,
        folder: str | None,
        reading: Reading = AS_KNOWN,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Imported:
        """Import one sheet as part of delivery `batch`, a portion a transaction; findings and the epoch change with the last.

        The same file again goes on where an import was cut off. `progress` is told the rows taken so far.
        """
        while True:
            try:
                return self._import_now(batch, file, folder, reading, progress)
            except _SignedMeanwhile:
                continue

    def _import_now(
        self, batch: str, file: Path, folder: str | None, reading: Reading, progress: Callable[[int], None]
    ) -> Imported:
        """The import itself; _SignedMeanwhile when a clearance was signed before its first row was written."""
        sheet, source = self._open(batch, file, reading)
        now = int(self._now())

        def origin(connection: apsw.Connection) -> Origin:
            arrived = delivery.upsert(connection, batch, folder, now)
            if arrived.state is DeliveryState.WITHDRAWN:
                raise DeliveryRefused(f"批次“{batch}”已撤回，不再导入；要重新收件请用 node delivery reopen")
            if delivery.covered_until(connection, batch) >= changed:
                raise _SignedMeanwhile
            if self._home.config.cleared_by and arrived.clearance is None:
                delivery.clear(connection, batch, [self._home.config.cleared_by], now, Basis.STANDING)
            return Origin(0, batch, sheet.begin.name, source)

        def last(connection: apsw.Connection, report: ImportReport) -> None:
            marked = link_store.marked_keys(connection, (line.key for line in sheet.links))
            told = [line for line in sheet.links if line.key not in marked]
            reels = category_findings.of_links(told, report.scope, self._home.site)
            quarantine.settle(connection, report.scope, [*report.findings, *reels], now)
            correction.lay_again(connection)
            declared_totals.keep(connection, batch, sheet.begin.name, sheet.end.declared)
            declared_totals.settle(connection, batch, now)
            linked = link_store.replace(connection, batch, sheet.begin.name, sheet.links)
            workload_store.replace_lines(connection, batch, sheet.begin.name, sheet.links)
            if linked or report.added or report.changed or report.gone or report.refused:
                settings.add(connection, Setting.EPOCH, 1)

        seen = self._home.database.read()
        # A clock that was set back must not make the change look older than the folders' last judgement.
        # Nor may it fall within what was signed before it came: a clearance covers the rows that its signers saw.
        changed = max(now, int(folders.latest_look(seen)), delivery.covered_until(seen, batch) + 1)
        circumstances = Circumstances(changed, self._home.identity.log.site_class)
        report = import_stream(self._home.database.transaction, sheet, origin, circumstances, last, progress)
        compared = declared_totals.compare(self._home.database.read(), 0, batch, sheet.end.declared)
        return Imported(report, sheet.end, tuple(compared))

    def _open(self, batch: str, file: Path, reading: Reading) -> tuple[FramedSheet, bytes]:
        """Begin to read a sheet as the delivery's profile, earlier answers and `reading` say; what its bytes are known by."""
        asked = self._as_profiled(batch, file, reading)
        asked = sheet_reading.as_said(self._home.database.read(), asked, reading.said, self._sandbox)
        return asked.read(self._sandbox), asked.source()

    def _as_profiled(self, batch: str, file: Path, reading: Reading) -> SheetFile:
        seen = self._home.database.read()
        profile = (
            profile_store.fetch(seen, reading.profile) if reading.profile else profile_store.assigned(seen).of(batch)
        )
        return sheet_reading.as_profiled(file, self._home.identity.log.site_class, profile, self._home.site)

    def columns(self, batch: str, file: Path, reading: Reading) -> ColumnsRead:
        """What the columns of a sheet are read as by the delivery's profile, earlier answers and `reading`."""
        asked = self._as_profiled(batch, file, reading)
        asked = sheet_reading.as_said(self._home.database.read(), asked, reading.said, self._sandbox)
        return asked.columns_read(self._sandbox)

    def refused_row(self, batch: str, file: Path, tab: str, row: int) -> RefusedRow | None:
        """What a row that was refused says now, read as the import read it; errors as `import_file`."""
        asked = self._as_profiled(batch, file, AS_KNOWN)
        asked = sheet_reading.as_said(self._home.database.read(), asked, AS_KNOWN.said, self._sandbox)
        return asked.refused_row(self._sandbox, tab, row)

    def remember(self, batch: str, file: Path, reading: Reading) -> None:
        """Keep what was answered for sheets of this kind."""
        if not reading.says_something:
            return
        key = self._as_profiled(batch, file, reading).key(self._sandbox)
        with self._home.database.transaction() as connection:
            sheet_reading.remember(connection, key, reading.said, int(self._now()))
