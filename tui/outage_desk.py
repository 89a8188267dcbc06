"""停机报备: when this machine will be switched off on purpose, told to the city with the next contact, so that silence does not alarm."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from textual.content import Content

from holdings.language import mark
from tui.desk import BACK, HELP, Desk
from tui.figures import stamp
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link
from tui.page import facts
from tui.wording import _

REASON_MAX: Final = 200


class OutageDesk(Desk):
    """The newest first."""

    TITLE_TEXT: ClassVar = mark("停机报备")
    EMPTY: ClassVar = mark("没有停机报备。")
    COLUMNS: ClassVar = (
        Column(mark("号"), 4, right=True), Column(mark("开始"), 16), Column(mark("结束"), 16), Column(mark("状态"), 10), Column(mark("事由"), 14, flexible=True),
        Column(mark("报备人"), 8),
    )  # fmt: skip
    KEYS: ClassVar = (
        Key("n", "plan", mark("报备"), mark("报备停机：从何时到何时，为何"), verb="outage_add"),
        Key("e", "end", mark("结束"), mark("结束此条：本机已恢复"), verb="outage_end"),
        HELP,
        BACK,
    )

    def __init__(self, link: Link, by: str) -> None:
        super().__init__(link)
        self._by = by
        self._known: dict[int, Answer] = {}
        self._now = 0

    async def load(self) -> None:
        """All of them."""
        answer = await self.link.ask("outage_list")
        found, self._now = answer["outages"], answer["now"]
        self._known = {one["number"]: one for one in found}
        self.ledger.show(list(self._known), {number: line(one) for number, one in self._known.items()})
        standing = sum(not one["over"] for one in found)
        self.head(_("停机报备  未结束 {n} 条；报备期内中心不因失联告警", n=standing))
        self.on_ledger_highlighted()

    def on_ledger_highlighted(self, _event: Ledger.Highlighted | None = None) -> None:
        """The reason in full."""
        one = self._known.get(self.ledger.key)
        self.tell(facts([(_("事由"), one["reason"])], 6) if one else Content(""))

    def action_plan(self) -> None:
        """Report one."""

        async def keep(values: Values) -> None:
            begins, ends = seconds(values["begins"]), seconds(values["ends"])
            await self.link.ask("outage_add", begins=begins, ends=ends, reason=values["reason"], by=values["by"])

        async def check(values: Values) -> dict[str, str]:
            return wrong(values, self._now)

        fields = [
            Field("begins", _("开始"), stamp(self._now), required=True), Field("ends", _("结束"), hint="2026-12-31 17:30", required=True),
            Field("reason", _("事由"), required=True), Field("by", _("报备人"), self._by, required=True),
        ]  # fmt: skip
        note = _("随下次联络告知市馆；马上要关机的，报备后按 s 立即传输。")
        self.form(_("报备停机"), fields, keep, note=note, check=check)

    def action_end(self) -> None:
        """End the one under the cursor."""
        one = self._known.get(self.ledger.key)
        if one is None or one["over"]:
            self.tell(Content(_("此条已经结束")))
            return
        self.act(_("结束停机报备  {n}", n=one["number"]), "outage_end", number=one["number"], by=self._by)


def line(one: Answer) -> Line:
    """An outage as a row; the sign says what the colour says."""
    state = _("已结束") if one["over"] else _("中心已知") if one["known"] else _("? 未告知")
    cells = (str(one["number"]), stamp(one["begins"]), stamp(one["until"]), state, one["reason"], one["by"])
    return Line(cells, "faint" if one["over"] else "good" if one["known"] else "warning")


def seconds(text: str) -> int:
    """Seconds UTC of a local time as people type it; ValueError when it is none."""
    return int(datetime.strptime(text.strip().replace("T", " "), "%Y-%m-%d %H:%M").astimezone().timestamp())


def wrong(values: Values, now: int) -> dict[str, str]:
    """What is wrong with what is typed, by field."""
    found, told = dict[str, str](), dict[str, int]()
    for name in ("begins", "ends"):
        try:
            if values[name].strip():
                told[name] = seconds(values[name])
        except (ValueError, OverflowError):
            found[name] = _("时间应写作 2026-12-31 17:30")
    if len(told) == 2 and not (told["begins"] < told["ends"] and now < told["ends"]):
        found["ends"] = _("结束应晚于开始，并且在现在以后")
    return found
