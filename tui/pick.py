"""A short list over a screen of which one is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from holdings.language import mark
from tui.keymap import Key, bound
from tui.wording import _


class Pick(ModalScreen[str | None]):
    """Rows of (value, text); the value that is taken, or None."""

    KEYS: ClassVar = (Key("escape", "close", mark("不选")),)
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, title: str, rows: Sequence[tuple[str, str]], note: str = "") -> None:
        super().__init__()
        self._title, self._rows, self._note = title, tuple(rows), note
        self._typed = ""

    def compose(self) -> ComposeResult:
        """Title, rows, keys."""
        with Vertical(classes="box palette"):
            yield Static(Content(self._title), classes="box-title")
            if self._note:
                yield Static(Content(self._note), classes="form-note")
            yield OptionList(*(Option(Content(text)) for _value, text in self._rows), compact=True)
            yield Static(Content(_("回车 选取    Esc 不选")), classes="box-foot")

    def on_mount(self) -> None:
        """The list has the keys."""
        self.query_one(OptionList).focus()

    def on_key(self, event: events.Key) -> None:
        """Type the beginning of a row to stand on it."""
        sign = event.character
        if sign is None or not sign.isalnum():
            return
        event.stop()
        for typed in (self._typed + sign.lower(), sign.lower()):
            at = next((n for n, (_value, text) in enumerate(self._rows) if text.lower().startswith(typed)), None)
            if at is not None:
                self._typed = typed
                self.query_one(OptionList).highlighted = at
                return

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._rows[event.option_index][0])

    def action_close(self) -> None:
        """None of them."""
        self.dismiss(None)
