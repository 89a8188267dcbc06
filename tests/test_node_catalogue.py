"""`jindang node catalogue import --dry-run`, answers and repairs: what a person sees before anything is written, and what is remembered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from node_at_work import NodeAtWork, make

from jindang.cli import main
from sync.sandbox import Sandbox

HEAD = "档号,题名,成文日期,密级,页数"
ROWS = [f"23-1-1-{n},关于第{n}号事项的通知,19830512,,3" for n in range(1, 6)]


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node without a hub that answers."""
    return make(tmp_path, sandbox)


def sheet(path: Path, *rows: str, head: str = HEAD) -> Path:
    """A sheet of these rows."""
    path.write_text("\n".join([head, *rows]), "utf-8")
    return path


def run(work: NodeAtWork, *words: object) -> Result:
    """Import a sheet into delivery 批."""
    return CliRunner().invoke(main, ["node", "catalogue", "import", *map(str, words), "--delivery", "批", "--home", str(work.path)])


def told(work: NodeAtWork, *words: object, code: int = 0) -> dict[str, Any]:
    """The same with its JSON."""
    result = run(work, *words, "--json")
    assert result.exit_code == code, (result.output, result.exception)
    answer: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1])
    return answer


def test_a_dry_run_tells_cell_by_cell_and_keeps_nothing(work: NodeAtWork, tmp_path: Path) -> None:
    """新增, 修改 with old and new, 不变, 消失 as a question; afterwards the import finds the catalogue as it was."""
    file = sheet(tmp_path / "目录.csv", *ROWS)
    assert told(work, file)["added"] == 5
    changed = [ROWS[0], ROWS[1].replace("通知", "通报").replace(",3", ",4"), *ROWS[2:4], "23-1-1-9,新的,1984,,1"]
    sheet(tmp_path / "目录.csv", *changed)
    for _ in range(2):
        dry = told(work, file, "--dry-run", code=1)
        assert tuple(dry[name] for name in ("rows", "added", "changed", "unchanged", "gone", "refused")) == (5, 1, 1, 3, 1, 0)
        assert dry["changes"] == [
            {"ref": "23-1-1-2", "row": 3, "field": "题名", "old": "关于第2号事项的通知", "new": "关于第2号事项的通报"},
            {"ref": "23-1-1-2", "row": 3, "field": "页数", "old": "3", "new": "4"},
        ]
        assert dry["changed_cells"] == 2
        assert dry["disappeared"] == [{"ref": "23-1-1-5", "row": 6, "title": "关于第5号事项的通知"}]
    prose = run(work, file, "--dry-run").stdout
    assert "页数：3 → 4" in prose
    assert "消失  23-1-1-5" in prose
    assert "未写入" in prose
    real = told(work, file, code=1)
    assert tuple(real[name] for name in ("added", "changed", "unchanged", "gone")) == (1, 1, 3, 1)


def test_a_row_that_comes_back_is_a_change(work: NodeAtWork, tmp_path: Path) -> None:
    """A row that was gone and is there again changes no cell but its state."""
    file = sheet(tmp_path / "目录.csv", *ROWS)
    told(work, file)
    sheet(file, *ROWS[:4])
    told(work, file, code=1)
    sheet(file, *ROWS)
    assert told(work, file, "--dry-run")["changes"] == [{"ref": "23-1-1-5", "row": 6, "field": "状态", "old": "消失", "new": "在册"}]


def test_nothing_of_a_classified_row_is_told(work: NodeAtWork, tmp_path: Path) -> None:
    """A row that turns classified is refused by its number; the dry run repeats none of its words."""
    file = sheet(tmp_path / "目录.csv", *ROWS)
    told(work, file)
    sheet(file, ROWS[0].replace("通知,19830512,", "隐去的话,19830512,机密"), *ROWS[1:])
    result = run(work, file, "--dry-run", "--json")
    assert result.exit_code == 1
    assert "隐去" not in result.output
    assert json.loads(result.stdout)["refusals"][0]["row"] == 2


def test_a_blocking_question_is_answered_once(work: NodeAtWork, tmp_path: Path) -> None:
    """A sheet whose columns are ambiguous imports nothing and says how to answer; the answer holds for the next sheet of its kind."""
    head = "全宗号,目录号,案卷号,顺序号,馆编件号,题名,日期,密级"
    file = sheet(tmp_path / "卷内.csv", "23,1,1,1,7,甲,1983,", "23,1,1,2,8,乙,1983,", head=head)
    asked = told(work, file, code=1)
    assert asked["sheets"][0]["blocked"]
    assert asked["added"] == 0
    question = next(q for q in asked["questions"] if q["blocking"])
    assert question["answer"].startswith("--answer ")
    assert question["candidates"]
    answer = f"{question['id']}={question['candidates'][0]}"
    done = told(work, file, "--answer", answer)
    assert (done["added"], done["sheets"][0]["blocked"]) == (2, False)
    other = sheet(tmp_path / "卷内2.csv", "23,1,2,1,9,丙,1983,", head=head)
    assert told(work, other)["added"] == 1


def test_a_repair_is_offered_and_agreed_to(work: NodeAtWork, tmp_path: Path) -> None:
    """同上 is offered to be written out, with the words that agree to it; agreed to once, it is done for the next sheet too."""
    head = "档号,题名,责任者,成文日期,密级"
    file = sheet(tmp_path / "目录.csv", "23-1-1-1,甲,民政局,1983,", "23-1-1-2,乙,同上,1983,", "23-1-1-3,丙,〃,1983,", head=head)
    offered = [r for r in told(work, file, "--dry-run", code=1)["repairs"] if "责任者" in r["spec"]]
    assert len(offered) == 1
    assert not offered[0]["agreed"]
    done = told(work, file, "--repair", offered[0]["spec"])
    assert done["added"] == 3
    other = sheet(tmp_path / "目录2.csv", "23-1-2-1,甲,教育局,1983,", "23-1-2-2,乙,同上,1983,", head=head)
    assert told(work, other)["added"] == 2
    wrong = run(work, other, "--repair", "责任者=全改")
    assert wrong.exit_code in (1, 2)
    assert "错误" in wrong.stderr


def test_a_hand_over_list_is_compared(work: NodeAtWork, tmp_path: Path) -> None:
    """移交清册 brings no rows: what it declares stands beside what the catalogue has, by run of volumes and in all."""
    told(work, sheet(tmp_path / "目录.csv", *ROWS))
    listed = sheet(
        tmp_path / "移交清册.csv", "1,23,1,1-1,1,5,,1983,永久", "合计,,,,1,6,,,", head="序号,全宗号,目录号,起止案卷号,卷数,件数,页数,起止年度,保管期限"
    )
    dry = told(work, listed, "--dry-run", code=1)
    assert (dry["rows"], dry["added"]) == (0, 0)
    found = {(c["row"], c["what"]): (c["declared"], c["found"]) for c in dry["declared"]}
    assert found == {(2, "案卷"): (1, 1), (2, "件"): (5, 5), (3, "案卷"): (1, 1), (3, "件"): (6, 5)}
