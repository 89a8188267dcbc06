"""What commands say of a search, how it is told in JSON and in lines: filters, sounds, explanations, marks, width."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings.errors import SearchRefused
from holdings.record import Level
from holdings.search_answer import Count, FacetCounts, Hit, SearchAnswer, Snippet
from holdings.search_prose import Look, columns, lines_of, marked_pieces, state_words, wrapped
from holdings.search_request import Both, Facet, Mode, SearchRequest, Sort, Sound, Word, read_query
from holdings.search_told import described, explained, told
from holdings.search_wish import request_of


def hit(title: str = "关于修缮校舍的批复", **more: object) -> Hit:
    """A hit whose title matched."""
    snippet = Snippet(title, ((2, 4),))
    return Hit("J023-2-0145-003", title, Level.ITEM, "19580312", 0.75, snippet, 7, **more)  # type: ignore[arg-type]


def test_filters_are_read() -> None:
    """Values of one facet add up, a span of years is one, names by sound become a part of the query; Chinese and English names."""
    made = request_of(
        "校舍", mode="both", sort="date", limit=5, facets=["年度", "fonds", "年度"],
        filters=["全宗=J023,J024", "fonds=J025", "年度=1962..1958", "保管期限=永久", "姓名~音=王淑贞"],
    )  # fmt: skip
    assert (made.mode, made.sort, made.limit) == (Mode.BOTH, Sort.DATE, 5)
    assert made.filters == {Facet.FONDS: ("J023", "J024", "J025"), Facet.RETENTION: ("永久",)}
    assert made.years == (1958, 1962)
    assert made.facets == (Facet.YEAR, Facet.FONDS)
    assert read_query(made.text).query == Both((Word("校舍"), Sound("王淑贞")))
    assert request_of("年").filters == {}


@pytest.mark.parametrize(
    ("query", "by", "read"),
    [
        ("王淑贞", "sound", Sound("王淑贞")),
        ("wang shu zhen", "sound", Sound("wang shu zhen")),
        ("陈林", "fuzzy", Sound("陈林", fuzzy=True)),
        ("王淑贞 李明", "sound", Both((Sound("王淑贞"), Sound("李明")))),
        ("同音:王淑贞 婚姻", "words", Both((Sound("王淑贞"), Word("婚姻")))),
        ('王"淑', "sound", Sound("王淑")),
    ],
)
def test_names_may_be_asked_by_sound(query: str, by: str, read: object) -> None:
    """Every name is one to be found by sound; letters with blanks are one name."""
    assert read_query(request_of(query, by=by).text).query == read


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"filters": ["全宗"]}, "应写作"), ({"filters": ["全宗="]}, "应写作"), ({"filters": ["颜色=红"]}, "可用：全宗、年度"),
        ({"mode": "magic"}, "words、meaning、both"), ({"sort": "size"}, "relevance"), ({"by": "smell"}, "sound"),
        ({"limit": -1}, "条数"), ({"limit": 1_001}, "条数"), ({"facets": ["颜色"]}, "可用"),
        ({"filters": ["年度=1958..1960", "年度=1970..1980"]}, "只能说一次"), ({"filters": ["全宗=" + ",".join(map(str, range(99)))]}, "至多 64"),
        ({"filters": ["全宗=1"] * 65}, "至多 64"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(wishes: dict[str, object], words: str) -> None:
    """A filter that nobody knows is never passed over: hits would be shown that were not wanted."""
    with pytest.raises(SearchRefused, match=words):
        request_of("天津", **wishes)  # type: ignore[arg-type]


def test_an_answer_has_the_fields_of_the_contract() -> None:
    """DESIGN §7: hits with ref, title, level, date, score, snippet; total, capped, milliseconds; and what came later beside."""
    facets = (FacetCounts(Facet.YEAR, (("1958", 3), ("", 1)), 1_000, capped=True),)
    result = told(SearchAnswer((hit(),), Count(1_000, capped=True), facets, "next", ("一句话",)), 1.26)
    assert result["hits"][0].items() >= {
        "ref": "J023-2-0145-003", "title": "关于修缮校舍的批复", "level": "件", "date": "19580312", "score": 0.75,
        "snippet": "关于修缮校舍的批复", "marks": [[2, 4]], "images": False,
    }.items()  # fmt: skip
    assert (result["total"], result["capped"], result["milliseconds"]) == (1_000, True, 1.3)
    assert result["facets"] == [
        {
            "facet": "年度",
            "values": [{"value": "1958", "count": 3}, {"value": "", "count": 1}],
            "of": 1_000,
            "capped": True,
        }
    ]
    prose = ["".join(text for text, _ in line) for line in lines_of(result)]
    assert any("年度（最新 1,000 条中）：1958 3；（空） 1" in line for line in prose)
    assert any("至少 1,000 条，列出 1 条，1.3 毫秒；下一页加 --cursor next" in line for line in prose)
    assert [piece for line in lines_of(result) for piece in line if piece[1] is Look.MARK] == [("修缮", Look.MARK)]


def test_how_a_query_was_read_is_told() -> None:
    """Fields, phrases, beginnings, sounds, alternatives and exclusions in words."""
    assert described(read_query('题名:天津 ("修缮 校舍" OR WTO*) NOT 河北 同音:王淑贞').query) == (
        "题名中有“天津” 且 （有连写的“修缮 校舍” 或 有以“WTO”开头的字词） 且 没有（有“河北”） 且 姓名与“王淑贞”同音（wang·shu·zhen）"
    )
    assert described(read_query("").query) == "全部"
    said = explained(SearchRequest("天津", filters={Facet.FONDS: ("J023",)}, years=(1958, 1962)), {"索引": "x"})
    assert said["narrowed"] == {"全宗": ["J023"], "年度": ["1958..1962"]}
    assert said["plan"] == {"索引": "x"}


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=80), st.lists(st.tuples(st.integers(-5, 90), st.integers(-5, 90)), max_size=6), st.integers(1, 100)
)
def test_marks_and_width_lose_nothing(text: str, marks: list[tuple[int, int]], width: int) -> None:
    """Whatever the marks, the pieces join to the text; a wrapped line has all of it, and no line is wider than the terminal."""
    line = marked_pieces(text, marks)
    assert "".join(piece for piece, _ in line) == text
    lines = list(wrapped([("  ", Look.QUIET), *line], width))
    assert "".join(piece for one in lines for piece, _ in one[1:]) == text
    for one in lines:
        assert sum(columns(char) for piece, _ in one for char in piece) <= max(width, 4)


def test_nothing_found_says_what_else_to_try() -> None:
    """No hit is no blank page."""
    result = {**told(SearchAnswer((), Count(0)), 0.2), "instead": ["去掉筛选条件则有 3 条"]}
    assert ["".join(text for text, _ in line) for line in lines_of(result)] == [
        "没有找到。（0.2 毫秒）",
        "  · 去掉筛选条件则有 3 条",
    ]


def test_status_speaks_of_the_index_when_it_must() -> None:
    """Nothing while all is well; else how far building is, or what is missing and what to do."""
    well = {"entries": 3, "behind": 0, "building": False, "done": None, "faults": []}
    assert state_words(well) == ""
    assert "43%" in state_words({**well, "building": True, "done": 43})
    assert "reindex" in state_words({**well, "behind": 2})
