"""A node and a real hub with a middlebox between them: what tests of the line start from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub_in_thread import RunningHub
from middlebox import Fault, Kind, Middlebox
from node_at_work import DELIVERY, FOUNDED, NodeAtWork, _changed
from scan_tree import ScanTree

from hub import certificate
from node.config import NodeConfig
from node.founding import found
from sync import log
from sync.receipt import Grade
from sync.sandbox import Sandbox
from sync.site_class import SiteClass


@dataclass
class NodeAndHub:
    """An enrolled node, its hub, and what stands between them."""

    hub: RunningHub
    box: Middlebox
    work: NodeAtWork

    def fault(self, kind: Kind, path: str, **more: object) -> Fault:
        """Script a fault."""
        made = Fault(kind, path, **more)  # type: ignore[arg-type]
        self.box.faults.append(made)
        return made

    def restart_hub(self) -> None:
        """Stop the hub and start it again: its memory is gone, its address too."""
        self.hub.stop()
        self.hub.start()
        self.box.upstream = self.hub.address

    @contextmanager
    def hub_down(self) -> Iterator[None]:
        """No hub meanwhile."""
        self.hub.stop()
        yield
        self.hub.start()
        self.box.upstream = self.hub.address

    def grades(self) -> dict[Grade, list[int]]:
        """seq of the receipts that the node holds, by grade, as often as it holds them."""
        with self.work.opened() as engine:
            rows = engine.home.database.read().execute("SELECT grade, seq FROM receipt ORDER BY seq").fetchall()
        return {grade: [seq for g, seq in rows if g == grade] for grade in Grade}

    def hub_head(self) -> int:
        """Highest seq of the node's log that the hub holds."""
        reading = self.hub.hub.home.front.read()
        [node] = [one for one in log.logs(reading, log.Role.NODE) if one.name == "和平区"]
        return node.head.seq

    def at_hub(self) -> set[str]:
        """Names of the objects in the hub's store."""
        return {name.hex() for name in self.hub.hub.home.objects.names()}

    def named(self) -> set[str]:
        """Names of the objects in the node's store, all of which its deltas name."""
        return {p.name for p in (self.work.path / "objects").rglob("*") if p.is_file()}


def enrol(folder: Path, hub: RunningHub, address: tuple[str, int], sandbox: Sandbox, token: str = "", **config: object) -> NodeAtWork:
    """Make a node's home in `folder` and enrol it at the hub behind `address`."""
    scans = folder / DELIVERY
    scans.mkdir(parents=True, exist_ok=True)
    wanted = _changed(NodeConfig("和平区", f"https://127.0.0.1:{address[1]}", (str(scans),), "keyfile", "李四", settle_s=0.0), config)
    found(folder / "home", wanted, SiteClass.OPEN, token or hub.token(), lambda: "", FOUNDED)
    return NodeAtWork(folder / "home", ScanTree(scans), sandbox, hub.hub.home.secrets.identity)


@contextmanager
def pair(folder: Path, sandbox: Sandbox, **config: object) -> Iterator[NodeAndHub]:
    """A node enrolled at a hub of its own, through a middlebox."""
    with hub_and_box(folder) as (hub, box):
        yield NodeAndHub(hub, box, enrol(folder, hub, box.address, sandbox, **config))


@contextmanager
def hub_and_box(folder: Path) -> Iterator[tuple[RunningHub, Middlebox]]:
    """A hub and a middlebox that shows its certificate."""
    hub = RunningHub(folder / "hub").start()
    home = hub.hub.home
    assert home.secrets.tls_key is not None
    box = Middlebox(certificate.server_context(home.tls_chain, home.secrets.tls_key), hub.address)
    try:
        yield hub, box
    finally:
        box.stop()
        hub.stop()


@contextmanager
def from_old_copy(path: Path) -> Iterator[Callable[[], None]]:
    """Copy a home now; the callable makes it again what it was."""
    kept = path.with_name(path.name + ".old")
    shutil.copytree(path, kept)

    def restore() -> None:
        shutil.rmtree(path)
        shutil.copytree(kept, path)

    yield restore
