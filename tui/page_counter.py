"""查档窗口: who came today, what was asked for and allowed; persons found by sound, copies and papers printed, all of it offline."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from holdings.language import mark
from tui import counter_forms, figures
from tui.counter_find import FindDesk
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer
from tui.page import Page, facts
from tui.wording import _

COLUMNS = (
    Column(mark("登记号"), 10), Column(mark("时间"), 6), Column(mark("利用者"), 10), Column(mark("目的"), 9), Column(mark("查档内容"), 20, flexible=True),
    Column(mark("状态"), 9), Column(mark("复制"), 5, right=True),
)  # fmt: skip
SAID = (
    mark("待审批"), mark("准予利用"), mark("不予利用"), mark("已撤回"), mark("已办结"), mark("已过期"), mark("居民身份证"), mark("护照"), mark("港澳台通行证"),
    mark("工作证"), mark("介绍信"), mark("开放"), mark("控制"), mark("延期开放"), mark("未审核"),
)  # fmt: skip
"""What the node says of states, documents and opening; looked up when it is shown."""
SIGNS = {"waiting": "? ", "refused": "x ", "expired": "! "}
TONES = {"waiting": "warning", "refused": "faint", "withdrawn": "faint", "expired": "warning", "closed": "faint"}


class CounterPage(Page):
    """The register of a day, and what is done for each visitor."""

    NAME: ClassVar = "counter"
    TITLE: ClassVar = mark("查档窗口")
    NEEDS: ClassVar = frozenset({"counter_day", "counter_register", "counter_rules", "search"})
    KEYS: ClassVar = (
        Key("slash", "find", mark("查人"), mark("查人：按姓名同音查找，标记后登记")),
        Key(
            "n", "register", mark("新登记"), mark("利用登记：谁来查、凭什么证件、为何、查什么"), verb="counter_register"
        ),
        Key("a", "allow", mark("准予"), mark("准予利用"), verb="counter_decide"),
        Key("x", "refuse", mark("不予"), mark("不予利用：写明理由"), verb="counter_decide"),
        Key("c", "copy_pages", mark("复制"), mark("打印复制件（PDF）：带水印，页数计入登记"), verb="counter_copy"),
        Key("p", "certificate", mark("证明"), mark("打印查档证明（PDF），再印编号不变"), verb="counter_certificate"),
        Key("e", "end", mark("办结"), mark("办结"), verb="counter_end"),
        Key("w", "withdraw", mark("撤回"), mark("撤回未审批的登记"), shown=False, verb="counter_end"),
        Key("l", "ledger", mark("登记簿"), mark("打印这一天的利用登记簿（PDF）"), verb="counter_ledger"),
        Key("left_square_bracket", "day(-1)", mark("前一天"), shown=False),
        Key("right_square_bracket", "day(1)", mark("后一天"), shown=False),
        Key("enter", "detail", mark("档案"), mark("打开所查的档案"), shown=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self._day = self._shown_day = ""
        self._items: dict[int, Answer] = {}
        self.rules: Answer = {}
        self.folder = ""
        """Where the last paper was written."""

    def compose(self) -> ComposeResult:
        """The day's figures, the register, the request under the cursor."""
        yield Static(id="counter-figures", classes="filter")
        with Container(classes="split"):
            yield Ledger(COLUMNS, empty=mark("当日没有登记。按 / 查人，按 n 登记。"), ident="counter-list")
            yield Static(id="counter-detail", classes="detail")

    @property
    def ledger_list(self) -> Ledger:
        """The list."""
        return self.query_one("#counter-list", Ledger)

    async def renew(self) -> None:
        """The register of the day."""
        if not self.rules:
            self.rules = await self.ask("counter_rules")
        told = await self.ask("counter_day", day=self._day)
        self._items = {one["number"]: one for one in reversed(told["requests"])}
        self.ledger_list.show(list(self._items), {number: row(one) for number, one in self._items.items()})
        total = told["total"]
        text = _(
            "{day}  登记 {all} 份  准予 {n}  {p} 人次  {r} 卷件次  复制 {c} 页",
            day=told["day"], all=len(self._items), n=total["requests"], p=total["persons"], r=total["records"], c=total["copies"],
        )  # fmt: skip
        by = "  ".join(f"{one['label']} {one['persons']}" for one in told["figures"])
        self.query_one("#counter-figures", Static).update(Content(f"{text}  {by}".rstrip()))
        self._shown_day = told["day"]
        self._tell()

    @property
    def request(self) -> Answer | None:
        """The one under the cursor."""
        return self._items.get(self.ledger_list.key)

    def on_ledger_highlighted(self) -> None:
        """Another request."""
        self._tell()

    def on_ledger_chosen(self) -> None:
        """Enter."""
        self.action_detail()

    def _tell(self) -> None:
        one = self.request
        self.query_one("#counter-detail", Static).update(detail(one) if one else Content(""))

    # ------------------------------------------------------------ acts

    def action_find(self) -> None:
        """Somebody by the sound of a name."""

        def chosen(refs: list[str] | None) -> None:
            if refs:
                counter_forms.register(self, refs)

        self.app.push_screen(FindDesk(self.console.link), chosen)

    def action_register(self) -> None:
        """A visitor."""
        counter_forms.register(self, [])

    def action_allow(self) -> None:
        """准予利用."""
        if (one := self.request) is not None:
            counter_forms.allow(self, one)

    def action_refuse(self) -> None:
        """不予利用."""
        if (one := self.request) is not None:
            counter_forms.refuse(self, one)

    def action_copy_pages(self) -> None:
        """Pages to take along."""
        if (one := self.request) is not None:
            counter_forms.copies(self, one)

    def action_certificate(self) -> None:
        """查档证明."""
        if (one := self.request) is not None:
            counter_forms.certificate(self, one)

    def _end(self, act: str, title: str) -> None:
        if (one := self.request) is not None:
            self.act(f"{title}  {one['serial']}", "counter_end", number=one["number"], act=act, by=self.console.by)

    def action_end(self) -> None:
        """办结."""
        self._end("close", _("办结"))

    def action_withdraw(self) -> None:
        """撤回."""
        self._end("withdraw", _("撤回"))

    def action_ledger(self) -> None:
        """The register of the day on paper."""
        counter_forms.ledger(self, self._shown_day)

    def action_day(self, by: int) -> None:
        """Another day."""
        self._day = (dt.date.fromisoformat(self._shown_day) + dt.timedelta(days=by)).isoformat()
        self.begin(self.renew)

    def action_detail(self) -> None:
        """The record that was asked for."""
        if (one := self.request) is not None and one["asked"]:
            counter_forms.picked(self, one, self._open)

    def _open(self, ref: str) -> None:
        async def go() -> None:
            from tui.record_desk import RecordDesk

            told = await self.ask("console_record", ref=ref)
            shown: Any = await self.ask("show", ref=ref) if told["sealed"] else {}
            self.app.push_screen(RecordDesk(self.console.link, told, shown))

        self.begin(go, group="open")


def asked_of(one: Answer) -> str:
    """What a request is about, in a line."""
    return "; ".join(asked["ref"] for asked in one["asked"]) or one["subject"]


def row(one: Answer) -> Line:
    """A request as a line."""
    cells = (
        one["serial"], f"{figures.local(one['time']):%H:%M}", one["name"], one["purpose"], asked_of(one), SIGNS.get(one["state"], "") + _(one["label"]),
        str(one["copies"] or ""),
    )  # fmt: skip
    return Line(cells, TONES.get(one["state"], ""))


def detail(one: Answer) -> Content:
    """Who, with what, for what, and what came of it."""
    persons, copied = _("{n} 人", n=one["persons"]), _("复制 {n} 页", n=one["copies"])
    lines = [
        (_("利用者"), f"{one['name']}  {persons}  {one['unit']}".rstrip()),
        (_("证件"), f"{_(one['document'])}  {one['masked']}  {one['letter']}".rstrip()),
        (_("目的"), f"{one['purpose']}  {one['subject']}".rstrip()),
        *((_("档案"), f"{asked['ref']}  {_(asked['opening'])}  {asked['title']}") for asked in one["asked"][:5]),
        *([(_("保管方"), one["holder"])] if one.get("holder") else []),
        (_("状态"), f"{_(one['label'])}  {one['decided_by']}  {one['reason']}".rstrip()),
        (_("查档证明"), f"{one['certificate'] or '-'}  {copied}"),
        (_("经办人"), f"{one['by']}  {figures.stamp(one['time'])}"),
    ]
    return facts(lines, 8)
