"""Catalogue sheets that lie in deliveries: settled, read in the sandbox, imported; never moved or changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from holdings import catalogue, correction, delivery, link_store, quarantine, table_pair, workload_store
from holdings.catalogue import ImportReport
from holdings.delivery import DeliveryState
from holdings.errors import DeliveryRefused
from holdings.findings import Finding, FindingCode
from holdings.record import Basis
from holdings.sheet import ParsedSheet, decode_parsed
from node import folders, settings
from node.folders import MTIME_AGE_FACTOR
from node.home import Home
from node.settings import Setting
from node.walk import FileStat
from sync.entry import SiteClass
from sync.errors import SandboxError
from sync.sandbox import Sandbox

SHEET_BYTES_MAX = 256 << 20


class _Rehearsed(Exception):
    """Rolls a dry run back."""


class SheetIntake:
    """Imports sheets into the catalogue.

    Args:
        sandbox: where bytes from outside are parsed.
        now: wall clock, seconds.
    """

    def __init__(self, home: Home, sandbox: Sandbox, now: Callable[[], float]) -> None:
        self._home, self._sandbox, self._now = home, sandbox, now

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
            report = self.import_file(batch, file, str(file.parent))
        except (SandboxError, OSError) as fault:
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

    def parse(self, file: Path) -> ParsedSheet:
        """Read a sheet in the sandbox; SandboxRefused says in Chinese why it cannot be read."""
        data = table_pair.join(_read(file), _memo_of(file))
        open_site = self._home.identity.log.site_class is SiteClass.OPEN
        function = "parse_in_sandbox" if open_site else "parse_in_sandbox_classified"
        return decode_parsed(self._sandbox.call(f"holdings.sheet:{function}", data, file.name))

    def rehearse(self, batch: str, file: Path) -> ImportReport:
        """What `import_file` would do; nothing is kept."""
        parsed = self.parse(file)
        report: ImportReport | None = None
        try:
            with self._home.database.transaction() as connection:
                arrived = delivery.upsert(connection, batch, None, int(self._now()))
                report = catalogue.import_sheet(
                    connection, arrived, parsed, int(self._now()), self._home.identity.log.site_class
                )
                raise _Rehearsed
        except _Rehearsed:
            assert report is not None
            return report

    def import_file(self, batch: str, file: Path, folder: str | None) -> ImportReport:
        """Import one sheet as part of delivery `batch`; the catalogue, its findings and the epoch change in one transaction."""
        parsed = self.parse(file)
        now = int(self._now())
        with self._home.database.transaction() as connection:
            arrived = delivery.upsert(connection, batch, folder, now)
            if arrived.state is DeliveryState.WITHDRAWN:
                raise DeliveryRefused(f"批次“{batch}”已撤回，不再导入；要重新收件请用 node delivery reopen")
            if self._home.config.cleared_by and arrived.clearance is None:
                arrived = delivery.clear(connection, batch, [self._home.config.cleared_by], now, Basis.STANDING)
            # A clock that was set back must not make the change look older than the folders' last judgement.
            # Nor may it fall within what was signed before it came: a clearance covers the rows that its signers saw.
            changed = max(now, int(folders.latest_look(connection)), delivery.covered_until(connection, batch) + 1)
            report = catalogue.import_sheet(connection, arrived, parsed, changed, self._home.identity.log.site_class)
            quarantine.settle(connection, report.scope, report.findings, now)
            correction.lay_again(connection)
            linked = link_store.replace(connection, batch, parsed.name, parsed.links)
            workload_store.replace_lines(connection, batch, parsed.name, parsed.links)
            if linked or report.added or report.changed or report.gone or report.refused:
                settings.add(connection, Setting.EPOCH, 1)
        return report


def _read(file: Path) -> bytes:
    """A whole sheet, never through a link."""
    with open(file, "rb", opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as source:
        data = source.read(SHEET_BYTES_MAX + 1)
    if len(data) > SHEET_BYTES_MAX:
        raise OSError("目录表超过 256 MiB，请拆分后导入")
    return data


def _memo_of(file: Path) -> bytes:
    """The memo file beside a DBF (.fpt, .dbt), blank when there is none."""
    for name in table_pair.memo_names(file.name):
        try:
            return _read(file.with_name(name))
        except FileNotFoundError:
            continue
    return b""
