"""Anchors of the journal in the node's own log: an entry of kind 10 signs how far the chain of acts is, and the hub holds it (format.md §16)."""

from __future__ import annotations

from typing import Final

from holdings import journal
from node import own_entries, settings
from node.engine import Engine
from node.home import Home
from node.settings import Setting
from sync import log
from sync.entry import EntryKind

ANCHOR_EVERY: Final = 1_000
"""Acts after which the chain is anchored, at the latest half a minute into the next day."""
DAY_S: Final = 86_400


def anchors(home: Home) -> dict[int, bytes]:
    """number → hash of every anchor in this node's log."""
    found = {}
    for entry in log.walk(home.database.read(), home.identity.log.log_id):
        number, value = entry.body.get(1), entry.body.get(2)
        if entry.kind is EntryKind.JOURNAL and isinstance(number, int) and isinstance(value, bytes):
            found[number] = value
    return found


def anchor_when_due(engine: Engine) -> bool:
    """Anchor the last act when a day or 1,000 acts have passed since the last anchor; True when it was done.

    Nothing is signed before the hub's word on our log was sought, nor while the log is stopped. A crash in here leaves entry and note together, or neither.
    """
    home, now = engine.home, int(engine.clock.now())
    reading = home.database.read()
    number, value = journal.head(reading)
    done, day = settings.number(reading, Setting.JOURNAL_ANCHORED), settings.number(reading, Setting.JOURNAL_DAY)
    if number == done or (now // DAY_S == day and number - done < ANCHOR_EVERY):
        return False
    if not engine.has_met or settings.read(reading, Setting.STOPPED) is not None:
        return False
    with home.database.transaction() as connection:
        own_entries.append(connection, home, EntryKind.JOURNAL, {1: number, 2: value}, now, engine.clock.state())
        settings.write(connection, Setting.JOURNAL_ANCHORED, number)
        settings.write(connection, Setting.JOURNAL_DAY, now // DAY_S)
    return True
