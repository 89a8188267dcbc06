"""Search over the generated catalogue in the encrypted store: build, size, 200 mixed questions, readers beside an import; beside it
tantivy, SQLite's trigram index and PostgreSQL's full text over the same rows.

Times are CPU milliseconds of the thread that answers, the second time a question is asked.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import search_corpus as corpus
from bench_goal import Goal
from search_corpus import Question

ROWS = int(os.environ.get("JINDANG_SEARCH_ROWS", "1000000"))
PEER_ROWS = int(os.environ.get("JINDANG_SEARCH_PEER_ROWS", "200000"))
KNOWN = 100_000  # rows that questions are drawn from
READERS = 8
KEY = bytes(range(32))


def request(one: Question, **wanted: Any) -> Any:
    """A question as the store is asked it."""
    from holdings.search_request import Facet, SearchRequest

    filters = {Facet.FONDS: (one.fonds,)} if one.fonds else {}
    if one.opened:
        filters[Facet.OPENING] = ("开放",)
    return SearchRequest(one.text, filters=filters, years=one.years, **wanted)


def ways() -> dict[str, dict[str, Any]]:
    """What is asked of each question."""
    from holdings.search_request import Facet, Sort

    return {
        "newest": {"sort": Sort.NEWEST, "counted": False},
        "date": {"sort": Sort.DATE, "counted": False},
        "relevance": {"sort": Sort.RELEVANCE, "counted": False},
        "count": {"sort": Sort.NEWEST, "limit": 0},
        "facets": {"sort": Sort.NEWEST, "limit": 0, "counted": False, "facets": tuple(Facet)[:7]},
    }


def spent(ask: Callable[[], object]) -> float:
    """CPU milliseconds of this thread, the second time."""
    ask()
    began = time.thread_time()
    ask()
    return (time.thread_time() - began) * 1000


def parts(times: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95, max."""
    ordered = sorted(times)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], ordered[-1]


def asked(connection: Any, questions: Sequence[Question]) -> dict[str, tuple[float, float, float]]:
    """p50, p95, max of each way of asking."""
    from holdings.access import Access
    from holdings.search import search

    def one_way(wanted: dict[str, Any]) -> tuple[float, float, float]:
        return parts([spent(lambda one=one: search(connection, Access.whole(), request(one, **wanted))) for one in questions])  # type: ignore[misc]

    return {name: one_way(wanted) for name, wanted in ways().items()}


def first_answer(store: Path) -> float:
    """Milliseconds of the first question of a program that has just started, what it loads for it included."""
    done = subprocess.run([sys.executable, __file__, str(store)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def _first(store: Path) -> float:
    from sync.database import Database

    opened = Database(store, KEY)
    reading = opened.read()
    began = time.perf_counter()
    from holdings.access import Access
    from holdings.search import search

    search(reading, Access.whole(), request(Question("common2", ("防汛",))))
    return (time.perf_counter() - began) * 1000


def beside_import(store: Path, questions: Sequence[Question]) -> tuple[float, float]:
    """p95 of the newest twenty of eight readers, CPU milliseconds, while rows are imported; and without, by the same threads."""
    from holdings.access import Access
    from holdings.search import search
    from holdings.search_request import Sort
    from sync.database import Database

    opened, figures = Database(store, KEY), []
    for importing in (False, True):
        times: list[float] = []

        def read(number: int, times: list[float] = times) -> None:
            connection = opened.read()
            asks = [partial(search, connection, Access.whole(), request(one, sort=Sort.NEWEST, counted=False)) for one in questions[number::READERS]]
            times.extend(map(spent, asks))

        load = subprocess.Popen([sys.executable, __file__, str(store), "import"]) if importing else None
        readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        if load is not None:
            load.terminate()
            load.wait()
        figures.append(parts(times)[1])
    opened.close()
    return figures[1], figures[0]


def _import(store: Path) -> None:
    """Rows of another holder, portion by portion, until somebody ends it."""
    from holdings import catalogue_rows, catalogue_sheets
    from holdings.catalogue_line import LineMaker
    from sync.database import Database

    opened, maker, number = Database(store, KEY), LineMaker(corpus.COLUMNS), 0
    known = list(corpus.rows(corpus.PORTION))
    while True:
        with opened.transaction() as connection:
            number += 1
            owner = catalogue_sheets.holder(connection, f"区{number}")
            sheet = catalogue_sheets.make_known(connection, owner, "全市", f"区{number}.tsv", 1).id
            catalogue_sheets.hold(connection, sheet, 1)
            lines = [corpus.line(maker, at, row) for at, row in enumerate(known)]
            catalogue_rows.insert(connection, owner, sheet, catalogue_rows.columns(connection, maker.columns), lines, 1)


def goals_of(built: corpus.Built, found: dict[str, tuple[float, float, float]], first: float, imported: tuple[float, float]) -> list[Goal]:
    """The goals of the store by itself: those of a hub of seventeen million, or of a node of one million."""
    large, told = built.rows > 5_000_000, f"{built.rows:,} rows"
    goals = [
        Goal("search: entries a CPU-second, index included", built.rows / built.cpu, 25_000, "rows", at_least=True, note=told),
        Goal("search: bytes of index an entry", built.index_bytes, 70, "B", note=f"file {built.file_bytes:.0f} B"),
        Goal("search: peak memory of building", built.peak, 600, "MiB"),
        Goal("search: first question after start", first, 1_000, "ms wall"),
        Goal("search: eight readers beside an import, p95 / without", imported[0] / max(imported[1], 0.01), 3, note=f"{imported[0]:.1f} ms"),
    ]
    bounds = {"newest": (2, 20, 100), "date": (2, 20, 100), "relevance": (None, 50, None), "count": (None, 30, None), "facets": (None, 100, None)}
    for name, (half, most, top) in bounds.items():
        for value, bound, part in zip(found[name], (half, most if large or name != "newest" else 10, top), ("p50", "p95", "max"), strict=True):
            if bound is not None:
                goals.append(Goal(f"search: {name}, {part}", value, bound, "ms", note=told))
    return goals


def run(out: Path, repeat: int) -> list[Goal]:
    """Build once, ask twice; peers over fewer rows, in the same run. JINDANG_SEARCH_ROWS rows (17018500: the whole catalogue), peers over
    JINDANG_SEARCH_PEER_ROWS (from 4000000 on: tantivy alone, as a goal)."""
    del repeat
    import search_peers

    with tempfile.TemporaryDirectory(dir=out) as folder:
        store = Path(folder) / "holdings.db"
        built = corpus.build(store, ROWS, KEY)
        questions = corpus.questions(list(corpus.rows(KNOWN)))
        first = first_answer(store)
        from sync.database import Database

        opened = Database(store, KEY)
        found = asked(opened.read(), questions)
        opened.close()
        goals = goals_of(built, found, first, beside_import(store, questions))
        return goals + search_peers.run(Path(folder), PEER_ROWS, questions)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _import(Path(sys.argv[1]))
    print(_first(Path(sys.argv[1])))
