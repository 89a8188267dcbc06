"""The image checks: pages a CPU-second beside decoding alone, false alarms on a clean corpus, and every injected fault found under its right rule.

Needs a corpus of `gen_scans.py` (JINDANG_CORPUS, or one is made); the faults are those of tests/image_faults.py, made in memory, seeded.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench_goal import Goal

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import image_faults  # noqa: E402
from PIL import Image  # noqa: E402
from pypdf import PdfReader  # noqa: E402

from holdings import media  # noqa: E402
from holdings.check import Verdict  # noqa: E402
from holdings.errors import MediaUnreadable  # noqa: E402
from holdings.image_checks import Measures, judge, read_measures, rules_of  # noqa: E402
from holdings.image_measure import measure_file  # noqa: E402
from holdings.image_twins import alike, likeness  # noqa: E402

TYPES = {".jpg": media.JPEG, ".tif": media.TIFF, ".pdf": media.PDF}
RECORDS, PER_FAULT, SPEED_FILES = 1_000, 200, 150
RULES = rules_of()
HITS = (Verdict.FAILED, Verdict.PERSON)


def corpus(out: Path) -> Path:
    """A corpus of clean records."""
    if given := os.environ.get("JINDANG_CORPUS"):
        return Path(given)
    made = out / "corpus-checks"
    if not made.exists():
        tools = Path(os.environ.get("JINDANG_TOOLS", ROOT.parent / "shared" / "tools"))
        subprocess.run([sys.executable, str(tools / "gen_scans.py"), "--out", str(made), "--records", str(RECORDS), "--seed", "7"], check=True)
    return made


def files(where: Path) -> list[Path]:
    """Every page file that holds pictures."""
    return sorted(path for path in where.glob("*/*") if path.suffix in TYPES)


def decode(path: Path) -> int:
    """The floor: every page decoded in full by Pillow, nothing looked at; how many."""
    data = path.read_bytes()
    if path.suffix == ".pdf":
        # As image_page does: the embedded picture as it lies there.
        streams = [page["/Resources"]["/XObject"]["/I"] for page in PdfReader(io.BytesIO(data)).pages]
        for stream in streams:
            Image.open(io.BytesIO(stream._data)).load()
        return len(streams)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    return 1


def measured(data: bytes, media_type: str) -> list[Measures]:
    """Measures of every scanned page."""
    return [page for page in read_measures(measure_file(data, f"{media_type};0;10000")) if page is not None]


def hits(page: Measures) -> dict[str, str]:
    """Fault: verdict, where it fails or needs a person."""
    return {one.fault.value: one.verdict.name for one in judge(page, RULES) if one.verdict in HITS}


def speed(paths: list[Path]) -> tuple[float, float]:
    """(pages a CPU-second of the checks, their CPU over that of decoding alone), in alternation over the same files."""
    pages = 0
    spent = {"floor": 0.0, "checks": 0.0}
    for path in paths:
        data = path.read_bytes()
        began = time.process_time()
        pages += decode(path)
        middle = time.process_time()
        measured(data, TYPES[path.suffix])
        spent["floor"] += middle - began
        spent["checks"] += time.process_time() - middle
    return pages / spent["checks"], spent["checks"] / spent["floor"]


def false_alarms(paths: list[Path]) -> tuple[int, Counter[str], dict[Path, list[tuple[Path, int, bytes]]]]:
    """(pages, alarms by rule, ink maps by record) of clean records."""
    pages, alarms = 0, Counter[str]()
    maps: dict[Path, list[tuple[Path, int, bytes]]] = defaultdict(list)
    for path in paths:
        for number, page in enumerate(measured(path.read_bytes(), TYPES[path.suffix])):
            pages += 1
            found = hits(page)
            alarms.update(found)
            for rule in found:
                print(f"false alarm {rule}: {path.parent.name}/{path.name}", file=sys.stderr)
            maps[path.parent].append((path, number, page.ink_map))
    return pages, alarms, maps


def twins(one: tuple[bytes, str, int], other: tuple[bytes, str, int]) -> float:
    """How like two pages are at their least."""
    joined = len(one[0]).to_bytes(8, "big") + one[0] + other[0]
    return int(likeness(joined, f"{one[1]};{one[2]};{other[1]};{other[2]}")) / 1000


def repeated_alarms(maps: dict[Path, list[tuple[Path, int, bytes]]]) -> tuple[int, int]:
    """(pairs laid over each other, pairs taken for one sheet) among the pages of clean records."""
    pairs = alarms = 0
    for pages in maps.values():
        for i, j in alike([one[2] for one in pages], RULES.repeated.alike):
            pairs += 1
            a, b = ((path.read_bytes(), TYPES[path.suffix], number) for path, number, _ in (pages[i], pages[j]))
            alarms += twins(a, b) >= RULES.repeated.doubt
    return pairs, alarms


def injected(paths: list[Path], seed: int) -> Iterator[tuple[str, Counter[str]]]:
    """(fault kind, found / doubted / missed / also …) over random clean pages."""
    r = random.Random(seed)
    jpegs, tiffs = ([p for p in paths if p.suffix == s] for s in (".jpg", ".tif"))
    chosen = [*r.sample(jpegs, min(len(jpegs), PER_FAULT * 3 // 4)), *r.sample(tiffs, min(len(tiffs), PER_FAULT // 4))]
    for kind, make in image_faults.FAULTS.items():
        rule, count = kind.partition("/")[0], Counter[str]()
        for path in chosen:
            with Image.open(path) as image:
                image.load()
                data = make(image, r)
            try:
                found = hits(measured(data, media.TIFF if data[:2] in (b"II", b"MM") else media.JPEG)[0])
            except MediaUnreadable:
                count["found" if rule == "truncated" else "unreadable"] += 1
                continue
            count["missed" if rule not in found else "found" if found[rule] == "FAILED" else "doubted"] += 1
            count.update(f"also {other}" for other in found if other != rule)
        yield kind, count
    yield "repeated", _rescanned(r, chosen)


def _rescanned(r: random.Random, chosen: list[Path]) -> Counter[str]:
    """The same sheet scanned twice: first as a candidate, then laid over."""
    count = Counter[str]()
    for path in chosen:
        with Image.open(path) as image:
            image.load()
            again = image_faults.rescan(image, r)
        data, kind = path.read_bytes(), TYPES[path.suffix]
        other = media.TIFF if again[:2] in (b"II", b"MM") else media.JPEG
        maps = [measured(data, kind)[0].ink_map, measured(again, other)[0].ink_map]
        if not alike(maps, RULES.repeated.alike):
            count["missed"] += 1
            continue
        score = twins((data, kind, 0), (again, other, 0))
        count["found" if score >= RULES.repeated.fail else "doubted" if score >= RULES.repeated.doubt else "missed"] += 1
    return count


def run(out: Path, repeat: int) -> list[Goal]:
    """Speed (median of `repeat`), false alarms over the whole corpus, faults found."""
    paths = files(corpus(out))
    r = random.Random(11)
    speeds = sorted(speed(r.sample(paths, min(len(paths), SPEED_FILES))) for _ in range(repeat))
    rate, ratio = speeds[len(speeds) // 2]
    pages, alarms, maps = false_alarms(paths)
    pairs, repeats = repeated_alarms(maps)
    table = {kind: dict(count) for kind, count in injected(paths, 13)}
    (out / "image-faults.json").write_text(json.dumps(table, ensure_ascii=False, indent=1), "utf-8")
    for kind, count in table.items():
        print(f"{kind:14} {count}", file=sys.stderr)
    shares = {kind: 1 - count.get("missed", 0) / sum(n for k, n in count.items() if not k.startswith("also")) for kind, count in table.items()}
    lowest = min((k for k in shares if k != "repeated"), key=lambda k: shares[k])
    return [
        Goal("image checks, A4 pages a CPU-second", rate, 5, "pages", at_least=True, note=f"{ratio:.1f} × decoding alone"),
        Goal(f"false alarms on {pages} clean pages", sum(alarms.values()) + repeats, 0, "pages", note=f"{pairs} look-alike pairs compared; {dict(alarms)}"),
        Goal("injected faults found, of the kind found least", shares[lowest], 0.97, "share", at_least=True, note=lowest),
        Goal("sheets scanned twice found", shares["repeated"], 0.9, "share", at_least=True, aim=True),
    ]  # fmt: skip


if __name__ == "__main__":
    from bench_goal import table as shown

    where = Path("build/bench").absolute()
    where.mkdir(parents=True, exist_ok=True)
    print(shown(run(where, 1)))
