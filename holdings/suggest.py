"""Suggestions while somebody types 联想词: how the word under the cursor may go on, from what a caller may see; pure.

The look-up (holdings/suggest_lookup.py) brings some hundred rows that match what was typed so far, found with the caller's
access; here their words are counted and the likeliest kept. Nothing is stored: what is deleted, or not visible, cannot be
suggested, because it is not among the rows.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from msgspec import Struct

TYPED_MAX: Final = 64  # characters of the word being typed; longer is no longer completed
PHRASE_MAX: Final = 24  # characters of a suggested phrase
SHARE: Final = 0.7  # of its rows that must go on alike before a phrase is drawn out by another character
WAYS: Final = 3  # ways to go on that end a word; two where there are few rows
FEW: Final = 12
DEPTH: Final = 2  # phrases that begin another one before it adds nothing
SUGGESTIONS_MAX: Final = 50
_HANGING: Final = ("关于", "的", "和", "与")
"""Words that no phrase ends with."""

_STOPS: Final = frozenset("，。；：、！？“”‘’（）()《》〈〉【】[]〔〕{}…—,;:!?\"' \t\n|/")


class Kind(Enum):
    """What a suggestion is."""

    NAME = "姓名"
    CODE = "档号"
    BODY = "责任者"
    PHRASE = "题名"

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return self.value


class Suggestion(Struct, frozen=True):
    """What the word being typed may become. `rows`: how many of the rows looked at have it."""

    text: str
    kind: Kind
    rows: int


class Seen(Struct, frozen=True):
    """One row that matches. `places`: where the typed word begins in its title; `in_body`: it stands in its body."""

    code: str
    title: str
    body: str = ""
    places: tuple[int, ...] = ()
    in_body: bool = False


def last_word(text: str) -> tuple[str, str]:
    """(what stands before it, the word being typed): the part after the last blank or bracket; blank when a blank ends it."""
    at = max((text.rfind(sign) for sign in " 　\t\n(（"), default=-1) + 1
    return text[:at], text[at:][:TYPED_MAX]


def place_of(text: str, word: str) -> int:
    """Where a word stands in a text, large and small letters, full and half width alike; -1 when it does not."""
    at = text.find(word)
    if at < 0:
        plain, wanted = (unicodedata.normalize("NFKC", one).casefold() for one in (text, word))
        at = plain.find(wanted) if len(plain) == len(text) else -1
    return at


def suggestions(
    typed: str, seen: Sequence[Seen], limit: int, codes: Iterable[str] = (), names: Iterable[tuple[str, int]] = ()
) -> list[Suggestion]:
    """The likeliest ways to go on: names, codes and bodies, then phrases of titles; each text once.

    `codes` begin with what was typed, `names` (and in how many rows each is) sound so, most alike first.
    At most `limit` (and 50); a kind that has few leaves its places to the others.
    """
    limit = max(0, min(limit, SUGGESTIONS_MAX))
    kinds = [
        [Suggestion(name, Kind.NAME, rows) for name, rows in names],
        [Suggestion(code, Kind.CODE, 1) for code in dict.fromkeys(codes)],
        _counted(Kind.BODY, ([one.body] for one in seen if one.in_body and one.body)),
        _phrases(typed, seen),
    ]
    share = max(1, limit // 3)
    chosen: dict[str, Suggestion] = {}
    for found in (*(kind[:share] for kind in kinds[:-1]), kinds[-1], *(kind[share:] for kind in kinds[:-1])):
        for one in found:
            if one.text != typed:
                chosen.setdefault(one.text, one)
    kept = list(chosen.values())[:limit]
    return sorted(kept, key=lambda one: tuple(Kind).index(one.kind))


def _counted(kind: Kind, rows: Iterable[Iterable[str]]) -> list[Suggestion]:
    count = Counter(text for texts in rows for text in texts)
    return [Suggestion(text, kind, rows) for text, rows in sorted(count.items(), key=lambda one: (-one[1], one[0]))]


def _phrases(typed: str, seen: Sequence[Seen]) -> list[Suggestion]:
    """How titles go on after what was typed, likeliest first: what many say, the longer the better."""
    tails = [one.title[at : at + PHRASE_MAX] for one in seen for at in one.places[:1]]
    found: dict[str, int] = {}
    waiting = [(len(typed), [tail[: _end(tail, len(typed))] for tail in tails])]
    while waiting:
        at, group = waiting.pop()
        ways: dict[str, list[str]] = {}
        for tail in group:
            if len(tail) > at:
                ways.setdefault(tail[at], []).append(tail)
        if at > len(typed) and _is_whole(group[0][at - 1], group, ways):
            text = group[0][:at]
            for word in _HANGING:
                text = text.removesuffix(word) if len(text) > len(typed) + len(word) else text
            found[text] = max(found.get(text, 0), len(group))
        waiting += [(at + 1, way) for way in ways.values()]
    order = sorted(found.items(), key=lambda one: (one[1] == 1, -one[1] * (len(one[0]) - len(typed)) ** 0.5, one[0]))
    kept: list[Suggestion] = []
    for text, rows in order:
        if sum(text.startswith(one.text) for one in kept) < DEPTH:
            kept.append(Suggestion(text, Kind.PHRASE, rows))
    return kept[:SUGGESTIONS_MAX]


def _is_whole(last: str, group: list[str], ways: dict[str, list[str]]) -> bool:
    """Does a phrase end here? Where a title ends; or where many ways part, none of them the common one: inside a word
    there are few. Never inside a number."""
    going_on = sum(map(len, ways.values()))
    most = max(map(len, ways.values()), default=0)
    if last.isdigit() and any(map(str.isdigit, ways)):
        return False
    return going_on < len(group) or (len(ways) >= (WAYS if len(group) >= FEW else 2) and most < SHARE * len(group))


def _end(tail: str, least: int) -> int:
    """Where a phrase ends: at the first sign after what was typed."""
    return next((at for at, char in enumerate(tail) if at >= least and char in _STOPS), len(tail))
