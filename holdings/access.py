"""Who may see what 访问范围; pure.

A caller (role, units, ceiling of secrecy) becomes an `Access`, which every search, suggestion, facet and fetch takes as a
required argument and applies inside its query. Rows that are gone, versions that were superseded and records that ended
or are void belong to nobody's access: no value of this module shows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import Final

from msgspec import Struct

from holdings.security import parse_mark

UNITS_MAX: Final = 64  # units or fonds of one clause: a tier's districts, a person's fonds


class Secrecy(IntEnum):
    """密级 in order; what cannot be read counts as the highest (DESIGN §3)."""

    NONE = 0
    SECRET = 1
    CONFIDENTIAL = 2
    TOP = 3

    @property
    def label(self) -> str:
        """As a mark writes it."""
        return ("无密级", "秘密", "机密", "绝密")[self.value]


_LEVELS: Final = {"秘密": Secrecy.SECRET, "机密": Secrecy.CONFIDENTIAL, "绝密": Secrecy.TOP}


class Opening(Enum):
    """Whether people may see a record 开放状态."""

    OPEN = "开放"
    CONTROLLED = "控制"
    DEFERRED = "延期开放"
    UNREVIEWED = "未审核"


_OPEN: Final = frozenset({"开放", "已开放", "是", "1", "公开", "主动公开"})
_CONTROLLED: Final = frozenset({"控制", "不开放", "控制使用", "否", "0", "未开放", "不予开放"})


def secrecy_of(mark: str | None) -> Secrecy:
    """The rank of a 密级 cell."""
    if not mark:
        return Secrecy.NONE
    read = parse_mark(mark)
    if not read.counts_as_classified:
        return Secrecy.NONE
    return _LEVELS.get(read.level, Secrecy.TOP)


def opening_of(text: str | None) -> Opening:
    """The state of a 开放状态 cell; what is not understood is not open."""
    if not text:
        return Opening.UNREVIEWED
    if text in _OPEN:
        return Opening.OPEN
    if "延" in text:
        return Opening.DEFERRED
    return Opening.CONTROLLED if text in _CONTROLLED else Opening.UNREVIEWED


class Facts(Struct, frozen=True):
    """What of a record or row decides who may see it. `holder`: node name, blank: this site; `fonds`: match key."""

    holder: str
    fonds: str
    secrecy: Secrecy
    opening: Opening


class Clause(Struct, frozen=True):
    """What one right shows. None: of every holder, every fonds. `opened`: only what is open to people."""

    opened: bool = False
    holders: frozenset[str] | None = None
    fonds: frozenset[str] | None = None
    ceiling: Secrecy = Secrecy.NONE

    def allows(self, facts: Facts) -> bool:
        """Whether this right shows something."""
        return (
            facts.secrecy <= self.ceiling
            and (not self.opened or facts.opening is Opening.OPEN)
            and (self.holders is None or facts.holder in self.holders)
            and (self.fonds is None or facts.fonds in self.fonds)
        )


class Access(Struct, frozen=True):
    """What a caller may see: whatever one of the clauses shows. No clause: nothing."""

    clauses: tuple[Clause, ...] = ()

    @staticmethod
    def whole() -> Access:
        """Everything that stands: the operator of an own node, and the hub's own commands."""
        return _WHOLE

    @staticmethod
    def none() -> Access:
        """Nothing at all."""
        return Access()

    @property
    def is_whole(self) -> bool:
        """Whether nothing that stands is kept back."""
        return any(clause == Clause(ceiling=Secrecy.TOP) for clause in self.clauses)

    def allows(self, facts: Facts) -> bool:
        """Whether the caller may see something."""
        return any(clause.allows(facts) for clause in self.clauses)


_WHOLE: Final = Access((Clause(ceiling=Secrecy.TOP),))


class Role(Enum):
    """What somebody is to the archive."""

    STAFF = "馆员"
    """Sees the units given (all when none are), open or not, up to the ceiling."""
    READER = "查档者"
    """Sees what is open, and of the units and fonds given what is not, up to the ceiling."""
    PUBLIC = "公众"
    """Sees what is open and bears no mark; a ceiling or unit that was given by mistake counts for nothing."""


class Caller(Struct, frozen=True):
    """Somebody who asks. `units`: node names (blank name: this site itself); `fonds`: match keys; both at most 64."""

    role: Role
    units: tuple[str, ...] = ()
    fonds: tuple[str, ...] = ()
    ceiling: Secrecy = Secrecy.NONE


def access_of(caller: Caller) -> Access:
    """The access of a caller. ValueError above the bounds."""
    if max(len(caller.units), len(caller.fonds)) > UNITS_MAX:
        raise ValueError(f"at most {UNITS_MAX} units and fonds of one caller")
    public = Clause(opened=True)
    if caller.role is Role.PUBLIC:
        return Access((public,))
    own = Clause(holders=_among(caller.units), fonds=_among(caller.fonds), ceiling=caller.ceiling)
    if caller.role is Role.STAFF:
        return Access((own,))
    return Access((public, own)) if caller.units or caller.fonds else Access((public,))


def by_request(allowed: frozenset[int], number: int, ceiling: Secrecy) -> Access:
    """What an approved reading request 利用登记 shows beside the caller's rights: the record with that id in the index, where it is among those
    allowed, never above the ceiling; for a fetch of that one record, never for a search."""
    return Access((Clause(ceiling=ceiling),)) if number in allowed else Access.none()


def _among(names: Iterable[str]) -> frozenset[str] | None:
    return frozenset(names) or None
