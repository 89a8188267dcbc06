"""From the header row of a catalogue sheet to elements: the synonym table of data/columns.toml, nothing guessed."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from holdings.errors import SheetUnreadable

CODE: Final = "档号"
HEADER_WITHIN: Final = 20  # rows: banners and merged titles above the header of S1 to S4 (reference/users.md (d))
COLUMN_NAME_MAX: Final = 64  # characters; longer is a title row, not a header
_BLANK: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")


@dataclass(frozen=True, slots=True)
class Header:
    """The header found: `names[i]` is the element (or own name) of column i, None for a column without a name."""

    number: int
    names: tuple[str | None, ...]
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Plain name to element, and the names that must be asked about."""

    elements: Mapping[str, str]
    ambiguous: frozenset[str]


@functools.cache
def synonyms() -> Synonyms:
    """The table that ships with the program."""
    table = tomllib.loads((resources.files("holdings") / "data" / "columns.toml").read_text("utf-8"))
    elements = {plain(name): element for element, names in table["elements"].items() for name in (element, *names)}
    return Synonyms(elements, frozenset(plain(name) for name in table["ambiguous"]))


def plain(name: str) -> str:
    """A column name without spaces and in one width."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", name))


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row names columns: 档号 (or a synonym) and at least one more element, no cell as long as a title."""
    known = {synonyms().elements.get(plain(cell)) for cell in cells if len(cell) <= COLUMN_NAME_MAX} - {None}
    return CODE in known and len(known) >= 2


def read_header(number: int, cells: Sequence[str]) -> Header:
    """Map a header row.

    An exact name wins over its synonyms; two columns of one element are refused (SheetUnreadable): which one counts is
    for a person to say.
    """
    table, names = synonyms(), [plain(cell) for cell in cells]
    exact = {name for name in names if table.elements.get(name) == name}
    taken: dict[str, str] = {}
    mapped: list[str | None] = []
    unknown: list[str] = []
    ambiguous: list[str] = []
    for name in names:
        if not name:
            mapped.append(None)
            continue
        element = table.elements.get(name, name)
        if element != name and element in exact:
            element = name
            ambiguous.append(name)
        if element in taken:
            raise SheetUnreadable(
                f"表头有两列都是“{element}”（“{taken[element]}”和“{name}”）；请保留一列，其余改名后重新导入"
            )
        if element == name and name not in table.elements:
            (ambiguous if name in table.ambiguous else unknown).append(name)
        taken[element] = name
        mapped.append(element)
    return Header(number, tuple(mapped), tuple(unknown), tuple(ambiguous))
