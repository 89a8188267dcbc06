"""How rows become records: captions of photo sets, frames of film reels, clips of tapes; faults name row and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.av_time import HOURS_MAX, TimeCode, read_time
from holdings.category import get
from holdings.category_film import FrameKind, Stretch, frame_and_side, read_reels
from holdings.category_photo import Twins, fill_groups, groups, twins
from holdings.category_rows import CategoryRow, RowFault
from holdings.category_tape import Clip, read_tapes
from holdings.findings import FindingCode as C

PHOTO, FILM, SOUND, VIDEO = get("photo"), get("film"), get("sound"), get("video")
assert PHOTO.group is not None and FILM.reel is not None and SOUND.tape is not None and VIDEO.tape is not None
GROUP, REEL, TAPE, PAL = PHOTO.group, FILM.reel, SOUND.tape, VIDEO.tape


def rows(header: str, *lines: str) -> list[CategoryRow]:
    """Rows of a sheet, numbered from 2; blank cells are absent, as the readers of sheets give them."""
    names = header.split("|")
    return [
        CategoryRow(number, {name: cell for name, cell in zip(names, line.split("|"), strict=True) if cell})
        for number, line in enumerate(lines, 2)
    ]


def told(faults: tuple[RowFault, ...]) -> list[tuple[int, str, C]]:
    """(row, element, code) of faults."""
    return [(one.number, one.violation.element, one.violation.code) for one in faults]


# ---------------------------------------------------------------- photos

PHOTOS = rows(
    "照片号|组号|张号|题名|成文日期|摄影者|文字说明",
    "2009-12-001|12|1|开工典礼|20090312|王五|左起：张三、李四",
    "2009-12-002|12|2||||",
    "2009-12-003|12|3|剪彩|||",
    "2009-0-007|||独照||赵六|",
    "2009-13-001|13|1|验收|20091224||验收现场",
    "2009-13-002|13|2|||孙七|",
    "2009-12-004|12|4||||",
)


def test_a_caption_said_once_holds_for_its_set() -> None:
    """Blank cells take what the set's first photo says; own words stay; single photos and other sets take nothing."""
    found = list(fill_groups(PHOTOS, GROUP))
    assert [one.values.get("文字说明") for one in found] == ["左起：张三、李四"] * 3 + [None, "验收现场", "验收现场", None]
    assert [one.values.get("题名") for one in found] == ["开工典礼", "开工典礼", "剪彩", "独照", "验收", "验收", None]
    assert [one.values.get("摄影者") for one in found] == ["王五", "王五", "王五", "赵六", None, "孙七", None]
    assert [one.values["照片号"] for one in found] == [row.values["照片号"] for row in PHOTOS]
    assert found[1].filled == ("题名", "文字说明", "成文日期", "摄影者")
    assert [one.fault.number for one in found if one.fault] == [8]


def test_a_set_is_a_record_of_its_own_level() -> None:
    """A set says what all its photos have in common, and how many they are; a single photo is no set."""
    found = list(groups(fill_groups(PHOTOS, GROUP), GROUP))
    assert [(one.group, one.first, one.count) for one in found] == [("12", 2, 3), ("13", 6, 2), ("12", 8, 1)]
    assert found[0].values == {"组号": "12", "文字说明": "左起：张三、李四", "成文日期": "20090312", "摄影者": "王五"}


@given(cells=st.lists(st.tuples(st.sampled_from(["", "1", "2", "3"]), st.sampled_from(["", "甲", "乙"])), max_size=30))
def test_filling_never_changes_what_a_row_says(cells: list[tuple[str, str]]) -> None:
    """Filling adds to blank cells only, loses no row, and filling again changes nothing."""
    given_rows = [CategoryRow(n, {k: v for k, v in (("组号", a), ("文字说明", b)) if v}) for n, (a, b) in enumerate(cells)]
    once = list(fill_groups(given_rows, GROUP))
    assert [one.number for one in once] == [one.number for one in given_rows]
    assert all(one.values.items() >= row.values.items() for one, row in zip(once, given_rows, strict=True))
    twice = list(fill_groups([CategoryRow(one.number, one.values) for one in once], GROUP))
    assert [one.values for one in twice] == [one.values for one in once]
    assert sum(one.count for one in groups(once, GROUP)) == sum(1 for group, _ in cells if group)


def test_raw_and_jpg_of_one_stem_are_twins() -> None:
    """RAW and JPG are representations of one photo; folders keep them apart, other files join no side."""
    found = twins(["2009-12-003.CR2", "2009-12-003.jpg", "b/2009-12-003.jpg", "2009-12-004.tif", "说明.txt", "无扩展名"], PHOTO.files)
    assert found[0] == Twins("2009-12-003", ("2009-12-003.CR2",), ("2009-12-003.jpg",))
    assert [one.are_twins for one in found] == [True, False, False, False, False]
    assert found[2].preservation == ("2009-12-004.tif",)
    assert found[3].other == ("说明.txt",)
    assert found[4].stem == "无扩展名"


# ---------------------------------------------------------------- film


def reels(*lines: str) -> list[tuple[CategoryRow, str]]:
    """Rows 盘号|案卷号|起始画幅|终止画幅|拍数|备注 with the volume they name."""
    found = rows("盘号|案卷号|起始画幅|终止画幅|拍数|备注", *lines)
    return [(row, row.values.get("案卷号", "")) for row in found]


def test_a_reel_holds_volumes_and_a_volume_spans_reels() -> None:
    """Frames lead to volumes and back; leaders, targets and trailers are typed and belong to none."""
    found = read_reels(
        reels(
            "0045||1|3|3|片头", "0045||4|6|3|解像力靶标", "0045|0012|7|100|94|", "0045|0013|101|598|498|含片头说明", "0045||599|600||片尾",
            "0046|靶标|1|4|4|", "0046|0013|5|80|76拍|", "0046|0014|81||20|",
        ),
        REEL,
    )  # fmt: skip
    assert found.faults == ()
    assert [one.kind for one in found.by_reel["0045"]] == [
        FrameKind.LEADER, FrameKind.TARGET, FrameKind.RECORD, FrameKind.RECORD, FrameKind.TRAILER,
    ]  # fmt: skip
    assert found.by_volume["0013"] == (
        Stretch(5, "0045", 101, 598, FrameKind.RECORD, "0013"),
        Stretch(8, "0046", 5, 80, FrameKind.RECORD, "0013"),
    )
    assert found.frames("0013") == 498 + 76
    assert found.frames("0014") == 20
    at = found.at("0046", 100)
    assert at is not None and at.volume == "0014"
    assert found.at("0046", 101) is None
    assert {kind.label for kind in FrameKind} == {"档案", "片头", "靶标", "片尾", "空画幅"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["0045|0012|7|100|90|"], [(2, "拍数", C.METADATA_DOUBTFUL)]),
        (["0045|0012|7|6||"], [(2, "终止画幅", C.METADATA_DOUBTFUL)]),
        (["0045|0012|第七|100||"], [(2, "起始画幅", C.METADATA_TYPE)]),
        (["0045|0012|7|||"], [(2, "终止画幅", C.METADATA_TYPE)]),
        (["0045|0012|0|9||"], [(2, "起始画幅", C.METADATA_TYPE)]),
        (["0045|0012|7|999999||"], [(2, "终止画幅", C.METADATA_DOUBTFUL)]),
        (["|0012|7|100||"], [(2, "盘号", C.METADATA_MISSING)]),
        (["0045||7|100||"], [(2, "案卷号", C.METADATA_MISSING)]),
        (["0045|0012|7|100||", "0045|0013|100|200||"], [(3, "起始画幅", C.METADATA_DOUBTFUL)]),
        (["0045|0012|7|100||", "0045|0013|103|200||"], [(3, "起始画幅", C.METADATA_DOUBTFUL)]),
        (["0045|0012|1|9||", "0045|0013|10|20||", "0046|0012|1|5||"], [(4, "盘号", C.METADATA_DOUBTFUL)]),
        (["0045|0012|1|9||", "0046|0013|1|5||", "0046|0012|6|9||"], [(4, "盘号", C.METADATA_DOUBTFUL)]),
    ],
)
def test_faults_of_reel_sheets(lines: list[str], expected: list[tuple[int, str, C]]) -> None:
    """Wrong counts (both numbers), overlaps, gaps, rows without a volume, volumes broken off in the middle of a reel."""
    assert told(read_reels(reels(*lines), REEL).faults) == expected


def test_a_wrong_count_says_both_numbers() -> None:
    """拍数 that differs is told with what is written and what the frames make."""
    (only,) = read_reels(reels("0045|0012|7|100|90|"), REEL).faults
    assert only.violation.detail == "“拍数”：写 90 拍，起止号之间是 94 拍"


@given(lengths=st.lists(st.integers(1, 200), min_size=1, max_size=20), per_reel=st.integers(1, 5))
def test_every_frame_of_a_right_sheet_leads_home(lengths: list[int], per_reel: int) -> None:
    """Volumes laid back to back on reels: no fault, every frame belongs to exactly its volume, counts add up."""
    sheet, places, frame = [], [], 1
    for number, length in enumerate(lengths):
        if number % per_reel == 0:
            frame = 1
        reel = f"{number // per_reel:04d}"
        sheet.append(f"{reel}|{number:04d}|{frame}|{frame + length - 1}|{length}|")
        places.append((reel, frame, f"{number:04d}"))
        frame += length
    found = read_reels(reels(*reversed(sheet)), REEL)
    assert found.faults == ()
    for (reel, first, volume), length in zip(places, lengths, strict=True):
        for at in (first, first + length - 1):
            stretch = found.at(reel, at)
            assert stretch is not None and stretch.volume == volume
        assert found.frames(volume) == length


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("00012", (12, 0)), ("00012A", (12, 1)), ("12-2", (12, 2)), ("0012右", (12, 2)), ("12_l", (12, 1)), ("００１２", (12, 0)),
        ("000000", None), ("封面", None), ("12-3", None), ("1234567", None),
    ],
)  # fmt: skip
def test_frames_have_sides(stem: str, expected: tuple[int, int] | None) -> None:
    """One frame may be two pages, named by letter, number or word; other names are no frames."""
    assert frame_and_side(stem) == expected


# ---------------------------------------------------------------- tapes


def test_one_tape_is_many_items() -> None:
    """Clips lie side by side by time code; a blank end is beginning plus length, or the next beginning."""
    found = read_tapes(
        rows(
            "带号|面|起始时码|终止时码|时长",
            "L012|A|00:00:00|00:12:30|12分30秒", "L012|A|00:12:30||10分钟", "L012|A|00:22:30||", "L012|A|00:40:00||", "L012|B面||00:05:00|",
        ),
        TAPE,
    )  # fmt: skip
    assert found.faults == ()
    assert found.by_side["L012", "A"] == (
        Clip(2, "L012", "A", 0, 750_000),
        Clip(3, "L012", "A", 750_000, 1_350_000),
        Clip(4, "L012", "A", 1_350_000, 2_400_000),
        Clip(5, "L012", "A", 2_400_000, None),
    )
    assert found.by_side["L012", "B"] == (Clip(6, "L012", "B", 0, 300_000),)
    assert [one.length for one in found.by_side["L012", "A"]] == [750_000, 600_000, 1_050_000, None]
    assert [one.number for one in found.outside("L012", "A", 1_200_000)] == [3, 4, 5]
    assert found.outside("L012", "A", 9_000_000) == ()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["||A|00:00:00|00:01:00|"], [(2, "带号", C.METADATA_MISSING)]),
        (["V1||||61:99|"], [(2, "终止时码", C.METADATA_TYPE)]),
        (["V1|||00:10:00|00:05:00|"], [(2, "终止时码", C.METADATA_DOUBTFUL)]),
        (["V1|||00:00:00|00:10:00|00:09:00.5"], [(2, "时长", C.METADATA_DOUBTFUL)]),
        (["V1|||00:00:00|00:10:30|10分钟"], []),
        (["V1|||00:00:00|00:10:00|", "V1|||00:09:00|00:12:00|"], [(3, "起始时码", C.METADATA_DOUBTFUL)]),
        (["V1||A|00:00:00|00:10:00|", "V1||B|00:09:00|00:12:00|"], []),
        (["V1|PAL||00:00:00:24|00:10:00:00|"], []),
        (["V1|PAL||00:00:00:25|00:10:00:00|"], [(2, "起始时码", C.METADATA_TYPE)]),
        (["V1|NTSC||00:00:00;29|00:10:00;02|"], []),
    ],
)
def test_faults_of_tape_sheets(lines: list[str], expected: list[tuple[int, str, C]]) -> None:
    """Codes that are none, ends before beginnings, lengths that differ, clips that overlap on one side."""
    assert told(read_tapes(rows("带号|制式|面|起始时码|终止时码|时长", *lines), PAL).faults) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("01:02:03", TimeCode(3723)), ("1:02:03:04", TimeCode(3723, 4)), ("01:02:03;04", TimeCode(3723, 4, drop=True)), ("62:03", TimeCode(3723)),
        ("1:02:03.5", TimeCode(3723, 0, 500)), ("1小时2分3秒", TimeCode(3723)), ("62′03″", TimeCode(3723)), ("４５分钟", TimeCode(2700)),
        ("90秒", TimeCode(90)), ("00：00：00", TimeCode(0)), ("2h", TimeCode(7200)),
        ("", None), ("90", None), ("12:61", None), ("1:61:00", None), ("100:00:00", None), ("01:02:03:120", None), ("下午三点", None), ("9" * 33, None),
    ],
)  # fmt: skip
def test_time_codes(text: str, code: TimeCode | None) -> None:
    """Codes, lengths in words and with marks are read; bare numbers, whose unit nobody knows, are not."""
    assert read_time(text) == code


@given(seconds=st.integers(0, (HOURS_MAX + 1) * 3600 - 1), frame=st.integers(0, 24))
def test_a_time_code_reads_as_it_is_written(seconds: int, frame: int) -> None:
    """What is written is read back; time goes up with the code, drop-frame codes keep step with the clock."""
    code = TimeCode(seconds, frame)
    assert read_time(code.text, 25) == code
    assert code.milliseconds(25) == seconds * 1000 + frame * 40
    dropped = TimeCode(seconds, 0, drop=True)
    assert abs(dropped.milliseconds(30) - seconds * 1000) <= 100 + seconds // 200
