"""Deterministic CBOR (format.md §1; RFC 8949 §4.2.1): one value has one spelling, any other spelling is refused.

cbor2 does the coding; this module allows only the types of format.md and compares the re-encoding with what was read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final, TypeAlias

import cbor2

from crypto.errors import BadFormat

DEPTH_MAX: Final = 8  # format.md §14: the deepest object of the format is 6
TAG_SIGN1: Final = 18  # RFC 9052 §2, the only tag that format.md §1 allows
MANDATORY_FROM: Final = 64  # format.md §1: an unknown key from here on refuses the map

_INT_MIN: Final = -(1 << 64)
_INT_MAX: Final = (1 << 64) - 1
_UNBOUNDED: Final = 1 << 62

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
    return _dumps(obj, in_order=_check(obj, DEPTH_MAX, _UNBOUNDED))


def encode_own(obj: Any) -> bytes:
    """As `encode`, in a third of the time: for a value that this program has built of its own typed fields, the keys of its maps
    integers in ascending order. It is not looked through; never for what came from outside.
    """
    return _dumps(obj, in_order=True)


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
    in_order = _check(obj, depth, len(raw))
    if _dumps(obj, in_order=in_order) != raw:
        raise BadFormat("CBOR (format.md §1): not the deterministic encoding, or bytes after the end")
    return obj


def _dumps(obj: Any, *, in_order: bool) -> bytes:
    """Encode a checked value; where the keys of its maps come in order already, in half the time."""
    try:
        return cbor2.dumps(obj, canonical=not in_order)
    except (cbor2.CBOREncodeError, ValueError) as error:  # text that is no Unicode: lone surrogates
        raise BadFormat("CBOR (format.md §1): value cannot be encoded") from error


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


def _check(root: Any, depth_max: int, budget: int) -> bool:
    """Let only the types of format.md §1 through, within a depth and a budget of bytes (every value costs at least
    one); whether the keys of all maps are known to come in order.
    """
    in_order = True
    pending: list[tuple[Collection[Any], int]] = [((root,), 0)]
    while pending:
        values, depth = pending.pop()
        budget -= len(values)
        for value in values:
            kind = type(value)
            if kind is bytes or kind is str:
                budget -= len(value)
            elif kind is int:
                if not _INT_MIN <= value <= _INT_MAX:
                    raise BadFormat("CBOR (format.md §1): an integer beyond 64 bits")
            elif kind is not bool and value is not None and not isinstance(value, (int, str)):
                if depth >= depth_max:
                    raise BadFormat(f"CBOR (format.md §1): nested deeper than {depth_max}")
                if kind is dict:
                    in_order = _check_keys(value) and in_order
                    pending.append((value.values(), depth + 1))
                else:
                    pending.append((_inner(value), depth + 1))
        if budget < 0:
            raise BadFormat("CBOR (format.md §1): the value is larger than its bytes")
    return in_order


def _inner(value: Any) -> Collection[Any]:
    """The values inside an array or tag 18; BadFormat for anything else."""
    kind = type(value)
    if kind is list or kind is tuple:
        inner: Collection[Any] = value
    elif kind is cbor2.CBORTag and value.tag == TAG_SIGN1:
        inner = (value.value,)
    else:
        raise BadFormat(f"CBOR (format.md §1): {kind.__name__} is no type of the format")
    return inner


def _check_keys(value: dict[Any, Any]) -> bool:
    """Keys of one map are all unsigned integers, all text or all bytes: so every sorting rule gives one order. Whether
    they are integers that come in order.
    """
    kinds = set(map(type, value))
    if kinds == {int}:
        keys = list(value)
        ordered = sorted(keys)
        if ordered[0] < 0 or ordered[-1] > _INT_MAX:
            raise BadFormat("CBOR (format.md §1): a map key that is no unsigned integer of 64 bits")
        return keys == ordered
    if kinds and kinds != {str} and kinds != {bytes} and not _are_enums(kinds):
        raise BadFormat("CBOR (format.md §1): map keys are unsigned integers (or, in bodies, all text or all bytes)")
    return not kinds


def _are_enums(kinds: set[type]) -> bool:
    """Whether these types of keys are written alike: int and IntEnum as integers, str and StrEnum as text."""
    return all(kind is int or issubclass(kind, IntEnum) for kind in kinds) or all(
        kind is str or issubclass(kind, StrEnum) for kind in kinds
    )


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
