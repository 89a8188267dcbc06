"""Single pages of files of many pages: drawn, judged, named in the notice; and a replacement says which file must come again."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from PIL import Image
from scan_tree import page
from test_node_linking import pdf

from holdings import quarantine
from holdings.findings import Finding, FindingCode
from holdings.reference_code import match_key
from holdings.table import open_tables
from node.errors import ConfigurationWrong
from node.service import Service
from sync.sandbox import Sandbox

A, BATCH = "J023-WS·2011·Y·BGS-0001", "扫描"


def tiff(frames: int) -> bytes:
    """A TIFF of so many pages."""
    out = io.BytesIO()
    first, *rest = (Image.new("1", (24, 24), n % 2) for n in range(frames))
    first.save(out, "TIFF", save_all=True, append_images=rest, compression="group4")
    return out.getvalue()


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with one sealed record: a PDF of three pages, a TIFF of two, a JPEG."""
    made = make(tmp_path, sandbox)
    made.scans.put(A, {"01正文.pdf": pdf(3), "02附件.tif": tiff(2), "03.jpg": page(1)})
    made.scans.rows({A: {"页数": "6"}})
    made.intake()
    return made


def test_pages_within_files_are_drawn_and_named(work: NodeAtWork, tmp_path: Path) -> None:
    """Each of six pages is drawn by itself, the same ones by the same seed; the notice says which file must come again."""
    with work.opened() as engine:
        service = Service(engine)
        drawn = service.sample_draw(name=BATCH, by="张三", seed="20261122", rate="100%")
        assert [(one["file"], one["number"]) for one in drawn["list"]] == [
            ("01正文.pdf", 1), ("01正文.pdf", 2), ("01正文.pdf", 3), ("02附件.tif", 1), ("02附件.tif", 2), ("03.jpg", 0),
        ]  # fmt: skip
        assert drawn["population_pages"] == 6
        service.sample_verdict(number=1, positions=[2], verdict="failed", by="张三", fault="T01")
        service.sample_export(number=1, destination=str(tmp_path / "通知.xlsx"), only_failed=True)
        service.sample_export(number=1, destination=str(tmp_path / "抽检单.xlsx"))
        assert service.sample_import(file=str(tmp_path / "抽检单.xlsx"))["changed"] == 0
    rows = [row.cells for table in open_tables("通知.xlsx", (tmp_path / "通知.xlsx").read_bytes()).tables for row in table.rows]
    assert [cells[2] for cells in rows if len(cells) > 2 and cells[1] == A] == ["01正文.pdf 第 2 页（重交整份 01正文.pdf）"]


def test_a_page_within_a_file_is_replaced_with_the_whole_file(work: NodeAtWork, tmp_path: Path) -> None:
    """A single image for one page of a PDF would lose the others: it is refused, the remedy names the file, the whole file is taken."""
    found = Finding(FindingCode.UPSIDE_DOWN, match_key(A), f"{A}/01正文.pdf#2", A)
    assert found.remedy.endswith("第 2 页在“01正文.pdf”内，换页须重交整份文件")
    (tmp_path / "0002.jpg").write_bytes(page(7))
    (tmp_path / "新.pdf").write_bytes(pdf(3))
    with work.opened() as engine:
        service = Service(engine)
        with engine.home.database.transaction() as connection:
            number = quarantine.put(connection, Finding(FindingCode.UPSIDE_DOWN, match_key(A), found.path, A), 1)
        with pytest.raises(ConfigurationWrong, match="整份"):
            service.quarantine_replace(number=number, file=str(tmp_path / "0002.jpg"), by="张三")
        service.quarantine_replace(number=number, file=str(tmp_path / "新.pdf"), by="张三")
    work.intake()
    assert work.current()[A]["01正文.pdf"] == (tmp_path / "新.pdf").read_bytes()
