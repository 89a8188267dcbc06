"""Folders and files of this machine that a person may pick from: what the daemon may read, bounded, and without what cannot be taken.

What is offered could be typed as well; the daemon opens nothing that is listed here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final

from msgspec import Struct

from holdings.file_name import NameKind, name_kind
from holdings.sheet import is_sheet_name
from node.errors import ConfigurationWrong
from node.home import Home

SHOWN_MAX: Final = 2_000
"""Entries of one folder that are offered; more are found by typing the path."""
LOOKED_MAX: Final = 50_000
"""Names that are looked at to find them."""
PATH_MAX: Final = 4_096
SYSTEM: Final = frozenset(
    "bin boot dev etc lib lib32 lib64 libx32 lost+found proc root run sbin snap sys usr var tmp".split()  # noqa: SIM905  as a list it is five times as long
)
"""Below / that are never offered: nothing is brought from there, and nothing kept there. /tmp is the service's own (PrivateTmp): what is written there is lost."""
CARRIERS: Final = (Path("/run/media"), Path("/var/backups"))
PICTURES: Final = (".jpg", ".jpeg", ".tif", ".tiff", ".png", ".bmp", ".jp2", ".jxl", ".pdf", ".ofd")


class Pick(Enum):
    """What is picked."""

    FOLDER = "folder"
    """Where something is to be written: no files are shown, and no scan folder (what is written there would be taken in)."""
    SCANS = "scans"
    """A folder within the scan folders: no files are shown, and nothing else."""
    SHEET = "sheet"
    IMAGE = "image"

    def takes(self, name: str) -> bool:
        """May a file of this name be taken?"""
        if self is Pick.SHEET:
            return is_sheet_name(name)
        return self is Pick.IMAGE and name.lower().endswith(PICTURES) and name_kind(name) is NameKind.CONTENT


class Entry(Struct, frozen=True):
    """One folder, or one file with its bytes and time of change in whole seconds."""

    name: str
    path: str
    folder: bool
    size: int = 0
    changed: int = 0


class Look(Struct, frozen=True):
    """A folder (blank: the places to begin with), the one above it, what is in it, whether more is than is shown, bytes free, and may it be written to."""

    folder: str
    above: str
    entries: tuple[Entry, ...]
    more: bool = False
    free: int = 0
    writable: bool = False


def look(home: Home, pick: Pick, asked: str) -> Look:
    """What is in a folder; a key such as 扫描/第03批 names one below a scan folder. Where it is not there any more, the nearest above it that is.

    ConfigurationWrong when it may not be read, or is none that is offered.
    """
    if not asked.strip():
        return _places(home, pick)
    folder = _resolved(home, asked.strip())
    if folder is None or not _offered(home, pick, folder):
        return _places(home, pick)
    entries, more = _entries(home, pick, folder)
    above = str(folder.parent) if _offered(home, pick, folder.parent) and not _is_place(home, pick, folder) else ""
    return Look(str(folder), above, tuple(entries), more, shutil.disk_usage(folder).free, os.access(folder, os.W_OK | os.X_OK))


def _resolved(home: Home, asked: str) -> Path | None:
    if len(asked.encode("utf-8", "replace")) > PATH_MAX or "\0" in asked:
        raise ConfigurationWrong("路径过长或含非法字符；请重填")
    if not asked.startswith("/"):
        top, _, rest = asked.partition("/")
        watch = next((one for one in home.config.watch if Path(one).name == top), None)
        if watch is None:
            return None
        asked = f"{watch}/{rest}"
    return next((one for one in (Path(asked), *Path(asked).parents) if one.is_dir() and one.resolve() == one), None)


def _starts(home: Home, pick: Pick) -> list[Path]:
    """Where a person begins: the scan folders (what is written must not go there), and what this machine has besides the system's own."""
    own = [] if pick is Pick.FOLDER else [Path(one) for one in home.config.watch]
    if pick is Pick.SCANS:
        return [one for one in own if one.is_dir() and _readable(one)]
    below = sorted(one for one in _directories(Path("/")) if one.name not in SYSTEM and not one.name.startswith("."))
    return [one for one in dict.fromkeys([*own, *CARRIERS, *below]) if one.is_dir() and _readable(one)]


def _places(home: Home, pick: Pick) -> Look:
    return Look("", "", tuple(Entry(str(one), str(one), folder=True) for one in _starts(home, pick)))


def _is_place(home: Home, pick: Pick, folder: Path) -> bool:
    return folder in _starts(home, pick)


def _offered(home: Home, pick: Pick, folder: Path) -> bool:
    """Neither the system's own, nor the node's home, nor hidden; a scan folder only to take from."""
    scans = [Path(one) for one in home.config.watch]
    if any(folder.is_relative_to(one) for one in scans):
        return pick is not Pick.FOLDER
    if pick is Pick.SCANS or len(folder.parts) < 2 or folder.is_relative_to(home.path) or any(part.startswith(".") for part in folder.parts):
        return False
    known = folder.parts[1] not in SYSTEM - {"tmp"} or any(folder.is_relative_to(one) for one in CARRIERS)
    return known and _readable(folder)


def _entries(home: Home, pick: Pick, folder: Path) -> tuple[list[Entry], bool]:
    folders, files, looked = list[Entry](), list[Entry](), 0
    try:
        with os.scandir(folder) as found:
            for looked, one in enumerate(found, 1):
                if looked > LOOKED_MAX:
                    break
                if one.name.startswith(".") or one.is_symlink() or not _tellable(one.name):
                    continue
                if one.is_dir():
                    if _offered(home, pick, Path(one.path)):
                        folders.append(Entry(one.name, one.path, folder=True))
                elif one.is_file() and pick.takes(one.name):
                    facts = one.stat()
                    files.append(Entry(one.name, one.path, folder=False, size=facts.st_size, changed=int(facts.st_mtime)))
    except OSError as fault:
        raise ConfigurationWrong(f"文件夹 {folder} 读不出：{fault.strerror or fault}；请另选") from fault
    sorted_ones = [*sorted(folders, key=lambda one: one.name), *sorted(files, key=lambda one: one.name)]
    return sorted_ones[:SHOWN_MAX], looked > LOOKED_MAX or len(sorted_ones) > SHOWN_MAX


def _directories(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as found:
        yield from (Path(one.path) for one in found if one.is_dir(follow_symlinks=False))


def _readable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _tellable(name: str) -> bool:
    """A name that is no text can neither be shown nor typed."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name.isprintable()
