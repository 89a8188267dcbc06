"""Rows of the catalogue that change their code, or go with a delivery that is withdrawn; table `catalogue_former`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import catalogue_rows as rows
from holdings import catalogue_sheets as sheets
from holdings import tally
from holdings.catalogue_line import Line, LineMaker, sort_key, values_of
from holdings.code_scheme import Scheme
from holdings.record import MARK
from holdings.reference_code import CodeProblem, parse, volume_key
from holdings.row_level import level_above, volume_of
from holdings.security import MarkKind
from holdings.sheet_notes import SheetRow

_BATCH = 5_000


class LiftedRow(Struct, frozen=True):
    """A row taken out of the catalogue, to be laid back under another code; what its sheet said of it is not touched."""

    reference_code: str
    title: str
    elements: dict[str, str]
    sheet: int
    number: int
    state: int
    linked: int
    changed: int
    key: str = ""
    tab: str = ""
    id: int = 0
    digest: bytes = b""


def lift(connection: apsw.Connection, match_key: str) -> LiftedRow | None:
    """Take a row out; None when there is none. Its sheet, imported again as it was, does not bring it back once it is laid."""
    row = rows.full(connection, match_key)
    if row is None:
        return None
    said = rows.known(connection, sheets.OWN, [match_key])[match_key]
    values = values_of(rows.names_of(row.names), row.elements, (row.code, row.title, row.date))
    rows.erase(connection, sheets.OWN, [match_key])
    tally.add(connection, tally.Count.CATALOGUE_ROWS, -1)
    return LiftedRow(
        row.code, row.title, values, row.sheet, row.number, row.state, row.linked, row.changed, row.key, row.tab, row.id,
        said.digest,
    )  # fmt: skip


def lay(connection: apsw.Connection, row: LiftedRow, schemes: Sequence[Scheme] = ()) -> None:
    """Lay a row under its code; nothing may stand under it. When it changed stays: a clearance covers what it covered.
    `schemes` are the site's own.
    """
    code = parse(row.reference_code, schemes)
    assert not isinstance(code, CodeProblem), "codes are judged before rows are moved"
    maker = LineMaker(row.elements)
    above = level_above(code.key, row.elements)
    volume = volume_of(code.key, volume_key(code), row.elements) if above is None else None
    said = SheetRow(row.number, code.key, volume, MarkKind.OPEN, code.printed, row.elements, tab=row.tab, above=above)
    line = maker.make(said)
    columns = rows.columns(connection, maker.columns)
    number = row.id or rows.next_id(connection)
    rows.put_back(connection, number, row.sheet, columns, line, row.state, row.changed)
    tally.add(connection, tally.Count.CATALOGUE_ROWS, 1)
    if row.linked:
        rows.link(connection, code.key)
    if row.key and row.key != code.key:
        connection.execute("INSERT OR REPLACE INTO catalogue_former VALUES (?, ?, ?)", (row.key, sheets.OWN, number))
        if number not in sheets.said(connection, row.sheet, [number]):
            sheets.say(connection, [(row.sheet, number, row.number, row.digest)])


def mend(connection: apsw.Connection, match_key: str, values: Mapping[str, str]) -> None:
    """Give elements of a stored row other values (blank: none). The row goes on standing for what its sheet said: that sheet,
    imported again as it was, writes nothing; and when it changed stays: a clearance covers what it covered."""
    row = lift(connection, match_key)
    assert row is not None, "the caller has looked"
    elements = {name: value for name, value in {**row.elements, **values}.items() if value or name == MARK}
    code = parse(row.reference_code)
    assert not isinstance(code, CodeProblem), "a stored code is one"
    maker = LineMaker(elements)
    above = level_above(code.key, elements)
    volume = volume_of(code.key, volume_key(code), elements) if above is None else None
    said = SheetRow(row.number, code.key, volume, MarkKind.OPEN, code.printed, elements, tab=row.tab, above=above)
    line = maker.make(said)
    line.digest = row.digest
    rows.put_back(connection, row.id, row.sheet, rows.columns(connection, maker.columns), line, row.state, row.changed)
    tally.add(connection, tally.Count.CATALOGUE_ROWS, 1)
    if row.linked:
        rows.link(connection, code.key)


def any_former(connection: apsw.Connection) -> bool:
    """Whether any row was ever renumbered here."""
    return connection.execute("SELECT 1 FROM catalogue_former LIMIT 1").fetchone() is not None


def former(connection: apsw.Connection, holder: int, keys: Sequence[str]) -> dict[str, int]:
    """The row that had one of these codes before."""
    if not keys:
        return {}
    found: list[Any] = connection.execute(
        "SELECT f.match_key, f.row FROM carray(?) k CROSS JOIN catalogue_former f ON f.match_key = k.value AND f.holder = ?",
        (apsw.carray(tuple(keys), flags=apsw.SQLITE_CARRAY_TEXT), holder),
    ).fetchall()
    return dict(found)


def under_new_codes(connection: apsw.Connection, numbers: Mapping[str, int], lines: Sequence[Line]) -> dict[str, Line]:
    """Lines that a sheet says of old codes, by those codes, as if it had said them of the codes that their rows bear now;
    `numbers` are the rows."""
    full = {row.id: row for row in rows.full_of(connection, numbers.values())}
    said = {}
    for one in lines:
        row = full[numbers[one.key]]
        said[one.key] = replace(
            one, key=row.key, code=row.code, volume=row.volume, ordering=sort_key(row.key)
        )
    return said


def withdraw(connection: apsw.Connection, delivery: str) -> tuple[int, list[str]]:
    """Take the rows of a withdrawn delivery out of the catalogue: (how many, sheets of other deliveries that said the same
    codes and must be imported again). What a sheet marked as classified stays marked."""
    own = sheets.of_delivery(connection, sheets.OWN, delivery)
    count, others = 0, set[int]()
    for sheet in own:
        while keys := rows.keys_of(connection, sheet, _BATCH):
            erased = [number for number, _, _ in rows.erase(connection, sheets.OWN, keys)]
            others |= sheets.forget_rows(connection, erased)
            connection.executemany("DELETE FROM catalogue_former WHERE row = ?", [(number,) for number in erased])
            count += len(erased)
        sheets.forget_word(connection, sheet)
    tally.add(connection, tally.Count.CATALOGUE_ROWS, -count)
    known = [sheets.get(connection, sheet) for sheet in sorted(others - set(own))]
    return count, sorted(f"{sheet.delivery}/{sheet.name}" for sheet in known)


def delivery_rows(connection: apsw.Connection, delivery: str) -> tuple[int, int, int]:
    """(rows that stand, those without images 有目无图, when one last changed) of a delivery; reads its rows once."""
    figures = [rows.figures(connection, sheet) for sheet in sheets.of_delivery(connection, sheets.OWN, delivery)]
    return sum(f[0] for f in figures), sum(f[1] for f in figures), max((f[2] for f in figures), default=0)
