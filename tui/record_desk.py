"""One record: its row and story, its pages one by one, and the text of the page with what was looked for marked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from holdings.language import mark
from tui import browser, guide, record_forms
from tui.dialog import TroubleBox
from tui.keymap import Key, bound
from tui.link import Answer, Link, Trouble
from tui.page_image import PageImage
from tui.record_story import story
from tui.wording import _
from tui.work import start

WIDE: Final = 120
"""From this width on, story, picture and text stand side by side."""
PANES: Final = ("facts", "picture", "words")


class RecordDesk(ModalScreen[None]):
    """A record over the whole screen. `told`, `shown`, `hit` as `record_story.story` has them; `query` is what was looked for."""

    KEYS: ClassVar = (
        Key("right", "turn(1)", mark("下一页"), mark("下一页（也可按 ]）")),
        Key("left", "turn(-1)", mark("上一页"), mark("上一页（也可按 [）")),
        Key("right_square_bracket", "turn(1)", mark("下一页"), shown=False),
        Key("left_square_bracket", "turn(-1)", mark("上一页"), shown=False),
        Key("tab", "pane", mark("换栏"), mark("换栏：著录、图像、文字")),
        Key("n", "hit", mark("下一处"), mark("到下一个有查找词的页")),
        Key("r", "rotate", mark("转"), mark("图像顺时针转 90°")),
        Key("o", "browse", mark("浏览器"), mark("在浏览器中看：可缩放、旋转，目录在旁")),
        Key("m", "mend", mark("改著录"), mark("修改著录：就地改目录行，边改边校验"), shown=False, verb="record_mend"),
        Key("u", "undo", mark("撤销"), mark("撤销本人对此件著录的修改"), shown=False, verb="record_mend"),
        Key("e", "export", mark("导出"), mark("导出此件为普通文件"), shown=False, verb="export"),
        Key("y", "copy", mark("复制"), mark("复制本页文字；无文字时复制档号"), shown=False),
        Key("up", "scroll('up')", mark("上移"), shown=False),
        Key("down", "scroll('down')", mark("下移"), shown=False),
        Key("pageup", "scroll('page_up')", mark("上翻"), mark("上翻一屏"), shown=False),
        Key("pagedown", "scroll('page_down')", mark("下翻"), mark("下翻一屏"), shown=False),
        Key("home", "scroll('home')", mark("开头"), mark("到开头"), shown=False),
        Key("end", "scroll('end')", mark("末尾"), mark("到末尾"), shown=False),
        Key("question_mark", "help", mark("帮助"), mark("本屏的全部按键"), shown=False),
        Key("escape", "close", mark("返回")),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, link: Link, told: Answer, shown: Answer, hit: Answer | None = None, query: str = "") -> None:
        super().__init__()
        self.link, self._told, self._shown, self._hit, self._query = link, told, shown, hit, query
        self._pages: list[Answer] = []
        self._at, self._turn, self._pane = 0, 0, 0
        self._text = self._note = ""

    def compose(self) -> ComposeResult:
        """Title; story, picture, text; keys."""
        with Vertical(classes="reading"):
            yield Static(id="record-head", classes="box-title")
            with Container(id="record"):
                with VerticalScroll(id="facts", can_focus=False):
                    yield Static(story(self._told, self._shown, self._hit), id="story")
                yield PageImage(id="picture")
                with VerticalScroll(id="words", can_focus=False):
                    yield Static(id="page-text")
            yield Static(
                Content("  ".join(f"{_(key.name)} {_(key.label)}" for key in self.KEYS if key.shown)),
                classes="box-foot",
            )

    def on_mount(self) -> None:
        """The story stands at once, the pages come."""
        self._lay(self.app.size.width)
        self._head()
        if self._shown.get("pages"):
            self._work(self._load)
        else:
            self.query_one(PageImage).tell(_("尚无图像"))

    def on_resize(self, event: Resize) -> None:
        """Side by side, or one at a time; the picture is drawn for its new place."""
        self._lay(event.size.width)
        self.call_after_refresh(self._redraw)

    @property
    def _wide(self) -> bool:
        return self.has_class("wide")

    def _lay(self, width: int) -> None:
        self.set_class(width >= WIDE, "wide")
        for n, name in enumerate(PANES):
            pane = self.query_one(f"#{name}")
            pane.display = self._wide or n == self._pane
            pane.set_class(self._wide and n == self._pane, "here")

    def _head(self) -> None:
        names = (_("著录"), _("图像"), _("文字"))
        where = "  ".join(f"[{name}]" if n == self._pane else f" {name} " for n, name in enumerate(names))
        page = _("第 {n} / {all} 页", n=self._at + 1, all=len(self._pages)) if self._pages else ""
        hits = self._pages[self._at]["hits"] if self._pages else 0
        found = _("查到 {n} 处", n=hits) if hits else ""
        title = f"{self._told['ref']}  {self._shown.get('title', '')}".rstrip()
        line = "  ".join(part for part in (where, page, found, self._note) if part)
        self.query_one("#record-head", Static).update(Content(f"{title}\n{line}"))

    # ------------------------------------------------------------ pages

    def _work(self, work: Callable[[], Awaitable[object]], group: str = "record") -> None:
        async def guarded() -> None:
            try:
                await work()
            except Trouble as trouble:
                self._refused(trouble)

        start(self, guarded, group, exclusive=True)

    def _refused(self, trouble: Trouble) -> None:
        self.query_one(PageImage).tell(f"! {trouble.rule}\n{trouble.remedy}")

    async def _load(self) -> None:
        found = await self.link.ask("record_pages", ref=self._told["ref"], query=self._query)
        self._pages = found["pages"]
        wanted = (self._hit or {}).get("page")
        self._at = next((n for n, one in enumerate(self._pages) if one["hits"]), 0) if wanted else 0
        await self._show()

    async def _show(self) -> None:
        self._head()
        if not self._pages:
            return
        number = self._pages[self._at]["number"]
        said = await self.link.ask("record_text", ref=self._told["ref"], number=number, query=self._query)
        self._text = said["text"]
        self.query_one("#page-text", Static).update(words(said))
        self.query_one("#words").scroll_home(animate=False)
        await self._draw()

    async def _draw(self) -> None:
        picture = self.query_one(PageImage)
        if not self._pages or not picture.display or not picture.size.width:
            return
        width, height = picture.wanted()
        number = self._pages[self._at]["number"]
        try:
            drawn = await self.link.ask(
                "record_picture", ref=self._told["ref"], number=number, width=width, height=height, turn=self._turn
            )
        except Trouble as trouble:
            self._refused(trouble)
            return
        picture.show(drawn["picture"])

    def _redraw(self) -> None:
        self._work(self._draw, "draw")

    def _go(self, to: int) -> None:
        if 0 <= to < len(self._pages) and to != self._at:
            self._at, self._turn = to, 0
            self._work(self._show)

    def action_turn(self, by: int) -> None:
        """The next or the previous page."""
        if self._pane == 0 and not self._wide and self._pages:
            self._pane = 1
            self._lay(self.app.size.width)
            self._head()
            self.call_after_refresh(self._redraw)
            return
        self._go(self._at + by)

    def action_hit(self) -> None:
        """The next page with a hit, from the first again after the last."""
        behind = [*range(self._at + 1, len(self._pages)), *range(self._at)]
        self._go(next((n for n in behind if self._pages[n]["hits"]), self._at))

    def action_rotate(self) -> None:
        """A quarter clockwise."""
        self._turn = (self._turn + 90) % 360
        self._redraw()

    def action_pane(self) -> None:
        """The next pane; in a narrow terminal it takes the place of this one."""
        self._pane = (self._pane + 1) % len(PANES)
        self._lay(self.app.size.width)
        self._head()
        self.call_after_refresh(self._redraw)

    def action_browse(self) -> None:
        """The page in the browser."""

        async def go() -> None:
            try:
                number = self._pages[self._at]["number"]
                await browser.browse(self.app, self.link, "page_link", ref=self._told["ref"], number=number)
            except Trouble as trouble:
                trouble.thing = _("在浏览器中看")
                self.app.push_screen(TroubleBox(trouble))

        if self._pages:
            start(self, go, "browse", exclusive=True)

    @property
    def ref(self) -> str:
        """The code of the record."""
        return str(self._told["ref"])

    @property
    def _by(self) -> str:
        return str(getattr(self.app, "by", ""))

    def _guarded(self, thing: str, work: Callable[[], Awaitable[object]]) -> None:
        async def go() -> None:
            try:
                await work()
            except Trouble as trouble:
                trouble.thing = trouble.thing or thing
                self.app.push_screen(TroubleBox(trouble))

        start(self, go, "act", exclusive=True)

    def action_mend(self) -> None:
        """修改著录."""
        self._guarded(_("修改著录"), partial(record_forms.mend, self, self._by, self._anew))

    def action_undo(self) -> None:
        """What one mended of it oneself is as its sheet says again."""

        async def undo() -> None:
            done = await self.link.ask("record_mend_undo", ref=self.ref, by=self._by)
            self._note = _("已撤销 {n} 项修改", n=done["elements"])
            await self._tell_anew()

        self._guarded(_("撤销"), undo)

    def action_export(self) -> None:
        """As plain files."""

        def told(text: str) -> None:
            self._note = text
            self._head()

        record_forms.export(self, told)

    def _anew(self) -> None:
        self._note = _("已修改；有图像的，下次加封时出新版本")
        self._guarded(_("修改著录"), self._tell_anew)

    async def _tell_anew(self) -> None:
        """The story as it is now."""
        self._told = await self.link.ask("console_record", ref=self.ref)
        self._shown = await self.link.ask("show", ref=self.ref) if self._told["sealed"] else {}
        self.query_one("#story", Static).update(story(self._told, self._shown, self._hit))
        self._head()

    def action_scroll(self, how: str) -> None:
        """Move the pane that has the keys; the picture gives them to the story beside it."""
        pane = self.query_one(f"#{'facts' if PANES[self._pane] == 'picture' and self._wide else PANES[self._pane]}")
        getattr(pane, f"scroll_{how}")(animate=False)

    def action_copy(self) -> None:
        """To the clipboard of the terminal (OSC 52)."""
        self.app.copy_to_clipboard(self._text or self._told["ref"])

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(guide.of_keys(_("一件档案"), self.KEYS))

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)


def words(said: Answer) -> Content:
    """The text of a page; what was looked for in brackets and in weight, who read it at the end."""
    text, at, parts = said["text"], 0, list[Any]()
    if not text:
        return Content.styled(_("此页尚未识读，或没有文字"), "$foreground-muted")
    for begin, end in said["marks"]:
        if begin >= at:
            parts += [text[at:begin], (f"[{text[begin:end]}]", "bold $warning-ink")]
            at = end
    by = _("{name} 校对", name=said["by"]) if said["by"] else said["engine"]
    sure = f"  {said['confidence']:.0f}%" if said["confidence"] is not None and not said["by"] else ""
    return Content.assemble(*parts, text[at:], "\n\n", (f"{by}{sure}", "$foreground-muted"))
