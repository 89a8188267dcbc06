"""导入目录: a dry run first, its questions and repairs answered on the spot and tried again, then the import itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from holdings.language import mark
from tui import guide
from tui.dialog import TroubleBox
from tui.figures import count, pad
from tui.form import Field, Form, Values
from tui.keymap import Key, bound
from tui.link import Answer, Link, Trouble
from tui.path_form import PathForm, Wanted
from tui.pick import Pick
from tui.wording import _
from tui.work import start

if TYPE_CHECKING:
    from tui.page_deliveries import DeliveriesPage

TOLD = 200
"""Lines of each kind on the screen; the counts say how many there are."""
OTHER = "\0"


def ask_files(page: DeliveriesPage, delivery: str, then: Callable[[ImportDesk | None], None]) -> None:
    """Ask which sheets, for which delivery, then open the desk."""
    found: list[ImportDesk] = []

    async def take(values: Values) -> None:
        files = [part.strip() for part in values["files"].split(";") if part.strip()]
        desk = ImportDesk(page.console.link, files, values["delivery"].strip(), values["category"].strip())
        await desk.rehearse()
        found.append(desk)

    fields = [
        Field("files", _("目录表"), required=True, hint=_("完整路径；多个以 ; 分开")),
        Field("delivery", _("批次"), delivery, hint=_("空为目录表所在文件夹")),
        Field("category", _("门类"), hint=_("如 婚姻；空为自动")),
    ]
    note = _("先空跑：只看会发生什么，不写入。")
    picks = {"files": Wanted("sheet", delivery, several=True)}
    page.app.push_screen(
        PathForm(_("导入目录表"), fields, take, page.console.link, picks, note=note), lambda done: then(found[0] if done and found else None)
    )


class ImportDesk(ModalScreen[bool]):
    """One import: what it would do, what it asks, what it offers to repair."""

    KEYS: ClassVar = (
        Key("i", "take_in", mark("导入"), mark("照此导入")),
        Key("a", "answer", mark("回答"), mark("回答询问：某列是什么")),
        Key("m", "columns", mark("列对照"), mark("列对照：哪一列是哪个著录项，可改")),
        Key("r", "repair", mark("修复"), mark("同意对整列的修复")),
        Key("d", "again", mark("再空跑"), mark("再空跑一次")),
        Key("question_mark", "help", mark("帮助"), mark("本屏的全部按键")),
        Key("escape", "close", mark("返回")),
        Key("up", "scroll('up')", mark("上移"), shown=False),
        Key("down", "scroll('down')", mark("下移"), shown=False),
        Key("pageup", "scroll('page_up')", mark("上页"), shown=False),
        Key("pagedown", "scroll('page_down')", mark("下页"), shown=False),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, link: Link, files: list[str], delivery: str, category: str) -> None:
        super().__init__()
        self._link = link
        self._given: Answer = {"files": files, "delivery_name": delivery, "category": category}
        self._answers: dict[str, str] = {}
        self._repairs: list[str] = []
        self.result: Answer = {}
        self.imported = False

    async def rehearse(self, *, dry_run: bool = True) -> None:
        """Ask the node to import, or to show what it would do; Trouble when it refuses."""
        answers = [f"{name}={value}" for name, value in self._answers.items()]
        self.result = await self._link.ask(
            "catalogue_import", **self._given, dry_run=dry_run, answers=answers, repairs=self._repairs
        )
        self.imported = not dry_run and not any(sheet["blocked"] for sheet in self.result["sheets"])

    def compose(self) -> ComposeResult:
        """What it says, the keys."""
        with Vertical(classes="reading"):
            yield Static(id="import-head", classes="box-title")
            with VerticalScroll(id="import-text", can_focus=True):
                yield Static(id="import-said")
            yield Static(
                Content("  ".join(f"{key.name} {_(key.label)}" for key in self.KEYS if key.shown)), classes="box-foot"
            )

    def on_mount(self) -> None:
        """Draw the dry run."""
        self.query_one("#import-text").focus()
        self._draw()

    def _draw(self) -> None:
        self.query_one("#import-head", Static).update(Content(head(self.result, imported=self.imported)))
        self.query_one("#import-said", Static).update(told(self.result, imported=self.imported))

    def _again(self, *, dry_run: bool = True) -> None:
        async def work() -> None:
            self.query_one("#import-head", Static).update(Content(_("读目录表中..")))
            try:
                await self.rehearse(dry_run=dry_run)
            except Trouble as trouble:
                trouble.thing = _("导入目录表")
                self.app.push_screen(TroubleBox(trouble))
            self._draw()

        start(self, work, "import", exclusive=True)

    def action_again(self) -> None:
        """The same again: the file may have been mended meanwhile."""
        self._again()

    def action_take_in(self) -> None:
        """The import itself; after it this key closes."""
        if self.imported:
            self.dismiss(result=True)
        else:
            self._again(dry_run=False)

    def action_columns(self) -> None:
        """列对照: every column with what it is read as; the one that is chosen is read as something else."""

        async def ask() -> None:
            answers = [f"{name}={value}" for name, value in self._answers.items()]
            given = {**self._given, "answers": answers}
            try:
                found = await self._link.ask("sheet_columns", **given)
            except Trouble as trouble:
                trouble.thing = _("列对照")
                self.app.push_screen(TroubleBox(trouble))
                return
            left = _("（不导入）")
            rows = [
                (one["name"], f"{'*' if one['name'] in self._answers else ' '} {pad(one['name'], 22)} {one['means'] or left}")
                for one in found["columns"]
            ]
            self.app.push_screen(
                Pick(_("列对照：选一列改"), rows), lambda name: self._meanings(name, found) if name else None
            )

        start(self, ask, "columns", exclusive=True)

    def _meanings(self, name: str, found: Answer) -> None:
        self._candidates(
            {"id": name, "text": _("“{name}”列是什么？", name=name), "samples": [], "candidates": [*found["elements"], *found["others"]]}
        )

    def action_answer(self) -> None:
        """Choose a question, then its answer."""
        questions = {one["id"]: one for one in self.result["questions"]}
        if questions:
            rows = [(name, one["text"]) for name, one in questions.items()]
            self.app.push_screen(
                Pick(_("询问"), rows), lambda name: self._candidates(questions[name]) if name else None
            )

    def _candidates(self, question: Answer) -> None:
        rows = [(one, one) for one in question["candidates"]]
        note = _("例：{samples}", samples="、".join(question["samples"][:5])) if question["samples"] else ""

        def taken(value: str | None) -> None:
            if value == OTHER:
                self._write(question)
            elif value:
                self._answers[question["id"]] = value
                self._again()

        self.app.push_screen(Pick(question["text"], [*rows, (OTHER, _("另填"))], note), taken)

    def _write(self, question: Answer) -> None:
        async def take(values: Values) -> None:
            self._answers[question["id"]] = values["value"].strip()

        def done(happened: bool | None) -> None:
            if happened:
                self._again()

        self.app.push_screen(Form(question["text"], [Field("value", _("回答"), required=True)], take), done)

    def action_repair(self) -> None:
        """Agree to a repair of a column."""
        offered = [
            (one["spec"], _("{text}（{n} 处）", text=one["text"], n=count(one["count"])))
            for one in self.result["repairs"]
            if not one["agreed"]
        ]

        def taken(spec: str | None) -> None:
            if spec:
                self._repairs.append(spec)
                self._again()

        if offered:
            self.app.push_screen(Pick(_("修复：选一项同意"), offered), taken)

    def action_scroll(self, how: str) -> None:
        """Move the text."""
        getattr(self.query_one("#import-text"), f"scroll_{how}")(animate=False)

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(guide.of_keys(_("导入目录表"), self.KEYS))

    def action_close(self) -> None:
        """Nothing more; what was imported stays."""
        self.dismiss(self.imported)


def head(result: Answer, *, imported: bool) -> str:
    """The figures in a line."""
    figures = _("共 {rows} 行：新增 {added}  修改 {changed}  不变 {unchanged}  消失 {gone}  拒收 {refused}",
                **{name: count(result[name]) for name in ("rows", "added", "changed", "unchanged", "gone", "refused")})  # fmt: skip
    blocked = [sheet["name"] for sheet in result["sheets"] if sheet["blocked"]]
    if blocked:
        return _("! 须先回答询问：{names}", names="、".join(blocked)) + "  " + figures
    return (_("已导入") if imported else _("空跑，尚未写入")) + "  " + figures


def told(result: Answer, *, imported: bool) -> Content:
    """What a person must know, in the order in which it must be answered: questions, repairs, refusals, what disappears, changes, totals."""
    parts: list[Content] = []
    declared, present, blank, unlisted = _("申报"), _("现有"), _("（空）"), _("目录只到案卷，无从核对")

    def part(title: str, lines: list[str], total: int | None = None) -> None:
        if lines:
            more = (total if total is not None else len(lines)) - min(len(lines), TOLD)
            shown = [Content(f"  {line}") for line in lines[:TOLD]] + (
                [Content(_("  .. 另有 {n} 条", n=count(more)))] if more > 0 else []
            )
            parts.extend([Content.styled(title, "bold $primary"), *shown, Content("")])

    part(
        _("询问（按 a 回答）"),
        [
            ("! " if q["blocking"] else "? ") + q["text"] + (f"  {'、'.join(q['samples'][:4])}" if q["samples"] else "")
            for q in result["questions"]
        ],
    )
    part(
        _("可修复（按 r 同意）"),
        [f"{'*' if r['agreed'] else '?'} {r['text']}  {count(r['count'])}" for r in result["repairs"]],
    )
    part(_("拒收"), [_("第 {row} 行  {field}：{rule}；{remedy}", **r) for r in result["refusals"]], result["refused"])
    part(
        _("消失（目录表不再有的）"),
        [f"{d['ref']}  {d['title']}" for d in result.get("disappeared", [])],
        result["gone"],
    )
    part(
        _("修改"),
        [f"{c['ref']}  {c['field']}：{c['old'] or blank} -> {c['new'] or blank}" for c in result.get("changes", [])],
        result.get("changed_cells"),
    )
    part(
        _("移交清册"),
        [
            f"! {d['what']}：{declared} {d['declared']}  {unlisted}"
            if d["by_volume"]
            else f"{'=' if d['agrees'] else '!'} {d['what']}：{declared} {d['declared']}  {present} {d['found']}"
            for d in result["declared"]
        ],
    )
    part(
        _("读法"), [f"{s['name']}  {s['format']} {s['encoding']}  {'、'.join(s['columns'])}" for s in result["sheets"]]
    )
    if (proposal := result.get("proposal")) is not None:
        part(_("页数口径"), [proposal["text"]])
    return (
        Content("\n").join(parts)
        if parts
        else Content(_("已导入，没有要办的。") if imported else _("没有要问的；按 i 导入。"))
    )
