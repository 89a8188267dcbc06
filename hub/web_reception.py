"""Pages of reception 接收 for archivists: the inbox, a delivery with its records, drafts one by one and many at once, concluding a round."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from holdings import rectification
from holdings.access import Access
from holdings.directive_verdict import PAGE_MAX, HandOver
from holdings.errors import ReceptionRefused
from holdings.language import mark
from holdings.reception import Standing
from holdings.rectification import Reason
from hub import account, reception_intake
from hub.account import Role
from hub.reception_desk import ReceptionDesk, Ruling
from hub.reception_store import Reception
from hub.reception_verdicts import By
from hub.reception_view import ReceptionView
from hub.web_frame import Visit
from hub.web_reception_words import CHECKED, reasons_told
from hub.web_route import Reply, Route, Turned

ROLES: Final = frozenset({Role.ARCHIVIST})
"""The three officers see no record, and agency users receive none."""
OPEN: Final = (Standing.WAITING, Standing.TO_ACCEPT, Standing.TO_RETURN)
SHOWS: Final = {
    "todo": (mark("待办"), OPEN),
    "mending": (mark("待整改"), (Standing.RETURNED,)),
    "all": (mark("全部"), tuple(Standing)),
}
"""What the inbox can be narrowed to."""
RECORDS: Final = {
    "all": (mark("全部"), tuple(Standing)), "waiting": (mark("待定"), (Standing.WAITING,)), "drafts": (mark("拟定"), (Standing.TO_ACCEPT, Standing.TO_RETURN)),
    "returned": (mark("退回整改"), (Standing.RETURNED,)), "accepted": (mark("通过"), (Standing.ACCEPTED, Standing.TAKEN)),
}  # fmt: skip
"""What the records of a delivery can be narrowed to."""
DONE: Final = {
    "accept": mark("已拟通过 {n} 件。"), "return": mark("已拟退回 {n} 件。"), "withdraw": mark("已撤销 {n} 件的拟定结论。"), "left": mark("其余 {n} 件未动。"),
    "take": mark("已拟接收 {n} 件。"), "conclude": mark("第 {n} 轮已办结，结论已发往节点。"),
}  # fmt: skip
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


def number_of(text: str) -> int:
    """A number of an address or form; 0 for a blank, Turned for what is none."""
    if not text:
        return 0
    if not _NUMBER.fullmatch(text):
        raise Turned(400, mark("页码应为数字。"))
    return int(text)


def rights(visit: Visit) -> Access:
    """What this person may see."""
    return account.access(visit.person)


def by(visit: Visit) -> By:
    """Who decides."""
    return By(visit.person.name, visit.person.person)


def asked(visit: Visit) -> tuple[ReceptionView, Reception]:
    """The delivery of the address; Turned 404 when there is none that this person may see."""
    view = ReceptionView(visit.frame.home, rights(visit))
    text = visit.ask.parts["number"]
    held = view.find(int(text)) if _NUMBER.fullmatch(text) else None
    if held is None:
        raise Turned(404, mark("没有这个批次，或您无权查看。"))
    return view, held


def subject(held: Reception) -> str:
    """How the journal names a delivery."""
    return f"reception:{held.id} {held.writer}/{held.delivery}"


# ---------------------------------------------------------------- the inbox


def inbox(visit: Visit) -> Reply:
    """What nodes brought, by archive and delivery."""
    home = visit.frame.home
    whole = reception_intake.take_in(home.holdings)
    ReceptionDesk(home).hear_releases()
    show = visit.ask.query.get("show", "todo")
    show = show if show in SHOWS else "todo"
    writer = visit.ask.query.get("archive", "")[:200]
    view = ReceptionView(home, rights(visit))
    rows, more = view.deliveries(SHOWS[show][1], writer, number_of(visit.ask.query.get("before", "")))

    def address(**other: object) -> str:
        said = {"show": show, "archive": writer, **other}
        return "/reception?" + urlencode({name: value for name, value in said.items() if value})

    return visit.page(
        "reception.html", rows=rows, more=more, archives=view.archives(), shows=SHOWS, show=show, archive=writer, address=address, whole=whole,
        standings=Standing, stuck=view.waiting_directives(),
    )  # fmt: skip


# ---------------------------------------------------------------- a delivery


def delivery(visit: Visit, error: str = "") -> Reply:
    """A delivery: counts and terms, its records, its rounds."""
    view, held = asked(visit)
    query = visit.ask.query
    show = query.get("show", "all")
    show = show if show in RECORDS else "all"
    records, more = view.records(held, RECORDS[show][1], number_of(query.get("after", "")))
    done = [(DONE[name], number_of(query[name])) for name in DONE if name in query]
    first, judged = view.first_pass(held)
    reply = visit.page(
        "reception_delivery.html", 422 if error else 200, row=view.row(held), held=held, records=records, more=more, show=show, shows=RECORDS,
        rounds=view.rounds(held), whole=view.whole(held), reasons=ReceptionDesk(visit.frame.home).rule.reasons, standings=Standing, checked=CHECKED,
        done=done, error=error, form=visit.ask, first=first, judged=judged,
        reasons_said=partial(reasons_told, visit.words), rule=ReceptionDesk(visit.frame.home).rule,
    )  # fmt: skip
    reply.subject = subject(held)
    return reply


def back(visit: Visit, held: Reception, **done: object) -> Reply:
    """To the delivery again, saying what was done."""
    said: dict[str, Any] = {"show": visit.ask.said("show"), **done}
    return visit.to(f"/reception/{held.id}?" + urlencode({name: value for name, value in said.items() if value != ""}))


def drafted(visit: Visit, held: Reception) -> str:
    """What a drafted acceptance is called in `DONE`: a report is passed, a transfer is taken."""
    return "take" if ReceptionView(visit.frame.home, rights(visit)).handover(held) is HandOver.TRANSFER else "accept"


def judge(visit: Visit) -> Reply:
    """Draft verdicts for the records that were ticked, or take the drafts back."""
    _, held = asked(visit)
    desk, act = ReceptionDesk(visit.frame.home), visit.ask.said("act")
    numbers = [number_of(text) for text in visit.ask.form.get("record", ())]
    try:
        if not numbers:
            raise ReceptionRefused(mark("请先勾选档案"))
        if act == "withdraw":
            count = desk.withdraw(held, numbers, rights(visit))
        else:
            count = desk.draft(held, numbers, ruling(visit, act == "accept"), by(visit), rights(visit))
    except ReceptionRefused as refused:
        reply = delivery(visit, visit.told(refused))
    else:
        named = drafted(visit, held) if act == "accept" else act if act == "withdraw" else "return"
        reply = back(visit, held, **{named: count})
        reply.note = f"{act}: {count}"
    reply.subject = subject(held)
    return reply


def ruling(visit: Visit, accepted: bool) -> Ruling:
    """One reason for many records: their pages are not told apart, so each must have them."""
    remark = visit.ask.said("remark").strip()
    if accepted:
        return Ruling(accepted=True, remark=remark)
    code = visit.ask.said("reason")
    pages = rectification.read_pages(visit.ask.said("pages"), PAGE_MAX)
    return Ruling(accepted=False, reasons=(Reason(code, pages),) if code else (), remark=remark)


def rest(visit: Visit) -> Reply:
    """Draft acceptance of all that waits, or of what the hub's checks found faultless."""
    _, held = asked(visit)
    clean = visit.ask.said("which") != "all"
    done, left = ReceptionDesk(visit.frame.home).accept_rest(held, by(visit), rights(visit), clean=clean)
    reply = back(visit, held, **{drafted(visit, held): done}, **({"left": left} if left else {}))
    reply.subject, reply.note = subject(held), f"accept rest: {done}, left: {left}"
    return reply


def conclude(visit: Visit) -> Reply:
    """Make the drafts final."""
    _, held = asked(visit)
    said = visit.ask.said
    try:
        if said("sure") != "yes":
            raise ReceptionRefused(mark("请先勾选“已核对”，再办结"))
        round_ = ReceptionDesk(visit.frame.home).conclude(
            held, said("due"), said("remark").strip(), by(visit), rights(visit), number_of(said("rounds"))
        )
    except ReceptionRefused as refused:
        reply = delivery(visit, visit.told(refused))
    else:
        reply = back(visit, held, conclude=round_.round)
        reply.note = f"round {round_.round}: {round_.accepted} accepted, {round_.returned} returned"
    reply.subject = subject(held)
    return reply


ROUTES: Final = (
    Route("GET", "/reception", inbox, roles=ROLES, verb="reception-list"),
    Route("GET", "/reception/{number}", delivery, roles=ROLES, verb="reception-read"),
    Route("POST", "/reception/{number}/judge", judge, roles=ROLES, verb="reception-judge"),
    Route("POST", "/reception/{number}/rest", rest, roles=ROLES, verb="reception-judge"),
    Route("POST", "/reception/{number}/conclude", conclude, roles=ROLES, verb="reception-conclude"),
)
