"""Which changed pages of a sealed record show the same picture as before 仅元数据变化: told in its history, sealed as ever.

Loaded only where a page of a sealed record changed; both its versions are read from the packs.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdings.file_name import extension
from holdings.same_picture import SIZE_MAX, may_be_same
from node.home import Home
from node.packed_file import PackedFile
from sync.errors import SyncError
from sync.manifest import Part, Transform
from sync.sandbox import Sandbox

BESIDE_MAX = 4 << 20
"""Bytes by which EXIF, XMP and thumbnails let a file grow or shrink; beyond, it is another picture without a look."""
PAGES_MAX = 500
"""Pages of one version that are looked at: more are a new scan."""
END_BYTES = 64
_KINDS = frozenset({"jpg", "jpeg", "jpe", "png", "tif", "tiff"})


def names(home: Home, sandbox: Sandbox, changed: Sequence[tuple[Part, Part]]) -> tuple[str, ...]:
    """Names of those files, each as it was and as it is, that show the same picture."""
    pictures = [(old, new) for old, new in changed if extension(new.name) in _KINDS]
    return tuple(new.name for old, new in pictures[:PAGES_MAX] if _same(home, sandbox, old, new))


def _same(home: Home, sandbox: Sandbox, old: Part, new: Part) -> bool:
    """One page; what cannot be read is another picture."""
    if max(old.size, new.size) > SIZE_MAX or abs(old.size - new.size) > BESIDE_MAX:
        return False
    files = tuple(PackedFile(home, sandbox, part) for part in (old, new))
    try:
        if _differ_as_stored(*files):
            return False
        before, after = (b"".join(file.pieces()) for file in files)
        if not may_be_same(before, after):
            return False
        return sandbox.call("holdings.same_picture:same_in_sandbox", before + after, str(len(before))) == b"1"
    except SyncError:
        return False


def _differ_as_stored(old: PackedFile, new: PackedFile) -> bool:
    """JPEG XL ends with the coded image, and what stands beside it in the JPEG comes before: two ends by one engine that differ are two pictures.

    Restoring both pages to look at them would take longer than it took to transcode the new one, while its delta and the line wait.
    """
    alike = old.part.transform is new.part.transform is Transform.JXL_JPEG and old.part.engine == new.part.engine
    return alike and old.stored(-1)[-END_BYTES:] != new.stored(-1)[-END_BYTES:]
