"""The reader of 密级预检: the upper parts of a page file's first pages, read in a process of its own that starts when the first page asks."""

from __future__ import annotations

import threading
from typing import Final

from sync.sandbox import Sandbox

CHILD: Final = "node.reading_child:read_tops"
PAGE_END: Final = "\f"
"""Between the tops of two pages."""
MEMORY_MB: Final = 2_048  # address space; it works in a third of that
SECONDS: Final = 60
RECYCLE: Final = 200  # calls


class TopReader:
    """Reads tops, one file at a time. Where the engine is not installed, every call is refused, and the page counts as unread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None

    def read(self, data: bytes) -> str:
        """The text of the tops of a file's first pages, PAGE_END between two pages.

        Raises:
            SandboxRefused: it cannot be read; the text says why.
            SandboxDied: the engine crashed, ran out of memory or of time.
        """
        with self._lock:
            if self._sandbox is None:
                self._sandbox = Sandbox(workers=1, memory_mb=MEMORY_MB, seconds=SECONDS, recycle=RECYCLE)
            sandbox = self._sandbox
        return sandbox.call(CHILD, data).decode()

    def close(self) -> None:
        """Stop its process."""
        with self._lock:
            if self._sandbox is not None:
                self._sandbox.close()
                self._sandbox = None
