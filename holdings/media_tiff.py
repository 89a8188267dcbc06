"""TIFF 6.0 and BigTIFF by their directories: size of the first image, pages, and whether every strip lies inside the
file; pure and bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

from holdings.findings import FindingCode

ReadAt: TypeAlias = Callable[[int, int], bytes]
Directory: TypeAlias = "dict[int, tuple[int, int, bytes]]"

PAGES_MAX: Final = 10_000
ENTRIES_MAX: Final = 4_096
VALUES_MAX: Final = 1 << 20  # strips of one page: one a line of the tallest image that is decoded
BYTES_MAX: Final = 64 << 20  # read of one file in all, so that overlapping directories do not multiply

_FORMATS: Final = {1: "B", 3: "H", 4: "I", 16: "Q"}
_WIDTH, _HEIGHT, _SUBTYPE = 256, 257, 254
_RANGES: Final = ((273, 279), (324, 325))  # strips, tiles: offsets and byte counts


class _Broken(Exception):
    """A directory that cannot be followed."""

    def __init__(self, code: FindingCode) -> None:
        super().__init__(code.slug)
        self.code = code


class _File:
    """Bounded reading in one byte order."""

    def __init__(self, head: bytes, size: int, read_at: ReadAt) -> None:
        self.order = "<" if head[:2] == b"II" else ">"
        self.big = head[2:4] in (b"+\0", b"\0+")
        self.size, self._head, self._read_at, self._left = size, head, read_at, BYTES_MAX

    def take(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes, or _Broken: beyond the end the file is truncated."""
        if offset + length > self.size:
            raise _Broken(FindingCode.TRUNCATED)
        if offset + length <= len(self._head):
            return self._head[offset : offset + length]
        self._left -= length
        if self._left < 0:
            raise _Broken(FindingCode.BOMB)
        data = self._read_at(offset, length)
        if len(data) < length:
            raise _Broken(FindingCode.TRUNCATED)
        return data

    def number(self, offset: int, form: str) -> int:
        """One unsigned number."""
        return int(struct.unpack(self.order + form, self.take(offset, struct.calcsize("=" + form)))[0])


def read_tiff(head: bytes, size: int, read_at: ReadAt) -> tuple[int | None, int | None, int | None, FindingCode | None]:
    """Width and height of the first page, number of pages (thumbnails and masks not counted), problem."""
    if len(head) < 16 and size < 16:
        return None, None, None, FindingCode.TRUNCATED
    file = _File(head, size, read_at)
    width = height = None
    pages = 0
    seen: set[int] = set()
    try:
        offset = file.number(8, "Q") if file.big else file.number(4, "I")
        while offset:
            if offset in seen or len(seen) >= PAGES_MAX:
                raise _Broken(FindingCode.UNREADABLE)
            seen.add(offset)
            directory, offset = _directory(file, offset)
            across, down = _value(file, directory, _WIDTH), _value(file, directory, _HEIGHT)
            if not across or not down:
                raise _Broken(FindingCode.UNREADABLE)
            _check_ranges(file, directory)
            if not (_value(file, directory, _SUBTYPE) or 0) & 0b101:  # reduced image, mask
                pages += 1
            if width is None or (width or 0) * (height or 0) < across * down:
                width, height = across, down
    except _Broken as broken:
        return width, height, pages or None, broken.code
    return width, height, pages or None, None if pages else FindingCode.UNREADABLE


def _directory(file: _File, offset: int) -> tuple[Directory, int]:
    """Entries of one directory as {tag: (type, count, value field)}, and the offset of the next."""
    head, form, entry, value = (8, "Q", 20, 8) if file.big else (2, "H", 12, 4)
    count = file.number(offset, form)
    if not 0 < count <= ENTRIES_MAX:
        raise _Broken(FindingCode.UNREADABLE)
    raw = file.take(offset + head, count * entry + value)
    unpack = struct.Struct(file.order + ("HHQ8s" if file.big else "HHI4s")).unpack_from
    found: Directory = {}
    for index in range(count):
        tag, kind, number, data = unpack(raw, index * entry)
        found.setdefault(tag, (kind, number, data))
    following = int(struct.unpack(file.order + ("Q" if file.big else "I"), raw[count * entry :])[0])
    return found, following


def _values(file: _File, directory: Directory, tag: int) -> tuple[int, ...]:
    """Numbers of a tag, empty when it is absent or no unsigned number."""
    kind, count, data = directory.get(tag, (0, 0, b""))
    form = _FORMATS.get(kind)
    if form is None or count == 0:
        return ()
    if count > VALUES_MAX:
        raise _Broken(FindingCode.BOMB)
    length = count * struct.calcsize("=" + form)
    if length > len(data):
        data = file.take(int(struct.unpack(file.order + ("Q" if file.big else "I"), data)[0]), length)
    return struct.unpack(f"{file.order}{count}{form}", data[:length])


def _value(file: _File, directory: Directory, tag: int) -> int | None:
    """First number of a tag."""
    values = _values(file, directory, tag)
    return values[0] if values else None


def _check_ranges(file: _File, directory: Directory) -> None:
    """Every strip or tile lies inside the file; otherwise it was cut."""
    image = False
    for offsets_tag, counts_tag in _RANGES:
        offsets, counts = _values(file, directory, offsets_tag), _values(file, directory, counts_tag)
        image = image or bool(offsets)
        if counts and len(counts) != len(offsets):
            raise _Broken(FindingCode.UNREADABLE)
        if any(
            offset + length > file.size for offset, length in zip(offsets, counts or (1,) * len(offsets), strict=True)
        ):
            raise _Broken(FindingCode.TRUNCATED)
    if not image:
        raise _Broken(FindingCode.UNREADABLE)
