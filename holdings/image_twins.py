"""Repeated pages 重页: a perceptual map of a page's ink finds candidates, laying both pages over each other decides.

Forms of one print, and pages that differ in a number alone, are alike at a glance; so a candidate counts only when no coherent difference remains.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from holdings.errors import MediaUnreadable
from holdings.image_ink import Grey, Mask, Skew, find_ink, measure_skew
from holdings.image_layout import straighten
from holdings.image_page import read_pages

MAP_WIDTH, MAP_HEIGHT = 48, 64
FINER: Final = 2  # pages are compared at 200 dpi: at 100 a 3 and an 8 are one
SHIFT_PX: Final = 30  # quarter pixels: 15 mm by which a sheet may lie elsewhere on the glass
STEPS: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-6)
FIT_GOOD: Final = 0.9
PIECE_AREA, PIECE_MIN, PIECE_MAX = 25, (4, 10), 90  # pixels at 200 dpi of what is taken for a character; dust is smaller
CORRELATED_MIN: Final = 1e-6


def ink_map(ink: Mask, skew: Skew) -> bytes:
    """Density of ink on a grid of 48 × 64, one byte a cell, levelled and moved to its centre of mass: alike for scans of one sheet."""
    level = straighten(ink, skew).astype(np.float32)
    total = float(level.sum())
    if total < 1:
        return bytes(MAP_WIDTH * MAP_HEIGHT)
    height, width = level.shape
    across = float(level.sum(axis=0) @ np.arange(width)) / total
    down = float(level.sum(axis=1) @ np.arange(height)) / total
    move = np.array([[1, 0, width / 2 - across], [0, 1, height / 2 - down]], np.float32)
    centred = cv2.GaussianBlur(cv2.warpAffine(level, move, (width, height)), (0, 0), 5)
    cells = cv2.resize(centred, (MAP_WIDTH, MAP_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.clip(cells * 400, 0, 255).astype(np.uint8).tobytes()


def alike(maps: list[bytes], threshold: float) -> list[tuple[int, int]]:
    """Pairs (i < j) of maps whose correlation reaches the threshold; empty pages are like nothing."""
    known = [i for i, one in enumerate(maps) if any(one)]
    if len(known) < 2:
        return []
    grid = np.stack([np.frombuffer(maps[i], np.uint8).astype(np.float32) for i in known])
    grid -= grid.mean(axis=1, keepdims=True)
    grid /= np.maximum(np.linalg.norm(grid, axis=1, keepdims=True), CORRELATED_MIN)
    high = np.argwhere(np.triu(grid @ grid.T, 1) >= threshold)
    return [(known[int(i)], known[int(j)]) for i, j in high]


def candidates(data: bytes, threshold: str) -> bytes:
    """For the sandbox: ink maps one after the other to JSON list of pairs of their indices, as `alike` finds them."""
    size = MAP_WIDTH * MAP_HEIGHT
    return msgspec.json.encode(alike([data[at : at + size] for at in range(0, len(data), size)], float(threshold)))


def likeness(data: bytes, wanted: str) -> bytes:
    """For the sandbox: how like two pages are where they are least alike, −1000 … 1000 as decimal digits.

    `data` is the length of the first file in 8 bytes and both files, `wanted` is `media type;page;media type;page`; the same page may be meant in one file.
    """
    length = int.from_bytes(data[:8], "big")
    first_type, first_page, second_type, second_page = wanted.split(";")
    one = _level(data[8 : 8 + length], first_type, int(first_page))
    other = _level(data[8 + length :], second_type, int(second_page))
    return b"%d" % round(1000 * compare(one, other))


def _level(data: bytes, media_type: str, page: int) -> Grey:
    """One page at 200 dpi with its lines level."""
    found = next(read_pages(data, media_type, page, 1, FINER), None)
    if found is None:
        raise MediaUnreadable("此页不是扫描图像")
    skew = measure_skew(cv2.resize(find_ink(found.grey), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8))
    height, width = found.grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), skew.degrees, 1.0)
    return _warp(found.grey, turn, width, height, cv2.INTER_LINEAR)


def _warp(grey: Grey, move: npt.NDArray[Any], width: int, height: int, flags: int) -> Grey:
    return cv2.warpAffine(grey, move, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def compare(one: Grey, other: Grey) -> float:
    """Lay two levelled pages over each other and return the lowest correlation (−1 … 1) of any character of either with its counterpart.

    Two scans of one sheet stay above 0.85; another page number of the same form falls below 0.6.
    """
    height, width = max(one.shape[0], other.shape[0]), max(one.shape[1], other.shape[1])
    a, b = _padded(one, height, width), _padded(other, height, width)
    move = _register(a, b)
    if move is None:
        return -1.0
    laid = _warp(b, move, width, height, cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return min(_least(a, laid), _least(laid, a))


def _padded(grey: Grey, height: int, width: int) -> Grey:
    high, wide = grey.shape
    return cv2.copyMakeBorder(grey, 0, height - high, 0, width - wide, cv2.BORDER_REPLICATE).astype(np.uint8)


def _register(a: Grey, b: Grey) -> npt.NDArray[np.float32] | None:
    """The movement and turn that lays b over a; None when there is none.

    Lines of text are periodic, so a search may lock one line off: it starts from the centres of the ink as well as from the phase, and the better fit counts.
    """
    soft = [_soft(a), _soft(b)]
    centres = [_centre(one) for one in soft]
    (dx, dy), _ = cv2.phaseCorrelate(soft[0], soft[1])
    best: tuple[float, npt.NDArray[np.float32]] | None = None
    for x, y in ((centres[1][0] - centres[0][0], centres[1][1] - centres[0][1]), (dx, dy)):
        if max(abs(x), abs(y)) > SHIFT_PX:
            continue
        start = np.array([[1, 0, x], [0, 1, y]], np.float32)
        try:
            fit, found = cv2.findTransformECC(soft[0], soft[1], start, cv2.MOTION_AFFINE, STEPS)
        except cv2.error:
            continue
        if best is None or fit > best[0]:
            best = (float(fit), found.astype(np.float32))
        if fit > FIT_GOOD:
            break
    if best is None:
        return None
    best[1][:, 2] *= 4
    return best[1]


def _soft(grey: Grey) -> npt.NDArray[np.float32]:
    """Ink as light on black, at a quarter of the size and blurred, so that the search sees lines before strokes."""
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    dark = np.clip(np.percentile(small, 75) - small.astype(np.float32) - 20, 0, 255)
    return np.asarray(cv2.GaussianBlur(dark.astype(np.float32), (0, 0), 2), np.float32)


def _centre(soft: npt.NDArray[np.float32]) -> tuple[float, float]:
    moments = cv2.moments(soft)
    total = moments["m00"] or 1.0
    return moments["m10"] / total, moments["m01"] / total


def _least(a: Grey, b: Grey) -> float:
    """Lowest correlation of the characters of `a` with what lies under them in `b`, give or take 3 pixels."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(find_ink(a), connectivity=8)
    height, width = a.shape
    worst = 1.0
    for left, top, wide, high, area in stats[1:].tolist():
        if area < PIECE_AREA or not (PIECE_MIN[0] <= wide <= PIECE_MAX and PIECE_MIN[1] <= high <= PIECE_MAX):
            continue
        x0, y0, x1, y1 = left - 2, top - 2, left + wide + 2, top + high + 2
        if x0 < 3 or y0 < 3 or x1 > width - 3 or y1 > height - 3:
            continue
        score = cv2.matchTemplate(b[y0 - 3 : y1 + 3, x0 - 3 : x1 + 3], a[y0:y1, x0:x1], cv2.TM_CCOEFF_NORMED)
        worst = min(worst, float(score.max()))
    return worst
