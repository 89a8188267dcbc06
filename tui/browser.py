"""A link of the node's page door: opened in the browser of this machine, or told to who sits elsewhere."""

from __future__ import annotations

import os
import webbrowser
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from holdings.language import mark
from tui.keymap import Key, bound
from tui.link import Answer, Link
from tui.wording import _

if TYPE_CHECKING:
    from textual.app import App


class LinkBox(ModalScreen[None]):
    """Says the link, how long it is good, and how to reach it from another machine."""

    KEYS: ClassVar = (
        Key("escape", "close", mark("关闭")),
        Key("enter", "close", mark("知道了"), shown=False),
        Key("y", "copy", mark("复制")),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, told: Answer, *, opened: bool) -> None:
        super().__init__()
        self._told, self._opened = told, opened

    def compose(self) -> ComposeResult:
        """The link and what to do with it."""
        title = _("已在浏览器中打开") if self._opened else _("请在浏览器中打开")
        port = self._told["port"]
        lines = [
            self._told["url"],
            "",
            _("{n} 秒内打开有效，只能用一次；没有打开的，请再按 o。", n=self._told["seconds"]),
        ]
        if not self._opened:
            lines.append(_("经 SSH 使用的，先在自己的电脑上执行：ssh -L {port}:127.0.0.1:{port} 用户@本机", port=port))
        with Vertical(classes="box"):
            yield Static(Content(title), classes="box-title")
            yield Static(Content("\n".join(lines)))
            yield Static(Content(_("y 复制链接    Esc 关闭")), classes="box-foot")

    def action_copy(self) -> None:
        """To the clipboard of the terminal (OSC 52)."""
        self.app.copy_to_clipboard(self._told["url"])

    def action_close(self) -> None:
        """Read."""
        self.dismiss(None)


def open_here(url: str) -> bool:
    """Open a link in the default browser of this machine; False where nobody sits before it, or it has none."""
    if "SSH_CONNECTION" in os.environ or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


async def browse(app: App[Any], link: Link, verb: str, **given: Any) -> None:
    """Ask the node for a link and lead there. Trouble when the node refuses."""
    told = await link.ask(verb, **given)
    app.push_screen(LinkBox(told, opened=open_here(told["url"])))
