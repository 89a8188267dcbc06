"""Weekly windows: over midnight, spread by jitter, caught up after a night without power, unmoved by a clock set back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.site_data import NO_SITE
from holdings.working_days import WorkingDays
from node.config import WINDOWS
from node.errors import ConfigurationWrong
from node.schedule import JITTER_S, Kind, Window, current, due, following, left, missed, night_seconds, of, parse

NIGHT = parse("mon-fri 20:00-07:00")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in the week that begins on Monday, day 0."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("text", "days", "minutes", "length"),
    [
        ("mon-fri 20:00-07:00", {0, 1, 2, 3, 4}, 1200, 11 * 60),
        ("sat 0:00-24:00", {5}, 0, 24 * 60),
        ("fri-mon 12:00-13:30", {4, 5, 6, 0}, 720, 90),
        ("SUN 00:00-00:00", {6}, 0, 24 * 60),
        ("wed 22:30-24:00", {2}, 1350, 90),
    ],
)
def test_windows_are_read(text: str, days: set[int], minutes: int, length: int) -> None:
    """Days may pass Sunday, hours may pass midnight; equal ends mean a whole day."""
    window = parse(text)
    assert (window.days, window.start_min, window.length) == (days, minutes, timedelta(minutes=length))


CALENDAR = WorkingDays(frozenset({date(2026, 3, 4), date(2026, 3, 5)}), frozenset({date(2026, 3, 7)}), frozenset({2026}))
"""In the week of MONDAY: Wednesday and Thursday are holidays, Saturday is worked for them."""


@pytest.mark.parametrize("worded", [("work 20:00-07:00", "free 00:00-24:00"), ("工作日 20:00-07:00", "休息日 00:00-24:00")])
def test_holidays_and_moved_working_days_move_the_windows(worded: tuple[str, str]) -> None:
    """All day on holidays and the Sunday, at night alone on the Saturday that is worked; a window of working days that passes midnight goes on into a holiday."""
    windows = tuple(parse(text, CALENDAR) for text in worded)
    table = {
        at(0, 12): None, at(0, 21): at(0, 20), at(1, 6): at(0, 20), at(1, 21): at(1, 20), at(2, 6): at(1, 20), at(2, 12): at(2, 0), at(3, 23): at(3, 0),
        at(4, 0): None, at(4, 12): None, at(5, 12): None, at(5, 21): at(5, 20), at(6, 6): at(5, 20), at(6, 12): at(6, 0), at(7, 6): None,
    }  # fmt: skip
    assert {moment: current(windows, moment) for moment in table} == table
    assert following(windows, at(4, 12)) == (at(4, 20), at(5, 7))
    assert left(windows, at(3, 23)) == timedelta(hours=1)
    assert missed(windows, at(4, 12), at(5, 12)) is True
    assert missed(windows, at(5, 8), at(5, 12)) is False
    assert night_seconds(windows) == (5 * 11 + 2 * 24) * 3600 / 7


def test_without_a_calendar_weekends_are_free_and_the_default_knows_none() -> None:
    """What is read before the site's data is the plain week; the shipped windows are days of the week, and ask for no calendar."""
    assert [day for day in range(7) if parse("free 0:00-24:00").begins(at(day, 0).date())] == [5, 6]
    assert [day for day in range(7) if parse("work 20:00-07:00").begins(at(day, 0).date())] == [0, 1, 2, 3, 4]
    assert {window.kind for window in of(WINDOWS, NO_SITE)} == {Kind.WEEK}
    national = of(["free 00:00-24:00"], NO_SITE)[0]
    assert [national.begins(date(2026, 10, day)) for day in (1, 7, 9)] == [True, True, False]


def test_the_next_working_night_is_found_behind_the_longest_holiday() -> None:
    """Eleven free days in a row: the window of the first working day after them is told."""
    long = WorkingDays(frozenset(date(2026, 3, day) for day in range(2, 14)), frozenset(), frozenset({2026}))
    assert following((parse("work 20:00-07:00", long),), at(0, 12)) == (at(14, 20), at(15, 7))


WRONG = ["work", "working 20:00-07:00", "work-free 20:00-07:00", "休息 20:00-07:00"]
WRONG += ["", "20:00-07:00", "mon 20:00", "mon-xyz 20:00-07:00", "mon 25:00-26:00", "mon 20:60-21:00", "monday 20:00-21:00", "mon 24:01-05:00"]


@pytest.mark.parametrize("text", WRONG)
def test_wrong_windows_are_refused(text: str) -> None:
    """A window that cannot be read is named in the refusal."""
    with pytest.raises(ConfigurationWrong, match="传输时段"):
        parse(text)


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        (at(0, 19, 59), None), (at(0, 20), at(0, 20)), (at(1, 6, 59), at(0, 20)), (at(1, 7), None), (at(4, 23), at(4, 20)),
        (at(5, 6), at(4, 20)), (at(5, 20), None), (at(6, 23), None), (at(7, 3), None),
    ],
)  # fmt: skip
def test_a_window_over_midnight_belongs_to_its_first_day(moment: datetime, opened: datetime | None) -> None:
    """Friday's window is open on Saturday morning; Sunday night has none before Monday's."""
    assert current((NIGHT,), moment) == opened


def test_the_default_windows_read() -> None:
    """The windows of an unset node.toml hold every night and every lunch."""
    windows = tuple(parse(text) for text in WINDOWS)
    assert all(current(windows, at(day, 23)) and current(windows, at(day, 12, 30)) and not current(windows, at(day, 16)) for day in range(7))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_nodes_begin_spread_over_the_jitter(share: float) -> None:
    """A node begins once its share of the jitter has passed, not before, and goes on to the end of the window."""
    began = at(0, 20) + timedelta(seconds=JITTER_S * share)
    last = at(-1, 3)
    windows = (parse("mon-sun 20:00-07:00"),)
    assert due(windows, began, last, share)
    assert share == 0 or not due(windows, began - timedelta(seconds=1), last, share)
    assert due(windows, at(1, 6, 59), began, share)


@pytest.mark.parametrize(
    ("last", "moment", "expected"),
    [
        (None, at(1, 10), True),
        (at(0, 21), at(1, 10), False),
        (at(0, 12), at(1, 10), True),
        (at(4, 21), at(6, 12), False),
        (at(3, 21), at(5, 12), True),
        (at(5, 12), at(-30, 12), False),
    ],
    ids=["never synced", "synced in last night's window", "last night's window missed", "weekend without windows", "friday missed", "clock set back"],
)
def test_outside_a_window_only_a_missed_one_is_caught_up(last: datetime | None, moment: datetime, expected: bool) -> None:
    """After a night without power the node syncs at once (补传); else it waits for its window."""
    assert due((NIGHT,), moment, last, 0.5) is expected


def test_a_year_without_contact_is_one_catch_up() -> None:
    """A look back of a week is enough to know that a window was missed, however long the silence."""
    assert missed((NIGHT,), MONDAY - timedelta(days=365), at(2, 10))


WINDOW = st.tuples(st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(0, 1440)).map(lambda said: Window(*said))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(at(0, 19), None), (at(0, 20), 11 * 60), (at(1, 6, 59), 1), (at(1, 7), None), (at(0, 12, 30), 60), (at(1, 1), 6 * 60)],
)
def test_what_is_left_of_a_window(moment: datetime, expected: int | None) -> None:
    """A conversation is told in time when its window closes; of two open windows the longer one counts."""
    windows = (NIGHT, parse("mon 12:00-13:30"), parse("mon 22:00-23:00"))
    assert left(windows, moment) == (None if expected is None else timedelta(minutes=expected))


@given(WINDOW, st.integers(0, 14 * 1440))
def test_a_window_that_is_open_closes_in_time(window: Window, minutes: int) -> None:
    """`left` and `current` agree, and a window is never open longer than its length."""
    moment = MONDAY + timedelta(minutes=minutes)
    opened, rest = current((window,), moment), left((window,), moment)
    assert (opened is None) == (rest is None)
    assert rest is None or timedelta(0) < rest <= window.length


@given(WINDOW, st.integers(0, 14 * 1440))
def test_a_window_is_open_exactly_its_length_after_each_start(window: Window, minutes: int) -> None:
    """`current` agrees with counting the starts of the past days one by one."""
    moment = MONDAY + timedelta(minutes=minutes)
    starts = [MONDAY + timedelta(days=day, minutes=window.start_min) for day in range(-2, 15) if day % 7 in window.days]
    open_now = [start for start in starts if start <= moment < start + window.length]
    assert current((window,), moment) == min(open_now, default=None)
