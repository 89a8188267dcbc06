"""移交清册: what it declares stands beside the catalogue at import, when more rows come, and when the delivery is submitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from node_at_work import NodeAtWork, make
from scan_tree import pages, sheet

from jindang.cli import main
from node.service import Service
from sync.sandbox import Sandbox

CODES = [f"23-1-1-{n}" for n in range(1, 6)]
HEAD = "序号,全宗号,目录号,起止案卷号,卷数,件数,页数,起止年度,保管期限"
LISTED = f"{HEAD}\n1,23,1,1-1,1,5,,1983,永久\n合计,,,,1,6,,,\n"
BATCH = "第03批"
NAME = f"扫描/{BATCH}"
DIFFERS = f"{NAME}/移交清册.csv#3:件"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def deliver(work: NodeAtWork, *codes: str, marks: dict[str, str] | None = None) -> None:
    """Rows of a batch, and the pages of the first record."""
    rows = {code: {"页数": "1", "密级": (marks or {}).get(code, "")} for code in codes}
    work.scans.put(BATCH, {"目录.csv": sheet(rows)})
    work.scans.put(f"{BATCH}/{codes[0]}", pages(1))


def told(work: NodeAtWork) -> dict[str, str]:
    """{path: rule with both numbers} of the declared totals that differ."""
    with work.opened() as engine:
        items = Service(engine).quarantine_list()["items"]
    return {item["path"]: item["rule"] for item in items if item["code"] == "total-differs"}


def ask(work: NodeAtWork, verb: str, **given: object) -> dict[str, Any]:
    """Ask a verb of the opened home."""
    with work.opened() as engine:
        answer: dict[str, Any] = getattr(Service(engine), verb)(**given)
        return answer


def test_totals_are_compared_as_rows_come(work: NodeAtWork) -> None:
    """Whichever comes first, list or rows: what differs waits with both numbers, and goes when the rows are there."""
    work.scans.put(BATCH, {"移交清册.csv": LISTED.encode()})
    work.intake()
    assert "件数：清册 6，目录 0" in told(work)[DIFFERS]
    assert set(told(work)) == {f"{NAME}/移交清册.csv#{row}:{what}" for row in (2, 3) for what in ("案卷", "件")}
    deliver(work, *CODES)
    work.intake()
    assert list(told(work)) == [DIFFERS]
    assert "件数：清册 6，目录 5" in told(work)[DIFFERS]
    deliver(work, *CODES, "23-1-1-6")
    work.intake()
    assert list(told(work)) == [f"{NAME}/移交清册.csv#2:件"]


def test_totals_are_compared_when_the_delivery_is_submitted(work: NodeAtWork) -> None:
    """A finding that somebody closed stands again at submission; withdrawn, the delivery declares nothing any more."""
    deliver(work, *CODES)
    work.scans.put(BATCH, {"移交清册.csv": LISTED.encode()})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        (number,) = (one["id"] for one in service.quarantine_list()["items"] if one["path"] == DIFFERS)
        service.quarantine_retry(number, "张三")
        assert DIFFERS not in [one["path"] for one in service.quarantine_list()["items"]]
        service.delivery_submit(NAME, "赵工")
    assert list(told(work)) == [DIFFERS]
    ask(work, "delivery_withdraw", name=NAME, by="王秀英", reason="误投")
    assert told(work) == {}


def test_a_catalogue_of_volumes_alone_says_nothing_of_items(work: NodeAtWork) -> None:
    """Volumes are compared; that items cannot be is said once, of the total; where items come, their number is compared as ever."""
    volumes = "全宗号,目录号,案卷号,案卷题名,页数,密级\n" + "".join(f"23,1,{n},人事任免,9,\n" for n in range(1, 4))
    listed = f"{HEAD}\n1,23,1,1-2,2,30,,1983,永久\n2,23,1,3-3,1,12,,1984,永久\n合计,,,,3,42,,,\n"
    work.scans.put(BATCH, {"案卷目录.csv": volumes.encode(), "移交清册.csv": listed.encode()})
    work.intake()
    ((path, rule),) = told(work).items()
    assert path == f"{NAME}/移交清册.csv#4:件"
    assert "件数：清册 42，目录只到案卷，无从核对" in rule
    assert "无从核对  移交清册.csv 第 4 行 件数：清册 42，目录只到案卷" in ask(work, "delivery_report", name=NAME)["text"]
    deliver(work, *CODES)
    work.intake()
    assert "件数：清册 42，目录 5" in told(work)[path]


def test_withheld_rows_are_not_lacking(work: NodeAtWork) -> None:
    """A row that the gate holds was declared and is here: no finding asks for it, and none names it."""
    deliver(work, *CODES, "23-1-1-6", marks={CODES[2]: "机密"})
    work.scans.put(BATCH, {"移交清册.csv": f"{HEAD}\n合计,,,,1,6,,,\n".encode()})
    work.intake()
    assert told(work) == {}
    assert {code for code, path in work.findings() if "移交清册" in path} == set()
    work.scans.put(BATCH, {"移交清册.csv": f"{HEAD}\n合计,,,,1,9,,,\n".encode()})
    work.intake()
    (rule,) = told(work).values()
    assert "件数：清册 9，目录 5，另有 1 条按保密关口未收" in rule


def test_an_import_by_command_says_what_differs(work: NodeAtWork, tmp_path: Path) -> None:
    """`catalogue import` of a 移交清册 answers with both numbers and asks a person; verification of the evidence does not ask twice."""
    deliver(work, *CODES)
    file = tmp_path / "移交清册.csv"
    file.write_text(LISTED, "utf-8")
    work.intake()
    command = ["node", "catalogue", "import", str(file), "--delivery", NAME, "--home", str(work.path), "--json"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1, done.output
    found = {(c["row"], c["what"]): (c["declared"], c["found"], c["agrees"]) for c in json.loads(done.stdout.splitlines()[-1])["declared"]}
    assert found[(3, "件")] == (6, 5, False)
    assert found[(2, "件")] == (5, 5, True)
    work.scans.put(BATCH, {"移交清册.csv": LISTED.encode()})
    work.intake()
    ask(work, "delivery_evidence", name=NAME)
    assert list(told(work)) == [DIFFERS]
