"""What moves the figures of the statistics, month by month: table `statistic`, written in the transactions that change what is counted.

Months add up: what stood at a year's end is the sum of all months up to December, whenever it is asked for. A year that was frozen takes no movement any
more, wherever the clock stands. All SQL of the tables of statistics is here; callers own the transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import apsw
from msgspec import Struct

from holdings.access import Secrecy
from holdings.record import Description
from holdings.search_document import Kind
from holdings.statistic import OTHER, PURPOSE_MAX, Counted, Figure, Use, counted, month_of, of_row

_ADD: Final = (
    "INSERT INTO statistic(figure, archive, month, detail, secrecy, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
    " ON CONFLICT(figure, archive, month, detail, secrecy) DO UPDATE SET value = value + ?6"
)


class Sum(Struct, frozen=True):
    """What a part of a figure comes to."""

    figure: Figure
    archive: str
    detail: str
    value: int


class Entry(Struct, frozen=True):
    """What a person entered for a figure of an archive's year: it stands in place of what is counted. `value` None: taken back."""

    archive: str
    year: int
    figure: Figure
    value: int | None
    person: str
    wall: int
    note: str = ""


class Frozen(Struct, frozen=True):
    """A year that was frozen: when, in whose name, and the SHA-256 of its figures."""

    year: int
    wall: int
    person: str
    digest: bytes


# ---------------------------------------------------------------- what moves them


def add(
    connection: apsw.Connection,
    archive: str,
    month: str,
    detail: str,
    secrecy: Secrecy,
    figures: Iterable[tuple[Figure, int]],
) -> None:
    """Move figures of one archive (a node's name, blank: this site); zeros are passed over."""
    for figure, by in figures:
        if by:
            connection.execute(_ADD, (figure.value, archive, month, detail, int(secrecy), by))


def month_now(connection: apsw.Connection, wall: int) -> str:
    """The month into which a movement of now falls: never one of a frozen year, though the clock went back."""
    month = month_of(wall)
    row = connection.execute("SELECT max(year) FROM statistic_year").fetchone()
    last = int(row[0]) if row and row[0] is not None else 0
    return month if int(month[:4]) > last else f"{last + 1}-01"


def records_moved(
    connection: apsw.Connection,
    changes: Iterable[tuple[tuple[Description, int, int] | None, tuple[Description, int, int]]],
    archive: str,
    wall: int,
) -> None:
    """Records came (before None), changed, or ended: (description, pages, bytes) of their versions before and after."""
    sums: dict[tuple[str, Secrecy], Counter[Figure]] = {}
    for before, after in changes:
        was, now = counted(*before) if before else Counted(), counted(*after)
        if was != now:
            for one, sign in ((was, -1), (now, 1)):
                found = sums.setdefault((one.fonds, one.secrecy), Counter())
                for figure, by in one.figures:
                    found[figure] += sign * by
    month = month_now(connection, wall) if sums else ""
    for (fonds, secrecy), figures in sums.items():
        add(connection, archive, month, fonds, secrecy, figures.items())


def rows_moved(connection: apsw.Connection, kinds: Mapping[Kind, int], by: int, archive: str, wall: int | None) -> None:
    """Rows of the catalogue came (`by` 1) or went (-1), so many of each kind. `wall` None: in the last month that is known, for what is erased by who
    has no clock at hand."""
    found: dict[tuple[str, Secrecy], dict[Figure, int]] = {}
    for kind, count in kinds.items():
        for figure in of_row(kind.level, kind.opening):
            sums = found.setdefault((kind.fonds, kind.secrecy), {})
            sums[figure] = sums.get(figure, 0) + by * count
    if not found:
        return
    month = _last_month(connection) if wall is None else month_now(connection, wall)
    for (fonds, secrecy), sums in found.items():
        add(connection, archive, month, fonds, secrecy, sums.items())


def _last_month(connection: apsw.Connection) -> str:
    row = connection.execute("SELECT max(month) FROM statistic WHERE figure IN ('rows_volume', 'rows_item')").fetchone()
    month = str(row[0]) if row and row[0] is not None else "1970-01"
    frozen = connection.execute("SELECT max(year) FROM statistic_year").fetchone()
    last = int(frozen[0]) if frozen and frozen[0] is not None else 0
    return month if int(month[:4]) > last else f"{last + 1}-01"


def registered(
    connection: apsw.Connection, key: str, volumes: int, items: int, archive: str, wall: int, *, new: bool
) -> None:
    """The register of fonds says so much more (or less) of a fonds than before; `new`: it did not have it."""
    figures = [(Figure.VOLUMES, volumes), (Figure.ITEMS, items), (Figure.FONDS, int(new))]
    add(connection, archive, month_now(connection, wall), key, Secrecy.NONE, figures)


def used(connection: apsw.Connection, archive: str, wall: int, use: Use) -> None:
    """Somebody was served: what it adds, by its purpose, in the transaction that keeps the request, copy or certificate."""
    purpose = use.purpose.strip()[:PURPOSE_MAX] or OTHER
    add(connection, archive, month_now(connection, wall), purpose, Secrecy.NONE, use.figures().items())


# ---------------------------------------------------------------- what they come to


def sums(
    connection: apsw.Connection, year: int, *, flow: bool, ceiling: Secrecy = Secrecy.TOP, of: Figure | None = None
) -> list[Sum]:
    """Every part of every figure (or `of` one): what stood at the year's end, or with `flow` what the year brought."""
    first = f"{year}-01" if flow else "0000-00"
    rows = connection.execute(
        "SELECT figure, archive, detail, sum(value) FROM statistic WHERE month >= ? AND month <= ? AND secrecy <= ? AND (?4 = '' OR figure = ?4)"
        " GROUP BY figure, archive, detail HAVING sum(value) <> 0",
        (first, f"{year}-12", int(ceiling), of.value if of else ""),
    )
    return [Sum(Figure(figure), archive, detail, value) for figure, archive, detail, value in rows]


def months(
    connection: apsw.Connection, year: int, figure: Figure, ceiling: Secrecy = Secrecy.TOP
) -> list[tuple[str, str, str, int]]:
    """(month, archive, detail, by how much it moved) of one figure in a year."""
    found = connection.execute(
        "SELECT month, archive, detail, sum(value) FROM statistic WHERE figure = ? AND month >= ? AND month <= ? AND secrecy <= ?"
        " GROUP BY month, archive, detail ORDER BY month, archive, detail",
        (figure.value, f"{year}-01", f"{year}-12", int(ceiling)),
    )
    return [(str(month), str(archive), str(detail), int(str(value))) for month, archive, detail, value in found]


def archives(connection: apsw.Connection) -> list[str]:
    """Whose figures are known, this site first."""
    found = connection.execute(
        "SELECT DISTINCT archive FROM statistic UNION SELECT archive FROM statistic_entry ORDER BY 1"
    )
    return [str(archive) for (archive,) in found]


def reporting(connection: apsw.Connection, year: int) -> frozenset[str]:
    """The archives that have a catalogue here by a year's end, or had one: whose sheets were reported."""
    found = connection.execute(
        "SELECT DISTINCT archive FROM statistic WHERE figure IN ('rows_volume', 'rows_item') AND month <= ?",
        (f"{year}-12",),
    )
    return frozenset(str(archive) for (archive,) in found)


# ---------------------------------------------------------------- what persons entered


def enter(connection: apsw.Connection, entry: Entry) -> None:
    """Keep what a person entered; earlier entries stay, the newest counts."""
    connection.execute(
        "INSERT INTO statistic_entry(archive, year, figure, value, person, wall, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (entry.archive, entry.year, entry.figure.value, entry.value, entry.person, entry.wall, entry.note),
    )


def entries(connection: apsw.Connection, year: int) -> list[Entry]:
    """All entries of a year, oldest first."""
    rows = connection.execute(
        "SELECT archive, year, figure, value, person, wall, note FROM statistic_entry WHERE year = ? ORDER BY number",
        (year,),
    )
    return [
        Entry(archive, year, Figure(figure), value, person, wall, note)
        for archive, year, figure, value, person, wall, note in rows
    ]


# ---------------------------------------------------------------- years that were frozen


def freeze(connection: apsw.Connection, year: Frozen, lines: Iterable[tuple[Figure, str, int]]) -> None:
    """Keep the figures of a year as they stand: (figure, archive, value)."""
    connection.execute(
        "INSERT INTO statistic_year(year, wall, person, digest) VALUES (?, ?, ?, ?)",
        (year.year, year.wall, year.person, year.digest),
    )
    connection.executemany(
        "INSERT INTO statistic_frozen(year, figure, archive, value) VALUES (?, ?, ?, ?)",
        [(year.year, figure.value, archive, value) for figure, archive, value in lines],
    )


def frozen(connection: apsw.Connection, year: int) -> Frozen | None:
    """How a year was frozen; None: it is not."""
    row = connection.execute("SELECT year, wall, person, digest FROM statistic_year WHERE year = ?", (year,)).fetchone()
    return Frozen(int(row[0]), int(row[1]), str(row[2]), bytes(row[3])) if row else None


def frozen_lines(connection: apsw.Connection, year: int) -> dict[tuple[Figure, str], int]:
    """The figures of a frozen year by archive."""
    rows = connection.execute("SELECT figure, archive, value FROM statistic_frozen WHERE year = ?", (year,))
    return {(Figure(figure), str(archive)): int(str(value)) for figure, archive, value in rows}
