"""Printed directories: rows under their heads as DA/T 22-2015 and GB/T 9705-2008 have them, 备考表 with what was found; as PDF."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from console_at_work import serving
from node_at_work import NodeAtWork, make
from pypdf import PdfReader

from holdings.errors import NotFound
from node.commands import commands
from node.engine import Engine
from node.service import Service
from sync.sandbox import Sandbox

ITEMS = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 31)]
SHORT, VOLUME = "J001-WS·2011·D10·BGS-0001", "J002-2-0145"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[tuple[NodeAtWork, Engine]]:
    """Two series of one fonds, and a volume with two items."""
    work = make(tmp_path_factory.mktemp("directory"), sandbox)
    work.scans.delivery({ITEMS[0]: 2})
    rows = {code: {"题名": f"关于防汛工作的第{n}号通知", "页数": "2"} for n, code in enumerate([*ITEMS, SHORT], 1)}
    rows |= {f"{VOLUME}-{n:03d}": {"题名": f"卷内文件{n}", "页数": str(n)} for n in (1, 2)}
    work.scans.rows(rows)
    with serving(work) as daemon:
        daemon.engine.run(settle_s=0.0, send=False)
        yield work, daemon.engine


def text_of(path: Path) -> list[str]:
    """The text of each page of a PDF."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(path.read_bytes())).pages]


def test_each_series_has_its_own_sheets(work: tuple[NodeAtWork, Engine], tmp_path: Path) -> None:
    """Each year, retention and organ begins a sheet with its own head and numbers from 1; the head of the table is repeated; the same rows give the
    same bytes."""
    node, out = Service(work[1]), tmp_path / "a.pdf"
    told = node.directory_print("items", "J001-WS·2011", str(out))
    assert (told["rows"], told["sections"], told["label"]) == (31, 2, "归档文件目录")
    pages = text_of(out)
    first = next(n for n, page in enumerate(pages) if ITEMS[0] in page)
    assert all(
        word in pages[first] for word in ("全宗号：J001", "年度：2011", "保管期限：永久", "责任者", "密级", "备注")
    )
    assert sum("归档文件目录" in page.splitlines()[0] for page in pages if page) >= 2
    again = tmp_path / "b.pdf"
    node.directory_print("items", "J001-WS·2011", str(again))
    assert out.read_bytes() == again.read_bytes()


def test_a_volume_has_its_list_and_its_note(work: tuple[NodeAtWork, Engine], tmp_path: Path) -> None:
    """卷内文件目录 numbers the items of a volume; 备考表 says how many there are, their pages, and what has no image."""
    node = Service(work[1])
    told = node.directory_print("volume", VOLUME, str(tmp_path / "v.pdf"))
    assert (told["rows"], told["sections"]) == (2, 1)
    assert all(
        word in text_of(tmp_path / "v.pdf")[0] for word in ("卷内文件目录", VOLUME, "顺序号", "页号", "卷内文件2")
    )
    node.directory_print("notes", VOLUME, str(tmp_path / "n.pdf"))
    note = text_of(tmp_path / "n.pdf")[0]
    assert all(word in note for word in ("备考表", "目录所记 3 页", "四性检测", "检查人", f"{VOLUME}-001"))


def test_what_cannot_be_printed_says_why(work: tuple[NodeAtWork, Engine], tmp_path: Path) -> None:
    """Nothing under a code, items where volumes are asked for, a place that cannot be written: each in words. 2011 is no beginning of 20110."""
    node = Service(work[1])
    with pytest.raises(NotFound, match="没有以"):
        node.directory_print("items", "J001-WS·201", str(tmp_path / "x.pdf"))
    with pytest.raises(NotFound, match="没有案卷"):
        node.directory_print("volume", "J001-WS", str(tmp_path / "x.pdf"))
    assert not (tmp_path / "x.pdf").exists()


def test_the_command_prints_it(work: tuple[NodeAtWork, Engine], tmp_path: Path) -> None:
    """`node directory print` says in JSON what it wrote."""
    done = CliRunner().invoke(
        commands,
        ["directory", "print", "items", "J001", str(tmp_path / "c.pdf"), "--home", str(work[0].path), "--json"],
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["rows"] == 31
