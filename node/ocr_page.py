"""Reading one page image: which way up, how skewed, every line, in order; runs in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

import numpy as np

from holdings.page_text import LINES_MAX, Box, Orientation, PageText, TextLine, one_line
from node import ocr_layout
from node.ocr_engine import (
    DETECT_PX,
    DOUBT,
    ENGINE,
    FINE_BELOW,
    FINE_PX,
    KEEP,
    Engine,
    Pixels,
    cut_out,
    engine,
    version,
)
from node.ocr_image import Raster
from node.ocr_layout import Placed, Quad, Seen, reading_quad

ASKED: Final = 8  # longest lines asked which way up they stand
TRIED: Final = 3  # of these are read several ways where that is not clear
SURE: Final = 0.6  # share of votes by which a page counts as upright without being read
STACKED: Final = 0.85  # confidence of characters set upright again: 0.9 and more in columns, below 0.8 on a page that lies on its side
TOP: Final = 0.4  # share of the upright page that holds its head (GB/T 9704-2012 7.2)


def read_image(raster: Raster, *, top_only: bool = False) -> PageText:
    """Read a page, or what stands in its upper part (no line below is looked at)."""
    reader, grey = engine(), raster.grey
    boxes = _find(reader, grey)
    orientation, columns = _lies(reader, grey, boxes)
    thick = ocr_layout.thickness(boxes)
    if top_only:
        boxes = [box for box in boxes if _height_share(box, orientation, grey) <= TOP]
    quads = []
    for box in boxes:
        vertical = ocr_layout.is_vertical(box, orientation, thick, columns=columns)
        quads.append((reading_quad(box.quad, orientation, vertical=vertical), vertical))
    read = _read(reader, raster, grey, [quad for quad, _ in quads])
    placed = [
        Placed(quad, text, sure, vertical)
        for (quad, vertical), (said, sure) in zip(quads, read, strict=True)
        if (text := one_line(said)) and sure >= KEEP
    ]
    skew = ocr_layout.skew_of(placed, orientation)
    ordered = ocr_layout.in_order(placed, orientation, skew)[:LINES_MAX]
    facts = raster.facts
    across, down = facts.width / grey.shape[1], facts.height / grey.shape[0]
    lines = tuple(
        TextLine(
            line.text,
            ocr_layout.corners(line.quad, across, down, facts.width, facts.height),
            min(1.0, round(line.confidence, 3)),
            line.vertical,
        )
        for line in ordered
    )
    return PageText(ENGINE, version(), facts.width, facts.height, orientation, skew, lines)


def uncovered(raster: Raster, known: Sequence[Box], width: int, height: int) -> float:
    """Share of the writing seen on a page that lies under none of the boxes of a text layer (`width` × `height` the layer's page)."""
    grey = raster.grey
    under = np.zeros(grey.shape[:2], np.uint8)
    across, down = grey.shape[1] / max(1, width), grey.shape[0] / max(1, height)
    for box in known:
        xs, ys = box[::2], box[1::2]
        under[int(min(ys) * down) : int(max(ys) * down) + 1, int(min(xs) * across) : int(max(xs) * across) + 1] = 1
    whole = bare = 0.0
    for seen in _find(engine(), grey):
        left, right, top, bottom = _extent(seen)
        # The middle of a line: its box is wider than its letters.
        inset = (bottom - top) // 4
        part = under[top + inset : bottom - inset + 1, left : right + 1]
        whole += part.size
        bare += part.size - int(part.sum())
    return bare / whole if whole else 0.0


def _extent(seen: Seen) -> tuple[int, int, int, int]:
    """Left, right, top, bottom in pixels."""
    xs, ys = zip(*seen.quad, strict=True)
    return int(min(xs)), int(max(xs)), int(min(ys)), int(max(ys))


def _find(reader: Engine, grey: Pixels) -> list[Seen]:
    """Where writing stands; looked for more finely where characters are small for the detector."""
    boxes, longest = reader.boxes(grey, DETECT_PX), max(grey.shape[:2])
    if boxes and longest > DETECT_PX and ocr_layout.thickness(boxes) * DETECT_PX / longest < FINE_BELOW:
        boxes = reader.boxes(grey, FINE_PX)
    return boxes


def _height_share(box: Seen, orientation: Orientation, grey: Pixels) -> float:
    """How far down the upright page a box's upper end stands, 0 to 1."""
    height, width = grey.shape[:2]
    left, right, top, bottom = _extent(box)
    upper = {
        Orientation.UPRIGHT: top / height,
        Orientation.OVER: 1 - bottom / height,
        Orientation.RIGHT: left / width,
        Orientation.LEFT: 1 - right / width,
    }
    return float(upper[orientation])


def _lies(reader: Engine, grey: Pixels, boxes: list[Seen]) -> tuple[Orientation, bool]:
    """How the page must be turned, and whether it is written in upright columns."""
    down = ocr_layout.runs_down(boxes)
    told = sorted((box for box in boxes if box.runs_down is down), key=lambda box: max(box.size), reverse=True)[:ASKED]
    if not told:
        return Orientation.UPRIGHT, False
    quads = [reading_quad(box.quad, Orientation.UPRIGHT, vertical=down) for box in told]
    if not down:
        votes = reader.overturned([cut_out(grey, quad) for quad in quads])
        over = votes > 0 if abs(votes) >= SURE else _better_turned(reader, grey, quads)
        return (Orientation.OVER if over else Orientation.UPRIGHT), False
    over = _better_turned(reader, grey, quads)
    quads = [_turned(quad) for quad in quads] if over else quads
    lying = [cut_out(grey, quad) for quad in quads[:TRIED]]
    if _sure(reader, [_restacked(line) for line in lying]) >= STACKED:
        return (Orientation.OVER if over else Orientation.UPRIGHT), True
    return (Orientation.RIGHT if over else Orientation.LEFT), False


def _better_turned(reader: Engine, grey: Pixels, quads: Sequence[Quad]) -> bool:
    """Whether the longest lines are read better upside down."""
    tried = quads[:TRIED]
    return _sure(reader, [cut_out(grey, _turned(quad)) for quad in tried]) > _sure(
        reader, [cut_out(grey, quad) for quad in tried]
    )


def _sure(reader: Engine, lines: Sequence[Pixels]) -> float:
    """Mean confidence."""
    return fmean(score for _, score in reader.read(lines))


def _turned(quad: Quad) -> Quad:
    a, b, c, d = quad
    return c, d, a, b


def _restacked(line: Pixels) -> Pixels:
    """A line whose characters lie on their left sides, each set upright again side by side: only writing in columns is better read so."""
    ink = line[:, :, 0] < (float(line[:, :, 0].min()) + float(np.median(line[:, :, 0]))) / 2
    high, inked = line.shape[0], ink.any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], inked.view(np.uint8), [0]))))
    cells: list[tuple[int, int]] = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        # Strokes that together are no longer than the line is thick are one character.
        if cells and end - cells[-1][0] <= 0.85 * high:
            cells[-1] = (cells[-1][0], end)
        else:
            cells.append((begin, end))
    pieces = [np.rot90(line[:, max(0, begin - 2) : min(end + 2, begin + high)], -1) for begin, end in cells[:30]]
    tall = max((piece.shape[0] for piece in pieces), default=high)
    paper = np.median(line, axis=(0, 1)).astype(np.uint8)
    made = []
    for piece in pieces:
        cell = np.empty((tall, piece.shape[1], 3), np.uint8)
        cell[:] = paper
        above = (tall - piece.shape[0]) // 2
        cell[above : above + piece.shape[0]] = piece
        made.append(cell)
    return np.concatenate(made, axis=1) if made else line


def _read(reader: Engine, raster: Raster, grey: Pixels, quads: Sequence[Quad]) -> list[tuple[str, float]]:
    """Text and confidence of each line; what is doubtful in a coloured page is looked at in other colours, and the surest reading counts."""
    found = reader.read([cut_out(grey, quad) for quad in quads])
    if raster.pixels.ndim == 2:
        return found
    for other in (raster.red, raster.pixels):
        doubtful = [row for row, (_, sure) in enumerate(found) if sure < DOUBT]
        again = reader.read([cut_out(other, quads[row]) for row in doubtful])
        for row, said in zip(doubtful, again, strict=True):
            found[row] = max(found[row], said, key=lambda one: one[1])
    return found
