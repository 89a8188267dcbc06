"""Who may write a record: exactly one party, or nobody while it goes over (format.md §18). Pure.

A record's custody is a fold over two logs that are each written by one party. Every act names the turn it starts from, and at each turn one party alone may
act; so an act that is repeated, late, early, foreign or about another version changes nothing, and no two views of the logs give two holders.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import Final, NewType

from msgspec import Struct

Party = NewType("Party", bytes)
"""The log_id of a node or hub, 32 bytes."""

HELD_HERE, HELD_AT_HUB, HELD_AT_NODE, GOING_OVER = "本馆保管", "市馆保管", "区县馆保管", "移交中"


class CustodyState(Enum):
    """Where a record stands."""

    HELD = "保管"
    IN_TRANSIT = "移交中"


class ActKind(IntEnum):
    """What may be done about custody."""

    RELEASE = 1
    """移出保管: the holder lets go of a record, to the one it names."""
    ACCEPT = 2
    """接收: the one it was let go to takes it."""
    RETURN = 3
    """退回: the one it was let go to gives it back."""
    GRANT = 4
    """交回保管: a hub lets go of a record, to the node it names."""

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("移出保管", "接收", "退回", "交回保管")[self.value - 1]


_LETS_GO: Final = frozenset({ActKind.RELEASE, ActKind.GRANT})


class CustodyAct(Struct, frozen=True):
    """One act about one record.

    `turn` is the one it starts from; `version` the version that is let go, taken or given back; `by` is who signed it; `to` only of release and grant.
    """

    kind: ActKind
    turn: int
    version: int
    by: Party
    to: Party | None = None


class Holding(Struct, frozen=True):
    """Who holds a record after `turn` acts.

    `holder` is None while it is in transit; then `giver`, `taker` and `version` say from whom, to whom and which version.
    """

    turn: int
    holder: Party | None
    giver: Party | None = None
    taker: Party | None = None
    version: int = 0

    @property
    def state(self) -> CustodyState:
        """HELD or IN_TRANSIT."""
        return CustodyState.IN_TRANSIT if self.holder is None else CustodyState.HELD

    def may_write(self, party: Party) -> bool:
        """May this party make a new version?"""
        return self.holder == party

    def label(self, viewer: Party, hub: Party) -> str:
        """What the viewer's screens call it: 本馆保管, 市馆保管, 区县馆保管 or 移交中."""
        if self.holder is None:
            return GOING_OVER
        if self.holder == viewer:
            return HELD_HERE
        return HELD_AT_HUB if self.holder == hub else HELD_AT_NODE


class Effect(Enum):
    """What an act did."""

    DONE = "有效"
    REPEATED = "重复"
    """Of a turn that is over: it was done before, or came too late."""
    EARLY = "尚早"
    """Of a turn that is not yet there: an act between is missing."""
    NOT_ENTITLED = "无权"
    """By a party that may not act at this turn."""
    OUT_OF_PLACE = "不符"
    """Not what can be done here: another kind, another version, or given to oneself or nobody."""


def held_by(writer: Party) -> Holding:
    """How custody begins: with the first writer of a record."""
    return Holding(0, writer)


def apply(holding: Holding, act: CustodyAct) -> tuple[Holding, Effect]:
    """The holding after an act, and what the act did; the same holding unless the effect is DONE."""
    if act.turn != holding.turn:
        return holding, Effect.REPEATED if act.turn < holding.turn else Effect.EARLY
    entitled = holding.taker if holding.holder is None else holding.holder
    if act.by != entitled:
        return holding, Effect.NOT_ENTITLED
    after = _let_go(holding, act) if holding.holder is not None else _ended(holding, act)
    return (holding, Effect.OUT_OF_PLACE) if after is None else (after, Effect.DONE)


def _let_go(holding: Holding, act: CustodyAct) -> Holding | None:
    if act.kind not in _LETS_GO or act.to is None or act.to == act.by or act.version < 1:
        return None
    return Holding(holding.turn + 1, None, holding.holder, act.to, act.version)


def _ended(holding: Holding, act: CustodyAct) -> Holding | None:
    if act.version != holding.version or act.kind in _LETS_GO:
        return None
    return Holding(holding.turn + 1, holding.taker if act.kind is ActKind.ACCEPT else holding.giver)


def fold(start: Holding, acts: Iterable[CustodyAct]) -> Holding:
    """The holding after the acts of both logs, in whatever order they were read: each is put in the place of its turn."""
    holding = start
    # Of several acts of one turn only one is by the party whose turn it is and fits; where that party signed two, the first in its log counts (sort is stable).
    for act in sorted(acts, key=lambda one: one.turn):
        holding, _ = apply(holding, act)
    return holding
