"""What persons decided about single pages: left out, replaced by another image, moved to the record they belong to; table `page_act`.

Source scans are never touched: a decision is laid over what a walk sees, before the place is judged, and can be taken back at any time. Images that
replace a page are kept under `pages/` of the home by their digest.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path

import apsw
from msgspec import Struct, field
from msgspec.structs import replace

from node.home import Home
from node.places import Place
from node.walk import FileStat, Folder

FOLDER = "pages"


class PageActKind(IntEnum):
    """What is done with a page; the numbers stand in the database."""

    DROP = 1
    REPLACE = 2
    MOVE = 3

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("删除该页", "换页", "移页")[self.value - 1]


class PageAct(Struct, frozen=True):
    """One decision; `path` is the page's as findings name it, `stored` the digest of the image that stands for it."""

    path: str
    kind: PageActKind
    target: str = ""
    name: str = ""
    stored: str = ""
    person: str = ""
    time: int = 0


def put(connection: apsw.Connection, act: PageAct) -> None:
    """Decide about a page; an earlier decision about it gives way."""
    connection.execute(
        "INSERT OR REPLACE INTO page_act VALUES (?, ?, ?, ?, ?, ?, ?)",
        (act.path, int(act.kind), act.target, act.name, act.stored, act.person, act.time),
    )


def take_back(connection: apsw.Connection, path: str) -> bool:
    """The page is again what lies on disk; False when nothing was decided about it."""
    connection.execute("DELETE FROM page_act WHERE path = ?", (path,))
    return bool(connection.changes())


def every(connection: apsw.Connection) -> list[PageAct]:
    """All decisions that hold, by path."""
    rows = connection.execute("SELECT path, kind, target, name, stored, person, time FROM page_act ORDER BY path")
    return [PageAct(row[0], PageActKind(row[1]), *row[2:]) for row in rows]


class Overlay(Struct):
    """The decisions as a walk lays them over folders; empty on nearly every node, and then it costs nothing."""

    home: Home
    by_path: dict[str, PageAct] = field(default_factory=dict)
    by_target: dict[str, list[PageAct]] = field(default_factory=dict)

    @classmethod
    def read(cls, home: Home) -> Overlay:
        """As the database has them now."""
        overlay = cls(home)
        for act in every(home.database.read()):
            overlay.by_path[act.path] = act
            if act.kind is PageActKind.MOVE:
                overlay.by_target.setdefault(act.target, []).append(act)
        return overlay

    def over(self, place: Place, folder: Folder) -> Folder:
        """The folder as it is to be judged."""
        if not self.by_path:
            return folder
        files = [laid for file in folder.files for laid in self._file(place, file)]
        files += self._moved_in(place.subject)
        return folder if files == folder.files else replace(folder, files=files)

    def _file(self, place: Place, file: FileStat) -> Iterable[FileStat]:
        act = self.by_path.get(f"{place.shown}/{file.place or file.name}")
        if act is None:
            return (file,)
        if act.kind is PageActKind.REPLACE and (image := stat_of(self.home.path / FOLDER / act.stored, file.name)):
            return (image,)
        return ()

    def _moved_in(self, subject: str) -> Iterable[FileStat]:
        for act in self.by_target.get(subject, ()):
            where = on_disk(self.home, act.path)
            # A file that went away meanwhile is asked about as any vanished page is.
            if where is not None and (image := stat_of(where, act.name)):
                yield image


def stat_of(path: Path, name: str) -> FileStat | None:
    """A plain file outside its record's folder, under the name it has there; None when there is none."""
    try:
        facts = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return FileStat(name, facts.st_size, facts.st_mtime_ns, facts.st_ino, str(path)) if stat.S_ISREG(facts.st_mode) else None


def on_disk(home: Home, path: str) -> Path | None:
    """The file that a finding's path names, below one of the scan folders; None when it names none, or leads out of them."""
    name, _, relative = path.partition("/")
    parts = relative.split("/")
    if not relative or any(part in {"", ".", ".."} for part in parts):
        return None
    for watch in home.config.watch:
        if Path(watch).name == name:
            found = Path(watch, *parts)
            if found.is_file() and not any(
                link.is_symlink()
                for link in (found, *found.parents)
                if link.is_relative_to(watch) and link != Path(watch)
            ):
                return found
    return None
