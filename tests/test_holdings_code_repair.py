"""Proposed repairs of nonstandard codes, and a site's own schemes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.code_repair import RepairReason, advice, repair
from holdings.code_scheme import codes_of
from holdings.errors import SiteDataWrong
from holdings.record import Level, level_of
from holdings.reference_code import CodeForm, ReferenceCode, parse, volume_key
from holdings.site_data import SiteData

WRONG = [
    ("Z109-WS·2011-Y-BGS-0001", "Z109-WS·2011·Y·BGS-0001", {RepairReason.HYPHENS_INSIDE}),
    ("J001-WS.2003.Y-BGS-00003", "J001-WS·2003·Y-BGS-00003", {RepairReason.LOOK_ALIKE}),
    ("ｊ001—ws・2003・y—bgs—00003", "J001-WS·2003·Y-BGS-00003", {RepairReason.LOOK_ALIKE}),
    ("档号：A439-WS·2015·D30·003-005", "A439-WS·2015·D30·003-005", {RepairReason.LOOK_ALIKE, RepairReason.LABEL}),
    ("A439_WS·2015·D30·003_005", "A439-WS·2015·D30·003-005", {RepairReason.HYPHEN}),
    ("A439-WS·2015·D30·003--005", "A439-WS·2015·D30·003-005", {RepairReason.HYPHEN}),
    ("A439/WS·2015·D30·003/005", "A439-WS·2015·D30·003-005", {RepairReason.HYPHEN}),
    ("A439-WS2015·D30·003-005", "A439-WS·2015·D30·003-005", {RepairReason.DOT}),
    ("A439-WS·2015·永久·003-005", "A439-WS·2015·Y·003-005", {RepairReason.RETENTION}),
    ("Z109-WS·2011-定期30年-BGS-0001", "Z109-WS·2011·D30·BGS-0001", {RepairReason.RETENTION, RepairReason.HYPHENS_INSIDE}),
    ("AO39-WS·2015·D30·003-OO5", "A039-WS·2015·D30·003-005", {RepairReason.CROSSED}),
    ("A439-WS·2015·D30·003-5", "A439-WS·2015·D30·003-005", {RepairReason.WIDTH}),
    ("A002-RS-1-2", "A002-RS-001-002", {RepairReason.WIDTH}),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case[0])
def test_a_nonstandard_code_gets_a_proposal(case: tuple[str, str, set[RepairReason]]) -> None:
    """What offices really write is proposed in the form of the standard, with the reason; the code itself stays."""
    printed, proposed, reasons = case
    found = repair(printed)
    assert found is not None
    assert (found.code, set(found.reasons)) == (proposed, reasons)
    read = parse(printed)
    assert not isinstance(read, ReferenceCode) or read.printed == printed


@pytest.mark.parametrize("text", ["A439-WS·2015·D30·003-005", "C038-001-002-003", "婚字第12号", "津档临字-1958-12-7", "", "长期-1"])
def test_nothing_is_proposed_without_need_or_certainty(text: str) -> None:
    """A code that conforms, and one of which nothing certain can be said, gets no proposal."""
    assert repair(text) is None


@given(st.text(max_size=60) | st.text("AJW0O1-·._/Y永久年D", max_size=30))
def test_every_proposal_conforms(text: str) -> None:
    """A proposal is a code of the standard, needs no further repair, and is not what was there."""
    if (found := repair(text)) is not None:
        code = parse(found.code)
        assert isinstance(code, ReferenceCode)
        assert code.conforming
        assert found.code != text.strip()
        assert found.reasons
        assert repair(found.code) is None


def test_advice_ends_a_sentence() -> None:
    """The proposal is told with its reasons, and nothing is said where there is none."""
    assert advice("A439-WS·2015·D30·003-5") == "；建议档号 A439-WS·2015·D30·003-005（案卷号、件号不足 3 位）"
    assert advice("A439-WS·2015·D30·003-005") == ""


SITE = """
[kinds]
HJ = "会计"
[[scheme]]
name = "旧临字"
template = "{organ}-{year}-{volume}[-{item}]"
parts.organ = { characters = ["han"], min = 2, max = 8 }
parts.year = { min = 4, max = 4 }
[[scheme]]
name = "期限在前"
template = "{fonds}·{retention}·{year}-{item}"
parts.fonds = { characters = ["letters", "digits"], min = 2, max = 4 }
parts.retention = { values = ["Y", "D10", "D30"] }
"""


def test_a_site_reads_and_writes_its_own_scheme() -> None:
    """Codes of a configured scheme are standard there, know their volume, and are written as they were read."""
    site = codes_of(SiteData((("codes.toml", SITE),)))
    assert (site.kinds["HJ"], site.kinds["WS"]) == ("会计", "文书")
    old = parse("津档临字-1958-12-7", site.schemes)
    assert isinstance(old, ReferenceCode)
    assert (old.form, old.organ, old.year, old.volume, old.item) == (CodeForm.SITE, "津档临字", "1958", "12", "7")
    assert (volume_key(old), level_of(old), old.conforming) == ("津档临字-1958-12", Level.ITEM, True)
    assert level_of(_read("津档临字-1958-12", site.schemes)) is Level.VOLUME
    assert site.format(old) == old.key
    assert volume_key(_read("J23·D30·1999-77", site.schemes)) is None
    # What no scheme reads goes by the standard.
    assert _read("C038-001-002-003", site.schemes).form is CodeForm.OLD
    assert _read("J23·D25·1999-77", site.schemes).form is CodeForm.OTHER


@given(
    st.text("津档临字", min_size=2, max_size=8), st.integers(1000, 9999), st.integers(1, 10**6), st.integers(0, 10**6)
)
def test_schemes_round_trip(organ: str, year: int, volume: int, item: int) -> None:
    """parse → format → parse changes nothing."""
    site = codes_of(SiteData((("codes.toml", SITE),)))
    code = _read(f"{organ}-{year}-{volume}" + (f"-{item}" if item else ""), site.schemes)
    assert code.form is CodeForm.SITE
    assert _read(site.format(code), site.schemes) == code


def _read(text: str, schemes: tuple[object, ...]) -> ReferenceCode:
    code = parse(text, schemes)  # type: ignore[arg-type]
    assert isinstance(code, ReferenceCode)
    return code


@pytest.mark.parametrize(
    "wrong",
    [
        'unknown = 1',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}"\nextra = 1',
        '[[scheme]]\nname = "x"\ntemplate = "{colour}"',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds"',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}[-{item}"',
        '[[scheme]]\nname = "x"\ntemplate = "[[{fonds}]]"',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}.{item}"',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}-{fonds}"',
        '[[scheme]]\nname = "x"\ntemplate = "{item}-{volume}"',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}{item}"',
        '[[scheme]]\nname = "x"\ntemplate = "号"',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}[-]"',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}"\nparts.item = { max = 3 }',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}"\nparts.fonds = { max = 3000 }',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}"\nparts.fonds = { characters = ["kana"] }',
        '[[scheme]]\nname = "x"\ntemplate = "{fonds}"\nparts.fonds = { values = ["y"] }',
        "[[scheme]\n",
        "\n".join(f'[[scheme]]\nname = "{n}"\ntemplate = "{{fonds}}"' for n in range(33)),
    ],
)
def test_a_wrong_scheme_is_refused(wrong: str) -> None:
    """Unknown keys, unknown parts, unbalanced brackets and bounds are refused, naming file or scheme."""
    with pytest.raises(SiteDataWrong, match=r"codes\.toml|档号方案"):
        codes_of(SiteData((("codes.toml", wrong),)))
