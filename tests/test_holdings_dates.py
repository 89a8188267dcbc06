"""Dates of users.md in every notation: doubts, seasons, holes, periods of days, and an order of day and month that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from sheet_books import split, table

from holdings.date_doubt import DayOrder
from holdings.dates import asks_order, is_unknown_date, read_date
from holdings.security import SiteClass
from holdings.sheet import read_sheet
from holdings.sheet_date import AS_WRITTEN, ORDER
from holdings.sheet_file import SheetFile
from holdings.sheet_profile import SheetProfile
from sync.sandbox import Sandbox


@pytest.mark.parametrize(
    ("text", "said"),
    [("1958?", "[1958]"), ("1958？", "[1958]"), ("1958.3?", "[195803]"), ("1958.3（?）", "[195803]"), ("约1958年", "[1958]"), ("1958年左右", "[1958]"),
     ("[1958?]", "[1958]"), ("1958年春", "1958"), ("1958年春季", "1958"), ("58年冬", "1958"), ("一九五八年春", "1958"), ("民国三十八年秋", "1949"),
     ("1958年上半年", "1958"), ("1958年第一季度", "1958"), ("1958年3月上旬", "195803"), ("1958年3月底", "195803"), ("1958年初", "1958"),
     ("1958年春-1959年秋", "1958-1959"), ("1958年 月 日", "1958"), ("1958年3月 日", "195803"), ("1958.?.?", "1958"), ("1958.3.×", "195803"),
     ("1958年正月", "[1958]"), ("1958年农历三月初五", "[1958]"), ("1958年闰三月", "[1958]"),
     ("1958.3.12～15", "19580312-19580315"), ("1958.3.12-4.5", "19580312-19580405"), ("1958年3月12日至15日", "19580312-19580315"),
     ("1958年3月12日至4月5日", "19580312-19580405"), ("58.3.12-15", "19580312-19580315"), ("1998.3.12-04.05", "19980312-19980405"),
     ("1957.1-58.3", "195701-195803"), ("1958.3～12", "195803-195812"),
     ("13/1/2011", "20110113"), ("1/13/2011", "20110113"), ("5/5/2011", "20110505"),
     ("5/1/2011", None), ("05.01.2011", None), ("30/2/2011", None), ("1958.3.12-10", None), ("1958年国庆", None), ("?", None), ("约", None)],
)  # fmt: skip
def test_what_is_certain_is_kept(text: str, said: str | None) -> None:
    """A doubt makes a conjectured date 考证日期, a season or a hole leaves what is known, and what is no date stays none."""
    read = read_date(text)
    assert (read.text if read else None) == said


@pytest.mark.parametrize("text", ["195?", "195×年", "19××年", "五十年代"])
def test_a_decade_is_no_date_and_no_fault(text: str) -> None:
    """Too little for a date is kept in its words."""
    assert read_date(text) is None
    assert is_unknown_date(text)


@pytest.mark.parametrize("text", ["5/1/2011", "05-01-2011", "5.1.2011"])
def test_day_and_month_are_never_guessed(text: str) -> None:
    """Where either could be the month, only an answer says which."""
    assert asks_order(text)
    assert {order: read.text for order in DayOrder if (read := read_date(text, order=order))} == {
        DayOrder.MONTH_FIRST: "20110501", DayOrder.DAY_FIRST: "20110105",
    }  # fmt: skip


ROWS = split("档号|题名|日期|密级", "23-2-1-1|绝不可见|2/1/2011|机密", "23-2-1-2|甲|5/1/2011|", "23-2-1-3|乙|6/1/2011|", "23-2-1-4|丙|13/1/2011|",
             "23-2-1-5|丁|1958年春|", "23-2-1-6|戊|1958.3.12～15|")  # fmt: skip


def test_the_order_is_asked_once_for_the_column() -> None:
    """The question shows what it is about, holds only its own rows, and its answer reads them; the print stays beside."""
    asked = read_sheet("a.csv", table(ROWS))
    (question,) = asked.questions
    assert (question.id, question.candidates, question.samples) == (ORDER, ("月/日/年", "日/月/年"), ("5/1/2011", "6/1/2011"))
    assert not asked.blocked
    assert [(refusal.row, ORDER in refusal.remedy) for refusal in asked.refusals if refusal.field == "成文日期"] == [(3, True), (4, True)]
    kept = {row.number: (row.values["成文日期"], row.values.get(AS_WRITTEN)) for row in asked.rows if not row.refused}
    assert kept == {5: ("20110113", "13/1/2011"), 6: ("1958", "1958年春"), 7: ("19580312-19580315", "1958.3.12～15")}
    for answer, read in (("月/日/年", ["20110501", "20110601"]), ("日/月/年", ["20110105", "20110106"])):
        sheet = read_sheet("a.csv", table(ROWS), profile=SheetProfile(answers={ORDER: answer}))
        assert not sheet.questions
        assert [refusal.row for refusal in sheet.refusals if refusal.field == "成文日期"] == ([5] if answer == "月/日/年" else [])
        assert [row.values["成文日期"] for row in sheet.rows if row.number in (3, 4)] == read
        assert [row.values[AS_WRITTEN] for row in sheet.rows if row.number == 3] == ["5/1/2011"]
    assert read_sheet("a.csv", table(ROWS), profile=SheetProfile(answers={ORDER: "都行"})).questions


def test_a_question_of_a_later_part_is_asked(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that is read in parts, what only a later one asks is asked, once."""
    from holdings import sheet_parts

    small = sheet_parts.slices
    monkeypatch.setattr("holdings.sheet_file.LARGE", 1_000)
    monkeypatch.setattr("holdings.sheet_file.slices", lambda source, fed: small(source, fed, 600))
    lines = ["档号,题名,日期,密级", *(f"23-2-1-{n},关于第{n}号的通知,{'19580312' if n < 40 else '5/1/2011'}," for n in range(1, 80))]
    path = tmp_path / "目录.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    framed = SheetFile(path, SiteClass.OPEN).read(sandbox)
    assert sum(len(portion.lines) for portion in framed.portions(1_000)) == 79
    assert [question.id for question in framed.end.questions] == [ORDER]
