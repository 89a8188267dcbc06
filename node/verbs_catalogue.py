"""Verbs about catalogue sheets 目录表: import, dry run, what the reader asks and what was answered."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from holdings import sheet_category
from holdings.catalogue_portions import ImportReport
from holdings.catalogue_trial import Trial
from holdings.declared_totals import Comparison
from holdings.sheet_lines import End
from holdings.sheet_notes import Refusal
from holdings.sheet_profile import BY_CATEGORY, NO_PROFILE, parse_answer, parse_repair
from node.errors import ConfigurationWrong
from node.proposing import propose_for
from node.sheets import Reading
from node.verbs import Answer, Verbs
from node.verbs_profile import told_proposal

_FIGURES = ("rows", "added", "changed", "unchanged", "gone", "refused")
TOLD = 10_000
"""Refusals, changes, questions of one answer at most; all are counted."""


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
        answered = dict(parse_answer(text) for text in answers or ())
        answered |= sheet_category.answer(category or answered.get(BY_CATEGORY, ""), self._home.site)
        said = NO_PROFILE.with_answers(answered)
        reading = Reading(profile, said.with_repairs(parse_repair(text) for text in repairs or ()))
        wall, sheets, sandbox = time.monotonic(), self._engine.sheets(), self._engine.sandbox
        own, child = time.thread_time(), sandbox.streamed_s
        result: Answer = {**dict.fromkeys(_FIGURES, 0), "refusals": [], "sheets": [], "questions": [], "repairs": [], "declared": []}
        if dry_run:
            result |= {"changes": [], "changed_cells": 0, "disappeared": []}
        for name in files:
            path = Path(name)
            batch = delivery_name or path.parent.name or path.stem
            try:
                if dry_run:
                    trial, end = sheets.rehearse(batch, path, reading, functools.partial(self._propose, result, batch))
                    report = trial.report
                    _add_trial(result, trial)
                else:
                    imported = sheets.import_file(batch, path, None, reading, self._taken)
                    report, end = imported.report, imported.end
                    _add_compared(result, imported.compared)
                    sheets.remember(batch, path, reading)
            except OSError as fault:
                raise ConfigurationWrong(f"目录表 {name} 读不出：{fault.strerror or fault}") from fault
            _add(result, report, end)
        if not dry_run:
            self._wake()
        result["seconds"] = round(time.monotonic() - wall, 3)
        cpu = time.thread_time() - own + sandbox.streamed_s - child
        result["rows_per_second"] = round(result["rows"] / max(cpu, 1e-6))
        return result

    def _propose(self, result: Answer, batch: str, connection: apsw.Connection) -> None:
        """What the delivery's own folders say of layout and 页数口径, where they are there already."""
        with suppress(ConfigurationWrong):
            result["proposal"] = told_proposal(batch, propose_for(self._home, batch, connection))

    def _taken(self, rows: int) -> None:
        """For whoever watches."""
        self._engine.progress.note = f"目录表已导入 {rows:,} 行"


def _add(result: Answer, report: ImportReport, end: End) -> None:
    for name in _FIGURES:
        result[name] += getattr(report, name)
    _extend(result["refusals"], [_refusal(r) for r in report.refusals])
    result["sheets"].append(
        {
            "name": report.sheet, "scope": report.scope, "rows": report.rows, "blocked": end.blocked, "profile_key": end.profile_key,
            "columns": list(end.columns), "kinds": [kind.value for kind in end.kinds], "links": end.link_count, "deleted": end.deleted,
            "format": end.format, "encoding": end.encoding, "delimiter": end.delimiter,
        }
    )  # fmt: skip
    _extend(
        result["questions"],
        [
            {
                "id": q.id, "text": q.text, "candidates": list(q.candidates), "samples": list(q.samples), "blocking": q.blocking, "tab": q.tab,
                "answer": f"--answer {q.id}={q.candidates[0] if q.candidates else '…'}",
            }
            for q in end.questions
        ],
    )  # fmt: skip
    _extend(
        result["repairs"],
        [
            {
                "spec": p.repair.spec,
                "text": p.text,
                "count": p.count,
                "agreed": p.agreed,
                "answer": f"--repair {p.repair.spec}",
            }
            for p in end.proposals
        ],
    )


def _refusal(refusal: Refusal) -> Answer:
    told = {"row": refusal.row, "field": refusal.field, "rule": refusal.rule, "remedy": refusal.remedy}
    return {**told, "tab": refusal.tab} if refusal.tab else told


def _add_trial(result: Answer, trial: Trial) -> None:
    _extend(
        result["changes"],
        [{"ref": c.ref, "row": c.row, "field": c.field, "old": c.old, "new": c.new} for c in trial.changes],
    )
    result["changed_cells"] += trial.cells
    _extend(result["disappeared"], [{"ref": d.ref, "row": d.row, "title": d.title} for d in trial.disappeared])
    _add_compared(result, trial.compared)


def _add_compared(result: Answer, compared: Iterable[Comparison]) -> None:
    told = ({"tab": c.tab, "row": c.row, "what": c.what, "declared": c.declared, "found": c.found, "agrees": c.agrees} for c in compared)
    _extend(result["declared"], list(told))


def _extend(told: list[Any], more: list[Any]) -> None:
    told += more[: TOLD - len(told)]
