"""What an opening review 开放审核 came to, where it does not stand in a version of the record: table `opening_verdict`.

Of a record that its node does not hold, nobody there may write a version; so the result is laid over the record, at the hub that holds it and at the node
whose copy it is. Search, counts, suggestions and every fetch ask the index, which is told the result; what stands in the description gives way to it
until the record's holder writes a version that says something else. Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings.access import Opening
from holdings.fonds_tally import OPENING
from holdings.record import Description
from holdings.search_document import Document

ELEMENT: Final = "开放状态"
"""What a description says it by, where it has no other name for it yet."""


class OpeningVerdict(Struct, frozen=True):
    """The newest result for a record; `until` a date or blank, `time` whole seconds UTC."""

    result: Opening
    until: str
    ground: str
    person: str
    time: int


def keep(connection: apsw.Connection, record: int, verdict: OpeningVerdict) -> None:
    """The newest word on a record, by its number; the index is told by the caller (`opening_result.apply`)."""
    connection.execute(
        "INSERT OR REPLACE INTO opening_verdict VALUES (?, ?, ?, ?, ?, ?)",
        (record, verdict.result.value, verdict.until, verdict.ground, verdict.person, verdict.time),
    )


def of(connection: apsw.Connection, record: int) -> OpeningVerdict | None:
    """What was said last of a record; None where nothing was."""
    row: Any = connection.execute(
        "SELECT result, until, ground, person, time FROM opening_verdict WHERE record = ?", (record,)
    ).fetchone()
    return OpeningVerdict(Opening(row[0]), *row[1:]) if row else None


def obeyed(connection: apsw.Connection, record: int, document: Document) -> Document:
    """The document as the result has it."""
    said = of(connection, record)
    return document if said is None else document._replace(opening=said.result)


def counted(connection: apsw.Connection, record: int, description: Description) -> Description:
    """What a description says as the counters of holdings and statistics take it: with the result in the place of its own word."""
    said = of(connection, record)
    if said is None:
        return description
    elements = {name: value for name, value in description.elements.items() if name not in OPENING}
    return replace(description, elements={**elements, ELEMENT: said.result.value})


def give_way(connection: apsw.Connection, record: int, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """The record's holder wrote a version: where that says something else of opening than the one before, it stands."""
    if any(before.get(name, "") != after.get(name, "") for name in OPENING):
        connection.execute("DELETE FROM opening_verdict WHERE record = ?", (record,))


def element_of(elements: Mapping[str, str]) -> str:
    """By which element a description says whether it is open."""
    return next((name for name in OPENING if elements.get(name)), ELEMENT)
