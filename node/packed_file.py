"""A part of a record, read back from this node's packs."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from node.home import Home
from sync import manifest, transform
from sync.manifest import Part
from sync.pack import open_segment
from sync.sandbox import Sandbox


class PackedFile(Struct, frozen=True):
    """A part of a record, read from this node's packs (holdings.check_files.SealedFile)."""

    home: Home
    sandbox: Sandbox
    part: Part

    @property
    def name(self) -> str:
        """As it came."""
        return self.part.name

    @property
    def size(self) -> int:
        """Source bytes."""
        return self.part.size

    @property
    def sha256(self) -> bytes:
        """As the signed manifest lists it."""
        return self.part.sha256

    def stored(self, index: int) -> bytes:
        """A segment as it was transformed, before it is restored; SyncError when it does not open."""
        segment = self.part.segments[index]
        return open_segment(segment, self.home.objects.read(segment.pack, segment.offset, segment.length))

    def pieces(self) -> Iterator[bytes]:
        """Source bytes, segment by segment; SyncError when they cannot be restored."""
        for index in range(len(self.part.segments)):
            size = manifest.segment_size(self.part.size, index)
            yield transform.restore(self.stored(index), self.part.transform, size, self.sandbox)
