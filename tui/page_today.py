"""今日: what came in, what waits for whom, how far the site is, what the night will bring, and one line of advice."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from holdings.language import mark
from tui import advice, figures
from tui.figures import count, size
from tui.form import Field, Values
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Trouble
from tui.page import Page, facts
from tui.wording import _

COLUMNS = (
    Column(mark("批次"), 12, flexible=True, path=True), Column(mark("今日"), 7, right=True), Column(mark("扫描中"), 7, right=True),
    Column(mark("待目录/审查"), 11, right=True),
    Column(mark("待处理"), 7, right=True), Column(mark("已加封"), 9, right=True), Column(mark("最近"), 11, right=True),
)  # fmt: skip
STATIONS = (
    Column(mark("扫描站"), 12, flexible=True), Column(mark("今日"), 7, right=True), Column(mark("页"), 8, right=True), Column(mark("等待"), 6, right=True),
    Column(mark("待处理"), 7, right=True), Column(mark("最近"), 7, right=True),
)  # fmt: skip
BROAD: Final = 140
"""From this width on, stations stand beside deliveries, in either language."""


class TodayPage(Page):
    """The first screen."""

    NAME: ClassVar = "today"
    TITLE: ClassVar = mark("今日")
    NEEDS: ClassVar = frozenset({"console_today"})
    KEYS: ClassVar = (
        Key("enter", "app.page(2)", mark("批次"), mark("到所选批次"), shown=False),
        Key("i", "take_in", mark("立即收入"), mark("现在就查看扫描文件夹，收入已就绪的"), verb="run"),
        Key("s", "send", mark("立即传输"), mark("现在就传输，不等时段"), verb="run"),
        Key("g", "turn", mark("按站"), mark("今日来件：按批次或按扫描站")),
        Key("t", "target", mark("目标"), mark("改目标页数"), verb="console_target"),
    )

    def compose(self) -> ComposeResult:
        """Advice, figures in two columns, the deliveries."""
        yield Static(id="advice", classes="advice")
        with Horizontal(id="figures", classes="block"):
            yield Static(id="in", classes="column")
            yield Static(id="out", classes="column")
        with Vertical():
            yield Static(id="progress", classes="block")
            with Horizontal(id="came"):
                yield Ledger(COLUMNS, empty=mark("扫描文件夹里还没有内容。"), ident="places")
                yield Ledger(STATIONS, empty=mark("今日还没有扫描站来件。"), ident="stations")

    def on_mount(self) -> None:
        """Both lists where there is room."""
        self._lay()

    def on_resize(self, _event: Resize) -> None:
        """Another size."""
        self._lay()

    def _lay(self) -> None:
        self.set_class(self.app.size.width >= BROAD, "broad")

    async def renew(self) -> None:
        """Ask for the day."""
        day = await self.ask("console_today")
        said = advice.advise(day)
        text = f"{'!' if said.wrong else 'i'} {said.text}{self.console.way_to(said.page)}"
        self.query_one("#advice", Static).update(
            Content.styled(text, "bold $warning-ink" if said.wrong else "$success-ink")
        )
        self.query_one("#in", Static).update(_in(day))
        self.query_one("#out", Static).update(_out(day))
        self.query_one("#progress", Static).update(_progress(day, self.app.size.width))
        lines = {place["name"]: _place(place, day["now"]) for place in day["places"]}
        self.query_one("#places", Ledger).show(list(lines), lines)
        came = by_station(day["places"])
        self.query_one("#stations", Ledger).show(
            list(came), {name: _station(name, one, day["now"]) for name, one in came.items()}
        )

    def away(self, trouble: Trouble) -> None:
        """What is wrong and what to do stand where advice stands; the figures stay as they were."""
        # The path in full stands in the box of whatever act is tried.
        said = f"! {trouble.rule}  {trouble.remedy}".replace(str(self.console.link.home), _("主目录"))
        self.query_one("#advice", Static).update(Content.styled(said, "bold $warning-ink"))

    def on_ledger_chosen(self) -> None:
        """Enter on a delivery leads to the deliveries."""
        self.app.call_later(self.console.action_page, 2)

    def action_turn(self) -> None:
        """By station, or by delivery; a wide terminal shows both."""
        self.toggle_class("by-station")
        self.query_one("#stations" if self.has_class("by-station") else "#places").focus()

    def action_take_in(self) -> None:
        """Look into the scan folders now."""
        self.console.say(_("正在收入.."))
        self.act(_("收入"), "run", done=_("已查看扫描文件夹"), send=False)

    def action_send(self) -> None:
        """Send now."""
        self.console.say(_("正在传输.."))
        self.act(_("立即传输"), "run", done=_("已传输"), intake=False)

    def action_target(self) -> None:
        """Ask for the target."""

        async def keep(values: Values) -> None:
            text = values["pages"].strip().replace(",", "")
            if not text.isdecimal():
                raise Trouble(_("目标页数"), _("“{text}”不是整数", text=text), _("请填阿拉伯数字，如 1000000"))
            await self.ask("console_target", pages=int(text))

        self.form(
            _("目标页数"),
            [Field("pages", _("页"), "1000000", required=True)],
            keep,
            note=_("本馆计划扫描的总页数；0 恢复为一百万。"),
        )


def _heading(text: str) -> Content:
    return Content.styled(text, "bold $primary")


def _in(day: dict[str, Any]) -> Content:
    findings = day["findings"]
    kinds = ((_("错误 {n}"), "error"), (_("警告 {n}"), "warning"), (_("提示 {n}"), "hint"))
    waits = "  ".join(label.replace("{n}", count(findings[kind])) for label, kind in kinds if findings[kind]) or _("无")
    today = _("{r} 件 {p} 页", r=count(day["today"]["records"]), p=count(day["today"]["pages"]))
    sealed = _("{r} 件 {p} 页", r=count(day["records"]), p=count(day["pages"]))
    return Content("\n").join(
        [
            _heading(_("收入")),
            facts(
                [
                    (_("今日加封"), today), (_("扫描中"), _("{n} 件", n=count(day["scanning"]))), (_("待目录/审查"), _("{n} 件", n=count(day["held"]))),
                    (_("待处理"), waits), *_city(day), (_("已加封"), sealed),
                    (_("已检测"), _("{n} / {m} 个增量", n=count(day["checked"]), m=count(day["deltas"]))),
                    (_("源已移走"), _("{n} 件", n=count(day["sources_gone"]))),
                ], 11,
            ),
        ]
    )  # fmt: skip


def _city(day: dict[str, Any]) -> list[tuple[str, str]]:
    """What the city waits for; nothing when it waits for nothing."""
    city = day["city"]
    waits = ((_("退回 {n} 件"), "to_mend"), (_("指令 {n} 项"), "waiting"), (_("移交中 {n} 件"), "in_transit"))
    said = "  ".join(label.replace("{n}", count(city[name])) for label, name in waits if city[name])
    return [(_("市馆"), said)] if said else []


def _out(day: dict[str, Any]) -> Content:
    line, receipts = day["line"], day["receipted"]
    waiting = _("{n} 个增量 {size}", n=count(line["deltas"]), size=size(line["bytes"]))
    state = (
        _("传输中 {size}", size=size(line["sent"])) if line["sending"] else _("已暂停") if day["paused"] else _("空闲")
    )
    return Content("\n").join(
        [
            _heading(_("传输")),
            facts(
                [
                    (_("状态"), state), (_("待传"), waiting), (_("预计"), forecast(line)), (_("时段"), window(line, day["now"], brief=True)),
                    (_("回执"), _("已收存 {r1}  已验读 {r4}  共 {n}", r1=count(receipts["R1"]), r4=count(receipts["R4"]), n=count(receipts["deltas"]))),
                    (_("最近联络"), figures.moment(day["last_contact"], day["now"])),
                ],
            ),
        ]
    )  # fmt: skip


def forecast(line: dict[str, Any]) -> str:
    """页·GB·夜 of what waits, at the rate that was measured."""
    if not line["deltas"]:
        return _("无积压")
    pages, bulk = _("{n} 页", n=count(line["pages"])), size(line["bytes"])
    if line["nights"] is None:
        return _("{pages}  {size}（速率未测）", pages=pages, size=bulk)
    nights = "<0.1" if line["nights"] < 0.1 else f"{line['nights']:.1f}"
    return _(
        "{pages}  {size}  {nights} 夜（{rate}）", pages=pages, size=bulk, nights=nights, rate=figures.rate(line["rate"])
    )


def window(line: dict[str, Any], now: int, *, brief: bool = False) -> str:
    """The window that is open, or the next one; `brief` leaves out when an open one ends."""
    if line["begins"] is None:
        return _("未设时段")
    begins, ends = (figures.moment(line[name], now) for name in ("begins", "ends"))
    if line["open"] and brief:
        return _("开放，还有 {span}", span=figures.span(line["ends"] - now))
    if line["open"]:
        return _("至 {ends}，还有 {span}", ends=ends, span=figures.span(line["ends"] - now))
    return _("{begins} 至 {ends}", begins=begins, ends=ends)


def _progress(day: dict[str, Any], width: int) -> Content:
    disk, target = day["disk"], day["target_pages"]
    days = _("约够 {n} 天", n=count(disk["days_left"])) if disk["days_left"] is not None else _("用量尚无趋势")
    pages = _("页")
    bar = figures.bar(day["pages"], target, max(10, min(40, width - 50)))
    lines = [
        (
            _("进度"),
            f"[{bar}] {count(day['pages'])} / {count(target)} {pages}  {figures.share(day['pages'], target)}",
        ),
        (_("磁盘"), _("剩余 {free} / {total}，{days}", free=size(disk["free"]), total=size(disk["total"]), days=days)),
    ]
    if day["cut"]:
        lines.append((_("断电"), advice.cut(day)))
    return facts(lines, 5)


def by_station(places: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """What each station brought today, over all deliveries, busiest first; pure."""
    found: dict[str, dict[str, int]] = {}
    for one in (station for place in places for station in place["stations"]):
        sums = found.setdefault(one["name"], {"today": 0, "files": 0, "waiting": 0, "quarantined": 0, "last": 0})
        for name in ("today", "files", "waiting", "quarantined"):
            sums[name] += one[name]
        sums["last"] = max(sums["last"], one["last"])
    return dict(sorted(found.items(), key=lambda pair: (-pair[1]["today"], pair[0])))


def _station(name: str, one: dict[str, int], now: int) -> Line:
    numbers = [count(one[key]) for key in ("today", "files", "waiting", "quarantined")]
    return Line((name, *numbers, figures.moment(one["last"], now)), "warning" if one["quarantined"] else "")


def _place(place: dict[str, Any], now: int) -> Line:
    states = place["states"]
    quarantined, held = states.get("QUARANTINED", 0), states.get("HELD", 0)
    cells = (
        place["name"], count(place["today"]), count(states.get("SCANNING", 0) + states.get("LOOKED", 0)), count(held), count(quarantined),
        count(states.get("SEALED", 0)), figures.moment(place["last"], now),
    )  # fmt: skip
    return Line(cells, "warning" if quarantined or (held and place["uncleared"]) else "")
