"""Quarantine 待处理: findings that wait for a person; table `finding`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings import finding_acts, tally
from holdings.errors import NotFound, WaiveRefused
from holdings.findings import Finding, FindingCode, Severity

REASON_MAX: Final = 2_000  # characters of a reason


class FindingState(IntEnum):
    """Where a finding stands: open 待处理, set aside 搁置 (visible, counted), waived 说明后放行, resolved."""

    OPEN = 0
    SET_ASIDE = 1
    WAIVED = 2
    RESOLVED = 3


_SELECT: Final = (
    "SELECT id, scope, subject, path, code, ref, detail, state, opened, closed, person, reason FROM finding"
)


class Listed(Struct, frozen=True):
    """A finding as the list shows it; times are whole seconds UTC, `closed` None while it waits."""

    id: int
    scope: str
    finding: Finding
    state: FindingState
    opened: int
    closed: int | None
    person: str
    reason: str


def put(connection: apsw.Connection, finding: Finding, now: int, scope: str = "") -> int:
    """Note a finding once per (path, code) and return its id.

    A resolved one opens again; a waived one only when its particulars differ.
    """
    row = connection.execute(
        "SELECT id, state, detail, subject FROM finding WHERE path = ? AND code = ?", (finding.path, finding.code.slug)
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO finding(scope, subject, path, code, ref, detail, severity, state, opened)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
            (
                scope,
                finding.subject,
                finding.path,
                finding.code.slug,
                finding.ref,
                finding.detail,
                int(finding.code.severity),
                now,
            ),
        )
        number = connection.last_insert_rowid()
        _count(connection, finding, number, +1)
        return number
    number, state, detail, subject = int(row[0]), FindingState(row[1]), row[2], row[3]
    waits = state in (FindingState.OPEN, FindingState.SET_ASIDE)
    reopen = state is FindingState.RESOLVED or (state is FindingState.WAIVED and detail != finding.detail)
    if waits and (detail, subject) == (finding.detail, finding.subject):
        return number
    if waits or reopen:
        if waits:
            _count(connection, _finding(connection, number), number, -1)
        connection.execute(
            "UPDATE finding SET scope = ?, subject = ?, ref = ?, detail = ?, state = ?, closed = NULL, person = '',"
            " reason = '', opened = CASE WHEN ? THEN ? ELSE opened END WHERE id = ?",
            (scope, finding.subject, finding.ref, finding.detail, 0 if reopen else int(state), reopen, now, number),
        )
        _count(connection, finding, number, +1)
    return number


def settle(connection: apsw.Connection, scope: str, findings: Iterable[Finding], now: int) -> None:
    """Make the waiting findings of one scope exactly these: new ones are put, those no longer true are resolved."""
    kept = {put(connection, finding, now, scope) for finding in findings}
    for number in _numbers(connection, "scope = ?", (scope,)):
        if number not in kept:
            _close(connection, number, FindingState.RESOLVED, now)


def resolve(connection: apsw.Connection, path: str, now: int, code: FindingCode | None = None) -> int:
    """Close what waits at a path (one code, or all) because it is no longer true; returns how many."""
    return _resolve(connection, "path", path, now, code)


def resolve_subject(connection: apsw.Connection, subject: str, now: int, code: FindingCode | None = None) -> int:
    """Close what waits about a subject (one code, or all) because it is no longer true; returns how many."""
    return _resolve(connection, "subject", subject, now, code)


def hush(connection: apsw.Connection, subjects: Sequence[str]) -> None:
    """Forget what findings quoted of records that are withheld now, and the reasons that persons wrote; codes and places stay."""
    found: list[Any] = connection.execute(
        "UPDATE finding SET detail = '', reason = '' WHERE subject IN (SELECT value FROM carray(?)) RETURNING id",
        (apsw.carray(tuple(subjects), flags=apsw.SQLITE_CARRAY_TEXT),),
    ).fetchall()
    finding_acts.hush(connection, [int(number) for (number,) in found])


def get(connection: apsw.Connection, number: int) -> Listed:
    """One finding by its id, whatever its state; NotFound when there is none."""
    row = connection.execute(_SELECT + " WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFound(f"没有编号为 {number} 的问题；用 node quarantine list 查看")
    return _listed(row)


def list_open(
    connection: apsw.Connection, *, limit: int = 1_000, after: int = 0, code: str = "", place: str = ""
) -> list[Listed]:
    """What waits (open and set aside), oldest id first, from after an id on; of one code, and of paths or 档号 that begin with `place`, when given."""
    rows = connection.execute(
        _SELECT + " WHERE state IN (0, 1) AND id > ?1 AND (?3 = '' OR code = ?3)"
        " AND (?4 = '' OR substr(path, 1, length(?4)) = ?4 OR substr(ref, 1, length(?4)) = ?4) ORDER BY id LIMIT ?2",
        (after, limit, code, place),
    )
    return [_listed(row) for row in rows]


def waiting_by_severity(connection: apsw.Connection) -> dict[str, int]:
    """How many findings wait, by the name of their severity in lower case."""
    rows = connection.execute("SELECT severity, count(*) FROM finding WHERE state IN (0, 1) GROUP BY severity")
    found = {int(severity): int(count) for severity, count in rows}
    return {severity.name.lower(): found.get(int(severity), 0) for severity in Severity}


def waiting_by_code(connection: apsw.Connection) -> list[tuple[FindingCode, int]]:
    """(code, how many wait), the most frequent first."""
    rows = connection.execute("SELECT code, count(*) FROM finding WHERE state IN (0, 1) GROUP BY code ORDER BY 2 DESC, 1")
    return [(FindingCode(slug), int(count)) for slug, count in rows]


def waiting_below(connection: apsw.Connection, place: str) -> int:
    """How many findings wait about what lies below a place, and about the rows of a sheet `place#…`; read from the indexes."""
    spans = ((f"{place}/", f"{place}0"), (f"{place}#", f"{place}$"))
    total = 0
    for begins, ends in spans:
        for where in ("scope >= ?1 AND scope < ?2", "scope = '' AND path >= ?1 AND path < ?2"):
            query = "SELECT count(*) FROM finding WHERE state IN (0, 1) AND " + where
            total += sum(int(row[0]) for row in connection.execute(query, (begins, ends)))
    return total


def waiting_numbers(connection: apsw.Connection, *, code: str = "", place: str = "", severity: Severity | None = None) -> list[int]:
    """Ids of what waits, errors first, then by id: narrowed to a code, a severity, and paths or 档号 that hold `place`."""
    rows = connection.execute(
        "SELECT id FROM finding WHERE state IN (0, 1) AND (?1 = '' OR code = ?1) AND (?3 IS NULL OR severity = ?3)"
        " AND (?2 = '' OR instr(path, ?2) OR instr(ref, ?2)) ORDER BY severity DESC, id",
        (code, place, None if severity is None else int(severity)),
    )
    return [int(row[0]) for row in rows]


def several(connection: apsw.Connection, numbers: Sequence[int]) -> list[Listed]:
    """These findings, whatever their state; numbers that there are not are passed over."""
    marks = ", ".join("?" * len(numbers))
    return [_listed(row) for row in connection.execute(f"{_SELECT} WHERE id IN ({marks}) ORDER BY id", tuple(numbers))]


def every(connection: apsw.Connection, *, after: int = 0, limit: int = 1_000) -> list[Listed]:
    """Findings in any state by id, from after an id on: for reports that count them."""
    return [_listed(row) for row in connection.execute(_SELECT + " WHERE id > ? ORDER BY id LIMIT ?", (after, limit))]


def for_subject(connection: apsw.Connection, subject: str) -> list[Listed]:
    """Everything ever found about one subject, oldest first."""
    return [_listed(row) for row in connection.execute(_SELECT + " WHERE subject = ? ORDER BY id", (subject,))]


def waived_codes(connection: apsw.Connection, subject: str) -> frozenset[FindingCode]:
    """Codes that a person waived for a subject, so that its checks pass over them."""
    rows = connection.execute("SELECT DISTINCT code FROM finding WHERE subject = ? AND state = 2", (subject,))
    return frozenset(FindingCode(slug) for (slug,) in rows)


def carry_waivers(connection: apsw.Connection, renamed: Mapping[str, str]) -> None:
    """What was waived about a subject holds under its new name; all at once, so that two subjects may swap theirs. What
    waits is put anew by the next look.
    """
    moves: list[tuple[str, int]] = []
    for old, new in renamed.items():
        rows: list[tuple[Any, ...]] = connection.execute(
            "SELECT id FROM finding WHERE subject = ? AND state = 2", (old,)
        ).fetchall()
        moves += [(new, int(number)) for (number,) in rows]
    connection.executemany("UPDATE finding SET subject = ? WHERE id = ?", moves)


def waive(connection: apsw.Connection, number: int, reason: str, by: str, now: int) -> None:
    """说明后放行: let pass with a reason in a person's name.

    WaiveRefused for codes that need their remedy, NotFound when nothing waits.
    """
    listed = _waiting(connection, number)
    if not listed.finding.code.waivable:
        raise WaiveRefused(f"此类问题不能说明后放行。处理办法：{listed.finding.remedy}")
    if not reason.strip() or not by.strip() or len(reason) > REASON_MAX:
        raise WaiveRefused(f"说明后放行须写明理由（不超过 {REASON_MAX} 字）和姓名")
    _close(connection, number, FindingState.WAIVED, now, by.strip(), reason.strip())


def set_aside(connection: apsw.Connection, number: int, by: str) -> None:
    """搁置: leave it for later; it stays visible and counted. NotFound when nothing waits."""
    _waiting(connection, number)
    connection.execute("UPDATE finding SET state = 1, person = ? WHERE id = ?", (by, number))


def reopen(connection: apsw.Connection, number: int) -> None:
    """Let a finding wait again that was set aside, waived or resolved; one that waits already stays as it is."""
    listed = get(connection, number)
    if listed.state is FindingState.OPEN:
        return
    connection.execute("UPDATE finding SET state = 0, closed = NULL, person = '', reason = '' WHERE id = ?", (number,))
    if listed.state is not FindingState.SET_ASIDE:
        _count(connection, listed.finding, number, +1)


def retry(connection: apsw.Connection, number: int, now: int) -> Listed:
    """重新检测: close the finding so that the next look decides; returns what it was. NotFound when nothing waits."""
    listed = _waiting(connection, number)
    _close(connection, number, FindingState.RESOLVED, now)
    return listed


def count_subjects(connection: apsw.Connection) -> int:
    """How many subjects are stopped by an error that waits; kept, not counted."""
    return tally.read(connection, tally.Count.QUARANTINED, "")


def _resolve(connection: apsw.Connection, column: str, value: str, now: int, code: FindingCode | None) -> int:
    """Close what waits where a column has a value."""
    found = _numbers(connection, f"{column} = ?1 AND (?2 IS NULL OR code = ?2)", (value, code.slug if code else None))
    for number in found:
        _close(connection, number, FindingState.RESOLVED, now)
    return len(found)


def _numbers(connection: apsw.Connection, where: str, params: tuple[str | None, ...]) -> list[int]:
    """Ids of what waits under a condition."""
    query = "SELECT id FROM finding WHERE state IN (0, 1) AND " + where
    rows: list[tuple[Any, ...]] = connection.execute(query, params).fetchall()
    return [int(number) for (number,) in rows]


def _waiting(connection: apsw.Connection, number: int) -> Listed:
    """A finding that still waits, or NotFound."""
    listed = get(connection, number)
    if listed.state not in (FindingState.OPEN, FindingState.SET_ASIDE):
        raise NotFound(f"编号 {number} 的问题已经处理过")
    return listed


def _close(
    connection: apsw.Connection, number: int, state: FindingState, now: int, person: str = "", reason: str = ""
) -> None:
    """Take a waiting finding out of the list."""
    finding = _finding(connection, number)
    connection.execute(
        "UPDATE finding SET state = ?, closed = ?, person = ?, reason = ? WHERE id = ?",
        (int(state), now, person, reason, number),
    )
    _count(connection, finding, number, -1)


def _count(connection: apsw.Connection, finding: Finding, number: int, by: int) -> None:
    """Move the counter when this is the only waiting error of its subject. Called after putting, and after closing."""
    if finding.code.severity is not Severity.ERROR:
        return
    others = connection.execute(
        "SELECT 1 FROM finding WHERE subject = ? AND severity = ? AND id <> ? AND state IN (0, 1) LIMIT 1",
        (finding.subject, int(Severity.ERROR), number),
    ).fetchone()
    if others is None:
        tally.add(connection, tally.Count.QUARANTINED, by)


def _finding(connection: apsw.Connection, number: int) -> Finding:
    """The finding of a row that is known to exist."""
    return get(connection, number).finding


def _listed(row: tuple[Any, ...]) -> Listed:
    """Build a list entry from `_COLUMNS`."""
    number, scope, subject, path, code, ref, detail, state, opened, closed, person, reason = row
    finding = Finding(FindingCode(code), subject, path, ref, detail)
    return Listed(number, scope, finding, FindingState(state), opened, closed, person, reason)
