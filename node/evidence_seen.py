"""Which deliveries came with evidence, as the walk met it, and what their last verification was made of: table `evidence_seen`.

A walk over deliveries without any asks one query of an empty table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import apsw
from msgspec import Struct, field

from holdings import catalogue, records
from holdings.delivery import Delivery, DeliveryState
from holdings.evidence_name import evidence_kind
from node.gathering import DeliveryTree
from node.home import Home
from node.walk import FileStat

SUBMITTED = (DeliveryState.SUBMITTED, DeliveryState.ACCEPTED)


class Known(Struct, frozen=True):
    """A row of the table."""

    delivery: str
    signature: bytes
    newest: float
    verified: bytes


class EvidenceMet(Struct):
    """The evidence that one walk meets, by delivery; `unchanged` deliveries were not looked through again."""

    found: dict[str, list[tuple[str, int, int, int]]] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)

    def look(self, delivery: str, place: str, files: Iterable[FileStat]) -> None:
        """Note what of these files is evidence; `place` is their folder."""
        for file in files:
            if evidence_kind(file.name) is not None:
                met = (f"{place}/{file.name}", file.size, file.mtime_ns, file.inode)
                self.found.setdefault(delivery, []).append(met)

    def look_through(self, tree: DeliveryTree) -> None:
        """Note the evidence of a delivery that a layout reads."""
        for place, folder in tree.folders.items():
            if not place.startswith("../"):
                self.look(tree.name, place, folder.files)

    def keep(self, home: Home, newest: Mapping[str, float], closed: Iterable[str]) -> None:
        """Write down what changed.

        Args:
            newest: when a file of each delivery last changed, seconds.
            closed: what the keys begin with that no walk could look at.
        """
        known = {one.delivery: one for one in every(home.database.read())}
        if not known and not self.found:
            return
        changed = []
        for name, files in self.found.items():
            signature = hashlib.blake2b(repr(sorted(files)).encode("utf-8", "surrogateescape"), digest_size=16).digest()
            changed.append((name, signature, newest.get(name, 0.0)))
        for name, one in known.items():
            if name in self.found or name.startswith(tuple(closed)):
                continue
            if name in self.unchanged:
                changed.append((name, one.signature, newest.get(name, one.newest)))
            elif (root := folder_of(home, name)) is not None and root.is_dir():
                # Evidence that was taken away says nothing any more; a whole disk that was is no news of it.
                changed.append((name, b"", newest.get(name, one.newest)))
        rows = [row for row in changed if row[0] not in known or row[1:] != (known[row[0]].signature, known[row[0]].newest)]
        if rows:
            with home.database.transaction() as connection:
                _put(connection, rows)


def folder_of(home: Home, delivery: str) -> Path | None:
    """Where a delivery lies on disk by its name; None when it is of no scan folder."""
    top, _, rest = delivery.partition("/")
    return next((Path(watch, rest) for watch in home.config.watch if Path(watch).name == top), None)


def every(connection: apsw.Connection) -> list[Known]:
    """Every delivery that came with evidence; there are few."""
    rows = connection.execute("SELECT delivery, signature, newest, verified FROM evidence_seen ORDER BY delivery")
    return [Known(*row) for row in rows]


def _put(connection: apsw.Connection, rows: list[tuple[str, bytes, float]]) -> None:
    connection.executemany(
        "INSERT INTO evidence_seen(delivery, signature, newest) VALUES (?1, ?2, ?3)"
        " ON CONFLICT(delivery) DO UPDATE SET signature = ?2, newest = ?3",
        rows,
    )


def basis(connection: apsw.Connection, held: Delivery) -> bytes:
    """What a verification now would be made of (16 bytes): evidence, round, rows, sealed records. Empty when the walk met no evidence."""
    row = connection.execute("SELECT signature FROM evidence_seen WHERE delivery = ?", (held.name,)).fetchone()
    if row is None:
        return b""
    said = (row[0], held.state in SUBMITTED, held.round, catalogue.delivery_rows(connection, held.name), records.delivery_totals(connection, held.name))
    return hashlib.blake2b(repr(said).encode(), digest_size=16).digest()


def mark(connection: apsw.Connection, delivery: str, verified: bytes) -> None:
    """A verification was made of this; in the transaction that keeps what it found."""
    connection.execute("UPDATE evidence_seen SET verified = ?2 WHERE delivery = ?1", (delivery, verified))
