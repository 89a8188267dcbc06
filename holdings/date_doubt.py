"""Words beside a date that say how much of it is certain or known: 约1958年, 1958.3?, 1958年春, 1958年  月  日; pure.

DA/T 18-2022 has no sign for a season or a part of a month: what is certain is kept (year, month), the words stay beside it as
they were printed. A doubtful date is a conjectured one 考证日期.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdings.expression import expression


class DayOrder(StrEnum):
    """In which order a column writes day and month before the year; the value is what a person answers."""

    MONTH_FIRST = "月/日/年"
    DAY_FIRST = "日/月/年"


_YEAR_LAST: Final = expression(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_UNTIL: Final = r"(?=$|[-~\u301c至到—–―])"  # a date ends here: at the end of the cell, or of a period's first half
_DOUBT: Final = expression(r"^(?:约|大约|疑为|疑)|(?:\(\?\)|\?|左右|前后)" + _UNTIL)
_LUNAR: Final = expression(r"年?(?:农历|阴历|夏历|旧历|(?=闰?(?:[0-9]{1,2}|正|冬|腊)月)(?=闰|[正冬腊])).*$")
_PART: Final = expression(
    r"(?:(?<=[0-9年.])(?:[春夏秋冬]季?|[上下]半年|第?[1-4]季度?)|(?<=[0-9月])[上中下]旬|(?<=[年月])[初中底末])" + _UNTIL
)
_HOLE: Final = expression(r"(?<=[-/.年月])[?xX×*□○_]{1,2}(?=[-/.月日]|$)")
_BARE: Final = expression(r"(?:(?<=年)月(?:日)?|(?<=月)日)" + _UNTIL)


def known_part(plain: str) -> tuple[str, bool]:
    """What a date says for certain, and whether the words beside it call it doubtful; the text itself where there are none.

    Seasons, thirds of a month and holes (1958.?.?, 1958年 月 日) leave the year, or year and month. Months of the lunar calendar
    leave the year, which is conjectured: the last of them lie in the next.
    """
    text = _HOLE.sub("0", plain)
    certain = _DOUBT.sub("", text)
    doubtful = certain != text
    lunar = _LUNAR.sub("年", certain) if not certain.isascii() else certain
    return _BARE.sub("", _PART.sub("", lunar)), doubtful or lunar != certain


def year_last(plain: str, order: DayOrder | None) -> tuple[str, bool]:
    """A date that begins with day or month as year.month.day, and whether nobody can tell which of the two comes first.

    13/1/2011 and 5/5/2011 can be read in one way only; 5/1/2011 is read as `order` says, and blank without it.
    """
    found = _YEAR_LAST.fullmatch(plain)
    if found is None:
        return "", False
    one, two, year = int(found[1]), int(found[3]), found[4]
    if order is None and one != two and one <= 12 and two <= 12:
        return "", True
    day_first = order is DayOrder.DAY_FIRST if order is not None else one > 12
    month, day = (two, one) if day_first else (one, two)
    return f"{year}.{month}.{day}", False
