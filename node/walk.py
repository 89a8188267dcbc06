"""Scan folders as they are: one folder at a time, never held in memory as a whole; nothing is opened, moved or changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from holdings.file_name import NameKind, name_kind
from holdings.findings import FindingCode, display_path

DEPTH_MAX = 8
IN_PROGRESS = "加工中"
"""Folders of this name are the scanning station's own and are not looked into (deploy/smb.conf)."""


class FileStat(Struct, frozen=True):
    """A regular file: name, size in bytes, modification time in ns, inode. `place`: where it lies below its record's root, when that is
    not its name; absolute when another image stands for it."""

    name: str
    size: int
    mtime_ns: int
    inode: int
    place: str = ""


class Folder(Struct):
    """One folder as it looked: its files in natural order of the walk, and what is not a plain readable file."""

    path: str
    files: list[FileStat] = field(default_factory=list)
    odd: list[tuple[str, FindingCode]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unreadable: bool = False
    """The folder itself may not be read: its content is unknown, not empty."""
    partial: list[tuple[str, float]] = field(default_factory=list)
    """Half-written files by their names, and when they last changed (seconds)."""
    more: str = ""
    """What else a judgement depends on: marker, overrides."""

    @property
    def newest_s(self) -> float:
        """Latest modification time of any file, seconds."""
        return max((f.mtime_ns for f in self.files), default=0) / 1e9

    def signature(self) -> bytes:
        """Changes when any name, size, time or inode does (16 bytes)."""
        text = repr([(f.name, f.size, f.mtime_ns, f.inode) for f in self.files] + self.odd) + "!" * self.unreadable + self.more
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()


def look(path: str) -> Folder | None:
    """One folder; None when it vanished."""
    folder = Folder(path)
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                _sort_in(folder, entry)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        folder.unreadable = True
    folder.files.sort(key=lambda f: f.name)
    folder.folders.sort()
    folder.odd.sort(key=lambda o: o[0])
    return folder


def _sort_in(folder: Folder, entry: os.DirEntry[str]) -> None:
    name = entry.name
    kind = name_kind(name)
    if kind in (NameKind.PARTIAL, NameKind.LITTER):
        if kind is NameKind.PARTIAL:
            with suppress(OSError):
                folder.partial.append((display_path(name), entry.stat(follow_symlinks=False).st_mtime))
        return
    try:
        name.encode()
    except UnicodeEncodeError:
        folder.odd.append((display_path(name), FindingCode.NAME_NOT_UTF8))
        return
    try:
        facts = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(facts.st_mode):
        if name != IN_PROGRESS:
            folder.folders.append(name)
    elif stat.S_ISREG(facts.st_mode):
        folder.files.append(FileStat(name, facts.st_size, facts.st_mtime_ns, facts.st_ino))
    elif stat.S_ISLNK(facts.st_mode):
        folder.odd.append((name, FindingCode.SYMLINK))
    else:
        folder.odd.append((name, FindingCode.NOT_A_FILE))


def walk(root: Path, is_new: Callable[[str], bool] = lambda _: False) -> Iterator[tuple[str, Folder]]:
    """(path relative to the root, folder), parents before children, depth at most 8; the root itself is ''. Of the folders of one folder
    those come first for which `is_new(relative path)` is true, each kind by name.
    """
    levels = [iter([""])]
    """What is left to look at, by depth: names of a hundred thousand folders are held, and their paths one at a time."""
    while levels:
        relative = next(levels[-1], None)
        if relative is None:
            levels.pop()
            continue
        folder = look(os.path.join(root, relative) if relative else str(root))
        if folder is None:
            continue
        yield relative, folder
        if len(levels) <= DEPTH_MAX:
            levels.append(_below(relative, folder.folders, is_new))


def _below(relative: str, names: list[str], is_new: Callable[[str], bool]) -> Iterator[str]:
    """Paths of the folders of one folder. Which are new is asked before the first of them is looked at."""
    begin = f"{relative}/" if relative else ""
    ordered = sorted(names, key=lambda name: not is_new(begin + name))
    return (begin + name for name in ordered)
