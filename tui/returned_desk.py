"""退回整改: records that the city gave back, with its reasons, the round and the date by which they are wanted."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from holdings.language import mark
from tui.desk import BACK, HELP, Desk
from tui.figures import count
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link
from tui.page import facts
from tui.record_desk import RecordDesk
from tui.wording import _


class ReturnedDesk(Desk):
    """Those still to be mended first; a new version that is sealed is what mends one."""

    TITLE_TEXT: ClassVar = mark("退回整改")
    EMPTY: ClassVar = mark("没有退回的档案。")
    COLUMNS: ClassVar = (
        Column(mark("档号"), 26), Column(mark("轮次"), 5, right=True), Column(mark("期限"), 11), Column(mark("状态"), 10), Column(mark("原因"), 20, flexible=True),
    )  # fmt: skip
    KEYS: ClassVar = (
        Key("enter", "look", mark("看档案"), mark("打开此件档案：著录、页、经过")),
        Key("f", "narrow", mark("只看待改"), mark("只看待改的，再按一次看全部")),
        HELP,
        BACK,
    )

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._open_only = False
        self._known: dict[str, Answer] = {}

    async def load(self) -> None:
        """All of them, those to be mended first."""
        found = await self.link.ask("returned_list", mended=False if self._open_only else None, limit=10_000)
        items = sorted(found["items"], key=lambda one: (one["mended"], not one["overdue"], one["due"] or "9"))
        self._known = {one["cursor"]: one for one in items}
        self.ledger.show(list(self._known), {key: line(one) for key, one in self._known.items()})
        late = sum(one["overdue"] for one in items)
        text = _("退回整改  待改 {m}  已改待复检 {d}", m=count(found["to_mend"]), d=count(found["mended"]))
        self.head(text + (_("  ! 逾期 {n}", n=count(late)) if late else ""))
        self.on_ledger_highlighted()

    def on_ledger_highlighted(self, _event: Ledger.Highlighted | None = None) -> None:
        """Its reasons with pages, and what to do."""
        one = self._known.get(self.ledger.key)
        if one is None:
            self.tell(Content(""))
            return
        pages = "  ".join(f"{fault['code']} {fault['note']} {_places(fault)}".strip() for fault in one["faults"])
        remedy = _("无须处理：等待市馆复检") if one["mended"] else _("请改正后重新收入：换页、补扫或改著录；加封的新版即送市馆复检")
        pairs = [(_("题名"), one["title"] or "-"), (_("原因"), pages or one["note"] or "-"), (_("办法"), remedy)]
        self.tell(facts(pairs, 6))

    def on_ledger_chosen(self) -> None:
        """Enter."""
        self.action_look()

    def action_look(self) -> None:
        """The record."""
        one = self._known.get(self.ledger.key)
        if one is None or not one["ref"]:
            return

        async def look() -> None:
            told = await self.link.ask("console_record", ref=one["ref"])
            await self.app.push_screen(RecordDesk(self.link, told, await self.link.ask("show", ref=one["ref"])))

        self.work(_("看档案"), look)

    def action_narrow(self) -> None:
        """All, or those to be mended."""
        self._open_only = not self._open_only
        self.work(_("退回整改"), self.load)


def _places(fault: Answer) -> str:
    if fault["files"]:
        return " ".join(fault["files"])
    return " ".join(f"{first}-{last}" if last != first else str(first) for first, last in fault["pages"])


def line(one: Answer) -> Line:
    """A record as a row; the sign says what the colour says."""
    if one["mended"]:
        state, tone = _("已改待检"), "good"
    elif one["overdue"]:
        state, tone = _("! 逾期"), "error"
    else:
        state, tone = _("? 待改"), "warning"
    why = "  ".join(f"{fault['code']} {fault['note']}".strip() for fault in one["faults"]) or one["note"]
    return Line((one["ref"] or one["id"][:12], str(one["round"]), one["due"] or "-", state, why), tone)
