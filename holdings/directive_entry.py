"""Bodies of the entries by which hub and node deal with custody and directives: directive, release, ack (format.md §17, §18). Pure.

What is confidential in them is sealed; sealing and opening are the caller's.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from msgspec import Struct

from crypto import cbor
from crypto.errors import CryptoError
from holdings.directive_text import person_of, seconds_of, text_of
from holdings.errors import DirectiveUnreadable
from sync.entry import ZERO, Entry, EntryKind

BODY_MAX: Final = 12 * 1024
"""Bytes of a body before it is sealed: an entry of 16 KiB holds it with its head (format.md §14)."""
SEALED_MAX: Final = BODY_MAX + 2_048
RELEASED_MAX: Final = 400


class Result(IntEnum):
    """What became of a directive at its node."""

    WAITING = 1
    APPLIED = 2
    CANNOT = 3
    SKIPPED = 4
    DECLINED = 5
    STOPPED = 6

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("待执行", "已执行", "不能执行", "已略过", "不采纳", "已停止")[self.value - 1]

    @property
    def is_final(self) -> bool:
        """Is nothing more to be said of it?"""
        return self not in (Result.WAITING, Result.STOPPED)


class Subject(Struct, frozen=True):
    """A record in one version, and the turn of its custody an act starts from (0: custody is not touched)."""

    record: bytes
    version: int
    turn: int = 0

    def to_list(self) -> list[Any]:
        """[record id, version, turn]."""
        return [self.record, self.version, self.turn]

    @classmethod
    def from_list(cls, value: object) -> Subject:
        """From [record id, version, turn]; CryptoError or DirectiveUnreadable."""
        record, version, turn = cbor.take_list(value, [cbor.ID16, int, int], name="subject")
        if version < 1:
            raise DirectiveUnreadable("版本号应从 1 起（format.md §17）")
        return cls(record, version, turn)


class DirectiveEntry(Struct, frozen=True):
    """A directive as its entry says it: for whom, its place among those for the same node, and the sealed body.

    `kind` may be one that this program does not know. `mark`, 16 bytes or none: by which the hub knows its own wish again.
    """

    to: bytes
    dseq: int
    dprev: bytes
    kind: int
    critical: bool
    sealed: bytes
    mark: bytes = b""

    def to_map(self) -> dict[int, Any]:
        """The body of the entry."""
        body: dict[int, Any] = {1: self.to, 2: self.dseq, 3: self.dprev, 4: self.kind, 5: self.critical, 6: self.sealed}
        return {**body, 7: self.mark} if self.mark else body


def read_directive(entry: Entry) -> DirectiveEntry:
    """Decode the body of an entry of kind directive; DirectiveUnreadable when it is malformed."""
    f = _fields(
        entry, EntryKind.DIRECTIVE, {1: cbor.ID32, 2: int, 3: cbor.ID32, 4: int, 5: bool, 6: bytes}, {7: cbor.ID16}
    )
    if f[2] < 1 or (f[2] == 1) != (f[3] == ZERO) or len(f[6]) > SEALED_MAX:
        raise DirectiveUnreadable("中心指令的序号、前条或长度不合规（format.md §17）")
    return DirectiveEntry(f[1], f[2], f[3], f[4], f[5], f[6], f.get(7, b""))


class ReleaseEntry(Struct, frozen=True):
    """A release 移出保管: records that the node lets go, to the hub `to`; delivery, reason and person are sealed."""

    to: bytes
    subjects: tuple[Subject, ...]
    sealed: bytes

    def to_map(self) -> dict[int, Any]:
        """The body of the entry."""
        return {1: self.to, 2: [one.to_list() for one in self.subjects], 3: self.sealed}


def read_release(entry: Entry) -> ReleaseEntry:
    """Decode the body of an entry of kind release; DirectiveUnreadable when it is malformed."""
    f = _fields(entry, EntryKind.RELEASE, {1: cbor.ID32, 2: list, 3: bytes})
    try:
        subjects = tuple(map(Subject.from_list, cbor.take_array(f[2], list, at_least=1, at_most=RELEASED_MAX)))
    except CryptoError as fault:
        raise DirectiveUnreadable(f"移出保管的条目无法解读：{fault}（format.md §18）") from fault
    if len(f[3]) > SEALED_MAX:
        raise DirectiveUnreadable("移出保管的说明过长（format.md §14）")
    return ReleaseEntry(f[1], subjects, f[3])


class AckEntry(Struct, frozen=True):
    """What a node reports of a directive; `sealed` is empty when there is nothing to say in words."""

    dseq: int
    directive: bytes
    result: Result
    sealed: bytes = b""

    def to_map(self) -> dict[int, Any]:
        """The body of the entry."""
        body: dict[int, Any] = {1: self.dseq, 2: self.directive, 3: int(self.result)}
        return {**body, 4: self.sealed} if self.sealed else body


def read_ack(entry: Entry) -> AckEntry:
    """Decode the body of an entry of kind ack; DirectiveUnreadable when it is malformed or its result is not known."""
    f = _fields(entry, EntryKind.ACK, {1: int, 2: cbor.ID32, 3: int}, {4: bytes})
    try:
        result = Result(f[3])
    except ValueError as fault:
        raise DirectiveUnreadable("回报的结果本程序不认识（format.md §18）。请升级程序。") from fault
    if len(f.get(4, b"")) > SEALED_MAX:
        raise DirectiveUnreadable("回报的说明过长（format.md §14）")
    return AckEntry(f[1], f[2], result, f.get(4, b""))


class Said(Struct, frozen=True):
    """What is sealed inside a release (with the delivery) or an ack: a reason or remark, by whom, when (whole seconds UTC)."""

    text: str
    person: str
    time: int
    delivery: str = ""


def encode_release_said(said: Said) -> bytes:
    """The plain bytes sealed in a release; DirectiveUnreadable when a text is too long."""
    return cbor.encode(
        {1: text_of(said.delivery, 200), 2: text_of(said.text), 3: person_of(said.person), 4: seconds_of(said.time)}
    )


def decode_release_said(plain: bytes) -> Said:
    """What a release says; DirectiveUnreadable."""
    f = _plain(plain, {1: str, 2: str, 3: str, 4: int})
    return Said(text_of(f[2]), person_of(f[3]), seconds_of(f[4]), text_of(f[1], 200))


def encode_ack_said(said: Said) -> bytes:
    """The plain bytes sealed in an ack; DirectiveUnreadable when a text is too long."""
    return cbor.encode({1: text_of(said.text), 2: person_of(said.person), 3: seconds_of(said.time)})


def decode_ack_said(plain: bytes) -> Said:
    """What an ack says; DirectiveUnreadable."""
    f = _plain(plain, {1: str, 2: str, 3: int})
    return Said(text_of(f[1]), person_of(f[2]), seconds_of(f[3]))


def _fields(
    entry: Entry, kind: EntryKind, required: dict[int, cbor.Field], optional: dict[int, cbor.Field] | None = None
) -> dict[int, Any]:
    if entry.kind is not kind:
        raise DirectiveUnreadable(f"日志条目不是 {kind.name.lower()}（format.md §7）")
    try:
        return cbor.take_map(entry.body, required, optional, name=kind.name.lower())
    except CryptoError as fault:
        raise DirectiveUnreadable(f"条目无法解读：{fault}（format.md §17、§18）") from fault


def _plain(plain: bytes, required: dict[int, cbor.Field]) -> dict[int, Any]:
    try:
        return cbor.take_map(cbor.decode(plain, limit=BODY_MAX), required, name="said")
    except CryptoError as fault:
        raise DirectiveUnreadable(f"说明无法解读：{fault}（format.md §18）") from fault
