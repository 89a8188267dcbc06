"""What must not grow with the holdings: a sync with nothing to do, the reconcile walk, resident memory of node and hub."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_goal import Goal

ROOT = Path(__file__).resolve().parents[2]
PAGE = b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00%s\xff\xd9"
"""A tiny file that begins and ends as a JPEG does; R4 is not waited for here, so it need not decode."""
SMALL, LARGE = 100, 100_000
SYNCS = 15
WALK_FOLDERS, WALK_PAGES = 20_000, 5


def jindang(*words: str, check: bool = True) -> dict[str, Any]:
    """Run a command of the product; its JSON."""
    command = [sys.executable, "-m", "jindang", *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if check and done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}


def scans(where: Path, folders: int, pages: int) -> None:
    """A scan folder of that many records and their sheet."""
    where.mkdir(parents=True)
    with (where / "案卷目录.csv").open("w", encoding="utf-8", newline="") as sheet:
        rows = csv.writer(sheet)
        rows.writerow(["档号", "题名", "责任者", "成文日期", "保管期限", "密级", "页数"])
        for number in range(folders):
            code = f"J{number // 20_000 + 1:03d}-001-{number // 20 % 1000:04d}-{number:06d}"
            rows.writerow([code, f"关于第{number}号事项的通知", "市档案馆", "20010102", "永久", "", pages])
            folder = where / code
            folder.mkdir()
            for page in range(1, pages + 1):
                (folder / f"{page:04d}.jpg").write_bytes(PAGE % f"{number}/{page}".encode())


@dataclass
class Site:
    """A running hub and an enrolled node."""

    hub: Path
    node: Path
    hub_process: subprocess.Popen[bytes]


@contextmanager
def site(where: Path, watch: Path) -> Iterator[Site]:
    """Bring up a hub and enrol a node that watches `watch`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hub, node = where / "hub", where / "node"
    jindang("hub", "init", "--home", str(hub), "--unlock", "keyfile", "--listen", f"127.0.0.1:{port}")
    token = jindang("hub", "enrol", "bench", "--home", str(hub))["token"]
    process = subprocess.Popen(
        [sys.executable, "-m", "jindang", "hub", "run", "--home", str(hub)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        jindang(
            "node", "init", "--home", str(node), "--name", "bench", "--hub", f"https://127.0.0.1:{port}", "--token",
            token, "--watch", str(watch), "--unlock", "keyfile", "--cleared-by", "bench",
        )  # fmt: skip
        yield Site(hub, node, process)
    finally:
        process.terminate()
        process.wait()


def peak_mib(pid: int) -> float:
    """Highest resident memory of a process so far, MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def run_and_watch(*words: str) -> tuple[float, float]:
    """(wall seconds, peak MiB) of a command."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "jindang", *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0.0
    while process.poll() is None:
        try:
            peak = max(peak, peak_mib(process.pid))
        except (FileNotFoundError, AssertionError, ProcessLookupError):
            break
        threading.Event().wait(0.05)
    process.wait()
    return time.perf_counter() - began, peak


@contextmanager
def daemon(node: Path) -> Iterator[int]:
    """A running node daemon whose first walk is over; its pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jindang", "node", "run", "--home", str(node)], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        process.stderr.readline()
        jindang("node", "intake", "--home", str(node), "--settle", "0")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _one_size(where: Path, records: int, repeat: int) -> dict[str, float]:
    shutil.rmtree(where, ignore_errors=True)
    scans(where / "scans", records, 1)
    with site(where, where / "scans") as place:
        wall, node_mib = run_and_watch(
            "node", "run", "--once", "--settle", "0", "--wait", "R1", "--home", str(place.node)
        )
        hub_mib = peak_mib(place.hub_process.pid)
        # Nothing to do, on both sides: a hub that still opens what it received answers later, and its R4 are something to fetch.
        while jindang("hub", "status", "--home", str(place.hub))["unopened_deltas"]:
            threading.Event().wait(1)
        jindang("node", "run", "--once", "--settle", "0", "--home", str(place.node))
        with daemon(place.node) as pid:
            before = peak_mib(pid)
            times = []
            for _ in range(max(SYNCS, repeat)):
                began = time.perf_counter()
                answer = jindang("node", "sync", "--home", str(place.node))
                times.append(time.perf_counter() - began)
                assert answer["deltas"] == 0
            inner = float(answer["seconds"])
            after = peak_mib(pid)
    shutil.rmtree(where)
    return {
        "intake_s": wall, "node_mib": node_mib, "hub_mib": hub_mib, "sync_s": statistics.median(times), "inner_s": inner,
        "daemon_mib": after, "daemon_growth_mib": after - before, "bytes_sent": answer["bytes_sent"],
    }  # fmt: skip


def _walk(where: Path) -> tuple[float, float, float]:
    """(files a second of the reconcile walk, files a second of a bare walk, growth in MiB from a tenth of the tree)."""
    peaks, rate, bare = [], 0.0, 0.0
    for folders in (WALK_FOLDERS // 10, WALK_FOLDERS):
        shutil.rmtree(where, ignore_errors=True)
        scans(where / "scans", folders, WALK_PAGES)
        with site(where, where / "scans") as place:
            intake = ("node", "intake", "--settle", "0", "--home", str(place.node))
            run_and_watch(*intake)
            answer = jindang(*intake)
            rate = folders * WALK_PAGES / float(answer["seconds"])
            peaks.append(run_and_watch(*intake)[1])
            began = time.perf_counter()
            count = sum(len(files) for _, _, files in os.walk(where / "scans"))
            bare = count / (time.perf_counter() - began)
    shutil.rmtree(where)
    return rate, bare, peaks[1] - peaks[0]


def run(out: Path, repeat: int) -> list[Goal]:
    """All three, on trees made here."""
    work = out / "scale"
    small, large = _one_size(work, SMALL, repeat), _one_size(work, LARGE, repeat)
    rate, bare, growth = _walk(work)
    (out / "scale-figures.json").write_text(
        json.dumps({"small": small, "large": large, "walk": rate, "bare": bare}, indent=1)
    )
    return [
        Goal("nothing to do: sync at 100,000 records / at 100", large["sync_s"] / small["sync_s"], 1.2),
        Goal("nothing to do: memory at 100,000 records / at 100", large["daemon_mib"] / small["daemon_mib"], 1.2),
        Goal("nothing to do: request bytes at 100,000 / at 100", large["bytes_sent"] / small["bytes_sent"], 1.1),
        Goal("reconcile walk", rate, 20_000, "files/s", at_least=True, note=f"bare os.walk {bare:,.0f}"),
        Goal("reconcile walk: memory at ten times the files", growth, 15, "MiB more"),
        Goal("first intake of 100,000 records: node", large["node_mib"], 150, "MiB"),
        Goal("first intake of 100,000 records: hub", large["hub_mib"], 150, "MiB"),
    ]
