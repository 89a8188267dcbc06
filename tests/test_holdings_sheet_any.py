"""Properties of reading any sheet: answered in one of two ways, consistent in its counts, silent about classified rows."""

import datetime as dt
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sheet_books import book, table

from holdings import secrecy_words
from holdings.columns import columns, is_header, of_site
from holdings.dates import read_date
from holdings.errors import SheetUnreadable, SiteDataWrong
from holdings.security import SiteClass
from holdings.sheet import SheetRequest, encode_request, interpret_in_sandbox, read_sheet, sheet_lines
from holdings.sheet_lines import decode_parsed, encode_parsed
from holdings.sheet_mark import RowMark
from holdings.sheet_profile import KEEP, SKIP, Repair, RepairKind, SheetProfile
from holdings.site_data import SiteData

NAMES = ["档号", "全宗号", "目录号", "案卷号", "件号", "馆编件号", "室编件号", "题名", "文件题名", "案卷题名", "责任者", "日期", "起止时间", "密级", "秘级",
         "页数", "序号", "张数", "说明", "备注", "TM1", "TM2", "组号", "文字说明", "年度", "保管期限", "机构", "门类", "身份证号", "照片号", "起止案卷号",
         "卷数", "图像文件夹", "首图", "盘号", "起始画幅", "别的", ""]  # fmt: skip
CELLS = ["", "1", "001", "23", "29567", "58.3.12", "1958-1959", "同上", "〃", "机密", "公开", "永久", "合计", "小计", "共 3 件", "第 1 页 共 2 页", "甲", "=1+1",
         "1.2E+17", "23-2-145", "23-2-145-1", "全宗号：23 年度：2011", "档号：23-2-145", "全宗号：", "题名", "档号", "\x00\x01", "乱\ufffd", "x" * 300]  # fmt: skip
REPAIRS = st.builds(
    lambda column, kind: Repair(column, kind, 4 if kind is RepairKind.PAD else 0), st.sampled_from([*NAMES[:-1], "成文日期"]), st.sampled_from(RepairKind)
)
PROFILES = st.builds(
    SheetProfile, st.just("甲公司"), st.dictionaries(st.sampled_from(NAMES[:-1]), st.sampled_from([*NAMES[:-1], KEEP, SKIP, "全宗号-件号", "档号"]), max_size=4),
    st.lists(REPAIRS.map(lambda repair: repair.spec), max_size=4).map(tuple),
    st.dictionaries(st.sampled_from(["全宗号", "目录号", "密级"]), st.sampled_from(["23", "2", "机密", "公开"]), max_size=2),
)  # fmt: skip
ROWS = st.lists(st.lists(st.sampled_from(CELLS), max_size=9), max_size=10)


@pytest.mark.fuzz
@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=9), ROWS, ROWS, PROFILES, st.sampled_from(SiteClass))
def test_any_table_is_answered(names: list[str], above: list[list[str]], below: list[list[str]], profile: SheetProfile, site: SiteClass) -> None:
    """Any header, banners, rows and profile give a sheet that can be carried, or SheetUnreadable; counts fit each other."""
    try:
        sheet = read_sheet("a.csv", table([*above[:3], names, *below]), site, profile)
    except SheetUnreadable:
        return
    rows = list(sheet.rows)
    assert sheet.row_count >= sheet.refused_count >= len(sheet.refusals)
    assert len([row for row in rows if not row.refused]) <= sheet.row_count - sheet.refused_count
    assert encode_parsed(decode_parsed(encode_parsed(sheet))) == encode_parsed(sheet)
    assert not (sheet.blocked and not any(question.blocking for question in sheet.questions))
    assert all(row.values.get("密级") is not None or "密级" not in sheet.columns or row.refused for row in rows)


@pytest.mark.fuzz
@given(st.data())
def test_nothing_of_a_classified_row_leaves(data: st.DataObject) -> None:
    """Whatever is merged, filled, asked or offered: no cell of a classified row but the parts of its code is in what leaves an open site."""
    names = ["全宗号", "目录号", "案卷号", "件号", "题名", "责任者", "日期", "张数", "密级"]
    rows: list[list[str]] = [names]
    for number in range(1, data.draw(st.integers(2, 8))):
        mark = data.draw(st.sampled_from(["", "公开", "机密", "同上", "秘密★10年"]))
        cells = [data.draw(st.sampled_from(["", f"值{number}列{column}", "同上", "〃"])) for column in range(4)]
        rows.append(["23", "2", data.draw(st.sampled_from(["", "1"])), str(number), *cells, mark])
    merged = []
    if data.draw(st.booleans()) and len(rows) > 3:
        column, top = data.draw(st.integers(4, 8)), data.draw(st.integers(1, len(rows) - 2))
        bottom = data.draw(st.integers(top + 1, len(rows) - 1))
        for row in rows[top + 1 : bottom + 1]:
            row[column] = ""
        merged.append((top, column, bottom, column))
        if column == 8:
            for row in rows[top + 1 : bottom + 1]:
                row[column] = rows[top][column]
    classified = [row for row in rows if row[8] in ("机密", "秘密★10年")]
    secrets = [cell for row in classified for cell in row if cell.startswith("值")]
    if merged and merged[0][1] == 8:
        for row in rows[merged[0][0] + 1 : merged[0][2] + 1]:
            row[8] = ""
    repairs = data.draw(st.lists(st.builds(Repair, st.sampled_from([*names, "成文日期"]), st.sampled_from([RepairKind.DITTO, RepairKind.FILL])), max_size=8))
    request = encode_request("a.xlsx", SiteClass.OPEN, SheetProfile().with_repairs(repairs))
    carried = interpret_in_sandbox(book({"目录": rows}, {"目录": merged}), request).decode()
    assert not [secret for secret in secrets if secret in carried]


DAYS = st.dates(dt.date(1930, 1, 1), dt.date(2029, 12, 31))
NUMERALS = "〇一二三四五六七八九"


def _words(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if not tens else "十" if tens == 1 else NUMERALS[tens] + "十") + (NUMERALS[ones] if ones or not tens else "")


@given(DAYS)
def test_one_day_in_every_notation(day: dt.date) -> None:
    """However a day is written, it is the same eight digits; without its day or month it is what is known."""
    y, m, d = day.year, day.month, day.day
    words = "".join(NUMERALS[int(c)] for c in str(y))
    notations = [f"{y}{m:02d}{d:02d}", f"{y}-{m}-{d}", f"{y}/{m:02d}/{d:02d}", f"{y}.{m}.{d}", f"{y}年{m}月{d}日", f"{y} 年 {m} 月 {d} 日", f"{y % 100:02d}.{m}.{d}",
                 f"{words}年{_words(m)}月{_words(d)}日", f"民国{y - 1911}年{m}月{d}日", f"{y}-{m:02d}-{d:02d} 09:30:00"]  # fmt: skip
    assert {text: read.text if (read := read_date(text)) else None for text in notations} == dict.fromkeys(notations, f"{y:04d}{m:02d}{d:02d}")
    assert [read.text if (read := read_date(text)) else None for text in (f"{y}.{m}.00", f"{y}{m:02d}", f"[{y}{m:02d}]", f"{y}.00.00", f"{y}年")] == [
        f"{y}{m:02d}", f"{y}{m:02d}", f"[{y}{m:02d}]", str(y), str(y),
    ]  # fmt: skip


@given(DAYS, DAYS, st.sampled_from(["-", "—", "——", "~", "～", "至", "到"]),
       st.sampled_from(["{0.year}.{0.month}", "{0.year}.{0.month}.{0.day}", "{0.year}年{0.month}月"]))
def test_periods_keep_both_ends(first: dt.date, last: dt.date, mark: str, form: str) -> None:
    """A period is two dates with a hyphen; one that ends before it begins is no date."""
    one, two = form.format(first), form.format(last)
    read, alone = read_date(one + mark + two), [read_date(one), read_date(two)]
    assert alone[0] is not None
    assert alone[1] is not None
    if alone[1].start < alone[0].start:
        assert read is None
    else:
        assert read is not None
        assert read.text == f"{alone[0].text}-{alone[1].text}"


@given(st.text(max_size=20))
def test_what_is_read_as_a_date_reads_the_same_again(text: str) -> None:
    """The written form of any date is a date, and the same one."""
    read = read_date(text)
    if read is not None:
        again = read_date(read.text)
        assert again is not None
        assert again.text == read.text


def test_a_site_adds_its_own_names() -> None:
    """A site's columns.toml is laid over the table; a mistake in it is named."""
    site = SiteData((("columns.toml", '[elements]\n"题名" = ["案由"]\n"密级" = ["期限"]\n'),))
    request = SheetRequest("a.csv", columns=site.only("columns"))
    (row,) = decode_parsed(b"".join(sheet_lines(request, table([["档号", "案由", "作者", "期限"], ["23-2-1-1", "甲", "乙", ""]])))).rows
    assert row.values == {"档号": "23-2-1-1", "题名": "甲", "责任者": "乙", "密级": ""}
    assert of_site(site).element("标题") == "题名"
    for wrong in ("[elements", "[elements]\n题名 = 3", "[nothing]\na = 1", "[footers]\npatterns = ['(']"):
        with pytest.raises(SiteDataWrong, match=r"columns\.toml"):
            of_site(SiteData((("columns.toml", wrong),)))


@pytest.mark.parametrize(
    ("cells", "header"),
    [(["档号", "题名"], True), (["编号", "题名", "密级"], True), (["档号", "甲列", "题名"], True), (["序号", "题名", "责任者", "甲", "乙"], True),
     (["全宗号", "J023", "年度", "2011", "保管期限", "永久"], False), (["档号", "23-2-145", "案卷题名", "人事"], False), (["题名", "甲", "乙", "丙"], False),
     (["23-2-145", "甲", "民政局"], False), ([], False), (["", ""], False)],
)  # fmt: skip
def test_headers_are_told_from_banners_and_rows(cells: list[str], header: bool) -> None:
    """A header names columns; names and values in turn are a banner, values alone a row."""
    assert is_header(cells) == header


def test_the_quick_look_for_words_misses_none() -> None:
    """Every sign by which words of secrecy are found is one that a row is looked through for."""
    for hint in secrecy_words._HINTS:
        assert f'"{hint}" in text' in inspect.getsource(RowMark.judge)


def test_no_name_means_two_things() -> None:
    """A column name of the table stands for one element, or is asked about, never both."""
    known = columns()
    assert not set(known.ambiguous) & set(known.elements)
    assert not set(known.continuations) & set(known.elements)
