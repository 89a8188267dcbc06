"""What is answered to an import of catalogue sheets: the fields of DESIGN §7 summed over all files, and their lines for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from holdings.catalogue_portions import ImportReport
from holdings.catalogue_trial import Trial
from holdings.declared_totals import Comparison
from holdings.sheet_lines import End
from holdings.sheet_notes import Refusal

Told = dict[str, Any]

FIGURES: Final = ("rows", "added", "changed", "unchanged", "gone", "refused")
TOLD: Final = 10_000  # refusals, changes, questions of one answer at most; all are counted


def begin(*, dry_run: bool) -> Told:
    """An answer before the first file; a dry run tells changes and disappeared rows too."""
    result: Told = {
        **dict.fromkeys(FIGURES, 0),
        "refusals": [],
        "sheets": [],
        "questions": [],
        "repairs": [],
        "declared": [],
    }
    return result | ({"changes": [], "changed_cells": 0, "disappeared": []} if dry_run else {})


def add(result: Told, report: ImportReport, end: End) -> None:
    """Add what one file did, and what its reader asks and offers."""
    for name in FIGURES:
        result[name] += getattr(report, name)
    _extend(result["refusals"], (_refusal(r) for r in report.refusals))
    result["sheets"].append(
        {
            "name": report.sheet, "scope": report.scope, "rows": report.rows, "blocked": end.blocked, "profile_key": end.profile_key,
            "columns": list(end.columns), "kinds": [kind.value for kind in end.kinds], "links": end.link_count, "deleted": end.deleted,
            "format": end.format, "encoding": end.encoding, "delimiter": end.delimiter,
            "lacking": list(end.lacking),
        }
    )  # fmt: skip
    _extend(
        result["questions"],
        (
            {
                "id": q.id, "text": q.text, "candidates": list(q.candidates), "samples": list(q.samples), "blocking": q.blocking, "tab": q.tab,
                "answer": f"--answer {q.id}={q.candidates[0] if q.candidates else '…'}",
            }
            for q in end.questions
        ),
    )  # fmt: skip
    _extend(
        result["repairs"],
        (
            {
                "spec": p.repair.spec,
                "text": p.text,
                "count": p.count,
                "agreed": p.agreed,
                "answer": f"--repair {p.repair.spec}",
            }
            for p in end.proposals
        ),
    )


def add_trial(result: Told, trial: Trial) -> None:
    """Add what a dry run of one file would do."""
    _extend(
        result["changes"],
        ({"ref": c.ref, "row": c.row, "field": c.field, "old": c.old, "new": c.new} for c in trial.changes),
    )
    result["changed_cells"] += trial.cells
    _extend(result["disappeared"], ({"ref": d.ref, "row": d.row, "title": d.title} for d in trial.disappeared))
    add_compared(result, trial.compared)


def add_compared(result: Told, compared: Iterable[Comparison]) -> None:
    """Add what a 移交清册 declares beside what the catalogue has."""
    _extend(
        result["declared"],
        (
            {
                "tab": c.tab, "row": c.row, "what": c.what, "declared": c.declared, "found": c.found, "agrees": c.agrees,
                "by_volume": c.by_volume, "sentence": c.sentence,
            }
            for c in compared
        ),
    )  # fmt: skip


def close(result: Told, seconds: float, cpu: float) -> None:
    """Add what it took."""
    result["seconds"] = round(seconds, 3)
    result["cpu_seconds"] = round(cpu, 2)
    result["rows_per_second"] = round(result["rows"] / max(cpu, 1e-6))


def _refusal(refusal: Refusal) -> Told:
    told = {"row": refusal.row, "field": refusal.field, "rule": refusal.rule, "remedy": refusal.remedy}
    return {**told, "tab": refusal.tab} if refusal.tab else told


def _extend(told: list[Any], more: Iterable[Any]) -> None:
    for one in more:
        if len(told) >= TOLD:
            return
        told.append(one)
