"""Digests with an algorithm tag, and HKDF (format.md §2)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import derivation, digest, fingerprint
from crypto.digest import Algorithm, Digests, Sm3Policy
from crypto.errors import BadFormat

VECTORS = json.loads((Path(__file__).parent / "vectors" / "digests.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "function"), [("sha256", digest.sha256), ("sm3", digest.sm3)], ids=["sha256", "sm3"]
)
def test_published_digests(name: str, function: Any) -> None:
    """SHA-256 and SM3 give the published digests."""
    for vector in VECTORS[name]:
        assert function(bytes.fromhex(vector["message"])).hex() == vector["digest"], vector["source"]


@pytest.mark.parametrize("vector", VECTORS["hkdf_sha256"], ids=lambda vector: str(vector["source"]))
def test_published_hkdf(vector: dict[str, str]) -> None:
    """HKDF-SHA-256 gives the first 32 bytes of every RFC 5869 vector."""
    key, salt, info = (bytes.fromhex(vector[part]) for part in ("key", "salt", "info"))
    assert derivation.hkdf_sha256(key, salt, info) == bytes.fromhex(vector["okm"])[:32]


@given(st.lists(st.binary(max_size=100), max_size=10), st.sampled_from(Sm3Policy))
def test_streaming_equals_one_shot(pieces: list[bytes], policy: Sm3Policy) -> None:
    """However the bytes are cut, the digests are those of the whole; SM3 comes with `always` alone."""
    hasher = digest.hasher(policy)
    for piece in pieces:
        hasher.update(memoryview(piece))
    whole = b"".join(pieces)
    sm3 = digest.sm3(whole) if policy is Sm3Policy.ALWAYS else None
    assert hasher.digests() == Digests(digest.sha256(whole), sm3)
    assert dict(hasher.digests()) == digest.digests_of(whole, policy)


def test_digests_are_a_mapping_with_a_cbor_map() -> None:
    """The tagged digests behave as a mapping and survive the map of format.md §2."""
    one, both = Digests(b"1" * 32), Digests(b"1" * 32, b"2" * 32)
    assert dict(one) == {Algorithm.SHA256: b"1" * 32}
    assert both[Algorithm.SM3] == b"2" * 32
    assert len(both) == 2
    assert Algorithm.SM3 not in one
    assert Digests.from_map(one.to_map()) == one
    assert Digests.from_map(both.to_map()) == both
    assert hash(one) == hash(Digests(b"1" * 32))
    assert both.texts() == ("sha256:" + "31" * 32, "sm3:" + "32" * 32)


@pytest.mark.parametrize("obj", [{}, {2: b"2" * 32}, {1: b"1" * 31}, {1: b"1" * 32, 2: "x"}, [], {1: b"1" * 32, 99: 0}])
def test_bad_digest_maps_are_refused(obj: Any) -> None:
    """A map without SHA-256, with wrong lengths or with mandatory unknown keys is refused."""
    with pytest.raises(BadFormat):
        Digests.from_map(obj)


def test_text_form_goes_both_ways() -> None:
    """`sha256:<hex>` and `sm3:<hex>` are read back; other spellings are refused."""
    for algorithm in Algorithm:
        assert digest.from_text(digest.text(algorithm, b"\xab" * 32)) == (algorithm, b"\xab" * 32)
    for text in ("sha256:" + "AB" * 32, "sha256:ab", "md5:" + "ab" * 32, "SHA256:" + "ab" * 32, ""):
        with pytest.raises(BadFormat):
            digest.from_text(text)


def test_a_fingerprint_is_read_out_in_eight_groups() -> None:
    """The vector of format.md §2.1, which its text has too; the seventeenth byte counts, those behind it do not; short digests are refused."""
    empty = digest.sha256(b"")
    assert fingerprint.read_out(empty) == "74790 60459 25518 79389 14936 96987 73962 02535"
    assert fingerprint.read_out(empty) in (Path(__file__).parents[1] / "docs" / "format.md").read_text("utf-8")
    assert fingerprint.figures(bytes(16) + b"\x07" + bytes(15))[-1] == "00007"
    assert [len(group) for group in fingerprint.figures(b"\xff" * 32)] == [5] * 8
    with pytest.raises(ValueError, match="17 bytes"):
        fingerprint.figures(bytes(16))


def test_a_policy_that_this_machine_can_serve_is_accepted() -> None:
    """`off` needs nothing; the others are accepted where OpenSSL has SM3."""
    digest.require(Sm3Policy.OFF)
    assert digest.sm3_available()
    digest.require(Sm3Policy.IDLE)
    digest.require(Sm3Policy.ALWAYS)
