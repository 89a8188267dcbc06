"""The table of what became of a record's pages in each version: all SQL about it. Written in the transaction that makes the version."""

from __future__ import annotations

import apsw
import msgspec
from msgspec import Struct

from holdings.page_moves import Moves, moves
from node.job import Sealed

NAMES_MAX = 200
"""Names kept of each kind for one version; the sentence counts all."""


class PageChange(Struct, frozen=True):
    """One version's change: its sentence, the page names concerned by kind, when (whole seconds UTC)."""

    version: int
    text: str
    names: dict[str, list[str]]
    time: int


def note(connection: apsw.Connection, record: Sealed, now: int) -> None:
    """Write down what a version after the first does to the pages; nothing for one with the same pages."""
    job = record.job
    found = moves([(p.name, p.sha256) for p in job.parts], [(p.name, p.sha256) for p in record.parts])
    if found:
        retouched = [name for name in found.replaced if name in record.retouched]
        text = f"{found.text}（其中 {len(retouched)} 页图像未变，仅元数据变化）" if retouched else found.text
        names = _names(found) | ({"retouched": retouched[:NAMES_MAX]} if retouched else {})
        connection.execute(
            "INSERT OR REPLACE INTO page_change VALUES (?, ?, ?, ?, ?)",
            (job.item_id, job.version, text, msgspec.json.encode(names).decode(), now),
        )


def of_record(connection: apsw.Connection, item_id: bytes) -> list[PageChange]:
    """What is known of a record's pages, oldest version first."""
    rows = connection.execute(
        "SELECT version, text, names, time FROM page_change WHERE item_id = ? ORDER BY version", (item_id,)
    )
    return [PageChange(row[0], row[1], msgspec.json.decode(row[2]), row[3]) for row in rows]


def _names(found: Moves) -> dict[str, list[str]]:
    kinds = {"inserted": found.inserted, "removed": found.removed, "replaced": found.replaced}
    renamed = [f"{old} → {new}" for old, new in found.renamed]
    return {kind: list(names[:NAMES_MAX]) for kind, names in {**kinds, "renamed": tuple(renamed)}.items() if names}
