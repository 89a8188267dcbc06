"""Receipts R1 and R4 (format.md §9): what the hub has signed that it holds, and that it has opened. Pure."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

from crypto import cbor, signing
from crypto.errors import CryptoError
from sync import limits
from sync.entry import Head
from sync.errors import BadObject

KIND = "receipt"
STATEMENT = "仅证明数据已收存，不代表业务验收。"


class Grade(IntEnum):
    """How much a receipt says."""

    R1 = 1
    R4 = 4


class ExceptionCode(StrEnum):
    """Why an item could not be opened as it should (format.md §9)."""

    SEALED_DAMAGED = "sealed-damaged"
    DIGEST_DIFFERS = "digest-differs"
    DOES_NOT_DECODE = "does-not-decode"
    NOT_CLEARED = "not-cleared"
    PACK_MISSING = "pack-missing"
    PART_MISSING = "part-missing"
    BODY_UNREADABLE = "body-unreadable"
    VERSION_UNEXPECTED = "version-unexpected"


class ItemException(Struct, frozen=True):
    """One item of a delta that the vault could not vouch for."""

    item: bytes
    version: int
    code: ExceptionCode


class Receipt(Struct, frozen=True):
    """A verified receipt; fields that its grade does not carry are zero or empty."""

    grade: Grade
    hub_id: bytes
    log_id: bytes
    entry: Head
    wall: int
    objects: int = 0
    bytes: int = 0
    stores: int = 0
    opened: int = 0
    exceptions: tuple[ItemException, ...] = ()
    leaf_root_ok: bool = False


def make(key: signing.SigningKey, receipt: Receipt) -> bytes:
    """Sign a receipt."""
    payload: dict[int, Any] = {
        1: 1,
        2: int(receipt.grade),
        3: receipt.hub_id,
        4: receipt.log_id,
        5: receipt.entry.seq,
        6: receipt.entry.hash,
        7: receipt.wall,
        13: STATEMENT,
    }
    match receipt.grade:
        case Grade.R1:
            payload[8], payload[9] = [receipt.objects, receipt.bytes], receipt.stores
        case Grade.R4:
            payload[10] = receipt.opened
            payload[11] = [[e.item, e.version, str(e.code)] for e in receipt.exceptions]
            payload[12] = receipt.leaf_root_ok
    return signing.sign(key, KIND, cbor.encode(payload))


def read(public: bytes, signed: bytes, *, hub_id: bytes, log_id: bytes) -> Receipt:
    """Verify and decode a receipt for this log by this hub; BadObject when it is another's, forged or malformed."""
    if len(signed) > limits.RECEIPT_BYTES:
        raise BadObject("回执过大（format.md §14）")
    try:
        verified = signing.verify(public, KIND, signed)
        f = cbor.take_map(
            cbor.decode(verified.payload, limit=limits.RECEIPT_BYTES),
            required={1: int, 2: int, 3: bytes, 4: bytes, 5: int, 6: bytes, 7: int, 13: str},
            optional={8: list, 9: int, 10: int, 11: list, 12: bool},
        )
        grade = Grade(f[2])
        rows = [cbor.take_list(row, [cbor.ID16, int, str], name="exception") for row in f.get(11, ())]
        exceptions = tuple(ItemException(i, v, ExceptionCode(c)) for i, v, c in rows)
    except (CryptoError, ValueError) as fault:
        raise BadObject(f"回执无效：{fault}（format.md §9）") from fault
    if f[1] != 1 or f[3] != hub_id or f[4] != log_id:
        raise BadObject("回执不是本中心开给本节点的（format.md §9）")
    needed = {8, 9} if grade is Grade.R1 else {10, 11, 12}
    if not needed <= f.keys():
        raise BadObject("回执缺少其等级应有的内容（format.md §9）")
    counts = f.get(8, [0, 0])
    if len(counts) != 2 or not all(type(n) is int and n >= 0 for n in counts):
        raise BadObject("回执的计数不合规（format.md §9）")
    return Receipt(
        grade,
        f[3],
        f[4],
        Head.from_list([f[5], f[6]]),
        f[7],
        counts[0],
        counts[1],
        f.get(9, 0),
        f.get(10, 0),
        exceptions,
        f.get(12, False),
    )
