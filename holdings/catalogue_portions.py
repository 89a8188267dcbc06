"""A whole sheet into the catalogue, a portion a transaction: what node and hub both do with a sheet that the sandbox reads.

A crash between portions leaves an import that the next one of the same bytes goes on with; the rows committed so far are
held until then. A sheet of one portion is one transaction, as if there were no portions.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager

import apsw
from msgspec import Struct

from holdings import search_tables
from holdings.catalogue_import import PORTION, Import
from holdings.catalogue_origin import Origin
from holdings.findings import Finding, FindingCode
from holdings.security import SiteClass
from holdings.sheet_lines import TableKind
from holdings.sheet_notes import TOLD_MAX, Note, Refusal
from holdings.sheet_stream import FramedSheet, Portion

Transaction = Callable[[], AbstractContextManager[apsw.Connection]]


class ImportReport(Struct, frozen=True):
    """What an import did, in rows. rows = added + changed + unchanged + refused; classified rows of an open site are
    among the refused.

    `findings` is everything a person should see about this sheet: hand it to quarantine.settle with `scope`.
    """

    sheet: str
    scope: str
    rows: int
    added: int
    changed: int
    unchanged: int
    gone: int
    refused: int
    refusals: tuple[Refusal, ...]
    findings: tuple[Finding, ...]


class Circumstances(Struct, frozen=True):
    """When and where an import happens. `now`: whole seconds UTC, what the rows that change are stamped with."""

    now: int
    site: SiteClass
    portion: int = PORTION


def importing(
    transaction: Transaction,
    sheet: FramedSheet,
    origin: Callable[[apsw.Connection], Origin],
    circumstances: Circumstances,
    last: Callable[[apsw.Connection, ImportReport], None] = lambda *_: None,
) -> Generator[int, None, ImportReport]:
    """Import a sheet, portion by portion: yields the rows taken so far after each commit, returns the report.

    To stop, close the generator: the portions committed so far stay, and the import may go on.

    Args:
        origin: called in the first transaction; makes the delivery known.
        last: called in the last transaction, with the report: findings are settled there.

    Raises:
        SheetUnreadable, and whatever the stream raises: as when it is stopped.
    """
    portions = sheet.portions(circumstances.portion)
    # The sandbox is reading the first of them.
    search_tables.load()
    portion, done, already = next(portions, None), 0, 0
    job: Import | None = None
    report: ImportReport | None = None
    while report is None:
        following = next(portions, None) if portion is not None else None
        with transaction() as connection:
            if job is None:
                job = Import(connection, origin(connection), circumstances.now, circumstances.site)
                already = job.progress.taken
            if portion is not None:
                _take(connection, job, portion, already - done)
                done += len(portion.lines)
            if following is None:
                report = report_of(connection, job, sheet)
                last(connection, report)
            elif done > already:
                # A crash behind this commit: the next import of these bytes passes over what is taken.
                job.keep(connection)
        portion = following
        yield done
    return report


def import_stream(
    transaction: Transaction,
    sheet: FramedSheet,
    origin: Callable[[apsw.Connection], Origin],
    circumstances: Circumstances,
    last: Callable[[apsw.Connection, ImportReport], None] = lambda *_: None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """`importing` to its end; `progress` is told the rows taken so far, after each commit."""
    work = importing(transaction, sheet, origin, circumstances, last)
    while True:
        try:
            progress(next(work))
        except StopIteration as end:
            report: ImportReport = end.value
            return report


def _take(connection: apsw.Connection, job: Import, portion: Portion, passed: int) -> None:
    """A portion, of which the first rows may have been taken before a crash."""
    if passed > 0:
        job.pass_over(portion.lines[:passed])
    if passed < len(portion.lines):
        job.take(connection, portion.columns, portion.lines[max(0, passed) :])


def report_of(connection: apsw.Connection, job: Import, sheet: FramedSheet) -> ImportReport:
    """End an import whose rows were all taken, and say what it did."""
    tail, origin, figures = sheet.end, job.origin, job.figures
    own_refusals, own_notes, found = job.finish(connection, sheet.digest, tail)
    refusals = (*tail.refusals, *own_refusals)[:TOLD_MAX]
    findings = [*found, *findings_of(origin.scope, refusals, (*tail.notes, *own_notes)[:TOLD_MAX])]
    brings_rows = not tail.kinds or TableKind.ROWS in tail.kinds  # a 移交清册, a 挂接表 has nothing to be marked
    if job.site is SiteClass.OPEN and not tail.has_mark_column and brings_rows:
        findings.append(Finding(FindingCode.NO_MARK_COLUMN, origin.scope, origin.scope))
    refused = tail.refused_count + figures.refused
    return ImportReport(
        sheet=origin.name, scope=origin.scope, rows=tail.row_count, added=figures.added, changed=figures.changed,
        unchanged=tail.row_count - figures.added - figures.changed - refused, gone=figures.gone, refused=refused,
        refusals=refusals, findings=tuple(findings),
    )  # fmt: skip


_SECRET = (FindingCode.CLASSIFIED, FindingCode.VOLUME_CLASSIFIED, FindingCode.MARK_UNREADABLE)


def findings_of(scope: str, refusals: Iterable[Refusal], notes: Iterable[Note]) -> Iterator[Finding]:
    """Refusals and notes as findings; about a classified row only sheet and row number are said."""
    for refusal in refusals:
        where = place(scope, refusal.tab, refusal.row)
        code = FindingCode(refusal.code)
        yield Finding(code, refusal.key or scope, where, "" if code in _SECRET else refusal.key, refusal.detail)
    for note in notes:
        where = (
            f"{place(scope, note.tab, note.row)}:{note.field}" if note.row else f"{place(scope, note.tab)}#{note.field}"
        )
        detail = "，".join(part for part in (f"“{note.field}”列" if note.field else "", note.detail) if part)
        yield Finding(FindingCode(note.code), note.key or scope, where, note.key, detail)


def place(scope: str, tab: str, row: int = 0) -> str:
    """Where something stands: `批次/表.xlsx[页签]#行`."""
    return scope + (f"[{tab}]" if tab else "") + (f"#{row}" if row else "")
