"""Formats told by their first bytes alone: GIF, BMP, WebP, JPEG 2000 with their size, sound and moving pictures; pure."""

from __future__ import annotations

import struct
from typing import Final

from msgspec import Struct

GIF, BMP, WEBP, JP2 = "image/gif", "image/bmp", "image/webp", "image/jp2"
_JP2_BOX, _JP2_STREAM = b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"
_AV: Final = (
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"0&\xb2u\x8ef\xcf\x11\xa6\xd9", "video/x-ms-asf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftyp", "video/mp4"),
    (4, b"moov", "video/quicktime"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/wav"),
)


class Magic(Struct, frozen=True):
    """What the first bytes say; `pages` is None for what has no pages. `broken` when the size makes no sense."""

    media_type: str
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    broken: bool = False


def read_magic(head: bytes) -> Magic | None:
    """Tell a format by its first 4 KiB; None when it is none of these."""
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _sized(GIF, head, 6, "<HH")
    if head.startswith(b"BM") and head[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return _sized(BMP, head, 18, "<ii")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    if head.startswith(_JP2_STREAM):
        return _sized(JP2, head, 8, ">II")
    if head.startswith(_JP2_BOX):
        at = head.find(b"ihdr")
        found = _sized(JP2, head, at + 4, ">II") if at >= 0 else Magic(JP2, pages=1)
        return Magic(JP2, found.height, found.width, 1, found.broken)  # the box gives height first
    return next((Magic(kind) for at, sign, kind in _AV if head[at : at + len(sign)] == sign), None)


def _sized(media_type: str, head: bytes, at: int, form: str) -> Magic:
    """A picture whose two numbers stand at a place; a BMP counts its lines from below when the second is negative."""
    if len(head) < at + struct.calcsize(form):
        return Magic(media_type, pages=1, broken=True)
    width, height = map(abs, struct.unpack_from(form, head, at))
    return Magic(media_type, width, height, 1, broken=not width or not height)


def _webp(head: bytes) -> Magic:
    """The three ways of WebP to say its size."""
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 " and len(head) >= 30:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    else:
        return Magic(WEBP, pages=1, broken=True)
    return Magic(WEBP, width, height, 1, broken=not width or not height)
