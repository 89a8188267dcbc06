"""A secret that is changed: the present one, the new one, and the new one again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tui.form import Field, Form, Values
from tui.link import Trouble
from tui.wording import _

Change = Callable[[str, str], Awaitable[None]]
"""Changes the secret, given the present and the new one; a Trouble that it raises is shown."""


class SecretForm(Form):
    """Asks for a new secret of at least `least` characters, typed twice alike; `change` does it."""

    def __init__(self, title: str, note: str, least: int, change: Change) -> None:
        async def act(values: Values) -> None:
            if values["new"] != values["again"]:
                raise Trouble(title, _("两次输入的新口令不同"), _("请重填"))
            await change(values["old"], values["new"])

        async def wrong(values: Values) -> dict[str, str]:
            found = {}
            if values["new"] and len(values["new"]) < least:
                found["new"] = _("至少 {n} 个字符", n=least)
            if values["again"] and values["again"] != values["new"]:
                found["again"] = _("与上一栏不同")
            return found

        fields = [
            Field(name, label, required=True, secret=True)
            for name, label in (("old", _("现在的口令")), ("new", _("新口令")), ("again", _("再输一次")))
        ]
        super().__init__(title, fields, act, note=note, check=wrong)
