"""Page files of records that a layout gathers from several folders, read from the names on disk when somebody asks: for those who catalogue them.

A delivery is read once for many pictures; the reading is forgotten when another delivery is asked, when a file is gone, or after ten minutes.
"""

from __future__ import annotations

import posixpath
import threading
import time
from collections.abc import Collection
from typing import Final

from msgspec import Struct

from holdings.file_name import NameKind, name_kind
from node.errors import ConfigurationWrong
from node.gathering import gather_tree
from node.home import Home
from node.judging import Standing
from node.proposing import tree_of

KEPT_S: Final = 600.0


class GatheredPage(Struct, frozen=True):
    """A page file: its name in the record, and its path as findings name one (scan folder first)."""

    name: str
    path: str


class _Reading(Struct):
    """What one delivery's layout gathered for the places that were asked about."""

    delivery: str
    time: float
    keys: frozenset[str]
    pages: dict[str, list[GatheredPage]]


class GatheredPages:
    """The pages of gathered places of a home. Usable from several threads."""

    def __init__(self, home: Home) -> None:
        self._home, self._lock = home, threading.Lock()
        self._read: _Reading | None = None

    def of(self, place: str, delivery: str, keys: Collection[str]) -> list[GatheredPage]:
        """The pages of a place in their order; none when its delivery's folder is away or nothing is gathered there any more.

        Args:
            place: its key, one of `keys`, the places that are kept from one reading.
        """
        with self._lock:
            known = self._read
            stale = known is None or known.delivery != delivery or time.monotonic() - known.time > KEPT_S
            if stale or (known is not None and place not in known.keys):
                known = self._read = self._gather(delivery, frozenset({*keys, place}))
            return known.pages.get(place, []) if known is not None else []

    def forget(self) -> None:
        """What lies there has changed."""
        with self._lock:
            self._read = None

    def _gather(self, delivery: str, keys: frozenset[str]) -> _Reading:
        connection = self._home.database.read()
        found: dict[str, list[GatheredPage]] = {}
        try:
            tree = tree_of(self._home, delivery, Standing.read(connection).profiles.of(delivery))
        except ConfigurationWrong:
            return _Reading(delivery, time.monotonic(), keys, found)
        tree.add_beside()
        for place, folder in gather_tree(tree, connection).places:
            if place.key in keys:
                found[place.key] = [
                    GatheredPage(file.name, posixpath.normpath(f"{delivery}/{file.place or file.name}"))
                    for file in folder.files
                    if name_kind(file.name) is NameKind.CONTENT
                ]
        return _Reading(delivery, time.monotonic(), keys, found)
