"""Pages about accounts: one's own, and their administration by the officers."""

from __future__ import annotations

from typing import Final

from holdings.access import Secrecy
from holdings.language import mark
from hub.account import POWERS, Account, AccountRefused, Power, Rights, Role, Stage, State, check_rights, may
from hub.account_secret import START_DAYS
from hub.web_frame import Visit
from hub.web_route import Reply, Route, Turned

LEVELS: Final = {
    Secrecy.NONE: mark("无密级"),
    Secrecy.SECRET: mark("秘密"),
    Secrecy.CONFIDENTIAL: mark("机密"),
    Secrecy.TOP: mark("绝密"),
}
NAMES_MAX: Final = 4_000
"""Characters of a list of nodes or fonds in a form."""

# ---------------------------------------------------------------- one's own


def me(visit: Visit) -> Reply:
    """The own account: who, where signed in, password, second factor."""
    return _me(visit, 200, "")


def _me(visit: Visit, status: int, error: str) -> Reply:
    return visit.page(
        "me.html",
        status,
        error=error,
        sessions=visit.parts.desk.sessions(visit.person),
        here=visit.here,
        codes=_codes(visit),
    )


def _codes(visit: Visit) -> int:
    from hub import account_store

    return account_store.codes_left(visit.parts.database.read(), visit.person.number)


def end_session(visit: Visit) -> Reply:
    """End one of the own sessions."""
    number = visit.ask.parts["number"]
    try:
        if not (number.isascii() and number.isdecimal() and len(number) < 16):
            raise AccountRefused(mark("没有这个登录会话，或它已经结束。"))
        visit.parts.desk.end_own(visit.person, int(number), visit.ask.address)
    except AccountRefused as refused:
        return _me(visit, 422, visit.told(refused))
    return visit.to("/me")


# ---------------------------------------------------------------- administration


def accounts(visit: Visit) -> Reply:
    """All accounts, and the form for a new one."""
    return _accounts(visit, 200, "")


def _accounts(visit: Visit, status: int, error: str) -> Reply:
    found = visit.parts.desk.accounts(visit.actor)
    return visit.page(
        "accounts.html",
        status,
        error=error,
        accounts=found,
        roles=list(Role),
        may_add=may(visit.person.role.value, Power.ADD),
        form=visit.ask,
    )


def add(visit: Visit) -> Reply:
    """A new account that waits for authorisation."""
    ask = visit.ask
    try:
        role = next((role for role in Role if role.value == ask.said("role")), None)
        if role is None:
            raise AccountRefused(mark("请选择角色。"))
        made = visit.parts.desk.add(
            visit.actor, ask.said("name"), ask.said("person"), role, check_rights(ask.said("unit"))
        )
    except AccountRefused as refused:
        return _accounts(visit, 422, visit.told(refused))
    return visit.to(f"/accounts/{made.name}")


def one(visit: Visit) -> Reply:
    """An account and what this officer may do with it."""
    return _one(visit, 200, "")


def _one(visit: Visit, status: int, error: str) -> Reply:
    account = _asked(visit)
    sessions = visit.parts.desk.sessions(account)
    doable = [power for power in _ACTS if _fits(visit, account, power)]
    reply = visit.page(
        "account.html",
        status,
        error=error,
        account=account,
        sessions=sessions,
        doable=[power.value for power in doable],
        barred=barred(visit, account),
        levels=LEVELS,
        days=START_DAYS,
    )
    reply.subject = f"account:{account.name}"
    return reply


def _asked(visit: Visit) -> Account:
    try:
        return visit.parts.desk.get(visit.ask.parts["name"])
    except AccountRefused as refused:
        raise Turned(404, mark("没有这个账号。")) from refused


def barred(visit: Visit, account: Account) -> bool:
    """Whether too many wrong passwords keep an account out for some minutes yet."""
    return account.state is State.ACTIVE and account.barred_until > visit.frame.clock.wall()


def _fits(visit: Visit, account: Account, power: Power) -> bool:
    """May this officer do it, now, to that account?"""
    states = {
        Power.AUTHORISE: {State.PENDING, State.ACTIVE}, Power.LOCK: {State.ACTIVE}, Power.UNLOCK: {State.LOCKED}, Power.RESET: {State.ACTIVE},
        Power.CLOSE: {State.PENDING, State.ACTIVE, State.LOCKED}, Power.SIGN_OUT: {State.ACTIVE},
    }[power]  # fmt: skip
    held = account.state in states or (power is Power.UNLOCK and barred(visit, account))
    return may(visit.person.role.value, power) and held and account.name != visit.person.name


def _rights(visit: Visit) -> Rights:
    ask = visit.ask
    level = ask.said("level")
    names = [
        ask.said(field)[:NAMES_MAX].replace("，", ",").replace("、", ",").replace("\n", ",").split(",")
        for field in ("holders", "fonds")
    ]
    return check_rights(ask.said("unit"), names[0], names[1], int(level) if level in ("0", "1", "2", "3") else -1)


def authorise(visit: Visit) -> Reply:
    """Give a waiting account its rights and a start password, or an active one other rights."""
    account = _asked(visit)
    try:
        if account.state is State.PENDING:
            return _handed(visit, account.name, visit.parts.desk.authorise(visit.actor, account.name, _rights(visit)))
        visit.parts.desk.entitle(visit.actor, account.name, _rights(visit))
    except AccountRefused as refused:
        return _one(visit, 422, visit.told(refused))
    return visit.to(f"/accounts/{account.name}")


def reset(visit: Visit) -> Reply:
    """A new start password."""
    account = _asked(visit)
    try:
        return _handed(visit, account.name, visit.parts.desk.reset(visit.actor, account.name))
    except AccountRefused as refused:
        return _one(visit, 422, visit.told(refused))


def _handed(visit: Visit, name: str, password: str) -> Reply:
    return visit.page("handed.html", name=name, password=password, days=START_DAYS)


def _plain(power: Power) -> Route:
    """The route of an act that needs nothing but the account."""

    def act(visit: Visit) -> Reply:
        account, desk = _asked(visit), visit.parts.desk
        works = {
            Power.LOCK: desk.lock,
            Power.UNLOCK: desk.unlock,
            Power.CLOSE: desk.close,
            Power.SIGN_OUT: desk.sign_out,
        }
        try:
            works[power](visit.actor, account.name)
        except AccountRefused as refused:
            return _one(visit, 422, visit.told(refused))
        return visit.to(f"/accounts/{account.name}")

    return Route("POST", f"/accounts/{{name}}/{power.value}", act, roles=POWERS[power])


_ACTS: Final = (Power.AUTHORISE, Power.LOCK, Power.UNLOCK, Power.RESET, Power.CLOSE, Power.SIGN_OUT)

ROUTES: Final = (
    Route("GET", "/me", me),
    Route("POST", "/me/sessions/{number}/end", end_session, stages=frozenset({Stage.FULL})),
    Route("GET", "/accounts", accounts, roles=POWERS[Power.LIST], verb="account-list"),
    Route("POST", "/accounts", add, roles=POWERS[Power.ADD]),
    Route("GET", "/accounts/{name}", one, roles=POWERS[Power.LIST], verb="account-read"),
    Route("POST", "/accounts/{name}/authorise", authorise, roles=POWERS[Power.AUTHORISE]),
    Route("POST", "/accounts/{name}/reset", reset, roles=POWERS[Power.RESET]),
    *(_plain(power) for power in (Power.LOCK, Power.UNLOCK, Power.CLOSE, Power.SIGN_OUT)),
)
