"""Sheets that ask, at the command line and in a scan folder: answered once, remembered, and nothing lost meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from node_at_work import NodeAtWork, make
from sheet_books import book, split, table
from sheet_files import dbf

from holdings.findings import FindingCode
from jindang.cli import main
from sync.sandbox import Sandbox

VOLUMES = split("案卷目录||||||", "全宗号：23 目录号：2|||||||", "案卷号(馆编)|案卷号(室编)|题名|年度|起止日期|页数|密级", "1|7|人事任免|1958|1958.3-1959.12|120|",
                "2|8|会议记录|1959|1959-1960|200|")  # fmt: skip


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node without a hub that answers."""
    return make(tmp_path, sandbox)


def catalogue(work: NodeAtWork, code: int, *words: object) -> dict[str, Any]:
    """`jindang node catalogue import … --json`."""
    result = CliRunner().invoke(main, ["node", "catalogue", "import", *map(str, words), "--json", "--home", str(work.path)])
    assert result.exit_code == code, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_a_question_is_answered_once(work: NodeAtWork, tmp_path: Path) -> None:
    """A sheet that asks imports nothing and drops nothing; the answer imports it, and the next one of its kind does not ask."""
    first, second = tmp_path / "一.xlsx", tmp_path / "二.xlsx"
    first.write_bytes(book({"案卷": VOLUMES}))
    second.write_bytes(book({"案卷": [*VOLUMES[:3], *split("3|9|工资|1961|1961|30|")]}))
    asked = catalogue(work, 1, first, "--dry-run")
    assert [(q["id"], q["blocking"], q["samples"]) for q in asked["questions"]] == [("案卷号", True, ["案卷号(馆编)：1、2", "案卷号(室编)：7、8"])]
    assert (asked["rows"], asked["added"], asked["sheets"][0]["blocked"]) == (0, 0, True)
    told = catalogue(work, 0, first, "--answer", "案卷号=案卷号(馆编)")
    assert (told["rows"], told["added"], told["questions"]) == (2, 2, [])
    again = catalogue(work, 0, second, "--delivery", "另一批")
    assert (again["rows"], again["added"], again["questions"]) == (1, 1, [])
    assert catalogue(work, 0, first)["unchanged"] == 2


def test_a_sheet_that_begins_to_ask_loses_nothing(work: NodeAtWork, tmp_path: Path) -> None:
    """Rows of a sheet that comes again with a doubtful header are not gone: it waits, and the catalogue stays as it was."""
    sheet = tmp_path / "目录.csv"
    sheet.write_bytes(table(split("档号|题名|密级", "23-2-1-1|甲|", "23-2-1-2|乙|")))
    assert catalogue(work, 0, sheet)["added"] == 2
    sheet.write_bytes(table(split("编号|题名|密级", "23-2-1-1|甲|")))
    assert (catalogue(work, 1, sheet)["gone"], catalogue(work, 1, sheet, "--dry-run")["gone"]) == (0, 0)
    sheet.write_bytes(table(split("档号|题名|密级", "23-2-1-1|甲|", "23-2-1-2|乙|")))
    assert catalogue(work, 0, sheet)["unchanged"] == 2


def test_a_repair_is_agreed_once_and_told(work: NodeAtWork, tmp_path: Path) -> None:
    """A repair is offered with its examples and how to agree; agreed, it holds for the next sheet of the kind too."""
    sheet = tmp_path / "目录.xlsx"
    sheet.write_bytes(book({"目录": [*split("档号|题名|日期|密级"), ["23-2-1-1", "甲", 29567, ""]]}))
    offered = catalogue(work, 1, sheet, "--dry-run")
    (repair,) = offered["repairs"]
    assert (repair["spec"], repair["count"], repair["agreed"], repair["answer"]) == ("成文日期=表格日期", 1, False, "--repair 成文日期=表格日期")
    assert "29567→19801212" in repair["text"]
    assert catalogue(work, 0, sheet, "--repair", repair["spec"])["added"] == 1
    assert [r["agreed"] for r in catalogue(work, 0, sheet)["repairs"]] == [True]


def test_a_watched_sheet_that_asks_waits_for_a_person(work: NodeAtWork) -> None:
    """In a scan folder a sheet with questions becomes one error in 待处理 that says what is asked; its folders wait for rows."""
    work.scans.record("23-2-1", 2, 1)
    (work.scans.root / "目录.xlsx").write_bytes(book({"案卷": VOLUMES}))
    work.intake()
    found = work.findings()
    assert {code for code, _ in found} == {FindingCode.SHEET_QUESTIONS, FindingCode.COLUMN_AMBIGUOUS, FindingCode.NO_ROW}


def test_how_a_sheet_was_read_is_shown(work: NodeAtWork, tmp_path: Path) -> None:
    """Format, encoding, delimiter and deleted rows are told to people and programs."""
    data = dbf([("QZH", "C", 4), ("MLH", "C", 3), ("AJH", "C", 4), ("SXH", "C", 3), ("TM", "C", 20), ("MJ", "C", 4)],
               [[b"23", b"2", b"145", b"1", "甲".encode("gbk"), b""], [b"23", b"2", b"145", b"2", "乙".encode("gbk"), b""]], deleted=[2])  # fmt: skip
    database, text = tmp_path / "ML.DBF", tmp_path / "目录.csv"
    database.write_bytes(data)
    text.write_bytes(table(split("档号|题名|密级", "23-2-1-1|甲|"), "gb18030").replace(b",", b";"))
    told = catalogue(work, 0, database, text)["sheets"]
    assert [(s["encoding"], s["delimiter"], s["deleted"]) for s in told] == [("gb18030", "", 1), ("gb18030", ";", 0)]
    shown = CliRunner().invoke(main, ["node", "catalogue", "import", str(database), str(text), "--home", str(work.path)])
    assert "编码 gb18030，标为删除 1 行，未导入" in shown.output
    assert "编码 gb18030，以“;”分隔" in shown.output
