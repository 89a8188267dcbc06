"""Objects and disks that fill (format.md §11.5): said in time, nothing lost, nothing receipted that is not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_in_thread import RunningHub, running
from hub_uploads import offered, refusal
from scripted_node import ScriptedNode

from hub.config import HubConfig
from sync.errors import StoreFull
from sync.objects import DiskObjects, Staging
from sync.receipt import Grade

MIB = 1 << 20


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub."""
    with running(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def node(hub: RunningHub) -> ScriptedNode:
    """An enrolled node that has greeted once."""
    return hub.node()


def test_a_full_disk_is_said_in_time(hub: RunningHub, tmp_path: Path) -> None:
    """Below the space that is kept free nothing more is taken: 507 with Retry-After and the limits, and uploads go on when there is room again."""
    free = [10 * MIB]
    config = HubConfig("市", listen="127.0.0.1:0", unlock="keyfile", min_free_gib=9 / 1024)
    with running(tmp_path / "small", config=config, free=lambda: free[0]) as small:
        node = small.node()
        _, ((name, data),) = offered(node, 2 * MIB)
        reply = node.put(name, data)
        assert refusal(reply) == (507, "no-space")
        assert reply.headers["Retry-After"] == str(config.retry_after_s)
        assert reply.problem.detail == config.limits().to_map()
        free[0] = 12 * MIB
        assert node.put(name, data).status == 200


class FillingDisk(DiskObjects):
    """A store whose disk takes `room` bytes of uploads and then no more: of a piece it takes what fits, as a real one does (test_sync_objects)."""

    room = 2 * MIB

    def stage(self, name: bytes, length: int) -> Staging:
        """See ObjectStore."""
        return _Filling(super().stage(name, length), self)


class _Filling:
    def __init__(self, inner: Staging, disk: FillingDisk) -> None:
        self._inner, self._disk = inner, disk
        self.sync, self.finish, self.close = inner.sync, inner.finish, inner.close

    @property
    def offset(self) -> int:
        return self._inner.offset

    def write(self, data: bytes | memoryview) -> None:
        fits = min(len(data), self._disk.room)
        self._disk.room -= fits
        self._inner.write(data[:fits])
        if fits < len(data):
            raise StoreFull("磁盘空间不足")


def test_a_disk_that_fills_in_the_middle_of_a_body_loses_nothing(tmp_path: Path) -> None:
    """507 while the body still comes; what was durable counts, and after making room the rest alone is sent."""
    with running(tmp_path / "hub", objects=FillingDisk) as hub:
        node = hub.node()
        _, ((name, data),) = offered(node, 5 * MIB)
        reply = node.put(name, data)
        assert refusal(reply) == (507, "no-space")
        durable = node.offset_of(name)
        assert durable == 2 * MIB
        disk = hub.hub.home.objects
        assert isinstance(disk, FillingDisk)
        disk.room = 100 * MIB
        assert node.put(name, data[durable:], offset=durable).status == 200
        assert hub.hub.home.objects.digest(name) == name


def test_a_database_that_is_full_at_the_receipt_gives_it_later(hub: RunningHub, node: ScriptedNode) -> None:
    """The last object is durable but its R1 cannot be committed: 507, no receipt; with room again an empty upload brings it."""
    delta, ((name, data), (second, more)) = offered(node, 5_000, 6_000)
    manifest = next(iter(delta.objects))
    node.put(manifest, delta.objects[manifest])
    node.put(name, data)
    front = hub.hub.home.front
    with front.transaction() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (bound,) = connection.execute("PRAGMA max_page_count").fetchone()
        connection.execute("CREATE TABLE filler(x BLOB)")
        connection.execute("INSERT INTO filler VALUES (zeroblob(?))", (8 * 4096,))
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with front.transaction() as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON receipt BEGIN INSERT INTO filler VALUES (zeroblob(400000)); END")
    assert refusal(node.put(second, more)) == (507, "no-space")
    with front.transaction() as connection:
        connection.execute("DROP TRIGGER full")
        connection.execute(f"PRAGMA max_page_count = {bound}")
    node.hello()
    assert node.receipts == []
    missing, partial = node.need(1, 1, 3)
    assert (missing, partial) == ([0, 1, 2], {n: len(d) for n, d in enumerate(delta.objects.values())})
    for one, whole in delta.objects.items():
        assert node.put(one, b"", offset=len(whole)).status == 200
    node.hello()
    assert set(node.receipts_of(Grade.R1)) == {1}
