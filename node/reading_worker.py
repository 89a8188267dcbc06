"""Reads the pages of one part outside this process: the contract of whatever reads, and the one that works in the sandbox.

A worker is a process with a bound on memory and time; it is replaced after so many pages, and whenever it dies.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from typing import Final, Protocol

from msgspec import Struct

from crypto import cbor
from crypto.errors import CryptoError
from holdings.check_files import SealedFile
from holdings.reading_rule import ReadingRule
from sync.errors import SandboxDied
from sync.sandbox import Sandbox, Streamed

CHILD: Final = "node.reading_child:read_part"
PIECE_MAX: Final = 2 << 20
BYTES_MAX: Final = 256 << 20
"""A larger file is not read: it would not fit a worker (as at R4)."""
NICE: Final = 19
ENGINES: Final = ("rapidocr", "onnxruntime")


class PageRead(Struct, frozen=True):
    """One page of a part: its encoded text (format.md §6.5; empty: it has none) and facts (§6.6), or why it could not be read.

    Args:
        pages: how many pages the part has.
    """

    page: int
    pages: int
    text: bytes = b""
    facts: bytes = b""
    reason: str = ""


class PageReader(Protocol):
    """Whatever reads pages. One caller at a time."""

    def read(self, file: SealedFile, first: int) -> Iterator[PageRead]:
        """The pages of a file from `first` on, in order; nothing for a file without pages.

        Raises:
            SandboxRefused: the file cannot be opened; the text says why.
            SandboxDied: the engine crashed, ran out of memory or took too long at the page after the last one that came.
            SyncError: the sealed bytes cannot be restored.
        """

    def close(self) -> None:
        """Stop its processes."""


def absent() -> str:
    """Why nothing can be read here; empty when the engine is installed."""
    lacking = [name for name in ENGINES if importlib.util.find_spec(name) is None]
    if not lacking:
        return ""
    return f"识读引擎没有安装（缺 {'、'.join(lacking)}）：待识读的页照常排队，装好后自动接着读；其他工作不受影响。"


class SandboxReader:
    """Reads in one recycled process of its own."""

    def __init__(self, rule: ReadingRule) -> None:
        self._rule, self._pages = rule, 0
        self._sandbox = self._fresh()

    def _fresh(self) -> Sandbox:
        return Sandbox(workers=1, memory_mb=self._rule.memory_mb, seconds=self._rule.seconds, nice=NICE)

    def close(self) -> None:
        """Stop the process."""
        self._sandbox.close()

    def read(self, file: SealedFile, first: int) -> Iterator[PageRead]:
        """As the contract says."""
        if file.size > BYTES_MAX:
            return
        if self._pages >= self._rule.recycle:
            self._sandbox.close()
            self._sandbox, self._pages = self._fresh(), 0
        extra = json.dumps({"name": file.name, "first": first})
        stream = self._sandbox.stream(CHILD, Streamed(file.size, file.pieces()), extra)
        try:
            for piece in stream:
                self._pages += 1
                yield decode(piece)
        finally:
            stream.close()


def encode(one: PageRead) -> bytes:
    """A page as it comes from the child."""
    return cbor.encode([one.page, one.pages, one.text, one.facts, one.reason])


def decode(data: bytes) -> PageRead:
    """What the child sent; SandboxDied when it is nothing of ours."""
    try:
        page, pages, text, facts, reason = cbor.take_list(
            cbor.decode(data, limit=PIECE_MAX), (int, int, bytes, bytes, str), name="page read"
        )
    except CryptoError as fault:
        raise SandboxDied(f"识读进程的回复不合规：{fault}") from fault
    return PageRead(page, pages, text, facts, reason)
