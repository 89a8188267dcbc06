"""Corrections proposed 修改建议 from a record's page: what its description should say. Who keeps the record decides; until then nothing changes."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from holdings import records
from holdings.columns import CODE
from holdings.directive import DirectiveKind
from holdings.directive_wish import CHANGES_MAX, Correction
from holdings.errors import HoldingsError
from holdings.language import mark
from holdings.record import MARK
from holdings.search_answer import Hit
from holdings.search_index import RECORDS
from holdings.stored_record import StoredRecord
from hub import directive_store, opened, record_shown
from hub.account import Role
from hub.custody_desk import CustodyDesk
from hub.directive_store import Stage
from hub.errors import HubError
from hub.keeper import keeper
from hub.record_shown import Said
from hub.web_frame import Visit
from hub.web_record import hit_of
from hub.web_route import Reply, Route, Turned

ROLES: Final = frozenset({Role.ARCHIVIST})
APART: Final = (CODE, MARK)
"""Elements with ways of their own: a code is renumbered, a security mark is the holder's and his sheet's."""
VALUE_MAX: Final = 2_000
LOOKED_AT: Final = 1_000
"""Directives to the node that are gone through for those about one record."""


class Proposal(Struct, frozen=True):
    """One that was made: what it would change, why, who proposed it when, and what became of it."""

    changes: tuple[tuple[str, str], ...]
    reason: str
    person: str
    wall: int
    stage: Stage
    answer: str


def _asked(visit: Visit) -> tuple[Hit, StoredRecord, list[Said]]:
    """The record of the path with its description; Turned 404 where there is none, 422 where it is not another's."""
    hit = hit_of(visit)
    home = visit.frame.home
    if hit.id <= RECORDS:
        raise Turned(422, mark("只有目录、还没有图像的条目，请保管方改目录表。"))
    if not keeper(home, hit.ref, hit.id):
        raise Turned(422, mark("此件由本馆保管，不必建议。"))
    reading = home.holdings.read()
    record = records.by_number(reading, hit.id - RECORDS)
    said = record_shown.described(records.body(reading, record).elements, home.site, mask=False)
    return hit, record, [one for one in said if one.name not in APART]


def form(visit: Visit) -> Reply:
    """What the description says now, beside it what it should say, and what was proposed before."""
    return _form(visit, 200, "")


def _form(visit: Visit, status: int, error: str) -> Reply:
    hit, record, said = _asked(visit)
    reply = visit.page(
        "proposal.html", status, hit=hit, version=record.version, said=said, error=error, form=visit.ask, made=_made(visit, record), value_max=VALUE_MAX,
        sent="sent" in visit.ask.query,
    )  # fmt: skip
    reply.subject = hit.ref
    return reply


def _made(visit: Visit, record: StoredRecord) -> list[Proposal]:
    """What was proposed about this record, the newest first."""
    home = visit.frame.home
    front, directives, found = home.front.read(), home.directives(), list[Proposal]()
    log_id = next(log for log, name in opened.writers(home.holdings.read()).items() if name == record.writer)
    for one in directive_store.listed(front, log_id, limit=LOOKED_AT):
        body = directives.body(front, one) if one.kind == DirectiveKind.CORRECTION else None
        if isinstance(body, Correction) and body.record == bytes(record.id):
            said = directives.answer(front, one)
            found.append(
                Proposal(body.changes, body.reason, body.word.person, one.wall, one.stage, said.text if said else "")
            )
    return found


def propose(visit: Visit) -> Reply:
    """Sign it for the node that keeps the record; it goes with that node's next hello."""
    hit, record, said = _asked(visit)
    ask = visit.ask
    wanted = {one.name: ask.said(f"set-{one.name}").strip() for one in said}
    changes = {one.name: wanted[one.name] for one in said if wanted[one.name] not in ("", one.value)}
    if other := ask.said("other").strip():
        changes[other] = ask.said("other-value").strip()
    reason = ask.said("reason").strip()
    fault = ""
    if ask.said("version") != str(record.version):
        fault = visit.words(mark("这一件已有新版本；请核对后再提。"))
    elif not changes or not all(changes.values()):
        fault = visit.words(mark("请写明建议改成什么。"))
    elif len(changes) > CHANGES_MAX or any(len(value) > VALUE_MAX for value in changes.values()):
        fault = visit.words(mark("内容太长，或一次改得太多。"))
    elif any(name in APART for name in changes):
        fault = visit.words(mark("档号请保管方改号，密级由保管方按目录表更正。"))
    elif not reason:
        fault = visit.words(mark("请写明理由。"))
    else:
        try:
            CustodyDesk(visit.frame.home).propose(f"id:{record.id.hex()}", changes, visit.person.person, reason)
        except (HoldingsError, HubError) as refused:
            fault = str(refused)
    if fault:
        return _form(visit, 422, fault)
    reply = visit.to(f"/records/{hit.id}/proposal?sent=1")
    reply.subject, reply.note = hit.ref, "、".join(changes)
    return reply


ROUTES: Final = (
    Route("GET", "/records/{number}/proposal", form, roles=ROLES, verb="proposal-read"),
    Route("POST", "/records/{number}/proposal", propose, roles=ROLES, verb="propose"),
)
