"""中心指令: what the city told this node, what became of it, and what waits for a person's word."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from textual.content import Content

from holdings.language import mark
from tui import figures
from tui.desk import BACK, HELP, Desk
from tui.dialog import Reading
from tui.figures import count
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link
from tui.page import facts
from tui.wording import _

TONES: Final = {"waiting": "warning", "behind": "warning", "cannot": "error", "stopped": "error", "applied": "good", "skipped": "faint"}
SIGNS: Final = {"waiting": "? ", "behind": "? ", "cannot": "! ", "stopped": "! "}
STATES: Final = (("", mark("全部")), ("waiting", mark("待执行")), ("applied", mark("已执行")), ("cannot", mark("不能执行")), ("declined", mark("不采纳")))
WORDS: Final = {
    "reason": mark("理由"), "text": mark("内容"), "subject": mark("事由"), "due": mark("期限"), "round": mark("轮次"), "delivery": mark("批次"),
    "note": mark("说明"),
    "result": mark("结果"), "until": mark("至"), "ground": mark("依据"), "archive": mark("来自"), "applicant": mark("申请人"), "sought": mark("查找"),
    "person": mark("经办"), "title": mark("题名"), "ref": mark("档号"), "version": mark("版本"),
}  # fmt: skip


class DirectiveDesk(Desk):
    """The newest first. Those that ask are agreed to or declined; what was decided goes back with the next contact."""

    TITLE_TEXT: ClassVar = mark("中心指令")
    EMPTY: ClassVar = mark("市级中心还没有发来指令。")
    COLUMNS: ClassVar = (
        Column(mark("号"), 5, right=True), Column(mark("时间"), 12), Column(mark("种类"), 12), Column(mark("状态"), 10), Column(mark("内容"), 20, flexible=True),
        Column(mark("经办"), 8),
    )  # fmt: skip
    KEYS: ClassVar = (
        Key("enter", "read", mark("详情"), mark("指令全文")),
        Key("a", "apply", mark("采纳"), mark("采纳：照此办理，答复随下次联络送出"), verb="directive_apply"),
        Key("x", "decline", mark("不采纳"), mark("不采纳：写明理由"), verb="directive_decline"),
        Key("f", "narrow", mark("筛选"), mark("筛选：待执行、已执行、不能执行")),
        HELP,
        BACK,
    )

    def __init__(self, link: Link, by: str, now: int) -> None:
        super().__init__(link)
        self._by, self._now, self._state = by, now, ""
        self._known: dict[int, Answer] = {}

    async def load(self) -> None:
        """All of them, as far as they are shown."""
        found = await self.link.ask("directives", state=self._state, limit=1000)
        self._known = {one["number"]: one for one in found["items"]}
        self.ledger.show(list(self._known), {number: self._line(one) for number, one in self._known.items()})
        text = _(
            "中心指令  待执行 {w}  退回待改 {m}  已改待复检 {d}  移交中 {t}",
            w=count(found["waiting"]),
            m=count(found["to_mend"]),
            d=count(found["mended"]),
            t=count(found["in_transit"]),
        )
        self.head(text + (f"\n! {found['stopped']}" if found["stopped"] else ""))
        self.on_ledger_highlighted()

    def _line(self, one: Answer) -> Line:
        state = SIGNS.get(one["state"], "") + str(one["state_label"])
        cells = (str(one["number"]), figures.moment(one["wall"], self._now), one["label"], state, one["summary"], one["by"] or "-")
        return Line(cells, TONES.get(one["state"], ""))

    def on_ledger_highlighted(self, _event: Ledger.Highlighted | None = None) -> None:
        """What it says in a line, and what was answered."""
        one = self._known.get(self.ledger.key)
        if one is None:
            self.tell(Content(""))
            return
        asks = _("待本馆答复：a 采纳  x 不采纳") if one["asks"] else ""
        pairs = [(_("内容"), one["summary"] or "-"), (_("答复"), one["text"] or asks or "-")]
        self.tell(facts(pairs, 6))

    def on_ledger_chosen(self) -> None:
        """Enter."""
        self.action_read()

    def action_read(self) -> None:
        """The whole of it."""
        if (number := self.ledger.key) is None:
            return

        async def read() -> None:
            one = await self.link.ask("directive_show", number=number)
            title = _("第 {n} 号  {kind}  {state}", n=number, kind=one["label"], state=one["state_label"])
            await self.app.push_screen(Reading(title, "\n".join(said(one["says"]))))

        self.work(_("中心指令"), read)

    def action_apply(self) -> None:
        """采纳."""
        self._answer(_("采纳"), "directive_apply", Field("text", _("答复"), hint=_("可空；对查档请求写明结果")))

    def action_decline(self) -> None:
        """不采纳."""
        self._answer(_("不采纳"), "directive_decline", Field("reason", _("理由"), required=True))

    def _answer(self, title: str, verb: str, field: Field) -> None:
        one = self._known.get(self.ledger.key)
        if one is None or not one["asks"]:
            self.tell(Content(_("此项不须本馆答复")))
            return

        async def answer(values: Values) -> None:
            await self.link.ask(verb, number=one["number"], by=self._by, **values)

        self.form(f"{title}  {one['label']}", [field], answer, note=one["summary"])

    def action_narrow(self) -> None:
        """The next state."""
        states = [state for state, _label in STATES]
        self._state = states[(states.index(self._state) + 1) % len(states)]
        self.work(_("筛选"), self.load)


def said(value: Any, depth: int = 0) -> list[str]:
    """What a directive says, line by line; bounded by the node, four levels at most."""
    margin, lines = "  " * depth, list[str]()
    if isinstance(value, dict):
        for name, inner in value.items():
            label = _(WORDS[name]) if name in WORDS else name
            if isinstance(inner, dict | list) and inner and depth < 4:
                lines += [f"{margin}{label}", *said(inner, depth + 1)]
            elif name in WORDS and inner not in ("", None):
                lines.append(f"{margin}{label}  {inner}")
    elif isinstance(value, list):
        for inner in value:
            lines += [*said(inner, depth), ""] if isinstance(inner, dict) else [f"{margin}{inner}"]
    return lines
