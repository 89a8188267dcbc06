"""Who may use the hub's pages: roles, their powers, and the rules of names and passwords (GB/T 22239-2019 8.1.4.1, 8.1.4.2). Pure.

The three officers are kept apart (三员分立): an account has one role for life, each act of administration belongs to one officer's role, and the officer who
makes an account is not the one who gives it rights. Text that people see is Chinese, marked for translation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import Enum, StrEnum
from itertools import islice
from typing import Final

from msgspec import Struct

from holdings.access import UNITS_MAX, Access, Caller, Secrecy, access_of
from holdings.access import Role as Reader
from holdings.errors import Worded
from holdings.language import mark
from holdings.password import LEAST, MOST, SENTENCE, PasswordFault, fault_of, normal
from holdings.reference_code import match_key
from hub.errors import NotAllowed

NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")
PERSON_MAX: Final = 64


class Role(StrEnum):
    """What an account is for; the value stands in the database and the journal."""

    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"
    ARCHIVIST = "archivist"
    AGENCY = "agency"

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return _LABELS[self]


_LABELS: Final = {
    Role.SYSTEM: mark("系统管理员"),
    Role.SECURITY: mark("安全保密管理员"),
    Role.AUDIT: mark("安全审计员"),
    Role.ARCHIVIST: mark("业务人员"),
    Role.AGENCY: mark("机关用户"),
}
OFFICERS: Final = frozenset({Role.SYSTEM, Role.SECURITY, Role.AUDIT})


class State(StrEnum):
    """How an account is."""

    PENDING = "pending"
    ACTIVE = "active"
    LOCKED = "locked"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return _STATES[self]


_STATES: Final = {
    State.PENDING: mark("待授权"),
    State.ACTIVE: mark("正常"),
    State.LOCKED: mark("已锁定"),
    State.CLOSED: mark("已注销"),
}


class Power(Enum):
    """An act of administration."""

    LIST = "list"
    ADD = "add"
    AUTHORISE = "authorise"
    LOCK = "lock"
    UNLOCK = "unlock"
    RESET = "reset"
    CLOSE = "close"
    SIGN_OUT = "sign-out"
    JOURNAL = "journal"


POWERS: Final[dict[Power, frozenset[Role]]] = {
    Power.LIST: frozenset({Role.SYSTEM, Role.SECURITY, Role.AUDIT}),
    Power.ADD: frozenset({Role.SYSTEM}),
    Power.AUTHORISE: frozenset({Role.SECURITY}),
    Power.LOCK: frozenset({Role.SYSTEM, Role.SECURITY}),
    Power.UNLOCK: frozenset({Role.SECURITY}),
    Power.RESET: frozenset({Role.SECURITY}),
    Power.CLOSE: frozenset({Role.SYSTEM}),
    Power.SIGN_OUT: frozenset({Role.SYSTEM, Role.SECURITY}),
    Power.JOURNAL: frozenset({Role.AUDIT}),
}
"""Who makes an account cannot give it a password, who gives passwords cannot make one, and who reads the journal can do neither."""

LOCAL: Final = "local"
"""The role in the journal of who works on the machine itself (the hub's socket, DESIGN §7); it begins the house and mends it, and the auditor sees it."""


class Stage(StrEnum):
    """How far a session has come; only FULL opens pages."""

    FACTOR = "factor"
    CHANGE = "change"
    ENROL = "enrol"
    FULL = "full"


class Rights(Struct, frozen=True):
    """What an account is given: the person's own unit in words, the nodes and fonds that are its business, and the highest 密级."""

    unit: str
    holders: tuple[str, ...] = ()
    fonds: tuple[str, ...] = ()
    level: Secrecy = Secrecy.NONE


class Account(Struct, frozen=True):
    """An account without its secrets; times in seconds UTC. `start_until` None: the password is the person's own."""

    number: int
    name: str
    person: str
    role: Role
    rights: Rights
    state: State
    password_set: int
    start_until: int | None
    failures: int
    barred_until: int
    has_totp: bool
    created: int
    created_by: str
    last_in: int | None
    last_address: str


_READERS: Final = {Role.ARCHIVIST: Reader.STAFF, Role.AGENCY: Reader.READER}


def access(account: Account) -> Access:
    """Which records an account may see, by `holdings.access` alone; the three officers see none at all."""
    reader, rights = _READERS.get(account.role), account.rights
    if reader is None or account.state is not State.ACTIVE:
        return Access.none()
    return access_of(Caller(reader, rights.holders, rights.fonds, rights.level))


class Actor(Struct, frozen=True):
    """Who acts: an account's name (or `local:UID`), its role, and where from."""

    name: str
    role: str
    address: str


class AccountRefused(Worded, NotAllowed):
    """What was asked of an account may not be."""


def may(role: str, power: Power) -> bool:
    """May this role do that? The machine's own operator may, and stands in the journal."""
    return role == LOCAL or any(role == allowed.value for allowed in POWERS[power])


def folded(name: str) -> str:
    """A login name as it is kept: two keyboards may spell one in two ways; at most 64 characters are looked at."""
    return unicodedata.normalize("NFKC", name[:64]).strip().casefold()


def check_name(name: str) -> str:
    """The folded name of a new account; AccountRefused unless it is a letter and 1 to 31 letters, digits, . _ -."""
    name = folded(name)
    if not NAME.fullmatch(name):
        raise AccountRefused(mark("登录名须以小写字母开头，2 至 32 个小写字母、数字或 . _ - 。"))
    return name


def check_person(person: str) -> str:
    """A person's or a unit's name without blanks around it; AccountRefused when it is empty, longer than 64 characters or not printable."""
    person = unicodedata.normalize("NFC", person[: 4 * PERSON_MAX]).strip()
    if not 1 <= len(person) <= PERSON_MAX or not person.isprintable():
        raise AccountRefused(mark("姓名、单位须为 1 至 {most} 个可见字。"), most=PERSON_MAX)
    return person


def check_rights(unit: str, holders: Iterable[str] = (), fonds: Iterable[str] = (), level: int = 0) -> Rights:
    """Rights as they are kept: blanks gone, fonds as match keys, nothing twice; AccountRefused when a name is none or there are more than 64."""
    names, keys = (
        sorted({check_person(name) for name in islice(given, 2 * UNITS_MAX) if name.strip()})
        for given in (holders, fonds)
    )
    if max(len(names), len(keys)) > UNITS_MAX:
        raise AccountRefused(mark("一个账号至多 {most} 个节点、{most} 个全宗。"), most=UNITS_MAX)
    try:
        secrecy = Secrecy(level)
    except ValueError as fault:
        raise AccountRefused(mark("密级应为无密级、秘密、机密、绝密之一。")) from fault
    return Rights(check_person(unit), tuple(names), tuple(dict.fromkeys(match_key(key) for key in keys)), secrecy)


def check_password(password: str, name: str, person: str) -> str:
    """The password in its normal form; AccountRefused names the rule that it breaks."""
    password = normal(password)
    if (fault := fault_of(password, name, person)) is not None:
        text, values = _PASSWORD_RULES[fault]
        raise AccountRefused(text, **values)
    return password


_PASSWORD_RULES: Final[dict[PasswordFault, tuple[str, dict[str, int]]]] = {
    PasswordFault.LENGTH: (mark("口令须为 {least} 至 {most} 个字符。"), {"least": LEAST, "most": MOST}),
    PasswordFault.NAMED: (mark("口令中不得有登录名或姓名。"), {}),
    PasswordFault.GUESSABLE: (mark("口令太容易猜到：请不要用常见的词、重复或相连的字符。"), {}),
    PasswordFault.KINDS: (
        mark("口令须有小写字母、大写字母、数字、其他字符中的三种，或用 {length} 字以上的一句话。"),
        {"length": SENTENCE},
    ),
}
