"""Pages of writing without a font: glyph-like boxes of strokes in lines and paragraphs, small marks low in their cells, a table; seeded."""

from __future__ import annotations

import functools
import io
import random

import numpy as np
from PIL import Image, ImageDraw

A4 = (1654, 2339)
EM, PITCH, LEFT, TOP = 44, 76, 200, 270


def glyph(draw: ImageDraw.ImageDraw, r: random.Random, x: int, y: int, ink: int) -> None:
    """Strokes across and down that fill the cell, as a Chinese character does."""
    for _ in range(r.randint(2, 4)):
        level = y + r.randint(4, EM - 6)
        draw.line([(x + 3, level), (x + EM - 5, level)], ink, 3)
    for _ in range(r.randint(1, 3)):
        upright = x + r.randint(4, EM - 8)
        draw.line([(upright, y + 2), (upright, y + EM - 4)], ink, 4)


def mark(draw: ImageDraw.ImageDraw, x: int, y: int, ink: int) -> None:
    """A full-width comma: a blot at the lower left of its cell."""
    draw.ellipse([x + 4, y + EM - 14, x + 12, y + EM - 4], fill=ink)


@functools.lru_cache(maxsize=64)
def page(seed: int = 0, lines: int = 24, number: int = 1, size: tuple[int, int] = A4) -> Image.Image:
    """A grey page of paragraphs; `number` is stamped at the upper right in strokes."""
    r, g = random.Random(seed), np.random.default_rng(seed + 1000 * number)
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    across = (size[0] - 2 * LEFT) // EM
    left = 0
    for line in range(lines):
        y = TOP + line * PITCH
        if left <= 0:
            left, begin = r.randint(60, 140), 2
        else:
            begin = 0
        count = min(across - begin, left)
        left -= count
        next_mark = r.randint(5, 12)
        for cell in range(begin, begin + count):
            x = LEFT + cell * EM
            if next_mark == 0:
                mark(draw, x, y, 40)
                next_mark = r.randint(5, 12)
            else:
                glyph(draw, r, x, y, 40)
                next_mark -= 1
    digits = random.Random(number)
    for k in range(3):
        x = size[0] - 160 + 20 * k
        draw.rectangle([x, 60, x + 14, 84], outline=60, width=3)
        draw.line([(x, 60 + digits.randint(2, 22)), (x + 14, 60 + digits.randint(2, 22))], 60, 4)
    paper = np.asarray(image, np.float32) / 255 * 232 + g.normal(0, 2, (size[1], size[0]))
    return Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", dpi: float = 200) -> bytes:
    """The page as a scanner writes it: JPEG, or G4 in a TIFF."""
    out = io.BytesIO()
    if kind == "G4":
        image.point(lambda v: 255 if v > 150 else 0, "1").save(out, "TIFF", compression="group4", dpi=(dpi, dpi))
    elif kind == "PDF":
        image.save(out, "PDF", resolution=dpi)
    else:
        image.save(out, kind, dpi=(dpi, dpi), **({"quality": 75} if kind == "JPEG" else {}))
    return out.getvalue()
