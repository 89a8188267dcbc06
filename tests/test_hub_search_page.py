"""Search in the reading room: what each reader finds, what pages say of it, tables to take along (hub/web_search.py, hub/reading_room.py)."""

import csv
import io
from urllib.parse import quote

import pytest
from people_door import Browser, Door, Page
from python_calamine import CalamineWorkbook
from reading_room_at_hub import SHUT, reader

from holdings import journal
from holdings.errors import NotFound
from holdings.harmless_cell import harmless
from holdings.journal import Filter
from holdings.search_sheet import as_csv, as_workbook
from holdings.site_data import SiteData
from holdings.topical_search import How, Kind, form, query_of
from hub.account import Role
from hub.web_search import asked, pieces

OPEN = "关于修缮校舍的请示"
OWN_TOPIC = """
[category.veteran]
name = "退役军人"
family = "民生"
standard = "本馆"
codes = ["ZY·TY"]
unit = "件"
rows = "each"
title = "{姓名} {部队}"

[category.veteran.fields]
"姓名" = { length = 60, personal = true, names_of = "person" }
"部队" = { length = 60 }
"入伍日期" = { type = "date", stands_for = "成文日期" }
"""


def look(browser: Browser, address: str) -> Page:
    """A page by an address as people read it."""
    return browser.get(quote(address, safe="/?&=.%"))


@pytest.fixture(scope="module")
def door(reading_room: Door) -> Door:
    """A hub with a district's records."""
    return reading_room


@pytest.fixture(scope="module")
def archivist(door: Door) -> Browser:
    """Who works with the district's records."""
    return reader(door, "arch", Role.ARCHIVIST, holders=("和平区",))


@pytest.fixture(scope="module")
def agency(door: Door) -> Browser:
    """Who finds what is open alone."""
    return reader(door, "agency")


def test_results_obey_the_reader(door: Door, archivist: Browser, agency: Browser) -> None:
    """An archivist finds the record that is not open; an agency user neither finds, counts nor is suggested it, nor does a foreign archivist."""
    found = look(archivist, "/search?q=校舍")
    assert found.says("共 3 条", SHUT.replace("校舍", "<mark>校舍</mark>"), "题名有“校舍”", "控制")
    seen = look(agency, "/search?q=校舍")
    assert seen.says("共 2 条")
    assert not seen.says("纠纷")
    assert not seen.says("控制")
    assert not look(agency, "/search/suggest?q=校舍纠").says("纠纷的")
    assert look(archivist, "/search/suggest?q=校舍纠").says("校舍纠纷")
    foreign = reader(door, "far", Role.ARCHIVIST, holders=("河东区",))
    assert look(foreign, "/search?q=校舍").says("没有找到您可以看的档案")


def test_filters_facets_and_pages(archivist: Browser) -> None:
    """A facet's value narrows, its chip takes it away again; a range of years; what there is not is named; nothing asked is nothing found."""
    page = look(archivist, "/search?q=校舍&fonds=J024")
    assert page.says("共 1 条", "图纸目录", "去掉此条件")
    assert look(archivist, "/search?q=校舍&from=2000").says("共 2 条")
    assert look(archivist, "/search?opening=控制").says("共 1 条", "符合条件")
    assert look(archivist, "/search").status == 200
    assert look(archivist, "/search/facets?q=校舍&fonds=J023").says("全宗", "J023", "2011", "/search?q=")
    assert look(archivist, "/search?q=校舍&facets=1").says("<summary>全宗</summary>", "facets=1&fonds=J024")
    refused = look(archivist, "/search?q=a&sort=colour")
    assert (refused.status, refused.says("没有排序")) == (422, True)
    assert look(archivist, "/search?q=校舍&by=nonsense").status == 422
    assert look(archivist, "/search?q=不存在的词语").says("没有找到")


def test_a_match_in_a_text_is_explained(archivist: Browser) -> None:
    """Found in the text of a page: that is said, and the words around it are shown; a name is found by its sound."""
    assert look(archivist, "/search?q=第三小学").says("全文有“第三小学”", "<mark>第三小学</mark>")
    assert look(archivist, "/search?q=王书贞&by=sound").says("姓名“王淑珍”：同音同调")


@pytest.mark.parametrize(
    "question",
    [
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "\u202e",
        "((((((((((",
        '"',
        "a" * 600,
        "%",
        "NEAR(a b)",
        "🀄",
    ],
)
def test_whatever_is_typed_is_a_question(archivist: Browser, question: str) -> None:
    """Operators, markup and patterns are words: a page, never a fault, and no markup of the question in it."""
    page = archivist.get(f"/search?q={quote(question)}")
    assert page.status == 200
    assert "<script>alert" not in page.text


def test_a_table_to_take_along(archivist: Browser, agency: Browser, door: Door) -> None:
    """CSV and workbook hold what the reader may see, and the journal says that they were taken."""
    rows = list(csv.reader(io.StringIO(look(archivist, "/search/export?q=校舍").body.decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]].count(SHUT) == 1
    assert len(list(csv.reader(io.StringIO(look(agency, "/search/export?q=校舍").body.decode("utf-8-sig"))))) == 3
    page = look(agency, "/search/export?q=校舍&format=xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(page.body)).get_sheet_by_index(0).to_python()
    assert sorted(str(row[1]) for row in book[2:]) == sorted([OPEN, "校舍图纸目录"])
    assert "attachment" in page.headers["content-disposition"]
    assert look(agency, "/search/export").status == 422
    acts = list(journal.walk(door.team.people.parts().database.read(), Filter(person="agency", verb="search-export")))
    assert [act.deed.note for act in acts] == ["校舍", "校舍", "422"] or len(acts) == 3


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", " =1", "＝1", "\r=1", "|x", "%x"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever a title begins with: an apostrophe stands before it in CSV, and a workbook holds a text."""
    hit = dict.fromkeys(
        (
            "ref",
            "title",
            "body",
            "number",
            "date",
            "year",
            "retention",
            "security",
            "opening",
            "level",
            "fonds",
            "holder",
            "snippet",
        ),
        "",
    )
    hit["title"] = text
    rows = list(csv.reader(io.StringIO(b"".join(as_csv([hit])).decode("utf-8-sig"), newline="")))
    assert rows[1][1] == f"'{text}" == harmless(text)
    book = as_workbook([hit], "=1+1")
    import zipfile

    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_an_address_holds_the_question() -> None:
    """A question read from an address and written again is the same question; a value more, a value less."""
    question = asked({"q": "校舍", "fonds": "J001,J002", "sort": "date", "year": "1958..1962", "cursor": "n.1."})
    assert question.wish.filters == ("fonds=J001", "fonds=J002", "year=1958..1962")
    assert question.address() == "/search?q=%E6%A0%A1%E8%88%8D&sort=date&fonds=J001%2CJ002&year=1958..1962"
    assert "fonds=J001%2CJ002%2CJ003" in question.with_value("fonds", "J003")
    assert "fonds=J001&" in question.without("fonds", "J002")


def test_hints_of_a_page_name_no_option(archivist: Browser) -> None:
    """What else to try, when nothing was found, is said for a page: without options of a command line."""
    page = archivist.get("/search?q=zzzqqq")
    assert page.says("没有找到", "按意思查")
    assert not page.says("--")


def test_a_text_is_parted_at_its_marks() -> None:
    """Pieces make the text again; marks that overlap or begin at the end lose nothing."""
    for marks in ([], [[0, 2]], [[1, 2], [3, 4]], [[0, 3], [2, 4]], [[4, 4]]):
        assert "".join(text for text, _ in pieces("一二三四", marks)) == "一二三四"
    assert list(pieces("一二三四", [[1, 2]])) == [("一", False), ("二", True), ("三四", False)]


def test_topical_forms_find_by_sound(archivist: Browser) -> None:
    """A form for each category of people's business; what is filled in becomes a question by sound with a range of years; nothing filled in is said."""
    assert archivist.get("/topics").says("婚姻", "土地", "社会保险", "男方姓名")
    assert look(archivist, "/topics/marriage").says("男方姓名", "结婚登记", "年度自")
    found = look(archivist, "/topics/marriage?f2=张建国&f3=王书贞&from=2000&how=sound")
    assert found.says("共 1 条", "王淑珍", "1 条")
    assert look(archivist, "/topics/marriage?f3=王书贞&how=words").says("没有找到")
    assert look(archivist, "/topics/marriage?f2=").says("至少填写一项")
    assert archivist.ask("GET", "/topics/divorce").status == 404
    assert archivist.ask("GET", "/topics/marriage?f2=%22%29%28").status in (200, 303)


def test_a_sites_own_topic_has_its_form() -> None:
    """A category of the family that a site adds has a form; other families have none; an unknown one is named."""
    site = SiteData((("category-退役.toml", OWN_TOPIC),))
    made = form("veteran", site)
    assert [(field.id, field.name, field.kind) for field in made.fields] == [
        ("f1", "姓名", Kind.NAME),
        ("f2", "部队", Kind.TEXT),
    ]
    assert query_of(made, {"f1": 'a"b', "f2": "某部", "to": "1960"}, How.FUZZY) == ('近音:"a b" "某部"', "1000..1960")
    assert query_of(made, {"from": "19x0"}) == ("", "")
    with pytest.raises(NotFound, match="婚姻"):
        form("photo")
