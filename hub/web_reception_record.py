"""One record in reception: what the hub's checks found, what was said of it in every round, and the form for a verdict with all its reasons."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from holdings import check_report, records, rectification
from holdings.columns import CODE
from holdings.errors import ReceptionRefused
from holdings.language import mark
from holdings.record import TITLE
from holdings.rectification import Reason
from holdings.report_page import Heading
from holdings.search_index import RECORDS
from hub.reception_desk import ReceptionDesk, Ruling
from hub.reception_store import Reception
from hub.reception_view import ReceptionView, RecordRow
from hub.record_shown import described
from hub.web_frame import Visit
from hub.web_reception import ROLES, asked, by, number_of, rights
from hub.web_reception_words import CHECKED, reasons_told
from hub.web_route import Reply, Route, Turned

CHECK_PAGES_MAX: Final = 2_000
"""Pages of a record that is checked because somebody asks on a page: about five minutes, during which others wait."""
COLOURS: Final = {"passed": "good", "failed": "bad", "person": "warn", "untested": ""}
ELEMENTS_MAX: Final = 60


def asked_record(visit: Visit) -> tuple[ReceptionView, Reception, RecordRow]:
    """The record of the address; Turned 404 when there is none that this person may see."""
    view, held = asked(visit)
    text = visit.ask.parts["record"]
    row = view.record(held, number_of(text)) if text.isascii() and text.isdecimal() else None
    if row is None:
        raise Turned(404, mark("没有这一件，或您无权查看。"))
    return view, held, row


def subject(held: Reception, row: RecordRow) -> str:
    """How the journal names a record: never by its title."""
    return f"reception:{held.id}/{row.item.number} id:{row.item.record.hex()}"


def record(visit: Visit, error: str = "") -> Reply:
    """A record in reception."""
    view, held, row = asked_record(visit)
    home = visit.frame.home
    run = view.run(held, row.item)
    heading = Heading(home.genesis.name, visit.person.person, home.clock.wall(), "jindang")
    findings = check_report.record_report(run, "", heading, home.site)["findings"] if run else []
    body = records.body(home.holdings.read(), row.record)
    said = described(body.elements, home.site, mask=False)
    elements = [one for one in said if one.name not in (TITLE, CODE)][:ELEMENTS_MAX]
    history = view.history(row.item.number)
    drafted = history[0][0] if history and history[0][0].round == 0 else None
    if error:
        ticked = {code: visit.ask.said(f"pages-{code}") for code in visit.ask.form.get("reason", ())}
        remark = visit.ask.said("remark")
    else:
        ticked = {one.code: one.pages_said for one in drafted.reasons} if drafted else {}
        remark = drafted.remark if drafted else ""
    reply = visit.page(
        "reception_record.html", 422 if error else 200, one=row, held=held, handover=view.handover(held), run=run, checked=CHECKED, colours=COLOURS,
        findings=[found for found in findings if found["mark"] != "untested"], elements=elements, history=history, error=error, ticked=ticked, remark=remark,
        reasons=ReceptionDesk(home).rule.reasons, following=view.next_waiting(held, row.item), viewer=RECORDS + row.item.number,
        explanation=body.explanation, reasons_said=partial(reasons_told, visit.words),
        handovers={one.round.round: one.round.handover for one in view.rounds(held)}, **_recheck(visit, held, row),
    )  # fmt: skip
    visit.frame.rechecks.seen(row.item.number)
    reply.subject = subject(held, row)
    return reply


def judge(visit: Visit) -> Reply:
    """Draft a verdict for this record with all its reasons, or take the draft back; then on to the next that waits."""
    view, held, row = asked_record(visit)
    desk, act = ReceptionDesk(visit.frame.home), visit.ask.said("act")
    try:
        if act == "withdraw":
            desk.withdraw(held, [row.item.number], rights(visit))
        else:
            desk.draft(held, [row.item.number], _ruling(visit, row, act == "accept"), by(visit), rights(visit))
    except ReceptionRefused as refused:
        reply = record(visit, visit.told(refused))
    else:
        following = view.next_waiting(held, row.item) if act != "withdraw" else row.item.number
        reply = visit.to(f"/reception/{held.id}/{following}" if following else f"/reception/{held.id}")
        reply.note = act[:20]
    reply.subject = subject(held, row)
    return reply


def _ruling(visit: Visit, row: RecordRow, accepted: bool) -> Ruling:
    remark = visit.ask.said("remark").strip()
    if accepted:
        return Ruling(accepted=True, remark=remark)
    codes = dict.fromkeys(visit.ask.form.get("reason", ()))
    said = {code: visit.ask.said(f"pages-{code}") for code in codes}
    reasons = tuple(Reason(code, rectification.read_pages(text, row.item.pages)) for code, text in said.items())
    return Ruling(accepted=False, reasons=reasons, remark=remark)


def check(visit: Visit) -> Reply:
    """Have the hub's checks run on this record, pictures too: beside the pages, one record after the other."""
    _, held, row = asked_record(visit)
    if row.item.pages > CHECK_PAGES_MAX:
        reply = record(visit, visit.words(mark("本件页数太多，请用命令 jindang hub check run --ref 检测")))
    elif not visit.frame.rechecks.ask(row.item.number, row.item.record):
        reply = record(visit, visit.words(mark("排队等检测的太多，请稍后再试。")))
    else:
        reply = visit.to(f"/reception/{held.id}/{row.item.number}#recheck")
    reply.subject = subject(held, row)
    return reply


def progress(visit: Visit) -> Reply:
    """How far that is, as a piece of the page."""
    _, held, row = asked_record(visit)
    return visit.page("reception_recheck.html", **_recheck(visit, held, row))


def _recheck(visit: Visit, held: Reception, row: RecordRow) -> dict[str, Any]:
    page = f"/reception/{held.id}/{row.item.number}"
    return {"progress": visit.frame.rechecks.progress(row.item.number), "page": page, "recheck": f"{page}/check"}


ROUTES: Final = (
    Route("GET", "/reception/{number}/{record}", record, roles=ROLES, verb="reception-read"),
    Route("POST", "/reception/{number}/{record}", judge, roles=ROLES, verb="reception-judge"),
    Route("POST", "/reception/{number}/{record}/check", check, roles=ROLES, verb="reception-check"),
    Route("GET", "/reception/{number}/{record}/check", progress, roles=ROLES),
)
