"""Signing in: 工号 and 口令, the change of a start password, and what the frame does when a session is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.form import Field, Form, Values
from tui.link import Answer, Link, Trouble
from tui.secret_form import SecretForm
from tui.wording import _
from tui.work import start

if TYPE_CHECKING:
    from tui.app import Console

PASSWORD_LEAST: Final = 10


class SignInForm(Form):
    """Who works here. Esc leaves nobody signed in: the machine's own user then sees what keeps the machine alive."""

    def __init__(self, link: Link, taken: Callable[[Answer], None]) -> None:
        async def sign_in(values: Values) -> None:
            answer = await link.ask("operator_sign_in", number=values["number"].strip(), password=values["password"])
            link.token = answer["token"]
            taken(answer)

        fields = (Field("number", _("工号"), required=True), Field("password", _("口令"), required=True, secret=True))
        note = _("本机已启用个人登录：每项办理都记在登录者名下。忘记口令请找管理员重置。")
        super().__init__(_("登录"), fields, sign_in, note=note)


class PasswordForm(SecretForm):
    """The person's own new password; a start password opens nothing else before."""

    def __init__(self, link: Link, taken: Callable[[Answer], None]) -> None:
        async def change(old: str, new: str) -> None:
            taken(await link.ask("operator_password", old=old, new=new))

        note = _("10 字以上，大小写字母、数字、其他字符至少三种；或 20 字以上的一句话。")
        super().__init__(_("改口令"), note, PASSWORD_LEAST, change)


class UnlockForm(Form):
    """The passphrase of the key, for a daemon that waits for it after a power cut or a restart."""

    def __init__(self, link: Link, done: Callable[[], None]) -> None:
        async def unlock(values: Values) -> None:
            await link.ask("unlock", passphrase=values["passphrase"])
            done()

        note = _("口令只用来打开本机的密钥，不保存。解锁后即开始收入和传输。")
        super().__init__(_("解锁"), (Field("passphrase", _("口令"), required=True, secret=True),), unlock, note=note)


class Signing:
    """Who works at a console: asked when the node has operators and nobody is signed in, or no more."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.needed = False
        """Whether this node has operators: then nobody works here without signing in."""

    def told(self, capabilities: Answer) -> None:
        """What the node says of itself."""
        self.needed = bool(capabilities.get("operators"))
        if self.needed and not self._console.link.token:
            self.ask()

    def ask(self) -> None:
        """Ask who works here, once at a time; a session that is over is forgotten."""
        console = self._console
        console.link.token, console.role = "", ""
        if not any(isinstance(screen, SignInForm | PasswordForm) for screen in console.screen_stack):
            console.push_screen(SignInForm(console.link, self._taken))

    def _taken(self, person: Answer) -> None:
        console = self._console
        console.by, console.role = person["person"], person["role_label"]
        if person["start_until"] is not None:
            console.call_later(console.push_screen, PasswordForm(console.link, self._taken))
        else:
            start(console, console.changed_person, "sign-in", exclusive=True)

    async def out(self) -> None:
        """Sign out, and ask for the next."""
        if self._console.link.token:
            try:
                await self._console.link.ask("operator_sign_out")
            except Trouble as trouble:
                self._console.met(trouble)
        self.ask()
