"""A delivery's life at a node: report, sampling, acceptance, withdrawal before and after sealing, the brake."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from node_at_work import NodeAtWork, findings, make
from PIL import Image
from scan_tree import COLUMNS, page, pages

from holdings import delivery_history, records, tally
from holdings.delivery import DeliveryAct
from holdings.errors import DeliveryRefused
from jindang.cli import main
from node import deliveries
from node.service import Service
from sync.sandbox import Sandbox

CODES = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 7)]
A, B = CODES[:2]
BATCH = "扫描"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def ask(work: NodeAtWork, verb: str, **given: object) -> dict[str, Any]:
    """Ask a verb of the opened home."""
    with work.opened() as engine:
        answer: dict[str, Any] = getattr(Service(engine), verb)(**given)
        return answer


def jindang(work: NodeAtWork, *words: object, code: int = 0) -> dict[str, Any]:
    """A command as the front door runs it; its JSON."""
    done = CliRunner().invoke(main, ["node", *map(str, words), "--home", str(work.path), "--json"])
    assert done.exit_code == code, (done.output, done.exception)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    return answer


def test_from_the_first_folder_to_acceptance(work: NodeAtWork, tmp_path: Path) -> None:
    """Describe, submit, draw, print, fill in, return, mend, draw what changed, accept; the report tells it all, for paper too."""
    work.scans.delivery(dict.fromkeys(CODES, 5))
    work.intake()
    jindang(work, "delivery", "describe", BATCH, "--number", 3, "--contractor", "恒信", "--station", "扫描站1", "--received-by", "王秀英")
    jindang(work, "delivery", "submit", BATCH, "--by", "赵工")
    jindang(work, "delivery", "accept", BATCH, "--by", "王秀英", code=1)
    drawn = jindang(work, "sample", "draw", BATCH, "--seed", "0417", "--by", "王秀英")
    assert (drawn["population_records"], drawn["population_pages"], drawn["pages"]) == (6, 30, 20)
    assert jindang(work, "sample", "export", drawn["id"], tmp_path / "单.xlsx")["pages"] == 20
    assert jindang(work, "sample", "import", tmp_path / "单.xlsx")["changed"] == 0
    jindang(work, "sample", "verdict", drawn["id"], 1, 2, "--fail", "--fault", "T04", "--by", "李")
    assert jindang(work, "sample", "verdict", drawn["id"], "--rest", "--pass", "--by", "李")["pass_rate"] == "90.00%"
    jindang(work, "delivery", "accept", BATCH, "--by", "王秀英", code=1)
    assert jindang(work, "sample", "export", drawn["id"], tmp_path / "整改.xlsx", "--failed")["pages"] == 2
    jindang(work, "delivery", "return", BATCH, "--by", "王秀英", "--reason", "偏斜")
    bad = jindang(work, "sample", "show", drawn["id"])["list"][:2]
    for one in bad:
        work.scans.put(one["ref"], {one["page"]: page(777 + one["position"])})
    work.clock.time += 60
    work.intake()
    jindang(work, "delivery", "submit", BATCH, "--by", "赵工")
    again = jindang(work, "sample", "draw", BATCH, "--changed", "--by", "王秀英")
    assert {(one["ref"], one["page"]) for one in bad} <= {(p["ref"], p["page"]) for p in jindang(work, "sample", "show", again["id"])["list"]}
    jindang(work, "sample", "verdict", again["id"], "--rest", "--pass", "--by", "李")
    assert jindang(work, "delivery", "accept", BATCH, "--by", "王秀英")["state"] == "accepted"
    report = jindang(work, "delivery", "report", BATCH)
    assert (report["records"], report["pages"], report["rows"], report["rows_unlinked"]) == (6, 30, 6, 0)
    assert (report["round"], report["pass_rate"], report["first_pass_rate"]) == (2, "100.00%", "90.00%")
    assert [one["act"] for one in report["decisions"]] == ["提交", "退回整改", "提交", "验收通过"]
    (rates,) = jindang(work, "delivery", "rates")["contractors"]
    assert (rates["contractor"], rates["rate"], rates["first_rate"], rates["first_time"]) == ("恒信", "100.00%", "90.00%", 0)
    text = ask(work, "delivery_report", name=BATCH)["text"]
    for said in ("验收通过", "恒信", "6 件 30 页", "T04 偏斜：2 页", "一次合格率 90.00%", "种子 0417"):
        assert said in text


def test_faults_are_counted_by_rule(work: NodeAtWork) -> None:
    """What waits about a delivery stands in its report under its rule; another delivery's does not."""
    work.scans.delivery({A: 2, B: 2})
    work.scans.put(A, {"0001.jpg": b""})
    work.scans.put("第04批/J001-WS·2011·Y·BGS-0099", pages(1))
    work.intake()
    report = ask(work, "delivery_report", name=BATCH)
    assert next(one["code"] for one in report["faults"] if one["severity"] == "错误") == "empty-file"
    work.scans.put(A, {"0001.jpg": page(5)})
    work.intake()
    report = ask(work, "delivery_report", name=BATCH)
    assert {one["code"]: (one["waiting"], one["resolved"]) for one in report["faults"]}["empty-file"] == (0, 1)


def test_a_delivery_is_not_accepted_uncleared(tmp_path: Path, sandbox: Sandbox) -> None:
    """Rows that came after the 保密审查 stand in the way of acceptance as of sealing."""
    work = make(tmp_path, sandbox, cleared_by="")
    work.scans.delivery({A: 1})
    work.intake()
    ask(work, "clear", delivery_name=BATCH, persons=["张三", "李四"])
    assert work.intake().records == 1
    work.scans.put(B, pages(1))
    work.scans.rows({A: {"页数": "1"}, B: {"页数": "1"}})
    assert work.intake().records == 0
    assert ("not-cleared", f"扫描/{B}") in work.findings()
    ask(work, "delivery_submit", name=BATCH, by="赵工")
    with pytest.raises(DeliveryRefused, match="保密审查"):
        ask(work, "delivery_accept", name=BATCH, by="王秀英", reason="不抽")
    assert ask(work, "delivery_report", name=BATCH)["uncleared_rows"] is True
    ask(work, "clear", delivery_name=BATCH, persons=["张三", "李四"])
    assert work.intake().records == 1


def test_withdrawing_before_sealing_is_free(tmp_path: Path, sandbox: Sandbox) -> None:
    """Rows and findings are gone, nothing is sealed any more, no entry is written; taken up again, it is as if it had just come."""
    work = make(tmp_path, sandbox, cleared_by="")
    files = work.scans.delivery({A: 2, B: 2})
    work.intake()
    assert {code for code, _ in work.findings()} == {"not-cleared"}
    done = jindang(work, "delivery", "withdraw", BATCH, "--by", "王秀英", "--reason", "误投", "--yes")
    assert (done["rows"], done["findings"], done["voided"]) == (2, 2, 0)
    work.scans.put(A, {"0003.jpg": page(9)})
    assert work.intake().records == 0
    assert (work.findings(), work.versions()) == ([], [])
    with work.opened() as engine:
        assert tally.read(engine.home.database.read(), tally.Count.CATALOGUE_ROWS) == 0
    jindang(work, "delivery", "reopen", BATCH, "--by", "王秀英")
    (work.scans.root / A / "0003.jpg").unlink()
    work.intake()
    ask(work, "clear", delivery_name=BATCH, persons=["张三", "李四"])
    work.intake()
    work.intake()
    assert work.current() == files


def test_withdrawing_after_sealing_voids(work: NodeAtWork) -> None:
    """Every sealed record gets one more version that says why; search and counts know it no more, its bytes stay."""
    files = work.scans.delivery({A: 2, B: 2})
    work.intake()
    done = ask(work, "delivery_withdraw", name=BATCH, by="王秀英", reason="别馆的")
    assert done["voided"] == 2
    found = work.versions()
    assert [(v.code, v.version, len(v.files)) for v in found] == [(A, 1, 2), (B, 1, 2), (A, 2, 0), (B, 2, 0)]
    assert ask(work, "search", query=A)["total"] == 0
    assert ask(work, "status")["records"] == 0
    assert work.intake().records == 0
    assert ask(work, "delivery_withdraw", name=BATCH, by="王秀英", reason="再来")["voided"] == 0
    with work.opened() as engine:
        assert Service(engine).verify()["ok"]
        assert Service(engine).doctor()["ok"]
    ask(work, "delivery_reopen", name=BATCH, by="王秀英")
    work.intake()
    work.intake()
    ids = {v.id for v in found}
    fresh = [v for v in work.versions() if v.id not in ids]
    assert {v.code: v.files for v in fresh} == files
    assert {v.version for v in fresh} == {1}


def rescan(work: NodeAtWork, codes: list[str], count: int, seed: int) -> None:
    """Write every page of these records over, as a clean-up program does."""
    for n, code in enumerate(codes):
        work.scans.put(code, {name: page(seed + 100 * n + k) for k, name in enumerate(pages(count))})


def test_many_changed_sources_hold_new_versions(work: NodeAtWork) -> None:
    """More than fifty sealed pages written over within the hour stop the delivery's new versions until a person lets them pass."""
    work.scans.delivery(dict.fromkeys(CODES, 20))
    work.intake()
    rescan(work, CODES[:3], 20, 5_000)
    work.clock.time += 60
    work.intake()
    assert [code for code, _ in work.findings()] == ["brake"]
    rescan(work, CODES[3:], 20, 6_000)
    work.clock.time += 60
    before = len(work.versions())
    work.intake()
    assert len(work.versions()) == before
    work.scans.put("J001-WS·2011·Y·BGS-0100", pages(1))
    work.scans.rows({**{code: {"页数": "20"} for code in CODES}, "J001-WS·2011·Y·BGS-0100": {"页数": "1"}})
    work.intake()
    assert work.versions()[-1].code == "J001-WS·2011·Y·BGS-0100"
    work.waive("brake")
    work.clock.time += 60
    work.intake()
    assert {v.code for v in work.versions() if v.version == 2} == set(CODES)


def test_a_declared_reprocessing_is_no_alarm(work: NodeAtWork) -> None:
    """What an officer declared beforehand passes without a word; declared afterwards, it lets what was held go on."""
    work.scans.delivery(dict.fromkeys(CODES, 20))
    work.intake()
    now = int(work.clock.time)
    ask(work, "delivery_reprocess", name=BATCH, begins=0, ends=now + 3600, by="王秀英", reason="整批纠斜")
    rescan(work, CODES, 20, 5_000)
    work.clock.time += 60
    work.intake()
    assert work.findings() == []
    assert sum(v.version == 2 for v in work.versions()) == 6
    work.clock.time += 7200
    rescan(work, CODES, 20, 9_000)
    work.intake()
    assert [code for code, _ in work.findings()] == ["brake"]
    with pytest.raises(DeliveryRefused):
        ask(work, "delivery_reprocess", name=BATCH, begins=now, ends=now + 60, by="王秀英", reason="已过")


def test_touching_and_renaming_are_no_change(work: NodeAtWork) -> None:
    """A disk copied back, or all pages renumbered, writes nothing over: the brake stays quiet."""
    files = work.scans.delivery(dict.fromkeys(CODES, 20))
    work.intake()
    for code in CODES:
        for name, data in files[code].items():
            (work.scans.root / code / name).unlink()
            work.scans.put(code, {f"1{name}": data})
    work.clock.time += 60
    work.intake()
    with work.opened() as engine:
        assert "brake" not in {code for code, _ in findings(engine)}


def test_the_workload_of_accepted_deliveries(work: NodeAtWork, tmp_path: Path) -> None:
    """Only what was accepted is counted; persons and days come from the sheet, sizes from the pages; the workbook is written."""
    extra = {"扫描员": "赵", "扫描日期": "2023.10.18", "折合A4": "3"}
    work.scans.rows({A: {"页数": "2", **extra}, B: {"页数": "1"}}, columns=(*COLUMNS, *extra))
    for code, count in ((A, 2), (B, 1)):
        work.scans.put(code, {f"{n:04d}.jpg": scanned(n, 1654 * (1 + (n > 1)), 2339) for n in range(1, count + 1)})
    work.intake()
    assert jindang(work, "delivery", "workload")["sums"] == []
    ask(work, "delivery_describe", name=BATCH, contractor="恒信", stations=["扫描站1"])
    ask(work, "delivery_submit", name=BATCH, by="赵工")
    ask(work, "delivery_accept", name=BATCH, by="王秀英", reason="不足抽检数，逐页看过")
    found = jindang(work, "delivery", "workload", "--xlsx", tmp_path / "工作量.xlsx")
    (total,) = found["sums"]
    assert (total["contractor"], total["records"], total["pages"], total["a4"], total["declared_a4"]) == ("恒信", 2, 3, 4.0, 3.0)
    lines = {(one["operator"], one["station"], one["size_class"]): one["pages"] for one in found["lines"]}
    assert lines == {("赵", "扫描站1", "A4"): 1, ("赵", "扫描站1", "A3"): 1, ("", "扫描站1", "A4"): 1}
    assert found["persons"] == [{"contractor": "恒信", "role": "扫描员", "person": "赵", "records": 1, "pages": 2, "a4": 3.0}]
    assert (tmp_path / "工作量.xlsx").read_bytes()[:2] == b"PK"
    for code in (A, B):
        for file in (work.scans.root / code).iterdir():
            file.unlink()
    assert jindang(work, "delivery", "workload")["sums"] == found["sums"]


def scanned(seed: int, width: int, height: int) -> bytes:
    """A page of so many pixels at 200 dpi."""
    out = io.BytesIO()
    Image.new("L", (width, height), 200 + seed).save(out, "JPEG", dpi=(200, 200))
    return out.getvalue()


def test_a_page_of_several_representations_is_one(work: NodeAtWork) -> None:
    """Sampling and workload count the page once, however many files show it."""
    work.scans.delivery({A: 4})
    work.intake()
    with work.opened() as engine:
        reading = engine.home.database.read()
        record = records.resolve(reading, A)
        parts = deliveries.shown_parts(reading, record)
        assert len(parts) == 4
        said = replace(records.body(reading, record), uses=bytes([2, 1, 1, 2]))
        with engine.home.database.transaction() as connection:
            records.new_version(connection, record.id, 2, said, pages=2, size=1, now=9)
        assert deliveries.shown_parts(reading, records.resolve(reading, A)) == parts[1:3]
        assert [one.page for one in deliveries.candidates(reading, BATCH)] == [part.name for part in parts[1:3]]
    shown = jindang(work, "delivery", "show", BATCH)
    assert (shown["rows"], shown["rows_unlinked"], shown["records"], shown["state"]) == (1, 0, 1, "open")


def test_a_withdrawal_cut_short_goes_on(work: NodeAtWork) -> None:
    """Decided and interrupted before anything was void: given again, the command voids the rest for the reason first given."""
    work.scans.delivery({A: 2, B: 2})
    work.intake()
    with work.opened() as engine, engine.home.database.transaction() as connection:
        delivery_history.decide(connection, BATCH, DeliveryAct.WITHDRAW, "王秀英", "别馆的", 9)
    assert ask(work, "delivery_withdraw", name=BATCH, by="李四", reason="再来一次")["voided"] == 2
    shown = jindang(work, "show", A)
    assert (shown["void"]["reason"], shown["void"]["by"], shown["pages"]) == ("别馆的", "王秀英", [])
    assert [one["act"] for one in ask(work, "delivery_report", name=BATCH)["decisions"]] == ["撤回"]
