"""What waits to be brought to the channels: table `alarm_message`. A message is written in the transaction that opens its alarms, and goes when it was taken:
a crash or a dead line between them loses none, and may bring one twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Final

import apsw
from msgspec import Struct

from holdings.alarm_rule import LEVELS, AlarmRule, Mail, Webhook
from hub import alarm_channel, alarm_store
from hub.alarm import AlarmKind, Seen
from hub.alarm_channel import ChannelFailed, Message
from hub.errors import NotAllowed
from sync.database import Database

LOG = logging.getLogger("jindang.hub")
ATTEMPTS: Final = 3
"""Attempts of one go, a second and two apart; then it waits longer and longer."""
TELL_AFTER: Final = 3
"""Goes that fail in a row before the channel itself is an alarm."""
GIVE_UP_S: Final = 2 * 86_400
WAIT_MAX_S: Final = 3_600
WAITING_MAX: Final = 1_000


class Waiting(Struct, frozen=True):
    """One message on its way."""

    number: int
    channel: str
    alarms: tuple[int, ...]
    ended: bool
    made: int
    tries: int


def write(connection: apsw.Connection, rule: AlarmRule, wall: int) -> None:
    """Put what the channels do not know yet into the outbox: alarms that began and are neither rolled up, silenced nor noted; then those that ended."""
    begun = [
        one for one in alarm_store.standing(connection) if one.told == 0 and one.under is None and not one.silent(wall)
    ]
    ended = alarm_store.ended_untold(connection)
    for channel in rule.channels:
        least = LEVELS[channel.severity]
        new = [
            one.number
            for one in begun
            if one.severity >= least and one.acknowledged is None and one.subject != channel.channel
        ]
        over = [one.number for one in ended if one.severity >= least and one.subject != channel.channel]
        for numbers, is_over in ((new, 0), (over, 1)):
            if numbers and _count(connection) < WAITING_MAX:
                connection.execute(
                    "INSERT INTO alarm_message(channel, alarms, ended, made, due) VALUES (?1, ?2, ?3, ?4, ?4)",
                    (channel.channel, json.dumps(numbers), is_over, wall),
                )
    alarm_store.told(connection, [one.number for one in begun], 1)
    alarm_store.told(connection, [one.number for one in ended], 2)


def _count(connection: apsw.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM alarm_message").fetchone()
    return int(row[0]) if row else 0


def due(connection: apsw.Connection, wall: int) -> list[Waiting]:
    """Messages whose time has come, oldest first."""
    rows = connection.execute(
        "SELECT number, channel, alarms, ended, made, tries FROM alarm_message WHERE due <= ? ORDER BY number", (wall,)
    )
    return [Waiting(row[0], row[1], tuple(json.loads(row[2])), bool(row[3]), row[4], row[5]) for row in rows]


def forget(connection: apsw.Connection, waiting: Waiting) -> None:
    """It was taken, or is of no use any more."""
    connection.execute("DELETE FROM alarm_message WHERE number = ?", (waiting.number,))


def deliver(database: Database, rule: AlarmRule, hub: str, wall: int, pause: Callable[[float], object]) -> int:
    """Bring every message that is due; how many were taken. `pause` waits between attempts, and returns at once when the hub stops."""
    channels, taken, failed = {one.channel: one for one in rule.channels}, 0, set()
    for waiting in due(database.read(), wall):
        channel = channels.get(waiting.channel)
        if channel is None:
            _drop(database, waiting, wall)
            continue
        if waiting.channel in failed:
            continue  # its turn comes with the next look; others need not wait for it
        fault = _bring(database, channel, waiting, hub, pause)
        if fault:
            failed.add(waiting.channel)
            _later(database, waiting, channel, fault, wall)
            continue
        # A crash before this brings the message again.
        with database.transaction() as connection:
            forget(connection, waiting)
            alarm_store.close_subject(connection, AlarmKind.CHANNEL, waiting.channel, wall)
        taken += 1
    return taken


def _bring(
    database: Database, channel: Webhook | Mail, waiting: Waiting, hub: str, pause: Callable[[float], object]
) -> str:
    """Try a few times; the reason of the last failure, blank when it was taken."""
    from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

    message = Message(hub, tuple(_known(database, waiting.alarms)), waiting.ended)
    if not message.alarms:
        return ""

    def waits(seconds: float) -> None:
        pause(seconds)

    tries = Retrying(
        retry=retry_if_exception_type(ChannelFailed), stop=stop_after_attempt(ATTEMPTS), wait=wait_exponential_jitter(initial=1, max=4),
        sleep=waits,
    )  # fmt: skip
    try:
        tries(_once, channel, message)
    except RetryError as fault:
        return str(fault.last_attempt.exception())
    return ""


def _once(channel: Webhook | Mail, message: Message) -> None:
    if isinstance(channel, Webhook):
        alarm_channel.post(channel, message)
    else:
        alarm_channel.send(channel, message.subject, message.text)


def _known(database: Database, numbers: tuple[int, ...]) -> list[alarm_store.Alarm]:
    found = []
    for number in numbers:
        try:
            found.append(alarm_store.get(database.read(), number))
        except NotAllowed:
            continue  # let go of after 400 days
    return found


def _later(database: Database, waiting: Waiting, channel: Webhook | Mail, fault: str, wall: int) -> None:
    LOG.error("告警通道“%s”：%s", channel.name, fault)
    tries = waiting.tries + 1
    with database.transaction() as connection:
        if wall - waiting.made > GIVE_UP_S:
            forget(connection, waiting)
        else:
            wait = min(WAIT_MAX_S, 60 * 2 ** min(tries, 6))
            connection.execute(
                "UPDATE alarm_message SET tries = ?, due = ? WHERE number = ?", (tries, wall + wait, waiting.number)
            )
        if tries >= TELL_AFTER:
            alarm_store.raise_one(
                connection, Seen(AlarmKind.CHANNEL, waiting.channel, "", {"name": channel.name, "text": fault}), wall
            )


def _drop(database: Database, waiting: Waiting, wall: int) -> None:
    """The site has taken the channel out."""
    with database.transaction() as connection:
        forget(connection, waiting)
        alarm_store.close_subject(connection, AlarmKind.CHANNEL, waiting.channel, wall)
