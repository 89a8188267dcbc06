"""The log of nights: every conversation with the hub that brought something or failed; table `conversation`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw
from msgspec import Struct

from node import days, exit_code
from node.engine import Engine, RunResult

KEPT = 2_000
FAULT_MAX = 1_000
"""Characters of why a conversation failed."""


class Conversation(Struct, frozen=True):
    """Begin and end (whole seconds UTC), how often the same failure came, bytes that left, deltas receipted R1 and R4, and why it failed (empty: it did not)."""

    id: int
    began: int
    ended: int
    tries: int
    bytes: int
    receipted: int
    opened: int
    fault: str


def note(
    connection: apsw.Connection, began: int, ended: int, sent: int, receipted: int, opened: int, fault: str = ""
) -> None:
    """Write a conversation down. One that brought nothing and did not fail is none; a failure like the last one is counted there."""
    fault = fault[:FAULT_MAX]
    if not (sent or receipted or opened or fault):
        return
    last = connection.execute("SELECT id, fault FROM conversation ORDER BY id DESC LIMIT 1").fetchone()
    if fault and not receipted and last is not None and last[1] == fault:
        connection.execute(
            "UPDATE conversation SET ended = ?, tries = tries + 1, bytes = bytes + ? WHERE id = ?",
            (ended, sent, last[0]),
        )
        return
    connection.execute(
        "INSERT INTO conversation(began, ended, bytes, receipted, opened, fault) VALUES (?, ?, ?, ?, ?, ?)",
        (began, ended, sent, receipted, opened, fault),
    )
    connection.execute("DELETE FROM conversation WHERE id <= (SELECT max(id) FROM conversation) - ?", (KEPT,))


def newest(connection: apsw.Connection, limit: int = 100) -> list[Conversation]:
    """The last conversations, newest first."""
    rows = connection.execute(
        "SELECT id, began, ended, tries, bytes, receipted, opened, fault FROM conversation ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return [Conversation(*row) for row in rows]


def noted(engine: Engine, work: Callable[[], RunResult]) -> RunResult:
    """Hold a conversation and write it down, whether it ended well or not; what it raises goes on.

    A crash before the last line leaves a conversation that happened and stands in no log; receipts and entries are not affected.
    """
    began, result, fault = int(engine.clock.now()), RunResult(), ""
    try:
        result = work()
        return result
    except exit_code.EXPECTED as caught:
        fault = str(caught)
        raise
    finally:
        sent, now = result.bytes_sent or engine.progress.sent_bytes, engine.clock.now()
        with engine.home.database.transaction() as connection:
            note(connection, began, int(now), sent, result.receipted, result.opened, fault)
            days.add_sent(connection, now, sent)
