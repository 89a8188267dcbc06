"""A city of 200 nodes: how fast the monitor's pages are with 90 days of history, and whether the hub receives from all at once as fast as from one.

`JINDANG_FLEET_MB` bytes are brought by one node, then by 200 at once, each to a hub of its own as a process; memory is that process' peak, and the monitor
is read meanwhile by somebody signed in. Goods are made before the clock runs: sealing is the nodes' own work.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_goal import Goal

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import fleet  # noqa: E402
from people_at_hub import PASSWORD  # noqa: E402
from people_door import Browser, open_door  # noqa: E402

from hub.account import Role  # noqa: E402
from hub.local_client import RemoteDesk, answers  # noqa: E402
from hub.monitor_desk import MonitorDesk  # noqa: E402
from hub.simulation import Simulation, Wish  # noqa: E402

NODES = int(os.environ.get("JINDANG_FLEET_NODES", "200"))
TOTAL = int(os.environ.get("JINDANG_FLEET_MB", "1600")) * 1_000_000
DAYS, TURNS = 90, 30
MONDAY = 1_795_392_000 + 8 * 3600
PAGE = 500_000
STEP_S = 60.0


def pages(turns: int = TURNS) -> dict[str, float]:
    """p95 seconds of each page of the monitor over TLS, connection and all, with 200 nodes and 90 days."""
    with tempfile.TemporaryDirectory() as folder, open_door(Path(folder) / "hub") as door:
        door.hub.clock.now = MONDAY
        ids = fleet.fill(door.hub.hub.home, door.team.people.parts().database, NODES, DAYS)
        MonitorDesk(door.hub.hub.home, door.team.people.parts).look(opening=True)
        browser = door.signed_in("sys", Role.SYSTEM)
        found = {}
        for name, path in (
            ("all nodes", "/monitor"),
            ("one node", f"/monitor/{ids[0].hex()}"),
            ("progress", "/monitor/progress"),
            ("alarms", "/alarms"),
        ):
            took = []
            for _ in range(turns):
                door.hub.clock.skip += 60  # a person's clicks, not a flood
                began = time.perf_counter()
                assert browser.ask("GET", path).status == 200
                took.append(time.perf_counter() - began)
            found[name] = sorted(took)[int(len(took) * 0.95) - 1]
        return found


@dataclass
class HubProcess:
    """A hub as a process, and where its doors are."""

    home: Path
    port: int
    people: int
    pid: int

    @property
    def peak_mib(self) -> float:
        """The largest memory it has had."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text("ascii"))
        assert found is not None
        return int(found[1]) / 1024


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _jindang(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "jindang", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


@contextmanager
def hub_process() -> Iterator[HubProcess]:
    """A fresh hub with a people's door; ended and removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        home, port, people = Path(folder) / "hub", _free_port(), _free_port()
        key = Path(folder) / "key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        _jindang(
            "hub",
            "init",
            "--home",
            str(home),
            "--name",
            "试验中心",
            "--unlock",
            f"keyfile:{key}",
            "--listen",
            f"127.0.0.1:{port}",
        )
        with (home / "hub.toml").open("a", encoding="utf-8") as file:
            file.write(f'\nmin_free_gib = 0.5\n[people]\nlisten = "127.0.0.1:{people}"\nsecond_factor = "off"\n')
        process = subprocess.Popen(
            [sys.executable, "-m", "jindang", "hub", "run", "--home", str(home)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            end, pause = time.monotonic() + STEP_S, threading.Event()
            while not (home / "hub.sock").exists() or not answers(home / "hub.sock"):
                assert time.monotonic() < end and process.poll() is None, "the hub did not start"
                pause.wait(0.05)
            yield HubProcess(home, port, people, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STEP_S)


def reader(hub: HubProcess) -> Browser:
    """Somebody of central IT, signed in."""
    told = _jindang(
        "hub",
        "account",
        "add",
        "sys",
        "--person",
        "某系统",
        "--role",
        "system",
        "--unit",
        "信息中心",
        "--home",
        str(hub.home),
        "--json",
    )
    start = re.search(r'"start_password": "([^"]+)"', told)
    assert start is not None
    browser = Browser(("127.0.0.1", hub.people))
    browser.sign_in("sys", start[1])
    browser.send("/sign-in/password", old=start[1], new=PASSWORD, again=PASSWORD)
    assert browser.get("/monitor").status == 200
    return browser


@dataclass
class Trial:
    """What a trial brought: the simulation's figures, the hub's peak in MiB, seconds of the monitor meanwhile."""

    figures: dict[str, Any]
    peak_mib: float
    monitor: list[float]

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return float(self.figures["bytes_per_second"])


def trial(nodes: int, rounds: int, records: int) -> Trial:
    """So many nodes at once against a fresh hub, the monitor read twice a second."""
    with hub_process() as hub:
        browser, took, over = reader(hub), [], threading.Event()

        def look() -> None:
            while not over.wait(0.5):
                began = time.perf_counter()
                assert browser.ask("GET", "/monitor").status == 200
                took.append(time.perf_counter() - began)

        desk = RemoteDesk(hub.home / "hub.sock")
        tokens = [
            (name, desk.call("enrol", name=name)["token"]) for name in (f"模拟{number:04d}" for number in range(nodes))
        ]
        watcher = threading.Thread(target=look)
        watcher.start()

        async def run() -> dict[str, Any]:
            return await Simulation(
                f"https://127.0.0.1:{hub.port}",
                Wish(nodes, rounds, records, PAGE),
                lambda: int(time.time()),
                lambda _: None,
            ).run(tokens)

        try:
            figures = asyncio.run(run())
        finally:
            over.set()
            watcher.join()
        return Trial(figures, hub.peak_mib, took)


def run(out: Path, repeat: int) -> list[Goal]:
    """The goals of issue 5 for a fleet."""
    found = pages()
    goals = [
        Goal(f"monitor, {NODES} nodes, {DAYS} days: {name}, p95", seconds * 1000, 200, "ms")
        for name, seconds in found.items()
    ]
    each = max(1, TOTAL // NODES // PAGE)
    rounds = max(1, NODES * each // 400)
    ratios, peaks, starved, monitor = [], [], 0, []
    for _ in range(max(1, repeat)):
        one = trial(1, rounds, NODES * each // rounds)
        all_at_once = trial(NODES, 1, each)
        ratios.append(all_at_once.rate / one.rate)
        peaks.append(all_at_once.peak_mib)
        starved += int(all_at_once.figures["starved"]) + NODES - int(all_at_once.figures["finished"])
        monitor += all_at_once.monitor
        print(
            f"one {one.rate / 1e6:.0f} MB/s {one.peak_mib:.0f} MiB; all {all_at_once.rate / 1e6:.0f} MB/s {all_at_once.peak_mib:.0f} MiB {all_at_once.figures}",
            file=sys.stderr,
        )
    return [
        *goals,
        Goal(f"receiving from {NODES} at once, of one node's rate", statistics.median(ratios), 0.8, "×", at_least=True),
        Goal("nodes that starved or did not finish", starved, 0, "nodes"),
        Goal(f"the hub's memory with {NODES} at once", max(peaks), 400, "MiB"),
        Goal(
            "the monitor meanwhile, p95",
            sorted(monitor)[int(len(monitor) * 0.95) - 1] * 1000 if monitor else 0.0,
            1_000,
            "ms",
            note=f"{len(monitor)} looks",
        ),
    ]
