"""How many pages the files of a record have: table `part_pages`. Sampling draws single pages of a file by them, `案卷.pdf#3`.

A count belongs to bytes, not to a record: it is made once, from the packs, when somebody first draws from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import apsw

from holdings import media
from holdings.file_name import extension
from node.home import Home
from node.packed_file import PackedFile
from sync.errors import SyncError
from sync.manifest import Part
from sync.sandbox import Sandbox

MANY: Final = frozenset({"pdf", "ofd", "tif", "tiff"})
SIZE_MAX: Final = 256 << 20
"""A larger file is drawn as a whole, as it is sealed without its pages being counted."""
_IN_SANDBOX: Final = frozenset({media.PDF, media.OFD})
_BATCH: Final = 200


def may_have_many(name: str) -> bool:
    """Whether a file of this name may have several pages."""
    return extension(name) in MANY


def pages_of(connection: apsw.Connection, part: Part) -> tuple[str, ...]:
    """What is looked at of a file: itself, or each of its pages as `name#page` when it is known to have several."""
    pages = known(connection, part)
    return tuple(f"{part.name}#{number}" for number in range(1, pages + 1)) if pages > 1 else (part.name,)


def known(connection: apsw.Connection, part: Part) -> int:
    """How many pages a file was counted to have; 0 when nobody counted."""
    if not may_have_many(part.name):
        return 0
    row = connection.execute("SELECT pages FROM part_pages WHERE sha256 = ?", (part.sha256,)).fetchone()
    return int(row[0]) if row else 0


def in_order(connection: apsw.Connection, parts: Iterable[Part]) -> list[str]:
    """The pages of a version's parts as its verdicts count them (format.md §17), each by its file (`案卷.pdf#3`); up to the first file that nobody counted."""
    found = list[str]()
    for part in parts:
        if may_have_many(part.name) and not _is_counted(connection, part):
            break
        found += pages_of(connection, part)
    return found


def _is_counted(connection: apsw.Connection, part: Part) -> bool:
    return connection.execute("SELECT 1 FROM part_pages WHERE sha256 = ?", (part.sha256,)).fetchone() is not None


def count(home: Home, sandbox: Sandbox, parts: Iterable[Part]) -> None:
    """Count the pages of those files that may have many and were not counted yet. A crash keeps what was counted so far."""
    reading, fresh = home.database.read(), dict[bytes, int]()
    for part in parts:
        if not may_have_many(part.name) or part.sha256 in fresh:
            continue
        if not _is_counted(reading, part):
            fresh[part.sha256] = _counted(home, sandbox, part)
        if len(fresh) >= _BATCH:
            _keep(home, fresh)
            fresh.clear()
    _keep(home, fresh)


def _keep(home: Home, fresh: dict[bytes, int]) -> None:
    if fresh:
        with home.database.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO part_pages(sha256, pages) VALUES (?, ?)", list(fresh.items()))


def _counted(home: Home, sandbox: Sandbox, part: Part) -> int:
    if part.size > SIZE_MAX:
        return 0
    try:
        data = b"".join(PackedFile(home, sandbox, part).pieces())
        seen = media.probe(part.name, len(data), lambda at, length: data[at : at + length])
        if seen.media_type not in _IN_SANDBOX:
            return seen.pages or 0
        text = sandbox.call("holdings.media_pages:count_pages", data, seen.media_type)
    except SyncError:
        return 0
    return int(text) if text.isdigit() else 0


def of_page(page: str) -> tuple[str, int]:
    """(file, page within it) of what was drawn; page 0 is the file itself."""
    name, _, number = page.rpartition("#")
    return (name, int(number)) if name and number.isdigit() and may_have_many(name) else (page, 0)
