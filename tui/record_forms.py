"""What opens over a record: its row to be mended, its files to be written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.figures import count
from tui.form import Field, Form, Values
from tui.link import Trouble
from tui.path_form import FOLDER, PathForm
from tui.wording import _

if TYPE_CHECKING:
    from tui.record_desk import RecordDesk

FIXED = ("密级", "档号")
"""Elements that are changed elsewhere; shown in no form."""


async def mend(desk: RecordDesk, by: str, done: Callable[[], None]) -> None:
    """The catalogue row in a form; what its rules refuse is said while it is typed."""
    ref = desk.ref
    elements = (await desk.link.ask("record_row", ref=ref))["elements"]
    before = {one["name"]: one["value"] for one in elements if one["name"] not in FIXED}
    if not before:
        raise Trouble(_("修改著录"), _("此件没有目录行"), _("请先导入目录表，或在馆藏按 c 著录"))

    def changed(values: Values) -> dict[str, str]:
        return {name: value for name, value in values.items() if name in before and value.strip() != before[name]}

    async def check(values: Values) -> dict[str, str]:
        given = changed(values)
        return dict((await desk.link.ask("record_judge", ref=ref, values=given))["refused"]) if given else {}

    async def keep(values: Values) -> None:
        given = changed(values)
        if not given:
            raise Trouble(_("修改著录"), _("没有改动"), _("请改好再办理，或按 Esc 取消"))
        await desk.link.ask("record_mend", ref=ref, values=given, by=by, reason=values["_"])

    fields = [
        *(Field(name, name, value) for name, value in before.items()),
        Field("_", _("依据"), hint=_("为何这样改")),
    ]
    form = Form(_("修改著录  {ref}", ref=ref), fields, keep, check=check, note=_("密级、档号不在这里改。"))
    desk.app.push_screen(form, lambda happened: done() if happened else None)


def export(desk: RecordDesk, told: Callable[[str], None]) -> None:
    """The record as plain files."""

    async def write(values: Values) -> None:
        done = await desk.link.ask("export", destination=values["folder"].strip(), ref=desk.ref)
        told(_("已导出 {r} 件 {p} 页", r=count(done["records"]), p=count(done["pages"])))

    field = Field("folder", _("文件夹"), required=True, hint=_("本机上的完整路径"))
    desk.app.push_screen(PathForm(_("导出为普通文件"), [field], write, desk.link, {"folder": FOLDER}))
