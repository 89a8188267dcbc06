"""Catalogue files of every kind in a delivery: a DBF finds its memo file, and a bomb is a finding while everything else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from sheet_files import dbf, fpt, fpt_block, spreadsheetml, xls
from test_holdings_media_bombs import at, picture, png
from test_holdings_table_bombs import rows_of, zeros

from holdings import catalogue
from sync.sandbox import Sandbox

CODE = "J001-2-0145-001"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def test_a_dbf_comes_with_its_memo_file(work: NodeAtWork) -> None:
    """FoxPro's pair of files becomes rows whose memo fields are filled; the memo file itself is nobody's problem."""
    fields = [("档号", "C", 20), ("题名", "C", 20), ("密级", "C", 4), ("页数", "N", 4), ("附注", "M", 10)]
    cells = [CODE.encode(), "关于水库的通知".encode("gbk"), b"", b"2", fpt_block(1)]
    files = work.scans.record(CODE, 2)
    work.scans.put("", {"AJ.DBF": dbf(fields, [cells, cells], deleted=[2], version=0xF5), "AJ.FPT": fpt([b"x", "原件残缺".encode("gbk")])})
    work.intake()
    with work.opened() as engine:
        row = catalogue.row_for(engine.home.database.read(), CODE)
    assert row is not None
    assert (row.elements["题名"], row.elements["附注"]) == ("关于水库的通知", "原件残缺")
    assert work.current() == {CODE: files}
    assert not [path for _, path in work.findings() if "FPT" in path]


def test_bombs_of_sheets_and_pages_are_findings(work: NodeAtWork) -> None:
    """One run over them all: each is named with what to do, and the good record beside them is sealed."""
    kept, jpeg = work.scans.delivery({CODE: 2}), picture("JPEG")
    bombs = {
        "炸弹.xlsx": zeros(), "远.xlsx": rows_of('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'),
        "夸口.xls": xls({"a": [["档号"]]}, dimensions=(0xFFFFFFFF, 0xFFFF)), "嵌套.xls": b"<table><tr><td>" * 300_000,
        "实体.xls": spreadsheetml([["x"]]).replace(b"<Workbook", b"<!DOCTYPE w [<!ENTITY a 'ha'>]><Workbook", 1),
        "库.mdb": b"\0\1\0\0Standard Jet DB\0" + bytes(100),
    }  # fmt: skip
    work.scans.put("", bombs)
    pages = {
        "J001-2-0146-001": ("0001.png", png(30_000)), "J001-2-0146-002": ("0001.jpg", at(jpeg, jpeg.find(b"\xff\xc0") + 5, ">HH", 65_535, 65_535)),
        "J001-2-0146-003": ("0001.gif", at(picture("GIF"), 6, "<HH", 65_535, 65_535)),
    }  # fmt: skip
    work.scans.rows({code: {"页数": "1"} for code in (*pages, CODE)} | {CODE: {"页数": "2"}})
    for code, (name, data) in pages.items():
        work.scans.put(code, {name: data})
    work.intake()
    found = work.findings()
    assert {path.partition("/")[2] for code, path in found if code == "sheet-unreadable"} == set(bombs)
    assert {code for code, path in found if "0146" in path and "#" not in path} == {"too-large"}
    assert work.current() == kept
