"""The generated catalogue as rows of the store, and the mix of 200 questions asked of it."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from bench_peers import TOOLS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PORTION = 20_000
COLUMNS = ("档号", "题名", "全宗号", "年度", "成文日期", "责任者", "保管期限", "密级", "开放状态")
Row = tuple[str, ...]
"""level, fonds, code, title, year, date, body, retention, secret, open."""


def generator() -> ModuleType:
    """`gen_catalogue.py` of the shared tools."""
    spec = importlib.util.spec_from_file_location("gen_catalogue", TOOLS / "gen_catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dictionary() -> str:
    """jieba's word list, from which titles are made: JINDANG_JIEBA, else the installed package's."""
    if given := os.environ.get("JINDANG_JIEBA"):
        return given
    found = importlib.util.find_spec("jieba")
    assert found is not None, "pip install jieba, or name its dict.txt in JINDANG_JIEBA"
    assert found.submodule_search_locations is not None
    return str(Path(found.submodule_search_locations[0]) / "dict.txt")


def rows(count: int, seed: int = 7) -> Iterator[Row]:
    """The first rows of the catalogue."""
    blocks = generator().Gen(seed, dictionary()).rows(count)
    for line in islice((line for block in blocks for line in block), count):
        cells = line.rstrip("\n").split("\t")
        yield tuple(cells[2:])


def line(maker: Any, number: int, row: Row) -> Any:
    """A row as the catalogue stores it."""
    from holdings.security import MarkKind
    from holdings.sheet_notes import SheetRow

    level, fonds, code, title, year, date, body, retention, secret, opened = row
    values = dict(zip(COLUMNS, (code, title, fonds, year, date, body, retention, secret, "开放" if opened == "1" else "控制"), strict=True))
    volume = code if level == "V" else code.rpartition("-")[0]
    return maker.make(SheetRow(number, code, volume, MarkKind.OPEN, code, {name: value for name, value in values.items() if value}, tab=""))


@dataclass
class Built:
    """A store as it was built: rows, CPU seconds, bytes of index and file for each row, peak MiB."""

    rows: int
    cpu: float
    index_bytes: float
    file_bytes: float
    peak: float


def build(path: Path, count: int, key: bytes, until: float = 0.0) -> Built:
    """Rows into the encrypted catalogue with its index, portion by portion; stops at a time of the clock (0: never)."""
    from holdings import catalogue_rows, catalogue_sheets, delivery, search_index, search_upkeep, tally
    from holdings.catalogue_line import LineMaker
    from sync.database import open_database

    database = open_database(path, key, ["holdings"])
    maker, source, done, cpu = LineMaker(COLUMNS), rows(count), 0, 0.0
    with database.transaction() as connection:
        delivery.upsert(connection, "全市", None, 1)
        sheet = catalogue_sheets.make_known(connection, 0, "全市", "全市.tsv", 1).id
    while portion := list(islice(source, PORTION)):
        began = time.process_time()
        lines = [line(maker, done + at, row) for at, row in enumerate(portion, 2)]
        with database.transaction() as connection:
            columns = catalogue_rows.columns(connection, maker.columns)
            catalogue_rows.insert(connection, 0, sheet, columns, lines, 1)
            tally.add(connection, tally.Count.CATALOGUE_ROWS, len(lines))
        cpu += time.process_time() - began
        done += len(lines)
        if until and time.time() > until:
            break
    began = time.process_time()
    search_upkeep.go_on(database, now=1, stopped=lambda: False)  # what a hub does when it rests, counted as building
    cpu += time.process_time() - began
    index = search_index.size(database.read(), "a")
    database.close()
    peak = next(int(text.split()[1]) for text in Path("/proc/self/status").read_text().splitlines() if text.startswith("VmHWM"))
    return Built(done, cpu, index / done, path.stat().st_size / done, peak / 1024)


@dataclass(frozen=True)
class Question:
    """One of the 200: its kind, its words, and what it is narrowed to."""

    kind: str
    words: tuple[str, ...]
    fonds: str = ""
    years: tuple[int, int] | None = None
    opened: bool = False

    @property
    def text(self) -> str:
        """As it is typed."""
        return " ".join(self.words)


@dataclass
class _Draw:
    """Words of the catalogue, by how often their pairs occur."""

    titles: list[str]
    draw: random.Random
    pairs: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for title in self.titles:
            for run in re.findall("[\u4e00-\u9fff]+", title):
                self.pairs.update({a + b for a, b in pairwise(run)})
        self.common = [pair for pair, _ in self.pairs.most_common(400)]

    def piece(self, low: int, high: int) -> str:
        """A run of some title."""
        while True:
            run = max(re.findall("[\u4e00-\u9fff]+", self.draw.choice(self.titles)) or [""], key=len)
            size = self.draw.randint(low, high)
            if len(run) >= size:
                at = self.draw.randrange(len(run) - size + 1)
                return run[at : at + size]

    def rare(self) -> str:
        """Four to eight characters with a pair that hardly occurs."""
        while True:
            said = self.piece(4, 8)
            if min(self.pairs[a + b] for a, b in pairwise(said)) <= len(self.titles) // 2_000:
                return said


def questions(known: list[Row], seed: int = 7) -> list[Question]:
    """35 rare, 30 common words of two, 30 of two of them, 35 phrases, 20 without a hit, 15 of one character, 35 with filters."""
    draw = random.Random(seed)
    words = _Draw([row[3] for row in known], draw)
    asked = [Question("rare", (words.rare(),)) for _ in range(35)]
    asked += [Question("common2", (draw.choice(words.common[:150]),)) for _ in range(30)]
    asked += [Question("and2", tuple(draw.sample(words.common, 2))) for _ in range(30)]
    asked += [Question("phrase", (words.piece(4, 8),)) for _ in range(35)]
    asked += [Question("nohit", (words.piece(2, 3) + words.rare()[::-1],)) for _ in range(20)]
    signs = [sign for sign, _ in Counter("".join(words.titles[:20_000])).most_common(600) if "\u4e00" <= sign <= "\u9fff"]
    asked += [Question("one", (draw.choice(signs),)) for _ in range(15)]
    for _ in range(35):
        word = draw.choice(words.common) if draw.random() < 0.5 else words.piece(4, 6)
        year = draw.randint(1955, 2003)
        narrow = draw.randint(1, 7)
        fonds = draw.choice(known)[1] if narrow & 1 else ""
        asked.append(Question("filter", (word,), fonds, (year, year + draw.randint(0, 12)) if narrow & 2 else None, bool(narrow & 4)))
    return asked
