"""Settings of the node as a form, and a fingerprint as people compare it: words and figures to read out, and a QR code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from holdings.language import Language, mark
from tui.dialog import Reading
from tui.form import Field, Values
from tui.link import Answer
from tui.path_form import Wanted
from tui.secret_form import SecretForm
from tui.wording import _, language

if TYPE_CHECKING:
    from tui.page_machine import MachinePage

CHOICES: Final = {
    "sm3": (("off", mark("不算")), ("idle", mark("闲时补算")), ("always", mark("随收随算"))),
    "transcode": (("auto", mark("按线路")), ("always", mark("总是")), ("never", mark("不用"))),
}
LOCKS: Final = {"passphrase": mark("口令"), "keyfile": mark("密钥文件"), "credential": mark("系统凭据")}
HINTS: Final = {
    "watch": mark("完整路径；多个以 ; 分开"), "cleared_by": mark("姓名；空为每批审查"), "windows": "mon-fri 20:00-07:00; sat 08:00-12:00",
    "cap_mbit": mark("0 为不限"),
    "settle_s": mark("秒"), "poll_s": mark("秒"), "virus_scan": "unix:/run/clamav/clamd.ctl",
}  # fmt: skip
PASSPHRASE_LEAST: Final = 8
OF: Final = (("own", mark("本机指纹")), ("hub", mark("中心指纹")), ("tls", mark("中心证书")))


def word(name: str, value: str) -> str:
    """A value of a setting as people say it; one that no word is for as it stands."""
    kind, colon, place = value.partition(":")
    if name == "unlock":
        return _(LOCKS.get(kind, kind)) + colon + place
    return next((_(label) for one, label in CHOICES.get(name, ()) if one == value), value)


def settings(page: MachinePage, shown: Answer, labels: tuple[tuple[str, str], ...]) -> None:
    """设置: judged by the node while one types."""
    now = shown["settings"]

    def text(name: str) -> str:
        value = now[name]
        return "; ".join(value) if isinstance(value, list) else f"{value:g}" if isinstance(value, float) else str(value)

    fields = [
        Field(
            name, _(label), text(name), _(HINTS.get(name, "")),
            choices=tuple((value, _(said)) for value, said in CHOICES.get(name, ())),
        )
        for name, label in labels
        if name != "unlock"
    ]  # fmt: skip

    async def wrong(values: Values) -> dict[str, str]:
        return dict((await page.ask("machine_judge", values=values))["refused"])

    async def keep(values: Values) -> None:
        done = await page.ask("machine_set", values=values)
        known = dict(labels)
        if done["restart"]:
            names = "、".join(_(known[name]) for name in done["restart"])
            page.console.say(_("! 已保存；{names} 在服务重启后生效", names=names))
        else:
            page.console.say(_("已保存，即时生效") if done["changed"] else _("没有改动"))

    note = _("写入 node.toml，原有注释保留。扫描文件夹、SM3、JPEG XL、查毒在服务重启后生效，其余即时生效。")
    page.form(_("设置"), fields, keep, note=note, check=wrong, done=None, picks={"watch": Wanted(several=True, written=False)})


async def fingerprints(page: MachinePage) -> None:
    """密钥与指纹: the three fingerprints as words and as figures to read out, and the QR code of this node's own."""
    found = [(label, await page.ask("machine_fingerprint", of=of)) for of, label in OF]
    lines: list[Content] = []
    for label, one in found:
        lines += [Content.styled(_(label), "bold $primary"), Content("  " + " ".join(one["words"]))]
        if language() is not Language.CHINESE:
            lines += [
                Content("  " + ", ".join(one["words_english"][n : n + 4]))
                for n in range(0, len(one["words_english"]), 4)
            ]
        lines += [Content("  " + " ".join(one["figures"])), Content.styled("  " + one["hex"], "$foreground-muted")]
    note = _(
        "电话核对：本机在此，中心用 jindang hub nodes（中心自己的也在其中）或网页“运行监控”；双方读出十二个词组（或八组数字），全同即为同一本机（同一中心）。"
    )
    code = found[0][1]["qr"]
    await page.app.push_screen(
        Reading(_("密钥与指纹"), Content("\n").join([*lines, Content(note), Content(""), qr_code(code)]))
    )


def passphrase(page: MachinePage) -> None:
    """改口令 of this machine's key."""

    async def change(old: str, new: str) -> None:
        await page.ask("machine_passphrase", old=old, new=new)
        page.console.say(_("密钥口令已改；请现在就作一次备份（按 b）"))

    note = _(
        "口令只锁密钥文件，不是任何人的登录口令。此前备份里的密钥文件仍用旧口令；口令遗失，无人能恢复，请按规定封存一份。"
    )
    page.app.push_screen(SecretForm(_("改密钥口令"), note, PASSPHRASE_LEAST, change))


def lock_now(page: MachinePage) -> None:
    """立即锁定, asked before: without the passphrase nobody lets the machine work again."""

    async def lock() -> None:
        await page.ask("machine_lock")
        page.console.say(_("已锁定：按 F6 输入口令解锁"))

    told = _("收入和传输随即停下，已落盘的一件不少，断处以后接着做；此后须有人按 F6 输入密钥口令，本机才继续工作。")
    page.sure(_("立即锁定本机？"), told, lambda: page.begin(lock, group="act"))


def qr_code(rows: list[str]) -> Content:
    """A QR code, two modules a cell one above the other, black on white whatever the theme, with a quiet zone of two."""
    width = len(rows[0]) + 4
    padded = ["0" * width] * 2 + [f"00{row}00" for row in rows] + ["0" * width] * 2
    if len(padded) % 2:
        padded.append("0" * width)
    lines = []
    for upper, lower in zip(padded[::2], padded[1::2], strict=True):
        pieces = [("▀", f"{_INK[top]} on {_INK[bottom]}") for top, bottom in zip(upper, lower, strict=True)]
        lines.append(Content.assemble(*pieces))
    return Content("\n").join(lines)


_INK: Final = {"0": "#ffffff", "1": "#000000"}
