"""Bounded reading of zip containers (xlsx, OFD, docx): a bomb is refused before its content is used; pure."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from holdings.errors import MediaUnreadable

MEMBERS_MAX: Final = 20_000  # members of one container: an OFD of 10,000 pages has two per page
CHUNK: Final = 1 << 16
Watch: TypeAlias = Callable[[str], "Callable[[bytes], None] | None"]
"""From a member's name to what is shown its pieces in order; None for a member of no interest."""


class Bounds(Struct, frozen=True):
    """How far a container may expand: `total` bytes at most, and beyond `free` bytes no more than `ratio` times its own
    size.
    """

    total: int
    ratio: int
    free: int

    def allow(self, expanded: int, size: int) -> bool:
        """Whether a container of `size` bytes may expand to `expanded`."""
        return expanded <= self.total and (expanded <= self.free or expanded <= self.ratio * size)


DOCUMENT_BOUNDS: Final = Bounds(total=4 << 30, ratio=100, free=64 << 20)
"""OFD and docx: pages are JPEG (ratio 1) and XML (ratio 10 to 30); 64 MiB whatever the ratio."""

BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)
"""What zipfile raises on broken or encrypted members; NotImplementedError and RuntimeError are unsupported and
encrypted ones.
"""


def check_zip(data: bytes, bounds: Bounds, watch: Watch | None = None) -> zipfile.ZipFile:
    """Open a container and read every member through once; `watch` may look at the pieces of a member meanwhile.

    zipfile never yields more than a member declares and checks its CRC, so declared sizes bound the real ones.
    MediaUnreadable when it is broken, encrypted, has too many members or would expand beyond the bounds.
    """
    try:
        container = zipfile.ZipFile(io.BytesIO(data))
        members = container.infolist()
    except BROKEN as fault:
        raise MediaUnreadable("压缩容器已损坏，打不开") from fault
    if len(members) > MEMBERS_MAX or not bounds.allow(sum(member.file_size for member in members), len(data)):
        raise MediaUnreadable("解压后的体积远超文件大小，疑为压缩炸弹")
    for member in members:
        try:
            with container.open(member) as stream:
                look = watch(member.filename) if watch else None
                while piece := stream.read(CHUNK):
                    if look:
                        look(piece)
        except BROKEN as fault:
            raise MediaUnreadable("压缩容器内有成员已损坏或加密") from fault
    return container
