"""What a search found; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from holdings.record import Level
from holdings.search_request import Facet, Field

SNIPPET: Final = 60  # characters around the first match


class Snippet(Struct, frozen=True):
    """A piece of text with what matched in it: `marks` are (start, end) in characters of `text`."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


class Hit(Struct, frozen=True):
    """One hit (DESIGN §7).

    `ref` is unambiguous (`NODE/档号` for another's); `id` the number in the index (a catalogue row's id, or RECORDS +
    the record's number); `score` between 0 and 1, higher is better; `snippet` is cut around the first match, in the
    field named; `page` counts from 1 in the part of the record whose text has the first match, where the record has one part
    alone. `year` is 0 when not known; `names` are of persons.
    """

    ref: str
    title: str
    level: Level
    date: str
    score: float
    snippet: Snippet
    id: int
    record: int | None = None
    """Number of the record, None for a row of the catalogue that has none."""
    field: Field = Field.TITLE
    page: int | None = None
    body: str = ""
    number: str = ""
    fonds: str = ""
    year: int = 0
    retention: str = ""
    security: str = ""
    opening: str = ""
    holder: str = ""
    nearness: float | None = None
    """How near it is in meaning, as the model says that found it; None when it was found by words alone."""
    order: float | None = None
    """The same of the model that put it in its place, None where that does not know it."""
    names: tuple[str, ...] = ()
    heard: str = ""
    """How alike its names are to the one asked by sound (相近程度); blank when none was. Its snippet then shows names where no
    word stands in a field."""
    part: bytes = b""
    """SHA-256 of the part in whose text the first match stands, empty when it stands elsewhere."""


class Count(Struct, frozen=True):
    """How many hits there are. `capped`: at least so many."""

    value: int
    capped: bool = False


class FacetCounts(Struct, frozen=True):
    """How many hits have each value of a facet, most first. `of`: over how many hits it was counted; `capped`: there are
    more hits than that, and these are the newest of them."""

    facet: Facet
    values: tuple[tuple[str, int], ...]
    of: int
    capped: bool


class SearchAnswer(Struct, frozen=True):
    """The hits of one page. `cursor` asks for the next page, blank when there is none. `notes` are plain sentences for the
    caller (what was left out of a long query, that meaning is switched off); `plan` says how it was found (--explain)."""

    hits: tuple[Hit, ...]
    count: Count
    facets: tuple[FacetCounts, ...] = ()
    cursor: str = ""
    notes: tuple[str, ...] = ()
    plan: Mapping[str, str] = field(default_factory=dict)
