"""Deliveries and their records in reception, with the counts that people see: tables `reception`, `reception_item`, `reception_count`, `reception_cursor`.

Functions run inside the caller's transaction. What somebody may not see is left out of every list and every count, inside the query.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.access import Access, Facts, Opening, Secrecy
from holdings.reception import Standing, Tally

ROOM: Final = "hub:reception"
_ITEM: Final = (
    "i.number, i.reception, i.record, i.version, i.standing, i.fonds, i.secrecy, i.pages, i.bytes, i.since, i.ordering"
)


class Reception(Struct, frozen=True):
    """A delivery of a node in reception; `rounds` concluded ones, `came` seconds UTC."""

    id: int
    writer: str
    delivery: str
    came: int
    rounds: int


class Item(Struct, frozen=True):
    """A record in reception: `number` is its number in this database, `since` when this version came (seconds UTC)."""

    number: int
    reception: int
    record: bytes
    version: int
    standing: Standing
    fonds: str
    secrecy: Secrecy
    pages: int
    bytes: int
    since: int
    ordering: str

    def facts(self, writer: str) -> Facts:
        """What decides who may see it; reception is for staff, to whom opening means nothing."""
        return Facts(writer, self.fonds, self.secrecy, Opening.UNREVIEWED)


def seen(access: Access) -> tuple[str, list[Any]]:
    """The condition (with its values) under which a row with `writer`, `fonds`, `secrecy` may be shown; rights to what is open show nothing here."""
    parts: list[str] = []
    values: list[Any] = []
    for clause in access.clauses:
        if clause.opened:
            continue
        part = ["secrecy <= ?"]
        values.append(int(clause.ceiling))
        for column, among in (("writer", clause.holders), ("fonds", clause.fonds)):
            if among is not None:
                part.append(f"{column} IN ({','.join('?' * len(among))})")
                values += sorted(among)
        parts.append(f"({' AND '.join(part)})")
    return f"({' OR '.join(parts) or '0'})", values


# ---------------------------------------------------------------- deliveries


def find(connection: apsw.Connection, number: int, access: Access) -> Reception | None:
    """A delivery of which at least one record may be seen."""
    where, values = seen(access)
    row = connection.execute(
        "SELECT r.id, r.writer, r.delivery, r.came, r.rounds FROM reception r JOIN reception_count c ON c.reception = r.id"
        f" WHERE r.id = ? AND records > 0 AND {where} LIMIT 1",
        (number, *values),
    ).fetchone()
    return Reception(*row) if row else None


def of_delivery(connection: apsw.Connection, writer: str, delivery: str) -> Reception | None:
    """The delivery of that name of a node."""
    row = connection.execute(
        "SELECT id, writer, delivery, came, rounds FROM reception WHERE writer = ? AND delivery = ?", (writer, delivery)
    ).fetchone()
    return Reception(*row) if row else None


def listed(
    connection: apsw.Connection,
    access: Access,
    standings: Iterable[Standing],
    *,
    writer: str = "",
    before: int = 0,
    limit: int = 50,
) -> list[Reception]:
    """Deliveries with records of these standings, the latest that came first, below a number."""
    where, values = seen(access)
    wanted = [int(one) for one in standings]
    narrow, more = (" AND r.writer = ?", [writer]) if writer else ("", [])
    rows = connection.execute(
        "SELECT r.id, r.writer, r.delivery, r.came, r.rounds FROM reception r WHERE (? = 0 OR r.id < ?) AND EXISTS (SELECT 1 FROM reception_count c"
        f" WHERE c.reception = r.id AND c.records > 0 AND c.standing IN ({','.join('?' * len(wanted))}) AND {where}){narrow} ORDER BY r.id DESC LIMIT ?",
        (before, before, *wanted, *values, *more, limit),
    )
    return [Reception(*row) for row in rows]


def archives(connection: apsw.Connection, access: Access) -> dict[str, dict[Standing, Tally]]:
    """By node: its records in reception, by standing."""
    where, values = seen(access)
    rows = connection.execute(
        "SELECT writer, standing, sum(records), sum(pages), sum(bytes) FROM reception_count c JOIN reception r ON r.id = c.reception"
        f" WHERE records > 0 AND {where} GROUP BY writer, standing ORDER BY writer",
        values,
    )
    found: dict[str, dict[Standing, Tally]] = {}
    for writer, standing, *sums in rows:
        found.setdefault(writer, {})[Standing(standing)] = Tally(*sums)
    return found


def counts(connection: apsw.Connection, reception: Reception, access: Access) -> dict[Standing, Tally]:
    """A delivery's records by standing."""
    where, values = seen(access)
    rows = connection.execute(
        "SELECT standing, sum(records), sum(pages), sum(bytes) FROM reception_count c JOIN reception r ON r.id = c.reception"
        f" WHERE r.id = ? AND {where} GROUP BY standing",
        (reception.id, *values),
    )
    return {Standing(standing): Tally(*sums) for standing, *sums in rows}


def whole(connection: apsw.Connection, reception: Reception, access: Access) -> bool:
    """May every record of a delivery be seen? Papers speak of all of them."""
    where, values = seen(access)
    row = connection.execute(
        f"SELECT 1 FROM reception_count c JOIN reception r ON r.id = c.reception WHERE r.id = ? AND records > 0 AND NOT {where} LIMIT 1",
        (reception.id, *values),
    ).fetchone()
    return row is None


def oldest(connection: apsw.Connection, reception: Reception) -> int | None:
    """Since when the record waits that waits longest for its verdict, drafted or not, seconds UTC."""
    row = connection.execute(
        "SELECT min(since) FROM reception_item WHERE reception = ? AND standing < ?",
        (reception.id, int(Standing.ACCEPTED)),
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def concluded(connection: apsw.Connection, reception: Reception) -> int:
    """A round is over; its number."""
    connection.execute(
        "UPDATE reception SET rounds = ? WHERE id = ? AND rounds = ?",
        (reception.rounds + 1, reception.id, reception.rounds),
    )
    return reception.rounds + 1


# ---------------------------------------------------------------- records


def item(connection: apsw.Connection, number: int) -> Item | None:
    """A record in reception."""
    row = connection.execute(f"SELECT {_ITEM} FROM reception_item i WHERE number = ?", (number,)).fetchone()
    return _item(row) if row else None


def items(
    connection: apsw.Connection,
    reception: Reception,
    access: Access,
    standings: Sequence[Standing],
    *,
    after: tuple[str, int] = ("", 0),
    limit: int = 50,
) -> list[Item]:
    """Records of a delivery in the order of their codes, behind a place in it."""
    where, values = seen(access)
    wanted = [int(one) for one in standings]
    rows = connection.execute(
        f"SELECT {_ITEM} FROM reception_item i JOIN reception r ON r.id = i.reception WHERE i.reception = ? AND (i.ordering, i.number) > (?, ?)"
        f" AND i.standing IN ({','.join('?' * len(wanted))}) AND {where} ORDER BY i.ordering, i.number LIMIT ?",
        (reception.id, *after, *wanted, *values, limit),
    )
    return [_item(row) for row in rows]


def bring(connection: apsw.Connection, writer: str, delivery: str, new: Item, now: int) -> bool:
    """Take in a record's current version: it waits. False when exactly this is here already. `new.reception` counts for nothing."""
    held = item(connection, new.number)
    connection.execute(
        "INSERT INTO reception(writer, delivery, came) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (writer, delivery, now)
    )
    found = of_delivery(connection, writer, delivery)
    assert found is not None
    if held is not None:
        if (held.reception, held.version, held.fonds, held.secrecy) == (found.id, new.version, new.fonds, new.secrecy):
            return False
        _count(connection, held, -1)
    kept = (
        new.number,
        found.id,
        new.record,
        new.version,
        int(Standing.WAITING),
        new.ordering,
        new.fonds,
        int(new.secrecy),
        new.pages,
        new.bytes,
        new.since,
    )
    connection.execute("INSERT OR REPLACE INTO reception_item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)
    fresh = item(connection, new.number)
    assert fresh is not None
    _count(connection, fresh, 1)
    return True


def drop(connection: apsw.Connection, number: int) -> bool:
    """A record ended or is void: it is received no more. False when it was not here."""
    held = item(connection, number)
    if held is not None:
        _count(connection, held, -1)
        connection.execute("DELETE FROM reception_item WHERE number = ?", (number,))
    return held is not None


def move(connection: apsw.Connection, held: Item, standing: Standing) -> None:
    """Let a record stand elsewhere."""
    connection.execute("UPDATE reception_item SET standing = ? WHERE number = ?", (int(standing), held.number))
    _add(connection, held, held.standing, -1)
    _add(connection, held, standing, 1)


def cursor(connection: apsw.Connection, log_id: bytes) -> int:
    """seq up to which a log is taken in."""
    row = connection.execute("SELECT seq FROM reception_cursor WHERE log_id = ?", (log_id,)).fetchone()
    return int(row[0]) if row else 0


def advance(connection: apsw.Connection, log_id: bytes, seq: int) -> None:
    """The log is taken in up to `seq`."""
    connection.execute("INSERT OR REPLACE INTO reception_cursor VALUES (?, ?)", (log_id, seq))


def release_heard(connection: apsw.Connection, log_id: bytes) -> int:
    """seq up to which the releases of a log were heard."""
    row = connection.execute("SELECT seq FROM reception_release WHERE log_id = ?", (log_id,)).fetchone()
    return int(row[0]) if row else 0


def hear_release(connection: apsw.Connection, log_id: bytes, seq: int) -> None:
    """The releases of a log were heard up to `seq`."""
    connection.execute("INSERT OR REPLACE INTO reception_release VALUES (?, ?)", (log_id, seq))


def again(connection: apsw.Connection, held: Item, since: int) -> None:
    """A record that was judged waits once more, from `since` on."""
    move(connection, held, Standing.WAITING)
    connection.execute("UPDATE reception_item SET since = ? WHERE number = ?", (since, held.number))


def _count(connection: apsw.Connection, held: Item, by: int) -> None:
    _add(connection, held, held.standing, by)


def _add(connection: apsw.Connection, held: Item, standing: Standing, by: int) -> None:
    connection.execute(
        "INSERT INTO reception_count VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET records = records + ?5, pages = pages + ?6, bytes = bytes + ?7",
        (held.reception, held.fonds, int(held.secrecy), int(standing), by, by * held.pages, by * held.bytes),
    )


def _item(row: Sequence[Any]) -> Item:
    number, reception, record, version, standing, fonds, secrecy, pages, size, since, ordering = row
    return Item(
        number,
        reception,
        bytes(record),
        version,
        Standing(standing),
        fonds,
        Secrecy(secrecy),
        pages,
        size,
        since,
        ordering,
    )
