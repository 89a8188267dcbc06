"""Sheets read by a category 门类: what one understands, what is asked instead of guessed, and that every other sheet is read as ever."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sheet_books import Cell, split, table

from holdings.category import categories
from holdings.errors import SheetUnreadable, SiteDataWrong
from holdings.findings import FindingCode
from holdings.sheet import SheetRequest, read_sheet, sheet_lines
from holdings.sheet_category import answer, columns_of, fitting
from holdings.sheet_lines import ParsedSheet, TableKind, decode_parsed, encode_parsed
from holdings.sheet_profile import BY_CATEGORY, GENERAL, QuestionKind, SheetProfile, decode_profile, encode_profile
from holdings.site_data import SiteData

MARRIAGE = "登记字号|登记类别|男方姓名|男方身份证号|女方姓名|女方身份证号|登记日期|登记机关|盒号|页数|图像目录"
PHOTO = "照片号|底片号|组号|张号|题名|时间|摄影者|文字说明|参见号|密级|文件名"
TAPE = "带号|载体规格|制式|面|题名|录制时间|起始时码|终止时码|时长|录制者|文件名"
UNRELATED = ["档号", "全宗号", "目录号", "案卷号", "件号", "题名", "责任者", "日期", "密级", "页数", "序号", "张数", "时间", "说明", "备注", "年度", "保管期限",
             "门类", "组号", "文字说明", "照片号", "登记字号", "时长", "流水号", "编号", "别的", ""]  # fmt: skip
CELLS = ["", "1", "23", "23-2-145-1", "同上", "机密", "公开", "永久", "合计", "1958.3", "甲", "J001"]


def _read(header: str, *lines: str, category: str = "", **answers: str) -> ParsedSheet:
    return read_sheet("表.csv", table(split(header, *lines)), profile=SheetProfile(answers=answers, category=category))


@pytest.mark.fuzz
@given(
    st.lists(st.sampled_from(UNRELATED), min_size=2, max_size=9),
    st.lists(st.lists(st.sampled_from(CELLS), max_size=9), max_size=8),
)
def test_an_unrelated_sheet_is_read_as_before(names: list[str], rows: list[list[Cell]]) -> None:
    """A sheet that looks like no category's is read to the same bytes as when all categories are ruled out."""
    read: list[bytes | str] = []
    for profile in (SheetProfile(), SheetProfile(answers={BY_CATEGORY: GENERAL})):
        try:
            sheet = read_sheet("表.csv", table([names, *rows]), profile=profile)
            assert not any(question.kind is QuestionKind.CATEGORY for question in sheet.questions)
            read.append(encode_parsed(sheet))
        except SheetUnreadable as fault:
            read.append(str(fault))
    assert read[0] == read[1]


@pytest.mark.parametrize(("header", "named"), [(MARRIAGE, ("婚姻",)), (PHOTO, ("照片",)), (TAPE, ("录音", "录像"))])
def test_a_sheet_like_a_category_asks_one_question(header: str, named: tuple[str, ...]) -> None:
    """What looks like one category's sheet asks for that category alone, and shows nothing of its rows; nothing is imported meanwhile."""
    cells = "|".join(f"值{n}" for n in range(len(header.split("|"))))
    sheet = _read(header, cells)
    (question,) = sheet.questions
    assert (question.id, question.candidates, question.samples) == (BY_CATEGORY, (*named, GENERAL), ())
    assert (question.blocking, sheet.blocked, list(sheet.rows)) == (True, True, [])
    assert len(_read(header, cells, **{BY_CATEGORY: GENERAL}).questions) >= 1
    assert not _read(header, cells, **{BY_CATEGORY: named[0]}).blocked


def test_with_a_code_and_nothing_to_ask_no_question_is_made() -> None:
    """A sheet of marriages with codes of its own needs no answer; one with a doubtful column is imported and asks for the category."""
    assert _read(f"档号|{MARRIAGE}", "23-2-1-1|1|结婚|甲||乙||1958.3.1|区|1|3|D").questions == ()
    asked = _read(f"档号|{PHOTO}", "23-2-1-1|1|1|1|1|植树|1958|甲||||1.jpg")
    assert [(q.id, q.blocking) for q in asked.questions] == [(BY_CATEGORY, False)]
    assert [row.code for row in asked.rows] == ["23-2-1-1"]


def test_a_header_that_only_a_category_knows_is_found() -> None:
    """Where the general table knows no column, the category is asked; with the answer its names are understood."""
    header, line = "证书字号|业务类别|男方|女方|发证日期|婚姻登记机关", "津1|结婚|甲|乙|1958.3.12|和平"
    asked = _read(header, line)
    assert [q.candidates[0] for q in asked.questions] == ["婚姻"]
    assert [note.code for note in asked.notes] == [FindingCode.SHEET_QUESTIONS]
    answered = _read(header, line, category="marriage")
    (row,) = answered.rows
    assert (row.code, row.values["题名"], row.values["成文日期"], row.values["门类"]) == (
        "津1",
        "[甲、乙结婚]",
        "19580312",
        "婚姻",
    )
    assert asked.profile_key == answered.profile_key


def test_obligations_of_the_category_are_told() -> None:
    """A missing column once, a missing field with its row, a wrong number without the number."""
    sheet = _read(
        MARRIAGE,
        "一|结婚|甲|120101195803120011||x|1958.3.1|区|1|3|D",
        "二|离婚|丙||丁||1958.3.2|区|1|3|D",
        category="婚姻",
    )
    told = [(note.row, note.code, note.field) for note in sheet.notes if note.code.startswith("metadata")]
    assert (0, FindingCode.METADATA_MISSING, "保管期限") in told
    assert [one for one in told if one[1] == FindingCode.METADATA_MISSING and one[0]] == [
        (2, FindingCode.METADATA_MISSING, "女方姓名")
    ]
    assert {one[2] for one in told if one[0] == 2} == {"女方姓名", "男方身份证号", "女方身份证号"}
    assert "120101" not in "".join(note.detail for note in sheet.notes)


def test_personal_columns_give_no_examples() -> None:
    """A repair of a personal column is offered without showing a name."""
    sheet = _read(
        MARRIAGE,
        "一|结婚|张建国||李桂兰||1958.3.1|区|1|3|D",
        "二|结婚|同上||王秀英||1958.3.2|区|1|3|D",
        category="婚姻",
    )
    (proposal,) = (one for one in sheet.proposals if one.repair.column == "男方姓名")
    assert (proposal.count, proposal.examples, "（" in proposal.text) == (1, (), False)
    assert not [note for note in sheet.notes if "张建国" in note.detail]


def test_a_set_of_photos_shares_its_text_and_its_mark() -> None:
    """One 文字说明 for a set, filled in its set only; a mark that the set bears once withholds every photo of it."""
    sheet = _read(PHOTO, "P1|1|1|1|植树|1958.3|甲|全区植树||公开|1.jpg", "P2|2|1|2|||||||2.jpg", "P3|3|2|1|密事|1958|乙|不可见||机密|3.jpg", "P4|4|2|2|||||||4.jpg",
                  "P5|5|3|1|开会|1959|丙||||5.jpg", category="照片")  # fmt: skip
    shown = [row for row in sheet.rows if not row.refused]
    assert [(row.code, row.values.get("文字说明"), row.values.get("题名")) for row in shown] == [
        ("P1", "全区植树", "植树"),
        ("P2", "全区植树", "植树"),
        ("P5", None, "开会"),
    ]
    assert [refusal.row for refusal in sheet.refusals] == [4, 5]
    assert "不可见" not in encode_parsed(sheet).decode()


@pytest.mark.parametrize(
    ("header", "line", "category", "code"),
    [("全宗号|组号|张号|题名|摄影者|时间", "J023|12|3|植树|甲|1958", "照片", "J023-12-3"), ("带号|面|题名|录制时间", "V1|A|大会|1998.5.4", "录像", "V1-A"),
     ("带号|面|题名|录制时间", "V1||大会|1998.5.4", "录像", "V1"), ("带号|面|件号|题名|录制时间", "V1|A|3|大会|1998.5.4", "录音", "V1-3"),
     ("档号|带号|题名", "23-2-1-1|V1|大会", "录音", "23-2-1-1"), ("宗地号|土地使用者|座落|面积", "120-7|甲|某路|3", "土地", "120-7")],
)  # fmt: skip
def test_codes_by_the_rules_of_a_category(header: str, line: str, category: str, code: str) -> None:
    """The first of a category's code rules whose parts are there makes the code; a column 档号 goes before all."""
    assert [row.code for row in _read(header, line, category=category).rows] == [code]


def test_reels_by_other_names_are_reels() -> None:
    """With the category 缩微 its other column names are links too, and no rows."""
    sheet = _read(
        "片盘号|全宗号|目录号|案卷号|起始画幅号|终止画幅号|画幅数", "0045|23|2|145|1|400|400", category="缩微"
    )
    assert (sheet.kinds, [(link.folder, link.key, link.first, link.last, link.count) for link in sheet.links]) == (
        (TableKind.REELS,),
        [("0045", "23-2-145", "1", "400", 400)],
    )


@pytest.mark.parametrize("name", sorted(categories()))
def test_no_category_moves_a_mark_or_a_part_of_a_code(name: str) -> None:
    """Whatever a category's columns are called, those of the security mark, the code's parts and the date keep their element."""
    general, own = columns_of("", "document"), columns_of("", name)
    for word in ("密级", "秘级", "档号", "全宗号", "案卷号", "室编件号", "年度", "保管期限", "登记日期"):
        assert own.element(word) == general.element(word)


def test_a_site_adds_a_category_that_sheets_may_name() -> None:
    """A site's own family is named and asked about as the shipped ones; one that does not exist lists those there are."""
    fields = "\n".join(f'"{one}" = {{}}' for one in ("优抚证号", "优抚类别", "优抚对象", "发放机构"))
    text = f'[category.care]\nname = "优抚"\nstandard = "本馆"\nunit = "件"\nrows = "each"\ncode_from = [["优抚证号"]]\n[category.care.fields]\n{fields}\n'
    site = SiteData((("category-优抚.toml", text),))
    told = site.only("columns", "codes", "category")
    assert fitting(["优抚证号", "优抚类别", "优抚对象", "发放机构", "题名"], columns_of("", "document"), told) == (
        "优抚",
    )
    request = SheetRequest("a.csv", profile=SheetProfile(category="优抚"), columns=told)
    (row,) = decode_parsed(
        b"".join(sheet_lines(request, table(split("优抚证号|优抚类别|优抚对象|题名", "7|甲|乙|丙"))))
    ).rows
    assert (row.code, row.values["门类"]) == ("7", "优抚")
    assert (answer("care", site), answer("", site), answer(GENERAL)) == (
        {BY_CATEGORY: "优抚"},
        {},
        {BY_CATEGORY: GENERAL},
    )
    with pytest.raises(SiteDataWrong, match="婚姻"):
        answer("没有的")


def test_a_profile_from_before_has_no_category() -> None:
    """What was remembered by an earlier version is read as ever."""
    old = msgspec.json.encode({"answers": {"序号": "件号"}})
    assert decode_profile(old) == SheetProfile(answers={"序号": "件号"})
    assert decode_profile(encode_profile(SheetProfile(category="照片"))).category == "照片"


def test_a_sheet_of_sets_is_never_cut() -> None:
    """A large text file is read in parts, but not one whose rows speak for the rows below them."""
    told = {
        name: SheetRequest("a.csv", profile=SheetProfile(category=name)).in_sets
        for name in ("", "照片", "婚姻", GENERAL)
    }
    assert told == {"": False, "照片": True, "婚姻": False, GENERAL: False}
