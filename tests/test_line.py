"""A bad line between node and hub: whatever breaks is gone on with, and little is sent twice."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from city import City
from cutting_proxy import CuttingProxy, Line
from PIL import Image

from node import settings, transport
from node.engine import Engine
from node.settings import Setting
from sync.errors import LinkLost
from sync.sandbox import Sandbox

MIB = 1 << 20
SLOW = Line(delay_s=0.02, rate=12 * MIB)
"""A handshake above 20 ms makes a slow link: packs of 2 MiB over eight connections. The rate is high so that the test is short."""
CUT_BYTES = 25 * MIB
"""What 10 Mbit/s carry in 20 s."""
EXTRA_MAX = 0.05


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub, and a node that is yet to be enrolled."""
    made = City(tmp_path, sandbox).open_hub()
    yield made
    made.close()


def fill(city: City, records: int, edge: int = 1000) -> None:
    """Records of two pages each that no compression shortens: an edge of 1,000 is a good megabyte a page."""
    random, rows = Random(7), {}
    for number in range(1, records + 1):
        code = f"J001-WS·2011·Y·BGS-{number:04d}"
        rows[code] = {"页数": "2"}
        city.work.scans.put(code, {f"{page:04d}.jpg": noise(random, edge) for page in (1, 2)})
    city.work.scans.rows(rows)


def noise(random: Random, edge: int) -> bytes:
    """A JPEG page of pure noise."""
    out = io.BytesIO()
    Image.frombytes("L", (edge, edge), random.randbytes(edge * edge)).save(out, "JPEG", quality=95)
    return out.getvalue()


def test_cuts_cost_at_most_a_twentieth(city: City) -> None:
    """With the line cut whenever 25 MB have gone over it, no more than 5 % more bytes go up than the objects have."""
    with CuttingProxy(city.hub.address, SLOW) as proxy:
        city.join(proxy.address)
        fill(city, 40)
        before = proxy.up
        proxy.cut_every(CUT_BYTES)
        city.run()
        spent, due = proxy.up - before, city.due()
        assert proxy.cuts >= 2
        print(f"{spent / due - 1:.2%} extra over {proxy.cuts} cuts")
        assert due < spent < due * (1 + EXTRA_MAX), f"{spent / due - 1:.1%} extra over {proxy.cuts} cuts"
    city.arrived()


def test_a_cut_anywhere_ends_well(city: City) -> None:
    """Wherever one cut falls, in a handshake, a greeting, an entry or a pack, the same run brings everything."""
    random = Random(11)
    with CuttingProxy(city.hub.address) as proxy:
        city.join(proxy.address)
        for number in range(1, 13):
            city.work.scans.rows({f"J001-WS·2011·Y·BGS-{n:04d}": {"页数": "1"} for n in range(1, number + 1)})
            city.work.scans.put(f"J001-WS·2011·Y·BGS-{number:04d}", {"0001.jpg": noise(random, 100)})
            at = random.choice((random.randrange(3_000), random.randrange(20_000)))
            proxy.cut_once_after(at)
            assert city.run().receipted == 1, f"cut after {at} bytes"
        assert proxy.cuts >= 8
    city.move(city.hub.address)
    city.run()
    city.arrived()


def test_connections_that_died_idle_cost_one_try(city: City) -> None:
    """When all kept connections have died, one try fails and the next one sends: no connection is found dead a try at a time."""
    with CuttingProxy(city.hub.address) as proxy:
        city.join(proxy.address)
        fill(city, 8)
        with city.work.opened() as engine:
            settings_of(engine, pack_target=1 * MIB)
            engine.run(settle_s=0.0, send=False)
            uplink = engine._uplink()
            uplink.converse()
            assert proxy.connections > 4, "one connection carried everything"
            fill(city, 16)
            engine.run(settle_s=0.0, send=False)
            proxy.cut()
            with pytest.raises(LinkLost):
                uplink.converse()
            uplink.converse()
            uplink.close()
    city.move(city.hub.address)
    city.run()
    city.arrived()


def settings_of(engine: Engine, *, pack_target: int) -> None:
    """What a hub would have announced."""
    with engine.home.database.transaction() as connection:
        settings.write(connection, Setting.PACK_TARGET, pack_target)


def test_a_line_that_falls_silent_is_left(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that die without a word, as behind a rebooted router, are given up after the time-out; new ones go on where the hub's disk says."""
    monkeypatch.setattr(transport, "TIMEOUT_S", 2.0)
    with CuttingProxy(city.hub.address, SLOW) as proxy:
        city.join(proxy.address)
        fill(city, 12)
        before = proxy.up
        proxy.hush_once_after(6 * MIB)
        city.run()
        assert proxy.cuts == 1
        assert proxy.up - before < city.due() * 1.2
        proxy.cut()
    city.move(city.hub.address)
    city.arrived()
