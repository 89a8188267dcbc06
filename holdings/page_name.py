"""What the name of a page file says: its number, and the mark of an inserted or split page; pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from msgspec import Struct

from holdings.expression import expression

_COPY: Final = expression(r"[(（][0-9]{1,2}[)）]|(?: - )?副本|copy", re.IGNORECASE)
_MARK: Final = r"-[0-9]{1,2}|-[LRlr]|[A-Za-z]|补[0-9]*|[正反]"
_NUMBERED: Final = expression(rf"[^0-9]*(?P<n>[0-9]{{1,9}})(?P<mark>{_MARK})?[^0-9A-Za-z]*")
_DIGITS: Final = expression(r"[0-9]{1,9}")
_SIDES: Final = {"正": 0, "反": 1, "-L": 0, "-R": 1}


class PageName(Struct, frozen=True, order=True):
    """`number` and `mark` of a page: 12, 12-1, 12A, 12补1 (inserted after 12), 12正/12反 (the two sides of a leaf),
    5-L/5-R (the halves of a sheet scanned in two)."""

    number: int
    rank: tuple[int, int]
    mark: str

    @property
    def inserted(self) -> bool:
        """Whether the mark says that the page came later, after the one of its number."""
        return bool(self.mark) and self.mark not in _SIDES

    @property
    def half(self) -> bool:
        """Whether it is one half of a sheet that was scanned in two."""
        return self.mark in ("-L", "-R")

    @property
    def side(self) -> str:
        """正 or 反 when the mark says which side of a leaf it is, else empty."""
        return self.mark if self.mark in ("正", "反") else ""


def page_name(name: str) -> PageName | None:
    """Read a file name; the last run of digits when it has several, None when it has none."""
    stem = unicodedata.normalize("NFKC", name)
    stem = _COPY.sub("", stem.rpartition(".")[0] or stem)
    if found := _NUMBERED.fullmatch(stem):
        mark = (found["mark"] or "").upper()
        return PageName(int(found["n"]), _rank(mark), mark)
    runs = _DIGITS.findall(stem)
    return PageName(int(runs[-1]), (0, 0), "") if runs else None


def _rank(mark: str) -> tuple[int, int]:
    """Order among pages of one number: the page, its second side, then what was inserted after it."""
    if not mark:
        return (0, 0)
    if mark in _SIDES:
        return (0, _SIDES[mark])
    digits = _DIGITS.search(mark)
    if mark.isalpha() and mark.isascii():
        return (1, ord(mark))
    return (1, int(digits[0]) if digits else 0)
