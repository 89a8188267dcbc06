"""Real `jindang …` processes for tests that kill them: started, killed with their workers, restarted."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

PATIENCE_S = 300.0
"""For what must come about at all: long, for how soon it does is a matter of the machine's load. A test's own limit of time ends it sooner."""
POLL_S = 0.005
PAUSE = threading.Event()
"""Never set: waiting for it gives the processor away between two looks."""
LIMITED = """
import resource, runpy, sys
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
runpy.run_module("jindang", run_name="__main__", alter_sys=True)
"""
READY = re.compile(r"https://[\w.:\[\]-]+")


def wait_for(what: str, met: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Look until `met` says yes; fails naming `what` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        PAUSE.wait(POLL_S)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Program:
    """One started `jindang …`; what it says lies in two files."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def said(self) -> str:
        """All it has written, the end of it when long."""
        return "".join(path.read_text("utf-8", "replace")[-8000:] for path in (self.errors, self.output))

    def ready(self) -> str:
        """Wait for a hub's node port; its address."""

        def open_or_dead() -> bool:
            assert self.process.poll() is None, f"ended at once: {self.said}"
            return bool(READY.search(self.said))

        wait_for("the node port", open_or_dead)
        found = READY.search(self.said)
        assert found is not None
        return found.group(0)

    @property
    def running(self) -> bool:
        """Has it not ended yet?"""
        return self.process.poll() is None

    def lasted(self) -> float:
        """Seconds since its start; asked when it has just ended."""
        return time.monotonic() - self.began

    def end(self, seconds: float = PATIENCE_S) -> int:
        """Wait for the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {seconds:.0f} s: {self.said}") from None

    def answer(self, allowed: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Wait for the end; the JSON object of the last line."""
        code = self.end()
        assert code in allowed, f"exit code {code}: {self.said}"
        answer: dict[str, Any] = json.loads(self.output.read_text("utf-8").splitlines()[-1])
        return answer

    def kill(self) -> bool:
        """`kill -9`; was it still running? Its sandbox workers must end by themselves."""
        workers: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            workers = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        killed = self.process.wait() == -signal.SIGKILL
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert not alive, f"workers outlive their program: {alive}"
        return killed

    def stop(self) -> int:
        """SIGTERM, as systemd does; the exit code."""
        self.process.terminate()
        return self.end()


class Programs:
    """Starts programs; on leaving, those that still run are killed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._running, self._count = folder, list[Program](), 0
        folder.mkdir(parents=True, exist_ok=True)
        root = str(Path(__file__).resolve().parent.parent)
        self._environment = {**os.environ, "PYTHONPATH": root, "PYTHONUTF8": "1"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._running:
            if program.process.poll() is None:
                program.kill()

    def start(self, *words: str | Path, largest_file: int = 0) -> Program:
        """Start `jindang words…`; with `largest_file`, no file of it grows beyond so many bytes, as on a full disk."""
        self._count += 1
        self._running = [p for p in self._running if p.process.poll() is None]
        output, errors = (self._folder / f"{self._count:04d}.{kind}" for kind in ("out", "err"))
        program = ("-c", LIMITED, str(largest_file)) if largest_file else ("-m", "jindang")
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, *program, *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self._environment,
                start_new_session=True,
            )
        started = Program(process, output, errors)
        self._running.append(started)
        return started

    def run(self, *words: str | Path, allowed: tuple[int, ...] = (0,), largest_file: int = 0) -> dict[str, Any]:
        """Run a command with `--json` to its end; its answer."""
        return self.start(*words, "--json", largest_file=largest_file).answer(allowed)
