"""Which way the lines of a page run, and whether it lies on its side: horizontal writing turned by 90°, told from upright writing 竖排;
pure functions on ink masks.

Characters stand closer within a line than lines to each other. Seen from the right side, commas and stops of horizontal Chinese sit low
in their line and close behind the character before them. In upright writing they sit in the upper right of their cell: turned so that
they come to lie low, they lie close before the next one. Without such marks nothing is said (DA/T 31-2017 10.2).
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
from msgspec import Struct

from holdings.image_ink import Mask, Skew
from holdings.image_layout import HIGH, LOW, lines_of, marks_of, straighten

NEARER_PX: Final = 2  # a mark nearer by this to one neighbour than to the other belongs to it
GAP_MAX: Final = 3.0  # heights of a line: a wider gap is a column of a table
GAPS_MIN: Final = 40


class Lying(Struct, frozen=True):
    """Degrees clockwise by which the page must be turned (90 or 270), and its small marks then: low, high, and of the low ones those that
    lie closer before the next character than behind the one before. `rows`, `columns`: the usual gap between pieces in thousandths of the line's height, as the page
    lies and from the side; 0 where there are too few."""

    turn: int
    low: int
    high: int
    ahead: int
    rows: int
    columns: int


def measure_lying(ink: Mask, skew: Skew) -> Lying | None:
    """The turn by which more marks lie low, of a page whose lines may run from top to bottom; None of any other."""
    level = straighten(ink, skew)
    turned = np.ascontiguousarray(np.rot90(level, -1))
    rows, columns = _gap(level), _gap(turned)
    if not columns or 0 < rows <= columns:
        return None
    found = [_seen(turn, mask, rows, columns) for turn, mask in ((90, turned), (270, np.ascontiguousarray(np.rot90(level))))]
    return max(found, key=lambda one: (one.low - one.high, one.low))


def _gap(level: Mask) -> int:
    gaps = [
        (right - left) / band.shape[0]
        for band, pieces in lines_of(level)
        for (_, left), (right, _) in itertools.pairwise(pieces)
    ]
    near = [gap for gap in gaps if gap <= GAP_MAX]
    return int(1000 * float(np.median(near))) if len(near) >= GAPS_MIN else 0


def _seen(turn: int, level: Mask, rows: int, columns: int) -> Lying:
    low = high = ahead = 0
    for band, pieces in lines_of(level):
        for left, right, centre in marks_of(band, pieces):
            low += centre > LOW
            high += centre < HIGH
            at = pieces.index((left, right))
            if centre > LOW and 0 < at < len(pieces) - 1:
                before, after = left - pieces[at - 1][1], pieces[at + 1][0] - right
                ahead += after + NEARER_PX <= before
    return Lying(turn, low, high, ahead, rows, columns)
