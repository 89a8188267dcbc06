"""Catalogue rows a CPU-second into the encrypted catalogue with its indexes, sandbox and start of the program included; beside it a floor:
the same columns of the same rows put into tables of the same shape, encrypted alike, without a parser or any judgement."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_goal import Goal

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = 150_000, 400_000
COLUMNS = ("流水", "上级", "级别", "全宗号", "档号", "题名", "年度", "成文日期", "责任者", "保管期限", "密级", "开放状态")
BODIES = ("天津市革命委员会生产指挥部", "河东区人民政府", "纺织工业局", "档案局", "房地产管理局", "第二轻工业局", "劳动局", "公用局")
TOPICS = ("城市绿化", "安全生产", "干部任免", "工资改革", "房屋拆迁", "防汛", "粮食征购", "技术改造", "计划生育", "企业改制", "统计报表", "养老保险")
KINDS = ("通知", "请示", "批复", "报告", "函", "决定", "会议纪要", "意见")
FLOOR = """
CREATE TABLE line(id INTEGER PRIMARY KEY, match_key TEXT NOT NULL, holder INTEGER NOT NULL, reference_code TEXT NOT NULL, ordering TEXT NOT NULL,
    level INTEGER NOT NULL, volume_key TEXT, title TEXT NOT NULL, date TEXT NOT NULL, columns INTEGER NOT NULL, elements TEXT NOT NULL, digest BLOB NOT NULL,
    sheet INTEGER NOT NULL, tab TEXT NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, linked INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX line_key ON line(match_key, holder);
CREATE INDEX line_ordering ON line(ordering);
CREATE INDEX line_sheet ON line(sheet);
CREATE VIRTUAL TABLE title USING fts5(pairs, content='', columnsize=0, detail=none, tokenize='ascii');
"""


@dataclass(frozen=True)
class Run:
    """One import as a command: what it said, CPU seconds of program and sandbox, peak of the program in MiB."""

    said: dict[str, Any]
    cpu: float
    peak: float


def sheet(path: Path, rows: int, seed: int = 7) -> None:
    """A system's export: volumes of a hundred fonds, six items each, in the order they were taken in."""
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8") as out:
        out.write("\t".join(COLUMNS) + "\n")
        fonds = year = volume = item = 0
        for number in range(rows):
            if number % 7 == 0:
                fonds, year, volume, item = draw.randrange(1, 101), draw.randrange(1949, 2009), volume + 1, 0
            else:
                item += 1
            code = f"J{fonds:04d}-{1 + fonds % 3}-{volume:07d}" + (f"-{item:03d}" if item else "")
            body, topic, other, kind = (draw.choice(words) for words in (BODIES, TOPICS, TOPICS, KINDS))
            title = f"{body}{year}年关于{topic}、{other}第{number}号{kind}"
            date = f"{year}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
            fields = (number, 0, "I" if item else "V", f"J{fonds:04d}", code, title, year, date, body, draw.choice(("永久", "长期", "短期")), "", "开放")
            out.write("\t".join(map(str, fields)) + "\n")


def imported(home: Path, file: Path) -> Run:
    """Import a file with the product's command."""
    command = [sys.executable, "-m", "jindang", "hub", "catalogue", "import", str(file), "--home", str(home), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as work:
        assert work.stdout is not None
        said = json.loads(work.stdout.read().splitlines()[-1])
        _, _, used = os.wait4(work.pid, 0)
        work.returncode = 0
    return Run(said, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def found(home: Path) -> None:
    """A hub of class classified: it keeps every row."""
    words = ("hub", "init", "--home", str(home), "--class", "classified", "--unlock", "keyfile")
    subprocess.run([sys.executable, "-m", "jindang", *words], cwd=ROOT, check=True, capture_output=True)


def floor(home: Path, where: Path) -> float:
    """CPU seconds to put the rows of a finished import, held ready, into tables of the same shape; in a process of its own, for
    it holds them all."""
    done = subprocess.run([sys.executable, __file__, str(home), str(where)], cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _bare(home: Path, where: Path) -> float:
    sys.path.insert(0, str(ROOT))
    from crypto import keys
    from crypto.locks import KeyFile
    from sync.database import Database

    source = Database(home / "holdings.db", keys.load(home / "key.jdk", KeyFile(home / "unlock.key")).database_key)
    rows = source.read().execute("SELECT * FROM catalogue_row ORDER BY id").fetchall()
    source.close()
    titles = [(row[0], " ".join(one + other for one, other in itertools.pairwise(str(row[7])))) for row in rows]
    bare = Database(where, os.urandom(32))
    with bare.transaction() as connection:
        connection.execute(FLOOR)
    began = time.process_time()
    for at in range(0, len(rows), 40_000):
        with bare.transaction() as connection:
            connection.executemany(f"INSERT INTO line VALUES ({','.join('?' * 18)})", rows[at : at + 40_000])
            connection.executemany("INSERT INTO title(rowid, pairs) VALUES (?, ?)", titles[at : at + 40_000])
    spent = time.process_time() - began
    bare.close()
    return spent


def run(out: Path, repeat: int) -> list[Goal]:
    """Import, import again, and the floor; the best of `repeat`, for other work of the machine only adds."""
    del out
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.tsv", Path(folder) / "large.tsv"
        sheet(small, SMALL)
        sheet(large, LARGE)
        fresh, again, bare, little = [], [], [], []
        for number in range(repeat):
            home = Path(folder) / f"hub{number}"
            found(home)
            fresh.append(imported(home, large))
            again.append(imported(home, large))
            bare.append(floor(home, Path(folder) / f"floor{number}.db"))
            other = Path(folder) / f"small{number}"
            found(other)
            little.append(imported(other, small))
            shutil.rmtree(home)
        first, second = min(fresh, key=lambda one: one.cpu), min(again, key=lambda one: one.cpu)
        assert (first.said["added"], second.said["unchanged"]) == (LARGE, LARGE)
        rate = LARGE / min(bare)
        return [
            Goal("catalogue: rows a CPU-second", LARGE / first.cpu, 20_000, "rows", at_least=True, note=f"floor {rate:,.0f}"),
            Goal("catalogue: the same sheet again, rows a CPU-second", LARGE / second.cpu, 20_000, "rows", at_least=True, aim=True),
            Goal("catalogue: CPU beside the floor", first.cpu / min(bare), 6, aim=True, note="parse, compare, describe and store beside store alone"),
            Goal("catalogue: peak memory, 400,000 rows beside 150,000", first.peak / min(one.peak for one in little), 1.5, note=f"{first.peak:.0f} MiB"),
        ]


if __name__ == "__main__":
    print(_bare(Path(sys.argv[1]), Path(sys.argv[2])))
