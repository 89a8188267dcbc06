"""After a restore: the nodes that must speak first. All SQL about it.

A hub that comes from a backup may have signed more of its own log than it knows. Whatever it wrote then, some node may hold: so it writes nothing more until
every node that may speak has said what it holds (hub/own_log.py), or a person says that one will not speak again.
"""

from __future__ import annotations

import apsw

from sync import log as logs
from sync.entry import Role
from sync.log import LogState


def wait_for_all(connection: apsw.Connection) -> int:
    """Wait for every node that may speak; how many."""
    nodes = [log.log_id for log in logs.logs(connection, Role.NODE) if log.state is LogState.ACTIVE]
    connection.executemany("INSERT OR IGNORE INTO restored_wait VALUES (?)", [(log_id,) for log_id in nodes])
    return len(nodes)


def waits(connection: apsw.Connection) -> bool:
    """Is there one from which nothing was heard?"""
    return bool(names(connection))


def names(connection: apsw.Connection) -> list[str]:
    """The nodes that are waited for, by name; one whose revocation came back with our own log is not."""
    waiting = {bytes(row[0]) for row in connection.execute("SELECT log_id FROM restored_wait")}
    if not waiting:
        return []
    nodes = logs.logs(connection, Role.NODE)
    return sorted(log.name for log in nodes if log.log_id in waiting and log.state is LogState.ACTIVE)


def heard(connection: apsw.Connection, log_id: bytes) -> None:
    """The node has said which entries it holds, and we lack none of them; or it will not speak again."""
    connection.execute("DELETE FROM restored_wait WHERE log_id = ?", (log_id,))


def wait_no_more(connection: apsw.Connection) -> None:
    """A person takes it on himself that the nodes still waited for hold nothing that we lack."""
    connection.execute("DELETE FROM restored_wait")
