"""What opens over the list of findings: the row to mend, the page to replace or move, the whole story, decisions about pages."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.content import Content

from tui import figures
from tui.dialog import Reading
from tui.form import Field, Values
from tui.link import Answer, Trouble
from tui.page import facts
from tui.path_form import Wanted
from tui.pick import Pick
from tui.wording import _

if TYPE_CHECKING:
    from tui.page_findings import FindingsPage

FIXED = ("密级", "档号")
"""Elements that are changed elsewhere; shown in no form."""
TYPED = frozenset({"row-refused", "no-row"})
"""Findings that a typed row answers."""


async def mend(page: FindingsPage, number: int, seen: int | None) -> None:
    """The catalogue row in a form; what its rules refuse is said while it is typed."""
    elements = (await page.ask("quarantine_row", number=number))["elements"]
    before = {one["name"]: one["value"] for one in elements if one["name"] not in FIXED}
    if not before:
        await _type(page, number)
        return

    def changed(values: Values) -> dict[str, str]:
        return {name: value for name, value in values.items() if name in before and value.strip() != before[name]}

    async def check(values: Values) -> dict[str, str]:
        return (
            dict((await page.ask("quarantine_judge", number=number, values=changed(values)))["refused"])
            if changed(values)
            else {}
        )

    async def keep(values: Values) -> None:
        given = changed(values)
        if not given:
            raise Trouble(_("修改著录"), _("没有改动"), _("请改好再办理，或按 Esc 取消"))
        await page.ask(
            "quarantine_mend", number=number, values=given, by=page.console.by, reason=values["_"], seen=seen
        )

    fields = [Field(name, name, value) for name, value in before.items()]
    page.form(
        _("修改著录  问题 {n}", n=number),
        [*fields, Field("_", _("依据"), hint=_("为何这样改"))],
        keep,
        check=check,
        note=_("密级、档号不在这里改。"),
    )


async def _type(page: FindingsPage, number: int) -> None:
    """There is no row, be it that the sheet's was refused (what it says is filled in) or that there never was one: 著录 at its code; once it stands, the finding
    is looked at anew."""
    found = await page.ask("quarantine_show", number=number)
    if not found["ref"] or found["code"] not in TYPED:
        raise Trouble(_("修改著录"), _("此问题没有对应的目录行"), _("请按处理办法办理"))
    # Here: it brings pictures, and most findings have a row.
    from tui.cataloguing_desk import CataloguingDesk

    async def closed() -> None:
        if (await page.ask("quarantine_row", number=number))["elements"]:
            with suppress(Trouble):  # the next look may have closed it meanwhile
                await page.ask("quarantine_retry", number=number, by=page.console.by)
            page.console.say(_("已著录 {ref}，此问题重新检测", ref=found["ref"]))
        await page.renew()

    said = (await page.ask("quarantine_refused", number=number))["elements"] if found["code"] == "row-refused" else []
    delivery = found["path"].partition("#")[0].rpartition("/")[0]
    given = {one["name"]: one["value"] for one in said}
    desk = CataloguingDesk(page.console.link, page.console.by, delivery, found["ref"], given)
    page.app.push_screen(desk, lambda _done: page.begin(closed))


def replace(page: FindingsPage, number: int, note: str) -> None:
    """Another image for a page."""

    async def keep(values: Values) -> None:
        await page.ask("quarantine_replace", number=number, file=values["file"].strip(), by=page.console.by)

    page.form(
        _("换页重检  问题 {n}", n=number),
        [Field("file", _("图像文件"), required=True, hint=_("本机上的完整路径"))],
        keep,
        note=note,
        picks={"file": Wanted("image", note.rpartition("\n")[2].rpartition("/")[0])},
    )


def move(page: FindingsPage, number: int, path: str) -> None:
    """A page to the record that it belongs to."""

    async def keep(values: Values) -> None:
        await page.ask(
            "quarantine_move", number=number, to=values["to"].strip(), name=values["name"].strip(), by=page.console.by
        )

    fields = [
        Field("to", _("移至档号"), required=True),
        Field("name", _("文件名"), path.rpartition("/")[2], hint=_("在那件档案中的名称")),
    ]
    page.form(_("移页  问题 {n}", n=number), fields, keep, note=path)


async def whole(page: FindingsPage, number: int) -> None:
    """Everything about a finding."""
    found = await page.ask("quarantine_show", number=number)
    await page.app.push_screen(Reading(_("问题 {n}", n=number), story(found)))


def story(found: Answer) -> Content:
    """Particulars, then the history, oldest first."""
    lines = [
        (_("文件"), found["path"]), (_("档号"), found["ref"] or "-"), (_("级别"), _(found["severity"])), (_("类别"), found["code"]), (_("依据"), found["rule"]),
        (_("处理办法"), found["remedy"]), (_("放行"), _("可说明后放行") if found["waivable"] else _("不能放行，须按处理办法办理")),
        (_("发现"), figures.stamp(found["opened"])), (_("领取"), found["claimed_by"] or "-"),
    ]  # fmt: skip
    history = [
        Content(f"  {figures.stamp(act['time'])}  {act['by']}  {act['act']}  {act['note']}".rstrip())
        for act in found["history"]
    ]
    return Content("\n").join(
        [
            facts(lines, 8),
            Content(""),
            Content.styled(_("经过"), "bold $primary"),
            *(history or [Content("  " + _("还没有人办理"))]),
        ]
    )


async def decisions(page: FindingsPage) -> None:
    """Decisions about single pages; the one that is chosen is taken back."""
    pages = (await page.ask("page_acts"))["pages"]
    if not pages:
        page.console.say(_("没有换页、移页或删除的决定"))
        return

    def take_back(path: str | None) -> None:
        if path:
            page.act(_("撤销对 {path} 的决定", path=path), "page_take_back", path=path, by=page.console.by)

    rows = [(one["path"], f"{one['act']}  {one['path']}  {one['to']} {one['name']}  {one['by']}") for one in pages]
    page.app.push_screen(Pick(_("对单页的决定：选一条撤销"), rows), take_back)
