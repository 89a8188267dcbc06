"""Each folder scheme as contractors deliver it, as names alone: which files make which record, in which order, and what is left."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.errors import SiteDataWrong
from holdings.layout import Gathered, Layout, LeftWhy, LinkRow, Lookups
from holdings.layout_gather import gather
from holdings.layout_volume import VolumeRow
from holdings.layout_words import Role, Use, vocabulary
from holdings.site_data import SiteData

A, B = "J023-WS·2011·Y·BGS-0001", "J023-WS·2011·Y·BGS-0002"
VOLUME = "J023-2-0145"


def knowing(*codes: str) -> Lookups:
    """A catalogue with these codes."""
    return Lookups(known=lambda key: key in codes)


def parts(found: Gathered) -> dict[str, list[str]]:
    """{code: part names in order}."""
    return {g.code: [page.part for page in g.pages] for g in found.gatherings}


def left(found: Gathered) -> list[tuple[str, str]]:
    """(why, path) of what was not linked."""
    return [(one.why.value, one.path) for one in found.left]


def test_f1_a_folder_for_a_record() -> None:
    """Folders named by their code, at any depth; pages as people count; an empty folder of a known code is a gathering without pages."""
    tree = {"": ["目录.csv"], f"盒1/{A}": ["10.jpg", "2.jpg", "12补1.jpg", "12.jpg"], B: []}
    found = gather(tree, Layout("folders"), knowing(A, B))
    assert parts(found) == {B: [], A: ["2.jpg", "10.jpg", "12.jpg", "12补1.jpg"]}
    assert left(found) == []


def test_f2_items_are_page_ranges_of_a_volume_folder() -> None:
    """Start pages alone, a shared page, a range at the end; covers go to the volume's row, pages without a row are said."""
    rows = [
        VolumeRow(VOLUME, VOLUME, pages="10", whole=True), VolumeRow(f"{VOLUME}-001", "1", "1"), VolumeRow(f"{VOLUME}-002", "2", "4", pages="3"),
        VolumeRow(f"{VOLUME}-003", "3", "6"), VolumeRow(f"{VOLUME}-004", "4", "7-8"),
    ]  # fmt: skip
    tree = {"J023/2/0145": ["000封面.jpg", "ML001.jpg", "BK001.jpg", *(f"{n:03d}.jpg" for n in range(1, 11))]}
    layout = Layout("volumes", path="{fonds}/{inventory}/{volume}", code="{fonds}-{inventory}-{volume}")
    found = gather(tree, layout, Lookups(volume=lambda _, __: rows))
    assert parts(found) == {
        f"{VOLUME}-001": ["001.jpg", "002.jpg", "003.jpg"], f"{VOLUME}-002": ["004.jpg", "005.jpg", "006.jpg"], f"{VOLUME}-003": ["006.jpg"],
        f"{VOLUME}-004": ["007.jpg", "008.jpg"], VOLUME: ["000封面.jpg", "ML001.jpg", "BK001.jpg"],
    }  # fmt: skip
    assert [(one.why, one.detail) for one in found.left] == [(LeftWhy.UNCOVERED, "第 9-10 页")]
    own = found.gatherings[-1]
    assert [page.role for page in own.pages] == [Role.COVER, Role.CONTENTS, Role.ENDNOTE]


def test_f2_without_rows_of_items_the_volume_is_one_record() -> None:
    """A volume whose items are not catalogued keeps all its pages, covers first and 备考表 last."""
    tree = {VOLUME: ["BK001.jpg", "0002.jpg", "FM.jpg", "0001.jpg"]}
    found = gather(tree, Layout("volumes"), Lookups(volume=lambda key, _: [VolumeRow(VOLUME, key, whole=True)]))
    assert parts(found) == {VOLUME: ["FM.jpg", "0001.jpg", "0002.jpg", "BK001.jpg"]}


def test_f3_the_code_follows_from_the_path() -> None:
    """Fields of the path are translated and put together; a folder within a known record is part of it."""
    layout = Layout(
        "folders", path="{fonds}/{year}/{retention}/{organ}/{item}", code="{fonds}-WS·{year}·{retention}·{organ}-{item:04}", values={"办公室": "BGS"}
    )  # fmt: skip
    tree = {"J023/2011/永久/办公室/1": ["001.tif"], "J023/2011/永久/办公室/1/附件": ["001.jpg"], "J023/2011/定期30年/办公室/2": ["001.tif"]}
    found = gather(tree, layout, knowing(A))
    assert list(parts(found)) == ["J023-WS·2011·D30·BGS-0002", A]
    assert parts(found)[A] == ["001.tif", "附件／001.jpg"]
    assert found.left == ()


def test_f4_the_code_stands_in_the_file_name() -> None:
    """'·' may have become '.', '_' or a blank; an inserted page keeps its place; a name without a code is superfluous."""
    names = [f"J023-WS{s}2011{s}Y{s}BGS-0001-00{n}.jpg" for n, s in ((3, "."), (1, "_"), (2, " "))]
    found = gather({"": [*names, "J023-WS.2011.Y.BGS-0001-002-1.jpg", "杂.jpg"]}, Layout("files"), knowing(A))
    assert [page.label for page in found.gatherings[0].pages] == ["001", "002", "002-1", "003"]
    assert [g.key for g in found.gatherings] == [A]
    assert left(found) == [("superfluous", "杂.jpg")]


def test_f5_parallel_trees_are_representations() -> None:
    """TIFF, JPG, two-layer PDF and thumbnails are one record's 版本用途; thumbnails stay where they are."""
    tree = {f"JPG/{A}": ["0001.jpg", "0002.jpg"], f"TIFF/{A}": ["0001.tif", "0002.tif"], "PDF": [f"{A}.pdf"], f"缩略图/{A}": ["0001.jpg"]}
    found = gather(tree, Layout("folders"), knowing(A))
    [record] = found.gatherings
    assert [(p.part, p.use) for p in record.pages] == [
        ("0001.tif", Use.MASTER), ("0002.tif", Use.MASTER), ("0001.jpg", Use.ACCESS), ("0002.jpg", Use.ACCESS), (f"{A}.pdf", Use.SEARCHABLE),
    ]  # fmt: skip
    assert record.kept_back == 1
    assert left(found) == []


def test_f5_same_names_in_two_trees_get_their_folder() -> None:
    """Part names stay unique when both trees call their files alike."""
    found = gather({f"原图/{A}": ["1.jpg"], f"利用件/{A}": ["1.jpg"]}, Layout("folders"), knowing(A))
    assert parts(found) == {A: [f"原图／{A}／1.jpg", f"利用件／{A}／1.jpg"]}


def test_f6_a_delivery_folder_with_its_papers() -> None:
    """Sheets, digest lists, 说明文件 and 移交清单 are evidence, not superfluous; a record may go on upon the next disc."""
    tree = {
        "目录": ["案卷目录.xls"], f"光盘01/数据/{A}": ["1.jpg"], f"光盘02/数据/{A}": ["2.jpg"], "光盘01": ["MD5.txt"],
        "": ["说明文件.TXT", "移交清单.pdf", "杂.bin"],
    }  # fmt: skip
    found = gather(tree, Layout("folders"), knowing(A))
    assert parts(found) == {A: ["1.jpg", "2.jpg"]}
    assert sorted(found.evidence) == ["光盘01/MD5.txt", "目录/案卷目录.xls", "移交清单.pdf", "说明文件.TXT"]
    assert left(found) == [("superfluous", "杂.bin")]


def test_f7_the_link_sheet_says_where_images_lie() -> None:
    """Whole paths of the contractor's disk fit by their end; numbers stand for names; images that no line covers are said."""
    tree = {"扫描站2/20231018/盒0123": [f"IMG_{n:04d}.jpg" for n in range(1, 7)]}
    links = [
        LinkRow(A, r"D:\档案\扫描站2\20231018\盒0123", "IMG_0001.jpg", "IMG_0003"), LinkRow(B, "盒0123", "4", "5"), LinkRow(B, "盒0999", "1", "2"),
        LinkRow(B, "盒0123", "5", "4"),
    ]  # fmt: skip
    found = gather(tree, Layout("rows"), Lookups(links=lambda: links))
    assert {code: len(names) for code, names in parts(found).items()} == {A: 3, B: 2}
    assert [one.why for one in found.left] == [LeftWhy.LINK_FOLDER, LeftWhy.LINK_FOLDER, LeftWhy.UNCOVERED]


def test_f8_code_and_title_in_the_name_of_a_pdf() -> None:
    """Year and retention from the folder, number from the name; the title is no part of the code."""
    layout = Layout("files", path="{year}{retention}", file="{item}_{title}", code="J023-WS·{year}·{retention}·BGS-{item}")
    found = gather({"2011永久": ["0001_关于印发××的通知.pdf"], "2011定期10年": ["0001_无.pdf"]}, layout, knowing(A))
    assert parts(found) == {"J023-WS·2011·D10·BGS-0001": ["0001_无.pdf"], A: ["0001_关于印发××的通知.pdf"]}


def test_f9_photographs_and_their_raw_twins() -> None:
    """Twins of one stem are representations of one picture; the words for the group go with every picture of it."""
    found = gather({"照片/2009/第12组": ["2009-12-003.jpg", "2009-12-003.cr2", "2009-12-004.jpg", "说明.txt"]}, Layout("files", file="{code}"), knowing())
    three, four = found.gatherings
    assert [(p.part, p.use) for p in three.pages] == [("2009-12-003.cr2", Use.MASTER), ("说明.txt", Use.MASTER), ("2009-12-003.jpg", Use.ACCESS)]
    assert [p.role for p in four.pages] == [Role.BODY, Role.CAPTION]


def test_f10_a_folder_that_is_one_object() -> None:
    """VIDEO_TS belongs to the folder around it, whole, and its files keep their folder in their names."""
    tree = {"录像/V0031": [], "录像/V0031/VIDEO_TS": ["VTS_01_1.VOB", "VIDEO_TS.IFO"], "录像/V0031/AUDIO_TS": []}
    [record] = gather(tree, Layout("folders"), knowing("V0031")).gatherings
    assert (record.code, record.where, record.whole) == ("V0031", "录像/V0031", True)
    assert [p.part for p in record.pages] == ["VIDEO_TS／VTS_01_1.VOB", "VIDEO_TS／VIDEO_TS.IFO"]


def test_f10_a_volume_may_span_reels() -> None:
    """Frames of several reels follow one another by the lines of the reel sheet; frames without a record are covered too."""
    tree = {"缩微/卷片0045": ["00001.tif", "00002.tif", "片头.tif"], "缩微/卷片0046": ["00001.tif", "00002.tif"]}
    links = [LinkRow("", "卷片0045", "1", "1"), LinkRow(VOLUME, "卷片0045", "2", "2"), LinkRow(VOLUME, "卷片0046", "1", "2")]
    found = gather(tree, Layout("rows"), Lookups(links=lambda: links))
    assert [(p.folder, p.name) for p in found.gatherings[0].pages] == [
        ("缩微/卷片0045", "00002.tif"), ("缩微/卷片0046", "00001.tif"), ("缩微/卷片0046", "00002.tif"),
    ]  # fmt: skip
    assert found.left == ()


def test_f10_a_reel_is_found_by_its_number_alone() -> None:
    """A reel sheet says 0045 where the folder is called 卷片0045; a folder of that very name goes first, and two that fit are not guessed between."""
    links = [LinkRow(VOLUME, "0045", "1", "2")]
    frames = ["00001.tif", "00002.tif"]
    for names, where in ((["卷片0045"], "缩微/卷片0045"), (["卷片0045", "0045"], "缩微/0045"), (["卷片0045", "胶片-0045"], "")):
        found = gather({f"缩微/{name}": list(frames) for name in names}, Layout("rows"), Lookups(links=lambda: links))
        assert {page.folder for one in found.gatherings for page in one.pages} == ({where} if where else set())
        assert [left.why for left in found.left if left.why is LeftWhy.LINK_FOLDER] == ([] if where else [LeftWhy.LINK_FOLDER])


def test_f11_sections_sides_and_halves() -> None:
    """正卷 comes before 副卷 under names of their own; 正 before 反, left before right."""
    tree = {f"正卷/{A}": ["0001.jpg"], f"副卷/{A}": ["0001.jpg"], B: ["0012反.jpg", "0012正.jpg", "0005-R.jpg", "0005-L.jpg"]}
    found = gather(tree, Layout("folders"), knowing(A, B))
    assert parts(found)[A] == ["正卷／0001.jpg", "副卷／0001.jpg"]
    assert parts(found)[B] == ["0005-L.jpg", "0005-R.jpg", "0012正.jpg", "0012反.jpg"]


def test_f12_overrides_take_the_place_of_pages_by_number() -> None:
    """Later overrides win, by kind and by number; 补扫 adds; a record that only an override holds says so."""
    tree = {
        A: ["0001.jpg", "0002.jpg"], f"重扫/{A}": ["0002.jpg"], f"重扫2/{A}": ["0002.tif"], f"补扫/{A}": ["0002-1.jpg"], f"退回整改2/{B}": ["0001.jpg"],
    }  # fmt: skip
    found = gather(tree, Layout("folders"), knowing(A, B))
    assert parts(found) == {A: ["0001.jpg", "0002.tif", "0002-1.jpg"], B: ["0001.jpg"]}
    assert [(g.code, g.override) for g in found.gatherings] == [(A, False), (B, True)]


def test_two_folders_of_one_code_are_told() -> None:
    """The first stands; the second is left with the first named beside it."""
    found = gather({f"甲/{A}": ["0001.jpg"], f"乙/{A}": ["0001.jpg"]}, Layout("folders"), knowing(A))
    [one] = found.left
    assert (one.why, one.key, {one.path, one.detail}) == (LeftWhy.TWICE, A, {f"甲/{A}", f"乙/{A}"})
    assert len(found.gatherings[0].pages) == 1


def test_a_marker_is_no_page() -> None:
    """A marker file, a marker folder and the folder 已完成 mark the record and are not sealed with it."""
    tree = {A: ["0001.jpg", "完成.txt"], B: ["1.jpg"], f"{B}/完成": [], "已完成/C-1-1": ["1.jpg"], "D-1-1": ["1.jpg", "扫完"]}
    found = gather(tree, Layout("folders"), knowing(A, B), markers=("扫完",))
    assert all(g.marked for g in found.gatherings)
    assert {len(g.pages) for g in found.gatherings} == {1}


NAMES = st.lists(
    st.sampled_from(["0001.jpg", "0002.jpg", "2.tif", "0002-1.jpg", "000封面.jpg", "说明.txt", "x.pdf", "MD5.txt", "无.jpg"]), unique=True, max_size=6
)
FOLDERS = st.lists(
    st.sampled_from(["J023", "2", A, B, "JPG", "TIFF", "重扫", "补扫2", "数据", "光盘01", "正卷", "VIDEO_TS", "已完成", "目录", "1"]), max_size=3
)
KINDS: Sequence[Layout] = (
    Layout("folders"), Layout("volumes"), Layout("files"), Layout("files", file="{code}"), Layout("folders", path="{fonds}/{volume}", code="{fonds}-{volume}"),
)  # fmt: skip


@given(st.dictionaries(FOLDERS.map("/".join), NAMES, max_size=6), st.sampled_from(KINDS))
def test_no_file_is_lost_and_part_names_are_unique(tree: dict[str, list[str]], layout: Layout) -> None:
    """Every file is a page, evidence, left over, kept back, overridden, or lies in a folder told as a second one; part names never fall together."""
    found = gather({f: list(n) for f, n in tree.items()}, layout, knowing(A, B))
    pages = [(p.folder, p.name) for g in found.gatherings for p in g.pages]
    twice = {one.path for one in found.left if one.why is LeftWhy.TWICE}
    told = {*found.evidence, *(one.path for one in found.left)}
    for gathering in found.gatherings:
        assert len({p.part for p in gathering.pages}) == len(gathering.pages)
    for folder, names in tree.items():
        for name in names:
            path = f"{folder}/{name}" if folder else name
            silent = folder in twice or "缩略图" in folder
            overridden = any(w in f for f in tree for w in ("重扫", "补扫"))
            assert (folder, name) in pages or path in told or silent or overridden


def test_a_site_has_words_of_its_own() -> None:
    """A site's layout.toml replaces the words of one list and leaves the others; a use or an expression that is none is refused."""
    site = SiteData((("layout.toml", '[representations]\nmaster = ["母版"]\n[folders]\nsections = ["甲卷"]'),))
    found = gather({f"母版/{A}": ["1.tif"], f"JPG/{A}": ["1.jpg"]}, Layout("folders"), knowing(A), words=vocabulary(site))
    assert [page.use for page in found.gatherings[0].pages] == [Use.MASTER, Use.ACCESS]
    assert vocabulary(site).section_rank("甲卷") == 1
    for wrong in ('[roles]\ncover = ["("]', '[representations]\nmater = ["x"]', "[folders]\ndiscs = 3"):
        with pytest.raises(SiteDataWrong):
            vocabulary(SiteData((("layout.toml", wrong),)))
