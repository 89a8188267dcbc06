"""Fingerprints as words: the vector, the lists, and that no two fingerprints read alike."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, pinyin

from crypto import digest
from crypto.fingerprint_words import QUALITIES, THINGS, WORDS, spoken, spoken_english, words

FORMAT = Path(__file__).parents[1] / "docs" / "format.md"
ALIKE = (("^zh", "z"), ("^ch", "c"), ("^sh", "s"), ("^n", "l"), ("^r", "l"), ("^hu(?=.)", "f"), ("([aei])ng$", r"\1n"))
"""What ears confuse, as folds of a syllable without its tone."""


def heard(character: str) -> str:
    """A syllable as it arrives over a bad line."""
    sound = str(pinyin(character, style=Style.NORMAL)[0][0])
    for pattern, instead in ALIKE:
        sound = re.sub(pattern, instead, sound)
    return sound.translate(str.maketrans("ptkqc", "bdgjz"))


def test_the_vector_of_the_format_is_read() -> None:
    """SHA-256("") reads as format.md §2.1 says, in both languages; short digests are refused."""
    text, empty = FORMAT.read_text("utf-8"), digest.sha256(b"")
    assert len(spoken(empty).split()) == WORDS
    assert spoken(empty) in text
    assert spoken_english(empty) in text
    with pytest.raises(ValueError, match="17 bytes"):
        words(bytes(16))


@pytest.mark.parametrize(("entries", "length"), [(QUALITIES, 32), (THINGS, 64)])
def test_no_two_words_of_a_list_are_taken_for_one_another(entries: tuple[str, ...], length: int) -> None:
    """Each list is complete and stands in format.md; its Chinese words differ as characters and as sounds, its English ones as words."""
    chinese, english = entries[::2], entries[1::2]
    assert len(entries) == 2 * length
    assert len({heard(one) for one in chinese}) == len(set(english)) == length
    assert all(len(one) == 1 for one in chinese)
    text = re.sub(r"\s+", " ", FORMAT.read_text("utf-8"))
    assert " ".join(entries) in text


@given(st.binary(min_size=32, max_size=32), st.integers(0, 131))
def test_fingerprints_that_differ_differ_in_a_word(value: bytes, bit: int) -> None:
    """One bit of the first 132 changes exactly one word, in both languages; a bit behind them changes none."""
    other = (int.from_bytes(value, "big") ^ 1 << (255 - bit)).to_bytes(32, "big")
    changed = [one for one, two in zip(words(value), words(other), strict=True) if one != two]
    assert len(changed) == 1
    assert len(words(value)[bit // 11].chinese) == 2
    assert words(value)[bit // 11] in changed
    behind = (int.from_bytes(value, "big") ^ 1 << (255 - 132)).to_bytes(32, "big")
    assert words(value) == words(behind)


def test_every_word_can_be_said() -> None:
    """All 2,048 numbers have a word of their own, in either language."""
    every = [words((number << 125 | 1).to_bytes(17, "big"))[0] for number in range(2048)]
    assert len({one.chinese for one in every}) == len({one.english for one in every}) == 2048
    assert all(one != two for one, two in pairwise(every))
