"""The own tokens for programs: made with a scope and an end, shown once, revoked at once."""

from __future__ import annotations

from typing import Final

from holdings.language import mark
from hub.account import AccountRefused
from hub.api_token import DAYS_MAX, ApiTokens, Scope
from hub.web_frame import Visit
from hub.web_route import Reply, Route
from hub.web_search import READERS, number_of

USUAL_DAYS: Final = 90
ENDED: Final = mark("已到期")


def _tokens(visit: Visit) -> ApiTokens:
    home = visit.frame.home
    return ApiTokens(visit.parts.database, visit.parts.journal, home.clock, home.random)


def listed(visit: Visit) -> Reply:
    """The tokens of this account."""
    return _page(visit, 200, "", "")


def _page(visit: Visit, status: int, error: str, made: str) -> Reply:
    return visit.page(
        "tokens.html", status, error=error, made=made, tokens=_tokens(visit).listed(visit.person), scopes=list(Scope), now=visit.frame.clock.wall(),
        days=USUAL_DAYS, most=DAYS_MAX, ended=ENDED,
    )  # fmt: skip


def make(visit: Visit) -> Reply:
    """A new token, whose text this page alone shows."""
    ask = visit.ask
    days = ask.said("days").strip()
    wanted = [scope for scope in Scope if scope.value in ask.form.get("scope", ())]
    try:
        number = int(days) if days.isascii() and days.isdecimal() and len(days) <= 4 else 0
        text, _ = _tokens(visit).make(visit.person, visit.actor, ask.said("name"), wanted, number)
    except AccountRefused as refused:
        return _page(visit, 422, visit.told(refused), "")
    return _page(visit, 200, "", text)


def revoke(visit: Visit) -> Reply:
    """End one of them."""
    _tokens(visit).revoke(visit.person, visit.actor, number_of(visit))
    return visit.to("/me/tokens")


ROUTES: Final = (
    Route("GET", "/me/tokens", listed, roles=READERS, verb="token-list"),
    Route("POST", "/me/tokens", make, roles=READERS),
    Route("POST", "/me/tokens/{number}/revoke", revoke, roles=READERS),
)
