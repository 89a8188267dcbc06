"""What persons did about findings: an append-only history that also says who has claimed 领取 what; table `finding_act`.

Several operators work at one list. Whoever acts says how far he has read the history: what came since is shown to him, and nothing is overwritten.
Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import apsw
from msgspec import Struct

from holdings.errors import FindingTaken

CLAIM_S: Final = 4 * 3_600
"""A claim is over after half a working day: nobody has to hunt for a colleague who went home."""
PERSON_MAX: Final = 64  # characters of a name


class ActKind(IntEnum):
    """What a person did; the numbers stand in the database."""

    CLAIM = 1
    UNCLAIM = 2
    WAIVE = 3
    RETRY = 4
    SET_ASIDE = 5
    MEND = 6
    REPLACE = 7
    MOVE = 8
    DROP = 9
    UNDO = 10

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("领取", "放回", "说明后放行", "重新检测", "搁置", "修改著录", "换页重检", "移页", "删除该页", "撤销")[
            self.value - 1
        ]


_KEEPS_CLAIM: Final = {ActKind.SET_ASIDE}


class Act(Struct, frozen=True):
    """One act; `id` grows over all findings, so the last one of a finding is its revision."""

    id: int
    kind: ActKind
    person: str
    time: int
    note: str


def add(connection: apsw.Connection, finding: int, kind: ActKind, person: str, now: int, note: str = "") -> int:
    """Write an act down; returns its id, the finding's new revision. FindingTaken when nobody is named."""
    name = person.strip()
    if not name or len(name) > PERSON_MAX:
        raise FindingTaken(f"须写明经办人姓名（不超过 {PERSON_MAX} 字）：加 --by 姓名")
    connection.execute(
        "INSERT INTO finding_act(finding, kind, person, time, note) VALUES (?, ?, ?, ?, ?)",
        (finding, int(kind), name, now, note),
    )
    return connection.last_insert_rowid()


def hush(connection: apsw.Connection, findings: Iterable[int]) -> None:
    """Forget what persons wrote beside these findings; who did what and when stays."""
    connection.executemany("UPDATE finding_act SET note = '' WHERE finding = ?", [(number,) for number in findings])


def history(connection: apsw.Connection, finding: int) -> list[Act]:
    """Every act about a finding, oldest first."""
    rows = connection.execute(
        "SELECT id, kind, person, time, note FROM finding_act WHERE finding = ? ORDER BY id", (finding,)
    )
    return [Act(number, ActKind(kind), person, time, note) for number, kind, person, time, note in rows]


def last(connection: apsw.Connection, finding: int) -> Act | None:
    """The newest act about a finding."""
    row = connection.execute(
        "SELECT id, kind, person, time, note FROM finding_act WHERE finding = ? ORDER BY id DESC LIMIT 1", (finding,)
    ).fetchone()
    return Act(row[0], ActKind(row[1]), row[2], row[3], row[4]) if row else None


def holder(connection: apsw.Connection, finding: int, now: int) -> str:
    """Who has claimed a finding; empty when nobody has, or did so more than CLAIM_S ago, or has acted since."""
    for act in reversed(history(connection, finding)):
        if act.kind is ActKind.CLAIM:
            # A clock that was set back makes the difference negative: such a claim stands, and may be taken over.
            return act.person if now - act.time < CLAIM_S else ""
        if act.kind not in _KEEPS_CLAIM:
            return ""
    return ""


def guard(
    connection: apsw.Connection,
    finding: int,
    person: str,
    now: int,
    *,
    seen: int | None = None,
    take_over: bool = False,
) -> None:
    """Refuse an act that would run over somebody else's.

    Args:
        seen: revision of the finding that the person had before his eyes; None when he acts without having looked.
        take_over: the person knows of the claim, and acts all the same.

    Raises:
        FindingTaken: another has claimed it, or acted since; says who, what and how long ago.
    """
    newest = last(connection, finding)
    if seen is not None and newest is not None and newest.id != seen:
        raise FindingTaken(
            f"{newest.person} {ago(now - newest.time)}已{newest.kind.label}，您看到的不是最新情况；请重新查看后再办理"
        )
    name = holder(connection, finding, now)
    if name and name != person.strip() and not take_over:
        raise FindingTaken(f"{name} 已领取此问题；请与其商量，或加 --take-over 接手")


def ago(seconds: int) -> str:
    """How long ago, as people say it."""
    for size, word in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{seconds // size} {word}前"
    return "刚刚"
