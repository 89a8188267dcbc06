"""Changes of the texts of records with all that follows from them: what readers see, what is found, what is known of the files.

Callers own the transaction: the text and the index that is made of it change together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw

from holdings import facts_store, text_store
from holdings.text_store import StoredText


def put(
    connection: apsw.Connection, record: int, pages: Sequence[StoredText], facts: Sequence[tuple[bytes, int, bytes]] = (), *,
    live: Iterable[bytes], writer: str = "",
) -> bool:  # fmt: skip
    """Keep what was read of pages of a record; True when what readers see changed.

    Args:
        facts: (SHA-256 of the part, page, encoded facts) of these and of pages without text.
        live: parts of the record's current version.
    """
    held, changed = frozenset(live), False
    for one in pages:
        changed |= text_store.put(connection, record, one, live=one.sha256 in held, writer=writer)
    for sha256, page, said in facts:
        facts_store.put(connection, record, sha256, page, said)
    if changed:
        told(connection, record)
    return changed


def keep(connection: apsw.Connection, record: int, parts: Iterable[bytes]) -> None:
    """A new version of a record lists these parts; none: it ended, and is found no more."""
    if text_store.keep(connection, record, parts):
        told(connection, record)


def forget(connection: apsw.Connection, record: int, writer: str = "") -> None:
    """Nothing stays of a record's text and of what its files are: it was withheld, or is void."""
    facts_store.forget(connection, record)
    if text_store.forget(connection, record, writer):
        told(connection, record)


def forget_all_but(connection: apsw.Connection, record: int, parts: Iterable[bytes], writer: str = "") -> None:
    """Of other parts than these nothing stays: their bytes were destroyed."""
    gone = {one.sha256 for one in text_store.of_record(connection, record, every=True)} - set(parts)
    for sha256 in gone:
        text_store.forget_part(connection, record, sha256, writer)
    facts_store.forget(connection, record, facts_store.of_record(connection, record).keys() - set(parts))
    if gone:
        told(connection, record)


def told(connection: apsw.Connection, record: int) -> None:
    """What readers see of a record's pages has changed: the index follows."""
    # Here: it reads texts itself, and loads what folds characters.
    from holdings import search_records

    search_records.text_changed(connection, record)
