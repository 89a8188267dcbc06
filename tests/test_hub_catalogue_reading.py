"""`jindang hub catalogue import` reads sheets as a node does: answers, categories, profiles, dry runs, 移交清册."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hub_in_thread import running
from test_hub_catalogue import ask, numbers, told

from holdings import quarantine
from holdings.findings import FindingCode

HEAD = "档号,序号,题名,成文日期,密级,责任者"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a hub that is not running, with one node."""
    with running(tmp_path / "hub") as hub:
        hub.node("和平区")
    return tmp_path / "hub"


def write(path: Path, head: str, *rows: str) -> Path:
    """A sheet as UTF-8 text."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def bring(home: Path, file: Path, *words: object, code: int = 0) -> dict[str, Any]:
    """Import a file."""
    return told(ask(home, "catalogue", "import", file, *words), code)


def test_an_answer_is_remembered(home: Path, tmp_path: Path) -> None:
    """A sheet whose 编号 may be a code is asked about; once answered, the next one of its kind is not."""
    file = write(tmp_path / "甲.csv", "编号,题名,成文日期,密级", "J320-2-0001-001,关于甲的通知,19950310,")
    asked = bring(home, file, code=1)
    assert (asked["rows"], asked["questions"][0]["id"], asked["questions"][0]["answer"]) == (0, "编号", "--answer 编号=档号")
    assert numbers(bring(home, file, "--answer", "编号=档号")) == (1, 1, 0, 0, 0, 0)
    other = write(tmp_path / "乙.csv", "编号,题名,成文日期,密级", "J320-2-0001-002,关于乙的通知,19950310,")
    assert numbers(bring(home, other)) == (1, 1, 0, 0, 0, 0)


def test_a_dry_run_tells_every_cell_and_keeps_nothing(home: Path, tmp_path: Path) -> None:
    """新增, 修改 with old and new, 消失; afterwards the catalogue is what it was."""
    file = tmp_path / "目录.csv"
    row = "J320-2-0001-00{0},{0},关于{0}的通知,19950310,,市档案馆"
    bring(home, write(file, HEAD, row.format(1), row.format(2)), "--answer", "序号=不导入")
    write(file, HEAD, row.format(1).replace("关于1的", "关于一的"), row.format(3))
    trial = bring(home, file, "--dry-run", code=1)
    assert numbers(trial) == (2, 1, 1, 0, 1, 0)
    assert trial["changes"] == [{"ref": "J320-2-0001-001", "row": 2, "field": "题名", "old": "关于1的通知", "new": "关于一的通知"}]
    assert [one["ref"] for one in trial["disappeared"]] == ["J320-2-0001-002"]
    assert numbers(bring(home, file, "--dry-run", code=1)) == (2, 1, 1, 0, 1, 0)
    assert numbers(bring(home, file, code=1)) == (2, 1, 1, 0, 1, 0)


def test_a_summary_sheet_is_a_declared_total(home: Path, tmp_path: Path) -> None:
    """A 移交清册 makes no rows; it is compared with the rows of its own holder and delivery, and a difference waits with both numbers."""
    rows = [f"J320-2-0001-00{n},关于{n}的通知,19950310," for n in (1, 2)]
    write(tmp_path / "批" / "目录.csv", "档号,题名,成文日期,密级", *rows)
    declared = write(tmp_path / "批" / "移交清册.csv", "序号,全宗号,目录号,起止案卷号,卷数,件数", "1,J320,2,0001-0001,1,3")
    bring(home, tmp_path / "批" / "目录.csv", "--of", "和平区")
    own = bring(home, declared, code=1)
    assert [(one["what"], one["declared"], one["found"]) for one in own["declared"]] == [("案卷", 1, 0), ("件", 3, 0)]
    theirs = bring(home, declared, "--of", "和平区", code=1)
    assert [(one["what"], one["declared"], one["found"]) for one in theirs["declared"] if not one["agrees"]] == [("件", 3, 2)]
    write(tmp_path / "批" / "目录.csv", "档号,题名,成文日期,密级", *rows, "J320-2-0001-003,关于3的通知,19950310,")
    bring(home, tmp_path / "批" / "目录.csv", "--of", "和平区")
    with running(home) as hub:
        waits = quarantine.list_open(hub.hub.home.holdings.read(), code=FindingCode.TOTAL_DIFFERS.slug)
    assert {one.scope for one in waits} == {"批#清册"}


def test_a_category_and_a_profile_are_kept(home: Path, tmp_path: Path) -> None:
    """A sheet is read by a category when told so; a profile file is kept under its name and holds for its delivery from then on."""
    head = "登记字号,登记类别,男方姓名,男方身份证号,女方姓名,女方身份证号,登记日期,登记机关,密级"
    married = write(tmp_path / "婚姻.csv", f"{head},档号", "12,结婚,张三,,李四,,19830512,和平区民政局,,J023-HY·1983-0012")
    assert numbers(bring(home, married, "--category", "婚姻")) == (1, 1, 0, 0, 0, 0)
    profile = tmp_path / "方案.toml"
    profile.write_text('name = "市局"\n[sheet]\nanswers = {"编号" = "档号"}\n', "utf-8")
    file = write(tmp_path / "局" / "甲.csv", "编号,题名,成文日期,密级", "J320-2-0001-001,关于甲的通知,19950310,")
    assert numbers(bring(home, file, "--profile", profile)) == (1, 1, 0, 0, 0, 0)
    other = write(tmp_path / "局" / "乙.csv", "编号,题名,年度,密级", "J320-2-0001-002,关于乙的通知,1995,")
    assert numbers(bring(home, other)) == (1, 1, 0, 0, 0, 0)
    assert "没有接收方案" in ask(home, "catalogue", "import", file, "--profile", "没有").stderr
