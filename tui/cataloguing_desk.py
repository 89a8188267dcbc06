"""著录: the page beside the form; a row is typed, checked as it is typed, stored with its person, and the next folder or code follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from holdings.language import mark
from tui import guide
from tui.dialog import TroubleBox
from tui.figures import count
from tui.keymap import Key, bound
from tui.link import Answer, Link, Trouble
from tui.page_image import PageImage
from tui.pick import Pick
from tui.wording import _
from tui.work import start

WIDE: Final = 120
CHECK_AFTER_S: Final = 0.15
SAME: Final = ("责任者", "保管期限", "密级", "成文日期")
"""Elements that a copy of the row before brings; what differs from item to item is typed."""
KEYED: Final = {
    "stored": mark("已著录 {code}"), "first": mark("已录第一遍 {code}，待另一人录第二遍"), "differs": mark("! {code} 与第一遍不符，待核对"),
}  # fmt: skip
"""What came of a row."""


class CataloguingDesk(ModalScreen[None]):
    """Folders that wait for their row one after the other, or codes counted on where there are none. `delivery` is where rows without a folder go; `given`
    is what is known of the first row, its code `code`."""

    KEYS: ClassVar = (
        Key("ctrl+s", "save", mark("保存"), mark("保存并到下一件（在最后一栏按回车也可）")),
        Key("ctrl+g", "copy_before", mark("抄上条"), mark("抄上一条的责任者、保管期限、密级、日期")),
        Key("ctrl+b", "bodies", mark("责任者"), mark("从本类别已用的责任者中选")),
        Key("ctrl+z", "undo", mark("撤销"), mark("撤销本人最近著录的一条")),
        Key("pagedown", "turn(1)", mark("下一页"), mark("图像下一页")),
        Key("pageup", "turn(-1)", mark("上一页"), mark("图像上一页"), shown=False),
        Key("ctrl+t", "rotate", mark("转"), mark("图像顺时针转 90°"), shown=False),
        Key("f6", "swap", mark("图像"), mark("窄屏上换看图像与表单")),
        Key("ctrl+n", "skip", mark("跳过"), mark("先跳过这个文件夹"), shown=False),
        Key("ctrl+o", "delivery", mark("批次"), mark("换批次：无文件夹的条目归入哪一批"), shown=False),
        Key("f7", "differences", mark("双录核对"), mark("双录核对：两人所录不符的，逐项选定"), shown=False),
        Key("f1", "help", mark("帮助"), mark("本屏的全部按键"), shown=False),
        Key("escape", "close", mark("返回")),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, link: Link, by: str, delivery: str = "", code: str = "", given: dict[str, str] | None = None) -> None:
        super().__init__()
        self._link, self._by, self._delivery, self._code, self._given = link, by, delivery, code, given
        self._waiting: list[Answer] = []
        self._skipped: set[str] = set()
        self._place: Answer | None = None
        self._note, self._differing = "", 0
        self._before: dict[str, str] = {}
        self._names: list[str] = []
        self._fields: list[str] = []
        self._page, self._turn, self._form_first, self._saved = 0, 0, True, 0

    def compose(self) -> ComposeResult:
        """How far one is; page and form; keys."""
        with Vertical(classes="reading"):
            yield Static(id="cat-head", classes="box-title")
            with Container(id="cat"):
                yield PageImage(id="cat-picture")
                yield VerticalScroll(id="cat-form", can_focus=False)
            yield Static(id="cat-told")
            yield Static(
                Content("  ".join(f"{_(key.name)} {_(key.label)}" for key in self.KEYS if key.shown)),
                classes="box-foot",
            )

    def on_mount(self) -> None:
        """The first folder that waits, or the next code."""
        self._lay(self.app.size.width)
        self._work(self._begin)

    def on_resize(self, event: Resize) -> None:
        """Side by side, or one at a time."""
        self._lay(event.size.width)
        self.call_after_refresh(self._redraw)

    def _lay(self, width: int) -> None:
        wide = width >= WIDE
        self.set_class(wide, "wide")
        self.query_one("#cat-picture").display = wide or not self._form_first
        self.query_one("#cat-form").display = wide or self._form_first

    def _work(self, work: Callable[[], Awaitable[object]], group: str = "cat") -> None:
        async def guarded() -> None:
            try:
                await work()
            except Trouble as trouble:
                trouble.thing = trouble.thing or _("著录")
                self.app.push_screen(TroubleBox(trouble))

        start(self, guarded, group, exclusive=True)

    # ------------------------------------------------------------ one row after the other

    async def _begin(self) -> None:
        found = await self._link.ask("cataloguing_waiting", by=self._by)
        self._differing = int(found["differences"])
        self._waiting = [one for one in found["items"] if one["place"] not in self._skipped]
        # A code that was asked for stands beside its own folder, where one waits.
        own = (one for one in self._waiting if one["code"] == self._code)
        self._place = next(own if self._code else iter(self._waiting), None)
        given, self._given = self._given, None
        await self._ask(given)
        if given:
            await self._judge()

    async def _ask(self, values: dict[str, str] | None = None) -> None:
        place = self._place["place"] if self._place else ""
        form = await self._link.ask("cataloguing_form", by=self._by, place=place, code=self._code)
        before = form["before"] or {"delivery": "", "values": {}}
        self._before = before["values"]
        self._delivery = self._place["delivery"] if self._place else self._delivery or before["delivery"] or _("著录")
        self._names, self._page, self._turn, self._saved = form["pages"], 0, 0, form["today"]
        self._code = ""
        pane = self.query_one("#cat-form", VerticalScroll)
        # While fields come and go there are none: a check that was begun before finds nothing to mark.
        self._fields = []
        await pane.remove_children()
        # The code is the one that was asked for, as the node prints it.
        given = {**form["values"], **(values or {}), **({"档号": form["values"]["档号"]} if form["values"].get("档号") else {})}
        asked = {one["name"] for one in form["fields"]}
        # What a sheet says beyond what is asked for is not lost.
        fields = [*form["fields"], *({"name": name, "required": False} for name in given if name not in asked)]
        lines: list[Widget] = []
        for n, one in enumerate(fields):
            star = "*" if one["required"] else " "
            label = Static(Content(f"{star}{one['name']}"), classes="form-label")
            field = Input(given.get(one["name"], ""), id=f"c{n}", compact=True)
            lines += [Horizontal(label, field, classes="form-line"), Static(id=f"cw{n}", classes="form-wrong")]
        await pane.mount_all(lines)
        self._fields = [one["name"] for one in fields]
        first = next((n for n, name in enumerate(self._fields) if not given.get(name)), 0)
        self.query_one(f"#c{first}").focus()
        self._head()
        self.query_one("#cat-told", Static).update(Content(""))
        await self._draw()

    def _head(self) -> None:
        where = (
            _("待目录 {n} 个文件夹：{place}", n=count(len(self._waiting)), place=self._place["place"])
            if self._place
            else _("归入批次 {name}", name=self._delivery)
        )
        page = _("第 {n} / {all} 页", n=self._page + 1, all=len(self._names)) if self._names else _("尚无图像")
        title, done = _("著录"), _("今日已著录 {n} 条", n=count(self._saved))
        differing = _("! 双录不符 {n} 条（F7 核对）", n=count(self._differing)) if self._differing else ""
        parts = [part for part in (page, done, differing, self._note) if part]
        self.query_one("#cat-head", Static).update(Content(f"{title}  {where}\n{'  '.join(parts)}"))

    def values(self) -> dict[str, str]:
        """What stands in the form."""
        return {name: self.query_one(f"#c{n}", Input).value for n, name in enumerate(self._fields)}

    def _put(self, values: dict[str, str]) -> None:
        for n, name in enumerate(self._fields):
            if name in values:
                self.query_one(f"#c{n}", Input).value = values[name]

    @on(Input.Changed)
    def _typed(self) -> None:
        self.set_timer(CHECK_AFTER_S, lambda: self._work(self._judge, "judge"))

    async def _judge(self) -> None:
        if values := self.values():
            self._mark(await self._link.ask("cataloguing_judge", values=values))

    def _mark(self, judged: Answer) -> None:
        for n, name in enumerate(self._fields):
            line = self.query_one(f"#cw{n}", Static)
            # What is still empty is not wrong yet: it is said when the row is stored.
            wrong = judged["refused"].get(name, "") if self.query_one(f"#c{n}", Input).value.strip() else ""
            line.update(Content(f"! {wrong}"))
            line.display = bool(wrong)
        filled = {name for name, value in self.values().items() if value.strip()}
        said = "  ".join(f"{name}：{text}" for name, text in judged["told"].items() if name in filled)
        self.query_one("#cat-told", Static).update(Content(f"? {said}" if said else ""))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if event.input.id == f"c{len(self._fields) - 1}":
            self.action_save()
        else:
            self.focus_next()

    # ------------------------------------------------------------ acts

    def action_save(self) -> None:
        """Store it, go on."""

        async def save() -> None:
            done = await self._link.ask("cataloguing_save", delivery=self._delivery, values=self.values(), by=self._by)
            if self._place is not None:
                self._waiting = [one for one in self._waiting if one["place"] != self._place["place"]]
                self._place = next(iter(self._waiting), None)
            if self._place is None:
                self._code = done["next"]
            self._note = _(KEYED[done["keying"]], code=done["code"])
            self._differing += done["keying"] == "differs"
            await self._ask()

        self._work(save, "save")

    def action_copy_before(self) -> None:
        """What stays the same."""
        self._put({name: value for name, value in self._before.items() if name in SAME})

    def action_bodies(self) -> None:
        """A responsible body that this series has."""
        at = self._fields.index("责任者") if "责任者" in self._fields else None

        def taken(name: str | None) -> None:
            if name and at is not None:
                self.query_one(f"#c{at}", Input).value = name

        async def ask() -> None:
            typed = self.query_one(f"#c{at}", Input).value
            found = await self._link.ask("cataloguing_bodies", code=self.values().get("档号", ""), typed=typed)
            rows = [(one["name"], f"{one['name']}  {count(one['rows'])}") for one in found["bodies"]]
            self.app.push_screen(Pick(_("责任者"), rows or [("", _("本类别还没有"))]), taken)

        if at is not None:
            self._work(ask, "bodies")

    def action_undo(self) -> None:
        """The newest row goes; its code is offered again."""

        async def undo() -> None:
            last = dict(self._before)
            done = await self._link.ask("cataloguing_undo", by=self._by)
            self._code, self._place = done["code"], None
            self._note = _("已撤销 {code}", code=done["code"])
            await self._ask(last)

        self._work(undo, "undo")

    def action_differences(self) -> None:
        """What two persons typed differently."""
        # Here: most deliveries are typed once.
        from tui.double_desk import DoubleDesk

        self.app.push_screen(DoubleDesk(self._link, self._by), lambda _done: self._work(self._begin))

    def action_skip(self) -> None:
        """The next folder; this one comes again another time."""
        if self._place is not None:
            self._skipped.add(self._place["place"])
            self._work(self._begin)

    def action_delivery(self) -> None:
        """Another delivery for rows without a folder."""

        def taken(name: str | None) -> None:
            if name:
                self._delivery = name
                self._head()

        async def ask() -> None:
            found = await self._link.ask("deliveries")
            rows = [(one["name"], one["name"]) for one in found["deliveries"]]
            self.app.push_screen(Pick(_("归入哪一批"), rows), taken)

        if self._place is None:
            self._work(ask, "deliveries")

    def action_turn(self, by: int) -> None:
        """Another page."""
        if 0 <= self._page + by < len(self._names):
            self._page, self._turn = self._page + by, 0
            self._head()
            self._redraw()

    def action_rotate(self) -> None:
        """A quarter clockwise."""
        self._turn = (self._turn + 90) % 360
        self._redraw()

    def action_swap(self) -> None:
        """Page or form, where there is no room for both."""
        self._form_first = not self._form_first
        self._lay(self.app.size.width)
        self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        self._work(self._draw, "draw")

    async def _draw(self) -> None:
        picture: Any = self.query_one(PageImage)
        if self._place is None or not self._names:
            picture.tell(_("尚无图像"))
            return
        if not picture.display or not picture.size.width:
            return
        ask = partial(self._link.ask, "cataloguing_picture", place=self._place["place"], number=self._page + 1)
        width, height = picture.wanted()
        try:
            drawn = await ask(width=width, height=height, turn=self._turn)
        except Trouble as trouble:
            picture.tell(f"! {trouble.rule}\n{trouble.remedy}")
            return
        picture.show(drawn["picture"])

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(guide.of_keys(_("著录"), self.KEYS))

    def action_close(self) -> None:
        """Back; what was typed and not stored is gone."""
        self.dismiss(None)
