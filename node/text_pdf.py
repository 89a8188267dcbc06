"""PDF: the text it carries where that is real and covers what the page shows, else the page is drawn and read by the OCR engine; runs in the sandbox.

The rule (docs/decisions 0013): a layer is **real** when nine of ten of its characters are ones that are written; it **covers** when the page bears no
picture of some size, or when at most a fifth of the writing that is seen on the drawn page lies under none of the layer's lines (双层PDF).
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from msgspec import Struct

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.page_facts import Colour, PageFacts
from holdings.page_text import LINES_MAX, PLAIN_MAX, Orientation, PageText, TextLine, one_line
from node.ocr_image import LONG_MAX, Raster
from node.ocr_layout import Placed, corners, in_order, reading_quad
from node.text_document import PAGE_DPI

PAGES_MAX: Final = 100_000  # format.md §14
CHARACTERS_MAX: Final = 150_000  # of one page; a page of a newspaper has 20,000
PICTURES_MAX: Final = 2_000  # objects of one page looked at for a picture
PICTURE: Final = 0.3  # share of the page from which a picture may bear writing of its own
WRITTEN: Final = 0.9  # share of a real layer's characters
UNCOVERED: Final = 0.2  # share of the writing seen that may lie outside a layer
TOP: Final = 0.4
ANGLES: Final = 500  # first characters asked which way they stand
ENGINE: Final = "pdf"
_BOX_EDGE: Final = 0.15  # of a letter's height: tight boxes are as low as their letters
_Extent: TypeAlias = tuple[float, float, float, float]
_UNWRITTEN: Final = ("Cc", "Cf", "Cn", "Co", "Cs")


class _Picture(Struct, frozen=True):
    """The largest picture of a page."""

    share: float
    facts: PageFacts


class PdfDocument:
    """An opened PDF.

    Raises:
        MediaUnreadable: it is damaged, or closed by a password.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._pdf = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as fault:
            if "password" in str(fault).lower():
                raise MediaUnreadable("未能读取：PDF 有打开密码。请去掉密码后重新放入") from fault
            raise MediaUnreadable("未能读取：PDF 已损坏，打不开。请重新导出或重新拷贝") from fault
        self.count = len(self._pdf)
        if not 0 < self.count <= PAGES_MAX:
            raise MediaUnreadable(f"未能读取：PDF 没有页，或多于 {PAGES_MAX} 页")

    def page(self, index: int) -> tuple[PageText, PageFacts]:
        """As the contract says."""
        page, facts, layer, picture = self._look(index)
        if _is_real(layer) and (picture.share < PICTURE or self._covers(page, facts, layer)):
            return layer, facts
        if not layer.lines and not picture.share and _is_blank(page):
            return layer, facts
        from node.ocr_page import read_image

        return read_image(_drawn(page, facts)), facts

    def top(self, index: int) -> str:
        """The upper part of the layer, and of what the page shows: a mark may have been stamped on it after the layer was made."""
        page, facts, layer, picture = self._look(index)
        said = "\n".join(line.text for line in layer.lines if min(line.box[1::2]) <= TOP * layer.height)
        if _is_real(layer) and not picture.share:
            return said
        from node.ocr_page import read_image

        return f"{read_image(_drawn(page, facts), top_only=True).text}\n{said}"

    def _look(self, index: int) -> tuple[Any, PageFacts, PageText, _Picture]:
        """A page, its facts, its layer and its largest picture."""
        try:
            page = self._pdf[index]
            wide, high = page.get_size()
            width, height = (min(65_535, max(1, round(side * PAGE_DPI / 72))) for side in (wide, high))
            picture = _picture(page, wide * high)
            known = picture.facts
            facts = PageFacts(
                media.PDF, index, self.count, width, height, known.dpi, known.colour, known.bits, known.codec
            )
            return page, facts, _layer(page, width, height), picture
        except pdfium.PdfiumError as fault:
            raise MediaUnreadable(f"未能读取：PDF 第 {index + 1} 页已损坏。请重新导出或重新扫描这一页") from fault

    def _covers(self, page: Any, facts: PageFacts, layer: PageText) -> bool:
        from node.ocr_page import uncovered

        return (
            uncovered(_drawn(page, facts), [line.box for line in layer.lines], layer.width, layer.height) <= UNCOVERED
        )


def _is_real(layer: PageText) -> bool:
    """Whether a layer's characters are ones that are written: fonts without a table give private ones, or none."""
    said = "".join(line.text for line in layer.lines)
    signs = [sign for sign in said if not sign.isspace()]
    good = sum(sign != "\ufffd" and unicodedata.category(sign) not in _UNWRITTEN for sign in signs)
    return bool(signs) and good >= WRITTEN * len(signs)


def _is_blank(page: Any) -> bool:
    """Whether nothing at all is drawn on a page."""
    return next(iter(page.get_objects(max_depth=2)), None) is None


def _picture(page: Any, area: float) -> _Picture:
    """The picture that covers most of the page."""
    share, found = 0.0, None
    for number, picture in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4)):
        left, bottom, right, top = picture.get_bounds()
        now = max(0.0, right - left) * max(0.0, top - bottom) / max(1.0, area)
        if now > share:
            share, found = min(1.0, now), picture
        if number >= PICTURES_MAX:
            break
    if found is None:
        return _Picture(0.0, PageFacts(media.PDF))
    left, bottom, right, top = found.get_bounds()
    width, height = found.get_px_size()
    inches = max(0.01, (right - left) / 72), max(0.01, (top - bottom) / 72)
    dpi = min(48_000, round(10 * min(width / inches[0], height / inches[1])))
    depth = int(found.get_metadata().bits_per_pixel)
    colour = Colour.BILEVEL if depth == 1 else Colour.GREY if depth == 8 else Colour.COLOUR if depth else Colour.UNKNOWN
    codec = "+".join(found.get_filters(skip_simple=True)).removesuffix("Decode").lower()
    bits = 1 if depth == 1 else 8 if depth else 0
    return _Picture(share, PageFacts(media.PDF, dpi=dpi, colour=colour, bits=bits, codec=codec[:64]))


def _drawn(page: Any, facts: PageFacts) -> Raster:
    """The page as it shows, at PAGE_DPI."""
    scale = min(PAGE_DPI / 72, LONG_MAX / max(*page.get_size(), 1.0))
    try:
        pixels = page.render(scale=scale, may_draw_forms=False).to_numpy()
    except (pdfium.PdfiumError, ValueError) as fault:
        raise MediaUnreadable(f"未能读取：PDF 第 {facts.page + 1} 页画不出来。请重新导出这一页") from fault
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    elif pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return Raster(np.ascontiguousarray(pixels, np.uint8), facts)


def _layer(page: Any, width: int, height: int) -> PageText:
    """The text that the page carries, in its own order; one that shows on its side or head is put in order here."""
    textpage = page.get_textpage()
    orientation = _shows(page, textpage)
    sideways = orientation in (Orientation.RIGHT, Orientation.LEFT)
    placed: list[Placed] = []
    size = 0
    for text, extent, signs in _lines(page, textpage, width, height):
        size += len(text.encode()) + 32
        if len(placed) >= LINES_MAX or size > PLAIN_MAX // 2:
            break
        left, top, right, bottom = extent
        across, down = (bottom - top, right - left) if sideways else (right - left, bottom - top)
        vertical = signs > 1 and down > 2 * across and down > across * signs / 2
        quad = reading_quad(
            ((left, top), (right, top), (right, bottom), (left, bottom)), orientation, vertical=vertical
        )
        placed.append(Placed(quad, text, 1.0, vertical))
    if orientation is not Orientation.UPRIGHT:
        placed = in_order(placed, orientation, 0.0)
    lines = tuple(
        TextLine(line.text, corners(line.quad, 1.0, 1.0, width, height), 1.0, line.vertical) for line in placed
    )
    return PageText(ENGINE, f"pypdfium2 {metadata.version('pypdfium2')}", width, height, orientation, 0.0, lines)


def _shows(page: Any, textpage: Any) -> Orientation:
    """How the page as it shows must be turned so that most of its text stands upright."""
    turns: Counter[int] = Counter()
    for at in range(min(textpage.count_chars(), ANGLES)):
        angle = float(raw.FPDFText_GetCharAngle(textpage, at))
        if angle >= 0:
            turns[round(math.degrees(angle) / 90) % 4] += 1
    most = turns.most_common(1)[0][0] if turns else 0
    return Orientation((90 * most - page.get_rotation()) % 360)


def _lines(page: Any, textpage: Any, width: int, height: int) -> Iterator[tuple[str, _Extent, int]]:
    """Text, extent in pixels and number of characters of each line."""
    said: list[str] = []
    boxes: list[_Extent] = []
    for at in range(min(textpage.count_chars(), CHARACTERS_MAX)):
        code = int(raw.FPDFText_GetUnicode(textpage, at))
        if code in (10, 13):
            yield from _finished(said, boxes)
            said, boxes = [], []
        elif code > 2:  # 2 is the hyphen that a line's end has cut
            sign = chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
            said.append(sign)
            if not sign.isspace() and (box := _place(page, textpage, at, width, height)):
                boxes.append(box)
    yield from _finished(said, boxes)


def _place(page: Any, textpage: Any, at: int, width: int, height: int) -> _Extent | None:
    """Left, top, right, bottom of a character in pixels of the page as it shows."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(textpage, at, left, right, bottom, top):
        return None
    ends = []
    for x, y in ((left, top), (right, bottom)):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, across, down)
        ends.append((across.value, down.value))
    (ax, ay), (bx, by) = ends
    return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def _finished(said: list[str], boxes: list[_Extent]) -> Iterator[tuple[str, _Extent, int]]:
    """A line, if there is anything in it; a letter's box is as low as the letter, so a little is added around."""
    if (text := one_line("".join(said))) and boxes:
        left, top, right, bottom = (pick(box[k] for box in boxes) for k, pick in enumerate((min, min, max, max)))
        edge = _BOX_EDGE * max(box[3] - box[1] for box in boxes)
        yield text, (left - edge, top - edge, right + edge, bottom + edge), len(boxes)
