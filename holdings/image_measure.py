"""Measures decoded pages for the image checks; runs in the sandbox, so that neither decoders nor their libraries live in a program's own process."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np

from holdings.image_checks import Measures
from holdings.image_ink import black_border, find_ink, measure_skew
from holdings.image_layout import count_marks, count_writing, cut_marks, straighten
from holdings.image_lying import measure_lying
from holdings.image_page import Page, read_pages
from holdings.image_twins import ink_map


def measure(page: Page) -> Measures:
    """Measure one decoded page."""
    width_mm, border = black_border(page.grey)
    grey = page.grey
    if border is not None:
        grey = grey.copy()
        grey[border > 0] = int(np.percentile(grey[border == 0], 80)) if (border == 0).any() else 255
    ink = find_ink(grey)
    skew = measure_skew(ink)
    marks = count_marks(straighten(ink, skew))
    side = measure_lying(ink, skew)
    lying = (side.turn, side.low, side.high, side.ahead, side.rows, side.columns) if side is not None else (0, 0, 0, 0, 0, 0)
    pieces, share = count_writing(ink)
    small = cv2.resize(grey, (max(1, grey.shape[1] // 8), max(1, grey.shape[0] // 8)), interpolation=cv2.INTER_AREA)
    return Measures(
        page.width, page.height, page.bits, round(page.dpi, 1), int(np.percentile(small, 75)),
        round(1 - float(grey.mean()) / 255 if page.bits == 1 else float(ink.mean()), 5), pieces, round(share, 5), skew.degrees, skew.sharpness,
        width_mm, *cut_marks(ink), marks.low, marks.high, marks.lean, lying, ink_map(ink, skew),
    )  # fmt: skip


def measure_file(data: bytes, wanted: str) -> bytes:
    """For the sandbox: `wanted` is `media type;first page;pages`; JSON list of Measures (null: a page that is no scan)."""
    media_type, first, count = wanted.split(";")
    return msgspec.json.encode([measure(page) if page is not None else None for page in read_pages(data, media_type, int(first), int(count))])
