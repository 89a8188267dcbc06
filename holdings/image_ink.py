"""Ink on a grey page: what is darker than the paper around it, how it slants, and black borders; pure functions on arrays.

Lengths are pixels of the working image (about 100 dpi, holdings/image_page.py) unless a name says millimetres.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from msgspec import Struct

Grey: TypeAlias = npt.NDArray[np.uint8]
Mask: TypeAlias = npt.NDArray[np.uint8]

MM: Final = 3.937  # pixels a millimetre at 100 dpi
SKEW_RANGE: Final = 15.0  # degrees each way; beyond it a page lies across, and nobody calls that skewed
SKEW_POINTS: Final = 20_000  # ink pixels taken: more change nothing
SKEW_POINTS_MIN: Final = 300
BORDER_DARK: Final = 90  # grey level of a scanner's lid or bed
BORDER_LENGTH: Final = 0.25  # share of the side along which a border runs
BORDER_WHOLE: Final = 0.6  # share of the page above which darkness is no border


class Skew(Struct, frozen=True):
    """`degrees` by which lines rise (+) or fall (−) to the right; `sharpness` how clearly (1: not at all)."""

    degrees: float
    sharpness: float


def find_ink(grey: Grey) -> Mask:
    """1 where a pixel is darker than the paper around it by a quarter of its brightness, else 0."""
    height, width = grey.shape
    small = cv2.resize(grey, (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA)
    paper = cv2.blur(cv2.dilate(small, np.ones((7, 7), np.uint8)), (5, 5))
    around = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    darker = np.asarray(cv2.subtract(around, grey), np.uint8)
    return np.asarray(darker > np.maximum(np.asarray(around, np.uint8) >> 2, 25), np.uint8)


def measure_skew(ink: Mask) -> Skew:
    """Slant of the lines: the angle at which ink falls into the sharpest rows (or, for upright writing, columns)."""
    half = cv2.resize(ink * 255, (max(1, ink.shape[1] // 2), max(1, ink.shape[0] // 2)), interpolation=cv2.INTER_AREA)
    down, across = np.nonzero(half > 80)
    if len(across) < SKEW_POINTS_MIN:
        return Skew(0.0, 1.0)
    if len(across) > SKEW_POINTS:
        chosen = np.linspace(0, len(across) - 1, SKEW_POINTS).astype(np.intp)
        down, across = down[chosen], across[chosen]
    rows = _sharpest(down.astype(np.float32), across.astype(np.float32))
    if rows.sharpness >= SHARP_ROWS:
        return rows
    columns = _sharpest(across.astype(np.float32), down.astype(np.float32))
    return rows if rows.sharpness >= columns.sharpness else Skew(-columns.degrees, columns.sharpness)


SHARP_ROWS: Final = 4.0
"""Rows as sharp as this are lines of text; upright writing need not be looked for."""


def _sharpest(along: npt.NDArray[np.float32], over: npt.NDArray[np.float32]) -> Skew:
    coarse = np.arange(-SKEW_RANGE, SKEW_RANGE + 0.01, 0.5)
    scores = [_sharpness(along, over, angle) for angle in coarse]
    best = coarse[int(np.argmax(scores))]
    fine = np.arange(best - 0.5, best + 0.51, 0.1)
    finer = [_sharpness(along, over, angle) for angle in fine]
    top = int(np.argmax(finer))
    return Skew(round(float(fine[top]), 2), round(float(finer[top] / max(float(np.median(scores)), 1.0)), 2))


def _sharpness(along: npt.NDArray[np.float32], over: npt.NDArray[np.float32], degrees: float) -> float:
    rows = np.rint(along - over * np.float32(np.tan(np.radians(degrees)))).astype(np.int32)
    step = np.diff(np.bincount(rows - rows.min()).astype(np.float64))
    return float((step * step).sum())


def black_border(grey: Grey) -> tuple[float, Mask | None]:
    """Width in millimetres of the widest black band along an edge, and where such bands lie (1) in the page, None without one."""
    height, width = grey.shape
    small = cv2.resize(grey, (max(8, width // 4), max(8, height // 4)), interpolation=cv2.INTER_AREA)
    dark = (small < BORDER_DARK).astype(np.uint8)
    high, wide = dark.shape
    edge = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    if int(edge.sum()) < BORDER_LENGTH * min(high, wide):
        return 0.0, None
    # Text that touches a border hangs on it by strokes: an opening takes it off.
    bands = cv2.bitwise_and(cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), dark)
    count, found_labels, stats, _ = cv2.connectedComponentsWithStats(bands)
    labels = np.asarray(found_labels, np.int32)
    found, mask = 0.0, np.zeros((high, wide), np.uint8)
    for label in range(1, count):
        left, top, w, h, area = (int(v) for v in stats[label])
        on_side = left == 0 or left + w >= wide - 1
        on_end = top == 0 or top + h >= high - 1
        if area > BORDER_WHOLE * high * wide or not (on_side or on_end):
            continue
        length = max(h if on_side else 0, w if on_end else 0)
        if (on_side and h >= BORDER_LENGTH * high) or (on_end and w >= BORDER_LENGTH * wide):
            found = max(found, _thickness(labels, label) * 4 / MM if length else 0.0)
            mask[labels == label] = 1
    if not found:
        return 0.0, None
    grown = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return round(found, 2), cv2.resize(grown, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _thickness(labels: npt.NDArray[np.int32], label: int) -> float:
    """Median depth of a band, measured inwards from the edge where it runs longest; a frame on several sides counts by its thickest."""
    here = labels == label
    deepest = 0.0
    for rows in (here, here[::-1], here.T, here.T[::-1]):
        touching = rows[0]
        if int(touching.sum()) >= BORDER_LENGTH * rows.shape[1]:
            depth = np.argmin(rows[:, touching], axis=0)
            depth = np.where(rows[:, touching].all(axis=0), rows.shape[0], depth)
            deepest = max(deepest, float(np.median(depth)))
    return deepest
