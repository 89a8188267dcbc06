"""Page text and page facts: what is written is read back, and nothing else is read (format.md §6.5, §6.6)."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crypto import cbor
from holdings import page_facts, page_text
from holdings.errors import BodyUnreadable, OurFault
from holdings.page_facts import Colour, PageFacts
from holdings.page_text import Orientation, PageText, TextLine

VECTORS = json.loads((Path(__file__).parent / "vectors" / "holdings_page_text.json").read_text("utf-8"))
characters = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))


@st.composite
def pages(draw: st.DrawFn) -> PageText:
    """Any page within the bounds."""
    width, height = draw(st.integers(0, page_text.SIDE_MAX)), draw(st.integers(0, page_text.SIDE_MAX))
    corner = st.tuples(*(st.integers(0, side) for side in (width, height) * 4))
    line = st.builds(
        TextLine,
        st.text(characters, min_size=1, max_size=40),
        corner,
        st.integers(0, 1000).map(lambda n: n / 1000),
        st.booleans(),
    )
    name = st.text(characters, min_size=1, max_size=page_text.NAME_MAX)
    skew = draw(st.integers(-17_999, 18_000)) / 100
    return PageText(
        draw(name),
        draw(name),
        width,
        height,
        draw(st.sampled_from(Orientation)),
        skew,
        tuple(draw(st.lists(line, max_size=6))),
    )


def body(**changes: Any) -> dict[int, Any]:
    """The map of a page of one line, changed."""
    made: dict[int, Any] = {
        1: "e", 2: "1", 3: 100, 4: 100, 5: 0, 6: 0, 7: "关", 8: struct.pack(">8H", *range(8)), 9: b"\3\xe8", 10: b"\0",
    }  # fmt: skip
    return {**made, **{int(key[1:]): value for key, value in changes.items()}}


def frame(plain: bytes, *, declared: bool = True) -> bytes:
    """One zstd frame."""
    return zstandard.ZstdCompressor(write_content_size=declared).compress(plain)


@given(pages())
def test_what_is_written_is_read_back(page: PageText) -> None:
    """Every page within the bounds survives, and equal pages have equal bytes."""
    assert page_text.decode(page_text.encode(page)) == page
    assert page_text.encode(page) == page_text.encode(replace(page))


@pytest.mark.parametrize(
    "changed",
    [
        {"_7": "关\n于"}, {"_7": ""}, {"_7": "\n"}, {"_8": b""}, {"_9": b"\0"}, {"_9": b"\3\xe9"}, {"_10": b"\2"}, {"_5": 4}, {"_6": 36_000},
        {"_3": 3}, {"_4": 65_536}, {"_1": ""}, {"_2": "x" * 65}, {"_7": "x" * 4_001}, {"_64": 1}, {"_8": "text"},
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused(changed: dict[str, Any]) -> None:
    """Numbers that do not agree, bounds and unknown mandatory keys refuse the page, and no text is quoted."""
    assert page_text.decode(frame(cbor.encode(body()))).text == "关"
    with pytest.raises(BodyUnreadable) as refused:
        page_text.decode(frame(cbor.encode(body(**changed))))
    assert "关" not in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        frame(b""),
        frame(bytes(1 << 20)),
        frame(cbor.encode(body()), declared=False),
        frame(cbor.encode(body())) + b"x",
    ],
)
def test_frames_that_are_none(data: bytes) -> None:
    """Bombs, undeclared sizes, trailing bytes and rubbish are refused."""
    with pytest.raises(BodyUnreadable):
        page_text.decode(data)


@pytest.mark.fuzz
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    """Whatever stands in the frame, only BodyUnreadable comes out."""
    for tried in (data, frame(data)):
        try:
            page_text.decode(tried)
        except BodyUnreadable:
            continue


@pytest.mark.parametrize("vector", VECTORS["page_text"], ids=lambda vector: vector["what"])
def test_vectors(vector: dict[str, Any]) -> None:
    """The bytes of format.md §6.5 that another program must be able to read; the CBOR is compared, zstd may differ."""
    page = page_text.decode(bytes.fromhex(vector["frame"]))
    assert (page.text, page.width, page.skew, page.orientation, list(page.lines[0].box)) == tuple(
        vector[key] for key in ("text", "width", "skew", "orientation", "box")
    )
    assert (
        zstandard.decompress(page_text.encode(page)).hex()
        == vector["cbor"]
        == zstandard.decompress(bytes.fromhex(vector["frame"])).hex()
    )


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb\u2028c\x00", "  关于\ud800  ", "x" * 5_000])
def test_one_line(text: str) -> None:
    """Whatever an engine says becomes a line that can be written."""
    line = page_text.one_line(text)
    assert page_text.decode(page_text.encode(PageText("e", "1", 0, 0, lines=(TextLine(line),)))).text == line


def test_confidence_is_of_characters() -> None:
    """A long sure line outweighs a short unsure one; a blank page is sure."""
    page = PageText(
        "e", "1", 9, 9, lines=(TextLine("关于农村税费改革", confidence=1.0), TextLine("印发", confidence=0.5))
    )
    assert (page.confidence, page.weakest) == (0.9, 0.5)
    assert PageText("e", "1", 9, 9).confidence == PageText("e", "1", 9, 9).weakest == 1.0


facts = st.builds(
    PageFacts, st.text(characters, min_size=1, max_size=20), st.just(0), st.integers(1, 100_000), st.integers(0, 1_000_000), st.integers(0, 1_000_000),
    st.integers(0, 48_000), st.sampled_from(Colour), st.integers(0, 64), st.text(characters, max_size=20), st.integers(0, 1 << 31),
)  # fmt: skip


@given(facts)
def test_facts_are_read_back(known: PageFacts) -> None:
    """Every value within the bounds survives."""
    assert page_facts.decode(page_facts.encode(known)) == known


@pytest.mark.parametrize(
    "wrong", [{"page": 1}, {"dpi": 48_001}, {"media_type": ""}, {"codec": "x" * 129}, {"bits": -1}]
)
def test_facts_out_of_bounds(wrong: dict[str, Any]) -> None:
    """What a reader would refuse is not written."""
    with pytest.raises(OurFault):
        page_facts.encode(replace(PageFacts("image/jpeg"), **wrong))
    with pytest.raises(BodyUnreadable):
        page_facts.decode(b"\xa0")
