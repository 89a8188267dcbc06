"""Verbs about operators and the journal 审计日志; who may ask them stands in holdings.operator_rules, who asked in the journal."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from holdings import journal
from holdings.journal import Act, Filter
from holdings.operator import (
    START_DAYS,
    Operator,
    OperatorRefused,
    OperatorRole,
    OperatorState,
    check_number,
    check_person,
    folded,
)
from holdings.password import Passwords, start_password
from node import journal_anchor, operators
from node.door import told
from node.errors import ConfigurationWrong
from node.verbs import Answer, Verbs
from sync import durable

DAY_S = 86_400
PORTION = 200


class OperatorVerbs(Verbs):
    """Operators are made with a start password that is shown once, disabled, let in again; never removed: their acts stay."""

    def operator_list(self) -> Answer:
        """Everybody who may sign in here, or might."""
        return {"operators": [told(one) for one in operators.every(self._home.database.read())]}

    def operator_add(
        self,
        number: str,
        person: str,
        role: Literal["operator", "reviewer", "contractor", "admin", "auditor"],
        unit: str = "",
        by: str = "",
    ) -> Answer:
        """A new operator and the start password, shown this once. The first one must be an administrator: from then on everybody signs in."""
        kind, wall = OperatorRole(role), self._seconds()
        number, (person, unit) = check_number(number), check_person(person, unit, kind)
        word = start_password(os.urandom)
        encoded = Passwords().encode(word)
        with self._home.database.transaction() as connection:
            if kind is not OperatorRole.ADMIN and not operators.exist(connection):
                raise OperatorRefused("第一位须是管理员：此后人人须登录；请先用 --role admin 建立")
            made = Operator(
                number, person, kind, unit, OperatorState.ACTIVE, wall, wall + START_DAYS * DAY_S, 0, 0, wall, by, None
            )
            operators.add(connection, made, encoded)
        return {"operator": told(made), "start_password": word}

    def operator_disable(self, number: str) -> Answer:
        """停用: signed out at once, and let in no more."""
        return self._set(number, OperatorState.DISABLED)

    def operator_enable(self, number: str) -> Answer:
        """Let in again."""
        return self._set(number, OperatorState.ACTIVE)

    def _set(self, number: str, state: OperatorState) -> Answer:
        with self._home.database.transaction() as connection:
            found = operators.get(connection, folded(number))
            admins = [
                one
                for one in operators.every(connection)
                if one.role is OperatorRole.ADMIN and one.state is OperatorState.ACTIVE
            ]
            if state is OperatorState.DISABLED and admins == [found]:
                raise OperatorRefused("这是唯一的管理员；请先另立一位，再停用")
            operators.set_state(connection, found.number, state)
            return {"operator": told(operators.get(connection, found.number))}

    def operator_reset(self, number: str) -> Answer:
        """A new start password, shown this once; what the person had opened ends."""
        word, wall = start_password(os.urandom), self._seconds()
        encoded = Passwords().encode(word)
        with self._home.database.transaction() as connection:
            found = operators.get(connection, folded(number))
            # One beyond the last: a session that was opened within this second ends too.
            operators.set_password(
                connection, found.number, encoded, max(wall, found.password_set + 1), wall + START_DAYS * DAY_S
            )
            return {"operator": told(operators.get(connection, found.number)), "start_password": word}

    # ------------------------------------------------------------ the journal

    def journal_list(
        self, person: str = "", verb: str = "", day: str = "", before: int = 0, limit: int = PORTION
    ) -> Answer:
        """The latest acts, newest first, at most 500; narrowed to a 工号 (or `local:UID`), a verb, a local day (2026-11-22); `before` goes on below a number."""
        since, until = _day(day)
        reading = self._home.database.read()
        acts = journal.find(
            reading, Filter(person=person, verb=verb, since=since, until=until), before=before, limit=max(1, limit)
        )
        names = {one.number: one.person for one in operators.every(reading)}
        return {"acts": [_act(one, names) for one in acts], "total": journal.head(reading)[0]}

    def journal_verify(self) -> Answer:
        """Is the chain of hashes whole, and does it agree with what was signed of it in this node's log?"""
        reading = self._home.database.read()
        anchors = journal_anchor.anchors(self._home)
        faults = journal.verify(reading, anchors)
        number, value = journal.head(reading)
        findings = [
            {"what": one.what, "where": f"审计日志第 {one.number} 条", "remedy": "请保留现场，不要再写入，并报告市馆信息中心"}
            for one in faults
        ]
        return {"ok": not faults, "findings": findings, "acts": number, "head": value.hex(), "anchored": max(anchors, default=0)}

    def journal_export(self, destination: str, person: str = "") -> Answer:
        """The journal as one CSV with the hashes, for whoever audits."""
        reading = self._home.database.read()
        data = b"".join(journal.sheet(journal.walk(reading, Filter(person=person))))
        file = Path(destination) / "审计日志.csv"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            durable.write_file(file, data)
        except OSError as fault:
            raise ConfigurationWrong(f"{destination} 写不进去：{fault.strerror or fault}。请换一个目标，或检查权限与空间。") from fault
        return {"file": str(file), "acts": journal.head(reading)[0]}


def _day(day: str) -> tuple[int, int]:
    if not day:
        return 0, 0
    try:
        begins = datetime.strptime(day, "%Y-%m-%d").astimezone()
    except ValueError as fault:
        raise ConfigurationWrong(f"日期“{day}”不对；请写作 2026-11-22") from fault
    return int(begins.timestamp()), int(begins.timestamp()) + DAY_S


def _act(one: Act, names: dict[str, str]) -> Answer:
    deed = one.deed
    return {
        "number": one.number, "wall": deed.wall, "time": f"{datetime.fromtimestamp(deed.wall, UTC).astimezone():%Y-%m-%d %H:%M:%S}",
        "person": deed.person, "name": names.get(deed.person, ""), "role": deed.role, "address": deed.address, "verb": deed.verb,
        "subject": deed.subject, "outcome": deed.outcome.name.lower(), "note": deed.note, "hash": one.hash.hex(),
    }  # fmt: skip
