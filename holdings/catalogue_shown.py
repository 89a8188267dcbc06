"""A row of the catalogue that has no record yet, as `show` tells it (DESIGN §7): what it says, and that there are no images."""

from __future__ import annotations

from typing import Any

import apsw

from holdings import catalogue_rows as rows
from holdings import catalogue_sheets as sheets
from holdings import lineage
from holdings.catalogue_line import values_of
from holdings.record import Level, RowState
from holdings.reference_code import match_key

Told = dict[str, Any]


def shown_row(connection: apsw.Connection, ref: str) -> Told | None:
    """The row that a REF names (`档号` or one it bore before, `NODE/档号` for another's), None when none stands or its sheet is being imported."""
    writer, slash, code = ref.strip().partition("/")
    holder = sheets.holder_of(connection, writer) if slash else sheets.OWN
    if holder is None:
        return None
    key = match_key(code if slash else writer)
    one = rows.full(connection, key, holder)
    if one is None and holder == sheets.OWN and (became := lineage.row_became(connection, key)):
        one = rows.full(connection, became)
    if one is None or one.state != RowState.STANDS.value:
        return None
    sheet = sheets.get(connection, one.sheet)
    if sheet.under_way:
        return None
    return {
        "ref": f"{writer}/{one.code}" if slash else one.code, "id": None, "title": one.title, "level": Level(one.level).label,
        "custody": "尚无图像" if one.level >= Level.VOLUME else "本级不带图像", "version": 0,
        "elements": values_of(rows.names_of(one.names), one.elements, (one.code, one.title, one.date)),
        "delivery": sheet.delivery, "sheet": sheet.name, "row": one.number,
        "void": None, "versions": [], "former_codes": [], "relations": [], "page_changes": [], "receipts": [], "findings": [], "pages": [],
    }  # fmt: skip
