"""What the last verification of each delivery's evidence found: table `evidence`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

import apsw
import msgspec

from holdings.delivery import Delivery
from holdings.evidence import EvidenceReport


def keep(connection: apsw.Connection, held: Delivery, report: EvidenceReport) -> None:
    """Keep a report in place of the one before."""
    connection.execute(
        "INSERT OR REPLACE INTO evidence(delivery, verified, report) VALUES (?, ?, ?)",
        (held.id, report.verified, msgspec.json.encode(report).decode()),
    )


def last(connection: apsw.Connection, held: Delivery) -> EvidenceReport | None:
    """The last report; None when the evidence was never verified."""
    row = connection.execute("SELECT report FROM evidence WHERE delivery = ?", (held.id,)).fetchone()
    return msgspec.json.decode(row[0], type=EvidenceReport) if row else None
