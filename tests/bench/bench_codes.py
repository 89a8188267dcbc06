"""Reference codes at the size of a city's catalogue: codes a second on one core, and memory of a series of a million."""

from __future__ import annotations

import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

from bench_goal import Goal

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from holdings.code_scheme import codes_of  # noqa: E402
from holdings.code_series import Series, SeriesFault  # noqa: E402
from holdings.reference_code import ReferenceCode, match_key, ordering_key, parse, volume_key  # noqa: E402
from holdings.site_data import SiteData  # noqa: E402

CODES, SERIES = 200_000, 1_000_000
SITE = '[[scheme]]\nname = "旧临字"\ntemplate = "{organ}-{year}-{volume}[-{item}]"\nparts.organ = { characters = ["han"], min = 2, max = 8 }\n'


def codes(count: int) -> list[str]:
    """Codes of each form, one in four with look-alike separators; seeded."""
    r = random.Random(1)
    made = []
    for n in range(count):
        match n % 4:
            case 0:
                facets = f"{r.randrange(1949, 2030)}·{r.choice(('Y', 'D30', 'D10'))}·{r.choice(('BGS', '办公室', '003'))}"
                made.append(f"J{r.randrange(1000):03d}-WS·{facets}-{n % 99_999:05d}")
            case 1:
                made.append(f"J{r.randrange(1000):03d}-{r.randrange(1, 99):03d}-{r.randrange(1, 9999):04d}-{n % 99_999:05d}")
            case 2:
                made.append(f"X032-KJ·KY·01-{n % 999 + 1:03d}-{n % 997 + 1:03d}")
            case _:
                made.append(f"J001-WS.{r.randrange(1949, 2030)}.D30-BGS-{n % 99_999:05d}")
    return made


def rate(work: Callable[[str], object], given: list[str], repeat: int) -> float:
    """Calls a CPU-second, median."""
    found = []
    for _ in range(repeat):
        began = time.process_time()
        for one in given:
            work(one)
        found.append(len(given) / (time.process_time() - began))
    return sorted(found)[len(found) // 2]


def a_row(code: str) -> tuple[str, object, str]:
    """What a catalogue does with the code of one row."""
    read = parse(code)
    assert isinstance(read, ReferenceCode)
    return match_key(code), volume_key(read), ordering_key(code)


def long_series() -> Iterator[str]:
    """A million codes of 2,000 volumes; every thousandth is missing."""
    for n in range(SERIES):
        volume, item = divmod(n, 500)
        if n % 1_000 != 77:
            yield f"A002-RS-{volume + 1:04d}-{item + 1:03d}"


def series_memory() -> tuple[float, float]:
    """(MiB at most, codes a CPU-second) of a series of a million."""
    taken = Series()
    began = time.process_time()
    for code in long_series():
        taken.add(code)
    list(taken.findings())
    speed = SERIES / (time.process_time() - began)
    assert taken.faults[SeriesFault.GAP] == SERIES // 1_000, taken.faults
    tracemalloc.start()
    again = Series()
    for code in long_series():
        again.add(code)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20, speed


def run(out: Path, repeat: int) -> list[Goal]:
    """Speed of parse, of a whole row, with a site's scheme; memory of a series."""
    given = codes(CODES)
    schemes = codes_of(SiteData((("codes.toml", SITE),))).schemes
    memory, speed = series_memory()
    return [
        Goal("reference codes parsed a CPU-second", rate(parse, given, repeat), 150_000, "codes", at_least=True),
        Goal("the same, with a site's scheme tried first", rate(lambda code: parse(code, schemes), given, repeat), 100_000, "codes", at_least=True),
        Goal("match key, volume and order of a row", rate(a_row, given, repeat), 60_000, "rows", at_least=True),
        Goal("memory of a series of a million codes", memory, 8, "MiB", note=f"{speed:,.0f} codes a CPU-second"),
    ]  # fmt: skip


if __name__ == "__main__":
    from bench_goal import table

    print(table(run(Path(), 3)))
