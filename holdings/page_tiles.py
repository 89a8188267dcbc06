"""The picture of one page cut into tiles, from the whole page in one tile to every pixel: how a viewer asks, and the bytes that hold them; pure.

Zoom 0 is the smallest level, in which the page fits in one tile; each further one doubles it, the last has the pixels of the file. A pyramid is made
once for a page (holdings/page_pyramid.py), kept as one blob, and read tile by tile.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

TILE: Final = 512
"""Pixels of a tile's side: a screen is some fifteen tiles."""
ZOOMS_MAX: Final = 16
PYRAMID_MAX: Final = 256 << 20
"""Bytes of one pyramid: 500 million pixels at half a byte."""
_HEAD: Final = struct.Struct(">I")


class Shape(Struct, frozen=True):
    """What a viewer must know: pixels of the page, side of a tile, and of each zoom how many tiles across and down."""

    width: int
    height: int
    tile: int
    zooms: list[tuple[int, int]]


class _Header(Struct, frozen=True):
    shape: Shape
    preview: int
    lengths: list[int]


def zooms(width: int, height: int, tile: int = TILE) -> list[tuple[int, int]]:
    """Tiles across and down, from the level that fits in one tile to the full one.

    >>> zooms(2480, 3508)
    [(1, 1), (2, 2), (3, 4), (5, 7)]
    """
    found = []
    while True:
        found.append((-(-width // tile), -(-height // tile)))
        if found[-1] == (1, 1) or len(found) == ZOOMS_MAX:
            return found[::-1]
        width, height = -(-width // 2), -(-height // 2)


def packed(shape: Shape, preview: bytes, tiles: Sequence[bytes]) -> bytes:
    """One blob of the shape, a picture of the whole page, and its tiles: zoom by zoom, row by row."""
    header = msgspec.json.encode(_Header(shape, len(preview), [len(tile) for tile in tiles]))
    return b"".join((_HEAD.pack(len(header)), header, preview, *tiles))


def places(shape: Shape) -> Iterator[tuple[int, int, int]]:
    """(zoom, x, y) of every tile, in the order in which a blob has them."""
    for zoom, (across, down) in enumerate(shape.zooms):
        for y in range(down):
            for x in range(across):
                yield zoom, x, y


class Pyramid(Struct, frozen=True):
    """A blob that was read: `shape`, `preview` (a JPEG of the whole page), and `tile`."""

    shape: Shape
    preview: bytes
    _tiles: dict[tuple[int, int, int], tuple[int, int]]
    _blob: bytes

    @staticmethod
    def read(blob: bytes) -> Pyramid:
        """The blob as it was packed; ValueError when it is none."""
        if not _HEAD.size < len(blob) <= PYRAMID_MAX:
            raise ValueError("no pyramid")
        (length,) = _HEAD.unpack_from(blob)
        header = msgspec.json.decode(blob[_HEAD.size : _HEAD.size + length], type=_Header)
        at = _HEAD.size + length
        preview, at = blob[at : at + header.preview], at + header.preview
        found = {}
        for place, size in zip(places(header.shape), header.lengths, strict=True):
            found[place] = (at, at + size)
            at += size
        if at != len(blob):
            raise ValueError("a pyramid of another length")
        return Pyramid(header.shape, preview, found, blob)

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """A tile as a JPEG; None where the page has none."""
        place = self._tiles.get((zoom, x, y))
        return self._blob[place[0] : place[1]] if place else None

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self._blob)
