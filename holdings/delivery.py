"""Deliveries 批次 and their clearance 保密审查: tables `delivery` and `clearance`.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.delivery_name import read_name
from holdings.errors import ClearanceInvalid, DeliveryRefused, NotFound
from holdings.record import NAME_MAX, PERSONS_MAX, Basis, Clearance

STATIONS_MAX: Final = 64  # scanning stations of one delivery
NUMBER_MAX: Final = 1_000_000  # 第…批

_COLUMNS: Final = (
    "d.id, d.name, d.folder, c.basis, c.persons, c.time, c.cover, d.opened, d.number, d.contractor, d.stations,"
    " d.opened_by, d.received_by, d.received, d.state, d.round"
)
_SELECT: Final = (
    f"SELECT {_COLUMNS} FROM delivery d LEFT JOIN clearance c"
    " ON c.id = (SELECT max(newest.id) FROM clearance newest WHERE newest.delivery = d.id)"
)


class DeliveryState(IntEnum):
    """How a delivery stands. Whether it is cleared is another question, which `Delivery.clearance` answers."""

    OPEN = 0
    SUBMITTED = 1
    RETURNED = 2
    ACCEPTED = 3
    WITHDRAWN = 4

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("收件中", "已提交", "退回整改", "验收通过", "已撤回")[self.value]


class DeliveryAct(IntEnum):
    """What a person does to a delivery; each is kept in its history."""

    SUBMIT = 1
    ACCEPT = 2
    RETURN = 3
    WITHDRAW = 4
    REOPEN = 5

    @property
    def label(self) -> str:
        """What the history calls it."""
        return ("提交", "验收通过", "退回整改", "撤回", "重新收件")[self.value - 1]


_OPEN, _SUBMITTED, _RETURNED = DeliveryState.OPEN, DeliveryState.SUBMITTED, DeliveryState.RETURNED
_ACCEPTED, _WITHDRAWN = DeliveryState.ACCEPTED, DeliveryState.WITHDRAWN
_MOVES: Final = {
    (_OPEN, DeliveryAct.SUBMIT): _SUBMITTED,
    (_RETURNED, DeliveryAct.SUBMIT): _SUBMITTED,
    (_SUBMITTED, DeliveryAct.ACCEPT): _ACCEPTED,
    (_SUBMITTED, DeliveryAct.RETURN): _RETURNED,
    (_ACCEPTED, DeliveryAct.RETURN): _RETURNED,
    (_SUBMITTED, DeliveryAct.REOPEN): _OPEN,
    (_WITHDRAWN, DeliveryAct.REOPEN): _OPEN,
    **{(state, DeliveryAct.WITHDRAW): _WITHDRAWN for state in (_OPEN, _SUBMITTED, _RETURNED, _ACCEPTED)},
}


class Delivery(Struct, frozen=True):
    """A batch: `folder` is the watch folder it arrives in (None at the hub), `clearance` None while it waits
    待保密审查. `number` as in 第03批, `round` of acceptance from 1; times are whole seconds UTC.
    """

    id: int
    name: str
    folder: str | None
    clearance: Clearance | None
    opened: int = 0
    number: int | None = None
    contractor: str = ""
    stations: tuple[str, ...] = ()
    opened_by: str = ""
    received_by: str = ""
    received: int | None = None
    state: DeliveryState = DeliveryState.OPEN
    round: int = 1


class Particulars(Struct, frozen=True):
    """What people say of a delivery; None leaves what is known."""

    number: int | None = None
    contractor: str | None = None
    stations: tuple[str, ...] | None = None
    opened_by: str | None = None
    received_by: str | None = None


def next_state(state: DeliveryState, act: DeliveryAct) -> DeliveryState:
    """Where an act leads; DeliveryRefused says from where it would be possible. Pure."""
    after = _MOVES.get((state, act))
    if after is None:
        can = "、".join(before.label for before, what in _MOVES if what is act)
        raise DeliveryRefused(f"批次“{state.label}”时不能{act.label}；须先为：{can}")
    return after


def upsert(connection: apsw.Connection, name: str, folder: str | None, now: int) -> Delivery:
    """Make a delivery known, or change its folder (None leaves it); its clearance stays. A new one takes number and
    station from its name."""
    if not 1 <= len(name.strip()) <= NAME_MAX:
        raise ClearanceInvalid(f"批次名称须为 1 至 {NAME_MAX} 个字符")
    said = read_name(name)
    stations = json.dumps([said.station] if said.station else [], ensure_ascii=False)
    connection.execute(
        "INSERT INTO delivery(name, folder, opened, number, stations) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT(name) DO UPDATE SET folder = ?2 WHERE ?2 IS NOT NULL AND folder IS NOT ?2",
        (name, folder, now, said.number, stations),
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


def withdrawn(connection: apsw.Connection) -> frozenset[str]:
    """Names of the deliveries that were withdrawn: nothing of them is imported or sealed."""
    rows = connection.execute("SELECT name FROM delivery WHERE state = ?", (int(DeliveryState.WITHDRAWN),))
    return frozenset(str(name) for (name,) in rows)


def describe(connection: apsw.Connection, name: str, said: Particulars, now: int) -> Delivery:
    """Write down what people say of a delivery; DeliveryRefused for a text or number out of bounds."""
    held = fetch(connection, name)
    texts = [said.contractor, said.opened_by, said.received_by, *(said.stations or ())]
    if any(text is not None and len(text) > NAME_MAX for text in texts):
        raise DeliveryRefused(f"姓名、单位、扫描站各不超过 {NAME_MAX} 个字符")
    if said.number is not None and not 1 <= said.number <= NUMBER_MAX:
        raise DeliveryRefused(f"批次号须为 1 至 {NUMBER_MAX} 的整数")
    if said.stations is not None and len(said.stations) > STATIONS_MAX:
        raise DeliveryRefused(f"一个批次至多 {STATIONS_MAX} 个扫描站")
    stations = held.stations if said.stations is None else tuple(dict.fromkeys(s.strip() for s in said.stations if s))
    received_by = held.received_by if said.received_by is None else said.received_by.strip()
    connection.execute(
        "UPDATE delivery SET number = ?, contractor = ?, stations = ?, opened_by = ?, received_by = ?, received = ?"
        " WHERE id = ?",
        (
            said.number if said.number is not None else held.number,
            held.contractor if said.contractor is None else said.contractor.strip(),
            json.dumps(stations, ensure_ascii=False),
            held.opened_by if said.opened_by is None else said.opened_by.strip(),
            received_by,
            now if said.received_by and said.received_by.strip() != held.received_by else held.received,
            held.id,
        ),
    )
    return fetch(connection, name)


def move(connection: apsw.Connection, name: str, act: DeliveryAct) -> Delivery:
    """Change the state by an act; submitting after a return begins the next round. DeliveryRefused when it may not."""
    held = fetch(connection, name)
    after = next_state(held.state, act)
    again = int(held.state is DeliveryState.RETURNED and act is DeliveryAct.SUBMIT)
    connection.execute("UPDATE delivery SET state = ?, round = round + ? WHERE id = ?", (int(after), again, held.id))
    return fetch(connection, name)


def clear(
    connection: apsw.Connection,
    name: str,
    persons: Sequence[str],
    now: int,
    basis: Basis = Basis.REVIEW,
    newest: int = 0,
) -> Delivery:
    """Sign the 保密审查 of a delivery.

    A review needs two different persons and covers the rows that are there; the standing default of an intake profile
    needs at least the one who declared it and covers what comes as well.
    The same signature again writes nothing, unless rows came since. ClearanceInvalid when names are missing, NotFound
    for an unknown delivery.

    Args:
        newest: when a row of this delivery last changed (catalogue.latest_import), by the clock of that time.
    """
    delivery = fetch(connection, name)
    if delivery.state is DeliveryState.WITHDRAWN:
        raise ClearanceInvalid(f"批次“{name}”已撤回；请先重新收件（node delivery reopen）再作保密审查")
    # 张三, 张 三 and ３ of another width are one person: nobody is first and second.
    written: dict[str, str] = {}
    for person in persons:
        if person.strip():
            written.setdefault(_same(person), person.strip())
    names = tuple(written.values())
    needed = 2 if basis is Basis.REVIEW else 1
    if not needed <= len(names) <= PERSONS_MAX or any(len(person) > NAME_MAX for person in names):
        raise ClearanceInvalid(f"保密审查须由 {needed} 名不同的人签署：--by 姓名 --by 姓名")
    held = delivery.clearance
    signed = held is not None and (held.basis, held.persons) == (basis, names)
    if held is None or not signed or (held.cover is not None and newest > held.cover):
        # A clock that was set back must not leave rows uncovered that lie before the persons who sign.
        cover = max(now, newest, covered_until(connection, name)) if basis is Basis.REVIEW else None
        connection.execute(
            "INSERT INTO clearance(delivery, basis, persons, time, cover) VALUES (?, ?, ?, ?, ?)",
            (delivery.id, int(basis), json.dumps(names, ensure_ascii=False), now, cover),
        )
    return fetch(connection, name)


def _same(person: str) -> str:
    """A name as it is compared: blanks, width and case do not make another person."""
    return "".join(unicodedata.normalize("NFKC", person).split()).casefold()


def covered_until(connection: apsw.Connection, name: str) -> int:
    """The latest time that any review of a delivery covers, 0 when none: rows that change now must be later, so that
    no signature covers what its signers have not seen."""
    row = connection.execute(
        "SELECT max(c.cover) FROM clearance c JOIN delivery d ON d.id = c.delivery WHERE d.name = ?", (name,)
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _delivery(row: tuple[Any, ...]) -> Delivery:
    """Build a delivery from `_SELECT`."""
    key, name, folder, basis, persons, time, cover, opened, number, contractor, stations, *rest = row
    opened_by, received_by, received, state, rounds = rest
    clearance = None if basis is None else Clearance(Basis(basis), tuple(json.loads(persons)), time, cover)
    return Delivery(
        key, name, folder, clearance, opened, number, contractor, tuple(json.loads(stations)), opened_by, received_by,
        received, DeliveryState(state), rounds,
    )  # fmt: skip
