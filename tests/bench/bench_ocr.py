"""Reading: characters read wrongly, CPU seconds an A4 page, memory of the worker over many pages; beside rapidocr alone in the same run.

Pages are drawn with a Chinese font of the machine at 300 dpi, clean, as scanned (0.8° skew, noise, blur, shading, JPEG 75) and poor (1.6°, pale, strong
noise). Errors are edits after NFKC and folding of punctuation and blanks. JINDANG_OCR_PAGES=2000 is the long form of the memory run.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench_goal import Goal

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import written_pages as written  # noqa: E402
from rapidocr import RapidOCR  # noqa: E402

from holdings import media, reading_rule  # noqa: E402
from node.ocr_image import open_image  # noqa: E402
from node.ocr_page import read_image  # noqa: E402
from node.reading_worker import CHILD, decode  # noqa: E402
from sync.sandbox import Sandbox  # noqa: E402

SEEDS = int(os.environ.get("JINDANG_OCR_SEEDS", "2"))
"""Pages of a kind and quality."""
PAGES = int(os.environ.get("JINDANG_OCR_PAGES", "60"))
PLAIN_SIDE = 1_200
"""What plain rapidocr is told: its own default of 2,000 costs half as much again and reads no better."""
TURNED = (("quarter turns", 0.8, (90, 180, 270)), ("8 degrees", 8.0, (0,)), ("10 degrees", 10.0, (0,)))


def plain_engine() -> RapidOCR:
    """The peer: rapidocr as it comes, one thread, with its direction classifier."""
    threads = "EngineConfig.onnxruntime"
    return RapidOCR(
        params={
            f"{threads}.intra_op_num_threads": 1,
            f"{threads}.inter_op_num_threads": 1,
            "Global.max_side_len": PLAIN_SIDE,
            "Global.log_level": "error",
        }
    )


def plain_text(engine: RapidOCR, data: bytes) -> str:
    """What the peer says, in its own order."""
    found = engine(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    return "\n".join(found.txts or ())


def pages(quality: str) -> Iterator[tuple[str, bytes, written.Written]]:
    """(kind, JPEG, what stands on it), every kind in several fonts."""
    fonts = [font for font in written.FONTS if Path(font).exists()]
    for kind in written.KINDS:
        for seed in range(1, SEEDS + 1):
            made = written.page(kind, seed, 300, fonts[seed % len(fonts)])
            yield kind, written.jpeg(written.worn(made.image, quality, seed), quality), made


class Tally:
    """Edits, characters and CPU seconds."""

    def __init__(self) -> None:
        self.edits = self.signs = self.pages = 0
        self.cpu = 0.0

    def add(self, said: str, made: written.Written, cpu: float) -> None:
        """One page."""
        edits, signs = written.errors(said, made.text)
        self.edits, self.signs, self.pages, self.cpu = (
            self.edits + edits,
            self.signs + signs,
            self.pages + 1,
            self.cpu + cpu,
        )

    @property
    def cer(self) -> float:
        """Character error rate."""
        return self.edits / max(1, self.signs)


def quality_run(quality: str, engine: RapidOCR) -> dict[str, dict[str, Tally]]:
    """Tallies of ours and of the peer by kind, page by page in alternation."""
    found: dict[str, dict[str, Tally]] = {"ours": defaultdict(Tally), "peer": defaultdict(Tally)}
    for kind, data, made in pages(quality):
        began = time.process_time()
        ours = read_image(open_image(data, media.JPEG)).text
        middle = time.process_time()
        peer = plain_text(engine, data)
        found["ours"][kind].add(ours, made, middle - began)
        found["peer"][kind].add(peer, made, time.process_time() - middle)
    return found


def turned_run() -> dict[str, Tally]:
    """Pages that lie on their side or head, and strongly skewed ones."""
    found: dict[str, Tally] = defaultdict(Tally)
    for name, turn, quarters in TURNED:
        for kind in ("simplified", "columns", "table"):
            for quarter in quarters:
                made = written.page(kind, 4)
                image = written.worn(made.image, "scan", 4, turn).rotate(quarter, expand=True)
                began = time.process_time()
                page = read_image(open_image(written.jpeg(image, "scan"), media.JPEG))
                found[name].add(page.text, made, time.process_time() - began)
    return found


def memory_run(count: int) -> tuple[int, int, int, float]:
    """(peak MiB, MiB after a tenth, MiB at the end, seconds) of one worker that is not replaced, over `count` pages of every kind and several sizes."""
    rule = reading_rule.rule()
    sandbox = Sandbox(workers=1, memory_mb=rule.memory_mb, seconds=rule.seconds, nice=10, recycle=1 << 30)
    stock = [data for quality in ("scan", "poor") for _, data, _ in pages(quality)]
    stock += [
        written.jpeg(written.page(kind, 9, dpi).image, "clean", dpi)
        for kind in ("simplified", "table")
        for dpi in (100, 200, 400)
    ]
    early = now = peak = 0
    began = time.monotonic()
    for number in range(count):
        for piece in sandbox.stream(CHILD, stock[number % len(stock)], json.dumps({"name": "p.jpg", "first": 0})):
            assert not decode(piece).reason
        worker = sandbox._spare.queue[0]._process.pid
        status = dict(line.split(":", 1) for line in Path(f"/proc/{worker}/status").read_text("ascii").splitlines())
        peak, now = (int(status[key].split()[0]) >> 10 for key in ("VmHWM", "VmRSS"))
        early = now if number == count // 10 else early
        if number % 50 == 0:
            print(f"memory: page {number}, {now} MiB, peak {peak}", file=sys.stderr, flush=True)
    sandbox.close()
    return peak, early, now, time.monotonic() - began


def run(out: Path, repeat: int) -> list[Goal]:
    """Errors, speed and memory; needs a font."""
    if written.font_path() is None:
        print("ocr: no Chinese font on this machine (fonts-wqy-zenhei)", file=sys.stderr)
        return []
    engine = plain_engine()
    found = {quality: quality_run(quality, engine) for quality in written.QUALITIES}
    report: dict[str, object] = {}
    sums: dict[tuple[str, str], Tally] = {}
    for quality, sides in found.items():
        for side, kinds in sides.items():
            total = sums[quality, side] = Tally()
            for kind, tally in kinds.items():
                report[f"{quality} {side} {kind}"] = [round(100 * tally.cer, 3), round(tally.cpu / tally.pages, 2)]
                if kind != "vertical":
                    total.edits, total.signs, total.pages, total.cpu = (
                        total.edits + tally.edits, total.signs + tally.signs, total.pages + tally.pages, total.cpu + tally.cpu,
                    )  # fmt: skip
    turned = turned_run()
    report.update(
        {
            f"turned {name}": [round(100 * tally.cer, 3), round(tally.cpu / tally.pages, 2)]
            for name, tally in turned.items()
        }
    )
    peak, early, late, seconds = memory_run(PAGES)
    report["memory"] = {"pages": PAGES, "peak": peak, "after a tenth": early, "end": late, "seconds": round(seconds)}
    (out / "ocr-pages.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    for line in report.items():
        print(*line, file=sys.stderr)
    ours, peer = sums["scan", "ours"], sums["scan", "peer"]
    upright = found["scan"]["ours"]["vertical"]
    others = max(sums[quality, "ours"].cer for quality in ("clean", "poor"))
    alone = f"{ours.signs} characters; rapidocr alone {100 * peer.cer:.2f} % in its own order"
    return [
        Goal("OCR, characters read wrongly at scan quality", 100 * ours.cer, 0.5, "%", note=alone),
        Goal("the same, clean pages and poor ones, the worse", 100 * others, 0.5, "%", aim=True),
        Goal("the same, upright writing in columns", 100 * upright.cer, 3.0, "%", aim=True),
        Goal("the same, on their side or head, or skewed by 10 degrees", 100 * max(tally.cer for tally in turned.values()), 0.5, "%", aim=True),
        Goal("OCR, CPU seconds an A4 page", ours.cpu / ours.pages, 3.0, "s", note=f"rapidocr alone {peer.cpu / peer.pages:.2f}"),
        Goal("OCR, its CPU over that of rapidocr alone", ours.cpu / peer.cpu, 1.0, "×"),
        Goal(f"OCR, memory of one worker over {PAGES} pages", peak, 1_024, "MiB", note=f"{early} after a tenth, {late} at the end"),
    ]  # fmt: skip


if __name__ == "__main__":
    from bench_goal import table as shown

    where = Path("build/bench").absolute()
    where.mkdir(parents=True, exist_ok=True)
    print(shown(run(where, 1)))
