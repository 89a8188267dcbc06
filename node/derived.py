"""SM3 by policy `idle` (format.md §2): digests of sealed parts are added later, as derived data in a delta of its own.

The log drives it: every delta's manifest is opened with the node's own identity, so sources may be gone. A crash repeats at most one delta's work.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

from crypto import digest
from crypto.digest import Algorithm, Sm3Policy
from holdings.record import RecordId
from node import deltas, settings
from node.clock import Clock
from node.home import Home
from node.settings import Setting
from sync import log, transform
from sync.delta import open_manifest, seal
from sync.entry import Entry, EntryKind
from sync.manifest import Item, ItemKind, Part, read_delta, segment_size
from sync.pack import open_segment
from sync.sandbox import Sandbox

ENGINE = "sm3/1"
PARTS_PER_ITEM = 2_000
"""About 110 B each: an item body stays below 256 KiB (format.md §14)."""


def add_sm3(home: Home, clock: Clock, sandbox: Sandbox, should_stop: Callable[[], bool]) -> int:
    """Bring SM3 digests up to date; how many text items that took. Does nothing unless the policy is `idle`."""
    if home.config.sm3 is not Sm3Policy.IDLE:
        return 0
    done = 0
    reading, own = home.database.read(), home.identity.log.log_id
    while not should_stop():
        entry = next(iter(log.since(reading, own, settings.number(reading, Setting.SM3_SEQ) + 1, 1)), None)
        if entry is None:
            return done
        items = list(_items(home, sandbox, entry)) if entry.kind is EntryKind.DELTA else []
        _commit(home, clock, items, entry.seq)
        done += len(items)
    return done


def _items(home: Home, sandbox: Sandbox, entry: Entry) -> Iterator[Item]:
    # Here: a node of another policy starts without it.
    from holdings.text_item import DerivedText, encode_text

    name, length = read_delta(entry.body).manifest
    content = open_manifest(home.objects.read(name, 0, length), home.secrets.identity)
    for item in content.items:
        if item.kind is not ItemKind.RECORD:
            continue
        lacking = [p for p in item.parts if Algorithm.SM3 not in p.digests]
        for first in range(0, len(lacking), PARTS_PER_ITEM):
            some = lacking[first : first + PARTS_PER_ITEM]
            values = {p.sha256: digest.text(Algorithm.SM3, _sm3(home, sandbox, p)) for p in some}
            body = encode_text(DerivedText(RecordId(item.id), item.version, ENGINE, values))
            # The id of a text item follows from what it is about, so that a repetition is the same item.
            about = item.id + item.version.to_bytes(4, "big") + first.to_bytes(4, "big") + ENGINE.encode()
            yield Item(hashlib.sha256(b"jindang/1/text" + about).digest()[:16], 1, ItemKind.TEXT, body, ())


def _sm3(home: Home, sandbox: Sandbox, part: Part) -> bytes:
    running = hashlib.new("sm3")
    for index, segment in enumerate(part.segments):
        blob = home.objects.read(segment.pack, segment.offset, segment.length)
        running.update(
            transform.restore(open_segment(segment, blob), part.transform, segment_size(part.size, index), sandbox)
        )
    return running.digest()


def _commit(home: Home, clock: Clock, items: list[Item], seq: int) -> None:
    if not items:
        with home.database.transaction() as connection:
            settings.write(connection, Setting.SM3_SEQ, seq)
        return
    content = seal(items, [], os.urandom(32), (home.identity.hub.recipient, home.secrets.recipient()))
    home.objects.put(content.name, content.sealed)
    with home.database.transaction() as connection:
        deltas.sign(connection, home, content, items, int(clock.now()), clock.state())
        settings.write(connection, Setting.SM3_SEQ, seq)
