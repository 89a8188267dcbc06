"""The body of a `text` item (kind 2): derived data of a record's parts, never the record (format.md §6.3, DESIGN §3); pure.

It names the record, its version, the engine, and brings by part digest: plain values (SM3), page texts, technical metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct, field

from crypto import cbor
from crypto.errors import CryptoError
from holdings import page_facts, page_text
from holdings.errors import BodyUnreadable, OurFault
from holdings.record import BODY_MAX, NAME_MAX, RecordId

PAGES_MAX: Final = 100_000  # format.md §14: pages of a PDF
ENGINE_MAX: Final = 160  # characters of `name/version`
REVISION_MAX: Final = 1 << 20


class Correction(Struct, frozen=True):
    """Which correction of a page this is, from 1, and who made it."""

    revision: int
    person: str


class DerivedText(Struct, frozen=True):
    """What one text item says.

    Args:
        record, version: what it is about.
        engine: `name/version` of what read it; `person/` for a correction.
        values: plain values by SHA-256 of a part (digests of other algorithms, format.md §2).
        pages: encoded page texts (holdings/page_text.py) by part and page, from 0.
        time: when it was read or corrected, whole seconds UTC.
        correction: says that a person corrected these pages.
        facts: encoded technical metadata (holdings/page_facts.py) by part and page.
    """

    record: RecordId
    version: int
    engine: str
    values: Mapping[bytes, str] = field(default_factory=dict)
    pages: Mapping[bytes, Mapping[int, bytes]] = field(default_factory=dict)
    time: int = 0
    correction: Correction | None = None
    facts: Mapping[bytes, Mapping[int, bytes]] = field(default_factory=dict)


def encode_text(text: DerivedText) -> bytes:
    """Encode the body of a text item (format.md §6.3, at most 256 KiB); OurFault when it would be larger."""
    body: dict[int, Any] = {1: bytes(text.record), 2: text.version, 3: text.engine, 4: dict(text.values)}
    if text.pages:
        body[5] = {digest: dict(pages) for digest, pages in text.pages.items()}
    if text.time:
        body[6] = text.time
    if text.facts:
        body[7] = {digest: dict(facts) for digest, facts in text.facts.items()}
    if text.correction is not None:
        body[8] = {1: text.correction.revision, 2: text.correction.person}
    data = cbor.encode(body)
    if len(data) > BODY_MAX:
        raise OurFault(f"text body of {len(data)} bytes, {BODY_MAX} are allowed (format.md §14)")
    return data


def decode_text(data: bytes) -> DerivedText:
    """Decode the body of a text item, every page of it; BodyUnreadable names the rule that is broken."""
    try:
        body = cbor.take_map(
            cbor.decode(data, limit=BODY_MAX),
            {1: cbor.ID16, 2: int, 3: str, 4: dict},
            {5: dict, 6: int, 7: dict, 8: dict},
            name="text body",
        )
    except CryptoError as fault:
        raise BodyUnreadable(f"text body (format.md §6.3): {fault}") from fault
    for key in (4, 5, 7):
        if any(type(digest) is not bytes or len(digest) != 32 for digest in body.get(key, {})):
            raise BodyUnreadable("text body (format.md §6.3): values, pages and facts stand by SHA-256 of a part")
    if any(type(value) is not str for value in body[4].values()) or len(body[3]) > ENGINE_MAX:
        raise BodyUnreadable("text body (format.md §6.3): a value that is not text, or a name of an engine too long")
    pages = {digest: _pages(found, page_text.decode) for digest, found in body.get(5, {}).items()}
    facts = {digest: _pages(found, page_facts.decode) for digest, found in body.get(7, {}).items()}
    return DerivedText(
        RecordId(body[1]), body[2], body[3], body[4], pages, body.get(6, 0), _correction(body.get(8)), facts
    )


def _pages(found: object, decode: Callable[[bytes], object]) -> dict[int, bytes]:
    """What is said of the pages of one part, each of which decodes."""
    if not isinstance(found, dict):
        raise BodyUnreadable("text body (format.md §6.3): pages stand by their number")
    for page, text in found.items():
        if type(page) is not int or not 0 <= page < PAGES_MAX or type(text) is not bytes:
            raise BodyUnreadable("text body (format.md §6.3): pages stand by their number")
        decode(text)
    return found


def _correction(value: dict[Any, Any] | None) -> Correction | None:
    if value is None:
        return None
    try:
        said = cbor.take_map(value, {1: int, 2: str}, name="correction")
    except CryptoError as fault:
        raise BodyUnreadable(f"text body (format.md §6.3): {fault}") from fault
    if not 1 <= said[1] <= REVISION_MAX or not 1 <= len(said[2]) <= NAME_MAX:
        raise BodyUnreadable("text body (format.md §6.3): number or person of a correction out of bounds")
    return Correction(said[1], said[2])
