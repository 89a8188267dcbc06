"""Image faults as scanners and operators make them, put into clean pages: what the benchmark and its figures rest on. Seeded; needs no font."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

DPI = (200, 200)


def encode(image: Image.Image, dpi: tuple[float, float] | None = DPI) -> bytes:
    """The page as a scanner writes it: G4 for black and white, else JPEG."""
    out = io.BytesIO()
    tag = {"dpi": dpi} if dpi else {}
    if image.mode == "1":
        image.save(out, "TIFF", compression="group4", **tag)
    else:
        image.save(out, "JPEG", quality=75, **tag)
    return out.getvalue()


def _grey(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"), np.float32)


def _like(image: Image.Image, grey: np.ndarray) -> Image.Image:
    made = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    return made.point(lambda v: 255 if v > 128 else 0, "1") if image.mode == "1" else made


def blank_even(image: Image.Image, r: random.Random) -> bytes:
    """An even grey sheet."""
    return encode(Image.new("L", image.size, r.randint(225, 250)))


def blank_paper(image: Image.Image, r: random.Random) -> bytes:
    """The back of a sheet: noise, dust, shadow along the spine, show-through and a stamped number of three strokes."""
    g = np.random.default_rng(r.randrange(1 << 30))
    through = np.asarray(image.convert("L").transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(4)), np.float32)
    page = r.randint(222, 238) + g.normal(0, 2, through.shape) - (255 - through) * 0.05
    page[:, : r.randint(2, 14)] -= 45
    for _ in range(r.randint(5, 40)):
        y, x, s = r.randrange(page.shape[0] - 4), r.randrange(page.shape[1] - 4), r.randint(1, 3)
        page[y : y + s, x : x + s] = r.randint(40, 150)
    for k in range(r.randint(0, 3)):
        page[60:85, page.shape[1] - 150 + 18 * k : page.shape[1] - 146 + 18 * k] = 70
    return encode(_like(image, page))


def upside_down(image: Image.Image, _r: random.Random) -> bytes:
    """Turned by half a circle."""
    return encode(image.rotate(180))


def skewed(image: Image.Image, r: random.Random) -> bytes:
    """Turned by 4.5° to 9° either way (the clean pages slant by up to 1.5° themselves)."""
    angle = r.choice((-1, 1)) * r.uniform(4.5, 9)
    return encode(_like(image, np.asarray(image.convert("L").rotate(angle, Image.Resampling.BICUBIC, fillcolor=232), np.float32)))


def too_dark(image: Image.Image, r: random.Random) -> bytes:
    """The lamp was failing; black and white: the threshold stood too high."""
    grey = _grey(image)
    if image.mode == "1":
        g = np.random.default_rng(r.randrange(1 << 30))
        return encode(_like(image, np.where(g.random(grey.shape) < r.uniform(0.4, 0.7), 0, grey)))
    return encode(_like(image, grey * r.uniform(0.3, 0.52)))


def black_border(image: Image.Image, r: random.Random) -> bytes:
    """The lid stood open: dark bands or wedges of 4 to 15 mm on one to three sides."""
    grey = _grey(image)
    g = np.random.default_rng(r.randrange(1 << 30))
    for side in r.sample(range(4), r.randint(1, 3)):
        page = np.rot90(grey, side)
        high, wide = page.shape
        near, far = round(r.uniform(4, 15) * 7.87), round(r.uniform(4, 15) * 7.87)
        depth = np.linspace(near, far, wide)
        dark = np.arange(high)[:, None] < depth[None, :]
        page[dark] = r.randint(8, 60) + g.normal(0, 4, int(dark.sum()))
    return encode(_like(image, grey))


def text_cut(image: Image.Image, r: random.Random) -> bytes:
    """Cropped through the writing on one side."""
    ink = _grey(image) < 128
    high, wide = ink.shape
    if r.random() < 0.5:
        columns = np.flatnonzero(ink[high // 3 : 2 * high // 3].sum(axis=0) > 6)
        left, right = int(columns[0]), int(columns[-1])
        box = (left + r.randint(30, 90), 0, wide, high) if r.random() < 0.5 else (0, 0, right - r.randint(30, 90), high)
    else:
        # Through the middle of a line, not between two.
        rows = np.convolve(ink[:, wide // 5 : 4 * wide // 5].sum(axis=1), np.ones(9), "same")
        half = rows[high // 2 : 4 * high // 5]
        at = high // 2 + int(np.argmax(half))
        box = (0, at, wide, high) if r.random() < 0.5 else (0, 0, wide, at)
    return encode(image.crop(box))


def resolution(image: Image.Image, r: random.Random) -> bytes:
    """Scanned at 75 to 150 dpi."""
    dpi = r.choice((75, 100, 120, 150))
    size = (round(image.width * dpi / 200), round(image.height * dpi / 200))
    return encode(image.convert("L").resize(size, Image.Resampling.LANCZOS), (dpi, dpi))


def truncated(image: Image.Image, r: random.Random) -> bytes:
    """The copying broke off; the end marker was set by a program that 'repairs'."""
    data = encode(image.convert("L"))
    return data[: int(len(data) * r.uniform(0.2, 0.9))]


def rescan(image: Image.Image, r: random.Random) -> bytes:
    """The same sheet once more: moved, turned by up to 0.8°, other noise, other quality."""
    grey = np.asarray(
        image.convert("L").rotate(r.uniform(-0.8, 0.8), Image.Resampling.BICUBIC, translate=(r.randint(-12, 12), r.randint(-12, 12)), fillcolor=235), np.float32
    )
    g = np.random.default_rng(r.randrange(1 << 30))
    return encode(_like(image, grey * r.uniform(0.94, 1.0) + g.normal(0, 2, grey.shape)))


FAULTS: dict[str, Callable[[Image.Image, random.Random], bytes]] = {
    "blank/even": blank_even, "blank/paper": blank_paper, "upside_down": upside_down, "skewed": skewed, "too_dark": too_dark,
    "black_border": black_border, "text_cut": text_cut, "resolution": resolution, "truncated": truncated,
}  # fmt: skip
"""Fault kind (before the stroke: the rule it must be found under) and how it is made."""
