"""Copies of pages for an applicant as a PDF for A4: each picture on a page of its own, with its code, the request and the place that made it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from holdings.report_paper import font

PAGES_MAX: Final = 60
"""Of one print: some 60 MB while it is made."""
_EDGE: Final = 10 * mm
_FOOT: Final = 9 * mm


def copies(pictures: Iterable[tuple[str, bytes]], archive: str, said: str) -> bytes:
    """The PDF of pictures (caption, JPEG, watermark in it already); `said`: request and day, at the foot of each page."""
    out, (width, height) = io.BytesIO(), A4
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(f"{archive} 复制件 {said}")
    name, _ = font()
    for caption, picture in pictures:
        image = ImageReader(io.BytesIO(picture))
        across, down = image.getSize()
        scale = min((width - 2 * _EDGE) / across, (height - 2 * _EDGE - _FOOT) / down)
        wide, high = across * scale, down * scale
        canvas.drawImage(image, (width - wide) / 2, _EDGE + _FOOT + (height - 2 * _EDGE - _FOOT - high) / 2, wide, high)
        canvas.setFont(name, 8)
        canvas.drawString(_EDGE, _EDGE, f"{archive}　{caption}"[:90])
        canvas.drawRightString(width - _EDGE, _EDGE, said[:60])
        canvas.showPage()
    canvas.save()
    return out.getvalue()
