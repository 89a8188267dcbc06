"""Four eyes 双人签署: at a node with operators the second person of a 保密审查 proves with the own 工号 and password who signs beside the first."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

from holdings.operator import Ceiling, OperatorRefused, OperatorRole
from holdings.operator_rules import may
from node.errors import NotPermitted
from node.verbs import Answer

if TYPE_CHECKING:
    from holdings.journal import Deed
    from node.door import Caller
    from node.sign_in import SignIn

COUNTERSIGNED: Final = frozenset({"clear"})
"""Verbs that two persons do together."""
SECONDS: Final = frozenset({OperatorRole.OPERATOR, OperatorRole.REVIEWER})
"""Who may be the second: whoever handles records; never a contractor's staff, whose own work it is, nor who keeps machine or journal."""


def countersigned(
    verb: str, given: Answer, caller: Caller, ceiling: Ceiling, sign_in: SignIn, now: int
) -> tuple[Answer, Deed]:
    """The arguments with both names, as the sign-ins have them, and what the journal says of the second.

    Args:
        given: `second` and `password` are 工号 and password of the second; both are taken out.

    Raises:
        OperatorRefused: no second, the first once more, a wrong password (it counts as at sign-in), or a role that does not sign.
    """
    number, password = (given.get(name, "") for name in ("second", "password"))
    if not isinstance(number, str) or not isinstance(password, str) or not number.strip():
        raise OperatorRefused(
            "本机已启用个人登录，保密审查的第二人须以本人工号和口令签署；请填第二人的工号（命令行加 --second 工号）"
        )
    second = sign_in.prove(number, password, caller.uid, ceiling)
    if second.number == caller.person or second.person == caller.name:
        raise OperatorRefused(f"审查人一与审查人二不能是同一人（{caller.name}）；请由另一人签署")
    if second.role not in SECONDS:
        raise OperatorRefused(f"“{second.role.label}”不能签署保密审查；请由操作员或复核员作第二人")
    # Here: who only looks loads no journal.
    from node.sign_in import deed

    known = {name: value for name, value in given.items() if name not in ("second", "password")}
    beside = deed(
        now, second.number, second.role, caller.uid, "countersign", note=f"{verb} {caller.person}",
        subject=f"delivery_name:{given.get('delivery_name', '')}",
    )  # fmt: skip
    return {**known, "persons": [caller.name, second.person]}, beside


def alone(given: Answer) -> None:
    """OperatorRefused when a second person is named by 工号 at a node that has no operators: two names are written there."""
    if "second" in given or "password" in given:
        raise OperatorRefused("本机没有操作员，无从核对第二人的口令；请填两个不同的姓名（--by 姓名 --by 姓名）")


def check_standing(role: str, text: object) -> None:
    """NotPermitted when somebody who may not sign a clearance declares a standing one 常设 in an intake profile."""
    try:
        declared = tomllib.loads(text).get("cleared_by") if isinstance(text, str) else None
    except tomllib.TOMLDecodeError:
        # What is wrong with it the verb says.
        return
    if declared and not may(role, "clear"):
        raise NotPermitted("接收方案写有 cleared_by（常设保密审查），须由复核员登记；请删去这一行，或请复核员办理")
