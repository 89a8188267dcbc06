"""Districts: who was there on a day, who answers today for what was catalogued then, and what a site may change."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.district import District, districts
from holdings.errors import NotFound, SiteDataWrong
from holdings.site_data import SiteData

D = dt.date.fromisoformat
TABLE = districts()


@pytest.mark.parametrize(
    ("day", "count", "there", "gone"),
    [
        ("2009-01-01", 18, {"120107 塘沽区", "120108 汉沽区", "120109 大港区", "120221 宁河县", "120225 蓟县"}, {"120116 滨海新区"}),
        ("2009-11-08", 18, {"120107 塘沽区"}, {"120116 滨海新区"}),
        ("2009-11-09", 16, {"120116 滨海新区", "120223 静海县"}, {"120107 塘沽区", "120108 汉沽区", "120109 大港区"}),
        ("2016-01-01", 16, {"120117 宁河区", "120118 静海区", "120225 蓟县"}, {"120221 宁河县"}),
        ("2026-01-01", 16, {"120101 和平区", "120119 蓟州区"}, {"120225 蓟县"}),
        ("1990-01-01", 18, {"120222 武清县", "120224 宝坻县"}, {"120114 武清区"}),
    ],
)
def test_the_districts_of_a_day(day: str, count: int, there: set[str], gone: set[str]) -> None:
    """Eighteen districts and counties until late 2009, sixteen since; names change with the counties' becoming districts."""
    found = {f"{one.code} {one.name}" for one in TABLE.at(D(day))}
    assert len(found) == count
    assert there <= found
    assert not gone & found


@pytest.mark.parametrize(
    ("code", "day", "now"),
    [
        ("120107", "2009-06-01", "120107"),
        ("120107", "2026-01-01", "120116"),
        ("120221", "2010-01-01", "120221"),
        ("120221", "2026-01-01", "120117"),
        ("120101", "2026-01-01", "120101"),
        ("120116", "2000-01-01", "120116"),
    ],
)
def test_who_answers_for_a_code(code: str, day: str, now: str) -> None:
    """What was catalogued under a code that ended is its successor's from that day on."""
    assert TABLE.current(code, D(day)).code == now


def test_a_search_for_a_district_finds_what_came_together_in_it() -> None:
    """滨海新区 is also 塘沽, 汉沽 and 大港; others are themselves."""
    assert TABLE.codes("120116") == {"120116", "120107", "120108", "120109"}
    assert TABLE.codes("120119") == {"120119", "120225"}
    assert TABLE.codes("120101") == {"120101"}


@pytest.mark.parametrize(
    ("name", "day", "code"),
    [
        ("塘沽区", "2009-01-01", "120107"),
        ("塘沽", "2020-01-01", "120107"),
        ("天津市蓟县", "2010-01-01", "120225"),
        ("武清", "1995-01-01", "120222"),
        ("武清", "2005-01-01", "120114"),
        (" 滨海新区 ", "2020-01-01", "120116"),
        ("浦东新区", "2020-01-01", None),
    ],
)
def test_names_are_found_by_day(name: str, day: str, code: str | None) -> None:
    """A name means who bore it then, whoever bore it at all otherwise."""
    found = TABLE.named(name, D(day))
    assert (found.code if found else None) == code


def test_an_unknown_code_is_told_with_those_alike() -> None:
    """Whoever mistypes a code sees the right ones."""
    with pytest.raises(NotFound, match="120101 和平区"):
        TABLE.get("120199")
    with pytest.raises(NotFound, match="没有行政区划代码"):
        TABLE.current("999999", D("2020-01-01"))


def test_a_site_adds_its_zones_and_another_city_brings_its_own() -> None:
    """A zone without a code of GB/T 2260 is a site's own; a file with a [city] replaces everything."""
    zone = SiteData((("districts.toml", '[[division]]\ncode = "TEDA"\nname = "开发区"\ninto = "120116"\nuntil = 2030-01-01\n'),))
    assert districts(zone).current("TEDA", D("2031-01-01")).name == "滨海新区"
    assert len(districts(zone).at(D("2026-01-01"))) == 17
    other = SiteData((("districts.toml", '[city]\ncode = "130200"\nname = "唐山市"\n[[division]]\ncode = "130202"\nname = "路南区"\n'),))
    assert [one.code for one in districts(other)] == ["130202"]
    assert districts(other).named("唐山市路南区", D("2026-01-01")) == District("130202", "路南区")


@pytest.mark.parametrize(
    "text",
    [
        '[[division]]\ncode = "12"\nname = "某区"',
        '[[division]]\ncode = "120120"\nname = "某区"\nsince = 2020-01-01\nuntil = 2019-01-01',
        '[[division]]\ncode = "120120"\nname = "某区"\ninto = "120199"',
        '[[division]]\ncode = "AA"\nname = "甲区"\ninto = "BB"\n[[division]]\ncode = "BB"\nname = "乙区"\ninto = "AA"',
        '[[division]]\ncode = "120120"\nnome = "某区"',
        'division = "无"',
    ],
)
def test_a_wrong_table_is_refused(text: str) -> None:
    """Codes, days and successors of a site's table are checked before it is used."""
    with pytest.raises(SiteDataWrong, match=r"districts\.toml"):
        districts(SiteData((("districts.toml", text),)))


@given(day=st.dates(min_value=D("1980-01-01"), max_value=D("2040-01-01")), code=st.sampled_from([one.code for one in TABLE]))
def test_every_code_is_answered_for_on_every_day(day: dt.date, code: str) -> None:
    """On any day a code is held by somebody who is there then, or has not begun yet; going there twice changes nothing."""
    now = TABLE.current(code, day)
    assert now.holds(day) or day < now.since
    assert TABLE.current(now.code, day) == now
    assert now.code == code or code in TABLE.codes(now.code)
