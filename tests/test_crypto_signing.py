"""Ed25519 in the COSE_Sign1 profile (format.md §3)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import cbor, errors, signing
from crypto.errors import BadFormat, BadSignature, CryptoError
from crypto.signing import KIND_LIMITS, SigningKey

FOLDER = Path(__file__).parent / "vectors"
ED25519 = json.loads((FOLDER / "ed25519.json").read_text("utf-8"))
COSE = json.loads((FOLDER / "cose_sign1.json").read_text("utf-8"))
KEY = SigningKey(bytes(range(32)))


@pytest.mark.parametrize("vector", ED25519, ids=lambda vector: str(vector["source"]))
def test_ed25519_vectors(vector: dict[str, Any]) -> None:
    """RFC 8032's signatures are made and accepted; large S, small order and other changes are refused."""
    public, message, signature = (bytes.fromhex(vector[part]) for part in ("public", "message", "signature"))
    if vector["outcome"] == "ok":
        key = SigningKey(bytes.fromhex(vector["seed"]))
        assert key.public == public
        assert key.sign(message) == signature
        signing.check_signature(public, message, signature)
    else:
        with pytest.raises(getattr(errors, vector["outcome"])):
            signing.check_signature(public, message, signature)


@pytest.mark.parametrize("vector", COSE, ids=lambda vector: str(vector["source"]))
def test_profile_vectors(vector: dict[str, Any]) -> None:
    """The frozen profile is written and read byte for byte; every deviation has its stated error."""
    public, signed = bytes.fromhex(vector["public"]), bytes.fromhex(vector["signed"])
    if vector["outcome"] == "ok":
        payload = bytes.fromhex(vector["payload"])
        assert signing.sign(SigningKey(bytes.fromhex(vector["seed"])), vector["kind"], payload) == signed
        assert signing.verify(public, vector["kind"], signed).payload == payload
    else:
        with pytest.raises(getattr(errors, vector["outcome"])):
            signing.verify(public, vector["kind"], signed)


@given(st.sampled_from(sorted(KIND_LIMITS)), st.binary(max_size=2000))
def test_what_is_signed_is_what_is_verified(kind: str, payload: bytes) -> None:
    """Payload and protected header come back; the parts parsed without a key are the same."""
    signed = signing.sign(KEY, kind, payload)
    verified, parsed = signing.verify(KEY.public, kind, signed), signing.parse_unverified(kind, signed)
    assert verified.payload == parsed.payload == payload
    assert verified.protected == parsed.protected
    assert parsed.kid == KEY.key_id == signing.key_id(KEY.public)
    assert cbor.decode(parsed.protected, limit=200)[1] == -19


def test_kinds_are_not_mistaken_for_each_other() -> None:
    """A receipt is no entry, even if its protected header is exchanged with its signature kept."""
    for kind in KIND_LIMITS:
        for other in KIND_LIMITS:
            if kind != other:
                signed = signing.sign(KEY, kind, b"\xa0")
                renamed = signed.replace(f"jindang.{kind}+".encode(), f"jindang.{other}+".encode())
                with pytest.raises(BadFormat):
                    signing.verify(KEY.public, other, signed)
                with pytest.raises(CryptoError):
                    signing.verify(KEY.public, other, renamed)


@pytest.mark.parametrize(("kind", "limit"), KIND_LIMITS.items())
def test_signed_objects_are_bounded(kind: str, limit: int) -> None:
    """The largest object of a kind is signed and read, one byte more is refused on both sides."""
    overhead = len(signing.sign(KEY, kind, bytes(limit - 1000))) - (limit - 1000)
    signed = signing.sign(KEY, kind, bytes(limit - overhead))
    assert len(signed) == limit
    signing.verify(KEY.public, kind, signed)
    with pytest.raises(BadFormat, match="limit"):
        signing.sign(KEY, kind, bytes(limit - overhead + 1))
    with pytest.raises(BadFormat, match="limit"):
        signing.parse_unverified(kind, signed + b"\x00")


@pytest.mark.fuzz
@given(st.binary(max_size=300) | st.binary(max_size=300).map(b"\xd2\x84".__add__))
def test_bytes_of_strangers_are_refused(signed: bytes) -> None:
    """Arbitrary bytes raise BadFormat alone."""
    for kind in KIND_LIMITS:
        with pytest.raises(BadFormat):
            signing.parse_unverified(kind, signed)


@pytest.mark.fuzz
@given(st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3))
def test_changed_objects_are_refused(place: int, patch: bytes, removed: int) -> None:
    """A few bytes changed anywhere raise this room's errors, or change nothing: a signed object has one spelling."""
    good = signing.sign(KEY, "entry", b"\xa1\x01\x01")
    place %= len(good)
    data = good[:place] + patch + good[place + removed :]
    try:
        signing.verify(KEY.public, "entry", data)
    except CryptoError:
        return
    assert data == good


def test_keys_of_other_sizes_are_refused() -> None:
    """Seeds and public keys are 32 bytes."""
    with pytest.raises(BadFormat):
        SigningKey(bytes(31))
    with pytest.raises(BadSignature):
        signing.check_public(bytes(31))
    signing.check_public(KEY.public)


def test_no_secret_shows() -> None:
    """The key's repr holds its id and no seed; generated keys differ."""
    assert repr(KEY) == f"SigningKey({KEY.key_id.hex()})"
    assert SigningKey.generate().public != SigningKey.generate().public
