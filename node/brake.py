"""The brake on changed sources, where records are sealed: counts pages that a new version replaces."""

from __future__ import annotations

import apsw

from holdings import delivery_brake, records
from holdings.site_data import SiteData
from node.job import Job
from sync.manifest import Part


def replaced(old: tuple[Part, ...], new: tuple[Part, ...]) -> int:
    """Pages whose bytes the new version holds nowhere any more, while their name stays: written over, not renamed or moved."""
    kept, names = {part.sha256 for part in new}, {part.name for part in new}
    return sum(part.sha256 not in kept and part.name in names for part in old)


def note(connection: apsw.Connection, job: Job, parts: tuple[Part, ...], now: int, site: SiteData) -> None:
    """Count what a new version of a record replaces; in the transaction that stores it."""
    changed = replaced(job.parts, parts) if job.version > 1 else 0
    if changed:
        name = job.cleared.description.delivery
        delivery_brake.note(
            connection, name, changed, lambda: records.delivery_totals(connection, name)[1], now, delivery_brake.rule(site)
        )
