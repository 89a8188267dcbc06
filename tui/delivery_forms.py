"""What opens over the list of deliveries: forms of decisions, reports to read, the proposal of a page rule, the way to a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.client import Presence
from tui import figures
from tui.dialog import Reading
from tui.form import Field, Values
from tui.link import Answer, Trouble
from tui.path_form import FOLDER, SCANS, Wanted
from tui.pick import Pick
from tui.sample_desk import SampleDesk
from tui.wording import _

if TYPE_CHECKING:
    from tui.page_deliveries import DeliveriesPage

NEW = "+"


async def report(page: DeliveriesPage) -> None:
    """批次报告."""
    found = await page.ask("delivery_report", name=page.name_at)
    await page.app.push_screen(Reading(_("批次报告"), found["text"]))


async def evidence(page: DeliveriesPage) -> None:
    """随批次清单, verified now; where the node has no folder to look in, it is asked for."""
    name = page.name_at

    async def verify(folder: str | None) -> None:
        found = await page.ask("delivery_evidence", name=name, folder=folder)
        told = found["text"] if found["files"] else _("本批次没有随批次清单。")
        page.app.call_later(page.app.push_screen, Reading(_("随批次清单"), told))

    try:
        await verify(None)
    except Trouble as trouble:
        if trouble.presence is not Presence.SERVING or trouble.sign_in:
            raise
        field = Field("folder", _("文件夹"), required=True, hint=_("本机上的完整路径"))
        page.form(
            _("随批次清单  {name}", name=name), [field], lambda values: verify(values["folder"].strip()),
            note=f"{trouble.rule}；{trouble.remedy}", done=None, picks={"folder": SCANS},
        )  # fmt: skip


async def rates(page: DeliveriesPage) -> None:
    """合格率 by contractor."""
    found = (await page.ask("pass_rates"))["contractors"]
    blank = _("（未填）")
    lines = [
        f"{one['contractor'] or blank}\n  "
        + _(
            "{n} 批，首轮合格 {first} 批  抽检 {pages} 页，不合格 {failed} 页  合格率 {rate}  一次合格率 {first_rate}",
            n=one["deliveries"],
            first=one["first_time"],
            pages=one["pages"],
            failed=one["failed"],
            rate=one["rate"] or "-",
            first_rate=one["first_rate"] or "-",
        )
        for one in found
    ]
    await page.app.push_screen(Reading(_("合格率"), "\n".join(lines) or _("还没有抽检。")))


async def page_rule(page: DeliveriesPage) -> None:
    """页数口径 and layout as the delivery's own figures propose them; adopted under a name when a person says so."""
    name = page.name_at
    found = await page.ask("profile_propose", delivery_name=name)

    async def adopt(values: Values) -> None:
        text = found["toml"]
        lines = [line for line in text.splitlines() if not line.startswith("name =")]
        given = values["name"].strip().replace('"', "")
        await page.ask("profile_add", text="\n".join([f'name = "{given}"', *lines]))
        await page.ask("profile_assign", delivery_name=name, name=given)

    said = _(
        "挂接 {linked}，未知 {unknown}，剩余 {left}",
        linked=found["linked"],
        unknown=found["unknown"],
        left=found["left"],
    )
    agree = _(
        "{n} 件中采用前 {before} 件相符，采用后 {after} 件相符",
        n=found["records"],
        before=found["agreed_before"],
        after=found["agree"],
    )
    note = "\n".join([found["text"], agree, said, "", found["toml"].strip()])
    page.form(
        _("采用接收方案：{name}", name=name),
        [Field("name", _("方案名"), name.replace("/", "-"), required=True)],
        adopt,
        note=note,
    )


def clear(page: DeliveriesPage) -> None:
    """保密审查 by two names."""

    name = page.name_at
    note = _("批次“{name}”现有的目录不含国家秘密，可以经本网络报送。此后新增或改动的目录须再签。", name=name)
    if page.console.signing.needed:
        _clear_proved(page, name, note)
        return

    async def sign(values: Values) -> None:
        await page.ask("clear", delivery_name=name, persons=[values["first"].strip(), values["second"].strip()])

    async def wrong(values: Values) -> dict[str, str]:
        same = "".join(values["first"].split()) == "".join(values["second"].split()) != ""
        return {"second": _("须由另一人签署")} if same else {}

    fields = [
        Field("first", _("审查人一"), page.console.by, required=True),
        Field("second", _("审查人二"), required=True),
    ]
    page.form(_("签署保密审查意见"), fields, sign, note=note, check=wrong)


def _clear_proved(page: DeliveriesPage, name: str, note: str) -> None:
    """The same at a node with operators: who is signed in is the first, the second proves it with the own password."""

    async def sign(values: Values) -> None:
        done = await page.ask(
            "clear", delivery_name=name, persons=[], second=values["second"].strip(), password=values["password"]
        )
        page.console.say(_("保密审查已由 {names} 签署", names="、".join(done["persons"])))

    first = _(
        "审查人一：{name}（已登录）。审查人二在此输入本人的工号和口令；口令只用来核对，不保存。", name=page.console.by
    )
    fields = [
        Field("second", _("审查人二工号"), required=True),
        Field("password", _("其口令"), required=True, secret=True),
    ]
    page.form(_("签署保密审查意见"), fields, sign, note=f"{note}\n{first}", done=None)


def decide(page: DeliveriesPage, verb: str, title: str, *, required: bool) -> None:
    """An act of acceptance in a person's name, with or without a reason."""
    name = page.name_at

    async def act(values: Values) -> None:
        await page.ask(f"delivery_{verb}", name=name, by=values["by"].strip(), reason=values["reason"].strip())

    fields = [Field("reason", _("理由"), required=required), Field("by", _("经办人"), page.console.by, required=True)]
    page.form(f"{title}  {name}", fields, act)


def describe(page: DeliveriesPage) -> None:
    """Number, contractor, stations, persons."""
    one, name = page.at, page.name_at

    async def keep(values: Values) -> None:
        text = values["number"].strip()
        if text and not text.isdecimal():
            raise Trouble(_("登记"), _("批次号“{text}”不是整数", text=text), _("请填数字，如 3"))
        stations = [
            part for part in values["stations"].replace("，", "、").replace(",", "、").split("、") if part.strip()
        ]
        given = {key: values[key].strip() or None for key in ("contractor", "opened_by", "received_by")}
        await page.ask("delivery_describe", name=name, number=int(text) if text else None, stations=stations, **given)
        if (values["double"] == "yes") is not one["double"]:
            await page.ask("cataloguing_double", delivery=name, double=values["double"] == "yes", by=page.console.by)

    fields = [
        Field("number", _("批次号"), "" if one["number"] is None else str(one["number"]), hint=_("数字")),
        Field("contractor", _("加工单位"), one["contractor"]),
        Field("stations", _("扫描站"), "、".join(one["stations"]), hint=_("以、分开")),
        Field("opened_by", _("建立人"), one["opened_by"]),
        Field("received_by", _("接收人"), one["received_by"]),
        Field(
            "double",
            _("著录"),
            "yes" if one["double"] else "no",
            choices=(("no", _("单录")), ("yes", _("双录（两人各录一遍）"))),
        ),
    ]
    page.form(_("登记  {name}", name=name), fields, keep)


def reprocess(page: DeliveriesPage) -> None:
    """批量重处理 from now on for some hours."""
    name = page.name_at

    async def declare(values: Values) -> None:
        text = values["hours"].strip()
        if not text.isdecimal() or not 1 <= int(text) <= 240:
            raise Trouble(_("批量重处理"), _("“{text}”不是 1 至 240 的整数", text=text), _("请填小时数"))
        await page.ask(
            "delivery_reprocess",
            name=name,
            begins=0,
            ends=page.now + int(text) * 3600,
            by=page.console.by,
            reason=values["reason"].strip(),
        )

    fields = [Field("hours", _("小时"), "8", required=True), Field("reason", _("理由"), required=True)]
    page.form(
        _("声明批量重处理  {name}", name=name), fields, declare, note=_("此间改写已加封的页是有意的，不触发制动。")
    )


def print_report(page: DeliveriesPage) -> None:
    """The report as files."""
    name = page.name_at

    async def write(values: Values) -> None:
        done = await page.ask(
            "delivery_report_files", name=name, destination=values["folder"].strip(), by=page.console.by
        )
        page.console.say(_("已写 {n} 个文件，在 {folder}", n=len(done["files"]), folder=values["folder"].strip()))

    page.form(
        _("打印批次报告  {name}", name=name),
        [Field("folder", _("文件夹"), required=True, hint=_("本机上的完整路径"))],
        write,
        done=None,
        picks={"folder": FOLDER},
    )


def workload(page: DeliveriesPage) -> None:
    """工作量统计: of the delivery under the cursor or of all, as a text and, where a file is named, as xlsx."""

    async def count(values: Values) -> None:
        found = await page.ask(
            "workload",
            name=values["name"].strip(),
            contractor=values["contractor"].strip(),
            destination=values["file"].strip(),
        )
        page.app.call_later(page.app.push_screen, Reading(_("工作量统计"), told(found)))

    fields = [
        Field("name", _("批次"), hint=_("空为全部已验收的")),
        Field("contractor", _("加工单位")),
        Field("file", _("另存 xlsx"), hint=_("完整路径，可空")),
    ]
    page.form(_("工作量统计"), fields, count, note=_("只统计验收通过的批次。"), done=None, picks={"file": Wanted(name=_("工作量统计") + ".xlsx")})


def told(found: Answer) -> str:
    """Sums of deliveries, then persons."""
    sums = [
        _(
            "{name}：{r} 件 {p} 页，折合A4 {a4}，背面 {b}",
            name=f"{one['contractor']} {one['delivery']}",
            r=one["records"],
            p=one["pages"],
            a4=one["a4"],
            b=one["backs"],
        )
        for one in found["sums"]
    ]
    persons = [
        _(
            "{role} {name}：{r} 件 {p} 页，折合A4 {a4}",
            role=one["role"],
            name=one["person"],
            r=one["records"],
            p=one["pages"],
            a4=one["a4"],
        )
        for one in found["persons"]
    ]
    page = _("页")
    lines = [
        f"  {one['day']}  {one['station']}  {one['operator']}  {one['size_class']}  {one['pages']} {page}  {one['a4']}"
        for one in found["lines"]
    ]
    return "\n".join([*sums, "", *persons, "", *lines]) if sums else _("还没有验收通过的批次。")


async def sampling(page: DeliveriesPage) -> None:
    """The sample of this delivery that is open, the choice of several, or the drawing of one."""
    drawn = [
        one for one in (await page.ask("sample_list", name=page.name_at))["samples"] if one["delivery"] == page.name_at
    ]
    if not drawn:
        draw(page)
        return
    rows = [(str(one["id"]), summary(one)) for one in reversed(drawn)]

    def chosen(value: str | None) -> None:
        if value == NEW:
            draw(page)
        elif value:
            open_sample(page, int(value))

    page.app.push_screen(Pick(_("抽检  {name}", name=page.name_at), [*rows, (NEW, _("再抽取一次"))]), chosen)


def summary(one: Answer) -> str:
    """A drawing in a line."""
    state = _("未检完") if one["passed"] is None else _("合格") if one["passed"] else _("不合格")
    return _("第 {round} 轮  {judged} / {pages} 页已检  不合格 {failed}  {state}  {time}", round=one["round"], judged=one["judged"], pages=one["pages"],
             failed=one["failed"], state=state, time=figures.stamp(one["drawn"]))  # fmt: skip


def draw(page: DeliveriesPage) -> None:
    """Draw a sample."""
    name = page.name_at

    async def take(values: Values) -> None:
        made = await page.ask(
            "sample_draw",
            name=name,
            by=page.console.by,
            unit=values["unit"],
            rate=values["rate"].strip(),
            seed=values["seed"].strip(),
            scope=values["scope"],
        )
        page.app.call_later(open_sample, page, made["id"])

    fields = [
        Field("unit", _("抽取单位"), choices=(("pages", _("按页")), ("records", _("按件")))),
        Field("scope", _("范围"), choices=(("all", _("全部")), ("changed", _("仅改动的")))),
        Field("rate", _("抽检率"), hint=_("如 5%；空为规定值")),
        Field("seed", _("种子"), hint=_("空为随机；同一种子可重抽出同样的页")),
    ]
    page.form(_("抽取  {name}", name=name), fields, take, done=None)


def open_sample(page: DeliveriesPage, number: int) -> None:
    """The desk of one drawing."""
    page.app.push_screen(SampleDesk(page.console.link, number, page.console.by), lambda _done: page.begin(page.renew))
