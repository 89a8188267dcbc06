"""Bad files and unfinished records: each waits with its reason and remedy, nothing is lost, nothing else is held up."""

from __future__ import annotations

import io
import os
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, findings, make
from pypdf import PdfWriter
from scan_tree import page

from node.folders import STALE_S
from node.report import status
from node.service import Service
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def pdf(count: int) -> bytes:
    """A PDF of so many blank pages."""
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(count):
        writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def huge_png() -> bytes:
    """A small PNG that claims 100,000 × 100,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def bomb() -> bytes:
    """An OFD-like archive whose one member inflates a thousandfold."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("OFD.xml", bytes(80 << 20))
    return out.getvalue()


BAD = {
    "empty": ("0002.jpg", b"", "empty-file"),
    "truncated jpeg": ("0002.jpg", page(2, edge=300)[:-400], "truncated"),
    "truncated tiff": ("0002.tif", page(2, "tiff")[:100], "truncated"),
    "truncated png": ("0002.png", page(2, "png")[:-20], "truncated"),
    "truncated pdf": ("0002.pdf", pdf(1)[:-40], "truncated"),
    "too many pixels": ("0002.png", huge_png(), "too-large"),
    "bomb": ("0002.ofd", bomb(), "bomb"),
    "broken pdf": ("0002.pdf", b"%PDF-1.4\nnothing here\n%%EOF\n", "unreadable"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_page_stops_its_record_alone(work: NodeAtWork, case: str) -> None:
    """A page that cannot be a page holds its record with the rule and what to do; the neighbour is sealed; a good copy goes on."""
    name, data, code = BAD[case]
    work.scans.delivery({A: 1, B: 1})
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "1"}})
    work.scans.put(A, {name: data})
    result = work.intake()
    assert (result.records, result.quarantined) == (1, 1)
    with work.opened() as engine:
        [item] = Service(engine).quarantine_list()["items"]
    assert (item["code"], item["path"], item["ref"], item["severity"]) == (code, f"扫描/{A}/{name}", A, "错误")
    assert item["rule"]
    assert item["remedy"]
    (work.scans.root / A / name).unlink()
    work.scans.put(A, {"0002.jpg": page(5)})
    assert work.intake().records == 1
    assert work.findings() == []


def test_a_file_without_rights_waits_until_it_may_be_read(work: NodeAtWork, no_override: None) -> None:
    """A page that the service may not read holds the record; with the right given, the record is sealed."""
    files = work.scans.delivery({A: 2})
    (work.scans.root / A / "0002.jpg").chmod(0)
    assert work.intake().records == 0
    assert work.findings() == [("unreadable", f"扫描/{A}/0002.jpg")]
    (work.scans.root / A / "0002.jpg").chmod(0o640)
    with work.opened() as engine:
        Service(engine).quarantine_retry(Service(engine).quarantine_list()["items"][0]["id"], "张三")
    work.intake()
    assert (work.current(), work.findings()) == (files, [])


def test_a_folder_without_rights_is_said_and_counts_as_there(work: NodeAtWork, no_override: None) -> None:
    """A record folder, then a whole scan folder, that may not be read: a finding each, and no record is taken for gone."""
    files = work.scans.delivery({A: 2})
    work.intake()
    (work.scans.root / A).chmod(0)
    work.intake()
    assert work.findings() == [("unreadable", f"扫描/{A}")]
    (work.scans.root / A).chmod(0o750)
    work.scans.root.chmod(0)
    work.intake()
    assert ("unreadable", "扫描") in work.findings()
    work.scans.root.chmod(0o750)
    work.intake()
    assert work.findings() == []
    with work.opened() as engine:
        assert status(engine.home, work.clock)["sources_gone"] == 0
    assert work.current() == files


def test_a_scan_folder_that_is_away_is_said_and_comes_back(work: NodeAtWork) -> None:
    """When the share is not mounted nothing counts as gone; mounted again, everything is as before."""
    work.scans.delivery({A: 2, B: 1})
    work.scans.put(B, {"0001.jpg": b""})
    work.intake()
    before = work.findings()
    away = work.scans.root.with_name("away")
    work.scans.root.rename(away)
    work.intake()
    assert work.findings() == sorted([*before, ("unreadable", "扫描")])
    away.rename(work.scans.root)
    assert work.intake().deltas == 0
    assert work.findings() == before


def test_unusual_names_are_sealed_as_they_are(work: NodeAtWork) -> None:
    """Spaces, emoji, either Unicode form, 255 bytes and quotation marks come out unchanged."""
    names = ["第 1 页.jpg", "🀄‍页.jpg", unicodedata.normalize("NFD", "café2.jpg"), "a" * 251 + ".jpg", "中" * 83 + "a.jpg", "-rf '\"$(x)`.jpg", "..5.jpg"]
    files = {name: page(n) for n, name in enumerate(names)}
    work.scans.put(A, files)
    work.scans.rows({A: {"页数": str(len(files) - 1)}})
    del files["..5.jpg"]  # a hidden name is litter of the system, not a page
    assert len(max(names, key=lambda n: len(n.encode())).encode()) == 255
    work.intake()
    assert work.current() == {A: files}


TWINS = {
    "NFC and NFD": (unicodedata.normalize("NFC", "é1.jpg"), unicodedata.normalize("NFD", "é1.jpg")),
    "letter case": ("Page1.JPG", "page1.jpg"),
}


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
def test_names_that_fall_together_elsewhere_hold_the_record(work: NodeAtWork, twin: tuple[str, str]) -> None:
    """Two files that one name would stand for on other systems are a question, never one overwriting the other."""
    work.scans.put(A, {twin[0]: page(1), twin[1]: page(2)})
    work.scans.rows({A: {"页数": "2"}})
    assert work.intake().records == 0
    assert [code for code, _ in work.findings()] == ["name-twin"]
    (work.scans.root / A / twin[1]).rename(work.scans.root / A / "2.jpg")
    assert work.intake().records == 1
    assert work.findings() == []


def test_names_that_are_no_text_hold_the_record(work: NodeAtWork) -> None:
    """A page whose name is not UTF-8 is shown legibly and holds its record."""
    work.scans.delivery({A: 1})
    Path(os.fsdecode(os.fsencode(work.scans.root / A) + b"/\xc4\xe3.jpg")).write_bytes(page(1))
    assert work.intake().records == 0
    assert work.findings() == [("name-not-utf8", f"扫描/{A}/\\xc4\\xe3.jpg")]


def test_links_and_pipes_are_said_and_hold_nothing_up(work: NodeAtWork, tmp_path: Path) -> None:
    """A link and a pipe among the pages are refused and said; the record's own pages are sealed without them."""
    files = work.scans.delivery({A: 2})
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(page(99))
    (work.scans.root / A / "0003.jpg").symlink_to(outside)
    os.mkfifo(work.scans.root / A / "0004.jpg")
    assert work.intake().records == 1
    assert work.current() == files
    assert work.findings() == [("not-a-file", f"扫描/{A}/0004.jpg"), ("symlink", f"扫描/{A}/0003.jpg")]
    assert work.intake().deltas == 0


def test_a_record_is_scanning_until_its_pages_are_there(work: NodeAtWork) -> None:
    """Fewer pages than the row declares: visible as 扫描中, no finding, not sealed; the last page seals it."""
    work.scans.delivery({A: 2})
    work.scans.rows({A: {"页数": "3"}})
    work.intake()
    with work.opened() as engine:
        assert status(engine.home, work.clock)["scanning"] == 1
    assert (work.findings(), work.versions()) == ([], [])
    work.scans.put(A, {"0003.jpg": page(3)})
    assert work.intake().records == 1


@pytest.mark.parametrize("count", [1, 3])
def test_after_a_quiet_day_a_wrong_count_is_asked(work: NodeAtWork, count: int) -> None:
    """A day without a change makes 页数不符 a finding with both numbers, without any new event; a waiver seals what is there."""
    files = work.scans.delivery({A: count})
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    assert work.findings() == []
    work.clock.time += STALE_S + 1
    assert work.intake().records == 0
    with work.opened() as engine:
        [item] = Service(engine).quarantine_list()["items"]
    assert item["code"] == "page-count-differs"
    assert f"目录 2 页，实有 {count} 页" in item["rule"]
    work.waive("page-count-differs")
    work.intake()
    assert (work.current(), work.findings()) == (files, [])


def test_a_row_without_a_count_is_ready_after_a_quiet_day(work: NodeAtWork) -> None:
    """Without 页数 only quiet shows that a record is finished; a day later it is sealed without any new event."""
    files = work.scans.delivery({A: 2})
    work.scans.rows({A: {}})
    assert work.intake().records == 0
    work.clock.time += STALE_S + 1
    assert work.intake().records == 1
    assert work.current() == files


@pytest.mark.parametrize(("declared", "ready"), [("4", True), ("3", False), ("2", False)])
def test_pages_are_counted_by_the_page_count_rule(work: NodeAtWork, declared: str, ready: bool) -> None:
    """A PDF counts as its pages, an image as one: three pages and a picture are four."""
    work.scans.put(A, {"0001.pdf": pdf(3), "0002.jpg": page(1)})
    work.scans.rows({A: {"页数": declared}})
    assert (work.intake().records == 1) is ready


def test_an_unknown_type_and_a_wrong_extension_are_sealed_with_a_word(work: NodeAtWork) -> None:
    """What is not recognised is kept all the same, and said; the words stay until the files change."""
    files = {"0001.jpg": page(1, "png"), "0002.dwg": b"AC1015" + bytes(range(256)) * 4}
    work.scans.put(A, files)
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    said = [("extension-differs", f"扫描/{A}/0001.jpg"), ("type-unknown", f"扫描/{A}/0002.dwg")]
    assert (work.current(), work.findings()) == ({A: files}, said)
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "1"}})
    work.intake()
    assert work.findings() == said


def test_a_gap_in_the_numbers_is_a_warning(work: NodeAtWork) -> None:
    """Missing numbers are named; the record whose count agrees is sealed."""
    work.scans.put(A, {"0001.jpg": page(1), "0003.jpg": page(3)})
    work.scans.rows({A: {"页数": "2"}})
    assert work.intake().records == 1
    with work.opened() as engine:
        [item] = Service(engine).quarantine_list()["items"]
    assert (item["code"], item["severity"]) == ("page-missing", "警告")
    assert "缺 2" in item["rule"]


def test_an_empty_folder_is_a_warning(work: NodeAtWork) -> None:
    """A folder without images says so and counts as no error, with or without a row."""
    work.scans.rows({A: {"页数": "1"}})
    (work.scans.root / A).mkdir()
    (work.scans.root / "空").mkdir()
    assert work.intake().quarantined == 0
    assert work.findings() == [("empty-folder", f"扫描/{A}"), ("empty-folder", "扫描/空")]


def test_files_beside_the_records_are_superfluous(work: NodeAtWork) -> None:
    """A file beside the record folders is said, not sealed; taking it away answers that. A digest list is evidence and no such file."""
    work.scans.delivery({A: 1})
    work.scans.put("", {"说明.txt": b"x", "杂.bin": b"y", "MD5.txt": b"z"})
    work.intake()
    assert work.findings() == [("superfluous", "扫描/杂.bin"), ("superfluous", "扫描/说明.txt")]
    work.intake()
    assert len(work.findings()) == 2
    for name in ("说明.txt", "杂.bin"):
        (work.scans.root / name).unlink()
    work.intake()
    assert work.findings() == []


def test_a_broken_sheet_is_said_once_and_mended_by_a_good_one(work: NodeAtWork) -> None:
    """A sheet that cannot be read waits with its reason; records wait for rows; a good sheet of that name clears both."""
    files = work.scans.record(A, 1)
    work.scans.put("", {"目录.xlsx": b"PK\x03\x04 not a workbook"})
    work.intake()
    assert work.findings() == [("no-row", f"扫描/{A}"), ("sheet-unreadable", "扫描/目录.xlsx")]
    (work.scans.root / "目录.xlsx").unlink()
    work.scans.rows({A: {"页数": "1"}})
    work.intake()
    assert work.current() == {A: files}
    assert work.findings() == []


def test_a_retry_looks_again(work: NodeAtWork) -> None:
    """重新检测 judges the folder anew: the same fault is found again under a fresh finding state, nothing is sealed."""
    work.scans.delivery({A: 1})
    work.scans.put(A, {"0001.jpg": b""})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        number = service.quarantine_list()["items"][0]["id"]
        service.quarantine_retry(number, "张三")
        assert findings(engine) == []
        engine.run(settle_s=0, send=False)
        assert findings(engine) == [("empty-file", f"扫描/{A}/0001.jpg")]


def test_two_hundred_bad_records_do_not_hold_up_a_good_one(work: NodeAtWork) -> None:
    """Many records that wait are written in batches beside one that is sealed."""
    codes = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 202)]
    work.scans.rows({code: {"页数": "1"} for code in codes})
    for code in codes:
        work.scans.put(code, {"0001.jpg": b"" if code != codes[77] else page(1)})
    result = work.intake()
    assert (result.records, result.quarantined) == (1, 200)
    assert work.current() == {codes[77]: {"0001.jpg": page(1)}}


