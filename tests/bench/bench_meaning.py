"""Search by meaning: what it finds of paraphrased questions among a thousand other titles, beside BM25 over pairs of characters; and how
long a question takes, and how much memory, over a million vectors in the encrypted file, beside sqlite-vec's own scan of the same bits.

The set of questions (tests/meaning_pairs.tsv) was written before it was first asked and is not tuned to: what was chosen (what of a
title is embedded, the weight of the candidates' score) was chosen on tests/meaning_choosing.tsv.
"""

from __future__ import annotations

import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench_goal import Goal
from msgspec.structs import replace

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import meaning_kit as kit  # noqa: E402

from holdings import meaning_store as store  # noqa: E402
from holdings.access import Access  # noqa: E402
from holdings.meaning_answer import Meaning  # noqa: E402
from holdings.meaning_embedder import Stage, model_of  # noqa: E402
from holdings.meaning_search import Nearest  # noqa: E402
from holdings.meaning_work import Embedding  # noqa: E402
from holdings.meaning_worker import Worker  # noqa: E402
from holdings.search import search  # noqa: E402
from holdings.search_request import Mode, SearchRequest  # noqa: E402
from sync.database import Database, open_database  # noqa: E402

OTHERS, MILLION, RATED, QUESTIONS, PORTION = 1_000, 1_000_000, 8_000, 80, 20_000
FIELDS = ("测绘", "气象", "计量", "盐业", "园艺", "审计", "印刷", "专利", "仓储", "包装", "造船", "玻璃", "陶瓷", "橡胶", "皮革", "烟草", "制糖", "养蜂",
          "天文", "地质", "无线电", "标准化", "情报", "航标", "水文", "油漆", "钟表", "眼镜", "家具", "制笔")  # fmt: skip
BODIES = ("局", "公司", "学会", "研究所", "站", "协会")
MATTERS = ("年度工作要点", "先进集体表彰名单", "学术交流会日程", "印章启用", "办公用品采购", "机构编制", "仪器检定规程", "标准修订", "内部审计", "档案目录",
           "公文处理办法", "财务决算", "计划执行情况", "技术职务评聘", "合同管理", "科研成果鉴定", "图纸归档", "人事任免", "值班制度", "会议室管理")  # fmt: skip
KINDS = ("的通知", "的报告", "的函", "的批复", "的意见", "材料", "一览表", "汇编")


def distractors(count: int, seed: int = 7) -> list[str]:
    """Titles of other fields, all different."""
    draw = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        words = [draw.choice(part) for part in (FIELDS, BODIES, MATTERS, KINDS)]
        made[f"{words[0]}{words[1]}关于{words[2]}{words[3]}"] = None
    return list(made)


def pairs_of(text: str) -> list[str]:
    """Pairs of neighbouring characters."""
    return [text[at : at + 2] for at in range(len(text) - 1)]


def bm25(titles: Sequence[str], query: str) -> list[str]:
    """Titles in the order of BM25 over pairs of characters; those without any of them are left out."""
    bags = [Counter(pairs_of(title)) for title in titles]
    mean = sum(map(len, titles)) / len(titles)
    scores: Counter[str] = Counter()
    for pair in set(pairs_of(query)):
        having = sum(pair in bag for bag in bags)
        weight = math.log(1 + (len(titles) - having + 0.5) / (having + 0.5))
        for title, bag in zip(titles, bags, strict=True):
            if pair in bag:
                scores[title] += weight * bag[pair] * 2.2 / (bag[pair] + 1.2 * (0.25 + 0.75 * len(title) / mean))
    return [title for title, _ in scores.most_common()]


def quality(ask: Callable[[str], list[str]], questions: Sequence[tuple[str, str]]) -> tuple[float, float, float]:
    """R@1, R@5 and mean reciprocal rank of (title, query)."""
    places = [found.index(title) if title in (found := ask(query)) else 10**9 for title, query in questions]
    return (
        sum(place < 1 for place in places) / len(places),
        sum(place < 5 for place in places) / len(places),
        sum(1 / (place + 1) for place in places) / len(places),
    )


def asker(database: Database, meaning: Meaning, mode: Mode) -> Callable[[str], list[str]]:
    """Titles that a question finds."""
    request = SearchRequest(mode=mode, limit=200, counted=False)
    return lambda text: [
        hit.title for hit in search(database.read(), Access.whole(), replace(request, text=text), meaning).hits
    ]


def found(folder: Path) -> list[Goal]:
    """What is found."""
    questions = kit.pairs()
    shared = sum(len(set(pairs_of(title)) & set(pairs_of(query))) for title, query in questions)
    titles = [title for title, _ in questions] + distractors(OTHERS)
    database = open_database(folder / "quality.db", os.urandom(32), ("holdings",))
    kit.lay(database, titles)
    kit.embed_all(database)
    meaning = Meaning(Nearest(kit.worker()))
    first, fifth, mean = quality(asker(database, meaning, Mode.MEANING), questions)
    plain_first, plain_fifth, plain_mean = quality(lambda text: bm25(titles, text), questions)
    exact = [(title, title[at : at + 6]) for title, _ in questions for at in (3,) if len(title) >= 9]
    exact = [(title, piece) for title, piece in exact if sum(piece in other for other in titles) == 1]
    in_both, _, _ = quality(asker(database, meaning, Mode.BOTH), exact)
    in_meaning, _, _ = quality(asker(database, meaning, Mode.MEANING), exact)
    alone_meaning = Meaning(Nearest(kit.worker(), reorders=False))
    one_first, one_fifth, one_mean = quality(asker(database, alone_meaning, Mode.MEANING), questions)
    database.close()
    beside = f"{len(questions)} questions, {shared} pairs of characters shared; BM25 R@1 {plain_first:.2f} R@5 {plain_fifth:.2f} MRR {plain_mean:.2f}"
    alone = f"one model alone: R@1 {one_first:.3f} R@5 {one_fifth:.3f} MRR {one_mean:.3f}"
    return [
        Goal(
            "meaning: R@1 of paraphrases among 1,000", first, 0.70, "", at_least=True, note=f"MRR {mean:.3f}; {alone}"
        ),
        Goal("meaning: R@5 of paraphrases among 1,000", fifth, 0.90, "", at_least=True, note=beside),
        Goal(
            "meaning: R@1 of exact words, mode both",
            in_both,
            1.0,
            "",
            at_least=True,
            note=f"mode meaning {in_meaning:.3f}, {len(exact)} pieces of titles",
        ),
    ]


class Timed:
    """Milliseconds of questions, of the wall and of this process and its worker."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def at(self, share: float, *, cpu: bool = False) -> float:
        """A percentile."""
        every = sorted(self.cpu if cpu else self.wall)
        return every[min(len(every) - 1, int(len(every) * share))]


def rate() -> tuple[float, Any]:
    """Titles of the candidates' model a CPU-second of one process, and their vectors."""
    import numpy as np

    titles = [f"{title}（{n}）" for n, title in enumerate(distractors(RATED))]
    work, sketched, vectors = Embedding(None, nice=0), b"", b""  # type: ignore[arg-type]
    work._embed(Stage.CANDIDATES, titles[:8])
    assert work._sandbox is not None
    process = work._sandbox._idle.queue[0]
    began = process.cpu_seconds()
    for at in range(0, RATED, 256):
        batch = titles[at : at + 256]
        said = work._embed(Stage.CANDIDATES, batch)
        sketched, vectors = sketched + said[: 64 * len(batch)], vectors + said[64 * len(batch) :]
    spent = process.cpu_seconds() - began
    work.close()
    rows = np.frombuffer(vectors, np.int8).reshape(-1, 512).astype(np.float32)
    return RATED / spent, rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fill(database: Database, base: Any) -> None:
    """A million rows with their vectors: those of real titles, each a little moved."""
    import numpy as np

    from holdings.meaning_quantise import sketches, small

    draw = np.random.default_rng(3)
    with database.transaction() as connection:
        model, order = (store.adopt(connection, stage, found) for stage in Stage if (found := model_of(stage)))
    for at in range(0, MILLION, PORTION):
        ids = kit.lay(database, [f"第{n}号" for n in range(at, at + PORTION)], first=at)
        moved = base[draw.integers(0, len(base), PORTION)] + draw.normal(0, 0.02, (PORTION, 512)).astype(np.float32)
        bits, eight, other = sketches(moved), small(moved), small(draw.normal(size=(PORTION, 384)).astype(np.float32))
        made = [
            store.Sketched(one, 0, bits[n * 64 : n * 64 + 64], eight[n * 512 : n * 512 + 512])
            for n, one in enumerate(ids)
        ]
        with database.transaction() as connection:
            connection.execute("DELETE FROM meaning_wanted")
            store.put(connection, model, [], made)
            store.put_order(connection, order, [(one, other[n * 384 : n * 384 + 384]) for n, one in enumerate(ids)])


def timed(database: Database, worker: Worker, repeat: int) -> Timed:
    """The questions of the set, one after the other, warm; the best of `repeat` rounds of each, for other work of the machine only adds."""
    nearest, made = Nearest(worker), Timed()
    questions = [query for _, query in kit.pairs()][:QUESTIONS]
    nearest.candidates(database.read(), Access.whole(), SearchRequest(questions[0], mode=Mode.MEANING))
    assert worker._sandbox is not None
    process = worker._sandbox._idle.queue[0]
    for number, query in enumerate(questions):
        walls, cpus = [], []
        for again in range(max(2, repeat)):
            request = SearchRequest(
                f"{query}{'？' * again}", mode=Mode.MEANING
            )  # a question asked before is remembered
            wall, cpu = time.perf_counter(), time.process_time() + process.cpu_seconds()
            found = nearest.candidates(database.read(), Access.whole(), request)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() + process.cpu_seconds() - cpu)
            assert len(found.candidates) == 200, number
        made.wall.append(min(walls) * 1000)
        made.cpu.append(min(cpus) * 1000)
    return made


def peak(worker: Worker) -> float:
    """The most memory that a worker's process ever had, MiB."""
    assert worker._sandbox is not None
    status = Path(f"/proc/{worker._sandbox._idle.queue[0]._process.pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def peer(folder: Path, database: Database) -> float:
    """CPU milliseconds of sqlite-vec to find 400 of the same sketches, encrypted alike; the best of three. 0 where it is not installed."""
    try:
        import sqlite_vec
    except ImportError:
        return 0.0
    other = Database(folder / "peer.db", os.urandom(32))
    writer = other._writer
    writer.enable_load_extension(True)  # noqa: FBT003  the library's own signature
    writer.load_extension(sqlite_vec.loadable_path())
    writer.execute("CREATE VIRTUAL TABLE peer USING vec0(bits bit[512])")
    rows = database.read().execute("SELECT id, bits FROM meaning_sketch")
    with other.transaction() as connection:
        connection.executemany("INSERT INTO peer(rowid, bits) VALUES (?, vec_bit(?))", rows)
    asked, spent = os.urandom(64), []
    for _ in range(3):
        began = time.process_time()
        writer.execute("SELECT rowid FROM peer WHERE bits MATCH vec_bit(?) AND k = 400", (asked,)).fetchall()
        spent.append((time.process_time() - began) * 1000)
    other.close()
    return min(spent)


def run(out: Path, repeat: int) -> list[Goal]:
    """All of it."""
    del out
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        goals = found(here)
        speed, base = rate()
        database = open_database(here / "million.db", os.urandom(32), ("holdings",))
        fill(database, base)
        worker = Worker()
        try:
            asked, memory = timed(database, worker, repeat), peak(worker)
        finally:
            worker.close()
        beside = peer(here, database)
        database.close()
        return [
            *goals,
            Goal("meaning: titles a CPU-second, candidates' model", speed, 500, "titles", at_least=True),
            Goal(
                "meaning: p95 of a question, 1,000,000 vectors",
                asked.at(0.95),
                150,
                "ms",
                note=f"p50 {asked.at(0.5):.0f}; CPU p50 {asked.at(0.5, cpu=True):.0f}, p95 {asked.at(0.95, cpu=True):.0f}",
            ),
            Goal(
                "meaning: memory of the process that answers",
                memory,
                300,
                "MiB",
                note="both models and a million sketches",
            ),
            Goal(
                "meaning: CPU of a question beside sqlite-vec's scan alone",
                asked.at(0.5, cpu=True) / beside if beside else 0,
                1,
                aim=True,
                note=f"400 of 1,000,000: {beside:.0f} ms",
            ),
        ]
