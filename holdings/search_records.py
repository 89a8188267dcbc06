"""What the index was told of records and of the texts of their pages: table `search_record`.

Kept because an index without text must be told what to forget, because a hit is compared with it, and because reading a
record's body takes twenty times as long. `text_changed` is the hook of whoever changes texts (`text_store`). Functions
run inside the caller's transaction.
"""

from __future__ import annotations

import array
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw
import msgspec

from holdings import search_index, text_store
from holdings.search_document import Document
from holdings.search_fold import BREAK, fold

TEXT_MAX: Final = 8_000_000  # characters of one record that are found: some eight thousand pages
_LEVEL: Final = 1  # half the size; the rest would take ten times as long
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Document).decode


def changed(connection: apsw.Connection, record: int, document: Document | None) -> None:
    """A record came, says something else, or stands no more (None). `record` is its number."""
    before, text = _stored(connection, record)
    number = search_index.RECORDS + record
    if document is None:
        if before is not None:
            search_index.take_out(connection, [number], [before], text)
            connection.execute("DELETE FROM search_record WHERE record = ?", (record,))
    elif before is None:
        came(connection, [(record, document)])
    elif before != document:
        search_index.change(connection, [number], [(before, text)], [(document, text)])
        _keep(connection, record, document, text)


def came(connection: apsw.Connection, documents: Sequence[tuple[int, Document]]) -> None:
    """New records came: (number, document), by number in ascending order."""
    numbers = [search_index.RECORDS + record for record, _ in documents]
    search_index.put(connection, numbers, [document for _, document in documents])
    connection.executemany(
        "INSERT INTO search_record(record, document, folded) VALUES (?, ?, NULL)",
        [(record, _encode(document)) for record, document in documents],
    )
    for record, document in documents:
        _set_text(connection, record, document, "", _fold_all(connection, record))


def text_changed(connection: apsw.Connection, record: int) -> None:
    """The texts of a record's pages (text_store) changed: bring the index up to them. `record` is its number."""
    document, before = _stored(connection, record)
    if document is not None:  # one that ended is found no more
        _set_text(connection, record, document, before, _fold_all(connection, record))


def _set_text(connection: apsw.Connection, record: int, document: Document, before: str, after: str) -> None:
    if before != after:
        search_index.change(connection, [search_index.RECORDS + record], [(document, before)], [(document, after)])
        _keep(connection, record, document, after)


def _keep(connection: apsw.Connection, record: int, document: Document, text: str) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO search_record(record, document, folded) VALUES (?, ?, ?)",
        (record, _encode(document), zlib.compress(text.encode(), _LEVEL) if text else None),
    )


def _stored(connection: apsw.Connection, record: int) -> tuple[Document | None, str]:
    row: Any = connection.execute("SELECT document, folded FROM search_record WHERE record = ?", (record,)).fetchone()
    return (_decode(row[0]), _text(row[1])) if row else (None, "")


def _text(folded: bytes | None) -> str:
    return zlib.decompress(folded).decode() if folded else ""


def documents(connection: apsw.Connection, records: Iterable[int]) -> dict[int, Document]:
    """What is known of records, by their numbers; those that do not stand are left out."""
    found: Any = connection.execute(
        "SELECT s.record, s.document FROM carray(?) k CROSS JOIN search_record s ON s.record = k.value",
        (apsw.carray(array.array("q", records), flags=apsw.SQLITE_CARRAY_INT64),),
    )
    return {number: _decode(document) for number, document in found}


def folded(connection: apsw.Connection, record: int) -> str:
    """The folded texts of a record's pages, breaks between them; blank when there are none."""
    return _stored(connection, record)[1]


def newest(connection: apsw.Connection, below: int, limit: int) -> list[int]:
    """Numbers of records that stand, newest first, below one."""
    rows = connection.execute(
        "SELECT record FROM search_record WHERE record < ? ORDER BY record DESC LIMIT ?", (below, limit)
    )
    return [int(number) for (number,) in rows]


def after(connection: apsw.Connection, number: int, limit: int) -> list[tuple[int, Document, str]]:
    """(number, document, folded text) of records that stand, from after one on: for those who rebuild and compare."""
    rows: Any = connection.execute(
        "SELECT record, document, folded FROM search_record WHERE record > ? ORDER BY record LIMIT ?", (number, limit)
    ).fetchall()
    return [(record, _decode(document), _text(text)) for record, document, text in rows]


def _fold_all(connection: apsw.Connection, record: int) -> str:
    """A line that breaks in the midst of a sentence parts nothing; a page does."""
    said, room = [], TEXT_MAX
    for text in text_store.texts(connection, record):
        one = fold(text[:room].replace("\n", " ").replace(BREAK, " "))
        room -= len(one)
        if one:
            said.append(one)
        if room <= 0:
            break
    return BREAK.join(said)
