"""The pages of a record as people see them: number, file, text and what was found technically; and the correction of a text by a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw
from msgspec import Struct

from holdings import facts_store, page_text, records, same_pages, text_change, text_store
from holdings.errors import NotFound
from holdings.page_facts import PageFacts
from holdings.page_text import PageText, TextLine, one_line
from holdings.record import NAME_MAX
from holdings.stored_record import StoredRecord
from holdings.text_store import PERSON, StoredText
from node import part_pages
from node import reading_queue as queue
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.reading_keep import held
from sync import sealed
from sync.manifest import Part

TEXT_MAX: Final = 200_000  # characters of one corrected page


class RecordPage(Struct, frozen=True):
    """One page of a record's current version.

    Args:
        number: from 1, over all files in their order.
        position, page: the file and the page in it, from 0.
        source: where its text stands: its own place, or that of another representation of the same page.
    """

    number: int
    position: int
    name: str
    page: int
    source: tuple[int, int]
    text: StoredText | None
    facts: PageFacts | None


def pages_of(reading: apsw.Connection, record: StoredRecord) -> list[RecordPage]:
    """Every page of a record, in order."""
    parts = sealed.current(reading, bytes(record.id))
    texts = {(one.sha256, one.page): one for one in text_store.of_record(reading, record.number)}
    facts = facts_store.of_record(reading, record.number)
    waiting = {one.sha256: one for one in queue.parts_of(reading, bytes(record.id))}

    def count(part: Part) -> int:
        said = facts.get(part.sha256, {})
        queued = waiting.get(part.sha256)
        seen = max((one.pages for one in said.values()), default=0)
        return max(1, queued.pages if queued else 0, seen, part_pages.known(reading, part))

    counts = [count(part) for part in parts]
    elsewhere = same_pages.shown(records.body(reading, record).uses, counts)
    found: list[RecordPage] = []
    for position, (part, pages) in enumerate(zip(parts, counts, strict=True)):
        for page in range(pages):
            source = (position, page)
            if (part.sha256, page) not in texts and (other := elsewhere.get(source)) is not None:
                source = other
            text = texts.get((parts[source[0]].sha256, source[1]))
            known = facts.get(part.sha256, {}).get(page)
            found.append(RecordPage(len(found) + 1, position, part.name, page, source, text, known))
    return found


def find(pages: Sequence[RecordPage], wanted: str) -> RecordPage:
    """The page that a person names: its number, `文件名` or `文件名#页`; NotFound otherwise."""
    name, _, number = wanted.rpartition("#")
    for one in pages:
        if (
            wanted == str(one.number)
            or (not one.page and wanted == one.name)
            or (one.name == name and number == str(one.page + 1))
        ):
            return one
    raise NotFound(f"这条档案没有“{wanted}”这一页；页的序号和文件名见 node reading show")


def correct(
    engine: Engine, ref: str, wanted: str, text: str, person: str, seen: int | None = None
) -> tuple[StoredRecord, RecordPage, int]:
    """A person says what stands on a page: kept with its history, before every engine, and brought to the hub; the number of the correction.

    Args:
        seen: the correction that the person had before his eyes (0: an engine's reading); refused when another came meanwhile.

    Raises:
        ConfigurationWrong: no name, no text, or it is too long. NotFound: no such record or page.
    """
    home, now = engine.home, int(engine.clock.now())
    if not 1 <= len(person.strip()) <= NAME_MAX:
        raise ConfigurationWrong("校对须写明姓名（--by）。")
    if not text.strip() or len(text) > TEXT_MAX:
        raise ConfigurationWrong(f"校对后的文字不能为空，也不能超过 {TEXT_MAX} 字。")
    with home.database.transaction() as connection:
        record = records.resolve(connection, ref)
        if held(connection, home, record):
            raise NotFound(f"“{ref}”待保密审查，不能校对")
        page = find(pages_of(connection, record), wanted)
        part = sealed.current(connection, bytes(record.id))[page.source[0]]
        kept = text_store.history(connection, record.number, part.sha256, page.source[1])
        last = max((one.revision for one in kept), default=0)
        if seen is not None and seen != last:
            raise ConfigurationWrong(
                f"这一页已有第 {last} 次校对，您看到的是第 {seen} 次；请先查看（node reading show）再改。"
            )
        lines = tuple(TextLine(said) for line in text.splitlines() if (said := one_line(line)))
        content = page_text.encode(PageText(PERSON, "", 0, 0, lines=lines))
        made = StoredText(
            part.sha256, page.source[1], last + 1, f"{PERSON}/", record.version, now, person.strip(), 1000, content
        )
        text_change.put(connection, record.number, [made], live=[part.sha256])
        queue.post(connection, bytes(record.id), part.sha256, page.source[1], last + 1, now)
    # A crash here changes nothing: the correction is kept and waits for the next delta of texts.
    return record, page, last + 1
