"""What a classified record leaves on an open node: sheet and row number, and nothing else, wherever one looks."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
import written_pages
from node_at_work import NodeAtWork, make

from holdings import profile_store
from holdings.profile import IntakeProfile
from node.engine import Engine
from node.service import Service
from sync.errors import SandboxDied
from sync.sandbox import Sandbox

OPEN, MARKED, WORDED, NUMBERED, PAGED = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 6))
SECRET = "天机绝不可泄露"
ROWS = {
    OPEN: {"页数": "2", "题名": "关于修路的通知"},
    MARKED: {"页数": "2", "题名": f"{SECRET}之一", "密级": "机密"},
    WORDED: {"页数": "2", "题名": f"{SECRET}之二（机密★20年）"},
    NUMBERED: {"页数": "2", "题名": f"{SECRET}之三", "文号": "绝密〔1958〕7号"},
}
COLUMNS = ("档号", "题名", "文号", "责任者", "成文日期", "密级", "页数", "说明", "序号", "附注", "主题词")
for _code in (MARKED, WORDED, NUMBERED):
    # Everything that is told of other rows is wrong with these: a bad date, a formula, an ambiguous column's samples, an unknown one.
    ROWS[_code] |= {
        "责任者": f"={SECRET}",
        "成文日期": f"{SECRET}年",
        "说明": SECRET,
        "序号": SECRET,
        "附注": SECRET,
        "主题词": SECRET,
    }


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def traces(data: bytes) -> Iterator[bytes]:
    """What of a file must not be found anywhere: its bytes, and its digests as bytes and as text."""
    yield data[-40:]
    for name in ("sha256", "sha512", "sha1", "md5", "blake2b", "sm3"):
        if name in hashlib.algorithms_available:
            digest = hashlib.new(name, data).digest()
            yield from (digest, digest.hex().encode(), digest.hex().upper().encode())
    short = hashlib.blake2b(data, digest_size=16).digest()
    yield from (short, short.hex().encode())


def everything(engine: Engine, home: Path) -> Iterator[tuple[str, bytes]]:
    """(where, bytes) of all that a home holds: every file and its name, every table opened, every delta decrypted."""
    for path in home.rglob("*"):
        yield f"name of {path}", os.fsencode(path.name)
        if path.is_file():
            yield str(path), path.read_bytes()
    reader = engine.home.database.read()
    for (table,) in reader.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        for row in _rows(reader, str(table)):
            for value in row:
                yield f"table {table}", value if isinstance(value, bytes) else str(value).encode()


def _rows(reader: apsw.Connection, table: str) -> list[tuple[object, ...]]:
    try:
        return reader.execute(f'SELECT * FROM "{table}"').fetchall()
    except apsw.SQLError:
        return []  # a virtual table without content of its own; its shadow tables are read by themselves


def leaks(work: NodeAtWork, said: bytes, needles: list[bytes]) -> list[str]:
    """Where any of the needles is found: home, database, deltas as the vault opens them, and what was said to people."""
    with work.opened() as engine:
        places = [*everything(engine, work.path), ("output", said)]
        service = Service(engine)
        for name, answer in (
            ("list", service.quarantine_list()),
            ("status", service.status()),
            ("search", service.search(SECRET[:2])),
        ):
            places.append((name, json.dumps(answer, ensure_ascii=False, default=str).encode()))
    places += [(f"version of {v.code}", repr((v.elements, sorted(v.files))).encode()) for v in work.versions()]
    return [where for where, data in places for needle in needles if needle in data]


def words() -> list[bytes]:
    """The title's words as any of our stores would hold them."""
    return [
        SECRET.encode(),
        SECRET.encode("gb18030"),
        SECRET.encode("utf-16-le"),
        *(SECRET[n : n + 2].encode() for n in range(len(SECRET) - 1)),
    ]


def test_nothing_of_a_classified_record_stays_on_an_open_node(work: NodeAtWork, repository: Path) -> None:
    """Found by 密级, by words in its title or in its number: a real run leaves no digest, byte, title or line of it; its neighbour is sealed."""
    given = {code: work.scans.record(code, 2, seed) for seed, code in enumerate(ROWS, 1)}
    work.scans.rows(ROWS, columns=COLUMNS)
    command = [sys.executable, "-m", "jindang", "node", "intake", "--settle", "0", "--json", "--home", str(work.path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr.decode()
    assert [v.code for v in work.versions()] == [OPEN]
    held = {path.partition("/")[2] for code, path in work.findings() if code == "classified" and "#" not in path}
    assert held == {MARKED, WORDED, NUMBERED}
    needles = [
        *words(),
        *(trace for code in (MARKED, WORDED, NUMBERED) for data in given[code].values() for trace in traces(data)),
    ]
    assert leaks(work, done.stdout + done.stderr, needles) == []
    # The search itself works: the open record is found by every one of these ways.
    known = [
        next(traces(given[OPEN]["0001.jpg"])),
        hashlib.sha256(given[OPEN]["0001.jpg"]).digest(),
        "关于修路".encode(),
    ]
    assert all(leaks(work, b"", [needle]) for needle in known[1:])


def test_a_title_that_turns_out_classified_is_erased(work: NodeAtWork) -> None:
    """A row that was open and whose corrected sheet says 机密 leaves neither its title nor its index behind."""
    work.scans.rows({**ROWS, MARKED: {**ROWS[MARKED], "密级": ""}}, columns=COLUMNS)
    work.intake()
    assert leaks(work, b"", words())
    work.scans.rows(ROWS, columns=COLUMNS)
    work.intake()
    assert leaks(work, b"", words()) == []


def precheck(work: NodeAtWork) -> None:
    """A profile that asks for the tops of the first pages."""
    with work.opened() as engine, engine.home.database.transaction() as connection:
        profile_store.put(connection, IntakeProfile("密级预检", secrecy_precheck=True), 1)
        profile_store.assign(connection, "扫描", "密级预检", 1)


def test_a_page_that_bears_a_mark_stops_its_record(work: NodeAtWork, caplog: pytest.LogCaptureFixture) -> None:
    """Read before sealing: nothing of the record is sealed, its row is erased, its volume waits, and the clean neighbour goes on."""
    volume = ("J001-2-0145-001", "J001-2-0145-002")
    given = {code: work.scans.record(code, 2, seed) for seed, code in enumerate((OPEN, PAGED, *volume), 1)}
    titles = {OPEN: "关于修路的通知", PAGED: f"{SECRET}之四", volume[0]: "关于水库的通知", volume[1]: f"{SECRET}之五"}
    work.scans.rows({code: {"页数": "2", "题名": title} for code, title in titles.items()}, columns=COLUMNS)
    marked = {given[PAGED]["0002.jpg"], given[volume[1]]["0001.jpg"]}
    precheck(work)
    with work.opened() as engine:
        engine.read_top = lambda page: "机 密 ★ 10 年\n临江市革命委员会文件" if page in marked else "临江市人民政府文件"
        engine.run(settle_s=0, send=False)
        engine.run(settle_s=0, send=False)
    sealed = {v.code for v in work.versions()}
    assert OPEN in sealed
    assert not sealed & {PAGED, volume[1]}
    codes = {path.partition("/")[2]: code for code, path in work.findings() if "#" not in path}
    assert (codes[PAGED], codes[volume[1]]) == ("classified", "classified")
    needles = [
        *words(),
        *(trace for code in (PAGED, volume[1]) for data in given[code].values() for trace in traces(data)),
    ]
    assert leaks(work, caplog.text.encode(), needles) == []


@pytest.mark.parametrize("reader", ["none", "fails"])
def test_without_a_reader_a_precheck_is_not_passed(work: NodeAtWork, reader: str) -> None:
    """Asked for and not done is never 通过: the record waits until two persons have looked and said so."""
    work.scans.delivery({OPEN: 2})
    precheck(work)

    def fail(_page: bytes) -> str:
        raise SandboxDied("时间超限")

    with work.opened() as engine:
        engine.read_top = fail if reader == "fails" else None
        engine.run(settle_s=0, send=False)
    assert work.findings() == [("secrecy-unread", f"扫描/{OPEN}")]
    assert work.versions() == []
    work.waive("secrecy-unread")
    work.intake()
    assert [v.code for v in work.versions()] == [OPEN]


@pytest.mark.skipif(written_pages.font_path() is None, reason="no Chinese font on this machine (fonts-wqy-zenhei)")
def test_a_real_page_that_bears_a_mark_is_read_and_held(work: NodeAtWork, caplog: pytest.LogCaptureFixture) -> None:
    """With the engine that ships: an image and a text layer marked 机密★ at their top are held and leave nothing; a plain page is sealed."""
    plain = written_pages.jpeg(written_pages.page("simplified", 1, 150).image, "scan", 150)
    image = written_pages.jpeg(written_pages.marked("机密★10年", 150), "scan", 150)
    layer = written_pages.born_digital(["机密★长期", "临江市人民政府文件"])
    given = {OPEN: ("0001.jpg", plain), PAGED: ("0001.jpg", image), MARKED: ("0001.pdf", layer)}
    for code, (name, data) in given.items():
        work.scans.put(code, {name: data})
    titles = {OPEN: "关于修路的通知", PAGED: f"{SECRET}之四", MARKED: f"{SECRET}之六"}
    work.scans.rows({code: {"页数": "1", "题名": title} for code, title in titles.items()}, columns=COLUMNS)
    precheck(work)
    work.intake()
    work.intake()
    assert {v.code for v in work.versions()} == {OPEN}
    assert {finding for finding, path in work.findings() if "#" not in path} == {"classified"}
    needles = [*words(), *(trace for code in (PAGED, MARKED) for trace in traces(given[code][1]))]
    assert leaks(work, caplog.text.encode(), needles) == []
