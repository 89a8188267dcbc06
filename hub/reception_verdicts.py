"""What archivists said of records, and the rounds they concluded: tables `reception_verdict` and `reception_round`.

Round 0 holds drafts, which may change; what a concluded round says stays for ever. Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import apsw
import msgspec
from msgspec import Struct

from holdings.directive_verdict import HandOver
from holdings.rectification import Reason
from hub.reception_store import Reception

DRAFT: Final = 0
"""The round of a draft."""
_COLUMNS: Final = (
    "v.number, v.reception, v.round, v.version, v.accepted, v.reasons, v.remark, v.account, v.person, v.time"
)
_ROUND: Final = "round, handover, accepted, returned, due, remark, account, person, time"


class By(Struct, frozen=True):
    """Who decides: login name, and the person's name, which stands on the papers."""

    account: str
    person: str


class Verdict(Struct, frozen=True):
    """One verdict on one version of a record; `time` seconds UTC."""

    number: int
    reception: int
    round: int
    version: int
    accepted: bool
    reasons: tuple[Reason, ...]
    remark: str
    by: By
    time: int


class Round(Struct, frozen=True):
    """A concluded round: how many records it took and gave back; `due` the day of mending as YYYY-MM-DD, or empty."""

    round: int
    handover: HandOver
    accepted: int
    returned: int
    due: str
    remark: str
    by: By
    time: int


def draft(connection: apsw.Connection, verdict: Verdict) -> None:
    """Keep a draft in the place of an earlier one; its round counts for nothing."""
    reasons = msgspec.json.encode([[reason.code, reason.pages] for reason in verdict.reasons]).decode()
    connection.execute(
        "INSERT OR REPLACE INTO reception_verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (verdict.number, verdict.reception, DRAFT, verdict.version, int(verdict.accepted), reasons, verdict.remark, verdict.by.account, verdict.by.person,
         verdict.time),
    )  # fmt: skip


def withdraw(connection: apsw.Connection, number: int) -> None:
    """Take a draft back."""
    connection.execute("DELETE FROM reception_verdict WHERE number = ? AND round = ?", (number, DRAFT))


def settle(connection: apsw.Connection, number: int, reception: int, now_round: int) -> None:
    """A draft is final from this round on."""
    connection.execute(
        "UPDATE reception_verdict SET round = ? WHERE number = ? AND reception = ? AND round = ?",
        (now_round, number, reception, DRAFT),
    )


def of_record(connection: apsw.Connection, number: int) -> list[Verdict]:
    """Everything said of a record, the latest first; a draft before all."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM reception_verdict v WHERE number = ?", (number,))
    return sorted(map(_verdict, rows), key=lambda one: (one.round == DRAFT, one.time, one.round), reverse=True)


def drafted(connection: apsw.Connection, number: int) -> Verdict | None:
    """What is drafted for a record."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM reception_verdict v WHERE number = ? AND round = ?", (number, DRAFT)
    ).fetchone()
    return _verdict(row) if row else None


def of_round(connection: apsw.Connection, reception: Reception, which: int) -> Iterator[Verdict]:
    """The verdicts of a round of a delivery, by the number of their records."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM reception_verdict v WHERE reception = ? AND round = ? ORDER BY number",
        (reception.id, which),
    )
    return map(_verdict, rows)


def conclude(connection: apsw.Connection, reception: int, said: Round) -> None:
    """Keep a concluded round."""
    connection.execute(
        "INSERT INTO reception_round VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            reception,
            said.round,
            int(said.handover),
            said.accepted,
            said.returned,
            said.due,
            said.remark,
            said.by.account,
            said.by.person,
            said.time,
        ),
    )


def rounds(connection: apsw.Connection, reception: Reception) -> list[Round]:
    """The concluded rounds of a delivery, the first first."""
    rows = connection.execute(
        f"SELECT {_ROUND} FROM reception_round WHERE reception = ? ORDER BY round", (reception.id,)
    )
    return [_concluded(row) for row in rows]


def decided(connection: apsw.Connection) -> tuple[int, int]:
    """(records returned, records accepted) in all concluded rounds: one row a round, so that adding up costs nothing."""
    row = connection.execute(
        "SELECT coalesce(sum(returned), 0), coalesce(sum(accepted), 0) FROM reception_round"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def first_pass(connection: apsw.Connection, reception: Reception) -> tuple[int, int]:
    """(records that were accepted the first time they were judged, records judged) of a delivery: 一次合格率."""
    row = connection.execute(
        "SELECT coalesce(sum(v.accepted), 0), count(*) FROM reception_verdict v WHERE v.reception = ?1 AND v.round > 0"
        " AND v.round = (SELECT min(e.round) FROM reception_verdict e WHERE e.number = v.number AND e.reception = ?1 AND e.round > 0)",
        (reception.id,),
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _verdict(row: Sequence[Any]) -> Verdict:
    number, reception, which, version, accepted, reasons, remark, account, person, time = row
    read = msgspec.json.decode(reasons, type=list[tuple[str, tuple[tuple[int, int], ...]]])
    return Verdict(
        number,
        reception,
        which,
        version,
        bool(accepted),
        tuple(Reason(*one) for one in read),
        remark,
        By(account, person),
        time,
    )


def _concluded(row: Sequence[Any]) -> Round:
    which, handover, accepted, returned, due, remark, account, person, time = row
    return Round(which, HandOver(handover), accepted, returned, due, remark, By(account, person), time)
