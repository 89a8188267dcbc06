"""馆藏: the tree that the codes make, with a search box over it that answers while one types; every record a key away."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, Static

from holdings.language import mark
from holdings.search_prose import ABOVE
from tui import figures, holdings_forms
from tui.cataloguing_desk import CataloguingDesk
from tui.keymap import Key
from tui.ledger import Column, Ledger, Line
from tui.link import Answer, spoken
from tui.page import Page, facts
from tui.record_desk import RecordDesk
from tui.wording import _

COLUMNS = (
    Column(mark("档号"), 26),
    Column(mark("题名"), 20, flexible=True),
    Column(mark("日期"), 10),
    Column(mark("件数"), 9, right=True),
)
SORTS: Final = (
    ("relevance", mark("按相关")),
    ("code", mark("按档号")),
    ("date", mark("按日期")),
    ("newest", mark("最新")),
)
WAYS: Final = (("words", mark("按字词")), ("sound", mark("同音")), ("meaning", mark("按意思")))
PORTION: Final = 100
AFTER_S: Final = 0.12
"""Seconds of rest after a key before the search is asked."""


class HoldingsPage(Page):
    """The tree while the box is empty, the hits while it is not."""

    NAME: ClassVar = "holdings"
    TITLE: ClassVar = mark("馆藏")
    NEEDS: ClassVar = frozenset({"search", "suggest", "show", "console_record", "console_tree"})
    KEYS: ClassVar = (
        Key("slash", "search", mark("查找"), mark('查找：输入即查；题名:词、-词、"短语"、档号、姓名')),
        Key("enter", "open", mark("打开"), mark("打开此层或此件")),
        Key("backspace", "up", mark("上层"), mark("回到上一层")),
        Key("escape", "clear", mark("清空"), mark("清空查找，回到列表"), shown=False),
        Key("w", "turn_way", mark("查法"), mark("换查法：按字词、同音、按意思")),
        Key("f", "narrow", mark("筛选"), mark("筛选：全宗、年度、保管期限、门类、层级、密级、开放状态，附件数")),
        Key("o", "turn_sort", mark("排序"), mark("换排序：按相关、按档号、按日期、最新")),
        Key("c", "catalogue", mark("著录"), mark("著录：对着页逐条录入，档号自动递增"), verb="cataloguing_save"),
        Key("e", "export", mark("导出"), mark("导出为普通文件")),
        Key(
            "p",
            "print",
            mark("打印"),
            mark("打印目录：归档文件目录、卷内文件目录、备考表（PDF）"),
            shown=False,
            verb="directory_print",
        ),
        Key("n", "renumber", mark("改号"), mark("改号：一件，或按原档号、新档号两列的表，先空跑")),
        Key("b", "merge", mark("并卷"), mark("并卷：几卷并入一卷，先空跑"), shown=False),
        Key("z", "split", mark("拆卷"), mark("拆卷：拆出几页，或按表拆分，先空跑"), shown=False),
        Key("y", "copy", mark("复制"), mark("复制档号到剪贴板"), shown=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self._path: list[str] = []
        self._way, self._sort = 0, 1
        self._filters: list[str] = []
        self._hits: dict[str, Answer] = {}
        self._keys: list[str] = []
        self._cursor, self._loading = "", False

    def compose(self) -> ComposeResult:
        """The box, where one is, the list, what the cursor stands on."""
        yield Input(placeholder=_("按 / 查找：题名、档号、文号、责任者、姓名"), compact=True, id="box")
        yield Static(id="where", classes="filter")
        with Container(classes="split"):
            yield Ledger(COLUMNS, empty=mark("没有找到。"), ident="list")
            yield Static(id="detail", classes="detail")

    @property
    def ledger(self) -> Ledger:
        """The list."""
        return self.query_one("#list", Ledger)

    @property
    def text(self) -> str:
        """What is looked for."""
        return self.query_one("#box", Input).value.strip()

    @property
    def deep(self) -> bool:
        """Whether the list holds hits, not a level of the tree."""
        return bool(self.text or self._filters)

    async def renew(self) -> None:
        """Ask for the level of the tree, or for the first hits."""
        self._cursor = ""
        if not self.deep:
            await self._branch("")
            return
        found = await self._ask("")
        self._hits, self._keys = {}, []
        self._add(found)
        more = _(" 以上") if found["capped"] else ""
        way = f"{_(WAYS[self._way][1])}  {_(SORTS[self._sort][1])}"
        notes = "  ".join([*self._filters, *found.get("notes", []), *map(spoken, found.get("instead", []))])
        told = _(
            "{n}{more} 条  {ms} 毫秒  {way}",
            n=figures.count(found["total"]),
            more=more,
            ms=round(found["milliseconds"]),
            way=way,
        )
        self.query_one("#where", Static).update(Content("  ".join(part for part in (told, notes) if part)))

    async def _ask(self, cursor: str) -> Answer:
        way = WAYS[self._way][0]
        given: dict[str, Any] = {"by": "sound"} if way == "sound" else {"mode": way}
        given["filters"] = self._filters
        sort = SORTS[self._sort][0] if self.text or SORTS[self._sort][0] != "relevance" else "code"
        return await self.ask("search", query=self.text, limit=PORTION, sort=sort, cursor=cursor, **given)

    def _add(self, found: Answer) -> None:
        fresh = {one["ref"]: one for one in found["hits"]}
        self._keys += [ref for ref in fresh if ref not in self._hits]
        self._hits |= fresh
        self._cursor = found["cursor"]
        self.ledger.show(list(self._keys), {ref: row(one) for ref, one in fresh.items()})
        self._tell()

    async def _branch(self, after: str) -> None:
        prefix = self._path[-1] if self._path else ""
        found = await self.ask("console_tree", prefix=prefix, after=after, limit=PORTION)
        fresh = {one["key"]: one for one in found["items"]}
        if not after:
            self._hits, self._keys = {}, []
        self._keys += [key for key in fresh if key not in self._hits]
        self._hits |= fresh
        self._cursor = found["after"]
        self.ledger.show(list(self._keys), {key: branch(one, found["counted_max"]) for key, one in fresh.items()})
        more = _(" 以上") if self._cursor else ""
        where = prefix or _("全部全宗")
        self.query_one("#where", Static).update(
            Content(_("{where}  {n}{more} 项", where=where, n=figures.count(len(self._keys)), more=more))
        )
        self._tell()

    def _tell(self) -> None:
        hit = self._hits.get(self.ledger.key)
        self.query_one("#detail", Static).update(detail(hit) if hit and hit.get("title") else Content(""), layout=False)

    @property
    def _code(self) -> str:
        """The code under the cursor; empty on a branch."""
        one = self._hits.get(self.ledger.key, {})
        return str(one.get("ref") or one.get("code") or "")

    # ------------------------------------------------------------ events

    @on(Input.Changed, "#box")
    def _typed(self) -> None:
        self.set_timer(AFTER_S, lambda: self.begin(self.renew))

    @on(Input.Submitted, "#box")
    def _entered(self) -> None:
        self.ledger.focus()

    def on_ledger_highlighted(self) -> None:
        """The end of the list is near: ask for more."""
        self._tell()
        if self._cursor and not self._loading and self.ledger.position > len(self._keys) - PORTION // 4:
            self._loading = True
            self.begin(self._more, group="more")

    async def _more(self) -> None:
        try:
            if self.deep:
                self._add(await self._ask(self._cursor))
            else:
                await self._branch(self._cursor)
        finally:
            self._loading = False

    def on_ledger_chosen(self) -> None:
        """Enter."""
        self.action_open()

    def action_search(self) -> None:
        """The box has the keys."""
        self.query_one("#box", Input).focus()

    def action_clear(self) -> None:
        """The box is empty, the list has the keys."""
        self.query_one("#box", Input).value = ""
        if self._filters:
            self._filters = []
            self.begin(self.renew)
        self.ledger.focus()

    def action_open(self) -> None:
        """A level deeper, or the record."""
        key = self.ledger.key
        if key is None:
            return
        one = self._hits.get(key, {})
        if not self.deep and not one.get("leaf"):
            self._path.append(str(key))
            self.begin(self.renew)
        else:
            self.begin(self._record, str(one.get("code") or key), group="open")

    async def _record(self, ref: str) -> None:
        told = await self.ask("console_record", ref=ref)
        shown = await self.ask("show", ref=ref) if told["sealed"] else {}
        await self.app.push_screen(RecordDesk(self.console.link, told, shown, self._hits.get(ref), self.text))

    def action_up(self) -> None:
        """A level up."""
        if self._path and not self.text:
            self._path.pop()
            self.begin(self.renew)

    def action_narrow(self) -> None:
        """One value more to narrow by, picked from those that the hits have."""
        self.begin(holdings_forms.narrow, self, self.text, self._filters, self._narrowed, group="open")

    def _narrowed(self, filters: list[str]) -> None:
        self._filters = filters
        self.begin(self.renew)

    def action_turn_way(self) -> None:
        """The next way of finding."""
        self._way = (self._way + 1) % len(WAYS)
        self.begin(self.renew)

    def action_turn_sort(self) -> None:
        """The next order."""
        self._sort = (self._sort + 1) % len(SORTS)
        self.begin(self.renew)

    def action_copy(self) -> None:
        """The code to the clipboard of the terminal."""
        if self._code:
            self.app.copy_to_clipboard(self._code)
            self.console.say(_("已复制 {text}", text=self._code))

    def action_catalogue(self) -> None:
        """著录: folders that wait for their row, or codes behind the one under the cursor."""
        self.app.push_screen(
            CataloguingDesk(self.console.link, self.console.by), lambda _closed: self.begin(self.renew)
        )

    def action_print(self) -> None:
        """Directories of what is under the cursor."""
        key = str(self.ledger.key or "")
        holdings_forms.directories(self, self._code or (key if not self.deep else ""))

    def action_export(self) -> None:
        """The record under the cursor as files."""
        holdings_forms.export(self, self._code)

    def action_renumber(self) -> None:
        """改号."""
        holdings_forms.renumber(self, self._code)

    def action_merge(self) -> None:
        """并卷."""
        holdings_forms.merge(self, self._code)

    def action_split(self) -> None:
        """拆卷."""
        holdings_forms.split(self, self._code)


def branch(one: Answer, most: int) -> Line:
    """A branch of the tree, or a row at its end, as a line."""
    if not one["leaf"]:
        rows = figures.count(one["rows"]) + ("+" if one["rows"] >= most else "")
        return Line((one["key"], one["title"] or _("含 {n} 条", n=rows), "", rows))
    return Line(
        (one["code"], ("" if one["linked"] else _("(无图) ")) + one["title"], one["date"], ""),
        "" if one["linked"] else "faint",
    )


def row(one: Answer) -> Line:
    """A hit as a line; one without images says so."""
    bare = not one.get("images", True) and one["level"] not in ABOVE
    return Line(
        (one["ref"], (_("(无图) ") if bare else "") + one["title"], one["date"] or "", one["level"]),
        "faint" if bare else "",
    )


def detail(one: Answer) -> Content:
    """Where and why it was found, with what matched marked by brackets and by weight."""
    lines = [(_("题名"), one["title"]), (_("档号"), one.get("ref") or one["code"])]
    for name, label in (
        ("body", _("责任者")),
        ("number", _("文号")),
        ("retention", _("保管期限")),
        ("security", _("密级")),
        ("opening", _("开放状态")),
    ):
        if one.get(name):
            lines.append((label, str(one[name])))
    found = facts(lines, 8)
    if not one.get("marks"):
        return found
    text, at, parts = one["snippet"], 0, list[Any]()
    for start, end in one["marks"]:
        parts += [text[at:start], (f"[{text[start:end]}]", "bold $warning-ink")]
        at = end
    where = _("第 {n} 页", n=one["page"]) if one.get("page") else _(one["field"])
    return Content("\n").join(
        [found, Content.assemble((figures.pad(where, 8) + "  ", "$foreground-muted"), *parts, text[at:])]
    )
