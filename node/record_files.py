"""The files of a record between the look at them and their sealing: each is opened once, and what was looked at is what is sealed."""

from __future__ import annotations

import os

from node.job import Job
from node.walk import FileStat

KEPT = 64
"""Files of one record that stay open; a record has 6 pages as a rule, and each open file costs a descriptor of the process."""


class RecordFiles:
    """Opens the files of one record, for one thread."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._kept: dict[str, int] = {}

    def open(self, file: FileStat) -> int:
        """A descriptor for reading; the caller closes it or lets it be kept. What `os.open` raises passes through; no link is followed."""
        kept = self._kept.pop(file.name, None)
        if kept is not None:
            return kept
        path = os.path.join(self._job.root, file.place or file.name)
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)

    def keep(self, file: FileStat, descriptor: int) -> None:
        """Keep it, at its beginning, for the next who opens the file; closed when nobody will, or too many are open."""
        if file.name in self._job.known or len(self._kept) >= KEPT:
            os.close(descriptor)
        else:
            self._kept[file.name] = descriptor

    def close(self) -> None:
        """Close what was kept and never asked for."""
        while self._kept:
            os.close(self._kept.popitem()[1])
