"""A city full of nodes in a hub's databases, with days of history behind them, drawn by a seed: what the monitor is looked at and measured with."""

from __future__ import annotations

import datetime as dt
import random

from crypto.signing import SigningKey
from holdings import tally
from holdings.district import districts
from hub import front, history, opened
from hub.history import HubDay, NodeDay
from hub.home import Home
from hub.monitor import day_of
from sync import entry as entries
from sync import log as logs
from sync.database import Database
from sync.entry import ClockState, Role
from sync.site_class import SiteClass
from sync.state_report import LastTalk, StateReport

DAY_S = 86_400


def fill(home: Home, people: Database, nodes: int, days: int, seed: int = 20_261_122) -> list[bytes]:
    """Enrol `nodes` in the front, count pages for them, and write `days` of history for each; their log_ids."""
    chance, wall = random.Random(seed), home.clock.wall()
    codes = [one.code for one in districts().at(day_of(wall))]
    made = [
        _node(home, chance, codes[number % len(codes)], number, wall, days * 600 + chance.randrange(400))
        for number in range(nodes)
    ]
    today = day_of(wall)
    with people.transaction() as connection:
        for back in range(days, 0, -1):
            day = (today - dt.timedelta(days=back)).isoformat()
            history.keep(
                connection,
                (_day(log_id, chance, day, days - back) for log_id in made),
                HubDay(day, 4 * 10**12 - (days - back) * 10**10, days - back, days, 9, 0),
            )
    return made


def _node(home: Home, chance: random.Random, code: str, number: int, wall: int, grown: int) -> bytes:
    key = SigningKey.generate()
    name = f"{districts().get(code).name}档案馆{number // 16 + 1}号"
    entry = entries.make_genesis(
        key,
        role=Role.NODE,
        name=name,
        site_class=SiteClass.OPEN,
        recipient=bytes(32),
        nonce=number.to_bytes(16, "big"),
        wall=wall,
        hub_id=home.genesis.log_id,
    )
    genesis, waiting = entries.genesis_of(entry), chance.randrange(20) * 10**8
    spoke = wall - chance.choice([600, 3600, 7200, 40_000] * 12 + [6 * DAY_S])
    report = StateReport(
        "jindang 0.1.0", 1000, 30_000, 10**10, 2, waiting, chance.randrange(30), ClockState.NTP, spoke + chance.choice([0] * 20 + [900]),
        chance.choice([10**9, 10**11, 4 * 10**11]), waiting // 300_000, waiting // 10**8, LastTalk(spoke - 9000, spoke, 1, 10**9, 12, chance.random() < 0.1),
        scanning=3, held=0, disk_bytes=10**12, oldest_waiting=spoke - DAY_S if waiting else None,
    )  # fmt: skip
    with home.front.transaction() as connection:
        logs.register(connection, genesis, entry)
        front.add_node(connection, genesis.log_id, code, wall - 200 * DAY_S, bytes(16))
        front.greeted(connection, genesis.log_id, bytes(16), spoke, report)
        front.delta_accepted(connection, genesis.log_id, grown * 300_000)
        front.delta_stored(connection, genesis.log_id, grown * 300_000)
    with home.holdings.transaction() as connection:
        writer = opened.writer(connection, genesis.log_id, name)
        tally.add(connection, tally.Count.RECORDS, grown // 30, writer)
        tally.add(connection, tally.Count.PAGES, grown, writer)
    return genesis.log_id


def _day(log_id: bytes, chance: random.Random, day: str, number: int) -> tuple[bytes, NodeDay]:
    grown = number * 600 + chance.randrange(400)
    return log_id, NodeDay(
        day,
        grown // 30,
        grown,
        grown * 300_000,
        grown // 500,
        chance.randrange(10**9),
        chance.randrange(3000),
        chance.randrange(30),
        4 * 10**11 - number * 10**9,
        1_700_000_000,
    )
