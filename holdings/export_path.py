"""Where the parts of a record lie in an export: those that came in folders of their record (VIDEO_TS, 正卷, 附件) lie in folders again; pure.

A part's name has no separator (format.md §6.2); `／` stands where the folder ended. Whatever a name says, its path stays below the
record's folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FOLDER_END: Final = "／"
DEPTH_MAX: Final = 8  # as deep as scan folders are read
SEGMENT_MAX: Final = 255  # bytes of a name on every file system


def export_paths(names: Sequence[str]) -> list[str]:
    """Relative paths for parts by their names, with `/` between folders, all different where the names are.

    A name stays as it is, `／` and all, where its folders would be no plain names, or one of them is another part's name.
    """
    parts = [name.split(FOLDER_END) for name in names]
    fit = [_fits(segments) for segments in parts]
    while True:
        made = ["/".join(segments) if good else name for segments, good, name in zip(parts, fit, names, strict=True)]
        files = {path.casefold() for path in made}
        folders = {
            "/".join(segments[:depth]).casefold()
            for segments, good in zip(parts, fit, strict=True)
            if good
            for depth in range(1, len(segments))
        }
        clash = files & folders
        if not clash:
            return made
        for index, segments in enumerate(parts):
            if fit[index] and any("/".join(segments[:depth]).casefold() in clash for depth in range(1, len(segments))):
                fit[index] = False


def _fits(segments: list[str]) -> bool:
    """Whether every folder on the way, and the name at its end, is a plain one."""
    return 1 < len(segments) <= DEPTH_MAX and all(
        segment == segment.strip() and segment not in ("", ".", "..") and "/" not in segment and "\\" not in segment and "\0" not in segment
        and len(segment.encode("utf-8", "surrogatepass")) <= SEGMENT_MAX
        for segment in segments
    )  # fmt: skip
