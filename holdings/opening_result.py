"""Applying the result of an opening review to a record that is not to be written here: the verdict, and what the index then knows. In the caller's transaction."""

from __future__ import annotations

import apsw

from holdings import fonds_tally, opening_verdict, records, search_records
from holdings.access import Opening
from holdings.directive_wish import OpeningResult
from holdings.opening_verdict import OpeningVerdict
from holdings.statistics_tally import records_moved
from holdings.stored_record import StoredRecord

STATES = {
    OpeningResult.OPEN: Opening.OPEN,
    OpeningResult.CONTROLLED: Opening.CONTROLLED,
    OpeningResult.DEFERRED: Opening.DEFERRED,
}


def apply(connection: apsw.Connection, record: StoredRecord, verdict: OpeningVerdict, now: int) -> None:
    """From the commit on every question and counter obeys it, `now` (whole seconds UTC) the month that counts it; a crash before it leaves the record as it was."""
    said = records.body(connection, record)
    before = opening_verdict.counted(connection, record.number, said)
    opening_verdict.keep(connection, record.number, verdict)
    after = opening_verdict.counted(connection, record.number, said)
    fonds_tally.moved(connection, [(before, after)], record.writer)
    files = (record.pages, record.bytes)
    records_moved(connection, [((before, *files), (after, *files))], record.writer, now)
    search_records.changed(connection, record.number, records.document(connection, record))
