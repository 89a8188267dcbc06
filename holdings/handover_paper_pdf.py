"""The paper of a hand-over as PDF: the same rows as the page, on one sheet of A4 where they fit."""

from __future__ import annotations

from typing import Any, Final

from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Spacer, Table, TableStyle

from holdings.handover_paper import Register, facts, inspection, signatures
from holdings.report_paper import LINES, WIDTH, PaperText, build

NAME: Final = 32 * mm
GAP: Final = "\N{NO-BREAK SPACE}" * 4
LINE: Final = 40
"""Characters of a cell beyond which its row is as high as it needs."""
SHADE: Final = colors.HexColor("#eef1f5")


def pdf(r: Register) -> bytes:
    """The paper as PDF bytes; the same facts give the same bytes."""
    text = PaperText()
    story: list[Any] = [
        text(r.title, "title"), text(f"编号：{r.number}{GAP}批次：{r.delivery}{GAP}第 {r.round} 轮", "sub"), Spacer(1, 4 * mm),
        _facts(r, text), Spacer(1, 3 * mm), _sides(inspection(r), text, 8 * mm, head=True), Spacer(1, 3 * mm),
        KeepTogether([_sides(signatures(r), text, 16 * mm, head=False), Spacer(1, 3 * mm), text(r.words.foot, "small"),
                      text(f"{r.words.file}共 {r.items + r.volumes:,} 条，其 SHA-256 即本表数字摘要，可用 sha256sum 核对。{text.font_said}。", "small")]),
    ]  # fmt: skip
    return build(r.title, r.number, r.taker, story, text)


def _facts(r: Register, text: PaperText) -> Table:
    style: list[Any] = [*LINES, ("BACKGROUND", (0, 0), (0, -1), SHADE)]
    cells = []
    for at, row in enumerate(facts(r)):
        style.append(("SPAN", (1, at), (3, at)) if len(row) == 2 else ("BACKGROUND", (2, at), (2, at), SHADE))
        cells.append([text(cell) for cell in (row if len(row) == 4 else [*row, "", ""])])
    half = (WIDTH - 2 * NAME) / 2
    return Table(cells, colWidths=[NAME, half + 8 * mm, NAME, half - 8 * mm], style=TableStyle(style))


def _sides(rows: list[list[str]], text: PaperText, height: float, *, head: bool) -> Table:
    """What both sides say or sign, beside each other."""
    style: list[Any] = [*LINES, ("BACKGROUND", (0, 0), (0, -1), SHADE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    if head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), SHADE))
    side = (WIDTH - NAME) / 2
    heights = [None if (head and at == 0) or max(map(len, row)) > LINE else height for at, row in enumerate(rows)]
    cells = [[text(cell) for cell in row] for row in rows]
    return Table(cells, colWidths=[NAME, side, side], rowHeights=heights, style=TableStyle(style))
