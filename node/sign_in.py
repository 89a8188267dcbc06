"""Personal sign-in at a node: 工号 and password, sessions in the daemon's memory, lockout (GB/T 22239-2019 8.1.4.1). Usable from several threads.

A session ends with the daemon: who was signed in signs in again. One message and one duration for an unknown 工号, a wrong password and a barred operator.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from holdings import journal
from holdings.journal import Deed, Outcome
from holdings.operator import (
    IDLE_MINUTES,
    LOCAL,
    LOCK_AFTER,
    LOCK_MINUTES,
    SESSION_HOURS,
    START_DAYS,
    Ceiling,
    Operator,
    OperatorRefused,
    OperatorState,
    check_password,
    folded,
)
from holdings.password import Passwords
from node import operators
from node.errors import SignInNeeded
from sync.database import Database

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
SESSIONS_MAX: Final = 200
TOKEN_BYTES: Final = 32
WRONG: Final = (
    f"工号或口令不对，或该操作员暂停登录（连续错 {LOCK_AFTER} 次停 {LOCK_MINUTES} 分钟）；忘记口令请找管理员重置"
)


class Session(Struct, frozen=True):
    """Who signed in from which system user; times in seconds UTC. `password_set` of the sign-in: a reset ends what was opened before it."""

    number: str
    uid: int
    opened: int
    seen: int
    password_set: int


class SignIn:
    """Sessions of a node. `passwords` tests give cheap ones."""

    def __init__(self, database: Database, now: Callable[[], float], passwords: Passwords | None = None) -> None:
        self._database, self._now, self._passwords = database, now, passwords or Passwords()
        self._lock = threading.Lock()
        self._sessions: dict[bytes, Session] = {}

    def open(self, number: str, password: str, uid: int, ceiling: Ceiling) -> tuple[str, Operator]:
        """Begin a session: (token, operator).

        Raises:
            OperatorRefused: wrong, barred, disabled, a start password too old, or a role that this system user may not have.
        """
        wall = int(self._now())
        found = self._proved(number, password, uid, wall)
        refused = ""
        if found.state is not OperatorState.ACTIVE:
            refused = "该操作员已停用；请找管理员"
        elif found.start_until is not None and found.start_until <= wall:
            refused = f"初始口令已过期（{START_DAYS} 天）；请找管理员重置"
        elif not ceiling.allows(found.role):
            refused = f"本系统用户（uid {uid}）不能以“{found.role.label}”登录；请换系统用户，或请系统管理员调整用户组"
        with self._database.transaction() as connection:
            outcome = Outcome.REFUSED if refused else Outcome.DONE
            journal.add(connection, deed(wall, found.number, found.role, uid, "sign-in", outcome))
            if not refused:
                operators.came_in(connection, found.number, wall)
        if refused:
            raise OperatorRefused(refused)
        token = os.urandom(TOKEN_BYTES).hex()
        with self._lock:
            self._sweep(wall)
            self._sessions[_hash(token)] = Session(found.number, uid, wall, wall, found.password_set)
        return token, found

    def prove(self, number: str, password: str, uid: int, ceiling: Ceiling) -> Operator:
        """Who signs beside another: the same proof as at sign-in, wrong ones count there; no session begins.

        Raises:
            OperatorRefused: as `open`; nor does a start password sign anything.
        """
        wall = int(self._now())
        found = self._proved(number, password, uid, wall)
        if found.state is not OperatorState.ACTIVE or found.start_until is not None or not ceiling.allows(found.role):
            with self._database.transaction() as connection:
                journal.add(
                    connection,
                    deed(wall, found.number, found.role, uid, "countersign", Outcome.REFUSED, found.state.value),
                )
            raise OperatorRefused(
                f"工号“{found.number}”现在不能签署（已停用，或未改初始口令）；请先由本人登录一次，或请另一人签署"
            )
        return found

    def _proved(self, number: str, password: str, uid: int, wall: int) -> Operator:
        number, reading = folded(number), self._database.read()
        found = operators.find(reading, number)
        barred = found is not None and found.barred_until > wall
        encoded = operators.password(reading, number) if found is not None and not barred else ""
        if not self._passwords.same(encoded, password) or found is None:
            raise self._wrong(found, number, uid, wall, barred=barred)
        return found

    def _wrong(self, found: Operator | None, number: str, uid: int, wall: int, *, barred: bool) -> OperatorRefused:
        bar = 0
        if found is not None and not barred and (found.failures + 1) % LOCK_AFTER == 0:
            bar = wall + LOCK_MINUTES * MINUTE_S
        note = "barred" if barred or bar else "password"
        with self._database.transaction() as connection:
            role = found.role if found is not None else ""
            journal.add(connection, deed(wall, number or "?", role, uid, "sign-in", Outcome.REFUSED, note))
            if found is not None and not barred:
                operators.failed(connection, number, bar)
        return OperatorRefused(WRONG)

    def who(self, token: str, uid: int, *, touch: bool = True) -> Operator:
        """The operator of a session. `touch` False: what a screen asks by itself keeps no session awake.

        Raises:
            SignInNeeded: it is over, idle for too long, another system user's, or the operator may not come in any more.
        """
        wall = int(self._now())
        with self._lock:
            session = self._sessions.get(_hash(token))
            if session is None or session.uid != uid or _over(session, wall):
                self._sessions.pop(_hash(token), None)
                raise SignInNeeded("登录已过期；请重新登录（工号和口令）")
            if touch:
                self._sessions[_hash(token)] = replace(session, seen=wall)
        found = operators.find(self._database.read(), session.number)
        if found is None or found.state is not OperatorState.ACTIVE or found.password_set != session.password_set:
            with self._lock:
                self._sessions.pop(_hash(token), None)
            raise SignInNeeded("该操作员已停用或口令已重置；请重新登录")
        return found

    def close(self, token: str, uid: int) -> None:
        """Sign out; nothing to do when it is over."""
        with self._lock:
            session = self._sessions.pop(_hash(token), None)
        if session is not None and session.uid == uid:
            with self._database.transaction() as connection:
                found = operators.find(connection, session.number)
                role = found.role if found is not None else ""
                journal.add(connection, deed(int(self._now()), session.number, role, uid, "sign-out"))

    def change(self, token: str, uid: int, old: str, new: str) -> Operator:
        """The person's own new password; every other session of the person ends.

        Raises:
            OperatorRefused: the present one is wrong (it counts as at sign-in), or the new one breaks a rule or is the present one.
        """
        held, wall = self.who(token, uid), int(self._now())
        if not self._passwords.same(operators.password(self._database.read(), held.number), old):
            raise self._wrong(held, held.number, uid, wall, barred=held.barred_until > wall)
        new = check_password(new, held.number, held.person)
        if new == old:
            raise OperatorRefused("新口令与现在的相同；请另想一个")
        encoded = self._passwords.encode(new)
        # One beyond the last, so that two changes within a second differ too.
        changed = max(wall, held.password_set + 1)
        with self._database.transaction() as connection:
            operators.set_password(connection, held.number, encoded, changed, None)
            journal.add(connection, deed(wall, held.number, held.role, uid, "password-change"))
        with self._lock:
            session = self._sessions[_hash(token)]
            self._sessions[_hash(token)] = replace(session, password_set=changed)
        return replace(held, password_set=changed, start_until=None)

    def _sweep(self, wall: int) -> None:
        for key in [key for key, session in self._sessions.items() if _over(session, wall)]:
            del self._sessions[key]
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[min(self._sessions, key=lambda key: self._sessions[key].seen)]


def _over(session: Session, wall: int) -> bool:
    return wall - session.seen >= IDLE_MINUTES * MINUTE_S or wall - session.opened >= SESSION_HOURS * HOUR_S


def _hash(token: str) -> bytes:
    return hashlib.sha256(token[:200].encode("utf-8", "replace")).digest()


def deed(
    wall: int,
    person: str,
    role: str,
    uid: int,
    verb: str,
    outcome: Outcome = Outcome.DONE,
    note: str = "",
    subject: str = "",
) -> Deed:
    """An act at this node as the journal has it."""
    return Deed(wall, person, role or LOCAL, f"uid:{uid}", verb.replace("_", "-")[:32], subject, outcome, note)
