"""The operations of the JSON API: a table like that of pages, from which the doors, the OpenAPI document and the tests of authorisation are made. Synchronous."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from holdings.errors import HoldingsError, MeaningOff, MediaUnreadable, OperatorMustAct
from holdings.reading_request import Applicant, Document, standing
from holdings.reading_request import Request as Stored
from holdings.search_answer import Hit
from hub import api_types as t
from hub.account import Account, Role
from hub.api_token import Scope
from hub.home import Home
from hub.keeper import keeper
from hub.reading_desk import ReadingDesk
from hub.reading_room import ReadingRoom, Wish
from hub.record_shown import Leaf
from hub.web_pages import when

PAGES_MAX: Final = 1_000
JPEG: Final = "image/jpeg"


class ApiRefused(Exception):
    """A request of a program is turned away: status, and a sentence for whoever runs it."""

    def __init__(self, status: int, detail: str, *, retry_after_s: int = 0) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after_s = status, detail, retry_after_s


class Call(Struct):
    """One request of a program, checked: who asks, the numbers of the path, its parameters or body; `subject` and `note` are for the journal."""

    home: Home
    room: ReadingRoom
    account: Account
    path: Mapping[str, int]
    wish: Any
    subject: str = ""
    note: str = ""


class Operation(Struct, frozen=True):
    """A row of the table. `takes`: parameters of a GET, body of a POST; `gives` None: a JPEG. `verb`: what the journal calls it."""

    method: str
    path: str
    id: str
    said: str
    scope: Scope
    verb: str
    handler: Callable[[Call], Any]
    gives: type | None
    takes: type = t.Nothing
    created: bool = False


def _hit(call: Call) -> Hit:
    found = call.room.hit(call.account, call.path["id"])
    if found is None:
        raise ApiRefused(404, "没有这一条档案，或无权查看")
    call.subject = found.ref
    return found


def _leaf(call: Call) -> tuple[Hit, Leaf]:
    hit = _hit(call)
    found, wanted = call.room.leaves(hit), call.path["page"]
    if wanted > len(found):
        raise ApiRefused(404, "没有这一页，或它不是图像")
    call.subject = f"{hit.ref}#{wanted}"
    return hit, found[wanted - 1]


def search(call: Call) -> t.SearchAnswer:
    """Search as the page does."""
    said: t.SearchWish = call.wish
    wish = Wish(said.q, said.by, said.mode, said.sort, said.cursor, tuple(said.filter), said.limit)
    call.note = f"{said.q} {' '.join(said.filter)}".strip()
    try:
        return msgspec.convert(call.room.search(call.account, wish, tuple(said.facet)), t.SearchAnswer)
    except MeaningOff as fault:
        raise ApiRefused(422, str(fault)) from fault


def suggest(call: Call) -> t.Suggestions:
    """Suggestions while typing."""
    said: t.SuggestWish = call.wish
    return msgspec.convert(call.room.suggest(call.account, said.typed), t.Suggestions)


def record(call: Call) -> t.Record:
    """A record's description, versions and receipts."""
    hit = _hit(call)
    told, said, leaves = call.room.shown(call.account, hit)
    return t.Record(
        hit.id, hit.ref, hit.title, hit.level.label, hit.opening, hit.security, keeper(call.home, hit.ref, hit.id), told["version"], len(leaves),
        [t.Element(one.name, one.number, one.value) for one in said], list(told["former_codes"]), msgspec.convert(told["versions"], list[t.Version]),
        msgspec.convert(told["receipts"], list[t.Receipt]), [str(one) for one in told["findings"]],
    )  # fmt: skip


def pages(call: Call) -> t.Pages:
    """The pages of a record."""
    said: t.PagesWish = call.wish
    found = call.room.leaves(_hit(call))
    shown = found[said.after : said.after + PAGES_MAX]
    return t.Pages([t.PageInfo(leaf.number, leaf.name, leaf.part.media_type) for leaf in shown], len(found))


def text(call: Call) -> t.PageText:
    """The text of a page with the place of every line."""
    hit, leaf = _leaf(call)
    said: t.TextWish = call.wish
    read, lines = call.room.text(hit, leaf, said.q)
    told = [t.TextLine("".join(piece for piece, _ in line.pieces), line.is_hit, line.box) for line in lines]
    return t.PageText(leaf.number, read.engine if read else "", read.confidence if read else None, told)


def image(call: Call) -> bytes:
    """The whole page as a JPEG of at most 1,400 pixels, with a watermark for who does not keep the records."""
    _, leaf = _leaf(call)
    me, now = call.account, when(call.home.clock.wall())[:10]
    mark = "" if me.role is Role.ARCHIVIST else f"{me.rights.unit} {me.person} {now} 仅供查阅"
    try:
        return call.room.images.preview(leaf.part, leaf.page, mark)
    except MediaUnreadable as fault:
        raise ApiRefused(422, str(fault)) from fault


def requests(call: Call) -> t.Requests:
    """The reading requests that are this account's business."""
    said: t.RequestsWish = call.wish
    found = ReadingDesk(call.home, call.room).listed(call.account, None, said.before)
    return t.Requests([_told(call, one) for one in found])


def ask(call: Call) -> t.Requests:
    """Enter a reading request of the account's own: one for each holder of what is asked for."""
    if call.account.role is not Role.AGENCY:
        raise ApiRefused(403, "接口只受理机关用户本人的申请；来馆利用者请在网页登记")
    said: t.RequestWish = call.wish
    applicant = Applicant(call.account.person, Document.ACCOUNT, account=call.account.name)
    made = ReadingDesk(call.home, call.room).enter(call.account, applicant, said.purpose, said.subject, said.refs)
    call.subject = " ".join(f"request:{one.serial}" for one in made)
    return t.Requests([_told(call, one) for one in made])


def _told(call: Call, one: Stored) -> t.Request:
    asked = [t.AskedFor(it.ref, it.id, it.title, it.opening.value) for it in one.asked]
    state = standing(one, call.home.clock.wall()).value
    return t.Request(
        one.number, one.serial, state, one.purpose, one.subject, one.holder, one.received, one.until, one.reason, asked
    )


OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/search",
        "search",
        "Search records and rows",
        Scope.SEARCH,
        "search",
        search,
        t.SearchAnswer,
        t.SearchWish,
    ),
    Operation(
        "GET",
        "/api/v1/suggest",
        "suggest",
        "Suggestions while typing",
        Scope.SEARCH,
        "suggest",
        suggest,
        t.Suggestions,
        t.SuggestWish,
    ),
    Operation("GET", "/api/v1/records/{id}", "record", "A record", Scope.SEARCH, "record-read", record, t.Record),
    Operation(
        "GET",
        "/api/v1/records/{id}/pages",
        "pages",
        "Pages of a record",
        Scope.SEARCH,
        "record-read",
        pages,
        t.Pages,
        t.PagesWish,
    ),
    Operation(
        "GET",
        "/api/v1/records/{id}/pages/{page}/text",
        "text",
        "Text of a page",
        Scope.PAGES,
        "page-read",
        text,
        t.PageText,
        t.TextWish,
    ),
    Operation(
        "GET",
        "/api/v1/records/{id}/pages/{page}/image",
        "image",
        "Picture of a page",
        Scope.PAGES,
        "page-read",
        image,
        None,
    ),
    Operation(
        "GET",
        "/api/v1/requests",
        "requests",
        "Own reading requests",
        Scope.REQUESTS,
        "request-list",
        requests,
        t.Requests,
        t.RequestsWish,
    ),
    Operation(
        "POST",
        "/api/v1/requests",
        "ask",
        "Enter a reading request",
        Scope.REQUESTS,
        "request-enter",
        ask,
        t.Requests,
        t.RequestWish,
        created=True,
    ),
)


def carried_out(operation: Operation, call: Call) -> Any:
    """What an operation gives; ApiRefused for everything that a person must mend."""
    try:
        return operation.handler(call)
    except OperatorMustAct as fault:
        raise ApiRefused(422, str(fault)) from fault
    except HoldingsError as fault:
        raise ApiRefused(404, "没有这一条档案，或无权查看") from fault
