"""The catalogue 目录: rows of imported sheets, one for each code; tables `sheet`, `sheet_row`, `catalogue`,
`classified_mark`.

Functions run inside the caller's transaction. An import is one transaction: a crash leaves the catalogue as it was
before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import apsw
import msgspec

from crypto.digest import sha256
from holdings import tally
from holdings.delivery import Delivery
from holdings.findings import Finding, FindingCode
from holdings.hits import Hit, hit, where_all
from holdings.record import DATE, MARK, TITLE, Level, Row, RowState, level_of
from holdings.reference_code import CodeProblem, ordering_key, ordering_range, parse
from holdings.security import MarkKind, SiteClass
from holdings.sheet import ParsedSheet
from holdings.sheet_rows import TOLD_MAX, Refusal, SheetRow

GONE_TOLD_MAX: Final = 1_000  # findings of rows that disappeared, for each sheet; all are counted

_ROW: Final = (
    "SELECT c.match_key, c.reference_code, c.level, c.elements, s.delivery, s.name, c.number, c.volume_key,"
    " s.has_mark_column, c.state, c.changed"
    " FROM catalogue c JOIN sheet s ON s.id = c.sheet"
)
_PUT: Final = (
    "INSERT INTO catalogue(match_key, reference_code, ordering, level, volume_key, title, date, elements, sheet,"
    " number, state, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    " ON CONFLICT(match_key) DO UPDATE SET reference_code = ?2, ordering = ?3, level = ?4, volume_key = ?5, title = ?6,"
    " date = ?7, elements = ?8, sheet = ?9, number = ?10, state = ?11, changed = ?12"
)
_UNLINKED: Final = "SELECT reference_code, title, level, date FROM catalogue WHERE linked = 0 AND state = 0"


@dataclass(frozen=True, slots=True)
class ImportReport:
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


@dataclass(slots=True)
class _Work:
    """One import under way."""

    connection: apsw.Connection
    sheet: int
    now: int
    scope: str
    seen: set[str] = field(default_factory=set)
    marked: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    gone: int = 0
    barred: int = 0


def import_sheet(
    connection: apsw.Connection, delivery: Delivery, parsed: ParsedSheet, now: int, site: SiteClass
) -> ImportReport:
    """Bring the catalogue to what a sheet says; a sheet is known by its name in its delivery.

    Equal rows write nothing, whatever the file's digest. To try without doing, roll the transaction back.
    On an open site a row with a classified or unreadable mark is erased from the catalogue and leaves only where it
    stands.
    """
    scope = f"{delivery.name}/{parsed.name}"
    work = _Work(connection, _sheet(connection, delivery, parsed, now), now, scope)
    withheld = {row.key: row for row in parsed.rows if row.mark is not MarkKind.OPEN} if site is SiteClass.OPEN else {}
    for row in withheld.values():
        _withhold(work, row)
    work.marked = _marked_elsewhere(work)
    refused_keys = set()
    for row in parsed.rows:
        if row.key in withheld:
            continue
        if row.refused:
            refused_keys.add(row.key)
            continue
        work.seen.add(row.key)
        _take(work, row)
    _drop_gone(work, refused_keys | withheld.keys())
    if site is SiteClass.OPEN and not parsed.has_mark_column:
        work.findings.append(Finding(FindingCode.NO_MARK_COLUMN, scope, scope))
    work.findings += _findings_of(parsed, scope)
    tally.add(connection, tally.Count.CATALOGUE_ROWS, work.added)
    refused = parsed.refused_count + work.barred
    return ImportReport(
        sheet=parsed.name, scope=scope, rows=parsed.row_count, added=work.added, changed=work.changed,
        unchanged=parsed.row_count - work.added - work.changed - refused, gone=work.gone, refused=refused,
        refusals=(*parsed.refusals, *work.refusals), findings=tuple(work.findings),
    )  # fmt: skip


def row_for(connection: apsw.Connection, match_key: str) -> Row | None:
    """What the catalogue says of a code; a mark that any sheet sets against it comes before everything else.

    None when nothing is known.
    """
    mark = connection.execute(
        "SELECT m.kind, m.number, m.volume_key, s.name, s.delivery, s.has_mark_column"
        " FROM classified_mark m JOIN sheet s ON s.id = m.sheet"
        " WHERE m.match_key = ? ORDER BY m.kind LIMIT 1",
        (match_key,),
    ).fetchone()
    if mark is not None:
        kind, number, volume, sheet, delivery, column = mark
        return Row(match_key, "", Level.ITEM, {}, delivery, sheet, number, volume, MarkKind(kind), bool(column))
    row = connection.execute(_ROW + " WHERE c.match_key = ?", (match_key,)).fetchone()
    return _row(row) if row else None


def unlinked(connection: apsw.Connection, *, after: str = "", limit: int = 1_000) -> Iterator[Row]:
    """Rows without images 有目无图, in the order of their codes, from after an ordering key on."""
    query = _ROW + " WHERE c.linked = 0 AND c.state = 0 AND c.ordering > ? ORDER BY c.ordering LIMIT ?"
    return (_row(row) for row in connection.execute(query, (after, limit)).fetchall())


def of_volume(connection: apsw.Connection, volume_key: str, *, limit: int = 20_000) -> list[Row]:
    """Rows that stand of one volume, the volume's own among them, in the order of their codes; for linking by page ranges."""
    low, high = ordering_range(volume_key)
    query = _ROW + " WHERE c.state = 0 AND c.ordering >= ?1 AND c.ordering < ?2 AND c.volume_key = ?3 ORDER BY c.ordering LIMIT ?4"
    return [_row(row) for row in connection.execute(query, (low, high, volume_key, limit)).fetchall()]


def of_delivery(
    connection: apsw.Connection, delivery: str, *, after: str = "", limit: int = 1_000, unlinked: bool = False
) -> list[Row]:
    """Rows that stand of the sheets of one delivery, in the order of their match keys from after one on; `unlinked`: those without images 有目无图 alone."""
    query = (
        _ROW + " WHERE c.match_key > ?2 AND c.state = 0 AND c.linked <= ?4 AND s.delivery = ?1 ORDER BY c.match_key LIMIT ?3"
    )
    return [_row(row) for row in connection.execute(query, (delivery, after, limit, 0 if unlinked else 1)).fetchall()]


def glance(connection: apsw.Connection, match_key: str) -> tuple[int, str | None] | None:
    """(time of its last change, volume key) of a row that stands; None when it does not, or never did: then look closely."""
    row = connection.execute(
        "SELECT changed, volume_key FROM catalogue WHERE match_key = ? AND state = 0", (match_key,)
    ).fetchone()
    return (int(row[0]), row[1]) if row else None


def latest_import(connection: apsw.Connection, delivery: str) -> int:
    """When a sheet of a delivery last changed here (whole seconds UTC, 0: none has come): no row of it changed later."""
    row = connection.execute("SELECT max(imported) FROM sheet WHERE delivery = ?", (delivery,)).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def classified_volumes(connection: apsw.Connection) -> frozenset[str]:
    """Match keys of volumes that hold a classified item, by any sheet of any delivery. Empty on a classified site."""
    rows = connection.execute("SELECT DISTINCT volume_key FROM classified_mark WHERE volume_key IS NOT NULL")
    return frozenset(str(volume) for (volume,) in rows)


def link(connection: apsw.Connection, match_key: str) -> None:
    """Note that a record stands for a row 已挂接."""
    connection.execute("UPDATE catalogue SET linked = 1 WHERE match_key = ? AND linked = 0", (match_key,))


def search_unlinked(connection: apsw.Connection, words: list[str], limit: int) -> list[Hit]:
    """Rows without a record whose title or code holds every word; at most `limit`."""
    where, params = where_all(words)
    query = _UNLINKED + where + " LIMIT ?"
    return [
        hit(ref, title, level, date, words) for ref, title, level, date in connection.execute(query, (*params, limit))
    ]


def _sheet(connection: apsw.Connection, delivery: Delivery, parsed: ParsedSheet, now: int) -> int:
    """Id of the sheet, with the digest and columns it has now; writes nothing when they are the same."""
    columns = (parsed.digest, int(parsed.has_mark_column))
    row = connection.execute(
        "SELECT id, digest, has_mark_column FROM sheet WHERE delivery = ? AND name = ?", (delivery.name, parsed.name)
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO sheet(delivery, name, digest, has_mark_column, imported) VALUES (?, ?, ?, ?, ?)",
            (delivery.name, parsed.name, *columns, now),
        )
        return connection.last_insert_rowid()
    if (row[1], row[2]) != columns:
        connection.execute(
            "UPDATE sheet SET digest = ?, has_mark_column = ?, imported = ? WHERE id = ?", (*columns, now, row[0])
        )
    return int(row[0])


def _take(work: _Work, row: SheetRow) -> None:
    """Store one row when it says something else than this sheet said before."""
    connection = work.connection
    if row.key in work.marked:
        _bar(work, row)
        return
    digest = _digest(row)
    known = connection.execute(
        "SELECT digest, number FROM sheet_row WHERE sheet = ? AND match_key = ?", (work.sheet, row.key)
    ).fetchone()
    if known is not None and known[0] == digest:
        if known[1] != row.number:
            place = (row.number, work.sheet, row.key)
            connection.execute("UPDATE sheet_row SET number = ? WHERE sheet = ? AND match_key = ?", place)
            connection.execute("UPDATE catalogue SET number = ? WHERE sheet = ? AND match_key = ?", place)
        return
    connection.execute(
        "INSERT OR REPLACE INTO sheet_row(sheet, match_key, number, digest) VALUES (?, ?, ?, ?)",
        (work.sheet, row.key, row.number, digest),
    )
    # The sheet that set a mark may lift it, by saying otherwise; one that merely drops the row does not.
    connection.execute("DELETE FROM classified_mark WHERE sheet = ? AND match_key = ?", (work.sheet, row.key))
    _store(work, row)


def _bar(work: _Work, row: SheetRow) -> None:
    """Refuse a row that another sheet has marked: nothing of it is stored while that mark stands."""
    code = FindingCode.CLASSIFIED
    refusal = Refusal(row.number, MARK, f"{code.rule}（见另一张目录表）", code.remedy, row.key, code.value)
    work.barred += 1
    if len(work.refusals) < TOLD_MAX:
        work.refusals.append(refusal)
        work.findings.append(Finding(code, row.key, f"{work.scope}#{row.number}", detail=refusal.detail))


def _marked_elsewhere(work: _Work) -> frozenset[str]:
    """Codes that other sheets have marked."""
    rows = work.connection.execute("SELECT DISTINCT match_key FROM classified_mark WHERE sheet <> ?", (work.sheet,))
    return frozenset(str(key) for (key,) in rows)


def _store(work: _Work, row: SheetRow) -> None:
    """Write the catalogue's row and count it."""
    code = parse(row.code)
    assert not isinstance(code, CodeProblem), "the reader of sheets lets no such row through"
    elements = msgspec.json.encode(row.values).decode()
    state = RowState.DUPLICATE if row.duplicate else RowState.STANDS
    old = work.connection.execute(
        "SELECT elements, reference_code, state FROM catalogue WHERE match_key = ?", (row.key,)
    ).fetchone()
    if old is not None and (old[0], old[1], old[2]) == (elements, row.code, state.value):
        return  # another sheet has said exactly this: one catalogue often comes in three formats
    title, date = row.values.get(TITLE, ""), row.values.get(DATE, "")
    described = (row.key, row.code, ordering_key(row.code), int(level_of(code)), row.volume, title, date, elements)
    work.connection.execute(_PUT, (*described, work.sheet, row.number, state.value, work.now))
    if old is None:
        work.added += 1
    else:
        work.changed += 1


def _withhold(work: _Work, row: SheetRow) -> None:
    """Erase a row that turned out classified, and keep where it stands."""
    connection = work.connection
    stored = connection.execute("DELETE FROM catalogue WHERE match_key = ? RETURNING linked", (row.key,)).fetchall()
    connection.execute("DELETE FROM sheet_row WHERE match_key = ?", (row.key,))
    connection.execute(
        "INSERT INTO classified_mark(sheet, match_key, number, volume_key, kind) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT(sheet, match_key) DO UPDATE SET number = ?3, volume_key = ?4, kind = ?5"
        " WHERE (number, kind) <> (?3, ?5)",
        (work.sheet, row.key, row.number, row.volume, int(row.mark)),
    )
    if stored:
        tally.add(connection, tally.Count.CATALOGUE_ROWS, -1)
    if any(linked for (linked,) in stored):
        work.findings.append(
            Finding(FindingCode.CLASSIFIED_SEALED, row.key, f"{work.scope}#{row.number}", detail=f"第 {row.number} 行")
        )


def _drop_gone(work: _Work, still_there: set[str]) -> None:
    """Rows this sheet had and has no more: a question for a person when no other sheet has them.

    The row's content stays until it is answered.
    """
    connection = work.connection
    rows = connection.execute("SELECT match_key FROM sheet_row WHERE sheet = ?", (work.sheet,)).fetchall()
    for (key,) in rows:
        if key in work.seen or key in still_there:
            continue
        work.gone += 1
        connection.execute("DELETE FROM sheet_row WHERE sheet = ? AND match_key = ?", (work.sheet, key))
        elsewhere = connection.execute("SELECT 1 FROM sheet_row WHERE match_key = ? LIMIT 1", (key,)).fetchone()
        if elsewhere is None:
            connection.execute("UPDATE catalogue SET state = 1, sheet = ? WHERE match_key = ?", (work.sheet, key))
    # Asked anew at every import, so that the question waits until it is answered, not until the next identical import.
    gone = connection.execute(
        "SELECT match_key, reference_code, number FROM catalogue"
        " WHERE sheet = ? AND state = 1 ORDER BY ordering LIMIT ?",
        (work.sheet, GONE_TOLD_MAX),
    )
    for key, ref, number in gone:
        work.findings.append(
            Finding(FindingCode.ROW_GONE, str(key), f"{work.scope}#{key}", str(ref), f"原第 {number} 行")
        )


def _findings_of(parsed: ParsedSheet, scope: str) -> Iterator[Finding]:
    """Refusals and notes of the reader as findings; about a classified row only sheet and row number are said."""
    for refusal in parsed.refusals:
        yield Finding(FindingCode(refusal.code), refusal.key or scope, f"{scope}#{refusal.row}", detail=refusal.detail)
    for note in parsed.notes:
        where = f"{scope}#{note.row}:{note.field}" if note.row else f"{scope}#{note.field}"
        detail = "，".join(part for part in (f"“{note.field}”列" if note.field else "", note.detail) if part)
        yield Finding(FindingCode(note.code), note.key or scope, where, detail=detail)


def _digest(row: SheetRow) -> bytes:
    """What a row says, in 16 bytes: code, contradiction, values in any order of columns."""
    return sha256(msgspec.json.encode([row.code, row.duplicate, sorted(row.values.items())]))[:16]


def _row(row: tuple[Any, ...]) -> Row:
    """Build a row from `_ROW`."""
    key, code, level, elements, delivery, sheet, number, volume, column, state, changed = row
    values: dict[str, str] = msgspec.json.decode(elements)
    return Row(
        key,
        code,
        Level(level),
        values,
        delivery,
        sheet,
        number,
        volume,
        MarkKind.OPEN,
        bool(column) and MARK in values,
        RowState(state),
        changed,
    )
