"""What of a record is as it was: files by size, time and inode, descriptions by what they say. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from holdings.record import Description
from node.walk import FileStat
from sync.manifest import Part


def unchanged_parts(
    sources: dict[str, tuple[int, int, int, bytes]], parts: tuple[Part, ...], files: list[FileStat]
) -> dict[str, Part]:
    """Parts of files whose size, time and inode are as they were sealed."""
    by_name = {p.name: p for p in parts}
    same = {}
    for file in files:
        source, part = sources.get(file.name), by_name.get(file.name)
        if source and part and source == (file.size, file.mtime_ns, file.inode, part.sha256):
            same[file.name] = part
    return same


def same_body(old: Description, new: Description) -> bool:
    """Equal but for who cleared it and when, and what was answered to a return: neither is a new version."""
    # What any version said of former codes and relations holds on (format.md §6.3): a later one need not repeat it.
    return replace(old, clearance=new.clearance, former_codes=(), relations=(), explanation=None) == replace(
        new, former_codes=(), relations=(), explanation=None
    )
