"""Evidence verified at a node: what matches, differs, lacks, is unlisted, and what must not be read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page, pages, sheet

from node.errors import ConfigurationWrong
from node.service import Service
from sync.sandbox import Sandbox

CODES = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 4)]
A, B, C = CODES
BATCH = "第03批_20231018"
NAME = f"扫描/{BATCH}"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def deliver(work: NodeAtWork, counts: dict[str, int], marks: dict[str, str] | None = None, data: str = "", rows: str = "") -> None:
    """A batch folder with its sheet and a folder a record; `data` and `rows` are folders between."""
    said = {code: {"页数": str(n), "密级": (marks or {}).get(code, "")} for code, n in counts.items()}
    work.scans.put(f"{BATCH}{rows}", {"目录.csv": sheet(said)})
    for seed, (code, count) in enumerate(counts.items(), 1):
        work.scans.put(f"{BATCH}{data}/{code}", pages(count, seed))


def listing(work: NodeAtWork, algorithm: str = "md5", style: str = "{digest}  {path}", separator: str = "/") -> str:
    """A list of digests of everything in the batch, as its maker's tool writes it."""
    root = work.scans.root / BATCH
    lines = []
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        digest = hashlib.new(algorithm, file.read_bytes(), usedforsecurity=False).hexdigest()
        lines.append(style.format(digest=digest, path=str(file.relative_to(root)).replace("/", separator)))
    return "\r\n".join(lines)


def put(work: NodeAtWork, name: str, text: str, encoding: str = "utf-8") -> None:
    """A text file beside the data."""
    (work.scans.root / BATCH / name).write_bytes(text.encode(encoding))


def verify(work: NodeAtWork, name: str = NAME, folder: str | None = None) -> dict[str, Any]:
    """Verify the evidence."""
    with work.opened() as engine:
        return Service(engine).delivery_evidence(name, folder)


def waiting(work: NodeAtWork) -> list[tuple[str, str]]:
    """What waits, without the name of the batch."""
    return [(code, path.removeprefix(f"{NAME}/")) for code, path in work.findings()]


@pytest.mark.parametrize(
    ("algorithm", "name", "style", "separator", "encoding"),
    [
        ("md5", "MD5.txt", "{digest} *{path}", "\\", "gb18030"),
        ("sha256", "SHA256SUMS", "{digest}  ./{path}", "/", "utf-8"),
        ("sm3", "批次.sm3", "SM3 ({path}) = {digest}", "/", "utf-8"),
        ("sm3", "hash.txt", "{digest}  {path}", "/", "utf-8"),
        ("md5", "校验清单.csv", "D:\\交付\\第03批_20231018\\{path},{digest}", "\\", "utf-8-sig"),
        ("sha1", "checksum.txt", "{path}\t{digest}", "/", "utf-16"),
    ],
)
def test_a_true_list_agrees_in_every_notation(
    work: NodeAtWork, algorithm: str, name: str, style: str, separator: str, encoding: str
) -> None:
    """Every file is found again and equal; evidence is neither a sheet, nor superfluous, nor unlisted; nothing waits."""
    deliver(work, {A: 2, B: 3})
    put(work, name, listing(work, algorithm, style, separator), encoding)
    work.intake()
    report = verify(work)
    assert (report["ok"], report["counts"]) == (True, {"matched": 6})
    assert waiting(work) == []
    assert len(work.versions()) == 2


def test_differences_are_told_by_file(work: NodeAtWork) -> None:
    """A file changed on the way, one that lacks, one that nobody listed: each is a finding of its own, which goes when it is mended."""
    deliver(work, {A: 2, B: 3})
    text = listing(work).replace("目录.csv", "目录(1).csv")
    put(work, "MD5.txt", text)
    work.scans.put(f"{BATCH}/{A}", {"0002.jpg": page(99)})
    work.intake()
    report = verify(work)
    assert report["counts"] == {"matched": 4, "differs": 1, "missing": 1, "unlisted": 1}
    assert waiting(work) == [("evidence-differs", f"{A}/0002.jpg"), ("evidence-missing", "目录(1).csv"), ("evidence-unlisted", "目录.csv")]
    (work.scans.root / BATCH / "MD5.txt").unlink()
    put(work, "MD5.txt", listing(work))
    assert verify(work)["counts"] == {"matched": 6}
    assert waiting(work) == []


def test_no_file_that_the_gate_holds_is_read_or_named(work: NodeAtWork) -> None:
    """Files of a classified record are counted as withheld: not opened, and named neither in report nor findings, even when they lack."""
    deliver(work, {A: 2, B: 2, C: 1}, {B: "机密"})
    text = listing(work)
    put(work, "MD5.txt", text)
    work.scans.put(f"{BATCH}/{B}", {"0001.jpg": page(98), "0003.jpg": page(97)})
    (work.scans.root / BATCH / B / "0002.jpg").unlink()
    work.intake()
    report = verify(work)
    assert report["counts"] == {"matched": 4, "withheld": 3}
    assert B not in str({**report, "text": ""})
    assert not any(code.startswith("evidence") for code, _ in waiting(work))


def test_declared_totals_are_compared(work: NodeAtWork) -> None:
    """What the note says of records, pages, files and bytes is set beside what was found; papers that no program reads ask a person."""
    deliver(work, {A: 2, B: 3})
    size = sum(path.stat().st_size for path in (work.scans.root / BATCH).rglob("*.jpg"))
    put(work, "说明文件.TXT", f"批次号：第03批\r\n加工单位：恒信\r\n总件数：2\r\n总页数：5\r\n文件数：5\r\n总字节数：{size:,}\r\n", "gb18030")
    work.intake()
    report = verify(work)
    assert (report["ok"], report["fields"]["加工单位"], [one["agrees"] for one in report["totals"]]) == (True, "恒信", [True] * 4)
    put(work, "说明文件.TXT", "总件数：3\r\n总页数：5\r\n")
    put(work, "移交清单.pdf", "%PDF-1.4")
    report = verify(work)
    assert report["ok"] is False
    assert waiting(work) == [("evidence-unreadable", "移交清单.pdf"), ("total-differs", "说明文件.TXT#件数")]
    with work.opened() as engine:
        text = Service(engine).delivery_report(NAME)["text"]
    assert "不符  件数：声明 3，实有 目录 2、已加封 2" in text
    assert "移交清单.pdf" in text


def test_a_batch_with_folders_for_rows_and_data(work: NodeAtWork) -> None:
    """第03批/{目录, 数据, MD5.txt}: the delivery is the folder around its sheets."""
    deliver(work, {A: 2, B: 3}, data="/数据", rows="/目录")
    put(work, "MD5.txt", listing(work))
    work.intake()
    work.intake()
    with work.opened() as engine:
        names = [one["name"] for one in Service(engine).deliveries()["deliveries"]]
    found = [name for name in names if name.endswith("目录") or name == NAME]
    assert verify(work, found[0])["counts"] == {"matched": 6}


def test_a_folder_that_is_none_is_said(work: NodeAtWork, tmp_path: Path) -> None:
    """Only what lies in the scan folders was judged by the gate; elsewhere nothing is verified."""
    deliver(work, {A: 1})
    work.intake()
    with pytest.raises(ConfigurationWrong, match="扫描文件夹"):
        verify(work, folder=str(tmp_path))


@pytest.mark.parametrize("data", [b"", bytes(range(256)), b"\xff\xfe\x00", "没有摘要".encode()])
def test_a_list_that_cannot_be_read_asks_a_person(work: NodeAtWork, data: bytes) -> None:
    """It is one finding that names the file, and nothing else is held up."""
    deliver(work, {A: 1})
    (work.scans.root / BATCH / "MD5.txt").write_bytes(data)
    assert work.intake().records == 1
    assert verify(work)["ok"] is False
    assert waiting(work) == [("evidence-unreadable", "MD5.txt")]


def test_the_four_property_report_compares_with_the_papers(work: NodeAtWork, tmp_path: Path) -> None:
    """What the papers declare is what GD-2-1 and GD-2-2 of the delivery's check report are compared with."""
    deliver(work, {A: 2, B: 3})
    size = sum(path.stat().st_size for path in (work.scans.root / BATCH).rglob("*.jpg"))
    put(work, "说明文件.TXT", f"总件数：2\r\n总字节数：{size}\r\n")
    work.intake()
    verify(work)
    with work.opened() as engine:
        service = Service(engine)
        service.check_run(delivery_name=NAME, images=False)
        service.check_report(destination=str(tmp_path / "报告"), delivery_name=NAME)
    (file,) = (tmp_path / "报告").glob("*.json")
    made = json.loads(file.read_text("utf-8"))
    checks = {one["code"]: (one["verdict"], one["detail"]) for one in made["checks"]}
    assert checks["GD-2-1"][0] == checks["GD-2-2"][0] == "通过", (checks["GD-2-1"], checks["GD-2-2"])
