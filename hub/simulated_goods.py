"""Records made up for trials, sealed as a node seals them: one page each, in packs, under a manifest for the hub's vault."""

from __future__ import annotations

import os
import struct
import zlib
from typing import Final

from msgspec import Struct

from crypto.digest import Algorithm, sha256
from holdings.record import Basis, Clearance, Description, Level, encode_record
from sync import delta as deltas
from sync.durable import aligned_buffer
from sync.limits import MIB
from sync.manifest import Item, ItemKind, Part, Segment, Transform
from sync.pack import PackBuffer

PAGE_SIDE: Final = 16
"""Pixels of a made-up page; what it weighs beyond is noise in a chunk that readers pass over."""
PACK_BYTES: Final = 2 * MIB
WEIGHT_MAX: Final = 4 * MIB


class Goods(Struct, frozen=True):
    """What a delta entry names, and the objects, manifest first."""

    content: deltas.SealedDelta
    objects: dict[bytes, bytes]


def page(weight: int) -> bytes:
    """A PNG of a small white page, `weight` bytes long (120 at least): it decodes, and cannot be compressed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xff" * PAGE_SIDE for _ in range(PAGE_SIDE))
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", PAGE_SIDE, PAGE_SIDE, 8, 0, 0, 0, 0))
    tail = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return head + chunk(b"noIs", os.urandom(max(0, weight - len(head) - len(tail) - 12))) + tail


def make(codes: list[str], weight: int, wall: int, recipients: list[bytes]) -> Goods:
    """Seal a record of one page of `weight` bytes under each code; computes for a while."""
    pages = [page(weight) for _ in codes]
    packs, segments = _packed(pages)
    items = [_item(code, data, segment, wall) for code, data, segment in zip(codes, pages, segments, strict=True)]
    content = deltas.seal(items, [(name, len(data)) for name, data in packs.items()], os.urandom(32), recipients)
    return Goods(content, {content.name: content.sealed, **packs})


def _packed(pages: list[bytes]) -> tuple[dict[bytes, bytes], list[Segment]]:
    """The pages back to back in packs of about 2 MiB; (packs by name, where each page lies)."""
    packs: dict[bytes, bytes] = {}
    segments: list[Segment] = []
    waiting = list(pages)
    while waiting:
        taken = [waiting.pop(0)]
        while waiting and sum(map(len, taken)) + len(waiting[0]) <= PACK_BYTES:
            taken.append(waiting.pop(0))
        buffer = PackBuffer(aligned_buffer(sum(map(len, taken)) + (1 << 16) * (len(taken) + 1)), 1)
        placed = [buffer.append(one) for one in taken]
        name = buffer.name()
        packs[name] = bytes(buffer.view())
        segments += [one.in_pack(name) for one in placed]
    return packs, segments


def _item(code: str, data: bytes, segment: Segment, wall: int) -> Item:
    described = Description(
        code,
        Level.ITEM,
        {"档号": code, "题名": "模拟档案", "密级": ""},
        "模拟批次",
        Clearance(Basis.REVIEW, ("模拟甲", "模拟乙"), wall),
    )
    part = Part("0001.png", len(data), {Algorithm.SHA256: sha256(data)}, Transform.STORE, (segment,))
    return Item(os.urandom(16), 1, ItemKind.RECORD, encode_record(described), (part,))
