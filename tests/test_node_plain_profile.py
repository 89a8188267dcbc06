"""Intake profiles without a layout: their 页数口径 and readiness hold for the plain `<档号>/页` too, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page, pages
from test_node_linking import read_by, told
from test_node_linking_changes import submit

from sync.sandbox import Sandbox

A, B = "J023-WS·2011·Y·BGS-0001", "J023-WS·2011·Y·BGS-0002"
FRONT = {"000封面.jpg": page(90), "ML001.jpg": page(91), "BK001.jpg": page(92)}


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def test_the_page_rule_holds_without_a_layout(work: NodeAtWork) -> None:
    """Covers, contents and end notes that 页数 leaves out are sealed in their places and not counted; without the rule the record waits."""
    work.scans.put(A, {**pages(2), **FRONT})
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    assert work.versions() == []
    read_by(work, "[pages]\ncover = false\ncontents = false\nendnote = false")
    result = work.intake()
    assert (result.records, result.pages, work.findings()) == (1, 2, [])
    assert list(work.current()[A]) == ["000封面.jpg", "ML001.jpg", "0001.jpg", "0002.jpg", "BK001.jpg"]


def test_a_marker_finishes_a_plain_folder(work: NodeAtWork) -> None:
    """Until the marker stands nothing is sealed or asked; file and folder are no pages, and a folder 已完成 above says it as well."""
    read_by(work, '[ready]\nwhen = "marker"\nmarkers = ["扫完.txt"]')
    work.scans.put(A, pages(2))
    work.scans.put(B, pages(3, 1))
    work.scans.put("已完成/J023-WS·2011·Y·BGS-0003", pages(1, 2))
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "2"}, "J023-WS·2011·Y·BGS-0003": {"页数": "1"}})
    work.intake()
    assert (list(work.current()), work.findings()) == (["J023-WS·2011·Y·BGS-0003"], [])
    work.scans.put(A, {"扫完.txt": b""})
    (work.scans.root / B / "完成").mkdir()
    work.intake()
    assert list(work.current()[A]) == ["0001.jpg", "0002.jpg"]
    assert work.findings() == [("page-count-differs", f"扫描/{B}")]
    assert told(work, "page-count-differs")[0].endswith("（目录 2 页，实有 3 页）")


def test_submission_finishes_plain_folders(work: NodeAtWork) -> None:
    """A delivery that is finished by its submission is not judged before."""
    read_by(work, '[ready]\nwhen = "submitted"')
    work.scans.put(A, pages(2))
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    assert (work.versions(), work.findings()) == ([], [])
    submit(work)
    work.intake()
    assert list(work.current()) == [A]


def test_the_profile_of_a_folder_below_its_delivery_holds(work: NodeAtWork) -> None:
    """A profile may be given to a folder whose sheet lies above it; its neighbour keeps the plain rules."""
    read_by(work, "[pages]\ncover = false", delivery="扫描/甲站")
    work.scans.put(f"甲站/{A}", {**pages(2), "000封面.jpg": page(90)})
    work.scans.put(f"乙站/{B}", {**pages(2, 1), "000封面.jpg": page(91)})
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "3"}})
    work.intake()
    assert (sorted(work.current()), work.findings()) == ([A, B], [])


def test_folders_that_only_a_layout_reads_are_told_so(work: NodeAtWork) -> None:
    """重扫, 正卷 and TIFF in a delivery without a layout wait with the way out, and a layout of one line takes them in."""
    work.scans.put(A, pages(2))
    work.scans.put(f"重扫/{A}", {"0002.jpg": page(50)})
    work.scans.put(f"{B}/正卷", pages(1, 60))
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "1"}})
    work.intake()
    assert list(work.current()) == [A]
    assert {code: told(work, code)[0].partition("：")[2] for code in ("folder-twice", "no-row")} == {
        "folder-twice": f"同一档号有两个文件夹（扫描/{A}；“重扫”要按接收方案归拢：用 node profile propose 给批次定一个方案）",
        "no-row": "有图无目（待目录）（“正卷”要按接收方案归拢：用 node profile propose 给批次定一个方案）",
    }
    read_by(work, '[layout]\nkind = "folders"')
    work.intake()
    assert (work.findings(), work.current()[A]["0002.jpg"], list(work.current()[B])) == ([], page(50), ["正卷／0001.jpg"])
