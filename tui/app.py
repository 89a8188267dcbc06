"""The console 工作台: one frame for all screens, their keys, the pulse that tells them of changes, language and look."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from holdings.language import Language
from node.client import Presence
from tui import figures, guide, themes, wording
from tui.dialog import TroubleBox
from tui.form import Field, Form, Values
from tui.keymap import EVERYWHERE, Key, bound
from tui.link import Answer, Link, Trouble
from tui.page import Page
from tui.palette import Palette, entries
from tui.sign_in import Signing, UnlockForm
from tui.wording import _
from tui.work import start

PULSE_S: Final = 1.0
WIDE: Final = 120
"""From this width on, a list has its detail beside it, not below."""
_SEEN: Final = (
    "records", "pages", "pending_deltas", "quarantined", "scanning", "held", "last_contact", "last_result", "stopped", "receipts", "deltas", "paused", "sent_bytes",
    "acts",
)  # fmt: skip
"""What of a status makes the screens look again."""


class Console(App[None]):
    """The program.

    Args:
        pages: the screens in the order of their keys. by: in whose name acts are noted.
        pulse_s: seconds between two looks at the node; 0 looks only when told (tests).
    """

    CSS_PATH = "console.tcss"
    ENABLE_COMMAND_PALETTE = False
    KEYS = EVERYWHERE
    BINDINGS: ClassVar = [*bound(EVERYWHERE), *bound([Key(str(n), f"page({n})", "") for n in range(1, 10)])]

    def __init__(
        self,
        home: Path,
        by: str,
        pages: tuple[type[Page], ...],
        *,
        pulse_s: float = PULSE_S,
        language: str = "",
        theme: str = "",
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.link, self.by, self.role = Link(home), by, ""
        self.signing = Signing(self)
        self._kinds, self._pulse_s = pages, pulse_s
        self._given = {"language": language, "theme": theme}
        self._verbs: frozenset[str] | None = None
        self._pages: dict[str, Page] = {}
        self._here = ""
        self._status: Answer = {}
        self._told = ""
        self._pulsing = False
        for one in themes.THEMES:
            self.register_theme(one)
        self.theme = theme if theme in themes.LABELS else themes.DEFAULT
        wording.speak(Language.of(language))

    def compose(self) -> ComposeResult:
        """Names of the screens, the screen, how the node is, the keys."""
        yield Static(id="top")
        yield Container(id="pages")
        yield Static(id="status")
        yield Static(id="keys")

    async def on_mount(self) -> None:
        """Begin with the first screen; what the node knows decides which there are."""
        self.frame()
        start(self, self._open, "pulse")
        if self._pulse_s:
            self.set_interval(self._pulse_s, self.begin_pulse)

    async def _open(self) -> None:
        await self.pulse()
        # Who is quick has chosen a screen meanwhile.
        if not self._here:
            await self.enter(self._shown()[0].NAME)

    # ------------------------------------------------------------ the pulse

    def begin_pulse(self) -> None:
        """Look beside the keys; a look that is still under way is enough."""
        if not self._pulsing:
            start(self, self.pulse, "pulse")

    async def pulse(self) -> None:
        """Ask how the node is. Many changes between two looks are one; nothing changed draws nothing."""
        self._pulsing = True
        try:
            was_away = self.away
            if self._verbs is None:
                await self._meet()
            status = await self.link.ask("status")
            changed = was_away or any(status.get(name) != self._status.get(name) for name in _SEEN)
            self._status = status
            if changed:
                self.frame()
                if (page := self.page) is not None and page.is_mounted:
                    page.begin(page.renew)
        except Trouble as trouble:
            self.met(trouble)
        finally:
            self._pulsing = False

    async def _meet(self) -> None:
        said = await self.link.ask("capabilities")
        self._verbs = frozenset(said["verbs"])
        self.signing.told(said)
        await self._prefer()

    async def _prefer(self) -> None:
        kept = await self.link.ask("console_preferences", by=self.by)
        if kept["language"] and not self._given["language"]:
            wording.speak(Language(kept["language"]))
        if kept["theme"] in themes.LABELS and not self._given["theme"]:
            self.theme = kept["theme"]

    def met(self, trouble: Trouble) -> None:
        """A question was not answered: an away node is told in the status line, anything else there in words."""
        if trouble.sign_in:
            self.signing.ask()
            return
        if trouble.presence is Presence.SERVING:
            self._told = f"! {trouble.rule}"
        elif self.page is not None and self.page.is_mounted:
            self.page.away(trouble)
        self.frame()

    @property
    def away(self) -> bool:
        """Whether the node could not be reached when it was last asked."""
        return self.link.presence is not Presence.SERVING

    def trouble(self, trouble: Trouble) -> None:
        """Something that a person asked for could not be done: said in a box as thing, rule and remedy."""
        if trouble.sign_in:
            self.signing.ask()
        else:
            self.push_screen(TroubleBox(trouble))
        self.frame()

    def say(self, text: str) -> None:
        """One line about what was done, until the next."""
        self._told = text
        self.frame()

    # ------------------------------------------------------------ the frame

    @property
    def page(self) -> Page | None:
        """The screen that is seen."""
        return self._pages.get(self._here)

    def _shown(self) -> list[type[Page]]:
        return [kind for kind in self._kinds if self._verbs is None or self._verbs >= kind.NEEDS]

    def way_to(self, name: str) -> str:
        """Which key leads to a screen; nothing when it is not shown."""
        return next(
            (
                _("（按 {n} 到{page}）", n=n, page=_(kind.TITLE))
                for n, kind in enumerate(self._shown(), 1)
                if name == kind.NAME
            ),
            "",
        )

    def frame(self) -> None:
        """Draw the lines around the screen anew; each is one line high, so that nothing is laid out again."""
        if not self.query("#top"):
            return
        width = self.size.width
        shown, brand, here = self._shown(), _("津档工作台"), self._status.get("name", "")
        title = f" {brand}  {here}  " if width >= 100 else f" {here or brand} "
        titles = figures.tabs([_(kind.TITLE) for kind in shown], width - cell_len(title))
        names = [
            Content.from_markup(f"[@click=app.page({n})]$label[/]", label=label).stylize(
                "bold reverse" if self._here == kind.NAME else ""
            )
            for n, (kind, label) in enumerate(zip(shown, titles, strict=True), 1)
        ]
        self.query_one("#top", Static).update(Content.assemble(title, *names), layout=False)
        status = self.query_one("#status", Static)
        status.set_class(self.away, "away")
        status.update(Content(figures.fit(" " + self._line(), max(1, width))), layout=False)
        keys = [
            Content.from_markup(
                f"[@click=app.press('{key.key}')][bold]$name[/] $label[/]  ", name=_(key.name), label=_(key.label)
            )
            for key in self._fitting(width - 1)
        ]
        self.query_one("#keys", Static).update(Content.assemble(" ", *keys), layout=False)

    def _line(self) -> str:
        if self.away:
            state = {Presence.LOCKED: _("! 本机待解锁"), Presence.WAITING: _("! 本机待解锁：按 F6 输入口令")}.get(
                self.link.presence, _("! 后台服务未运行")
            )
            return "  ".join([state, _("数据完好，正在等它回来（每秒重试）"), self._told])
        said = self._status
        parts = [
            _("服务正常") if not said.get("stopped") else _("! 传输已停止"),
            _("待处理 {n} 件", n=figures.count(said.get("quarantined", 0))),
            _(
                "待传 {n} 个增量 {size}",
                n=said.get("pending_deltas", 0),
                size=figures.size(said.get("pending_bytes", 0)),
            ),
            _("经办人 {name}", name=f"{self.by} {_(self.role)}" if self.role else self.by),
        ]
        if said.get("paused"):
            parts.insert(1, _("传输已暂停"))
        return self._told + "  |  " + "  ".join(parts) if self._told else "  ".join(parts)

    def keys(self) -> tuple[Key, ...]:
        """The keys of the screen and those of everywhere; a box says its own at its foot."""
        page = self.page
        return self.allowed((*(page.KEYS if page else ()), *EVERYWHERE))

    def _fitting(self, room: int) -> list[Key]:
        """Keys for the line of keys: where not all have room, help and commands stay and the screen's last ones are left to them."""
        own = [key for key in self.allowed(self.page.KEYS if self.page else ()) if key.shown]
        ends = [key for key in EVERYWHERE if key.shown]
        wide = [cell_len(f"{_(key.name)} {_(key.label)}  ") for key in (*own, *ends)]
        while own and sum(wide) > room + 2:
            del wide[len(own) - 1]
            own.pop()
        return [*own, *ends]

    def allowed(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """Those that the role of who is signed in may use."""
        return tuple(key for key in keys if not key.verb or self._verbs is None or key.verb in self._verbs)

    def on_resize(self, event: Resize) -> None:
        """A wide terminal has the detail beside the list."""
        for page in self._pages.values():
            page.set_class(event.size.width >= WIDE, "wide")
        self.call_after_refresh(self.frame)

    # ------------------------------------------------------------ acts

    async def enter(self, name: str) -> Page:
        """Show a screen, made when it is first asked for."""
        kind = next((kind for kind in self._shown() if name == kind.NAME), self._shown()[0])
        name = kind.NAME
        page = self._pages.get(name)
        for other in self._pages.values():
            other.display = other is page
        if page is None:
            page = self._pages[name] = kind()
            page.set_class(self.size.width >= WIDE, "wide")
            await self.query_one("#pages", Container).mount(page)
        self._here, self._told = name, ""
        self.frame()
        page.call_after_refresh(self._begin, page)
        return page

    def _begin(self, page: Page) -> None:
        """The screen stands: its list gets the keys, its figures are asked for."""
        if (focused := page.focused()) is not None and len(self.screen_stack) == 1:
            focused.focus()
        page.begin(page.renew)

    async def action_page(self, number: int) -> None:
        """A screen by its key."""
        shown = self._shown()
        if number <= len(shown) and len(self.screen_stack) == 1:
            await self.enter(shown[number - 1].NAME)

    def action_press(self, key: str) -> None:
        """A click on the line of keys is the key."""
        self.simulate_key(key)

    def action_renew(self) -> None:
        """Look now."""
        self.begin_pulse()
        if (page := self.page) is not None:
            page.begin(page.renew)

    def action_help(self) -> None:
        """All keys."""
        if len(self.screen_stack) == 1:
            self.push_screen(guide.guide(self.page, self.allowed(self.page.KEYS if self.page else ()), self._shown()))

    def action_palette(self) -> None:
        """Acts by name."""
        if len(self.screen_stack) == 1:
            self.push_screen(Palette(entries(self, self._here, self._shown())))

    def act_on(self, name: str, key: str) -> None:
        """An act of another screen: show that, and press its key once it knows what there is."""

        async def go() -> None:
            page = await self.enter(name)
            try:
                await page.renew()
            except Trouble as trouble:
                self.met(trouble)
                return
            self.simulate_key(key)

        start(self, go, "act-on", exclusive=True)

    def action_turn_language(self) -> None:
        """The other language."""
        self.take(language="zh-CN" if wording.language() is Language.ENGLISH else "en")

    def action_turn_theme(self) -> None:
        """The next look."""
        names = list(themes.LABELS)
        self.take(theme=names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else themes.DEFAULT)

    def take(self, language: str = "", theme: str = "") -> None:
        """Speak and look so from now on, and keep it for this person."""
        if theme:
            self.theme = theme
        if language and Language(language) is not wording.language():
            wording.speak(Language(language))
            start(self, self._rebuild, "rebuild", exclusive=True)
        self.frame()
        start(self, partial(self._keep, wording.language().value, self.theme), "keep", exclusive=True)

    async def _rebuild(self) -> None:
        """Titles and labels of a screen are written when it is made: make it anew."""
        for page in self._pages.values():
            await page.remove()
        self._pages.clear()
        await self.enter(self._here)

    async def _keep(self, language: str, theme: str) -> None:
        try:
            await self.link.ask("console_prefer", by=self.by, language=language, theme=theme)
        except Trouble as trouble:
            self.met(trouble)

    def action_person(self) -> None:
        """In whose name: who signs in says it, else whoever sits here."""
        if self.signing.needed:
            start(self, self.signing.out, "sign-in", exclusive=True)
            return

        async def take(values: Values) -> None:
            self.by = values["by"].strip()
            self.frame()

        if len(self.screen_stack) == 1:
            self.push_screen(
                Form(
                    _("换经办人"),
                    [Field("by", _("姓名"), self.by, required=True)],
                    take,
                    note=_("以后的办理都记在此人名下。"),
                )
            )

    def action_unlock(self) -> None:
        """The passphrase of a node that waits for it."""
        if self.link.presence is not Presence.WAITING:
            self.say(_("本机不在等待口令"))
        elif len(self.screen_stack) == 1:
            self.push_screen(UnlockForm(self.link, self.begin_pulse))

    async def changed_person(self) -> None:
        """Another person: other screens, another language perhaps."""
        self._verbs = None
        await self.pulse()
        await self._rebuild()

    def action_leave(self) -> None:
        """The daemon works on."""
        self.exit()

    def simulate_key(self, key: str) -> None:
        """A key as if it were pressed, after the box that asked for it is gone."""
        self.call_after_refresh(super().simulate_key, key)
