"""Technical metadata of the pages and recordings of records, as they were read: table `page_facts`, the same at a node and in the vault.

Derived data like their text (holdings/text_store.py). Callers own the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import apsw
from msgspec.structs import asdict

from holdings import page_facts
from holdings.page_facts import Colour, PageFacts

COLOURS: Final = {Colour.BILEVEL: "黑白", Colour.GREY: "灰度", Colour.COLOUR: "彩色"}


def put(connection: apsw.Connection, record: int, sha256: bytes, page: int, facts: bytes) -> None:
    """Keep the encoded facts (format.md §6.6) of a page of a part of the record with that number; later ones replace earlier ones."""
    connection.execute("INSERT OR REPLACE INTO page_facts VALUES (?, ?, ?, ?)", (record, sha256, page, facts))


def of_record(connection: apsw.Connection, record: int) -> dict[bytes, dict[int, PageFacts]]:
    """What is known of a record's parts, by their SHA-256 and page."""
    found: dict[bytes, dict[int, PageFacts]] = {}
    rows = connection.execute(
        "SELECT sha256, page, facts FROM page_facts WHERE record = ? ORDER BY sha256, page", (record,)
    )
    for sha256, page, facts in rows:
        found.setdefault(sha256, {})[page] = page_facts.decode(facts)
    return found


def of_part(connection: apsw.Connection, record: int, sha256: bytes) -> dict[int, bytes]:
    """The encoded facts of one part of a record, by page."""
    rows = connection.execute("SELECT page, facts FROM page_facts WHERE record = ? AND sha256 = ?", (record, sha256))
    return dict(rows)


def told(connection: apsw.Connection, record: int, sha256: bytes) -> dict[str, Any]:
    """Technical metadata of a part's first page as JSON fields; what the file does not say is left out."""
    row = connection.execute(
        "SELECT facts FROM page_facts WHERE record = ? AND sha256 = ? ORDER BY page LIMIT 1", (record, sha256)
    ).fetchone()
    return to_json(page_facts.decode(row[0])) if row else {}


def to_json(facts: PageFacts) -> dict[str, Any]:
    """Technical metadata as JSON fields; `dpi` in dots to the inch."""
    said = {name: value for name, value in asdict(facts).items() if value and name not in ("page", "colour", "dpi")}
    if facts.colour in COLOURS:
        said["colour"] = COLOURS[facts.colour]
    return {**said, "dpi": facts.dpi / 10} if facts.dpi else said


def forget(connection: apsw.Connection, record: int, parts: Iterable[bytes] | None = None) -> None:
    """Nothing about the record's files stays, or about some of its parts."""
    if parts is None:
        connection.execute("DELETE FROM page_facts WHERE record = ?", (record,))
    else:
        connection.executemany(
            "DELETE FROM page_facts WHERE record = ? AND sha256 = ?", ((record, one) for one in parts)
        )
