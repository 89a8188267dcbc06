"""待处理: every finding that waits for a person, and everything that a person may do about it without leaving the list."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from holdings.language import mark
from tui import figures, finding_forms
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Trouble
from tui.page import Page, facts
from tui.pick import Pick
from tui.wording import _
from tui.work import start

COLUMNS = (
    Column(mark("级别"), 9), Column(mark("编号"), 6, right=True), Column(mark("档号"), 24), Column(mark("问题"), 20, flexible=True), Column(mark("领取"), 8),
)  # fmt: skip
TONES = {"错误": "error", "警告": "warning", "提示": "hint"}
SIGNS = {"错误": "!", "警告": "?", "提示": "i"}
SEVERITIES = (("", mark("全部")), ("error", mark("错误")), ("warning", mark("警告")), ("hint", mark("提示")))
PORTION = 200
"""Findings of one step of a bulk act: each is one transaction, and the screen tells how far it is."""


class FindingsPage(Page):
    """The list, and below or beside it the finding under the cursor."""

    NAME: ClassVar = "findings"
    TITLE: ClassVar = mark("待处理")
    NEEDS: ClassVar = frozenset({"quarantine_numbers", "quarantine_rows", "quarantine_many"})
    KEYS: ClassVar = (
        Key("enter", "detail", mark("详情"), mark("全部详情与经过"), shown=False),
        Key("c", "claim", mark("领取"), mark("领取：半个工作日内他人不能办理")),
        Key("e", "mend", mark("改著录"), mark("修改著录：就地改目录行，边改边校验")),
        Key("w", "waive", mark("放行"), mark("说明后放行：写明理由"), verb="quarantine_waive"),
        Key("r", "retry", mark("重检"), mark("重新检测：下次查看时重新判断")),
        Key("x", "replace", mark("换页"), mark("换页重检：以另一图像代替此页"), verb="quarantine_replace"),
        Key("m", "move_page", mark("移页"), mark("移页：此页归入另一件档案"), shown=False, verb="quarantine_move"),
        Key("d", "drop", mark("删页"), mark("删除该页：不再收入此页，原文件不动"), shown=False),
        Key("a", "set_aside", mark("搁置"), mark("搁置：仍列出，仍计数"), verb="quarantine_set_aside"),
        Key("u", "undo", mark("撤销"), mark("撤销本人对此问题最近一次办理")),
        Key("b", "unclaim", mark("放回"), mark("放回：不再由本人办理"), shown=False),
        Key("space", "mark", mark("标记"), mark("标记此行；有标记时 c w r a b 办理全部标记的"), shown=False),
        Key("asterisk", "mark_all", mark("全标"), mark("标记筛选出的全部，再按一次取消"), shown=False),
        Key("f", "narrow", mark("筛选"), mark("筛选：级别、类别、路径或档号、领取人")),
        Key("g", "narrow_kind", mark("同类"), mark("只看与此行同类的，再按一次恢复"), shown=False),
        Key("h", "kinds", mark("类别"), mark("类别：各类问题有几条，选一类只看它"), shown=False),
        Key("p", "decisions", mark("单页决定"), mark("对单页的决定（换页、移页、删页），可撤销"), shown=False),
        Key("t", "returned", mark("退回"), mark("退回整改：市馆退回的档案，原因、轮次、期限"), verb="returned_list"),
        Key("y", "copy", mark("复制"), mark("复制路径到剪贴板"), shown=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self._filter: dict[str, Any] = {}
        self._items: dict[int, Answer] = {}
        self._kinds: list[Answer] = []
        self._last: int | None = None
        """The finding that was acted on last: undo finds it when it has left the list."""

    def compose(self) -> ComposeResult:
        """The filter, the list, the finding under the cursor."""
        yield Static(id="filter", classes="filter")
        with Container(classes="split"):
            yield Ledger(COLUMNS, empty=mark("没有待处理的问题。"), ident="list")
            yield Static(id="detail", classes="detail")

    @property
    def ledger(self) -> Ledger:
        """The list."""
        return self.query_one("#list", Ledger)

    async def renew(self) -> None:
        """Which findings there are; what they say is asked for as they come into sight."""
        found = await self.ask("quarantine_numbers", **self._filter)
        self._kinds = found["kinds"]
        self.ledger.show(found["numbers"])
        self.ledger.forget()
        self._head(len(found["numbers"]))
        self._tell()

    def _head(self, shown: int) -> None:
        total = sum(kind["count"] for kind in self._kinds)
        said = {name: value for name, value in self._filter.items() if value not in ("", None)}
        words = "  ".join(str(value) for value in said.values()) or _("无")
        marked = _("  已标记 {n}", n=figures.count(len(self.ledger.marked))) if self.ledger.marked else ""
        self.query_one("#filter", Static).update(
            _(
                "共 {n} 条，列出 {shown} 条  筛选：{words}",
                n=figures.count(total),
                shown=figures.count(shown),
                words=words,
            )
            + marked,
            layout=False,
        )

    async def on_ledger_wanted(self, event: Ledger.Wanted) -> None:
        """Rows come into sight."""
        self.begin(self._load, event.keys, group="rows")

    async def _load(self, numbers: list[int]) -> None:
        # Keys that repeat scroll faster than rows come: only what is still in sight when the answer is drawn matters.
        items = (await self.ask("quarantine_rows", numbers=numbers))["items"]
        if len(self._items) > 20 * PORTION:
            self._items = {number: self._items[number] for number in numbers if number in self._items}
        self._items.update({item["id"]: item for item in items})
        self.ledger.fill({item["id"]: row(item) for item in items})
        self._tell()

    def on_ledger_highlighted(self) -> None:
        """Another finding."""
        self._tell()

    def _tell(self) -> None:
        # Its size is the style sheet's: without a layout anew a key costs half.
        item = self._items.get(self.ledger.key)
        self.query_one("#detail", Static).update(detail(item) if item else Content(""), layout=False)

    # ------------------------------------------------------------ acts

    def _now(self, act: str, verb: str, **more: Any) -> None:
        """An act that needs no word: on all that is marked, else on the one under the cursor."""
        numbers = self.ledger.chosen()
        if self.ledger.marked:
            start(self, partial(self._many, act, verb, numbers, ""), "act")
        elif numbers:
            self._last = numbers[0]
            self.act(
                _("{act}  问题 {n}", act=act, n=numbers[0]),
                f"quarantine_{verb}",
                number=numbers[0],
                by=self.console.by,
                **more,
            )

    async def _many(self, act: str, verb: str, numbers: list[int], reason: str) -> None:
        done, refused = 0, list[Answer]()
        try:
            for at in range(0, len(numbers), PORTION):
                answer = await self.ask(
                    "quarantine_many", act=verb, numbers=numbers[at : at + PORTION], by=self.console.by, reason=reason
                )
                done += answer["done"]
                refused += answer["refused"]
                self.console.say(
                    _("{act}：{done} / {n}", act=act, done=figures.count(done), n=figures.count(len(numbers)))
                )
        except Trouble as trouble:
            trouble.thing = act
            self.console.trouble(trouble)
        self.ledger.marked.clear()
        told = _("{act}：已办 {done} 条", act=act, done=figures.count(done))
        self.console.say(
            told
            + (_("，未办 {n} 条：{why}", n=figures.count(len(refused)), why=refused[0]["error"]) if refused else "")
        )
        await self._after()

    def action_returned(self) -> None:
        """退回整改."""
        # Here: most days nothing was given back.
        from tui.returned_desk import ReturnedDesk

        self.app.push_screen(ReturnedDesk(self.console.link))

    def action_claim(self) -> None:
        """领取."""
        self._now(_("领取"), "claim")

    def action_unclaim(self) -> None:
        """放回."""
        self._now(_("放回"), "unclaim")

    def action_retry(self) -> None:
        """重新检测."""
        self._now(_("重新检测"), "retry")

    def action_set_aside(self) -> None:
        """搁置."""
        self._now(_("搁置"), "set_aside")

    def action_undo(self) -> None:
        """撤销: of the one under the cursor when it was acted on, else of the last one that left the list."""
        item = self._items.get(self.ledger.key)
        number = (
            self.ledger.key
            if item is not None and item["revision"] and (item["claimed_by"] or item["state"] == "set_aside")
            else self._last
        )
        if number is None:
            self.console.say(_("没有可撤销的办理"))
            return
        self.act(_("撤销  问题 {n}", n=number), "quarantine_undo", number=number, by=self.console.by)

    def action_waive(self) -> None:
        """说明后放行."""
        numbers = self.ledger.chosen()
        if not numbers:
            return

        async def waive(values: Values) -> None:
            if len(numbers) > 1:
                await self._many(_("说明后放行"), "waive", numbers, values["reason"])
            else:
                await self.ask(
                    "quarantine_waive",
                    number=numbers[0],
                    reason=values["reason"],
                    by=self.console.by,
                    seen=self._seen(numbers[0]),
                )
                self._last = numbers[0]

        note = _("共 {n} 条，理由相同。", n=figures.count(len(numbers))) if len(numbers) > 1 else self._rule(numbers[0])
        self.form(
            _("说明后放行"),
            [Field("reason", _("理由"), required=True)],
            waive,
            note=note,
            done=None if len(numbers) > 1 else "",
        )

    def _seen(self, number: int) -> int | None:
        item = self._items.get(number)
        return item["revision"] if item and item["revision"] else None

    def _rule(self, number: int) -> str:
        item = self._items.get(number)
        return f"{item['rule']}\n{item['path']}" if item else ""

    def action_mend(self) -> None:
        """修改著录."""
        if (number := self.ledger.key) is not None:
            self._last = number
            self.begin(finding_forms.mend, self, number, self._seen(number), group="open")

    def action_replace(self) -> None:
        """换页重检."""
        if (number := self.ledger.key) is not None:
            self._last = number
            finding_forms.replace(self, number, self._rule(number))

    def action_move_page(self) -> None:
        """移页."""
        if (number := self.ledger.key) is not None:
            self._last = number
            finding_forms.move(self, number, self._items.get(number, {}).get("path", ""))

    def action_drop(self) -> None:
        """删除该页; 撤销 brings it back, so nothing is asked."""
        if (number := self.ledger.key) is not None:
            self._last = number
            self.act(_("删除该页  问题 {n}", n=number), "quarantine_drop", number=number, by=self.console.by)

    def action_decisions(self) -> None:
        """What was decided about single pages."""
        self.begin(finding_forms.decisions, self, group="open")

    # ------------------------------------------------------------ the list

    def action_mark(self) -> None:
        """Mark the row."""
        self.ledger.toggle_mark()
        self._head(len(self.ledger.keys))

    def action_mark_all(self) -> None:
        """Mark all that is listed, or none."""
        keys = set(self.ledger.keys)
        self.ledger.marked = set() if self.ledger.marked == keys else keys
        self.ledger.refresh()
        self._head(len(keys))

    def action_narrow(self) -> None:
        """Ask for the filter."""
        kinds = "、".join(f"{kind['code']}({kind['count']})" for kind in self._kinds[:6])

        async def take(values: Values) -> None:
            claimed = values["claimed"].strip()
            self._filter = {name: values[name].strip() for name in ("severity", "code", "place")}
            if claimed:
                self._filter["claimed_by"] = "" if claimed == "-" else claimed

        fields = [
            Field(
                "severity",
                _("级别"),
                self._filter.get("severity", ""),
                choices=tuple((value, _(label)) for value, label in SEVERITIES),
            ),
            Field("code", _("类别"), self._filter.get("code", ""), hint=_("如 page-missing；空为全部")),
            Field("place", _("路径或档号"), self._filter.get("place", ""), hint=_("含有此文字的")),
            Field("claimed", _("领取人"), self._filter.get("claimed_by", ""), hint=_("姓名；- 为无人领取的")),
        ]
        self.form(_("筛选"), fields, take, note=kinds, done="")

    def action_narrow_kind(self) -> None:
        """Those of the same kind, or all again."""
        item = self._items.get(self.ledger.key)
        self._filter = {} if self._filter.get("code") or item is None else {"code": item["code"]}
        self.begin(self.renew)

    def action_kinds(self) -> None:
        """Which kinds there are and how many of each; one of them narrows."""
        rows = [("", _("全部"))] + [
            (kind["code"], f"{SIGNS[kind['severity']]} {figures.count(kind['count']):>6}  {kind['rule']}") for kind in self._kinds
        ]

        def taken(code: str | None) -> None:
            if code is not None:
                self._filter = {"code": code} if code else {}
                self.begin(self.renew)

        self.app.push_screen(Pick(_("类别"), rows), taken)

    def action_copy(self) -> None:
        """The path to the clipboard of the terminal."""
        if item := self._items.get(self.ledger.key):
            self.app.copy_to_clipboard(item["path"])
            self.console.say(_("已复制 {text}", text=item["path"]))

    def on_ledger_chosen(self) -> None:
        """Everything about it."""
        self.action_detail()

    def action_detail(self) -> None:
        """Everything about it, with its history."""
        if (number := self.ledger.key) is not None:
            self.begin(finding_forms.whole, self, number, group="open")


def row(item: Answer) -> Line:
    """A finding as a line; its sign says what its colour says."""
    severity = item["severity"]
    aside = _("(搁置)") if item["state"] == "set_aside" else ""
    place = item["ref"] or item["path"].rpartition("/")[2]
    clause, _colon, said = item["rule"].partition("：")
    cells = (
        f"{SIGNS[severity]} {_(severity)}",
        str(item["id"]),
        place,
        aside + (said if clause.startswith("DA/T") else item["rule"]),
        item["claimed_by"],
    )
    return Line(cells, "faint" if aside else TONES[severity])


def detail(item: Answer) -> Content:
    """File, rule, remedy, who has it."""
    lines = [
        (_("文件"), item["path"]),
        (_("档号"), item["ref"] or "-"),
        (_("依据"), item["rule"]),
        (_("处理办法"), item["remedy"]),
        (_("类别"), f"{item['code']}  {_(item['severity'])}"),
    ]
    if item["claimed_by"]:
        lines.append((_("领取"), item["claimed_by"]))
    return facts(lines, 8)
