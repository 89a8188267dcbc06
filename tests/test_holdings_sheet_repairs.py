"""Questions, repairs and fills of sheets: asked once, made only when agreed, never carried out of a classified row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sheet_books import book, split, table

from holdings.columns import CODE, columns
from holdings.errors import SheetUnreadable
from holdings.findings import FindingCode
from holdings.security import MarkKind, SiteClass
from holdings.sheet import (
    decode_parsed,
    encode_request,
    interpret_in_sandbox,
    parse_in_sandbox,
    read_sheet,
    stream_in_sandbox,
)
from holdings.sheet_code import CodeReader, CodeSource
from holdings.sheet_header import Header
from holdings.sheet_lines import SheetStream
from holdings.sheet_link import LinkRow
from holdings.sheet_profile import (
    KEEP,
    SKIP,
    AnswerInvalid,
    QuestionKind,
    Repair,
    RepairKind,
    SheetProfile,
    decode_profile,
    encode_profile,
    parse_answer,
    parse_repair,
    profile_key,
)
from holdings.sheet_repair import cell_name
from holdings.table import RemarkKind

PARTS = "全宗号|目录号|案卷号|件号|题名|责任者|日期|密级"


def test_zeros_that_were_eaten_are_offered_and_padded() -> None:
    """Numbers that came without their zeros are offered to be padded once for the column, with examples, and padded when agreed."""
    rows: list[list[str | int]] = [*split(PARTS), *([23, 2, n, 1, f"题{n}", "", "", ""] for n in (1, 20, 300))]
    data = book({"目录": rows})
    offered = read_sheet("a.xlsx", data)
    found = {p.repair.spec: (p.count, p.examples) for p in offered.proposals}
    assert found["案卷号=补零到4位"] == (3, ((2, "1", "0001"), (3, "20", "0020"), (4, "300", "0300")))
    assert found["件号=补零到3位"] == (3, ((2, "1", "001"), (3, "1", "001"), (4, "1", "001")))
    assert [row.code for row in offered.rows] == ["23-2-1-1", "23-2-20-1", "23-2-300-1"]
    profile = SheetProfile().with_repairs(map(parse_repair, ["案卷号=补零到4位", "件号=补零3"]))
    padded = read_sheet("a.xlsx", data, profile=profile)
    assert [row.code for row in padded.rows] == ["23-2-0001-001", "23-2-0020-001", "23-2-0300-001"]
    assert {p.repair.spec for p in padded.proposals if p.agreed} == {"案卷号=补零到4位", "件号=补零到3位"}
    assert {note.code for note in padded.notes if note.field == "案卷号"} == {FindingCode.REPAIR_MADE}


def test_texts_of_one_width_are_left_alone() -> None:
    """Numbers of one width that came as text lost nothing: no repair is offered."""
    assert not read_sheet("a.csv", table(split(PARTS, *(f"23|2|{n}|1|题|||" for n in (145, 146, 147))))).proposals


def test_day_numbers_become_dates_when_agreed() -> None:
    """29567 in a date column is refused and offered as a date; agreed, it is one."""
    cells: list[list[str | int]] = [*split("档号|题名|日期|密级"), ["23-2-1-1", "甲", 29567, ""], ["23-2-1-2", "乙", "19580312", ""]]
    offered = read_sheet("a.xlsx", book({"目录": cells}))
    assert [(refusal.row, refusal.field) for refusal in offered.refusals] == [(2, "成文日期")]
    (proposal,) = offered.proposals
    assert (proposal.repair.spec, proposal.count, proposal.examples) == ("成文日期=表格日期", 1, ((2, "29567", "19801212"),))
    agreed = read_sheet("a.xlsx", book({"目录": cells}), profile=SheetProfile(repairs=(proposal.repair.spec,)))
    assert [row.values["成文日期"] for row in agreed.rows] == ["19801212", "19580312"]
    assert not agreed.refusals


@pytest.mark.parametrize("sign", ["同上", "〃", "”", "″", '"', "同前"])
def test_signs_for_as_above(sign: str) -> None:
    """A row with such a sign is refused and named until the fill is agreed; then the sign stands for what is above."""
    cells = split("档号|题名|责任者", "23-2-1-1|甲|民政局", f"23-2-1-2|乙|{sign}", f"23-2-1-3|丙|{sign}", "23-2-1-4|丁|财政局", f"23-2-1-5|戊|{sign}")
    data = book({"目录": cells})
    offered = read_sheet("a.xlsx", data)
    assert [(refusal.row, refusal.field) for refusal in offered.refusals] == [(3, "责任者"), (4, "责任者"), (6, "责任者")]
    assert [(p.repair.spec, p.count, p.examples[0]) for p in offered.proposals] == [("责任者=展开同上", 3, (3, sign, "民政局"))]
    agreed = read_sheet("a.xlsx", data, profile=SheetProfile().with_repairs([parse_repair("责任者=同上")]))
    assert [row.values["责任者"] for row in agreed.rows] == ["民政局", "民政局", "民政局", "财政局", "财政局"]
    assert not agreed.refusals


def test_blanks_that_may_be_blanks_are_no_finding() -> None:
    """A column with many blanks is offered for filling, but nobody is bothered with it unless codes need it."""
    sheet = read_sheet("a.csv", table(split("档号|题名|责任者", "23-2-1-1|甲|民政局", "23-2-1-2|乙|", "23-2-1-3|丙|")))
    assert [(p.repair.spec, p.count) for p in sheet.proposals] == [("责任者=向下填充", 2)]
    assert {note.code for note in sheet.notes} == {"metadata-missing"}


def test_a_sign_in_the_first_row_stands_for_nothing() -> None:
    """同上 without a row above is refused even when the fill is agreed."""
    profile = SheetProfile(repairs=("责任者=同上",))
    sheet = read_sheet("a.csv", table(split("档号|题名|责任者", "23-2-1-1|甲|同上")), profile=profile)
    assert [(refusal.row, refusal.field) for refusal in sheet.refusals] == [(2, "责任者")]


EVERYTHING = SheetProfile(
    repairs=tuple(Repair(c, k).spec for c in ("题名", "责任者", "密级", "全宗号", "目录号", "案卷号") for k in (RepairKind.DITTO, RepairKind.FILL))
)


def test_nothing_is_carried_out_of_a_classified_row() -> None:
    """On an open site 同上 and blanks below a classified row never take its values, its code parts excepted; its mark is taken."""
    cells = split(PARTS, "23|2|1|1|绝不可见|绝不可见局||机密", "|||2|同上|〃|1958|内部", "|||3|好|〃|1958|内部", "|||4|好||1958|内部",
                  "|||5|好|民政局|1958|同上", "|||6|又绝不可见|||机密", "|||7|丁|民政局|1958|〃")  # fmt: skip
    request = encode_request("a.csv", SiteClass.OPEN, EVERYTHING)
    carried = interpret_in_sandbox(table(cells), request)
    assert "不可见" not in carried.decode()
    sheet = decode_parsed(carried)
    marks = {row.number: (row.mark, row.refused, row.key) for row in sheet.rows}
    assert marks[2] == (MarkKind.CLASSIFIED, True, "23-2-1-1")
    assert marks[3] == (MarkKind.UNREADABLE, True, "23-2-1-2")  # its title is that of the classified row
    assert marks[4] == (MarkKind.OPEN, True, "23-2-1-3")  # whose body is not known
    assert marks[5] == (MarkKind.OPEN, False, "23-2-1-4")
    assert marks[6] == (MarkKind.OPEN, False, "23-2-1-5")
    assert marks[8] == (MarkKind.CLASSIFIED, True, "23-2-1-7")
    assert {row.volume for row in sheet.rows} == {"23-2-1"}
    plain = read_sheet("a.csv", table(cells), SiteClass.CLASSIFIED, EVERYTHING)
    assert [row.values["责任者"] for row in plain.rows][:4] == ["绝不可见局"] * 4


def test_merged_cells_of_a_classified_row_stay_there() -> None:
    """A merged mark covers every row it spans; other merged values that begin in a classified row are not carried on."""
    cells = split("档号|题名|责任者|密级", "23-2-1-1|绝不可见|绝不可见局|机密", "23-2-1-2|甲||", "23-2-1-3|乙||公开")
    data = book({"目录": cells}, {"目录": [(1, 2, 3, 2), (1, 3, 2, 3)]})
    carried = parse_in_sandbox(data, "a.xlsx")
    assert "不可见" not in carried.decode()
    rows = list(decode_parsed(carried).rows)
    assert [(row.mark, row.refused) for row in rows] == [(MarkKind.CLASSIFIED, True), (MarkKind.CLASSIFIED, True), (MarkKind.OPEN, False)]
    assert "责任者" not in rows[2].values


def test_samples_and_examples_never_come_from_classified_rows() -> None:
    """Questions and proposals of an open site show nothing of a classified row, also while a sheet waits for an answer."""
    secret = "23-2-1-9|9|绝不可见|29567|机密"
    for names in ("档号|张数|题名|日期|密级", "编号|张数|题名|日期|密级"):
        carried = parse_in_sandbox(table(split(names, secret, "23-2-1-1|3|甲|29568|")), "a.csv")
        assert not {word for word in ("绝不可见", "29567") if word in carried.decode()}
        sheet = decode_parsed(carried)
        assert {q.id: q.samples for q in sheet.questions}["张数"] == ("3",)
        assert sheet.blocked == names.startswith("编号")


def test_a_classified_banner_holds_every_row() -> None:
    """密级 in a banner is that of rows whose own cell is blank or missing."""
    for names in ("档号|题名|密级", "档号|题名|责任者"):
        rows = read_sheet("a.csv", table(split("全宗号：23 密级：机密||", names, "23-2-1-1|甲|"))).rows
        assert [row.mark for row in rows] == [MarkKind.CLASSIFIED]
    sheet = read_sheet("a.csv", table(split("密级：公开||", "档号|题名|责任者", "23-2-1-1|甲|")))
    assert (next(iter(sheet.rows)).values["密级"], sheet.has_mark_column) == ("公开", True)


@pytest.mark.parametrize(
    "cells",
    [
        split("档号：23-2-1 密级：机密||", "序号|题名|责任者", "1|绝不可见|绝不可见局"),
        split("档号：23-2-1||", "序号|题名|责任者", "绝不可见|关于某事的通知（机密★10年）|绝不可见局"),
        split("档号|密级|图像文件夹|首图", "23-2-1-1|机密|绝不可见|绝不可见.jpg"),
        split("密级：秘密|||", "盘号|起始画幅|全宗号|目录号|案卷号|备注", "绝不可见|1|23|2|1|绝不可见"),
    ],
)
def test_classified_rows_are_silent_while_a_sheet_waits_and_in_link_sheets(cells: list[list[str]]) -> None:
    """A classified banner, a mark in a title, or a marked line of a link sheet leaves no sample and no link behind."""
    carried = parse_in_sandbox(table(cells), "a.csv")
    assert "不可见" not in carried.decode()
    sheet = decode_parsed(carried)
    assert not list(sheet.links)
    assert sheet.blocked or [(row.mark, row.volume) for row in sheet.rows] == [(MarkKind.CLASSIFIED, "23-2-1")]


def test_a_second_mark_column_counts_too() -> None:
    """A mark under any name that means 密级 holds its row, whatever the column became."""
    sheet = read_sheet("a.csv", table(split("档号|题名|密级|秘级", "23-2-1-1|甲||机密", "23-2-1-2|乙||")))
    assert [row.mark for row in sheet.rows] == [MarkKind.CLASSIFIED, MarkKind.OPEN]


@pytest.mark.parametrize("name", ["编号", "序号", "张数", "时间", "说明", "目录序号"])
def test_ambiguous_names_are_asked(name: str) -> None:
    """A column with an ambiguous name keeps it until the answer; the answer gives it its element, keeps or drops it."""
    data = table(split(f"档号|题名|{name}", "23-2-1-1|甲|1958"))
    asked = read_sheet("a.csv", data)
    (question,) = asked.questions
    assert (question.id, question.kind, question.blocking, question.column, question.samples) == (name, QuestionKind.MEANING, False, 3, ("1958",))
    assert next(iter(asked.rows)).values == {"档号": "23-2-1-1", "题名": "甲", name: "1958"}
    for answer, expected in ((KEEP, name), (SKIP, None), ("年度", "年度")):
        sheet = read_sheet("a.csv", data, profile=SheetProfile(answers={name: answer}))
        assert not sheet.questions
        values = next(iter(sheet.rows)).values
        assert (values.get(expected) if expected else name not in values) == (True if expected is None else "1958")


def test_what_may_be_the_code_is_asked_first() -> None:
    """Without a code nothing is imported: an ambiguous column that could be it, or complete it, must be answered."""
    sheet = read_sheet("无档号.csv", table(split("编号|题名|密级", "1|甲|")))
    assert (sheet.blocked, sheet.row_count, [(q.id, q.blocking) for q in sheet.questions]) == (True, 0, [("编号", True)])
    volume = split("档号：23-2-145|||", "序号|题名|责任者|日期", "1|甲|民政局|1958")
    sheet = read_sheet("卷内.csv", table(volume))
    assert [(q.id, q.blocking) for q in sheet.questions] == [("序号", True)]
    sheet = read_sheet("卷内.csv", table(volume), profile=SheetProfile(answers={"序号": "件号"}))
    assert [row.code for row in sheet.rows] == ["23-2-145-1"]
    sheet = read_sheet("两列.csv", table(split("档号|文件题名|标题", "23-2-145-1|甲|乙")))
    assert [(q.id, q.kind, q.blocking) for q in sheet.questions] == [("题名", QuestionKind.WHICH, True)]
    sheet = read_sheet("两列.csv", table(split("档号|文件题名|标题", "23-2-145-1|甲|乙")), profile=SheetProfile(answers={"题名": "标题"}))
    assert next(iter(sheet.rows)).values == {"档号": "23-2-145-1", "题名": "乙", "文件题名": "甲"}


def test_many_tabs_ask_once() -> None:
    """A hundred tabs with one doubt ask one question, and one repair is offered with the count of all."""
    tab = [*split("档号|张数|题名|日期|自定"), ["23-2-1-{}", 3, "甲", 29567, ""], ["23-2-1-9{}", 3, "甲", "1958", ""]]
    tabs = {f"第{n}卷": [[str(cell).format(n) if column == 0 else cell for column, cell in enumerate(row)] for row in tab] for n in range(1, 101)}
    sheet = read_sheet("a.xlsx", book(tabs))
    assert [(q.id, q.tab) for q in sheet.questions] == [("张数", "")]
    assert [(p.repair.spec, p.count, p.examples) for p in sheet.proposals] == [("成文日期=表格日期", 100, ((2, "29567", "19801212"),))]
    assert sorted(note.code for note in sheet.notes) == sorted([FindingCode.COLUMN_AMBIGUOUS, FindingCode.COLUMN_UNKNOWN, FindingCode.REPAIR_OFFERED])
    assert (sheet.row_count, sheet.refused_count) == (200, 100)


def test_a_new_banner_between_the_rows_begins_another_volume() -> None:
    """Several volumes below each other in one tab, each with its banner and header."""
    header = "顺序号|题名|责任者"
    cells = split("档号：23-2-145||", header, "1|甲|民政局", "2|乙|民政局", "小计 2件||", "档号：23-2-146||", header, "1|丙|民政局", "共 3 件||")
    sheet = read_sheet("卷内.csv", table(cells))
    assert [row.code for row in sheet.rows] == ["23-2-145-1", "23-2-145-2", "23-2-146-1"]
    assert [n.detail for n in sheet.notes if n.code == FindingCode.TOTAL_LINE_DIFFERS] == []


def test_names_above_and_below_each_other_are_one_header() -> None:
    """Names merged over two lines and names under a group cell are read together, in a workbook and in text."""
    cells = split("档号|文件信息|||备注", "|题名|责任者|日期|", "23-2-1-1|甲|民政局|1958|无")
    merged = [(0, 0, 1, 0), (0, 1, 0, 3), (0, 4, 1, 4)]
    for name, data in (("a.xlsx", book({"目录": cells}, {"目录": merged})), ("a.csv", table(cells))):
        (row,) = read_sheet(name, data).rows
        assert row.values == {"档号": "23-2-1-1", "题名": "甲", "责任者": "民政局", "成文日期": "1958", "附注": "无"}


def test_a_title_with_a_label_inside_is_a_row() -> None:
    """A sparse row whose title says 年度： is a row; one that begins with a label is a banner, also with many cells."""
    header = "件号|题名|责任者|日期|备注"
    cells = split("全宗号：23 目录号：2 案卷号：1||||", header, "1|2011年度：计划的通知|||", "2|密级：无的通知|||", "案卷号|2|全宗号|24|", "3|乙|||")
    sheet = read_sheet("a.csv", table(cells))
    assert ([row.code for row in sheet.rows], sheet.refused_count) == (["23-2-1-1", "23-2-1-2", "24-2-2-3"], 0)


def test_lines_between_the_rows_are_no_rows() -> None:
    """Headers written a little differently, page footers, names of those who filled in, and "nothing below" are passed over."""
    cells = split("档号|题名|责任者|日期|备注", "23-2-1-1|甲|民政局|1958|", "档 号|题  名|作 者|日期|备 注", "23-2-1-2|乙|民政局|1958|", "第 1 页|共 2 页|||",
                  "填表人：|张三|审核人：|李四|", "|（以下空白）|||")  # fmt: skip
    sheet = read_sheet("a.csv", table(cells))
    assert ([row.code for row in sheet.rows], sheet.row_count, sheet.refused_count) == (["23-2-1-1", "23-2-1-2"], 2, 0)


@pytest.mark.parametrize("words", ["不详", "五十年代", "1950年代", "解放前", "清末", "民国时期", "19世纪末"])
def test_dates_in_words_keep_their_words(words: str) -> None:
    """What says too little for a date is no fault: the date is missing, the words are kept."""
    (row,) = (sheet := read_sheet("a.csv", table(split("档号|题名|日期", f"23-2-1-1|甲|{words}")))).rows
    assert (row.values, [note.code for note in sheet.notes]) == (
        {"档号": "23-2-1-1", "题名": "甲", "成文日期（原文）": words}, [FindingCode.DATE_MISSING],
    )  # fmt: skip


def test_the_stream_says_what_the_whole_says() -> None:
    """Pieces cut anywhere give the same rows, links and end, and a contradiction as it passes; a stream that ends early is refused."""
    rows = split("档号|题名", "23-2-1-1|甲", "23-2-1-1|乙", "23-2-1-2|丙")
    data = book({"目录": rows, "挂接": split("档号|图像文件夹|首图", "23-2-1-1|盒1|1.jpg")})
    request = encode_request("a.xlsx", SiteClass.OPEN)
    whole = b"".join(stream_in_sandbox(data, request))
    parsed = decode_parsed(whole)
    for cut in (1, 7, 1000):
        stream = SheetStream(whole[i : i + cut] for i in range(0, len(whole), cut))
        passed = list(stream.rows())
        rows_passed = [row for row in passed if not isinstance(row, LinkRow)]
        assert [(row.number, row.refused and row.duplicate) for row in rows_passed] == [(2, False), (3, True), (4, False)]
        assert [row.number for row in parsed.rows] == [2, 4]
        assert [row for row in passed if isinstance(row, LinkRow)] == list(parsed.links)
        assert stream.end.contradicted == (("", 2),)
        assert [row.duplicate for row in parsed.rows] == [True, False]
    with pytest.raises(SheetUnreadable):
        _ = SheetStream([whole[: whole.rfind(b"\n", 0, -1)]]).end


def test_answers_and_repairs_as_they_are_typed() -> None:
    """What is offered can be typed back; anything else is refused with the way to write it."""
    for kind in RepairKind:
        repair = Repair("件号", kind, 4 if kind is RepairKind.PAD else 0)
        assert parse_repair(repair.spec) == repair
    assert parse_answer(" 序号 = 件号 ") == ("序号", "件号")
    for wrong in ("", "件号", "=补零4", "件号=补零到99位", "件号=修好", "件号=补零"):
        with pytest.raises(AnswerInvalid):
            parse_repair(wrong)
    for wrong in ("", "序号", "序号=", "=件号"):
        with pytest.raises(AnswerInvalid):
            parse_answer(wrong)


def test_a_profile_is_remembered_by_columns_and_contractor() -> None:
    """The key does not change with the order of columns, it does with the contractor; profiles survive their JSON."""
    assert profile_key(["档号", "题名"], "甲公司") == profile_key(["题名", "档号"], "甲公司") != profile_key(["题名", "档号"], "乙公司")
    profile = SheetProfile("甲公司", {"序号": "件号"}, ("件号=补零到3位",), {"全宗号": "J023"}, 40)
    assert decode_profile(encode_profile(profile)) == profile
    for wrong in (b"", b"{", b'{"century": 999}', b'{"unknown": 1}', b'{"repairs": ["a=pad"]}'):
        with pytest.raises(AnswerInvalid):
            decode_profile(wrong)
    with pytest.raises(ValueError, match="读法"):
        interpret_in_sandbox(b"", "{")


def test_every_remark_of_a_reader_is_a_finding() -> None:
    """What the table readers notice has a finding of the same slug, with rule and remedy."""
    assert all(FindingCode(kind.value).remedy for kind in RemarkKind)


def test_cells_are_named_as_on_screen() -> None:
    """A1, Z1, AA2, IV256."""
    assert [cell_name(*place) for place in ((0, 1), (25, 1), (26, 2), (255, 256))] == ["A1", "Z1", "AA2", "IV256"]


@given(st.lists(st.sampled_from(["甲", "乙", "丙", "同上", "〃", ""]), max_size=12), st.booleans(), st.booleans())
def test_filling_is_what_a_person_would_do(cells: list[str], ditto: bool, blanks: bool) -> None:
    """Signs take the nearest value above, blanks too when agreed; without agreement no cell changes and no row with a sign comes through."""
    kinds = [RepairKind.DITTO] * ditto + [RepairKind.FILL] * blanks
    profile = SheetProfile(repairs=tuple(Repair("责任者", kind).spec for kind in kinds))
    rows = [["档号", "题名", "责任者"], *([f"23-2-1-{n}", "题", cell] for n, cell in enumerate(cells, 1))]
    sheet = read_sheet("a.csv", table(rows), profile=profile)
    read = {row.number - 2: row.values.get("责任者", "") for row in sheet.rows if not row.refused}
    above = ""
    for at, cell in enumerate(cells):
        if cell in ("同上", "〃"):
            assert read.get(at) == (above if ditto and above else None)
        elif cell or not blanks:
            assert read[at] == cell
        else:
            assert read[at] == above
        above = cell if cell not in ("同上", "〃", "") else above


CODE_PARTS = st.sampled_from(["J001", "J0001", "WS·2015·D30", "WS", "河西", "1", "003", "2015", "D30", "a", "—", "Y", "WS·2015·Y·BGS"])


@given(st.lists(st.tuples(st.lists(CODE_PARTS, min_size=1, max_size=4), st.from_regex(r"[0-9]{1,8}|[A-Z]?[0-9]{0,3}", fullmatch=True)), max_size=8))
def test_codes_that_share_a_beginning_are_read_as_each_alone(given_codes: list[tuple[list[str], str]]) -> None:
    """What is remembered of a beginning changes nothing of what is read, whatever rule the code follows or none."""

    def reader() -> CodeReader:
        return CodeReader(CodeSource(0), Header((CODE,), (CODE,), {}, (), (), ()), columns())

    together = reader()
    for parts, last in given_codes * 2:
        for number in (last, last[:-1] + "7" if last[-1:].isdigit() else last):
            text = "-".join((*parts, number))
            assert together.read(text) == reader().read(text), text
