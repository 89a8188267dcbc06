"""Signs entries of the node's own log, in the caller's transaction: deltas, releases, acknowledgements, anchors of the journal (format.md §8, §16, §18)."""

from __future__ import annotations

from typing import Any

import apsw

from crypto import sealing
from node import settings
from node.home import Home
from node.settings import Setting
from sync import entry as entries
from sync import log
from sync.entry import ClockState, Entry, EntryKind
from sync.errors import RolledBack


def append(
    connection: apsw.Connection, home: Home, kind: EntryKind, body: dict[int, Any], wall: int, clock: ClockState
) -> Entry:
    """Sign an entry after the head and append it.

    Raises:
        RolledBack: the hub knows another or a longer log: nothing is signed until a person has acted.
    """
    if settings.read(connection, Setting.STOPPED) is not None:
        raise RolledBack(
            "本机与市级中心的日志不一致，已停止签发。请先联系市级中心处理（jindang node doctor 可查看原因）。"
        )
    own, hub = log.find(connection, home.identity.log.log_id), log.find(connection, home.identity.hub.log_id)
    assert own is not None
    assert hub is not None
    entry = entries.make(
        home.secrets.signing_key(), log_id=own.log_id, seq=own.head.seq + 1, prev=own.head.hash, kind=kind, body=body, wall=wall, clock_state=clock,
        hub_seen=hub.head,
    )  # fmt: skip
    log.append(connection, entry)
    return entry


def seal(home: Home, plain: bytes) -> bytes:
    """Seal to the hub's vault and to this node."""
    return sealing.seal_file(plain, (home.identity.hub.recipient, home.secrets.recipient()))
