"""Progress of a run on a terminal, to standard error; silent when nobody watches."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

STEP_S = 0.5


def shown(node: Any, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run `work` and show what `node.status()` tells of it meanwhile."""
    if not sys.stderr.isatty():
        return work()
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    done = threading.Event()
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as bar:  # fmt: skip
        reading, sending = bar.add_task("读入、加封", total=None), bar.add_task("传输", total=None)

        def watch() -> None:
            while not done.wait(STEP_S):
                state = node.status()
                bar.update(reading, completed=state["read_bytes"])
                bar.update(sending, completed=state["sent_bytes"])

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            return work()
        finally:
            done.set()
            watcher.join()
