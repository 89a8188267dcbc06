"""The demo's child processes: every one is a real `jindang …`, found by the running interpreter, and none outlives the demo."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

Answer = dict[str, Any]

PATIENCE_S = 90.0
"""No step of the demo may take longer; a child that does is stopped and shown."""
POLL_S = 0.01
LAST_LINES = 12
GRACE_S = 5.0
_READY = re.compile(r"https://[\w.:\[\]-]+")


class StepFailed(Exception):
    """A step of the demo did not go as it must; the text says which, and shows what the child said last."""


def wait_for(what: str, met: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Look until `met` says yes.

    Raises:
        StepFailed: it did not within `seconds`; `what` names the thing waited for.
    """
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            raise StepFailed(f"等了 {seconds:.0f} 秒，{what}仍未出现")
        time.sleep(POLL_S)


@dataclass(frozen=True, slots=True)
class Child:
    """One running or finished `jindang …`; its output lies in two files, so that no pipe can fill."""

    words: tuple[str, ...]
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def running(self) -> bool:
        """Has it not ended yet?"""
        return self.process.poll() is None

    def failed(self, how: str) -> StepFailed:
        """The error that shows the command and its last lines."""
        said = [
            *self.out.read_text("utf-8", "replace").splitlines(),
            *self.err.read_text("utf-8", "replace").splitlines(),
        ]
        lines = "\n".join(f"    {line}" for line in said[-LAST_LINES:]) or "    （没有输出）"
        return StepFailed(f"jindang {' '.join(self.words)}：{how}。它最后说：\n{lines}")

    def ended(self) -> int:
        """Wait for the end; the exit code, negative for a signal.

        Raises:
            StepFailed: no end within PATIENCE_S.
        """
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as fault:
            raise self.failed(f"{PATIENCE_S:.0f} 秒后仍未结束") from fault

    def answer(self, allowed: Sequence[int] = (0,)) -> Answer:
        """Wait for the end; the JSON object on its last line of standard output.

        Raises:
            StepFailed: another exit code, no JSON, or no end within PATIENCE_S.
        """
        code = self.ended()
        if code not in allowed:
            raise self.failed(f"退出码 {code}，应为 {' 或 '.join(map(str, allowed))}")
        try:
            answer: Answer = json.loads(self.out.read_text("utf-8").splitlines()[-1])
        except (IndexError, ValueError) as fault:
            raise self.failed("最后一行不是 JSON") from fault
        return answer

    def address(self) -> str:
        """Wait until a hub says that its node port is open; the https address it names.

        Raises:
            StepFailed: it ended before, or said nothing for PATIENCE_S.
        """
        found: list[str] = []

        def said() -> bool:
            if not self.running:
                raise self.failed("还没有就绪就结束了")
            found.extend(_READY.findall(self.out.read_text("utf-8", "replace")))
            return bool(found)

        wait_for("中心就绪的消息", said)
        return found[0]

    def kill(self) -> bool:
        """`kill -9`; was it still running?"""
        self.process.kill()
        return self.process.wait() == -signal.SIGKILL

    def stop(self) -> None:
        """Ask it to end, and end its whole session when it does not; never raises."""
        if self.running:
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_S)
        # Whatever the child started is in its session: a child killed by -9 could not tell its workers.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Programs:
    """All children of one demo; a context manager that leaves none behind, whatever happens.

    Args:
        logs: folder for what the children say; made here.
    """

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True)
        self._logs, self._children = logs, list[Child]()
        root = str(Path(__file__).resolve().parent.parent)
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUTF8": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            child.stop()

    def start(self, *words: str | Path) -> Child:
        """Start `jindang words…` in a session of its own, so that Ctrl-C reaches it through us alone."""
        spoken = tuple(map(str, words))
        stem = self._logs / f"{len(self._children) + 1:02d} {'-'.join(spoken[:2])}"
        out, err = stem.with_suffix(".out"), stem.with_suffix(".err")
        with out.open("wb") as output, err.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "jindang", *spoken], stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                env=self._environment, start_new_session=True,
            )  # fmt: skip
        child = Child(spoken, process, out, err)
        self._children.append(child)
        return child

    def run(self, *words: str | Path, allowed: Sequence[int] = (0,)) -> Answer:
        """Start a command with `--json` and wait for its answer (see Child.answer)."""
        return self.start(*words, "--json").answer(allowed)
