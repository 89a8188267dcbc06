"""The hub's own log: genesis, enrolments, revocations, alarms, appended inside the caller's transaction (format.md §7)."""

from __future__ import annotations

from typing import Any

import apsw

from crypto.signing import SigningKey
from hub import front, restored
from hub.clock import Clock
from hub.errors import NotAllowed
from sync import entry as entries
from sync import log as logs
from sync.entry import Entry, EntryKind, Genesis, Head
from sync.errors import BadEntry, StoreDamaged


class OwnLog:
    """Writes the hub's log, and does not while a node is known to hold more of it than the hub does.

    A hub that was restored from an old copy must first take its own entries back, or it would sign a used number again (DESIGN §4).
    """

    def __init__(self, key: SigningKey, genesis: Genesis, clock: Clock) -> None:
        self._key, self.genesis, self._clock = key, genesis, clock
        self._claims: dict[bytes, Head] = {}

    @property
    def hub_id(self) -> bytes:
        """The log_id."""
        return self.genesis.log_id

    def head(self, connection: apsw.Connection) -> Head:
        """The last entry."""
        own = logs.find(connection, self.hub_id)
        if own is None:
            raise StoreDamaged("front.db 中没有本中心的日志。请从备份恢复。")
        return own.head

    def claim(self, connection: apsw.Connection, log_id: bytes, held: Head) -> int | None:
        """A node says which entry of this log it holds; the seq from which the hub wants its own entries back, None when it lacks none."""
        head = self.head(connection)
        if held.seq <= head.seq:
            self._claims.pop(log_id, None)
            restored.heard(connection, log_id)
            return None
        self._claims[log_id] = held
        return head.seq + 1

    def drop_claim(self, connection: apsw.Connection, log_id: bytes) -> None:
        """The node is revoked: what it says it holds, or might say after a restore, no longer stops us."""
        self._claims.pop(log_id, None)
        restored.heard(connection, log_id)

    def behind(self, connection: apsw.Connection) -> bool:
        """Does some node say that it holds more of this log, or has one not spoken since we were restored?"""
        head = self.head(connection)
        return restored.waits(connection) or any(held.seq > head.seq for held in self._claims.values())

    def append(self, connection: apsw.Connection, kind: EntryKind, body: dict[int, Any]) -> Entry:
        """Sign and append an entry; NotAllowed while entries are missing."""
        if self.behind(connection):
            raise NotAllowed("本中心是从旧备份恢复的，自己的日志还缺后面的条目。请先让各节点同步一次，再试。")
        head = self.head(connection)
        entry = entries.make(
            self._key, log_id=self.hub_id, seq=head.seq + 1, prev=head.hash, kind=kind, body=body, wall=self._clock.wall(), clock_state=self._clock.state()
        )
        logs.append(connection, entry)
        return entry

    def alarm(self, connection: apsw.Connection, code: str, subject: str, text: str) -> bool:
        """Record an alarm once, in the log too as soon as that can be written; False when it stands already."""
        number = front.add_alarm(connection, self._clock.wall(), code, subject, text)
        if number is not None:
            self.log_alarms(connection)
        return number is not None

    def log_alarms(self, connection: apsw.Connection) -> None:
        """Append the alarms that the log lacks."""
        if not self.behind(connection):
            for alarm in front.alarms_outside_log(connection):
                entry = self.append(connection, EntryKind.ALARM, {1: alarm.code, 2: alarm.text})
                front.alarm_logged(connection, alarm.number, entry.seq)

    def take_back(self, connection: apsw.Connection, entry: Entry) -> bool:
        """Append one of our own entries that a node brings; False when it is here already.

        Raises:
            BadEntry: not signed by this hub, or it does not follow.
            Fork: this hub has signed another entry under that number since it was restored.
        """
        if entry.log_id != self.hub_id:
            raise BadEntry("不是本中心的日志条目（format.md §11.3）")
        entries.verify(entry, self.genesis.signing_key)
        return logs.append(connection, entry)
