"""本机: who this node is, how it is set, its backup and its self-check."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from holdings.language import mark
from tui import machine_forms
from tui.dialog import Reading
from tui.figures import count, size
from tui.form import Field, Values
from tui.keymap import Key
from tui.link import Answer
from tui.page import Page, facts
from tui.path_form import FOLDER
from tui.wording import _
from tui.work import start

SETTINGS = (
    ("watch", mark("扫描文件夹")), ("unlock", mark("解锁方式")), ("cleared_by", mark("常设审查人")), ("windows", mark("传输时段")),
    ("cap_mbit", mark("限速 Mbit/s")),
    ("settle_s", mark("写完判定（秒）")), ("poll_s", mark("轮询（秒）")), ("sm3", "SM3"), ("transcode", "JPEG XL"), ("virus_scan", mark("查毒")),
)  # fmt: skip


class MachinePage(Page):
    """The machine."""

    NAME: ClassVar = "machine"
    TITLE: ClassVar = mark("本机")
    NEEDS: ClassVar = frozenset({"machine_show"})
    KEYS: ClassVar = (
        Key("d", "doctor", mark("体检"), mark("体检：数据库、日志、回执、对象、时钟、空间"), verb="doctor"),
        Key("v", "verify", mark("复核"), mark("逐个复核已加封对象的摘要（较久，可离开本屏）"), verb="verify"),
        Key("b", "backup", mark("备份"), mark("备份到文件夹（可重复，只补新增）"), verb="backup"),
        Key("g", "bundle", mark("诊断包"), mark("诊断包：供电话支持，不含题名、档号与密钥"), verb="machine_bundle"),
        Key("e", "settings", mark("设置"), mark("设置：边改边校验，写入 node.toml"), verb="machine_set"),
        Key("k", "fingerprints", mark("指纹"), mark("密钥与指纹：电话核对的词组、数字，二维码")),
        Key(
            "w",
            "passphrase",
            mark("改密钥口令"),
            mark("改本机密钥的口令（断电重启后解锁用的）"),
            shown=False,
            verb="machine_passphrase",
        ),
        Key(
            "x",
            "lock_now",
            mark("立即锁定"),
            mark("立即锁定：放下手头的事，忘掉密钥，等人输入口令"),
            shown=False,
            verb="machine_lock",
        ),
        Key("o", "operators", mark("操作员"), mark("操作员：新立、停用、重置口令"), verb="operator_list"),
        Key("l", "journal", mark("审计日志"), mark("审计日志：谁在何时办了何事；验证、导出"), verb="journal_list"),
        Key("y", "copy", mark("复制"), mark("复制本机指纹到剪贴板"), shown=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self._machine: Answer = {}

    def compose(self) -> ComposeResult:
        """One text, and what the last examination said."""
        with VerticalScroll(id="machine", can_focus=True):
            yield Static(id="machine-said", classes="block")
            yield Static(id="machine-found", classes="block")

    def focused(self) -> Widget | None:
        """The text."""
        return self.query_one("#machine")

    async def renew(self) -> None:
        """Ask who it is."""
        self._machine = await self.ask("machine_show")
        self.query_one("#machine-said", Static).update(told(self._machine))

    def action_doctor(self) -> None:
        """体检."""
        self._examine(_("体检"), "doctor")

    def action_verify(self) -> None:
        """复核."""
        self._examine(_("复核"), "verify")

    def _examine(self, title: str, verb: str) -> None:
        async def look() -> None:
            found = self.query_one("#machine-found", Static)
            found.update(Content(_("{title}中..", title=title)))
            answer = await self.ask(verb)
            text = examined(title, answer)
            found.update(text)
            self.console.say(
                _("{title}：一切正常，无数据丢失", title=title)
                if answer["ok"]
                else _("! {title}：{n} 项须看", title=title, n=len(answer["findings"]))
            )
            if not answer["ok"]:
                await self.app.push_screen(Reading(title, text))

        self.begin(look, group="examine")

    def action_backup(self) -> None:
        """备份."""

        async def copy(values: Values) -> None:
            done = await self.ask("backup", destination=values["folder"].strip())
            self.console.say(
                _(
                    "已备份 {n} 个对象，本次新增 {c} 个 {size}",
                    n=count(done["objects"]),
                    c=count(done["copied"]),
                    size=size(done["bytes"]),
                )
            )

        note = _("密钥文件随备份，解锁方式（口令或密钥文件）须另存。")
        self.form(
            _("备份"),
            [Field("folder", _("文件夹"), required=True, hint=_("本机上的完整路径"))],
            copy,
            note=note,
            done=None,
            picks={"folder": FOLDER},
        )

    def action_bundle(self) -> None:
        """诊断包."""

        async def write(values: Values) -> None:
            done = await self.ask("machine_bundle", destination=values["folder"].strip())
            self.console.say(_("已写：{files}", files=done["file"]))

        self.form(
            _("诊断包"),
            [Field("folder", _("文件夹"), required=True, hint=_("本机上的完整路径"))],
            write,
            note=_("不含题名、档号、路径与密钥。"),
            done=None,
            picks={"folder": FOLDER},
        )

    def action_settings(self) -> None:
        """设置."""
        machine_forms.settings(self, self._machine, SETTINGS)

    def action_fingerprints(self) -> None:
        """密钥与指纹."""
        self.begin(partial(machine_forms.fingerprints, self), group="fingerprints")

    def action_operators(self) -> None:
        """操作员."""
        # Here: few come to these desks.
        from tui.operator_desk import OperatorDesk

        def closed(_done: None) -> None:
            # The first operator makes a node that signs in.
            start(self.console, self.console.changed_person, "sign-in", exclusive=True)

        self.app.push_screen(OperatorDesk(self.console.link, self._machine.get("now", 0)), closed)

    def action_journal(self) -> None:
        """审计日志."""
        from tui.journal_desk import JournalDesk

        self.app.push_screen(JournalDesk(self.console.link))

    def action_passphrase(self) -> None:
        """改密钥口令."""
        if self._by_passphrase():
            machine_forms.passphrase(self)

    def action_lock_now(self) -> None:
        """立即锁定."""
        if self._by_passphrase():
            machine_forms.lock_now(self)

    def _by_passphrase(self) -> bool:
        how = self._machine.get("settings", {}).get("unlock", "")
        if how and how != "passphrase":
            self.console.say(
                _("! 本机的密钥不以口令锁定（{how}），无口令可改，也无从锁定；要停止工作请停服务", how=how)
            )
        return bool(how == "passphrase")

    def action_copy(self) -> None:
        """The fingerprint to the clipboard of the terminal."""
        if self._machine:
            self.app.copy_to_clipboard(self._machine["log_id"])
            self.console.say(_("已复制 {text}", text=self._machine["log_id"]))


def told(machine: Answer) -> Content:
    """Who it is, whom it reports to, how it is set."""
    site_class = {"open": _("非涉密（联网）"), "classified": _("涉密")}[machine["class"]]
    who: list[tuple[str, Any]] = [
        (_("名称"), machine["name"]), (_("网络类别"), site_class), (_("日志"), _("第 {n} 条", n=count(machine["head"]))),
        (_("本机指纹"), machine["figures"]["own"]), (_("市级中心"), machine["hub_name"]), (_("中心指纹"), machine["figures"]["hub"]),
        (_("中心证书"), machine["figures"]["tls"]), (_("程序"), f"{machine['program']}  Python {machine['python']}"),
        (_("系统"), machine["system"]), (_("主目录"), machine["home"]),
    ]  # fmt: skip
    values = machine["settings"]
    settings = [
        (_(label), "  ".join(value) if isinstance(value := values[name], list) else machine_forms.word(name, str(value)) or "-")
        for name, label in SETTINGS
    ]
    files = "  ".join(machine["site_files"]) or _("无")
    return Content("\n").join(
        [
            Content.styled(_("本机"), "bold $primary"), facts(who, 12), Content(""),
            Content.styled(_("设置（node.toml；按 e 改）"), "bold $primary"), facts(settings, 16),
            facts([(_("本馆数据文件"), files)], 16),
        ]
    )  # fmt: skip


def examined(title: str, answer: Answer) -> Content:
    """What an examination found: what, where, remedy."""
    if answer["ok"]:
        return Content.styled(_("{title}：一切正常，无数据丢失", title=title), "bold $success-ink")
    lines = [
        facts([(_("何处"), one["where"]), (_("何事"), one["what"]), (_("办法"), one["remedy"])], 6)
        for one in answer["findings"]
    ]
    return Content("\n").join(
        [Content.styled(_("! {title}：{n} 项须看", title=title, n=len(lines)), "bold $error-ink"), *lines]
    )
