"""Elements of catalogue rows mended by a person 修改著录, kept beside what the sheet says; table `correction`.

A sheet that is imported again as it was does not undo them. One that says something new of the same element does: then the sheet has been mended.
Functions run inside the caller's transaction.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import apsw

from holdings import catalogue
from holdings.columns import CODE
from holdings.errors import MendRefused, NotFound
from holdings.expression import expression
from holdings.record import CELL_MAX, MARK, NAME_MAX, Row

if TYPE_CHECKING:
    from holdings.metadata import Violation

REASON_MAX: Final = 2_000  # characters of a reason
_ELSEWHERE: Final = {
    MARK: "密级不能在这里修改：请改正目录表中的密级后重新导入；疑为涉密的立即报保密办",
    CODE: "档号不能在这里修改：请用 node renumber 改号",
}
_CONTROL: Final = expression(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def mend(
    connection: apsw.Connection, match_key: str, values: Mapping[str, str], person: str, reason: str, now: int
) -> dict[str, tuple[str, str]]:
    """Change elements of a row that stands; {element: (old, new)} of those that really change.

    Raises:
        NotFound: no row stands under that key.
        MendRefused: 密级 and 档号 are changed elsewhere; a value that no sheet may have, or that breaks a rule of its element.
    """
    row = _standing(connection, match_key)
    changes = {}
    for name, given in values.items():
        value = given.strip()
        _check(name, value)
        if (old := row.elements.get(name, "")) != value:
            changes[name] = (old, value)
    if not changes:
        return {}
    after = {
        name: value for name, value in {**row.elements, **{n: new for n, (_, new) in changes.items()}}.items() if value
    }
    broken = [v for v in _violations(after, row, now) if v.element in changes]
    if broken:
        raise MendRefused(f"“{broken[0].element}”的新值不合规则：{broken[0].rule}。{broken[0].remedy}")
    catalogue.mend(connection, match_key, {name: new for name, (_, new) in changes.items()})
    for name, (old, value) in changes.items():
        # Mended twice: what the sheet says is still the first old value.
        connection.execute(
            "INSERT INTO correction VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            " ON CONFLICT(match_key, element) DO UPDATE SET value = ?4, person = ?5, reason = ?6, time = ?7",
            (match_key, name, old, value, person, reason, now),
        )
    return changes


def judge(connection: apsw.Connection, match_key: str, values: Mapping[str, str], now: int) -> dict[str, str]:
    """What would be refused of these values, {element: rule and remedy}; nothing is changed. NotFound as `mend`."""
    row = _standing(connection, match_key)
    refused: dict[str, str] = {}
    for name, given in values.items():
        try:
            _check(name, given.strip())
        except MendRefused as fault:
            refused[name] = str(fault)
    after = {name: value for name, value in {**row.elements, **{n: v.strip() for n, v in values.items()}}.items() if value}
    for found in _violations(after, row, now):
        if found.element in values:
            refused.setdefault(found.element, f"{found.rule}。{found.remedy}")
    return refused


def take_back(connection: apsw.Connection, match_key: str, person: str) -> int:
    """What a person mended of a row is again what its sheet says; how many elements."""
    rows: list[Any] = connection.execute(
        "DELETE FROM correction WHERE match_key = ? AND person = ? RETURNING element, old", (match_key, person)
    ).fetchall()
    if rows and catalogue.row_for(connection, match_key) is not None:
        catalogue.mend(connection, match_key, {str(name): str(old) for name, old in rows})
    return len(rows)


def _standing(connection: apsw.Connection, match_key: str) -> Row:
    row = catalogue.row_for(connection, match_key)
    if row is None or catalogue.glance(connection, match_key) is None:
        raise NotFound("此问题没有对应的目录行，不能修改著录；请先导入目录表")
    return row


def _violations(after: dict[str, str], row: Row, now: int) -> list[Violation]:
    # Here: every walk imports this module, and only a person who mends needs the tables of the standards.
    from holdings.metadata import violations

    return list(violations(after, row.level, year=time.gmtime(now).tm_year))


def rename(connection: apsw.Connection, renamed: Mapping[str, str]) -> None:
    """What was mended of rows goes with them when their codes change, {old match key: new}, all at once."""
    kept: list[Any] = []
    for old, new in renamed.items():
        found: list[Any] = connection.execute(
            "DELETE FROM correction WHERE match_key = ? RETURNING element, old, value, person, reason, time", (old,)
        ).fetchall()
        kept += [(new, *row) for row in found]
    connection.executemany("INSERT OR REPLACE INTO correction VALUES (?, ?, ?, ?, ?, ?, ?)", kept)


def lay_again(connection: apsw.Connection) -> int:
    """After an import: mend again what the sheet still says as it did, forget what it now says otherwise. How many were laid again."""
    laid = 0
    rows: list[Any] = connection.execute(
        "SELECT match_key, element, old, value FROM correction ORDER BY match_key"
    ).fetchall()
    for key, name, old, value in rows:
        row = catalogue.row_for(connection, key)
        if row is None or catalogue.glance(connection, key) is None:
            continue
        said = row.elements.get(name, "")
        if said == old and old != value:
            catalogue.mend(connection, key, {name: value})
            laid += 1
        elif said != value:
            connection.execute("DELETE FROM correction WHERE match_key = ? AND element = ?", (key, name))
    return laid


def forget(connection: apsw.Connection, keys: Iterable[str]) -> None:
    """Forget what was mended in rows that are withheld."""
    connection.executemany("DELETE FROM correction WHERE match_key = ?", [(key,) for key in keys])


def _check(name: str, value: str) -> None:
    if name in _ELSEWHERE:
        raise MendRefused(_ELSEWHERE[name])
    if not 1 <= len(name) <= NAME_MAX:
        raise MendRefused(f"著录项名称应为 1 至 {NAME_MAX} 字：--set 题名=新题名")
    if len(value) > CELL_MAX or _CONTROL.search(value):
        raise MendRefused(f"“{name}”的新值过长（不超过 {CELL_MAX:,} 字）或含控制字符")
