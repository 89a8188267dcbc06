"""Packs: sealed blobs back to back behind clear headers (format.md §5). Pure but for the randomness of sealing."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator

from msgspec import Struct

from crypto import sealing
from crypto.errors import CryptoError
from sync import limits
from sync.errors import BadObject, StoreDamaged
from sync.manifest import Segment

MAGIC = b"JDB1"
HEADER = struct.Struct(">4sBBHQ")


class Placed(Struct, frozen=True):
    """A blob's place in a pack that has no name yet."""

    file_key: bytes
    offset: int
    length: int

    def in_pack(self, pack: bytes) -> Segment:
        """The segment, once the pack has its name."""
        return Segment(self.file_key, pack, self.offset, self.length)


class PackBuffer:
    """A pack being filled in memory; the buffer belongs to the caller and is used again for the next pack.

    Args:
        buffer: at least `target` + one sealed segment + header; block-aligned for O_DIRECT.
        target: bytes after which the pack is full.
    """

    def __init__(self, buffer: memoryview, target: int) -> None:
        self._buffer, self.target, self.length = buffer, target, 0
        self._keys = sealing.FileKeys()

    @staticmethod
    def capacity(target: int) -> int:
        """Bytes the buffer needs for packs of `target` bytes."""
        return target + HEADER.size + sealing.sealed_length(limits.SEGMENT_BYTES)

    @property
    def full(self) -> bool:
        """Is it time to close the pack?"""
        return self.length >= self.target

    def room_for(self, size: int) -> bool:
        """Would a segment of `size` stored bytes stay within the target? A first one always fits."""
        return self.length == 0 or self.length + HEADER.size + sealing.sealed_length(size) <= self.target

    def append(self, source: memoryview | bytes) -> Placed:
        """Seal one segment straight into the pack."""
        length = sealing.sealed_length(len(source))
        start = self.length + HEADER.size
        HEADER.pack_into(self._buffer, self.length, MAGIC, 1, 0, 0, length)
        file_key = self._keys.seal_into(source, self._buffer[start : start + length])
        self.length = start + length
        return Placed(file_key, start, length)

    def view(self) -> memoryview:
        """What was filled so far."""
        return self._buffer[: self.length]

    def name(self) -> bytes:
        """SHA-256 of the pack: the one pass over the sealed bytes on this side (format.md §5)."""
        return hashlib.sha256(self.view()).digest()

    def clear(self) -> None:
        """Begin the next pack."""
        self.length = 0


def walk(read: Callable[[int, int], bytes], length: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of every blob of a pack of `length` bytes, read without keys.

    Args:
        read: (offset, size) -> bytes of the pack.

    Raises:
        BadObject: the headers do not lead exactly to the end (format.md §5).
    """
    at = 0
    while at < length or not length:
        header = read(at, HEADER.size) if at + HEADER.size <= length else b""
        if len(header) != HEADER.size:
            raise BadObject(f"包在第 {at} 字节处残缺（format.md §5）")
        magic, version, flags, reserved, size = HEADER.unpack(header)
        if magic != MAGIC or version != 1 or flags or reserved or at + HEADER.size + size > length:
            raise BadObject(f"包在第 {at} 字节处的头不合规（format.md §5）")
        yield at + HEADER.size, size
        at += HEADER.size + size


def open_segment(segment: Segment, blob: bytes) -> bytes:
    """Decrypt a blob; StoreDamaged when its bytes are not what was sealed."""
    try:
        return bytes(sealing.open_blob(segment.file_key, blob))
    except CryptoError as fault:
        raise StoreDamaged(f"包 {segment.pack.hex()[:16]}… 第 {segment.offset} 字节处的密文已损坏") from fault
