"""An image file, read page by page by the OCR engine; runs in the sandbox."""

from __future__ import annotations

from holdings.page_facts import PageFacts
from holdings.page_text import PageText
from node.ocr_image import Raster, open_image
from node.ocr_page import read_image


class ImageDocument:
    """A JPEG, TIFF of one or many pages, PNG …

    Raises:
        MediaUnreadable: its first page does not decode.
    """

    def __init__(self, data: bytes, media_type: str) -> None:
        self._data, self._media_type = data, media_type
        self._last = open_image(data, media_type)
        self.count = self._last.facts.pages

    def page(self, index: int) -> tuple[PageText, PageFacts]:
        """As the contract says."""
        found = self._raster(index)
        return read_image(found), found.facts

    def top(self, index: int) -> str:
        """As the contract says."""
        return read_image(self._raster(index), top_only=True).text

    def _raster(self, index: int) -> Raster:
        if self._last.facts.page != index:
            self._last = open_image(self._data, self._media_type, index)
        return self._last
