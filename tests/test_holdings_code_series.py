"""Gaps, repeats and disorder in series of codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings import code_series
from holdings.code_series import GROUPS_MAX, Ranges, Series, SeriesFault, SeriesFinding, series

GAP, REPEAT, DISORDER = SeriesFault.GAP, SeriesFault.REPEAT, SeriesFault.DISORDER
G = "A002-RS-001-"

CASES = [
    ([1, 2, 3], []),
    ([], []),
    ([2, 3, 7], [(GAP, 1, 1), (GAP, 4, 6)]),
    ([1, 2, 2, 3, 3, 3], [(REPEAT, 2, 3)]),
    ([1, 3, 2, 4], [(DISORDER, 2, 3)]),
    ([3, 2, 1], [(DISORDER, 2, 3), (DISORDER, 1, 2)]),
    ([1, 1, 5], [(GAP, 2, 4), (REPEAT, 1, 1)]),
    ([1, 999_999_999], [(GAP, 2, 999_999_998)]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_series_of_one_volume(case: tuple[list[int], list[tuple[SeriesFault, int, int]]]) -> None:
    """What is missing, occurs again or stands in the wrong place is told in ranges, in rising order."""
    numbers, expected = case
    found = list(series(f"{G}{n:03d}" for n in numbers))
    assert [(f.fault, f.first, f.last) for f in found] == expected
    assert {f.group for f in found} <= {G}


def test_groups_are_apart_and_look_alikes_together() -> None:
    """Each volume and each category counts for itself, however its separators are written; other codes are in no series."""
    codes = ["A002-RS-001-001", "A002-RS-002-001", "A002—RS—001—００2", "A002-RS-002-003", "婚字第12号", "A002-RS-001"]
    taken = Series()
    assert not any(taken.add(code) for code in codes)
    assert list(taken.findings()) == [SeriesFinding(GAP, "A002-RS-002-", 2, 2, 3)]
    assert (taken.counted, taken.uncounted) == (5, 1)
    assert SeriesFinding(GAP, G, 2, 4, 3).detail == "缺号 A002-RS-001-002…004"
    assert SeriesFinding(DISORDER, G, 2, 4, 3).detail == "A002-RS-001-002 排在 004 之后"


def test_a_series_may_begin_anywhere() -> None:
    """With no start asked for, the smallest number begins the series."""
    assert [(f.first, f.last) for f in series(["A-7", "A-9"], start=None)] == [(8, 8)]


@given(st.lists(st.integers(1, 60), max_size=80))
def test_series_agrees_with_counting(numbers: list[int]) -> None:
    """Ranges say exactly what sets say: missing, repeated, and how often the order goes down to a new number."""
    taken = Series()
    assert not any(taken.add(f"{G}{n}") for n in numbers)
    found = list(taken.findings())

    def told(fault: SeriesFault) -> list[int]:
        return [n for f in found if f.fault is fault for n in range(f.first, f.last + 1)]

    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    assert told(GAP) == missing
    assert told(REPEAT) == sorted({n for n in numbers if numbers.count(n) > 1})
    new = [n for at, n in enumerate(numbers) if at and n not in numbers[:at] and n < numbers[at - 1]]
    assert [f.first for f in found if f.fault is DISORDER] == new
    assert taken.faults == {GAP: len(missing), REPEAT: len(numbers) - len(set(numbers)), DISORDER: len(new)}


@given(st.lists(st.integers(0, 40)))
def test_ranges_are_a_set(numbers: list[int]) -> None:
    """Ranges hold what was put in, neither touch nor overlap, and tell what was there."""
    ranges, held = Ranges(), set[int]()
    for number in numbers:
        assert ranges.add(number) == (number not in held)
        held.add(number)
    assert [n for first, last in ranges for n in range(first, last + 1)] == sorted(held)
    assert all(b[0] > a[1] + 1 for a, b in zip(list(ranges), list(ranges)[1:], strict=False))


def test_memory_is_bounded_in_groups() -> None:
    """A group is let go, with its findings, when too many others came after it."""
    taken = Series()
    told = [f for n in range(GROUPS_MAX + 2) for f in taken.add(f"A-{n:05d}-2")]
    assert [(f.group, f.first) for f in told] == [("A-00000-", 1), ("A-00001-", 1)]
    assert len(list(taken.findings())) == GROUPS_MAX


def test_a_wild_series_is_told_in_part_and_counted_in_full() -> None:
    """Only so many ranges are told of one group."""
    taken = Series()
    count = code_series.TOLD_MAX + 50
    assert not any(taken.add(f"A-{2 * n}") for n in range(1, count + 1))
    assert len(list(taken.findings())) == code_series.TOLD_MAX
    assert taken.faults[GAP] == count
