"""Watermarks 水印 on what people are shown or take along: who looked, when, by which request; drawn into the pixels. Runs in the sandbox or on own bytes."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

TEXT_MAX: Final = 60
QUALITY: Final = 80
ANGLE: Final = 30
OPACITY: Final = 56
"""Of 255: read on white and on dark pictures alike, and the writing under it stays legible."""
_FONTS: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-zenhei/wqy-zenhei.ttc", "/usr/share/fonts/truetype/arphic/uming.ttc", "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)  # fmt: skip


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path in _FONTS:
        if Path(path).is_file():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


@functools.lru_cache(maxsize=16)
def _layer(text: str, width: int, height: int, size: int) -> Image.Image:
    """The text again and again, at an angle, over a picture of that size."""
    reach = int((width**2 + height**2) ** 0.5) + 8 * size
    plate, font = Image.new("L", (reach, reach), 0), _font(size)
    draw = ImageDraw.Draw(plate)
    across = int(draw.textlength(text, font=font)) + 4 * size
    for row, y in enumerate(range(0, reach, 6 * size)):
        for x in range(-across + (row % 2) * across // 2, reach, across):
            draw.text((x, y), text, fill=OPACITY, font=font)
    turned = plate.rotate(ANGLE, resample=Image.Resampling.BILINEAR)
    left, top = (reach - width) // 2, (reach - height) // 2
    return turned.crop((left, top, left + width, top + height))


def over(image: Image.Image, text: str, size: int = 22) -> Image.Image:
    """The picture with the text over it; `size` in pixels of a character."""
    plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
    layer = _layer(text[:TEXT_MAX], plain.width, plain.height, size)
    ink = Image.new(plain.mode, plain.size, 96 if plain.mode == "L" else (96, 96, 110))
    return Image.composite(ink, plain, layer)


def marked(data: bytes, text: str) -> bytes:
    """A JPEG with the text over it, as a JPEG: for tiles and previews that this program made."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.load()
        over(image, text, max(22, min(image.size) // 50)).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
