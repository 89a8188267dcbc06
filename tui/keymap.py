"""Keys: one table a screen, from which its bindings, the line of keys and the help are made, so that none of them can differ."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from textual.binding import Binding, BindingType

from holdings.language import mark

_NAMES = {
    "enter": mark("回车"), "space": mark("空格"), "escape": "Esc", "question_mark": "?", "colon": ":", "slash": "/", "plus": "+", "minus": "-", "tab": "Tab",
    "backspace": mark("退格"),
    "up": mark("上"), "down": mark("下"), "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "left": mark("左"), "right": mark("右"),
    "asterisk": "*", "left_square_bracket": "[", "right_square_bracket": "]", "full_stop": ".", "comma": ",",
}  # fmt: skip


class Key(Struct, frozen=True):
    """One key of a screen.

    Args:
        key: as Textual names it. action: the method behind it.
        label: what it does in a word or two, for the line of keys (Chinese; looked up when shown).
        told: the same in a sentence, for the help; the label where it says enough.
        shown: whether the line of keys has it; the help has all.
        first: whether it goes before what waits for the widget that has the keys, so that what is typed ahead goes where it belongs.
        verb: what it asks of the node; where the role of who is signed in may not, the key is neither shown nor told.
    """

    key: str
    action: str
    label: str
    told: str = ""
    shown: bool = True
    verb: str = ""
    first: bool = False

    @property
    def name(self) -> str:
        """The key as it is printed on keyboards."""
        said = _NAMES.get(self.key)
        if said is not None:
            return said
        if self.key.startswith("ctrl+"):
            return "^" + self.key[5:].upper()
        return self.key.upper() if self.key.startswith("f") and self.key[1:].isdigit() else self.key


def bound(keys: Iterable[Key]) -> list[BindingType]:
    """The bindings of a table of keys."""
    return [Binding(key.key, key.action, key.label, show=False, priority=key.first) for key in keys]


LIST_KEYS = (
    Key("up", "cursor_up", mark("上移"), mark("光标上移一行（也可按 k）"), shown=False),
    Key("down", "cursor_down", mark("下移"), mark("光标下移一行（也可按 j）"), shown=False),
    Key("pageup", "page_up", mark("上页"), mark("上翻一屏"), shown=False),
    Key("pagedown", "page_down", mark("下页"), mark("下翻一屏"), shown=False),
    Key("home", "cursor_home", mark("首行"), mark("到第一行"), shown=False),
    Key("end", "cursor_end", mark("末行"), mark("到最后一行"), shown=False),
)
"""Keys of every list."""

EVERYWHERE = (
    Key("question_mark", "help", mark("帮助"), mark("本屏的全部按键")),
    Key("colon", "palette", mark("命令"), mark("按名称找操作（也可按 Ctrl+P）")),
    Key("ctrl+p", "palette", mark("命令"), shown=False),
    Key("f5", "renew", mark("刷新"), mark("立即重新读取"), shown=False),
    Key("f2", "turn_language", mark("English"), mark("换语言：中文、English"), shown=False),
    Key("f3", "turn_theme", mark("配色"), mark("换配色：两浅、两深、高对比"), shown=False),
    Key("f4", "person", mark("经办人"), mark("换经办人或重新登录：以后的办理记在谁名下"), shown=False),
    Key("f6", "unlock", mark("解锁"), mark("解锁：本机等待口令时输入"), shown=False),
    Key("q", "leave", mark("退出"), mark("关闭工作台；后台服务照常工作"), shown=False),
)
"""Keys of every screen."""
