"""The catalogue 目录: rows of imported sheets, one for each code of each holder. The door of the modules `catalogue_*`.

Functions run inside the caller's transaction. Rows of a sheet whose import is under way are held: nobody is told of them
until its last portion is committed, for a later row of the same sheet may be the one that is classified.
"""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from holdings import catalogue_marks as marks
from holdings import catalogue_rows as rows
from holdings import catalogue_sheets as sheets
from holdings.catalogue_import import GONE_TOLD_MAX, PORTION, Import
from holdings.catalogue_line import sort_key, values_of
from holdings.catalogue_moves import LiftedRow, delivery_rows, lay, lift, mend, withdraw
from holdings.catalogue_origin import Origin
from holdings.catalogue_portions import ImportReport, report_of
from holdings.catalogue_rows import Full
from holdings.catalogue_sheets import StoredSheet, latest_import, unfinished
from holdings.delivery import Delivery
from holdings.record import MARK, Level, Row, RowState
from holdings.security import MarkKind, SiteClass
from holdings.sheet import ParsedSheet
from holdings.sheet_stream import FramedSheet, ParsedSource, frames

__all__ = [
    "GONE_TOLD_MAX", "ImportReport", "LiftedRow", "beginning", "classified_volumes", "delivery_rows", "for_images", "glance", "import_sheet", "latest_import",
    "lay", "lift", "link", "mend", "of_delivery", "of_volume", "row_for", "unfinished", "withdraw",
]  # fmt: skip


def import_sheet(
    connection: apsw.Connection, delivery: Delivery, parsed: ParsedSheet, now: int, site: SiteClass, holder: int = 0
) -> ImportReport:
    """Bring the catalogue to what a sheet says, in the caller's one transaction; a sheet is known by its name in its
    delivery. Large ones go through `catalogue_portions`.

    Equal rows write nothing, whatever the file's digest. On an open site a row with a classified or unreadable mark is
    erased from the catalogue and leaves only where it stands.
    """
    stream = FramedSheet(frames(ParsedSource(parsed)))
    job = Import(connection, Origin(holder, delivery.name, parsed.name), now, site)
    for portion in stream.portions(PORTION):
        job.take(connection, portion.columns, portion.lines)
    return report_of(connection, job, stream)


def row_for(connection: apsw.Connection, match_key: str) -> Row | None:
    """What the catalogue says of a code; a mark that any sheet sets against it comes before everything else.

    None when nothing is known.
    """
    mark = marks.on(connection, match_key)
    if mark is not None:
        sheet = sheets.get(connection, mark.sheet)
        return Row(
            match_key, "", Level.ITEM, {}, sheet.delivery, sheet.name, mark.number, mark.volume, mark.kind,
            sheet.has_mark_column,
        )  # fmt: skip
    stored = rows.full(connection, match_key)
    if stored is None:
        return None
    sheet = sheets.get(connection, stored.sheet)
    return None if sheet.under_way else _row(stored, sheet)


def for_images(connection: apsw.Connection, match_key: str) -> Row | None:
    """The same of rows that images can be linked to: one of a fonds or a series describes what lies below it, and none."""
    row = row_for(connection, match_key)
    return row if row is None or row.level >= Level.VOLUME else None


def of_volume(connection: apsw.Connection, volume_key: str, *, limit: int = 20_000) -> list[Row]:
    """Rows that stand of one volume, the volume's own among them, in the order of their codes; for linking by page ranges."""
    low = sort_key(volume_key)
    found = rows.select(
        connection,
        "c.state = 0 AND c.holder = 0 AND (c.ordering = ?1 OR c.ordering > ?2 AND c.ordering < ?3) AND c.volume_key = ?4"
        " ORDER BY c.ordering LIMIT ?5",
        (low, f"{low}-", f"{low}.", volume_key, limit),
    )
    return list(_rows(connection, found))


def beginning(connection: apsw.Connection, key: str, *, limit: int) -> list[Row]:
    """Volumes and items that stand whose code is this one or goes on behind it (by whole numbers: 2011 is not the beginning of 20110), in the
    order of their codes."""
    low = sort_key(key)
    found = rows.select(
        connection,
        "c.state = 0 AND c.holder = 0 AND +c.level > 2 AND c.ordering >= ?1 AND c.ordering < ?2 ORDER BY c.ordering LIMIT ?3",
        (low, f"{low}\U0010ffff", limit),
    )
    return list(_rows(connection, found))


def of_delivery(
    connection: apsw.Connection, delivery: str, *, after: str = "", limit: int = 1_000, unlinked: bool = False
) -> list[Row]:
    """Volumes and items that stand of the sheets of one delivery, in the order of their match keys from after one on; `unlinked`: those
    without images 有目无图 alone."""
    among = ",".join(str(number) for number in sheets.of_delivery(connection, sheets.OWN, delivery)) or "0"
    found = rows.select(
        connection,
        f"c.match_key > ?1 AND c.holder = 0 AND c.state = 0 AND +c.level > 2 AND c.linked <= ?2 AND +c.sheet IN ({among})"
        " ORDER BY c.match_key LIMIT ?3",
        (after, 0 if unlinked else 1, limit),
    )
    return list(_rows(connection, found))


def glance(connection: apsw.Connection, match_key: str) -> tuple[int, str | None] | None:
    """(time of its last change, volume key) of a row that stands; None when it does not, or never did: then look closely."""
    found = rows.glance(connection, match_key)
    if found is None or sheets.get(connection, found[2]).under_way:
        return None
    return found[:2]


def classified_volumes(connection: apsw.Connection) -> frozenset[str]:
    """Match keys of volumes that hold a classified item, by any sheet of any delivery. Empty on a classified site."""
    return marks.volumes(connection)


def link(connection: apsw.Connection, match_key: str, writer: str = "") -> None:
    """Note that a record of a writer (blank: this site) stands for a row 已挂接."""
    holder = sheets.holder_of(connection, writer) if writer else sheets.OWN
    if holder is not None:
        rows.link(connection, match_key, holder)


def _rows(connection: apsw.Connection, found: list[Full]) -> Iterator[Row]:
    """Those of them that no import under way holds."""
    known: dict[int, StoredSheet] = {}
    for one in found:
        if one.sheet not in known:
            known[one.sheet] = sheets.get(connection, one.sheet)
        if not known[one.sheet].under_way:
            yield _row(one, known[one.sheet])


def _row(stored: Full, sheet: StoredSheet) -> Row:
    values = values_of(rows.names_of(stored.names), stored.elements, (stored.code, stored.title, stored.date))
    return Row(
        stored.key, stored.code, Level(stored.level), values, sheet.delivery, sheet.name, stored.number, stored.volume,
        MarkKind.OPEN, sheet.has_mark_column and MARK in values, RowState(stored.state), stored.changed,
    )  # fmt: skip
