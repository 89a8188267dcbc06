"""Digitisation progress 数字化进度 of each archive against its target; what a merger brought together counts for the heir. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from holdings.district import Districts
from holdings.errors import NotFound
from holdings.scan_target import CITY, Target, Targets
from hub.monitor import Row

LOOKED_BACK_DAYS: Final = 30
"""Days that the speed is measured over."""
NONE: Final = ""


class Progress(Struct, frozen=True):
    """One archive: its nodes' opened pages, the target of today, pages a day over the last 30 days, and when it will be reached at that speed."""

    code: str
    name: str
    nodes: tuple[str, ...]
    records: int
    pages: int
    target: Target | None
    per_day: float
    reached: dt.date | None

    @property
    def share(self) -> float | None:
        """Of the target, 0 to 1 and above."""
        return self.pages / self.target.pages if self.target else None

    @property
    def late(self) -> bool:
        """Will it miss its day at the speed of the last 30 days?"""
        if self.target is None or self.pages >= self.target.pages:
            return False
        return self.reached is None or self.reached > self.target.until


def progress(
    rows: Iterable[Row], before: Mapping[bytes, tuple[str, int]], known: Districts, goals: Targets, today: dt.date
) -> list[Progress]:
    """Every archive of today, those without a node among them. `before`: what each node had at the first day that is kept (hub.history.pages_at)."""
    groups: dict[str, list[Row]] = {code: [] for code in (CITY, *(one.code for one in known.at(today)))}
    for row in rows:
        groups.setdefault(archive_of(row.district, known, today), []).append(row)
    return [_one(code, group, before, known, goals, today) for code, group in groups.items()]


def archive_of(code: str, known: Districts, today: dt.date) -> str:
    """The archive that answers today for a node's code: the city's (…0000), the heir's, or blank when the code says nothing."""
    if code.endswith("0000"):
        return CITY
    try:
        return known.current(code, today).code
    except NotFound:
        return NONE


def _one(
    code: str,
    rows: list[Row],
    before: Mapping[bytes, tuple[str, int]],
    known: Districts,
    goals: Targets,
    today: dt.date,
) -> Progress:
    goal = goals.of(code, today, known) if code else None
    pages = sum(row.pages for row in rows)
    speed = sum(_speed(row, before, today) for row in rows)
    name = known.get(code).name if code not in (CITY, NONE) else ""
    reached = None
    if goal is not None and pages < goal.pages and speed > 0:
        days = (goal.pages - pages) / speed
        reached = today + dt.timedelta(days=int(days) + 1) if days < 36_500 else None
    return Progress(
        code, name, tuple(row.name for row in rows), sum(row.records for row in rows), pages, goal, speed, reached
    )


def _speed(row: Row, before: Mapping[bytes, tuple[str, int]], today: dt.date) -> float:
    day, pages = before.get(bytes.fromhex(row.log_id), ("", 0))
    span = (today - dt.date.fromisoformat(day)).days if day else 0
    return max(0, row.pages - pages) / span if span > 0 else 0.0
