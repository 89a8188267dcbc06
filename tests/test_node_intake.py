"""Intake: what a technician drops comes out of the sealed deltas byte for byte, and a change sends what is new alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page, pages, sheet

from node.report import status
from node.service import Service
from sync.sandbox import Sandbox

A, B, C = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002", "J001-2-0145-003"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def test_everything_dropped_is_sealed_byte_for_byte(work: NodeAtWork) -> None:
    """Records of several formats come out of the sealed delta as they lay in the folder, in one delta, with their rows."""
    dropped = work.scans.delivery({A: 3, B: 2})
    dropped[C] = {
        "001.tif": page(7, "tiff"), "002.png": page(8, "png"), "说明.txt": "同时归档".encode() * 900, "大.jpg": page(9) + os.urandom(9 << 20) + b"\xff\xd9",
    }  # fmt: skip
    work.scans.put(C, dropped[C])
    work.scans.rows({A: {"页数": "3"}, B: {"页数": "2"}, C: {"页数": "4", "题名": "关于春节放假的通知"}})
    result = work.intake()
    made = work.versions()
    assert {v.code: v.files for v in made} == dropped
    assert {v.seq for v in made} == {1}
    assert next(v for v in made if v.code == C).elements["题名"] == "关于春节放假的通知"
    assert (result.records, result.pages, result.deltas, result.quarantined) == (3, 9, 1, 0)
    assert result.bytes_source == sum(len(data) for files in dropped.values() for data in files.values())


def test_sources_are_never_touched(work: NodeAtWork) -> None:
    """Intake leaves names, bytes, times and rights of the scan folder as they were."""
    work.scans.delivery({A: 2})

    def facts() -> list[tuple[str, int, int, int, bytes]]:
        return [
            (str(p), p.stat().st_mtime_ns, p.stat().st_mode, p.stat().st_ino, p.read_bytes() if p.is_file() else b"")
            for p in sorted(work.scans.root.rglob("*"))
        ]

    before = facts()
    work.intake()
    assert facts() == before


def test_nothing_new_seals_nothing(work: NodeAtWork) -> None:
    """A second look at equal folders makes no delta and no object."""
    work.scans.delivery({A: 2})
    work.intake()
    objects = sorted(p.name for p in (work.path / "objects").rglob("*") if p.is_file())
    again = work.intake()
    assert (again.deltas, again.records) == (0, 0)
    assert sorted(p.name for p in (work.path / "objects").rglob("*") if p.is_file()) == objects


def test_a_touch_is_no_event(work: NodeAtWork) -> None:
    """New times and a new inode over equal bytes make no version and no finding, and are remembered."""
    files = work.scans.delivery({A: 2})[A]
    work.intake()
    os.utime(work.scans.root / A / "0001.jpg", (1, 1))
    copy = work.scans.root / A / "copy.tmp"
    copy.write_bytes(files["0002.jpg"])
    copy.replace(work.scans.root / A / "0002.jpg")
    assert work.intake().deltas == 0
    assert [v.version for v in work.versions()] == [1]
    assert work.findings() == []
    with work.opened() as engine:
        kept = engine.home.database.read().execute("SELECT name, mtime_ns FROM source ORDER BY name").fetchall()
    assert kept[0] == ("0001.jpg", 1_000_000_000)


def test_a_changed_page_sends_its_new_bytes_alone(work: NodeAtWork) -> None:
    """A page scanned again makes version 2 that lists all pages and brings only the new one."""
    files = work.scans.delivery({A: 3})[A]
    work.intake()
    work.scans.put(A, {"0002.jpg": page(777)})
    work.intake()
    last = work.versions()[-1]
    assert (last.version, last.files) == (2, {**files, "0002.jpg": page(777)})
    assert last.new_bytes == len(page(777))


def test_added_and_inserted_pages_stand_in_their_place(work: NodeAtWork) -> None:
    """A page added at the end and one inserted between two make a version in page order that brings these two alone."""
    files = work.scans.delivery({A: 2})[A]
    work.intake()
    work.scans.put(A, {"0003.jpg": page(51), "0001-1.jpg": page(52)})
    work.scans.rows({A: {"页数": "4"}})
    work.intake()
    last = work.versions()[-1]
    assert list(last.files) == ["0001.jpg", "0001-1.jpg", "0002.jpg", "0003.jpg"]
    assert last.files == {**files, "0003.jpg": page(51), "0001-1.jpg": page(52)}
    assert last.new_bytes == len(page(51)) + len(page(52))


def test_renamed_pages_send_no_bytes(work: NodeAtWork) -> None:
    """Pages that all move one number up make a version without a byte of image."""
    work.scans.delivery({A: 2})
    work.intake()
    folder = work.scans.root / A
    (folder / "0002.jpg").rename(folder / "0003.jpg")
    (folder / "0001.jpg").rename(folder / "0002.jpg")
    work.intake()
    first, last = work.versions()
    assert list(last.files.values()) == list(first.files.values())
    assert (list(last.files), last.new_bytes) == (["0002.jpg", "0003.jpg"], 0)
    assert work.findings() == [("page-missing", "扫描/" + A)]


def test_a_vanished_page_asks_and_a_waiver_makes_the_version(work: NodeAtWork) -> None:
    """A page gone from a living record is a question; only a person's reason makes a version without it."""
    files = work.scans.delivery({A: 3})[A]
    work.intake()
    (work.scans.root / A / "0003.jpg").unlink()
    work.scans.rows({A: {"页数": "2"}})
    assert work.intake().deltas == 0
    assert ("page-vanished", f"扫描/{A}/0003.jpg") in work.findings()
    work.waive("page-vanished")
    work.intake()
    del files["0003.jpg"]
    last = work.versions()[-1]
    assert (last.version, last.files, last.new_bytes) == (2, files, 0)
    assert work.findings() == []


def test_a_vanished_page_that_comes_back_answers_itself(work: NodeAtWork) -> None:
    """The question about a vanished page is closed when the file is put back, and no version is made."""
    files = work.scans.delivery({A: 2})[A]
    work.intake()
    (work.scans.root / A / "0002.jpg").unlink()
    work.intake()
    assert "page-vanished" in {code for code, _ in work.findings()}
    work.scans.put(A, {"0002.jpg": files["0002.jpg"]})
    work.intake()
    assert work.findings() == []
    assert len(work.versions()) == 1


def test_a_changed_row_makes_a_version_without_bytes(work: NodeAtWork) -> None:
    """A corrected title travels as a version that brings no image byte; the other record stays as it is."""
    work.scans.delivery({A: 2, B: 1})
    work.intake()
    work.scans.rows({A: {"页数": "2", "题名": "更正后的题名"}, B: {"页数": "1"}})
    work.intake()
    last = work.versions()[-1]
    assert (last.code, last.version, last.elements["题名"], last.new_bytes) == (A, 2, "更正后的题名", 0)
    assert len(work.versions()) == 3


def test_a_whole_folder_gone_is_information(work: NodeAtWork) -> None:
    """A record whose folder was taken away stays sealed without a question, and its return makes no version."""
    files = work.scans.delivery({A: 2, B: 1})[A]
    work.intake()
    shutil.rmtree(work.scans.root / A)
    work.intake()
    assert work.findings() == []
    with work.opened() as engine:
        assert status(engine.home, work.clock)["sources_gone"] == 1
    work.scans.put(A, files)
    assert work.intake().deltas == 0
    assert len(work.versions()) == 2


def test_a_record_folder_moved_elsewhere_is_the_same_record(work: NodeAtWork) -> None:
    """A folder moved into a subfolder keeps its record: no second record, no byte, no question that stays."""
    work.scans.delivery({A: 2})
    work.intake()
    (work.scans.root / "归还").mkdir()
    (work.scans.root / A).rename(work.scans.root / "归还" / A)
    work.intake()
    work.intake()
    assert work.findings() == []
    assert len(work.versions()) == 1


@pytest.mark.parametrize("both_new", [True, False])
def test_two_folders_of_one_code_make_one_record(work: NodeAtWork, both_new: bool) -> None:
    """Of two folders of one code the first stands and the second waits for a person; taking one away answers it."""
    files = work.scans.delivery({A: 2})[A]
    if not both_new:
        work.intake()
    work.scans.put(f"补扫/{A}", pages(2, 9))
    work.intake()
    work.intake()
    assert [(v.code, v.files) for v in work.versions()] == [(A, files)]
    assert work.findings() == [("folder-twice", f"扫描/补扫/{A}")]
    shutil.rmtree(work.scans.root / "补扫")
    work.intake()
    assert work.findings() == []
    assert len(work.versions()) == 1


def test_a_delivery_in_a_subfolder_has_its_own_name_and_sheet(work: NodeAtWork) -> None:
    """A subfolder with a sheet is a delivery of its own: its sheet is read and its records bear its name."""
    work.scans.put("第03批", {"目录.csv": sheet({A: {"页数": "1"}})})
    files = work.scans.record(f"第03批/{A}", 1)
    work.intake()
    assert work.current() == {A: files}
    with work.opened() as engine:
        names = [d["name"] for d in Service(engine).deliveries()["deliveries"]]
    assert names == ["扫描/第03批"]


def test_a_sheet_inside_a_record_folder_is_a_page(work: NodeAtWork) -> None:
    """A spreadsheet among the pages of a record is sealed with them, not imported."""
    files = {**pages(1), "附表.csv": sheet({B: {}})}
    work.scans.put(A, files)
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    assert work.current() == {A: files}
