"""Whether the daemon ended by itself or was cut off (power, kill), and the figures of the day: noted while it runs."""

from __future__ import annotations

import shutil

import apsw
from msgspec import Struct

from holdings import tally
from node import days, operators, settings
from node.engine import Engine
from node.settings import Setting


class Cut(Struct, frozen=True):
    """When the daemon last was seen alive before it was cut off, and when it came back; whole seconds UTC."""

    at: int
    back: int


def begin(engine: Engine) -> None:
    """At start: a daemon that ended by itself left no sign of life; one that was cut off did."""
    now = int(engine.clock.now())
    with engine.home.database.transaction() as connection:
        if last := settings.number(connection, Setting.ALIVE):
            settings.write(connection, Setting.CUT, last)
            settings.write(connection, Setting.CUT_BACK, now)
        settings.write(connection, Setting.ALIVE, now)


def tick(engine: Engine) -> None:
    """Every half minute: alive, and how it stands today. A crash afterwards leaves the sign of life, which `begin` reads."""
    home, now = engine.home, engine.clock.now()
    free = shutil.disk_usage(home.path).free
    with home.database.transaction() as connection:
        settings.write(connection, Setting.ALIVE, int(now))
        days.note(
            connection, now, tally.read(connection, tally.Count.RECORDS), tally.read(connection, tally.Count.PAGES),
            settings.number(connection, Setting.BYTES_STORED), free,
        )  # fmt: skip
    if operators.exist(home.database.read()):
        # Here: a node without operators signs nothing of its journal.
        from node.journal_anchor import anchor_when_due

        anchor_when_due(engine)


def end(engine: Engine) -> None:
    """The daemon ends by itself."""
    with engine.home.database.transaction() as connection:
        settings.write(connection, Setting.ALIVE, None)


def last_cut(connection: apsw.Connection) -> Cut | None:
    """The last time that the daemon was cut off; None when it never was."""
    at = settings.number(connection, Setting.CUT)
    return Cut(at, settings.number(connection, Setting.CUT_BACK)) if at else None
