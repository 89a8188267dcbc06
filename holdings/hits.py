"""What the plain form of a search tells: hits with a snippet, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from holdings.access import Access
from holdings.record import Level
from holdings.search import search
from holdings.search_request import SearchRequest


@dataclass(frozen=True, slots=True)
class Hit:
    """One hit (DESIGN §7)."""

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


def search_titles(connection: apsw.Connection, query: str, limit: int) -> SearchResult:
    """Search with everything in sight, in the plain form."""
    found = search(connection, Access.whole(), SearchRequest(query, limit=limit))
    hits = tuple(Hit(h.ref, h.title, h.level, h.date, h.score, h.snippet.text) for h in found.hits)
    return SearchResult(hits, found.count.value, found.count.capped)
