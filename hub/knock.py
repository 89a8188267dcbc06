"""When a locked node last knocked (format.md §11.7): unverified, shown beside its last contact and decided upon by nothing. All SQL about it."""

from __future__ import annotations

from typing import Final

import apsw

from sync import log as logs
from sync import messages
from sync.database import Database
from sync.entry import Role
from sync.errors import BadObject
from sync.log import LogState

EVERY_S: Final = 60
"""A log's knock is written down at most so often: anybody may send one."""


def take(database: Database, body: bytes, wall: int) -> None:
    """Remember a knock of a log that is known and active; anything else is passed over without a word."""
    try:
        log_id = messages.decode_knock(body)
    except BadObject:
        return
    log = logs.find(database.read(), log_id)
    if log is None or log.role is not Role.NODE or log.state is not LogState.ACTIVE:
        return
    if wall - knocks(database.read()).get(log_id, 0) < EVERY_S:
        return
    with database.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO knock VALUES (?, ?)", (log_id, wall))


def knocks(connection: apsw.Connection) -> dict[bytes, int]:
    """log_id → when it last knocked, whole seconds UTC."""
    return {row[0]: row[1] for row in connection.execute("SELECT log_id, wall FROM knock")}
