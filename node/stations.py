"""What came in today from each scanning station 扫描站: the places looked at since midnight, by whose folder they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import apsw
from msgspec import Struct

from holdings.delivery_name import read_name
from node import folders
from node.folders import FolderState

WAITING: Final = frozenset({FolderState.HELD, FolderState.SCANNING, FolderState.LOOKED})


class StationDay(Struct):
    """A station's day in one delivery: places looked at, files of those sealed, how many wait, the newest look (seconds UTC)."""

    name: str
    today: int = 0
    files: int = 0
    waiting: int = 0
    quarantined: int = 0
    last: int = 0


def station_of(path: str, registered: tuple[str, ...] = ()) -> str:
    """Whose folder a place lies in: the last part of its path that names a station, else the only one registered for the delivery, else the scan folder. Pure.

    >>> station_of("stations/扫描站2/第03批/J001-0001")
    '扫描站2'
    >>> station_of("甲公司/第03批/J001-0001", ("二站",)), station_of("甲公司/第03批/J001-0001")
    ('二站', '甲公司')
    """
    place = path.partition("#")[0]
    said = read_name(place).station
    return said or (registered[0] if len(registered) == 1 else place.partition("/")[0])


def today(
    connection: apsw.Connection, midnight: float, registered: Mapping[str, tuple[str, ...]]
) -> dict[str, list[StationDay]]:
    """By delivery, its stations of today by name. `registered`: the stations that people wrote down for a delivery."""
    found: dict[str, dict[str, StationDay]] = {}
    for path, delivery, state, looked, files in folders.looked_since(connection, midnight):
        name = station_of(path, registered.get(delivery, ()))
        day = found.setdefault(delivery, {}).setdefault(name, StationDay(name))
        day.today += 1
        day.files += files
        day.waiting += state in WAITING
        day.quarantined += state == FolderState.QUARANTINED
        day.last = max(day.last, int(looked))
    return {delivery: sorted(days.values(), key=lambda one: one.name) for delivery, days in found.items()}
