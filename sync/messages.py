"""What node and hub say to each other (format.md §11): paths, headers, bodies, their bounds. Pure; the HTTP library is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from crypto import cbor, signing
from crypto.errors import CryptoError
from sync import limits
from sync.entry import Head, read_limits
from sync.errors import BadObject
from sync.state_report import StateReport

ENROL, HELLO, ENTRIES, HUB_ENTRIES, NEED, OBJECTS = (
    "/v1/enrol",
    "/v1/hello",
    "/v1/entries",
    "/v1/hub-entries",
    "/v1/need",
    "/v1/objects/",
)
TYPE_CBOR, TYPE_PARTIAL = "application/cbor", "application/partial-upload"
UPLOAD_OFFSET, UPLOAD_LENGTH, UPLOAD_COMPLETE = "Upload-Offset", "Upload-Length", "Upload-Complete"
HELLO_KIND = "hello"
NONCE_BYTES = 16
KNOCK = "/v1/knock"
KNOCK_BYTES = 256
"""Bytes of a knock's body at most: two numbers and a log_id."""


class Hello(Struct, frozen=True):
    """A node's greeting: where its log ends, what it has received, how it is."""

    log_id: bytes
    head: Head
    receipts_cursor: int
    hub_head: Head
    report: StateReport
    hub_id: bytes
    tls_digest: bytes
    nonce: bytes


def sign_hello(key: signing.SigningKey, hello: Hello) -> bytes:
    """The request body of `POST /v1/hello`."""
    payload = {
        1: 1, 2: hello.log_id, 3: hello.head.to_list(), 4: hello.receipts_cursor, 5: hello.hub_head.to_list(), 6: hello.report.to_map(), 7: hello.hub_id,
        8: hello.tls_digest, 9: hello.nonce,
    }  # fmt: skip
    return signing.sign(key, HELLO_KIND, cbor.encode(payload))


def read_hello(signed: bytes) -> Hello:
    """Decode a greeting before its signature is checked: its log_id leads to the key (`verify_hello`); BadObject when malformed."""
    try:
        payload = signing.parse_unverified(HELLO_KIND, signed).payload
        f = cbor.take_map(
            cbor.decode(payload, limit=limits.REQUEST_BYTES),
            required={1: int, 2: cbor.ID32, 3: list, 4: int, 5: list, 6: dict, 7: cbor.ID32, 8: cbor.ID32, 9: bytes},
            name="hello",
        )
        report = StateReport.from_map(f[6])
    except (CryptoError, ValueError) as fault:
        raise BadObject(f"问候无法解读：{fault}（format.md §11.2）") from fault
    if f[1] != 1 or len(f[9]) not in (0, NONCE_BYTES):
        raise BadObject("问候的版本或随机数不合规（format.md §11.2）")
    return Hello(f[2], Head.from_list(f[3]), f[4], Head.from_list(f[5]), report, f[7], f[8], f[9])


def verify_hello(public: bytes, signed: bytes) -> None:
    """Check the greeting's signature; BadObject when it is not by this key."""
    try:
        signing.verify(public, HELLO_KIND, signed)
    except CryptoError as fault:
        raise BadObject("问候的签名不符（format.md §3）") from fault


class Greeting(Struct, frozen=True):
    """The hub's answer to hello; `head` None: it knows nothing of this log beyond its enrolment's absence."""

    head: Head | None
    limits: limits.Limits
    receipts: tuple[bytes, ...]
    hub_entries: tuple[bytes, ...]
    nonce: bytes
    bearer: str
    receipts_cursor: int
    more: bool
    wall: int
    want_hub_from: int | None = None

    def encode(self) -> bytes:
        """The response body."""
        payload: dict[int, Any] = {
            1: 1, 2: self.head.to_list() if self.head else None, 3: self.limits.to_map(), 4: list(self.receipts), 5: list(self.hub_entries),
            6: self.nonce, 7: self.bearer,
            8: self.receipts_cursor, 9: self.more, 10: self.wall,
        }  # fmt: skip
        if self.want_hub_from is not None:
            payload[11] = self.want_hub_from
        return cbor.encode(payload)

    @classmethod
    def decode(cls, data: bytes) -> Greeting:
        """Decode strictly; BadObject when malformed."""
        try:
            f = cbor.take_map(
                cbor.decode(data, limit=limits.REPLY_BYTES),
                required={
                    1: int,
                    2: (list, type(None)),
                    3: dict,
                    4: list,
                    5: list,
                    6: bytes,
                    7: str,
                    8: int,
                    9: bool,
                    10: int,
                },
                optional={11: int},
                name="greeting",
            )
            receipts = tuple(cbor.take_array(f[4], bytes, at_most=limits.RECEIPTS_PER_HELLO))
            hub_entries = tuple(cbor.take_array(f[5], bytes, at_most=256))
        except CryptoError as fault:
            raise BadObject(f"中心的应答无法解读：{fault}（format.md §11.2）") from fault
        if f[1] != 1 or len(f[6]) != NONCE_BYTES or not f[7].isascii() or len(f[7]) > 256:
            raise BadObject("中心应答的版本、随机数或凭证不合规（format.md §11.2）")
        head = Head.from_list(f[2]) if f[2] is not None else None
        return cls(head, read_limits(f[3]), receipts, hub_entries, f[6], f[7], f[8], f[9], f[10], f.get(11))


class EnrolRequest(Struct, frozen=True):
    """What a node shows to be taken in (format.md §11.1)."""

    secret: bytes
    name: str
    genesis: bytes

    def encode(self) -> bytes:
        """The request body."""
        return cbor.encode({1: self.secret, 2: self.name, 3: self.genesis})

    @classmethod
    def decode(cls, data: bytes) -> EnrolRequest:
        """Decode strictly; BadObject when malformed."""
        try:
            f = cbor.take_map(
                cbor.decode(data, limit=limits.REQUEST_BYTES), required={1: cbor.ID16, 2: str, 3: bytes}, name="enrol"
            )
        except CryptoError as fault:
            raise BadObject(f"接入请求无法解读：{fault}（format.md §11.1）") from fault
        return cls(f[1], f[2], f[3])


def encode_entries(signed: Sequence[bytes]) -> bytes:
    """The body of `POST /v1/entries` and `/v1/hub-entries`."""
    return cbor.encode(list(signed))


def decode_entries(data: bytes) -> list[bytes]:
    """Signed entries, at most 64; BadObject when malformed."""
    try:
        value = cbor.decode(data, limit=limits.ENTRIES_REQUEST_BYTES)
        return cbor.take_array(value, bytes, at_least=1, at_most=limits.ENTRIES_PER_REQUEST, name="entries")
    except CryptoError as fault:
        raise BadObject(f"日志条目列表无法解读：{fault}（format.md §11.3）") from fault


def encode_enrolled(signed: Sequence[bytes]) -> bytes:
    """The answer of `POST /v1/enrol`: the hub's log from seq 0."""
    return cbor.encode({1: list(signed)})


def decode_enrolled(data: bytes) -> list[bytes]:
    """The hub's entries of an enrol answer; BadObject when malformed."""
    try:
        f = cbor.take_map(cbor.decode(data, limit=limits.REPLY_BYTES), required={1: list}, name="enrolled")
        return cbor.take_array(f[1], bytes, at_least=1, at_most=256, name="enrolled")
    except CryptoError as fault:
        raise BadObject(f"接入应答无法解读：{fault}（format.md §11.1）") from fault


def encode_head(head: Head) -> bytes:
    """The answer of `POST /v1/entries`."""
    return cbor.encode({1: head.to_list()})


def decode_head(data: bytes) -> Head:
    """The hub's head of this log; BadObject when malformed."""
    try:
        f = cbor.take_map(cbor.decode(data, limit=limits.REQUEST_BYTES), required={1: list}, name="head")
    except CryptoError as fault:
        raise BadObject(f"日志位置无法解读：{fault}（format.md §11.3）") from fault
    return Head.from_list(f[1])


def encode_need_request(from_seq: int, to_seq: int) -> bytes:
    """The body of `POST /v1/need`."""
    return cbor.encode({1: from_seq, 2: to_seq})


def decode_need_request(data: bytes) -> tuple[int, int]:
    """(from, to); BadObject when malformed or more than 64 entries."""
    try:
        f = cbor.take_map(cbor.decode(data, limit=limits.REQUEST_BYTES), required={1: int, 2: int}, name="need")
    except CryptoError as fault:
        raise BadObject(f"缺包询问无法解读：{fault}（format.md §11.4）") from fault
    if not 0 <= f[2] - f[1] < limits.ENTRIES_PER_REQUEST:
        raise BadObject("缺包询问一次至多 64 条日志（format.md §11.4）")
    return f[1], f[2]


def encode_need(missing: Sequence[bool], partial: Sequence[tuple[int, int]]) -> bytes:
    """Bitmap (most significant bit first) of missing objects and (index, durable offset) of partly received ones."""
    bitmap = bytearray(-(-len(missing) // 8))
    for index, wanted in enumerate(missing):
        if wanted:
            bitmap[index // 8] |= 0x80 >> index % 8
    return cbor.encode({1: bytes(bitmap), 2: [list(p) for p in partial]})


def decode_need(data: bytes, count: int) -> tuple[list[int], dict[int, int]]:
    """(indices of missing objects, {index: durable offset}) for `count` asked objects; BadObject when malformed."""
    try:
        f = cbor.take_map(cbor.decode(data, limit=limits.REPLY_BYTES), required={1: bytes, 2: list}, name="need")
        partial = dict(tuple(cbor.take_list(p, [int, int])) for p in f[2])
        bits = int.from_bytes(f[1], "big")
    except CryptoError as fault:
        raise BadObject(f"缺包应答无法解读：{fault}（format.md §11.4）") from fault
    if len(f[1]) != -(-count // 8) or bits & (1 << -count % 8) - 1:
        raise BadObject("缺包应答的位图长度不符（format.md §11.4）")
    if len(partial) != len(f[2]) or any(index >= count for index in partial):
        raise BadObject("缺包应答的续传位置指向未询问的对象（format.md §11.4）")
    return [i for i in range(count) if f[1][i // 8] & 0x80 >> i % 8], partial


class Problem(Struct, frozen=True):
    """The body of an error answer (format.md §11)."""

    code: str
    message: str
    remedy: str
    detail: object = None

    def encode(self) -> bytes:
        """The response body."""
        payload: dict[int, Any] = {1: self.code, 2: self.message, 3: self.remedy}
        if self.detail is not None:
            payload[4] = self.detail
        return cbor.encode(payload)

    @classmethod
    def decode(cls, data: bytes) -> Problem:
        """Decode; BadObject when malformed (a proxy's page, say)."""
        try:
            f = cbor.take_map(
                cbor.decode(data, limit=limits.REQUEST_BYTES),
                required={1: str, 2: str, 3: str},
                optional={4: (int, bytes, list, dict)},
                name="problem",
            )
        except CryptoError as fault:
            raise BadObject(f"错误应答无法解读：{fault}（format.md §11）") from fault
        return cls(f[1][:64], f[2][:1000], f[3][:1000], f.get(4))


def encode_knock(log_id: bytes) -> bytes:
    """The body of `POST /v1/knock`: this node waits for its key (format.md §11.7). Unsigned, for the key is what is missing."""
    return cbor.encode({1: 1, 2: log_id, 3: 1})


def decode_knock(data: bytes) -> bytes:
    """The log_id of a node that says it is locked; BadObject when malformed."""
    try:
        f = cbor.take_map(cbor.decode(data, limit=KNOCK_BYTES), required={1: int, 2: cbor.ID32, 3: int}, name="knock")
    except CryptoError as fault:
        raise BadObject(f"敲门请求无法解读：{fault}（format.md §11.7）") from fault
    if f[1] != 1 or f[3] != 1:
        raise BadObject("敲门请求的版本或状态不合规（format.md §11.7）")
    found: bytes = f[2]
    return found
