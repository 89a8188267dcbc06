"""Pages of reading requests 利用登记: enter, decide, serve, and the papers that go with them."""

from __future__ import annotations

from typing import Any, Final

from holdings import reading_request as rules_of
from holdings.errors import HoldingsError, NotFound, OperatorMustAct, ReadingRefused
from holdings.language import mark
from holdings.reading_request import Applicant, Document, Request, State
from hub.account import Role
from hub.errors import HubError
from hub.reading_desk import ReadingDesk
from hub.web_frame import Visit
from hub.web_pages import when
from hub.web_route import Reply, Route, Turned
from hub.web_search import READERS, number_of

STAFF: Final = frozenset({Role.ARCHIVIST})
STATES: Final = {
    State.WAITING: mark("待审批"), State.APPROVED: mark("准予利用"), State.REFUSED: mark("不予利用"), State.WITHDRAWN: mark("已撤回"),
    State.CLOSED: mark("已办结"), State.EXPIRED: mark("有效期已过"),
}  # fmt: skip
LOOKS: Final = {
    State.WAITING: "warn",
    State.APPROVED: "good",
    State.REFUSED: "bad",
    State.WITHDRAWN: "closed",
    State.CLOSED: "",
    State.EXPIRED: "closed",
}
DOCUMENTS: Final = {
    Document.IDENTITY: mark("居民身份证"), Document.PASSPORT: mark("护照"), Document.PERMIT: mark("港澳台通行证"), Document.SERVICE: mark("工作证"),
    Document.LETTER: mark("介绍信"),
}  # fmt: skip
OWN_ACCOUNT: Final = mark("本系统账号")
_PURPOSES: Final = (
    mark("工作查考"), mark("个人事务"), mark("编史修志"), mark("学术研究"), mark("经济建设"), mark("宣传教育"), mark("司法取证"), mark("其他"),
)  # fmt: skip
"""The shipped purposes, marked here so that they can be read in English; a site's own stand as it wrote them."""
PDF: Final = "application/pdf"
NONE: Final = mark("没有这份利用登记，或它不归您办理。")


def _desk(visit: Visit) -> ReadingDesk:
    return ReadingDesk(visit.frame.home, visit.frame.room)


def _request(visit: Visit) -> Request:
    try:
        return _desk(visit).get(visit.person, number_of(visit))
    except NotFound as fault:
        raise Turned(404, NONE) from fault


def _whole(text: str, least: int, most: int) -> int:
    """A number of a form, blank for the least; Turned 422 when it is none, or out of bounds."""
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 6 and least <= int(text) <= most):
        raise Turned(422, mark("数字不在允许的范围内。"))
    return int(text) if text else least


def listed(visit: Visit) -> Reply:
    """The register, as far as it is this person's business."""
    said, before = visit.ask.query.get("state", ""), _whole(visit.ask.query.get("before", ""), 0, 999_999)
    state = next((one for one in State if one.value == said), None)
    certificate = visit.ask.query.get("certificate", "").strip()[:64]
    if certificate and (ours := _desk(visit).certified(visit.person, certificate)) is not None:
        return visit.to(f"/requests/{ours.number}")
    found = _desk(visit).listed(visit.person, state, before)
    return visit.page(
        "requests.html", requests=[(one, rules_of.standing(one, visit.frame.clock.wall())) for one in found[:50]], more=found[49].number if len(found) > 50 else 0,
        states=STATES, certificate=certificate, looks=LOOKS, state=state, purposes=_desk(visit).law.purposes, is_staff=visit.person.role is Role.ARCHIVIST,
    )  # fmt: skip


def form(visit: Visit) -> Reply:
    """The form, with the record that it was opened from."""
    refs = ""
    if record := visit.ask.query.get("record", "")[:18]:
        hit = visit.frame.room.hit(visit.person, int(record)) if record.isascii() and record.isdecimal() else None
        refs = hit.ref if hit is not None else ""
    return _form(visit, 200, "", {"refs": refs})


def _form(visit: Visit, status: int, error: str, values: dict[str, str]) -> Reply:
    return visit.page(
        "request_form.html", status, error=error, values={**dict.fromkeys(FIELDS, ""), **values}, purposes=_desk(visit).law.purposes, documents=DOCUMENTS,
        is_staff=visit.person.role is Role.ARCHIVIST,
    )  # fmt: skip


FIELDS: Final = ("name", "document", "unit", "letter", "persons", "purpose", "subject", "refs")


def enter(visit: Visit) -> Reply:
    """Take a request; the number of a document is masked before anything else sees it, and does not come back on the form."""
    ask = visit.ask
    values = {name: ask.said(name)[:4_000] for name in FIELDS}
    document = next((one for one in DOCUMENTS if one.value == values["document"]), Document.IDENTITY)
    try:
        applicant = Applicant(
            values["name"],
            document,
            rules_of.masked(ask.said("identity"), document),
            values["unit"],
            values["letter"],
            _whole(values["persons"], 1, 100),
        )
        if (
            visit.person.role is Role.ARCHIVIST
            and document is Document.IDENTITY
            and not rules_of.identity_is_whole(ask.said("identity"))
        ):
            raise ReadingRefused(visit.words(mark("身份证号码不对：应为 18 位，末位是校验码。请核对后重新填写。")))
        made = _desk(visit).enter(
            visit.person, applicant, values["purpose"], values["subject"], values["refs"].splitlines()
        )
    except ReadingRefused as fault:
        return _form(visit, 422, str(fault), values)
    reply = visit.to(f"/requests/{made[0].number}" if len(made) == 1 else "/requests")
    reply.subject = " ".join(f"request:{one.serial}" for one in made)
    return reply


def shown(visit: Visit) -> Reply:
    """One request with what this person may do about it."""
    return _shown(visit, _desk(visit).answered(_request(visit)))


def _shown(visit: Visit, request: Request, status: int = 200, error: str = "") -> Reply:
    desk, now = _desk(visit), visit.frame.clock.wall()
    standing = rules_of.standing(request, now)
    me = visit.person
    is_staff = me.role is Role.ARCHIVIST
    asked = (
        desk.asked(me, [one.ref for one in request.asked])
        if is_staff and request.state is State.WAITING
        else request.asked
    )
    reply = visit.page(
        "request.html", status, one=request, asked=asked, standing=standing, states=STATES, looks=LOOKS, error=error, purposes=desk.law.purposes,
        document=DOCUMENTS.get(request.applicant.document, OWN_ACCOUNT), may_decide=desk.may_decide(me, request), days=desk.law.days, days_most=desk.law.days_most,
        may_withdraw=request.state is State.WAITING and me.name in (request.received_by, request.applicant.account), is_staff=is_staff,
        forwarded=desk.forwarded(request) if is_staff else None,
    )  # fmt: skip
    reply.subject = f"request:{request.serial}"
    return reply


def act(visit: Visit) -> Reply:
    """A step: approve, refuse, withdraw, close, or tell the holder."""
    desk, me, number, ask = _desk(visit), visit.person, number_of(visit), visit.ask
    before = _request(visit)
    try:
        match visit.ask.parts["name"]:
            case "approve":
                desk.approve(me, number, _whole(ask.said("days"), 0, 3_660), ask.said("refs")[:20_000].splitlines())
            case "refuse":
                desk.refuse(me, number, ask.said("reason"))
            case "withdraw":
                desk.withdraw(me, number)
            case "close":
                desk.close(me, number, _whole(ask.said("copies"), 0, 99_999))
            case "address":
                desk.address(me, number, ask.said("refs")[:20_000].splitlines())
            case "forward":
                desk.forward(me, number)
            case _:
                raise Turned(404, NONE)
    except (OperatorMustAct, HubError) as fault:
        reply = _shown(visit, desk.get(me, number), 422, str(fault))
        reply.note = visit.ask.parts["name"][:20]
        return reply
    reply = visit.to(f"/requests/{number}")
    reply.subject, reply.note = f"request:{before.serial}", visit.ask.parts["name"]
    return reply


def certificate(visit: Visit) -> Reply:
    """The 查档证明 as a PDF, its number given at the first time."""
    from holdings import search_certificate  # reportlab is slow to load

    desk, number = _desk(visit), number_of(visit)
    request = _request(visit)
    try:
        request = desk.certify(visit.person, number)
    except ReadingRefused as fault:
        return _shown(visit, request, 422, str(fault))
    body = search_certificate.certificate(
        request,
        desk.law,
        visit.frame.hub_name,
        by=visit.person.person,
        printed=visit.frame.clock.wall(),
        note=visit.ask.said("note").strip()[:500],
    )
    return _paper(body, request, f"certificate-{request.serial}", request.certificate)


def copies(visit: Visit) -> Reply:
    """The pages of what was asked for as a PDF with a watermark; they count as copied."""
    from holdings import copy_paper

    desk, request = _desk(visit), _request(visit)
    now, archive = visit.frame.clock.wall(), visit.frame.hub_name
    said = f"{archive} {request.serial} {when(now)[:10]}"
    try:
        desk.copied(visit.person, request.number, 0)
        found: list[tuple[str, bytes]] = list(desk.pictures(visit.person, request, said, copy_paper.PAGES_MAX))
        if not found:
            raise ReadingRefused(visit.words(mark("没有可以打印的图像。")))
        desk.copied(visit.person, request.number, len(found))
    except HoldingsError as fault:
        return _shown(visit, request, 422, str(fault))
    return _paper(copy_paper.copies(found, archive, said), request, f"copies-{request.serial}", f"pages: {len(found)}")


def _paper(body: bytes, request: Request, name: str, note: str) -> Reply:
    headers: dict[str, Any] = {"Content-Disposition": f"attachment; filename={name}.pdf"}
    return Reply(body, content_type=PDF, headers=headers, subject=f"request:{request.serial}", note=note)


ROUTES: Final = (
    Route("GET", "/requests", listed, roles=READERS, verb="request-list"),
    Route("GET", "/requests/new", form, roles=READERS),
    Route("POST", "/requests", enter, roles=READERS, verb="request-enter"),
    Route("GET", "/requests/{number}", shown, roles=READERS, verb="request-read"),
    Route("POST", "/requests/{number}/certificate", certificate, roles=STAFF, verb="request-certify"),
    Route("POST", "/requests/{number}/copies", copies, roles=STAFF, verb="request-copy"),
    Route("POST", "/requests/{number}/{name}", act, roles=READERS, verb="request-step"),
)
