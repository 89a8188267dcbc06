"""What opens over the holdings: export, and codes and volumes that change; each change is tried first and shown before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from holdings.language import mark
from tui import figures
from tui.figures import count
from tui.form import Field, Values
from tui.link import Answer, Trouble
from tui.path_form import FOLDER, SHEET, Wanted
from tui.pick import Pick
from tui.wording import _

if TYPE_CHECKING:
    from tui.page_holdings import HoldingsPage

TOLD = 8
PAGE_DIGITS = 7


def export(page: HoldingsPage, ref: str) -> None:
    """One record, or everything, as plain files."""

    async def write(values: Values) -> None:
        done = await page.ask("export", destination=values["folder"].strip(), ref=values["ref"].strip() or None)
        page.console.say(_("已导出 {r} 件 {p} 页", r=count(done["records"]), p=count(done["pages"])))

    fields = [
        Field("folder", _("文件夹"), required=True, hint=_("本机上的完整路径")),
        Field("ref", _("档号"), ref, hint=_("空为全部")),
    ]
    page.form(_("导出为普通文件"), fields, write, done=None, picks={"folder": FOLDER})


FACETS = (mark("全宗"), mark("年度"), mark("保管期限"), mark("门类"), mark("层级"), mark("密级"), mark("开放状态"))
VALUES = 12
"""Values of each facet that are offered."""


async def narrow(page: HoldingsPage, text: str, filters: list[str], taken: Callable[[list[str]], None]) -> None:
    """A list of what the hits may be narrowed by, with how many each value leaves."""
    rows = [("", _("清除筛选"))] if filters else []
    if text or filters:
        facets = (await page.ask("search", query=text, limit=1, facets=list(FACETS), filters=filters, sort="code"))[
            "facets"
        ]
    else:
        # Of everything nothing is counted: begin with a fonds.
        tree = (await page.ask("console_tree", prefix="", after="", limit=200))["items"]
        facets = [
            {"facet": FACETS[0], "values": [{"value": one["key"].rstrip("-"), "count": one["rows"]} for one in tree]}
        ]
    for facet in facets:
        for one in facet["values"][: VALUES if len(facets) > 1 else None]:
            said = f"{facet['facet']}={one['value']}"
            if said not in filters:
                rows.append((said, f"{figures.pad(_(facet['facet']), 10)}{one['value']}  {count(one['count'])}"))

    def picked(value: str | None) -> None:
        if value is not None:
            taken([*filters, value] if value else [])

    page.app.push_screen(Pick(_("筛选"), rows or [("", _("没有可筛选的"))]), picked)


def directories(page: HoldingsPage, code: str) -> None:
    """Printed directories as PDF."""

    async def write(values: Values) -> None:
        done = await page.ask(
            "directory_print", kind=values["kind"], code=values["code"].strip(), destination=values["file"].strip()
        )
        page.console.say(
            _("已打印{label}：{n} 行，{file}", label=_(done["label"]), n=count(done["rows"]), file=done["file"])
        )

    kinds = (("items", _("归档文件目录")), ("volume", _("卷内文件目录")), ("notes", _("备考表")))
    fields = [
        Field("kind", _("种类"), "items", choices=kinds),
        Field("code", _("档号"), code, required=True, hint=_("案卷，或档号开头的一段")),
        Field("file", _("文件"), required=True, hint=_("完整路径 .pdf")),
    ]
    page.form(_("打印目录"), fields, write, done=None, picks={"file": Wanted(name=_("目录") + ".pdf")})


def renumber(page: HoldingsPage, ref: str) -> None:
    """改号 of the record under the cursor, or of many by a sheet."""

    def given(values: Values) -> dict[str, Any]:
        return _one_or_sheet(_("改号"), values, ("old", "new"))

    fields = [
        Field("old", _("原档号"), ref),
        Field("new", _("新档号")),
        Field("sheet", _("或按表"), hint=_("完整路径：原档号、新档号")),
    ]
    _tried(page, _("改号"), fields, "renumber", given)


def split(page: HoldingsPage, ref: str) -> None:
    """拆卷: a range of pages of the volume under the cursor, or many by a sheet."""

    def given(values: Values) -> dict[str, Any]:
        said = _one_or_sheet(_("拆卷"), values, ("old", "new", "first", "last"))
        return said | {name: _page(values[name]) for name in ("first", "last") if name in said} | (
            {} if "sheet" in said else {"title": values["title"].strip()}
        )

    fields = [
        Field("old", _("案卷"), ref),
        Field("new", _("新档号")),
        Field("first", _("起页")),
        Field("last", _("止页")),
        Field("title", _("新题名")),
        Field("sheet", _("或按表"), hint=_("完整路径：原档号、新档号、起页、止页、题名")),
    ]
    _tried(page, _("拆卷"), fields, "volume_split", given)


def _one_or_sheet(title: str, values: Values, names: tuple[str, ...]) -> dict[str, Any]:
    """What stands in the form of one record, or the sheet; Trouble when it is neither."""
    if sheet := values["sheet"].strip():
        return {"sheet": sheet}
    said = {name: values[name].strip() for name in names}
    if not all(said.values()):
        raise Trouble(title, _("没有填全"), _("请填全各栏，或写明表的完整路径"))
    return said


def _page(text: str) -> int:
    if not text.strip().isdecimal() or len(text) > PAGE_DIGITS:
        raise Trouble(_("拆卷"), _("“{text}”不是页号", text=text), _("请填阿拉伯数字"))
    return int(text)


def merge(page: HoldingsPage, into: str) -> None:
    """并卷."""

    def given(values: Values) -> dict[str, Any]:
        return {
            "into": values["into"].strip(),
            "volumes": [part.strip() for part in values["volumes"].split(";") if part.strip()],
        }

    fields = [
        Field("into", _("并入"), into, required=True),
        Field("volumes", _("案卷"), required=True, hint=_("多个以 ; 分开")),
    ]
    _tried(page, _("并卷"), fields, "volume_merge", given)


def _tried(page: HoldingsPage, title: str, fields: list[Field], verb: str, given: Any) -> None:
    """A dry run whose changes are shown; done only on a yes: one signature gives all records of it a new version."""

    async def rehearse(values: Values) -> None:
        found = await page.ask(verb, dry_run=True, **given(values))
        if found["refusals"]:
            lines = "\n".join(
                _("第 {row} 行：{rule}", row=one["row"], rule=one["rule"]) for one in found["refusals"][:TOLD]
            )
            raise Trouble(title, lines, found["refusals"][0]["remedy"])
        if not found["changed"] and not found.get("volumes"):
            raise Trouble(title, _("没有要改的"), _("请核对表中的新档号"))
        question = _("{title}：{n} 条，照办？", title=title, n=count(found["changed"]))
        page.app.call_later(
            page.sure,
            question,
            told(found),
            lambda: page.act(title, verb, done=_("已办：{n} 条", n=count(found["changed"])), **given(values)),
        )

    page.form(title, fields, rehearse, done=None, note=_("先空跑，看过再办。图像不重传，原档号成为曾用档号。"),
              picks={"sheet": SHEET} if any(field.name == "sheet" for field in fields) else None)  # fmt: skip


def told(found: Answer) -> str:
    """The first changes of a dry run."""
    lines = [f"{one['old']} -> {one['new']}  {one['title']}" for one in found["changes"][:TOLD]]
    lines += [_("{ref}：{n} 页", ref=one["ref"], n=one["pages"]) for one in found.get("volumes", [])[:TOLD]]
    more = found["changed"] - min(len(found["changes"]), TOLD)
    return "\n".join([*lines, *([_("  .. 另有 {n} 条", n=count(more))] if more > 0 else [])])
