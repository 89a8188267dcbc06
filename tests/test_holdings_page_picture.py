"""Pages as pictures for people: every kind that can be drawn, turned and bounded; what is broken or has no picture says so in words."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.page_picture import SIDE_MAX, draw


def encoded(image: Image.Image, form: str, **more: object) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def plain(mode: str = "L", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """A picture whose left half is dark and whose right half is light."""
    image = Image.new("L", size, 240)
    image.paste(20, (0, 0, size[0] // 2, size[1]))
    return image.convert(mode) if mode != "I;16" else Image.fromarray(np.asarray(image).astype(np.uint16) * 256)


def drawn(data: bytes, kind: str, **wish: object) -> Image.Image:
    """The picture of a page."""
    made = Image.open(io.BytesIO(draw(data, json.dumps({"media_type": kind, "form": "png", **wish}))))
    made.load()
    return made


TIFF = encoded(plain(), "TIFF", save_all=True, append_images=[plain("RGB", (30, 90))])
KINDS: list[tuple[str, Callable[[], bytes], dict[str, int], tuple[int, int]]] = [
    (media.JPEG, lambda: encoded(plain("RGB"), "JPEG"), {}, (60, 40)),
    (media.PNG, lambda: encoded(plain("RGBA"), "PNG"), {}, (60, 40)),
    (media.PNG, lambda: encoded(plain("I;16"), "PNG"), {}, (60, 40)),
    (media.TIFF, lambda: TIFF, {"page": 1}, (30, 90)),
    (media.TIFF, lambda: encoded(plain("1"), "TIFF", compression="group4"), {"turn": 90}, (40, 60)),
    (media.GIF, lambda: encoded(plain("P"), "GIF"), {"width": 30}, (30, 20)),
    (media.PDF, lambda: encoded(plain("RGB"), "PDF", resolution=72), {"width": 60, "height": 60}, (60, 40)),
    (
        media.PDF,
        lambda: encoded(plain("RGB"), "PDF", resolution=72),
        {"width": 60, "height": 60, "turn": 270},
        (40, 60),
    ),
]


@pytest.mark.parametrize(("kind", "make", "wish", "size"), KINDS)
def test_every_kind_is_drawn(kind: str, make: Callable[[], bytes], wish: dict[str, int], size: tuple[int, int]) -> None:
    """The right page, turned clockwise, within its bounds, dark and light where they were, and nothing of the file beside its pixels."""
    made = drawn(make(), kind, **wish)
    assert made.size == size
    assert made.info.get("exif") is None
    grey = np.asarray(made.convert("L")).astype(int)
    if wish.get("turn", 0) % 180:
        dark, light = (grey[:5], grey[-5:]) if wish["turn"] == 90 else (grey[-5:], grey[:5])
    else:
        dark, light = grey[:, :5], grey[:, -5:]
    assert dark.mean() + 100 < light.mean()


def test_what_cannot_be_drawn_says_so() -> None:
    """Broken bytes, a page that there is not, a type without pictures, another type than was said: each in words, none as a fault of ours."""
    jpeg = encoded(plain("RGB", (400, 300)), "JPEG")
    for data, kind, wish in (
        (jpeg[: len(jpeg) // 3], media.JPEG, {}), (b"\xff\xd8\xff" + bytes(200), media.JPEG, {}), (TIFF, media.TIFF, {"page": 2}),
        (b"%PDF-1.7 nothing", media.PDF, {}),
        (b"PK\x03\x04", media.OFD, {}), (b"text", media.TEXT, {}), (jpeg, media.PNG, {}),
    ):  # fmt: skip
        with pytest.raises(MediaUnreadable):
            drawn(data, kind, **wish)


def test_damaged_files_raise_one_error_only() -> None:
    """Whatever is wrong inside, a picture comes or MediaUnreadable does."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    r = random.Random(seed)
    for kind, make, *_ in KINDS:
        whole = make()
        for _round in range(6):
            broken = bytearray(whole)
            for _at in range(r.randint(1, 8)):
                broken[r.randrange(len(broken))] = r.randrange(256)
            try:
                assert max(drawn(bytes(broken), kind).size) <= SIDE_MAX
            except MediaUnreadable:
                continue
