"""`make bench`: every performance goal of the project measured beside a peer or a floor in the same run; ratios, not absolute times.

    python -m tests.bench [--repeat 3] [--only lan,jxl,wan,scale,catalogue,checks,codes,ocr,…] [--out build/bench]

Needs the kit and the generators of `../shared/tools` (or JINDANG_TOOLS). Writes one JSON file a benchmark and prints the goals with what was measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench_catalogue
import bench_checks
import bench_codes
import bench_console
import bench_faults
import bench_fleet
import bench_meaning
import bench_peers
import bench_people
import bench_scale
import bench_search
from bench_goal import Goal, table


def ocr(out: Path, repeat: int) -> list[Goal]:
    """The reading of pages; its engine takes half a gigabyte, so it is loaded only where it is asked for."""
    import bench_ocr

    return bench_ocr.run(out, repeat)


BENCHMARKS = {
    "lan": bench_peers.lan,
    "jxl": bench_peers.jpeg_xl,
    "wan": bench_peers.wan,
    "scale": bench_scale.run,
    "catalogue": bench_catalogue.run,
    "checks": bench_checks.run,
    "codes": bench_codes.run,
    "console": bench_console.run,
    "faults": bench_faults.run,
    "fleet": bench_fleet.run,
    "search": bench_search.run,
    "people": bench_people.run,
    "ocr": ocr,
    "meaning": bench_meaning.run,
}


def main() -> int:
    """Run the benchmarks asked for; 1 when a required goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default=",".join(BENCHMARKS), help="names of benchmarks, separated by commas")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    goals: list[Goal] = []
    for name in options.only.split(","):
        found = BENCHMARKS[name](options.out.absolute(), options.repeat)
        (options.out / f"{name}.json").write_text(
            json.dumps([goal.to_json() for goal in found], ensure_ascii=False, indent=1), "utf-8"
        )
        goals += found
    print(table(goals))
    return 1 if any(goal.missed for goal in goals) else 0


if __name__ == "__main__":
    sys.exit(main())
