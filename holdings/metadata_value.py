"""Typed values of elements: whole numbers, sizes, years, dates, time codes, identity numbers, file names; pure.

Each reader says in Chinese what form is expected, never what was found.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from holdings.av_time import read_time
from holdings.category import ValueType
from holdings.dates import WrittenDate, is_unknown_date, read_date
from holdings.expression import expression

DATED: Final = frozenset({ValueType.DATE, ValueType.DATES, ValueType.YEAR})
FILE_NAME_MAX: Final = 1024  # bytes, format.md §14: a name
FILES_MAX: Final = 1000  # names in one cell
_KNOWN: Final = 8192  # values that are remembered: years, dates and page counts repeat a lot
_WHOLE: Final = expression(r"[0-9]{1,9}(?:[页张件拍面个份卷册盘幅]|画幅|余页)?")
_DECIMAL: Final = expression(
    r"[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]{1,6})?(?P<u1>[^0-9]{0,12})|[0-9]{1,15}(?:\.[0-9]{1,6})?(?P<u2>[^0-9]{0,12})"
)
_YEAR: Final = expression(r"([0-9]{4})年?(?:度)?")
_ID_18: Final = expression(r"[1-9][0-9]{5}([0-9]{8})[0-9]{3}[0-9X]")
_ID_15: Final = expression(r"[1-9][0-9]{5}([0-9]{6})[0-9]{3}")
_ID_OTHER: Final = expression(r"[A-Z0-9()（）/ -]{5,20}")  # passports, officers' papers, permits of Hong Kong and Macao
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999 (ISO 7064 MOD 11-2)
_CHECKS: Final = "10X98765432"


class Wrong(Struct, frozen=True):
    """What form is expected; `doubtful` when the form is right and the value cannot well be."""

    text: str
    doubtful: bool = False


def read(kind: ValueType, value: str, years: range, most: int = 0) -> Wrong | None:
    """What is wrong with a value of a type, None when nothing is. `years` are those that can be, `most` bounds a number
    (0 = not bounded).
    """
    return _read(kind, value, years.start, years.stop, most)


@functools.lru_cache(maxsize=_KNOWN)
def _read(kind: ValueType, value: str, first: int, stop: int, most: int) -> Wrong | None:
    if kind is ValueType.WHOLE:
        return _whole(value, most)
    if kind in DATED:
        return _dated(kind, value, range(first, stop))
    reader = _PLAIN.get(kind)
    return reader(value) if reader else None


def _whole(value: str, most: int) -> Wrong | None:
    plain = unicodedata.normalize("NFKC", value).strip()
    if not _WHOLE.fullmatch(plain):
        return Wrong("应为整数")
    number = int(re.sub("[^0-9]", "", plain))
    return Wrong(f"至多 {most:,}", doubtful=True) if most and number > most else None


def _decimal(value: str) -> Wrong | None:
    plain = unicodedata.normalize("NFKC", value).strip()
    return None if _DECIMAL.fullmatch(plain) else Wrong("应为数字，单位写在后面")


def _dated(kind: ValueType, value: str, years: range) -> Wrong | None:
    """A year, a date or a period; 不详 and its like are allowed."""
    if kind is ValueType.YEAR:
        found = _YEAR.fullmatch(unicodedata.normalize("NFKC", value).strip())
        if not found:
            return Wrong("应为四位数字的年度")
        return None if int(found[1]) in years else _doubtful(years)
    date = read_date(value)
    if date is None:
        return None if is_unknown_date(value) else Wrong(_FORMS[kind])
    return _plausible(date, years)


def _plausible(date: WrittenDate, years: range) -> Wrong | None:
    """Both ends within the years that can be."""
    ends = (date.start, date.end or date.start)
    return None if all(year in years for year, _, _ in ends) else _doubtful(years)


def _doubtful(years: range) -> Wrong:
    return Wrong(f"年份应在 {years.start} 至 {years.stop - 1} 之间", doubtful=True)


def _time(value: str) -> Wrong | None:
    return None if read_time(value) else Wrong("时码应为 时:分:秒 或 时:分:秒:帧")


def _identity(value: str) -> Wrong | None:
    plain = unicodedata.normalize("NFKC", value).strip().upper()
    if found := _ID_18.fullmatch(plain):
        if _CHECKS[sum(int(d) * w for d, w in zip(plain, _WEIGHTS, strict=False)) % 11] != plain[17]:
            return Wrong("GB 11643-1999：公民身份号码的校验码不对", doubtful=True)
        return None if read_date(found[1]) else Wrong("GB 11643-1999：公民身份号码中的出生日期不对", doubtful=True)
    if _ID_15.fullmatch(plain):
        return None
    if plain.isdigit() and len(plain) >= 15:
        return Wrong("GB 11643-1999：公民身份号码应为 18 位（旧的 15 位）")
    return None if _ID_OTHER.fullmatch(plain) else Wrong("证件号码应为数字和大写字母")


def _file(value: str) -> Wrong | None:
    if len(value.encode("utf-8", "surrogatepass")) > FILE_NAME_MAX:
        return Wrong(f"文件名至多 {FILE_NAME_MAX:,} 字节")
    return Wrong('文件名不能含 < > | * ? "') if re.search(r'[<>|*?"]', value) else None


def _files(value: str) -> Wrong | None:
    names = re.split("[;；|\n]", value)
    if len(names) > FILES_MAX:
        return Wrong(f"文件名至多 {FILES_MAX:,} 个")
    return next((wrong for name in names if (wrong := _file(name)) is not None), None)


_FORMS: Final = {
    ValueType.DATE: "DA/T 18-2022：日期应为 YYYYMMDD，考证日期加 [ ]",
    ValueType.DATES: "起止日期应为 YYYYMMDD-YYYYMMDD，只知年月的可写 YYYYMM",
}
_PLAIN: Final[dict[ValueType, Callable[[str], Wrong | None]]] = {
    ValueType.DECIMAL: _decimal,
    ValueType.TIME: _time,
    ValueType.IDENTITY: _identity,
    ValueType.FILE: _file,
    ValueType.FILES: _files,
}
