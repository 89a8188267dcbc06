"""Applying the result of an opening review to a record that is not to be written here: the verdict, and what the index then knows. In the caller's transaction."""

from __future__ import annotations

import apsw

from holdings import opening_verdict, records, search_records
from holdings.access import Opening
from holdings.directive_wish import OpeningResult
from holdings.opening_verdict import OpeningVerdict
from holdings.records import StoredRecord

STATES = {
    OpeningResult.OPEN: Opening.OPEN,
    OpeningResult.CONTROLLED: Opening.CONTROLLED,
    OpeningResult.DEFERRED: Opening.DEFERRED,
}


def apply(connection: apsw.Connection, record: StoredRecord, verdict: OpeningVerdict) -> None:
    """From the commit on every question obeys it; a crash before it leaves the record as it was."""
    opening_verdict.keep(connection, record.number, verdict)
    search_records.changed(connection, record.number, records.document(connection, record))
