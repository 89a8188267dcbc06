"""Texts of pages and technical metadata as deltas bring them: kept with their record, hidden with its superseded pages, gone with it when it is void.

Callers own the transaction: the one that folds the delta.
"""

from __future__ import annotations

import apsw

from holdings import records, text_change
from holdings.record import Description, RecordId
from holdings.text_item import DerivedText
from holdings.text_store import StoredText
from hub import opened


def bring(connection: apsw.Connection, log_id: bytes, writer: str, text: DerivedText) -> bool:
    """Keep the page texts of one item; a delta folded twice changes nothing. False when it is about parts that its version does not list."""
    if not text.pages and not text.facts:
        return True
    record = records.by_id(connection, text.record, writer)
    listed = {page.sha256 for page in opened.pages(connection, log_id, text.record, text.version)}
    if record is None or not (text.pages.keys() | text.facts.keys()) <= listed:
        return False
    if record.ended and records.body(connection, record).void is not None:
        return True
    said = text.correction
    pages = [
        _stored(text, sha256, page, body, said.revision if said else 0, said.person if said else "")
        for sha256, found in text.pages.items()
        for page, body in found.items()
    ]
    facts = [(sha256, page, body) for sha256, found in text.facts.items() for page, body in found.items()]
    live = {page.sha256 for page in opened.pages(connection, log_id, text.record, record.version)}
    text_change.put(connection, record.number, pages, facts, live=live, writer=writer)
    return True


def _stored(text: DerivedText, sha256: bytes, page: int, body: bytes, revision: int, person: str) -> StoredText:
    kept = StoredText(sha256, page, revision, text.engine, text.version, text.time, person, 1000, body)
    return kept if revision else kept.measured()


def follow(connection: apsw.Connection, log_id: bytes, writer: str, item: bytes, said: Description) -> None:
    """A later version of a record was folded: pages that it lists no more are read and found no more."""
    record = records.by_id(connection, RecordId(item), writer)
    if record is not None and not said.ended:
        listed = [page.sha256 for page in opened.pages(connection, log_id, item, record.version)]
        text_change.keep(connection, record.number, listed)


def forget_destroyed(connection: apsw.Connection, log_id: bytes, item: bytes) -> None:
    """File keys of a record's parts were dropped: nobody reads any more what stood on these pages."""
    writer = opened.writers(connection).get(log_id, "")
    record = records.by_id(connection, RecordId(item), writer)
    if record is not None:
        held = {row.sha256 for row in opened.pages(connection, log_id, item, record.version) if row.part is not None}
        text_change.forget_all_but(connection, record.number, held, writer)
