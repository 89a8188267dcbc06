"""Boxes over a screen: a question that can only be answered with yes or no, a trouble as thing, rule and remedy, a text to read."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from holdings.language import mark
from tui.keymap import Key, bound
from tui.link import Trouble
from tui.wording import _

CLOSE = Key("escape", "close", mark("关闭"))


class TroubleBox(ModalScreen[None]):
    """Says what could not be done, why, and what to do now; any of its keys closes it."""

    KEYS: ClassVar = (
        CLOSE,
        Key("enter", "close", mark("知道了"), shown=False),
        Key("space", "close", mark("知道了"), shown=False),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self.trouble = trouble

    def compose(self) -> ComposeResult:
        """Three lines with their names before them."""
        with Vertical(classes="box trouble"):
            yield Static(Content(_("不能办理")), classes="box-title")
            yield Static(told(self.trouble))
            yield Static(Content(_("回车 知道了")), classes="box-foot")

    def action_close(self) -> None:
        """Read."""
        self.dismiss(None)


def told(trouble: Trouble) -> Content:
    """A trouble in three named lines."""
    lines = [(_("事项"), trouble.thing), (_("原因"), trouble.rule), (_("办法"), trouble.remedy)]
    return Content("\n").join(
        [Content.assemble((f"{name}  ", "$foreground-muted"), text) for name, text in lines if text]
    )


class Confirm(ModalScreen[bool]):
    """Asks before something that cannot be undone; only y says yes."""

    KEYS: ClassVar = (
        Key("y", "yes", mark("是，照办")),
        Key("escape", "no", mark("不办")),
        Key("n", "no", mark("不办"), shown=False),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, question: str, told: str) -> None:
        super().__init__()
        self._question, self._told = question, told

    def compose(self) -> ComposeResult:
        """The question, what follows from a yes, the two keys."""
        with Vertical(classes="box trouble"):
            yield Static(Content(self._question), classes="box-title")
            yield Static(Content(self._told))
            yield Static(Content(_("y 是，照办    Esc 不办")), classes="box-foot")

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(result=True)

    def action_no(self) -> None:
        """Leave it."""
        self.dismiss(result=False)


class Reading(ModalScreen[None]):
    """A long text over the whole screen, scrolled with the keys of a list."""

    KEYS: ClassVar = (
        Key("escape", "close", mark("返回")),
        Key("up", "scroll('up')", mark("上移"), shown=False),
        Key("down", "scroll('down')", mark("下移"), shown=False),
        Key("pageup", "scroll('page_up')", mark("上页"), mark("上翻一屏")),
        Key("pagedown", "scroll('page_down')", mark("下页"), mark("下翻一屏")),
        Key("home", "scroll('home')", mark("开头"), mark("到开头"), shown=False),
        Key("end", "scroll('end')", mark("末尾"), mark("到末尾"), shown=False),
        Key("y", "copy", mark("复制"), mark("全文复制到剪贴板")),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, title: str, text: str | Content) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        with Vertical(classes="reading"):
            yield Static(Content(self._title), classes="box-title")
            with VerticalScroll(id="text", can_focus=True):
                yield Static(self._text if isinstance(self._text, Content) else Content(self._text))
            yield Static(
                Content("    ".join(f"{key.name} {_(key.label)}" for key in self.KEYS if key.shown)), classes="box-foot"
            )

    def on_mount(self) -> None:
        """The text has the keys."""
        self.query_one("#text").focus()

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)

    def action_scroll(self, how: str) -> None:
        """Move the text."""
        getattr(self.query_one("#text"), f"scroll_{how}")(animate=False)

    def action_copy(self) -> None:
        """To the clipboard of the terminal (OSC 52)."""
        self.app.copy_to_clipboard(self._text if isinstance(self._text, str) else self._text.plain)
