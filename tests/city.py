"""A hub and an enrolled node in this process, and the question that ends every fault: is everything there, once, and is everybody content?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hub_in_thread import RunningHub
from node_and_hub import enrol
from node_at_work import NodeAtWork

from hub import doctor, front
from hub.config import HubConfig
from hub.export import export
from node import config as configuration
from node import verification
from node.engine import RunResult
from sync import log
from sync.manifest import read_delta
from sync.receipt import Grade
from sync.sandbox import Sandbox


@dataclass
class City:
    """One hub, one node, one scan folder, below `root`."""

    root: Path
    sandbox: Sandbox
    hub: RunningHub = field(init=False)
    work: NodeAtWork = field(init=False)
    _exports: int = 0

    def open_hub(self, **config: object) -> City:
        """Make a hub and start it."""
        settings = {"listen": "127.0.0.1:0", "unlock": "keyfile", "min_free_gib": 0.0, "retry_after_s": 1, **config}
        self.hub = RunningHub(self.root / "hub", config=HubConfig("市级中心", **settings)).start()  # type: ignore[arg-type]
        return self

    def join(self, address: tuple[str, int] | None = None) -> City:
        """Enrol the node; it looks for the hub at `address` (default: where it is)."""
        self.work = enrol(self.root, self.hub, address or self.hub.address, self.sandbox)
        return self

    def move(self, address: tuple[str, int]) -> None:
        """The hub, or what stands before it, is at another address from now on."""
        path = self.work.path / configuration.FILE
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("hub =")]
        path.write_text("\n".join([*lines, f'hub = "https://{address[0]}:{address[1]}"', ""]), "utf-8")

    def close(self) -> None:
        """Stop the hub if it runs."""
        if self.hub._thread.is_alive():
            self.hub.stop()

    def restart_hub(self) -> None:
        """Stop the hub and start it over the same home; the node is told where."""
        self.hub.stop()
        self.hub.start()
        self.move(self.hub.address)

    # ------------------------------------------------------------ the node

    def run(self, *, intake: bool = True, send: bool = True) -> RunResult:
        """`node run --once --settle 0` until R1."""
        with self.work.opened() as engine:
            return engine.run(settle_s=0.0, intake=intake, send=send)

    def head(self) -> int:
        """seq of the node's last entry."""
        with self.work.opened() as engine:
            return engine.home.head().seq

    def receipted(self, grade: Grade = Grade.R1) -> list[int]:
        """seq of the deltas whose receipt of that grade the node holds."""
        with self.work.opened() as engine:
            reading, own = engine.home.database.read(), engine.home.identity.log.log_id
            return [
                seq
                for seq in range(1, engine.home.head().seq + 1)
                if log.receipt_at(reading, own, seq, grade) is not None
            ]

    def due(self) -> int:
        """Bytes of all objects that the node's log names."""
        with self.work.opened() as engine:
            entries = log.walk(engine.home.database.read(), engine.home.identity.log.log_id)
            return sum(length for e in entries if e.kind == 1 for _, length in read_delta(e.body).objects())

    def troubles(self, *, deep: bool = False) -> list[str]:
        """What `node doctor` says, and `node verify` when deep."""
        with self.work.opened() as engine:
            found = verification.doctor(engine.home, self.work.clock) + (
                verification.verify(engine.home) if deep else []
            )
        return [f"{one.where}：{one.what}" for one in found]

    # ------------------------------------------------------------ the hub

    def alarms(self) -> list[str]:
        """Codes of the hub's alarms."""
        return [alarm.code for alarm in front.alarms(self.hub.hub.home.front.read())]

    def complaints(self) -> list[str]:
        """What `hub doctor --deep` finds."""
        return [f"{f['where']}：{f['what']}" for f in doctor.examine(self.hub.hub.home, deep=True)["findings"]]

    def at_hub(self) -> dict[str, bytes]:
        """{`<档号>/<file>`: bytes} of a fresh export."""
        self._exports += 1
        out = self.root / f"export {self._exports}"
        self.hub.folded()
        done = export(self.hub.hub.desk, out)
        assert done.problems == []
        return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file() and p.parent != out}

    def scanned(self) -> dict[str, bytes]:
        """The same of the scan folder."""
        root = self.work.scans.root
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file() and p.parent != root}

    def arrived(self) -> None:
        """Everything in the scan folder is at the hub, byte for byte and once, receipted; both sides are content."""
        assert self.at_hub() == self.scanned()
        assert self.troubles(deep=True) == []
        assert self.complaints() == []
        assert self.receipted() == list(range(1, self.head() + 1))
        with self.work.opened() as engine:
            mine = {row[0] for row in engine.home.database.read().execute("SELECT name FROM pack")}
        assert mine <= set(self.hub.hub.home.objects.names())
        assert list((self.hub.path / "uploads").iterdir()) == []
