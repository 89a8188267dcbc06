"""The register of reading requests 利用登记: tables `reading_request` and `reading_serial`, at a node's counter and in the hub's reading room alike.

Functions run inside the caller's transaction, together with what they count. Time and persons are passed in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdings import statistic_use, statistics_tally
from holdings.errors import NotFound, ReadingRefused
from holdings.reading_request import (
    DAY_S,
    Applicant,
    Asked,
    Request,
    Rules,
    State,
    certificate_number,
    standing,
)

PAGE: Final = 50
ZONE: Final = dt.timezone(dt.timedelta(hours=8))
"""Years and days of the register are those of the archives."""
_COLUMNS: Final = (
    "number, serial, applicant, purpose, subject, asked, holder, received_at, received_by, received, state, decided_by, decided, reason, until,"
    " certificate, copies"
)
_applicants, _asked = msgspec.json.Decoder(Applicant), msgspec.json.Decoder(tuple[Asked, ...])


class Wanted(Struct, frozen=True):
    """Which requests are looked for; blank fields let everything through. `holders`: of these alone (None: of all); `since`, `until`: received within,
    seconds UTC, `until` not included."""

    state: State | None = None
    account: str = ""
    name: str = ""
    holders: frozenset[str] | None = None
    since: int = 0
    until: int = 0


class Usage(Struct, frozen=True):
    """What the register says of a span of time, by purpose: requests, persons 人次, records 卷件次, pages copied 复制."""

    purpose: str
    requests: int
    persons: int
    records: int
    copies: int


def add(connection: apsw.Connection, request: Request, origin: str = "") -> Request:
    """Enter a new request under the next number of its year; one that came from another register (`origin`) is entered once, whatever is sent again."""
    if origin and (
        known := connection.execute("SELECT number FROM reading_request WHERE origin = ?", (origin,)).fetchone()
    ):
        return get(connection, int(known[0]))
    year = _year(request.received)
    serial = f"{year}-{_next(connection, 'request', year):04}"
    connection.execute(
        f"INSERT INTO reading_request({_COLUMNS}, origin, name, account) VALUES (NULL{', ?' * 19})",
        (serial, *_row(request)[1:], origin, request.applicant.name, request.applicant.account),
    )
    statistics_tally.used(connection, request.received_at, request.received, statistic_use.moved(None, request))
    return replace(request, number=connection.last_insert_rowid(), serial=serial)


def change(connection: apsw.Connection, number: int, step: Callable[[Request], Request], now: int = 0) -> Request:
    """Take a step of `reading_request` (approve, refuse, close …) on what stands now; what it was meanwhile decides, not what a page showed. `now` says
    for which month of the statistics it counts (0: when the request was received or decided).

    NotFound, or ReadingRefused by the step.
    """
    before = get(connection, number)
    after = step(before)
    if after != before:
        row = _row(replace(after, number=before.number, serial=before.serial))
        names = [name.strip() for name in _COLUMNS.split(",")][2:]
        connection.execute(
            f"UPDATE reading_request SET {', '.join(f'{name} = ?' for name in names)} WHERE number = ?",
            (*row[1:], number),
        )
        wall = now or max(after.received, after.decided)
        statistics_tally.used(connection, after.received_at, wall, statistic_use.moved(before, after))
    return after


def certify(connection: apsw.Connection, number: int, law: Rules, now: int) -> Request:
    """Give a request its 查档证明 number, once; the same one when it is printed again. ReadingRefused unless it was allowed."""

    def step(request: Request) -> Request:
        if request.certificate:
            return request
        if standing(request, now) not in (State.APPROVED, State.CLOSED):
            raise ReadingRefused(f"此申请{standing(request, now).label}，不能出具查档证明")
        year = _year(now)
        return replace(request, certificate=certificate_number(law, year, _next(connection, "certificate", year)))

    return change(connection, number, step, now)


def get(connection: apsw.Connection, number: int) -> Request:
    """A request by its number here; NotFound."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM reading_request WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise NotFound("没有这份利用登记；请从登记簿中选择")
    return _request(row)


def by_certificate(connection: apsw.Connection, certificate: str) -> Request | None:
    """The request that a 查档证明 was given for: somebody asks whether the paper is ours."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM reading_request WHERE certificate = ?", (certificate,)).fetchone()
    return _request(row) if row else None


def find(
    connection: apsw.Connection, wanted: Wanted, *, before: int = 0, limit: int = PAGE, now: int = 0
) -> list[Request]:
    """Requests that are meant, newest first, below the number `before` (0: from the end). `now` tells what has expired."""
    where, values = _where(wanted, now)
    if before:
        where.append("number < ?")
        values.append(before)
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM reading_request{clause} ORDER BY number DESC LIMIT ?", (*values, min(limit, 1_000))
    )
    return [_request(row) for row in rows]


def allowed(connection: apsw.Connection, account: str, now: int) -> frozenset[int]:
    """Ids in the index of search of all that this account may read now by requests of its own."""
    rows = connection.execute(
        "SELECT asked FROM reading_request WHERE account = ? AND account <> '' AND state = 'approved' AND until > ?",
        (account, now),
    )
    return frozenset(one.id for (asked,) in rows for one in _asked.decode(asked) if one.id)


def usage(connection: apsw.Connection, since: int, until: int) -> list[Usage]:
    """What was used in a span of time (by the day a request was received; refused and withdrawn ones do not count)."""
    rows = connection.execute(
        "SELECT purpose, count(*), sum(applicant ->> '$.persons'), sum(json_array_length(asked)), sum(copies) FROM reading_request"
        " WHERE received >= ? AND received < ? AND state IN ('approved', 'closed') GROUP BY purpose ORDER BY purpose",
        (since, until),
    )
    return [Usage(str(row[0]), *map(int, row[1:])) for row in rows]


def day_of(wall: int) -> dt.date:
    """The day of a time where the archives are."""
    return dt.datetime.fromtimestamp(wall, ZONE).date()


def day_span(day: dt.date) -> tuple[int, int]:
    """(first second, first second of the next day) of a day where the archives are."""
    start = int(dt.datetime.combine(day, dt.time(), ZONE).timestamp())
    return start, start + DAY_S


def _year(wall: int) -> int:
    return day_of(wall).year


def _next(connection: apsw.Connection, kind: str, year: int) -> int:
    row = connection.execute(
        "INSERT INTO reading_serial VALUES (?, ?, 1) ON CONFLICT(kind, year) DO UPDATE SET last = last + 1 RETURNING last",
        (kind, year),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _where(wanted: Wanted, now: int) -> tuple[list[str], list[Any]]:
    where, values = list[str](), list[Any]()
    if wanted.state is State.EXPIRED:
        where.append("state = 'approved' AND until <= ?")
        values.append(now)
    elif wanted.state is not None:
        where.append("state = ?")
        values.append(wanted.state.value)
        if wanted.state is State.APPROVED and now:
            where.append("until > ?")
            values.append(now)
    for clause, value in (
        ("account = ?", wanted.account), ("name = ?", wanted.name), ("received >= ?", wanted.since), ("received < ?", wanted.until),
    ):  # fmt: skip
        if value:
            where.append(clause)
            values.append(value)
    if wanted.holders is not None:
        where.append(
            f"(holder IN ({marks}) OR received_at IN ({marks}))"
            if (marks := ", ".join("?" * len(wanted.holders)))
            else "0"
        )
        values += [*sorted(wanted.holders)] * 2
    return where, values


def _row(request: Request) -> tuple[Any, ...]:
    """The columns from `serial` on."""
    return (
        request.serial, msgspec.json.encode(request.applicant).decode(), request.purpose, request.subject, msgspec.json.encode(request.asked).decode(),
        request.holder, request.received_at, request.received_by, request.received, request.state.value, request.decided_by, request.decided,
        request.reason, request.until, request.certificate, request.copies,
    )  # fmt: skip


def _request(row: tuple[Any, ...]) -> Request:
    number, serial, applicant, purpose, subject, asked, holder, at, by, received, state, *rest = row
    decided_by, decided, reason, until, certificate, copies = rest
    return Request(
        _applicants.decode(applicant), purpose, subject, _asked.decode(asked), holder, at, by, received, number, serial, State(state), decided_by,
        decided, reason, until, certificate, copies,
    )  # fmt: skip
