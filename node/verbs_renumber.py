"""Verbs about codes: renumbering 改号 by a sheet, merge 并卷 and split 拆卷 of volumes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from holdings.code_scheme import codes_of
from holdings.code_survey import survey
from holdings.renumber import TOLD_MAX, Refused, Wish
from holdings.renumber_sheet import CodeRow
from node.renumbering import Outcome, Renumbering, read_sheet
from node.reshaping import Reshaped, Reshaping
from node.verbs import Answer, Verbs


class RenumberVerbs(Verbs):
    """Each judges the whole first and does all or nothing; `dry_run` says what would be done."""

    def codes(self, prefix: str = "", limit: int = 1000) -> Answer:
        """Look at the codes of the catalogue that begin with a prefix: forms, proposed repairs, gaps and repeats; `limit` of each are told."""
        found = survey(self._home.database.read(), prefix, codes_of(self._home.site).schemes)
        return {
            "codes": found.codes, "forms": {form.value: count for form, count in found.forms.items()}, "nonstandard": found.nonstandard,
            "proposed": found.proposed, "faults": {fault.value: count for fault, count in found.faults.items()},
            "proposals": [{"old": code, "new": one.code, "reasons": [r.value for r in one.reasons]} for code, one in found.proposals[:limit]],
            "series": [{"fault": one.fault.value, "detail": one.detail} for one in found.series[:limit]],
        }  # fmt: skip

    def renumber(self, sheet: str = "", dry_run: bool = False, old: str = "", new: str = "") -> Answer:
        """Give the codes of a sheet (原档号, 新档号), or one code its new one; nothing is done when a line is refused."""
        rows = read_sheet(self._engine.sandbox, Path(sheet)) if sheet else [CodeRow(1, old, new)]
        wishes = [Wish(row.row, row.old, row.new) for row in rows]
        with self._engine.alone():
            done = Renumbering(self._home, self._clock).run(wishes, dry_run=dry_run)
        return self._told(done, dry_run=dry_run)

    def volume_merge(self, into: str, volumes: list[str], dry_run: bool = False) -> Answer:
        """Merge volumes into another: their pages are added to its pages, their items numbered on behind its items."""
        with self._engine.alone():
            done = Reshaping(self._home, self._clock).merge(into, volumes, dry_run=dry_run)
        return self._reshaped(done, dry_run=dry_run)

    def volume_split(
        self, sheet: str = "", dry_run: bool = False, old: str = "", new: str = "", first: int = 0, last: int = 0, title: str = ""
    ) -> Answer:
        """Split volumes by a sheet (原档号, 新档号, 起页, 止页, 题名), or one range of pages off a volume: they move to the new volumes."""
        rows = read_sheet(self._engine.sandbox, Path(sheet)) if sheet else [CodeRow(1, old, new, first, last, title)]
        with self._engine.alone():
            done = Reshaping(self._home, self._clock).split(rows, dry_run=dry_run)
        return self._reshaped(done, dry_run=dry_run)

    def _told(self, done: Outcome, *, dry_run: bool) -> Answer:
        if done.signed.records or (done.moved and not dry_run):
            self._wake()
        moved = done.moved
        return {
            "changed": len(moved), "records": sum(one.record is not None for one in moved), "unchanged": done.unchanged,
            "refused": len(done.refused), "deltas": done.signed.deltas, "bytes": done.signed.bytes,
            "changes": [{"row": m.row, "old": m.old, "new": m.new, "title": m.title} for m in moved[:TOLD_MAX]],
            "refusals": _refusals(done.refused), "dry_run": dry_run,
        }  # fmt: skip

    def _reshaped(self, done: Reshaped, *, dry_run: bool) -> Answer:
        if done.volumes and not dry_run:
            self._wake()
        volumes = [{"ref": v.code, "pages": v.pages, "from": list(v.sources), "ended": v.ended} for v in done.volumes]
        return {**self._told(done.items, dry_run=dry_run), "volumes": volumes, "records": done.records, "deltas": done.signed.deltas, "bytes": done.signed.bytes,
                "refused": len(done.refused), "refusals": _refusals(done.refused)}  # fmt: skip


def _refusals(refused: Iterable[Refused]) -> list[Answer]:
    return [{"row": r.row, "field": "档号", "rule": r.rule, "remedy": r.remedy} for r in list(refused)[:TOLD_MAX]]
