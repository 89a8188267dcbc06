"""Printed reports as PDF for A4 (reportlab): fonts, styles, tables, the foot of the page.

A Chinese TrueType font of the system is embedded when there is one; else the PDF names the built-in STSong-Light, which the reader's program supplies.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

FONTS: Final = (
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "/usr/share/fonts/wqy-zenhei/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc", "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)  # fmt: skip
"""TrueType outlines only: reportlab cannot embed those of Noto CJK (OpenType/CFF)."""
BUILT_IN: Final = "STSong-Light"
COLOURS: Final = {"passed": "#17683a", "failed": "#a31621", "person": "#9a5b00", "untested": "#5d6470"}
WIDTH: Final = A4[0] - 28 * mm
LONG: Final = A4[1] - 28 * mm
"""Width of what is printed on A4 lying."""
ROOM: Final = 40 * mm  # a heading does not stand alone at the foot of a page


@functools.cache
def font() -> tuple[str, str]:
    """(name registered with reportlab, what it is in words for the report's foot)."""
    for path in FONTS:
        if Path(path).is_file():
            try:
                pdfmetrics.registerFont(TTFont("jindang-cjk", path))
            except (TTFError, OSError):
                continue
            return "jindang-cjk", f"字体 {Path(path).stem}（已嵌入）"
    pdfmetrics.registerFont(UnicodeCIDFont(BUILT_IN))
    return BUILT_IN, f"字体 {BUILT_IN}（未嵌入，由阅读软件提供）"


class PaperText:
    """Paragraphs in the styles of the report."""

    def __init__(self) -> None:
        name, self.font_said = font()
        plain = {"fontName": name, "wordWrap": "CJK"}
        self.name = name
        self._styles = {
            "body": ParagraphStyle("body", fontSize=9, leading=13, **plain),
            "small": ParagraphStyle("small", fontSize=7.5, leading=10.5, textColor=colors.HexColor("#666666"), **plain),
            "title": ParagraphStyle("title", fontSize=17, leading=24, alignment=TA_CENTER, **plain),
            "sub": ParagraphStyle("sub", fontSize=9, leading=13, alignment=TA_CENTER, textColor=colors.HexColor("#555555"), **plain),
            "head": ParagraphStyle("head", fontSize=12, leading=17, spaceBefore=10, spaceAfter=4, **plain),
            "final": ParagraphStyle(
                "final", fontSize=12, leading=18, spaceBefore=8, spaceAfter=12, borderWidth=1, borderPadding=5,
                borderColor=colors.HexColor("#274b7a"), **plain),
        }  # fmt: skip

    def __call__(self, text: object, style: str = "body", colour: str = "") -> Paragraph:
        marked = escape(str(text)).replace("\n", "<br/>")
        return Paragraph(f'<font color="{colour}">{marked}</font>' if colour else marked, self._styles[style])

    def two(self, text: object, small: str) -> list[Paragraph]:
        """A line and smaller print under it."""
        return [self(text), self(small, "small")] if text else [self(small, "small")]


LINES: Final = (
    ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#b9bec6")), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
)  # fmt: skip


def build(title: str, subject: str, author: str, story: list[Any], text: PaperText, *, across: bool = False) -> bytes:
    """Set a report on A4 (`across`: lying) with its subject and the page number at the foot; the same story gives the same bytes."""
    out, size = io.BytesIO(), landscape(A4) if across else A4
    document = SimpleDocTemplate(
        out, pagesize=size, leftMargin=14 * mm, rightMargin=14 * mm, topMargin=14 * mm, bottomMargin=18 * mm, title=f"{title} {subject}",
        author=author, invariant=1,
    )  # fmt: skip

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFont(text.name, 8)
        canvas.drawString(14 * mm, 10 * mm, f"{title}　{subject}"[:80])
        canvas.drawRightString(size[0] - 14 * mm, 10 * mm, f"第 {page.page} 页")
        canvas.restoreState()

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def facts(rows: Sequence[Sequence[object]], text: PaperText, wide: Sequence[int]) -> Table:
    """The table at the top: two names and two values a row; rows of these numbers have one value across."""
    shade = colors.HexColor("#eef1f5")
    each = [("SPAN", (1, at), (3, at)) if at in wide else ("BACKGROUND", (2, at), (2, at), shade) for at in range(len(rows))]
    style: list[Any] = [*LINES, ("BACKGROUND", (0, 0), (0, -1), shade), *each]
    widths = [22 * mm, WIDTH / 2 - 22 * mm, 24 * mm, WIDTH / 2 - 24 * mm]
    return Table([[text(cell) for cell in row] for row in rows], colWidths=widths, style=TableStyle(style))


def grid(names: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[float], text: PaperText) -> Table:
    """A table with a head that is repeated on every page; cells are paragraphs or values."""
    cells = [[cell if isinstance(cell, list | Paragraph) else text(cell) for cell in row] for row in (names, *rows)]
    style = TableStyle([*LINES, ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef1f5"))])
    return Table(cells, colWidths=list(widths), repeatRows=1, style=style)
