"""Memo files of a DBF: FoxPro .fpt, dBase III and IV .dbt; every pointer from outside is bounded.

Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

MEMO_MAX: Final = 131_072  # bytes of one memo: four times the characters of a cell; what is longer is refused there
TextAt: TypeAlias = Callable[[int], "bytes | None"]
_DBASE4: Final = b"\xff\xff\x08\0"
_BLOCK: Final = 512


def memo_reader(version: int, memo: bytes) -> TextAt:
    """Function from block number to the bytes of a memo; None when the number points nowhere.

    Args:
        version: first byte of the DBF, which says whose memo file it is.
        memo: the memo file; may be blank.
    """
    if version in (0x30, 0x31, 0x32, 0xF5, 0xFB):
        return _foxpro(memo)
    return _dbase(memo)


def _foxpro(memo: bytes) -> TextAt:
    """Blocks of the size that the header says; each has its kind and length (big-endian) before it."""
    size = int.from_bytes(memo[6:8], "big") or _BLOCK

    def text_at(block: int) -> bytes | None:
        start = block * size
        if block <= 0 or start + 8 > len(memo):
            return None
        _, length = struct.unpack_from(">II", memo, start)
        if start + 8 + length > len(memo):
            return None
        return memo[start + 8 : start + 8 + min(length, MEMO_MAX)]

    return text_at


def _dbase(memo: bytes) -> TextAt:
    """Blocks of 512 bytes (dBase IV: as its header says), ended by 1A, or with a length before them."""
    size = int.from_bytes(memo[20:22], "little")
    size = size if 64 <= size <= 32_768 else _BLOCK

    def text_at(block: int) -> bytes | None:
        for start in (block * size, block * _BLOCK):
            if block > 0 and memo[start : start + 4] == _DBASE4 and start + 8 <= len(memo):
                length = max(0, int.from_bytes(memo[start + 4 : start + 8], "little") - 8)
                return memo[start + 8 : start + 8 + min(length, MEMO_MAX)]
        start = block * _BLOCK
        if block <= 0 or start >= len(memo):
            return None
        end = memo.find(b"\x1a", start, start + MEMO_MAX)
        return memo[start : end if end >= 0 else start + MEMO_MAX]

    return text_at
