"""Deterministic CBOR: one value has one spelling (format.md §1)."""

import json
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crypto import cbor
from crypto.errors import BadFormat

VECTORS = json.loads((Path(__file__).parent / "vectors" / "cbor.json").read_text("utf-8"))
LIMIT = 1 << 20

scalars = (
    st.none() | st.booleans() | st.integers(-(1 << 64), (1 << 64) - 1) | st.binary(max_size=40) | st.text(max_size=20)
)
keys = st.sampled_from([st.integers(0, (1 << 64) - 1), st.text(max_size=300), st.binary(max_size=300)])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=30) | keys.flatmap(lambda key: st.dictionaries(key, inner, max_size=5)),
    max_leaves=20,
)


class Number(IntEnum):
    """An enum as the rooms keep their statuses."""

    ONE = 1


class Word(StrEnum):
    """A text enum."""

    A = "a"


def test_limits_are_those_of_format_md() -> None:
    """The nesting bound is the one of format.md §14."""
    assert cbor.DEPTH_MAX == 8


@pytest.mark.parametrize("vector", VECTORS["ok"], ids=lambda vector: str(vector["bytes"])[:20])
def test_published_encodings(vector: dict[str, Any]) -> None:
    """Every example of RFC 8949 that the format allows is read and written as published."""
    data = bytes.fromhex(vector["bytes"])
    assert cbor.decode(data, limit=LIMIT) == vector["value"]
    assert cbor.encode(vector["value"]) == data


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: str(vector["source"]))
def test_other_spellings_are_refused(vector: dict[str, Any]) -> None:
    """Every other spelling, type, tag and nesting raises BadFormat."""
    with pytest.raises(BadFormat):
        cbor.decode(bytes.fromhex(vector["bytes"]), limit=LIMIT)


def test_no_tag_but_18_is_ever_taken() -> None:
    """No tag of cbor2's own turns foreign bytes into objects, whatever it holds."""
    for tag in range(1 << 16):
        if tag != cbor.TAG_SIGN1:
            head = cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1]
            for content in (b"\x00", b"\x61a", b"\x80"):
                with pytest.raises(BadFormat):
                    cbor.decode(head + content, limit=LIMIT)


@given(values)
def test_round_trip(value: Any) -> None:
    """What is encoded comes back equal, within its length and not within one byte less."""
    try:
        data = cbor.encode(value)
    except BadFormat:
        return  # deeper than 8
    assert cbor.decode(data, limit=len(data)) == value
    with pytest.raises(BadFormat):
        cbor.decode(data, limit=len(data) - 1)


@given(values)
def test_map_keys_are_sorted_by_their_bytes(value: Any) -> None:
    """The order of a map is the bytewise order of its encoded keys, whatever order it was built in."""
    if isinstance(value, dict):
        try:
            data = cbor.encode(value)
        except BadFormat:
            return
        order = [cbor.encode(key) for key in cbor.decode(data, limit=LIMIT)]
        assert order == sorted(order)
        assert cbor.encode(dict(reversed(value.items()))) == data


@pytest.mark.fuzz
@given(st.binary(max_size=200))
@example(b"\xd8\x1c\x82\xd8\x1d\x00\x01")
@example(bytes.fromhex("c5821a7fffffff01"))
def test_bytes_of_strangers_parse_to_themselves_or_are_refused(data: bytes) -> None:
    """Arbitrary bytes raise BadFormat alone, and what parses encodes to the same bytes."""
    try:
        value = cbor.decode(data, limit=LIMIT)
    except BadFormat:
        return
    assert cbor.encode(value) == data


@pytest.mark.fuzz
@given(values, st.data())
def test_changed_bytes_parse_to_themselves_or_are_refused(value: Any, draw: st.DataObject) -> None:
    """One changed byte of a good object raises BadFormat alone, or is another good object."""
    try:
        data = bytearray(cbor.encode(value))
    except BadFormat:
        return
    data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        changed = cbor.decode(data, limit=LIMIT)
    except BadFormat:
        return
    assert cbor.encode(changed) == data


@pytest.mark.parametrize(
    "value",
    [1.0, {1, 2}, b"".join, bytearray(b"a"), 1 << 64, {True: 1}, {1: 1, "a": 2}, {(): 1}, {-1: 1}, "\ud800",
     cbor2.CBORTag(17, 0), cbor2.undefined],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_only_types_of_the_format_are_encoded(value: Any) -> None:
    """Floats, sets, mutable bytes, big numbers, mixed or odd keys and other tags are refused when writing, too."""
    with pytest.raises(BadFormat):
        cbor.encode(value)


def test_a_list_within_itself_is_refused() -> None:
    """A cycle ends in BadFormat, not in recursion."""
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(BadFormat):
        cbor.encode(cycle)


def test_enums_and_tuples_are_written_as_what_they_hold() -> None:
    """IntEnum, StrEnum and tuples need no conversion by the caller."""
    assert cbor.encode({Number.ONE: (Number.ONE, Word.A)}) == cbor.encode({1: [1, "a"]})


def test_tagged_content_comes_as_lists_and_dicts() -> None:
    """Below tag 18 arrays are lists and maps dicts, as everywhere."""
    tag = cbor.decode(cbor.encode(cbor2.CBORTag(18, [{}, [{1: []}]])), limit=LIMIT)
    assert tag.value == [{}, [{1: []}]]
    assert [type(one) for one in tag.value] == [dict, list]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "a map is expected"),
        ({2: b"x" * 32}, "key 1: missing"),
        ({1: True, 2: b"x" * 32}, "int is expected, bool found"),
        ({1: -1, 2: b"x" * 32}, "unsigned"),
        ({1: 1, 2: b"x" * 31}, "32 bytes are expected, bytes of 31 found"),
        ({1: 1, 2: "x" * 32}, "32 bytes are expected, str of 32 found"),
        ({1: 1, 2: b"x" * 32, 3: 5}, "str or NoneType is expected"),
        ({1: 1, 2: b"x" * 32, 64: 0}, "key 64: unknown and mandatory"),
        ({1: 1, 2: b"x" * 32, "a": 0}, "unsigned integers"),
    ],
)
def test_take_map_names_the_key_and_not_the_value(value: Any, why: str) -> None:
    """A map that does not fit is refused by a text that says where and what, and repeats no value."""
    with pytest.raises(BadFormat, match=why) as caught:
        cbor.take_map(value, {1: int, 2: cbor.ID32}, {3: (str, type(None))}, name="thing (format.md §9)")
    assert "thing (format.md §9)" in str(caught.value)
    assert "xxx" not in str(caught.value)


def test_take_map_ignores_unknown_keys_below_64() -> None:
    """Unknown keys below 64 are left out, optional ones may be absent."""
    assert cbor.take_map({1: 1, 63: "later"}, {1: int}, {2: bytes}) == {1: 1}


def test_take_list_and_take_array() -> None:
    """Arrays are checked for length and for the type of every value."""
    assert cbor.take_list([1, b"a"], (int, bytes)) == [1, b"a"]
    assert cbor.take_array(["a", "b"], str, at_most=2) == ["a", "b"]
    refused: list[tuple[Any, Any]] = [([1], (int, bytes)), ([1, 1], (int, bytes)), ({}, (int, bytes))]
    for value, fields in refused:
        with pytest.raises(BadFormat):
            cbor.take_list(value, fields)
    for value, bounds in ((["a"], (2, 3)), (["a", "b"], (0, 1)), ([1], (0, 1)), ("a", (0, 1))):
        with pytest.raises(BadFormat):
            cbor.take_array(value, str, at_least=bounds[0], at_most=bounds[1])
