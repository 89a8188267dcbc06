"""Which files of a record show the same pages (版本用途, format.md §6.3), so that a page is read once; pure.

The text of a 双层PDF is taken and its pictures are not read again; where keeping and use copies correspond, the keeping copies are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from holdings.layout_words import Role, Use

_FIRST: Final = (Use.SEARCHABLE, Use.MASTER, Use.ACCESS)


class Plan(Enum):
    """What becomes of a file when its record is read."""

    READ = "read"
    AFTER = "after"
    """Only when the 双层PDF of its pages gives no text."""
    SAME = "same"
    """Another file shows its page, or it shows none of the record."""


def plan(uses: bytes, roles: bytes, count: int) -> tuple[Plan, ...]:
    """What becomes of each of `count` files; `uses` and `roles` as the record's body has them."""
    roles = roles if len(roles) == count else bytes(count)
    if len(uses) != count:
        return tuple(Plan.SAME if role == Role.TARGET else Plan.READ for role in roles)
    sizes = Counter(uses)
    return tuple(_one(use, role, sizes) for use, role in zip(uses, roles, strict=True))


def _one(use: int, role: int, sizes: Mapping[int, int]) -> Plan:
    if use == Use.THUMBNAIL or role == Role.TARGET:
        return Plan.SAME
    if use == Use.ACCESS and sizes.get(Use.ACCESS) == sizes.get(Use.MASTER):
        return Plan.SAME
    if use in (Use.MASTER, Use.ACCESS) and sizes.get(Use.SEARCHABLE):
        return Plan.AFTER
    return Plan.READ


def covered(searchable_pages: int, pictures: int) -> bool:
    """Do the pages of the 双层PDF stand for the pictures? Only when their numbers agree: then the n-th is the n-th."""
    return searchable_pages == pictures > 0


def shown(uses: bytes, pages: Sequence[int]) -> dict[tuple[int, int], tuple[int, int]]:
    """Where the text of a page of a file stands that was not read itself: {(file, page): (file, page)}.

    Args:
        pages: how many pages each file has, by position.
    """
    if len(uses) != len(pages):
        return {}
    order: dict[int, list[tuple[int, int]]] = {}
    for position, (use, count) in enumerate(zip(uses, pages, strict=True)):
        order.setdefault(use, []).extend((position, page) for page in range(count))
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for use in _FIRST:
        for other, places in order.items():
            if other != use and len(places) == len(order.get(use, ())):
                for place, source in zip(places, order[use], strict=True):
                    found.setdefault(place, source)
    return found
