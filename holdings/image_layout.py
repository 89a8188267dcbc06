"""Which way up a page of writing lies, and whether writing runs off its edge; pure functions on ink masks.

Chinese full-width commas and stops (，。、；) and Western full stops alike sit low in their line; upside down they hang high. Counting small, lone
marks by their height in the line tells the two apart without reading a character (the measured rates stand in docs/decisions).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from holdings.image_ink import MM, Mask, Skew

BAND_MIN_PX, BAND_MAX_PX = 7, 70  # a line of writing: 5 to 50 points
SEGMENTS_MIN: Final = 6  # lone pieces in a line, below which it is a rule or a smudge
MARK_WIDTH, MARK_HEIGHT = 0.42, 0.45  # of the line's height: larger is a character
MARK_LEAST: Final = 0.012  # of the square of the line's height: smaller is dust
LOW, HIGH = 0.62, 0.38  # centre of a mark in its line, from the top
RULE_WIDTH, RULE_HEIGHT = 0.15, 0.08  # of the page: longer pieces are rules, frames and pictures
LATE_PX: Final = 60  # a line that begins or ends this much inside its neighbours
CUT_STRIP_PX: Final = 2
NEAR_STRIP_PX: Final = 6
CUT_INWARD_PX, CUT_INWARD_MAX_PX = 4, 80
CUT_ALONG_MAX_PX: Final = 60


class Marks(Struct, frozen=True):
    """Small lone marks low and high in their lines, lines seen, and lines ending early minus lines beginning late."""

    low: int
    high: int
    lines: int
    lean: int


def straighten(ink: Mask, skew: Skew) -> Mask:
    """The mask with its lines level."""
    if abs(skew.degrees) < 0.15:
        return ink
    height, width = ink.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), skew.degrees, 1.0)
    return (cv2.warpAffine(ink * 255, turn, (width, height), flags=cv2.INTER_LINEAR) > 110).astype(np.uint8)


def count_marks(level: Mask) -> Marks:
    """Where small marks sit in the lines of a levelled page."""
    low = high = 0
    begins: list[int] = []
    ends: list[int] = []
    for band, pieces in lines_of(level):
        begins.append(pieces[0][0])
        ends.append(pieces[-1][1])
        centres = [centre for _, _, centre in marks_of(band, pieces)]
        low += sum(centre > LOW for centre in centres)
        high += sum(centre < HIGH for centre in centres)
    return Marks(low, high, len(begins), _lean(begins, ends))


def lines_of(level: Mask) -> Iterator[tuple[npt.NDArray[np.bool_], list[tuple[int, int]]]]:
    """(band, its pieces [left, right) in order) of every line of writing of a levelled page."""
    height, width = level.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(level, connectivity=8)
    keep = (stats[:, 2] <= RULE_WIDTH * width) & (stats[:, 3] <= RULE_HEIGHT * height) & (stats[:, 4] >= 3)
    keep[0] = False
    writing = keep[labels]
    for top, bottom in _runs(writing.sum(axis=1) > 0.004 * width):
        if not BAND_MIN_PX <= bottom - top <= BAND_MAX_PX:
            continue
        band = writing[top:bottom]
        pieces = _runs(band.any(axis=0))
        if len(pieces) >= SEGMENTS_MIN:
            yield band, pieces


def marks_of(band: npt.NDArray[np.bool_], pieces: list[tuple[int, int]]) -> Iterator[tuple[int, int, float]]:
    """(left, right, centre from the top as a share of the line's height) of the small marks of one line."""
    tall = band.shape[0]
    for left, right in pieces:
        if right - left > MARK_WIDTH * tall:
            continue
        rows = np.flatnonzero(band[:, left:right].any(axis=1))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        if bottom - top > MARK_HEIGHT * tall or (bottom - top) * (right - left) < MARK_LEAST * tall * tall:
            continue
        yield left, right, (top + bottom) / 2 / tall


def _lean(begins: list[int], ends: list[int]) -> int:
    """Paragraphs end anywhere but begin at the margin: short lines at the right speak for upright, at the left against."""
    if len(begins) < SEGMENTS_MIN:
        return 0
    left, right = np.percentile(begins, 20), np.percentile(ends, 80)
    return int(np.sum(np.array(ends) < right - LATE_PX)) - int(np.sum(np.array(begins) > left + LATE_PX))


def _runs(on: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], on.view(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def cut_marks(ink: Mask) -> tuple[int, int, int]:
    """The most of any edge: characters that run off it, characters nearer to it than 1.5 mm, and strokes or rules of any kind that cross it."""
    sides = (ink, ink[::-1], ink.T, ink.T[::-1])
    return (
        max(_at_top(side, CUT_STRIP_PX) for side in sides), max(_at_top(side, NEAR_STRIP_PX) for side in sides),
        max(_crossing(side) for side in sides),
    )  # fmt: skip


def _crossing(ink: Mask) -> int:
    """Runs of ink along the first rows that go on inwards: rules of a table that was cut are one piece, however many they are."""
    first = np.asarray(ink[:CUT_STRIP_PX].any(axis=0), np.bool_)
    if not first.any():
        return 0
    inner = np.asarray(ink[CUT_STRIP_PX : CUT_INWARD_PX + CUT_STRIP_PX].all(axis=0), np.bool_)
    # A rule that lies on the edge itself is long and counts by what stands on it.
    return sum(1 for left, right in _runs(first & inner) if right - left <= CUT_ALONG_MAX_PX)


def _at_top(ink: Mask, strip_px: int) -> int:
    """Pieces of a character's size that reach into the first rows."""
    strip = np.ascontiguousarray(ink[: CUT_INWARD_MAX_PX + 1])
    if not strip[:strip_px].any():
        return 0
    count, _, stats, _ = cv2.connectedComponentsWithStats(strip, connectivity=8)
    cut = 0
    for left, top, wide, tall, _area in stats[1:count].tolist():
        # A frame of a table touches the edge too, but its lines are long.
        if top < strip_px and CUT_INWARD_PX <= tall <= CUT_INWARD_MAX_PX and 2 <= wide <= CUT_ALONG_MAX_PX and left >= 0:
            cut += 1
    return cut


def count_writing(ink: Mask) -> tuple[int, float]:
    """(pieces of a character's size, share of ink in them) of the page without its outermost 4 mm."""
    edge = round(4 * MM)
    inner = np.ascontiguousarray(ink[edge:-edge, edge:-edge]) if min(ink.shape) > 4 * edge else ink
    _, _, stats, _ = cv2.connectedComponentsWithStats(inner, connectivity=8)
    real = (stats[:, 4] >= 6) & ((stats[:, 2] >= 4) | (stats[:, 3] >= 4))
    real[0] = False
    return int(real.sum()), float(stats[real, 4].sum()) / inner.size
