"""What changes after the first delivery: overrides, inserted and deleted pages, readiness, rows whose images never came."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import COLUMNS, page, pages, sheet
from test_node_gate import opened_files
from test_node_linking import VOLUME, A, B, read_by, rows, told
from test_node_secrecy import leaks

from node.folders import STALE_S
from node.service import Service
from sync.sandbox import Sandbox

FOLDERS = '[layout]\nkind = "folders"'


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def changes(work: NodeAtWork, code: str) -> list[str]:
    """What became of a record's pages, version by version."""
    with work.opened() as engine:
        return [c["text"] for c in Service(engine).show(ref=code)["page_changes"]]


def submit(work: NodeAtWork, delivery: str = "扫描") -> None:
    """提交批次."""
    with work.opened() as engine:
        Service(engine).delivery_submit(name=delivery, by="张三")


def test_f12_overrides_send_their_pages_alone(work: NodeAtWork) -> None:
    """重扫 within the delivery replaces one page by its number, 补扫 adds one behind another: new versions that bring these bytes only."""
    read_by(work, FOLDERS)
    files = pages(3)
    work.scans.put(A, files)
    rows(work, {A: {"页数": "3"}})
    work.intake()
    work.scans.put(f"重扫/{A}", {"0002.jpg": page(77)})
    work.intake()
    last = work.versions()[-1]
    assert (last.version, last.files, last.new_bytes) == (2, {**files, "0002.jpg": page(77)}, len(page(77)))
    work.scans.put(f"补扫/{A}", {"0002-1.jpg": page(78)})
    rows(work, {A: {"页数": "4"}})
    work.intake()
    last = work.versions()[-1]
    assert (last.version, list(last.files), last.new_bytes) == (3, ["0001.jpg", "0002.jpg", "0002-1.jpg", "0003.jpg"], len(page(78)))
    assert changes(work, A) == ["换 1 页", "插入 1 页"]
    assert work.intake().deltas == 0


def test_f12_what_an_override_replaced_does_not_come_back(work: NodeAtWork) -> None:
    """The override folder is cleared away after it was sealed: its page stays; the old page scanned anew in its own place is a new page."""
    read_by(work, FOLDERS)
    files = pages(3)
    work.scans.put(A, files)
    rows(work, {A: {"页数": "3"}})
    work.intake()
    work.scans.put(f"重扫/{A}", {"0002.jpg": page(77)})
    work.intake()
    shutil.rmtree(work.scans.root / "重扫")
    assert work.intake().deltas == 0
    rows(work, {A: {"页数": "3", "题名": "更正"}})
    work.intake()
    assert (work.versions()[-1].version, work.versions()[-1].files["0002.jpg"]) == (3, page(77))
    work.scans.put(A, {"0002.jpg": page(78)})
    work.intake()
    assert (work.versions()[-1].version, work.versions()[-1].files["0002.jpg"]) == (4, page(78))
    assert work.findings() == []


def test_f12_an_override_that_came_with_the_batch_holds_too(work: NodeAtWork) -> None:
    """Sealed together with what it replaces, an override may be cleared away all the same."""
    read_by(work, FOLDERS)
    work.scans.put(A, pages(2))
    work.scans.put(f"重扫/{A}", {"0002.jpg": page(77)})
    rows(work, {A: {"页数": "2"}})
    work.intake()
    shutil.rmtree(work.scans.root / "重扫")
    assert work.intake().deltas == 0
    assert (len(work.versions()), work.current()[A]["0002.jpg"]) == (1, page(77))


def test_f12_an_override_completes_what_was_sealed(work: NodeAtWork) -> None:
    """When the contractor has taken the first disk away, his corrections beside the delivery still replace pages by number."""
    read_by(work, FOLDERS, "扫描/第03批")
    files = pages(3)
    work.scans.put(f"第03批/{A}", files)
    work.scans.put(f"第03批/{B}", {"0001.jpg": page(50)})
    rows(work, {A: {"页数": "3"}, B: {"页数": "1"}}, folder="第03批")
    work.intake()
    shutil.rmtree(work.scans.root / "第03批" / A)
    work.intake()
    work.scans.put(f"退回整改2/{A}", {"0003.jpg": page(88)})
    work.intake()
    last = work.versions()[-1]
    assert (last.code, last.version, last.files, last.new_bytes) == (A, 2, {**files, "0003.jpg": page(88)}, len(page(88)))
    assert work.findings() == []
    assert work.intake().deltas == 0


def test_a_shift_is_told_as_a_shift(work: NodeAtWork) -> None:
    """All later pages renumbered after one inserted: one new image travels, and the record says what happened."""
    files = work.scans.delivery({A: 5})[A]
    work.intake()
    shifted = {f"{n:04d}.jpg": data for n, data in enumerate([files["0001.jpg"], page(99), *list(files.values())[1:]], 1)}
    work.scans.put(A, shifted)
    work.scans.rows({A: {"页数": "6"}})
    work.intake()
    last = work.versions()[-1]
    assert (last.version, last.files, last.new_bytes) == (2, shifted, len(page(99)))
    assert changes(work, A) == ["插入 1 页，顺延 4 页"]


def test_a_page_that_vanishes_again_is_asked_about_again(work: NodeAtWork) -> None:
    """A waived deletion holds for its version: the page came back, was sealed, and its second disappearance is a new question."""
    files = work.scans.delivery({A: 3})[A]
    work.intake()
    for version in (2, 4):
        (work.scans.root / A / "0003.jpg").unlink()
        work.scans.rows({A: {"页数": "2"}})
        work.intake()
        assert ("page-vanished", f"扫描/{A}/0003.jpg") in work.findings()
        work.waive("page-vanished")
        work.intake()
        assert (work.versions()[-1].version, list(work.versions()[-1].files)) == (version, ["0001.jpg", "0002.jpg"])
        work.scans.put(A, {"0003.jpg": files["0003.jpg"]})
        work.scans.rows({A: {"页数": "3"}})
        work.intake()
        assert (work.versions()[-1].version, work.findings()) == (version + 1, [])


def test_a_marker_finishes_a_record(work: NodeAtWork) -> None:
    """Until 完成 stands nothing of the record is opened and nothing asked; then its count is judged at once."""
    read_by(work, f'{FOLDERS}\n[ready]\nwhen = "marker"')
    work.scans.put(A, pages(2))
    work.scans.put(B, pages(3))
    rows(work, {A: {"页数": "2"}, B: {"页数": "2"}})
    with opened_files() as traced:
        work.intake()
    assert not any(A in path for path in traced)
    assert (work.versions(), work.findings()) == ([], [])
    work.scans.put(A, {"完成.txt": b""})
    (work.scans.root / B / "完成").mkdir()
    work.intake()
    assert list(work.current()) == [A]
    assert list(work.current()[A]) == ["0001.jpg", "0002.jpg"]
    assert work.findings() == [("page-count-differs", f"扫描#{B}")]
    assert told(work, "page-count-differs")[0].endswith("（目录 2 页，实有 3 页）")


def test_submission_finishes_a_delivery_and_names_rows_without_images(work: NodeAtWork) -> None:
    """Before 提交 everything is 扫描中; afterwards records are judged and every row without images is named, until they come."""
    read_by(work, f'{FOLDERS}\n[ready]\nwhen = "submitted"')
    work.scans.put(A, pages(2))
    rows(work, {A: {"页数": "2"}, B: {"页数": "1"}})
    work.intake()
    assert (work.versions(), work.findings()) == ([], [])
    submit(work)
    work.intake()
    work.intake()
    assert list(work.current()) == [A]
    assert work.findings() == [("no-folder", f"扫描#{B}")]
    work.scans.put(B, pages(1, 5))
    work.intake()
    work.intake()
    assert (sorted(work.current()), work.findings()) == ([A, B], [])


def test_a_submitted_delivery_names_missing_codes(work: NodeAtWork) -> None:
    """缺号 between first and last row; a number that is held as classified is neither named nor called missing; a volume lies in its items;
    a chosen few of many numbers are no counting, and lack none."""
    codes = [f"{VOLUME}-{n:03d}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 12)] + ["J023-002-0007-00003", "J023-002-0007-00007"]
    for seed, code in enumerate(codes, 1):
        work.scans.put(code, pages(1, seed))
    values: dict[str, dict[str, str]] = {VOLUME: {}, **{code: {"页数": "1"} for code in codes}, "J023-WS·2011·Y·BGS-0007": {"密级": "机密"}}
    rows(work, {**values, "J023-WS·2011·Y·BGS-0006": {}, "J023-WS·2011·Y·BGS-0008": {}})
    work.intake()
    submit(work)
    work.intake()
    work.intake()
    found = [(code, path) for code, path in work.findings() if code in ("code-gap", "no-folder")]
    assert found == [
        ("code-gap", f"扫描#{VOLUME}-010"), ("no-folder", "扫描#J023-WS·2011·Y·BGS-0006"), ("no-folder", "扫描#J023-WS·2011·Y·BGS-0008"),
    ]  # fmt: skip
    assert told(work, "code-gap")[0].endswith(f"（{VOLUME}-010 至 {VOLUME}-011，共 2 个）")


def test_a_quiet_delivery_names_rows_without_images(work: NodeAtWork) -> None:
    """Without any profile: a day after the last file the missing records are told, not before."""
    work.scans.delivery({A: 1})
    rows(work, {A: {"页数": "1"}, B: {"页数": "1"}})
    work.intake()
    assert work.findings() == []
    work.clock.time += STALE_S + 60
    work.intake()
    assert work.findings() == [("no-folder", f"扫描#{B}")]


def test_quiet_hours_of_a_profile(work: NodeAtWork) -> None:
    """With `quiet` a record of unknown length is sealed after the profile's hours."""
    read_by(work, f'{FOLDERS}\n[ready]\nwhen = "quiet"\nquiet_h = 2')
    work.scans.put(A, pages(2))
    rows(work, {A: {"页数": ""}})
    work.intake()
    assert work.versions() == []
    work.clock.time += 2 * 3600 + 60
    work.intake()
    assert list(work.current()) == [A]


def test_a_folder_that_goes_on_growing_is_said(work: NodeAtWork) -> None:
    """A folder that differs at two looks is a hint, which its judgement takes back."""
    work.scans.delivery({A: 2})
    for count in (1, 2, 3):
        work.scans.put(A, {f"000{count}.jpg": page(count)})
        with work.opened() as engine:
            engine.run(settle_s=5.0, send=False, rounds=1)
        work.clock.time += 1
    assert ("growing", f"扫描/{A}") in work.findings()
    work.scans.rows({A: {"页数": "3"}})
    work.intake()
    assert work.findings() == []


def test_nothing_of_a_classified_item_is_opened_or_named(work: NodeAtWork) -> None:
    """One classified row holds its volume: no image is opened, no page is called uncovered, no title and no file name is said."""
    read_by(work, '[layout]\nkind = "volumes"')
    work.scans.put(VOLUME, pages(6))
    rows(work, {f"{VOLUME}-001": {"页号": "1"}, f"{VOLUME}-002": {"页号": "3", "密级": "机密", "题名": "天机"}, f"{VOLUME}-003": {"页号": "5"}}, "页号")
    with opened_files() as traced:
        work.intake()
    assert not any(VOLUME in path for path in traced)
    assert work.versions() == []
    assert {code for code, path in work.findings() if path.startswith("扫描#")} == {"volume-classified"}
    assert not any("jpg" in path for _, path in work.findings())
    with work.opened() as engine:
        assert "天机" not in str(Service(engine).quarantine_list())


def test_a_title_in_a_classified_file_name_is_not_said(work: NodeAtWork) -> None:
    """A classified record whose file bears its title leaves its code alone."""
    read_by(work, '[layout]\nkind = "files"\npath = "{year}{retention}"\nfile = "{item}_{title}"\ncode = "J023-WS·{year}·{retention}·BGS-{item}"')
    work.scans.put("2011永久", {"0001_天机不可泄露.pdf": b"%PDF-1.4\n%%EOF\n"})
    rows(work, {A: {"页数": "3", "密级": "绝密"}})
    with opened_files() as traced:
        work.intake()
    assert not any("0001_" in path for path in traced)
    with work.opened() as engine:
        service = Service(engine)
        said = str(service.quarantine_list()) + str(service.status())
        kept = str([list(engine.home.database.read().execute(f"SELECT * FROM {table}")) for table in ("folder", "source", "finding")])
    assert "classified" in said
    assert "天机" not in said + kept


def test_a_profile_is_proposed_from_the_delivery_itself(work: NodeAtWork) -> None:
    """Three more images than 页数 in nearly every volume folder: the layout and the rule are named, with the share."""
    codes = [f"J023-2-{n:04d}" for n in range(1, 41)]
    for code in codes:
        work.scans.put(code.replace("-", "/"), dict.fromkeys(pages(5), b""))
    work.scans.put("", {"目录.csv": sheet({code: {"页数": "2"} for code in codes}, COLUMNS)})
    work.intake()
    with work.opened() as engine:
        found = Service(engine).profile_propose(delivery_name="扫描")
        Service(engine).profile_add(text=found["toml"])
    assert (found["layout"], found["linked"], found["agree"]) == ("volumes", 40, 40)
    assert found["text"].startswith("100 % 差 +3，疑为封面+目录+备考表")


def test_a_profile_taken_up_later_makes_no_version(work: NodeAtWork) -> None:
    """Records sealed as plain folders stay as they are when a profile reads the same folders."""
    work.scans.delivery({A: 2})
    work.intake()
    read_by(work, FOLDERS)
    assert work.intake().deltas == 0
    work.intake()
    assert (len(work.versions()), work.findings()) == (1, [])
    os.utime(work.scans.root / A / "0001.jpg", (1, 1))
    assert work.intake().deltas == 0


def test_a_dry_run_proposes_the_page_rule(work: NodeAtWork) -> None:
    """Rehearsing a sheet beside its images says what its 页数 leaves out, and keeps nothing."""
    codes = [f"J023-WS·2011·Y·BGS-{n:04d}" for n in range(1, 6)]
    for code in codes:
        work.scans.put(code, {**pages(3), "000封面.jpg": page(90), "BK001.jpg": page(91)})
    path = work.scans.root / "目录.csv"
    path.write_bytes(sheet({code: {"页数": "3"} for code in codes}))
    with work.opened() as engine:
        found = Service(engine).catalogue_import(files=[str(path)], dry_run=True)["proposal"]
    assert (found["linked"], found["records"], found["agreed_before"], found["agree"]) == (5, 5, 0, 5)
    assert (found["pages"]["cover"], found["pages"]["endnote"], found["pages"]["extra"]) == (False, False, 0)
    with work.opened() as engine:
        assert Service(engine).search("J023")["hits"] == []


def test_a_code_among_other_words_is_pointed_out(work: NodeAtWork) -> None:
    """A folder whose name holds a known code beside other words waits, and the finding names the code."""
    work.scans.delivery({A: 1})
    work.scans.put(f" {B} 补扫🗂 ", pages(1, 4))
    rows(work, {A: {"页数": "1"}, B: {"页数": "1"}})
    work.intake()
    assert told(work, "no-row")[0].endswith(f"（名称中似有档号 {B}）")


def test_a_range_says_how_many_pages_an_item_has(work: NodeAtWork) -> None:
    """Without 页数 an item is finished when its range is there; the last one, whose end nobody says, waits for a sign."""
    read_by(work, '[layout]\nkind = "volumes"')
    files = {**pages(5), "000封面.jpg": page(90)}
    del files["0003.jpg"]
    work.scans.put(VOLUME, files)
    rows(work, {f"{VOLUME}-00{n}": {"页号": at} for n, at in enumerate(("1", "2", "4"), 1)}, "页号")
    work.intake()
    assert {code: list(names) for code, names in work.current().items()} == {f"{VOLUME}-001": ["000封面.jpg", "0001.jpg"]}
    work.scans.put(VOLUME, {"0003.jpg": page(3)})
    work.intake()
    assert sorted(work.current()) == [f"{VOLUME}-001", f"{VOLUME}-002"]
    submit(work)
    work.intake()
    assert list(work.current()[f"{VOLUME}-003"]) == ["0004.jpg", "0005.jpg"]


def test_a_link_sheet_says_nothing_of_a_classified_record(work: NodeAtWork) -> None:
    """The line of a classified record that leads nowhere is not told; its neighbour's is."""
    read_by(work, '[layout]\nkind = "rows"')
    work.scans.put("盒1", pages(2))
    rows(work, {A: {"页数": "1", "密级": "机密"}, B: {"页数": "1"}})
    work.scans.put("", {"挂接表.csv": f"档号,图像文件夹,首图,末图\n{A},天机盒,1,1\n{B},盒9,1,1\n".encode()})
    work.intake()
    assert [path for code, path in work.findings() if code == "link-lost"] == [f"扫描#{B}"]
    with work.opened() as engine:
        assert "天机" not in str(Service(engine).quarantine_list())


@pytest.mark.parametrize("first", ["catalogue", "links", "together"])
def test_a_link_sheet_leaves_no_code_of_a_classified_record(work: NodeAtWork, first: str) -> None:
    """Whichever came first, nothing that a link sheet prints of a classified record stays in its table (nor anywhere when its mark
    was known from the start), its neighbour's line stays, its images are held and never opened; when the catalogue calls it open, the same line links them."""
    read_by(work, '[layout]\nkind = "rows"')
    boxes = {"天机盒": {"密件0001.jpg": page(1), "密件0002.jpg": page(2)}, "盒1": {"图3.jpg": page(3)}}
    for box, files in boxes.items():
        work.scans.put(f"卷/{box}", files)
    printed = A.replace("-", "－").lower()
    links = f"档号,图像文件夹,首图,末图\n{printed},D:\\九重室\\天机盒,密件0001.jpg,密件0002.jpg\n{B},盒1,图3.jpg,图3.jpg\n".encode()

    def catalogue_says(mark: str) -> None:
        rows(work, {A: {"页数": "2", "密级": mark}, B: {"页数": "1"}})

    if first != "links":
        catalogue_says("机密")
    if first == "catalogue":
        work.intake()
    work.scans.put("", {"挂接表.csv": links})
    if first == "links":
        work.intake()
        catalogue_says("机密")
    work.intake()
    assert list(work.current()) == [B]
    found = leaks(work, b"", [printed.encode(), "九重室".encode(), "天机".encode(), "密件".encode()])
    # Places that were told before anybody could know stay told, as of every record that turns out classified.
    assert set(found) <= (set() if first == "together" else {"table finding", "table folder"})
    assert leaks(work, b"", [B.encode()])
    catalogue_says("")
    work.intake()
    assert list(work.current()[A]) == ["密件0001.jpg", "密件0002.jpg"]
