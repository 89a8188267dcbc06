"""The enrolment token: what a person copies by hand (format.md §10)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import errors, token
from sync.errors import BadObject
from sync.token import Token

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sync_token.json").read_text("utf-8"))
GOOD = Token(bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 80)))
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["what"]))
def test_vectors(vector: dict[str, Any]) -> None:
    """A frozen token reads as its three parts; every damaged one is refused."""
    if vector["outcome"] == "ok":
        found = token.parse(vector["text"])
        assert [part.hex() for part in (found.hub_id, found.tls_digest, found.secret)] == vector["parts"]
    else:
        with pytest.raises(getattr(errors, vector["outcome"])):
            token.parse(vector["text"])


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16))
def test_round_trip(hub_id: bytes, tls: bytes, secret: bytes) -> None:
    """What was written is read back."""
    assert token.parse(Token(hub_id, tls, secret).text()) == Token(hub_id, tls, secret)


def test_case_and_white_space_do_not_matter() -> None:
    """A token may be folded over lines, indented, and in capitals."""
    text = GOOD.text()
    folded = "\n  ".join(text[at : at + 20] for at in range(0, len(text), 20))
    for same in (text.upper(), f" {text}\n", folded, folded.upper().replace(" ", "\u3000"), text.title()):
        assert token.parse(same) == GOOD


def test_every_single_typing_error_is_found() -> None:
    """No letter can be exchanged, lost, doubled or swapped with its neighbour unnoticed."""
    text, start = GOOD.text(), len(token.PREFIX)
    wrong = set()
    for at in range(start, len(text)):
        wrong |= {text[:at] + letter + text[at + 1 :] for letter in ALPHABET}
        wrong |= {text[:at] + text[at + 1 :], text[: at + 1] + text[at:]}
        wrong.add(text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :])
    for typo in wrong - {text}:
        with pytest.raises(BadObject):
            token.parse(typo)


@pytest.mark.parametrize(
    "text",
    ["", "jd1-", "jd1", GOOD.text()[4:], "jd2-" + GOOD.text()[4:], GOOD.text() + "=", GOOD.text() + "a", GOOD.text()[:-1],
     GOOD.text().replace("a", "0", 1), GOOD.text()[:50] + "码" + GOOD.text()[51:], "ｊｄ１－" + GOOD.text()[4:],
     GOOD.text()[:-1] + "\u0131", GOOD.text() * 2, "jd1-" + "a" * 100_000],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_token_is_refused(text: str) -> None:
    """Other prefixes, lengths, padding, and letters beyond the alphabet are refused with a word what to do."""
    with pytest.raises(BadObject, match="接入码"):
        token.parse(text)


def test_the_secret_is_not_shown() -> None:
    """Neither repr nor an error repeats the secret."""
    assert GOOD.secret.hex() not in repr(GOOD)
    assert GOOD.text()[-30:] not in repr(GOOD)
    with pytest.raises(BadObject) as caught:
        token.parse(GOOD.text()[:-1])
    assert GOOD.text()[10:40] not in str(caught.value)


@pytest.mark.fuzz
@given(st.text(max_size=200) | st.text(ALPHABET + "jd1- =", max_size=200).map("jd1-".__add__))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    """Arbitrary text raises BadObject alone; what parses is spelt in one way."""
    try:
        found = token.parse(text)
    except BadObject:
        return
    assert found.text() == "".join(text.split()).lower()
