"""When to walk: file events are a hint that starts a walk soon; network shares and very large trees are polled; a full reconcile runs at
start and nightly (DESIGN §3)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

RECONCILE_S = 24 * 3600.0
FOLDERS_MAX = 8_192
"""Folders that are listened to, each about 1 KB here and 1 KB of the kernel: a tree with more is polled, and only its top is listened to."""
_CHANGES: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent, FileClosedEvent, FileMovedEvent, FileDeletedEvent, DirCreatedEvent, DirMovedEvent, DirDeletedEvent,
]  # fmt: skip
"""What the kernel is asked for. Neither what is only read, or our own walks would wake the next, nor each single write: a file is told when it is closed."""
_REMOTE = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "fuse",
    "fuse.sshfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "vboxsf",
    "ncpfs",
}


def filesystem_of(path: Path, mounts: str) -> str:
    """Type of the file system that holds `path`, from the text of /proc/mounts."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].encode().decode("unicode_escape")
        inside = path == Path(point) or path.is_relative_to(point)
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def is_remote(kind: str) -> bool:
    """Do events of other clients not reach us there?"""
    return kind in _REMOTE or kind.startswith("fuse.")


class _Hint(FileSystemEventHandler):
    def __init__(self, wake: Callable[[], None], folders: int) -> None:
        self._wake, self.folders = wake, folders

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Something happened; what exactly is for the walk to see."""
        if isinstance(event, DirCreatedEvent):
            self.folders += 1
        self._wake()


class Watching:
    """Watches folders with events where they can be had.

    Args:
        wake: set from another thread when something may have changed.
        folders_max: folders listened to in all.
    """

    def __init__(self, folders: tuple[str, ...], wake: threading.Event, folders_max: int = FOLDERS_MAX) -> None:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace")
        self._wake, self._most = wake, folders_max
        self._listened: dict[str, tuple[_Hint, ObservedWatch]] = {}
        self.polled: tuple[str, ...] = ()
        self._observer = Observer()
        # Started before anything is scheduled: a folder that cannot be watched then fails by itself, not all of them.
        self._observer.start()
        for folder in folders:
            if is_remote(filesystem_of(Path(folder).resolve(), mounts)):
                self.polled = (*self.polled, folder)
            else:
                self._listen(folder)

    def _listen(self, folder: str) -> None:
        """Listen to all of a folder, or, when that would be too much, to its top, and poll."""
        room = self._most - sum(hint.folders for hint, _ in self._listened.values())
        count = _folders_in(folder, room + 1)
        hint = _Hint(self._wake.set, count)
        try:
            watch = self._observer.schedule(hint, folder, recursive=count <= room, event_filter=_CHANGES)
        except OSError:
            # No watch is left in the kernel, or the folder is away: polling sees it all the same.
            self.polled = (*self.polled, folder)
            return
        if count > room:
            self.polled = (*self.polled, folder)
        else:
            self._listened[folder] = hint, watch

    def review(self) -> tuple[str, ...]:
        """Poll what has grown too large to be listened to since; which folders. Called now and then by the one who made this."""
        known = self.polled
        while self._listened and sum(hint.folders for hint, _ in self._listened.values()) > self._most:
            largest = max(self._listened, key=lambda folder: self._listened[folder][0].folders)
            _, watch = self._listened.pop(largest)
            self._observer.unschedule(watch)
            self._listen(largest)
        return self.polled[len(known) :]

    def close(self) -> None:
        """Stop listening."""
        self._observer.stop()
        self._observer.join()


def _folders_in(folder: str, most: int) -> int:
    """How many folders there are, itself among them; no more than `most` are counted."""
    return sum(1 for _ in islice(os.walk(folder), most))
