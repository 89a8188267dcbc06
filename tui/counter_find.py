"""查人: names found by how they sound; what is meant is marked and registered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from holdings.language import mark
from tui import figures, guide
from tui.dialog import TroubleBox
from tui.keymap import Key, bound
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link, Trouble, spoken
from tui.record_desk import RecordDesk
from tui.wording import _
from tui.work import start

COLUMNS = (
    Column(mark("档号"), 26),
    Column(mark("题名"), 20, flexible=True),
    Column(mark("日期"), 10),
    Column(mark("开放状态"), 10),
)
WAYS: Final = (("sound", mark("同音")), ("fuzzy", mark("近似")), ("words", mark("按字词")))
LIMIT: Final = 200
AFTER_S: Final = 0.12


class FindDesk(ModalScreen["list[str] | None"]):
    """A name, who sounds so, and the codes that are taken along (None: nobody)."""

    KEYS: ClassVar = (
        Key("slash", "name", mark("姓名"), mark("改姓名")),
        Key("space", "mark", mark("标记"), mark("标记此件")),
        Key("n", "take", mark("登记"), mark("为标记的（无标记时为光标处的）登记")),
        Key("w", "turn_way", mark("查法"), mark("换查法：同音、近似、按字词")),
        Key("enter", "open", mark("打开"), mark("打开光标处的档案")),
        Key("question_mark", "help", mark("帮助"), mark("本屏的全部按键"), shown=False),
        Key("escape", "close", mark("返回")),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link, self._way = link, 0
        self._hits: dict[str, Answer] = {}

    def compose(self) -> ComposeResult:
        """The name, who was found, the keys."""
        with Vertical(classes="reading"):
            yield Static(Content(_("查人")), id="find-head", classes="box-title")
            yield Input(placeholder=_("姓名：王淑珍，或其中几字"), compact=True, id="find-name")
            yield Ledger(COLUMNS, empty=mark("没有找到。可按 w 换查法。"), ident="find-list")
            yield Static(
                Content("  ".join(f"{_(key.name)} {_(key.label)}" for key in self.KEYS if key.shown)),
                classes="box-foot",
            )

    def on_mount(self) -> None:
        """The name has the keys."""
        self.query_one(Input).focus()

    @property
    def ledger(self) -> Ledger:
        """Who was found."""
        return self.query_one("#find-list", Ledger)

    def _work(self, work: Callable[[], Awaitable[object]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Trouble as trouble:
                trouble.thing = trouble.thing or _("查人")
                self.app.push_screen(TroubleBox(trouble))

        start(self, guarded, "find", exclusive=True)

    @on(Input.Changed)
    def _typed(self) -> None:
        self.set_timer(AFTER_S, lambda: self._work(self.look))

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.ledger.focus()

    async def look(self) -> None:
        """Ask for the name as it stands."""
        name, (way, label) = self.query_one(Input).value.strip(), WAYS[self._way]
        if not name:
            self._hits = {}
            self.ledger.show([])
            return
        found: Any = await self._link.ask("search", query=name, by=way, limit=LIMIT)
        self._hits = {one["ref"]: one for one in found["hits"]}
        self.ledger.show(list(self._hits), {ref: row(one) for ref, one in self._hits.items()})
        more = _(" 以上") if found["capped"] else ""
        head = _("查人  {way}  {n}{more} 条", way=_(label), n=figures.count(found["total"]), more=more)
        notes = "  ".join([*found.get("notes", []), *map(spoken, found.get("instead", []))])
        self.query_one("#find-head", Static).update(Content(f"{head}  {notes}".rstrip()))

    def action_name(self) -> None:
        """The name has the keys."""
        self.query_one(Input).focus()

    def action_mark(self) -> None:
        """Mark the row."""
        self.ledger.toggle_mark()

    def action_turn_way(self) -> None:
        """Another way of finding."""
        self._way = (self._way + 1) % len(WAYS)
        self._work(self.look)

    def action_take(self) -> None:
        """Register for these."""
        if refs := [str(ref) for ref in self.ledger.chosen()]:
            self.dismiss(refs)

    def on_ledger_chosen(self) -> None:
        """Enter on a row."""
        self.action_open()

    def action_open(self) -> None:
        """The record under the cursor."""
        ref = self.ledger.key

        async def go() -> None:
            told = await self._link.ask("console_record", ref=str(ref))
            shown: Any = await self._link.ask("show", ref=str(ref)) if told["sealed"] else {}
            self.app.push_screen(
                RecordDesk(self._link, told, shown, self._hits.get(str(ref)), self.query_one(Input).value)
            )

        if ref is not None:
            self._work(go)

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(guide.of_keys(_("查人"), self.KEYS))

    def action_close(self) -> None:
        """Nobody."""
        self.dismiss(None)


def row(one: Answer) -> Line:
    """A hit as a line."""
    return Line((one["ref"], one["title"], one["date"] or "", _(one["opening"]) if one.get("opening") else ""))
