"""What people answered about sheets of one kind, remembered: table `sheet_memory`.

A sheet's kind is its `profile_key` (holdings/sheet_profile.py): the contractor and the names of its columns. Functions run
inside the caller's transaction.
"""

from __future__ import annotations

import apsw

from holdings.sheet_profile import NO_PROFILE, SheetProfile, decode_profile, encode_profile


def recall(connection: apsw.Connection, key: str) -> SheetProfile:
    """The answers and repairs agreed to for sheets of a kind; NO_PROFILE when nothing was said."""
    row = connection.execute("SELECT profile FROM sheet_memory WHERE key = ?", (key,)).fetchone()
    return decode_profile(row[0]) if row else NO_PROFILE


def remember(connection: apsw.Connection, key: str, profile: SheetProfile, now: int) -> None:
    """Keep what was said; the same again writes nothing."""
    connection.execute(
        "INSERT INTO sheet_memory(key, profile, changed) VALUES (?1, ?2, ?3)"
        " ON CONFLICT(key) DO UPDATE SET profile = ?2, changed = ?3 WHERE profile <> ?2",
        (key, encode_profile(profile).decode(), now),
    )


def anything(connection: apsw.Connection) -> bool:
    """Whether anything is remembered at all."""
    return connection.execute("SELECT 1 FROM sheet_memory LIMIT 1").fetchone() is not None
