"""Single numbers that the monitor remembers: table `monitor_value`. All SQL about it; callers own the transaction."""

from __future__ import annotations

from enum import StrEnum

import apsw


class MonitorValue(StrEnum):
    """Every name that may stand in the table."""

    LOG_ALARM = "log_alarm"
    """The last alarm of the hub's log that was made a case."""
    PAPER_DAY = "paper_day"
    """The day (ordinal) of the last daily page."""


def read(connection: apsw.Connection, name: MonitorValue) -> int:
    """The value, 0 when unset."""
    row = connection.execute("SELECT value FROM monitor_value WHERE name = ?", (name.value,)).fetchone()
    return int(row[0]) if row else 0


def write(connection: apsw.Connection, name: MonitorValue, value: int) -> None:
    """Set or replace."""
    connection.execute("INSERT OR REPLACE INTO monitor_value VALUES (?, ?)", (name.value, value))
