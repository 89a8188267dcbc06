"""Words that show a state secret where no 密级 column says so: in titles, document numbers and at the top of a page; pure.

The words are data (data/secrecy_words.toml). A mark, level★term (GB/T 9704-2012 7.2.2) or a level alone in brackets, counts always; a level's bare
word in a title only where the profile asks, because titles speak of secrets that are none: 商业秘密, 秘密投票.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from holdings.expression import expression

TITLE_MAX: Final = 32_767  # characters of a cell that are looked through
PAGE_TEXT_MAX: Final = 20_000  # characters of a page that are looked through
TOP_LINES: Final = (
    12  # lines from the top of a page among which a mark stands (GB/T 9704-2012 7.2: the head of the paper)
)
_HINTS: Final = ("密", "★", "☆", "⭐")
_BLANK: Final = expression(r"[\s\u200b-\u200f\u2060\ufeff\u3000]+")
_EDGE: Final = " \t\"'“”「」『』·.。:：-—_"


class WordRule(IntEnum):
    """Which words hold a record."""

    MARKS = 0
    """Marks only: 机密★10年, （秘密）."""
    WORDS = 1
    """A level's bare word too, phrases that are harmless left aside."""


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    levels: dict[str, list[str]]
    stars: str
    terms: list[str]
    brackets: list[str]
    harmless: list[str]
    lines: list[str]
    number_words: list[str]


class _Patterns(Struct, frozen=True):
    """The data file as expressions."""

    mark: re.Pattern[str]
    word: re.Pattern[str]
    harmless: re.Pattern[str]
    line: re.Pattern[str]
    number: re.Pattern[str]


@functools.cache
def _patterns() -> _Patterns:
    """Read the table that ships with the program."""
    text = (Path(__file__).parent / "data" / "secrecy_words.toml").read_text("utf-8")
    table = msgspec.convert(tomllib.loads(text), _Table)
    words = [spelling for spellings in table.levels.values() for spelling in spellings]
    level, star = f"(?:{'|'.join(words)})", f"[{re.escape(table.stars)}]"
    term = f"(?:{'|'.join(table.terms)})"
    bare = "|".join(
        f"{re.escape(pair[0])}{level}级?{re.escape(pair[1])}"
        for pair in (unicodedata.normalize("NFKC", b) for b in table.brackets)
    )
    # A plain asterisk is a footnote's as well: it needs the term behind it.
    starred = f"{level}级?(?:{star}(?={term})|[★☆✩✭✮✯⭐])|[★☆⭐]{level}"
    return _Patterns(
        re.compile(f"{starred}|{bare}|密级[:：]{level}"),
        re.compile(level),
        re.compile("|".join(map(re.escape, sorted(table.harmless, key=len, reverse=True)))),
        re.compile(f"{level}级?|{'|'.join(map(re.escape, table.lines))}"),
        re.compile(f"{level}|{'|'.join(map(re.escape, table.number_words))}"),
    )


def judges_title(title: str, rule: WordRule = WordRule.MARKS) -> bool:
    """Whether a title 题名 shows that the record is a state secret."""
    if not any(hint in title for hint in _HINTS):
        return False
    plain = _plain(title[:TITLE_MAX])
    if _patterns().mark.search(plain):
        return True
    return rule is WordRule.WORDS and _patterns().word.search(_patterns().harmless.sub("□", plain)) is not None


def judges_number(number: str, rule: WordRule = WordRule.MARKS) -> bool:
    """Whether a document number 文号 does; a level's word is never part of an issuer's short name, so it counts by itself."""
    if "密" not in number:
        return judges_title(number, rule)
    return _patterns().number.search(_patterns().harmless.sub("□", _plain(number[:TITLE_MAX]))) is not None


def judges_text(text: str) -> bool:
    """Whether the text of the top of a page does: a mark anywhere in it, or a line that says nothing but a level."""
    if not any(hint in text for hint in _HINTS):
        return False
    lines = [line for line in map(_plain, text[:PAGE_TEXT_MAX].splitlines()) if line][:TOP_LINES]
    patterns = _patterns()
    return any(patterns.mark.search(line) or patterns.line.fullmatch(line.strip(_EDGE)) for line in lines)


def judges_texts(texts: Iterable[str]) -> bool:
    """Whether any of several pages does; looks no further than the first that does."""
    return any(judges_text(text) for text in texts)


def _plain(text: str) -> str:
    """One width, no blanks: stamps are spaced 机 密."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", text))
