"""Pictures of the pages of records for people: decoded in a bounded worker, cut into tiles once, kept sealed, marked for who looks.

Usable from several threads; a page that several ask for at once is made once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import msgspec

from holdings.errors import MediaUnreadable
from holdings.page_tiles import Pyramid, Shape
from holdings.signed_scan import Looked
from hub.errors import DamageFound
from hub.opened import OpenedPart
from hub.tile_cache import TileCache
from hub.vault import Vault
from sync.errors import SandboxDied, SandboxRefused
from sync.limits import MIB
from sync.sandbox import Sandbox, Streamed

FILE_MAX: Final = 512 * MIB
"""Bytes of a file that is decoded for viewing; a larger one is taken out as a file."""
HELD_MAX: Final = 24 * MIB
"""Bytes of opened pyramids in memory: the pages that people have before them."""
WORKERS, MEMORY_MIB, SECONDS = 2, 3_072, 60
NICE: Final = 2
PRINTED: Final = 2_900
"""Longest side of a printed page, in pixels."""


class PageImages:
    """Tiles and pictures of pages; `close` ends the workers."""

    def __init__(self, vault: Vault, cache: TileCache, sandbox: Sandbox | None = None) -> None:
        self._vault, self._cache = vault, cache
        self._sandbox = sandbox or Sandbox(WORKERS, MEMORY_MIB, SECONDS, NICE)
        self._held: OrderedDict[tuple[bytes, int], Pyramid] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[tuple[bytes, int], threading.Lock] = {}

    def close(self) -> None:
        """End the workers."""
        self._sandbox.close()

    def shape(self, part: OpenedPart, page: int) -> Shape:
        """What a viewer must know of a page; errors as `tile`."""
        return self._pyramid(part, page).shape

    def tile(self, part: OpenedPart, page: int, place: tuple[int, int, int], mark: str = "") -> bytes | None:
        """A tile (zoom, x, y) as a JPEG, with a watermark where one is wanted; None where the page has none.

        Raises:
            MediaUnreadable: the page cannot be shown, with the reason and a remedy.
            DamageFound: its bytes are not the file any more.
        """
        found = self._pyramid(part, page).tile(*place)
        return self._marked(found, mark) if found and mark else found

    def preview(self, part: OpenedPart, page: int, mark: str = "") -> bytes:
        """The whole page as a JPEG of at most 1,400 pixels; errors as `tile`."""
        found = self._pyramid(part, page).preview
        return self._marked(found, mark) if mark else found

    def printable(self, part: OpenedPart, page: int, mark: str) -> bytes:
        """The page as a JPEG for A4 at 250 dpi, always with a watermark; drawn anew each time. Errors as `tile`."""
        if part.size > FILE_MAX:
            raise MediaUnreadable("此文件太大，不能打印；请由业务人员取出后处理")
        wish = msgspec.json.encode(
            {"media_type": part.media_type, "page": page, "width": PRINTED, "height": PRINTED}
        ).decode()
        drawn = self._asked("holdings.page_picture:draw", Streamed(part.size, self._vault.read(part)), wish)
        return self._marked(drawn, mark)

    def look(self, data: bytes) -> Looked:
        """What the scan of a signed paper is; MediaUnreadable when it may not be attached."""
        return msgspec.json.decode(self._asked("holdings.signed_scan:looked", data, ""), type=Looked)

    def drawn(self, data: bytes, media_type: str, page: int) -> bytes:
        """A page of a file that is no record's, as a JPEG to read on a screen; drawn anew each time. Errors as `tile`."""
        return self._asked("holdings.page_picture:draw", data, msgspec.json.encode({"media_type": media_type, "page": page}).decode())

    def _marked(self, picture: bytes, mark: str) -> bytes:
        return self._asked("holdings.watermark:marked", picture, mark)

    def _pyramid(self, part: OpenedPart, page: int) -> Pyramid:
        at = (part.sha256, page)
        if (held := self._in_memory(at)) is not None:
            return held
        with self._lock:
            making = self._making.setdefault(at, threading.Lock())
        with making:
            if (held := self._in_memory(at)) is not None:
                return held
            made = self._kept(part, page)
            with self._lock:
                self._held[at] = made
                while sum(one.size for one in self._held.values()) > HELD_MAX and len(self._held) > 1:
                    self._held.popitem(last=False)
                self._making.pop(at, None)
        return made

    def _in_memory(self, at: tuple[bytes, int]) -> Pyramid | None:
        with self._lock:
            if (held := self._held.get(at)) is not None:
                self._held.move_to_end(at)
            return held

    def _kept(self, part: OpenedPart, page: int) -> Pyramid:
        key = part.segments[0].file_key if part.segments else b""
        if not key or part.size > FILE_MAX:
            raise MediaUnreadable("此文件太大或没有内容，不能在网页中查看；请由业务人员取出后查看")
        if (blob := self._cache.get(part.sha256, page, key)) is not None:
            return Pyramid.read(blob)
        wish = msgspec.json.encode({"media_type": part.media_type, "page": page}).decode()
        blob = self._asked("holdings.page_pyramid:pyramid", Streamed(part.size, self._vault.read(part)), wish)
        made = Pyramid.read(blob)
        self._cache.put(part.sha256, page, key, blob)
        return made

    def _asked(self, function: str, data: bytes | Streamed, extra: str) -> bytes:
        try:
            return self._sandbox.call(function, data, extra)
        except SandboxRefused as fault:
            raise MediaUnreadable(str(fault)) from fault
        except SandboxDied as fault:
            raise MediaUnreadable("图像不能解码：太大，或文件使解码器出错；请由业务人员取出原件查看") from fault
        except ValueError as fault:
            raise DamageFound("图像解码的结果不完整；请重试") from fault
