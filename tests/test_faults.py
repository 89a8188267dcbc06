"""Named faults of disks and bytes, each with its outcome: the run says what is wrong, and after it everything is there, once, and all are content.

The whole table is in test_faults_table.py.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from city import City
from faulty import Fault, FaultyObjects, full_disk
from middlebox import Fault as LineFault
from middlebox import Kind, Middlebox
from scan_tree import page
from soak_programs import Programs

from hub import certificate
from hub import home as hub_home
from hub.export import export
from node import home as node_home
from node import verification
from node.errors import SealingFailed
from sync import durable
from sync.errors import PeerRefused, StoreDamaged, StoreFull
from sync.objects import DiskObjects
from sync.receipt import Grade
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub and its node."""
    made = City(tmp_path, sandbox).open_hub().join()
    yield made
    made.close()


def drop(city: City, *codes: str, seed: int = 0) -> None:
    """Records of two pages of some hundred kilobytes: packs of several blocks."""
    city.work.scans.rows(
        {
            code: {"页数": "2"}
            for code in sorted({p.name for p in city.work.scans.root.iterdir() if p.is_dir()} | set(codes))
        }
    )
    for number, code in enumerate(codes):
        pages = {f"{n:04d}.jpg": page(seed + 10 * number + n) + os.urandom(150_000) + b"\xff\xd9" for n in (1, 2)}
        city.work.scans.put(code, pages)


class Failing:
    """Counts calls of one system call and fails the chosen one as a dying device does."""

    def __init__(
        self, patch: pytest.MonkeyPatch, call: str, code: int, mine: Callable[[], bool] = lambda: True
    ) -> None:
        self.left, self._real, self._code, self._mine = 0, getattr(os, call), code, mine
        patch.setattr(os, call, self)

    def __call__(self, *given: Any) -> Any:
        if self._mine():
            self.left -= 1
            if self.left == 0:
                raise OSError(self._code, os.strerror(self._code))
        return self._real(*given)

    @property
    def met(self) -> bool:
        """Was the chosen call reached?"""
        return self.left <= 0


def store(patch: pytest.MonkeyPatch, room: Any, script: dict[str, list[Fault | None]]) -> None:
    """Homes opened from now on have a store that follows the script, all together once."""

    class Store(FaultyObjects):
        def __init__(self, folder: Path) -> None:
            self.disk = DiskObjects(folder)
            super().__init__(self.disk, script)

        def sweep(self) -> int:
            return self.disk.sweep()

    patch.setattr(room, "DiskObjects", Store)


def in_hub() -> bool:
    """Does one of the hub's file threads ask?"""
    return threading.current_thread().name.startswith("hub-file")


# ---------------------------------------------------------------- fsync, short writes, full disks


@pytest.mark.parametrize(
    ("call", "code"), [("fsync", errno.EIO), ("pwrite", errno.EIO), ("pwrite", errno.ENOSPC), ("rename", errno.EIO)]
)
def test_a_node_whose_disk_fails_says_so_and_recovers(
    city: City, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """Whichever fsync, write or rename of an intake fails, the run ends naming the disk, nothing half-done shows, and the next run brings all."""
    failing, seen = Failing(monkeypatch, call, code, lambda: not in_hub()), list[BaseException | None]()
    for step in range(1, 30):
        drop(city, f"J001-WS·2011·Y·BGS-{step:04d}", seed=step)
        failing.left = step
        try:
            city.run(send=False)
        except (SealingFailed, StoreDamaged, StoreFull) as fault:
            seen.append(fault.__cause__ if isinstance(fault, SealingFailed) else fault)
        if not failing.met:
            break
        failing.left = 0
        assert city.troubles(deep=True) == []
    assert len(seen) >= 2, "the fault was hardly met"
    assert all(
        isinstance(fault, StoreFull if code == errno.ENOSPC else StoreDamaged) and "磁盘" in str(fault)
        for fault in seen
    )
    assert not failing.met, "more calls than expected"
    failing.left = 0
    city.run()
    city.arrived()


@pytest.mark.parametrize(
    ("call", "code"), [("fsync", errno.EIO), ("pwrite", errno.EIO), ("pwrite", errno.ENOSPC), ("rename", errno.EIO)]
)
def test_a_hub_whose_disk_fails_promises_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """Whichever fsync, write or rename of an upload fails, no R1 comes from it; the node comes again and the same run ends well."""
    failing = Failing(monkeypatch, call, code, in_hub)
    for step in range(1, 30):
        drop(city, f"J001-WS·2011·Y·BGS-{step:04d}", seed=step)
        failing.left = step
        assert city.run().receipted == 1
        if not failing.met:
            break
    assert step >= 3, "the fault was hardly met"
    failing.left = 0
    city.arrived()


def test_what_is_taken_over_is_made_durable_first(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object whose folder failed to be made durable is there under its name; its R1 waits for that fsync to succeed."""
    folders: list[str] = []
    real, broken = durable.fsync_folder, [True]

    def failing(path: Path | str) -> None:
        if in_hub() and "objects" in str(path):
            if broken:
                broken.clear()
                raise OSError(errno.EIO, "scripted")
            folders.append(Path(path).name)
        real(path)

    monkeypatch.setattr(durable, "fsync_folder", failing)
    drop(city, A)
    assert city.run().receipted == 1
    names = [name.hex()[:2] for name in city.hub.hub.home.objects.names()]
    assert sorted(set(names)) == sorted(set(folders))
    city.arrived()


@pytest.mark.parametrize("fault", [Fault.STORED_BUT_FAILED, Fault.SHORT_WRITE, Fault.FULL, Fault.EIO])
@pytest.mark.parametrize("call", ["write", "finish"])
def test_a_store_that_fails_at_the_hub_costs_only_time(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: Fault, call: str
) -> None:
    """Stored though it said no, half a write, no room, a dying device: the node hears 503 or 507, comes again, and each object is there once."""
    store(monkeypatch, hub_home, {call: [None, fault, fault]})
    city = City(tmp_path, sandbox).open_hub().join()
    drop(city, A, B)
    assert city.run().receipted == 2
    city.arrived()
    city.hub.stop()


def test_a_store_that_fails_at_the_node_leaves_nothing(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack that was stored though the disk said no is swept, a pack without room is sealed again: one delta, no orphan."""
    for number, fault in enumerate((Fault.STORED_BUT_FAILED, Fault.FULL, Fault.EIO), 1):
        for calls in ([fault], [None, fault]):
            store(monkeypatch, node_home, {"put": calls})
            drop(city, f"J001-WS·2011·Y·BGS-{2 * number + len(calls):04d}")
            with pytest.raises(SealingFailed if len(calls) == 1 else (StoreFull, StoreDamaged)):
                city.run(send=False)
            monkeypatch.setattr(node_home, "DiskObjects", DiskObjects)
            assert city.troubles(deep=True) == []
    assert city.run().records == 6
    city.arrived()


@pytest.mark.parametrize("room", [8 << 10, 64 << 10, 200 << 10, 500 << 10])
def test_a_full_disk_at_the_node_loses_nothing(city: City, room: int) -> None:
    """Whether database, pack or manifest finds no room, the run says that the disk is full; with room again everything arrives."""
    drop(city, A)
    city.run()
    drop(city, A, B, seed=50)
    with full_disk(room), pytest.raises((SealingFailed, StoreFull)) as said:
        city.run(send=False)
    assert "磁盘空间不足" in str(said.value)
    assert city.troubles(deep=True) == []
    city.run()
    city.arrived()


def test_a_full_disk_ends_a_command_with_3_and_a_remedy(city: City, tmp_path: Path) -> None:
    """Commands of node and hub that find no room say so in the technician's language, without a stack trace, with the code of a store out of reach."""
    drop(city, A)
    city.hub.stop()
    with Programs(tmp_path / "said") as programs:
        for words, home in ((("node", "intake", "--settle", "0"), city.work.path), (("hub", "enrol", "河西区"), city.hub.path)):
            for room in (8 << 10, 64 << 10):
                program = programs.start(*words, "--home", home, largest_file=room)
                code = program.end()
                assert "Traceback" not in program.said
                assert (code, "磁盘空间不足" in program.said) == (3, True) or (code == 0 and words[0] == "hub"), program.said
    city.hub.start()
    city.move(city.hub.address)
    city.run()
    city.arrived()


def test_a_full_disk_at_the_hub_refuses_before_it_hurts(city: City) -> None:
    """Without room the hub says 507 and how long to wait, promises nothing, and takes everything once there is room; the node needs nobody."""
    room = iter([0, 0, 0])
    city.hub.free = lambda: next(room, 1 << 40)
    city.restart_hub()
    drop(city, A)
    assert city.run().receipted == 1
    assert next(room, None) is None, "the hub did not refuse"
    city.arrived()


# ---------------------------------------------------------------- torn and corrupted bytes


def test_torn_objects_at_the_node_are_swept(city: City) -> None:
    """What a power cut leaves half-written, under a temporary or a final name, is gone after the next start, and nothing is missing."""
    drop(city, A)
    city.run()
    name = os.urandom(32).hex()
    for path in (f"objects/{name[:2]}/{name}", f"objects/{name[:2]}/.{name}.0badf00d.tmp"):
        (city.work.path / path).write_bytes(b"JDB1" + bytes(5_000))
    city.run()
    assert not list(city.work.path.rglob(f"*{name}*"))
    city.arrived()


@pytest.mark.parametrize(
    "tear",
    [
        lambda b: b[: len(b) // 2] + bytes(len(b) - len(b) // 2),
        lambda b: b[:5_000],
        lambda b: b + b"more",
        lambda b: b"",
    ],
)
@pytest.mark.parametrize("where", ["uploads", "objects"])
def test_torn_objects_at_the_hub_are_sent_again(city: City, where: str, tear: Callable[[bytes], bytes]) -> None:
    """An upload, or an object without its R1, that a power cut tore is found out by its digest, thrown away, and comes again; never is it receipted."""
    drop(city, A)
    city.run(send=False)
    city.hub.stop()
    with city.work.opened() as engine:
        for name in engine.home.objects.names():
            place = city.hub.path / where / (f"{name.hex()[:2]}/" if where == "objects" else "") / name.hex()
            place.write_bytes(tear(b"".join(bytes(view) for view in engine.home.objects.chunks(name))))
    city.hub.start()
    city.move(city.hub.address)
    assert city.run().receipted == 1
    city.arrived()


def test_a_bad_sector_under_an_unpromised_object_does_not_stop_the_hub(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object without its R1 that the device does not give back is thrown away at the start, and taken when it comes again."""
    node = city.hub.node("河西区")
    delta = node.delta({"0001": {"1.bin": b"bytes"}})
    node.offer(delta.entry)
    city.hub.stop()
    for name, data in delta.objects.items():
        (city.hub.path / "objects" / name.hex()[:2] / name.hex()).write_bytes(data)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "digest_on_device", bad_sector)
        city.hub.start()
    assert not set(city.hub.hub.home.objects.names()) & set(delta.objects)
    city.hub.moved(node)
    node.hello()
    node.send(delta)
    node.hello()
    assert set(node.receipts_of(Grade.R1)) == {1}


def bad_sector(path: Path) -> bytes:
    """Read what a dying device gives."""
    raise OSError(errno.EIO, "scripted", str(path))


def test_a_torn_pack_at_the_node_is_named_and_never_receipted(city: City) -> None:
    """A sealed pack that the disk tore before it was sent: verify names it (exit code 4), the hub takes nothing wrong, and says no R1."""
    drop(city, A)
    city.run(send=False)
    pack = max((p for p in city.work.path.glob("objects/*/*")), key=lambda p: p.stat().st_size)
    whole = pack.read_bytes()
    pack.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    with city.work.opened() as engine:
        found = verification.verify(engine.home)
    assert [(t.damage, pack.name[:16] in t.where) for t in found] == [(True, True)]
    with pytest.raises(PeerRefused) as said:
        city.run()
    assert pack.name[:16] in str(said.value)
    assert city.receipted() == []
    pack.write_bytes(whole)
    city.run()
    city.arrived()


@pytest.mark.parametrize("path", ["/v1/hello", "/v1/entries", "/v1/need", "/v1/objects"])
def test_a_byte_that_turns_over_in_transit_is_refused(tmp_path: Path, sandbox: Sandbox, path: str) -> None:
    """Even where TLS is broken up, a changed bit of any request stores nothing: the run repairs it or says so, and the next one brings all."""
    city = City(tmp_path, sandbox).open_hub()
    home = city.hub.hub.home
    assert home.secrets.tls_key is not None
    box = Middlebox(certificate.server_context(home.tls_chain, home.secrets.tls_key), city.hub.address)
    city.join(box.address)
    refusals: list[int] = []
    for number, at in enumerate((0, 3, 40, 90), 1):
        drop(city, f"J001-WS·2011·Y·BGS-{number:04d}", seed=number)
        box.faults[:] = [LineFault(Kind.FLIP, path, at=at)]
        try:
            city.run()
        except PeerRefused as refused:
            refusals.append(refused.status)
        assert not city.alarms(), "a turned bit is no fork and no rollback"
        city.run()
    assert set(refusals) <= {403, 404, 409, 422}
    box.stop()
    city.move(city.hub.address)
    city.arrived()
    city.hub.stop()


def test_a_byte_that_rots_in_a_pack_is_found_on_both_sides(city: City) -> None:
    """One changed bit of a receipted pack: `node verify` and `hub doctor --deep` name it, and the hub gives out every other record, never the bad bytes."""
    drop(city, A)
    city.run()
    drop(city, A, B, seed=30)
    city.run()
    assert len(city.at_hub()) == 4
    pack = max(city.hub.path.glob("objects/*/*"), key=lambda p: p.stat().st_size)
    for root in (city.hub.path, city.work.path):
        place = root / "objects" / pack.name[:2] / pack.name
        turned = bytearray(place.read_bytes())
        turned[len(turned) // 3] ^= 1
        place.write_bytes(turned)
    assert any(pack.name in line for line in city.complaints())
    assert any(pack.name[:16] in line for line in city.troubles(deep=True))
    out = city.root / "out"
    done = export(city.hub.hub.desk, out)
    assert done.damage and done.problems
    scanned = city.scanned()
    for path in out.rglob("*.jpg"):
        assert path.read_bytes() == scanned[str(path.relative_to(out))]
