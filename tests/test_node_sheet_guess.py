"""Sheets of a delivery whose names do not say so, a delivery's own folder, and totals that are compared again."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import pages, sheet
from test_node_linking import read_by

from holdings import delivery
from node.service import Service
from sync.sandbox import Sandbox

A, B = "J023-2-0001-001", "J023-2-0001-002"
ROWS = {A: {"页数": "1"}, B: {"页数": "1"}}


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile, with the pages of two records."""
    made = make(tmp_path, sandbox)
    made.scans.put(f"第03批/{A}", pages(1))
    made.scans.put(f"第03批/{B}", pages(1, 1))
    return made


def html(text: str) -> bytes:
    """The sheet as a page, as office systems export it."""
    lines = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in line.split(','))}</tr>" for line in text.splitlines()]
    return f"<html><meta charset=utf-8><table>{''.join(lines)}</table></html>".encode()


@pytest.mark.parametrize("name", ["目录数据.txt", "导出.htm"])
@pytest.mark.parametrize("layout", [False, True])
def test_a_table_is_a_sheet_whatever_it_is_called(work: NodeAtWork, name: str, layout: bool) -> None:
    """Text and pages with known columns are imported with their delivery; a note beside them stays a superfluous file."""
    if layout:
        read_by(work, '[layout]\nkind = "folders"')
    text = sheet(ROWS)
    work.scans.put("第03批", {name: text if name.endswith("txt") else html(text.decode("utf-8-sig")), "联系人.txt": "档号请见目录，题名略。\n".encode()})
    work.intake()
    assert sorted(work.current()) == [A, B]
    assert [path.rpartition("/")[2] for code, path in work.findings() if code == "superfluous"] == ["联系人.txt"]


def test_nothing_within_a_record_is_taken_for_a_sheet(work: NodeAtWork) -> None:
    """A text page that holds a table stays a page of its record."""
    work.scans.put("第03批", {"目录.csv": sheet({A: {"页数": "2"}, B: {"页数": "1"}})})
    work.scans.put(f"第03批/{A}", {"0002.txt": sheet(ROWS)})
    work.intake()
    assert sorted(work.current()[A]) == ["0001.jpg", "0002.txt"]


def test_an_import_by_hand_leaves_the_delivery_its_folder(work: NodeAtWork, tmp_path: Path) -> None:
    """`catalogue import --delivery` adds rows to a delivery that came in a folder; where that lies is still known."""
    work.scans.put("第03批", {"目录.csv": sheet({A: {"页数": "1"}})})
    work.intake()
    (tmp_path / "补.csv").write_bytes(sheet({B: {"页数": "1"}}))
    with work.opened() as engine:
        before = delivery.fetch(engine.home.database.read(), "扫描/第03批").folder
        Service(engine).catalogue_import(files=[str(tmp_path / "补.csv")], delivery_name="扫描/第03批")
        assert before
        assert delivery.fetch(engine.home.database.read(), "扫描/第03批").folder == before


def test_totals_are_compared_again_after_renumbering(work: NodeAtWork, tmp_path: Path) -> None:
    """A run of codes that lacked one is complete once that one has its right code, without another import."""
    work.scans.put("第03批", {"目录.csv": sheet({A: {"页数": "1"}, "J023-2-0009-001": {"页数": "1"}})})
    work.scans.put("第03批", {"移交清册.csv": "序号,全宗号,目录号,起止案卷号,件数\n1,J023,2,0001-0001,2\n".encode()})
    work.intake()
    assert [code for code, _ in work.findings() if code == "total-differs"] == ["total-differs"]
    (tmp_path / "改号.csv").write_text(f"原档号,新档号\nJ023-2-0009-001,{B}\n", "utf-8")
    with work.opened() as engine:
        assert Service(engine).renumber(sheet=str(tmp_path / "改号.csv"))["changed"] == 1
    assert [code for code, _ in work.findings() if code == "total-differs"] == []
