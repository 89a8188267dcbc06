"""The fonds register: sheets of it as archives keep them, extents, counters, districts through time, and what may not be kept."""

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from holdings import fonds, fonds_tally
from holdings.errors import NotFound, SheetUnreadable, SiteDataWrong
from holdings.fonds import DistrictFrom, Fonds
from holdings.fonds_sheet import columns, decode, parse_in_sandbox, read_fonds_sheet
from holdings.fonds_tally import FondsCount, fonds_key
from holdings.record import Basis, Clearance, Description, Level
from holdings.security import SiteClass
from holdings.site_data import SiteData
from sync.database import Database, open_database

HEADER = "全宗号,全宗名称,全宗介绍,起止年度,案卷数,件数,排架长度(米),重点全宗,计划数,已著录,已数字化,已开放,行政区划,备注"
ROWS = [
    "J001,区人民政府,一九四九年一月成立。,1949-2010,\"12,345\",3400,185.5,是,15000,12000,8000,500,塘沽区,",
    "J023,区民政局,,1952-2015,820卷,,12.25米,,900,,,,120101,",
    "全12,同业公会,,,,,,否,,,,,,旧全宗",
    "合计,,,,13165,3400,,,,,,,,",
]


def sheet(*lines: str) -> bytes:
    """A sheet as UTF-8 CSV."""
    return "\n".join(lines).encode()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def test_a_register_is_read() -> None:
    """Extents with separators and units, flags, districts by name or code; totals are no fonds; nothing said is None."""
    read = decode(parse_in_sandbox(sheet("和平区档案馆全宗名册", HEADER, *ROWS), "全宗名册.csv"))
    assert (read.refused, [row.number for row in read.rows]) == (0, [3, 4, 5])
    first, second, third = (row.fonds for row in read.rows)
    assert first == Fonds(
        code="J001", name="区人民政府", history="一九四九年一月成立。", years="1949-2010", volumes=12_345, items=3_400, millimetres=185_500, key_fonds=True,
        planned=15_000, catalogued=12_000, scanned=8_000, open=500,
    )  # fmt: skip
    assert (second.volumes, second.items, second.metres, second.key_fonds, second.planned) == (820, None, 12.25, False, 900)
    assert (third.code, third.metres, third.remark) == ("全12", None, "旧全宗")
    assert [row.district for row in read.rows] == [DistrictFrom("120107"), DistrictFrom("120101"), None]


def test_a_workbook_is_read_too() -> None:
    """The same from .xlsx, where numbers are numbers and the header stands below titles."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet("名册")
        page.write_row(0, 0, ["全宗名册"])
        page.write_row(3, 0, ["序号", "全宗号", "立档单位名称", "卷数", "排架长度（米）", "是否重点"])
        page.write_row(4, 0, [1, "J001", "区人民政府", 12345, 185.5, "√"])
    (row,) = read_fonds_sheet("名册.xlsx", out.getvalue(), SiteClass.OPEN).rows
    assert (row.fonds.name, row.fonds.volumes, row.fonds.millimetres, row.fonds.key_fonds) == ("区人民政府", 12_345, 185_500, True)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (",无号,,,,,,,,,,,,", "全宗号"),
        ("J001-2,有分隔,,,,,,,,,,,,", "全宗号"),
        ("J002,,,,,,,,,,,,,", "全宗名称"),
        ("J002,某局,,,很多,,,,,,,,,", "案卷数"),
        ("J002,某局,,,,-5,,,,,,,,", "件数"),
        ("J002,某局,,,,,半米,,,,,,,", "排架长度"),
        ("J002,某局,,,,,,也许,,,,,,", "重点全宗"),
        ("J002,某局,,,,,,,99999999999,,,,,", "计划数"),
        ("J002,某局,,,,,,,,,,,浦东新区,", "行政区划"),
        ("J002,某局," + "长" * 20_001 + ",,,,,,,,,,,", "全宗介绍"),
    ],
)
def test_a_wrong_row_is_refused_by_its_column(line: str, field: str) -> None:
    """Row, column, rule and remedy are told; other rows are taken."""
    read = read_fonds_sheet("名册.csv", sheet(HEADER, line, ROWS[1]), SiteClass.OPEN)
    assert [row.fonds.code for row in read.rows] == ["J023"]
    (only,) = read.refusals
    assert (only.row, only.field) == (2, field)
    assert only.rule and only.remedy


def test_a_code_stands_once() -> None:
    """Two rows of one 全宗号, however written, are told; the first is kept."""
    read = read_fonds_sheet("名册.csv", sheet("全宗号,全宗名称", "J001,甲", "j００1,乙"), SiteClass.OPEN)
    assert [row.fonds.name for row in read.rows] == ["甲"]
    assert "第 2 行重复" in read.refusals[0].rule


@pytest.mark.parametrize("mark", ["机密", "绝密★30年", "看不清的字样"])
def test_a_classified_row_leaves_only_its_number_on_an_open_site(mark: str) -> None:
    """密级 is looked at first: nothing of such a row crosses the sandbox of an open site; a classified site keeps it."""
    data = sheet("全宗号,全宗名称,全宗介绍,密级", f"J099,秘而不宣局,秘而不宣的沿革,{mark}", "J001,区人民政府,,公开")
    crossed = parse_in_sandbox(data, "名册.csv")
    assert "秘而不宣".encode() not in crossed
    assert b"J099" not in crossed
    read = decode(crossed)
    assert [(one.row, one.field) for one in read.refusals] == [(2, "密级")]
    assert [row.fonds.code for row in read.rows] == ["J001"]
    assert len(read_fonds_sheet("名册.csv", data, SiteClass.CLASSIFIED).rows) == 2


@pytest.mark.parametrize("data", [b"", sheet("档号,题名", "J001-1,某"), b"\x00\xff" * 50, sheet(*["标题"] * 21, "全宗号,全宗名称", "J001,甲")])
def test_what_is_no_register_is_refused(data: bytes) -> None:
    """A sheet without 全宗号 and 全宗名称 in its first rows is refused with what is expected."""
    with pytest.raises(SheetUnreadable):
        read_fonds_sheet("名册.csv", data, SiteClass.OPEN)


def test_a_site_names_its_columns() -> None:
    """A site's fonds.toml adds columns; a wrong one is refused by name."""
    site = SiteData((("fonds.toml", '[columns]\ncode = ["大全宗"]\nname = ["馆名"]\n'),))
    read = read_fonds_sheet("名册.csv", sheet("大全宗,馆名", "J001,甲"), SiteClass.OPEN, site)
    assert read.rows[0].fonds == Fonds(code="J001", name="甲")
    assert "全宗名称" in columns()
    with pytest.raises(SiteDataWrong, match=r"fonds\.toml"):
        columns(SiteData((("fonds.toml", "colums = 1"),)))


def test_importing_again_changes_nothing(database: Database) -> None:
    """The same register writes nothing; a changed row is a change; a fonds that the sheet lacks stays and is told."""
    read = read_fonds_sheet("名册.csv", sheet(HEADER, *ROWS), SiteClass.OPEN)
    taken = [(row.fonds, row.district) for row in read.rows]
    with database.transaction() as connection:
        assert fonds.import_rows(connection, taken, 5) == fonds.Imported(3, 0, 0, ())
        assert fonds.import_rows(connection, taken, 6) == fonds.Imported(0, 0, 3, ())
        renamed = Fonds(code="j001", name="区政府")
        assert fonds.import_rows(connection, [(renamed, None)], 7) == fonds.Imported(0, 1, 0, ("J023", "全12"))
    listed = fonds.list_all(database.read())
    assert [one.fonds.code for one in listed] == ["j001", "J023", "全12"]
    assert [one.fonds.code for one in fonds.list_all(database.read(), limit=1, after="J001")] == ["J023"]
    assert fonds.get(database.read(), "Ｊ001").fonds == renamed
    with pytest.raises(NotFound, match="fonds import"):
        fonds.get(database.read(), "J404")


def test_writers_have_registers_of_their_own(database: Database) -> None:
    """Two archives both have a J001: at the hub they are two fonds."""
    with database.transaction() as connection:
        for writer, name in (("和平区", "和平区政府"), ("河东区", "河东区政府")):
            fonds.put(connection, Fonds(code="J001", name=name), 1, writer)
            fonds_tally.count(connection, FondsCount.SCANNED, {"J001": 2}, writer)
        assert fonds.get(connection, "J001", "河东区").fonds.name == "河东区政府"
        assert fonds.get(connection, "J001", "和平区").held[FondsCount.SCANNED] == 2
        assert fonds.list_all(connection) == []


def test_a_fonds_may_change_its_district(database: Database) -> None:
    """The district of a day is the one said last before it; saying it again writes nothing."""
    day = dt.date(2009, 11, 9)
    with database.transaction() as connection:
        fonds.put(connection, Fonds(code="J001", name="塘沽区政府"), 1)
        for district in (DistrictFrom("120107"), DistrictFrom("120116", day), DistrictFrom("120116", dt.date(2015, 1, 1)), DistrictFrom("120107")):
            fonds.place(connection, "J001", district)
    reading = database.read()
    assert fonds.district_at(reading, "J001", dt.date(2009, 1, 1)) == "120107"
    assert fonds.district_at(reading, "j001", dt.date(2020, 1, 1)) == "120116"
    assert fonds.district_at(reading, "J002", day) is None
    assert fonds.get(reading, "J001").districts == (DistrictFrom("120107"), DistrictFrom("120116", day))


def described(code: str, opening: str = "", *, ended: bool = False) -> Description:
    """A description that counts."""
    return Description(code, Level.ITEM, {"题名": "某", "开放状态": opening}, "一批", Clearance(Basis.STANDING, ("李四",), 1), ended=ended)


def test_counters_follow_records(database: Database) -> None:
    """A record counts for its fonds, as open when it is; renumbering moves it, its end takes it away; unregistered fonds are told."""
    a, b = "J001-WS·2011·Y·BGS-0001", "23-2-145-3"
    with database.transaction() as connection:
        fonds_tally.moved(connection, [(None, described(a))])
        fonds_tally.moved(connection, [(None, described(a, "开放"))])
        fonds_tally.moved(connection, [(None, described("本地编号"))])
        assert fonds_tally.read(connection, "J001") == {FondsCount.CATALOGUED: 0, FondsCount.SCANNED: 2, FondsCount.OPEN: 1}
        fonds_tally.moved(connection, [(described(a, "开放"), described(b, "控制"))])
        assert fonds_tally.read(connection, "J001")[FondsCount.OPEN] == 0
        assert fonds_tally.read(connection, "23")[FondsCount.SCANNED] == 1
        fonds_tally.moved(connection, [(described(a), described(a, ended=True))])
        assert fonds_tally.read(connection, "J001")[FondsCount.SCANNED] == 0
        fonds_tally.count(connection, FondsCount.CATALOGUED, [("J001", 5), ("", 3), ("J002", 0)])
        fonds.put(connection, Fonds(code="23", name="某局"), 1)
        assert fonds.unregistered(connection) == ["J001"]


@pytest.mark.parametrize(
    ("code", "key"),
    [("J001-WS·2011·Y·BGS-0001", "J001"), ("ｊ001-ws.2011.y-0001", "J001"), ("23-2-145", "23"), ("民政/1958", ""), ("本地编号", ""), ("", "")],
)
def test_the_fonds_of_a_code(code: str, key: str) -> None:
    """The 全宗号 of a code in its match form; local forms have none."""
    assert fonds_key(code) == key


def test_rows_of_the_catalogue_are_counted_by_fonds(database: Database) -> None:
    """An import's rows are added up and counted once a fonds; rows that go are taken away."""
    keys = ["J001-WS·2011·Y-0001", "J001-WS·2011·Y-0002", "23-2-145", "本地", "2023-001"]
    with database.transaction() as connection:
        fonds_tally.count_rows(connection, keys, 1)
        fonds_tally.count_rows(connection, keys[1:], -1)
        fonds_tally.count_rows(connection, keys[2:], -1)
        assert [fonds_tally.read(connection, key)[FondsCount.CATALOGUED] for key in ("J001", "23", "2023")] == [1, 0, 0]


def test_what_was_held_before_the_counters_is_counted_when_they_come() -> None:
    """A database of the time before has its records and rows counted by fonds, as the counters would have."""
    folder = Path(fonds.__file__).parent / "schema"
    connection = apsw.Connection(":memory:")
    for name in ("001_holdings.sql", "002_codes.sql"):
        connection.execute((folder / name).read_text("utf-8"))
    codes = ["J001-WS·2011·Y-0001", "J001-WS·2011·Y-0002", "23-2-145", "本地编号", "2023-001", "ABC1-2-3", "J00001-2-3", "WS·2011-3-4"]
    for number, code in enumerate(codes):
        connection.execute(
            "INSERT INTO record(writer, id, version, reference_code, match_key, ordering, level, title, date, delivery, pages, bytes, ended)"
            " VALUES ('和平区', ?, 1, ?, ?, '', 4, '', '', '', 0, 0, ?)", (bytes([number]) * 16, code, code, int(number == 1)),
        )  # fmt: skip
    connection.execute((folder / "003_fonds.sql").read_text("utf-8"))
    found = dict(connection.execute("SELECT key, value FROM fonds_tally WHERE writer = '和平区' AND name = 'scanned'"))
    assert found == {"J001": 1, "23": 1}
    assert {key for code in codes if (key := fonds_key(code))} == {"J001", "23"}


@given(
    st.lists(st.tuples(st.sampled_from(["J001-WS·2011·Y-0001", "J002-WS·2011·Y-0001", "23-2-1"]), st.sampled_from(["", "开放"]), st.booleans()), max_size=8)
)
def test_counters_are_what_counting_would_give(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bool]]) -> None:
    """Whatever versions a record goes through, the counters equal a count over what it is now."""
    database = open_database(tmp_path_factory.mktemp("tally") / "h.db", bytes(32), ["holdings"])
    before: Description | None = None
    with database.transaction() as connection:
        for code, opening, ended in steps:
            after = described(code, opening, ended=ended)
            fonds_tally.moved(connection, [(before, after)])
            before = after
        stands = before if before is not None and not before.ended else None
        for key in ("J001", "J002", "23"):
            here = stands is not None and fonds_key(stands.reference_code) == key
            opened = here and stands is not None and stands.elements["开放状态"] == "开放"
            expected = {FondsCount.CATALOGUED: 0, FondsCount.SCANNED: int(here), FondsCount.OPEN: int(opened)}
            assert fonds_tally.read(connection, key) == expected
    database.close()
