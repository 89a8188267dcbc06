"""Page images as pixels for the OCR engine, with what they are technically; runs in the sandbox.

A page is decoded once, as finely as reading needs (about 220 to the inch), whatever it was scanned at.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Final

import cv2
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.page_facts import Colour, PageFacts
from node.ocr_engine import Pixels

READ_DPI: Final = 220
LONG_UNKNOWN: Final = 3_508  # long side where a file tells no resolution: A4 at 300
LONG_MAX: Final = 8_000  # A1 at READ_DPI; a larger plan is read more coarsely
DPI_MIN, DPI_MAX = 50.0, 4_800.0  # a resolution outside is no resolution: programs write 1, 0 or 72,000,000
FRAMES_MAX: Final = 10_000  # format.md §14
FORMATS: Final = {
    media.JPEG: ("JPEG", "MPO"), media.TIFF: ("TIFF",), media.PNG: ("PNG",), media.JP2: ("JPEG2000",), media.GIF: ("GIF",), media.BMP: ("BMP",),
    media.WEBP: ("WEBP",),
}  # fmt: skip
# What a damaged or hostile file makes the decoders raise: none of them promises its own errors alone.
BROKEN: Final = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError),
    *(RuntimeError, RecursionError, AssertionError, SyntaxError, struct.error, zlib.error),
    *(Image.DecompressionBombError, cv2.error),
)
Image.MAX_IMAGE_PIXELS = media.PIXELS_MAX
_BITS: Final = {"1": 1, "I;16": 16, "I": 16, "I;16B": 16}
_GREYS: Final = {"L", "LA", "I", "I;16", "I;16B", "F"}


class Raster(Struct, frozen=True):
    """A page as pixels: `pixels` (perhaps smaller than stored), and what it is; `facts` holds its size as stored."""

    pixels: Pixels
    facts: PageFacts

    @property
    def grey(self) -> Pixels:
        """One channel in which black writing stays dark, a red head legible and a red seal pale."""
        if self.pixels.ndim == 2:
            return self.pixels
        return cv2.addWeighted(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY), 0.5, self.red, 0.5, 0).astype(np.uint8)

    @property
    def red(self) -> Pixels:
        """The red channel: what red ink covers shows through."""
        return self.pixels if self.pixels.ndim == 2 else np.ascontiguousarray(self.pixels[:, :, 2])


def open_image(data: bytes, media_type: str, page: int = 0) -> Raster:
    """Decode page `page` of an image file.

    Raises:
        MediaUnreadable: it does not decode, is too large, or has no such page.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd tags of scanners; what matters raises
            with Image.open(io.BytesIO(data), formats=FORMATS[media_type]) as image:
                frames = min(FRAMES_MAX, int(getattr(image, "n_frames", 1))) if image.format == "TIFF" else 1
                if not 0 <= page < frames:
                    raise MediaUnreadable(f"文件只有 {frames} 页")
                if page:
                    image.seek(page)
                found = raster(image, media_type)
    except MediaUnreadable:
        raise
    except BROKEN as fault:
        raise MediaUnreadable("图像不能完整解码：文件损坏或不完整，请重新扫描或重新拷贝") from fault
    return replace(found, facts=replace(found.facts, page=page, pages=frames))


def raster(image: Image.Image, media_type: str, dpi: float = 0.0) -> Raster:
    """An opened picture as pixels; `dpi` where the file around it knows better."""
    width, height = image.size
    if width * height > media.PIXELS_MAX or max(width, height) > 65_535:
        raise MediaUnreadable("图像超过 5 亿像素或边长超过 65,535 像素，未作识别")
    dpi = dpi or _dpi(image)
    scale = min(1.0, READ_DPI / dpi if dpi else LONG_UNKNOWN / max(width, height), LONG_MAX / max(width, height))
    mode, codec = image.mode, str(image.info.get("compression") or image.format or "").lower()
    if image.format in ("JPEG", "MPO"):
        image.draft(mode, (max(1, int(width * scale)), max(1, int(height * scale))))
    image.load()
    pixels = _pixels(image)
    colour = Colour.BILEVEL if mode == "1" else Colour.GREY if mode in _GREYS or pixels.ndim == 2 else Colour.COLOUR
    wanted = (max(8, round(width * scale)), max(8, round(height * scale)))
    if pixels.shape[1] > wanted[0] * 1.1:
        pixels = cv2.resize(pixels, wanted, interpolation=cv2.INTER_AREA).astype(np.uint8)
    bits = _BITS.get(mode, 8)
    return Raster(
        np.ascontiguousarray(pixels),
        PageFacts(media_type, 0, 1, width, height, round(10 * dpi), colour, bits, codec[:64]),
    )


def _pixels(image: Image.Image) -> Pixels:
    """Grey or colour of eight bits; what shines through is on white."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if image.mode.startswith(("I", "F")):
        return np.clip(np.asarray(image).astype(np.float32) / 256, 0, 255).astype(np.uint8)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.mode == "P" and not _coloured(image):
        return np.asarray(image.convert("L"))
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


def _coloured(image: Image.Image) -> bool:
    """Whether a palette holds more than greys."""
    palette = image.getpalette() or []
    return any(len(set(palette[at : at + 3])) > 1 for at in range(0, len(palette), 3))


def _dpi(image: Image.Image) -> float:
    """The coarser of the two resolutions, 0.0 when there is none that can be believed."""
    told = image.info.get("dpi")
    try:
        least = min(float(told[0]), float(told[1])) if told else 0.0
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return 0.0
    return least if DPI_MIN <= least <= DPI_MAX else 0.0
