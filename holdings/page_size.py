"""How large the paper of each page of a file was, from pixels and resolution, without decoding; runs in the sandbox."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Final

import msgspec
from PIL import Image
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from holdings import media
from holdings.errors import MediaUnreadable

PAGES_MAX: Final = 10_000  # pages of one file
DPI_MIN, DPI_MAX = 50.0, 4_800.0  # outside, a file only repeats what its program writes when it knows nothing
MM_MAX: Final = 20_000.0  # a roll of 20 m
_FORMATS: Final = ("JPEG", "TIFF", "PNG", "JPEG2000")
_BROKEN: Final = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError),
    *(RuntimeError, RecursionError, AssertionError, SyntaxError, Image.DecompressionBombError, PyPdfError),
)


def measure_in_sandbox(data: bytes) -> bytes:
    """JSON of [[short, long], …] in millimetres, one pair a page; [0, 0] where the file tells no resolution.

    MediaUnreadable when the file has no pages that can be measured.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd tags of scanners
            return msgspec.json.encode(
                list(_pdf(data) if media.probe("", len(data), _reader(data)).media_type == media.PDF else _image(data))
            )
    except _BROKEN as fault:
        raise MediaUnreadable("打不开，幅面量不出") from fault


def decode(data: bytes) -> list[tuple[float, float]]:
    """What the sandbox measured."""
    return msgspec.json.decode(data, type=list[tuple[float, float]])


def _reader(data: bytes) -> media.ReadAt:
    return lambda offset, length: data[offset : offset + length]


def _image(data: bytes) -> Iterator[tuple[float, float]]:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
        for index in range(min(frames, PAGES_MAX)):
            if frames > 1:
                image.seek(index)
            told = image.info.get("dpi")
            across, down = (float(told[0]), float(told[1])) if told else (0.0, 0.0)
            believed = min(across, down) >= DPI_MIN and max(across, down) <= DPI_MAX
            yield _pair(image.width / across * 25.4, image.height / down * 25.4) if believed else (0.0, 0.0)


def _pdf(data: bytes) -> Iterator[tuple[float, float]]:
    pages = PdfReader(io.BytesIO(data)).pages
    for index in range(min(len(pages), PAGES_MAX)):
        box = pages[index].cropbox
        yield _pair(float(box.width) / 72 * 25.4, float(box.height) / 72 * 25.4)


def _pair(one: float, other: float) -> tuple[float, float]:
    """Shorter and longer side, (0, 0) for what is no paper."""
    short, long_ = sorted((one, other))
    return (round(short, 1), round(long_, 1)) if short > 0 and long_ <= MM_MAX else (0.0, 0.0)
