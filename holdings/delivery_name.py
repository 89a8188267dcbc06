"""What the name of a delivery's folder says: `第03批_20231018`, `扫描站2/20231018`; pure."""

from __future__ import annotations

import unicodedata
from typing import Final

from msgspec import Struct

from holdings.expression import expression

_NUMBER: Final = expression(r"第\s*([0-9]{1,6}|[零〇一二三四五六七八九十百]{1,7})\s*批")
_DATE: Final = expression(
    r"(?<![0-9])((?:19|20)[0-9]{2})[-.年]?(0[1-9]|1[0-2])[-.月]?(0[1-9]|[12][0-9]|3[01])日?(?![0-9])"
)
_STATION: Final = expression(r"扫描站\s*[-_]?\s*[0-9A-Za-z一二三四五六七八九十]{1,8}")
_DIGITS: Final = {**{c: n for n, c in enumerate("零一二三四五六七八九")}, "〇": 0}


class DeliveryName(Struct, frozen=True):
    """Number as in 第03批, date as YYYYMMDD, scanning station; None or empty where the name does not say."""

    number: int | None = None
    date: str = ""
    station: str = ""


def read_name(name: str) -> DeliveryName:
    """Read a folder name or a path of several; the last part that says something wins."""
    text = unicodedata.normalize("NFKC", name)
    numbers, dates, stations = _NUMBER.findall(text), _DATE.findall(text), _STATION.findall(text)
    number = _number(numbers[-1]) if numbers else None
    return DeliveryName(
        number or None, "".join(dates[-1]) if dates else "", "".join(stations[-1].split()) if stations else ""
    )


def _number(text: str) -> int:
    """Arabic or Chinese numerals up to 999."""
    if text.isascii():
        return int(text)
    hundreds, mark, rest = text.rpartition("百")
    total = 100 * (_DIGITS.get(hundreds, 1)) if mark else 0
    tens, mark, ones = rest.rpartition("十")
    if mark:
        return total + 10 * _DIGITS.get(tens.strip("零〇"), 1) + _DIGITS.get(ones, 0)
    digits = [_DIGITS[c] for c in ones if c in _DIGITS]
    return total + int("".join(map(str, digits)) or "0")
