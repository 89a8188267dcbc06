"""Who works at a node: operators with personal sign-in, their roles, and what a system account may sign in as (GB/T 22239-2019 8.1.4.1, 8.1.4.2). Pure.

An operator has one role for life, and the roles are kept apart: who makes operators handles no records, who reads the journal changes nothing, and a
contractor's staff judges no work.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Final

from msgspec import Struct

from holdings.errors import OperatorMustAct
from holdings.expression import expression
from holdings.language import mark
from holdings.password import LEAST, MOST, SENTENCE, PasswordFault, fault_of, normal

NUMBER: Final = expression(r"[0-9a-z][0-9a-z._-]{0,15}")
"""工号 as it is kept: folded, 1 to 16 signs."""
PERSON_MAX: Final = 32
START_DAYS: Final = 3
LOCK_AFTER, LOCK_MINUTES = 5, 10
"""So many wrong passwords in a row bar an operator for so many minutes."""
IDLE_MINUTES, SESSION_HOURS = 30, 12
OPERATORS_MAX: Final = 500


class OperatorRole(StrEnum):
    """What an operator is for; the value stands in the database and the journal."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    CONTRACTOR = "contractor"
    ADMIN = "admin"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return _LABELS[self]


_LABELS: Final = {
    OperatorRole.OPERATOR: mark("操作员"),
    OperatorRole.REVIEWER: mark("复核员"),
    OperatorRole.CONTRACTOR: mark("加工单位人员"),
    OperatorRole.ADMIN: mark("管理员"),
    OperatorRole.AUDITOR: mark("审计员"),
}
LOCAL: Final = "local"
"""The role in the journal of who works without signing in, as a user of the system: everybody at a node without operators, the machine's own user at others."""


class OperatorState(StrEnum):
    """How an operator is."""

    ACTIVE = "active"
    DISABLED = "disabled"

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return {OperatorState.ACTIVE: mark("正常"), OperatorState.DISABLED: mark("已停用")}[self]


class OperatorRefused(OperatorMustAct):
    """What was asked of an operator, or by one, may not be; the text is Chinese with the remedy."""


class Operator(Struct, frozen=True):
    """An operator without the password; times in seconds UTC.

    `unit` is the 加工单位 of a contractor's staff; `start_until` None once the password is the person's own.
    """

    number: str
    person: str
    role: OperatorRole
    unit: str
    state: OperatorState
    password_set: int
    start_until: int | None
    failures: int
    barred_until: int
    created: int
    created_by: str
    last_in: int | None


class Ceiling(StrEnum):
    """What a user of the system may sign in as, by its uid."""

    ANY = "any"
    """The machine's own user and root, and members of group jindang-admin."""
    STAFF = "staff"
    """Members of group jindang: every role but the administrator's."""
    CONTRACTOR = "contractor"
    """Members of group jindang-contractor, whatever else they are members of."""

    def allows(self, role: OperatorRole) -> bool:
        """May somebody of that role sign in here?"""
        match self:
            case Ceiling.ANY:
                return True
            case Ceiling.STAFF:
                return role is not OperatorRole.ADMIN
            case Ceiling.CONTRACTOR:
                return role is OperatorRole.CONTRACTOR


def folded(number: str) -> str:
    """A 工号 as it is kept; at most 64 characters are looked at."""
    return unicodedata.normalize("NFKC", number[:64]).strip().casefold()


def check_number(number: str) -> str:
    """The folded 工号 of a new operator; OperatorRefused unless it is 1 to 16 letters, digits, . _ -."""
    found = folded(number)
    if not NUMBER.fullmatch(found):
        raise OperatorRefused("工号须为 1 至 16 个字母、数字或 . _ -，以字母或数字开头；请重填")
    return found


def check_person(person: str, unit: str, role: OperatorRole) -> tuple[str, str]:
    """(name, unit) without blanks around them; OperatorRefused when the name is none, or a contractor's staff has no unit."""
    name, firm = (unicodedata.normalize("NFC", text[: 4 * PERSON_MAX]).strip() for text in (person, unit))
    if not 1 <= len(name) <= PERSON_MAX or not name.isprintable() or len(firm) > PERSON_MAX or not firm.isprintable():
        raise OperatorRefused(f"姓名须为 1 至 {PERSON_MAX} 个可见字，加工单位不超过 {PERSON_MAX} 字；请重填")
    if (role is OperatorRole.CONTRACTOR) is not bool(firm):
        raise OperatorRefused("加工单位人员须写明加工单位（与批次上所写一致），其他角色不写；请重填")
    return name, firm


_PASSWORD: Final = {
    PasswordFault.LENGTH: f"口令须为 {LEAST} 至 {MOST} 个字符；请重填",
    PasswordFault.NAMED: "口令中不得有工号或姓名；请重填",
    PasswordFault.GUESSABLE: "口令太容易猜到；请不要用常见的词、重复或相连的字符",
    PasswordFault.KINDS: f"口令须有小写字母、大写字母、数字、其他字符中的三种；请重填，或用 {SENTENCE} 字以上的一句话",
}


def check_password(password: str, number: str, person: str) -> str:
    """The password in its normal form; OperatorRefused names the rule that it breaks."""
    password = normal(password)
    # A 工号 of one or two signs stands in many a good password.
    if (fault := fault_of(password, number if len(number) > 2 else "\0", person)) is not None:
        raise OperatorRefused(_PASSWORD[fault])
    return password
