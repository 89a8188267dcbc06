"""What a hub may tell a node: the closed table of directive kinds, and their bodies as bytes (format.md §17). Pure.

A body is a frozen Struct of `directive_verdict` or `directive_wish`; its texts and counts are checked when it is encoded and when it is decoded.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

from crypto import cbor
from crypto.errors import CryptoError
from holdings.directive_entry import BODY_MAX
from holdings.directive_verdict import Accepted, Grant, HandOver, Link, Returned
from holdings.directive_wish import Correction, Notice, Opening, ReadingAnswer, ReadingAsked
from holdings.errors import DirectiveUnreadable

__all__ = ["Body", "DirectiveKind", "HandOver", "decode", "encode", "kind_of", "known"]


class DirectiveKind(IntEnum):
    """The closed table of format.md §17."""

    RETURNED = 1
    ACCEPTED = 2
    GRANT = 3
    CORRECTION = 4
    OPENING = 5
    READING_ASKED = 7
    READING_ANSWER = 8
    NOTICE = 9
    LINK = 10

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return _LABELS[self]

    @property
    def critical(self) -> bool:
        """Must a node understand it before it goes on?"""
        return self in _CRITICAL

    @property
    def asks(self) -> bool:
        """Does a person at the node decide what becomes of it?"""
        return self in (DirectiveKind.CORRECTION, DirectiveKind.READING_ASKED, DirectiveKind.GRANT)


_LABELS: Final = {
    DirectiveKind.RETURNED: "退回整改", DirectiveKind.ACCEPTED: "验收通过", DirectiveKind.GRANT: "交回保管", DirectiveKind.CORRECTION: "修改建议",
    DirectiveKind.OPENING: "开放审核结果", DirectiveKind.READING_ASKED: "查档协查", DirectiveKind.READING_ANSWER: "协查答复", DirectiveKind.NOTICE: "通知",
    DirectiveKind.LINK: "交接方式",
}  # fmt: skip
_CRITICAL: Final = frozenset({DirectiveKind.RETURNED, DirectiveKind.ACCEPTED, DirectiveKind.GRANT, DirectiveKind.LINK})


Body: TypeAlias = Returned | Accepted | Grant | Correction | Opening | ReadingAsked | ReadingAnswer | Notice | Link
_TYPES: Final[dict[DirectiveKind, type[Body]]] = {
    DirectiveKind.RETURNED: Returned, DirectiveKind.ACCEPTED: Accepted, DirectiveKind.GRANT: Grant, DirectiveKind.CORRECTION: Correction,
    DirectiveKind.OPENING: Opening, DirectiveKind.READING_ASKED: ReadingAsked, DirectiveKind.READING_ANSWER: ReadingAnswer,
    DirectiveKind.NOTICE: Notice, DirectiveKind.LINK: Link,
}  # fmt: skip
_KIND_OF: Final = {body: kind for kind, body in _TYPES.items()}


def kind_of(body: Body) -> DirectiveKind:
    """The kind of a body."""
    return _KIND_OF[type(body)]


def known(kind: int) -> DirectiveKind | None:
    """The kind with that number, None when this program does not know it."""
    return DirectiveKind(kind) if kind in DirectiveKind.__members__.values() else None


def encode(body: Body) -> bytes:
    """The plain bytes of a body; DirectiveUnreadable when something in it is out of bounds or all of it is too long for one entry."""
    try:
        plain = cbor.encode(body.to_map())
    except CryptoError as fault:
        raise DirectiveUnreadable(f"中心指令写不成：{fault}（format.md §17）") from fault
    if len(plain) > BODY_MAX:
        raise DirectiveUnreadable(f"中心指令的内容 {len(plain)} 字节，超过 {BODY_MAX}。请分几次签发（format.md §14）。")
    return plain


def decode(kind: DirectiveKind, plain: bytes) -> Body:
    """The body of a directive; DirectiveUnreadable when it is not what its kind demands."""
    try:
        return _TYPES[kind].from_map(cbor.decode(plain, limit=BODY_MAX))
    except DirectiveUnreadable:
        raise
    except (CryptoError, ValueError) as fault:
        raise DirectiveUnreadable(f"“{kind.label}”的内容无法解读：{fault}（format.md §17）") from fault
