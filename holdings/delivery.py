"""Deliveries 批次 and their clearance 保密审查: tables `delivery` and `clearance`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import apsw

from holdings.errors import ClearanceInvalid, NotFound
from holdings.record import NAME_MAX, PERSONS_MAX, Basis, Clearance

_SELECT: Final = (
    "SELECT d.id, d.name, d.folder, c.basis, c.persons, c.time FROM delivery d LEFT JOIN clearance c"
    " ON c.id = (SELECT max(newest.id) FROM clearance newest WHERE newest.delivery = d.id)"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch: `folder` is the watch folder it arrives in (None at the hub), `clearance` None while it waits
    待保密审查.
    """

    id: int
    name: str
    folder: str | None
    clearance: Clearance | None


def upsert(connection: apsw.Connection, name: str, folder: str | None, now: int) -> Delivery:
    """Make a delivery known, or change its folder; its clearance stays."""
    if not 1 <= len(name.strip()) <= NAME_MAX:
        raise ClearanceInvalid(f"批次名称须为 1 至 {NAME_MAX} 个字符")
    connection.execute(
        "INSERT INTO delivery(name, folder, opened) VALUES (?1, ?2, ?3)"
        " ON CONFLICT(name) DO UPDATE SET folder = ?2 WHERE folder IS NOT ?2",
        (name, folder, now),
    )
    return fetch(connection, name)


def fetch(connection: apsw.Connection, name: str) -> Delivery:
    """A delivery by name; NotFound when there is none."""
    row = connection.execute(_SELECT + " WHERE d.name = ?", (name,)).fetchone()
    if row is None:
        known = "、".join(one.name for one in list_all(connection)[:10]) or "（尚无）"
        raise NotFound(f"没有批次“{name}”；已有批次：{known}")
    return _delivery(row)


def list_all(connection: apsw.Connection) -> list[Delivery]:
    """Every delivery, oldest first."""
    return [_delivery(row) for row in connection.execute(_SELECT + " ORDER BY d.id")]


def clear(
    connection: apsw.Connection, name: str, persons: Sequence[str], now: int, basis: Basis = Basis.REVIEW
) -> Delivery:
    """Sign the 保密审查 of a delivery.

    A review needs two different persons; the standing default of an intake profile needs at least the one who declared
    it.
    The same signature again writes nothing. ClearanceInvalid when names are missing, NotFound for an unknown delivery.
    """
    delivery = fetch(connection, name)
    names = tuple(dict.fromkeys(person.strip() for person in persons if person.strip()))
    needed = 2 if basis is Basis.REVIEW else 1
    if not needed <= len(names) <= PERSONS_MAX or any(len(person) > NAME_MAX for person in names):
        raise ClearanceInvalid(f"保密审查须由 {needed} 名不同的人签署：--by 姓名 --by 姓名")
    if delivery.clearance is None or (delivery.clearance.basis, delivery.clearance.persons) != (basis, names):
        connection.execute(
            "INSERT INTO clearance(delivery, basis, persons, time) VALUES (?, ?, ?, ?)",
            (delivery.id, int(basis), json.dumps(names, ensure_ascii=False), now),
        )
    return fetch(connection, name)


def _delivery(row: tuple[Any, ...]) -> Delivery:
    """Build a delivery from `_SELECT`."""
    number, name, folder, basis, persons, time = row
    clearance = None if basis is None else Clearance(Basis(basis), tuple(json.loads(persons)), time)
    return Delivery(number, name, folder, clearance)
