"""The scan of a paper that both sides signed and sealed: what may be attached, and looking at it; `looked` runs in the sandbox."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from holdings import media
from holdings.errors import MediaUnreadable

FILE_MAX: Final = 16 << 20
"""Bytes of a file: four pages of A4 in colour at 300 dpi; archives scan a register in grey (format.md §14)."""
SCANS_MAX: Final = 8
"""Files of a round that count: register and document of both originals, front and back."""
PAGES_MAX: Final = 40
TAKEN: Final = (media.PDF, media.JPEG, media.TIFF)
NAMED: Final = {media.PDF: "pdf", media.JPEG: "jpg", media.TIFF: "tif"}
"""What the file is called when somebody takes it out."""


class Looked(Struct, frozen=True):
    """What a scan is, by its content."""

    media_type: str
    pages: int


def looked(data: bytes) -> bytes:
    """What the file is, every page of it decoded, as JSON of `Looked`.

    Raises:
        MediaUnreadable: it is no PDF, JPEG or TIFF, is cut off or damaged, or has too many pages; with a remedy.
    """
    probe = media.probe("", len(data), lambda offset, length: data[offset : offset + length])
    if probe.media_type not in TAKEN:
        raise MediaUnreadable("只收 PDF、JPEG、TIFF 的扫描件，按内容认，不看扩展名；请另存后再上传")
    if probe.problem is not None:
        raise MediaUnreadable("文件损坏或不完整；请重新扫描或重新拷贝")
    pages = _pages(data, probe.media_type)
    if not 1 <= pages <= PAGES_MAX:
        raise MediaUnreadable(f"扫描件应有 1 至 {PAGES_MAX} 页；请只上传这份文据")
    return msgspec.json.encode(Looked(probe.media_type, pages))


def _pages(data: bytes, media_type: str) -> int:
    # Only in the worker that looks: readers of PDF and images are seven megabytes that a hub need not hold.
    from holdings import media_pages

    if media_type != media.PDF:
        return int(media_pages.decode_image(data, media_type))
    pages = int(media_pages.count_pages(data, media.PDF))
    if pages <= PAGES_MAX:
        from holdings import page_picture  # loads the renderer

        for page in range(pages):
            wish = msgspec.json.encode({"media_type": media.PDF, "page": page, "width": 800, "height": 800})
            page_picture.draw(data, wish.decode())
    return pages
