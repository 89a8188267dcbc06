"""Disks that fail on purpose: a full one of the operating system's making, and a store that follows a script of faults."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path

from sync.errors import StoreDamaged, StoreFull
from sync.objects import ObjectStore, Staging


@contextlib.contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process grows beyond `room` bytes: a write across it is short, the next one fails (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A file system of so many bytes at a folder that is made; False where this user may not mount one (the folder is then an ordinary one)."""
    folder.mkdir(parents=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = shutil.which("mount") is not None and subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte more fits on the file system of a folder, until the end."""
    ballast = folder / "ballast"
    try:
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                continue
        yield
    finally:
        ballast.unlink()


class Fault(Enum):
    """What a call does instead of its work."""

    FULL = auto()
    """Nothing was written: no room (ENOSPC)."""
    EIO = auto()
    """Nothing was written: the device failed (EIO, as fsync tells it)."""
    SHORT_WRITE = auto()
    """Half was written, then no room."""
    STORED_BUT_FAILED = auto()
    """All was done, and the answer was an error: a lost reply."""


Script = Mapping[str, Sequence[Fault | None]]
"""For each call (`put`, `write`, `sync`, `finish`, `confirm`, `remove`) what happens at its 1st, 2nd … use; None and beyond: no fault."""


class _Faults:
    def __init__(self, script: Script) -> None:
        self._waiting = {call: deque(faults) for call, faults in script.items()}

    def run(self, call: str, whole: Callable[[], object], half: Callable[[], object] = lambda: None) -> None:
        """Do the work, or what the script says instead."""
        waiting = self._waiting.get(call)
        fault = waiting.popleft() if waiting else None
        match fault:
            case None:
                whole()
            case Fault.FULL:
                raise StoreFull("scripted: no room")
            case Fault.EIO:
                raise StoreDamaged("scripted: input/output error")
            case Fault.SHORT_WRITE:
                half()
                raise StoreFull("scripted: short write")
            case Fault.STORED_BUT_FAILED:
                whole()
                raise StoreDamaged("scripted: stored, though it said it failed")


class FaultyObjects:
    """A store over another one whose calls fail as the script says, once each; with no script it is that store."""

    def __init__(self, inner: ObjectStore, script: Script | None = None) -> None:
        self._inner, self._faults = inner, _Faults(script or {})

    def has(self, name: bytes) -> bool:
        """See ObjectStore."""
        return self._inner.has(name)

    def length(self, name: bytes) -> int:
        """See ObjectStore."""
        return self._inner.length(name)

    def read(self, name: bytes, offset: int, length: int) -> bytes:
        """See ObjectStore."""
        return self._inner.read(name, offset, length)

    def chunks(self, name: bytes, start: int = 0) -> Iterator[memoryview]:
        """See ObjectStore."""
        return self._inner.chunks(name, start)

    def put(self, name: bytes, data: bytes | memoryview) -> None:
        """See ObjectStore."""
        self._faults.run("put", lambda: self._inner.put(name, data))

    def stage(self, name: bytes, length: int) -> Staging:
        """See ObjectStore."""
        return _FaultyStaging(self._inner.stage(name, length), self._faults)

    def staged(self, name: bytes) -> int:
        """See ObjectStore."""
        return self._inner.staged(name)

    def digest(self, name: bytes) -> bytes:
        """See ObjectStore."""
        return self._inner.digest(name)

    def confirm(self, name: bytes) -> None:
        """See ObjectStore."""
        self._faults.run("confirm", lambda: self._inner.confirm(name))

    def names(self) -> Iterator[bytes]:
        """See ObjectStore."""
        return self._inner.names()

    def remove(self, name: bytes) -> None:
        """See ObjectStore."""
        self._faults.run("remove", lambda: self._inner.remove(name))


class _FaultyStaging:
    def __init__(self, inner: Staging, faults: _Faults) -> None:
        self._inner, self._faults = inner, faults

    @property
    def offset(self) -> int:
        return self._inner.offset

    def write(self, data: bytes | memoryview) -> None:
        self._faults.run("write", lambda: self._inner.write(data), lambda: self._inner.write(data[: len(data) // 2]))

    def sync(self) -> int:
        self._faults.run("sync", self._inner.sync)
        return self._inner.offset

    def finish(self, into: memoryview | None = None) -> None:
        self._faults.run("finish", lambda: self._inner.finish(into))

    def close(self) -> None:
        self._inner.close()
