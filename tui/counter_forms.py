"""What opens over the counter: registration, decisions, copies, papers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.form import Field, Values
from tui.link import Answer, Trouble
from tui.path_form import Wanted
from tui.pick import Pick
from tui.wording import _

if TYPE_CHECKING:
    from tui.page_counter import CounterPage

PAGES_MAX: Final = 500


def register(page: CounterPage, refs: list[str]) -> None:
    """利用登记: the purpose first, then who, with what, for what."""

    def purpose_taken(purpose: str | None) -> None:
        if purpose is not None:
            _register(page, refs, purpose)

    rows = list(page.rules["purposes"].items())
    page.app.push_screen(Pick(_("利用目的"), rows), purpose_taken)


def _register(page: CounterPage, refs: list[str], purpose: str) -> None:
    async def do(values: Values) -> None:
        persons = values["persons"].strip() or "1"
        made = await page.ask(
            "counter_register", visitor=values["visitor"].strip(), document=values["document"], identity=values["identity"].strip(), purpose=purpose,
            subject=values["subject"].strip(), refs=[part.strip() for part in values["refs"].split(";") if part.strip()], unit=values["unit"].strip(),
            letter=values["letter"].strip(), persons=int(persons) if persons.isdigit() else 0, by=page.console.by,
        )  # fmt: skip
        page.console.say(_("已登记 {serial}：{label}", serial=made["serial"], label=_(made["label"])))

    documents = tuple((code, _(label)) for code, label in page.rules["documents"].items())
    fields = [
        Field("visitor", _("利用者姓名"), required=True),
        Field("document", _("证件"), "identity", choices=documents),
        Field("identity", _("证件号码"), hint=_("只存遮掩后的号码；凭介绍信的不填")),
        Field("unit", _("单位")),
        Field("letter", _("介绍信编号")),
        Field("persons", _("人次"), "1"),
        Field("subject", _("查档内容"), hint=_("未选定档案的须写明")),
        Field("refs", _("档号"), "; ".join(refs), hint=_("多个以 ; 分开")),
    ]
    page.form(_("利用登记：{purpose}", purpose=page.rules["purposes"][purpose]), fields, do, done=None)


def allow(page: CounterPage, one: Answer) -> None:
    """准予利用; where no record was named the ones that are meant are."""

    async def do(values: Values) -> None:
        days = values["days"].strip()
        refs = [part.strip() for part in values["refs"].split(";") if part.strip()]
        await page.ask(
            "counter_decide",
            number=one["number"],
            allow=True,
            by=page.console.by,
            days=int(days) if days.isdigit() else 0,
            refs=refs,
        )

    fields = [
        Field(
            "refs", _("档号"), "; ".join(asked["ref"] for asked in one["asked"]), required=True, hint=_("多个以 ; 分开")
        ),
        Field("days", _("有效天数"), str(page.rules["days"])),
    ]
    page.form(
        _("准予利用  {serial}", serial=one["serial"]),
        fields,
        do,
        note=f"{one['name']}  {one['purpose']}  {one['subject']}",
    )


def refuse(page: CounterPage, one: Answer) -> None:
    """不予利用."""

    async def do(values: Values) -> None:
        await page.ask(
            "counter_decide", number=one["number"], allow=False, by=page.console.by, reason=values["reason"].strip()
        )

    page.form(_("不予利用  {serial}", serial=one["serial"]), [Field("reason", _("理由"), required=True)], do)


def picked(page: CounterPage, one: Answer, work: Callable[[str], None]) -> None:
    """Do something with one of the records that were asked for: the only one, or the one that is picked."""

    def taken(ref: str | None) -> None:
        if ref is not None:
            work(ref)

    if len(one["asked"]) == 1:
        work(one["asked"][0]["ref"])
    else:
        rows = [(asked["ref"], f"{asked['ref']}  {asked['title']}") for asked in one["asked"]]
        page.app.push_screen(Pick(_("哪一件"), rows), taken)


def copies(page: CounterPage, one: Answer) -> None:
    """复制件 of one of its records."""
    if not one["asked"]:
        page.console.trouble(Trouble(_("打印复制件"), _("登记中没有选定档案"), _("请先按 a 准予并写明档号")))
        return
    picked(page, one, lambda ref: _copies(page, one, ref))


def _copies(page: CounterPage, one: Answer, ref: str) -> None:
    async def do(values: Values) -> None:
        done = await page.ask(
            "counter_copy",
            number=one["number"],
            ref=ref,
            destination=values["file"].strip(),
            by=page.console.by,
            pages=pages_of(values["pages"]),
        )
        _remember(page, values["file"])
        page.console.say(_("已复制 {n} 页：{file}", n=done["pages"], file=done["file"]))

    name = "-".join((one["serial"], _("复制件")))
    fields = [
        Field("pages", _("页"), hint=_("如 1-3,5；空为全部")),
        Field("file", _("文件"), _proposed(page, name), required=True, hint=_("完整路径 .pdf")),
    ]
    page.form(_("打印复制件  {ref}", ref=ref), fields, do, done=None, picks={"file": Wanted(name=f"{name}.pdf")})


def certificate(page: CounterPage, one: Answer) -> None:
    """查档证明."""

    async def do(values: Values) -> None:
        done = await page.ask(
            "counter_certificate", number=one["number"], destination=values["file"].strip(), by=page.console.by
        )
        _remember(page, values["file"])
        page.console.say(_("查档证明 {number}：{file}", number=done["certificate"], file=done["file"]))

    _paper(page, _("打印查档证明  {serial}", serial=one["serial"]), "-".join((one["serial"], _("查档证明"))), do)


def ledger(page: CounterPage, day: str) -> None:
    """利用登记簿."""

    async def do(values: Values) -> None:
        done = await page.ask("counter_ledger", destination=values["file"].strip(), by=page.console.by, day=day)
        _remember(page, values["file"])
        page.console.say(_("登记簿 {day}：{n} 份登记，{file}", day=done["day"], n=done["requests"], file=done["file"]))

    _paper(page, _("打印利用登记簿  {day}", day=day), "-".join((_("利用登记簿"), day)), do)


def _paper(page: CounterPage, title: str, name: str, do: Callable[[Values], object]) -> None:
    field = Field("file", _("文件"), _proposed(page, name), required=True, hint=_("完整路径 .pdf"))
    page.form(title, [field], do, done=None, picks={"file": Wanted(name=f"{name}.pdf")})  # type: ignore[arg-type]


def _proposed(page: CounterPage, name: str) -> str:
    return f"{page.folder}/{name}.pdf" if page.folder else ""


def _remember(page: CounterPage, file: str) -> None:
    page.folder = file.strip().rpartition("/")[0]


def pages_of(text: str) -> list[int]:
    """Numbers of pages written as `1-3,5`; none for a blank text.

    Trouble for anything else.
    """
    found: list[int] = []
    for part in text.replace("，", ",").replace("、", ",").replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not part:
            continue
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(first) + len(last) > 8:
            raise Trouble(_("打印复制件"), _("页写作 1-3,5"), _("请改正后再试"))
        found += range(int(first), min(int(last or first), int(first) + PAGES_MAX) + 1)
    return found[: PAGES_MAX + 1]
