"""Table `operator`: who signs in at this node. Functions run inside the caller's transaction."""

from __future__ import annotations

from typing import Any, Final

import apsw

from holdings.errors import NotFound
from holdings.operator import OPERATORS_MAX, Operator, OperatorRefused, OperatorRole, OperatorState

_FIELDS: Final = (
    "number, person, role, unit, state, password_set, start_until, failures, barred_until, created, created_by, last_in"
)


def exist(connection: apsw.Connection) -> bool:
    """Has this node any operator, disabled ones too? Then nobody works at it without signing in."""
    return connection.execute("SELECT 1 FROM operator LIMIT 1").fetchone() is not None


def every(connection: apsw.Connection) -> list[Operator]:
    """All operators, by 工号."""
    return [_operator(row) for row in connection.execute(f"SELECT {_FIELDS} FROM operator ORDER BY number")]


def find(connection: apsw.Connection, number: str) -> Operator | None:
    """The operator of a folded 工号."""
    row = connection.execute(f"SELECT {_FIELDS} FROM operator WHERE number = ?", (number,)).fetchone()
    return _operator(row) if row else None


def get(connection: apsw.Connection, number: str) -> Operator:
    """The operator of a folded 工号; NotFound when there is none."""
    if (found := find(connection, number)) is None:
        raise NotFound(f"没有工号“{number}”；请用 jindang node operator list 查看")
    return found


def password(connection: apsw.Connection, number: str) -> str:
    """The encoded password; empty for nobody."""
    row = connection.execute("SELECT password FROM operator WHERE number = ?", (number,)).fetchone()
    return str(row[0]) if row else ""


def add(connection: apsw.Connection, made: Operator, encoded: str) -> None:
    """Write a new operator down; OperatorRefused when the 工号 was given before, or there are 500."""
    if find(connection, made.number) is not None:
        raise OperatorRefused(f"工号“{made.number}”已用过，停用的也不再给别人；请换一个工号")
    if len(every(connection)) >= OPERATORS_MAX:
        raise OperatorRefused(f"操作员已有 {OPERATORS_MAX} 人；请先核对名单")
    connection.execute(
        f"INSERT INTO operator({_FIELDS}, password) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (made.number, made.person, made.role.value, made.unit, made.state.value, made.password_set, made.start_until, 0, 0, made.created, made.created_by,
         None, encoded),
    )  # fmt: skip


def set_state(connection: apsw.Connection, number: str, state: OperatorState) -> None:
    """Disable, or let in again; a bar ends with it."""
    connection.execute(
        "UPDATE operator SET state = ?, failures = 0, barred_until = 0 WHERE number = ?", (state.value, number)
    )


def set_password(connection: apsw.Connection, number: str, encoded: str, wall: int, start_until: int | None) -> None:
    """Another password; a bar ends with it."""
    connection.execute(
        "UPDATE operator SET password = ?, password_set = ?, start_until = ?, failures = 0, barred_until = 0 WHERE number = ?",
        (encoded, wall, start_until, number),
    )


def failed(connection: apsw.Connection, number: str, barred_until: int) -> None:
    """A wrong password; `barred_until` 0 bars nobody."""
    connection.execute(
        "UPDATE operator SET failures = failures + 1, barred_until = max(barred_until, ?) WHERE number = ?",
        (barred_until, number),
    )


def came_in(connection: apsw.Connection, number: str, wall: int) -> None:
    """Signed in."""
    connection.execute(
        "UPDATE operator SET failures = 0, barred_until = 0, last_in = ? WHERE number = ?", (wall, number)
    )


def _operator(row: tuple[Any, ...]) -> Operator:
    number, person, role, unit, state, *rest = row
    return Operator(number, person, OperatorRole(role), unit, OperatorState(state), *rest)
