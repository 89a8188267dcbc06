"""A folder as one object 整夹一件: discs and cameras whose files mean nothing apart (VIDEO_TS, BDMV, AVCHD); pure.

The folder is kept as it came: no file of it is a page, none is renamed, and what is missing shows in its own lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from holdings.expression import expression

PARTS_MAX: Final = 20_000  # format.md §14: parts per item
_VOB: Final = expression(r"VTS_(?P<title>[0-9]{2})_(?P<part>[0-9])\.(?P<kind>IFO|BUP|VOB)")
_CLIP: Final = expression(r"(?P<clip>[0-9]{5})\.(?P<kind>CLPI|CPI|M2TS|MTS)")


class FolderKind(StrEnum):
    """What kind of object a folder is."""

    DVD = "dvd"
    BLU_RAY = "blu-ray"

    @property
    def label(self) -> str:
        """For people."""
        return {"dvd": "DVD 影碟（VIDEO_TS）", "blu-ray": "蓝光或高清摄像（BDMV）"}[self.value]


class FolderObject(Struct, frozen=True):
    """A folder that is one object: `root` is its path (blank for the listing's own top), `parts` every file below it as
    listed, `missing` what its own lists ask for, `doubts` Chinese remarks on sizes and numbers."""

    kind: FolderKind
    root: str
    parts: tuple[str, ...]
    missing: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def folder_objects(sizes: Mapping[str, int]) -> list[FolderObject]:
    """The objects in a listing of relative paths (`/` between folders) and sizes, in the order of their roots.

    A DVD is the folder that holds VIDEO_TS (with AUDIO_TS and JACKET_P beside it), or that bears the name itself; a
    camera's or Blu-ray's is the one that holds BDMV (within AVCHD or not).
    """
    roots: dict[str, FolderKind] = {}
    for path in sizes:
        folders = path.split("/")[:-1]
        for depth, folder in enumerate(folders):
            kind = {"VIDEO_TS": FolderKind.DVD, "BDMV": FolderKind.BLU_RAY}.get(folder.upper())
            if kind is not None:
                roots.setdefault("/".join(folders[:depth]), kind)
                break
    return [_object(kind, root, sizes) for root, kind in sorted(roots.items())]


def _object(kind: FolderKind, root: str, sizes: Mapping[str, int]) -> FolderObject:
    """One object with what its lists miss."""
    prefix = f"{root}/" if root else ""
    parts = sorted(path for path in sizes if path.startswith(prefix))
    inside = {path[len(prefix) :].upper(): sizes[path] for path in parts}
    missing, doubts = _dvd(inside) if kind is FolderKind.DVD else _disc(inside)
    if len(parts) > PARTS_MAX:
        doubts.append(f"文件 {len(parts):,} 个，超过 {PARTS_MAX:,} 个")
    return FolderObject(kind, root, tuple(parts[:PARTS_MAX]), tuple(missing), tuple(doubts))


def _dvd(inside: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """DVD-Video: the manager VIDEO_TS.IFO; each title set has VTS_nn_0.IFO, its copy .BUP, and parts 1, 2 … without gaps."""
    here = {path.removeprefix("VIDEO_TS/"): size for path, size in inside.items() if path.startswith("VIDEO_TS/")}
    missing = [] if "VIDEO_TS.IFO" in here else ["VIDEO_TS/VIDEO_TS.IFO"]
    doubts: list[str] = []
    titles: dict[str, set[int]] = {}
    for name in here:
        if found := _VOB.fullmatch(name):
            parts = titles.setdefault(found["title"], set())
            if found["kind"] == "VOB" and found["part"] != "0":
                parts.add(int(found["part"]))
    for title, numbers in sorted(titles.items()):
        if f"VTS_{title}_0.IFO" not in here:
            missing.append(f"VIDEO_TS/VTS_{title}_0.IFO")
        missing += [f"VIDEO_TS/VTS_{title}_{n}.VOB" for n in range(1, max(numbers, default=1) + 1) if n not in numbers]
    for name, size in sorted(here.items()):
        copy = here.get(f"{name[:-4]}.BUP") if name.endswith(".IFO") else None
        if copy is not None and copy != size:
            doubts.append(f"{name} 与备份 .BUP 大小不同（{size:,} 与 {copy:,} 字节）")
        if size == 0:
            doubts.append(f"{name} 为 0 字节")
    if not titles:
        doubts.append("没有任何标题集（VTS_nn_0.IFO）")
    return missing, doubts


def _disc(inside: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """BDMV: index and movie object; every clip description has its stream and the other way round."""
    tops = {path.split("BDMV/", 1)[0] for path in inside if "BDMV/" in path}
    missing: list[str] = []
    doubts: list[str] = []
    for top in sorted(tops):
        here = {path[len(top) :]: size for path, size in inside.items() if path.startswith(f"{top}BDMV/")}
        if not here.keys() & {"BDMV/INDEX.BDMV", "BDMV/INDEX.BDM"}:
            missing.append(f"{top}BDMV/INDEX.BDMV")
        described = _clips(here, "BDMV/CLIPINF/", ("CLPI", "CPI"))
        present = _clips(here, "BDMV/STREAM/", ("M2TS", "MTS"))
        missing += [f"{top}BDMV/STREAM/{clip}.M2TS" for clip in sorted(described - present)]
        doubts += [f"{clip} 没有片段说明（CLIPINF）" for clip in sorted(present - described)]
        doubts += [f"{path} 为 0 字节" for path, size in sorted(here.items()) if size == 0]
    return missing, doubts


def _clips(here: Iterable[str], folder: str, kinds: tuple[str, ...]) -> set[str]:
    """Numbers of the clips of some kinds in a folder."""
    names = (_CLIP.fullmatch(path.removeprefix(folder)) for path in here if path.startswith(folder))
    return {found["clip"] for found in names if found and found["kind"] in kinds}
