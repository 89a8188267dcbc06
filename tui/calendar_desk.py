"""传输日历: the coming days with their windows, holidays and 调休, as the machine counts them."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.content import Content

from holdings.language import mark
from tui.desk import BACK, HELP, Desk
from tui.ledger import Column, Ledger, Line
from tui.link import Answer
from tui.page_line import day_kind
from tui.wording import _

WEEKDAYS: Final = (mark("周一"), mark("周二"), mark("周三"), mark("周四"), mark("周五"), mark("周六"), mark("周日"))


class CalendarDesk(Desk):
    """A month and a day; free days say whether it is the weekend or a holiday, worked weekends that they are 调休."""

    TITLE_TEXT: ClassVar = mark("传输日历")
    COLUMNS: ClassVar = (Column(mark("日期"), 11), Column(mark("星期"), 6), Column(mark("类别"), 16), Column(mark("传输时段"), 20, flexible=True))
    KEYS: ClassVar = (HELP, BACK)

    async def load(self) -> None:
        """The coming days."""
        days = (await self.link.ask("console_calendar"))["days"]
        self.ledger.show([day["date"] for day in days], {day["date"]: line(day) for day in days})
        free = sum(day["kind"] == "free" for day in days)
        self.head(_("传输日历  {n} 天，其中休息 {free} 天；滞后按工作日的夜计算", n=len(days), free=free))
        unknown = any(not day["known"] for day in days)
        self.tell(
            Content(
                _("! 有的日子所在年份的放假通知尚未收录：只按周末和法定节日计。请更新程序，或在 site/holidays.toml 中补上")
                if unknown
                else _("放假与调休按国务院办公厅通知；本馆另有安排的写在 site/holidays.toml")
            )
        )

    def on_ledger_highlighted(self, _event: Ledger.Highlighted | None = None) -> None:
        """Nothing more to say of a day."""


def line(day: Answer) -> Line:
    """A day as a row."""
    works, moved = day["kind"] == "work", day["moved"]
    tone = ("warning" if moved else "") if works else ("good" if moved else "faint")
    return Line((day["date"], _(WEEKDAYS[day["weekday"]]), day_kind(day), "  ".join(day["windows"]) or _("无")), tone)
