"""Dates of records 成文日期 as sheets write them, checked against the calendar; pure."""

from __future__ import annotations

import calendar
import re
import unicodedata
from typing import Final

YEARS: Final = range(1, 2101)  # holdings reach far back; nothing is dated after this century
_PLAIN: Final = re.compile(r"(?P<y>[0-9]{4})(?:(?P<m>[0-9]{2})(?P<d>[0-9]{2})?)?")
_PARTED: Final = re.compile(
    r"(?P<y>[0-9]{4})(?:[-/.年](?:(?P<m>[0-9]{1,2})(?:[-/.月](?:(?P<d>[0-9]{1,2})日?)?)?)?)?"
    r"(?:[ T]?00?:00(?::00)?(?:\.0+)?)?"  # midnight, which spreadsheet programs add
)
_SERIAL: Final = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
_EMPTY_DATES: Final = {(1899, 12, 30), (1899, 12, 31), (1900, 1, 0), (1900, 1, 1)}
"""What spreadsheet programs show for a date cell that holds nothing."""


def parse_date(text: str) -> tuple[int, int, int] | None:
    """Year, month, day (0 = not known) of `20190228`, `2019-2-28`, `2019年2月`, `1958.00.00`, `[195803]`; None when it
    is no date of the calendar.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.startswith("[") and plain.endswith("]"):  # 考证日期, DA/T 18-2022
        plain = plain[1:-1].strip()
    found = _PLAIN.fullmatch(plain) or _PARTED.fullmatch(plain)
    if not found:
        return None
    year, month, day = (int(found[part] or 0) for part in "ymd")
    if year not in YEARS or month > 12 or (month == 0 and day):
        return None
    if day > (calendar.monthrange(year, month)[1] if month else 0):
        return None
    return year, month, day


def date_fault(text: str) -> str:
    """Why a 成文日期 cannot stand, in Chinese; empty when it can, or is blank."""
    if not text or parse_date(text):
        return ""
    if _SERIAL.fullmatch(text):
        return f"“{text}”像是表格软件的日期序号，不是日期"
    return f"“{text[:40]}”不是日历上的日期"


def is_empty_date(text: str) -> bool:
    """Whether a date is the one that spreadsheet programs show for an empty cell."""
    return parse_date(text) in _EMPTY_DATES
