"""X25519 identities and their text forms."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import identity
from crypto.errors import BadFormat

VECTORS = json.loads((Path(__file__).parent / "vectors" / "bech32.json").read_text("utf-8"))
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@pytest.mark.parametrize("vector", VECTORS["keys"], ids=lambda vector: str(vector["source"]))
def test_keys_have_their_published_text(vector: dict[str, str]) -> None:
    """Identity, secret and recipient belong together, in both directions."""
    secret = bytes.fromhex(vector["secret"])
    assert identity.identity_from_text(vector["identity"]) == secret
    assert identity.identity_text(secret) == vector["identity"]
    assert identity.recipient_text(identity.recipient_of(secret)) == vector["recipient"]
    assert identity.recipient_from_text(vector["recipient"]) == identity.recipient_of(secret)


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: str(vector["text"]))
def test_published_bech32_is_read_and_written(vector: dict[str, str]) -> None:
    """The valid texts of BIP 173 decode, and encode to their lower-case form."""
    prefix, data = identity.bech32_decode(vector["text"])
    assert identity.bech32_encode(prefix, data) == vector["text"].lower()


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: ascii(vector["text"]))
def test_bad_bech32_is_refused(vector: dict[str, str]) -> None:
    """The invalid texts of BIP 173 are refused."""
    with pytest.raises(BadFormat):
        identity.bech32_decode(vector["text"])


def test_padding_that_is_not_zero_is_refused() -> None:
    """One byte has one spelling: of the four that pad it with other bits under a good checksum, three are refused."""
    accepted = []
    for last in range(32):
        words = [0, last]
        check = identity._polymod([*identity._expand("age"), *words, *[0] * 6]) ^ 1
        words += [check >> shift & 31 for shift in range(25, -1, -5)]
        try:
            accepted.append(identity.bech32_decode("age1" + "".join(ALPHABET[word] for word in words)))
        except BadFormat:
            assert last & 3
    assert accepted == [("age", bytes([number])) for number in range(8)]


@given(st.binary(min_size=32, max_size=32))
def test_text_forms_go_both_ways(secret: bytes) -> None:
    """Any 32 bytes survive both text forms; the forms are not mistaken for each other."""
    text = identity.identity_text(secret)
    assert text.startswith("AGE-SECRET-KEY-1")
    assert identity.identity_from_text(text) == secret
    assert identity.recipient_from_text(identity.recipient_text(secret)) == secret
    with pytest.raises(BadFormat) as caught:
        identity.recipient_from_text(text)
    assert text[20:60] not in str(caught.value)


@pytest.mark.fuzz
@given(st.text(max_size=100) | st.text(ALPHABET + "1", max_size=100).map("age1".__add__))
def test_text_of_strangers_is_refused_or_canonical(text: str) -> None:
    """Arbitrary text raises BadFormat alone, and what parses is written the same."""
    try:
        prefix, data = identity.bech32_decode(text)
    except BadFormat:
        return
    assert identity.bech32_encode(prefix, data) == text.lower()


def test_one_wrong_letter_is_found() -> None:
    """Every single wrong letter in a recipient is noticed."""
    text = VECTORS["keys"][0]["recipient"]
    for place in range(4, len(text)):
        for letter in "qx0":
            if letter != text[place]:
                with pytest.raises(BadFormat):
                    identity.recipient_from_text(text[:place] + letter + text[place + 1 :])


def test_points_of_small_order_and_other_sizes_are_refused() -> None:
    """No shared secret is made with a share of small order or of another length."""
    for share in (bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", bytes(31)):
        with pytest.raises(BadFormat):
            identity.shared_secret(identity.new_identity(), share)
    for function in (identity.recipient_of, identity.recipient_text, identity.identity_text):
        with pytest.raises(BadFormat):
            function(bytes(31))
