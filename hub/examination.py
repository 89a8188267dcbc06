"""What the vault finds in one item before it is folded: everything opened, compared and decoded, outside any transaction (format.md §9, R4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from msgspec import Struct

from holdings import gate, media
from holdings.errors import BodyUnreadable
from holdings.record import Description, decode_record
from holdings.security import SiteClass
from hub.opened import OpenedPart
from hub.vault import Vault
from sync import limits
from sync.errors import BadObject, SandboxError, StoreDamaged
from sync.manifest import Item, ItemKind, Part
from sync.receipt import ExceptionCode
from sync.sandbox import Sandbox, Streamed

if TYPE_CHECKING:
    from holdings.text_item import DerivedText

DECODE = "holdings.media_pages:decode_image"
DECODE_BYTES = 256 * limits.MIB
"""Files above this are opened and compared but not decoded; an image among them is an exception to look at (format.md §9)."""
IMAGES = frozenset({media.JPEG, media.TIFF, media.PNG, media.JP2})


class Examined(Struct, frozen=True):
    """An item and what was found: its body as holdings reads it (None: unreadable or not cleared), its parts, and the first exception."""

    item: Item
    description: Description | None
    text: DerivedText | None
    parts: tuple[OpenedPart, ...]
    code: ExceptionCode | None

    @property
    def pages(self) -> int:
        """Pages of its files."""
        return sum(p.pages for p in self.parts)

    @property
    def size(self) -> int:
        """Source bytes of its files."""
        return sum(p.size for p in self.parts)


class Examiner:
    """Examines items; parts of one item side by side in `pool`.

    Args:
        known: what was found earlier for exactly this part of this item, None when it must be looked at.
        named: was this pack named by this log, up to the delta at hand?
        give_way: waits, before each part, for those who go first.
    """

    def __init__(
        self, vault: Vault, sandbox: Sandbox, site_class: SiteClass, pool: Executor,
        known: Callable[[Item, Part], OpenedPart | None], named: Callable[[bytes], bool], give_way: Callable[[], object],
    ) -> None:  # fmt: skip
        self._vault, self._sandbox, self._site_class, self._pool = vault, sandbox, site_class, pool
        self._known, self._named, self._give_way = known, named, give_way

    def begin(self, item: Item) -> Callable[[], Examined]:
        """Begin to open, compare and decode everything of an item; the returned call waits and tells. What is wrong is in `code`, not raised."""
        try:
            if item.kind is ItemKind.TEXT:
                # Here: the hub starts without it.
                from holdings.text_item import decode_text

                text = decode_text(item.body)
                return lambda: Examined(item, None, text, (), None)
            description = decode_record(item.body)
        except BodyUnreadable:
            return lambda: Examined(item, None, None, (), ExceptionCode.BODY_UNREADABLE)
        if isinstance(gate.judge_description(description, self._site_class), gate.Held):
            # Nothing of it is opened further, and nothing of it enters the catalogue.
            return lambda: Examined(item, None, None, (), ExceptionCode.NOT_CLEARED)
        waiting = [self._known(item, part) or self._pool.submit(self._part, part) for part in item.parts]

        def finish() -> Examined:
            parts = tuple(one if isinstance(one, OpenedPart) else one.result() for one in waiting)
            return Examined(item, description, None, parts, next((p.code for p in parts if p.code is not None), None))

        return finish

    def _part(self, part: Part) -> OpenedPart:
        self._give_way()
        media_type, pages, code = media.UNKNOWN, 1, None
        try:
            if any(not self._named(s.pack) for s in part.segments):
                raise _Found(ExceptionCode.PART_MISSING)
            media_type, pages = self._look(part)
        except _Found as found:
            code = found.code
        except BadObject:
            code = ExceptionCode.PACK_MISSING
        except StoreDamaged:
            code = ExceptionCode.SEALED_DAMAGED
        return OpenedPart(part.sha256, part.size, part.transform, part.segments, media_type, pages, code)

    def _look(self, part: Part) -> tuple[str, int]:
        """(media type, pages) of a part that opens, is the file it claims to be, and decodes."""
        reader = _Reader(self._vault, part)
        media_type = media.probe(part.name, part.size, reader.at).media_type if part.size else media.UNKNOWN
        digest = hashlib.sha256()
        if part.size > DECODE_BYTES or media_type in (media.TEXT, media.UNKNOWN) or not part.size:
            for piece in reader.pieces():
                digest.update(piece)
            _compare(digest.digest(), part)
            if media_type in IMAGES:
                raise _Found(ExceptionCode.DOES_NOT_DECODE)
            return media_type, 1

        def hashed() -> Iterator[bytes]:
            for piece in reader.pieces():
                digest.update(piece)
                yield piece

        try:
            said = self._sandbox.call(DECODE, Streamed(part.size, hashed()), media_type)
        except SandboxError as fault:
            self._compare_again(digest, reader, part)
            raise _Found(ExceptionCode.DOES_NOT_DECODE) from fault
        _compare(digest.digest(), part)
        return media_type, int(said) if said.isdigit() else 1

    def _compare_again(self, digest: hashlib._Hash, reader: _Reader, part: Part) -> None:
        """A decoder that dies early may not have taken every byte: whether the file is the file is said apart from whether it decodes."""
        if digest.digest() != part.sha256:
            fresh = hashlib.sha256()
            for piece in reader.pieces():
                fresh.update(piece)
            _compare(fresh.digest(), part)


class _Found(Exception):
    """The part is an exception."""

    def __init__(self, code: ExceptionCode) -> None:
        super().__init__(code)
        self.code = code


def _compare(digest: bytes, part: Part) -> None:
    if digest != part.sha256:
        raise _Found(ExceptionCode.DIGEST_DIFFERS)


class _Reader:
    """Reads a part segment by segment and keeps the last one, so that a look at the head does not open it twice."""

    def __init__(self, vault: Vault, part: Part) -> None:
        self._vault, self._part = vault, part
        self._kept: tuple[int, bytes] = (-1, b"")

    def _segment(self, index: int) -> bytes:
        if self._kept[0] != index:
            self._kept = (index, self._vault.segment(self._part, index))
        return self._kept[1]

    def at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes at `offset`, as os.pread gives them."""
        found = bytearray()
        while length > 0 and offset < self._part.size:
            index, start = divmod(offset, limits.SEGMENT_BYTES)
            piece = self._segment(index)[start : start + length]
            found += piece
            offset, length = offset + len(piece), length - len(piece)
        return bytes(found)

    def pieces(self) -> Iterator[bytes]:
        """All segments in order."""
        for index in range(len(self._part.segments)):
            yield self._segment(index)
