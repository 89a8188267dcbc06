"""How the node stood at the end of each day: what today brought, and how long the disk lasts; table `day_figure`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

import apsw
from msgspec import Struct

from holdings.local_time import local_day

KEPT_DAYS = 400
"""A year and a month: last year's figures stand beside this year's."""
LOOKED_BACK_DAYS = 30
"""Days whose growth the forecast of the disk rests on."""


class Day(Struct, frozen=True):
    """Figures at the end of a local day (YYYY-MM-DD); totals, but for `bytes_sent`, which is of the day alone."""

    day: str
    records: int
    pages: int
    bytes_stored: int
    bytes_sent: int
    free_bytes: int


def note(connection: apsw.Connection, now: float, records: int, pages: int, bytes_stored: int, free_bytes: int) -> None:
    """Write down how it stands now, in the place of an earlier look of the same day."""
    connection.execute(
        "INSERT INTO day_figure(day, records, pages, bytes_stored, free_bytes) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT(day) DO UPDATE SET records = ?2, pages = ?3, bytes_stored = ?4, free_bytes = ?5",
        (local_day(now), records, pages, bytes_stored, free_bytes),
    )
    connection.execute(
        "DELETE FROM day_figure WHERE day NOT IN (SELECT day FROM day_figure ORDER BY day DESC LIMIT ?)", (KEPT_DAYS,)
    )


def add_sent(connection: apsw.Connection, now: float, sent: int) -> None:
    """Bytes that left today; the day must have been noted."""
    connection.execute("UPDATE day_figure SET bytes_sent = bytes_sent + ? WHERE day = ?", (sent, local_day(now)))


def newest(connection: apsw.Connection, limit: int = LOOKED_BACK_DAYS) -> list[Day]:
    """The last days that were noted, newest first."""
    rows = connection.execute(
        "SELECT day, records, pages, bytes_stored, bytes_sent, free_bytes FROM day_figure ORDER BY day DESC LIMIT ?",
        (limit,),
    )
    return [Day(*row) for row in rows]


def before(days: list[Day], today: str) -> Day | None:
    """The last day before today among `days`, newest first; None on the first day."""
    return next((one for one in days if one.day < today), None)


def days_left(days: list[Day], free_bytes: int) -> int | None:
    """Days until the disk is full at the growth of these days, newest first; None when nothing grew or two days are not there yet."""
    if len(days) < 2:
        return None
    first, last = days[-1], days[0]
    span = (datetime.fromisoformat(last.day) - datetime.fromisoformat(first.day)).days
    grown = last.bytes_stored - first.bytes_stored
    return free_bytes * span // grown if grown > 0 and span > 0 else None
