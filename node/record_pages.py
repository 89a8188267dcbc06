"""Pages of sealed records as people look at them: which there are, what stands on them, their pictures drawn in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from holdings import media, records
from holdings.errors import MediaUnreadable, NotFound
from holdings.picture_wish import Wish
from holdings.stored_record import StoredRecord
from node import part_pages, reading_pages
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.packed_file import PackedFile
from node.reading_keep import held
from node.reading_pages import RecordPage
from sync import sealed
from sync.errors import SandboxError
from sync.manifest import Part

FILE_MAX: Final = part_pages.SIZE_MAX
"""A larger file is not drawn: it would lie whole in the sandbox."""


class RecordPages:
    """The pages of one record of this node.

    Raises:
        NotFound: no such record, or one that waits for clearance: nothing of it is shown.
    """

    def __init__(self, engine: Engine, ref: str) -> None:
        self._engine = engine
        reading = engine.home.database.read()
        self.record: StoredRecord = records.resolve(reading, ref)
        if held(reading, engine.home, self.record):
            raise NotFound(f"“{self.record.reference_code}”待保密审查，不能查看；请先办理保密审查")
        self.parts: Sequence[Part] = sealed.current(reading, bytes(self.record.id))
        part_pages.count(engine.home, engine.sandbox, self.parts)
        self.pages: list[RecordPage] = reading_pages.pages_of(engine.home.database.read(), self.record)

    def page(self, number: int) -> RecordPage:
        """A page by its number from 1; NotFound when the record has fewer."""
        if not 1 <= number <= len(self.pages):
            raise NotFound(f"这条档案只有 {len(self.pages)} 页")
        return self.pages[number - 1]

    def find(self, file: str, page: int) -> int:
        """The number of page `page` (from 1; 0: the first) of a file; NotFound otherwise."""
        for one in self.pages:
            if one.name == file and one.page == max(0, page - 1):
                return one.number
        raise NotFound(f"“{file}”已不在这条档案中；请返回后重新打开")

    def picture(self, number: int, wish: Wish) -> bytes:
        """A page as a picture; `wish` says how, its media type and page are filled in.

        Raises:
            ConfigurationWrong: the page cannot be drawn, with the reason.
        """
        page = self.page(number)
        part = self.parts[page.position]
        if part.size > FILE_MAX:
            raise ConfigurationWrong(f"文件大于 {FILE_MAX >> 20} MiB，不在这里查看；请导出后打开")
        data = b"".join(PackedFile(self._engine.home, self._engine.sandbox, part).pieces())
        return drawn(self._engine, part.name, data, replace(wish, page=page.page))


def drawn(engine: Engine, name: str, data: bytes, wish: Wish) -> bytes:
    """The picture of a file's page; ConfigurationWrong with the reason when it cannot be drawn."""
    seen = media.probe(name, len(data), lambda at, length: data[at : at + length])
    extra = msgspec.json.encode(replace(wish, media_type=seen.media_type)).decode()
    try:
        return engine.sandbox.call("holdings.page_picture:draw", data, extra)
    except (SandboxError, MediaUnreadable) as fault:
        raise ConfigurationWrong(str(fault)) from fault
