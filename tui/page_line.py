"""传输: what goes over now and when the rest will, the windows and the cap, receipts by grade, the log of nights."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from holdings.language import mark
from tui import figures
from tui.dialog import Reading
from tui.figures import count, size
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Trouble
from tui.page import Page, facts
from tui.page_today import forecast, window
from tui.wording import _

COLUMNS = (
    Column(mark("开始"), 11), Column(mark("结束"), 11), Column(mark("结果"), 16, flexible=True), Column(mark("次数"), 5, right=True),
    Column(mark("发送"), 10, right=True), Column(mark("已收存"), 7, right=True), Column(mark("已验读"), 7, right=True),
)  # fmt: skip


PACKS_SHOWN = 8
"""Packs on their way that are told one by one: as many as there are connections."""


class LinePage(Page):
    """The line to the hub."""

    NAME: ClassVar = "line"
    TITLE: ClassVar = mark("传输")
    NEEDS: ClassVar = frozenset({"console_line"})
    KEYS: ClassVar = (
        Key("s", "send", mark("立即传输"), mark("现在就传输，不等时段"), verb="run"),
        Key("p", "pause", mark("暂停/继续"), mark("暂停或继续传输；已送达的不重传"), verb="pause"),
        Key("l", "cap", mark("限速"), mark("改限速（Mbit/s）"), verb="machine_configure"),
        Key("w", "windows", mark("时段"), mark("改传输时段"), verb="machine_configure"),
        Key("d", "directives", mark("指令"), mark("中心指令：待执行、已执行、不能执行；采纳或不采纳"), verb="directives"),
        Key("c", "calendar", mark("日历"), mark("传输日历：时段、节假日、调休"), verb="console_calendar"),
        Key("o", "outages", mark("停机"), mark("停机报备：告知市馆何时停机，其间不因失联告警"), verb="outage_list"),
        Key("m", "release", mark("移出"), mark("移出保管：一个批次移交市馆（进馆）"), shown=False, verb="release"),
        Key("enter", "night", mark("详情"), mark("此次传输的全部说明"), shown=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self._line: Answer = {}

    def compose(self) -> ComposeResult:
        """How the line is, what waits, the nights."""
        yield Static(id="line-state", classes="advice")
        with Horizontal(id="figures", classes="block"):
            yield Static(id="line-left", classes="column")
            yield Static(id="line-right", classes="column")
        with Vertical():
            yield Static(id="line-waiting", classes="block")
            yield Static(id="line-packs", classes="block")
            yield Ledger(COLUMNS, empty=mark("还没有传输记录。"), ident="nights")

    async def renew(self) -> None:
        """Ask how the line is."""
        line = self._line = await self.ask("console_line")
        self.query_one("#line-state", Static).update(state(line))
        self.query_one("#line-left", Static).update(_left(line))
        self.query_one("#line-right", Static).update(_right(line))
        packs = "  ".join(f"#{seq}" for seq in line["waiting"][:8])
        more = _(" 等 {n} 个", n=count(line["deltas"])) if line["deltas"] > 8 else ""
        self.query_one("#line-waiting", Static).update(facts([(_("待传增量"), (packs + more) or _("无"))], 8))
        moving = self.query_one("#line-packs", Static)
        moving.display = bool(line["packs"])
        moving.update(flying(line))
        nights = {one["id"]: one for one in line["nights_log"]}
        self.query_one("#nights", Ledger).show(
            list(nights), {number: night(one, line["now"]) for number, one in nights.items()}
        )

    def action_send(self) -> None:
        """Send now."""
        self.console.say(_("正在传输.."))
        self.act(_("立即传输"), "run", done=_("已传输"), intake=False)

    def action_pause(self) -> None:
        """Pause, or go on."""
        paused = not self._line.get("paused")
        self.act(
            _("暂停") if paused else _("继续"),
            "pause",
            done=_("传输已暂停") if paused else _("传输已继续"),
            paused=paused,
        )

    def action_cap(self) -> None:
        """限速."""

        async def keep(values: Values) -> None:
            text = values["cap"].strip()
            try:
                cap = float(text)
            except ValueError as fault:
                raise Trouble(_("限速"), _("“{text}”不是数", text=text), _("请填 Mbit/s，如 20；0 为不限")) from fault
            await self.ask("machine_configure", cap_mbit=cap)

        field = Field("cap", "Mbit/s", f"{self._line.get('cap_mbit', 0):g}", required=True)
        self.form(_("限速"), [field], keep, note=_("上传至多占用的速率；0 为不限。从下一次传输起生效。"))

    def action_windows(self) -> None:
        """传输时段."""

        async def keep(values: Values) -> None:
            await self.ask(
                "machine_configure", windows=[part.strip() for part in values["windows"].split(";") if part.strip()]
            )

        field = Field("windows", _("时段"), "; ".join(self._line.get("windows", [])), hint="mon-fri 20:00-07:00")
        self.form(
            _("传输时段"),
            [field],
            keep,
            note=_("多个以 ; 分开；可跨午夜。mon 至 sun 为周一至周日；工作日、休息日按放假与调休，如 工作日 20:00-07:00; 休息日 00:00-24:00。"),
        )

    def action_directives(self) -> None:
        """中心指令."""
        # Here: few come to these desks.
        from tui.directive_desk import DirectiveDesk

        self.app.push_screen(DirectiveDesk(self.console.link, self.console.by, self._line.get("now", 0)))

    def action_calendar(self) -> None:
        """传输日历."""
        from tui.calendar_desk import CalendarDesk

        self.app.push_screen(CalendarDesk(self.console.link))

    def action_outages(self) -> None:
        """停机报备."""
        from tui.outage_desk import OutageDesk

        self.app.push_screen(OutageDesk(self.console.link, self.console.by))

    def action_release(self) -> None:
        """移出保管: asked twice, since nobody writes these records until the city has answered."""

        async def let_go(values: Values) -> None:
            name, reason = values["delivery"].strip(), values["reason"].strip()

            def sure() -> None:
                self.act(_("移出保管  {name}", name=name), "release", refs=[], delivery=name, reason=reason, by=self.console.by)

            self.app.call_later(
                self.sure, _("移出批次“{name}”？", name=name), _("移交市馆（进馆）：市馆接收或退回之前，本机不能再改这些档案。不能撤销。"), sure
            )

        fields = [Field("delivery", _("批次"), required=True), Field("reason", _("事由"))]
        self.form(_("移出保管"), fields, let_go, note=_("只在与市馆约定“移交”时使用；报送不移出保管。"), done=None)

    def on_ledger_chosen(self) -> None:
        """Enter."""
        self.action_night()

    def action_night(self) -> None:
        """Why a conversation failed, in full."""
        number = self.query_one("#nights", Ledger).key
        for one in self._line.get("nights_log", []):
            if one["id"] == number:
                self.app.push_screen(Reading(_("传输记录"), whole(one)))


def state(line: Answer) -> Content:
    """One line: stopped, paused, sending, or waiting for its window."""
    if line["stopped"]:
        return Content.styled(_("! 传输已停止：{why}", why=line["stopped"]), "bold $error-ink")
    if line["paused"]:
        return Content.styled(_("! 已暂停：到时段也不会开始；按 p 继续"), "bold $warning-ink")
    if line["sending"]:
        return Content.styled(
            _("传输中：本次已发送 {size}{left}", size=size(line["sent"]), left=_remaining(line)), "bold $success-ink"
        )
    if line["nights_log"] and line["nights_log"][0]["fault"]:
        return Content.styled(_("! 上次未成功：{why}", why=line["nights_log"][0]["fault"]), "bold $warning-ink")
    return Content.styled(_("i 空闲；到时段自动开始"), "$success-ink")


def _remaining(line: Answer) -> str:
    if not line["rate"] or not line["bytes"]:
        return ""
    return _(
        "，待传 {size}，约需 {time}", size=size(line["bytes"]), time=figures.span(line["bytes"] * 8 / line["rate"])
    )


def flying(line: Answer) -> Content:
    """Every pack on its way: how far, of how much; at most eight are told."""
    rows = [_pack(one["name"], one["offset"], one["length"]) for one in line["packs"][:PACKS_SHOWN]]
    if len(line["packs"]) > PACKS_SHOWN:
        rows.append(_("  .. 另有 {n} 条", n=len(line["packs"]) - PACKS_SHOWN))
    now = figures.rate(line["rate_now"]) if line["rate_now"] else _("未测")
    left = max(0, line["bytes"] - sum(one["offset"] for one in line["packs"]))
    heading = _("传输中的包  此刻 {rate}{left}", rate=now, left=_remaining({**line, "bytes": left, "rate": line["rate_now"] or line["rate"]}))
    return Content("\n").join([Content.styled(heading, "bold $primary"), *map(Content, rows)])


def _pack(name: str, done: int, length: int) -> str:
    return f"{name}  [{figures.bar(done, length, 24)}] {figures.share(done, length):>6}  {size(done)} / {size(length)}"


def _left(line: Answer) -> Content:
    cap = f"{line['cap_mbit']:g} Mbit/s" if line["cap_mbit"] else _("不限")
    measured = figures.rate(line["rate"]) if line["rate"] else _("未测")
    pairs = [
        (_("待传"), _("{n} 个增量 {size}", n=count(line["deltas"]), size=size(line["bytes"]))), (_("预计"), forecast(line)),
        (_("速率"), measured), (_("限速"), cap),
    ]  # fmt: skip
    return Content("\n").join([Content.styled(_("待传"), "bold $primary"), facts(pairs, 8)])


def _right(line: Answer) -> Content:
    receipts = line["receipted"]
    grades = _(
        "已收存 {r1}  已验读 {r4}  共 {n}",
        r1=count(receipts["R1"]),
        r4=count(receipts["R4"]),
        n=count(receipts["deltas"]),
    )
    pairs: list[tuple[str, Any]] = [
        (_("中心"), line["hub"]), (_("最近联络"), figures.moment(line["last_contact"], line["now"])), (_("回执"), grades),
        (_("时段"), window(line, line["now"])), (_("今日"), day_said(line["day"])),
    ]  # fmt: skip
    if line["hub_behind_since"] is not None:
        pairs.append((_("补传"), _("中心曾从旧备份恢复，正在重新接收")))
    return Content("\n").join([Content.styled(_("中心"), "bold $primary"), facts(pairs, 8)])


def day_kind(day: Answer) -> str:
    """工作日, 调休上班, 周末 or 放假."""
    if day["kind"] == "work":
        return _("调休上班") if day["moved"] else _("工作日")
    return _("放假") if day["moved"] else _("周末")


def day_said(day: Answer) -> str:
    """Which kind of day it is by the calendar, and the windows that begin on it."""
    begins = "  ".join(day["windows"]) or _("无")
    return f"{day_kind(day)}  {begins}"


def whole(one: Answer) -> Content:
    """Everything about a conversation."""
    lines: list[tuple[str, Any]] = [
        (_("开始"), figures.stamp(one["began"])), (_("结束"), figures.stamp(one["ended"])),
        (_("结果"), f"! {one['fault']}" if one["fault"] else _("成功")), (_("次数"), str(one["tries"])), (_("发送"), size(one["bytes"])),
        (_("已收存"), _("{n} 件", n=count(one["receipted"]))), (_("已验读"), _("{n} 件", n=count(one["opened"]))),
    ]  # fmt: skip
    if one["fault"]:
        lines.append((_("办法"), _("无须处理：恢复后自动补传")))
    return facts(lines, 8)


def night(one: Answer, now: int) -> Line:
    """A conversation as a line; the sign says what the colour says."""
    cells = (
        figures.moment(one["began"], now), figures.moment(one["ended"], now), f"! {one['fault']}" if one["fault"] else _("成功"), str(one["tries"]),
        size(one["bytes"]), count(one["receipted"]), count(one["opened"]),
    )  # fmt: skip
    return Line(cells, "warning" if one["fault"] else "")
