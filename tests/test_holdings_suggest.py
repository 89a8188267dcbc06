"""Suggestions while typing: phrases, bodies, codes and names, counted among the rows that were given and no others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings.suggest import (
    SUGGESTIONS_MAX,
    TYPED_MAX,
    Kind,
    Seen,
    Suggestion,
    last_word,
    place_of,
    suggestions,
)

TITLES = ["天津市和平区民政局关于修缮校舍的批复", "天津市和平区教育局关于修缮校舍的请示", "天津市和平区民政局关于干部任免的通知",
          "天津市河东区民政局关于修缮校舍的函", "天津市河西区财政局关于预算的批复"]  # fmt: skip


def seen(titles: list[str], word: str) -> list[Seen]:
    """Rows with these titles, as the look-up gives them."""
    return [
        Seen(f"J1-{n}", title, places=(at,) if (at := place_of(title, word)) >= 0 else ())
        for n, title in enumerate(titles)
    ]


def texts(found: list[Suggestion], kind: Kind) -> list[str]:
    """Those of one kind."""
    return [one.text for one in found if one.kind is kind]


def test_a_phrase_ends_where_ways_part() -> None:
    """What most rows say is drawn out, and ends where several go on otherwise; never with 关于, never inside a number."""
    found = texts(suggestions("修缮", seen(TITLES, "修缮"), 10), Kind.PHRASE)
    assert found[0] == "修缮校舍"[: len(found[0])]
    assert all(one.startswith("修缮校舍") for one in found)
    years = [f"关于做好{year}年工作的通知" for year in range(1950, 1990)]
    assert all(
        not one.endswith(("关于", "19", "195", "196"))
        for one in texts(suggestions("关于", seen(years, "关于"), 20), Kind.PHRASE)
    )
    assert "天津市" in texts(suggestions("天", seen([*TITLES, "天津港", "天桥区"], "天"), 10), Kind.PHRASE)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text("天津市和平区民政局1958关于，的", max_size=30), max_size=40),
    st.text("天津市和1关", min_size=1, max_size=3),
    st.integers(-1, 80),
)
def test_every_phrase_stands_in_a_row(titles: list[str], word: str, limit: int) -> None:
    """A suggested phrase begins with what was typed and stands in a title that was given; each text once, within the limit."""
    found = suggestions(word, seen(titles, word), limit)
    assert len(found) <= max(0, min(limit, SUGGESTIONS_MAX))
    assert len({one.text for one in found}) == len(found)
    for one in found:
        assert one.text.startswith(word)
        assert one.text != word
        assert sum(one.text in title for title in titles) >= one.rows


def test_kinds_share_the_places() -> None:
    """Names come first, then codes, bodies and phrases; a kind leaves the places that it does not need."""
    rows = [
        *seen(TITLES, "天津"),
        *[Seen("c", "", f"天津市第{n}中学", in_body=True) for n in range(9)],
    ]
    found = suggestions("天津", rows, 9, codes=["TJ-1", "TJ-1", "TJ-2"], names=[("田进", 3), ("田金", 9)])
    assert [one.kind for one in found] == sorted((one.kind for one in found), key=tuple(Kind).index)
    assert texts(found, Kind.NAME) == ["田进", "田金"]
    assert texts(found, Kind.CODE) == ["TJ-1", "TJ-2"]
    assert len(found) == 9
    assert texts(suggestions("天津", rows[:5], 9), Kind.NAME) == []


@pytest.mark.parametrize(
    ("text", "before", "word"),
    [("天津 修", "天津 ", "修"), ("天津", "", "天津"), ("天津 ", "天津 ", ""), ("(天津　和", "(天津　", "和"), ("", "", ""), ("天" * 99, "", "天" * TYPED_MAX)],
)  # fmt: skip
def test_the_word_being_typed(text: str, before: str, word: str) -> None:
    """It begins after the last blank or bracket, and is bounded."""
    assert last_word(text) == (before, word)


def test_places_are_found_alike() -> None:
    """Large and small letters, full and half width are one."""
    assert place_of("关于ＷＴＯ规则", "wto") == 2
    assert place_of("关于ＷＴＯ规则", "wta") == -1
