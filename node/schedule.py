"""Sync windows by days of the week or by working and free days, with jitter and catch-up. Pure: time is passed in as local time, randomness as a share
of the window, holidays and 调休 as a calendar.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from holdings.expression import expression
from node.errors import ConfigurationWrong

if TYPE_CHECKING:
    from holdings.site_data import SiteData
    from holdings.working_days import WorkingDays

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
JITTER_S = 900.0
"""Nodes of a city begin spread over this much of a window, so that the hub is not met by all at once."""
_WINDOW = expression(
    r"(?:(?P<kind>work|free|工作日|休息日)|(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?)\s+(?P<h1>\d{1,2}):(?P<m1>\d{2})-(?P<h2>\d{1,2}):(?P<m2>\d{2})"
)
_SATURDAY: Final = 5
AHEAD_DAYS: Final = 16
"""Days that the next window is looked for in: the longest holidays with the weekends beside them are eleven."""


class Kind(Enum):
    """Which days a window begins on."""

    WEEK = "week"
    """Named days of the week, holiday or not."""
    WORK = "work"
    """Working days, weekends that are worked (调休) too."""
    FREE = "free"
    """Days that are not worked: weekends and holidays."""


_KINDS: Final = {"work": Kind.WORK, "工作日": Kind.WORK, "free": Kind.FREE, "休息日": Kind.FREE}


class Window(Struct, frozen=True):
    """A window: days of the week of its start (0 = Monday; of a week without holidays where `kind` says which), minutes after midnight; an end not after the
    start lies on the next day.
    """

    days: frozenset[int]
    start_min: int
    end_min: int
    kind: Kind = Kind.WEEK
    calendar: WorkingDays | None = None
    """Holidays and 调休; None: weekends alone are free."""

    def begins(self, day: date) -> bool:
        """Does it open on that day?"""
        if self.kind is Kind.WEEK:
            return day.weekday() in self.days
        works = self.calendar.works(day) if self.calendar is not None else day.weekday() < _SATURDAY
        return works is (self.kind is Kind.WORK)

    @property
    def length(self) -> timedelta:
        """How long it is open."""
        return timedelta(minutes=(self.end_min - self.start_min) % 1440 or 1440)


def of(texts: Iterable[str], site: SiteData) -> tuple[Window, ...]:
    """The windows of a node's settings, with its calendar of holidays where one of them asks for it."""
    windows = tuple(parse(text) for text in texts)
    if all(window.kind is Kind.WEEK for window in windows):
        return windows
    # Here: a node without such windows starts without the calendar.
    from holdings.working_days import working_days

    return tuple(parse(text, working_days(site)) for text in texts)


def parse(text: str, calendar: WorkingDays | None = None) -> Window:
    """`mon-fri 20:00-07:00`, `work 20:00-07:00`, `free 00:00-24:00`; ConfigurationWrong otherwise."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None or (found["first"] or "mon") not in DAYS or (found["last"] or "mon") not in DAYS:
        raise ConfigurationWrong(
            f"传输时段应写作 mon-fri 20:00-07:00，或 工作日 20:00-07:00、休息日 00:00-24:00，现为 {text!r}"
        )
    start, end = int(found["h1"]) * 60 + int(found["m1"]), int(found["h2"]) * 60 + int(found["m2"])
    if max(start, end) > 1440 or max(int(found["m1"]), int(found["m2"])) > 59:
        raise ConfigurationWrong(f"传输时段的钟点不对：{text!r}")
    if found["kind"]:
        kind = _KINDS[found["kind"]]
        days = range(_SATURDAY) if kind is Kind.WORK else range(_SATURDAY, len(DAYS))
        return Window(frozenset(days), start, end, kind, calendar)
    first, last = DAYS.index(found["first"]), DAYS.index(found["last"] or found["first"])
    return Window(frozenset((first + n) % 7 for n in range((last - first) % 7 + 1)), start, end)


def current(windows: tuple[Window, ...], local: datetime) -> datetime | None:
    """When the window that is open at `local` opened; None when none is."""
    opened = []
    for window in windows:
        for back in (0, 1):
            day = (local - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
            start = day + timedelta(minutes=window.start_min)
            if window.begins(day.date()) and start <= local < start + window.length:
                opened.append(start)
    return min(opened, default=None)


def left(windows: tuple[Window, ...], local: datetime) -> timedelta | None:
    """How long the windows that are open at `local` still are; None when none is."""
    ends = [
        start + window.length
        for window in windows
        for back in (0, 1)
        if (start := _start(window, local - timedelta(days=back))) <= local < start + window.length
        and window.begins(start.date())
    ]
    return max(ends) - local if ends else None


def _start(window: Window, day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=window.start_min)


def due(windows: tuple[Window, ...], local: datetime, last_sync: datetime | None, share: float) -> bool:
    """Is it time for a conversation?

    Inside a window: once it has been open for `share` (0–1) of the jitter. Outside: never, except that a window missed altogether since the last
    conversation (the machine was off) is caught up at once (补传).
    """
    start = current(windows, local)
    if start is not None:
        return local >= start + timedelta(seconds=JITTER_S * share)
    return last_sync is None or missed(windows, last_sync, local)


def missed(windows: tuple[Window, ...], since: datetime, local: datetime) -> bool:
    """Did a window open and close between `since` and `local`? Looks back a week at most; a clock set back misses nothing."""
    since = max(since, local - timedelta(days=7))
    day = since.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    while day <= local:
        for window in windows:
            start = day + timedelta(minutes=window.start_min)
            if window.begins(day.date()) and start > since and start + window.length <= local:
                return True
        day += timedelta(days=1)
    return False


def following(windows: tuple[Window, ...], local: datetime) -> tuple[datetime, datetime] | None:
    """(begin, end) of the window that is open at `local`, else of the next one to open within AHEAD_DAYS; None without windows."""
    found = [
        (start, start + window.length)
        for window in windows
        for ahead in range(-1, AHEAD_DAYS)
        if window.begins((start := _start(window, local + timedelta(days=ahead))).date())
        and start + window.length > local
    ]
    return min(found, default=None)


def night_seconds(windows: tuple[Window, ...]) -> float:
    """Seconds of all windows of a week by day: how long a night is on the average of a week without holidays; windows that overlap count twice."""
    return sum(window.length.total_seconds() * len(window.days) for window in windows) / 7
