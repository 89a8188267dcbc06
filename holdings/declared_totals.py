"""What summary sheets 移交清册 of a delivery declare, kept and compared with its catalogue: table `declared_total`.

Functions run inside the caller's transaction. Rows of the sheet's own holder alone are compared; DA/T 70-2018 GD-2-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdings import catalogue_marks as marks
from holdings import catalogue_rows as rows
from holdings import catalogue_sheets as sheets
from holdings import quarantine
from holdings.catalogue_line import sort_key
from holdings.findings import Finding, FindingCode
from holdings.reference_code import match_key
from holdings.sheet_notes import TOLD_MAX
from holdings.sheet_totals import Declared, held_told

ITEMS: Final = "件"
_END: Final = "\U0010ffff"


class Comparison(Struct, frozen=True):
    """What a 移交清册 declares of a run of codes, what the catalogue has there, and how many rows of the delivery an open
    site withheld, which may be among what is lacking. `by_volume`: the catalogue lists volumes alone, so that items cannot
    be compared, and nobody says that they lack."""

    tab: str
    row: int
    what: str
    declared: int
    found: int
    withheld: int = 0
    by_volume: bool = False

    @property
    def agrees(self) -> bool:
        """Whether nothing lacks that was not withheld, and nothing is too many."""
        return self.found <= self.declared <= self.found + self.withheld

    @property
    def sentence(self) -> str:
        """Both numbers, for people."""
        held = held_told(self.found, self.withheld, by_volume=self.by_volume)
        return f"{self.what}数：清册 {self.declared:,}，{held}{'，无从核对' if self.by_volume else ''}"


def keep(connection: apsw.Connection, delivery: str, sheet: str, declared: Iterable[Declared]) -> None:
    """What a sheet declares now, in place of what it declared before; nothing is kept of one that declares nothing."""
    lines = list(declared)
    if not lines:
        connection.execute("DELETE FROM declared_total WHERE delivery = ? AND sheet = ?", (delivery, sheet))
        return
    connection.execute(
        "INSERT OR REPLACE INTO declared_total(delivery, sheet, lines) VALUES (?, ?, ?)",
        (delivery, sheet, msgspec.json.encode(lines).decode()),
    )


def of_delivery(connection: apsw.Connection, delivery: str) -> Iterator[tuple[str, list[Declared]]]:
    """(sheet, what it declares) of every summary sheet of a delivery."""
    found = connection.execute("SELECT sheet, lines FROM declared_total WHERE delivery = ? ORDER BY sheet", (delivery,))
    return ((str(sheet), msgspec.json.decode(lines, type=list[Declared])) for sheet, lines in found)


def forget(connection: apsw.Connection, delivery: str) -> None:
    """The delivery was withdrawn."""
    connection.execute("DELETE FROM declared_total WHERE delivery = ?", (delivery,))


def comparisons(connection: apsw.Connection, delivery: str) -> Iterator[tuple[str, Comparison]]:
    """(sheet, comparison) of everything that was declared of a delivery, what agrees too."""
    for sheet, lines in list(of_delivery(connection, delivery)):
        for one in compare(connection, sheets.OWN, delivery, lines):
            yield sheet, one


def compared(connection: apsw.Connection, delivery: str) -> frozenset[str]:
    """Names of the sheets whose declarations could be compared."""
    return frozenset(sheet for sheet, _ in comparisons(connection, delivery))


def settle(connection: apsw.Connection, delivery: str, now: int, holder: int = sheets.OWN, owner: str = "") -> None:
    """Compare everything that was declared of a delivery; its findings are exactly what differs now.

    `owner` is the name of a `holder` other than this site: what it declares is kept under `owner/delivery`.
    """
    place = f"{owner}/{delivery}" if owner else delivery
    quarantine.settle(connection, f"{place}#清册", _findings(connection, delivery, holder, place), now)


def settle_every(connection: apsw.Connection, now: int) -> None:
    """The same for every delivery of this site that declared something: codes or rows have changed across deliveries."""
    found = connection.execute("SELECT DISTINCT delivery FROM declared_total").fetchall()
    for (delivery,) in found:
        settle(connection, str(delivery), now)


def _findings(connection: apsw.Connection, delivery: str, holder: int, place: str) -> Iterator[Finding]:
    for sheet, lines in list(of_delivery(connection, place)):
        differ = [one for one in compare(connection, holder, delivery, lines) if not one.agrees]
        for one in differ[:TOLD_MAX]:
            tab = f"[{one.tab}]" if one.tab else ""
            where = f"{place}/{sheet}{tab}#{one.row}:{one.what}"
            yield Finding(FindingCode.TOTAL_DIFFERS, place, where, detail=one.sentence)


def compare(
    connection: apsw.Connection, holder: int, delivery: str, declared: Iterable[Declared]
) -> list[Comparison]:
    """Declared totals against the catalogue: a line with a run of codes by that run, any other by the whole delivery."""
    among = sheets.of_delivery(connection, holder, delivery)
    withheld = marks.count(connection, among)
    lines = list(declared)
    found: list[Comparison] = []
    volumes, items = rows.count_between(connection, among, "", _END)
    by_volume = bool(volumes) and not items
    for line in lines:
        whole = line.grand or (len(lines) == 1 and not line.first)
        if not whole and not (line.fonds and line.inventory and line.first):
            continue
        if whole:
            low, high = "", _END
        else:
            before = f"{line.fonds}-{line.inventory}-"
            low, high = (sort_key(match_key(before + end)) for end in (line.first, line.last or line.first))
        volumes, items = rows.count_between(connection, among, low, high + f"-{_END}")
        for what, said, have in (("案卷", line.volumes, volumes), (ITEMS, line.items, items)):
            if said is not None:
                found.append(Comparison(line.tab, line.row, what, said, have, withheld))
    return _once(found) if by_volume else found


def _once(found: Sequence[Comparison]) -> list[Comparison]:
    """Of items where the catalogue lists volumes alone: that they cannot be compared is said once, of the largest number, which sums the others up."""
    items = [one for one in found if one.what == ITEMS and not one.agrees]
    if not items:
        return list(found)
    whole = max(items, key=lambda one: one.declared)
    return [replace(one, by_volume=one is whole) for one in found if one is whole or one not in items]
