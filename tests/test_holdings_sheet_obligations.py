"""What the elements of DA/T 46 and DA/T 18 ask, looked at while any sheet is read: findings with sheet and row, rows that go on all the same."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.metadata import Checker, checker, known_from
from holdings.metadata_scheme import CURRENT
from holdings.record import Level
from holdings.reference_code import ReferenceCode, parse
from holdings.sheet import read_sheet
from holdings.sheet_lines import ParsedSheet
from holdings.sheet_obligations import ROWS_TOLD

HEAD = "档号,题名,责任者,成文日期,保管期限,密级,页数,年度"
GOOD = "J023-WS·2011·Y-0001,关于甲的通知,民政局,20110304,永久,,3,2011"
YEAR = time.gmtime().tm_year


def read(*rows: str, head: str = HEAD) -> ParsedSheet:
    """A sheet of these rows."""
    return read_sheet("目录.csv", "\n".join([head, *rows]).encode())


def notes(sheet: ParsedSheet) -> list[tuple[int, str, str]]:
    """(row, element, code) of what was noted."""
    return [(note.row, note.field, note.code) for note in sheet.notes]


WRONG = {
    "a word that is no retention": (GOOD.replace("永久", "很久"), "保管期限", "metadata-domain"),
    "a page count in words": (GOOD.replace(",3,", ",三张多,"), "页数", "metadata-type"),
    "a year of five digits": (GOOD.replace(",3,2011", ",3,20111"), "年度", "metadata-type"),
    "a year to come": (GOOD.replace(",3,2011", f",3,{YEAR + 3}"), "年度", "metadata-doubtful"),
    "a title as long as a paper": (GOOD.replace("关于甲的通知", "关" * 1_500), "题名", "metadata-length"),
    "a character of no text": (GOOD.replace("甲", "\u202e"), "题名", "metadata-characters"),
    "no responsible body": (GOOD.replace("民政局", ""), "责任者", "metadata-missing"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_row(case: str) -> None:
    """Each kind of violation is one note with row and element, without the value; the row is imported all the same."""
    row, element, code = WRONG[case]
    sheet = read(GOOD.replace("0001", "0009"), row)
    assert notes(sheet) == [(3, element, code)]
    assert (sheet.row_count, sheet.refused_count, len(list(sheet.rows))) == (2, 0, 2)
    assert not any(part in sheet.notes[0].detail for part in ("很久", "三张多", "20111", "关关"))


def test_a_column_that_is_not_there_is_no_fault_of_its_rows() -> None:
    """Nothing is noted of rows whose sheet has no column for it, but the answer names it; what the code or the volume says is not asked."""
    sheet = read("J023-2-0001,关于甲的通知,19830512", "J023-2-0001-001,关于乙的通知,19830512", head="档号,题名,成文日期")
    assert notes(sheet) == []
    by_code = read("J023-WS·2011·Y-0001,关于甲的通知,民政局,20110304", head="档号,题名,责任者,成文日期")
    assert notes(by_code) == []


def test_many_rows_of_one_fault_are_counted() -> None:
    """The first rows are named, the others counted, so that another fault behind them is told."""
    rows = [f"J023-WS·2011·Y-{n:04d},关于甲的通知,,20110304,永久,,3,2011" for n in range(1, ROWS_TOLD + 51)]
    found = notes(read(*rows, GOOD.replace("0001", "9999").replace("永久", "很久")))
    assert found.count((0, "责任者", "metadata-missing")) == 1
    assert len([one for one in found if one[1] == "责任者"]) == ROWS_TOLD + 1
    assert (ROWS_TOLD + 52, "保管期限", "metadata-domain") in found


def test_the_code_says_by_which_category_a_row_is_judged() -> None:
    """A photo among papers is asked for what photos need, by the general sheet's own columns."""
    sheet = read("K021-ZP·2019·D30-025-005,合影,宣传部,20190304,永久,,1,2019", GOOD)
    assert all(row == 2 for row, _, _ in notes(sheet))


VALUES = st.sampled_from(["", "永久", "很久", "2011", "20111", "19830512", "机密★10年", "三", "3", "\ue123", "关于甲的通知", "x" * 1_200, "开放", "原生", "档"])
NAMES = st.sampled_from(["题名", "责任者", "成文日期", "保管期限", "密级", "页数", "年度", "开放状态", "生成方式", "文号", "保密期限", "自有列", "附注"])


@given(st.lists(st.dictionaries(NAMES, VALUES), max_size=4), st.sampled_from([Level.ITEM, Level.VOLUME]))
def test_the_quick_look_finds_what_the_long_one_finds(rows: list[Mapping[str, str]], level: Level) -> None:
    """What is remembered is what `check` finds, whatever was met by then."""
    judge = Checker(level, "document", CURRENT, 2026)
    code = parse("J023-WS·2011·Y-0001")
    assert isinstance(code, ReferenceCode)
    known = known_from(code)
    for values in rows:
        for found in (judge.remembered(values, known), judge.remembered(values, known)):
            assert found is None or list(found) == judge.check(values, known)


@pytest.mark.parametrize(("said", "wrong"), [("永久", []), ("很久", ["保管期限"])])
def test_an_ordinary_row_needs_no_long_look(said: str, wrong: list[str]) -> None:
    """The quick look is worth something, also where every row of a sheet says what its element does not know."""
    judge = checker(Level.ITEM, "document", CURRENT, 2026)
    values = dict(zip(HEAD.split(","), GOOD.replace("永久", said).split(","), strict=True))
    found = judge.remembered(values, frozenset())
    assert found is not None
    assert [one.element for one in found] == wrong
