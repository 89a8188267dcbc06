"""A row of a sheet in the form in which the catalogue stores it: made in the sandbox, bound as it is; pure.

Values stand in an array beside the names of their columns, so that seventeen million rows do not repeat those names.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from holdings.columns import CODE
from holdings.expression import expression
from holdings.record import DATE, ELEMENTS_MAX, TITLE, Level
from holdings.security import MarkKind
from holdings.sheet_notes import SheetRow

DIGEST_SIZE: Final = 16
_DIGITS: Final = expression("[0-9]+")
_DIGITS_MAX: Final = 20  # significant digits of a number that order; longer ones are compared by their last 20
_OWN: Final = 0
"""In place of a value: it stands in the column of its own (code, title, date)."""


class Line(Struct, array_like=True, gc=False):
    """One row as stored. `elements` is a JSON array beside `columns` of its portion, in UTF-8: nobody between the sandbox and the
    database reads it as text. `digest`: 16 bytes of what it says.

    A row that an open site withholds has key, volume, mark and place alone; a `refused` one is only known to be there, and
    when it is a `duplicate` it contradicts the one that stands.
    """

    number: int
    key: str
    mark: MarkKind = MarkKind.OPEN
    refused: bool = False
    duplicate: bool = False
    tab: str = ""
    volume: str | None = None
    code: str = ""
    ordering: str = ""
    title: str = ""
    date: str = ""
    elements: bytes = b""
    digest: bytes = b""
    above: Level | None = None

    @property
    def level(self) -> Level:
        """A fonds or a series where the sheet or the code says so, else the level its code names: a volume, or an item."""
        return self.above or (Level.VOLUME if self.volume == self.key else Level.ITEM)


class LineMaker:
    """Makes lines of the rows of one sheet; `columns` grow when a row has a value that the header does not name."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._volume = self._volume_order = ""
        self._encode = msgspec.json.Encoder().encode
        self._sorted = msgspec.json.Encoder(order="sorted").encode
        self._set_columns(dict.fromkeys(columns))

    def _set_columns(self, names: Iterable[str]) -> None:
        self.columns = tuple(names)
        place = {name: index for index, name in enumerate(self.columns)}
        self._own = tuple(place.get(name) for name in (CODE, TITLE, DATE))

    def _ordering(self, row: SheetRow) -> str:
        """The sort key of its code; the part of its volume is that of the row before as a rule, and numbers come again."""
        key, volume = row.key, row.volume
        if not volume or not key.startswith(volume):
            return sort_key(key)
        rest = key[len(volume) :]
        if rest and rest[0] != "-":
            return sort_key(key)
        if volume != self._volume:
            # Volumes of one inventory differ in their last number.
            head, hyphen, last = volume.rpartition("-")
            self._volume, self._volume_order = volume, _remembered(head) + sort_key(hyphen + last)
        return self._volume_order + _remembered(rest)

    def make(self, row: SheetRow) -> Line:
        """The line of a row."""
        if row.refused or (row.mark is not MarkKind.OPEN and not row.code):
            return Line(row.number, row.key, row.mark, row.refused, row.duplicate, row.tab, row.volume)
        values = row.values
        get = values.get
        cells: list[str | int | None] = list(map(get, self.columns))
        if len(values) != len(cells) - cells.count(None):
            self._set_columns(dict.fromkeys((*self.columns, *values)))
            if len(self.columns) > 2 * ELEMENTS_MAX:
                raise ValueError(f"目录表的列超过 {2 * ELEMENTS_MAX}；请核对表头")
            return self.make(row)
        title, date = get(TITLE) or "", get(DATE) or ""
        code_at, title_at, date_at = self._own
        if code_at is not None and cells[code_at] == row.code:
            cells[code_at] = _OWN
        if title_at is not None and title:
            cells[title_at] = _OWN
        if date_at is not None and date:
            cells[date_at] = _OWN
        # What a row says does not depend on the order of its columns, nor on columns that are blank.
        said = (row.code, values) if row.above is None else (row.code, values, row.above)
        digest = blake2b(self._sorted(said), digest_size=DIGEST_SIZE).digest()
        return Line(
            row.number, row.key, row.mark, row.refused, row.duplicate, row.tab, row.volume, row.code, self._ordering(row),
            title, date, self._encode(cells), digest, row.above,
        )  # fmt: skip


def values_of(columns: Sequence[str], elements: str | bytes, own: tuple[str, str, str]) -> dict[str, str]:
    """The values of a stored row by their names; `own` are its code, title and date. Blank ones are left out."""
    cells = msgspec.json.decode(elements)
    if isinstance(cells, dict):  # a row of the first schema
        return cells
    columns_of_own = {CODE: own[0], TITLE: own[1], DATE: own[2]}
    return {
        name: columns_of_own[name] if cell == _OWN else cell
        for name, cell in zip(columns, cells, strict=False)
        if cell is not None
    }


@functools.lru_cache(4096)
def _remembered(part: str) -> str:
    return sort_key(part)


def sort_key(key: str) -> str:
    """A string that sorts match keys as people count: each run of digits is its length and its significant digits."""
    return _DIGITS.sub(_number, key)


def _number(run: re.Match[str]) -> str:
    digits = run[0].lstrip("0")[-_DIGITS_MAX:]
    return chr(48 + len(digits)) + digits
