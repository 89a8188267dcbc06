"""Key to paint of the console: the program itself in a terminal of 160 by 48, over a daemon that takes in scans, with 100,000 findings, rows and places.

A key is written to the terminal; its paint is the first frame that the console writes afterwards. The rest, rows that the node is asked for, is over at
60 ms of silence, and told beside it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench_goal import Goal

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from node_at_work import NodeAtWork, make  # noqa: E402
from scan_tree import page, sheet  # noqa: E402

from holdings import quarantine  # noqa: E402
from holdings.findings import Finding, FindingCode  # noqa: E402
from node import client, folders  # noqa: E402
from node.folders import FolderState  # noqa: E402
from sync.sandbox import Sandbox  # noqa: E402

MANY, SCANNED = int(os.environ.get("JINDANG_MANY", "100000")), 400
QUIET_S, FIRST_S = 0.06, 2.0
COLUMNS, ROWS = 160, 48
KEYS = ["\x1b[B"] * 150 + ["\x1b[6~"] * 60 + ["\x1b[A"] * 40 + ["\x1b[5~"] * 20


def fill(work: NodeAtWork) -> None:
    """A hundred thousand of everything that lists show, and scans that wait to be taken in."""
    code = "J001-WS·2011·Y·BGS-{:06d}".format
    (work.scans.root / "目录.csv").write_bytes(sheet({code(n): {"页数": "2"} for n in range(MANY)}))
    with work.opened() as engine:
        engine.run(settle_s=0.0, send=False)
        with engine.home.database.transaction() as connection:
            for n in range(MANY):
                path = f"扫描/J002-{n:06d}"
                quarantine.put(
                    connection, Finding(FindingCode.NO_ROW, f"J002-{n:06d}", path, f"J002-{n:06d}", ""), 1_700_000_000
                )
                folders.put(
                    connection, path, f"J002-{n:06d}", "扫描", FolderState.QUARANTINED, b"", 1_700_000_000.0, 0, None
                )
    for n in range(SCANNED):
        work.scans.put(code(n), {f"{at:04d}.jpg": page(n * 7 + at, edge=900) for at in (1, 2)})


@contextmanager
def daemon(work: NodeAtWork) -> Iterator[None]:
    """`jindang node run` over the home."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jindang", "node", "run", "--home", str(work.path)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if client.connect(work.path) is not None:
                break
            select.select([], [], [], 0.1)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


class Terminal:
    """The console in a terminal of its own."""

    def __init__(self, work: NodeAtWork) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        command = [sys.executable, "-m", "jindang", "console", "--home", str(work.path), "--by", "张三"]
        self._process = subprocess.Popen(
            command, stdin=follower, stdout=follower, stderr=follower, env=env, cwd=ROOT, close_fds=True
        )
        os.close(follower)

    def open(self) -> None:
        """Until the first screen stands: it has written something, and nothing more for two seconds."""
        wait = 60.0
        while select.select([self._leader], [], [], wait)[0]:
            os.read(self._leader, 1 << 16)
            wait = 2.0

    def press(self, key: str) -> tuple[float, float]:
        """Milliseconds until the first frame that the key brought, and until the last byte."""
        self.rest()
        began = first = last = time.perf_counter()
        os.write(self._leader, key.encode())
        wait = FIRST_S
        while select.select([self._leader], [], [], wait)[0]:
            os.read(self._leader, 1 << 16)
            last, wait = time.perf_counter(), QUIET_S
            first = last if first == began else first
        return (first - began) * 1000, (last - began) * 1000

    def cpu_ms(self) -> float:
        """CPU milliseconds of the thread that reads keys and draws, so far: what a busy machine does not change."""
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[0]) / 1e6

    def rest(self) -> None:
        """Until it has been silent for a moment."""
        while select.select([self._leader], [], [], QUIET_S)[0]:
            os.read(self._leader, 1 << 16)

    def close(self) -> None:
        """Leave by its own key."""
        os.write(self._leader, b"q")
        while select.select([self._leader], [], [], 2.0)[0]:
            try:
                if not os.read(self._leader, 1 << 16):
                    break
            except OSError:
                break
        self._process.terminate()
        self._process.wait(20)
        os.close(self._leader)


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(_out: Path, repeat: int) -> list[Goal]:
    """p95 of moving in the list of findings, and of going from screen to screen, while an intake runs."""
    with tempfile.TemporaryDirectory() as folder, closing(Sandbox(workers=1)) as sandbox:
        work = make(Path(folder), sandbox)
        fill(work)
        with daemon(work):
            terminal = Terminal(work)
            try:
                terminal.open()
                moved: list[tuple[float, float]] = []
                switched: list[tuple[float, float]] = []
                cpu: list[float] = []
                terminal.press("3")
                for _ in range(max(1, repeat // 3)):
                    for key in KEYS:
                        before = terminal.cpu_ms()
                        moved.append(terminal.press(key))
                        cpu.append(terminal.cpu_ms() - before)
                for _ in range(5 * max(1, repeat // 3)):
                    switched += [terminal.press(key) for key in "123456"]
            finally:
                terminal.close()
    first, whole = [one for one, _ in moved], [one for _, one in moved]
    other = [one for _, one in switched]
    note = (
        f"p50 {percentile(first, 0.5):.1f}, most {max(first):.1f}, with its rows p95 {percentile(whole, 0.95):.1f}, {len(moved)} keys;"
        f" CPU of a key p50 {percentile(cpu, 0.5):.1f}, p95 {percentile(cpu, 0.95):.1f} ms"
    )
    return [
        Goal(f"console: key to paint in a list of {MANY:,}, p95", percentile(first, 0.95), 50, "ms", note=note),
        Goal(
            "console: another screen with its figures, p95",
            percentile(other, 0.95),
            400,
            "ms",
            aim=True,
            note=f"p50 {percentile(other, 0.5):.1f}",
        ),
    ]


if __name__ == "__main__":
    for one in run(Path(), 3):
        print(one)
