"""Rows that nobody is told of, because the import of their sheet is under way (`catalogue`)."""

from __future__ import annotations

from typing import NamedTuple

import apsw

from holdings import catalogue_rows as rows
from holdings import catalogue_runs as runs
from holdings import catalogue_sheets as sheets


class Held(NamedTuple):
    """Sheets whose rows are held; `below`: from this id on all rows are (None: some may not be)."""

    sheets: frozenset[int]
    below: int | None


def held(connection: apsw.Connection) -> Held:
    """What is held now; reads a few rows of the list of sheets, and more only while an import is under way."""
    under_way = sheets.under_way(connection)
    if not under_way:
        return Held(frozenset(), None)
    began = [first for sheet in under_way if (first := runs.first_row(connection, sheet)) is not None]
    if not began:
        return Held(frozenset(under_way), None)
    first, known = min(began), frozenset(under_way)
    mixed = any(rows.last_of(connection, sheet) >= first for sheet in sheets.every(connection) if sheet not in known)
    return Held(known, None if mixed else first)
