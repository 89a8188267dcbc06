"""The yearly statistics 统计年报: figures by archive and their sum, last year beside, parts of each figure, years that are frozen.

Reads what `statistics_tally` keeps; freezing writes through it in the caller's transaction. The same year gives the same figures whenever it is asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

import apsw
from msgspec import Struct

from holdings import statistics_tally as tally
from holdings.access import Secrecy
from holdings.errors import StatisticRefused
from holdings.language import mark
from holdings.statistic import BY_FONDS, BY_SHEET, OF_ANY, VALUE_MAX, YEAR_FIRST, YEAR_LAST, ZONE, Figure, Source
from holdings.statistics_tally import Entry, Frozen, Sum

NOTE_MAX: Final = 200


class Scope(Struct, frozen=True):
    """What of the figures somebody may know. None: of every archive, of every fonds."""

    archives: frozenset[str] | None = None
    fonds: frozenset[str] | None = None
    ceiling: Secrecy = Secrecy.TOP

    @property
    def is_whole(self) -> bool:
        """Whether nothing is kept back."""
        return self.archives is None and self.fonds is None and self.ceiling is Secrecy.TOP

    def allows(self, part: Sum) -> bool:
        """Whether a part counts. Use is told by purpose: who may know some fonds alone is told nothing of it."""
        if self.archives is not None and part.archive not in self.archives:
            return False
        return self.fonds is None or (part.figure in BY_FONDS and part.detail in self.fonds)


WHOLE: Final = Scope()


class Cell(Struct, frozen=True):
    """A figure of one archive: `counted` by the system, `entered` by a person, who comes first."""

    counted: int | None = None
    entered: int | None = None

    @property
    def value(self) -> int | None:
        """What stands in the report; None: nobody knows."""
        return self.entered if self.entered is not None else self.counted


class Line(Struct, frozen=True):
    """One line of the report: total of this year and the last, and the figure of each archive."""

    figure: Figure
    cells: dict[str, Cell]
    total: int | None
    before: int | None


class Report(Struct, frozen=True):
    """A year. `is_over`: nothing more is added to it; `frozen`: how it was frozen; `unreported`: archives without a sheet (`BY_SHEET`)."""

    year: int
    archives: tuple[str, ...]
    lines: tuple[Line, ...]
    is_over: bool
    frozen: Frozen | None
    unreported: frozenset[str] = frozenset()


class Difference(Struct, frozen=True):
    """A figure of a frozen year that comes out differently now; None: it is not there."""

    figure: Figure
    archive: str
    frozen: int | None
    now: int | None


def year_of(wall: int) -> int:
    """The year that a time is in."""
    return dt.datetime.fromtimestamp(wall, ZONE).year


def check_year(year: int) -> int:
    """The year itself; StatisticRefused when no archive has statistics of it."""
    if not YEAR_FIRST <= year <= YEAR_LAST:
        raise StatisticRefused(mark("年度应为 {first} 到 {last}。"), first=YEAR_FIRST, last=YEAR_LAST)
    return year


def report(connection: apsw.Connection, year: int, wall: int, scope: Scope = WHOLE) -> Report:
    """The report of a year; of a frozen one what was frozen, to who may know everything."""
    check_year(year)
    known = [name for name in tally.archives(connection) if scope.archives is None or name in scope.archives]
    this, last = _cells(connection, year, scope), _cells(connection, year - 1, scope)
    sheets, before = tally.reporting(connection, year), tally.reporting(connection, year - 1)
    lines = []
    for figure in Figure:
        cells = {name: this[figure, name] for name in known if (figure, name) in this}
        lines.append(
            Line(figure, cells, _total(figure, this, sheets & {*known}), _total(figure, last, before & {*known}))
        )
    frozen = tally.frozen(connection, year)
    return Report(year, tuple(known), tuple(lines), year < year_of(wall), frozen, frozenset(known) - sheets - {""})


def _total(figure: Figure, cells: dict[tuple[Figure, str], Cell], sheets: frozenset[str]) -> int | None:
    values = [cell.value for (one, _), cell in cells.items() if one is figure and cell.value is not None]
    if values:
        return sum(values)
    is_known = figure.about.source is Source.COUNTED and (figure not in BY_SHEET or sheets)
    return 0 if is_known else None


def _cells(connection: apsw.Connection, year: int, scope: Scope) -> dict[tuple[Figure, str], Cell]:
    """Every figure of every archive, as frozen where it is and all may be known."""
    if scope.is_whole and tally.frozen(connection, year) is not None:
        return {key: Cell(value) for key, value in tally.frozen_lines(connection, year).items()}
    return _computed(connection, year, scope)


def _computed(connection: apsw.Connection, year: int, scope: Scope) -> dict[tuple[Figure, str], Cell]:
    counted = Counter[tuple[Figure, str]]()
    held: set[tuple[str, str]] = set()
    for part in parts(connection, year, scope):
        if part.figure is Figure.FONDS or (part.figure in OF_ANY and part.detail and part.value > 0):
            held.add((part.archive, part.detail))
        if part.figure is not Figure.FONDS:
            counted[part.figure, part.archive] += part.value
    for archive, _ in held:
        counted[Figure.FONDS, archive] += 1
    entered = {} if scope.fonds is not None else _entered(connection, year, scope)
    return {key: Cell(counted.get(key), entered.get(key)) for key in {**counted, **entered}}


def parts(connection: apsw.Connection, year: int, scope: Scope = WHOLE, of: Figure | None = None) -> list[Sum]:
    """The parts of all figures, or of one, by archive and fonds or purpose."""
    found: list[Sum] = []
    if of is None or not of.about.flow:
        found += (
            one
            for one in tally.sums(connection, year, flow=False, ceiling=scope.ceiling, of=of)
            if not one.figure.about.flow
        )
    if of is None or of.about.flow:
        found += (
            one
            for one in tally.sums(connection, year, flow=True, ceiling=scope.ceiling, of=of)
            if one.figure.about.flow
        )
    return [one for one in found if scope.allows(one)]


def months(connection: apsw.Connection, year: int, figure: Figure, scope: Scope = WHOLE) -> dict[str, int]:
    """By how much a figure moved in each month of a year that it moved in."""
    found = Counter[str]()
    for month, archive, detail, value in tally.months(connection, year, figure, scope.ceiling):
        if scope.allows(Sum(figure, archive, detail, value)):
            found[month] += value
    return dict(sorted(found.items()))


def _entered(connection: apsw.Connection, year: int, scope: Scope) -> dict[tuple[Figure, str], int]:
    newest = {(one.figure, one.archive): one.value for one in tally.entries(connection, year)}
    allowed = scope.archives
    return {key: value for key, value in newest.items() if value is not None and (allowed is None or key[1] in allowed)}


# ---------------------------------------------------------------- persons


def enter(connection: apsw.Connection, entry: Entry) -> None:
    """A person says what a figure of an archive is, or with no value takes back what was said.

    StatisticRefused: the year is frozen, the value no figure, or no person.
    """
    check_year(entry.year)
    if tally.frozen(connection, entry.year) is not None:
        raise StatisticRefused(mark("{year} 年统计已定稿，不能再填报；请在下一年度说明。"), year=entry.year)
    if entry.value is not None and not 0 <= entry.value <= VALUE_MAX:
        raise StatisticRefused(mark("填报的数应为不小于 0 的数。"))
    if not entry.person.strip() or len(entry.note) > NOTE_MAX or not entry.note.isprintable():
        raise StatisticRefused(mark("须有填报人；说明至多 {most} 字，不分行。"), most=NOTE_MAX)
    tally.enter(connection, entry)


def freeze(connection: apsw.Connection, year: int, person: str, wall: int) -> Frozen:
    """Freeze a year that is over as it stood at the end of 31 December.

    StatisticRefused: it is not over, or it is frozen already.
    """
    check_year(year)
    if year >= year_of(wall):
        raise StatisticRefused(mark("{year} 年还没有结束（12 月 31 日 24 时），不能定稿。"), year=year)
    if tally.frozen(connection, year) is not None:
        raise StatisticRefused(mark("{year} 年统计已经定稿。"), year=year)
    if not person.strip():
        raise StatisticRefused(mark("定稿须有经办人姓名。"))
    lines = _lines(connection, year)
    made = Frozen(year, wall, person.strip(), digest(year, lines))
    tally.freeze(connection, made, lines)
    return made


def digest(year: int, lines: Iterable[tuple[Figure, str, int]]) -> bytes:
    """The SHA-256 that is printed on the report: of `figure, archive, value` line by line, parted by tabs, in order."""
    text = "".join(f"{figure.value}\t{archive}\t{value}\n" for figure, archive, value in sorted(lines))
    return hashlib.sha256(f"jindang/1/statistics\t{year}\n{text}".encode()).digest()


def check(connection: apsw.Connection, year: int) -> list[Difference]:
    """Does a frozen year come out again as it was frozen? The figures that do not."""
    kept = tally.frozen_lines(connection, year)
    now = {(figure, archive): value for figure, archive, value in _lines(connection, year)}
    return [
        Difference(figure, archive, kept.get((figure, archive)), now.get((figure, archive)))
        for figure, archive in sorted({**kept, **now})
        if kept.get((figure, archive)) != now.get((figure, archive))
    ]


def _lines(connection: apsw.Connection, year: int) -> list[tuple[Figure, str, int]]:
    cells = _computed(connection, year, WHOLE).items()
    return [(figure, archive, cell.value) for (figure, archive), cell in cells if cell.value is not None]
