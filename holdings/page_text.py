"""The text of one page with the place of every line on it, and its bytes (format.md §6.5); pure.

What wrote it is named: an engine that read the image, a document's own text, or a person who corrected either. Lines stand in reading order.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final, TypeAlias

import zstandard
from msgspec import Struct

from crypto import cbor
from crypto.errors import CryptoError
from holdings.errors import BodyUnreadable, OurFault

# format.md §14
SIDE_MAX: Final = 65_535  # pixels: a coordinate is two bytes
LINES_MAX: Final = 8_000  # a page of a newspaper has 2,000
LINE_MAX: Final = 4_000  # characters of one line
PLAIN_MAX: Final = 512 * 1024  # bytes before compression
SEALED_MAX: Final = 256 * 1024  # bytes after it
NAME_MAX: Final = 64  # characters of an engine's name, and of its version
_LEVEL: Final = 9  # a page is 2 to 6 KB: the level costs nothing there
_SKEW_UNITS: Final = 100  # hundredths of a degree
_CIRCLE: Final = 360 * _SKEW_UNITS
_CORNERS: Final = 8  # numbers of a box
_CONTROL: Final = {code: " " for code in (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029) if code != 9} | {9: "\t"}

Box: TypeAlias = tuple[int, int, int, int, int, int, int, int]
"""x, y of four corners in pixels of the page as stored: where the line's first character begins above, then on along its reading direction."""


class Orientation(IntEnum):
    """By how many degrees clockwise the page as stored must be turned to stand upright."""

    UPRIGHT = 0
    RIGHT = 90
    OVER = 180
    LEFT = 270


class TextLine(Struct, frozen=True):
    """One line as read.

    Args:
        text: without line ends; never empty.
        box: its corners; all 0 on a page without geometry.
        confidence: 0 to 1, kept in thousandths; 1 where nothing was guessed.
        vertical: written from top to bottom.
    """

    text: str
    box: Box = (0, 0, 0, 0, 0, 0, 0, 0)
    confidence: float = 1.0
    vertical: bool = False


class PageText(Struct, frozen=True):
    """The text of one page (format.md §6.5).

    Args:
        engine: what read it, `rapidocr`, `pdf`, `ofd`, `docx` …; `person` for a correction.
        engine_version: of program, models and parameters, as text.
        width: pixels of the page as stored; a page that has no pixels of its own counts 200 to the inch; 0 without geometry (text files).
        height: the same.
        orientation: how the page as stored must be turned.
        skew: degrees by which its lines then still rise (negative) or sink (positive) to the right; kept in hundredths.
        lines: in reading order.
    """

    engine: str
    engine_version: str
    width: int
    height: int
    orientation: Orientation = Orientation.UPRIGHT
    skew: float = 0.0
    lines: tuple[TextLine, ...] = ()

    @property
    def text(self) -> str:
        """All lines in reading order, one to a line."""
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """Mean over all characters, 1.0 for a page without any."""
        weights = [len(line.text) for line in self.lines]
        return (
            sum(line.confidence * n for line, n in zip(self.lines, weights, strict=True)) / sum(weights)
            if weights
            else 1.0
        )

    @property
    def weakest(self) -> float:
        """Confidence of the line that is least sure, 1.0 for a page without lines."""
        return min((line.confidence for line in self.lines), default=1.0)


def one_line(text: str) -> str:
    """Text as a line may hold it: control characters and line ends become blanks, at most LINE_MAX characters, no lone surrogates."""
    return text[:LINE_MAX].translate(_CONTROL).encode("utf-8", "replace").decode().strip()


def clamp(point: float, side: int) -> int:
    """A coordinate on the page: whole, from 0 to `side`."""
    return max(0, min(side, round(point)))


def encode(page: PageText) -> bytes:
    """The bytes of format.md §6.5: equal pages have equal CBOR; OurFault when a bound of §14 is broken."""
    _check(page)
    flags = bytes(line.vertical for line in page.lines)
    plain = cbor.encode({
        1: page.engine, 2: page.engine_version, 3: page.width, 4: page.height, 5: page.orientation.value // 90,
        6: round(page.skew * _SKEW_UNITS) % _CIRCLE, 7: page.text, 8: _columns([line.box for line in page.lines]),
        9: struct.pack(f">{len(page.lines)}H", *(round(line.confidence * 1000) for line in page.lines)), 10: flags,
    })  # fmt: skip
    if len(plain) > PLAIN_MAX:
        raise OurFault(f"page text of {len(plain)} bytes, {PLAIN_MAX} are allowed (format.md §14)")
    sealed = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(plain)
    if len(sealed) > SEALED_MAX:
        raise OurFault(f"page text of {len(sealed)} bytes compressed, {SEALED_MAX} are allowed (format.md §14)")
    return sealed


def decode(data: bytes) -> PageText:
    """Read what `encode` wrote; BodyUnreadable names the rule that is broken, never the text."""
    try:
        body = cbor.take_map(
            cbor.decode(_expand(data), limit=PLAIN_MAX),
            {1: str, 2: str, 3: int, 4: int, 5: int, 6: int, 7: str, 8: bytes, 9: bytes, 10: bytes},
            name="page text",
        )
    except CryptoError as fault:
        raise BodyUnreadable(f"page text (format.md §6.5): {fault}") from fault
    texts = body[7].split("\n") if body[7] else []
    count = len(texts)
    if count > LINES_MAX or (len(body[8]), len(body[9]), len(body[10])) != (2 * _CORNERS * count, 2 * count, count):
        raise BodyUnreadable("page text (format.md §6.5): lines, boxes and confidences differ in number")
    if body[5] > 3 or body[6] >= _CIRCLE or max(body[10], default=0) > 1:
        raise BodyUnreadable("page text (format.md §6.5): orientation, skew or flags out of range")
    boxes = _boxes(body[8], count)
    sure = [value / 1000 for value in struct.unpack(f">{count}H", body[9])]
    skew = body[6] if body[6] <= _CIRCLE // 2 else body[6] - _CIRCLE
    lines = tuple(map(TextLine, texts, boxes, sure, map(bool, body[10])))
    page = PageText(body[1], body[2], body[3], body[4], Orientation(body[5] * 90), skew / _SKEW_UNITS, lines)
    try:
        _check(page)
    except OurFault as fault:
        raise BodyUnreadable(str(fault)) from fault
    return page


def _expand(data: bytes) -> bytes:
    """The CBOR inside one zstd frame of declared size."""
    try:
        size = zstandard.frame_content_size(data)
        if len(data) > SEALED_MAX or not 0 <= size <= PLAIN_MAX:
            raise BodyUnreadable("page text (format.md §14): too large, or its size is not declared")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=PLAIN_MAX, allow_extra_data=False)
    except (zstandard.ZstdError, ValueError) as fault:
        raise BodyUnreadable("page text (format.md §6.5): not one zstd frame") from fault


def _check(page: PageText) -> None:
    """The bounds of format.md §6.5 and §14."""
    if not (1 <= len(page.engine) <= NAME_MAX and len(page.engine_version) <= NAME_MAX):
        raise OurFault("page text (format.md §6.5): name or version of the engine empty or too long")
    if not (0 <= page.width <= SIDE_MAX and 0 <= page.height <= SIDE_MAX) or len(page.lines) > LINES_MAX:
        raise OurFault("page text (format.md §14): page or number of lines too large")
    for line in page.lines:
        if not 1 <= len(line.text) <= LINE_MAX or "\n" in line.text or not 0 <= line.confidence <= 1:
            raise OurFault(
                "page text (format.md §6.5): a line that is empty, too long or not one line, or a confidence that is none"
            )
        if any(not 0 <= x <= page.width for x in line.box[::2]) or any(
            not 0 <= y <= page.height for y in line.box[1::2]
        ):
            raise OurFault("page text (format.md §6.5): a box that does not lie on the page")


def _columns(boxes: Sequence[Box]) -> bytes:
    """All first numbers of the boxes, then all second ones …: like stands beside like."""
    flat = [box[corner] for corner in range(_CORNERS) for box in boxes]
    return struct.pack(f">{len(flat)}H", *flat)


def _boxes(data: bytes, count: int) -> list[Any]:
    """The boxes that `_columns` wrote."""
    flat = struct.unpack(f">{_CORNERS * count}H", data)
    return [tuple(flat[corner * count + row] for corner in range(_CORNERS)) for row in range(count)]
