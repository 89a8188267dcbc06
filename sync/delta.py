"""When a delta closes, and what it becomes: a sealed manifest and the body of an entry (format.md §6, §8)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct, field

from crypto import sealing
from crypto.errors import CryptoError
from sync import limits, manifest
from sync.errors import BadObject, StoreDamaged
from sync.manifest import DeltaBody, Item, Manifest


class OpenDelta(Struct):
    """Items and packs gathered for the next delta. Pure: the clock is passed in.

    `bytes_max` lets a node close earlier than format.md §8 demands, so that sealing and sending overlap.
    """

    bytes_max: int = limits.DELTA_BYTES
    items: list[Item] = field(default_factory=list)
    packs: dict[bytes, int] = field(default_factory=dict)
    source_bytes: int = 0
    body_bytes: int = 0
    touched_s: float = 0.0

    def add_pack(self, name: bytes, length: int) -> None:
        """A durable pack that no delta names yet."""
        self.packs[name] = length

    def add_item(self, item: Item, now_s: float) -> None:
        """An item all of whose packs are durable."""
        self.items.append(item)
        self.source_bytes += sum(p.size for p in item.parts)
        self.body_bytes += len(item.body) + 64 * sum(2 + len(p.segments) for p in item.parts)
        self.touched_s = now_s

    def must_close(self, now_s: float) -> bool:
        """Has a bound of format.md §8 been reached?"""
        return (
            len(self.items) >= limits.DELTA_ITEMS
            or len(self.packs) >= limits.DELTA_PACKS
            or sum(self.packs.values()) >= self.bytes_max
            or self.body_bytes >= limits.MANIFEST_SEALED_BYTES // 2
            or (bool(self.items) and now_s - self.touched_s >= limits.DELTA_QUIET_S)
        )

    @property
    def empty(self) -> bool:
        """Nothing gathered?"""
        return not self.items and not self.packs


class SealedDelta(Struct, frozen=True):
    """A delta ready to be stored and signed."""

    name: bytes
    sealed: bytes
    body: DeltaBody


def seal(
    items: Sequence[Item], packs: Sequence[tuple[bytes, int]], salt: bytes, recipients: Sequence[bytes]
) -> SealedDelta:
    """Seal a manifest to `recipients` (X25519, 32 bytes each); `packs` are those that no earlier delta names.

    Raises:
        BadObject: a bound of format.md §14 is exceeded.
    """
    content = Manifest(salt, tuple(items))
    sealed = sealing.seal_file(manifest.encode(content), recipients)
    if len(sealed) > limits.MANIFEST_SEALED_BYTES:
        raise BadObject("加封后的清单过大（format.md §14）")
    parts = sum(len(i.parts) for i in items)
    size = sum(p.size for i in items for p in i.parts)
    name = hashlib.sha256(sealed).digest()
    return SealedDelta(
        name, sealed, DeltaBody((name, len(sealed)), tuple(packs), len(items), parts, size, manifest.leaf_root(content))
    )


def open_manifest(sealed: bytes, identity: bytes) -> Manifest:
    """Open a sealed manifest with the vault's or the node's identity.

    Raises:
        StoreDamaged: not sealed to this identity, or changed since.
        BadObject: opened, but not a manifest.
    """
    try:
        frame = sealing.open_file(sealed, identity, limit=limits.MANIFEST_SEALED_BYTES)
    except CryptoError as fault:
        raise StoreDamaged(f"清单打不开：{fault}") from fault
    return manifest.decode(bytes(frame))
