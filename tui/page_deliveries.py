"""批次: every delivery from the first sheet to acceptance: import, clearance, page rule, sampling, decisions, reports."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from holdings.language import mark
from tui import delivery_forms, figures
from tui.figures import count
from tui.import_desk import ImportDesk, ask_files
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer
from tui.page import Page, facts
from tui.wording import _

COLUMNS = (
    Column(mark("批次"), 16, flexible=True, path=True), Column(mark("状态"), 12), Column(mark("保密审查"), 8), Column(mark("扫描中"), 7, right=True),
    Column(mark("待处理"), 7, right=True), Column(mark("已加封"), 9, right=True), Column(mark("加工单位"), 12),
)  # fmt: skip
STATES = {
    "open": mark("收件中"), "submitted": mark("已提交"), "returned": mark("退回整改"), "accepted": mark("验收通过"), "withdrawn": mark("已撤回"),
}  # fmt: skip
CLEARANCE = {"": mark("! 未作"), "review": mark("已签署"), "standing": mark("常设")}


class DeliveriesPage(Page):
    """The list, and the delivery under the cursor with what is to be done next."""

    NAME: ClassVar = "deliveries"
    TITLE: ClassVar = mark("批次")
    NEEDS: ClassVar = frozenset({"console_deliveries", "delivery_show", "delivery_report"})
    KEYS: ClassVar = (
        Key("enter", "report", mark("报告"), mark("批次报告：目录、挂接、问题、抽检、随批次清单、经过")),
        Key("i", "import_sheets", mark("导入目录"), mark("导入目录表：空跑、询问、修复、再导入"), verb="catalogue_import"),
        Key("c", "clear", mark("保密审查"), mark("签署保密审查意见，须两人"), verb="clear"),
        Key("l", "page_rule", mark("口径"), mark("页数口径与文件夹读法：按本批次的数字提出，可采用"), verb="profile_propose"),
        Key("n", "sample", mark("抽检"), mark("抽检：抽取、逐页判定、打印、读回"), verb="sample_draw"),
        Key("s", "submit", mark("提交"), mark("提交：已全部交来，可以验收"), shown=False),
        Key("v", "accept", mark("验收"), mark("验收通过：本轮抽检合格之后"), verb="delivery_accept"),
        Key("t", "give_back", mark("退回"), mark("退回整改：写明理由"), verb="delivery_return"),
        Key("e", "evidence", mark("随批清单"), mark("核对随批次清单：摘要清单、说明文件、移交清单"), shown=False, verb="delivery_evidence"),
        Key("d", "describe", mark("登记"), mark("登记批次号、加工单位、扫描站、经手人"), shown=False, verb="delivery_describe"),
        Key("p", "print", mark("打印"), mark("打印批次报告：写成 PDF、HTML、JSON"), shown=False, verb="delivery_report_files"),
        Key("x", "reprocess", mark("批量重处理"), mark("声明批量重处理：此间改写已加封的页不触发制动"), shown=False, verb="delivery_reprocess"),
        Key("w", "withdraw", mark("撤回"), mark("撤回批次：误投的；已加封的作废"), shown=False),
        Key("o", "reopen", mark("重新收件"), mark("重新收件：已撤回或已提交的批次继续收件"), shown=False),
        Key("g", "workload", mark("工作量"), mark("工作量统计：已验收批次，按人、日、幅面，折合A4"), shown=False),
        Key("h", "rates", mark("合格率"), mark("合格率与一次合格率，按加工单位"), shown=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Answer] = {}
        self._shown: dict[str, Answer] = {}
        self.now = 0

    def compose(self) -> ComposeResult:
        """The list and the detail."""
        with Container(classes="split"):
            yield Ledger(COLUMNS, empty=mark("还没有批次：把扫描件放进扫描文件夹，或按 i 导入目录表。"), ident="list")
            yield Static(id="detail", classes="detail")

    @property
    def name_at(self) -> str:
        """The delivery under the cursor; empty in an empty list."""
        return str(self.query_one("#list", Ledger).key or "")

    @property
    def at(self) -> Answer:
        """What is known of it."""
        return self._known.get(self.name_at, {})

    async def renew(self) -> None:
        """Ask for the deliveries, then for the figures of the one under the cursor."""
        answer = await self.ask("console_deliveries")
        self.now = answer["now"]
        self._known = {one["name"]: one for one in answer["deliveries"]}
        self._shown.clear()
        self.query_one("#list", Ledger).show(list(self._known), {name: row(one) for name, one in self._known.items()})
        await self._figures()

    async def on_ledger_highlighted(self) -> None:
        """Another delivery."""
        self._tell()
        self.begin(self._figures, group="figures")

    async def _figures(self) -> None:
        name = self.name_at
        if name and name not in self._shown:
            self._shown[name] = await self.ask("delivery_show", name=name)
        self._tell()

    def _tell(self) -> None:
        one = self._known.get(self.name_at)
        self.query_one("#detail", Static).update(
            detail(one, self._shown.get(self.name_at), self.now) if one else Content(""),
            layout=False,
        )

    # ------------------------------------------------------------ acts

    def on_ledger_chosen(self) -> None:
        """Enter."""
        self.action_report()

    def _open(self, work: Any, *given: Any) -> None:
        if self.name_at:
            self.begin(work, self, *given, group="open")

    def action_report(self) -> None:
        """批次报告."""
        self._open(delivery_forms.report)

    def action_page_rule(self) -> None:
        """页数口径."""
        self._open(delivery_forms.page_rule)

    def action_evidence(self) -> None:
        """随批次清单."""
        self._open(delivery_forms.evidence)

    def action_sample(self) -> None:
        """抽检."""
        self._open(delivery_forms.sampling)

    def action_rates(self) -> None:
        """合格率."""
        self.begin(delivery_forms.rates, self, group="open")

    def action_workload(self) -> None:
        """工作量统计."""
        delivery_forms.workload(self)

    def action_clear(self) -> None:
        """保密审查."""
        if self.at:
            delivery_forms.clear(self)

    def action_describe(self) -> None:
        """登记."""
        if self.at:
            delivery_forms.describe(self)

    def action_submit(self) -> None:
        """提交."""
        self._decide("submit", _("提交"), required=False)

    def action_accept(self) -> None:
        """验收通过."""
        self._decide("accept", _("验收通过"), required=False)

    def action_give_back(self) -> None:
        """退回整改."""
        self._decide("return", _("退回整改"), required=True)

    def action_reopen(self) -> None:
        """重新收件."""
        self._decide("reopen", _("重新收件"), required=False)

    def _decide(self, verb: str, title: str, *, required: bool) -> None:
        if self.at:
            delivery_forms.decide(self, verb, title, required=required)

    def action_withdraw(self) -> None:
        """撤回批次; what is sealed of it becomes void, and nothing brings that back: asked before."""
        if self.at:
            told = _(
                "目录条目移出，未加封的不留痕；已加封的 {n} 件作废，不再显示，但不删除。作废不能撤销。",
                n=count(self.at["states"].get("SEALED", 0)),
            )
            self.sure(
                _("撤回批次“{name}”？", name=self.name_at),
                told,
                lambda: self._decide("withdraw", _("撤回批次"), required=True),
            )

    def action_reprocess(self) -> None:
        """批量重处理."""
        if self.at:
            delivery_forms.reprocess(self)

    def action_print(self) -> None:
        """批次报告 as files."""
        if self.at:
            delivery_forms.print_report(self)

    def action_import_sheets(self) -> None:
        """导入目录表."""

        def opened(files: ImportDesk | None) -> None:
            if files is not None:
                self.app.push_screen(files, lambda _done: self.begin(self.renew))

        ask_files(self, self.name_at, opened)


def row(one: Answer) -> Line:
    """A delivery as a line."""
    states = one["states"]
    state = _(STATES[one["state"]]) + (_(" 第{n}轮", n=one["round"]) if one["round"] > 1 else "")
    cells = (
        one["name"], state, _(CLEARANCE[one["clearance"]]), count(states.get("SCANNING", 0) + states.get("LOOKED", 0)), count(one["findings"]),
        count(states.get("SEALED", 0)), one["contractor"],
    )  # fmt: skip
    tone = (
        "faint"
        if one["state"] == "withdrawn"
        else "good"
        if one["state"] == "accepted"
        else "warning"
        if not one["clearance"]
        else ""
    )
    return Line(cells, tone)


def following(one: Answer, shown: Answer | None) -> str:
    """What is to be done next with a delivery; pure."""
    if one["state"] == "withdrawn":
        return _("已撤回；按 o 可重新收件")
    if one["state"] == "accepted":
        return _("已验收通过；按 g 看工作量统计")
    if shown and not shown["rows"]:
        return _("还没有目录：按 i 导入目录表")
    if not one["clearance"]:
        return _("待保密审查：按 c 由两人签署")
    if one["findings"]:
        return _("有 {n} 条问题待处理：按 3 办理", n=count(one["findings"]))
    if one["state"] == "returned":
        return _("等加工单位整改后再提交（按 s）")
    if one["state"] == "open":
        return _("收件中；交齐后按 s 提交")
    return _("按 n 抽检；合格后按 v 验收，不合格按 t 退回")


def detail(one: Answer, shown: Answer | None, now: int) -> Content:
    """Figures of a delivery; how far its linking is; the next step first."""
    lines = [(_("下一步"), following(one, shown))]
    if shown:
        linked = shown["rows"] - shown["rows_unlinked"]
        bar, rows = figures.bar(linked, shown["rows"], 20), _("条")
        lines += [
            (
                _("挂接"),
                f"[{bar}] {count(linked)} / {count(shown['rows'])} {rows}  {figures.share(linked, shown['rows'])}",
            ),
            (
                _("已加封"),
                _(
                    "{r} 件 {p} 页  {size}",
                    r=count(shown["records"]),
                    p=count(shown["pages"]),
                    size=figures.size(shown["bytes"]),
                ),
            ),
        ]
    number = _("第 {n} 批", n=f"{one['number']:02d}") if one["number"] is not None else "-"
    lines += [
        (_("批次号"), f"{number}  {one['contractor'] or '-'}  {'、'.join(one['stations'])}"),
        (_("保密审查"), f"{_(CLEARANCE[one['clearance']])}  {'、'.join(one['cleared_by'])}"),
        (_("建立"), f"{figures.stamp(one['opened'])} {one['opened_by']}" + (_("  双录") if one["double"] else "")),
        (_("最近"), figures.moment(one["last"], now)),
    ]
    return facts(lines, 8)
