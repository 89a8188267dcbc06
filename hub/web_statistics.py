"""Pages of the statistics 统计: the year's report, what stands behind each figure, entries, freezing, and its papers."""

from __future__ import annotations

from typing import Final

from holdings import reading_request, statistics_report
from holdings.errors import StatisticRefused
from holdings.language import mark
from holdings.statistic import BY_FONDS, YEAR_FIRST, YEAR_LAST, Figure, Group, Source
from holdings.statistics_shown import number
from hub.account import Role
from hub.statistics_desk import TYPES, entry_of, paper, scope_of, shown
from hub.web_frame import Visit
from hub.web_route import Reply, Route, Turned

ROLES: Final = frozenset({Role.ARCHIVIST})
PARTS_SHOWN: Final = 500
_NO_YEAR: Final = mark("年度应为四位数字。")


def _year(visit: Visit, text: str) -> int:
    if not text:
        return statistics_report.year_of(visit.frame.clock.wall())
    if not (text.isascii() and text.isdecimal() and len(text) == 4 and YEAR_FIRST <= int(text) <= YEAR_LAST):
        raise Turned(400, _NO_YEAR)
    return int(text)


def read(visit: Visit) -> Reply:
    """The report of a year."""
    return _report(visit, _year(visit, visit.ask.query.get("year", "")), 200, "")


def _report(visit: Visit, year: int, status: int, error: str) -> Reply:
    scope = scope_of(visit.person)
    made = shown(visit.frame.home, year, visit.person.person, scope)
    groups = [(group, [line for line in made.report.lines if line.figure.about.group is group]) for group in Group]
    whole = scope.archives is None and scope.fonds is None
    reply = visit.page(
        "statistics.html", status, error=error, made=made, groups=groups, year=year, said=number, entered=Source.ENTERED, may_freeze=whole,
        may_enter=scope.fonds is None, may_be_frozen=whole and made.report.is_over and made.report.frozen is None, figures=list(Figure),
        this_year=statistics_report.year_of(visit.frame.clock.wall()), changed=_changed(visit, year) if made.report.frozen and whole else (),
    )  # fmt: skip
    reply.subject = f"statistics:{year}"
    return reply


def _changed(visit: Visit, year: int) -> list[statistics_report.Difference]:
    return statistics_report.check(visit.frame.home.holdings.read(), year)


def figure(visit: Visit) -> Reply:
    """What stands behind a figure: archives, their fonds or the purposes, and the months."""
    named = next((one for one in Figure if one.value == visit.ask.parts["figure"]), None)
    if named is None:
        raise Turned(404, mark("没有这个统计项。"))
    year, scope = _year(visit, visit.ask.query.get("year", "")), scope_of(visit.person)
    reading = visit.frame.home.holdings.read()
    parts = sorted(
        statistics_report.parts(reading, year, scope, named), key=lambda one: (one.archive, -one.value, one.detail)
    )
    made = shown(visit.frame.home, year, "", scope)
    line = next(one for one in made.report.lines if one.figure is named)
    words = reading_request.rules(visit.frame.home.site).purposes
    reply = visit.page(
        "statistics_figure.html", made=made, line=line, figure=named, year=year, said=number, by_fonds=named in BY_FONDS, purposes=words,
        parts=parts[:PARTS_SHOWN], more=max(0, len(parts) - PARTS_SHOWN), months=statistics_report.months(reading, year, named, scope),
    )  # fmt: skip
    reply.subject = f"statistics:{year}/{named.value}"
    return reply


def enter(visit: Visit) -> Reply:
    """A person says what a figure is."""
    ask, home, scope = visit.ask, visit.frame.home, scope_of(visit.person)
    year = _year(visit, ask.said("year"))
    try:
        entry = entry_of(
            home,
            year,
            ask.said("figure"),
            ask.said("value"),
            visit.person.person,
            ask.said("archive"),
            ask.said("note"),
        )
        known = shown(home, year, "", scope).report.archives
        if (
            scope.fonds is not None
            or (entry.archive not in known and entry.archive != "")
            or (scope.archives is not None and entry.archive not in scope.archives)
        ):
            raise Turned(403, mark("您无权填报这个馆的统计。"))
        with home.holdings.transaction() as connection:
            statistics_report.enter(connection, entry)
    except StatisticRefused as refused:
        return _report(visit, year, 422, visit.told(refused))
    reply = visit.to(f"/statistics?year={year}")
    reply.subject, reply.note = (
        f"statistics:{year}/{entry.figure.value}",
        f"{entry.archive or home.genesis.name}={entry.value}",
    )
    return reply


def freeze(visit: Visit) -> Reply:
    """Freeze a year that is over."""
    year, scope = _year(visit, visit.ask.said("year")), scope_of(visit.person)
    if scope.archives is not None or scope.fonds is not None:
        raise Turned(403, mark("只有经管全市统计的业务人员可以定稿。"))
    try:
        with visit.frame.home.holdings.transaction() as connection:
            statistics_report.freeze(connection, year, visit.person.person, visit.frame.clock.wall())
    except StatisticRefused as refused:
        return _report(visit, year, 422, visit.told(refused))
    reply = visit.to(f"/statistics?year={year}")
    reply.subject = f"statistics:{year}"
    return reply


def export(visit: Visit) -> Reply:
    """The report as xlsx or PDF."""
    form = visit.ask.parts["form"]
    if form not in TYPES:
        raise Turned(404, mark("没有这种格式。"))
    year = _year(visit, visit.ask.query.get("year", ""))
    made = shown(visit.frame.home, year, visit.person.person, scope_of(visit.person))
    reply = Reply(
        paper(made, form),
        content_type=TYPES[form],
        headers={"Content-Disposition": f"attachment; filename=statistics-{year}.{form}"},
    )
    reply.subject, reply.note = f"statistics:{year}", form
    return reply


ROUTES: Final = (
    Route("GET", "/statistics", read, roles=ROLES, verb="statistics"),
    Route("GET", "/statistics/{figure}", figure, roles=ROLES, verb="statistics"),
    Route("GET", "/statistics/export/{form}", export, roles=ROLES, verb="statistics-export"),
    Route("POST", "/statistics/enter", enter, roles=ROLES, verb="statistics-enter"),
    Route("POST", "/statistics/freeze", freeze, roles=ROLES, verb="statistics-freeze"),
)
