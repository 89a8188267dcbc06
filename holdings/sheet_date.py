"""The column 成文日期 of one table: its notation made that of DA/T 18-2022, and the order of day and month asked for once; pure."""

from __future__ import annotations

import functools
from typing import Final

from holdings.date_doubt import DayOrder
from holdings.dates import asks_order, date_fault, is_empty_date, is_unknown_date, read_date
from holdings.expression import expression
from holdings.record import DATE
from holdings.sheet_header import Header
from holdings.sheet_profile import Question, QuestionKind, SheetProfile
from holdings.sheet_questions import SAMPLES

AS_WRITTEN: Final = "成文日期（原文）"
"""Element that keeps a date in the words it came in, when it had to be interpreted."""
ORDER: Final = "成文日期的日月顺序"
"""Id of the question in which order the column writes day and month; answer: a DayOrder."""
_PLAIN_DATE: Final = expression(r"[0-9]{4}[0-9年月日./\-: T]*")
DATES_MAX: Final = 1 << 15
"""As many different days as in a century."""
_ORDERS: Final = {order.value: order for order in DayOrder}


class DateColumn:
    """How the dates of one table are read: the century and the order that a person gave, and what must be asked."""

    def __init__(self, header: Header, profile: SheetProfile) -> None:
        self.century = profile.century
        self.order = _ORDERS.get(profile.answers.get(ORDER, ""))
        self._column = (header.index(DATE) or 0) + 1
        self._samples: list[str] = []
        self.plain = _plain(self.century, self.order)
        """Dates that were read without any doubt, as they are written; who reads one adds it, up to DATES_MAX."""

    def fault(self, cell: str) -> tuple[str, str] | None:
        """Rule and remedy where a date cannot stand; None when it can, or is blank. Only of cells that may be shown."""
        if not cell or read_date(cell, self.century, self.order) is not None or is_unknown_date(cell):
            return None
        why = date_fault(cell) or f"“{cell[:40]}”与所答的日月顺序（{self.order}）不符"
        if self.order is None and asks_order(cell):
            if len(self._samples) < SAMPLES and cell not in self._samples:
                self._samples.append(cell)
            return why, f"核对原件，整列答一次：--answer {ORDER}={DayOrder.MONTH_FIRST}，或 {DayOrder.DAY_FIRST}"
        return why, "按 YYYYMMDD 改正；只知年月的写 YYYYMM"

    def written(self, cell: str) -> tuple[str, bool, bool, bool]:
        """A date that has no fault: as DA/T 18-2022 writes it, whether its words are worth keeping, whether its century was
        guessed, whether it is what spreadsheet programs show for nothing."""
        return _written(cell, self.century, self.order)

    def questions(self) -> tuple[Question, ...]:
        """What must be asked now that all rows were seen: at most one question."""
        if not self._samples:
            return ()
        text = f"第 {self._column} 列的日期分不清月和日：是 {'、'.join(_ORDERS)} 中的哪一个？"
        return (Question(ORDER, QuestionKind.MEANING, text, tuple(_ORDERS), tuple(self._samples), self._column),)


@functools.lru_cache(maxsize=8)
def _plain(century: int, order: DayOrder | None) -> dict[str, str]:
    """One for all tables of a process: a large sheet is read in hundreds of parts, and all have the same days."""
    del century, order
    return {}


@functools.lru_cache(maxsize=DATES_MAX)  # as many as holdings.dates remembers
def _written(cell: str, century: int, order: DayOrder | None) -> tuple[str, bool, bool, bool]:
    date = read_date(cell, century, order)
    assert date is not None, "faults come first"
    words = not _PLAIN_DATE.fullmatch(cell) and date.text.strip("[]") != cell.strip("[]")
    return date.text, words, date.century_guessed, is_empty_date(cell)
