"""Brings what was read into the log: page texts and facts become text items (format.md §6.3), many pages a delta.

Objects first, then one transaction signs the entry and empties the outbox: a crash between leaves a manifest that nothing names, which the next start removes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Final

import apsw
from msgspec import Struct, field

from holdings import facts_store, records, text_store
from holdings.record import RecordId
from holdings.text_item import Correction, DerivedText, encode_text
from holdings.text_store import StoredText
from node import deltas, settings
from node import reading_queue as queue
from node.engine import Engine
from node.home import Home
from node.reading_keep import held
from node.reading_queue import Outgoing
from node.settings import Setting
from sync.delta import seal
from sync.manifest import Item, ItemKind

ITEM_BYTES: Final = 200 << 10  # of page texts in one item: a body stays below 256 KiB (format.md §14)
PAGE_BYTES: Final = 240 << 10  # a page above this goes alone, or not at all
DELTA_BYTES: Final = 16 << 20  # of page texts in one delta: half of a manifest


class _Load(Struct):
    """What goes into one item."""

    pages: dict[bytes, dict[int, bytes]] = field(default_factory=dict)
    facts: dict[bytes, dict[int, bytes]] = field(default_factory=dict)
    size: int = 0
    time: int = 0


def ship(engine: Engine, limit: int) -> int:
    """Put up to `limit` pages that wait into a delta; how many pages went. Nothing is signed while a person must act on the log.

    Raises:
        RolledBack: the hub knows another log: what was read waits.
        NodeError: intake went on for too long.
    """
    home, clock = engine.home, engine.clock
    if not queue.outgoing(home.database.read(), 1):
        return 0
    with engine.alone():
        reading = home.database.read()
        epoch = settings.number(reading, Setting.EPOCH)
        waiting = queue.outgoing(reading, limit)
        items, numbers = _items(reading, home, waiting)
        if not items:
            with home.database.transaction() as connection:
                queue.posted(connection, numbers)
            return 0
        content = seal(items, [], os.urandom(32), (home.identity.hub.recipient, home.secrets.recipient()))
        home.objects.put(content.name, content.sealed)
        with home.database.transaction() as connection:
            if settings.number(connection, Setting.EPOCH) == epoch:
                deltas.sign(connection, home, content, items, int(clock.now()), clock.state())
                queue.posted(connection, numbers)
                return len(numbers)
        # The catalogue changed since the gate was asked: nothing is signed now, the next look asks it again.
        home.objects.remove(content.name)
        return 0


def _items(reading: apsw.Connection, home: Home, waiting: Iterable[Outgoing]) -> tuple[list[Item], list[int]]:
    """The items of a delta, and the numbers of what they bring or what came to nothing."""
    loads: dict[tuple[bytes, int, str, int, str], list[_Load]] = {}
    done: list[int] = []
    total = 0
    for one in waiting:
        record = records.by_id(reading, RecordId(one.item_id))
        done.append(one.id)
        if record is None or record.ended or held(reading, home, record):
            continue
        text = _text(reading, record.number, one)
        facts = facts_store.of_part(reading, record.number, one.sha256).get(one.page) if not one.revision else None
        body = text.body if text is not None and len(text.body) <= PAGE_BYTES else b""
        if not body and not facts:
            continue
        listed = queue.part_of(reading, one.item_id, one.sha256)
        version = text.version if text else listed.version if listed else record.version
        said = (
            one.item_id,
            version,
            text.engine if text else "",
            one.revision,
            text.person if text else "",
        )
        size = len(body) + len(facts or b"") + 64
        kept = loads.setdefault(said, [])
        if not kept or kept[-1].size + size > ITEM_BYTES:
            kept.append(_Load())
        load = kept[-1]
        load.size, load.time, total = load.size + size, max(load.time, text.time if text else one.time), total + size
        if body:
            load.pages.setdefault(one.sha256, {})[one.page] = body
        if facts:
            load.facts.setdefault(one.sha256, {})[one.page] = facts
        if total >= DELTA_BYTES:
            break
    return [_item(*said, load) for said, some in loads.items() for load in some], done


def _text(reading: apsw.Connection, record: int, one: Outgoing) -> StoredText | None:
    return next(
        (t for t in text_store.history(reading, record, one.sha256, one.page) if t.revision == one.revision), None
    )


def _item(item_id: bytes, version: int, engine: str, revision: int, person: str, load: _Load) -> Item:
    correction = Correction(revision, person) if revision else None
    body = encode_text(
        DerivedText(RecordId(item_id), version, engine, {}, load.pages, load.time, correction, load.facts)
    )
    return Item(_identity(item_id, version, engine, revision, load), 1, ItemKind.TEXT, body, ())


def _identity(item_id: bytes, version: int, engine: str, revision: int, load: _Load) -> bytes:
    """Follows from what the item is about, so that a repetition is the same item."""
    about = item_id + version.to_bytes(4, "big") + revision.to_bytes(4, "big") + engine.encode()
    pages = b"".join(digest + page.to_bytes(4, "big") for digest, page in _places(load))
    return hashlib.sha256(b"jindang/1/text" + about + hashlib.sha256(pages).digest()).digest()[:16]


def _places(load: _Load) -> Iterator[tuple[bytes, int]]:
    for found in (load.pages, load.facts):
        for digest, pages in sorted(found.items()):
            for page in sorted(pages):
                yield digest, page
