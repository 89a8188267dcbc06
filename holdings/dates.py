"""Dates of records 成文日期 as sheets write them, checked against the calendar; pure.

What people write (58.3.12, 一九五八年三月, 民国三十八年, 1958.3-1959.12, [195803]) becomes what DA/T 18-2022 asks for:
YYYYMMDD, or less where day or month are not known, conjectured dates 考证日期 in square brackets, two with a hyphen for
a period. Words that say how certain a date is stand in holdings/date_doubt.py.
"""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import unicodedata
from typing import Final, TypeAlias

from msgspec import Struct

from holdings.date_doubt import DayOrder, known_part, year_last
from holdings.date_words import arabic_date
from holdings.expression import expression

Ymd: TypeAlias = tuple[int, int, int]
"""Year, month, day; 0 = not known."""

YEARS: Final = range(1, 2101)  # holdings reach far back; nothing is dated after this century
DATE_TEXT_MAX: Final = 64  # characters; a longer cell is no date
CENTURY: Final = 30
"""Two-digit years: from here to 99 they are 19xx, below 20xx. Holdings on paper are mostly of 1949 to 1999."""
_KNOWN: Final = 1 << 15  # dates repeat a lot: a sheet of a million rows has some twenty thousand different ones
_PARTED: Final = expression(
    r"(?P<y>[0-9]{4}|[0-9]{2})(?:[-/.年](?:(?P<m>[0-9]{1,2})(?:[-/.月](?:(?P<d>[0-9]{1,2})日?)?)?)?)?"
    r"(?:[ T]?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\.0+)?)?"  # the time of day that other systems add
)
_SPAN: Final = expression(r"[-~\u301c至到—–―]{1,2}")
_WITHIN: Final = expression(r"(?:(?P<m>[0-9]{1,2})[./月-])?(?P<d>[0-9]{1,2})日?")  # ends of a period: 15, 4.5, 4月5日
_SERIAL: Final = expression(r"[0-9]{5}(?:\.[0-9]+)?")
_BRACKETS: Final = {"[": "]", "【": "】", "〔": "〕", "［": "］"}
_UNKNOWN: Final = frozenset({"不详", "无", "无日期", "未详", "缺", "日期不详", "年代不详", "-", "—", "?"})
_VAGUE_MAX: Final = 16  # characters
_VAGUE: Final = expression(
    r"约?[0-9\u3007\u4e00-\u9fff]{0,10}(?:年代|世纪|时期|年间|期间|(?:解放|建国|事变|抗战|战)[前后]|[清明末]末|清代|明代|民国)"
    r"[初中末前后]?[期叶]?"
    r"|[12][0-9]{2}[-?xX×*□○_]年?|[12][0-9][-?xX×*□○_]{2}年?"  # 195?, 19××: a decade, a century
)
_EMPTY_DATES: Final = {(1899, 12, 30), (1899, 12, 31), (1900, 1, 0), (1900, 1, 1)}
"""What spreadsheet programs show for a date cell that holds nothing."""
_SERIAL_ZERO: Final = 693_594  # ordinal of 1899-12-30: serial numbers count from there (right from March 1900 on)
SERIALS: Final = range(61, 73_415)  # 1900-03-01 to 2100-12-31


class WrittenDate(Struct, frozen=True):
    """A date or period as read. `century_guessed` says that a two-digit year was read by CENTURY."""

    start: Ymd
    end: Ymd | None = None
    conjectured: bool = False
    century_guessed: bool = False

    @property
    def text(self) -> str:
        """As DA/T 18-2022 writes it: `19580312`, `195803`, `[195803]`, `195803-195912`."""
        span = _digits(self.start) + (f"-{_digits(self.end)}" if self.end else "")
        return f"[{span}]" if self.conjectured else span


@functools.lru_cache(maxsize=_KNOWN)
def read_date(text: str, century: int = CENTURY, order: DayOrder | None = None) -> WrittenDate | None:
    """Read a date or a period in any notation of this module; None when it is no date of the calendar.

    Two-digit years from `century` to 99 are 19xx, those below are 20xx. What may be day or month is read as `order` says;
    without it such a text is no date, see `asks_order`.
    """
    if len(text) == 8 and text.isascii() and text.isdigit():
        return _checked(int(text[:4]), int(text[4:6]), int(text[6:]))
    if not text or len(text) > DATE_TEXT_MAX:
        return None
    folded = unicodedata.normalize("NFKC", text).strip()
    conjectured = _BRACKETS.get(folded[:1], "no") == folded[-1:]
    if conjectured:
        folded = folded[1:-1]
    plain, era_guessed = arabic_date(folded)
    plain = plain.replace(" ", "") if ":" not in plain else plain
    found = _single(plain, century)
    if found is None:
        last, either = year_last(plain, order)
        found = None if either else _single(last, century) if last else _period(plain, century)
        if found is None and not either:
            plain, doubtful = known_part(plain)
            conjectured = conjectured or doubtful
            found = _single(plain, century) or _period(plain, century)
    if found is None or not (conjectured or era_guessed):
        return found
    return WrittenDate(found.start, found.end, conjectured=True, century_guessed=found.century_guessed)


def parse_date(text: str) -> Ymd | None:
    """Year, month, day (0 = not known) of a date, the first one of a period; None when it is no date."""
    found = read_date(text)
    return found.start if found else None


def asks_order(text: str) -> bool:
    """Whether a text is a date of which nobody can tell the day from the month: 5/1/2011."""
    return len(text) <= DATE_TEXT_MAX and year_last(unicodedata.normalize("NFKC", text).strip(), None)[1]


def is_unknown_date(text: str) -> bool:
    """Whether a cell says in words that nothing, or too little for a date, is known: 不详, 五十年代, 解放前, 清末."""
    return text in _UNKNOWN or (len(text) <= _VAGUE_MAX and _VAGUE.fullmatch(text) is not None)


def is_serial(text: str, shift: int = 0) -> bool:
    """Whether a text can be the day number by which a spreadsheet program keeps a date (five digits, perhaps a time)."""
    return len(text) >= 5 and text[:5].isdigit() and bool(_SERIAL.fullmatch(text)) and int(text[:5]) + shift in SERIALS


def serial_date(text: str, shift: int = 0) -> str:
    """The date of a day number as YYYYMMDD: 29567 is 19801212. Only for texts that `is_serial` lets pass.

    `shift`: days between the program's first day and 1900 (1,462 in workbooks that count from 1904).
    """
    return dt.date.fromordinal(_SERIAL_ZERO + int(text[:5]) + shift).strftime("%Y%m%d")


def date_fault(text: str) -> str:
    """Why a 成文日期 cannot stand, in Chinese; empty when it can, or is blank."""
    if not text or read_date(text) or is_unknown_date(text):
        return ""
    if asks_order(text):
        return f"“{text}”分不清哪个是月、哪个是日"
    if _SERIAL.fullmatch(text):
        return f"“{text}”像是表格软件的日期序号，不是日期"
    return f"“{text[:40]}”不是日历上的日期"


def is_empty_date(text: str) -> bool:
    """Whether a date is the one that spreadsheet programs show for an empty cell."""
    return parse_date(text) in _EMPTY_DATES


def _single(plain: str, century: int) -> WrittenDate | None:
    """One date, in digits."""
    if plain.isdigit():
        if len(plain) == 8:
            return _checked(int(plain[:4]), int(plain[4:6]), int(plain[6:]))
        if len(plain) == 6:  # 195803; 580312 only where it cannot be a month of a year
            return _checked(int(plain[:4]), int(plain[4:]), 0) or _short(plain[:2], plain[2:4], plain[4:], century)
        return _checked(int(plain), 0, 0) if len(plain) == 4 else None
    found = _PARTED.fullmatch(plain)
    if not found or ("." in plain and "-" in plain and ":" not in plain):  # 1958.3-12 is a period
        return None
    year, month, day = found["y"], found["m"] or "0", found["d"] or "0"
    if len(year) == 2:
        # 58年 and 58.3 are years; 12 alone, or 10:30, is none.
        return _short(year, month, day, century) if found["m"] or "年" in plain else None
    return _checked(int(year), int(month), int(day))


def _short(year: str, month: str, day: str, century: int) -> WrittenDate | None:
    """A date with a two-digit year."""
    full = int(year) + (1900 if int(year) >= century else 2000)
    return _checked(full, int(month), int(day), guessed=True)


def _period(plain: str, century: int) -> WrittenDate | None:
    """Two dates with a hyphen, a dash or 至 between them; the second may leave out the year, or year and month: 1958.3-12,
    1958.3.12~15.
    """
    for mark in _SPAN.finditer(plain):
        start, end = _single(plain[: mark.start()], century), plain[mark.end() :]
        if start is None or not end:
            continue
        last = _within(start.start, end) or _single(end, century)
        if last is None and start.start[1] and not start.start[2] and end.rstrip("月").isdigit():
            last = _checked(start.start[0], int(end.rstrip("月")), 0)
        if last is not None and _not_before(last.start, start.start):
            return WrittenDate(start.start, last.start, century_guessed=start.century_guessed or last.century_guessed)
    return None


def _within(start: Ymd, end: str) -> WrittenDate | None:
    """The end of a period that begins on a known day, where it leaves out the year; None when it would lie before it."""
    found = _WITHIN.fullmatch(end) if start[2] else None
    last = _checked(start[0], int(found["m"] or start[1]), int(found["d"])) if found else None
    return last if last is not None and last.start[2] and _not_before(last.start, start) else None


def _not_before(last: Ymd, first: Ymd) -> bool:
    """Whether a period does not end before it begins, as far as both are known."""
    for later, earlier in zip(last, first, strict=True):
        if later != earlier or not later:
            return later > earlier or not (later and earlier)
    return True


def _checked(year: int, month: int, day: int, *, guessed: bool = False) -> WrittenDate | None:
    """A date of the calendar, or None."""
    if year not in YEARS or month > 12 or (month == 0 and day):
        return None
    if day > (calendar.monthrange(year, month)[1] if month else 0):
        return None
    return WrittenDate((year, month, day), century_guessed=guessed)


def _digits(date: Ymd) -> str:
    """YYYYMMDD, YYYYMM or YYYY."""
    year, month, day = date
    return f"{year:04d}" + (f"{month:02d}" if month else "") + (f"{day:02d}" if day else "")
