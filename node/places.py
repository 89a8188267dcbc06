"""A record's place on disk as one walk met it: a folder, or what a layout gathered from several. Pure data."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from holdings.layout import Gathering
from holdings.layout_words import Vocabulary
from holdings.profile import PLAIN, IntakeProfile
from holdings.reference_code import match_key
from node.folders import Known
from node.walk import FileStat, Folder

GATHERED = "#"
"""Stands between a delivery and the code of what was gathered in it, in the keys of table folder."""


class Place(Struct, frozen=True):
    """Where a record lies: `key` its path in the tables, `root` the absolute path that its files are below, `delivery` the batch it
    came with, `name` the code as the place names it."""

    key: str
    root: str
    delivery: str
    name: str
    profile: IntakeProfile = PLAIN
    gathering: Gathering | None = None
    superseded: tuple[FileStat, ...] = ()
    """Files whose place a later override took."""
    done: bool = False
    """A marker 完成 stands in a folder that no layout reads."""

    @property
    def subject(self) -> str:
        """Match key of the name."""
        return self.gathering.key if self.gathering else match_key(self.name)

    @property
    def marked(self) -> bool:
        """Has the maker said by a marker that the record is finished?"""
        return self.gathering.marked if self.gathering else self.done

    @property
    def shown(self) -> str:
        """What stands before a file's place in the paths of findings."""
        return self.delivery if self.gathering else self.key


class Seen(Struct, frozen=True):
    """A place as it looked in this walk, beside what was known of it."""

    place: Place
    folder: Folder
    signature: bytes
    known: Known | None
    stands: str = ""
    """Match key that its record bears where codes were changed (node.bearing); empty: its name says it."""

    @property
    def subject(self) -> str:
        """Match key that its record bears."""
        return self.stands or self.place.subject


def without_markers(folder: Folder, relative: str, profile: IntakeProfile, words: Vocabulary) -> tuple[Folder, bool]:
    """(a record's folder without its markers, does one stand?), where a profile without a layout holds; a marker is a file, a folder
    within, or a folder 已完成 above (DESIGN §3)."""
    if profile is PLAIN:
        return folder, False
    markers = [name for name in (*(f.name for f in folder.files), *folder.folders) if words.is_marker(name, profile.ready.markers)]
    done = bool(markers) or any(words.is_folder("done", part) for part in relative.split("/")[:-1])
    files = [file for file in folder.files if file.name not in markers]
    return (replace(folder, files=files, more="marked") if done else folder), done


class Ids:
    """A set of folder ids, one bit each: a walk over a million folders remembers them in 125 KB."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        """Put an id in."""
        if number // 8 >= len(self._bits):
            self._bits.extend(bytes(number // 8 + 1 - len(self._bits)))
        self._bits[number // 8] |= 1 << number % 8

    def discard(self, number: int) -> None:
        """Take an id out, if it is in."""
        if number in self:
            self._bits[number // 8] &= ~(1 << number % 8)

    def __contains__(self, number: int) -> bool:
        """Is the id in?"""
        return number // 8 < len(self._bits) and bool(self._bits[number // 8] & 1 << number % 8)
