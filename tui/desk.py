"""A desk: a list over the whole screen with its own keys, for what is done beside the six screens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from holdings.language import mark
from tui import guide
from tui.dialog import Confirm, TroubleBox
from tui.form import Check, Field, Values
from tui.keymap import Key, bound
from tui.ledger import Column, Ledger
from tui.link import Answer, Link, Trouble
from tui.path_form import Wanted, form_of
from tui.wording import _
from tui.work import start

HELP = Key("question_mark", "help", mark("帮助"), mark("本屏的全部按键"))
BACK = Key("escape", "close", mark("返回"))


class Desk(ModalScreen[None]):
    """A head, a list, what is under the cursor, the keys. `load` asks for everything anew."""

    TITLE_TEXT: ClassVar[str]
    COLUMNS: ClassVar[tuple[Column, ...]]
    EMPTY: ClassVar[str] = ""
    KEYS: ClassVar[tuple[Key, ...]] = (HELP, BACK)

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.link = link

    def __init_subclass__(cls, **more: Any) -> None:
        """The bindings of a desk are its table of keys."""
        cls.BINDINGS = bound(cls.KEYS)
        super().__init_subclass__(**more)

    def compose(self) -> ComposeResult:
        """Head, list, detail, keys."""
        with Vertical(classes="reading desk"):
            yield Static(Content(_(self.TITLE_TEXT)), id="desk-head", classes="box-title")
            yield Ledger(self.COLUMNS, empty=self.EMPTY, ident="desk-list")
            yield Static(id="desk-detail", classes="desk-detail")
            yield Static(
                Content("  ".join(f"{_(key.name)} {_(key.label)}" for key in self.KEYS if key.shown)), classes="box-foot"
            )

    def on_mount(self) -> None:
        """The list has the keys."""
        self.ledger.focus()
        self.work(_(self.TITLE_TEXT), self.load)

    @property
    def ledger(self) -> Ledger:
        """The list."""
        return self.query_one("#desk-list", Ledger)

    async def load(self) -> None:
        """Ask for everything anew and draw it."""
        raise NotImplementedError

    def head(self, text: str) -> None:
        """What stands above the list."""
        self.query_one("#desk-head", Static).update(Content(text))

    def tell(self, text: Content) -> None:
        """What stands below the list about the row under the cursor."""
        self.query_one("#desk-detail", Static).update(text)

    def work(self, thing: str, work: Callable[[], Awaitable[object]]) -> None:
        """Work beside the keys; a refusal is shown as thing, rule and remedy."""

        async def guarded() -> None:
            try:
                await work()
            except Trouble as trouble:
                trouble.thing = trouble.thing or thing
                self.app.push_screen(TroubleBox(trouble))

        start(self, guarded, "desk")

    def act(self, thing: str, verb: str, /, **given: Any) -> None:
        """A verb that needs no word more, then everything anew."""

        async def doing() -> None:
            await self.link.ask(verb, **given)
            await self.load()

        self.work(thing, doing)

    def form(
        self,
        title: str,
        fields: Iterable[Field],
        work: Callable[[Values], Awaitable[Answer | None]],
        *,
        note: str = "",
        check: Check | None = None,
        picks: Mapping[str, Wanted] | None = None,
    ) -> None:
        """Ask for values, do the work, then everything anew; `picks` are the fields that take a path."""

        def ended(happened: bool | None) -> None:
            if happened:
                self.work(title, self.load)

        self.app.push_screen(form_of(title, tuple(fields), work, self.link, picks, note=note, check=check), ended)

    def sure(self, question: str, told: str, work: Callable[[], object]) -> None:
        """Ask before what cannot be undone."""

        def answered(yes: bool | None) -> None:
            if yes:
                work()

        self.app.push_screen(Confirm(question, told), answered)

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(guide.of_keys(_(self.TITLE_TEXT), self.KEYS))

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)
