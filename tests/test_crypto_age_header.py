"""The header of an age file: strict, bounded, one spelling (C2SP age.md; format.md §4)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import age_header, errors, identity
from crypto.errors import BadFormat, CryptoError, WrongKey

VECTORS = json.loads((Path(__file__).parent / "vectors" / "age.json").read_text("utf-8"))
GOOD = [vector["header"].encode("latin-1") for vector in VECTORS["headers"] if vector["outcome"] == "ok"]
SECRET = bytes(range(32))
ARGUMENT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)


@pytest.mark.parametrize("vector", VECTORS["headers"], ids=lambda vector: str(vector["source"]))
def test_vectors(vector: dict[str, Any]) -> None:
    """Every header has its stated outcome, those of C2SP's test suite included."""
    data, secret = vector["header"].encode("latin-1"), identity.identity_from_text(vector["identity"])

    def read() -> bytes:
        header, length = age_header.parse_header(data + b"payload")
        assert length == len(data)
        assert header.encode() == data
        return age_header.unwrap_header(header, secret)

    if vector["outcome"] == "ok":
        assert read().hex() == vector["file_key"]
    else:
        with pytest.raises(getattr(errors, vector["outcome"])):
            read()


@pytest.mark.parametrize("vector", VECTORS["stanzas"], ids=lambda vector: str(vector["source"]))
def test_wrapping_is_frozen(vector: dict[str, str]) -> None:
    """A fixed file key, recipient and ephemeral secret give the fixed stanza."""
    recipient = identity.recipient_from_text(vector["recipient"])
    stanza = age_header.wrap(bytes.fromhex(vector["file_key"]), recipient, bytes.fromhex(vector["ephemeral"]))
    assert stanza.encode().decode("ascii") == vector["stanza"]


@given(st.binary(min_size=16, max_size=16), st.integers(1, 4), st.integers(0, 3))
def test_every_recipient_unwraps_and_nobody_else(file_key: bytes, recipients: int, place: int) -> None:
    """A header opens for each of its recipients and for no other identity."""
    secrets = [bytes([number]) * 32 for number in range(recipients)]
    data = age_header.seal_header(file_key, [identity.recipient_of(secret) for secret in secrets])
    header, _ = age_header.parse_header(data)
    assert age_header.unwrap_header(header, secrets[place % recipients]) == file_key
    with pytest.raises(WrongKey):
        age_header.unwrap_header(header, b"\x63" * 32)


@given(st.lists(st.builds(age_header.Stanza, st.lists(ARGUMENT, min_size=1, max_size=4).map(tuple),
                          st.binary(max_size=150)), min_size=1, max_size=5),
       st.binary(min_size=32, max_size=32))  # fmt: skip
def test_foreign_stanzas_survive(stanzas: list[age_header.Stanza], mac: bytes) -> None:
    """Stanzas of types we do not know, bodies at every wrapping, are read as written."""
    header = age_header.Header(tuple(stanzas), mac)
    if any(stanza.arguments[0] in ("X25519", "scrypt") for stanza in stanzas):
        return
    assert age_header.parse_header(header.encode()) == (header, len(header.encode()))


@pytest.mark.fuzz
@given(st.binary(max_size=300) | st.binary(max_size=300).map(b"age-encryption.org/v1\n-> X25519 ".__add__))
def test_bytes_of_strangers_are_refused_or_canonical(data: bytes) -> None:
    """Arbitrary bytes raise BadFormat alone, and what parses encodes to the same bytes."""
    try:
        header, length = age_header.parse_header(data)
    except BadFormat:
        return
    assert header.encode() == data[:length]


@pytest.mark.fuzz
@given(st.sampled_from(GOOD), st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3))
def test_changed_headers_never_open(good: bytes, place: int, patch: bytes, removed: int) -> None:
    """A header with a few bytes put in, taken out or changed raises this room's errors, never another key or another
    spelling.
    """
    place %= len(good)
    data = good[:place] + patch + good[place + removed :]
    secret = identity.identity_from_text(VECTORS["headers"][0]["identity"])
    try:
        header, length = age_header.parse_header(data)
        assert header.encode() == data[:length]
        file_key = age_header.unwrap_header(header, secret)
    except CryptoError:
        return
    assert data[:length] == good
    assert file_key.hex() == VECTORS["headers"][0]["file_key"]


def test_a_header_is_bounded() -> None:
    """A header beyond 64 KiB is refused however it goes on, and its bytes are not searched further."""
    long = b"age-encryption.org/v1\n-> " + b"a" * age_header.HEADER_MAX
    for data in (long, long + b"\n\n" + GOOD[0]):
        with pytest.raises(BadFormat, match="longer than"):
            age_header.parse_header(data)


def test_recipients_are_bounded_and_checked() -> None:
    """No header is made for no one, for more than 64, or for a recipient of small order or another size."""
    key = identity.recipient_of(SECRET)
    for recipients in ([], [key] * 65, [bytes(32)], [key, key[:31]]):
        with pytest.raises(BadFormat):
            age_header.seal_header(os.urandom(16), recipients)
    with pytest.raises(BadFormat):
        age_header.seal_header(b"short", [key])
