"""Whether two files show the same picture and differ in what is written beside it alone 仅元数据变化 (EXIF, XMP, comments, resolution);
runs in the sandbox.

Nothing is decoded: the coded image is compared byte for byte, with everything that decides how it looks (tables, colour profile,
orientation). So "the same" is certain, while a file that was coded anew without loss counts as another picture.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Final

SIZE_MAX: Final = 32 << 20  # bytes of a file that is compared
IFDS_MAX: Final = 10_000  # pages of a TIFF
_END: Final = 64  # last bytes of a JPEG: its coded image runs to the end (T.81 B.1)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_BESIDE: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"pHYs"})
_TIFF: Final = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION: Final = 274
_SHOWN: Final = frozenset(
    {256, 257, 258, 259, 262, 266, _ORIENTATION, 277, 278, 284, 292, 293, 301, 317, 320, 322, 323}
    | {332, 336, 338, 339, 347, 529, 530, 531, 532, 34675}
)
"""TIFF 6.0 tags by which strips and tiles are decoded and shown."""
_PIECES: Final = {273: 279, 324: 325}  # offsets of strips and tiles, and the tag of their lengths
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_Entries = dict[int, tuple[int, bytes]]


def same_in_sandbox(data: bytes, extra: str) -> bytes:
    """Two files one behind the other, `extra` the length of the first: b"1" when they show the same picture, else b""."""
    cut = int(extra)
    old = face(data[:cut])
    return b"1" if old is not None and old == face(data[cut:]) else b""


def may_be_same(old: bytes, new: bytes) -> bool:
    """False where the ends of two JPEG files tell already that they show different pictures; takes nothing apart, so it needs no sandbox."""
    both_jpeg = old[:3] == new[:3] == b"\xff\xd8\xff"
    return not both_jpeg or old[-_END:] == new[-_END:]


def face(data: bytes) -> bytes | None:
    """SHA-256 of what a JPEG, PNG or TIFF shows; None for other files and for what cannot be taken apart."""
    if len(data) > SIZE_MAX:
        return None
    try:
        if data[:3] == b"\xff\xd8\xff":
            pieces = _jpeg(data)
        elif data[:8] == _PNG:
            pieces = _png(data)
        elif data[:4] in _TIFF:
            pieces = _tiff(data)
        else:
            return None
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(struct.pack(">Q", len(piece)) + piece)
    except (struct.error, IndexError, ValueError, KeyError):
        return None
    return digest.digest()


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Segments before the first scan but those of applications and comments; from there on everything (T.81 B.1)."""
    yield b"jpeg"
    at, turned = 2, 1
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        if data[at + 1] == 0xFF:  # fill bytes
            at += 1
            continue
        marker = data[at + 1]
        if marker == 0xDA:
            yield struct.pack(">H", turned)
            yield data[at:]
            return
        length = struct.unpack_from(">H", data, at + 2)[0]
        body = data[at + 4 : at + 2 + length]
        if length < 2 or len(body) != length - 2:
            raise ValueError("cut off")
        if marker == 0xE1 and body[:6] == b"Exif\0\0":
            turned = _orientation(body[6:]) or turned
        # Adobe's APP14 says how colours are coded, and a colour profile how they look.
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker == 0xEE or body[:11] == b"ICC_PROFILE":
            yield data[at : at + 2 + length]
        at += 2 + length


def _png(data: bytes) -> Iterator[bytes]:
    """All chunks but texts, times, EXIF and the size of a pixel; EXIF's orientation counts (PNG 11)."""
    yield b"png"
    at, turned = 8, 1
    while at < len(data):
        (length,), name = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            raise ValueError("cut off")
        if name == b"eXIf":
            turned = _orientation(data[at + 8 : at + 8 + length]) or turned
        elif name not in _PNG_BESIDE:
            yield data[at : at + 12 + length]
        at += 12 + length
        if name == b"IEND":
            yield struct.pack(">H", turned)
            yield data[at:]
            return
    raise ValueError("no end")


def _tiff(data: bytes) -> Iterator[bytes]:
    """Of every page the tags that decide how it looks, and its strips or tiles."""
    yield b"tiff"
    order = _TIFF[data[:4]]
    at, seen = struct.unpack_from(f"{order}I", data, 4)[0], set[int]()
    while at:
        if at in seen or len(seen) >= IFDS_MAX:
            raise ValueError("a ring of pages")
        seen.add(at)
        entries, at = _ifd(data, at, order)
        for tag in sorted(_SHOWN & entries.keys()):
            kind, value = entries[tag]
            yield struct.pack(">HH", tag, kind) + value
        for offsets, lengths in _PIECES.items():
            if offsets in entries:
                for start, length in zip(_whole(entries[offsets], order), _whole(entries[lengths], order), strict=True):
                    if start + length > len(data):
                        raise ValueError("cut off")
                    yield data[start : start + length]


def _ifd(data: bytes, at: int, order: str) -> tuple[_Entries, int]:
    """({tag: (type, bytes)}, where the next directory is) of one directory."""
    count = struct.unpack_from(f"{order}H", data, at)[0]
    found: _Entries = {}
    for index in range(count):
        place = at + 2 + 12 * index
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, place)
        size = _SIZES.get(kind, 0) * number
        start = place + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, place + 8)[0]
        if start + size > len(data):
            raise ValueError("cut off")
        if tag in _SHOWN or tag in _PIECES or tag in _PIECES.values():
            found[tag] = (kind, data[start : start + size])
    return found, int(struct.unpack_from(f"{order}I", data, at + 2 + 12 * count)[0])


def _whole(entry: tuple[int, bytes], order: str) -> tuple[int, ...]:
    kind, value = entry
    letter = {1: "B", 3: "H", 4: "I", 13: "I"}[kind]
    return struct.unpack(f"{order}{len(value) // _SIZES[kind]}{letter}", value)


def _orientation(exif: bytes) -> int:
    """How a picture is to be turned, by its EXIF; 0 when it does not say."""
    order = _TIFF[exif[:4]]
    entries, _ = _ifd(exif, struct.unpack_from(f"{order}I", exif, 4)[0], order)
    return _whole(entries[_ORIENTATION], order)[0] if _ORIENTATION in entries else 0
