"""What the name of a file in a scan folder says about it: partial, litter, sheet or content; pure."""

from __future__ import annotations

import functools
from enum import Enum
from typing import Final

from holdings.evidence_name import EvidenceKind, evidence_kind

_PARTIAL: Final = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".temp", ".swp", ".!ut")
_PARTIAL_BEGIN: Final = ("~$", ".~", "~wrl", "~wrd")
_LITTER: Final = frozenset(
    {"thumbs.db", "desktop.ini", ".ds_store", "ehthumbs.db", "ehthumbs_vista.db", "folder.htt", "icon\r", "@eadir"}
)


class NameKind(Enum):
    """What to do with a file, by its name."""

    CONTENT = "content"
    PARTIAL = "partial"
    LITTER = "litter"
    SHEET = "sheet"


@functools.lru_cache(maxsize=4_096)
def name_kind(name: str) -> NameKind:
    """Tell scanning programs' half-written files and systems' litter from content.

    A sheet is one only outside record folders: the caller knows where.
    """
    low = name.lower()
    if low.endswith(_PARTIAL) or low.startswith(_PARTIAL_BEGIN):
        return NameKind.PARTIAL
    if low in _LITTER or low.startswith("."):
        return NameKind.LITTER
    # A list of digests is a csv as a sheet is; its name tells them apart.
    from holdings.sheet import is_sheet_name  # reading sheets is for who has one

    is_sheet = is_sheet_name(name) and evidence_kind(name) is not EvidenceKind.CHECKSUMS
    return NameKind.SHEET if is_sheet else NameKind.CONTENT


def extension(name: str) -> str:
    """Extension in lower case without the dot, empty when there is none."""
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    return ending.lower() if stem else ""
