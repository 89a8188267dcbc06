"""What was decided about deliveries, by whom and why: table `delivery_act`, append-only.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

import apsw
from msgspec import Struct

from holdings import delivery
from holdings.delivery import Delivery, DeliveryAct
from holdings.errors import DeliveryRefused
from holdings.quarantine import REASON_MAX
from holdings.record import NAME_MAX

REASONED = frozenset({DeliveryAct.RETURN, DeliveryAct.WITHDRAW})
"""Acts that nobody does without saying why."""


class Decision(Struct, frozen=True):
    """One act: who, why, in which round, when (whole seconds UTC)."""

    act: DeliveryAct
    round: int
    person: str
    reason: str
    time: int


def decide(connection: apsw.Connection, name: str, act: DeliveryAct, person: str, reason: str, now: int) -> Delivery:
    """Move a delivery and keep who did it; DeliveryRefused when the act is not possible now or lacks name or reason.

    The round noted is the one that the act judges: a return of round 1 stands in round 1.
    """
    who, why = person.strip(), reason.strip()
    if not 1 <= len(who) <= NAME_MAX:
        raise DeliveryRefused(f"{act.label}须写明姓名：--by 姓名（不超过 {NAME_MAX} 字）")
    if (act in REASONED and not why) or len(why) > REASON_MAX:
        raise DeliveryRefused(f"{act.label}须写明理由：--reason（不超过 {REASON_MAX} 字）")
    if act is DeliveryAct.ACCEPT and who == _submitted_by(connection, delivery.fetch(connection, name)):
        raise DeliveryRefused(f"{who}提交了本批次，不能由其本人验收；请另一人办理（--by 姓名）")
    after = delivery.move(connection, name, act)
    connection.execute(
        "INSERT INTO delivery_act(delivery, kind, round, person, reason, time) VALUES (?, ?, ?, ?, ?, ?)",
        (after.id, int(act), after.round, who, why, now),
    )
    return after


def decisions(connection: apsw.Connection, held: Delivery) -> list[Decision]:
    """Everything decided about a delivery, oldest first."""
    rows = connection.execute(
        "SELECT kind, round, person, reason, time FROM delivery_act WHERE delivery = ? ORDER BY id", (held.id,)
    )
    return [Decision(DeliveryAct(kind), *rest) for kind, *rest in rows]


def _submitted_by(connection: apsw.Connection, held: Delivery) -> str:
    """Who submitted a delivery last; empty when nobody has."""
    acts = [one for one in decisions(connection, held) if one.act is DeliveryAct.SUBMIT]
    return acts[-1].person if acts else ""
