"""Named faults of databases, clocks and copies, each with its outcome (those of disks and bytes are in test_faults.py)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from city import City
from cutting_proxy import CuttingProxy, Line
from hub_in_thread import SetClock as HubClock
from hub_in_thread import reopen
from node_and_hub import enrol
from test_faults import A, B, drop

from hub import doctor
from node import exit_code, verification
from node.app import open_engine
from sync import log
from sync.errors import BadEntry, PeerRefused, StoreDamaged
from sync.receipt import Grade
from sync.sandbox import Sandbox

C, D = "J001-WS·2011·Y·BGS-0003", "J001-WS·2011·Y·BGS-0004"
PAGE = 4096


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub and its node, with one receipted record."""
    made = City(tmp_path, sandbox).open_hub().join()
    drop(made, A)
    made.run()
    yield made
    made.close()


# ---------------------------------------------------------------- a corrupted byte in a database


def pages(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every page of a database file with one byte in its middle turned: (number, whole file)."""
    whole = path.read_bytes()
    for number in range(len(whole) // PAGE):
        turned = bytearray(whole)
        turned[number * PAGE + PAGE // 2] ^= 0x10
        yield number, bytes(turned)


def test_a_byte_that_rots_in_the_nodes_database_is_found(city: City) -> None:
    """Whichever page of the encrypted database has a turned byte, opening it or doctor says damage (exit code 4), never a wrong value."""
    path, missed, codes = city.work.path / "node.db", list[int](), set[int]()
    whole = path.read_bytes()
    for number, turned in pages(path):
        path.write_bytes(turned)
        try:
            with open_engine(city.work.path, lambda: "") as engine:
                if not verification.doctor(engine.home, engine.clock):
                    missed.append(number)
        except StoreDamaged as fault:
            codes.add(exit_code.of(fault))
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(whole)
    assert not missed
    assert codes <= {4}
    city.run()
    city.arrived()


def test_a_byte_that_rots_in_the_vaults_database_is_found(city: City) -> None:
    """The same for the hub's encrypted holdings."""
    path = city.hub.path / "holdings.db"
    city.hub.folded()
    city.hub.stop()
    whole, missed = path.read_bytes(), []
    for number, turned in pages(path):
        path.write_bytes(turned)
        try:
            home = reopen(city.hub.path, HubClock())
            try:
                if doctor.examine(home, deep=False)["ok"]:
                    missed.append(number)
            finally:
                home.close()
        except StoreDamaged:
            pass
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(whole)
    city.hub.start()
    assert not missed


def test_a_byte_that_rots_in_the_front_is_found(city: City) -> None:
    """The hub's open database has no authentication of its own: signatures, hashes and the store tell a turned byte of an entry, a receipt or a name."""
    city.run()
    reading = city.hub.hub.home.front.read()
    (node,) = log.logs(reading, log.Role.NODE)
    entries = log.since(reading, node.log_id, 0, 9)
    receipt = log.receipt_at(reading, node.log_id, 1, Grade.R1)
    assert receipt is not None
    names = [row[0] for row in reading.execute("SELECT name FROM named_object")]
    marks = [entries[0].signed[60:90], entries[1].signed[-40:], entries[1].hash, receipt[-40:], *names]
    city.hub.stop()
    path = city.hub.path / "front.db"
    whole = path.read_bytes()
    for mark in marks:
        at = whole.find(mark)
        assert at >= 0
        while at >= 0:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            try:
                home = reopen(city.hub.path, HubClock())
            except (BadEntry, StoreDamaged):
                said = {"damage": True}
            else:
                said = doctor.examine(home, deep=False)
                home.close()
            assert said["damage"], mark.hex()
            at = whole.find(mark, at + 1)
    path.write_bytes(whole)
    city.hub.start()


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize("years", [(-26, 40, 0), (15, -56, 3), (0, -1, 250)])
def test_clocks_that_jump_by_years_lose_nothing(city: City, years: tuple[int, ...]) -> None:
    """With node and hub in other decades, each its own, records are taken in, receipted and opened all the same; order comes from the log."""
    today = city.work.clock.time
    for number, (mine, yours) in enumerate(zip(years, reversed(years), strict=True), 2):
        city.work.clock.time = today + mine * 31_557_600
        city.hub.clock.now = max(0, int(today + yours * 31_557_600))
        city.hub.clock.skip += 3_000.0
        drop(city, f"J001-WS·2011·Y·BGS-{number:04d}", seed=number)
        assert city.run().receipted == 1
    city.work.clock.time = today + 300 * 31_557_600
    city.hub.folded()
    city.run()
    assert city.receipted(Grade.R4) == [1, 2, 3, 4]
    city.arrived()


def test_a_clock_set_back_is_said_and_holds_nothing_up(city: City) -> None:
    """When the clock is years behind the last entry, doctor asks to set it; nothing is called damage, and sending goes on."""
    city.work.clock.time -= 9 * 31_557_600
    drop(city, B)
    assert city.run().receipted == 1
    city.work.clock.time -= 9 * 31_557_600
    assert [line.split("：")[0] for line in city.troubles(deep=True)] == ["时钟"]
    city.work.clock.time += 18 * 31_557_600
    city.arrived()


# ---------------------------------------------------------------- a hub that restarts in the middle


def test_a_hub_that_restarts_in_the_middle_of_an_upload_goes_on(city: City) -> None:
    """The hub ends while packs are on the line and starts again elsewhere: what was durable is not sent twice, and the next run ends well."""
    codes = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(10, 22)]
    with CuttingProxy(city.hub.address, Line(rate=4 << 20)) as proxy:
        city.move(proxy.address)
        city.run()
        drop(city, *codes)
        before, old = proxy.up, city.hub.hub

        def restart() -> None:
            proxy.on_cut = None
            city.hub.stop()
            city.hub.start()
            proxy.upstream = city.hub.address

        proxy.on_cut = restart
        proxy.cut_once_after(2 << 20)
        assert city.run().receipted == len(codes)
        assert city.hub.hub is not old
        assert proxy.up - before < 1.15 * city.due()
    city.move(city.hub.address)
    city.arrived()


# ---------------------------------------------------------------- yesterday's copies


@contextmanager
def yesterday(city: City, tmp_path: Path) -> Iterator[None]:
    """What happens inside is forgotten by the hub: afterwards it runs on a copy of its home taken before."""
    city.hub.folded()
    city.hub.stop()
    kept = tmp_path / "yesterday"
    shutil.copytree(city.hub.path, kept)
    city.hub.start()
    city.move(city.hub.address)
    yield
    city.hub.stop()
    shutil.rmtree(city.hub.path)
    shutil.copytree(kept, city.hub.path)
    city.hub.start()
    city.move(city.hub.address)


def test_a_hub_restored_from_yesterday_takes_everything_again(city: City, tmp_path: Path) -> None:
    """Its own entries come back from the node, the goods are sent and receipted anew, an alarm says so, and in the end everything is there once."""
    with yesterday(city, tmp_path):
        drop(city, B)
        city.run()
        # The hub writes into its own log after the copy: a second node comes.
        other = enrol(
            tmp_path / "other", city.hub, city.hub.address, city.sandbox, token=city.hub.token("河西区"), name="河西区"
        )
        drop(city, A, C, seed=70)
        city.run()
        city.hub.folded()
        hub_head = city.hub.hub.home.own_log.head(city.hub.hub.home.front.read())
    for _ in range(3):
        city.run()
    own = city.hub.hub.home.own_log
    assert log.hash_at(city.hub.hub.home.front.read(), own.hub_id, hub_head.seq) == hub_head.hash
    assert {"hub-behind", "receipts-behind"} & set(city.alarms())
    assert len(set(city.alarms())) == len(city.alarms()), "one alarm is enough"
    with city.work.opened() as engine:
        assert engine.run(settle_s=0.0, wait_grade=Grade.R4).bytes_sent < 4_096, (
            "something goes over the line again and again"
        )
    city.arrived()
    other_city = City(tmp_path / "other", city.sandbox)
    other_city.hub, other_city.work = city.hub, other
    other_city.move(city.hub.address)
    drop(other_city, D)
    assert other_city.run().receipted == 1


def test_what_was_revoked_after_the_copy_stays_out(city: City, tmp_path: Path) -> None:
    """Once the restored hub has its own log again, a node revoked since does not come in, nor anybody with the token that the old copy calls unused."""
    token = city.hub.token("河西区")
    with yesterday(city, tmp_path):
        gone = enrol(tmp_path / "gone", city.hub, city.hub.address, city.sandbox, token=token, name="河西区")
        city.hub.hub.desk.call("revoke", name="河西区", reason="设备遗失")
        city.run()
    city.run()
    other = City(tmp_path / "gone", city.sandbox)
    other.hub, other.work = city.hub, gone
    other.move(city.hub.address)
    with pytest.raises(PeerRefused):
        other.run()
    with pytest.raises(PeerRefused) as said:
        enrol(tmp_path / "thief", city.hub, city.hub.address, city.sandbox, token=token, name="河西区")
    assert said.value.code == "token-unknown"
    assert [node.name for node in log.logs(city.hub.hub.home.front.read(), log.Role.NODE)] == ["和平区"]
    city.run()
    city.arrived()
