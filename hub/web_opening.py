"""Pages of opening reviews 开放审核: what is proposed, deciding it by a second person, what nodes made of it, closing again, a table to take along."""

from __future__ import annotations

import re
from typing import Final

from holdings.directive_text import NOTE_MAX
from holdings.errors import HoldingsError
from holdings.language import mark
from holdings.search_index import RECORDS
from hub import account
from hub.account import Role
from hub.errors import HubError
from hub.opening_desk import RESULTS, REVIEWED_MAX, OpeningDesk, OpeningRefused
from hub.opening_review import OpeningReview, Stage
from hub.reception_verdicts import By
from hub.web_frame import Visit
from hub.web_route import Reply, Route, Turned

ROLES: Final = frozenset({Role.ARCHIVIST})
"""Who knows the records: two archivists, one after the other. The three officers see none."""
PAGE: Final = 30
EXPORTED_MAX: Final = 1_000
"""Reviews of one table."""
LOOKS: Final = {
    Stage.WAITING: "warn",
    Stage.APPROVED: "good",
    Stage.REFUSED: "bad",
    Stage.WITHDRAWN: "closed",
    Stage.REVOKED: "bad",
}
FIELDS: Final = ("refs", "result", "until", "ground")
_NONE: Final = mark("没有这份开放审核，或您无权查看其中的档案。")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


def _desk(visit: Visit) -> OpeningDesk:
    return OpeningDesk(visit.frame.home, account.access(visit.person))


def _by(visit: Visit) -> By:
    return By(visit.person.name, visit.person.person)


def _number(text: str) -> int:
    if text and not _NUMBER.fullmatch(text):
        raise Turned(400, mark("页码应为数字。"))
    return int(text or 0)


def _stage(visit: Visit) -> Stage | None:
    said = visit.ask.query.get("state", "")
    return next((one for one in Stage if one.name.lower() == said), None)


def listed(visit: Visit) -> Reply:
    """The reviews, the newest first, as far as this person may see their records."""
    stage = _stage(visit)
    found = _desk(visit).listed(stage, _number(visit.ask.query.get("before", "")), PAGE + 1)
    more = found[PAGE - 1].id if len(found) > PAGE else 0
    return visit.page("openings.html", reviews=found[:PAGE], more=more, state=stage, states=tuple(Stage), looks=LOOKS)


def form(visit: Visit) -> Reply:
    """The form, with the record that it was opened from."""
    refs, given = "", visit.ask.query.get("record", "")
    if _NUMBER.fullmatch(given) and (hit := visit.frame.room.hit(visit.person, int(given))) is not None:
        refs = hit.ref
    return _form(visit, 200, "", {"refs": refs})


def _form(visit: Visit, status: int, error: str, values: dict[str, str]) -> Reply:
    return visit.page(
        "opening_form.html",
        status,
        error=error,
        values={**dict.fromkeys(FIELDS, ""), **values},
        results=RESULTS,
        most=REVIEWED_MAX,
        note_max=NOTE_MAX,
    )


def propose(visit: Visit) -> Reply:
    """Enter a review; nothing changes until another person decides."""
    values = {name: visit.ask.said(name)[:40_000] for name in FIELDS}
    try:
        number = _desk(visit).propose(
            values["refs"].splitlines(), values["result"], values["until"], values["ground"], _by(visit)
        )
    except OpeningRefused as refused:
        return _form(visit, 422, visit.told(refused), values)
    reply = visit.to(f"/openings/{number}")
    reply.subject, reply.note = f"opening:{number}", values["result"]
    return reply


def _asked(visit: Visit) -> OpeningReview:
    text = visit.ask.parts["number"]
    found = _desk(visit).find(int(text)) if _NUMBER.fullmatch(text) else None
    if found is None:
        raise Turned(404, _NONE)
    return found


def shown(visit: Visit) -> Reply:
    """One review with its records, and what this person may do about it."""
    return _shown(visit, _asked(visit), 200, "")


def _shown(visit: Visit, one: OpeningReview, status: int, error: str) -> Reply:
    desk, me = _desk(visit), visit.person
    known = {hit.id: hit for hit in desk.hits(one)}
    lines = [(it, known.get(RECORDS + it.number)) for it in one.records]
    is_mine, waits = one.by.account == me.name, one.stage is Stage.WAITING
    reply = visit.page(
        "opening.html", status, one=one, lines=lines, looks=LOOKS, error=error, told=desk.told(one), note_max=NOTE_MAX,
        may_decide=waits and not is_mine and one.by.person != me.person, may_withdraw=waits and is_mine,
        may_revoke=one.stage is Stage.APPROVED and one.result is RESULTS[0],
    )  # fmt: skip
    reply.subject = f"opening:{one.id}"
    return reply


def act(visit: Visit) -> Reply:
    """A step: approve, refuse, withdraw, or close again what was opened."""
    one, desk, by, step = _asked(visit), _desk(visit), _by(visit), visit.ask.parts["name"]
    text = visit.ask.said("text")[: 2 * NOTE_MAX]
    try:
        match step:
            case "approve":
                desk.approve(one, by, text)
            case "refuse":
                desk.refuse(one, by, text)
            case "withdraw":
                desk.withdraw(one, by)
            case "revoke":
                desk.revoke(one, by, text)
            case _:
                raise Turned(404, _NONE)
    except (HubError, HoldingsError) as fault:
        said = visit.told(fault) if isinstance(fault, OpeningRefused) else visit.in_words(str(fault))
        reply = _shown(visit, _asked(visit), 422, said)
        reply.note = step
        return reply
    reply = visit.to(f"/openings/{one.id}")
    reply.subject, reply.note = f"opening:{one.id}", step
    return reply


def export(visit: Visit) -> Reply:
    """The reviews with their records as CSV."""
    desk = _desk(visit)
    found = desk.listed(_stage(visit), 0, EXPORTED_MAX)
    headers = {"Content-Disposition": "attachment; filename=openings.csv"}
    return Reply(pieces=desk.as_csv(found), content_type="text/csv", headers=headers, note=f"reviews: {len(found)}")


ROUTES: Final = (
    Route("GET", "/openings", listed, roles=ROLES, verb="opening-list"),
    Route("GET", "/openings/new", form, roles=ROLES),
    Route("GET", "/openings/export", export, roles=ROLES, verb="opening-export"),
    Route("POST", "/openings", propose, roles=ROLES, verb="opening-propose"),
    Route("GET", "/openings/{number}", shown, roles=ROLES, verb="opening-read"),
    Route("POST", "/openings/{number}/{name}", act, roles=ROLES, verb="opening-step"),
)
