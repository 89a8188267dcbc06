"""Fills the queue of reading from the node's own log: whatever was sealed, however it came in, is met there once.

A crash repeats the entry at hand: a part stands in the queue once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import apsw

from holdings import records, same_pages, text_change, text_withhold
from holdings.record import RecordId, decode_record
from holdings.same_pages import Plan
from holdings.stored_record import StoredRecord
from node import reading_queue as queue
from node import settings
from node.home import Home
from node.reading_queue import Figure, PartState
from node.settings import Setting
from sync import log
from sync.delta import open_manifest
from sync.entry import Entry, EntryKind
from sync.errors import SyncError
from sync.manifest import Item, ItemKind, read_delta
from sync.site_class import SiteClass

_STATES = {Plan.READ: PartState.WAITING, Plan.AFTER: PartState.BEHIND, Plan.SAME: PartState.SAME}


def fill(home: Home, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Take up what the log has brought since the last time; how many entries. What the gate held waits again when the catalogue changed."""
    taken, own = 0, home.identity.log.log_id
    _lift(home)
    while not should_stop():
        reading = home.database.read()
        seq = queue.figure(reading, Figure.CURSOR)
        entry = next(iter(log.since(reading, own, seq + 1, 1)), None)
        if entry is None:
            return taken
        items = _items(home, entry) if entry.kind is EntryKind.DELTA else []
        with home.database.transaction() as connection:
            for item in items:
                _take_up(connection, item)
            queue.set_figure(connection, Figure.CURSOR, entry.seq)
        taken += 1
    return taken


def _lift(home: Home) -> None:
    reading = home.database.read()
    epoch = settings.number(reading, Setting.EPOCH)
    if queue.figure(reading, Figure.EPOCH) == epoch:
        return
    with home.database.transaction() as connection:
        queue.move_all(connection, PartState.HELD, PartState.WAITING)
        for record in text_withhold.withheld(connection) if home.identity.log.site_class is SiteClass.OPEN else ():
            hold(connection, record)
        queue.set_figure(connection, Figure.EPOCH, epoch)


def _items(home: Home, entry: Entry) -> list[Item]:
    """Record items of a delta; a manifest that cannot be opened is doctor's finding, and holds nothing up here."""
    name, length = read_delta(entry.body).manifest
    with contextlib.suppress(SyncError):
        content = open_manifest(home.objects.read(name, 0, length), home.secrets.identity)
        return [item for item in content.items if item.kind is ItemKind.RECORD]
    return []


def _take_up(connection: apsw.Connection, item: Item) -> None:
    record = records.by_id(connection, RecordId(item.id))
    if record is None:
        return
    described = decode_record(item.body)
    if described.void is not None or described.ended:
        drop(connection, item.id, gone=described.void is not None)
        return
    plans = same_pages.plan(described.uses, described.roles, len(item.parts))
    uses = described.uses if len(described.uses) == len(item.parts) else bytes(len(item.parts))
    queue.enqueue(
        connection, item.id, item.version,
        [(part.sha256, use, _STATES[one]) for part, use, one in zip(item.parts, uses, plans, strict=True)],
    )  # fmt: skip
    if record.version == item.version and item.version > 1:
        text_change.keep(connection, record.number, [part.sha256 for part in item.parts])


def hold(connection: apsw.Connection, record: StoredRecord) -> None:
    """The gate holds this record now: its text goes, and is read again from its first page when the gate lets it."""
    for state in (PartState.WAITING, PartState.READ, PartState.BEHIND, PartState.FAILED):
        queue.move_all(connection, state, PartState.HELD, bytes(record.id), first=True)
    queue.unpost(connection, bytes(record.id))
    text_change.forget(connection, record.number)


def drop(connection: apsw.Connection, item_id: bytes, *, gone: bool) -> None:
    """Nothing of a record is read or sent any more; `gone`: nothing of its text stays either."""
    for state in (PartState.WAITING, PartState.BEHIND, PartState.HELD):
        queue.move_all(connection, state, PartState.CANCELLED, item_id)
    record = records.by_id(connection, RecordId(item_id))
    if gone:
        queue.unpost(connection, item_id)
    if gone and record is not None:
        text_change.forget(connection, record.number)
