"""Reference codes 档号: forms, match keys, volumes, order."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.reference_code import (
    CODE_MAX,
    CodeForm,
    CodeProblem,
    ReferenceCode,
    format_code,
    match_key,
    ordering_key,
    ordering_range,
    parse,
    volume_key,
)

FORMS = [
    # printed, form, fonds, volume, item, year, retention, organ, volume key
    ("A439-WS·2015·D30·003-005", CodeForm.BY_ITEM, "A439", "", "005", "2015", "D30", "003", None),
    ("Z109-WS·2011·Y·办公室-0001", CodeForm.BY_ITEM, "Z109", "", "0001", "2011", "Y", "办公室", None),
    ("J019-LY·2019·Y-001", CodeForm.BY_ITEM, "J019", "", "001", "2019", "Y", "", None),
    ("B168-SW·2015·Y-001", CodeForm.BY_ITEM, "B168", "", "001", "2015", "Y", "", None),
    ("J019-KU·01·2017-001-001", CodeForm.BY_VOLUME, "J019", "001", "001", "2017", "", "", "J019-KU·01·2017-001"),
    ("X032-KJ·JJ·02-005-054", CodeForm.BY_VOLUME, "X032", "005", "054", "", "", "", "X032-KJ·JJ·02-005"),
    ("Z008-WS·2019·Y-037", CodeForm.BY_ITEM, "Z008", "", "037", "2019", "Y", "", None),
    ("C015-WY·TZGG·2019·D10-00001", CodeForm.BY_ITEM, "C015", "", "00001", "2019", "D10", "", None),
    ("J001-WS·Y·2003·BGS-00003", CodeForm.BY_ITEM, "J001", "", "00003", "2003", "Y", "BGS", None),
    ("J001-WS·2003·Y-BGS-00003", CodeForm.BY_ITEM, "J001", "", "00003", "2003", "Y", "BGS", None),
    ("J001-WS·1999·D30-BGS-00003", CodeForm.BY_ITEM, "J001", "", "00003", "1999", "D30", "BGS", None),
    ("J019-ZY·JC·CC·2019·D30-001-001", CodeForm.BY_VOLUME, "J019", "001", "001", "2019", "D30", "", "J019-ZY·JC·CC·2019·D30-001"),
    ("K021-ZP·2019·D30-025-005", CodeForm.BY_VOLUME, "K021", "025", "005", "2019", "D30", "", "K021-ZP·2019·D30-025"),
    ("X032-KJ·KY·01-003", CodeForm.BY_VOLUME, "X032", "003", "", "", "", "", "X032-KJ·KY·01-003"),
    ("A002-RS-001-002", CodeForm.BY_VOLUME, "A002", "001", "002", "", "", "", "A002-RS-001"),
    ("C038-001-002-003", CodeForm.OLD, "C038", "002", "003", "", "", "", "C038-001-002"),
    ("J001-003-0001-00012", CodeForm.OLD, "J001", "0001", "00012", "", "", "", "J001-003-0001"),
    ("23-2-145", CodeForm.OLD, "23", "145", "", "", "", "", "23-2-145"),
    ("津档临字-1958-12-7", CodeForm.OTHER, "", "", "", "", "", "", "津档临字-1958-12"),
    ("婚字第12号", CodeForm.OTHER, "", "", "", "", "", "", None),
]


@pytest.mark.parametrize("case", FORMS, ids=lambda case: case[0])
def test_forms_are_told_apart(case: tuple[str, CodeForm, str, str, str, str, str, str, str | None]) -> None:
    """Every published example is read by the rule it follows, in its parts, and belongs to the right volume."""
    printed, form, fonds, volume, item, year, retention, organ, key = case
    code = parse(printed)
    assert isinstance(code, ReferenceCode)
    assert (code.form, code.fonds, code.volume, code.item) == (form, fonds, volume, item)
    assert (code.year, code.retention, code.organ) == (year, retention, organ)
    assert volume_key(code) == key
    assert code.conforming == (form is not CodeForm.OTHER)
    assert format_code(code) == printed


@pytest.mark.parametrize(
    "written",
    [
        "J001-WS•2003•Y-BGS-00003",
        "J001-WS.2003.Y-BGS-00003",
        "Ｊ００１－ＷＳ．２００３．Ｙ－ＢＧＳ－００００３",
        "J001—WS・2003・Y–BGS−00003",
        " j001-ws·2003·y - bgs-00003\u3000",
        "J001-WS‧2003‧Y-BGS-00003",
        "J001-WS･2003･Y－BGS－00003",
        "Ｊ001-ＷＳ·２００３·Ｙ-ＢＧＳ-０００03",
    ],
)
def test_look_alikes_meet_in_the_match_key(written: str) -> None:
    """A code written with other dots, hyphens, widths or spaces finds the same row, and what is printed stays as it was."""
    code = parse(written)
    assert isinstance(code, ReferenceCode)
    assert code.key == "J001-WS·2003·Y-BGS-00003"
    assert code.printed == written.strip()
    assert not code.conforming
    assert code.form is CodeForm.BY_ITEM


def test_hyphens_inside_the_category_are_read_but_not_standard() -> None:
    """The sample of DA/T 22 is an item, and is told to be no code of DA/T 13."""
    code = parse("Z109-WS·2011-Y-BGS-0001")
    assert isinstance(code, ReferenceCode)
    assert (code.form, code.item, code.conforming) == (CodeForm.BY_ITEM, "0001", False)
    assert volume_key(code) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", CodeProblem.EMPTY),
        (" \u3000\u200b", CodeProblem.EMPTY),
        ("../../etc/J001-003-0001-00012", CodeProblem.PATH),
        ("J001/003", CodeProblem.PATH),
        ("J001\\003", CodeProblem.PATH),
        ("J001／003", CodeProblem.PATH),
        ("..", CodeProblem.PATH),
        (".hidden", CodeProblem.PATH),
        ("J001.", CodeProblem.PATH),
        ("J001\n003", CodeProblem.CONTROL),
        ("J001\0", CodeProblem.CONTROL),
        ("J001\u202e003", CodeProblem.CONTROL),
        ("J001\udcff", CodeProblem.CONTROL),
        ("9" * (CODE_MAX + 1), CodeProblem.TOO_LONG),
    ],
)
def test_what_cannot_be_a_folder_is_refused(text: str, problem: CodeProblem) -> None:
    """A code that could leave its folder, hide in a listing or not be written at all is a problem with rule and remedy."""
    assert parse(text) is problem
    assert problem.rule
    assert problem.remedy


_NUMBER = st.integers(1, 99999).map(lambda n: f"{n:05d}")
_FONDS = st.tuples(st.sampled_from(string.ascii_uppercase), st.integers(0, 999)).map(lambda p: f"{p[0]}{p[1]:03d}")
_RETENTION = st.sampled_from(["Y", "D30", "D10"])
_ORGAN = st.one_of(st.just(""), st.sampled_from(["·BGS", "·办公室", "-BGS"]))
_BY_ITEM = st.builds(
    lambda f, y, r, o, n: f"{f}-WS·{y}·{r}{o}-{n}", _FONDS, st.integers(1949, 2030), _RETENTION, _ORGAN, _NUMBER
)
_OLD = st.builds(lambda f, m, v, i: f"{f}-{m:03d}-{v:04d}-{i}", _FONDS, st.integers(1, 999), st.integers(1, 9999), _NUMBER)


_BY_VOLUME = st.builds(
    lambda f, k, facets, v, i: f"{f}-{'·'.join([k, *facets])}-{v}{i}",
    _FONDS,
    st.sampled_from(["KJ", "KU", "ZY", "RS", "ZP"]),
    st.lists(st.sampled_from(["KY", "01", "2017", "D30", "会计室"]), max_size=4, unique=True),
    st.integers(1, 999).map(lambda n: f"{n:03d}"),
    _NUMBER.map(lambda n: f"-{n}"),
)


@given(st.one_of(_BY_ITEM, _BY_VOLUME, _OLD))
def test_generated_codes_round_trip(printed: str) -> None:
    """A code of any rule is its own match key, conforms, and is written from its parts as it was."""
    code = parse(printed)
    assert isinstance(code, ReferenceCode)
    assert code.conforming
    assert code.key == printed == format_code(code)
    assert parse(format_code(code)) == code
    parts = [code.fonds, code.category or code.inventory, code.volume or code.organ, code.item]
    assert all(part in printed for part in parts)
    assert printed.startswith(code.fonds)
    assert printed.endswith(code.item)


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    """No text makes the reader raise; a match key is its own match key; a code's key has nothing that leads out of a folder."""
    key = match_key(text)
    assert match_key(key) == key
    code = parse(text)
    if isinstance(code, ReferenceCode):
        assert code.key == key == match_key(code.printed)
        assert not set(code.printed) & set("/\\\0\n")
        assert code.printed not in (".", "..")
        assert volume_key(code) is None or code.key.startswith(volume_key(code) or "")


@given(st.lists(st.one_of(_BY_ITEM, _OLD, st.text("A1-0·9 甲", max_size=30)), min_size=2, max_size=2), st.integers(0, 10**30))
def test_the_order_is_total_and_numbers_count(pair: list[str], number: int) -> None:
    """Two codes sort alike only when they fold alike; of two that differ in one number the smaller number comes first."""
    one, two = (ordering_key(code) for code in pair)
    assert (one == two) == (match_key(pair[0]) == match_key(pair[1]))
    assert ordering_key(f"J001-{number}-9") < ordering_key(f"J001-{number + 1}-1") < ordering_key(f"J001-{number + 1}-B")
    assert ordering_key(f"J001-{number:040d}") < ordering_key(f"J001-{number + 1}")
    assert ordering_key(f"J001-{number}") < ordering_key(f"J001-{number}-1")


@given(st.one_of(_BY_VOLUME, _OLD), st.integers(0, 10**12), st.text("-0·9A甲", max_size=6))
def test_what_a_code_holds_is_a_range_of_the_order(code: str, number: int, tail: str) -> None:
    """The code and everything behind it and a hyphen lie in its range; what merely begins like it does not."""
    low, high = ordering_range(code)
    assert low <= ordering_key(code) < high
    assert low <= ordering_key(f"{code}-{number}{tail}") < high
    assert not low <= ordering_key(f"{code}{number}") < high
    assert not low <= ordering_key(f"{code}·{number}") < high


def test_order_counts_like_people() -> None:
    """Codes sort by the numbers in them, not by their digits."""
    codes = ["J001-1-10", "J001-1-9", "J001-1-0100", "J001-10-1", "J001-2-1"]
    assert sorted(codes, key=ordering_key) == ["J001-1-9", "J001-1-10", "J001-1-0100", "J001-2-1", "J001-10-1"]
    assert sorted(["A-010", "A-10", "A-9"], key=ordering_key) == ["A-9", "A-10", "A-010"]
