"""Technical metadata of what one part holds: dimensions, resolution, colour, length, codec (format.md §6.6); pure."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from msgspec import Struct

from crypto import cbor
from crypto.errors import CryptoError
from holdings.errors import BodyUnreadable, OurFault

SIDE_MAX: Final = 1_000_000  # pixels; a film strip is long
DPI_MAX: Final = 48_000  # tenths: 4,800 to the inch
DURATION_MAX: Final = 1_000 * 3600 * 1000  # ms, as holdings.av_probe
PAGES_MAX: Final = 100_000  # format.md §14: pages of a PDF
TEXT_MAX: Final = 128  # characters of a codec's or format's name
FACTS_MAX: Final = 1_024  # bytes


class Colour(IntEnum):
    """色彩模式 of an image (format.md §6.6); 0 where nothing was looked at."""

    UNKNOWN = 0
    BILEVEL = 1
    GREY = 2
    COLOUR = 3


class PageFacts(Struct, frozen=True):
    """What a page, or a recording, is technically; 0 or blank where the file does not tell.

    Args:
        media_type: of the part, by its content.
        page: which page of the part, from 0.
        pages: how many pages the part has.
        width: pixels as stored; of a page of a document at 200 to the inch.
        height: the same.
        dpi: tenths of pixels to the inch, the coarser direction.
        colour: of the image.
        bits: of one sample.
        codec: compression of the image, or codecs of the streams joined by `+`.
        duration_ms: length of a recording.
    """

    media_type: str
    page: int = 0
    pages: int = 1
    width: int = 0
    height: int = 0
    dpi: int = 0
    colour: Colour = Colour.UNKNOWN
    bits: int = 0
    codec: str = ""
    duration_ms: int = 0


def encode(facts: PageFacts) -> bytes:
    """The bytes of format.md §6.6; OurFault when a bound is broken."""
    _check(facts)
    return cbor.encode({
        1: facts.media_type, 2: facts.page, 3: facts.pages, 4: facts.width, 5: facts.height, 6: facts.dpi, 7: facts.colour.value, 8: facts.bits,
        9: facts.codec, 10: facts.duration_ms,
    })  # fmt: skip


def decode(data: bytes) -> PageFacts:
    """Read what `encode` wrote; BodyUnreadable names the rule that is broken."""
    try:
        body = cbor.take_map(
            cbor.decode(data, limit=FACTS_MAX),
            {1: str, **dict.fromkeys(range(2, 9), int), 9: str, 10: int},
            name="page facts",
        )
        facts = PageFacts(body[1], body[2], body[3], body[4], body[5], body[6], Colour(body[7]), body[8], body[9], body[10])
        _check(facts)
    except (CryptoError, ValueError, OurFault) as fault:
        raise BodyUnreadable(f"page facts (format.md §6.6): {fault}") from fault
    return facts


def _check(facts: PageFacts) -> None:
    """The bounds of format.md §6.6."""
    bounds = (
        (len(facts.media_type), 1, TEXT_MAX),
        (facts.pages, 0, PAGES_MAX),
        (facts.page, 0, max(0, facts.pages - 1)),
        (facts.width, 0, SIDE_MAX),
        (facts.height, 0, SIDE_MAX),
        (facts.dpi, 0, DPI_MAX),
        (facts.bits, 0, 64),
        (len(facts.codec), 0, TEXT_MAX),
        (facts.duration_ms, 0, DURATION_MAX),
    )
    if any(not least <= value <= most for value, least, most in bounds):
        raise OurFault("page facts (format.md §6.6): a number or a name out of bounds")
