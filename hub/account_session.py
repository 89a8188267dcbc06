"""Who is signed in: table `session` of people.db. All SQL about it; callers own the transaction. A cookie's token is kept as its hash alone."""

from __future__ import annotations

import hashlib
from typing import Final

import apsw
from msgspec import Struct

from hub.account import Stage

PER_ACCOUNT: Final = 20
"""Sessions of one account side by side; the one unused for longest ends."""
AGENT_MAX: Final = 200
_FIELDS: Final = "number, account, stage, opened, seen, address, agent"


class Session(Struct, frozen=True):
    """One browser that is signed in; times in seconds UTC."""

    number: int
    account: int
    stage: Stage
    opened: int
    seen: int
    address: str
    agent: str


def _session(row: tuple[object, ...]) -> Session:
    return Session(row[0], row[1], Stage(row[2]), *row[3:])  # type: ignore[arg-type]


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def begin(
    connection: apsw.Connection, token: str, account: int, stage: Stage, wall: int, address: str, agent: str
) -> int:
    """A new session; its number, by which its person ends it."""
    connection.execute(
        "DELETE FROM session WHERE account = ?1 AND number IN (SELECT number FROM session WHERE account = ?1 ORDER BY seen DESC LIMIT -1 OFFSET ?2)",
        (account, PER_ACCOUNT - 1),
    )
    agent = "".join(sign if sign.isprintable() else "?" for sign in agent[:AGENT_MAX])
    row = connection.execute(
        "INSERT INTO session(hash, account, stage, opened, seen, address, agent) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING number",
        (hash_of(token), account, stage.value, wall, wall, address, agent),
    ).fetchone()
    assert row is not None
    return int(row[0])


def find(connection: apsw.Connection, token: str) -> Session | None:
    """The session of a cookie's token."""
    row = connection.execute(f"SELECT {_FIELDS} FROM session WHERE hash = ?", (hash_of(token),)).fetchone()
    return _session(row) if row else None


def seen(connection: apsw.Connection, number: int, wall: int) -> None:
    """It was used now."""
    connection.execute("UPDATE session SET seen = ? WHERE number = ?", (wall, number))


def advance(connection: apsw.Connection, number: int, token: str, stage: Stage, wall: int) -> None:
    """The session has come further: it gets another token, the former is worth nothing (no fixation)."""
    connection.execute(
        "UPDATE session SET hash = ?, stage = ?, seen = ? WHERE number = ?", (hash_of(token), stage.value, wall, number)
    )


def of_account(connection: apsw.Connection, account: int) -> list[Session]:
    """The sessions of an account, the latest used first."""
    return [
        _session(row)
        for row in connection.execute(
            f"SELECT {_FIELDS} FROM session WHERE account = ? ORDER BY seen DESC, number DESC", (account,)
        )
    ]


def end(connection: apsw.Connection, number: int, account: int) -> bool:
    """End one session of that account; False when it has none of that number."""
    connection.execute("DELETE FROM session WHERE number = ? AND account = ?", (number, account))
    return connection.changes() == 1


def end_all(connection: apsw.Connection, account: int, keep: int = 0) -> int:
    """End all sessions of an account but `keep`; how many."""
    connection.execute("DELETE FROM session WHERE account = ? AND number <> ?", (account, keep))
    return connection.changes()


def sweep(connection: apsw.Connection, idle_before: int, opened_before: int) -> None:
    """Forget sessions that are over."""
    connection.execute("DELETE FROM session WHERE seen < ? OR opened < ?", (idle_before, opened_before))
