"""Sheets of reels and tapes as they come in: what their lines contradict, by sheet, row and numbers, with no code or title."""

import pytest

from holdings.category_findings import TapeWatch, of_links
from holdings.findings import FindingCode
from holdings.security import SiteClass
from holdings.sheet import read_sheet

REELS = "盘号,片种,全宗号,目录号,案卷号,起始画幅,终止画幅,拍数,缩率,母片/拷贝片,拍摄日期,备注"
TAPES = "档号,题名,密级,带号,制式,面,起始时码,终止时码,时长"


def told(header: str, *lines: str) -> list[tuple[str, str]]:
    """(row:column, detail) of what a sheet leaves for a person; all under one code, without any code or title of a record."""
    parsed = read_sheet("单.csv", "\n".join([header, *lines]).encode(), SiteClass.OPEN)
    watch = TapeWatch()
    for row in parsed.rows:
        watch.take(row)
    notes, found = watch.notes(), of_links(parsed.links, "一批/单.csv")
    assert {(one.code, one.subject, one.ref) for one in found} <= {(FindingCode.METADATA_DOUBTFUL, "一批/单.csv", "")}
    assert {one.code for one in notes} <= {FindingCode.METADATA_DOUBTFUL.value}
    answer = [*((f"{one.row}:{one.field}", one.detail) for one in notes), *((one.path.partition("#")[2], one.detail) for one in found)]
    assert not any("23-2" in detail or "会议" in detail for _, detail in answer)
    return answer


def test_reels_that_contradict_themselves_are_told() -> None:
    """A wrong count says both numbers, an overlap says which frames; leaders and targets are no volumes."""
    assert told(
        REELS, "0045,16mm,23,2,,1,3,3,1:24,母片,19850101,片头", "0045,16mm,23,2,靶标,4,6,3,1:24,母片,19850101,",
        "0045,16mm,23,2,145,7,100,90,1:24,母片,19850101,", "0045,16mm,23,2,146,100,200,,,母片,,",
    ) == [
        ("4:拍数", "“拍数”：写 90 拍，起止号之间是 94 拍"),
        ("5:起始画幅", "“起始画幅”：第 100 至 100 画幅已属另一行（重号）"),
    ]  # fmt: skip


def test_tapes_that_contradict_themselves_are_told() -> None:
    """Clips that overlap and lengths that differ are told; classified rows are not looked at on an open site."""
    assert told(
        TAPES, "23-2-145-1,会议,,V0031,PAL,,00:00:00,00:10:00,00:09:00.5", "23-2-145-2,会议讲话,,V0031,PAL,,00:08:00,00:20:00,",
        "23-2-145-3,会议密,机密,V0031,PAL,,00:01:00,00:00:10,",
    ) == [
        ("2:时长", "写 0:09:00，起止时码之间是 0:10:00"),
        ("3:起始时码", "起始 0:08:00 在前一件终止 0:10:00 之前（重叠）"),
    ]  # fmt: skip


@pytest.mark.parametrize(("system", "count"), [(",制式", 1), ("", 0)])
def test_codes_have_the_frames_of_their_kind(system: str, count: int) -> None:
    """Frame 30 is no frame of PAL; a sheet that does not tell 制式 may be of sound, which has more."""
    header = f"档号,题名,密级,带号,起始时码{system}"
    parsed = read_sheet("单.csv", f"{header}\n23-2-145-1,会议,,V1,00:00:01:30{',PAL' if system else ''}".encode(), SiteClass.OPEN)
    watch = TapeWatch()
    for row in parsed.rows:
        watch.take(row)
    assert len(watch.notes()) == count


def test_other_sheets_are_let_pass() -> None:
    """A sheet without the columns leaves nothing, and its rows are not kept."""
    assert told("档号,题名,密级,时长", "23-2-145-1,会议,,很长") == []
    assert told("档号,图像文件夹,首图,末图,图像数", "23-2-145-1,甲,1,9,3") == []
