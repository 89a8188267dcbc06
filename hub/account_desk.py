"""Administration of accounts: each act needs its own officer's power, and stands in the journal in the same transaction (三员分立)."""

from __future__ import annotations

from typing import Final

import apsw

from holdings.journal import Deed, Outcome
from holdings.language import mark
from holdings.password import Passwords, start_password
from hub import account_secret, account_session, account_store
from hub.account import (
    OFFICERS,
    Account,
    AccountRefused,
    Actor,
    Power,
    Rights,
    Role,
    State,
    check_name,
    check_person,
    folded,
    may,
)
from hub.account_session import Session
from hub.clock import Clock, Randomness
from hub.journal import Journal
from sync.database import Database

DAY_S: Final = 86_400


class AccountDesk:
    """What officers do with accounts. Usable from several threads."""

    def __init__(
        self, people: Database, journal: Journal, passwords: Passwords, clock: Clock, random: Randomness
    ) -> None:
        self._people, self._journal, self._passwords, self._clock, self._random = (
            people,
            journal,
            passwords,
            clock,
            random,
        )

    # ------------------------------------------------------------------ reading

    def accounts(self, actor: Actor) -> list[Account]:
        """All accounts; the caller's frame journals the reading."""
        self._need(actor, Power.LIST, "*")
        return account_store.accounts(self._people.read())

    def sessions(self, account: Account) -> list[Session]:
        """Where an account is signed in."""
        return account_session.of_account(self._people.read(), account.number)

    def get(self, name: str) -> Account:
        """The account of that name; AccountRefused when there is none."""
        found = account_store.find(self._people.read(), folded(name))
        if found is None:
            raise AccountRefused(mark("没有名为“{name}”的账号。"), name=folded(name))
        return found

    # ------------------------------------------------------------------ acts

    def add(self, actor: Actor, name: str, person: str, role: Role, rights: Rights) -> Account:
        """A new account that waits for its authorisation.

        Raises:
            AccountRefused: no power, a name that is taken or no name, or a person who is an officer already.
        """
        self._need(actor, Power.ADD, f"account:{folded(name)}")
        made = self._draft(actor, name, person, role, rights)
        with self._journal.acting(
            self._deed(actor, "account-add", made.name, note=f"{role.value} {made.rights.unit}")
        ) as connection:
            self._free(connection, made)
            # No password opens it: what stands there is the hash of chance that nobody knows.
            account_store.add(connection, made, self._passwords.encode(self._random(32).hex()))
        return self.get(made.name)

    def add_ready(self, actor: Actor, name: str, person: str, role: Role, rights: Rights) -> tuple[Account, str]:
        """On the machine itself only: an account and its one-time start password, for the first officers and for the worst day."""
        if actor.role != "local":
            raise AccountRefused(mark("您的角色无权做这件事。"))
        made, password = self._draft(actor, name, person, role, rights), start_password(self._random)
        encoded = self._passwords.encode(password)
        with self._journal.acting(
            self._deed(actor, "account-add", made.name, note=f"{role.value} {made.rights.unit}; ready")
        ) as connection:
            self._free(connection, made)
            number = account_store.add(connection, made, encoded)
            account_store.set_password(connection, number, encoded, self._clock.wall(), self._start_until())
            account_store.set_state(connection, number, State.ACTIVE)
        return self.get(made.name), password

    def authorise(self, actor: Actor, name: str, rights: Rights) -> str:
        """Give a waiting account its rights and one-time start password, which is returned and kept nowhere."""
        account = self._target(actor, Power.AUTHORISE, name)
        if account.state is not State.PENDING:
            raise AccountRefused(mark("账号“{name}”不在待授权状态。"), name=account.name)
        password = start_password(self._random)
        encoded = self._passwords.encode(password)
        with self._journal.acting(
            self._deed(actor, "account-authorise", account.name, note=_said(rights))
        ) as connection:
            self._still(connection, account)
            account_store.set_rights(connection, account.number, rights)
            account_store.set_password(connection, account.number, encoded, self._clock.wall(), self._start_until())
            account_store.set_state(connection, account.number, State.ACTIVE)
        return password

    def reset(self, actor: Actor, name: str) -> str:
        """A new one-time start password; the second factor goes, and all sessions end."""
        account = self._target(actor, Power.RESET, name)
        if account.state is not State.ACTIVE:
            raise AccountRefused(mark("账号“{name}”不在正常状态，先解锁或授权。"), name=account.name)
        password = start_password(self._random)
        encoded = self._passwords.encode(password)
        with self._journal.acting(self._deed(actor, "account-reset", account.name)) as connection:
            self._still(connection, account)
            account_store.set_password(connection, account.number, encoded, self._clock.wall(), self._start_until())
            account_store.set_totp(connection, account.number, None)
            account_store.set_codes(connection, account.number, [])
            account_session.end_all(connection, account.number)
        return password

    def entitle(self, actor: Actor, name: str, rights: Rights) -> None:
        """Other rights for an account that is in use; they hold from the next page on."""
        account = self._target(actor, Power.AUTHORISE, name)
        if account.state is not State.ACTIVE:
            raise AccountRefused(mark("账号“{name}”不在正常状态，先解锁或授权。"), name=account.name)
        with self._journal.acting(self._deed(actor, "account-entitle", account.name, note=_said(rights))) as connection:
            self._still(connection, account)
            account_store.set_rights(connection, account.number, rights)

    def lock(self, actor: Actor, name: str) -> None:
        """Nobody comes in by this account until it is unlocked; its sessions end now."""
        self._set(actor, Power.LOCK, name, State.ACTIVE, State.LOCKED, "account-lock")

    def unlock(self, actor: Actor, name: str) -> None:
        """The account may be used again: one that an officer locked, or one that too many wrong passwords barred for some minutes."""
        account = self._target(actor, Power.UNLOCK, name)
        is_barred = account.state is State.ACTIVE and account.barred_until > self._clock.wall()
        self._set(
            actor, Power.UNLOCK, name, State.ACTIVE if is_barred else State.LOCKED, State.ACTIVE, "account-unlock"
        )

    def close(self, actor: Actor, name: str) -> None:
        """The account ends for good; its name is never given again, and its acts stay in the journal."""
        account = self._target(actor, Power.CLOSE, name)
        if account.state is State.CLOSED:
            raise AccountRefused(mark("账号“{name}”已经注销。"), name=account.name)
        self._set(actor, Power.CLOSE, name, account.state, State.CLOSED, "account-close")

    def sign_out(self, actor: Actor, name: str) -> int:
        """End all sessions of an account; how many."""
        account = self._target(actor, Power.SIGN_OUT, name)
        with self._journal.acting(self._deed(actor, "account-sign-out", account.name)) as connection:
            return account_session.end_all(connection, account.number)

    def end_own(self, account: Account, number: int, address: str) -> None:
        """A person ends one of the own sessions; AccountRefused when it is none of them."""
        actor = Actor(account.name, account.role.value, address)
        with self._journal.acting(self._deed(actor, "session-end", account.name)) as connection:
            if not account_session.end(connection, number, account.number):
                raise AccountRefused(mark("没有这个登录会话，或它已经结束。"))

    # ------------------------------------------------------------------ rules

    def _need(self, actor: Actor, power: Power, subject: str) -> None:
        if not may(actor.role, power):
            self._journal.note(
                Deed(
                    self._clock.wall(),
                    actor.name,
                    actor.role,
                    actor.address,
                    f"account-{power.value}",
                    subject,
                    Outcome.REFUSED,
                    "role",
                )
            )
            raise AccountRefused(mark("您的角色无权做这件事。"))

    def _target(self, actor: Actor, power: Power, name: str) -> Account:
        """The account that is acted on: never the actor's own."""
        self._need(actor, power, f"account:{folded(name)}")
        account = self.get(name)
        if account.name == actor.name:
            raise AccountRefused(mark("不能管理自己的账号，请由另一位管理员办理。"))
        return account

    def _draft(self, actor: Actor, name: str, person: str, role: Role, rights: Rights) -> Account:
        wall = self._clock.wall()
        return Account(
            0, check_name(name), check_person(person), role, rights, State.PENDING, wall, None, 0, 0, has_totp=False, created=wall,
            created_by=actor.name, last_in=None, last_address="",
        )  # fmt: skip

    def _free(self, connection: apsw.Connection, made: Account) -> None:
        if account_store.find(connection, made.name) is not None:
            raise AccountRefused(mark("登录名“{name}”已有人用过，登录名不重复发放。"), name=made.name)
        if made.role in OFFICERS and (other := account_store.officer_called(connection, made.person)) is not None:
            raise AccountRefused(
                mark("{person}已是三员之一（账号“{name}”）。三员须由不同的人担任；同名的请在姓名后加以区别。"),
                person=made.person,
                name=other.name,
            )

    def _set(self, actor: Actor, power: Power, name: str, before: State, after: State, verb: str) -> None:
        account = self._target(actor, power, name)
        if account.state is not before:
            raise AccountRefused(mark("账号“{name}”现在的状态不能这样办理。"), name=account.name)
        with self._journal.acting(self._deed(actor, verb, account.name)) as connection:
            self._still(connection, account)
            if (
                after is not State.ACTIVE
                and before is State.ACTIVE
                and account.role in OFFICERS
                and account_store.active_of(connection, account.role) == 1
            ):
                raise AccountRefused(mark("这是该类管理员的最后一个账号。请先增设并授权另一个。"))
            account_store.set_state(connection, account.number, after)
            if after is not State.ACTIVE:
                account_session.end_all(connection, account.number)

    def _still(self, connection: apsw.Connection, account: Account) -> None:
        """Two officers at once: the second sees what the first did."""
        if account_store.get(connection, account.number) != account:
            raise AccountRefused(mark("账号“{name}”刚被别人改动，请刷新后再试。"), name=account.name)

    def _start_until(self) -> int:
        return self._clock.wall() + account_secret.START_DAYS * DAY_S

    def _deed(self, actor: Actor, verb: str, name: str, note: str = "") -> Deed:
        return Deed(
            self._clock.wall(), actor.name, actor.role, actor.address, verb, f"account:{name}", Outcome.DONE, note
        )


def _said(rights: Rights) -> str:
    return f"{rights.unit}; {','.join(rights.holders) or '*'}; {','.join(rights.fonds) or '*'}; {rights.level.name.lower()}"
