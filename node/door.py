"""The door of a node: who asks, whether that role may, and the act in the journal, before and with every verb.

A node without operators lets everybody act whom the system lets at its socket, and says so; from the first operator on, nobody handles records without
signing in. The machine's own user (and root) keeps what keeps the machine alive: run, send, back up, set, and make operators.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import apsw
from msgspec import Struct
from msgspec.structs import asdict

from holdings.operator import LOCAL, Ceiling, Operator, OperatorRole
from holdings.operator_rules import NOTED, Power, may, power_of, verbs_of
from node import exit_code, operators
from node.errors import NodeError, NotPermitted, SignInNeeded
from node.service import Service
from node.verbs import Answer

if TYPE_CHECKING:
    from holdings.journal import Deed
    from node.sign_in import SignIn

OWN: Final = frozenset({"operator_sign_in", "operator_sign_out", "operator_password", "operator_who"})
"""What the door itself answers; nothing of it needs a right."""
_QUIET: Final = frozenset(
    {"capabilities", "status", "console_today", "console_line", "console_deliveries", "quarantine_numbers"}
)
"""What a screen asks by itself."""
_BEFORE: Final = frozenset({"capabilities", "status", "console_preferences"})
"""What may be asked before anybody has signed in, by whom the system lets at the socket."""
_READ_AGAIN_S: Final = 60
"""A record that the same person opens again within so many seconds is one reading."""
_SUBJECTS: Final = ("ref", "name", "delivery_name", "number", "numbers", "path", "page", "destination")


class Caller(Struct, frozen=True):
    """Who asks: the system's user, the role, the journal's name, the name that acts are noted under (empty: as the asker says), and a contractor's unit."""

    uid: int
    role: str
    person: str
    name: str = ""
    unit: str = ""


class Door:
    """Asks the service in somebody's name. Usable from several threads."""

    def __init__(self, service: Service, sign_in: SignIn | None = None) -> None:
        self.service = service
        self._home, self._now = service._home, service._clock.now
        self._given = sign_in
        self._read: tuple[str, str, float] = ("", "", 0.0)
        self._changes = 0
        """Acts of persons that changed something: a screen that shows what another one changed looks again."""

    @functools.cached_property
    def sign_in(self) -> SignIn:
        """The sessions; made, and what they need loaded, when somebody first signs in."""
        from node.sign_in import SignIn

        return self._given or SignIn(self._home.database, self._now)

    # ------------------------------------------------------------ who

    def caller(self, uid: int, token: str = "", verb: str = "") -> Caller:
        """Who asks.

        Raises:
            SignInNeeded: this node has operators, and nobody of them is signed in.
        """
        if not operators.exist(self._home.database.read()):
            return Caller(uid, LOCAL, f"local:{uid}")
        if token:
            found = self.sign_in.who(token, uid, touch=verb not in _QUIET)
            if found.start_until is not None and verb not in _BEFORE:
                raise SignInNeeded("首次登录，请先改初始口令")
            return Caller(uid, found.role.value, found.number, found.person, found.unit)
        if uid in (0, os.geteuid()) or verb in _BEFORE:
            return Caller(uid, LOCAL, f"local:{uid}")
        raise SignInNeeded("本机已启用个人登录；请先登录（命令行加 --operator 工号）")

    def permit(self, uid: int, token: str, verb: str) -> None:
        """SignInNeeded or NotPermitted unless this caller may do that; noted in the journal either way by what does it."""
        self._permit(self.caller(uid, token, verb), verb, "")

    def _permit(self, caller: Caller, verb: str, act: str) -> None:
        if not operators.exist(self._home.database.read()):
            return
        if not may(caller.role, verb, act):
            if caller.role == LOCAL:
                raise SignInNeeded("此操作须由操作员本人办理；请先登录（命令行加 --operator 工号）")
            raise NotPermitted(f"“{OperatorRole(caller.role).label}”不能办理此项；请由有此职责的人员登录办理")

    # ------------------------------------------------------------ ask

    def ask(
        self,
        verb: str,
        given: Answer,
        bound: Callable[[Answer], Answer],
        *,
        uid: int,
        ceiling: Ceiling,
        token: str = "",
    ) -> Answer:
        """The answer of a verb of the service, or of the door's own.

        Args:
            bound: checks and types the arguments. ceiling: what this system user may sign in as.

        Raises:
            SignInNeeded, NotPermitted: by the table of roles. Whatever the verb raises.
        """
        if verb in OWN:
            return self._own(verb, given, uid, ceiling, token)
        caller = self.caller(uid, token, verb)
        act = str(given.get("act", ""))
        power = power_of(verb, act)
        noted = power is None or power in NOTED
        try:
            self._permit(caller, verb, act)
            scope = self._scope(caller)
            if scope is not None:
                given = scope.narrow(verb, given)
            given, beside = self._two(caller, verb, given, ceiling)
            given = bound(self._named(caller, verb, given))
            answer = (
                self._acted(caller, verb, given, power, beside) if noted else dict(getattr(self.service, verb)(**given))
            )
            self._changes += noted and power not in (Power.READ, Power.JOURNAL)
        except exit_code.EXPECTED as fault:
            if noted:
                self._note(caller, verb, given, fault)
            raise
        if verb == "capabilities":
            answer |= self._capable(caller)
        elif verb == "status":
            answer["acts"] = self._changes
        return scope.cut(verb, answer) if scope is not None else answer

    def _scope(self, caller: Caller) -> Any:
        if caller.role != OperatorRole.CONTRACTOR.value:
            return None
        from node.scoping import Scope

        return Scope(self._home.database.read(), caller.unit)

    def _named(self, caller: Caller, verb: str, given: Answer) -> Answer:
        """Acts of who has signed in are in that person's name, whatever was written."""
        if caller.name and verb != "search" and bears_name(getattr(self.service, verb)):
            return {**given, "by": caller.name}
        return given

    def _two(self, caller: Caller, verb: str, given: Answer, ceiling: Ceiling) -> tuple[Answer, Deed | None]:
        """Where two persons act: both names, the second's proved, and the second's act for the journal."""
        if verb not in ("clear", "profile_add"):
            return given, None
        # Here: few acts need two.
        from node import countersigning

        if verb == "profile_add":
            if caller.name:
                countersigning.check_standing(caller.role, given.get("text"))
            return given, None
        if not caller.name:
            countersigning.alone(given)
            return given, None
        return countersigning.countersigned(verb, given, caller, ceiling, self.sign_in, int(self._now()))

    def _acted(self, caller: Caller, verb: str, given: Answer, power: Power | None, beside: Deed | None) -> Answer:
        """Do it; the act is committed with the first thing that it changes, else before it is answered."""
        # Here: what is only looked at is not written down.
        from holdings import journal
        from node.sign_in import deed

        subject, now = _subject(given), self._now()
        mine = deed(
            int(now), caller.person, caller.role, caller.uid, verb, note=_note_of(caller, given), subject=subject
        )
        if power in (Power.READ, Power.JOURNAL):
            before, self._read = self._read, (caller.person, f"{verb} {subject}", now)
            if before[:2] == self._read[:2] and 0 <= now - before[2] < _READ_AGAIN_S:
                return dict(getattr(self.service, verb)(**given))

        def write(connection: apsw.Connection) -> None:
            journal.add(connection, mine)
            if beside is not None:
                journal.add(connection, beside)

        with self._home.database.witnessed(write):
            # A crash in here leaves the act undone and not noted, or done and noted.
            return dict(getattr(self.service, verb)(**given))

    def _note(self, caller: Caller, verb: str, given: Answer, fault: Exception) -> None:
        from holdings import journal
        from holdings.journal import Outcome
        from node.sign_in import deed
        from sync.errors import StoreError

        outcome = Outcome.REFUSED if exit_code.of(fault) in (1, 2) else Outcome.FAILED
        mine = deed(
            int(self._now()),
            caller.person,
            caller.role,
            caller.uid,
            verb,
            outcome,
            type(fault).__name__,
            _subject(given),
        )
        try:
            with self._home.database.transaction() as connection:
                journal.add(connection, mine)
        except StoreError:
            # No room to write it down: nothing was done either, and the first error must come through.
            return

    # ------------------------------------------------------------ the door's own

    def _own(self, verb: str, given: Answer, uid: int, ceiling: Ceiling, token: str) -> Answer:
        known = {name: value for name, value in given.items() if isinstance(value, str)}
        try:
            match verb:
                case "operator_sign_in":
                    opened, found = self.sign_in.open(known["number"], known["password"], uid, ceiling)
                    return {"token": opened, **told(found)}
                case "operator_password":
                    return told(self.sign_in.change(token, uid, known["old"], known["new"]))
                case "operator_sign_out":
                    self.sign_in.close(token, uid)
                    return {}
                case _:
                    return told(self.sign_in.who(token, uid, touch=False))
        except KeyError as fault:
            raise NodeError(f"参数不对：缺少 {fault}；请补上") from fault

    def _capable(self, caller: Caller) -> Answer:
        """What this caller may ask, and whether this node signs in."""
        if not operators.exist(self._home.database.read()):
            return {"operators": False, "role": LOCAL}
        from node.service import verbs

        return {"operators": True, "role": caller.role, "verbs": sorted(verbs_of(caller.role) & verbs())}


def bears_name(method: Callable[..., object]) -> bool:
    """Has a verb an argument for the name of who acts?"""
    return "by" in getattr(method, "__annotations__", {})


def told(found: Operator) -> Answer:
    """An operator as JSON."""
    return {
        **asdict(found),
        "role": found.role.value,
        "role_label": found.role.label,
        "state": found.state.value,
        "state_label": found.state.label,
    }


def _subject(given: Answer) -> str:
    """What an act is about: codes, numbers and places, never a title."""
    return " ".join(f"{name}:{given[name]}" for name in _SUBJECTS if given.get(name))


def _note_of(caller: Caller, given: Answer) -> str:
    """In whose name a system's user says to act; who has signed in needs no such word."""
    return f"by {given['by']}" if not caller.name and isinstance(given.get("by"), str) and given["by"] else ""
