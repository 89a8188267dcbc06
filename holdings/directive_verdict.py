"""Directives about what was handed over: returned, accepted, granted, and how a link hands over (format.md §17). Pure."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from msgspec import Struct

from crypto import cbor
from holdings.directive_entry import Subject
from holdings.directive_text import NAME_MAX, NOTE_MAX, Word, at_most, code_of, date_of, text_of, word_of
from holdings.errors import DirectiveUnreadable

ACCEPTED_MAX, RETURNED_MAX = 256, 64
"""Records of one directive; more are several directives."""
FAULTS_MAX, RANGES_MAX = 16, 64
PAGE_MAX: Final = 20_000
ROUND_MAX: Final = 999


class HandOver(IntEnum):
    """How records go from a node to its hub (DESIGN §3)."""

    REPORT = 1
    TRANSFER = 2

    @property
    def label(self) -> str:
        """报送 (custody stays) or 移交 (custody goes over)."""
        return ("报送", "移交")[self.value - 1]


class ReturnFault(Struct, frozen=True):
    """Why a record comes back: a code of the list of reasons, the pages (first, last; from 1 through the pages of the version's parts, format.md §17), a remark."""

    code: str
    pages: tuple[tuple[int, int], ...] = ()
    note: str = ""

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        said: dict[int, Any] = {1: code_of(self.code)}
        if self.pages:
            said[2] = [_range(one) for one in at_most(self.pages, RANGES_MAX)]
        return {**said, 3: text_of(self.note, NOTE_MAX)} if self.note else said

    @classmethod
    def from_map(cls, value: object) -> ReturnFault:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(value, {1: str}, {2: list, 3: str}, name="fault")
        ranges = [cbor.take_list(one, [int, int]) for one in cbor.take_array(f.get(2, []), list, at_most=RANGES_MAX)]
        return cls(code_of(f[1]), tuple(_range((a, b)) for a, b in ranges), text_of(f.get(3, ""), NOTE_MAX))


class ReturnedRecord(Struct, frozen=True):
    """One record that comes back, in one version, with 1 to 16 faults."""

    subject: Subject
    faults: tuple[ReturnFault, ...]

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        faults = [one.to_map() for one in at_most(self.faults, FAULTS_MAX, 1)]
        return {1: self.subject.record, 2: self.subject.version, 3: self.subject.turn, 4: faults}

    @classmethod
    def from_map(cls, value: object) -> ReturnedRecord:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(value, {1: cbor.ID16, 2: int, 3: int, 4: list}, name="returned record")
        faults = cbor.take_array(f[4], dict, at_least=1, at_most=FAULTS_MAX)
        return cls(Subject.from_list([f[1], f[2], f[3]]), tuple(map(ReturnFault.from_map, faults)))


class Returned(Struct, frozen=True):
    """退回整改: records of a delivery come back, round and due date (YYYY-MM-DD, or empty) named; with TRANSFER their custody too."""

    handover: HandOver
    delivery: str
    round: int
    due: str
    word: Word
    records: tuple[ReturnedRecord, ...]
    note: str = ""

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        records = [one.to_map() for one in at_most(self.records, RETURNED_MAX, 1)]
        return {**_verdict(self), **({4: date_of(self.due)} if self.due else {}), 7: records}

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> Returned:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {**_VERDICT, 7: list}, {4: str, 8: str}, name="returned")
        records = cbor.take_array(f[7], dict, at_least=1, at_most=RETURNED_MAX)
        return cls(
            HandOver(f[1]),
            text_of(f[2], NAME_MAX),
            _round(f[3]),
            date_of(f.get(4, "")),
            word_of(f),
            tuple(map(ReturnedRecord.from_map, records)),
            _note(f),
        )


class Accepted(Struct, frozen=True):
    """验收通过: records of a delivery are taken; with TRANSFER the hub holds them from now on."""

    handover: HandOver
    delivery: str
    round: int
    word: Word
    subjects: tuple[Subject, ...]
    note: str = ""

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        return {**_verdict(self), 7: [one.to_list() for one in at_most(self.subjects, ACCEPTED_MAX, 1)]}

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> Accepted:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {**_VERDICT, 7: list}, {8: str}, name="accepted")
        return cls(HandOver(f[1]), text_of(f[2], NAME_MAX), _round(f[3]), word_of(f), _subjects(f[7]), _note(f))


class Grant(Struct, frozen=True):
    """交回保管: the hub lets go of records to the node, which takes or declines them."""

    subjects: tuple[Subject, ...]
    reason: str
    word: Word

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        return {
            4: text_of(self.reason),
            **self.word.to_map(),
            7: [one.to_list() for one in at_most(self.subjects, ACCEPTED_MAX, 1)],
        }

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> Grant:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {4: str, 5: str, 6: int, 7: list}, name="grant")
        return cls(_subjects(f[7]), text_of(f[4]), word_of(f))


class Link(Struct, frozen=True):
    """交接方式: whether this node reports or transfers, from now on."""

    handover: HandOver
    word: Word

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §17."""
        return {1: int(self.handover), **self.word.to_map()}

    @classmethod
    def from_map(cls, f: dict[int, Any]) -> Link:
        """From the map; CryptoError or DirectiveUnreadable."""
        f = cbor.take_map(f, {1: int, 5: str, 6: int}, name="link")
        return cls(HandOver(f[1]), word_of(f))


_VERDICT: Final[dict[int, cbor.Field]] = {1: int, 2: str, 3: int, 5: str, 6: int}


def _verdict(body: Returned | Accepted) -> dict[int, Any]:
    said = {1: int(body.handover), 2: text_of(body.delivery, NAME_MAX), 3: _round(body.round), **body.word.to_map()}
    return {**said, 8: text_of(body.note, NOTE_MAX)} if body.note else said


def _note(f: dict[int, Any]) -> str:
    return text_of(f.get(8, ""), NOTE_MAX)


def _round(value: int) -> int:
    if not 1 <= value <= ROUND_MAX:
        raise DirectiveUnreadable(f"轮次应为 1 至 {ROUND_MAX}（format.md §17）")
    return value


def _subjects(value: object) -> tuple[Subject, ...]:
    return tuple(map(Subject.from_list, cbor.take_array(value, list, at_least=1, at_most=ACCEPTED_MAX)))


def _range(pages: tuple[int, int]) -> tuple[int, int]:
    first, last = pages
    if not 1 <= first <= last <= PAGE_MAX:
        raise DirectiveUnreadable("页码范围应为 [起页, 止页]，从 1 起（format.md §17）")
    return first, last
