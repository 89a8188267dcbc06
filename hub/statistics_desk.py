"""The hub's statistics for pages and commands: what an account may know of them, and the papers made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from holdings import statistics_report
from holdings.errors import StatisticRefused
from holdings.language import mark
from holdings.report_page import Heading
from holdings.statistic import Figure
from holdings.statistics_report import WHOLE, Scope
from holdings.statistics_shown import Shown, stored, values, workbook
from holdings.statistics_tally import Entry
from hub.account import Account, Role
from hub.desk import Answer, Number
from hub.home import Home

Form = Literal["xlsx", "pdf"]
TYPES: Final = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "pdf": "application/pdf"}


def scope_of(account: Account) -> Scope:
    """What of the figures an account may know: those of its nodes, of its fonds, up to its 密级; nothing where it is no archivist's."""
    if account.role is not Role.ARCHIVIST:
        return Scope(archives=frozenset())
    rights = account.rights
    return Scope(frozenset(rights.holders) or None, frozenset(rights.fonds) or None, rights.level)


def shown(home: Home, year: int, person: str, scope: Scope = WHOLE) -> Shown:
    """The report of a year, with what goes on paper."""
    wall = home.clock.wall()
    made = statistics_report.report(home.holdings.read(), year, wall, scope)
    return Shown(made, Heading(home.genesis.name, person, wall, "jindang"), home.genesis.name)


def paper(made: Shown, form: str) -> bytes:
    """The report as a file."""
    if form == "xlsx":
        return workbook(made)
    from holdings import statistics_paper  # reportlab: for who prints

    return statistics_paper.pdf(made)


class StatisticsWords:
    """The desk's words, for who works on the machine itself."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def statistics(self, year: Number = 0) -> Answer:
        """The report of a year (0: this one); `differences` of a frozen one that does not come out again."""
        year = self._year(year)
        told: dict[str, Any] = values(shown(self._home, year, ""))
        told["differences"] = []
        if told["frozen"]:
            found = statistics_report.check(self._home.holdings.read(), year)
            told["differences"] = [
                {"figure": one.figure.value, "archive": one.archive, "frozen": one.frozen, "now": one.now}
                for one in found
            ]
        return told

    def statistics_enter(
        self, year: Number, figure: str, value: str, person: str, archive: str = "", note: str = ""
    ) -> Answer:
        """A person says what a figure of an archive is; a blank value takes it back."""
        entry = entry_of(self._home, year, figure, value, person, archive, note)
        with self._home.holdings.transaction() as connection:
            statistics_report.enter(connection, entry)
        return {"year": year, "figure": figure, "archive": archive, "value": entry.value}

    def statistics_freeze(self, year: Number, person: str) -> Answer:
        """Freeze a year that is over, in a person's name."""
        with self._home.holdings.transaction() as connection:
            made = statistics_report.freeze(connection, year, person, self._home.clock.wall())
        return {"year": year, "sha256": made.digest.hex()}

    def statistics_paper(self, form: Form, year: Number = 0, person: str = "") -> Iterator[bytes]:
        """The report as xlsx or PDF."""
        yield paper(shown(self._home, self._year(year), person), form)

    def _year(self, year: int) -> int:
        return year or statistics_report.year_of(self._home.clock.wall())


def entry_of(home: Home, year: int, figure: str, value: str, person: str, archive: str, note: str) -> Entry:
    """What a person typed, as an entry; StatisticRefused when it names no figure or is no number."""
    named = next((one for one in Figure if figure in (one.value, one.about.label)), None)
    if named is None:
        raise StatisticRefused(mark("没有“{name}”这个统计项。"), name=figure[:40])
    try:
        given = stored(named, value)
    except ValueError as fault:
        raise StatisticRefused(mark("应填不小于 0 的数，数据量和万字至多三位小数。")) from fault
    name = "" if archive == home.genesis.name else archive
    return Entry(name, year, named, given, person, home.clock.wall(), note.strip())
