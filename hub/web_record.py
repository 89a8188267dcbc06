"""Pages of one record: what it says and where it has been, and its pages as pictures with the text beside them.

Every look stands in the journal; of a page's tiles the first one that a session asks for, where the page itself was not opened before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final
from urllib.parse import quote

import msgspec

from holdings.errors import HoldingsError, MediaUnreadable
from holdings.journal import Deed
from holdings.language import mark
from holdings.search_answer import Hit
from hub.account import Role
from hub.keeper import keeper
from hub.record_shown import Leaf
from hub.web_frame import Visit
from hub.web_pages import when
from hub.web_route import Reply, Route, Turned
from hub.web_search import QUERY_MAX, READERS, number_of

STAFF: Final = frozenset({Role.ARCHIVIST})
GONE: Final = mark("没有这一条档案，或您无权查看。")
READING: Final = mark("仅供查阅")
NO_PAGE: Final = mark("没有这一页，或它不是图像。")
LISTED: Final = 60
"""Links to pages on the record's own page; of longer ones a number is typed."""
JPEG: Final = "image/jpeg"
KEPT: Final = {"Cache-Control": "private, no-cache, no-store"}
"""No picture stays in a browser's cache on a machine that many use."""
_SEEN_MAX: Final = 4_096


class Seen:
    """Which page was noted in the journal for which session, lately: its tiles are not noted again. Usable from several threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, int, int], None] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, session: int, record: int, page: int) -> bool:
        """Whether that was not noted yet; it is from now on."""
        with self._lock:
            known = (session, record, page) in self._seen
            self._seen[session, record, page] = None
            self._seen.move_to_end((session, record, page))
            if len(self._seen) > _SEEN_MAX:
                self._seen.popitem(last=False)
            return not known


_seen: Final = Seen()


def hit_of(visit: Visit) -> Hit:
    """What the path names; Turned 404 where there is none that this person may see: the two are told apart by nobody."""
    found = visit.frame.room.hit(visit.person, number_of(visit))
    if found is None:
        raise Turned(404, GONE)
    return found


def _leaf(visit: Visit, hit: Hit) -> tuple[Leaf, list[Leaf]]:
    """(the page of the path, all pages)."""
    found, wanted = visit.frame.room.leaves(hit), number_of(visit, "page")
    if not 1 <= wanted <= len(found):
        raise Turned(404, NO_PAGE)
    return found[wanted - 1], found


def record(visit: Visit) -> Reply:
    """Description, versions, receipts, custody, findings, former codes, pages."""
    hit = hit_of(visit)
    try:
        told, said, leaves = visit.frame.room.shown(visit.person, hit)
    except HoldingsError as fault:
        raise Turned(404, GONE) from fault
    reply = visit.page(
        "record.html",
        hit=hit,
        keeper=keeper(visit.frame.home, hit.ref, hit.id),
        told=told,
        said=said,
        leaves=leaves[:LISTED],
        pages=len(leaves),
        matching=visit.frame.room.matching(hit, leaves, _query(visit))[:LISTED],
        is_staff=visit.person.role is Role.ARCHIVIST,
        query=_query(visit),
    )
    reply.subject = hit.ref
    return reply


def take_out(visit: Visit) -> Reply:
    """A file of the record as it came, for who works with it: never shown by the browser, whatever it is."""
    hit = hit_of(visit)
    found = visit.frame.room.file(hit, number_of(visit, "page") - 1)
    if found is None:
        raise Turned(404, NO_PAGE)
    file, pieces = found
    name = quote(file.name.replace("\\", "/").rpartition("/")[2], safe="")
    headers = {**KEPT, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Reply(
        pieces=pieces,
        content_type="application/octet-stream",
        headers=headers,
        subject=hit.ref,
        note=f"file {file.position + 1}",
    )


def _query(visit: Visit) -> str:
    return visit.ask.query.get("q", "")[:QUERY_MAX]


def turn_to(visit: Visit) -> Reply:
    """Go to the page that somebody typed."""
    wanted = visit.ask.query.get("page", "").strip()
    if not (wanted.isascii() and wanted.isdecimal() and len(wanted) <= 6):
        raise Turned(422, mark("页码应为数字。"))
    return visit.to(f"/records/{number_of(visit)}/pages/{int(wanted)}")


def page(visit: Visit) -> Reply:
    """One page: the viewer, a plain picture without script, and the text beside it with what the query matches."""
    hit = hit_of(visit)
    leaf, found = _leaf(visit, hit)
    fault = ""
    try:
        shape = visit.frame.room.images.shape(leaf.part, leaf.page)
    except MediaUnreadable as broken:
        shape, fault = None, str(broken)
    read, lines = visit.frame.room.text(hit, leaf, _query(visit))
    _seen.first(visit.here.number, hit.id, leaf.number)
    reply = visit.page(
        "record_page.html", hit=hit, leaf=leaf, pages=len(found), shape=shape, zooms=msgspec.json.encode(shape.zooms).decode() if shape else "",
        fault=fault, read=read, lines=lines, query=_query(visit), address=f"/records/{hit.id}/pages/{leaf.number}",
    )  # fmt: skip
    reply.subject = f"{hit.ref}#{leaf.number}"
    return reply


def tile(visit: Visit) -> Reply:
    """A piece of a page's picture."""
    place = number_of(visit, "zoom"), number_of(visit, "x"), number_of(visit, "y")
    hit, leaf = _pictured(visit)
    try:
        found = visit.frame.room.images.tile(leaf.part, leaf.page, place, _watermark(visit))
    except MediaUnreadable as fault:
        raise Turned(404, NO_PAGE) from fault
    if found is None:
        raise Turned(404, NO_PAGE)
    return Reply(found, content_type=JPEG, headers=dict(KEPT), subject=f"{hit.ref}#{leaf.number}")


def picture(visit: Visit) -> Reply:
    """The whole page as one picture."""
    hit, leaf = _pictured(visit)
    try:
        found = visit.frame.room.images.preview(leaf.part, leaf.page, _watermark(visit))
    except MediaUnreadable as fault:
        raise Turned(404, NO_PAGE) from fault
    return Reply(found, content_type=JPEG, headers=dict(KEPT), subject=f"{hit.ref}#{leaf.number}")


def _pictured(visit: Visit) -> tuple[Hit, Leaf]:
    """What a picture is of; noted in the journal unless the page itself was, in this session."""
    hit = hit_of(visit)
    leaf, _ = _leaf(visit, hit)
    if _seen.first(visit.here.number, hit.id, leaf.number):
        me = visit.person
        visit.parts.journal.note(
            Deed(
                visit.frame.clock.wall(),
                me.name,
                me.role.value,
                visit.ask.address,
                "page-read",
                f"{hit.ref}#{leaf.number}",
            )
        )
    return hit, leaf


def _watermark(visit: Visit) -> str:
    """What stands over the pictures of who does not keep the records himself."""
    if visit.person.role is Role.ARCHIVIST:
        return ""
    me = visit.person
    return f"{me.rights.unit} {me.person} {when(visit.frame.clock.wall())[:10]} {visit.words(READING)}"


ROUTES: Final = (
    Route("GET", "/records/{number}", record, roles=READERS, verb="record-read"),
    Route("GET", "/records/{number}/files/{page}", take_out, roles=STAFF, verb="record-file"),
    Route("GET", "/records/{number}/turn", turn_to, roles=READERS),
    Route("GET", "/records/{number}/pages/{page}", page, roles=READERS, verb="page-read"),
    Route("GET", "/records/{number}/pages/{page}/image", picture, roles=READERS),
    Route("GET", "/records/{number}/pages/{page}/tiles/{zoom}/{x}/{y}", tile, roles=READERS),
)
