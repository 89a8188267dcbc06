"""The demo: run once as a whole, as a person runs it; its judgement, its samples and its page by themselves."""

import dataclasses
import io
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click.testing
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.cells import cell_len
from rich.console import Console

from jindang import demo, demo_table
from jindang.demo_comparison import MANIFEST, compare, exported, manifest_differs
from jindang.demo_programs import Programs, StepFailed, wait_for
from jindang.demo_report import Kill, NodeRuns, Report, checks, figures, summary
from jindang.demo_scans import (
    AGAIN,
    DISTRICTS,
    HELD,
    PAGES_EACH,
    SAMPLES,
    SHEETS,
    Page,
    Rescan,
    lay_out,
    more_records,
    numbered,
    scan_again,
    sources,
)

RECORDS = 80
FIELDS = {"records", "pages", "bytes_source", "bytes_sent", "receipted", "opened", "lost", "mismatched", "seconds"}
KEY_WORDS = ("津档演示", "和平区", "河西区", "合计", "已收存", "已验读", "待处理", "返工重扫", "kill -9", "逐字节比对", "丢失 0，不一致 0",
             "标有密级", "图像残缺", "依据", "办法", "全部如期", *HELD)  # fmt: skip


# ---------------------------------------------------------------- the whole


@pytest.mark.timeout(300)
def test_the_demo_goes_well_and_says_so(tmp_path: Path, repository: Path) -> None:
    """`jindang demo` brings hub, nodes and samples together through two kills: nothing is lost, the figures agree, no process stays."""
    keep = tmp_path / "演示"
    command = [sys.executable, "-m", "jindang", "demo", "--records", str(RECORDS), "--keep", str(keep), "--json"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    shipped = [d for d in sample_documents() if d["code"] not in HELD]
    pages = sum(len(d["pages"]) for d in shipped) + 2 * RECORDS * PAGES_EACH
    records = len(shipped) + 2 * RECORDS
    assert said.keys() == FIELDS
    assert (said["records"], said["pages"], said["receipted"], said["opened"]) == (records, pages, records, records)
    assert (said["lost"], said["mismatched"]) == (0, 0)
    assert said["bytes_source"] < said["bytes_sent"] < 2 * said["bytes_source"]
    assert not [word for word in KEY_WORDS if word not in done.stderr]
    assert not [
        line for line in done.stderr.splitlines() if cell_len(line) > demo_table.WIDTH and str(keep) not in line
    ]
    assert not [
        p.cmdline()
        for p in psutil.process_iter(["cmdline"])
        if any(str(keep) in word for word in p.info["cmdline"] or ())
    ]
    # The folder that was kept lets anybody repeat the comparison.
    at_hub = exported(keep / "导出")
    assert compare(sources(keep / "扫描"), HELD.keys(), at_hub).good
    assert not manifest_differs(keep / "导出", at_hub)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """`--keep` takes an empty folder only, and touches no other."""
    (tmp_path / "账本").write_text("原有的", "utf-8")
    answer = click.testing.CliRunner().invoke(demo.demo, ["--keep", str(tmp_path)])
    assert answer.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["账本"]


# ---------------------------------------------------------------- children


def test_a_child_that_fails_is_shown(tmp_path: Path) -> None:
    """The error of a step names the command, its exit code and what it said last."""
    with Programs(tmp_path / "日志") as programs, pytest.raises(StepFailed) as failure:
        programs.run("node", "status", "--home", tmp_path / "无此节点")
    assert all(part in str(failure.value) for part in ("jindang node status", "退出码 2", "不是节点主目录"))


def test_no_child_outlives_an_error(tmp_path: Path) -> None:
    """Whatever breaks a demo off, every child has ended when it is left."""

    def broken_off() -> None:
        with Programs(tmp_path / "日志") as programs:
            started.append(programs.start("demo", "--help").process)
            started.append(programs.start("hub", "run", "--home", tmp_path).process)
            raise KeyboardInterrupt

    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert len(started) == 2 and all(process.poll() is not None for process in started)


def test_waiting_ends() -> None:
    """Nothing is waited for longer than its deadline, and the error names it."""
    with pytest.raises(StepFailed, match="永不到来的信"):
        wait_for("永不到来的信", lambda: False, 0.05)
    wait_for("已在手边的信", lambda: True, 0.0)


# ---------------------------------------------------------------- scans


def sample_documents() -> list[dict[str, Any]]:
    """What tests/samples.toml says was drawn."""
    table = tomllib.loads(Path(__file__).with_name("samples.toml").read_text("utf-8"))
    return list(table["document"])


def test_samples_are_what_the_demo_takes_them_for() -> None:
    """Every drawn document ships, the held ones are the classified and the truncated one, and one page ships again, with other bytes."""
    drawn = sample_documents()
    folders = {path.name for d in DISTRICTS for path in (SAMPLES / d.name).iterdir() if path.is_dir()}
    assert folders == {d["code"] for d in drawn}
    expected = {
        d["code"]: "classified" if d.get("level") == "机密" else "truncated"
        for d in drawn
        if d.get("level") == "机密" or d.get("truncated")
    }
    assert expected == HELD
    (fresh,) = (SAMPLES / AGAIN).glob("*/*")
    (old,) = SAMPLES.glob(f"*区/{fresh.parent.name}/{fresh.name}")
    assert fresh.read_bytes() != old.read_bytes()


def test_scanning_again_changes_one_page(tmp_path: Path) -> None:
    """One page gets other bytes, every other page of the district keeps its own."""
    for district in DISTRICTS:
        lay_out(tmp_path, district)
    before = sources(tmp_path)
    rescan = scan_again(tmp_path)
    after = sources(tmp_path)
    assert [key for key in before if after[key] != before[key]] == [(rescan.code, rescan.name)]
    assert rescan.page_bytes == after[rescan.code, rescan.name].size < rescan.record_bytes
    assert rescan.touched == sum(page.district == rescan.district.name for page in after.values()) - 1


def test_more_records_are_all_different(tmp_path: Path) -> None:
    """Every page of a second batch is whole, has bytes of its own and a row; even the least batch weighs what the kill needs."""
    for district in DISTRICTS:
        size = more_records(tmp_path, district, RECORDS)
        pages = sources_of(tmp_path / district.name)
        assert size == sum(path.stat().st_size for path in pages) > 2 * demo.VISIBLE_BYTES
        assert len({path.read_bytes() for path in pages}) == len(pages) == RECORDS * PAGES_EACH
        (sheet,) = (tmp_path / district.name).glob("*/*.csv")
        rows = sheet.read_text("utf-8-sig").splitlines()
        assert {row.split(",")[0] for row in rows[1:]} == {path.parent.name for path in pages}


def sources_of(root: Path) -> list[Path]:
    """Page files below a folder."""
    return [path for path in root.rglob("*") if path.is_file() and path.suffix not in SHEETS]


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*/*/*.jpg"), key=str)[:4], ids=lambda path: path.parent.name)
def test_a_numbered_page_is_the_same_picture(sample: Path) -> None:
    """The comment gives a page bytes of its own and changes no pixel."""
    data = sample.read_bytes()
    marked = numbered(data, "第一页")
    assert marked != data
    with Image.open(io.BytesIO(data)) as old, Image.open(io.BytesIO(marked)) as new:
        assert new.tobytes() == old.tobytes()
        assert new.info["comment"].decode() == "第一页"


# ---------------------------------------------------------------- judgement


def page(text: str, district: str = "") -> Page:
    """A page whose digest is its text."""
    return Page(district, len(text), text)


SECRET = next(iter(HELD))
SCANS = {("A-1", "1.jpg"): page("one"), ("A-1", "2.jpg"): page("two"), (SECRET, "1.jpg"): page("secret")}
GOOD = {("A-1", "1.jpg"): page("one"), ("A-1", "2.jpg"): page("two")}


@pytest.mark.parametrize(
    ("hub", "equal", "lost", "mismatched", "leaked"),
    [
        (GOOD, 2, 0, 0, 0),
        ({}, 0, 2, 0, 0),
        ({("A-1", "1.jpg"): page("one")}, 1, 1, 0, 0),
        ({**GOOD, ("A-1", "2.jpg"): page("twO")}, 1, 0, 1, 0),
        ({**GOOD, ("A-1", "3.jpg"): page("extra")}, 2, 0, 1, 0),
        ({**GOOD, (SECRET, "9.jpg"): page("whatever")}, 2, 0, 0, 1),
        ({**GOOD, ("B-7", "1.jpg"): page("secret")}, 2, 0, 0, 1),
    ],
    ids=["good", "nothing", "one-lost", "one-differs", "one-extra", "held-by-code", "held-by-content"],
)
def test_comparison(hub: dict[tuple[str, str], Page], equal: int, lost: int, mismatched: int, leaked: int) -> None:
    """Each way in which a hub may be wrong is counted where it belongs, and only a whole and clean hub is good."""
    found = compare(SCANS, HELD.keys(), hub)
    assert (found.equal, len(found.lost), len(found.mismatched), len(found.leaked)) == (equal, lost, mismatched, leaked)
    assert found.good is (lost == mismatched == leaked == 0)


def test_an_export_is_checked_against_its_own_manifest(tmp_path: Path) -> None:
    """A line that lies, a file without a line and a line without a file are all named."""
    for name in ("甲", "乙", "丙"):
        (tmp_path / "A-1").mkdir(exist_ok=True)
        (tmp_path / "A-1" / name).write_text(name, "utf-8")
    found = exported(tmp_path)
    lines = {name: f"{found['A-1', name].sha256}  A-1/{name}\n" for name in ("甲", "乙", "丙")}
    (tmp_path / MANIFEST).write_text("".join(lines.values()), "utf-8")
    assert exported(tmp_path) == found
    assert manifest_differs(tmp_path, found) == []
    wrong = lines["甲"].replace(lines["甲"][:4], "0000", 1) + lines["乙"] + f"{'0' * 64}  A-1/丁\n"
    (tmp_path / MANIFEST).write_text(wrong, "utf-8")
    assert manifest_differs(tmp_path, found) == ["A-1/丁", "A-1/丙", "A-1/甲"]


def good_report() -> Report:
    """A small demo that went well: one record a node, the first one changed, both held records at the first node."""
    one, other = DISTRICTS
    scans = {
        ("A-1", "1.jpg"): page("old", one.name),
        ("B-1", "1.jpg"): page("thing", other.name),
        **{(code, "1.jpg"): page(code, one.name) for code in HELD},
    }
    findings = [
        {"code": reason, "path": f"{one.name}/{code}/1.jpg", "rule": "依据甲", "remedy": "办法乙"}
        for code, reason in HELD.items()
    ]
    well = {"ok": True, "findings": []}
    run = {"records": 1, "bytes_sent": 40, "receipted": 1, "opened": 1}
    status = {"records": 1, "pages": 1, "bytes_stored": 60, "quarantined": 0}
    nodes = (
        NodeRuns(one, (run, run), {**status, "quarantined": 2}, findings, well, 5),
        NodeRuns(other, (run,), status, [], well),
    )
    hub = {"nodes": [{"name": d.name, "records": 1, "pages": 1} for d in DISTRICTS]}
    return Report(
        nodes, hub, well, 120, Rescan(one, "A-1", "1.jpg", 30, 80, 0), {**run, "bytes_sent": 35}, Kill(5, 20, 15, 1.0, both_ran=True), scans,
        compare(scans, HELD.keys(), {key: p for key, p in scans.items() if key[0] not in HELD}), [], [("一步", 1.5), ("又一步", 2.0)],
    )  # fmt: skip


def with_node(report: Report, **change: object) -> Report:
    """The report with something else about its first node."""
    return dataclasses.replace(report, nodes=(dataclasses.replace(report.nodes[0], **change), *report.nodes[1:]))  # type: ignore[arg-type]


def test_figures_of_a_good_report() -> None:
    """A record with two versions counts once; bytes of a killed run count; the JSON sums both nodes."""
    report = good_report()
    assert not [check.what for check in checks(report) if not check.good]
    assert dataclasses.astuple(figures(report, report.nodes[0])) == ("和平区", 1, 1, 3, 85, 1, 1, 2)
    expected = {
        "records": 2,
        "pages": 2,
        "bytes_source": 8,
        "bytes_sent": 125,
        "receipted": 2,
        "opened": 2,
        "lost": 0,
        "mismatched": 0,
        "seconds": 3.5,
    }
    assert summary(report) == expected


@pytest.mark.parametrize(("spoil", "what"), [
    (lambda r: with_node(r, runs=r.nodes[0].runs[:1]), "回执"),
    (lambda r: with_node(r, runs=({**r.nodes[0].runs[0], "opened": 0}, r.nodes[0].runs[1])), "已验读"),
    (lambda r: with_node(r, status={**r.nodes[0].status, "records": 2}), "应到的件"),
    (lambda r: with_node(r, findings=r.nodes[0].findings[:1]), "待处理"),
    (lambda r: with_node(r, findings=[{**f, "code": "no-row"} for f in r.nodes[0].findings]), "待处理"),
    (lambda r: with_node(r, doctor={"ok": False}), "体检"),
    (lambda r: dataclasses.replace(r, hub_doctor={"ok": False}), "体检"),
    (lambda r: dataclasses.replace(r, hub_status={"nodes": r.hub_status["nodes"][:1]}), "一致"),
    (lambda r: dataclasses.replace(r, hub_object_bytes=121), "恰有一份"),
    (lambda r: dataclasses.replace(r, rescan_run={**r.rescan_run, "bytes_sent": 80}), "只送这一页"),
    (lambda r: dataclasses.replace(r, kill=dataclasses.replace(r.kill, both_ran=False)), "kill -9"),
    (lambda r: dataclasses.replace(r, kill=dataclasses.replace(r.kill, arrived=20)), "kill -9"),
    (lambda r: dataclasses.replace(r, kill=dataclasses.replace(r.kill, resumed=20)), "补传"),
    (lambda r: dataclasses.replace(r, comparison=compare(r.scans, HELD.keys(), {})), "丢失"),
    (lambda r: dataclasses.replace(r, manifest_faults=["A-1/1.jpg"]), "manifest"),
])  # fmt: skip
def test_nothing_wrong_goes_unseen(spoil: Any, what: str) -> None:
    """Each thing that may go wrong fails a check, and the page says which."""
    report = spoil(good_report())
    failed = [check.what for check in checks(report) if not check.good]
    assert any(what in text for text in failed)
    shown = page_of(report)
    assert all(f"不符：{text}" in shown for text in failed) and "全部如期" not in shown


# ---------------------------------------------------------------- the page


def page_of(report: Report) -> str:
    """What `show` prints where there is no terminal."""
    out = io.StringIO()
    demo_table.show(report, Console(file=out))
    return out.getvalue()


def test_the_page_is_plain_and_fits_80_columns() -> None:
    """Without a terminal there is no escape sequence, no line is wider than 80 columns, and the table's right edge is straight."""
    shown = page_of(good_report())
    lines = shown.splitlines()
    assert "\x1b" not in shown and "全部如期" in shown
    assert all(cell_len(line) <= demo_table.WIDTH for line in lines)
    edges = [line for line in lines if line[:1] in "╭│├╰" and line]
    assert len(edges) == 8 and {cell_len(line) for line in edges} == {demo_table.WIDTH}


@pytest.mark.parametrize(("size", "text"), [
    (0, "0 字节"), (999, "999 字节"), (1_000, "1.0 KB"), (27_889, "27.9 KB"), (999_949, "999.9 KB"), (1_000_000, "1.00 MB"),
    (5_950_239, "5.95 MB"), (12_345_678_901, "12,345.68 MB"),
])  # fmt: skip
def test_amount(size: int, text: str) -> None:
    """Sizes read as people write them."""
    assert demo_table.amount(size) == text


@given(st.text(st.sampled_from("档案馆，。（）a b1-·é"), max_size=120), st.integers(4, 40))
def test_folding_keeps_text_and_width(text: str, width: int) -> None:
    """No piece is wider than asked, and the pieces together are the text."""
    breaks = demo_table.fold_at(text, width)
    pieces = [text[a:b] for a, b in zip([0, *breaks], [*breaks, len(text)], strict=True)]
    assert "".join(pieces) == text and breaks == sorted(set(breaks))
    assert all(cell_len(piece) <= width for piece in pieces)


@pytest.mark.parametrize(("text", "width", "pieces"), [
    ("移到涉密机处理", 8, ["移到涉密", "机处理"]),
    ("移到涉密，处理", 8, ["移到涉", "密，处理"]),
    ("见 DA/T 70-2018 条", 12, ["见 DA/T ", "70-2018 条"]),
    ("（甲）乙丙", 8, ["（甲）乙", "丙"]),
])  # fmt: skip
def test_folding_reads_well(text: str, width: int, pieces: list[str]) -> None:
    """No line begins with a closing sign, and a word of Latin letters stays whole."""
    breaks = demo_table.fold_at(text, width)
    assert [text[a:b] for a, b in zip([0, *breaks], [*breaks, len(text)], strict=True)] == pieces
