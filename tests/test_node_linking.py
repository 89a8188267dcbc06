"""Deliveries as contractors bring them, through a real node: what is sealed, under which names, and what is said."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from pypdf import PdfWriter
from scan_tree import COLUMNS, page, pages, sheet

from node.service import Service
from sync.sandbox import Sandbox

A, B = "J023-WS·2011·Y·BGS-0001", "J023-WS·2011·Y·BGS-0002"
VOLUME = "J023-2-0145"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def read_by(work: NodeAtWork, text: str, delivery: str = "扫描", name: str = "方案") -> None:
    """Keep a profile and read a delivery by it."""
    with work.opened() as engine:
        Service(engine).profile_add(text=f'name = "{name}"\n{text}')
        Service(engine).profile_assign(delivery_name=delivery, name=name)


def pdf(count: int) -> bytes:
    """A PDF of so many blank pages."""
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(count):
        writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def rows(work: NodeAtWork, values: dict[str, dict[str, str]], *more: str, folder: str = "") -> None:
    """A catalogue sheet with further columns."""
    work.scans.put(folder, {"目录.csv": sheet(values, (*COLUMNS, *more))})


def told(work: NodeAtWork, code: str) -> list[str]:
    """Rules of what waits under a code."""
    with work.opened() as engine:
        return [i["rule"] for i in Service(engine).quarantine_list()["items"] if i["code"] == code]


def test_f2_items_of_a_volume_share_its_folder(work: NodeAtWork) -> None:
    """Each item gets its pages, a shared page goes to both, covers to the volume's own record; a page without a row is said."""
    read_by(work, '[layout]\nkind = "volumes"\npath = "{fonds}/{inventory}/{volume}"\ncode = "{fonds}-{inventory}-{volume}"\n[pages]\ncover = false')
    files = {**pages(7), "000封面.jpg": page(90)}
    work.scans.put("J023/2/0145", files)
    rows(
        work,
        {
            VOLUME: {"页数": ""}, f"{VOLUME}-001": {"页号": "1", "页数": "3"}, f"{VOLUME}-002": {"页号": "3", "页数": "2"},
            f"{VOLUME}-003": {"页号": "5-6", "页数": "2"},
        },
        "页号",
    )  # fmt: skip
    work.intake()
    made = work.current()
    assert {code: list(names) for code, names in made.items() if code != VOLUME} == {
        f"{VOLUME}-001": ["0001.jpg", "0002.jpg", "0003.jpg"], f"{VOLUME}-002": ["0003.jpg", "0004.jpg"], f"{VOLUME}-003": ["0005.jpg", "0006.jpg"],
    }  # fmt: skip
    assert all(files[name] == data for names in made.values() for name, data in names.items())
    assert work.findings() == [("page-uncovered", "扫描/J023/2/0145")]
    assert told(work, "page-uncovered")[0].endswith("（第 7 页）")


def test_f3_and_padding(work: NodeAtWork) -> None:
    """A code put together from five folder levels finds its row."""
    read_by(
        work,
        '[layout]\nkind = "folders"\npath = "{fonds}/{year}/{retention}/{organ}/{item}"\ncode = "{fonds}-WS·{year}·{retention}·{organ}-{item:04}"\n'
        'values = {"办公室" = "BGS"}',
    )
    files = pages(2)
    work.scans.put("J023/2011/永久/办公室/1", files)
    rows(work, {A: {"页数": "2"}})
    work.intake()
    assert (work.current(), work.findings()) == ({A: files}, [])


def test_f4_one_flat_folder(work: NodeAtWork) -> None:
    """Files of two records in one folder are sealed apart under the names they came with; the one without a row waits."""
    read_by(work, '[layout]\nkind = "files"')
    names = {f"J023-WS.2011.Y.BGS-000{r}-00{p}.jpg": page(10 * r + p) for r in (1, 2, 3) for p in (1, 2)}
    work.scans.put("图像", names)
    rows(work, {A: {"页数": "2"}, B: {"页数": "3"}})
    work.intake()
    assert work.current() == {A: {n: d for n, d in names.items() if "0001" in n}}
    assert [code for code, _ in work.findings()] == ["no-row"]
    with work.opened() as engine:
        assert Service(engine).status()["scanning"] == 1


def test_f5_representations_are_one_record(work: NodeAtWork) -> None:
    """TIFF, JPG and PDF of the same pages are sealed as uses of one record; duplicates are never told between them; thumbnails stay."""
    read_by(work, '[layout]\nkind = "folders"')
    tiffs = {f"000{n}.tif": page(n, "tiff") for n in (1, 2)}
    work.scans.put(f"TIFF/{A}", tiffs)
    work.scans.put(f"JPG/{A}", {"0001.jpg": page(1), "0002.jpg": page(2)})
    work.scans.put("PDF", {f"{A}.pdf": pdf(2)})
    work.scans.put(f"缩略图/{A}", {"0001.jpg": page(3)})
    rows(work, {A: {"页数": "2"}})
    result = work.intake()
    assert (result.records, result.pages, work.findings()) == (1, 2, [])
    assert list(work.current()[A]) == ["0001.tif", "0002.tif", "0001.jpg", "0002.jpg", f"{A}.pdf"]
    assert uses(work, A) == bytes([1, 1, 2, 2, 3])
    with work.opened() as engine:
        shown = Service(engine).show(ref=A)["pages"]
    assert [(p["use"], p["role"]) for p in shown][::2] == [("存档件", "正文"), ("利用件", "正文"), ("双层PDF", "正文")]


def uses(work: NodeAtWork, code: str) -> bytes:
    """What the newest body of a record says of its parts' uses."""
    from holdings import records

    with work.opened() as engine:
        reading = engine.home.database.read()
        record = records.resolve(reading, code)
        return records.body(reading, record, record.version).uses


def test_f5_counts_are_compared_between_representations(work: NodeAtWork) -> None:
    """A page that one tree lacks is told with both counts, beside the sealed record."""
    read_by(work, '[layout]\nkind = "folders"')
    work.scans.put(f"TIFF/{A}", {f"000{n}.tif": page(n, "tiff") for n in (1, 2)})
    work.scans.put(f"JPG/{A}", {"0001.jpg": page(1)})
    rows(work, {A: {"页数": "2"}})
    work.intake()
    assert told(work, "representation-differs")[0].endswith("（存档件 2 页，利用件 1 页）")


def test_f6_a_delivery_folder(work: NodeAtWork) -> None:
    """The sheet below 目录 belongs to the delivery above it; its papers are no superfluous files; a later disc completes a record."""
    read_by(work, '[layout]\nkind = "folders"')
    rows(work, {A: {"页数": "2"}}, folder="第03批_20231018/目录")
    work.scans.put(f"第03批_20231018/光盘01/{A}", {"0001.jpg": page(1)})
    work.scans.put("第03批_20231018", {"说明文件.TXT": b"x", "MD5.txt": b"y", "移交清单.pdf": pdf(1)})
    work.intake()
    assert work.versions() == []
    work.scans.put(f"第03批_20231018/光盘02/{A}", {"0002.jpg": page(2)})
    work.intake()
    assert list(work.current()[A]) == ["0001.jpg", "0002.jpg"]
    assert work.findings() == []
    with work.opened() as engine:
        assert [d["name"] for d in Service(engine).deliveries()["deliveries"]] == ["扫描/第03批_20231018"]


def test_f6_needs_no_profile(work: NodeAtWork) -> None:
    """Plain record folders below 数据, sheets below 目录: one delivery by the name of the folder around them, its papers no pages."""
    rows(work, {A: {"页数": "1"}}, folder="第04批/目录")
    files = pages(1)
    work.scans.put(f"第04批/数据/{A}", files)
    work.scans.put("第04批", {"说明文件.TXT": b"x", "MD5.txt": b"y"})
    work.intake()
    assert (work.current(), work.findings()) == ({A: files}, [])
    assert work.intake().deltas == 0
    with work.opened() as engine:
        assert [d["name"] for d in Service(engine).deliveries()["deliveries"]] == ["扫描/第04批"]


def test_f7_a_link_sheet(work: NodeAtWork) -> None:
    """The link sheet alone says which images are whose; one line that leads nowhere is told by its code."""
    read_by(work, '[layout]\nkind = "rows"')
    files = {f"IMG_{n:04d}.jpg": page(n) for n in range(1, 6)}
    work.scans.put("20231018/盒0123", files)
    rows(work, {A: {"页数": "3"}, B: {"页数": "2"}})
    link = f"档号,目录序号,图像文件夹,首图,末图,图像数\n{A},1,D:\\扫描站2\\20231018\\盒0123,IMG_0001.jpg,IMG_0003.jpg,3\n{B},2,盒0999,IMG_0004.jpg,IMG_0005.jpg,2\n"
    work.scans.put("", {"挂接表.csv": b"\xef\xbb\xbf" + link.encode()})
    work.intake()
    assert {code: list(names) for code, names in work.current().items()} == {A: ["IMG_0001.jpg", "IMG_0002.jpg", "IMG_0003.jpg"]}
    found = work.findings()
    assert ("link-lost", f"扫描#{B}") in found
    assert [path for code, path in found if code == "page-uncovered"] == [f"扫描/20231018/盒0123/IMG_000{n}.jpg" for n in (4, 5)]


def test_f8_a_pdf_named_by_number_and_title(work: NodeAtWork) -> None:
    """A many-paged PDF is counted by its pages and keeps the name it came with."""
    read_by(work, '[layout]\nkind = "files"\npath = "{year}{retention}"\nfile = "{item}_{title}"\ncode = "J023-WS·{year}·{retention}·BGS-{item}"')
    work.scans.put("2011永久", {"0001_关于印发××的通知.pdf": pdf(3)})
    rows(work, {A: {"页数": "3"}})
    assert work.intake().pages == 3
    assert list(work.current()[A]) == ["0001_关于印发××的通知.pdf"]


def test_f9_photographs(work: NodeAtWork) -> None:
    """A picture, its raw twin and the group's words are one record, counted as one."""
    read_by(work, '[layout]\nkind = "files"\nfile = "{code}"')
    work.scans.put("照片/第12组", {"ZP-12-003.jpg": page(3), "ZP-12-003.cr2": page(4, "tiff"), "说明.txt": "春游".encode()})
    rows(work, {"ZP-12-003": {"页数": "1"}})
    assert work.intake().pages == 1
    assert list(work.current()["ZP-12-003"]) == ["ZP-12-003.cr2", "说明.txt", "ZP-12-003.jpg"]
    assert [code for code, _ in work.findings()] == ["code-nonstandard"]


def test_f10_a_disc_folder_is_one_object(work: NodeAtWork, tmp_path: Path) -> None:
    """All files below VIDEO_TS are one record without a question about their formats, and come out again."""
    read_by(work, '[layout]\nkind = "folders"')
    files = {"VIDEO_TS.IFO": b"DVDVIDEO-VMG" + bytes(range(256)), "VTS_01_1.VOB": b"\0\0\x01\xba" + bytes(range(256)) * 4}
    work.scans.put("录像/V0031/VIDEO_TS", files)
    rows(work, {"V0031": {"页数": ""}})
    work.intake()
    work.clock.time += 86_400 * 2
    work.intake()
    assert work.current() == {"V0031": {f"VIDEO_TS／{name}": data for name, data in files.items()}}
    assert [code for code, _ in work.findings()] == ["code-nonstandard"]
    with work.opened() as engine:
        Service(engine).export(destination=str(tmp_path / "out"))
    assert (tmp_path / "out" / "V0031" / "VIDEO_TS" / "VTS_01_1.VOB").read_bytes() == files["VTS_01_1.VOB"]


def test_f11_sections_and_halves(work: NodeAtWork) -> None:
    """正卷 and 副卷 make one record with 正 first; two halves of a sheet count one page where the profile says so."""
    read_by(work, '[layout]\nkind = "folders"\n[pages]\nsplit = 1')
    work.scans.put(f"正卷/{A}", {"0001.jpg": page(1)})
    work.scans.put(f"副卷/{A}", {"0001.jpg": page(2)})
    work.scans.put(B, {"0001-R.jpg": page(4), "0001-L.jpg": page(3), "0002.jpg": page(5)})
    rows(work, {A: {"页数": "2"}, B: {"页数": "2"}})
    work.intake()
    made = work.current()
    assert list(made[A]) == ["正卷／0001.jpg", "副卷／0001.jpg"]
    assert list(made[B]) == ["0001-L.jpg", "0001-R.jpg", "0002.jpg"]
