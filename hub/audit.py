"""`hub audit` 查核: can this hub prove what it has done? Logs and receipts by their signatures, the journal by its chain and anchors, who may do what by the rules
of the three officers. Nothing is read of the records; the objects are the scrub's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from holdings import journal
from hub import account_store, doctor, restored, scrub
from hub.account import OFFICERS, Role, State
from hub.doctor import Finding
from hub.home import Home
from hub.people import People

DAY_S: Final = 86_400
SCRUB_DAYS: Final = 180
"""A round of the scrub that ended longer ago, or never, is told."""


def audit(home: Home, people: People) -> dict[str, Any]:
    """The findings of DESIGN §7; `damage`: something contradicts what was signed."""
    findings = [*doctor.proofs(home, people), *_officers(people), *_care(home)]
    acts = 0
    if people.path.exists():
        acts, _ = journal.head(people.parts().database.read())
    return {
        "ok": not findings,
        "damage": any(one.damage for one in findings),
        "findings": [{"what": one.what, "where": one.where, "remedy": one.remedy} for one in findings],
        "acts": acts,
    }


def _officers(people: People) -> Iterator[Finding]:
    """三员分立: each of the three stands, no person is two of them, nobody else has their powers."""
    if not people.path.exists():
        return
    accounts = [one for one in account_store.accounts(people.parts().database.read()) if one.state is not State.CLOSED]
    if not accounts:
        return
    for role in Role:
        if role in OFFICERS and not any(one.role is role and one.state is State.ACTIVE for one in accounts):
            yield Finding(f"没有可用的{role.label}", "账号", "请增设并授权一个，三员须由不同的人担任", damage=False)
    persons = Counter(one.person for one in accounts if one.role in OFFICERS)
    for person, count in persons.items():
        roles = {one.role for one in accounts if one.person == person and one.role in OFFICERS}
        if count > 1 and len(roles) > 1:
            yield Finding(f"“{person}”担任了三员中的两员", "账号", "请注销其中一个账号，改由他人担任", damage=False)


def _care(home: Home) -> Iterator[Finding]:
    """What is due: the scrub, and nodes that a restored hub still waits for."""
    reading = home.front.read()
    last = scrub.latest(reading)
    if last is None or (last.finished or last.began) + SCRUB_DAYS * DAY_S < home.clock.wall():
        yield Finding(
            f"超过 {SCRUB_DAYS} 天没有做完一轮定期巡检",
            "对象",
            "请执行 jindang hub scrub，并装上 deploy/jindang-hub-scrub.timer",
            damage=False,
        )
    if last is not None and last.bad:
        yield Finding(f"第 {last.number} 轮定期巡检有 {last.bad} 个对象损坏", "对象", scrub.REMEDY)
    for name in restored.names(reading):
        yield Finding(
            "恢复之后还没有联络", f"节点“{name}”", "等它同步一次；确已报废的，执行 jindang hub revoke", damage=False
        )
