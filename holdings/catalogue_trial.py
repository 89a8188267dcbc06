"""Dry runs of imports: what would be 新增, 修改 (old → new, cell by cell), 不变, 消失, and whether a 移交清册 agrees.

A trial is the import itself inside a transaction that its caller rolls back, so that it cannot judge otherwise.
"""

from __future__ import annotations

from typing import Final

import apsw
from msgspec import Struct, field

from holdings import catalogue_rows as rows
from holdings.catalogue_import import GONE_TOLD_MAX, PORTION, Import
from holdings.catalogue_line import Line, values_of
from holdings.catalogue_origin import Origin
from holdings.catalogue_portions import ImportReport, report_of
from holdings.catalogue_rows import Full
from holdings.declared_totals import Comparison, compare
from holdings.record import RowState
from holdings.security import SiteClass
from holdings.sheet_stream import FramedSheet

CHANGES_MAX: Final = 10_000  # cells told; all are counted
_STATES: Final = {RowState.GONE.value: "消失", RowState.DUPLICATE.value: "重号"}


class Change(Struct, frozen=True):
    """One cell that would change; `row` is that of the sheet, `field` 状态 when the row only comes back."""

    ref: str
    row: int
    field: str
    old: str
    new: str


class Disappeared(Struct, frozen=True):
    """A row that the sheet had and has no more: a question for a person."""

    ref: str
    row: int
    title: str


class Trial(Struct):
    """What an import would do. `cells` counts all changed cells, `changes` are the first 10,000."""

    report: ImportReport
    changes: list[Change] = field(default_factory=list)
    cells: int = 0
    disappeared: list[Disappeared] = field(default_factory=list)
    compared: list[Comparison] = field(default_factory=list)


def rehearse(connection: apsw.Connection, sheet: FramedSheet, origin: Origin, now: int, site: SiteClass) -> Trial:
    """Import a whole sheet in the caller's transaction, which is to be rolled back, and tell what that did."""
    changes: list[Change] = []
    cells = 0

    def watch(stored: Full, line: Line, columns: tuple[str, ...]) -> None:
        nonlocal cells
        found = _changes(stored, line, columns)
        cells += len(found)
        changes.extend(found[: CHANGES_MAX - len(changes)])

    job = Import(connection, origin, now, site, watch)
    for portion in sheet.portions(PORTION):
        job.take(connection, portion.columns, portion.lines)
    gone = {one.id for one in rows.gone(connection, job.sheet, GONE_TOLD_MAX)}
    trial = Trial(report_of(connection, job, sheet), changes, cells)
    trial.disappeared = [
        Disappeared(one.code, one.number, one.title)
        for one in rows.gone(connection, job.sheet, GONE_TOLD_MAX + len(gone))
        if one.id not in gone
    ][:GONE_TOLD_MAX]
    trial.compared = compare(connection, origin.holder, origin.delivery, sheet.end.declared)
    return trial


def _changes(stored: Full, line: Line, columns: tuple[str, ...]) -> list[Change]:
    """Cells of a row that differ, in the order of the new columns."""
    old = values_of(rows.names_of(stored.names), stored.elements, (stored.code, stored.title, stored.date))
    new = values_of(columns, line.elements, (line.code, line.title, line.date))
    found = [
        Change(line.code, line.number, name, old.get(name, ""), new.get(name, ""))
        for name in dict.fromkeys((*new, *old))
        if old.get(name, "") != new.get(name, "")
    ]
    state = RowState.DUPLICATE.value if line.duplicate else RowState.STANDS.value
    if not found and stored.state != state:
        found.append(
            Change(line.code, line.number, "状态", _STATES.get(stored.state, "在册"), _STATES.get(state, "在册"))
        )
    return found
