"""New versions that need no page: renumbering, merge and split of volumes. Their items list the parts that are sealed already, so no image travels.

Everything happens in the caller's one transaction: all of it is signed and current, or nothing is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import apsw
from msgspec import Struct

from holdings import custody_store, records
from holdings.custody import Party
from holdings.errors import CustodyRefused
from holdings.record import Description, RecordId, encode_record
from node import city_verdicts
from node.clock import Clock
from node.deltas import sign
from node.home import Home
from sync.delta import OpenDelta, seal
from sync.manifest import Item, ItemKind, Part


class Amendment(Struct, frozen=True):
    """A version to be made: version 1 is a new record. `moved`: its parts are others than those of the version before."""

    identity: RecordId
    version: int
    description: Description
    parts: tuple[Part, ...]
    pages: int
    moved: bool = False


class Amended(Struct):
    """What was signed: deltas, records, and bytes of the sealed manifests, which is all that will travel."""

    deltas: int = 0
    records: int = 0
    bytes: int = 0


def amend(connection: apsw.Connection, home: Home, clock: Clock, amendments: Iterable[Amendment]) -> Amended:
    """Make the versions current and sign them, in as few deltas as format.md §8 allows.

    Parts of one delta are in memory at a time. A crash before the caller's commit leaves manifests that nothing names: recovery removes them.

    Raises:
        RolledBack: nothing may be signed until a person has acted.
        CustodyRefused: a record among them is not this node's to write.
    """
    released = custody_store.anything(connection)
    done, now = Amended(), clock.now()
    held, claimed = OpenDelta(), list[Item]()

    def close() -> None:
        nonlocal held, claimed
        recipients = (home.identity.hub.recipient, home.secrets.recipient())
        content = seal(held.items, [], os.urandom(32), recipients)
        home.objects.put(content.name, content.sealed)
        sign(connection, home, content, claimed, int(now), clock.state())
        done.deltas += 1
        done.records += len(held.items)
        done.bytes += len(content.sealed)
        held, claimed = OpenDelta(), []

    for one in amendments:
        size = sum(part.size for part in one.parts)
        if one.version == 1:
            records.create_record(connection, one.identity, one.description, pages=one.pages, size=size, now=int(now))
        else:
            if released:
                refuse_elsewhere(connection, home, [bytes(one.identity)])
            city_verdicts.mended(connection, bytes(one.identity), int(now))
            records.new_version(
                connection, one.identity, one.version, one.description, pages=one.pages, size=size, now=int(now)
            )
        item = Item(bytes(one.identity), one.version, ItemKind.RECORD, encode_record(one.description), one.parts)
        held.add_item(item, now)
        if one.moved:
            claimed.append(item)
        if held.must_close(now):
            close()
    if held.items:
        close()
    return done


def refuse_elsewhere(connection: apsw.Connection, home: Home, identities: Sequence[bytes]) -> None:
    """CustodyRefused when one of these records was let go; nothing else happens."""
    own, hub = Party(home.identity.log.log_id), Party(home.identity.hub.log_id)
    if gone := custody_store.elsewhere(connection, own, identities):
        first, held = next(iter(gone.items()))
        record = records.by_id(connection, RecordId(first))
        raise CustodyRefused(
            f"{record.reference_code if record else first.hex()} 等 {len(gone)} 件{held.label(own, hub)}，本机不能再改。"
            "移交中的请等市馆接收或退回；已由市馆保管的，请联系市馆修改。"
        )
