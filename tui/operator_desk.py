"""操作员: who signs in at this node; the administrator's desk."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.content import Content

from holdings.language import mark
from holdings.operator import OperatorRole
from tui import figures
from tui.desk import BACK, HELP, Desk
from tui.dialog import Reading
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link
from tui.page import facts
from tui.wording import _


class OperatorDesk(Desk):
    """The list; a new operator's start password is shown once, to be handed over."""

    TITLE_TEXT: ClassVar = mark("操作员")
    EMPTY: ClassVar = mark("还没有操作员：按系统用户办理。先立一位管理员（n），自此人人须登录。")
    COLUMNS: ClassVar = (
        Column(mark("工号"), 8), Column(mark("姓名"), 10, flexible=True), Column(mark("角色"), 12), Column(mark("加工单位"), 12), Column(mark("状态"), 10),
        Column(mark("最近登录"), 11, right=True),
    )  # fmt: skip
    KEYS: ClassVar = (
        Key("n", "add", mark("新立"), mark("新立一位操作员：初始口令只显示一次")),
        Key("x", "turn", mark("停用/恢复"), mark("停用（立即登出）或恢复登录")),
        Key("r", "reset", mark("重置口令"), mark("重置口令：新的初始口令只显示一次")),
        HELP,
        BACK,
    )

    def __init__(self, link: Link, now: int) -> None:
        super().__init__(link)
        self._now = now
        self._known: dict[str, Answer] = {}

    async def load(self) -> None:
        """All operators."""
        self._known = {one["number"]: one for one in (await self.link.ask("operator_list"))["operators"]}
        self.ledger.show(list(self._known), {number: self._line(one) for number, one in self._known.items()})
        self.head(_("操作员  共 {n} 位", n=len(self._known)))
        self.on_ledger_highlighted()

    def _line(self, one: Answer) -> Line:
        state, tone = _(one["state_label"]), ""
        if one["state"] != "active":
            tone = "faint"
        elif one["barred_until"] > self._now:
            state, tone = _("! 暂停登录"), "warning"
        elif one["start_until"] is not None:
            state = _("未改口令")
        last = figures.moment(one["last_in"], self._now) if one["last_in"] else "-"
        return Line((one["number"], one["person"], _(one["role_label"]), one["unit"] or "-", state, last), tone)

    def on_ledger_highlighted(self, _event: Ledger.Highlighted | None = None) -> None:
        """What the one under the cursor may do."""
        one = self._known.get(self.ledger.key)
        if one is None:
            self.tell(Content(""))
            return
        by = one["created_by"] or "-"
        self.tell(facts([(_("职责"), _(DUTIES[OperatorRole(one["role"])])), (_("建立"), f"{figures.stamp(one['created'])}  {by}")], 6))

    def action_add(self) -> None:
        """新立."""

        async def add(values: Values) -> None:
            made = await self.link.ask("operator_add", **{name: text.strip() for name, text in values.items()})
            self._show(made)

        roles = tuple((role.value, _(role.label)) for role in OperatorRole)
        fields: list[Any] = [
            Field("number", _("工号"), required=True, hint=_("1 至 16 个字母、数字")),
            Field("person", _("姓名"), required=True),
            Field("role", _("角色"), "operator" if self._known else "admin", choices=roles),
            Field("unit", _("加工单位"), hint=_("仅加工单位人员；与批次上所写一致")),
        ]
        self.form(_("新立操作员"), fields, add, note=_("角色不能更改；左右键选择。"))

    def _show(self, made: Answer) -> None:
        one = made["operator"]
        text = _(
            "{person}  工号 {number}\n\n初始口令  {word}\n\n只显示这一次：请当面交给本人，三日内登录并更改。",
            person=one["person"],
            number=one["number"],
            word=made["start_password"],
        )
        self.app.call_later(self.app.push_screen, Reading(_("初始口令"), text))

    def action_turn(self) -> None:
        """停用, or back."""
        if (one := self._known.get(self.ledger.key)) is None:
            return
        verb = "operator_disable" if one["state"] == "active" else "operator_enable"
        self.act(_("停用/恢复  {name}", name=one["person"]), verb, number=one["number"])

    def action_reset(self) -> None:
        """重置口令."""
        if (one := self._known.get(self.ledger.key)) is None:
            return

        async def reset() -> None:
            self._show(await self.link.ask("operator_reset", number=one["number"]))
            await self.load()

        self.sure(
            _("重置 {name} 的口令？", name=one["person"]),
            _("现在的口令立即作废，已登录的立即登出。"),
            lambda: self.work(_("重置口令"), reset),
        )


WORDS = (mark("复核员"), mark("加工单位人员"), mark("管理员"), mark("审计员"), mark("正常"), mark("已停用"))
"""Labels that come from the node."""
DUTIES = {
    OperatorRole.OPERATOR: mark("收入、著录、领取、改正、放行、抽检、查档；不验收，不改设置"),
    OperatorRole.REVIEWER: mark("操作员所办的，加上保密审查、验收、退回、改号、移出保管、体检、备份"),
    OperatorRole.CONTRACTOR: mark("只见本单位的批次；改正、重检、提交；不放行，不验收"),
    OperatorRole.ADMIN: mark("操作员、设置、备份、体检；不看档案，不办业务"),
    OperatorRole.AUDITOR: mark("只看审计日志，并验证、导出"),
}
