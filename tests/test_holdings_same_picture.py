"""Files that show the same picture are told from those that do not, without decoding."""

from __future__ import annotations

import io
import os
import random

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from holdings.same_picture import face, may_be_same, same_in_sandbox


def picture(seed: int = 1) -> Image.Image:
    """A picture that depends on the seed."""
    return Image.linear_gradient("L").rotate(seed).resize((60, 40)).convert("RGB")


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    """Its file."""
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def exif(**tags: object) -> bytes:
    """EXIF with these tags (`t274`: orientation)."""
    made = Image.Exif()
    for name, value in tags.items():
        made[int(name[1:])] = value
    return made.tobytes()


def texts(word: str) -> PngInfo:
    """A text beside a PNG."""
    info = PngInfo()
    info.add_text("Comment", word)
    return info


PLAIN = picture()
SAME = {
    "jpeg with exif": (
        saved(PLAIN, "JPEG"),
        saved(PLAIN, "JPEG", exif=exif(t306="2024:01:01 00:00:00", t271="扫描仪"), dpi=(300, 300)),
    ),
    "jpeg with a comment": (saved(PLAIN, "JPEG"), saved(PLAIN, "JPEG", comment=b"seen")),
    "jpeg upright by name": (saved(PLAIN, "JPEG"), saved(PLAIN, "JPEG", exif=exif(t274=1))),
    "png": (saved(PLAIN, "PNG"), saved(PLAIN, "PNG", pnginfo=texts("x"), dpi=(300, 300))),
    "tiff": (saved(PLAIN, "TIFF"), saved(PLAIN, "TIFF", description="质检", dpi=(300, 300))),
    "tiff group 4": (
        saved(PLAIN.convert("1"), "TIFF", compression="group4"),
        saved(PLAIN.convert("1"), "TIFF", compression="group4", software="x"),
    ),
}
OTHER = {
    "jpeg of another picture": (saved(PLAIN, "JPEG"), saved(picture(2), "JPEG")),
    "jpeg coarser": (saved(PLAIN, "JPEG"), saved(PLAIN, "JPEG", quality=40)),
    "jpeg turned by exif": (saved(PLAIN, "JPEG"), saved(PLAIN, "JPEG", exif=exif(t274=6))),
    "jpeg with a profile": (saved(PLAIN, "JPEG"), saved(PLAIN, "JPEG", icc_profile=b"profile")),
    "jpeg with something behind": (saved(PLAIN, "JPEG"), saved(PLAIN, "JPEG") + b"more"),
    "png of another picture": (saved(PLAIN, "PNG"), saved(picture(2), "PNG")),
    "tiff of another picture": (saved(PLAIN, "TIFF"), saved(picture(2), "TIFF")),
    "tiff turned": (saved(PLAIN, "TIFF"), saved(PLAIN, "TIFF", tiffinfo={274: 6})),
    "another format": (saved(PLAIN, "PNG"), saved(PLAIN, "TIFF")),
    "no picture": (b"text", b"text"),
}


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [(*pair, True) for pair in SAME.values()] + [(*pair, False) for pair in OTHER.values()],
    ids=[*SAME, *OTHER],
)
def test_same_or_not(old: bytes, new: bytes, same: bool) -> None:
    """What is written beside a picture makes no other one; whatever changes how it looks does."""
    assert old != new or not same
    assert same_in_sandbox(old + new, str(len(old))) == (b"1" if same else b"")
    assert may_be_same(old, new) or not same


def test_the_ends_tell_pages_apart() -> None:
    """Two pages scanned as JPEG are told apart without a sandbox."""
    assert not may_be_same(*OTHER["jpeg of another picture"])


def test_broken_files_are_nothing() -> None:
    """Cut off or damaged anywhere, a file gives an answer, never an error, and never the whole file's."""
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    chance = random.Random(seed)
    for data in (SAME["jpeg with exif"][1], SAME["png"][1], SAME["tiff"][1]):
        whole = face(data)
        assert whole is not None
        for _ in range(150):
            cut = data[: chance.randrange(len(data) - 20)]
            assert face(cut) != whole
            damaged = bytearray(data)
            damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            face(bytes(damaged))
