"""By which rows the folder of a volume is cut where codes were changed: by those whose pages lie in it, whatever they are called by now.

A folder keeps its name on disk when its items are renumbered or its volume is merged, and page numbers 页号 count within the folder that was
scanned. So a row that moved is looked for where its sealed files lie (size, time, inode), not under its new code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import apsw

from holdings import catalogue, lineage, records
from holdings.catalogue_line import sort_key
from holdings.layout import Page
from holdings.layout_volume import VolumeRow
from holdings.layout_words import Vocabulary
from holdings.record import Level, Row
from holdings.reference_code import CodeProblem, match_key, parse, volume_key
from node import folders
from node.places import GATHERED
from node.walk import FileStat

_Facts = set[tuple[int, int, int]]


class VolumeRows:
    """Rows of volumes for one reading of a delivery.

    Args:
        files: everything that lies in the delivery, by (folder, name).
    """

    def __init__(
        self, connection: apsw.Connection, delivery: str, words: Vocabulary, files: Mapping[tuple[str, str], FileStat]
    ) -> None:
        self._connection, self._prefix, self._words, self._files = connection, f"{delivery}{GATHERED}", words, files
        self._changed = lineage.any_kept(connection)
        self._everything: _Facts | None = None
        self._folders: set[str] | None = None

    def of(self, key: str, pages: Iterable[Page]) -> Sequence[VolumeRow]:
        """The rows by which these pages of the folder named `key` are cut. A row that moved keeps the code that its place is known by."""
        standing = catalogue.of_volume(self._connection, key)
        if not self._changed:
            return [self._row(row, row.reference_code, whole=_whole(row, key)) for row in standing]
        here = _facts(self._files[page.folder, page.name] for page in pages if (page.folder, page.name) in self._files)
        kept = [(row, code) for row in standing if (code := self._named(row, key, here, row.reference_code))]
        own = {row.match_key for row in standing}
        kept += [
            (row, code) for row in self._gone(key) if row.match_key not in own and (code := self._named(row, key, here))
        ]
        kept.sort(key=lambda one: sort_key(match_key(one[1])))
        return [self._row(row, code, whole=_whole(row, key)) for row, code in kept]

    def _gone(self, key: str) -> Iterator[Row]:
        """Rows that bore a code of this volume once and bear another now."""
        numbers, became = lineage.of_volume(self._connection, key)
        borne = [records.by_number(self._connection, number).match_key for number in numbers]
        for now in dict.fromkeys([*borne, *became]):
            if (row := catalogue.row_for(self._connection, now)) is not None:
                yield row

    def _named(self, row: Row, volume: str, here: _Facts, code: str = "") -> str:
        """The code by which a row is cut from the folder of a volume, empty when its pages lie in another; `code`: its own, when it bears
        one of this volume."""
        places = self._places(row.match_key)
        if not places:
            return code
        if [match_key(place) for place, _ in places] == [row.match_key]:
            # It was never called anything else while it had images.
            return code
        known, sealed = max(places, key=lambda place: len(place[1] & here))
        if sealed & here:
            return known if self._free(known, row.match_key) else row.reference_code
        if any(facts & self._all() for _, facts in places):
            return ""
        # None of its files was sealed, or all were replaced: it waits in the folder that it was judged in, while that stands.
        before = {key: place for place, _ in places if (key := _volume(place)) and self._stands(key)}
        return before.get(volume, "") if before else code

    def _stands(self, volume: str) -> bool:
        """Is there a folder of that volume's code, or of its number?"""
        if self._folders is None:
            self._folders = {match_key(folder.rpartition("/")[2]) for folder, _ in self._files}
        return volume in self._folders or volume.rpartition("-")[2] in self._folders

    def _places(self, key: str) -> list[tuple[str, _Facts]]:
        """(code, sealed files) of every place of this delivery whose record bears a match key."""
        return [
            (path.removeprefix(self._prefix), {fact[:3] for fact in folders.sources(self._connection, number).values()})
            for path, number in folders.places_of(self._connection, key)
            if path.startswith(self._prefix)
        ]

    def _free(self, code: str, key: str) -> bool:
        """May a row's place go on under its former code: does no other row bear it that has no place of its own yet?"""
        bearer = match_key(code)
        return bearer == key or catalogue.row_for(self._connection, bearer) is None or bool(self._places(bearer))

    def _all(self) -> _Facts:
        if self._everything is None:
            self._everything = _facts(self._files.values())
        return self._everything

    def _row(self, row: Row, code: str, *, whole: bool) -> VolumeRow:
        first, last = _said(row, self._words.rows["from"]), _said(row, self._words.rows["to"])
        return VolumeRow(code, match_key(code), first, last, row.elements.get("页数", ""), whole)


def _volume(code: str) -> str | None:
    """Match key of the volume that a code is of; None where it is of none."""
    parsed = parse(code)
    return None if isinstance(parsed, CodeProblem) else volume_key(parsed)


def _whole(row: Row, volume: str) -> bool:
    return row.match_key == volume and row.level is Level.VOLUME


def _facts(files: Iterable[FileStat]) -> _Facts:
    return {(file.size, file.mtime_ns, file.inode) for file in files}


def _said(row: Row, names: Iterable[str]) -> str:
    return next((value for name in names if (value := row.elements.get(name, ""))), "")
