"""Signing in: password, second factor, lockout, stages of a session (GB/T 22239-2019 8.1.4.1). Usable from several threads.

What an attacker may learn is kept small: one message and one duration for an unknown name, a wrong password and a barred account.
"""

from __future__ import annotations

from typing import Final

import apsw
from msgspec import Struct

from holdings.journal import Deed, Outcome
from holdings.language import mark
from holdings.password import Passwords
from hub import account_secret, account_session, account_store
from hub.account import OFFICERS, Account, AccountRefused, Actor, Role, Stage, State, check_password, folded
from hub.account_session import Session
from hub.clock import Clock, Randomness
from hub.config import PeopleConfig, SecondFactor
from hub.journal import Journal
from sync.database import Database

MINUTE_S: Final = 60
DAY_S: Final = 86_400
TOUCH_S: Final = 30
"""Seconds after which a session's use is written down again: not at every picture."""
TOKEN_BYTES: Final = 32
WRONG: Final = mark(
    "登录名或口令不对，或该账号暂停登录。连续错 {count} 次，账号停 {minutes} 分钟；忘记口令请找安全保密管理员重置。"
)
WRONG_CODE: Final = mark(
    "验证码或备用码不对，或已用过，或该账号暂停登录。连续错 {count} 次，账号停 {minutes} 分钟；没有可用的码请找安全保密管理员重置。"
)
"""The same whichever it is: the password was right already."""
_STATES: Final = {
    State.PENDING: mark("账号还没有授权。请找安全保密管理员授权。"),
    State.LOCKED: mark("账号已锁定。请找安全保密管理员解锁。"),
    State.CLOSED: mark("账号已注销。"),
}


class Opened(Struct, frozen=True):
    """A session's cookie token and how far it has come."""

    token: str
    stage: Stage


class SignIn:
    """Who comes in. `key`: 32 bytes of this hub alone, from which TOTP secrets on offer follow."""

    def __init__(
        self,
        people: Database,
        journal: Journal,
        passwords: Passwords,
        clock: Clock,
        random: Randomness,
        policy: PeopleConfig,
        key: bytes,
    ) -> None:
        self._people, self._journal, self._passwords, self._clock, self._random = (
            people,
            journal,
            passwords,
            clock,
            random,
        )
        self._policy, self._key = policy, key

    def use(self, policy: PeopleConfig) -> None:
        """Other rules from the next page on: hub.toml was read again."""
        self._policy = policy

    # ------------------------------------------------------------------ password

    def open(self, name: str, password: str, address: str, agent: str) -> Opened:
        """Begin a session.

        Raises:
            AccountRefused: wrong, barred, not active, or the start password is too old.
        """
        wall, name = self._clock.wall(), folded(name)
        reading = self._people.read()
        found = account_store.find(reading, name)
        barred = found is not None and found.barred_until > wall
        encoded = account_store.password(reading, found.number) if found is not None and not barred else ""
        right = self._passwords.same(encoded, password)
        if found is None or not right:
            raise self._wrong(found, name, address, wall, "barred" if barred else "password")
        actor = Actor(found.name, found.role.value, address)
        if found.state is not State.ACTIVE:
            self._journal.note(self._deed(actor, "sign-in", Outcome.REFUSED, found.state.value))
            raise AccountRefused(_STATES[found.state])
        if found.start_until is not None and found.start_until <= wall:
            self._journal.note(self._deed(actor, "sign-in", Outcome.REFUSED, "start password expired"))
            raise AccountRefused(
                mark("初始口令已过期（{days} 天）。请找安全保密管理员重置。"), days=account_secret.START_DAYS
            )
        token, stage = self._random(TOKEN_BYTES).hex(), self._first_stage(reading, found)
        with self._journal.acting(self._deed(actor, "sign-in", Outcome.DONE, stage.value)) as connection:
            account_session.sweep(connection, wall - self._idle_s, wall - self._policy.session_hours * 3600)
            account_session.begin(connection, token, found.number, stage, wall, address, agent)
            if stage is not Stage.FACTOR:
                account_store.came_in(connection, found.number, wall, address)
        return Opened(token, stage)

    def _wrong(
        self, found: Account | None, name: str, address: str, wall: int, note: str, text: str = WRONG
    ) -> AccountRefused:
        """Write a failure down, bar the account at each fifth in a row; the refusal to raise."""
        bar = 0
        if found is not None and note != "barred" and (found.failures + 1) % self._policy.lock_after == 0:
            bar, note = wall + self._policy.lock_minutes * MINUTE_S, f"{note}; barred"
        deed = Deed(
            wall, name, found.role.value if found else "", address, "sign-in", f"account:{name}", Outcome.REFUSED, note
        )
        with self._journal.acting(deed) as connection:
            if found is not None:
                account_store.failed(connection, found.number, bar)
        return AccountRefused(text, count=self._policy.lock_after, minutes=self._policy.lock_minutes)

    def _first_stage(self, reading: apsw.Connection, account: Account) -> Stage:
        if account.has_totp or account_store.codes_left(reading, account.number):
            return Stage.FACTOR
        return self._later_stage(reading, account)

    def _later_stage(self, reading: apsw.Connection, account: Account) -> Stage:
        """What is still to be done once the person is known."""
        days = self._policy.password_days
        if account.start_until is not None or (days and account.password_set + days * DAY_S <= self._clock.wall()):
            return Stage.CHANGE
        if self._needs_factor(account.role) and not (
            account.has_totp or account_store.codes_left(reading, account.number)
        ):
            return Stage.ENROL
        return Stage.FULL

    def _needs_factor(self, role: Role) -> bool:
        wanted = self._policy.second_factor
        return wanted is SecondFactor.ALL or (wanted is SecondFactor.OFFICERS and role in OFFICERS)

    # ------------------------------------------------------------------ the session

    @property
    def _idle_s(self) -> int:
        return self._policy.idle_minutes * MINUTE_S

    def who(self, token: str, *, touch: bool = True) -> tuple[Account, Session] | None:
        """The account and session of a cookie; None when it is over, idle for too long, or the account may not come in any more.

        `touch` False: what a page does by itself is no use, and a session falls asleep over it.
        """
        reading, wall = self._people.read(), self._clock.wall()
        session = account_session.find(reading, token)
        if session is None:
            return None
        account = account_store.get(reading, session.account)
        over = session.seen + self._idle_s <= wall or session.opened + self._policy.session_hours * 3600 <= wall
        if account is None or account.state is not State.ACTIVE or over:
            return None
        if touch and wall - session.seen >= TOUCH_S:
            with self._people.transaction() as connection:
                account_session.seen(connection, session.number, wall)
        return account, session

    def close(self, account: Account, session: Session, address: str) -> None:
        """Sign out."""
        with self._journal.acting(
            self._deed(Actor(account.name, account.role.value, address), "sign-out")
        ) as connection:
            account_session.end(connection, session.number, account.number)

    def _advance(self, connection: apsw.Connection, account: Account, session: Session) -> Opened:
        """The next stage under a fresh token."""
        now = account_store.get(connection, account.number)
        assert now is not None
        token, stage, wall = self._random(TOKEN_BYTES).hex(), self._later_stage(connection, now), self._clock.wall()
        account_session.advance(connection, session.number, token, stage, wall)
        return Opened(token, stage)

    # ------------------------------------------------------------------ second factor

    def factor(self, account: Account, session: Session, code: str, address: str) -> Opened:
        """The second factor: a TOTP code or a printed one; each good once.

        Raises:
            AccountRefused: wrong, used before, or barred meanwhile; failures count like wrong passwords.
        """
        wall, reading = self._clock.wall(), self._people.read()
        if account.barred_until > wall:
            raise self._wrong(account, account.name, address, wall, "barred", WRONG_CODE)
        known = account_store.totp(reading, account.number)
        step = account_secret.totp_step(known[0], code, wall) if known else None
        value = account_secret.code_hash(account.number, code)
        with self._people.transaction() as connection:
            by_totp = step is not None and account_store.use_step(connection, account.number, step)
            good = by_totp or account_store.use_code(connection, account.number, value)
        # A crash here has used the code up, and the person takes the next one.
        if not good:
            raise self._wrong(account, account.name, address, wall, "second factor", WRONG_CODE)
        actor = Actor(account.name, account.role.value, address)
        with self._journal.acting(
            self._deed(actor, "second-factor", Outcome.DONE, "totp" if by_totp else "printed code")
        ) as connection:
            account_store.came_in(connection, account.number, wall, address)
            return self._advance(connection, account, session)

    def offer(self, token: str) -> bytes:
        """The TOTP secret on offer to a session."""
        return account_secret.offered_secret(self._key, token)

    def take_totp(self, account: Account, session: Session, token: str, code: str, address: str) -> Opened:
        """Take the secret on offer, proved by its first code; AccountRefused when the code is not its."""
        secret = self.offer(token)
        step = account_secret.totp_step(secret, code, self._clock.wall())
        if step is None:
            raise AccountRefused(mark("验证码不对。请核对手机的时间，再输入此刻显示的六位数字。"))
        with self._journal.acting(
            self._deed(Actor(account.name, account.role.value, address), "factor-set", Outcome.DONE, "totp")
        ) as connection:
            account_store.set_totp(connection, account.number, secret, step)
            return self._advance(connection, account, session)

    def take_codes(self, account: Account, session: Session, address: str) -> tuple[list[str], Opened]:
        """Ten new printed codes in place of earlier ones; they are shown this once."""
        codes = account_secret.one_time_codes(self._random)
        hashes = [account_secret.code_hash(account.number, code) for code in codes]
        with self._journal.acting(
            self._deed(Actor(account.name, account.role.value, address), "factor-set", Outcome.DONE, "printed codes")
        ) as connection:
            account_store.set_codes(connection, account.number, hashes)
            return codes, self._advance(connection, account, session)

    # ------------------------------------------------------------------ the person's own password

    def change(self, account: Account, session: Session, old: str, new: str, address: str) -> Opened:
        """Change the password; all other sessions end.

        Raises:
            AccountRefused: the present one is wrong (it counts), or the new one breaks a rule or was used before.
        """
        reading, wall = self._people.read(), self._clock.wall()
        if account.barred_until > wall or not self._passwords.same(
            account_store.password(reading, account.number), old
        ):
            self._wrong(
                account, account.name, address, wall, "barred" if account.barred_until > wall else "password change"
            )
        new = check_password(new, account.name, account.person)
        if any(self._passwords.same(past, new) for past in account_store.past_passwords(reading, account.number)):
            raise AccountRefused(
                mark("新口令用过：不得与现在的和最近 {count} 次的相同。"), count=account_store.PASSWORDS_KEPT
            )
        encoded = self._passwords.encode(new)
        with self._journal.acting(
            self._deed(Actor(account.name, account.role.value, address), "password-change")
        ) as connection:
            account_store.set_password(connection, account.number, encoded, wall, None)
            account_session.end_all(connection, account.number, keep=session.number)
            return self._advance(connection, account, session)

    def _deed(self, actor: Actor, verb: str, outcome: Outcome = Outcome.DONE, note: str = "") -> Deed:
        return Deed(
            self._clock.wall(), actor.name, actor.role, actor.address, verb, f"account:{actor.name}", outcome, note
        )
