"""A delivery that is read by a layout: its folders are held as one walk met them, and the layout says which files make which record.

Memory is in proportion to the delivery's files, about 300 bytes each; the plain layout never comes here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from pathlib import Path

import apsw
from msgspec import Struct, field
from msgspec.structs import replace

from holdings import catalogue, lineage, link_store
from holdings.file_name import NameKind, name_kind
from holdings.findings import FindingCode
from holdings.layout import Gathered, Gathering, Lookups
from holdings.layout_gather import gather
from holdings.layout_words import Vocabulary, vocabulary
from holdings.profile import IntakeProfile
from node.places import GATHERED, Place
from node.volume_rows import VolumeRows
from node.walk import FileStat, Folder, look, walk

FILES_MAX = 2_000_000
"""Files of one delivery that a layout reads: 600 MB of names. A larger one is split by its contractor."""


READ_AS = 2
"""Raised when a release reads layouts otherwise: deliveries that an older one read are read once more, records cut otherwise judged anew."""


class DeliveryTree(Struct):
    """What lies below one delivery's folder. `name`: its key; `top`: relative to the watch folder; `path`: absolute."""

    name: str
    top: str
    path: str
    profile: IntakeProfile
    words: Vocabulary = field(default_factory=vocabulary)
    folders: dict[str, Folder] = field(default_factory=dict)
    files: int = 0
    has_deliveries: bool = False
    """Deliveries with sheets of their own lie within: overrides beside them are theirs."""

    def holds(self, relative: str) -> bool:
        """Does a path relative to the watch folder lie within?"""
        return not self.top or relative == self.top or relative.startswith(f"{self.top}/")

    def add(self, relative: str, folder: Folder) -> None:
        """A folder that the walk met within; beyond FILES_MAX only the folder itself is remembered, as unreadable."""
        self._put(relative[len(self.top) :].lstrip("/"), folder)

    def _put(self, place: str, folder: Folder) -> None:
        self.files += len(folder.files)
        if self.files > FILES_MAX:
            folder = Folder(folder.path, unreadable=True)
        self.folders[place] = folder

    @property
    def newest_s(self) -> float:
        """When a file below it last changed, seconds; 0 when it has none."""
        return max((folder.newest_s for folder in self.folders.values()), default=0.0)

    def add_beside(self) -> None:
        """Override folders that lie beside the delivery belong to it as far as they hold pages of its codes."""
        if not self.top:
            return
        parent = Path(self.path).parent
        around = look(str(parent))
        for name in around.folders if around is not None else ():
            if self.words.override_rank(name, self.profile.layout.overrides):
                for relative, folder in walk(Path(parent, name)):
                    self._put(f"../{name}/{relative}" if relative else f"../{name}", folder)

    def signature(self, epoch: int) -> bytes:
        """Changes when any file does, or the catalogue, or the profile (16 bytes)."""
        digest = hashlib.blake2b(f"{READ_AS} {epoch} {self.has_deliveries}".encode(), digest_size=16)
        for place, folder in self.folders.items():
            digest.update(place.encode("utf-8", "surrogateescape") + b"\0" + folder.signature())
        return digest.digest()

    def sheets(self, is_record: Callable[[str], bool], guessed: Collection[str] = ()) -> list[tuple[str, list[FileStat]]]:
        """(folder, sheets in it) of every folder that is no record; `guessed` are places of sheets that only their content tells."""
        found = []
        for place, folder in self.folders.items():
            sheets = [
                f for f in folder.files
                if name_kind(f.name) is NameKind.SHEET or f"{place}/{f.name}".lstrip("/") in guessed
            ]  # fmt: skip
            if sheets and (not place or not is_record(folder.path)):
                found.append((place, sheets))
        return found

    def stats(self) -> dict[tuple[str, str], FileStat]:
        """Every file by its folder and name."""
        return {(place, file.name): file for place, folder in self.folders.items() for file in folder.files}

    def names(self) -> dict[str, list[str]]:
        """What the layout sees; overrides beside deliveries within are left to these."""
        skip = {p for p in self.folders if self.has_deliveries and self.words.override_rank(p.partition("/")[0])}
        return {p: [f.name for f in folder.files] for p, folder in self.folders.items() if p not in skip}


class TreeRead(Struct, frozen=True):
    """What a layout made of a delivery: places to be judged, and what was not linked."""

    places: list[tuple[Place, Folder]]
    gathered: Gathered
    odd: list[tuple[str, FindingCode]]

    def without(self, places: Collection[str]) -> TreeRead:
        """The same where these files are no longer left over."""
        left = tuple(one for one in self.gathered.left if one.path not in places)
        return replace(self, gathered=replace(self.gathered, left=left)) if places else self


def gather_tree(tree: DeliveryTree, connection: apsw.Connection) -> TreeRead:
    """Read a delivery by its profile's layout and the catalogue's word; what lies beside it was added before."""
    profile = tree.profile
    gathered = gather(
        tree.names(),
        profile.layout,
        lookups(connection, tree),
        profile.representations.uses(),
        profile.ready.markers,
        tree.words,
    )
    stats = tree.stats()
    odd = [(f"{p}/{name}".lstrip("/"), code) for p, folder in tree.folders.items() for name, code in folder.odd]
    odd += [(place, FindingCode.UNREADABLE) for place, folder in tree.folders.items() if folder.unreadable]
    places = [
        (_place(tree, found, stats), _folder(tree, found, stats))
        for found in gathered.gatherings
        if not foreign(found, connection, tree.name)
    ]
    return TreeRead(places, gathered, odd)


def foreign(found: Gathering, connection: apsw.Connection, delivery: str) -> bool:
    """Do these overrides beside the delivery replace pages of another one?"""
    if not (found.override and all(page.folder.startswith("../") for page in found.pages)):
        return False
    row = catalogue.for_images(connection, found.key)
    return row is None or row.delivery != delivery


def _place(tree: DeliveryTree, found: Gathering, stats: dict[tuple[str, str], FileStat]) -> Place:
    superseded = tuple(_at(place, stats[place]) for place in found.superseded)
    return Place(
        f"{tree.name}{GATHERED}{found.code}", tree.path, tree.name, found.code, tree.profile, found, superseded
    )


def _at(place: tuple[str, str], stat: FileStat) -> FileStat:
    return FileStat(stat.name, stat.size, stat.mtime_ns, stat.inode, "/".join(part for part in place if part))


def _folder(tree: DeliveryTree, found: Gathering, stats: dict[tuple[str, str], FileStat]) -> Folder:
    """The gathering as if it were one folder: files in page order under the names of their parts."""
    files = []
    for page in found.pages:
        stat = stats[(page.folder, page.name)]
        place = f"{page.folder}/{page.name}" if page.folder else page.name
        files.append(FileStat(page.part, stat.size, stat.mtime_ns, stat.inode, place))
    said = repr([(p.use, p.role, p.folder) for p in found.pages]) + f"{found.marked}{found.override}{found.whole}"
    partial = [one for p in {page.folder for page in found.pages} for one in tree.folders[p].partial]
    return Folder(
        tree.path,
        files,
        partial=partial,
        more=hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest(),
    )


def lookups(connection: apsw.Connection, tree: DeliveryTree) -> Lookups:
    """What a layout may ask the catalogue. A classified row counts as known, so that its images are found, and held, unopened."""
    volumes = VolumeRows(connection, tree.name, tree.words, tree.stats())
    return Lookups(lambda key: _is_known(connection, key), volumes.of, lambda: link_store.of_delivery(connection, tree.name))


def _is_known(connection: apsw.Connection, key: str) -> bool:
    """Does a row bear this code, or did a record or row bear it before it was changed?"""
    if catalogue.for_images(connection, key) is not None:
        return True
    return bool(lineage.once_bore(connection, key)) or lineage.row_became(connection, key) is not None
