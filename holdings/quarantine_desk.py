"""What a person may do about a finding 待处理: claim it, put it back, waive it, have it checked again, set it aside.

Each is guarded against colleagues, done and written down in the caller's transaction.
"""

from __future__ import annotations

import apsw
from msgspec import Struct

from holdings import finding_acts, quarantine
from holdings.errors import FindingTaken, NotFound
from holdings.finding_acts import ActKind
from holdings.quarantine import FindingState, Listed


class Operator(Struct, frozen=True):
    """Who acts, when (whole seconds UTC), what he has seen of the finding's history, and whether he takes a claim over."""

    name: str
    now: int
    seen: int | None = None
    take_over: bool = False


class OnDesk(Struct, frozen=True):
    """A finding as the list shows it: who has claimed it, and its revision (0: nobody has acted)."""

    listed: Listed
    claimed_by: str
    revision: int


def shown(connection: apsw.Connection, listed: Listed, now: int) -> OnDesk:
    """A finding with its claim and revision."""
    newest = finding_acts.last(connection, listed.id)
    return OnDesk(listed, finding_acts.holder(connection, listed.id, now) if newest else "", newest.id if newest else 0)


def claim(connection: apsw.Connection, number: int, by: Operator) -> None:
    """领取: nobody else acts on it for half a working day. FindingTaken when somebody has it; NotFound when nothing waits."""
    _ready(connection, number, by)
    finding_acts.add(connection, number, ActKind.CLAIM, by.name, by.now)


def unclaim(connection: apsw.Connection, number: int, by: Operator) -> None:
    """放回: the claim ends."""
    _ready(connection, number, by)
    finding_acts.add(connection, number, ActKind.UNCLAIM, by.name, by.now)


def waive(connection: apsw.Connection, number: int, by: Operator, reason: str) -> None:
    """说明后放行; WaiveRefused for codes that need their remedy."""
    _ready(connection, number, by)
    quarantine.waive(connection, number, reason, by.name, by.now)
    finding_acts.add(connection, number, ActKind.WAIVE, by.name, by.now, reason.strip())


def retry(connection: apsw.Connection, number: int, by: Operator) -> Listed:
    """重新检测: the next look decides."""
    _ready(connection, number, by)
    finding_acts.add(connection, number, ActKind.RETRY, by.name, by.now)
    return quarantine.retry(connection, number, by.now)


def set_aside(connection: apsw.Connection, number: int, by: Operator) -> None:
    """搁置: visible and counted, for later."""
    _ready(connection, number, by)
    quarantine.set_aside(connection, number, by.name)
    finding_acts.add(connection, number, ActKind.SET_ASIDE, by.name, by.now)


def done(connection: apsw.Connection, number: int, by: Operator, kind: ActKind, note: str) -> Listed:
    """Write down that a person has mended what a finding says; the next look decides whether it is gone."""
    _ready(connection, number, by)
    finding_acts.add(connection, number, kind, by.name, by.now, note)
    return quarantine.retry(connection, number, by.now)


def undoable(connection: apsw.Connection, number: int, by: Operator) -> ActKind:
    """What the newest act of a finding was, when this person may take it back; FindingTaken when it was another's, NotFound when there is none."""
    newest = finding_acts.last(connection, number)
    if newest is None or newest.kind in (ActKind.RETRY, ActKind.UNCLAIM, ActKind.UNDO):
        raise NotFound(f"编号 {number} 的问题没有可撤销的办理")
    if newest.person != by.name.strip() and not by.take_over:
        raise FindingTaken(f"最近一次办理（{newest.kind.label}）是 {newest.person} 做的，请由其本人撤销")
    return newest.kind


def undo(connection: apsw.Connection, number: int, by: Operator) -> ActKind:
    """撤销: the newest act is taken back and the finding waits again; what the act changed elsewhere is the caller's. Returns what it was."""
    kind = undoable(connection, number, by)
    if kind is not ActKind.CLAIM:
        quarantine.reopen(connection, number)
    finding_acts.add(connection, number, ActKind.UNDO, by.name, by.now, kind.label)
    return kind


def _ready(connection: apsw.Connection, number: int, by: Operator) -> None:
    listed = quarantine.get(connection, number)
    if listed.state not in (FindingState.OPEN, FindingState.SET_ASIDE):
        newest = finding_acts.last(connection, number)
        who = f"（{newest.person} {finding_acts.ago(by.now - newest.time)}已{newest.kind.label}）" if newest else ""
        raise NotFound(f"编号 {number} 的问题已经处理过{who}")
    finding_acts.guard(connection, number, by.name, by.now, seen=by.seen, take_over=by.take_over)
