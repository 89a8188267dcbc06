"""Verbs about catalogue sheets 目录表: import, dry run, what the reader asks and what was answered."""

from __future__ import annotations

import functools
import time
from contextlib import suppress
from pathlib import Path

import apsw
from msgspec.structs import asdict

from holdings import catalogue_answer, quarantine
from holdings.findings import FindingCode
from holdings.fonds_sheet import FondsSheet
from holdings.sheet_columns import ColumnRead
from holdings.sheet_profile import KEEP, SKIP
from holdings.sheet_reading import reading_of
from node import fonds_sheets
from node.errors import ConfigurationWrong
from node.proposing import propose_for
from node.verbs import Answer, Verbs
from node.verbs_profile import told_proposal


class CatalogueVerbs(Verbs):
    """Sheets into the catalogue."""

    def catalogue_import(
        self,
        files: list[str],
        delivery_name: str = "",
        dry_run: bool = False,
        profile: str = "",
        answers: list[str] | None = None,
        repairs: list[str] | None = None,
        category: str = "",
    ) -> Answer:
        """Import sheets; fields of DESIGN §7, sums over all files.

        `answers` are `列名=著录项`, `repairs` `列名=修复`, `category` a 门类 by name or id; they are remembered for sheets of
        the same kind. `declared` is what a 移交清册 says beside what the catalogue has. A dry run tells `changes` and
        `disappeared` too and keeps nothing.
        """
        reading = reading_of(self._home.site, profile, answers or (), repairs or (), category)
        wall, sheets, sandbox = time.monotonic(), self._engine.sheets(), self._engine.sandbox
        own, child = time.thread_time(), sandbox.streamed_s
        result = catalogue_answer.begin(dry_run=dry_run)
        for name in files:
            path = Path(name)
            batch = delivery_name or path.parent.name or path.stem
            try:
                if dry_run:
                    trial, end = sheets.rehearse(batch, path, reading, functools.partial(self._propose, result, batch))
                    report = trial.report
                    catalogue_answer.add_trial(result, trial)
                else:
                    imported = sheets.import_file(batch, path, None, reading, self._taken)
                    report, end = imported.report, imported.end
                    catalogue_answer.add_compared(result, imported.compared)
                    sheets.remember(batch, path, reading)
            except OSError as fault:
                raise ConfigurationWrong(f"目录表 {name} 读不出：{fault.strerror or fault}") from fault
            if end.blocked and not report.rows and (register := fonds_sheets.register_in(self._home, sandbox, path)):
                self._take_register(result, batch, path, register, dry_run=dry_run)
                continue
            catalogue_answer.add(result, report, end)
        if not dry_run:
            self._wake()
        catalogue_answer.close(result, time.monotonic() - wall, time.thread_time() - own + sandbox.streamed_s - child)
        return result

    def sheet_columns(
        self, files: list[str], delivery_name: str = "", profile: str = "", answers: list[str] | None = None, category: str = ""
    ) -> Answer:
        """What the columns of sheets are read as (`means`, blank: left out), by what they are called in `answers`, and the `elements` they may be."""
        reading = reading_of(self._home.site, profile, answers or (), (), category)
        columns, elements = dict[str, ColumnRead](), dict[str, None]()
        for name in files:
            path = Path(name)
            try:
                found = self._engine.sheets().columns(delivery_name or path.parent.name or path.stem, path, reading)
            except OSError as fault:
                raise ConfigurationWrong(f"目录表 {name} 读不出：{fault.strerror or fault}") from fault
            columns |= {one.name: one for one in found.columns if one.name not in columns}
            elements |= dict.fromkeys(found.elements)
        return {"columns": [asdict(one) for one in columns.values()], "elements": list(elements), "others": [KEEP, SKIP]}

    def _take_register(self, result: Answer, batch: str, path: Path, register: FondsSheet, *, dry_run: bool) -> None:
        """A sheet of the fonds level feeds the register 全宗名册; told under `fonds`."""
        told = result.setdefault("fonds", {"rows": 0, "added": 0, "changed": 0, "unchanged": 0, "refused": 0})
        told["rows"] += len(register.rows) + register.refused
        told["refused"] += register.refused
        if not dry_run:
            with self._home.database.transaction() as connection:
                done = fonds_sheets.take(connection, register, self._seconds())
                quarantine.resolve(connection, f"{batch}/{path.name}", self._seconds(), FindingCode.SHEET_QUESTIONS)
            for word in ("added", "changed", "unchanged"):
                told[word] += getattr(done, word)

    def _propose(self, result: Answer, batch: str, connection: apsw.Connection) -> None:
        """What the delivery's own folders say of layout and 页数口径, where they are there already."""
        with suppress(ConfigurationWrong):
            result["proposal"] = told_proposal(batch, propose_for(self._home, batch, connection))

    def _taken(self, rows: int) -> None:
        """For whoever watches."""
        self._engine.progress.note = f"目录表已导入 {rows:,} 行"
