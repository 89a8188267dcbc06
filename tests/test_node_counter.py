"""查档窗口 at a node: register with a masked number, decide, copy with a watermark, certify, the day's figures; refusals in words."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from console_at_work import Daemon, serving
from node_at_work import make
from pypdf import PdfReader
from scan_tree import COLUMNS

from holdings.errors import NotFound, ReadingRefused
from node.commands import commands
from node.service import Service
from sync.sandbox import Sandbox

OPEN, SHUT = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"
NUMBER = "11010519491231002X"
WHO = {"visitor": "王淑珍", "document": "identity", "identity": NUMBER, "purpose": "person", "by": "张三"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Daemon]:
    """An open record of two pages and one that nobody has reviewed."""
    work = make(tmp_path_factory.mktemp("counter"), sandbox)
    work.scans.delivery({OPEN: 2, SHUT: 1})
    rows = {
        code: {"题名": f"婚姻登记档案{n}", "页数": pages, "开放状态": opening}
        for n, (code, pages, opening) in enumerate(((OPEN, "2", "开放"), (SHUT, "1", "")), 1)
    }
    work.scans.rows(rows, columns=(*COLUMNS, "开放状态"))
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def text_of(path: Path) -> str:
    """The text of a PDF."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(path.read_bytes())).pages)


def test_a_visitor_is_served(daemon: Daemon, tmp_path: Path) -> None:
    """What is open is allowed at once; its copy bears source and request at the foot and is counted; 查档证明 has one number however often it is
    printed; the identity number stands masked everywhere and whole nowhere, not in the database either."""
    node = Service(daemon.engine)
    made = node.counter_register(**WHO, refs=[OPEN])
    assert (made["state"], made["masked"], made["asked"][0]["open"]) == ("approved", "110***********002X", True)
    copy, paper = tmp_path / "c.pdf", tmp_path / "p.pdf"
    assert node.counter_copy(made["number"], OPEN, str(copy), "张三")["pages"] == 2
    assert node.counter_copy(made["number"], OPEN, str(copy), "张三", [2])["pages"] == 1
    assert f"{OPEN} 第 2 / 2 页" in text_of(copy).replace("　", " ")
    first = node.counter_certificate(made["number"], str(paper), "张三")["certificate"]
    assert node.counter_certificate(made["number"], str(paper), "李四")["certificate"] == first
    said = text_of(paper)
    assert all(word in said for word in ("查档证明", first, "王淑珍", "110***********002X", OPEN, "3 页"))
    assert NUMBER not in said + json.dumps(node.counter_show(made["number"]))
    rows = daemon.engine.home.database.read().execute("SELECT applicant FROM reading_request").fetchall()
    assert rows
    assert all(NUMBER not in str(row) for row in rows)
    assert node.counter_end(made["number"], "close", "张三")["state"] == "closed"
    with pytest.raises(ReadingRefused, match="已办结"):
        node.counter_copy(made["number"], OPEN, str(copy), "张三")


def test_what_is_not_open_waits_for_a_decision(daemon: Daemon, tmp_path: Path) -> None:
    """Nothing is copied before it was allowed, and nothing beyond what was; a refusal needs its reason."""
    node = Service(daemon.engine)
    made = node.counter_register(**WHO, refs=[SHUT])
    number = made["number"]
    assert made["state"] == "waiting"
    with pytest.raises(ReadingRefused, match="先批准"):
        node.counter_copy(number, SHUT, str(tmp_path / "x.pdf"), "张三")
    with pytest.raises(ReadingRefused, match="理由"):
        node.counter_decide(number, allow=False, by="李四")
    assert node.counter_decide(number, allow=True, by="李四")["state"] == "approved"
    with pytest.raises(ReadingRefused, match="不在这份登记"):
        node.counter_copy(number, OPEN, str(tmp_path / "x.pdf"), "张三")
    assert node.counter_copy(number, SHUT, str(tmp_path / "x.pdf"), "张三")["pages"] == 1
    told = node.counter_register(**WHO, subject="五八年的户口迁移")
    assert node.counter_decide(told["number"], allow=False, by="李四", reason="未查到")["state"] == "refused"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"identity": "110105194912310021"}, "校验位"),
        ({"document": "account"}, "证件"),
        ({"purpose": "fun"}, "利用目的"),
        ({"document": "letter", "identity": ""}, "介绍信"),
        ({"visitor": ""}, "姓名"),
    ],
)
def test_a_registration_that_lacks_something_says_what(daemon: Daemon, change: dict[str, str], why: str) -> None:
    """Each refusal names what to fill in, never the number that was typed."""
    with pytest.raises(ReadingRefused, match=why) as refused:
        Service(daemon.engine).counter_register(**{**WHO, **change}, subject="结婚登记")
    assert change.get("identity", NUMBER) == "" or change.get("identity", NUMBER) not in str(refused.value)


def test_a_record_that_there_is_not_is_not_asked_for(daemon: Daemon) -> None:
    """A code that names nothing is refused before anything is stored."""
    with pytest.raises(NotFound):
        Service(daemon.engine).counter_register(**WHO, refs=["J009-1-1"])


def test_the_day_is_counted_and_printed(daemon: Daemon, tmp_path: Path) -> None:
    """The register of the day holds every request; the figures count what was allowed; the command registers with the number from standard input."""
    node = Service(daemon.engine)
    before = node.counter_day()
    done = CliRunner().invoke(
        commands,
        ["counter", "register", "--home", str(daemon.work.path), "--json", "--by", "张三", "--name", "赵四", "--purpose", "work", "--subject", "厂史"],
        input=f"{NUMBER}\n",
    )  # fmt: skip
    assert done.exit_code == 1, done.output
    made = json.loads(done.stdout.splitlines()[-1])
    assert made["masked"] == "110***********002X"
    node.counter_decide(made["number"], allow=True, by="李四", refs=[SHUT])
    after = node.counter_day()
    assert after["total"]["persons"] == before["total"]["persons"] + 1
    assert after["requests"][-1]["name"] == "赵四"
    node.counter_ledger(str(tmp_path / "l.pdf"), "张三")
    said = text_of(tmp_path / "l.pdf")
    assert all(word in said for word in ("利用登记簿", "赵四", "工作查考", "合计"))
    assert NUMBER not in said
