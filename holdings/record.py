"""The record: its internal id, its description, and the item bodies of format.md §6.3; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, Final, NewType

from msgspec import Struct

from crypto import cbor
from crypto.errors import CryptoError
from holdings.errors import BodyUnreadable, OurFault
from holdings.reference_code import CODE_MAX, ReferenceCode
from holdings.security import Mark, MarkKind, parse_mark

RecordId = NewType("RecordId", bytes)
"""16 random bytes, minted by the record's first writer; the 档号 is only an attribute of it."""

ID_SIZE: Final = 16
BODY_MAX: Final = 256 * 1024  # format.md §14
ELEMENTS_MAX: Final = 256  # format.md §14: columns of a sheet
CELL_MAX: Final = 32_767  # format.md §14: characters a cell
NAME_MAX: Final = 200  # characters of an element name, delivery name or person
PERSONS_MAX: Final = 8
REASON_MAX: Final = 2_000  # characters of the reason of a void
PARTS_MAX: Final = 20_000  # format.md §14: parts per item
RELATIONS_MAX: Final = 1_000  # format.md §14: relations of a version; 1,000 of 90 B stay within a body
NOTE_MAX: Final = 400  # characters of the note of a relation

TITLE, MARK, PAGES, DATE = "题名", "密级", "页数", "成文日期"
NUMBER, VOLUME_TITLE = "文号", "案卷题名"


class Level(IntEnum):
    """Level of description 著录层级 (format.md §6.3)."""

    FONDS = 1
    SERIES = 2
    VOLUME = 3
    ITEM = 4
    PART = 5
    PAGE = 6

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("全宗", "类别", "案卷", "件", "文档", "页")[self.value - 1]


class Basis(IntEnum):
    """What a clearance rests on (format.md §6.3)."""

    REVIEW = 1
    STANDING = 2


@dataclass(frozen=True, slots=True)
class Clearance:
    """保密审查: who declared that a delivery holds no state secrets, and when (whole seconds UTC).

    It covers rows last changed at `cover` or before, the ones its signers had before them; None covers what comes too.
    `cover` is this site's own: no record carries it.
    """

    basis: Basis
    persons: tuple[str, ...]
    time: int
    cover: int | None = field(default=None, compare=False)

    def covers(self, changed: int) -> bool:
        """Whether a row that last changed then was there when this was signed."""
        return self.cover is None or changed <= self.cover


class RelationKind(IntEnum):
    """关系类型 (DA/T 46-2009 M86; numbers of format.md §6.3)."""

    MERGED_FROM = 1
    MERGED_INTO = 2
    SPLIT_FROM = 3
    SPLIT_INTO = 4

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("由其合并", "并入", "拆自", "拆出")[self.value - 1]


_KINDS: Final = frozenset(int(kind) for kind in RelationKind)


class Relation(Struct, frozen=True):
    """How a record follows from another of the same writer: its id, its code at that time, and a note (M87, M88)."""

    kind: RelationKind
    record: RecordId
    reference_code: str
    note: str = ""


class Void(Struct, frozen=True):
    """作废: why a record that was sealed in error is shown and counted no more, who decided, when (whole seconds UTC).

    Its earlier versions stay as they are.
    """

    reason: str
    person: str
    time: int


class Explanation(Struct, frozen=True):
    """整改说明: what the holder answers to the return of the version before, by directive number; when (whole seconds UTC)."""

    text: str
    person: str
    time: int
    directive: int


class Description(Struct, frozen=True):
    """What a record's body says.

    `elements` are by their Chinese names; 密级 is present, though perhaps empty, when its sheet had the column.
    `ended`: the pages went to the related records by merge or split; the record bears its code no more.
    """

    reference_code: str
    level: Level
    elements: Mapping[str, str]
    delivery: str
    clearance: Clearance
    former_codes: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    ended: bool = False
    uses: bytes = b""
    """One byte a part, in order: what it is for (layout_words.Use); empty when there is one representation alone."""
    roles: bytes = b""
    """One byte a part, in order: what it shows (layout_words.Role); empty when all are text pages."""
    void: Void | None = None
    """Why the record is void; such a version has `ended` and lists no parts."""
    explanation: Explanation | None = None
    """What this version answers to a return."""


class RowState(Enum):
    """Whether a catalogue row can be built on."""

    STANDS = 0
    GONE = 1
    DUPLICATE = 2


class Row(Struct, frozen=True):
    """What the catalogue says of one reference code.

    A classified row on an open site has no code, no elements and no delivery's title: only where it stands.
    """

    match_key: str
    reference_code: str
    level: Level
    elements: Mapping[str, str]
    delivery: str
    sheet: str
    number: int
    volume: str | None = None
    mark: MarkKind = MarkKind.OPEN
    has_mark_column: bool = False
    state: RowState = RowState.STANDS
    changed: int = 0
    """When the catalogue's row last said something else (whole seconds UTC)."""

    @property
    def pages(self) -> int | None:
        """页数 as the row declares it, None when blank or not a number."""
        return parse_pages(self.elements.get(PAGES))


def record_id(data: bytes) -> RecordId:
    """Check that `data` is 16 bytes and call it a record id."""
    if len(data) != ID_SIZE:
        raise OurFault(f"record id of {len(data)} bytes, {ID_SIZE} are expected (format.md §6)")
    return RecordId(bytes(data))


def level_of(code: ReferenceCode) -> Level:
    """The level a code names: a volume, else an item."""
    return Level.VOLUME if code.is_volume else Level.ITEM


def origins_of(description: Description) -> tuple[RecordId, ...]:
    """The records that pages of this one came from, by merge or split."""
    came = (RelationKind.MERGED_FROM, RelationKind.SPLIT_FROM)
    return tuple(relation.record for relation in description.relations if relation.kind in came)


def title(description: Description) -> str:
    """题名, empty when the sheet has none."""
    return description.elements.get(TITLE, "")


def parse_pages(text: str | None) -> int | None:
    """Read 页数: `12`, `１２`, `12页`; None when blank, not a whole number, or above 20,000 (parts per item, format.md
    §14).
    """
    found = re.fullmatch(r"([0-9]{1,6})[页张面]?", unicodedata.normalize("NFKC", text or "").strip())
    pages = int(found[1]) if found else None
    return pages if pages is not None and pages <= PARTS_MAX else None


def page_count(description: Description) -> int | None:
    """页数 as declared, None when blank or not a number."""
    return parse_pages(description.elements.get(PAGES))


def security_mark(description: Description) -> Mark:
    """密级 as read; a body without the element is open here, the gate holds it for lack of the column."""
    return parse_mark(description.elements.get(MARK))


def encode_record(description: Description) -> bytes:
    """Encode the body of a record item (format.md §6.3, at most 256 KiB); OurFault when it would be larger."""
    clearance = description.clearance
    body: dict[int, Any] = {
        1: description.reference_code,
        2: int(description.level),
        3: dict(description.elements),
        4: description.delivery,
        5: {1: int(clearance.basis), 2: list(clearance.persons), 3: clearance.time},
    }
    if description.former_codes:
        body[6] = list(description.former_codes)
    if description.relations:
        body[7] = [_encode_relation(relation) for relation in description.relations]
    if description.ended:
        body[8] = True
    if description.uses:
        body[9] = description.uses
    if description.roles:
        body[10] = description.roles
    if description.void is not None:
        body[11] = {1: description.void.reason, 2: description.void.person, 3: description.void.time}
    if (said := description.explanation) is not None:
        body[12] = {1: said.text, 2: said.person, 3: said.time, 4: said.directive}
    data = cbor.encode(body)
    if len(data) > BODY_MAX:
        raise OurFault(f"record body of {len(data)} bytes, {BODY_MAX} are allowed (format.md §14)")
    return data


def decode_record(data: bytes) -> Description:
    """Decode the body of a record item; BodyUnreadable names the rule that is broken, never a value."""
    try:
        body = cbor.take_map(
            cbor.decode(data, limit=BODY_MAX),
            {1: str, 2: int, 3: dict, 4: str, 5: dict},
            {6: list, 7: list, 8: bool, 9: bytes, 10: bytes, 11: dict, 12: dict},
            name="record body",
        )
        clearance = cbor.take_map(body[5], {1: int, 2: list, 3: int}, name="clearance")
        level, basis = Level(body[2]), Basis(clearance[1])
    except (CryptoError, ValueError) as fault:
        raise BodyUnreadable(f"record body (format.md §6.3): {fault}") from fault
    persons = _texts(clearance[2], 1, PERSONS_MAX, NAME_MAX, "persons")
    former = _texts(body.get(6, []), 0, ELEMENTS_MAX, CODE_MAX, "former codes")
    if not 1 <= len(body[1]) <= CODE_MAX or not 1 <= len(body[4]) <= NAME_MAX:
        raise BodyUnreadable("record body (format.md §6.3): reference code or delivery empty or too long")
    uses, roles = body.get(9, b""), body.get(10, b"")
    if max(len(uses), len(roles)) > PARTS_MAX:
        raise BodyUnreadable(f"record body (format.md §6.3): uses or roles of more than {PARTS_MAX} parts")
    return Description(
        body[1], level, _elements(body[3]), body[4], Clearance(basis, persons, clearance[3]), former,
        _relations(body.get(7, [])), body.get(8, False), uses, roles, _void(body.get(11)),
        _explanation(body.get(12)),
    )  # fmt: skip


def _void(value: dict[Any, Any] | None) -> Void | None:
    """Read why a record is void within its bounds."""
    if value is None:
        return None
    try:
        said = cbor.take_map(value, {1: str, 2: str, 3: int}, name="void")
    except CryptoError as fault:
        raise BodyUnreadable(f"record body (format.md §6.3): {fault}") from fault
    if not 1 <= len(said[1]) <= REASON_MAX or not 1 <= len(said[2]) <= NAME_MAX:
        raise BodyUnreadable("record body (format.md §6.3): reason or person of a void empty or too long")
    return Void(said[1], said[2], said[3])


def _explanation(value: dict[Any, Any] | None) -> Explanation | None:
    """Read what answers a return within its bounds."""
    if value is None:
        return None
    try:
        said = cbor.take_map(value, {1: str, 2: str, 3: int, 4: int}, name="explanation")
    except CryptoError as fault:
        raise BodyUnreadable(f"record body (format.md §6.3): {fault}") from fault
    if not 1 <= len(said[1]) <= REASON_MAX or not 1 <= len(said[2]) <= NAME_MAX:
        raise BodyUnreadable("record body (format.md §6.3): text or person of an explanation empty or too long")
    return Explanation(said[1], said[2], said[3], said[4])


def _encode_relation(relation: Relation) -> dict[int, Any]:
    """The map of format.md §6.3."""
    said: dict[int, Any] = {1: int(relation.kind), 2: bytes(relation.record), 3: relation.reference_code}
    return {**said, 4: relation.note} if relation.note else said


def _relations(values: list[Any]) -> tuple[Relation, ...]:
    """Read the relations of a body within their bounds. A kind of a later program is passed over: it binds nobody."""
    if len(values) > RELATIONS_MAX:
        raise BodyUnreadable(f"record body (format.md §6.3): more than {RELATIONS_MAX} relations")
    found = []
    for value in values:
        try:
            said = cbor.take_map(value, {1: int, 2: cbor.ID16, 3: str}, {4: str}, name="relation")
        except CryptoError as fault:
            raise BodyUnreadable(f"record body (format.md §6.3): {fault}") from fault
        if not 1 <= len(said[3]) <= CODE_MAX or len(said.get(4, "")) > NOTE_MAX:
            raise BodyUnreadable("record body (format.md §6.3): code or note of a relation empty or too long")
        if said[1] in _KINDS:
            found.append(Relation(RelationKind(said[1]), RecordId(said[2]), said[3], said.get(4, "")))
    return tuple(found)


def _texts(values: list[Any], at_least: int, at_most: int, longest: int, name: str) -> tuple[str, ...]:
    """Check a list of texts within its bounds."""
    if not at_least <= len(values) <= at_most or any(type(v) is not str or not 1 <= len(v) <= longest for v in values):
        raise BodyUnreadable(
            f"record body (format.md §6.3): {name} are {at_least} to {at_most} texts of 1 to {longest} characters"
        )
    return tuple(values)


def _elements(values: dict[Any, Any]) -> dict[str, str]:
    """Check map 3: names and values are text within the bounds of a sheet."""
    if len(values) > ELEMENTS_MAX:
        raise BodyUnreadable(f"record body (format.md §6.3): more than {ELEMENTS_MAX} elements")
    for name, value in values.items():
        if type(name) is not str or type(value) is not str or not 1 <= len(name) <= NAME_MAX or len(value) > CELL_MAX:
            raise BodyUnreadable(
                "record body (format.md §6.3): element names and values are text within the bounds of a sheet"
            )
    return values
