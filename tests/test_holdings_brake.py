"""The brake on changed sources: how many are too many, for how long, and who lets them pass."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings import delivery, delivery_brake, quarantine
from holdings.delivery_brake import BrakeRule, Reprocessing
from holdings.errors import DeliveryRefused, SiteDataWrong
from holdings.site_data import SiteData
from sync.database import Database, open_database

NAME = "第03批"
RULE = delivery_brake.rule()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with one delivery."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    with opened.transaction() as connection:
        delivery.upsert(connection, NAME, None, 1)
    yield opened
    opened.close()


def change(database: Database, pages: int, now: int, sealed: int = 1_000, name: str = NAME) -> bool:
    """So many pages were written over; does that hold the delivery?"""
    with database.transaction() as connection:
        delivery_brake.note(connection, name, pages, lambda: sealed, now, RULE)
        return delivery_brake.holds(connection, name, now)


def declare(database: Database, begins: int, ends: int, now: int, by: str = "王秀英", reason: str = "纠斜") -> None:
    """An officer declares a reprocessing."""
    with database.transaction() as connection:
        delivery_brake.declare(connection, delivery.fetch(connection, NAME), Reprocessing(begins, ends, by, reason, now), RULE)


@pytest.mark.parametrize(
    ("changed", "sealed", "trips"),
    [(500, 1_000_000, False), (501, 1_000_000, True), (49, 60, False), (50, 60, True), (50, 4_999, True), (50, 5_000, False), (51, 5_000, True), (0, 0, False)],
)
def test_five_hundred_pages_or_one_per_cent(changed: int, sealed: int, trips: bool) -> None:
    """More than 500, or more than 1 % and at least fifty: a small delivery does not stop at a record or two that were scanned again."""
    assert RULE.trips(changed, sealed) is trips


@given(st.integers(0, 10_000), st.integers(0, 10**7))
def test_more_changes_never_calm_the_brake(changed: int, sealed: int) -> None:
    """What trips with some changes trips with one more, and with fewer sealed pages."""
    if RULE.trips(changed, sealed):
        assert RULE.trips(changed + 1, sealed)
        assert RULE.trips(changed, sealed // 2)


def test_changes_add_up_within_the_hour_and_are_forgotten_after(database: Database) -> None:
    """Thirty pages now and thirty an hour and a half later are daily work; within the hour they are not. Deliveries are apart."""
    assert change(database, 30, 60_000) is False
    assert change(database, 30, 60_000 + 5_400) is False
    assert change(database, 30, 60_000 + 5_400 + 600, name="第04批") is False
    assert change(database, 30, 60_000 + 5_400 + 1_200) is True
    assert [one.finding.subject for one in quarantine.list_open(database.read())] == [NAME]


def test_who_waives_begins_to_count_anew(database: Database) -> None:
    """After a person let them pass, the same pages do not trip it again; sixty more do."""
    assert change(database, 60, 60_000) is True
    (listed,) = quarantine.list_open(database.read())
    with database.transaction() as connection:
        quarantine.waive(connection, listed.id, "确为纠斜", "王秀英", 60_100)
        assert delivery_brake.holds(connection, NAME, 60_100) is False
    assert change(database, 20, 60_200) is False
    assert change(database, 40, 60_300) is True


def test_within_a_declared_time_everything_passes(database: Database) -> None:
    """Before it begins and after it ends the brake stands; what waits goes on when it begins at once."""
    declare(database, 61_000, 62_000, 60_000)
    assert change(database, 60, 60_500) is True
    assert change(database, 600, 61_500) is False
    declare(database, 62_500, 63_000, 62_400)
    assert change(database, 60, 62_450) is True
    declare(database, 62_460, 64_000, 62_460)
    assert quarantine.list_open(database.read()) == []
    assert change(database, 600, 62_470) is False


@pytest.mark.parametrize(
    ("begins", "ends", "by", "reason"),
    [(10, 10, "王", "纠斜"), (20, 10, "王", "纠斜"), (1, 4, "王", "纠斜"), (10, 10 + 32 * 86_400, "王", "纠斜"), (10, 20, " ", "纠斜"), (10, 20, "王", " ")],
)
def test_a_declaration_is_bounded_and_signed(database: Database, begins: int, ends: int, by: str, reason: str) -> None:
    """No reprocessing for ever, in the past, backwards, or without a name and a reason."""
    with pytest.raises(DeliveryRefused):
        declare(database, begins, ends, 5, by, reason)


@pytest.mark.parametrize("text", ["minutes = 0", 'share = "0"', "pages = 0", "page = 5"])
def test_a_site_cannot_take_the_brake_off(text: str) -> None:
    """Numbers may be changed, not to nothing."""
    with pytest.raises(SiteDataWrong, match="brake"):
        delivery_brake.rule(SiteData((("brake.toml", text),)))
    assert delivery_brake.rule(SiteData((("brake.toml", "pages = 700"),))) == BrakeRule(60, 700, Fraction(1, 100), 50, 31)
