"""Alarms that stand, with who took note of them, remarks, silences: tables `alarm_case`, `alarm_note`. All SQL about them; callers own the transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.language import mark
from hub.alarm import About, AlarmKind, Seen, Severity
from hub.errors import NotAllowed

NOTE_MAX: Final = 500
NOTES_MAX: Final = 200
SILENCE_DAYS_MAX: Final = 30
CLOSED_KEPT_S: Final = 400 * 86_400
OPEN_MAX: Final = 5_000
"""Alarms that stand at one time: 200 nodes have nine kinds each."""
DAY_S: Final = 86_400
_FIELDS: Final = "number, kind, subject, name, facts, opened, seen, closed, under, acknowledged, by, silent_until, told"


class Alarm(Struct, frozen=True):
    """One alarm; times in whole seconds UTC. `under`: the alarm that speaks for this one. `told`: the channels know of its beginning (1), of its end (2)."""

    number: int
    kind: AlarmKind
    subject: str
    name: str
    values: dict[str, Any]
    opened: int
    seen: int
    closed: int | None
    under: int | None
    acknowledged: int | None
    by: str
    silent_until: int
    told: int

    @property
    def about(self) -> About:
        """Its kind."""
        return self.kind.about

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.about.severity

    @property
    def text(self) -> str:
        """The sentence in Chinese."""
        return self.about.text.format(**self.values)

    @property
    def state(self) -> str:
        """open, acknowledged or closed."""
        return "closed" if self.closed is not None else "acknowledged" if self.acknowledged is not None else "open"

    def silent(self, wall: int) -> bool:
        """Is it silenced now?"""
        return self.silent_until > wall


class Note(Struct, frozen=True):
    """A remark."""

    wall: int
    by: str
    text: str


def standing(connection: apsw.Connection) -> list[Alarm]:
    """All that are not closed, in the order of their numbers."""
    return [
        _alarm(row)
        for row in connection.execute(
            f"SELECT {_FIELDS} FROM alarm_case WHERE closed IS NULL ORDER BY number LIMIT ?", (OPEN_MAX,)
        )
    ]


def closed(connection: apsw.Connection, limit: int = 100, before: int = 0) -> list[Alarm]:
    """Closed ones, newest first; `before`: numbers below it."""
    rows = connection.execute(
        f"SELECT {_FIELDS} FROM alarm_case WHERE closed IS NOT NULL AND (?1 = 0 OR number < ?1) ORDER BY number DESC LIMIT ?2",
        (before, limit),
    )
    return [_alarm(row) for row in rows]


def by_day(connection: apsw.Connection, since: int, zone_s: int) -> dict[tuple[str, Severity], int]:
    """How many began on each day from `since` on (seconds UTC; days of a zone so many seconds east), by severity; those that another speaks for too."""
    rows = connection.execute(
        "SELECT date(opened + ?2, 'unixepoch'), kind, count(*) FROM alarm_case WHERE opened >= ?1 GROUP BY 1, 2", (since, zone_s)
    )
    found: dict[tuple[str, Severity], int] = {}
    for day, kind, count in rows:
        at = str(day), AlarmKind(kind).about.severity
        found[at] = found.get(at, 0) + int(str(count))
    return found


def of_subject(connection: apsw.Connection, subject: str, limit: int = 50) -> list[Alarm]:
    """Those about one node, newest first, closed ones among them."""
    rows = connection.execute(
        f"SELECT {_FIELDS} FROM alarm_case WHERE subject = ? ORDER BY number DESC LIMIT ?", (subject, limit)
    )
    return [_alarm(row) for row in rows]


def get(connection: apsw.Connection, number: int) -> Alarm:
    """One; NotAllowed when there is none."""
    row = connection.execute(f"SELECT {_FIELDS} FROM alarm_case WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise NotAllowed(mark("没有这条告警。"))
    return _alarm(row)


def settle(connection: apsw.Connection, found: Iterable[Seen], wall: int) -> None:
    """Bring what stands to what was found: new ones open, known ones are seen again, standing ones that are gone close.

    What a roll-up speaks for stands under it, and comes out from under it when the roll-up ends.
    """
    known = {(alarm.kind, alarm.subject): alarm for alarm in standing(connection)}
    numbers, seen = {}, list(found)
    for one in seen:
        number = _keep(connection, one, known.get((one.kind, one.subject)), wall)
        numbers[one.kind, one.subject] = number
    above = {node: numbers[one.kind, one.subject] for one in seen for node in one.nodes}
    for one in seen:
        under = above.get(one.subject) if one.kind is AlarmKind.SILENT else None
        connection.execute(
            "UPDATE alarm_case SET under = ?2 WHERE number = ?1 AND under IS NOT ?2",
            (numbers[one.kind, one.subject], under),
        )
    for key, alarm in known.items():
        if alarm.about.standing and alarm.kind is not AlarmKind.CHANNEL and key not in numbers:
            close(connection, alarm.number, wall)
    connection.execute("DELETE FROM alarm_case WHERE closed < ?", (wall - CLOSED_KEPT_S,))


def _keep(connection: apsw.Connection, one: Seen, known: Alarm | None, wall: int) -> int:
    facts = json.dumps(one.values, ensure_ascii=False, sort_keys=True)
    if known is not None:
        connection.execute("UPDATE alarm_case SET seen = ?, facts = ? WHERE number = ?", (wall, facts, known.number))
        return known.number
    row = connection.execute(
        "INSERT INTO alarm_case(kind, subject, name, facts, opened, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?5) RETURNING number",
        (one.kind.value, one.subject, one.name, facts, wall),
    ).fetchone()
    assert row is not None
    return int(row[0])


def raise_one(connection: apsw.Connection, one: Seen, wall: int) -> int:
    """Open one, or see it again; its number."""
    row = connection.execute(
        f"SELECT {_FIELDS} FROM alarm_case WHERE kind = ? AND subject = ? AND closed IS NULL",
        (one.kind.value, one.subject),
    ).fetchone()
    return _keep(connection, one, _alarm(row) if row else None, wall)


def close(connection: apsw.Connection, number: int, wall: int) -> None:
    """It is gone."""
    connection.execute("UPDATE alarm_case SET closed = ? WHERE number = ? AND closed IS NULL", (wall, number))


def close_subject(connection: apsw.Connection, kind: AlarmKind, subject: str, wall: int) -> None:
    """What was about this is gone."""
    connection.execute(
        "UPDATE alarm_case SET closed = ? WHERE kind = ? AND subject = ? AND closed IS NULL",
        (wall, kind.value, subject),
    )


def acknowledge(connection: apsw.Connection, number: int, by: str, wall: int) -> Alarm:
    """A person has taken note; what does not end by itself ends with it. NotAllowed when it is closed."""
    alarm = get(connection, number)
    if alarm.closed is not None:
        raise NotAllowed(mark("这条告警已经结束。"))
    connection.execute("UPDATE alarm_case SET acknowledged = ?, by = ? WHERE number = ?", (wall, by, number))
    if not alarm.about.standing:
        close(connection, number, wall)
    return get(connection, number)


def silence(connection: apsw.Connection, number: int, until: int, wall: int) -> Alarm:
    """Tell no channel of it until then (seconds UTC; not later than 30 days); a time that has passed ends the silence."""
    alarm = get(connection, number)
    if alarm.closed is not None:
        raise NotAllowed(mark("这条告警已经结束。"))
    if until - wall > SILENCE_DAYS_MAX * DAY_S:
        raise NotAllowed(mark("暂停提醒最长 30 天。"))
    connection.execute("UPDATE alarm_case SET silent_until = ? WHERE number = ?", (max(0, until), number))
    return get(connection, number)


def add_note(connection: apsw.Connection, number: int, by: str, text: str, wall: int) -> None:
    """A remark of 1 to 500 characters; NotAllowed otherwise, or when there are 200."""
    get(connection, number)
    if not text.strip() or len(text) > NOTE_MAX:
        raise NotAllowed(mark("备注为 1 至 500 字。"))
    if len(notes(connection, number)) >= NOTES_MAX:
        raise NotAllowed(mark("一条告警的备注至多 200 条。"))
    connection.execute(
        "INSERT INTO alarm_note(alarm, wall, by, text) VALUES (?, ?, ?, ?)", (number, wall, by, text.strip())
    )


def notes(connection: apsw.Connection, number: int) -> list[Note]:
    """Its remarks, oldest first."""
    return [
        Note(*row)
        for row in connection.execute(
            "SELECT wall, by, text FROM alarm_note WHERE alarm = ? ORDER BY number", (number,)
        )
    ]


def told(connection: apsw.Connection, numbers: Iterable[int], stage: int) -> None:
    """The channels were given them: their beginning (1), their end (2)."""
    connection.executemany("UPDATE alarm_case SET told = ?2 WHERE number = ?1", ((number, stage) for number in numbers))


def ended_untold(connection: apsw.Connection) -> list[Alarm]:
    """Closed ones whose beginning the channels know and whose end they do not."""
    return [
        _alarm(row)
        for row in connection.execute(
            f"SELECT {_FIELDS} FROM alarm_case WHERE closed IS NOT NULL AND told = 1 ORDER BY number"
        )
    ]


def _alarm(row: tuple[Any, ...]) -> Alarm:
    return Alarm(row[0], AlarmKind(row[1]), row[2], row[3], json.loads(row[4]), *row[5:])
