"""What the sandbox runs to read a part: every page's text and facts, in order, as each is done (node.reading_worker decodes them)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from holdings import page_facts, page_text
from holdings.errors import MediaUnreadable
from node.reading_worker import PageRead, encode
from node.text_document import Document, open_document
from node.top_reader import PAGE_END

TOP_PAGES: Final = 3  # first pages of a file whose tops are read: as many as files of a record (node.page_tops)


def read_part(data: bytes, extra: str) -> Iterator[bytes]:
    """The pages of a file from `first` on; `extra` is JSON of `name` and `first`. A page that cannot be read says why, and the next follows.

    Raises:
        MediaUnreadable: the file cannot be opened.
    """
    asked = json.loads(extra)
    document = _opened(data, str(asked["name"]))
    for index in range(int(asked["first"]), document.count):
        yield encode(_page(document, index))


def read_tops(data: bytes, name: str = "") -> bytes:
    """The upper parts of a file's first pages as UTF-8, PAGE_END between them.

    Raises:
        MediaUnreadable: one of them cannot be read.
    """
    document = _opened(data, name)
    return PAGE_END.join(document.top(index) for index in range(min(TOP_PAGES, document.count))).encode()


def ready(_data: bytes) -> bytes:
    """Load the engine, so that the first page does not wait for it."""
    from node.ocr_engine import engine, version

    engine()
    return version().encode()


def _opened(data: bytes, name: str) -> Document:
    try:
        return open_document(data, name)
    except ImportError as fault:
        raise MediaUnreadable(f"识读程序没有装全（缺 {fault.name}），此文件未能读取；装好后请重新识读") from fault


def _page(document: Document, index: int) -> PageRead:
    """One page, or why it could not be read."""
    try:
        text, facts = document.page(index)
    except MediaUnreadable as fault:
        return PageRead(index, document.count, reason=str(fault))
    return PageRead(index, document.count, b"" if text is None else page_text.encode(text), page_facts.encode(facts))
