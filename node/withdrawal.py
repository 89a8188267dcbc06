"""Withdrawing a delivery 撤回批次: free before anything of it is sealed; afterwards each sealed record is made void by a version
that says why (format.md §6.3), which travels as every version does. Nothing that was sealed is deleted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import apsw
from msgspec.structs import replace

from holdings import catalogue, declared_totals, delivery, delivery_history, double_keying, quarantine, records
from holdings.delivery import Delivery, DeliveryAct, DeliveryState
from holdings.findings import FindingCode
from holdings.record import Void, encode_record
from holdings.stored_record import StoredRecord
from node import deliveries, deltas, folders, settings
from node.amending import refuse_elsewhere
from node.engine import Engine
from node.settings import Setting
from node.verbs import Answer
from sync.delta import seal
from sync.manifest import Item, ItemKind

BATCH = 500
"""Void records of one delta: bodies of 256 KiB stay within a manifest (format.md §14)."""
_KEPT = frozenset({FindingCode.CLASSIFIED, FindingCode.CLASSIFIED_SEALED, FindingCode.VOLUME_CLASSIFIED})
"""What a withdrawal does not answer: that something classified was here."""


def withdraw(engine: Engine, name: str, person: str, reason: str) -> Answer:
    """Withdraw a delivery, or go on with one whose withdrawal was cut short.

    Raises:
        DeliveryRefused: it lacks name or reason.
        CustodyRefused: records of it were let go.
        NodeError: intake went on too long; what is not yet void is, when the command is given again.
    """
    home, now = engine.home, int(engine.clock.now())
    refuse_elsewhere(home.database.read(), home, [bytes(r.id) for r in deliveries.sealed_records(home.database.read(), name)])
    with home.database.transaction() as connection:
        held = delivery.fetch(connection, name)
        if held.state is not DeliveryState.WITHDRAWN:
            held = delivery_history.decide(connection, name, DeliveryAct.WITHDRAW, person, reason, now)
        rows, others = catalogue.withdraw(connection, name)
        declared_totals.forget(connection, name)
        double_keying.withdraw(connection, name)
        closed = _close_findings(connection, name, now)
        settings.add(connection, Setting.EPOCH, 1)
        decided = delivery_history.decisions(connection, held)[-1]
    # A crash here leaves a delivery that nothing more is sealed of, and records of it that stand: given again, the command goes on.
    void = Void(decided.reason, decided.person, decided.time)
    count = 0
    if deliveries.has_records(home.database.read(), name):
        with engine.alone():
            while batch := records.in_delivery(home.database.read(), name, limit=BATCH):
                _void(engine, batch, void)
                count += len(batch)
    return {"delivery": name, "state": "withdrawn", "rows": rows, "findings": closed, "voided": count, "sheets": others}


def reopen(engine: Engine, name: str, person: str, reason: str) -> Delivery:
    """Take a delivery up again: its sheets and folders are read anew; what was made void stays so and comes as new records."""
    with engine.home.database.transaction() as connection:
        before = delivery.fetch(connection, name)
        held = delivery_history.decide(connection, name, DeliveryAct.REOPEN, person, reason, int(engine.clock.now()))
        if before.state is DeliveryState.WITHDRAWN:
            folders.forget_sheets(connection, name)
        settings.add(connection, Setting.EPOCH, 1)
    return held


def _close_findings(connection: apsw.Connection, name: str, now: int) -> int:
    """Close what waits about a withdrawn delivery; returns how many."""
    belonging, after, closed = deliveries.Belonging(connection), 0, 0
    while batch := quarantine.list_open(connection, after=after, limit=deliveries.PAGE):
        after = batch[-1].id
        for listed in batch:
            if listed.finding.code not in _KEPT and belonging.of(listed) == name:
                closed += quarantine.resolve(connection, listed.finding.path, now, listed.finding.code)
    return closed


def _void(engine: Engine, batch: Sequence[StoredRecord], void: Void) -> None:
    """Sign one delta that makes these records void."""
    home, reading = engine.home, engine.home.database.read()
    described = [
        replace(records.body(reading, record), ended=True, void=void, uses=b"", roles=b"") for record in batch
    ]
    items = [
        Item(bytes(record.id), record.version + 1, ItemKind.RECORD, encode_record(said), ())
        for record, said in zip(batch, described, strict=True)
    ]
    content = seal(items, [], os.urandom(32), (home.identity.hub.recipient, home.secrets.recipient()))
    home.objects.put(content.name, content.sealed)
    # A crash here leaves a manifest that nothing names; recovery removes it.
    now = int(engine.clock.now())
    with home.database.transaction() as connection:
        deltas.sign(connection, home, content, items, now, engine.clock.state())
        for record, said in zip(batch, described, strict=True):
            records.new_version(connection, record.id, record.version + 1, said, pages=0, size=0, now=now)
            folders.forget_item(connection, record.match_key, bytes(record.id))
