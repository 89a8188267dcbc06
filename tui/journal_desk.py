"""审计日志: who did what, newest first, as it stands; verified and written out, never changed."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.content import Content

from holdings.language import mark
from holdings.operator import OperatorRole
from tui.desk import BACK, HELP, Desk
from tui.dialog import Reading
from tui.figures import count
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link
from tui.page import facts
from tui.page_machine import examined
from tui.path_form import FOLDER
from tui.wording import _

OUTCOMES = {"done": mark("成功"), "refused": mark("? 拒绝"), "failed": mark("! 失败")}
TONES = {"refused": "warning", "failed": "error"}
PORTION = 200
ROLES: Final[dict[str, str]] = {role.value: role.label for role in OperatorRole} | {"local": mark("系统用户")}


class JournalDesk(Desk):
    """Lines by their number; those in sight are asked for."""

    TITLE_TEXT: ClassVar = mark("审计日志")
    EMPTY: ClassVar = mark("没有这样的事项。")
    COLUMNS: ClassVar = (
        Column(mark("序号"), 7, right=True), Column(mark("时间"), 11), Column(mark("人员"), 8), Column(mark("行为"), 19),
        Column(mark("结果"), 7), Column(mark("对象"), 16, flexible=True),
    )  # fmt: skip
    KEYS: ClassVar = (
        Key("v", "verify", mark("验证"), mark("验证：哈希链是否完整，与本机日志中的锚定是否相符")),
        Key("f", "narrow", mark("筛选"), mark("筛选：工号、行为、日期")),
        Key("p", "export", mark("导出"), mark("导出 CSV，带哈希")),
        Key("y", "copy", mark("复制"), mark("复制此条的哈希到剪贴板"), shown=False),
        HELP,
        BACK,
    )

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._filter: dict[str, str] = {}
        self._known: dict[int, Answer] = {}

    async def load(self) -> None:
        """The newest; without a filter every number can be scrolled to."""
        found = await self.link.ask("journal_list", **self._filter, limit=PORTION)
        self._known = {one["number"]: one for one in found["acts"]}
        numbers = list(self._known) if self._filter else list(range(found["total"], 0, -1))
        self.ledger.show(numbers, {number: line(one) for number, one in self._known.items()})
        words = "  ".join(self._filter.values()) or _("无")
        self.head(_("审计日志  共 {n} 条  筛选：{words}", n=count(found["total"]), words=words))
        self.on_ledger_highlighted()

    def on_ledger_wanted(self, event: Ledger.Wanted) -> None:
        """Lines come into sight."""
        newest = max(event.keys)

        async def fill() -> None:
            acts = (await self.link.ask("journal_list", before=newest + 1, limit=PORTION))["acts"]
            self._known.update({one["number"]: one for one in acts})
            self.ledger.fill({one["number"]: line(one) for one in acts})

        if not self._filter:
            self.work(_("审计日志"), fill)

    def on_ledger_highlighted(self, _event: Ledger.Highlighted | None = None) -> None:
        """The whole act below the list."""
        one = self._known.get(self.ledger.key)
        if one is None:
            self.tell(Content(""))
            return
        role = _(ROLES.get(str(one["role"]), str(one["role"])))
        who = "  ".join(part for part in (one["time"], one["name"], one["person"], role, one["address"]) if part)
        pairs = [(_("来源"), who), (_("对象"), one["subject"] or "-"), (_("说明"), one["note"] or "-"), (_("哈希"), one["hash"])]
        self.tell(facts(pairs, 6))

    def action_verify(self) -> None:
        """验证."""

        async def verify() -> None:
            answer = await self.link.ask("journal_verify")
            title = _("验证审计日志")
            if not answer["ok"]:
                await self.app.push_screen(Reading(title, examined(title, answer)))
                return
            self.head(
                _("审计日志完整：{n} 条，逐条相连；已锚定到第 {a} 条", n=count(answer["acts"]), a=count(answer["anchored"]))
            )

        self.work(_("验证"), verify)

    def action_narrow(self) -> None:
        """筛选."""

        async def narrow(values: Values) -> None:
            wanted = {name: text.strip() for name, text in values.items() if text.strip()}
            await self.link.ask("journal_list", **wanted, limit=1)
            self._filter = wanted

        fields = [
            Field("person", _("工号"), self._filter.get("person", "")),
            Field("verb", _("行为"), self._filter.get("verb", ""), hint="quarantine-waive"),
            Field("day", _("日期"), self._filter.get("day", ""), hint="2026-11-22"),
        ]
        self.form(_("筛选"), fields, narrow, note=_("全部留空为不筛选。"))

    def action_export(self) -> None:
        """导出."""

        async def export(values: Values) -> None:
            done = await self.link.ask("journal_export", destination=values["folder"].strip(), person=self._filter.get("person", ""))
            self.tell(Content(_("已写：{files}", files=done["file"])))

        field = Field("folder", _("文件夹"), required=True, hint=_("本机上的完整路径"))
        self.form(_("导出"), [field], export, picks={"folder": FOLDER})

    def action_copy(self) -> None:
        """The hash to the clipboard of the terminal."""
        if (one := self._known.get(self.ledger.key)) is not None:
            self.app.copy_to_clipboard(one["hash"])


def line(one: Answer) -> Line:
    """An act as a row; the sign says what the colour says."""
    cells = (
        str(one["number"]), str(one["time"])[5:16], one["name"] or one["person"], one["verb"], _(OUTCOMES[one["outcome"]]),
        one["subject"] or one["note"],
    )  # fmt: skip
    return Line(cells, TONES.get(one["outcome"], ""))
