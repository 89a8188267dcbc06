"""A reader of pages in memory, under the contract of node.reading_worker.PageReader: what tests of the flow read with."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from holdings import page_facts, page_text
from holdings.check_files import SealedFile
from holdings.page_facts import PageFacts
from holdings.page_text import PageText, TextLine
from holdings.reading_rule import ReadingRule
from node.reading_worker import PageRead
from sync.errors import SandboxDied, SandboxRefused


def text_of(data: bytes, page: int = 0) -> str:
    """What the reader in memory finds on a page: it follows from the bytes alone."""
    return f"第{page + 1}页 和平区民政局 {hashlib.sha256(data).hexdigest()[:8]}"


@dataclass
class Desk:
    """What readers of one test share: what they met, and what is to go wrong.

    Args:
        pages: pages of a file by its name; 1 where it is not named.
        deadly: (file name, page) at which the engine dies, and how often.
        refused: files that cannot be opened.
        sure: confidence of every line.
    """

    pages: dict[str, int] = field(default_factory=dict)
    deadly: dict[tuple[str, int], int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    sure: float = 0.95
    engine: str = "memory"
    read: list[tuple[str, int]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    met: Callable[[str, int], None] = lambda name, page: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, rule: ReadingRule) -> MemoryReader:
        """A reader at this desk."""
        return MemoryReader(self)


class MemoryReader:
    """Reads in this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read(self, file: SealedFile, first: int) -> Iterator[PageRead]:
        """As the contract says."""
        desk, data = self._desk, b"".join(file.pieces())
        with desk.lock:
            desk.opened.append(file.name)
        if file.name in desk.refused:
            raise SandboxRefused("文件打不开")
        count = desk.pages.get(file.name, 1)
        for page in range(first, count):
            desk.met(file.name, page)
            if desk.deadly.get((file.name, page), 0):
                desk.deadly[file.name, page] -= 1
                raise SandboxDied("沙箱进程意外退出")
            with desk.lock:
                desk.read.append((file.name, page))
            line = TextLine(text_of(data, page), (0, 0, 20, 0, 20, 20, 0, 20), desk.sure)
            text = page_text.encode(PageText(desk.engine, "1", 24, 24, lines=(line,)))
            yield PageRead(page, count, text, page_facts.encode(PageFacts("image/jpeg", page, count, 24, 24, 3000)))

    def close(self) -> None:
        """Nothing to stop."""
