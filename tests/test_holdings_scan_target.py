"""Targets of digitisation, and progress against them through mergers of districts (holdings/scan_target.py, hub/progress.py)."""

import datetime as dt

import pytest

from holdings.district import District, Districts, districts
from holdings.errors import SiteDataWrong
from holdings.scan_target import CITY, Target, Targets, targets
from holdings.site_data import SiteData
from hub.monitor import Condition, Row
from hub.progress import progress

DAY = dt.date(2026, 11, 23)
SINCE, UNTIL = dt.date(2026, 1, 1), dt.date(2030, 12, 31)
MERGED = dt.date(2028, 6, 1)
KNOWN = Districts("某市", {
    one.code: one
    for one in (
        District("990101", "东区", until=MERGED, into="990103"), District("990102", "西区", until=MERGED, into="990103"),
        District("990103", "新区", since=MERGED), District("990104", "南区"), District("990105", "北区", until=MERGED, into="990104"),
    )
})  # fmt: skip
EACH = Targets(
    (
        Target(CITY, 10_000_000, SINCE, UNTIL),
        Target("*", 1_000_000, SINCE, UNTIL),
        Target("990105", 300_000, SINCE, UNTIL),
    )
)


def row(name: str, code: str, pages: int, condition: Condition = Condition.NORMAL) -> Row:
    """A node."""
    return Row(name, name.encode().hex(), code, condition, 0, 0, 0, pages // 10, pages, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("code", "day", "pages"),
    [
        (CITY, DAY, 10_000_000),
        ("990101", DAY, 1_000_000),
        ("990105", DAY, 300_000),
        (CITY, dt.date(2025, 1, 1), None),
        ("990101", dt.date(2031, 1, 1), None),
        ("990103", MERGED, 2_000_000),
        ("990104", MERGED, 1_300_000),
        ("990104", MERGED - dt.timedelta(days=1), 1_000_000),
        ("999999", DAY, 1_000_000),
    ],
)
def test_a_target_holds_from_day_to_day(code: str, day: dt.date, pages: int | None) -> None:
    """Each archive has its own target or that of all; an heir has those of whom it took over while they held; none beyond its days."""
    found = EACH.of(code, day, KNOWN)
    assert (found.pages if found else None) == pages


def test_the_shipped_targets() -> None:
    """Ten million pages for the city, one million for each district of today; 滨海新区 came together before and has one."""
    goal = targets()
    for code, pages in ((CITY, 10_000_000), ("120101", 1_000_000), ("120116", 1_000_000)):
        found = goal.of(code, DAY, districts())
        assert found is not None and found.pages == pages


@pytest.mark.parametrize(
    "text",
    [
        "[[target]]\ncode = 'x'\npages = 1\nsince = 2026-01-01\nuntil = 2026-02-01",
        "[[target]]\ncode = '*'\npages = 0\nsince = 2026-01-01\nuntil = 2026-02-01",
        "[[target]]\ncode = '*'\npages = 1\nsince = 2026-03-01\nuntil = 2026-02-01",
        "[[target]]\ncode = '*'\npages = 1",
        "[[target]]\ncode = '*'\npages = 1\nsince = 2026-01-01\nuntil = 2026-02-01\n[[target]]\ncode = '*'\npages = 1\nsince = 2026-02-01\nuntil = 2026-03-01",
    ],
)
def test_a_wrong_target_is_named(text: str) -> None:
    """An archive that is none, no pages, days turned round, two targets at one time: refused with the file's name."""
    with pytest.raises(SiteDataWrong, match=r"targets\.toml"):
        targets(SiteData((("targets.toml", text),)))


def test_progress_goes_to_the_heir() -> None:
    """Pages of dissolved districts count for the heir, nodes without a district stand apart, and the speed says whether the day will be met."""
    rows = [
        row("a", "990101", 60_000),
        row("b", "990102", 40_000),
        row("c", "", 7),
        row("d", "990000", 9_990_000),
        row("e", "990104", 2_000_000),
    ]
    before = {
        b"a": ((MERGED - dt.timedelta(days=30)).isoformat(), 30_000),
        b"b": ((MERGED - dt.timedelta(days=10)).isoformat(), 40_000),
        b"d": ("2028-05-02", 9_987_000),
    }
    found = {one.code: one for one in progress(rows, before, KNOWN, EACH, MERGED)}
    assert (found["990103"].pages, found["990103"].nodes, found["990103"].per_day) == (100_000, ("a", "b"), 1_000)
    assert (found["990103"].share, found["990103"].late) == (0.05, True)
    assert (found[""].pages, found[""].target) == (7, None)
    assert (found[CITY].per_day, found[CITY].late, found[CITY].reached) == (100, False, MERGED + dt.timedelta(days=101))
    assert (found["990104"].late, found["990104"].reached) == (False, None)
    assert "990101" not in found
