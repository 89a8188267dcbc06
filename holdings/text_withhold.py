"""The text of what may no longer be shown: rows that turned out classified take the text of their records with them, and of their volume's.

Functions run inside the caller's transaction: the row and the text vanish together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apsw

from holdings import catalogue, records, text_change, text_store
from holdings import catalogue_marks as marks
from holdings.stored_record import StoredRecord


def forget(connection: apsw.Connection, keys: Iterable[str], volumes: Iterable[str]) -> None:
    """Rows with these match keys, and items of these volumes, are withheld now: nothing of their records' text stays."""
    if text_store.any_kept(connection):
        for record in _of(connection, keys, volumes):
            text_change.forget(connection, record.number, record.writer)


def withheld(connection: apsw.Connection) -> Iterator[StoredRecord]:
    """Records that the catalogue calls classified now, or whose volume it does."""
    return _of(connection, marks.keys(connection), marks.volumes(connection))


def _of(connection: apsw.Connection, keys: Iterable[str], volumes: Iterable[str]) -> Iterator[StoredRecord]:
    wanted = set(keys)
    for volume in volumes:
        wanted.add(volume)
        wanted.update(row.match_key for row in catalogue.of_volume(connection, volume))
    for key in sorted(wanted):
        yield from records.bearing(connection, key)
