"""What waits at this node to be sent, in deltas, bytes, pages and nights; no count over millions."""

from __future__ import annotations

from msgspec import Struct

from holdings import tally
from node import schedule, settings
from node.home import Home
from node.link_speed import link_rate
from node.settings import Setting
from sync import log
from sync.manifest import read_delta
from sync.receipt import Grade


class Backlog(Struct, frozen=True):
    """Deltas without R1, bytes of their objects, pages as far as bytes tell; nights at `rate` bit/s within the windows, None while no rate is known."""

    deltas: int
    bytes: int
    pages: int
    nights: float | None
    rate: int
    oldest: int | None
    """When the oldest of them was sealed, whole seconds UTC."""


def backlog(home: Home) -> Backlog:
    """What waits now."""
    reading, own = home.database.read(), home.identity.log.log_id
    first = log.first_unreceipted(reading, own, Grade.R1)
    waiting = log.unreceipted(reading, own, Grade.R1) if first is not None else []
    size, oldest = 0, None
    for seq in waiting:
        for entry in log.since(reading, own, seq, 1):
            oldest = entry.wall if oldest is None else oldest
            size += sum(length for _, length in read_delta(entry.body).objects())
    stored, pages = settings.number(reading, Setting.BYTES_STORED), tally.read(reading, tally.Count.PAGES)
    rate, night = link_rate(home), schedule.night_seconds(schedule.of(home.config.windows, home.site))
    if home.config.cap_mbit:
        rate = min(rate, int(home.config.cap_mbit * 1e6)) or int(home.config.cap_mbit * 1e6)
    nights = size * 8 / rate / night if rate and night else None
    return Backlog(len(waiting), size, round(pages * size / stored) if stored else 0, nights, rate, oldest)
