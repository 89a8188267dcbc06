"""照片: sets with one caption, single photos, and twins of one exposure (RAW and JPG); pure.

GB/T 11821-2002 and DA/T 50-2014 describe a set 组 and each photo in it. Sheets give the caption once and leave the cells
below it blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Final

from msgspec import Struct

from holdings.category import FileRule, GroupRule
from holdings.category_rows import CategoryRow, RowFault, fault
from holdings.findings import FindingCode

GROUPS_MAX: Final = 1_048_576  # format.md §14: rows a table, each of which may be a group


class Photo(Struct, frozen=True):
    """A photo's row. `group` is blank for a single photo; `filled` are the elements it took from its group."""

    number: int
    group: str
    values: dict[str, str]
    filled: tuple[str, ...] = ()
    fault: RowFault | None = None


class PhotoGroup(Struct, frozen=True):
    """A set as a record of its own level: what is said of all, and how many photos it has."""

    group: str
    first: int
    count: int
    values: dict[str, str]


def fill_groups(rows: Iterable[CategoryRow], rule: GroupRule) -> Iterator[Photo]:
    """Give each photo of a group what the group's first rows said once. What a row says itself stays.

    Rows of a group stand together; a group that begins anew after another is told (错序) and filled as a new one.
    """
    group, said = "", dict[str, str]()
    seen: set[str] = set()
    for row in rows:
        key = "\x1f".join(row.values.get(name, "") for name in rule.by).strip("\x1f")
        again: RowFault | None = None
        if key != group or not key:
            group, said = key, {}
            if key in seen:
                again = fault(row.number, rule.by[0], FindingCode.METADATA_DOUBTFUL, "同组的行不在一起（错序）")
            elif key and len(seen) < GROUPS_MAX:
                seen.add(key)
        values = dict(row.values)
        filled = [name for name in rule.shared if said.get(name) and not values.get(name)] if key else []
        values.update((name, said[name]) for name in filled)
        said.update((name, value) for name in rule.shared if (value := row.values.get(name)))
        yield Photo(row.number, key.replace("\x1f", "-"), values, tuple(filled), again)


def groups(photos: Iterable[Photo], rule: GroupRule) -> Iterator[PhotoGroup]:
    """The sets of filled rows, in their order, each with what all its photos have in common; single photos are none."""
    waiting: PhotoGroup | None = None
    for photo in photos:
        if waiting is not None and (photo.group != waiting.group or photo.fault is not None):
            yield waiting
            waiting = None
        if not photo.group:
            continue
        shared = {name: photo.values[name] for name in (*rule.by, *rule.shared) if photo.values.get(name)}
        if waiting is None:
            waiting = PhotoGroup(photo.group, photo.number, 1, shared)
        else:
            alike = {name: value for name, value in waiting.values.items() if shared.get(name) == value}
            waiting = PhotoGroup(waiting.group, waiting.first, waiting.count + 1, alike)
    if waiting is not None:
        yield waiting


class Twins(Struct, frozen=True):
    """Files of one exposure or page: representations 版本用途, kept apart from other pages by their common stem."""

    stem: str
    preservation: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    @property
    def are_twins(self) -> bool:
        """Whether there is more than one representation."""
        return len(self.preservation) + len(self.access) > 1


def twins(names: Iterable[str], rule: FileRule) -> list[Twins]:
    """File names by their common stem (case does not count, folders do), in the order of first appearance."""
    stems: dict[str, str] = {}
    kept: dict[str, list[str]] = {}
    used: dict[str, list[str]] = {}
    rest: dict[str, list[str]] = {}
    for name in names:
        kind = PurePath(name).suffix.lower().removeprefix(".")
        stem = name[: len(name) - len(kind) - 1] if kind else name
        stems.setdefault(key := stem.casefold(), stem)
        place = kept if kind in rule.preservation else used if kind in rule.access else rest
        place.setdefault(key, []).append(name)
    return [
        Twins(stem, tuple(kept.get(key, ())), tuple(used.get(key, ())), tuple(rest.get(key, ())))
        for key, stem in stems.items()
    ]
