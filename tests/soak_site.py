"""One hub and one node as real processes, their scan folder, and what they promised so far."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections import Counter
from pathlib import Path
from random import Random

from crash_state import HubState, KeptReceipts, NodeState, hub_state, node_state
from hub_in_thread import SetClock
from scan_tree import ScanTree
from soak_corpus import Corpus, Snapshot
from soak_programs import Program, Programs, free_port

from holdings import records
from hub import home as hubs
from hub import opened
from sync.receipt import Grade

NODE = "和平区"
SUMS = "manifest-sha256.txt"


class Site:
    """Brings a hub and a node up in `folder` and keeps count of what was receipted."""

    def __init__(self, folder: Path, programs: Programs, random: Random) -> None:
        self.root, self._programs = folder, programs
        self.scans = ScanTree(folder / "扫描")
        self.scans.root.mkdir()
        self.corpus = Corpus(self.scans, random)
        self.hub_home, self.node_home = folder / "hub", folder / "node"
        self.receipts: KeptReceipts = {}
        self.left: Counter[str] = Counter()
        self._listen = f"127.0.0.1:{free_port()}"
        programs.run("hub", "init", "--home", self.hub_home, "--unlock", "keyfile", "--listen", self._listen)
        with (self.hub_home / "hub.toml").open("a", encoding="utf-8") as config:
            # Small packs: many objects, so that a kill falls between two of them; a laptop's disk is enough.
            config.write("pack_target_mib = 1\nmin_free_gib = 0.1\n")
        token = programs.run("hub", "enrol", NODE, "--home", self.hub_home)["token"]
        hub = self.start_hub()
        programs.run(
            "node", "init", "--home", self.node_home, "--name", NODE, "--hub", f"https://{self._listen}", "--token", token,
            "--watch", self.scans.root, "--unlock", "keyfile", "--cleared-by", "张三",
        )  # fmt: skip
        with (self.node_home / "node.toml").open("a", encoding="utf-8") as config:
            # A slow line: an upload lasts long enough to be met.
            config.write("cap_mbit = 100.0\n")
        # The corpus writes pages over all the time, which is what the brake on changed sources is there to stop.
        (self.node_home / "site").mkdir(exist_ok=True)
        (self.node_home / "site" / "brake.toml").write_text("pages = 1000000\nat_least = 1000000\n", "utf-8")
        assert hub.stop() == 0, hub.said

    # ------------------------------------------------------------ programs

    def start_hub(self) -> Program:
        """Start the hub and wait for its node port."""
        hub = self._programs.start("hub", "run", "--home", self.hub_home, "--listen", self._listen)
        hub.ready()
        return hub

    def start_node(self, wait: str = "R1") -> Program:
        """Start `node run --once`."""
        return self._programs.start(
            "node", "run", "--once", "--settle", "0", "--wait", wait, "--home", self.node_home, "--json"
        )

    # ------------------------------------------------------------ after a kill

    def look(self, *, deep: bool = False) -> tuple[NodeState, HubState]:
        """Both homes as they lie, no process running: what was promised must stand; what a crash left is counted."""
        node, hub = node_state(self.node_home), hub_state(self.hub_home, deep=deep)
        for key, raw in self.receipts.items():
            assert node.receipts.get(key) == raw, f"the node lost its receipt {key}"
            assert hub.receipts.get(key) == raw, f"the hub lost its receipt {key}"
        assert node.receipts.items() <= hub.receipts.items(), "the node holds a receipt that the hub never committed"
        assert not hub.lacking, f"stored, says the hub's database, and not there: {[n.hex() for n in hub.lacking]}"
        assert node.named <= node.on_disk, "the node's rows name objects that are not there"
        assert node.head >= hub.head, "the hub holds entries that the node does not"
        opened_seqs = [seq for seq, grade in hub.receipts if grade is Grade.R4]
        assert max(opened_seqs, default=0) <= hub.folded, "an R4 was issued before its fold was committed"
        self.receipts |= hub.receipts if deep else node.receipts
        r1, r4 = ({seq for seq, g in hub.receipts if g is grade} for grade in Grade)
        self.left.update({
            "node orphan objects": len(node.on_disk - node.named), "node temporary files": node.temporary, "hub partial uploads": hub.partial,
            "hub unmarked objects": hub.unmarked, "entries not offered": node.head - hub.head, "deltas offered without R1": hub.head - len(r1),
            "R1 without R4": len(r1 - r4), "folds without R4": hub.folded - max(r4, default=0),
        })  # fmt: skip
        return node, hub

    # ------------------------------------------------------------ the whole truth

    def bring_home(self) -> None:
        """An undisturbed round: everything arrives and is opened."""
        hub = self.start_hub()
        done = self.start_node("R4").answer()
        assert done["exceptions"] == 0, done
        assert hub.stop() == 0, hub.said
        node, city = self.look(deep=True)
        assert node.on_disk == node.named and not node.temporary, "a restart left orphans at the node"
        assert (city.unmarked, city.partial) == (0, 0), "a restart left orphans at the hub"
        assert dict.fromkeys(Grade, node.head) == Counter(grade for _, grade in node.receipts), (
            "a delta lacks a receipt"
        )

    def examine(self) -> None:
        """Doctors and verify are clean, the export equals the source byte for byte, every version is a state that was."""
        for words in (("node", "doctor"), ("node", "verify"), ("hub", "doctor", "--deep")):
            home = self.node_home if words[0] == "node" else self.hub_home
            assert self._programs.run(*words, "--home", home)["findings"] == []
        out = self.root / "export"
        self._programs.run("hub", "export", out, "--home", self.hub_home)
        assert digests(out) == digests(self.scans.root)
        shutil.rmtree(out)
        self._versions()

    def _versions(self) -> None:
        home = hubs.open_home(self.hub_home, lambda: "", SetClock(), os.urandom)
        try:
            found = versions(home)
        finally:
            home.close()
        assert found.keys() == self.corpus.records.keys(), "a record is there twice, or not at all"
        for code, record in self.corpus.records.items():
            states = found[code]
            assert all(a != b for a, b in itertools.pairwise(states)), f"{code}: a version without a change"
            later = iter(record.history)
            assert all(state in later for state in states), f"{code}: a version that never was, or out of order"
            assert states[-1] == record.history[-1]


def digests(root: Path) -> dict[str, str]:
    """{path: SHA-256} of every page below a folder; sheets and sums are no pages."""
    pages = (p for p in root.rglob("*") if p.is_file() and p.suffix not in (".csv", ".txt"))
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in pages}


def versions(home: hubs.Home) -> dict[str, list[Snapshot]]:
    """{code: states} of every record in the vault, one a version from 1 on without a gap; each record once, each page of it sealed once."""
    reading, found = home.holdings.read(), dict[str, list[Snapshot]]()
    writer = {name: log_id for log_id, name in opened.writers(reading).items()}
    after = 0
    while batch := records.walk(reading, after=after):
        for record in batch:
            after = record.number
            assert record.reference_code not in found, "the same record twice"
            log_id = writer[record.writer]
            folded = opened.versions(reading, log_id, bytes(record.id))
            assert [(number, code) for number, _, code in folded] == [(n, "") for n in range(1, record.version + 1)]
            found[record.reference_code] = [
                Snapshot(
                    records.body(reading, record, number).elements["题名"],
                    frozenset((p.name, p.sha256.hex()) for p in opened.pages(reading, log_id, bytes(record.id), number)),
                )
                for number, _, _ in folded
            ]  # fmt: skip
    return found
