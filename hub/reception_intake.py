"""Takes into reception what the vault has folded: one delta a transaction, from a cursor for each log.

A crash between two deltas leaves the cursor where the next look goes on; a delta that is taken in twice changes nothing.
"""

from __future__ import annotations

from typing import Final

import apsw

from holdings import records
from holdings.access import secrecy_of
from holdings.fonds_tally import key_of
from holdings.reception import Standing
from holdings.record import MARK, RecordId
from holdings.reference_code import ordering_key
from holdings.stored_record import StoredRecord
from hub import opened, reception_store, reception_verdicts
from hub.reception_store import Item
from sync.database import Database

DELTAS: Final = 20
"""Deltas of one look, while somebody waits for a page: some 40,000 records at most."""


def take_in(holdings: Database, deltas: int = DELTAS) -> bool:
    """Take in what was folded since the last time; False when more is left than `deltas`."""
    left = deltas
    reading = holdings.read()
    for log_id, writer in opened.writers(reading).items():
        seq = reception_store.cursor(reading, log_id)
        while (following := opened.next_brought(reading, log_id, seq)) is not None:
            if left == 0:
                return False
            with holdings.transaction() as connection:
                _delta(connection, log_id, writer, following)
                reception_store.advance(connection, log_id, following)
            seq, left = following, left - 1
    return True


def _delta(connection: apsw.Connection, log_id: bytes, writer: str, seq: int) -> None:
    fold = opened.fold_at(connection, log_id, seq)
    came = fold.wall if fold else 0
    for identity, _, _ in opened.brought(connection, log_id, seq):
        record = records.by_id(connection, RecordId(identity), writer)
        if record is None:
            continue
        if record.ended:
            gone = reception_store.drop(connection, record.number)
        else:
            gone = reception_store.bring(connection, writer, record.delivery, _item(connection, record, came), came)
        if gone:
            # What was drafted was said of a version that is not the current one any more.
            reception_verdicts.withdraw(connection, record.number)


def _item(connection: apsw.Connection, record: StoredRecord, came: int) -> Item:
    marked = secrecy_of(records.body(connection, record).elements.get(MARK))
    ordering = ordering_key(record.reference_code)
    return Item(
        record.number,
        0,
        record.id,
        record.version,
        Standing.WAITING,
        key_of(record.match_key),
        marked,
        record.pages,
        record.bytes,
        came,
        ordering,
    )
