"""Counters that people see, kept in the transactions that change what they count (DESIGN §6): table `tally`."""

from __future__ import annotations

from enum import StrEnum

import apsw


class Count(StrEnum):
    """What is counted, per writer (`""` = this site itself)."""

    CATALOGUE_ROWS = "catalogue_rows"
    RECORDS = "records"
    VERSIONS = "versions"
    PAGES = "pages"
    BYTES_SOURCE = "bytes_source"
    QUARANTINED = "quarantined"
    TEXT_PAGES = "text_pages"
    MEANING_TITLES = "meaning_titles"
    MEANING_PASSAGES = "meaning_passages"
    MEANING_ORDERED = "meaning_ordered"


def add(connection: apsw.Connection, count: Count, by: int, writer: str = "") -> None:
    """Change a counter by `by` (may be negative); call inside the transaction that changes what is counted."""
    if by:
        connection.execute(
            "INSERT INTO tally(writer, name, value) VALUES (?1, ?2, ?3)"
            " ON CONFLICT(writer, name) DO UPDATE SET value = value + ?3",
            (writer, count.value, by),
        )


def read(connection: apsw.Connection, count: Count, writer: str | None = None) -> int:
    """A counter of one writer, or summed over all writers when `writer` is None."""
    if writer is None:
        row = connection.execute("SELECT coalesce(sum(value), 0) FROM tally WHERE name = ?", (count.value,)).fetchone()
    else:
        row = connection.execute(
            "SELECT value FROM tally WHERE writer = ? AND name = ?", (writer, count.value)
        ).fetchone()
    return int(row[0]) if row else 0
