"""Verbs about catalogue sheets 目录表: import, dry run, what the reader asks and what was answered."""

from __future__ import annotations

import functools
import time
from contextlib import suppress
from pathlib import Path

import apsw

from holdings import catalogue_answer
from holdings.sheet_reading import reading_of
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
            catalogue_answer.add(result, report, end)
        if not dry_run:
            self._wake()
        catalogue_answer.close(result, time.monotonic() - wall, time.thread_time() - own + sandbox.streamed_s - child)
        return result

    def _propose(self, result: Answer, batch: str, connection: apsw.Connection) -> None:
        """What the delivery's own folders say of layout and 页数口径, where they are there already."""
        with suppress(ConfigurationWrong):
            result["proposal"] = told_proposal(batch, propose_for(self._home, batch, connection))

    def _taken(self, rows: int) -> None:
        """For whoever watches."""
        self._engine.progress.note = f"目录表已导入 {rows:,} 行"
