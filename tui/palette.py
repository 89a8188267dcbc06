"""Acts by name: type a part of what is wanted, Enter does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from holdings.language import mark
from tui import themes
from tui.figures import pad
from tui.keymap import EVERYWHERE, Key, bound
from tui.wording import _

if TYPE_CHECKING:
    from tui.app import Console
    from tui.page import Page

MOVING: Final = frozenset({"enter", "escape", "backspace", "space", "asterisk"})
"""Keys that mean something only where a cursor stands already."""


class Entry(Struct, frozen=True):
    """One act: what it is called, its key when it has one, what it does."""

    name: str
    key: str
    work: Callable[[], object]


def matching(entries: Sequence[Entry], text: str) -> list[Entry]:
    """Those that hold every word of the text, in any case; all when it is empty."""
    words = text.lower().split()
    return [one for one in entries if all(word in f"{one.name} {one.key}".lower() for word in words)]


def entries(console: Console, here: str, shown: Sequence[type[Page]]) -> list[Entry]:
    """Every act that there is, those of the screen that is seen first, then the screens, then those of the other screens."""
    own = next((console.allowed(kind.KEYS) for kind in shown if here == kind.NAME), ())
    found = [Entry(f"{_(key.label)}  {_(key.told)}", _(key.name), partial(console.simulate_key, key.key)) for key in own]
    for n, kind in enumerate(shown, 1):
        found.append(Entry(_("到{page}", page=_(kind.TITLE)), str(n), partial(console.call_later, console.action_page, n)))
    for n, kind in enumerate(shown, 1):
        for key in console.allowed(kind.KEYS) if here != kind.NAME else ():
            if key.key not in MOVING:
                name = f"{_(kind.TITLE)}：{_(key.told or key.label)}"
                found.append(Entry(name, f"{n} {_(key.name)}", partial(console.act_on, kind.NAME, key.key)))
    quiet = [key for key in EVERYWHERE if key.told and not key.shown]
    found += [Entry(_(key.told), _(key.name), partial(console.simulate_key, key.key)) for key in quiet]
    for name, label in themes.LABELS.items():
        found.append(Entry(_("配色：{name}", name=_(label)), "", partial(console.take, theme=name)))
    for tag, language in (("zh-CN", "中文"), ("en", "English")):
        found.append(Entry(_("语言：{name}", name=language), "", partial(console.take, language=tag)))
    return found


class Palette(ModalScreen[None]):
    """A field and the acts that fit what stands in it."""

    KEYS: ClassVar = (
        Key("escape", "close", mark("关闭")),
        Key("down", "move('down')", mark("下移"), shown=False),
        Key("up", "move('up')", mark("上移"), shown=False),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._all, self._found = tuple(entries), list(entries)

    def compose(self) -> ComposeResult:
        """The field above the list."""
        with Vertical(classes="box palette"):
            yield Input(placeholder=_("键入名称的一部分"), compact=True)
            yield OptionList(*self._options(), compact=True)
            yield Static(Content(_("回车 照办    Esc 关闭")), classes="box-foot")

    def _options(self) -> list[Option]:
        return [Option(Content.assemble((pad(one.key, 8), "$foreground-muted"), one.name)) for one in self._found]

    def on_mount(self) -> None:
        """The field has the keys; the list follows up and down."""
        self.query_one(Input).focus()
        self.query_one(OptionList).highlighted = 0

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._found = matching(self._all, event.value)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._options())
        options.highlighted = 0 if self._found else None

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._do(self.query_one(OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._do(event.option_index)

    def _do(self, at: int | None) -> None:
        if at is not None and at < len(self._found):
            work = self._found[at].work
            self.dismiss(None)
            work()

    def action_move(self, how: str) -> None:
        """Up or down in the list while the field has the keys."""
        getattr(self.query_one(OptionList), f"action_cursor_{how}")()

    def action_close(self) -> None:
        """Nothing is done."""
        self.dismiss(None)
