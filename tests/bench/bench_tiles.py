"""Tiles of pages in the reading room: A4 at 300 dpi in 24 bits, G4 and PDF, through the route as a browser asks, first sight and warm, with and without watermark.

`python tests/bench/bench_tiles.py`; goal: p95 of a warm tile ≤ 60 ms (issue 5).
"""

from __future__ import annotations

import io
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "bench")]

from bench_goal import Goal, table  # noqa: E402
from drawn_pages import encoded, page  # noqa: E402
from people_door import open_door  # noqa: E402
from PIL import Image  # noqa: E402
from reading_room_at_hub import Written, bring, numbers, reader  # noqa: E402

from hub.account import Role  # noqa: E402

A4 = (2480, 3508)
SEED = 20261122
ASKED = 300


def written() -> list[Written]:
    """One record of each kind."""
    grey = page(1, 40, 1, A4)
    out = io.BytesIO()
    grey.save(out, "PDF", resolution=300)
    colour = encoded(Image.merge("RGB", [grey, grey, grey]), dpi=300)
    kinds = {"24位": ("1.jpg", colour), "G4": ("1.tif", encoded(grey, "G4", 300)), "PDF": ("1.pdf", out.getvalue())}
    return [Written(f"J1-{name}", name, "开放", {file: data}, {}) for name, (file, data) in kinds.items()]


def main() -> list[Goal]:
    """Measure and print."""
    chance, goals = random.Random(SEED), []
    with tempfile.TemporaryDirectory() as folder, open_door(Path(folder) / "hub") as door:
        bring(door, made=written())
        who = {"plain": reader(door, "arch", Role.ARCHIVIST, holders=("和平区",)), "marked": reader(door, "agency")}
        for title, number in numbers(door).items():
            began = time.perf_counter()
            assert who["plain"].ask("GET", f"/records/{number}/pages/1").status == 200
            print(f"{title}: first sight {1000 * (time.perf_counter() - began):.0f} ms", file=sys.stderr)
            for name, browser in who.items():
                took = []
                for _ in range(ASKED // 6):
                    place = f"3/{chance.randrange(4)}/{chance.randrange(5)}"
                    door.hub.clock.skip += 1
                    began = time.perf_counter()
                    assert browser.ask("GET", f"/records/{number}/pages/1/tiles/{place}").status == 200
                    took.append(1000 * (time.perf_counter() - began))
                p95 = statistics.quantiles(took, n=20)[-1]
                goals.append(
                    Goal(
                        f"tile {title} {name}, warm p95",
                        p95,
                        60,
                        "ms",
                        note=f"p50 {statistics.median(took):.1f}, TLS and sign-in included",
                    )
                )
    print(table(goals))
    return goals


if __name__ == "__main__":
    sys.exit(any(goal.missed for goal in main()))
