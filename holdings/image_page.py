"""Pages of a file as grey working images of about 100 dpi, decoded once and only as finely as the checks need; runs in the sandbox.

A JPEG is decoded at a fraction of its size (every byte of it is still read), a TIFF frame by frame, PDF, OFD and DOCX by the pictures
embedded in their pages.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from msgspec import Struct
from PIL import Image
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from holdings import image_docx, image_ofd, media
from holdings.errors import MediaUnreadable

Grey: TypeAlias = npt.NDArray[np.uint8]

WORK_DPI: Final = 100
WORK_LONG_PX: Final = 1_170  # long side of A4 at WORK_DPI, taken where a file tells no resolution
WORK_LONG_MAX: Final = 4_000  # A0 at WORK_DPI is larger than any check needs
DPI_MIN, DPI_MAX = 50.0, 4_800.0  # a resolution outside is no resolution: programs write 1, 0 or 72,000,000
COVERS: Final = 0.5  # share of a PDF page that its picture must cover to be a scan of it
PICTURES_MAX: Final = 64  # pictures looked at on one PDF page
FRAMES_MAX: Final = 10_000  # pages of one file
_FORMATS: Final = {media.JPEG: ("JPEG", "MPO"), media.TIFF: ("TIFF",), media.PNG: ("PNG",), media.JP2: ("JPEG2000",)}
# What a damaged or hostile file makes the decoders raise: none of them promises its own errors alone.
_BROKEN: Final = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError),
    *(RuntimeError, RecursionError, AssertionError, SyntaxError, struct.error, zlib.error),
    *(Image.DecompressionBombError, PyPdfError, cv2.error),
)

cv2.setNumThreads(1)


class Page(Struct, frozen=True):
    """One page: `grey` at about `WORK_DPI`; `width`, `height` in pixels as stored; `dpi` 0.0 when the file tells none; `bits` 1, 8 or 24."""

    grey: Grey
    width: int
    height: int
    dpi: float
    bits: int


def read_pages(
    data: bytes, media_type: str, first: int = 0, count: int = FRAMES_MAX, finer: int = 1
) -> Iterator[Page | None]:
    """Decode pages `first` … of a file in order at `finer` times WORK_DPI; None for a page of a PDF or OFD, and a picture of a DOCX, that is no scan.

    Raises:
        MediaUnreadable: it does not decode, or its type has no pictures here.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd tags of scanners; what matters raises
            if media_type == media.PDF:
                yield from _pdf(data, first, count, finer)
            elif media_type == media.OFD:
                yield from _scans(image_ofd.scans(data, first, count), finer)
            elif media_type == media.DOCX:
                yield from _scans(image_docx.scans(data, first, count), finer)
            elif media_type in _FORMATS:
                yield from _frames(data, _FORMATS[media_type], first, count, finer)
            else:
                raise MediaUnreadable("此格式没有可直接查看的图像")
    except MediaUnreadable:
        raise
    except _BROKEN as fault:
        raise MediaUnreadable("图像不能完整解码：文件损坏或不完整") from fault


def _frames(data: bytes, formats: tuple[str, ...], first: int, count: int, finer: int) -> Iterator[Page]:
    with Image.open(io.BytesIO(data), formats=formats) as image:
        frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
        for index in range(first, min(frames, first + count, FRAMES_MAX)):
            if frames > 1:
                image.seek(index)
            yield working(image, _dpi(image), finer)


def _dpi(image: Image.Image) -> float:
    """The coarser of the two resolutions, 0.0 when there is none that can be believed."""
    told = image.info.get("dpi")
    try:
        least = min(float(told[0]), float(told[1])) if told else 0.0
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return 0.0
    return least if DPI_MIN <= least <= DPI_MAX else 0.0


def working(image: Image.Image, dpi: float, finer: int = 1) -> Page:
    """Bring an opened picture to the working scale; MediaUnreadable above 500 million pixels."""
    width, height = image.size
    if width * height > media.PIXELS_MAX:
        raise MediaUnreadable("图像超过 5 亿像素，未作解码")
    bits = {"1": 1, "L": 8, "P": 8}.get(image.mode, 24)
    scale = _scale(width, height, dpi, finer)
    if image.format in ("JPEG", "MPO"):
        image.draft("L", (max(1, int(width * scale)), max(1, int(height * scale))))
    image.load()
    grey = np.asarray(image if image.mode == "L" else _to_grey(image))
    wanted = (max(8, round(width * scale)), max(8, round(height * scale)))
    if grey.shape[1] > wanted[0] * 1.15 or grey.shape[1] < wanted[0] * 0.85:
        grey = cv2.resize(grey, wanted, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return Page(np.ascontiguousarray(grey), width, height, dpi, bits)


def _to_grey(image: Image.Image) -> Image.Image:
    """Eight bits of grey, of a palette, sixteen bits or colours with transparency too (on white)."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(np.clip(np.asarray(image).astype(np.float32) / 256, 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("L")
    return image.convert("L")


def _scale(width: int, height: int, dpi: float, finer: int) -> float:
    """How much smaller the working image is: never larger than the page as stored."""
    longest = max(width, height)
    scale = WORK_DPI / dpi if dpi else WORK_LONG_PX / longest
    return min(1.0, scale * finer, WORK_LONG_MAX / longest)


def _pdf(data: bytes, first: int, count: int, finer: int) -> Iterator[Page | None]:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise MediaUnreadable("PDF 有打开密码；请去掉密码后重新放入")
    for index, page in enumerate(reader.pages):
        if index >= first + count:
            return
        if index >= first:
            yield _pdf_page(page, finer)


def _scans(found: Iterable[image_ofd.Scan | None], finer: int) -> Iterator[Page | None]:
    for scan in found:
        if scan is None:
            yield None
            continue
        with Image.open(io.BytesIO(scan.data), formats=("JPEG", "PNG", "TIFF", "BMP")) as image:
            dpi = min(image.width / scan.across, image.height / scan.down) * image_ofd.MM_PER_INCH
            yield working(image, dpi, finer) if DPI_MIN <= dpi <= DPI_MAX else None


def _pdf_page(page: Any, finer: int) -> Page | None:
    """The largest picture of a page, when it is a scan of the page; its resolution follows from the page's size in points."""
    across, down = float(page.mediabox.width), float(page.mediabox.height)
    best: Any = None
    pixels = 0
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    known: Any = objects.get_object() if objects is not None else {}
    for name in list(known)[:PICTURES_MAX]:
        stream = known[name].get_object()
        if stream.get("/Subtype") == "/Image":
            size = int(stream.get("/Width", 0)) * int(stream.get("/Height", 0))
            if size > pixels:
                best, pixels = stream, size
    if best is None or across <= 0 or down <= 0:
        return None
    width, height = int(best["/Width"]), int(best["/Height"])
    turned = page.rotation % 180 == 90
    dpi = min(width / across, height / down) * 72
    # A picture shaped unlike its page is a figure in a text, no scan of the page.
    if not COVERS < (width / height) / (across / down) < 1 / COVERS or not DPI_MIN <= dpi <= DPI_MAX:
        return None
    found = working(_pdf_image(best), dpi, finer)
    quarter = int(page.rotation // 90) % 4
    if not quarter:
        return found
    grey = np.ascontiguousarray(np.rot90(found.grey, -quarter))
    return Page(grey, height if turned else width, width if turned else height, dpi, found.bits)


def _pdf_image(stream: Any) -> Image.Image:
    """A picture of a PDF: a JPEG or JPEG 2000 as it lies there, anything else through pypdf's filters."""
    filters = stream.get("/Filter")
    names = [str(f) for f in filters] if isinstance(filters, list) else [str(filters)]
    if names[-1] in ("/DCTDecode", "/JPXDecode") and len(names) == 1:
        if int(stream["/Width"]) * int(stream["/Height"]) > media.PIXELS_MAX:
            raise MediaUnreadable("图像超过 5 亿像素，未作解码")
        return Image.open(io.BytesIO(stream._data), formats=("JPEG",) if names[0] == "/DCTDecode" else ("JPEG2000",))
    decoded = stream.decode_as_image()
    if not isinstance(decoded, Image.Image):
        raise MediaUnreadable("PDF 中的图像不能解码")
    return decoded
