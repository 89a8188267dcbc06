"""What the JSON API takes and gives, as typed structures: requests are checked by them, answers encoded from them, and the OpenAPI document generated."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Struct

Text = Annotated[str, msgspec.Meta(max_length=500)]
Short = Annotated[str, msgspec.Meta(max_length=100)]
Id = Annotated[int, msgspec.Meta(ge=1, le=(1 << 53) - 1, description="id of a record or row in this hub's index")]
PageNumber = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class SearchWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of a search; `filter` may be given several times, as 全宗=J023 or 年度=1958..1962."""

    q: Text = ""
    by: Annotated[str, msgspec.Meta(pattern="^(words|sound|fuzzy)$")] = "words"
    mode: Annotated[str, msgspec.Meta(pattern="^(words|meaning|both)$")] = "words"
    sort: Annotated[str, msgspec.Meta(pattern="^(relevance|newest|date|code)$")] = "relevance"
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=400)] = ""
    filter: Annotated[list[Text], msgspec.Meta(max_length=64)] = []
    facet: Annotated[list[Short], msgspec.Meta(max_length=8)] = []


class Hit(Struct, frozen=True):
    """One hit; `marks` are places of matches in characters of `snippet`."""

    id: int
    ref: str
    title: str
    level: str
    date: str
    score: float
    snippet: str
    marks: list[tuple[int, int]]
    field: str
    heard: str
    page: int | None
    body: str
    number: str
    fonds: str
    year: int | None
    retention: str
    security: str
    opening: str
    holder: str
    images: bool


class FacetValue(Struct, frozen=True):
    """How many hits have a value."""

    value: str | int
    count: int


class Facet(Struct, frozen=True):
    """Counts over `of` hits; `capped`: there are more."""

    facet: str
    values: list[FacetValue]
    of: int
    capped: bool


class SearchAnswer(Struct, frozen=True):
    """A page of hits; `capped`: `total` is a lower bound; `cursor` of the next page, blank at the end."""

    hits: list[Hit]
    total: int
    capped: bool
    milliseconds: float
    facets: list[Facet]
    cursor: str
    notes: list[str]


class SuggestWish(Struct, frozen=True, forbid_unknown_fields=True):
    """What is being typed."""

    typed: Text = ""


class Suggestion(Struct, frozen=True):
    """How it may go on; `query` is all of it."""

    text: str
    query: str
    kind: str
    rows: int


class Suggestions(Struct, frozen=True):
    """The likeliest first."""

    suggestions: list[Suggestion]
    milliseconds: float


class Element(Struct, frozen=True):
    """One element of a description; `number` of DA/T 46-2009 or blank."""

    name: str
    number: str
    value: str


class Version(Struct, frozen=True):
    """A version: pages, bytes of its files, stored at `time` (seconds UTC)."""

    version: int
    pages: int
    bytes: int
    time: int


class Receipt(Struct, frozen=True):
    """A receipt of the delta that brought a version; it proves storage, not acceptance."""

    grade: str
    label: str
    seq: int
    wall: int
    exceptions: int


class Record(Struct, frozen=True):
    """A record, or a row of the catalogue that has no images (`version` 0)."""

    id: int
    ref: str
    title: str
    level: str
    opening: str
    security: str
    holder: str
    version: int
    pages: int
    elements: list[Element]
    former_codes: list[str]
    versions: list[Version]
    receipts: list[Receipt]
    findings: list[str]


class PageInfo(Struct, frozen=True):
    """A page that can be looked at."""

    page: int
    name: str
    media_type: str


class Pages(Struct, frozen=True):
    """The pages of a record, in order; at most 1,000 from `after` on."""

    pages: list[PageInfo]
    total: int


class PagesWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on."""

    after: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class TextWish(Struct, frozen=True, forbid_unknown_fields=True):
    """A query whose matches are to be marked."""

    q: Text = ""


class TextLine(Struct, frozen=True):
    """A line; `box`: left, top, width, height in thousandths of the page."""

    text: str
    hit: bool
    box: tuple[int, int, int, int] | None


class PageText(Struct, frozen=True):
    """What stands on a page; no lines where it was not read. `confidence` in thousandths."""

    page: int
    engine: str
    confidence: int | None
    lines: list[TextLine]


class RequestWish(Struct, frozen=True, forbid_unknown_fields=True):
    """A reading request of the account's own."""

    purpose: Short
    subject: Text = ""
    refs: Annotated[list[Text], msgspec.Meta(max_length=200)] = []


class AskedFor(Struct, frozen=True):
    """A record asked for; `id` 0 where the account does not see it."""

    ref: str
    id: int
    title: str
    opening: str


class Request(Struct, frozen=True):
    """A reading request; times in seconds UTC, 0 where there is none yet."""

    number: int
    serial: str
    state: str
    purpose: str
    subject: str
    holder: str
    received: int
    until: int
    reason: str
    asked: list[AskedFor]


class Requests(Struct, frozen=True):
    """Newest first."""

    requests: list[Request]


class RequestsWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on: below this number."""

    before: Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)] = 0


class Problem(Struct, frozen=True):
    """What went wrong (RFC 9457)."""

    status: int
    title: str
    detail: str
