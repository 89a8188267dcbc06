"""The catalogue as a tree: 全宗, 类别, 年度, 案卷, 件 as the codes themselves divide it. Reads what one level shows, whatever lies below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import catalogue_rows, fonds
from holdings.expression import expression
from holdings.record import Level

COUNTED_MAX: Final = 10_000
"""Rows below a branch are counted up to this many."""
_BEYOND: Final = "\U0010ffff"
_DIVIDER: Final = expression(r"[-·.]")


class Branch(Struct, frozen=True):
    """One thing of a level: `key` leads to what is below; a leaf is a row itself, whose key is its match key. `rows` stops at COUNTED_MAX.
    `linked`: no image of it is missing, be it that it has a record or that it describes a fonds or a series."""

    key: str
    rows: int
    leaf: bool
    code: str = ""
    title: str = ""
    date: str = ""
    linked: bool = False


def level(connection: apsw.Connection, prefix: str = "", after: str = "", limit: int = 200) -> tuple[list[Branch], str]:
    """(what is directly below a prefix, in the order of the codes, where to go on; empty at the end), at most `limit` from after a key on."""
    found: list[Branch] = []
    low, high = max(prefix, after), prefix + _BEYOND
    while len(found) < limit:
        key = catalogue_rows.next_key(connection, low, high)
        if key is None:
            return found, ""
        divider = _DIVIDER.search(key, len(prefix))
        if divider is None:
            found.append(_leaf(connection, key))
            low = key
            continue
        branch = key[: divider.end()]
        low = branch + _BEYOND
        found.append(Branch(branch, catalogue_rows.count_keys(connection, branch, low, COUNTED_MAX), leaf=False))
    return found, low


def named(connection: apsw.Connection, branch: Branch, prefix: str, words: Mapping[str, str]) -> Branch:
    """A branch with what its part of the codes means: the name of a fonds, else what `words` has for the part (`WS` 文书, `D30` 30年)."""
    part = branch.key[len(prefix) :].rstrip("-·.")
    title = words.get(part, "") if prefix else fonds.name_of(connection, part)
    return branch if branch.leaf or not title else replace(branch, title=title)


def _leaf(connection: apsw.Connection, key: str) -> Branch:
    row = catalogue_rows.full(connection, key)
    if row is None:
        return Branch(key, 1, leaf=True)
    linked = bool(row.linked) or row.level < Level.VOLUME
    return Branch(key, 1, leaf=True, code=row.code, title=row.title, date=row.date, linked=linked)
