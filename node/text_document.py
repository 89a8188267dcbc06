"""What every reader of a kind of file is: pages, each with its text and its technical metadata; which kind a file is (runs in the sandbox)."""

from __future__ import annotations

import codecs
from typing import Final, Protocol

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.page_facts import PageFacts
from holdings.page_text import PageText

PAGE_DPI: Final = 200
"""To the inch: pixels of a page that has none of its own (format.md §6.5)."""
PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
IMAGES: Final = frozenset({media.JPEG, media.TIFF, media.PNG, media.JP2, media.GIF, media.BMP, media.WEBP})


class Document(Protocol):
    """One opened file."""

    count: int
    """Its pages; 0 for a file that has none."""

    def page(self, index: int) -> tuple[PageText | None, PageFacts]:
        """Text and facts of a page; no text for sound and moving pictures.

        Raises:
            MediaUnreadable: this page cannot be read; the text says why.
        """

    def top(self, index: int) -> str:
        """What stands in the upper part of a page, line by line; errors as `page`."""


def open_document(data: bytes, name: str) -> Document:
    """Open a file by its content.

    Raises:
        MediaUnreadable: nothing here reads it; the text says what to do.
    """
    seen = media.probe(name, len(data), lambda offset, length: data[offset : offset + length])
    if data.startswith(OLE):
        raise MediaUnreadable(
            "未能读取：旧版 Office 或 WPS 文件（.doc、.xls、.ppt、.wps）。请另存为 .docx、.xlsx、.pptx 或 PDF 后重新放入"
        )
    if seen.media_type in IMAGES:
        from node.ocr_document import ImageDocument

        return ImageDocument(data, seen.media_type)
    if seen.media_type.startswith(("audio/", "video/")):
        from node.text_recording import Recording

        return Recording(data, seen.media_type)
    if seen.media_type == media.PDF:
        from node.text_pdf import PdfDocument

        return PdfDocument(data)
    if seen.media_type == media.OFD:
        from node.text_ofd import OfdDocument

        return OfdDocument(data)
    return _writing(data, seen.media_type)


def _writing(data: bytes, media_type: str) -> Document:
    """What office programs and editors write."""
    if media_type == media.ZIP and b"ppt/presentation.xml" in data:
        media_type = PPTX
    if media_type in (media.DOCX, media.XLSX, PPTX):
        from node.text_office import open_office

        return open_office(data, media_type)
    if media_type == media.TEXT or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        from node.text_plain import open_text

        return open_text(data)
    raise MediaUnreadable(
        f"未能读取：没有读取此格式（{media_type}）的程序。如需全文检索，请另存为 PDF/A 或 OFD 后重新放入"
    )
