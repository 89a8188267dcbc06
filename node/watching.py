"""When to walk: file events are a hint that starts a walk soon; network shares are polled; a full reconcile runs at start and nightly (DESIGN §3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

RECONCILE_S = 24 * 3600.0
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
    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Something happened; what exactly is for the walk to see."""
        if event.event_type not in {"opened", "closed_no_write"}:
            self._wake()


class Watching:
    """Watches folders with events where they can be had.

    Args:
        wake: called from another thread when something may have changed.
    """

    def __init__(self, folders: tuple[str, ...], wake: threading.Event) -> None:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace")
        self.polled = tuple(f for f in folders if is_remote(filesystem_of(Path(f).resolve(), mounts)))
        self._observer = Observer()
        # Started before anything is scheduled: a folder that cannot be watched then fails by itself, not all of them.
        self._observer.start()
        for folder in folders:
            if folder in self.polled:
                continue
            try:
                self._observer.schedule(_Hint(wake.set), folder, recursive=True)
            except OSError:
                # Too many folders for the kernel's watches, or the folder is away: polling sees it all the same.
                self.polled = (*self.polled, folder)

    def close(self) -> None:
        """Stop listening."""
        self._observer.stop()
        self._observer.join()
