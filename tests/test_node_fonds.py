"""`jindang node fonds …`: a register comes in, is listed with what the node holds, and is shown; nothing classified stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from node_at_work import NodeAtWork, make

from jindang.cli import main
from sync.sandbox import Sandbox

CODE = "J001-WS·2011·Y·BGS-0001"
HEADER = "全宗号,全宗名称,全宗介绍,案卷数,排架长度,重点全宗,计划数,行政区划,密级"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node without a hub that answers."""
    return make(tmp_path, sandbox)


def jindang(work: NodeAtWork, *words: object) -> Result:
    """Run a command of the node in this process."""
    return CliRunner().invoke(main, ["node", "fonds", *map(str, words), "--home", str(work.path)])


def told(result: Result, code: int = 0) -> dict[str, Any]:
    """The JSON object on the last line of standard output."""
    assert result.exit_code == code, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def register(folder: Path, *rows: str) -> Path:
    """A register as GB18030 CSV, as spreadsheet programs here write it."""
    path = folder / "全宗名册.csv"
    path.write_bytes("\n".join([HEADER, *rows]).encode("gb18030"))
    return path


def test_a_register_is_imported_listed_and_shown(work: NodeAtWork, tmp_path: Path) -> None:
    """Import, list and show agree; importing again changes nothing; a dry run writes nothing; what is held is counted."""
    file = register(tmp_path, "J001,区人民政府,一九四九年一月成立,12345,185.5,是,15000,塘沽区,", "J023,区民政局,,820,,,,,")
    assert told(jindang(work, "import", file, "--dry-run", "--json"))["added"] == 2
    assert told(jindang(work, "list", "--json"))["fonds"] == []
    done = told(jindang(work, "import", file, "--json"))
    assert (done["rows"], done["added"], done["changed"], done["unchanged"], done["gone"], done["refused"]) == (2, 2, 0, 0, [], 0)
    assert told(jindang(work, "import", file, "--json"))["unchanged"] == 2
    work.scans.delivery({CODE: 1})
    assert work.intake().records == 1
    listed = told(jindang(work, "list", "--json"))
    assert [one["code"] for one in listed["fonds"]] == ["J001", "J023"]
    first = listed["fonds"][0]
    assert (first["volumes"], first["metres"], first["key_fonds"], first["planned"], first["scanned"]) == (12_345, 185.5, True, 15_000, None)
    assert first["held"] == {"catalogued": 1, "scanned": 1, "open": 0}
    shown = told(jindang(work, "show", "j001", "--json"))
    assert shown["history"] == "一九四九年一月成立"
    assert shown["districts"] == [{"code": "120107", "since": ""}]
    prose = jindang(work, "show", "J001").stdout
    assert "★重点" in prose and "12,345 卷" in prose and "一九四九年" in prose and "120107" in prose


def test_what_is_wrong_is_told_and_what_is_held_without_a_name(work: NodeAtWork, tmp_path: Path) -> None:
    """Refused rows end with exit code 1 and the remedy; a fonds that is held and not registered is named; others are unknown."""
    work.scans.delivery({CODE: 1})
    work.intake()
    result = jindang(work, "import", register(tmp_path, "J023,区民政局,,很多,,,,,", "J024,区财政局,,,,,,,"))
    assert result.exit_code == 1
    assert "第 2 行 案卷数" in result.output and "未导入 1" in result.output
    listed = told(jindang(work, "list", "--json"))
    assert listed["unregistered"] == ["J001"]
    assert "补进名册" in jindang(work, "list").stdout
    assert "J404" in jindang(work, "show", "J404").output
    assert jindang(work, "show", "J404").exit_code == 1


def test_a_sheet_that_is_none_is_refused(work: NodeAtWork, tmp_path: Path) -> None:
    """A file without the two columns is refused with what is expected; nothing is written."""
    wrong = tmp_path / "别的.csv"
    wrong.write_text("档号,题名\nJ001-1,某\n", "utf-8")
    result = jindang(work, "import", wrong)
    assert result.exit_code != 0
    assert "全宗号" in result.output
    assert told(jindang(work, "list", "--json"))["fonds"] == []


def test_a_classified_fonds_leaves_nothing_on_an_open_node(work: NodeAtWork, tmp_path: Path) -> None:
    """Only the row's number is told, and no file of the home holds a word of it."""
    file = register(tmp_path, "J099,秘而不宣局,秘而不宣的沿革,,,,,,机密", "J001,区人民政府,,,,,,,")
    done = told(jindang(work, "import", file, "--json"), 1)
    assert [(one["row"], one["field"]) for one in done["refusals"]] == [(2, "密级")]
    assert "秘而不宣" not in json.dumps(done, ensure_ascii=False)
    assert [one["code"] for one in told(jindang(work, "list", "--json"))["fonds"]] == ["J001"]
