"""From boxes of writing, in whatever way a page lies, to upright lines in reading order; pure.

Boxes come as a detector gives them: four corners clockwise, the upper left of the page *as it lies* first. What is found: by which quarter turn the page
stands upright, whether it is written in upright columns (right to left), how far it is skewed, where columns divide it.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final, TypeAlias

from msgspec import Struct

from holdings.page_text import Box, Orientation, clamp

Point: TypeAlias = tuple[float, float]
Quad: TypeAlias = tuple[Point, Point, Point, Point]

LONG: Final = 2.0  # times its thickness a box must be long to tell how writing runs
TALL: Final = 1.5  # times as high as wide: writing that runs along the height
SKEW_MAX: Final = 15.0  # degrees; a box turned further is a stamp or a note, not the page's way of lying
LEVEL: Final = 0.5  # share of the smaller thickness by which centres may differ within a row
JOIN: Final = 1.1  # times the thickness: a wider gap divides cells, a narrower one words
INSET: Final = 0.3  # share of its thickness by which a box is wider than its letters
COLUMN_LINES: Final = 4  # lines on either side that make a column
COLUMN_LONG: Final = 7.0  # times its thickness a column's line is long
COLUMN_FULL: Final = 0.8  # share of the column that such a line fills
CROSSING: Final = 12  # one box of so many (and three at least: title, note, foot) may cross the gap between columns
DEPTH_MAX: Final = 8  # columns within columns


class Seen(Struct, frozen=True):
    """One box of writing on the page as it lies."""

    quad: Quad

    @property
    def size(self) -> tuple[float, float]:
        """(along its upper edge, along its side), pixels."""
        a, b, c, d = self.quad
        return max(math.dist(a, b), math.dist(d, c)), max(math.dist(a, d), math.dist(b, c))

    @property
    def runs_down(self) -> bool | None:
        """Whether it is long along the page's height; None when it is too short to tell."""
        wide, high = self.size
        return None if max(wide, high) < LONG * min(wide, high) else high > wide


class Placed(Struct, frozen=True):
    """A line to be put in order: its corners as it is read from left to right (`reading_quad`), its text, how sure, and whether it is upright writing."""

    quad: Quad
    text: str
    confidence: float
    vertical: bool = False


def runs_down(boxes: Sequence[Seen]) -> bool:
    """Whether most writing runs along the page's height: the page lies on its side, or is written in columns."""
    down = sum(max(box.size) for box in boxes if box.runs_down)
    across = sum(max(box.size) for box in boxes if box.runs_down is False)
    return down > across


def thickness(boxes: Sequence[Seen]) -> float:
    """Median thickness of the long boxes (of all when none is), pixels; 0.0 without boxes."""
    told = [min(box.size) for box in boxes if box.runs_down is not None] or [min(box.size) for box in boxes]
    return median(told) if told else 0.0


def is_vertical(box: Seen, orientation: Orientation, thick: float, *, columns: bool) -> bool:
    """Whether a box is upright writing once its page is turned by `orientation`; a square one goes with its page (`columns`)."""
    wide, high = box.size
    if orientation in (Orientation.RIGHT, Orientation.LEFT):
        wide, high = high, wide
    if columns:
        return not (wide > TALL * high and wide > TALL * thick)
    # A thin figure 1 is higher than wide, and yet no column.
    return high > TALL * wide and high > 1.8 * thick


def reading_quad(quad: Quad, orientation: Orientation, *, vertical: bool) -> Quad:
    """The corners in the order in which the line is read from left to right; upright writing lies on its left side then."""
    first = {Orientation.UPRIGHT: 0, Orientation.RIGHT: 3, Orientation.OVER: 2, Orientation.LEFT: 1}[
        orientation
    ] + vertical
    a, b, c, d = (quad[(first + corner) % 4] for corner in range(4))
    return a, b, c, d


def skew_of(lines: Sequence[Placed], orientation: Orientation) -> float:
    """Degrees by which lines sink to the right on the upright page: the median over all lines, weighted by length; 0.0 when nothing is long."""
    told: list[tuple[float, float]] = []
    for line in lines:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = line.quad
        across, down = (bx - ax + cx - dx) / 2, (by - ay + cy - dy) / 2
        long, thick = math.hypot(across, down), math.dist((ax, ay), (dx, dy))
        # Along the reading direction of an upright page: 0°, of upright writing 90°; the page's own turn is taken off.
        turn = (math.degrees(math.atan2(down, across)) + orientation.value - 90 * line.vertical + 180) % 360 - 180
        if long >= 4 * thick and abs(turn) <= SKEW_MAX:
            told.append((turn, long))
    half, run = sum(long for _, long in told) / 2, 0.0
    for turn, long in sorted(told):
        run += long
        if run >= half:
            return round(turn, 2)
    return 0.0


class _Box(Struct, frozen=True):
    """A line on the straightened page, axes swapped for upright writing so that reading always runs right, then down."""

    left: float
    top: float
    right: float
    bottom: float
    line: Placed

    @property
    def high(self) -> float:
        return self.bottom - self.top

    @property
    def wide(self) -> float:
        return self.right - self.left

    @property
    def level(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def ink(self) -> tuple[float, float]:
        """Where its letters begin and end: a detector's box is wider by a third of its thickness on either side."""
        inset = min(self.high, self.wide) * INSET
        return self.left + inset, self.right - inset


def in_order(lines: Sequence[Placed], orientation: Orientation, skew: float) -> list[Placed]:
    """The lines in reading order; pieces of one row that stand close together become one line.

    A page of columns is read column by column where the columns are filled like paragraphs, else row by row (a table, a form).
    Where most writing is upright, columns go from right to left.
    """
    columns = sum(len(line.text) * (1 if line.vertical else -1) for line in lines) > 0
    straight = _straightener(orientation, skew, columns=columns)
    boxes = []
    for line in lines:
        xs, ys = zip(*map(straight, line.quad), strict=True)
        boxes.append(_Box(min(xs), min(ys), max(xs), max(ys), line))
    return [line for row in _read(boxes, 0) for line in _joined(row)]


def _straightener(orientation: Orientation, skew: float, *, columns: bool) -> Callable[[Point], Point]:
    """From the page as it lies to the straight upright one (about any origin: only order matters)."""
    turn = math.radians(orientation.value - skew)
    cosine, sine = math.cos(turn), math.sin(turn)

    def straight(point: Point) -> Point:
        x, y = point[0] * cosine - point[1] * sine, point[0] * sine + point[1] * cosine
        return (y, -x) if columns else (x, y)

    return straight


def _read(boxes: Sequence[_Box], depth: int) -> list[list[_Box]]:
    """Rows in reading order, columns one after the other."""
    if depth < DEPTH_MAX and len(boxes) >= 2 * COLUMN_LINES:
        for cut in _gaps(boxes):
            above, left, right, below = _divide(boxes, cut)
            if _is_column(left) and _is_column(right):
                sides = _read(left, depth + 1) + _read(right, depth + 1)
                return _read(above, depth + 1) + sides + _read(below, depth + 1)
    return _rows(boxes)


def _gaps(boxes: Sequence[_Box]) -> list[float]:
    """Where a page may be divided from top to bottom: middles of stripes that hardly any box crosses (a title may), the widest first."""
    edges = sorted(
        {(begin, 1) for begin, _ in (box.ink for box in boxes)} | {(end, -1) for _, end in (box.ink for box in boxes)}
    )
    few = max(3, len(boxes) // CROSSING)
    crossing, done = 0, 0
    counts = Counter(box.ink[0] for box in boxes), Counter(box.ink[1] for box in boxes)
    found: list[tuple[float, float]] = []
    for (place, kind), (following, _) in itertools.pairwise(edges):
        number = counts[0][place] if kind == 1 else counts[1][place]
        crossing += kind * number
        done += number if kind == -1 else 0
        if (
            crossing <= few
            and done >= COLUMN_LINES
            and len(boxes) - done - crossing >= COLUMN_LINES
            and following > place
        ):
            found.append((following - place, (place + following) / 2))
    return [middle for _, middle in sorted(found, reverse=True)[:8]]


def _divide(boxes: Sequence[_Box], cut: float) -> tuple[list[_Box], list[_Box], list[_Box], list[_Box]]:
    """What stands above the columns, left of the cut, right of it, and below: what crosses the cut ends the columns, as does what follows it."""
    crossing = [box.level for box in boxes if box.ink[0] < cut < box.ink[1]]
    edges = [-math.inf, *sorted(crossing), math.inf]
    # The longest stretch that nothing crosses.
    spans = [(sum(top < box.level < bottom for box in boxes), top, bottom) for top, bottom in itertools.pairwise(edges)]
    _, top, bottom = max(spans)
    inside = [box for box in boxes if top < box.level < bottom]
    return (
        [box for box in boxes if box.level <= top],
        [box for box in inside if box.ink[1] <= cut],
        [box for box in inside if box.ink[1] > cut],
        [box for box in boxes if box.level >= bottom],
    )


def _is_column(boxes: Sequence[_Box]) -> bool:
    """Whether lines fill their column as paragraphs do; cells of a table do not."""
    if len(boxes) < COLUMN_LINES:
        return False
    across = max(box.right for box in boxes) - min(box.left for box in boxes)
    rows = _rows(boxes)
    full = sum(row[-1].right - row[0].left >= COLUMN_FULL * across for row in rows)
    long = median(box.wide / max(box.high, 1.0) for box in boxes)
    return long >= COLUMN_LONG and 2 * full >= len(rows)


def _rows(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Boxes of equal level, from left to right; rows from top to bottom."""
    rows: list[list[_Box]] = []
    for box in sorted(boxes, key=lambda box: (box.level, box.left)):
        last = rows[-1] if rows else []
        near = last and box.level - median(one.level for one in last) <= LEVEL * min(
            box.high, *(one.high for one in last)
        )
        if near:
            last.append(box)
        else:
            rows.append([box])
    for row in rows:
        row.sort(key=lambda box: (box.left, box.right))
    return rows


def _joined(row: Sequence[_Box]) -> list[Placed]:
    """Pieces that stand closer than a character belong to one line."""
    made: list[_Box] = []
    for box in row:
        last = made[-1] if made else None
        if last and last.line.vertical == box.line.vertical and _touch(last, box):
            made[-1] = _Box(
                last.left, min(last.top, box.top), box.right, max(last.bottom, box.bottom), _one(last.line, box.line)
            )
        else:
            made.append(box)
    return [box.line for box in made]


def _touch(last: _Box, box: _Box) -> bool:
    """Whether two neighbours of a row are one line: a small gap, and of one size."""
    thin, thick = sorted((last.high, box.high))
    return -thin < box.left - last.right <= JOIN * thin and thick <= 1.6 * thin


def _one(first: Placed, second: Placed) -> Placed:
    """Two pieces as one line: the corners at its ends, a blank between them unless both are Chinese."""
    blank = " " if first.text[-1:].isascii() and second.text[:1].isascii() else ""
    long, more = len(first.text), len(second.text)
    sure = (first.confidence * long + second.confidence * more) / max(1, long + more)
    quad = (first.quad[0], second.quad[1], second.quad[2], first.quad[3])
    return Placed(quad, first.text + blank + second.text, sure, first.vertical)


def corners(quad: Quad, across: float, down: float, width: int, height: int) -> Box:
    """A line's corners in pixels of the page as stored, `across` and `down` times those of `quad`; what lies outside is brought to its edge."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    return (
        clamp(ax * across, width), clamp(ay * down, height), clamp(bx * across, width), clamp(by * down, height),
        clamp(cx * across, width), clamp(cy * down, height), clamp(dx * across, width), clamp(dy * down, height),
    )  # fmt: skip
