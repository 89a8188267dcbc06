"""The table of single values of a node: link to the hub, cursors of the shell, the catalogue's epoch. All SQL about it."""

from __future__ import annotations

from enum import StrEnum

import apsw


class Setting(StrEnum):
    """Every name that may stand in the table."""

    EPOCH = "epoch"
    HUB_ID = "hub_id"
    OWN_LOG = "own_log"
    TLS_DIGEST = "tls_digest"
    NONCE = "nonce"
    RECEIPTS_CURSOR = "receipts_cursor"
    RATE_BIT_S = "rate_bit_s"
    HANDSHAKE_S = "handshake_s"
    LAST_CONTACT = "last_contact"
    LAST_RESULT = "last_result"
    LAST_SYNC = "last_sync"
    STOPPED = "stopped"
    BYTES_STORED = "bytes_stored"
    HUB_BEHIND = "hub_behind"
    PACK_TARGET = "pack_target"
    PAUSED = "paused"
    SM3_SEQ = "sm3_seq"
    ALIVE = "alive"
    CUT = "cut"
    CUT_BACK = "cut_back"
    TARGET_PAGES = "target_pages"
    CONSOLE = "console"
    HEEDED = "heeded"
    TOLD = "told"
    HANDOVER = "handover"
    DIRECTIVES_STOPPED = "directives_stopped"
    DIRECTIVES_BROKEN = "directives_broken"
    JOURNAL_ANCHORED = "journal_anchored"
    JOURNAL_DAY = "journal_day"
    OUTAGES = "outages"


def read(connection: apsw.Connection, name: Setting) -> object:
    """The value, or None."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (str(name),)).fetchone()
    return row[0] if row else None


def number(connection: apsw.Connection, name: Setting) -> int:
    """The value as a whole number, 0 when unset."""
    value = read(connection, name)
    return value if isinstance(value, int) else 0


def blob(connection: apsw.Connection, name: Setting) -> bytes:
    """The value as bytes, empty when unset."""
    value = read(connection, name)
    return value if isinstance(value, bytes) else b""


def write(connection: apsw.Connection, name: Setting, value: float | str | bytes | None) -> None:
    """Set or replace."""
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (str(name), value))


def write_least(connection: apsw.Connection, name: Setting, value: float) -> None:
    """Keep the smaller of the old and the new value."""
    old = read(connection, name)
    if not isinstance(old, float) or value < old:
        write(connection, name, value)


def add(connection: apsw.Connection, name: Setting, amount: int) -> None:
    """Add to a counter that people see, in the transaction that changes what it counts."""
    connection.execute(
        "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT(name) DO UPDATE SET value = value + ?2", (str(name), amount)
    )
