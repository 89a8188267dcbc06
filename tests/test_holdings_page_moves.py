"""What became of pages between two versions, by their images and not by their names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdings.page_moves import Moves, moves


def version(images: list[int], start: int = 1) -> list[tuple[str, bytes]]:
    """Pages named 0001.jpg … in order, each with an image."""
    return [(f"{n:04d}.jpg", image.to_bytes(4, "big")) for n, image in enumerate(images, start)]


def test_an_inserted_page_shifts_those_behind_it() -> None:
    """One page inserted as the third of 70 is told as one inserted and 68 shifted, and nothing replaced."""
    before = list(range(70))
    found = moves(version(before), version([*before[:2], 999, *before[2:]]))
    assert found.text == "插入 1 页，顺延 68 页"
    assert found.inserted == ("0003.jpg",)
    assert found.replaced == ()


def test_each_kind_of_change_is_told() -> None:
    """Replaced, removed, renamed and reordered pages each have their word; equal versions have none."""
    assert moves(version([1, 2, 3]), version([1, 9, 3])).text == "换 1 页"
    assert moves(version([1, 2, 3]), version([1, 3])).text == "删除 1 页，顺延 1 页"
    assert moves(version([1, 2]), version([1, 2], 2)).text == "改名 2 页"
    assert moves(version([1, 2, 3]), version([3, 1, 2])).text == "改名 3 页，调序 1 页"
    assert not moves(version([1, 2, 2]), version([1, 2, 2]))


@given(st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(0, 9), max_size=30))
def test_every_page_is_accounted_for(before: list[int], after: list[int]) -> None:
    """Pages that stayed, were removed or replaced are all of the old ones; stayed, inserted and replaced all of the new ones."""
    found = moves(version(before), version(after))
    stayed = sum(min(before.count(image), after.count(image)) for image in set(before))
    assert stayed + len(found.removed) + len(found.replaced) == len(before)
    assert stayed + len(found.inserted) + len(found.replaced) == len(after)
    assert len(found.renamed) <= stayed
    assert found.reordered <= max(0, stayed - 1)


@given(st.lists(st.integers(0, 10**6), unique=True, min_size=1, max_size=60), st.data())
def test_a_shift_is_never_a_replacement(images: list[int], data: st.DataObject) -> None:
    """Wherever new pages are put in between, no old page counts as replaced, removed or out of order."""
    at = data.draw(st.integers(0, len(images)))
    fresh = [-n % 2**32 for n in range(1, data.draw(st.integers(1, 5)) + 1)]
    found = moves(version(images), version([*images[:at], *fresh, *images[at:]]))
    assert (len(found.inserted), len(found.renamed)) == (len(fresh), len(images) - at)
    assert found == Moves(found.inserted, (), (), found.renamed, 0)
