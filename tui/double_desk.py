"""双录核对: rows that two persons typed differently, and a person who decides element by element."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from holdings.language import mark
from tui import figures
from tui.desk import BACK, HELP, Desk
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link
from tui.page import facts
from tui.wording import _

FIRST, SECOND = "first", "second"


class DoubleDesk(Desk):
    """Each row with what differs; the first typing stands where nobody chooses otherwise."""

    TITLE_TEXT: ClassVar = mark("双录核对")
    EMPTY: ClassVar = mark("没有两遍不符的著录。")
    COLUMNS: ClassVar = (
        Column(mark("档号"), 26, flexible=True), Column(mark("不符"), 16), Column(mark("第一遍"), 13), Column(mark("第二遍"), 13),
    )  # fmt: skip
    KEYS: ClassVar = (
        Key("enter", "decide", mark("核对"), mark("逐项选定第一遍或第二遍，存入目录")),
        Key("x", "discard", mark("重录"), mark("两遍都不对：都作废，重新著录")),
        HELP,
        BACK,
    )

    def __init__(self, link: Link, by: str) -> None:
        super().__init__(link)
        self._by = by
        self._known: dict[str, Answer] = {}

    async def load(self) -> None:
        """Everything that waits for a decision."""
        self._known = {one["code"]: one for one in (await self.link.ask("cataloguing_differences"))["items"]}
        self.ledger.show(list(self._known), {code: line(one) for code, one in self._known.items()})
        self.head(_("双录核对  {n} 条待核对", n=len(self._known)))
        self.on_ledger_highlighted()

    def on_ledger_highlighted(self, _event: Ledger.Highlighted | None = None) -> None:
        """Both values of each element that differs."""
        one = self._known.get(self.ledger.key)
        self.tell(
            facts([(field["name"], f"{field[FIRST] or '-'}  |  {field[SECOND] or '-'}") for field in one["fields"]], 10)
            if one
            else Content("")
        )

    def on_ledger_chosen(self, _event: Ledger.Chosen) -> None:
        """Enter."""
        self.action_decide()

    def action_decide(self) -> None:
        """Choose element by element."""
        if (one := self._known.get(self.ledger.key)) is None:
            return

        async def decide(values: Values) -> None:
            await self.link.ask(
                "cataloguing_decide",
                code=one["code"],
                seconds=[name for name, value in values.items() if value == SECOND],
                by=self._by,
            )

        choices = ((FIRST, _("第一遍")), (SECOND, _("第二遍")))
        note = "\n".join(
            _("{name}\n  第一遍（{a}）  {first}\n  第二遍（{b}）  {second}", name=field["name"], a=one[FIRST]["person"], b=one[SECOND]["person"],
              first=field[FIRST] or "-", second=field[SECOND] or "-")
            for field in one["fields"]
        )  # fmt: skip
        self.form(
            _("核对  {code}", code=one["code"]),
            [Field(field["name"], field["name"], choices=choices) for field in one["fields"]],
            decide,
            note=note,
        )

    def action_discard(self) -> None:
        """Neither is right."""
        if (one := self._known.get(self.ledger.key)) is not None:
            self.sure(
                _("两遍都作废，重录 {code}？", code=one["code"]),
                _("两人所录都不留；这一件重新待录两遍。"),
                lambda: self.act(_("重录"), "cataloguing_discard", code=one["code"], by=self._by),
            )


def line(one: Answer) -> Line:
    """A row that waits."""
    return Line(
        (
            one["code"],
            "、".join(field["name"] for field in one["fields"]),
            *(f"{one[which]['person']} {figures.stamp(one[which]['time'])[5:10]}" for which in (FIRST, SECOND)),
        ),
        "warning",
    )
