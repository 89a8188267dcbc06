"""A DBF and its memo file as one value: the sandbox takes one piece of bytes, so the two travel framed together.

    8 B magic | u64 length of the DBF, big-endian | DBF | memo file to the end

A DBF without memo travels bare.
"""

from __future__ import annotations

import struct
from pathlib import PurePath
from typing import Final

_MAGIC: Final = b"\x89JDPAIR\n"
_HEAD: Final = struct.Struct(">8sQ")
_SUFFIXES: Final = (".fpt", ".dbt", ".FPT", ".DBT")


def memo_names(name: str) -> tuple[str, ...]:
    """Names under which the memo file of a DBF may lie beside it, likeliest first; none for any other file."""
    path = PurePath(name)
    return tuple(path.stem + suffix for suffix in _SUFFIXES) if path.suffix.lower() == ".dbf" else ()


def join(data: bytes, memo: bytes) -> bytes:
    """Frame a DBF with its memo file; without one the DBF stays as it is."""
    return _HEAD.pack(_MAGIC, len(data)) + data + memo if memo else data


def split(data: bytes) -> tuple[bytes, bytes]:
    """The file and its memo file, blank for bytes that were not framed. A lying length cuts, it never reads beyond."""
    if not data.startswith(_MAGIC) or len(data) < _HEAD.size:
        return data, b""
    _, length = _HEAD.unpack_from(data)
    return data[_HEAD.size : _HEAD.size + length], data[_HEAD.size + length :]
