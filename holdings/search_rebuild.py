"""Building the search index anew beside the one that serves (重建索引), portion by portion: whoever stops, or is killed, goes on
where the last committed portion ended. Searches, imports and folding go on meanwhile; what changes goes to both indexes.

Functions run inside the caller's transaction, one portion each.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import apsw
from msgspec import Struct

from holdings import catalogue_rows as rows
from holdings import records, search_document, search_fold, search_index, search_records
from holdings.search_document import Document
from holdings.search_index import RECORDS, TABLES

ROWS: Final = 8_000  # rows of one portion: a quarter of a second, in which nobody else writes
RECORDS_MAX: Final = 400  # records of one portion: their texts are folded anew
_MERGED: Final = 2_000  # pages that are brought together after a portion


class Progress(Struct, frozen=True):
    """How far building is: entries done, of how many, as far as ids tell; `finished`: the new index serves."""

    done: int
    total: int
    finished: bool


def begin(connection: apsw.Connection) -> Progress:
    """Begin to build, or go on with what was begun by this folding."""
    now = search_index.state(connection)
    if not now.building or now.building_fold != search_fold.version():
        table = now.building or next(one for one in TABLES if one != now.serving)
        search_index.empty(connection, table)
        # A crash here leaves an empty index that is being built: the next portion goes on with it.
        search_index.keep_state(
            connection, now._replace(building=table, building_fold=search_fold.version(), rows=0, records=0)
        )
    return progress(connection)


def progress(connection: apsw.Connection) -> Progress:
    """How far building is; finished when nothing is being built."""
    now = search_index.state(connection)
    last_row, last_record = _ends(connection)
    total = last_row + last_record
    return (
        Progress(now.rows + now.records, total, finished=False)
        if now.building
        else Progress(total, total, finished=True)
    )


def _ends(connection: apsw.Connection) -> tuple[int, int]:
    """Ids of the newest row and the newest record."""
    newest = search_records.newest(connection, RECORDS, 1)
    return rows.next_id(connection) - 1, newest[0] if newest else 0


def portion(connection: apsw.Connection, most: int = ROWS) -> Progress:
    """Index one portion of at most so many rows; when none is left the new index serves from now on, and the old one is emptied by
    `tidy`."""
    now = search_index.state(connection)
    if not now.building:
        return progress(connection)
    if found := rows.select(connection, "c.id > ? ORDER BY c.id LIMIT ?", (now.rows, most)):
        for (names, holder), some in itertools.groupby(found, key=lambda one: (one.names, one.holder)):
            batch = list(some)
            told = ((one.elements, one.title, one.code, one.key, one.level, one.date) for one in batch)
            said = search_document.of_rows(rows.names_of(names), told, holder)
            entries = search_index.entries_said([one.id for one in batch], said)
            search_index.add(connection, now.building, entries, said.days)
        search_index.keep_state(connection, now._replace(rows=found[-1].id))
        return progress(connection)
    if stored := records.walk(connection, after=now.records, limit=min(most, RECORDS_MAX)):
        for one in stored:
            # What an older program brought is not known to search yet; this is where it becomes so.
            search_records.changed(connection, one.number, records.document(connection, one))
            search_records.text_changed(connection, one.number)
        last = stored[-1].number
        known = [one for one in search_records.after(connection, now.records, len(stored)) if one[0] <= last]
        numbers, documents = [RECORDS + number for number, _, _ in known], [document for _, document, _ in known]
        entries = search_index.entries_of(numbers, documents, _texts(known))
        search_index.add(connection, now.building, entries, {(one.day, one.year) for one in documents})
        search_index.keep_state(connection, now._replace(records=last))
        return progress(connection)
    search_index.serve_built(connection, now)
    # A crash here leaves the old index beside the new one, in nobody's way; tidy takes it away.
    return progress(connection)


def _texts(known: Sequence[tuple[int, Document, str]]) -> dict[int, str]:
    return {place: text for place, (_, _, text) in enumerate(known) if text}


def tidy(connection: apsw.Connection) -> bool:
    """After building: empty the index that serves no more, then bring together pieces of the one that does; True while there is
    work left."""
    now = search_index.state(connection)
    if now.building or not now.serving:
        return False
    other = next(one for one in TABLES if one != now.serving)
    return search_index.empty_some(connection, other) or search_index.merge(connection, now.serving, _MERGED)
