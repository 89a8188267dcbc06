"""Items as page ranges: starts alone, ranges, overlaps, disorder; and that no page between first and last start is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.layout_volume import VolumeRow, parse_range, spans

RANGES = {
    "12": (12, None), "56-60": (56, 60), "56～60": (56, 60), "５６—６０": (56, 60), "1至3": (1, 3), "": None, "第3页": None, "0": None, "1.5": None, "9999999": None,
}  # fmt: skip


@pytest.mark.parametrize("text", RANGES)
def test_page_numbers_are_read_as_written(text: str) -> None:
    """A number, or two with a dash of any kind; anything else is no place."""
    assert parse_range(text) == RANGES[text]


def rows(*places: tuple[str, str, str]) -> list[VolumeRow]:
    """Rows by (页号, 终止页, 页数)."""
    return [VolumeRow(f"J1-1-1-{n}", f"J1-1-1-{n}", *place) for n, place in enumerate(places, 1)]


CASES = {
    "starts alone": ([("1", "", ""), ("4", "", ""), ("5", "", "")], 9, [(1, 3), (4, 4), (5, 9)]),
    "last is a range": ([("1", "", ""), ("4", "", ""), ("56-60", "", "")], 70, [(1, 3), (4, 55), (56, 60)]),
    "two columns": ([("1", "3", ""), ("3", "8", "")], 9, [(1, 3), (3, 8)]),
    "two short items on one page": ([("1", "", ""), ("4", "", ""), ("4", "", ""), ("5", "", "")], 6, [(1, 3), (4, 4), (4, 4), (5, 6)]),
    "a shared page by 页数": ([("1", "", "4"), ("4", "", "")], 6, [(1, 4), (4, 6)]),
    "by 页数 alone": ([("", "", "3"), ("", "", "1"), ("", "", "2")], 6, [(1, 3), (4, 4), (5, 6)]),
    "last beyond the images": ([("1", "", ""), ("9", "", "")], 5, [(1, 8), (9, 9)]),
}


@pytest.mark.parametrize("case", CASES)
def test_where_items_lie(case: str) -> None:
    """The end is its own, else the page before the next start; overlaps are legal."""
    places, last, expected = CASES[case]
    found = spans(rows(*places), last)
    assert [(span.first, span.last) for span in found.spans] == expected
    assert found.unplaced == ()


def test_rows_out_of_order_are_said_and_placed() -> None:
    """A start that goes back and a range that ends before it begins are remarks; a row without a place is named."""
    found = spans(rows(("5", "", ""), ("1", "", ""), ("9-7", "", ""), ("", "", "")), 12)
    assert len(found.remarks) == 2
    assert [row.code for row in found.unplaced] == ["J1-1-1-4"]
    assert [(span.first, span.last) for span in found.spans] == [(1, 4), (5, 8), (9, 9)]


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40), st.integers(1, 600))
def test_every_page_from_the_first_start_on_has_an_item(starts: list[int], last: int) -> None:
    """Sorted starts cover each page up to the volume's end, and no item is empty."""
    placed = spans(rows(*((str(start), "", "") for start in sorted(starts))), last).spans
    covered = {page for span in placed for page in range(span.first, span.last + 1)}
    assert set(range(min(starts), max(last, *starts) + 1)) <= covered | set(range(last + 1, max(starts)))
    assert all(span.first <= span.last for span in placed)
