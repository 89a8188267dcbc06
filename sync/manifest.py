"""Manifest, item, part and segment (format.md §6), their leaves, and the body of a delta (§8). Pure but for zstd."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

import zstandard
from msgspec import Struct

from crypto import cbor, merkle
from crypto.digest import Algorithm
from crypto.errors import CryptoError
from sync import limits
from sync.errors import BadObject

MANIFEST_LEVEL = 3


class ItemKind(IntEnum):
    """What an item is (format.md §6.1); sync itself makes no difference between them."""

    RECORD = 1
    TEXT = 2


class Transform(IntEnum):
    """How a part's bytes were changed before sealing (format.md §6.2)."""

    STORE = 0
    ZSTD = 1
    JXL_JPEG = 2


class Segment(Struct, frozen=True):
    """Where up to 8 MiB of a part's source bytes lie; `file_key` never enters repr."""

    file_key: bytes
    pack: bytes
    offset: int
    length: int

    def __repr__(self) -> str:
        return f"Segment(pack={self.pack.hex()[:12]}, offset={self.offset}, length={self.length})"


class Part(Struct, frozen=True):
    """One file of an item: name, size in bytes, digests by algorithm, and its segments in order."""

    name: str
    size: int
    digests: Mapping[Algorithm, bytes]
    transform: Transform
    segments: tuple[Segment, ...]
    engine: str = ""

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the part's source bytes."""
        return self.digests[Algorithm.SHA256]


class Item(Struct, frozen=True):
    """One version of one thing; `body` is opaque here."""

    id: bytes
    version: int
    kind: ItemKind
    body: bytes
    parts: tuple[Part, ...]

    @property
    def supersedes(self) -> int | None:
        """The version this one takes the place of."""
        return self.version - 1 if self.version > 1 else None


class Manifest(Struct, frozen=True):
    """The items of a delta in order of application, and the salt of their leaves."""

    salt: bytes
    items: tuple[Item, ...]


class DeltaBody(Struct, frozen=True):
    """What a delta entry says in clear (format.md §8)."""

    manifest: tuple[bytes, int]
    packs: tuple[tuple[bytes, int], ...]
    items: int
    parts: int
    source_bytes: int
    leaf_root: bytes

    def objects(self) -> Iterator[tuple[bytes, int]]:
        """(name, length) of the manifest, then of the packs."""
        yield self.manifest
        yield from self.packs

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §8."""
        return {
            1: list(self.manifest),
            2: [list(p) for p in self.packs],
            3: [self.items, self.parts, self.source_bytes],
            4: self.leaf_root,
        }


def read_delta(body: object) -> DeltaBody:
    """Decode the body of a delta entry; BadObject when a bound or type is off."""
    try:
        f = cbor.take_map(body, required={1: list, 2: list, 3: list, 4: bytes})
    except CryptoError as fault:
        raise BadObject(f"增量条目无法解读：{fault}（format.md §8）") from fault
    manifest = _named(f[1], limits.MANIFEST_SEALED_BYTES)
    packs = tuple(_named(p, limits.PACK_BYTES) for p in f[2])
    counts = f[3]
    if len(packs) > limits.ENTRY_PACKS or len(counts) != 3 or not all(type(n) is int and n >= 0 for n in counts):
        raise BadObject("增量条目的包数或计数超限（format.md §8、§14）")
    if len({name for name, _ in (manifest, *packs)}) != len(packs) + 1 or len(f[4]) != 32:
        raise BadObject("增量条目重复列出对象或根哈希长度不对（format.md §8）")
    return DeltaBody(manifest, packs, counts[0], counts[1], counts[2], f[4])


def _named(value: object, bound: int) -> tuple[bytes, int]:
    if (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], bytes)
        and len(value[0]) == 32
        and type(value[1]) is int
        and 0 < value[1] <= bound
    ):
        return value[0], value[1]
    raise BadObject("对象应写作 [32 字节名称, 长度] 且不超限（format.md §8、§14）")


def segments_of(size: int) -> int:
    """How many segments a part of `size` source bytes has (format.md §6.2)."""
    return -(-size // limits.SEGMENT_BYTES)


def segment_size(size: int, index: int) -> int:
    """Source bytes that segment `index` of a part of `size` bytes covers."""
    return min(limits.SEGMENT_BYTES, size - index * limits.SEGMENT_BYTES)


def _core(item: Item) -> dict[int, Any]:
    """What the leaf of an item covers (format.md §6.4), keys in order."""
    parts = [
        {1: p.name, 2: p.size, 3: {int(a): d for a, d in sorted(p.digests.items())}, 4: int(p.transform)}
        for p in item.parts
    ]
    core: dict[int, Any] = {1: item.id, 2: item.version}
    if item.supersedes is not None:
        core[3] = item.supersedes
    core |= {4: int(item.kind), 5: item.body, 6: parts}
    return core


def leaf(salt: bytes, item: Item) -> bytes:
    """The 64 bytes that stand for an item in the delta's tree (format.md §6.4)."""
    tag = hmac.digest(salt, item.id + item.version.to_bytes(4, "big"), "sha256")
    return tag + hashlib.sha256(cbor.encode_own(_core(item))).digest()


def leaf_root(manifest: Manifest) -> bytes:
    """RFC 6962 root over the leaves in item order."""
    return merkle.root(leaf(manifest.salt, item) for item in manifest.items)


def encode(manifest: Manifest) -> bytes:
    """The zstd frame that is sealed (format.md §6); BadObject when a bound is exceeded: nothing is written that `decode` refuses."""
    index: dict[bytes, int] = {}
    items = []
    try:
        _check_count(manifest.items)
        if len(manifest.salt) != 32:
            raise BadObject("清单的盐不是 32 字节（format.md §6）")
        for item in manifest.items:
            _check_item(item)
            core = _core(item)
            for part, target in zip(item.parts, core[6], strict=True):
                target[5] = [[s.file_key, index.setdefault(s.pack, len(index)), s.offset, s.length] for s in part.segments]
                if part.engine:
                    target[6] = part.engine
            items.append(core)
        plain = cbor.encode_own({1: 1, 2: 1, 3: manifest.salt, 4: list(index), 5: items})
    except (CryptoError, ValueError) as fault:
        raise BadObject(f"清单不合规，未加封：{fault}（format.md §6）") from fault
    if len(plain) > limits.MANIFEST_PLAIN_BYTES:
        raise BadObject("清单明文过大（format.md §14）")
    return zstandard.ZstdCompressor(level=MANIFEST_LEVEL, write_content_size=True).compress(plain)


def decode(frame: bytes) -> Manifest:
    """Decode an opened manifest strictly (format.md §6); BadObject names what is off."""
    try:
        size = zstandard.frame_content_size(frame)
        if not 0 <= size <= limits.MANIFEST_PLAIN_BYTES:
            raise BadObject("清单未声明大小或超限（format.md §6、§14）")
        plain = zstandard.ZstdDecompressor().decompress(
            frame, max_output_size=limits.MANIFEST_PLAIN_BYTES, allow_extra_data=False
        )
        return _manifest(cbor.decode(plain, limit=limits.MANIFEST_PLAIN_BYTES))
    except (CryptoError, zstandard.ZstdError, ValueError) as fault:
        raise BadObject(f"清单无法解读：{fault}（format.md §6）") from fault


def _manifest(value: object) -> Manifest:
    f = cbor.take_map(value, required={1: int, 2: int, 3: cbor.ID32, 4: list, 5: list})
    packs = cbor.take_array(f[4], cbor.ID32, at_most=len(f[4]), name="packs")
    if f[1] != 1 or f[2] != 1:
        raise BadObject("清单的版本或套件本程序不支持（format.md §6）。请升级程序。")
    _check_count(f[5])
    return Manifest(f[3], tuple(_item(item, packs) for item in f[5]))


def _check_count(items: Sequence[object]) -> None:
    if len(items) > limits.MANIFEST_ITEMS:
        raise BadObject(f"清单条目数超过 {limits.MANIFEST_ITEMS}（format.md §14）")


def _item(value: object, packs: Sequence[bytes]) -> Item:
    f = cbor.take_map(value, required={1: bytes, 2: int, 4: int, 5: bytes, 6: list}, optional={3: int})
    if len(f[6]) > limits.ITEM_PARTS or f.get(3) != (f[2] - 1 or None):
        raise BadObject("清单条目的部件数或所替代的版本不合规（format.md §6.1、§14）")
    item = Item(f[1], f[2], ItemKind(f[4]), f[5], tuple(_part(p, packs) for p in f[6]))
    _check_item(item)
    return item


def _check_item(item: Item) -> None:
    """The bounds of format.md §6.1 and §14, for writers and readers alike."""
    if (
        len(item.id) != 16
        or not 1 <= item.version < 1 << 32
        or len(item.body) > limits.ITEM_BODY_BYTES
        or len(item.parts) > limits.ITEM_PARTS
    ):
        raise BadObject("清单条目的标识、版本或大小不合规（format.md §6.1、§14）")
    for part in item.parts:
        _check_part(part)
    if len({p.name for p in item.parts}) != len(item.parts):
        raise BadObject("清单条目中两个部件同名（format.md §6）：导出时后者会盖掉前者")


def _part(value: object, packs: Sequence[bytes]) -> Part:
    f = cbor.take_map(value, required={1: str, 2: int, 3: dict, 4: int, 5: list}, optional={6: str})
    digests = {Algorithm(a): d for a, d in f[3].items()}
    if not all(isinstance(d, bytes) for d in digests.values()):
        raise BadObject("部件的摘要不是字节串（format.md §6）")
    segments = []
    for s in f[5]:
        if (
            not isinstance(s, list)
            or len(s) != 4
            or not isinstance(s[0], bytes)
            or not all(type(n) is int and n >= 0 for n in s[1:])
        ):
            raise BadObject("部件的分段写法不合规（format.md §6）")
        if s[1] >= len(packs):
            raise BadObject("部件的分段指向包外（format.md §6、§14）")
        segments.append(Segment(s[0], packs[s[1]], s[2], s[3]))
    return Part(f[1], f[2], digests, Transform(f[4]), tuple(segments), f.get(6, ""))


def _check_part(part: Part) -> None:
    """The bounds of format.md §6, §6.2 and §14, for writers and readers alike."""
    check_part_name(part.name)
    if (
        not 0 <= part.size <= limits.PART_BYTES
        or Algorithm.SHA256 not in part.digests
        or any(len(d) != 32 for d in part.digests.values())
    ):
        raise BadObject("部件的大小或摘要不合规（format.md §6）")
    if len(part.segments) != segments_of(part.size) or (part.transform is Transform.JXL_JPEG and len(part.segments) != 1):
        raise BadObject("部件的分段数与大小不符（format.md §6.2）")
    for one in part.segments:
        if len(one.file_key) != 16 or len(one.pack) != 32 or one.offset < 0 or one.length < 0:
            raise BadObject("部件的分段写法不合规（format.md §6）")
        if one.offset + one.length > limits.PACK_BYTES:
            raise BadObject("部件的分段指向包外（format.md §6、§14）")


def check_part_name(name: str) -> None:
    """A part name is one file name: no separator, no `.`/`..`, no NUL, at most 1,024 bytes (format.md §14); BadObject otherwise."""
    try:
        raw = name.encode()
    except UnicodeEncodeError as fault:
        raise BadObject("部件名不是合法的 UTF-8（format.md §14）") from fault
    if not raw or len(raw) > limits.PART_NAME_BYTES or "/" in name or "\0" in name or name in {".", ".."}:
        raise BadObject("部件名不是单个文件名或过长（format.md §14）")
