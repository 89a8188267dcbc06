"""Stores of objects: the disk and its twin in memory pass one contract; what only a disk can do wrong."""

from pathlib import Path

import pytest
from contract_objects import ObjectStoreContract, bytes_of, collected
from faulty import Fault, FaultyObjects, full_disk

from sync.durable import BLOCK, CHUNK
from sync.errors import StoreDamaged, StoreError, StoreFull
from sync.objects import DiskObjects, MemoryObjects, ObjectStore


class TestMemory(ObjectStoreContract):
    """The twin in memory."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        """Return an empty store."""
        return MemoryObjects()


class TestDisk(ObjectStoreContract):
    """Files in folders, on a disk that takes O_DIRECT where the machine has one."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> ObjectStore:
        """Return an empty store."""
        return DiskObjects(tmp_path / "objects")


class TestFaultless(ObjectStoreContract):
    """The faulty twin without a fault in its script."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        """Return an empty store."""
        return FaultyObjects(MemoryObjects())


def test_objects_lie_where_the_format_says(tmp_path: Path) -> None:
    """An object lies at objects/<2 hex>/<hex> and is readable by its owner alone."""
    store = DiskObjects(tmp_path / "objects")
    name, data = bytes_of(5000)
    store.put(name, data)
    path = tmp_path / "objects" / name.hex()[:2] / name.hex()
    assert path.read_bytes() == data
    assert path.stat().st_mode & 0o077 == 0
    staging = store.stage(bytes(32), 10 * BLOCK)
    staging.close()
    assert [entry.name for entry in (tmp_path / "uploads").iterdir()] == ["00" * 32]


def test_a_store_survives_its_process(tmp_path: Path) -> None:
    """Opening the folder again finds whole objects and durable offsets; sweeping removes temporary files alone."""
    store = DiskObjects(tmp_path / "objects")
    (name, data), (partial, rest) = bytes_of(BLOCK + 3), bytes_of(4 * BLOCK)
    store.put(name, data)
    staging = store.stage(partial, len(rest))
    staging.write(rest[: 2 * BLOCK + 1])
    staging.sync()
    (store.path(name).parent / f".{name.hex()}.0123.tmp").write_bytes(b"torn")
    again = DiskObjects(tmp_path / "objects")
    assert again.sweep() == 1
    assert again.sweep() == 0
    assert list(again.names()) == [name]
    assert again.staged(partial) == 2 * BLOCK
    staging.close()


def test_a_torn_tail_is_sent_again(tmp_path: Path) -> None:
    """What a power cut left below a whole block does not count as durable and is overwritten."""
    store = DiskObjects(tmp_path / "objects")
    name, data = bytes_of(2 * BLOCK + 10)
    (tmp_path / "uploads" / name.hex()).write_bytes(data[:BLOCK] + b"\0" * 100)
    assert store.staged(name) == BLOCK
    staging = store.stage(name, len(data))
    assert staging.offset == BLOCK
    staging.write(data[BLOCK:])
    staging.finish()
    assert store.read(name, 0, len(data)) == data


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_on_the_disk_is_seen(tmp_path: Path, damage: str) -> None:
    """A flipped byte changes the digest; a cut or vanished object is damage, not an answer."""
    store = DiskObjects(tmp_path / "objects")
    name, data = bytes_of(CHUNK + 50)
    store.put(name, data)
    path = store.path(name)
    if damage == "flip":
        path.write_bytes(data[:CHUNK] + bytes([data[CHUNK] ^ 1]) + data[CHUNK + 1 :])
        assert store.digest(name) != name
        assert collected(store.chunks(name)) != data
        return
    if damage == "cut":
        path.write_bytes(data[:-1])
    else:
        path.unlink()
    with pytest.raises(StoreDamaged):
        store.read(name, 0, len(data))


@pytest.mark.parametrize("room", [0, BLOCK, CHUNK + BLOCK])
def test_a_full_disk_leaves_nothing_half_done(tmp_path: Path, room: int) -> None:
    """When a file finds no room, put and upload say so, nothing half-written is visible, and later all goes well."""
    store = DiskObjects(tmp_path / "objects")
    name, data = bytes_of(2 * CHUNK)
    with full_disk(room), pytest.raises(StoreFull):
        store.put(name, data)
    assert not store.has(name)
    staging = store.stage(name, len(data))
    with full_disk(room), pytest.raises(StoreFull):
        staging.write(data)
    with full_disk(room):
        staging.close()
    assert not store.has(name)
    assert store.sweep() == 0
    again = store.stage(name, len(data))
    assert again.offset == room, "of a piece the disk takes what fits, and that counts"
    again.write(data[again.offset :])
    again.finish()
    assert store.digest(name) == name


def test_a_full_disk_at_the_last_block(tmp_path: Path) -> None:
    """No room for the unaligned tail: finish fails without a name, and the upload goes on from its last block."""
    store = DiskObjects(tmp_path / "objects")
    name, data = bytes_of(2 * BLOCK + 10)
    staging = store.stage(name, len(data))
    staging.write(data)
    with full_disk(2 * BLOCK), pytest.raises(StoreFull):
        staging.finish()
    assert not store.has(name)
    staging.close()
    assert store.staged(name) == 2 * BLOCK
    again = store.stage(name, len(data))
    again.write(data[again.offset :])
    again.finish()
    assert store.digest(name) == name


FAULTS = [
    (Fault.FULL, StoreFull, False),
    (Fault.EIO, StoreDamaged, False),
    (Fault.SHORT_WRITE, StoreFull, False),
    (Fault.STORED_BUT_FAILED, StoreDamaged, True),
]


@pytest.mark.parametrize(("fault", "error", "stored"), FAULTS)
def test_scripted_faults_come_once_and_in_order(fault: Fault, error: type[StoreError], stored: bool) -> None:
    """Each scripted fault fails the named call once, as that disk would; repeating the call succeeds."""
    name, data = bytes_of(3 * BLOCK)
    store = FaultyObjects(MemoryObjects(), {"put": [None, fault]})
    other, more = bytes_of(7)
    store.put(other, more)
    with pytest.raises(error):
        store.put(name, data)
    assert store.has(name) == stored
    store.put(name, data)
    assert store.digest(name) == name


@pytest.mark.parametrize("call", ["write", "sync", "finish"])
@pytest.mark.parametrize(("fault", "error", "stored"), FAULTS)
def test_uploads_outlive_every_fault(call: str, fault: Fault, error: type[StoreError], stored: bool) -> None:
    """Whatever call of an upload fails, closing it and staging again from the durable offset gives the whole object."""
    name, data = bytes_of(3 * BLOCK + 5)
    store = FaultyObjects(MemoryObjects(), {call: [fault]})
    staging = store.stage(name, len(data))
    steps = {"write": lambda: staging.write(data), "sync": staging.sync, "finish": staging.finish}
    for step, run in steps.items():
        if step != call:
            run()
            continue
        with pytest.raises(error):
            run()
        break
    staging.close()
    assert store.has(name) == (stored and call == "finish")
    again = store.stage(name, len(data))
    again.write(data[again.offset :])
    again.finish()
    assert store.digest(name) == name
