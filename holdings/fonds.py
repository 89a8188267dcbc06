"""The fonds register 全宗名册: tables `fonds`, `fonds_district`.

What an archive declares of each fonds: name and former names, history 全宗介绍, physical extent in 卷, 件 and 米, whether it
is a 重点全宗, and how much is planned, catalogued, scanned and open. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings import fonds_tally, statistics_tally
from holdings.errors import NotFound
from holdings.fonds_tally import FondsCount
from holdings.reference_code import match_key, ordering_key

OWN: Final = ""
"""Writer of this site's own register."""
CODE_MAX: Final = 20  # characters of a 全宗号
NAME_MAX: Final = 200
HISTORY_MAX: Final = 20_000  # characters: what data/da_t18.toml allows for 组织机构沿革
COUNT_MAX: Final = 1_000_000_000
_FIELDS: Final = (
    "code", "name", "former", "history", "years", "volumes", "items", "millimetres", "key_fonds", "planned",
    "catalogued", "scanned", "open", "remark",
)  # fmt: skip
_SELECT: Final = f"SELECT {', '.join(_FIELDS)} FROM fonds"
_PUT: Final = (
    f"INSERT OR REPLACE INTO fonds(writer, key, ordering, changed, {', '.join(_FIELDS)})"
    f" VALUES (?, ?, ?, ?{', ?' * len(_FIELDS)})"
)


class Fonds(Struct, frozen=True, kw_only=True):
    """A fonds as the register says. Numbers are None where it says nothing; shelf length is in millimetres."""

    code: str
    name: str
    former: str = ""
    history: str = ""
    years: str = ""
    volumes: int | None = None
    items: int | None = None
    millimetres: int | None = None
    key_fonds: bool = False
    planned: int | None = None
    catalogued: int | None = None
    scanned: int | None = None
    open: int | None = None
    remark: str = ""

    @property
    def key(self) -> str:
        """What codes are compared by."""
        return match_key(self.code)

    @property
    def metres(self) -> float | None:
        """Shelf length in metres."""
        return None if self.millimetres is None else self.millimetres / 1000


class DistrictFrom(Struct, frozen=True):
    """The district of a fonds' archive, by code, from a day on (None: from the beginning)."""

    code: str
    since: dt.date | None = None


class Registered(Struct, frozen=True):
    """A fonds with what this database holds of it and the districts its archive was in."""

    fonds: Fonds
    held: dict[FondsCount, int]
    districts: tuple[DistrictFrom, ...]


class Imported(Struct, frozen=True):
    """What an import of a register did; `gone` are codes that the register has and the sheet has not: they stay."""

    added: int
    changed: int
    unchanged: int
    gone: tuple[str, ...]


def put(connection: apsw.Connection, fonds: Fonds, now: int, writer: str = OWN) -> bool | None:
    """Register a fonds or change it: True when it is new, False when it changed, None when it says what it said."""
    row = connection.execute(f"{_SELECT} WHERE writer = ? AND key = ?", (writer, fonds.key)).fetchone()
    if row is not None and _fonds(row) == fonds:
        return None
    values = [getattr(fonds, name) for name in _FIELDS]
    values[_FIELDS.index("key_fonds")] = int(fonds.key_fonds)
    connection.execute(_PUT, (writer, fonds.key, ordering_key(fonds.code), now, *values))
    was = _fonds(row) if row is not None else None
    more = [(getattr(fonds, name) or 0) - (getattr(was, name, None) or 0) for name in ("volumes", "items")]
    statistics_tally.registered(connection, fonds.key, more[0], more[1], writer, now, new=was is None)
    return row is None


def place(connection: apsw.Connection, key: str, district: DistrictFrom, writer: str = OWN) -> None:
    """Say in which district a fonds' archive is from a day on. Saying what holds already writes nothing."""
    since = district.since.isoformat() if district.since else ""
    known = connection.execute(
        "SELECT code FROM fonds_district WHERE writer = ? AND key = ? AND since <= ? ORDER BY since DESC LIMIT 1",
        (writer, key, since),
    ).fetchone()
    if known is None or known[0] != district.code:
        connection.execute(
            "INSERT OR REPLACE INTO fonds_district(writer, key, since, code) VALUES (?, ?, ?, ?)",
            (writer, key, since, district.code),
        )


def district_at(connection: apsw.Connection, code: str, day: dt.date, writer: str = OWN) -> str | None:
    """The district code that the register gives a fonds for a day; None when it gives none.

    A code that ended since is followed by `holdings.district.Districts.current`.
    """
    row = connection.execute(
        "SELECT code FROM fonds_district WHERE writer = ? AND key = ? AND since <= ? ORDER BY since DESC LIMIT 1",
        (writer, match_key(code), day.isoformat()),
    ).fetchone()
    return None if row is None else str(row[0])


def import_rows(
    connection: apsw.Connection, rows: Iterable[tuple[Fonds, DistrictFrom | None]], now: int, writer: str = OWN
) -> Imported:
    """Take a register over, row by row; the same register again changes nothing. Nothing is removed."""
    counts = {True: 0, False: 0, None: 0}
    seen: set[str] = set()
    for fonds, district in rows:
        counts[put(connection, fonds, now, writer)] += 1
        seen.add(fonds.key)
        if district is not None:
            place(connection, fonds.key, district, writer)
    known = connection.execute("SELECT key, code FROM fonds WHERE writer = ? ORDER BY ordering", (writer,))
    gone = tuple(str(code) for key, code in known if key not in seen)
    return Imported(counts[True], counts[False], counts[None], gone)


def list_all(connection: apsw.Connection, *, limit: int = 1000, after: str = "", writer: str = OWN) -> list[Registered]:
    """Fonds in the order of their codes, from the one behind `after` (a code) on."""
    rows = connection.execute(
        f"{_SELECT} WHERE writer = ? AND ordering > ? ORDER BY ordering LIMIT ?",
        (writer, ordering_key(after) if after else "", limit),
    ).fetchall()
    return [_registered(connection, _fonds(row), writer) for row in rows]


def get(connection: apsw.Connection, code: str, writer: str = OWN) -> Registered:
    """A fonds by its code, however it is written; NotFound when it is not registered."""
    row = connection.execute(f"{_SELECT} WHERE writer = ? AND key = ?", (writer, match_key(code))).fetchone()
    if row is None:
        raise NotFound(f"全宗名册中没有“{code}”；可用 fonds list 查看，或导入名册：fonds import 全宗名册.xlsx")
    return _registered(connection, _fonds(row), writer)


def name_of(connection: apsw.Connection, code: str, writer: str = OWN) -> str:
    """The name of a fonds by its code, however it is written; blank when it is not registered."""
    row = connection.execute("SELECT name FROM fonds WHERE writer = ? AND key = ?", (writer, match_key(code))).fetchone()
    return str(row[0]) if row is not None else ""


def unregistered(connection: apsw.Connection, writer: str = OWN) -> list[str]:
    """Keys of fonds that something is held of and that nobody has registered."""
    keys = connection.execute("SELECT key FROM fonds WHERE writer = ?", (writer,))
    return fonds_tally.unregistered(connection, frozenset(str(key) for (key,) in keys), writer)


def _registered(connection: apsw.Connection, fonds: Fonds, writer: str) -> Registered:
    """Put a fonds together with its counters and districts."""
    rows = connection.execute(
        "SELECT code, since FROM fonds_district WHERE writer = ? AND key = ? ORDER BY since", (writer, fonds.key)
    )
    districts = tuple(DistrictFrom(str(code), dt.date.fromisoformat(since) if since else None) for code, since in rows)
    return Registered(fonds, fonds_tally.read(connection, fonds.key, writer), districts)


def _fonds(row: tuple[Any, ...]) -> Fonds:
    """Build a fonds from `_SELECT`."""
    values = dict(zip(_FIELDS, row, strict=True))
    return Fonds(**{**values, "key_fonds": bool(values["key_fonds"])})
