"""What a file is, by its content, from its first and last bytes; nothing is decoded; pure.

Reads go through `read_at(offset, length)`, which may return fewer bytes at the end of the file. Each format's reader is
bounded, so that
hostile bytes cost little and raise nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from holdings import media_magic
from holdings.file_name import extension
from holdings.findings import FindingCode
from holdings.media_tiff import read_tiff
from holdings.media_zip import read_zip

ReadAt: TypeAlias = Callable[[int, int], bytes]

PIXELS_MAX: Final = 500_000_000  # format.md §14: image decoded at R4
FILE_MAX: Final = 1 << 40  # format.md §14: part size
HEAD: Final = 4_096
TAIL: Final = 1_024
JPEG_TAIL_MAX: Final = 64 << 10  # scanners append thumbnails and padding behind the end marker
JPEG_SEGMENTS_MAX: Final = 512
JPEG_HEAD_MAX: Final = 4 << 20  # ICC profiles and previews before the frame header

JPEG, TIFF, PNG, PDF = "image/jpeg", "image/tiff", "image/png", "application/pdf"
OFD, DOCX = "application/ofd", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX, ZIP = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"
JP2, GIF, BMP, WEBP = media_magic.JP2, media_magic.GIF, media_magic.BMP, media_magic.WEBP
TEXT, UNKNOWN = "text/plain", "application/octet-stream"

_EXTENSIONS: Final = {
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), JPEG),
    **dict.fromkeys(("tif", "tiff"), TIFF),
    **dict.fromkeys(("jp2", "j2k", "jpf", "jpx"), JP2),
    **dict.fromkeys(("txt", "csv", "xml", "json", "md5"), TEXT),
    "png": PNG,
    "gif": GIF,
    "bmp": BMP,
    "webp": WEBP,
    "pdf": PDF,
    "ofd": OFD,
    "docx": DOCX,
    "xlsx": XLSX,
    "zip": ZIP,
}
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_PNG_MAGIC, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


class Probe(Struct, frozen=True):
    """What a file is.

    `pages` is None where only a decoder can say (PDF, OFD, docx, unknown); `problem` stops the page.
    """

    media_type: str
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    problem: FindingCode | None = None
    extension_differs: bool = False


def probe(name: str, size: int, read_at: ReadAt) -> Probe:
    """Tell what a file of `size` bytes is.

    Raises nothing of its own for any content; what `read_at` raises passes through.
    """
    if size == 0:
        return Probe(UNKNOWN, problem=FindingCode.EMPTY_FILE)
    if size > FILE_MAX:
        return Probe(UNKNOWN, problem=FindingCode.TOO_LARGE)
    head = read_at(0, HEAD)
    media_type, width, height, pages, problem = _sniff(head, size, read_at)
    if problem is None and width is not None and height is not None:
        problem = FindingCode.TOO_LARGE if width * height > PIXELS_MAX else None
    expected = _EXTENSIONS.get(extension(name))
    differs = expected is not None and expected != media_type and media_type != UNKNOWN
    return Probe(media_type, width, height, pages, problem, differs)


_Seen: TypeAlias = "tuple[str, int | None, int | None, int | None, FindingCode | None]"


def _sniff(head: bytes, size: int, read_at: ReadAt) -> _Seen:
    """Media type, width, height, pages, problem."""
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(head, size, read_at)
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return (TIFF, *read_tiff(head, size, read_at))
    if head.startswith(_PNG_MAGIC):
        return _png(head, size, read_at)
    if b"%PDF-" in head[:1024]:
        tail = read_at(max(0, size - 2 * TAIL), 2 * TAIL)
        return PDF, None, None, None, None if b"%%EOF" in tail else FindingCode.TRUNCATED
    if head.startswith(b"PK\x03\x04"):
        kind, problem = read_zip(size, read_at)
        return {"ofd": OFD, "docx": DOCX, "xlsx": XLSX}.get(kind, ZIP), None, None, None, problem
    if magic := media_magic.read_magic(head):
        broken = FindingCode.UNREADABLE if magic.broken else None
        return magic.media_type, magic.width, magic.height, magic.pages, broken
    if _is_text(head, size):
        return TEXT, None, None, None, None
    return UNKNOWN, None, None, None, FindingCode.TYPE_UNKNOWN


def _jpeg(head: bytes, size: int, read_at: ReadAt) -> _Seen:
    """Follow the segments to the frame header; then look for the end marker from the back (it cannot occur in
    entropy-coded data).
    """
    found = _jpeg_frame(head, size, read_at)
    if isinstance(found, FindingCode):
        return JPEG, None, None, 1, found
    tail = read_at(max(0, size - TAIL), TAIL)
    if b"\xff\xd9" not in tail and b"\xff\xd9" not in read_at(max(0, size - JPEG_TAIL_MAX), JPEG_TAIL_MAX):
        return JPEG, *found, 1, FindingCode.TRUNCATED
    return JPEG, *found, 1, None


def _jpeg_frame(head: bytes, size: int, read_at: ReadAt) -> tuple[int, int] | FindingCode:
    """Width and height of the frame header, or what is wrong."""
    base, position = 0, 2  # `head` holds the file from `base` on
    for _ in range(JPEG_SEGMENTS_MAX):
        if position > JPEG_HEAD_MAX:
            break
        if position + 9 > base + len(head):
            base, head = position, read_at(position, HEAD)
            if len(head) < 9:
                return FindingCode.TRUNCATED
        at = position - base
        marker = head[at + 1]
        if head[at] != 0xFF:
            return FindingCode.UNREADABLE
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            # A height of 0 stands in a DNL segment after the first scan; scanners that feed paper write it.
            return (width, height) if width else FindingCode.UNREADABLE
        if marker in (0xD9, 0xDA):
            return FindingCode.UNREADABLE
        length = 0 if 0xD0 <= marker <= 0xD8 or marker == 1 else int.from_bytes(head[at + 2 : at + 4], "big")
        if length == 1 or (length == 0 and not (0xD0 <= marker <= 0xD8 or marker == 1)):
            return FindingCode.UNREADABLE
        position += 2 + length
    return FindingCode.TRUNCATED if position >= size else FindingCode.UNREADABLE


def _png(head: bytes, size: int, read_at: ReadAt) -> _Seen:
    """Header chunk first, end chunk last."""
    if len(head) < 33:
        return PNG, None, None, 1, FindingCode.TRUNCATED
    width, height = struct.unpack_from(">II", head, 16)
    if head[12:16] != b"IHDR" or not width or not height:
        return PNG, None, None, 1, FindingCode.UNREADABLE
    whole = _PNG_END in read_at(max(0, size - TAIL), TAIL)
    return PNG, width, height, 1, None if whole else FindingCode.TRUNCATED


def _is_text(head: bytes, size: int) -> bool:
    """Whether the head is UTF-8 or GB18030 text without control characters."""
    if any(byte < 0x20 and byte not in b"\t\n\r\f\x1a" for byte in head[:512]) or b"\0" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4 if size > len(head) else 1):  # the head may end inside a character
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return True
    return False
