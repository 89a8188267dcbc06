"""Scans of the papers that both sides signed and sealed 签章扫描件, attached to the round they belong to: table `signed_scan`.

Nothing is deleted: a scan that was attached in error is void, with a reason. Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.check import Verdict
from holdings.language import mark
from hub.reception_store import Reception
from hub.reception_verdicts import By

_COLUMNS: Final = (
    "id, round, kind, name, media_type, pages, bytes, sha256, account, person, time, void, voided_by, voided, virus, virus_said"
)


class SignedKind(StrEnum):
    """Which paper was scanned; the value is stored."""

    REGISTER = "register"
    DOCUMENT = "document"

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return mark("登记表") if self is SignedKind.REGISTER else mark("交接文据")


class SignedScan(Struct, frozen=True):
    """One scan; `void` why it counts no more, blank while it does. Times in seconds UTC, `pages` of the file. `virus` as it was attached, `virus_said` why."""

    id: int
    round: int
    kind: SignedKind
    name: str
    media_type: str
    pages: int
    size: int
    sha256: bytes
    by: By
    time: int
    void: str = ""
    voided_by: str = ""
    voided: int = 0
    virus: Verdict = Verdict.UNTESTED
    virus_said: str = ""

    @property
    def digest(self) -> str:
        """As text, with its algorithm (format.md §2)."""
        return f"sha256:{self.sha256.hex()}"


def add(connection: apsw.Connection, held: Reception, scan: SignedScan, file: bytes) -> int:
    """Keep a scan; its number. `scan.id` counts for nothing."""
    connection.execute(
        "INSERT INTO signed_scan(reception, round, kind, name, media_type, pages, bytes, sha256, account, person, time, virus, virus_said, file)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (held.id, scan.round, scan.kind.value, scan.name, scan.media_type, scan.pages, scan.size, scan.sha256, scan.by.account, scan.by.person,
         scan.time, int(scan.virus), scan.virus_said, file),
    )  # fmt: skip
    return connection.last_insert_rowid()


def void(connection: apsw.Connection, scan: SignedScan, reason: str, by: By, now: int) -> None:
    """A scan counts no more; what it was, and who said so, stays."""
    connection.execute(
        "UPDATE signed_scan SET void = ?, voided_by = ?, voided = ? WHERE id = ? AND void = ''",
        (reason, by.person, now, scan.id),
    )


def of_round(connection: apsw.Connection, held: Reception, which: int) -> list[SignedScan]:
    """The scans of a round, the first first; void ones too."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM signed_scan WHERE reception = ? AND round = ? ORDER BY id", (held.id, which)
    )
    return [_scan(row) for row in rows]


def get(connection: apsw.Connection, held: Reception, which: int, number: int) -> SignedScan | None:
    """One scan of a round."""
    return next((one for one in of_round(connection, held, which) if one.id == number), None)


def file(connection: apsw.Connection, scan: SignedScan) -> bytes:
    """Its bytes as they came."""
    row = connection.execute("SELECT file FROM signed_scan WHERE id = ?", (scan.id,)).fetchone()
    assert row is not None
    return bytes(row[0])


def _scan(row: Sequence[Any]) -> SignedScan:
    number, which, kind, name, media_type, pages, size, sha256, account, person, time, reason, voided_by, voided, virus, why = row
    by = By(account, person)
    return SignedScan(
        number,
        which,
        SignedKind(kind),
        name,
        media_type,
        pages,
        size,
        bytes(sha256),
        by,
        time,
        reason,
        voided_by,
        voided,
        Verdict(virus),
        why,
    )
