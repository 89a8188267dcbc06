"""Decoders that run in the sandbox: pages of a document, and whether a file really decodes (R4 已验读)."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Final

from PIL import Image
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.expression import expression
from holdings.zipped import BROKEN, DOCUMENT_BOUNDS, check_zip

# Pillow refuses twice this number; a warning at half the bound is of no use here.
Image.MAX_IMAGE_PIXELS = media.PIXELS_MAX // 2

UNKNOWN_PAGES: Final = b"unknown"
XML_MAX: Final = 64 << 20  # bytes of XML read of one document
FRAMES_MAX: Final = 10_000  # pages of one TIFF, as in the probe
DOCUMENTS_MAX: Final = 64  # documents in one OFD
JPEG_SCALE: Final = 8  # the whole entropy-coded stream is read, but only 1/64 of the pixels is computed

_SINGLE: Final = {media.JP2: "JPEG2000", media.GIF: "GIF", media.BMP: "BMP", media.WEBP: "WEBP"}
"""Formats of one picture; the first of a moving one is looked at."""
PDF_PAGES_MAX: Final = 100_000  # a volume of 10,000 sheets scanned on both sides has a fifth of it

_OFD_DOCUMENT: Final = expression(r"(?:[^/]+/)?Document\.xml", re.IGNORECASE)
_OFD_PAGE: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?Page[\s/>]")
# What a damaged or hostile file makes both decoders raise: neither promises its own errors alone.
_ANY_DECODER: Final = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError),
    *(RuntimeError, NotImplementedError, RecursionError, AssertionError, struct.error, zlib.error),
)
_PILLOW: Final = (*_ANY_DECODER, SyntaxError, Image.DecompressionBombError)
_PYPDF: Final = (*_ANY_DECODER, PyPdfError)


def count_pages(data: bytes, media_type: str) -> bytes:
    """Pages of a document as decimal digits, or `unknown` (docx, anything else).

    MediaUnreadable (a ValueError) when it does not open.
    """
    if media_type == media.PDF:
        return b"%d" % _pdf_pages(data)
    if media_type == media.OFD:
        return b"%d" % _ofd_pages(data)
    if media_type == media.DOCX:
        check_zip(data, DOCUMENT_BOUNDS)
    return UNKNOWN_PAGES


def decode_image(data: bytes, media_type: str) -> bytes:
    """Read a file through to its last byte as its media type demands; returns its pages or `unknown`, MediaUnreadable
    when it does not decode.

    A type without a decoder here is accepted: its digest is all that can be said of it.
    """
    if media_type == media.JPEG:
        return b"%d" % _decode(data, ("JPEG", "MPO"), _coarse)
    if media_type in (media.TIFF, media.PNG):
        return b"%d" % _decode(data, ("TIFF", "PNG"), _nothing)
    if media_type in _SINGLE:
        return b"%d" % _decode(data, (_SINGLE[media_type],), _nothing)
    if media_type in (media.ZIP, media.XLSX):
        check_zip(data, DOCUMENT_BOUNDS)
        return UNKNOWN_PAGES
    return count_pages(data, media_type)


def _decode(data: bytes, formats: tuple[str, ...], prepare: Callable[[Image.Image], None]) -> int:
    """Decode every frame; returns how many there are."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd tags of scanners; what matters raises
            with Image.open(io.BytesIO(data), formats=formats) as image:
                frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
                if frames > FRAMES_MAX:
                    raise MediaUnreadable("TIFF 页数过多，未作解码")
                for frame in range(frames):
                    if frames > 1:
                        image.seek(frame)
                    if image.width * image.height > media.PIXELS_MAX:
                        raise MediaUnreadable("图像超过 5 亿像素，未作解码")
                    prepare(image)
                    image.load()
                return frames
    except MediaUnreadable:
        raise
    except _PILLOW as fault:
        raise MediaUnreadable("图像不能完整解码：文件损坏或不完整") from fault


def _coarse(image: Image.Image) -> None:
    """Let libjpeg compute an eighth of the size."""
    image.draft(None, (max(1, image.width // JPEG_SCALE), max(1, image.height // JPEG_SCALE)))


def _nothing(image: Image.Image) -> None:
    """Decode as it is."""


def _pdf_pages(data: bytes) -> int:
    """Pages of a PDF, counted by walking the page tree rather than believing its /Count."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise MediaUnreadable("PDF 有打开密码；请去掉密码后重新放入")
        pages = len(reader.pages)
        if pages > PDF_PAGES_MAX:
            raise MediaUnreadable("PDF 页数过多，未作统计")
        return pages
    except MediaUnreadable:
        raise
    except _PYPDF as fault:
        raise MediaUnreadable("PDF 打不开：文件损坏或不完整") from fault


def _ofd_pages(data: bytes) -> int:
    """Pages of an OFD (GB/T 33190): `ofd:Page` elements of its documents, every member read through once."""
    container = check_zip(data, DOCUMENT_BOUNDS)
    documents = [member for member in container.infolist() if _OFD_DOCUMENT.fullmatch(member.filename)]
    if not documents or len(documents) > DOCUMENTS_MAX or sum(member.file_size for member in documents) > XML_MAX:
        raise MediaUnreadable("OFD 没有可读的 Document.xml")
    try:
        return sum(len(_OFD_PAGE.findall(container.read(member))) for member in documents)
    except BROKEN as fault:
        raise MediaUnreadable("OFD 内的 Document.xml 打不开") from fault
