"""Deterministic CBOR (format.md §1; RFC 8949 §4.2.1): one value has one spelling, any other spelling is refused.

cbor2 does the coding; this module allows only the types of format.md and compares the re-encoding with what was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import cbor2

from crypto.errors import BadFormat

DEPTH_MAX: Final = 8  # format.md §14: the deepest object of the format is 6
TAG_SIGN1: Final = 18  # RFC 9052 §2, the only tag that format.md §1 allows
MANDATORY_FROM: Final = 64  # format.md §1: an unknown key from here on refuses the map

# Every tag that cbor2 would turn into an object of its own before we see it. They run code on foreign bytes (regular
# expressions, MIME,
# big exponents, shared references), so they are refused while decoding, not after.
_BUILT_IN_TAGS: Final = (
    0,
    1,
    2,
    3,
    4,
    5,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    52,
    54,
    100,
    256,
    258,
    260,
    261,
    1004,
    43000,
    55799,
)


@dataclass(frozen=True)
class Size:
    """Field type for a byte string of exactly `length` bytes (`bstr .size length`)."""

    length: int


Field: TypeAlias = type | Size | tuple[type, ...]
ID32: Final = Size(32)
"""A byte string of 32 bytes, the `id32` of format.md §1."""
ID16: Final = Size(16)
"""A byte string of 16 bytes."""


def encode(obj: Any) -> bytes:
    """Encode ints, bytes, text, bools, None, lists, tuples, maps and tag 18 deterministically; BadFormat for anything
    else.
    """
    _Walk(None, None).check(obj, 0)
    try:
        return cbor2.dumps(obj, canonical=True)
    except (cbor2.CBOREncodeError, UnicodeEncodeError) as error:
        raise BadFormat("CBOR (format.md §1): value cannot be encoded") from error


def decode(data: bytes | bytearray | memoryview, *, limit: int, depth: int = DEPTH_MAX) -> Any:
    """Decode exactly one deterministic CBOR item of at most `limit` bytes and `depth` nested arrays, maps and tags.

    Arrays come as lists, maps as dicts, tag 18 as `cbor2.CBORTag`. Raises BadFormat for every other spelling, repeated
    keys, floats, undefined,
    other tags, mixed key types and trailing bytes.
    """
    raw = bytes(data)
    if len(raw) > limit:
        raise BadFormat(f"CBOR (format.md §14): {len(raw)} bytes, the limit is {limit}")
    try:
        obj = cbor2.loads(
            raw,
            tag_hook=_keep_sign1,
            semantic_decoders=_REFUSED_TAGS,
            max_depth=depth + 1,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except (cbor2.CBORError, ValueError, OverflowError, RecursionError) as error:
        raise BadFormat(
            "CBOR (format.md §1): not one well-formed, definite, tag-free item without repeated keys"
        ) from error
    # The budget stops objects that are larger than their own bytes (shared references), should a tag ever slip through.
    _Walk(len(raw), depth).check(obj, 0)
    if encode(obj) != raw:
        raise BadFormat("CBOR (format.md §1): not the deterministic encoding, or bytes after the end")
    return obj


def take_map(
    obj: Any, required: Mapping[int, Field], optional: Mapping[int, Field] | None = None, *, name: str = "map"
) -> dict[int, Any]:
    """Check a map with integer keys and return its known fields (absent optional keys are absent).

    `int` means an unsigned integer and never a bool; `Size(n)` a byte string of n bytes; a tuple means one of several
    types.
    Unknown keys below 64 are ignored, from 64 on refused (format.md §1). Raises BadFormat naming `name` and the key.
    """
    if not isinstance(obj, dict):
        raise BadFormat(f"{name}: a map is expected, {_kind_of(obj)} found")
    known = {**required, **(optional or {})}
    taken: dict[int, Any] = {}
    for key, value in obj.items():
        if type(key) is not int or key < 0:
            raise BadFormat(f"{name}: map keys are unsigned integers, {_kind_of(key)} found")
        if key in known:
            taken[key] = _fit(value, known[key], f"{name} key {key}")
        elif key >= MANDATORY_FROM:
            raise BadFormat(f"{name} key {key}: unknown and mandatory (64 or above)", "upgrade this program")
    for key in required:
        if key not in taken:
            raise BadFormat(f"{name} key {key}: missing")
    return taken


def take_list(obj: Any, fields: Sequence[Field], *, name: str = "array") -> list[Any]:
    """Check an array of exactly these fields and return it; BadFormat naming `name` and the position."""
    if type(obj) is not list or len(obj) != len(fields):
        raise BadFormat(f"{name}: an array of {len(fields)} is expected, {_kind_of(obj)} found")
    return [
        _fit(value, field, f"{name} position {index}")
        for index, (value, field) in enumerate(zip(obj, fields, strict=True))
    ]


def take_array(obj: Any, field: Field, *, at_most: int, at_least: int = 0, name: str = "array") -> list[Any]:
    """Check an array of `at_least` to `at_most` values of one type and return it; BadFormat naming `name` and the
    position.
    """
    if type(obj) is not list:
        raise BadFormat(f"{name}: an array is expected, {_kind_of(obj)} found")
    if not at_least <= len(obj) <= at_most:
        raise BadFormat(f"{name}: {len(obj)} values, allowed are {at_least} to {at_most}")
    return [_fit(value, field, f"{name} position {index}") for index, value in enumerate(obj)]


def _fit(value: Any, field: Field, where: str) -> Any:
    """Return the value when it has the field's type, else raise BadFormat."""
    if isinstance(field, Size):
        if type(value) is not bytes or len(value) != field.length:
            raise BadFormat(f"{where}: {field.length} bytes are expected, {_kind_of(value)} found")
        return value
    allowed = field if isinstance(field, tuple) else (field,)
    if type(value) not in allowed:
        wanted = " or ".join(one.__name__ for one in allowed)
        raise BadFormat(f"{where}: {wanted} is expected, {_kind_of(value)} found")
    if type(value) is int and value < 0:
        raise BadFormat(f"{where}: an unsigned integer is expected")
    return value


def _kind_of(value: Any) -> str:
    """Name a value's type and length for an error, never the value."""
    if isinstance(value, (bytes, str, list, dict)):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__


class _Walk:
    """One pass over a value that lets only the types of format.md §1 through, within a depth and a budget of bytes
    (None: unbounded).
    """

    def __init__(self, budget: int | None, depth: int | None) -> None:
        """`budget` is the length of the bytes the value was decoded from; every value costs at least one of them."""
        self._bounded = budget is not None
        self._left = budget or 0
        self._depth = DEPTH_MAX if depth is None else depth

    def check(self, value: Any, depth: int) -> None:
        """Raise BadFormat for a type, number, nesting or key that the format does not know."""
        kind = type(value)
        self._left -= 1 + (len(value) if kind is bytes or kind is str else 0)
        if self._bounded and self._left < 0:
            raise BadFormat("CBOR (format.md §1): the value is larger than its bytes")
        if kind is bytes or kind is str or kind is bool or value is None:
            return
        if isinstance(value, int):
            if not -(1 << 64) <= value < 1 << 64:
                raise BadFormat("CBOR (format.md §1): an integer beyond 64 bits")
            return
        if isinstance(value, str):
            return
        if depth >= self._depth:
            raise BadFormat(f"CBOR (format.md §1): nested deeper than {self._depth}")
        if kind is list or kind is tuple:
            for one in value:
                self.check(one, depth + 1)
        elif kind is dict:
            self._check_keys(value)
            for key, one in value.items():
                self.check(key, depth + 1)
                self.check(one, depth + 1)
        elif kind is cbor2.CBORTag and value.tag == TAG_SIGN1:
            self.check(value.value, depth + 1)
        else:
            raise BadFormat(f"CBOR (format.md §1): {kind.__name__} is no type of the format")

    def _check_keys(self, value: dict[Any, Any]) -> None:
        """Keys of one map are all unsigned integers, all text or all bytes, so that every sorting rule gives the same
        order.
        """
        kinds = {
            int if isinstance(key, int) and type(key) is not bool else str if isinstance(key, str) else type(key)
            for key in value
        }
        if len(kinds) > 1 or not kinds <= {int, str, bytes}:
            raise BadFormat(
                "CBOR (format.md §1): map keys are unsigned integers (or, in bodies, all text or all bytes)"
            )
        if kinds == {int} and min(value) < 0:
            raise BadFormat("CBOR (format.md §1): a negative map key")


def _keep_sign1(tag: cbor2.CBORTag, _immutable: bool) -> cbor2.CBORTag:
    """Tag hook of the decoder: pass tag 18, refuse all others."""
    if tag.tag != TAG_SIGN1:
        raise ValueError("tag refused")
    return cbor2.CBORTag(TAG_SIGN1, _thaw(tag.value))


def _thaw(value: Any) -> Any:
    """Lists and dicts for the tuples and frozen dicts that cbor2 makes below a tag; the decoder bounds the depth."""
    if isinstance(value, tuple):
        return [_thaw(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _thaw(one) for key, one in value.items()}
    return value


def _refuse_tag(_content: Any, _immutable: bool) -> Any:
    """Semantic decoder for every tag that cbor2 knows itself."""
    raise ValueError("tag refused")


_REFUSED_TAGS: Final = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)
