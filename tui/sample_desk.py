"""抽检: the pages of a drawing one by one, a key for each verdict; printed for those who check on paper, and read back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from holdings.language import mark
from tui import browser, guide
from tui.dialog import TroubleBox
from tui.form import Field, Form, Values
from tui.keymap import Key, bound
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, Link, Trouble
from tui.path_form import SHEET, PathForm, Wanted
from tui.pick import Pick
from tui.record_desk import RecordDesk
from tui.wording import _
from tui.work import start

COLUMNS = (
    Column(mark("序"), 4, right=True), Column(mark("档号"), 25), Column(mark("页"), 10), Column(mark("结论"), 8), Column(mark("差错"), 14, flexible=True),
    Column(mark("检查人"), 8),
)  # fmt: skip
ANYTHING = "Q99"
"""The fault that says nothing without a word beside it."""
VERDICTS = {"none": "-", "passed": mark("合格"), "failed": mark("! 不合格")}


class SampleDesk(ModalScreen[None]):
    """One drawing. A verdict is stored with its key and the cursor goes on; the same page may be judged again."""

    KEYS: ClassVar = (
        Key("y", "verdict('passed')", mark("合格"), mark("此页合格，到下一页")),
        Key("n", "fail", mark("不合格"), mark("此页不合格：选差错，写说明")),
        Key("e", "remark", mark("备注"), mark("此页的备注：结论不变，未检的记为合格")),
        Key("u", "verdict('none')", mark("撤销结论"), mark("撤销此页的结论")),
        Key("a", "rest", mark("其余合格"), mark("其余未检的页全部合格")),
        Key("o", "browse", mark("浏览器"), mark("在浏览器中逐页检查：可缩放、旋转，目录在旁，y 合格 n 不合格")),
        Key("enter", "look", mark("看页"), mark("在终端里看此页所在的档案"), shown=False),
        Key("p", "print", mark("打印"), mark("打印抽检单（xlsx）")),
        Key("m", "notice", mark("整改单"), mark("打印整改通知单：只列不合格的页（xlsx）"), shown=False),
        Key("r", "read_back", mark("读回"), mark("读回填好的抽检单（xlsx）"), shown=False),
        Key("question_mark", "help", mark("帮助"), mark("本屏的全部按键")),
        Key("escape", "close", mark("返回")),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, link: Link, number: int, by: str) -> None:
        super().__init__()
        self._link, self._number, self._by = link, number, by
        self._pages: dict[int, Answer] = {}
        self._faults: dict[str, dict[str, str]] = {}
        self._told = ""

    def compose(self) -> ComposeResult:
        """How it stands, the pages, the keys."""
        with Vertical(classes="reading"):
            yield Static(id="sample-head", classes="box-title")
            yield Ledger(COLUMNS, ident="sample-pages")
            yield Static(
                Content("  ".join(f"{key.name} {_(key.label)}" for key in self.KEYS if key.shown)), classes="box-foot"
            )

    def on_mount(self) -> None:
        """Ask for the pages."""
        self.query_one(Ledger).focus()
        self._work(self._load)

    def _work(self, work: Callable[[], Awaitable[object]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Trouble as trouble:
                trouble.thing = trouble.thing or _("抽检")
                self.app.push_screen(TroubleBox(trouble))

        start(self, guarded, "sample")

    async def _load(self) -> None:
        if not self._faults:
            self._faults = (await self._link.ask("sample_faults"))["faults"]
        sample = await self._link.ask("sample_show", number=self._number)
        self._pages = {one["position"]: one for one in sample["list"]}
        self.query_one(Ledger).show(list(self._pages), {at: self._line(one) for at, one in self._pages.items()})
        self._head(sample)

    def _head(self, sample: Answer) -> None:
        state = _("未检完") if sample["passed"] is None else _("合格") if sample["passed"] else _("! 不合格")
        name = _("抽检  {name}  第 {round} 轮  种子 {seed}", name=sample["delivery"], round=sample["round"], seed=sample["seed"])
        text = _("已检 {judged} / {pages}  不合格 {failed}  合格率 {rate}  {state}", judged=sample["judged"], pages=sample["pages"],
                 failed=sample["failed"], rate=sample["pass_rate"] or "-", state=state)  # fmt: skip
        told = f"  |  {self._told}" if self._told else ""
        self.query_one("#sample-head", Static).update(Content(f"{name}\n{text}{told}"))

    def _say(self, text: str) -> None:
        """What was done, beside the figures."""
        self._told = text

    def _line(self, one: Answer) -> Line:
        fault = self._faults.get(one["fault"], {}).get("name", one["fault"])
        cells = (
            str(one["position"]),
            one["ref"],
            one["page"],
            _(VERDICTS[one["verdict"]]),
            f"{fault} {one['remark']}".strip(),
            one["by"],
        )
        return Line(cells, {"passed": "good", "failed": "error"}.get(one["verdict"], ""))

    async def _judge(self, positions: list[int], verdict: str, fault: str = "", remark: str = "") -> None:
        by = self._by if verdict != "none" else ""
        now = await self._link.ask(
            "sample_verdict",
            number=self._number,
            positions=positions,
            verdict=verdict,
            by=by,
            fault=fault,
            remark=remark,
        )
        if len(positions) != 1:
            await self._load()
            return
        one = self._pages[positions[0]]
        one |= {"verdict": verdict, "fault": fault, "remark": remark, "by": by}
        self.query_one(Ledger).fill({positions[0]: self._line(one)})
        self._head(now)

    def action_verdict(self, verdict: str) -> None:
        """Store it, go on."""
        ledger = self.query_one(Ledger)
        if ledger.key is not None:
            self._work(partial(self._judge, [ledger.key], verdict))
            ledger.move(ledger.position + 1)

    def action_fail(self) -> None:
        """Ask which fault, then for a word about it; the cursor goes on."""
        at = self.query_one(Ledger).key
        if at is None:
            return
        rows = [(code, f"{code}  {one['name']}（{one['clause']}）") for code, one in self._faults.items()]

        def named(code: str | None) -> None:
            if code:
                told = _("须写说明") if code == ANYTHING else _("可空")
                self._word(_("不合格  第 {n} 页  {fault}", n=at, fault=self._faults[code]["name"]), at, "failed", code, told)

        self.app.push_screen(Pick(_("不合格  第 {n} 页：选差错", n=at), rows), named)

    def _word(self, title: str, at: int, verdict: str, fault: str, told: str) -> None:
        async def keep(values: Values) -> None:
            await self._judge([at], verdict, fault, values["remark"].strip())
            self.query_one(Ledger).move(self.query_one(Ledger).position + 1)

        self.app.push_screen(Form(title, [Field("remark", _("说明"), self._pages[at]["remark"], hint=told)], keep))

    def action_remark(self) -> None:
        """A word about the page under the cursor beside its verdict; one that has none passes with it."""
        at = self.query_one(Ledger).key
        if at is not None:
            one = self._pages[at]
            verdict = one["verdict"] if one["verdict"] != "none" else "passed"
            self._word(_("备注  第 {n} 页", n=at), at, verdict, one["fault"], _("空为删去"))

    def action_browse(self) -> None:
        """The pages in the browser, from the one under the cursor on; verdicts made there are seen here after F5 or a return."""
        if (at := self.query_one(Ledger).key) is not None:
            self._work(
                partial(
                    browser.browse, self.app, self._link, "sample_link", number=self._number, by=self._by, position=at
                )
            )

    def on_screen_resume(self) -> None:
        """Back from a box: the browser may have judged pages meanwhile."""
        if self._pages:
            self._work(self._load)

    def on_ledger_chosen(self) -> None:
        """Enter on a page."""
        self.action_look()

    def action_look(self) -> None:
        """The record of the page."""
        one = self._pages.get(self.query_one(Ledger).key)

        async def look(ref: str) -> None:
            told = await self._link.ask("console_record", ref=ref)
            await self.app.push_screen(RecordDesk(self._link, told, await self._link.ask("show", ref=ref)))

        if one is not None:
            self._work(partial(look, one["ref"]))

    def action_rest(self) -> None:
        """All that have no verdict yet."""
        self._work(partial(self._judge, [], "passed"))

    def _file(self, title: str, work: Callable[[str], Awaitable[str]], wanted: Wanted) -> None:
        async def do(values: Values) -> None:
            self._say(await work(values["file"].strip()))

        def done(happened: bool | None) -> None:
            if happened:
                self._work(self._load)

        fields = [Field("file", _("文件"), required=True, hint=_("完整路径 .xlsx"))]
        self.app.push_screen(PathForm(title, fields, do, self._link, {"file": wanted}), done)

    async def _write(self, file: str, *, only_failed: bool) -> str:
        done = await self._link.ask("sample_export", number=self._number, destination=file, only_failed=only_failed)
        return _("已写 {n} 页", n=done["pages"])

    def action_print(self) -> None:
        """抽检单."""
        self._file(_("打印抽检单"), partial(self._write, only_failed=False), Wanted(name=_("抽检单") + ".xlsx"))

    def action_notice(self) -> None:
        """整改通知单."""
        self._file(_("打印整改通知单"), partial(self._write, only_failed=True), Wanted(name=_("整改通知单") + ".xlsx"))

    def action_read_back(self) -> None:
        """A page list that was filled in."""

        async def read(file: str) -> str:
            done = await self._link.ask("sample_import", file=file)
            return _("已读回，改动 {n} 页", n=done["changed"])

        self._file(_("读回抽检单"), read, SHEET)

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(guide.of_keys(_("抽检"), self.KEYS))

    def action_close(self) -> None:
        """Back to the deliveries."""
        self.dismiss(None)
