"""The record's body (format.md §6.3): round trips and refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import cbor
from holdings.errors import BodyUnreadable, OurFault
from holdings.record import (
    CELL_MAX,
    Basis,
    Clearance,
    Description,
    Explanation,
    Level,
    RecordId,
    Relation,
    RelationKind,
    decode_record,
    encode_record,
    page_count,
    parse_pages,
    record_id,
    security_mark,
    title,
)
from holdings.security import MarkKind
from holdings.text_item import DerivedText, decode_text, encode_text

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
DESCRIPTIONS = st.builds(
    Description,
    _TEXT,
    st.sampled_from(Level),
    st.dictionaries(_TEXT, st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=12),
    _TEXT,
    st.builds(Clearance, st.sampled_from(Basis), st.lists(_TEXT, min_size=1, max_size=8).map(tuple), st.integers(0, 2**40)),
    st.lists(_TEXT, max_size=4).map(tuple),
    st.lists(st.builds(Relation, st.sampled_from(RelationKind), st.binary(min_size=16, max_size=16).map(RecordId), _TEXT), max_size=4).map(tuple),
    st.booleans(),
    explanation=st.none() | st.builds(Explanation, _TEXT, _TEXT, st.integers(0, 2**40), st.integers(1, 2**40)),
)
GOOD = Description("J001-003-0001-00012", Level.ITEM, {"题名": "关于印发通知", "密级": "", "页数": "3"}, "第03批",
                   Clearance(Basis.REVIEW, ("张三", "李四"), 1_700_000_000))


@given(DESCRIPTIONS)
def test_record_bodies_round_trip(description: Description) -> None:
    """What is written is what is read, and there is one spelling of it."""
    body = encode_record(description)
    assert decode_record(body) == description
    assert encode_record(decode_record(body)) == body


def test_a_relation_of_a_later_program_is_passed_over() -> None:
    """A kind of relation that this program does not know does not make the body unreadable; a broken relation does."""
    body = cbor.decode(encode_record(GOOD), limit=9999)
    assert decode_record(cbor.encode({**body, 7: [{1: 63, 2: bytes(16), 3: "x"}]})) == GOOD
    for broken in ({1: 1, 2: bytes(15), 3: "x"}, {1: 1, 2: bytes(16), 3: ""}, {1: 1, 3: "x"}, 5):
        with pytest.raises(BodyUnreadable):
            decode_record(cbor.encode({**body, 7: [broken]}))


@given(st.binary(min_size=16, max_size=16), st.integers(1, 99), st.dictionaries(st.binary(min_size=32, max_size=32), _TEXT))
def test_text_bodies_round_trip(identity: bytes, version: int, values: dict[bytes, str]) -> None:
    """Derived text comes back with the part digests it belongs to."""
    text = DerivedText(RecordId(identity), version, "sm3/1", values)
    assert decode_text(encode_text(text)) == text


@pytest.mark.fuzz
@given(st.binary(max_size=400))
def test_any_bytes_are_answered(data: bytes) -> None:
    """Bytes that are no body are refused as such, never with another error."""
    for decode in (decode_record, decode_text):
        try:
            decode(data)
        except BodyUnreadable:
            continue


def _body(**changes: object) -> bytes:
    """The good body with some keys replaced (None: left out)."""
    body = cbor.decode(encode_record(GOOD), limit=1 << 20)
    for key, value in changes.items():
        body[int(key[1:])] = value
    return cbor.encode({key: value for key, value in body.items() if value is not None})


@pytest.mark.parametrize(
    "body",
    [
        _body(k1=None), _body(k1=""), _body(k1="9" * 201), _body(k1=b"x"), _body(k2=0), _body(k2=7), _body(k3=[]), _body(k3={"题名": 1}),
        _body(k3={1: "x"}), _body(k3={"": "x"}), _body(k3={"题名": "x" * (CELL_MAX + 1)}), _body(k3={str(i): "" for i in range(257)}),
        _body(k4=""), _body(k5=None), _body(k5={1: 3, 2: ["张三"], 3: 0}), _body(k5={1: 1, 2: [], 3: 0}), _body(k5={1: 1, 2: [1], 3: 0}),
        _body(k5={1: 1, 2: ["张三"]}), _body(k6=[""]), _body(k6=[1]), _body(k64=1),
        _body(k12={1: "", 2: "张三", 3: 0, 4: 1}), _body(k12={1: "x", 2: "张三", 3: 0}), b"", b"\xa0", b"\xff" * 10,
    ],
)  # fmt: skip
def test_bodies_outside_the_format_are_refused(body: bytes) -> None:
    """A missing, empty, oversized or mistyped field refuses the body, without a word of its content."""
    with pytest.raises(BodyUnreadable) as refused:
        decode_record(body)
    assert "关于印发" not in str(refused.value)


def test_unknown_keys_below_64_are_ignored() -> None:
    """A later format may add what an old reader need not know."""
    assert decode_record(_body(k40="later", k63=1)) == GOOD


def test_a_body_above_its_bound_is_not_written() -> None:
    """256 KiB is the bound of an item body."""
    large = Description("1", Level.ITEM, {f"附注{i}": "字" * CELL_MAX for i in range(9)}, "批", GOOD.clearance)
    with pytest.raises(OurFault):
        encode_record(large)


def test_a_description_answers_for_its_record() -> None:
    """Title, page count and mark are read from the elements."""
    assert (title(GOOD), page_count(GOOD), security_mark(GOOD).kind) == ("关于印发通知", 3, MarkKind.OPEN)


@pytest.mark.parametrize(
    ("text", "pages"),
    [("12", 12), ("１２", 12), (" 12页", 12), ("0", 0), ("", None), (None, None), ("十二", None), ("1-5", None), ("20001", None)],
)
def test_page_counts_are_read_as_written(text: str | None, pages: int | None) -> None:
    """页数 is a whole number, in either width, perhaps with its unit; anything else declares nothing."""
    assert parse_pages(text) == pages


def test_record_ids_are_16_bytes() -> None:
    """Nothing else is called a record id."""
    assert record_id(bytes(16)) == bytes(16)
    with pytest.raises(OurFault):
        record_id(bytes(15))
