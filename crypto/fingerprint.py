"""Fingerprints as two persons compare them by telephone: the same figures from the same digest at node and hub (format.md §2.1). Pure."""

from __future__ import annotations

from typing import Final

GROUPS: Final = 8
"""Groups of five figures: 10^40, 132 bits."""
_BYTES: Final = 17


def figures(digest: bytes) -> tuple[str, ...]:
    """Eight groups of five decimal figures of a digest of 17 bytes and more: figures have one name each in every dialect, letters have not.

    >>> figures(bytes(32))[0]
    '00000'
    """
    if len(digest) < _BYTES:
        raise ValueError(f"a fingerprint has {_BYTES} bytes and more")
    number = int.from_bytes(digest[:_BYTES], "big")
    return tuple(f"{number // 100_000**place % 100_000:05d}" for place in range(GROUPS - 1, -1, -1))


def read_out(digest: bytes) -> str:
    """The same in one line, a blank between two groups."""
    return " ".join(figures(digest))
