"""Double keying 双录: two persons type the row of the same pages, neither seeing the other's; what agrees is stored, what differs a person decides.

An option of a delivery; tables `double_delivery` and `keyed`. What is typed is judged as a row of single keying is, so nothing secret is ever kept here; what
turns out classified later is forgotten with its row. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings import catalogue_rows as rows
from holdings import cataloguing
from holdings.code_scheme import codes_of
from holdings.columns import CODE
from holdings.errors import MendRefused, NotFound
from holdings.record import NAME_MAX
from holdings.reference_code import ReferenceCode, match_key, parse
from holdings.security import SiteClass
from holdings.site_data import NO_SITE, SiteData

_FIELDS: Final = "id, match_key, code, delivery, person, time, elements"
SHOWN_MAX: Final = 500


class Keying(StrEnum):
    """What came of a row that was typed."""

    STORED = "stored"
    """It stands in the catalogue: typed once, or both agree."""
    FIRST = "first"
    """Somebody else types it a second time."""
    DIFFERS = "differs"
    """Both are typed and differ: a person decides."""


class Keyed(Struct, frozen=True):
    """What one person typed of a row; `time` in whole seconds UTC."""

    id: int
    match_key: str
    code: str
    delivery: str
    person: str
    time: int
    elements: dict[str, str]


class Difference(Struct, frozen=True):
    """Two typings of a row that differ; `fields` are (element, first, second), the code's standard order first."""

    first: Keyed
    second: Keyed
    fields: tuple[tuple[str, str, str], ...]


def switch(connection: apsw.Connection, delivery: str, person: str, now: int, *, double: bool) -> None:
    """Rows of a delivery are typed twice from now on, or once.

    Raises:
        MendRefused: rows of it wait for their second typing or a decision, and would be left behind.
    """
    if not double and (waiting := _of_delivery(connection, delivery)):
        raise MendRefused(f"批次“{delivery}”还有 {waiting} 条只录了一遍或两遍不符；请先录完、核对完，再改为单录")
    connection.execute("DELETE FROM double_delivery WHERE delivery = ?", (delivery,))
    if double:
        connection.execute("INSERT INTO double_delivery VALUES (?, ?, ?)", (delivery, person.strip(), now))


def deliveries(connection: apsw.Connection) -> frozenset[str]:
    """Names of the deliveries that are typed twice."""
    return frozenset(str(name) for (name,) in connection.execute("SELECT delivery FROM double_delivery"))


def compare(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """(element, first, second) of what differs, in the order of the first; an element that is left out is blank. Pure."""
    names = dict.fromkeys([*first, *second])
    return tuple((name, a, b) for name in names if (a := first.get(name, "")) != (b := second.get(name, "")))


def key(
    connection: apsw.Connection,
    delivery: str,
    values: Mapping[str, str],
    person: str,
    site_class: SiteClass,
    now: int,
    changed: int,
    site: SiteData = NO_SITE,
) -> tuple[Keying, str]:
    """Take a typed row of a delivery that is typed twice; what came of it, and its code.

    Raises:
        MendRefused: the row cannot be, this person has typed it already, or two others have.
    """
    judged = cataloguing.judge(connection, values, site_class, now, site)
    if judged.refused:
        name, why = next(iter(judged.refused.items()))
        raise MendRefused(f"“{name}”：{why}")
    person = person.strip()
    if not 1 <= len(person) <= NAME_MAX:
        raise MendRefused("著录须写明姓名（--by）")
    said = cataloguing.clean(values)
    code = parse(said[CODE], codes_of(site).schemes)
    assert isinstance(code, ReferenceCode)
    held = _open(connection, code.key)
    if any(one.person == person for one in held):
        raise MendRefused(f"“{code.printed}”您已录过；双录须由另一人录第二遍，请跳过这一件")
    if len(held) > 1:
        raise MendRefused(f"“{code.printed}”已录两遍，不符待核对；请在双录核对中办理")
    if held and not compare(held[0].elements, said):
        _settle(connection, code.key)
        return Keying.STORED, cataloguing.add(
            connection, held[0].delivery, said, person, site_class, now, changed, site
        )
    connection.execute(
        "INSERT INTO keyed(match_key, code, delivery, person, time, elements) VALUES (?, ?, ?, ?, ?, ?)",
        (code.key, code.printed, delivery, person, now, json.dumps(said, ensure_ascii=False)),
    )
    return (Keying.DIFFERS if held else Keying.FIRST), code.printed


def differences(connection: apsw.Connection) -> list[Difference]:
    """Rows that were typed twice and differ, oldest first; at most 500."""
    keys = connection.execute(
        "SELECT match_key FROM keyed WHERE elements <> '' GROUP BY match_key HAVING count(*) > 1 ORDER BY min(id) LIMIT ?",
        (SHOWN_MAX,),
    )
    pairs = [_open(connection, str(key)) for (key,) in list(keys)]
    return [Difference(first, second, compare(first.elements, second.elements)) for first, second in pairs]


def decide(
    connection: apsw.Connection,
    code: str,
    seconds: Iterable[str],
    person: str,
    site_class: SiteClass,
    now: int,
    changed: int,
    site: SiteData = NO_SITE,
) -> str:
    """Store a row that was typed differently: the first typing with the elements named in `seconds` as the second has them; its code.

    Raises:
        NotFound: nothing differs under that code. MendRefused: what was chosen cannot be a row.
    """
    held = _open(connection, match_key(code))
    if len(held) != 2:
        raise NotFound(f"“{code}”没有两遍不符的著录；请返回重选")
    first, second = held
    chosen = dict(first.elements)
    for name in seconds:
        chosen.pop(name, None)
        if name in second.elements:
            chosen[name] = second.elements[name]
    _settle(connection, first.match_key)
    return cataloguing.add(connection, first.delivery, chosen, person, site_class, now, changed, site)


def delivery_of(connection: apsw.Connection, code: str) -> str:
    """The delivery of a row that waits for its second typing or a decision; NotFound when none does."""
    held = _open(connection, match_key(code))
    if not held:
        raise NotFound(f"“{code}”没有待核对的双录；请返回重选")
    return held[0].delivery


def discard(connection: apsw.Connection, code: str) -> int:
    """Neither is right: both typings of a row go, and it is typed anew; how many went."""
    connection.execute("DELETE FROM keyed WHERE match_key = ? AND elements <> ''", (match_key(code),))
    return int(connection.changes())


def forget(connection: apsw.Connection, keys: Iterable[str]) -> None:
    """Rows with these match keys may not stay here: nothing typed of them does."""
    connection.executemany("DELETE FROM keyed WHERE match_key = ?", ((key,) for key in keys))


def withdraw(connection: apsw.Connection, delivery: str) -> None:
    """A delivery is withdrawn: what was typed of it and not stored goes."""
    connection.execute("DELETE FROM keyed WHERE delivery = ? AND elements <> ''", (delivery,))


def keyed_by(connection: apsw.Connection, person: str) -> frozenset[str]:
    """Match keys of the rows that this person has typed once, and of those that two have: none of them waits for this person."""
    keys = connection.execute(
        "SELECT match_key FROM keyed WHERE elements <> '' GROUP BY match_key HAVING count(*) > 1 OR max(person = ?)",
        (person.strip(),),
    )
    return frozenset(str(key) for (key,) in keys)


def last_of(connection: apsw.Connection, person: str) -> Keyed | None:
    """What this person typed last of rows that are not stored yet."""
    row = connection.execute(
        f"SELECT {_FIELDS} FROM keyed WHERE person = ? AND elements <> '' ORDER BY id DESC LIMIT 1", (person.strip(),)
    ).fetchone()
    return _keyed(row) if row else None


def take_back(connection: apsw.Connection, keyed: Keyed) -> None:
    """撤销: a typing that is not stored yet goes."""
    connection.execute("DELETE FROM keyed WHERE id = ?", (keyed.id,))


def count(connection: apsw.Connection, person: str, since: int) -> int:
    """How many typings of a person since a time count beside the rows stored in that name."""
    row = connection.execute(
        "SELECT count(*) FROM keyed WHERE person = ? AND time >= ?", (person.strip(), since)
    ).fetchone()
    return int(row[0]) if row else 0


def _of_delivery(connection: apsw.Connection, delivery: str) -> int:
    """How many rows of a delivery wait for their second typing or a decision; what a sheet has brought meanwhile does not."""
    keys = connection.execute("SELECT DISTINCT match_key FROM keyed WHERE delivery = ? AND elements <> ''", (delivery,))
    return sum(rows.full(connection, str(key)) is None for (key,) in list(keys))


def _open(connection: apsw.Connection, key: str) -> list[Keyed]:
    found = connection.execute(
        f"SELECT {_FIELDS} FROM keyed WHERE match_key = ? AND elements <> '' ORDER BY id", (key,)
    )
    return [_keyed(row) for row in found]


def _settle(connection: apsw.Connection, key: str) -> None:
    """The row is stored: of what was typed only who and when stays, for the day's counts."""
    connection.execute("UPDATE keyed SET elements = '', code = '' WHERE match_key = ?", (key,))


def _keyed(row: tuple[Any, ...]) -> Keyed:
    number, key, code, delivery, person, time, elements = row
    return Keyed(int(number), str(key), str(code), str(delivery), str(person), int(time), dict(json.loads(elements)))
