"""Opening reviews 开放审核: proposed by one archivist, decided by another: tables `opening_review`, `opening_reviewed`.

What is proposed changes nothing; what was decided stays, and what was closed again says so beside it. Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.access import Opening
from holdings.language import mark
from hub.reception_verdicts import By

_COLUMNS: Final = (
    "id, result, until, ground, account, person, time, stage, decided_account, decided_by, decided, remark, revoked_account, revoked_by, revoked,"
    " revoke_reason"
)
NOBODY: Final = By("", "")


class Stage(IntEnum):
    """How far a review is; the number is stored."""

    WAITING = 1
    APPROVED = 2
    REFUSED = 3
    WITHDRAWN = 4
    REVOKED = 5

    @property
    def label(self) -> str:
        """In Chinese, to be looked up."""
        return _LABELS[self]


_LABELS: Final = {
    Stage.WAITING: mark("待复审"), Stage.APPROVED: mark("已审定"), Stage.REFUSED: mark("未通过"), Stage.WITHDRAWN: mark("已撤回"), Stage.REVOKED: mark("已停止开放"),
}  # fmt: skip


class Reviewed(Struct, frozen=True):
    """A record of a review, by its number here; `version` and `before` as they were when it was proposed."""

    number: int
    version: int
    before: Opening


class OpeningReview(Struct, frozen=True):
    """One review. `until` a date or blank; times in seconds UTC, 0 where it has not come to that."""

    id: int
    result: Opening
    until: str
    ground: str
    by: By
    time: int
    stage: Stage = Stage.WAITING
    decider: By = NOBODY
    decided: int = 0
    remark: str = ""
    revoker: By = NOBODY
    revoked: int = 0
    revoke_reason: str = ""
    records: tuple[Reviewed, ...] = ()


def add(connection: apsw.Connection, one: OpeningReview) -> int:
    """Keep a review with its records; its number. `one.id` counts for nothing."""
    connection.execute(
        "INSERT INTO opening_review(result, until, ground, account, person, time, stage) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (one.result.value, one.until, one.ground, one.by.account, one.by.person, one.time, int(Stage.WAITING)),
    )
    number = connection.last_insert_rowid()
    connection.executemany(
        "INSERT INTO opening_reviewed VALUES (?, ?, ?, ?)",
        [(number, it.number, it.version, it.before.value) for it in one.records],
    )
    return number


def decide(connection: apsw.Connection, number: int, stage: Stage, by: By, now: int, remark: str = "") -> bool:
    """A waiting review is approved, refused or withdrawn; False when it waits no more."""
    connection.execute(
        "UPDATE opening_review SET stage = ?, decided_account = ?, decided_by = ?, decided = ?, remark = ? WHERE id = ? AND stage = ?",
        (int(stage), by.account, by.person, now, remark, number, int(Stage.WAITING)),
    )
    return connection.changes() == 1


def revoke(connection: apsw.Connection, number: int, by: By, now: int, reason: str) -> bool:
    """What it opened is closed again; False when it is not approved (any more)."""
    connection.execute(
        "UPDATE opening_review SET stage = ?, revoked_account = ?, revoked_by = ?, revoked = ?, revoke_reason = ? WHERE id = ? AND stage = ?",
        (int(Stage.REVOKED), by.account, by.person, now, reason, number, int(Stage.APPROVED)),
    )
    return connection.changes() == 1


def get(connection: apsw.Connection, number: int) -> OpeningReview | None:
    """One review with its records."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM opening_review WHERE id = ?", (number,)).fetchone()
    return _review(row, _records(connection, [number])) if row else None


def listed(connection: apsw.Connection, stage: Stage | None, before: int, limit: int) -> list[OpeningReview]:
    """The newest first, below a number (0: from the newest), in one stage or in any."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM opening_review WHERE (?1 = 0 OR id < ?1) AND (?2 = 0 OR stage = ?2) ORDER BY id DESC LIMIT ?3",
        (before, int(stage or 0), limit),
    ).fetchall()
    held = _records(connection, [int(str(row[0])) for row in rows])
    return [_review(row, held) for row in rows]


def waiting_for(connection: apsw.Connection, numbers: Iterable[int]) -> set[int]:
    """Which of these records a review waits for already."""
    found = set[int]()
    for number in numbers:
        row = connection.execute(
            "SELECT 1 FROM opening_reviewed r JOIN opening_review o ON o.id = r.review WHERE r.number = ? AND o.stage = ? LIMIT 1",
            (number, int(Stage.WAITING)),
        ).fetchone()
        if row:
            found.add(number)
    return found


def of_record(connection: apsw.Connection, number: int) -> list[int]:
    """The numbers of the reviews that a record is in, the newest first."""
    rows = connection.execute(
        "SELECT review FROM opening_reviewed WHERE number = ? ORDER BY review DESC LIMIT 50", (number,)
    )
    return [int(str(row[0])) for row in rows]


def _records(connection: apsw.Connection, reviews: Sequence[int]) -> dict[int, list[Reviewed]]:
    found: dict[int, list[Reviewed]] = {}
    for review in reviews:
        rows: Any = connection.execute(
            "SELECT number, version, before FROM opening_reviewed WHERE review = ? ORDER BY number", (review,)
        )
        found[review] = [Reviewed(number, version, Opening(before)) for number, version, before in rows]
    return found


def _review(row: Sequence[Any], held: dict[int, list[Reviewed]]) -> OpeningReview:
    (
        number,
        result,
        until,
        ground,
        account,
        person,
        time,
        stage,
        d_account,
        d_by,
        decided,
        remark,
        r_account,
        r_by,
        revoked,
        reason,
    ) = row
    return OpeningReview(
        number, Opening(result), until, ground, By(account, person), time, Stage(stage), By(d_account, d_by), decided, remark,
        By(r_account, r_by), revoked, reason, tuple(held[number]),
    )  # fmt: skip
