"""What a search found, and the plain matching behind it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from holdings.record import Level
from holdings.reference_code import match_key

QUERY_MAX: Final = 500  # characters
WORDS_MAX: Final = 8
SNIPPET: Final = 60  # characters around the first match
TOTAL_CAP: Final = 1_000  # matches counted; above it the total is a lower bound


@dataclass(frozen=True, slots=True)
class Hit:
    """One hit (DESIGN §7).

    `score` is between 0 and 1, higher is better; `snippet` is the title around the first match.
    """

    ref: str
    title: str
    level: Level
    date: str
    score: float
    snippet: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, and how many there are in all (a lower bound when capped)."""

    hits: tuple[Hit, ...]
    total: int
    capped: bool


def words_of(query: str) -> list[str]:
    """Words of a query, all of which must match: at most 8, of the first 500 characters."""
    return query[:QUERY_MAX].split()[:WORDS_MAX]


def where_all(words: Sequence[str]) -> tuple[str, list[str]]:
    """SQL condition (each clause starts with AND) and parameters: every word stands in title, printed code or match
    key.
    """
    clause = r" AND (title LIKE ? ESCAPE '\' OR reference_code LIKE ? ESCAPE '\' OR match_key LIKE ? ESCAPE '\')"
    return clause * len(words), [like for word in words for like in (_like(word), _like(word), _like(match_key(word)))]


def hit(ref: str, title: str, level: int, date: str, words: Sequence[str]) -> Hit:
    """Build a hit: an equal code scores highest, then a code or title that begins with the first word."""
    first = words[0] if words else ""
    key = match_key(ref)
    score = (
        1.0 if key == match_key(first) else 0.8 if key.startswith(match_key(first)) or title.startswith(first) else 0.5
    )
    return Hit(ref, title, Level(level), date, score, snippet(title, words))


def snippet(title: str, words: Sequence[str]) -> str:
    """The title, cut around its first match when it is long."""
    if len(title) <= SNIPPET:
        return title
    at = min((i for i in (title.lower().find(word.lower()) for word in words) if i >= 0), default=0)
    start = max(0, min(at - SNIPPET // 3, len(title) - SNIPPET))
    return ("…" if start else "") + title[start : start + SNIPPET] + ("…" if start + SNIPPET < len(title) else "")


def _like(word: str) -> str:
    """A LIKE pattern that finds the word anywhere, taken literally."""
    return "%" + "".join("\\" + c if c in "\\%_" else c for c in word) + "%"
