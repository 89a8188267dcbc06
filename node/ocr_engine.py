"""The OCR engine: rapidocr's detector, direction classifier and recogniser on onnxruntime, models inside the wheel; lives in the sandbox only.

One thread, no download (every model lies in the package, and a missing one is an error here, not a request), loaded once for a worker.
"""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import rapidocr
from rapidocr.ch_ppocr_rec import TextRecInput

from node.ocr_layout import Quad, Seen

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""Grey (h, w) or colour (h, w, 3) in the order blue, green, red."""

ENGINE: Final = "rapidocr"
PARAMETERS: Final = 1
"""Counts up when anything below changes what is read: pages read before can then be told from those read after."""
DETECT_PX: Final = 960  # long side on which writing is looked for: an A4 page at 82 dpi (docs/decisions 0013)
FINE_PX: Final = 1_600  # the same where characters would be too small there
FINE_BELOW: Final = 13.0  # pixels of a line's box at DETECT_PX below which that is so
BOX_SCORE: Final = 0.3
PIXEL_SCORE: Final = 0.2  # page numbers and what stands under seals get low scores
CROP_HIGH: Final = 48  # pixels of a line for the recogniser
CROP_LONG_MAX: Final = 4_800  # pixels of such a line: 100 characters; memory of one call
NARROWEST: Final = 96  # pixels to which a short line is padded
BOXES_MAX: Final = 2_000
KEEP: Final = 0.5  # confidence below which a line is no writing
DOUBT: Final = 0.9  # confidence below which the other colours are tried

cv2.setNumThreads(1)


@functools.cache
def version() -> str:
    """Program, its models and our parameters."""
    return f"{metadata.version('rapidocr')} onnxruntime {metadata.version('onnxruntime')} p{PARAMETERS}"


class Engine:
    """Detector, classifier, recogniser; about 0.5 GB while it works."""

    def __init__(self) -> None:
        logging.getLogger("RapidOCR").disabled = True
        models = Path(rapidocr.__file__).parent / "models"
        threads = "EngineConfig.onnxruntime"
        whole: Any = rapidocr.RapidOCR(params={
            f"{threads}.intra_op_num_threads": 1, f"{threads}.inter_op_num_threads": 1, "Global.log_level": "critical",
            # A path given is a path read: without it the package would look for its models on the network when one is missing.
            "Det.model_path": str(next(models.glob("*_det_*.onnx"))), "Cls.model_path": str(next(models.glob("*_cls_*.onnx"))),
            "Rec.model_path": str(next(models.glob("*_rec_*.onnx"))),
            "Det.thresh": PIXEL_SCORE, "Det.box_thresh": BOX_SCORE, "Det.max_candidates": BOXES_MAX, "Det.limit_type": "max",
            "Det.limit_side_len": FINE_PX + 64, "Rec.rec_batch_num": 1, "Rec.rec_img_shape": [3, CROP_HIGH, NARROWEST],
        })  # fmt: skip
        # One line at a time: as fast here as six, which are padded to the longest, and half the memory.
        self._detector, self._classifier, self._recogniser = (
            whole._load_det_model(),
            whole._load_cls_model(),
            whole._load_rec_model(),
        )

    def boxes(self, page: Pixels, long_side: int) -> list[Seen]:
        """Where writing stands on the page as it lies, corners in its pixels, looked for at `long_side` pixels."""
        height, width = page.shape[:2]
        scale = min(1.0, long_side / max(height, width))
        small = (max(32, round(width * scale / 32) * 32), max(32, round(height * scale / 32) * 32))
        found = self._detector(_colour(cv2.resize(page, small, interpolation=cv2.INTER_AREA).astype(np.uint8)))
        if found.boxes is None:
            return []
        across, down = width / small[0], height / small[1]
        corners = ([(float(x) * across, float(y) * down) for x, y in box] for box in found.boxes[:BOXES_MAX])
        return [Seen((a, b, c, d)) for a, b, c, d in corners]

    def overturned(self, lines: Sequence[Pixels]) -> float:
        """By how much more of the lines is upside down than upright: −1 all upright, 1 all upside down; sure votes weigh more."""
        if not lines:
            return 0.0
        votes = [
            (1 if "180" in label else -1) * (score - 0.5) for label, score in self._classifier(list(lines)).cls_res
        ]
        return float(sum(votes) / max(1e-6, sum(map(abs, votes))))

    def read(self, lines: Sequence[Pixels]) -> list[tuple[str, float]]:
        """Text and confidence of each line."""
        if not lines:
            return []
        said = self._recogniser(TextRecInput(img=list(lines), return_word_box=False))
        return [(str(text), float(score)) for text, score in zip(said.txts, said.scores, strict=True)]


def cut_out(page: Pixels, quad: Quad) -> Pixels:
    """A line as it is read from left to right, no larger than the recogniser takes."""
    corners = np.array(quad, np.float32)
    a, b, c, d = quad
    long, high = max(math.dist(a, b), math.dist(d, c)), max(math.dist(a, d), math.dist(b, c))
    # Twice the recogniser's height at most: it would only be made smaller again.
    scale = min(1.0, 2 * CROP_HIGH / max(high, 1.0))
    size = (max(4, min(2 * CROP_LONG_MAX, round(long * scale))), max(4, round(high * scale)))
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, target)
    found = cv2.warpPerspective(
        page, warp, size, borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC if scale == 1 else cv2.INTER_AREA
    )
    return _colour(found.astype(np.uint8))


def _colour(image: Pixels) -> Pixels:
    """Three channels, as the models want them."""
    return np.repeat(image[:, :, None], 3, 2) if image.ndim == 2 else image


@functools.cache
def engine() -> Engine:
    """The engine of this process."""
    return Engine()
