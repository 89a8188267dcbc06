"""What a kill left on disk, read from copies: the homes stay exactly as the crash made them, for the program itself to recover."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from crypto import keys
from crypto.locks import KeyFile
from hub import home as hubs
from hub import opened
from node import home as nodes
from sync import durable, log, manifest, named
from sync.database import open_database
from sync.entry import EntryKind, Role
from sync.objects import DiskObjects
from sync.receipt import Grade

KeptReceipts = dict[tuple[int, Grade], bytes]


@contextmanager
def copied(home: Path, name: str, rooms: tuple[str, ...], *, encrypted: bool = True) -> Iterator[apsw.Connection]:
    """A connection to a copy of a home's database as the crash left it, write-ahead log and all."""
    folder = home.with_name(f"{home.name} as it fell")
    folder.mkdir()
    try:
        for suffix in ("", "-wal"):
            if (home / f"{name}{suffix}").exists():
                shutil.copyfile(home / f"{name}{suffix}", folder / f"{name}{suffix}")
        key = keys.load(home / nodes.KEY, KeyFile(home / nodes.DEFAULT_KEY_FILE)).database_key if encrypted else None
        database = open_database(folder / name, key, rooms)
        try:
            yield database.read()
        finally:
            database.close()
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class NodeState:
    """A node's own log as it fell: head, receipts, and the objects that its rows name."""

    head: int
    receipts: KeptReceipts
    named: frozenset[bytes]
    on_disk: frozenset[bytes]
    temporary: int


def node_state(home: Path) -> NodeState:
    """Read a node's home after its process ended."""
    with copied(home, nodes.DATABASE, nodes.ROOMS) as reading:
        own = log.logs(reading, Role.NODE)[0]
        receipts: KeptReceipts = {}
        names = {row[0] for row in reading.execute("SELECT name FROM pack")}
        for entry in log.walk(reading, own.log_id):
            if entry.kind is EntryKind.DELTA:
                names.add(manifest.read_delta(entry.body).manifest[0])
                receipts |= {
                    (entry.seq, g): raw
                    for g in Grade
                    if (raw := log.receipt_at(reading, own.log_id, entry.seq, g)) is not None
                }
        return NodeState(own.head.seq, receipts, frozenset(names), *_objects(home))


def _objects(home: Path) -> tuple[frozenset[bytes], int]:
    folders = list((home / "objects").iterdir())
    names = frozenset(bytes.fromhex(p.name) for folder in folders for p in folder.iterdir() if len(p.name) == 64)
    return names, sum(1 for folder in folders for p in folder.iterdir() if len(p.name) != 64)


@dataclass(frozen=True)
class HubState:
    """What a hub holds of one node as it fell."""

    head: int
    receipts: KeptReceipts
    folded: int
    lacking: frozenset[bytes]
    """Objects that a row calls stored and the store does not have whole."""
    unmarked: int
    """Objects in the store that no row calls stored."""
    partial: int
    """Uploads begun."""


def hub_state(home: Path, *, deep: bool = False) -> HubState:
    """Read a hub's home after its process ended; `deep` hashes every object."""
    objects = DiskObjects(home / hubs.OBJECTS)
    with copied(home, hubs.FRONT, hubs.FRONT_ROOMS, encrypted=False) as reading:
        node = log.logs(reading, Role.NODE)[0]
        seqs = [e.seq for e in log.walk(reading, node.log_id) if e.kind is EntryKind.DELTA]
        receipts = {
            (s, g): raw for s in seqs for g in Grade if (raw := log.receipt_at(reading, node.log_id, s, g)) is not None
        }
        stored = dict(named.all_stored(reading))
    lacking = {
        name for name, length in stored.items()
        if not objects.has(name) or objects.length(name) != length or (deep and durable.digest_on_device(objects.path(name)) != name)
    }  # fmt: skip
    with copied(home, hubs.HOLDINGS, hubs.HOLDINGS_ROOMS) as reading:
        cursor = opened.cursor(reading, node.log_id)
    names, _ = _objects(home)
    partial = sum(1 for _ in (home / "uploads").iterdir())
    return HubState(
        node.head.seq, receipts, cursor.seq if cursor else 0, frozenset(lacking), len(names - stored.keys()), partial
    )
