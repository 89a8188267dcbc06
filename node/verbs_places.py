"""Verbs by which the console offers folders and files of this machine to pick from."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import asdict

from node import disk_places
from node.verbs import Answer, Verbs


class PlaceVerbs(Verbs):
    """Looks, and changes nothing."""

    def places_look(self, act: Literal["folder", "scans", "sheet", "image"], folder: str = "") -> Answer:
        """What may be picked in a folder: `act` folder to write to, scans one within the scan folders, sheet or image to take. Blank `folder`: where to begin."""
        found = disk_places.look(self._home, disk_places.Pick(act), folder)
        return {**asdict(found), "entries": [asdict(one) for one in found.entries]}
