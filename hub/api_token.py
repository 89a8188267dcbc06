"""Tokens by which programs ask the hub in an account's name: made and revoked by the account itself, bound to scopes, ended by their day. All SQL about them.

A token sees what its account sees and no more; it ends with the account's being locked or closed. Usable from several threads.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.journal import Deed
from holdings.language import mark
from hub import account_store
from hub.account import Account, AccountRefused, Actor, Role, State
from hub.clock import Clock, Randomness
from hub.journal import Journal
from sync.database import Database

PREFIX: Final = "jda_"
"""What every token begins with, so that one that strayed into a file is recognised."""
SIZE: Final = 20
NAME_MAX, DAYS_MAX, TOKENS_MAX = 64, 366, 20
DAY_S: Final = 86_400
USED_EVERY_S: Final = 3_600
"""How often the last use is written down."""
_FORM: Final = re.compile(r"jda_[a-z2-7]{32}")
_FIELDS: Final = "number, account, name, scopes, created, expires, revoked, used"


class Scope(StrEnum):
    """What a token may be used for; the value stands in the database and in the API's description."""

    SEARCH = "search"
    """Search, suggestions, descriptions of records."""
    PAGES = "pages"
    """Pictures and texts of pages."""
    REQUESTS = "requests"
    """Reading requests of the account's own."""

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return _LABELS[self]


_LABELS: Final = {
    Scope.SEARCH: mark("检索与著录"),
    Scope.PAGES: mark("页面图像与文字"),
    Scope.REQUESTS: mark("利用申请"),
}


class ApiToken(Struct, frozen=True):
    """A token without its secret; times in seconds UTC."""

    number: int
    account: int
    name: str
    scopes: frozenset[Scope]
    created: int
    expires: int
    revoked: int | None
    used: int | None

    def good(self, now: int) -> bool:
        """Whether it may be used."""
        return self.revoked is None and now < self.expires


def _token(row: tuple[Any, ...]) -> ApiToken:
    known = {scope.value: scope for scope in Scope}
    scopes = frozenset(known[name] for name in str(row[3]).split() if name in known)
    return ApiToken(row[0], row[1], row[2], scopes, *row[4:])


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


class ApiTokens:
    """Makes, lists, revokes and recognises tokens."""

    def __init__(self, people: Database, journal: Journal, clock: Clock, random: Randomness) -> None:
        self._people, self._journal, self._clock, self._random = people, journal, clock, random

    def make(
        self, account: Account, actor: Actor, name: str, scopes: Iterable[Scope], days: int
    ) -> tuple[str, ApiToken]:
        """A new token for this account: its text, shown this once, and what is kept of it. AccountRefused says what is missing."""
        name, wanted = unicodedata.normalize("NFC", name[: 4 * NAME_MAX]).strip(), frozenset(scopes)
        if account.role not in (Role.ARCHIVIST, Role.AGENCY):
            raise AccountRefused(mark("只有业务人员和机关用户可以有接口令牌。"))
        if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
            raise AccountRefused(mark("请填写令牌的用途，1 至 {most} 个字。"), most=NAME_MAX)
        if not wanted:
            raise AccountRefused(mark("请至少选择一项范围。"))
        if not 1 <= days <= DAYS_MAX:
            raise AccountRefused(mark("有效期须为 1 至 {most} 天。"), most=DAYS_MAX)
        now = self._clock.wall()
        text = PREFIX + base64.b32encode(self._random(SIZE)).decode().lower()
        with self._journal.acting(self._deed(actor, "token-make", name)) as connection:
            if sum(one.good(now) for one in _of(connection, account.number)) >= TOKENS_MAX:
                raise AccountRefused(mark("一个账号至多 {most} 个有效的令牌；请先停用不用的。"), most=TOKENS_MAX)
            connection.execute(
                "INSERT INTO api_token(hash, account, name, scopes, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
                (_hash(text), account.number, name, " ".join(sorted(wanted)), now, now + days * DAY_S),
            )
            number = connection.last_insert_rowid()
        return text, ApiToken(number, account.number, name, wanted, now, now + days * DAY_S, None, None)

    def revoke(self, account: Account, actor: Actor, number: int) -> None:
        """End a token of this account at once; one that is not its own, or ended already, is left as it is."""
        with self._journal.acting(self._deed(actor, "token-revoke", str(number))) as connection:
            connection.execute(
                "UPDATE api_token SET revoked = ? WHERE number = ? AND account = ? AND revoked IS NULL",
                (self._clock.wall(), number, account.number),
            )

    def listed(self, account: Account) -> list[ApiToken]:
        """The account's tokens, newest first, ended ones too."""
        return _of(self._people.read(), account.number)

    def who(self, text: str) -> tuple[ApiToken, Account] | None:
        """Whose token that is; None unless it is one, may still be used, and its account is active."""
        if not _FORM.fullmatch(text):
            return None
        now, reading = self._clock.wall(), self._people.read()
        row = reading.execute(f"SELECT {_FIELDS} FROM api_token WHERE hash = ?", (_hash(text),)).fetchone()
        token = _token(row) if row else None
        if token is None or not token.good(now):
            return None
        account = account_store.get(reading, token.account)
        if account is None or account.state is not State.ACTIVE:
            return None
        if now - (token.used or 0) >= USED_EVERY_S:
            with self._people.transaction() as connection:
                connection.execute("UPDATE api_token SET used = ? WHERE number = ?", (now, token.number))
        return token, account

    def _deed(self, actor: Actor, verb: str, note: str) -> Deed:
        return Deed(self._clock.wall(), actor.name, actor.role, actor.address, verb, f"account:{actor.name}", note=note)


def _of(connection: apsw.Connection, account: int) -> list[ApiToken]:
    rows = connection.execute(
        f"SELECT {_FIELDS} FROM api_token WHERE account = ? ORDER BY number DESC LIMIT 200", (account,)
    )
    return [_token(row) for row in rows]
