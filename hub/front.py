"""The front's tables: tokens, what is known of nodes, alarms. All SQL about them; callers own the transaction."""

from __future__ import annotations

import functools

import apsw
from msgspec import Struct

from crypto import cbor
from crypto.errors import CryptoError
from sync.limits import REQUEST_BYTES
from sync.state_report import StateReport


class Enrolment(Struct, frozen=True):
    """A token as the hub remembers it: for whom, until when (seconds UTC), and which log consumed it."""

    name: str
    district: str
    expires: int
    used_log: bytes | None


class Node(Struct, frozen=True):
    """What is known of a node beside its log; counts in deltas and bytes."""

    log_id: bytes
    district: str
    enrolled: int
    nonce: bytes
    last_contact: int | None
    report: StateReport | None
    deltas: int
    bytes_stored: int
    pending_deltas: int
    pending_bytes: int


class Alarm(Struct, frozen=True):
    """Something a person must look at."""

    number: int
    wall: int
    code: str
    subject: str
    text: str
    entry_seq: int | None


def add_enrolment(connection: apsw.Connection, secret_hash: bytes, name: str, district: str, expires: int) -> None:
    """Remember a token that was just made."""
    connection.execute("INSERT INTO enrolment VALUES (?, ?, ?, ?, NULL)", (secret_hash, name, district, expires))


def enrolment(connection: apsw.Connection, secret_hash: bytes) -> Enrolment | None:
    """The token with that hash."""
    row = connection.execute("SELECT name, district, expires, used_log FROM enrolment WHERE secret_hash = ?", (secret_hash,)).fetchone()
    return Enrolment(*row) if row else None


def consume(connection: apsw.Connection, secret_hash: bytes, log_id: bytes) -> None:
    """The token is used up by this log."""
    connection.execute("UPDATE enrolment SET used_log = ? WHERE secret_hash = ? AND used_log IS NULL", (log_id, secret_hash))


def enrolled_before(connection: apsw.Connection, log_id: bytes, name: str, district: str) -> None:
    """Our own log, taken back from a node, says that this log was enrolled: its genesis is welcome without its token.

    The row stands under the log_id, which is no secret's hash. A token of that name that is unused in the restored copy was its token.
    """
    connection.execute("UPDATE enrolment SET used_log = ? WHERE name = ? AND used_log IS NULL", (log_id, name))
    connection.execute("INSERT OR IGNORE INTO enrolment VALUES (?1, ?2, ?3, 0, ?1)", (log_id, name, district))


def revoked_before(connection: apsw.Connection, log_id: bytes) -> None:
    """Our own log, taken back from a node, says that this log was revoked: if its genesis is not here, it is not welcome any more."""
    connection.execute("DELETE FROM enrolment WHERE used_log = ?", (log_id,))


def open_tokens(connection: apsw.Connection, now: int) -> list[tuple[str, str, int]]:
    """(name, district, expires) of the tokens that may still be used."""
    rows = connection.execute("SELECT name, district, expires FROM enrolment WHERE used_log IS NULL AND expires > ? ORDER BY expires", (now,))
    return [(row[0], row[1], row[2]) for row in rows]


def add_node(connection: apsw.Connection, log_id: bytes, district: str, enrolled: int, nonce: bytes) -> None:
    """Begin to know a node; a known one stays as it is."""
    connection.execute("INSERT OR IGNORE INTO node(log_id, district, enrolled, nonce) VALUES (?, ?, ?, ?)", (log_id, district, enrolled, nonce))


_NODE = "log_id, district, enrolled, nonce, last_contact, report, deltas, bytes_stored, pending_deltas, pending_bytes"


def node(connection: apsw.Connection, log_id: bytes) -> Node | None:
    """What is known of one node."""
    row = connection.execute(f"SELECT {_NODE} FROM node WHERE log_id = ?", (log_id,)).fetchone()
    return _node(row) if row else None


def nodes(connection: apsw.Connection) -> list[Node]:
    """All nodes, in the order of their enrolment."""
    return [_node(row) for row in connection.execute(f"SELECT {_NODE} FROM node ORDER BY enrolled, log_id")]


def _node(row: tuple[object, ...]) -> Node:
    return Node(*row[:5], _report(row[5]), *row[6:])  # type: ignore[call-arg,arg-type]


@functools.lru_cache(maxsize=2_048)
def _report(stored: object) -> StateReport | None:
    if not isinstance(stored, bytes):
        return None
    try:
        return StateReport.from_map(cbor.decode(stored, limit=REQUEST_BYTES))
    except (CryptoError, ValueError):
        # Written by a program that knew other fields: a report is news, not a record.
        return None


def greeted(connection: apsw.Connection, log_id: bytes, nonce: bytes, wall: int, report: StateReport) -> None:
    """A hello was good: the next one must carry `nonce`."""
    connection.execute(
        "UPDATE node SET nonce = ?, last_contact = ?, report = ? WHERE log_id = ?", (nonce, wall, cbor.encode(report.to_map()), log_id)
    )


def delta_accepted(connection: apsw.Connection, log_id: bytes, size: int) -> None:
    """A delta of `size` bytes of objects was announced."""
    connection.execute(
        "UPDATE node SET deltas = deltas + 1, pending_deltas = pending_deltas + 1, pending_bytes = pending_bytes + ? WHERE log_id = ?", (size, log_id)
    )


def delta_stored(connection: apsw.Connection, log_id: bytes, size: int) -> None:
    """All its objects are stored and receipted."""
    connection.execute(
        "UPDATE node SET pending_deltas = pending_deltas - 1, pending_bytes = pending_bytes - ?1, bytes_stored = bytes_stored + ?1 WHERE log_id = ?2",
        (size, log_id),
    )


def add_alarm(connection: apsw.Connection, wall: int, code: str, subject: str, text: str) -> int | None:
    """Record what a person must look at; its number, or None when this very thing stands there already."""
    row = connection.execute(
        "INSERT INTO alarm(wall, code, subject, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING number", (wall, code, subject, text)
    ).fetchone()
    return int(row[0]) if row else None


def alarms(connection: apsw.Connection, limit: int = 1_000) -> list[Alarm]:
    """The latest alarms, newest first."""
    rows = connection.execute("SELECT number, wall, code, subject, text, entry_seq FROM alarm ORDER BY number DESC LIMIT ?", (limit,))
    return [Alarm(*row) for row in rows]


def alarms_outside_log(connection: apsw.Connection) -> list[Alarm]:
    """Alarms that the hub's log lacks, oldest first."""
    rows = connection.execute("SELECT number, wall, code, subject, text, entry_seq FROM alarm WHERE entry_seq IS NULL ORDER BY number LIMIT 100")
    return [Alarm(*row) for row in rows]


def alarm_logged(connection: apsw.Connection, number: int, seq: int) -> None:
    """The alarm stands in the hub's log at `seq`."""
    connection.execute("UPDATE alarm SET entry_seq = ? WHERE number = ?", (seq, number))
