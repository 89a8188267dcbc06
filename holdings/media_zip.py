"""Zip containers (OFD, docx, xlsx) by their central directory: kind, completeness and declared expansion; pure and
bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

from holdings.findings import FindingCode
from holdings.zipped import DOCUMENT_BOUNDS, MEMBERS_MAX

ReadAt: TypeAlias = Callable[[int, int], bytes]

TAIL: Final = 1_024
COMMENT_MAX: Final = 65_535 + 22
DIRECTORY_MAX: Final = 4 << 20  # bytes: 20,000 members with long names
_KINDS: Final = ((b"OFD.xml", "ofd"), (b"word/document.xml", "docx"), (b"xl/workbook.xml", "xlsx"))


def read_zip(size: int, read_at: ReadAt) -> tuple[str, FindingCode | None]:
    """Kind (`ofd`, `docx`, `xlsx` or `zip`) and problem: truncated without the end record, a bomb by what its members
    declare.
    """
    end = _end_record(size, read_at)
    if end is None:
        return "zip", FindingCode.TRUNCATED
    count, length, offset = end
    if count == 0xFFFF or offset == 0xFFFFFFFF:  # zip64: no document of ours is that large; the decoder decides
        return "zip", None
    if offset + length > size:
        return "zip", FindingCode.TRUNCATED
    if count > MEMBERS_MAX or length > DIRECTORY_MAX:
        return "zip", FindingCode.BOMB
    return _members(read_at(offset, length), size)


def _end_record(size: int, read_at: ReadAt) -> tuple[int, int, int] | None:
    """Members, length and offset of the directory, from the end record, searched from the back."""
    for reach in (TAIL, COMMENT_MAX):
        tail = read_at(max(0, size - reach), reach)
        at = tail.rfind(b"PK\x05\x06")
        if 0 <= at <= len(tail) - 22:
            count, length, offset = struct.unpack_from("<HII", tail, at + 10)
            return count, length, offset
    return None


def _members(directory: bytes, size: int) -> tuple[str, FindingCode | None]:
    """Walk the directory: names tell the kind, declared sizes a bomb."""
    names: set[bytes] = set()
    expanded = at = 0
    while directory[at : at + 4] == b"PK\x01\x02" and at + 46 <= len(directory):
        full, name, extra, comment = struct.unpack_from("<IHHH", directory, at + 24)
        names.add(directory[at + 46 : at + 46 + name])
        expanded += full
        at += 46 + name + extra + comment
    kind = next((kind for wanted, kind in _KINDS if wanted in names), "zip")
    if not names:
        return kind, FindingCode.UNREADABLE
    return kind, None if DOCUMENT_BOUNDS.allow(expanded, size) else FindingCode.BOMB
