"""What this database holds of each fonds, for the register: table `fonds_tally`, kept in the transactions that change it
(never counted over millions of rows)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import apsw

from holdings.expression import expression
from holdings.record import Description
from holdings.reference_code import match_key

_FONDS: Final = expression(r"[A-Z]{0,2}[0-9]{1,4}")
OPEN_WORDS: Final = frozenset({"开放", "已开放", "是"})
OPENING: Final = ("开放状态", "开放标识")


class FondsCount(StrEnum):
    """What is counted."""

    CATALOGUED = "catalogued"
    """Rows of the catalogue 已著录."""
    SCANNED = "scanned"
    """Records with images 已数字化."""
    OPEN = "open"
    """Records that people may see 已开放."""


def fonds_key(code: str) -> str:
    """Match key of the 全宗号 in a reference code; blank when its form has none (DA/T 13-2022, DA/T 13-1994)."""
    return key_of(match_key(code))


def key_of(key: str) -> str:
    """The same of a match key, fast enough for every row of a large import: what stands before the first of at least two
    hyphens, where it is letters and digits as 全宗号 are."""
    first, _, rest = key.partition("-")
    return first if "-" in rest and _FONDS.fullmatch(first) else ""


def count(
    connection: apsw.Connection,
    kind: FondsCount,
    changes: Mapping[str, int] | Iterable[tuple[str, int]],
    writer: str = "",
) -> None:
    """Change counters: (key of a fonds, by), in the transaction that changes what is counted. Blank keys and zeros are
    passed over. An import adds its rows up first: one statement a fonds, not one a row.
    """
    pairs = changes.items() if isinstance(changes, Mapping) else changes
    for key, by in pairs:
        if key and by:
            connection.execute(
                "INSERT INTO fonds_tally(writer, key, name, value) VALUES (?1, ?2, ?3, ?4)"
                " ON CONFLICT(writer, key, name) DO UPDATE SET value = value + ?4",
                (writer, key, kind.value, by),
            )


def count_rows(connection: apsw.Connection, keys: Iterable[str], by: int, writer: str = "") -> None:
    """Rows of the catalogue that came (`by` 1) or went (-1), by their match keys: one statement a fonds."""
    tallied = Counter(key_of(key) for key in keys)
    count(connection, FondsCount.CATALOGUED, [(key, by * number) for key, number in tallied.items()], writer)


def moved(connection: apsw.Connection, changes: Iterable[tuple[Description | None, Description | None]], writer: str = "") -> None:
    """Keep the counters of records, each (before, after): one comes (before None), changes, or is renumbered into another fonds. A record
    that ended is counted no more.
    """
    sums: Counter[tuple[FondsCount, str]] = Counter()
    for before, after in changes:
        for said, by in ((before, -1), (after, 1)):
            key, kinds = _counted(said)
            for kind in kinds:
                sums[kind, key] += by
    for (kind, key), by in sums.items():
        count(connection, kind, [(key, by)], writer)


def read(connection: apsw.Connection, key: str, writer: str = "") -> dict[FondsCount, int]:
    """All counters of a fonds."""
    rows = connection.execute("SELECT name, value FROM fonds_tally WHERE writer = ? AND key = ?", (writer, key))
    # Records from before there were counters may take away what they never gave.
    known = {FondsCount(str(name)): max(0, int(value)) for name, value in rows}
    return {kind: known.get(kind, 0) for kind in FondsCount}


def unregistered(connection: apsw.Connection, registered: frozenset[str], writer: str = "") -> list[str]:
    """Keys of fonds that something is held of and that the register does not have, in order."""
    rows = connection.execute(
        "SELECT key FROM fonds_tally WHERE writer = ? GROUP BY key HAVING sum(value) > 0 ORDER BY key", (writer,)
    )
    return [str(key) for (key,) in rows if key not in registered]


def _counted(description: Description | None) -> tuple[str, frozenset[FondsCount]]:
    """The fonds that a record counts for, and as what."""
    if description is None or description.ended:
        return "", frozenset()
    said = next((value for name in OPENING if (value := description.elements.get(name))), "")
    kinds = {FondsCount.SCANNED, FondsCount.OPEN} if said in OPEN_WORDS else {FondsCount.SCANNED}
    return fonds_key(description.reference_code), frozenset(kinds)
