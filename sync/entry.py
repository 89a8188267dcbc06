"""One signed, hash-chained log entry (format.md §7). Pure: no clock, disk, socket or randomness."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Any

from msgspec import Struct

from crypto import cbor, signing
from crypto.errors import CryptoError
from sync import limits
from sync.errors import BadEntry
from sync.site_class import SiteClass

KIND = "entry"
ZERO = bytes(32)


class EntryKind(IntEnum):
    """The closed table of format.md §7."""

    GENESIS = 0
    DELTA = 1
    DIRECTIVE = 2
    ENROL = 3
    REVOKE = 4
    RELEASE = 5
    ACK = 6
    KEY = 7
    ALARM = 8
    ADOPT = 9
    JOURNAL = 10


class ClockState(IntEnum):
    """How far the writer trusted its clock."""

    UNKNOWN = 0
    RTC = 1
    NTP = 2


class Role(IntEnum):
    """Who writes a log."""

    NODE = 1
    HUB = 2


class Head(Struct, frozen=True):
    """The last entry of a log: its seq and entry_hash."""

    seq: int
    hash: bytes

    def to_list(self) -> list[object]:
        """[seq, entry_hash] as messages carry it."""
        return [self.seq, self.hash]

    @classmethod
    def from_list(cls, value: object) -> Head:
        """From [seq, entry_hash]; BadEntry otherwise."""
        if (
            not isinstance(value, list)
            or len(value) != 2
            or type(value[0]) is not int
            or value[0] < 0
            or not _is_id(value[1])
        ):
            raise BadEntry("日志位置应为 [序号, 哈希]（format.md §7）")
        return cls(value[0], value[1])


class Entry(Struct, frozen=True):
    """A decoded entry and the bytes it came from; `hash` is its entry_hash."""

    log_id: bytes
    seq: int
    prev: bytes
    kind: EntryKind
    wall: int
    clock_state: ClockState
    hub_seen: Head | None
    body: dict[int, Any]
    hash: bytes
    signed: bytes

    @property
    def head(self) -> Head:
        """This entry as the head of its log."""
        return Head(self.seq, self.hash)


class Genesis(Struct, frozen=True):
    """Who a log belongs to (format.md §7, kind 0)."""

    role: Role
    name: str
    site_class: SiteClass
    signing_key: bytes
    recipient: bytes
    hub_id: bytes | None
    tls_digests: tuple[bytes, ...]
    limits: limits.Limits | None
    log_id: bytes


def make(
    key: signing.SigningKey,
    *,
    log_id: bytes,
    seq: int,
    prev: bytes,
    kind: EntryKind,
    body: dict[int, Any],
    wall: int,
    clock_state: ClockState,
    hub_seen: Head | None = None,
) -> Entry:
    """Sign a new entry; BadEntry when it would exceed 16 KiB."""
    payload: dict[int, Any] = {
        1: 1,
        2: 1,
        3: log_id,
        4: seq,
        5: prev,
        6: int(kind),
        7: [],
        8: wall,
        9: int(clock_state),
        11: body,
    }
    if hub_seen is not None:
        payload[10] = hub_seen.to_list()
    try:
        return parse(signing.sign(key, KIND, cbor.encode(payload)))
    except CryptoError as fault:
        raise BadEntry(f"日志条目签不了：{fault}（format.md §7、§14）") from fault


def make_genesis(
    key: signing.SigningKey,
    *,
    role: Role,
    name: str,
    site_class: SiteClass,
    recipient: bytes,
    nonce: bytes,
    wall: int,
    **extra: object,
) -> Entry:
    """The first entry of a log. `extra`: hub_id for a node; tls_digests and limits for a hub."""
    body: dict[int, Any] = {1: int(role), 2: name, 3: int(site_class), 4: key.public, 5: recipient, 9: nonce}
    for number, word in ((6, "hub_id"), (7, "tls_digests"), (8, "limits")):
        if extra.get(word) is not None:
            body[number] = extra[word]
    return make(
        key, log_id=ZERO, seq=0, prev=ZERO, kind=EntryKind.GENESIS, body=body, wall=wall, clock_state=ClockState.UNKNOWN
    )


def parse(signed: bytes) -> Entry:
    """Decode without checking the signature (the key may not be known yet); BadEntry when the bytes are no entry."""
    if len(signed) > limits.ENTRY_BYTES:
        raise BadEntry(f"日志条目 {len(signed)} 字节，超过 {limits.ENTRY_BYTES}（format.md §14）")
    try:
        outer = signing.parse_unverified(KIND, signed)
        fields = cbor.take_map(
            cbor.decode(outer.payload, limit=limits.ENTRY_BYTES),
            required={1: int, 2: int, 3: bytes, 4: int, 5: bytes, 6: int, 7: list, 8: int, 9: int, 11: dict},
            optional={10: list},
        )
        kind, clock_state = EntryKind(fields[6]), ClockState(fields[9])
    except (CryptoError, ValueError) as fault:
        raise BadEntry(f"日志条目无法解读：{fault}（format.md §7）") from fault
    if fields[1] != 1 or fields[2] != 1 or fields[7]:
        raise BadEntry("日志条目的版本、算法套件或必需特性本程序不支持。请升级程序。")
    if (
        not _is_id(fields[3])
        or not _is_id(fields[5])
        or fields[4] < 0
        or (fields[4] == 0) != (kind is EntryKind.GENESIS)
    ):
        raise BadEntry("日志条目的标识或序号不合规（format.md §7）")
    if kind is EntryKind.GENESIS and (fields[3] != ZERO or fields[5] != ZERO):
        raise BadEntry("创世条目的日志标识和前条哈希应为全零（format.md §7）")
    digest = hashlib.sha256(b"\x45" + cbor.encode(outer.protected) + cbor.encode(outer.payload)).digest()
    hub_seen = Head.from_list(fields[10]) if 10 in fields else None
    log_id = digest if fields[4] == 0 else fields[3]
    return Entry(log_id, fields[4], fields[5], kind, fields[8], clock_state, hub_seen, fields[11], digest, signed)


def verify(entry: Entry, public: bytes) -> None:
    """Check the signature under `public`; BadEntry when it is another's or none."""
    try:
        signing.verify(public, KIND, entry.signed)
    except CryptoError as fault:
        raise BadEntry(f"第 {entry.seq} 条日志的签名不符：不是该节点的密钥所签（format.md §3）") from fault


def genesis_of(entry: Entry) -> Genesis:
    """Read a genesis and check that it is signed by the key it names; BadEntry otherwise."""
    if entry.kind is not EntryKind.GENESIS:
        raise BadEntry("不是创世条目（format.md §7）")
    try:
        body = cbor.take_map(
            entry.body,
            required={1: int, 2: str, 3: int, 4: cbor.ID32, 5: cbor.ID32, 9: cbor.ID16},
            optional={6: cbor.ID32, 7: list, 8: dict},
        )
        role, site_class = Role(body[1]), SiteClass(body[3])
        bounds = read_limits(body[8]) if 8 in body else None
    except (CryptoError, ValueError) as fault:
        raise BadEntry(f"创世条目无法解读：{fault}（format.md §7）") from fault
    digests = tuple(body.get(7, ()))
    says_all = 6 in body if role is Role.NODE else bool(digests) and bounds is not None
    if not says_all or not all(map(_is_id, digests)) or not 1 <= len(body[2].encode()) <= 256:
        raise BadEntry("创世条目的名称不合规，或缺少其角色应有的内容（format.md §7）")
    verify(entry, body[4])
    return Genesis(role, body[2], site_class, body[4], body[5], body.get(6), digests, bounds, entry.hash)


def read_limits(value: object) -> limits.Limits:
    """The limits map of format.md §11.6; BadEntry when a field is missing or not positive."""
    try:
        f = cbor.take_map(value, required=dict.fromkeys(range(1, 7), int))
    except CryptoError as fault:
        raise BadEntry(f"限额无法解读：{fault}（format.md §11.6）") from fault
    if f[1] < 1 or f[2] < 1 or not 1 << 16 <= f[3] <= limits.PACK_BYTES:
        raise BadEntry("限额超出允许范围（format.md §11.6）")
    return limits.Limits(f[1], f[2], f[3], f[4], f[5], min(max(f[6], 1), limits.ENTRIES_PER_REQUEST))


def follows(entry: Entry, head: Head | None) -> bool:
    """Does `entry` come directly after `head` (None: the log is empty)?"""
    if head is None:
        return entry.seq == 0
    return entry.seq == head.seq + 1 and entry.prev == head.hash


def _is_id(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 32
