"""The gate: what may be sealed. The sole maker of `Cleared`, the value that sealing takes; pure.

Unknown is held: no row, no 密级 column, no 保密审查, an unreadable mark. One classified item holds its whole volume
(DESIGN §3).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Final, NoReturn, final

from msgspec import Struct

from holdings.errors import OurFault
from holdings.findings import FindingCode
from holdings.record import MARK, NUMBER, TITLE, VOLUME_TITLE, Clearance, Description, Row, RowState, security_mark
from holdings.secrecy_words import judges_number, judges_title
from holdings.security import MarkKind, SiteClass, parse_mark

_OURS: Final = object()
"""Proof that a `Cleared` comes from this module."""


class HeldReason(Enum):
    """Why a record waits; each is a finding with its rule and remedy."""

    NO_ROW = FindingCode.NO_ROW
    ROW_DUPLICATE = FindingCode.ROW_DUPLICATE
    NO_MARK_COLUMN = FindingCode.NO_MARK_COLUMN
    NO_CLEARANCE = FindingCode.NOT_CLEARED
    CLASSIFIED = FindingCode.CLASSIFIED
    VOLUME_CLASSIFIED = FindingCode.VOLUME_CLASSIFIED
    MARK_UNREADABLE = FindingCode.MARK_UNREADABLE

    @property
    def finding(self) -> FindingCode:
        """The finding that says this to people."""
        return self.value

    @property
    def rule(self) -> str:
        """The rule that holds the record, in Chinese."""
        return self.value.rule

    @property
    def remedy(self) -> str:
        """What a person has to do, in Chinese."""
        return self.value.remedy

    @property
    def secret(self) -> bool:
        """Whether reading of the files must stop at once: no digest, no thumbnail, no log line with a name."""
        return self in (HeldReason.CLASSIFIED, HeldReason.VOLUME_CLASSIFIED, HeldReason.MARK_UNREADABLE)


class Held(Struct, frozen=True):
    """A record that waits, and why."""

    reason: HeldReason


@final
class Cleared:
    """A description that passed the gate. Only this module can make one; it cannot be copied, pickled or subclassed."""

    __slots__ = ("_description",)
    _description: Description

    def __init__(self, description: Description, *, proof: object = None) -> None:
        """Refuse every maker but this module."""
        if proof is not _OURS:
            raise OurFault("only holdings.gate makes Cleared")
        object.__setattr__(self, "_description", description)

    @property
    def description(self) -> Description:
        """What the record's body will say."""
        return self._description

    def __init_subclass__(cls) -> NoReturn:
        """A subclass could make itself."""
        raise OurFault("Cleared has no subclasses")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """A verdict does not change."""
        raise OurFault("Cleared does not change")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """A verdict does not travel: whoever receives a record judges again."""
        raise OurFault("Cleared cannot be copied or pickled")

    def __repr__(self) -> str:
        """The code only, never a title."""
        return f"Cleared({self.description.reference_code!r})"


def judge(
    row: Row | None, clearance: Clearance | None, classified_volumes: AbstractSet[str], site: SiteClass
) -> Cleared | Held:
    """Judge a catalogue row before anything of its files is read.

    Args:
        row: what the catalogue says of the folder's code, None when nothing.
        clearance: the 保密审查 of the row's delivery, None while it waits; it lets pass only what was there when it
            was signed.
        classified_volumes: match keys of volumes with a classified item (catalogue.classified_volumes).
        site: on a classified site marks do not hold, row and clearance are asked for all the same.
    """
    if row is None:
        return Held(HeldReason.NO_ROW)
    if site is SiteClass.OPEN and (reason := _secret(row, classified_volumes)):
        return Held(reason)
    if row.state is RowState.GONE:
        return Held(HeldReason.NO_ROW)
    if row.state is RowState.DUPLICATE:
        return Held(HeldReason.ROW_DUPLICATE)
    if site is SiteClass.OPEN and not (row.has_mark_column and MARK in row.elements):
        return Held(HeldReason.NO_MARK_COLUMN)
    if clearance is None or not clearance.covers(row.changed):
        return Held(HeldReason.NO_CLEARANCE)
    return Cleared(Description(row.reference_code, row.level, dict(row.elements), row.delivery, clearance), proof=_OURS)


def judge_description(description: Description, site: SiteClass) -> Cleared | Held:
    """The vault's judgement of a record body it has opened: the same rules, as far as a body can show them."""
    mark = security_mark(description)
    if site is SiteClass.OPEN:
        if mark.kind is MarkKind.CLASSIFIED or _shows(description.elements):
            return Held(HeldReason.CLASSIFIED)
        if mark.kind is MarkKind.UNREADABLE:
            return Held(HeldReason.MARK_UNREADABLE)
        if MARK not in description.elements:
            return Held(HeldReason.NO_MARK_COLUMN)
    if not description.clearance.persons:
        return Held(HeldReason.NO_CLEARANCE)
    return Cleared(description, proof=_OURS)


def _secret(row: Row, classified_volumes: AbstractSet[str]) -> HeldReason | None:
    """Whether an open site must not touch the record at all.

    The elements are read again: a mark kept beside them proves nothing.
    """
    marks = (row.mark, parse_mark(row.elements.get(MARK)).kind)
    if MarkKind.CLASSIFIED in marks or _shows(row.elements):
        return HeldReason.CLASSIFIED
    if MarkKind.UNREADABLE in marks:
        return HeldReason.MARK_UNREADABLE
    if row.volume is not None and row.volume in classified_volumes:
        return HeldReason.VOLUME_CLASSIFIED
    return None


def _shows(elements: Mapping[str, str]) -> bool:
    """Whether title or document number bear a mark such as 机密★10年. A level's bare word is the profile's affair, when
    the sheet is read."""
    return (
        judges_title(elements.get(TITLE, ""))
        or judges_title(elements.get(VOLUME_TITLE, ""))
        or judges_number(elements.get(NUMBER, ""))
    )
