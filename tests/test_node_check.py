"""The checks at a node: on what is sealed, sources or not; resumable; findings in quarantine; viruses; reports by command."""

import calendar
import json
from pathlib import Path

import drawn_pages
import fake_clamd
import node_at_work
import pytest
from click.testing import CliRunner
from node_at_work import NodeAtWork
from PIL import Image

from holdings.check import Verdict
from node.commands import commands
from node.errors import ConfigurationWrong
from node.service import Service
from node.virus_scan import VirusScan
from sync.sandbox import Sandbox

FIRST, SECOND = "J001-001-0001-00001", "J001-001-0001-00002"
COLUMNS = ("档号", "题名", "责任者", "成文日期", "密级", "页数", "保管期限", "开放状态")
NOW = calendar.timegm((2026, 11, 20, 0, 0, 0))
FRESH = "ClamAV 1.4.6/27000/Thu Nov 19 09:00:00 2026"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with two sealed records of two pages: the second has a page upside down, a blank one, and litter beside them."""
    made = node_at_work.make(tmp_path, sandbox)
    good = {f"{n:04d}.jpg": drawn_pages.encoded(drawn_pages.page(n, lines=10, number=n)) for n in (1, 2)}
    turned = drawn_pages.encoded(drawn_pages.page(3, lines=10, number=3).rotate(180))
    blank = drawn_pages.encoded(Image.new("L", drawn_pages.A4, 236))
    made.scans.put(FIRST, good)
    made.scans.put(SECOND, {"0001.jpg": turned, "0002.jpg": blank, "Thumbs.db": b"\xd0\xcf\x11\xe0" + bytes(600)})
    made.scans.rows({code: {"页数": "2", "保管期限": "永久", "开放状态": "开放"} for code in (FIRST, SECOND)}, columns=COLUMNS)
    made.intake()
    return made


def codes(answer: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """{code: verdict} of a report."""
    return {row["code"]: row["verdict"] for row in answer["checks"]}


def test_sealed_records_are_checked_and_what_is_wrong_waits_for_a_person(work: NodeAtWork) -> None:
    """Each record gets a run; faults of pictures are findings by 档号/文件; a second run has nothing to do; a page mended closes its finding."""
    with work.opened() as engine:
        service = Service(engine)
        done = service.check_run()
        assert (done["records"], done["pages"], done["waiting"]) == (2, 4, False)
        assert service.check_run()["records"] == 0
        first, second = service.check_show(FIRST), service.check_show(SECOND)
    assert {code: said for code, said in codes(first).items() if said in ("不通过", "需人工判定")} == {}
    assert {"TX-1": "需人工判定", "TX-2": "不通过", "GD-4-3": "需人工判定"}.items() <= codes(second).items()
    assert codes(first)["GD-4-2"] == "未能检测"
    mine = {(code, path) for code, path in work.findings() if path.startswith(SECOND)}
    assert mine == {("upside-down", f"{SECOND}/0001.jpg"), ("blank-page", f"{SECOND}/0002.jpg")}
    page = drawn_pages.encoded(drawn_pages.page(3, lines=10, number=3))
    work.scans.put(SECOND, {"0001.jpg": page})
    work.intake()
    with work.opened() as engine:
        assert Service(engine).check_run()["records"] == 1
    assert {(code, path) for code, path in work.findings() if path.startswith(SECOND)} == {("blank-page", f"{SECOND}/0002.jpg")}


def test_checks_read_what_is_sealed_and_go_on_where_they_ended(work: NodeAtWork) -> None:
    """The scan folder may be gone; a limit leaves the rest for the next run; the periodic check begins anew when told."""
    for path in work.scans.root.iterdir():
        if path.is_dir():
            for page in path.iterdir():
                page.unlink()
            path.rmdir()
    with work.opened() as engine:
        service = Service(engine)
        assert (done := service.check_run(limit=1))["records"] == 1
        assert done["waiting"]
        assert (done := service.check_run(limit=9))["records"] == 1
        assert not done["waiting"]
        assert service.check_run(stage="CQ", images=False)["records"] == 2
        assert service.check_run(stage="CQ", images=False)["records"] == 0
        service.check_restart(stage="CQ")
        assert service.check_run(stage="CQ", images=False)["records"] == 2
        status = service.check_status()["stages"]
    assert sum(status["GD"].values()) == sum(status["CQ"].values()) == 2


def test_a_damaged_pack_is_no_pass(work: NodeAtWork) -> None:
    """Bytes that are not what was signed fail the codes of fixity and readability, and become an error that waits."""
    for path in (work.path / "objects").rglob("*"):
        if path.is_file() and path.stat().st_size > 50_000:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 0xFF
            path.chmod(0o600)
            path.write_bytes(data)
    with work.opened() as engine:
        service = Service(engine)
        service.check_run()
        said = [codes(service.check_show(ref)) for ref in (FIRST, SECOND)]
    assert any(one["GD-1-14"] == "不通过" for one in said)
    assert any(code == "fixity-broken" for code, _ in work.findings())


def test_reports_are_written_by_command(work: NodeAtWork, tmp_path: Path) -> None:
    """`check run`, `show` and `report` work from the command line, with exit codes and JSON; what was not checked is told so."""
    run, home = CliRunner().invoke, ["--home", str(work.path), "--json"]
    unchecked = run(commands, ["check", "show", *home, FIRST])
    assert (unchecked.exit_code, "还没有检测过" in unchecked.output) == (1, True)
    done = run(commands, ["check", "run", *home])
    assert (done.exit_code, json.loads(done.stdout.splitlines()[-1])["records"]) == (1, 2)
    shown = json.loads(run(commands, ["check", "show", *home, FIRST]).stdout.splitlines()[-1])
    assert shown["ref"] == FIRST
    out = tmp_path / "报告"
    for what in (["--ref", SECOND], ["扫描"]):
        made = run(commands, ["check", "report", *home, *what, "--to", str(out), "--by", "张三"])
        assert made.exit_code == 0, made.output
        files = json.loads(made.stdout.splitlines()[-1])["files"]
        assert [Path(name).suffix for name in files] == [".html", ".json", ".pdf"]
    assert "倒置" in (out / "四性检测 扫描.html").read_text("utf-8")
    assert run(commands, ["check", "report", *home, "--to", str(out)]).exit_code == 2


def test_viruses_are_found_through_clamd(work: NodeAtWork, tmp_path: Path) -> None:
    """With a service every file is scanned; one that is infected fails and becomes an error; a service that went away is 未能检测."""
    page = drawn_pages.encoded(drawn_pages.page(9, lines=3)) + fake_clamd.VIRUS
    work.scans.put(FIRST, {"0002.jpg": page})
    work.intake()
    with fake_clamd.clamd(tmp_path / "clamd", FRESH) as address:
        work.configure(virus_scan=address)
        with work.opened() as engine:
            service = Service(engine)
            service.check_run()
            said = [codes(service.check_show(ref))["GD-4-2"] for ref in (FIRST, SECOND)]
    assert said == ["不通过", "通过"]
    assert ("virus", f"{FIRST}/0002.jpg") in work.findings()
    with work.opened() as engine:
        service = Service(engine)
        service.check_run(ref=FIRST)
        assert codes(service.check_show(FIRST))["GD-4-2"] == "未能检测"


@pytest.mark.parametrize(("version", "verdict"), [
    (FRESH, Verdict.PASSED), ("ClamAV 1.4.6/26000/Mon Nov  2 09:00:00 2026", Verdict.PERSON), ("ClamAV 1.4.6", Verdict.PERSON),
])  # fmt: skip
def test_the_service_is_asked_for_its_age(tmp_path: Path, version: str, verdict: Verdict) -> None:
    """GD-4-1: signatures older than a week, or of unknown age, are a person's to judge."""
    with fake_clamd.clamd(tmp_path / "clamd", version) as address:
        assert VirusScan(address).service(NOW).verdict is verdict
    assert VirusScan(f"unix:{tmp_path}/nobody").service(NOW).verdict is Verdict.UNTESTED


def test_a_file_too_large_for_the_service_is_not_passed(tmp_path: Path) -> None:
    """StreamMaxLength of clamd is 未能检测 with its reason."""
    with fake_clamd.clamd(tmp_path / "clamd", FRESH, limit=1000) as address:
        assert VirusScan(address).scan(bytes(500)).verdict is Verdict.PASSED
        assert VirusScan(address).scan(bytes(500_000)).verdict is Verdict.UNTESTED


@pytest.mark.parametrize("address", ["clamd", "unix:relative", "tcp:host", "tcp:host:port", "http://x:1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """The remedy names both forms."""
    with pytest.raises(ConfigurationWrong, match="unix:"):
        VirusScan(address)
