"""Working days, holidays and 调休 (holdings/working_days.py)."""

import datetime as dt

import pytest

from holdings.errors import SiteDataWrong
from holdings.site_data import SiteData
from holdings.working_days import working_days


@pytest.mark.parametrize(("day", "works"), [
    ("2026-02-13", True), ("2026-02-14", True), ("2026-02-16", False), ("2026-02-23", False), ("2026-02-24", True), ("2026-02-28", True),
    ("2025-09-28", True), ("2025-10-08", False), ("2025-10-11", True), ("2025-10-12", False), ("2024-02-18", True), ("2031-10-01", True), ("2031-10-04", False),
])
def test_days_are_worked_as_the_notice_says(day: str, works: bool) -> None:
    """Holidays are free, weekends of 调休 are worked, a year without a notice has its weekends alone."""
    assert working_days().works(dt.date.fromisoformat(day)) is works


@pytest.mark.parametrize(("since", "until", "nights"), [
    ("2026-02-13", "2026-02-24", 2),  # Friday and the worked Saturday before Spring Festival
    ("2026-11-20", "2026-11-23", 1), ("2026-11-20", "2026-11-20", 0), ("2026-11-23", "2026-11-20", 0), ("1900-01-01", "2100-01-01", 2610),
])
def test_nights_after_working_days_are_counted(since: str, until: str, nights: int) -> None:
    """Only nights that follow a working day count; nothing is counted backwards or beyond the bound."""
    counted = working_days().nights(dt.date.fromisoformat(since), dt.date.fromisoformat(until))
    assert abs(counted - nights) <= (10 if nights > 1000 else 0)


def test_a_site_lays_its_year_over_ours() -> None:
    """A site's file replaces the years it names, and no other."""
    days = working_days(SiteData((("holidays.toml", '[2027]\noff = ["02-05..02-12"]\nwork = ["02-14"]\n'),)))
    assert [days.works(dt.date(2027, 2, day)) for day in (4, 5, 14)] == [True, False, True]
    assert {2026, 2027} <= days.years
    assert not days.works(dt.date(2026, 2, 16))


@pytest.mark.parametrize("text", [
    "[2027]\noff = ['02-30']", "[2027]\noff = ['02-12..02-05']", "[spring]\noff = []", "[2027]\nfree = []", "[2027]\noff = ['2月5日']", "[2027",
    "[2027]\noff = ['02-05']\nwork = ['02-05']",
])
def test_a_wrong_file_is_named(text: str) -> None:
    """A day that is none, a span turned round, an unknown key: refused with what is wrong."""
    with pytest.raises(SiteDataWrong, match="holidays"):
        working_days(SiteData((("holidays.toml", text),)))
