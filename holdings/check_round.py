"""Rounds of the periodic checks 长期保存 (DA/T 70-2018, CQ): when one is due, and which is under way; table `check_round`.

Functions on the database run inside the caller's transaction.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import apsw
from msgspec import Struct

from holdings.check import Stage

DAY_S: Final = 86_400


class RoundState(Enum):
    """What is to be done now."""

    REST = "rest"
    BEGIN = "begin"
    GO_ON = "go on"


class Round(Struct, frozen=True):
    """A round; `ended` None while it is under way."""

    began: int
    ended: int | None


def state(known: Round | None, now: int, days: int) -> RoundState:
    """A round that is under way goes on; the next begins so many days after the last one began; 0 days: never. Pure.

    The first begins as long after a site was made. A clock set back makes nothing due.
    """
    if days <= 0 or known is None:
        return RoundState.REST
    if known.ended is None:
        return RoundState.GO_ON
    return RoundState.BEGIN if now - known.began >= days * DAY_S else RoundState.REST


def find(connection: apsw.Connection, stage: Stage) -> Round | None:
    """The round that is under way or was the last; None before the first look."""
    row = connection.execute("SELECT began, ended FROM check_round WHERE stage = ?", (stage.value,)).fetchone()
    return Round(int(row[0]), None if row[1] is None else int(row[1])) if row else None


def begin(connection: apsw.Connection, stage: Stage, now: int) -> None:
    """A round begins; its cursors are set back in the same transaction."""
    connection.execute("INSERT OR REPLACE INTO check_round(stage, began, ended) VALUES (?, ?, NULL)", (stage.value, now))


def end(connection: apsw.Connection, stage: Stage, now: int) -> None:
    """The round has met every record; where none was under way, counting begins now."""
    connection.execute(
        "INSERT INTO check_round(stage, began, ended) VALUES (?1, ?2, ?2) ON CONFLICT(stage) DO UPDATE SET ended = ?2", (stage.value, now)
    )
