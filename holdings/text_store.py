"""What stands on the pages of records: table `page_text`, the same at a node and in the vault's holdings.db. Callers own the transaction.

Of each page the newest correction of a person is current, else the newest reading of an engine. Engines' older readings are kept
to a bounded number, corrections to a larger one. Whoever changes texts tells the search index of the record (holdings/search_index.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import page_text, tally
from holdings.page_text import PageText

READINGS_KEPT: Final = 2  # of engines, per page: the current one and the one before
CORRECTIONS_KEPT: Final = 100  # per page
PERSON: Final = "person"  # the engine of a correction (holdings/page_text.py)

_COLUMNS: Final = "sha256, page, revision, engine, version, time, person, confidence, body"


class StoredText(Struct, frozen=True):
    """The text of one page of a part: who read it, when (whole seconds UTC), how sure (thousandths, 1,000 for a correction).

    `page` counts from 0; `revision` is 0 for an engine's reading and 1, 2 … for corrections by `person`; `body` is the encoded
    PageText (holdings/page_text.py).
    """

    sha256: bytes
    page: int
    revision: int
    engine: str
    version: int
    time: int
    person: str
    confidence: int
    body: bytes

    def measured(self) -> StoredText:
        """The same with its confidence as its lines say it."""
        return replace(self, confidence=round(self.content.confidence * 1000))

    @property
    def content(self) -> PageText:
        """The lines with their boxes; BodyUnreadable when the bytes are not ours."""
        return page_text.decode(self.body)

    @property
    def text(self) -> str:
        """The plain text."""
        return self.content.text


def reading(sha256: bytes, page: int, content: PageText, *, version: int, time: int) -> StoredText:
    """An engine's reading of one page, as it is stored."""
    engine = f"{content.engine}/{content.engine_version}"
    return StoredText(
        sha256, page, 0, engine, version, time, "", round(content.confidence * 1000), page_text.encode(content)
    )


def put(connection: apsw.Connection, record: int, one: StoredText, *, live: bool = True, writer: str = "") -> bool:
    """Keep a page's text of the record with that number; the same again changes nothing. True when what readers see changed.

    Args:
        live: does the part belong to the record's current version?
        writer: whose record it is, for the counter of pages that have text.
    """
    before = _current(connection, record, one.sha256, one.page)
    connection.execute(
        "INSERT INTO page_text(record, sha256, page, revision, engine, version, time, person, confidence, current, live, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT(record, sha256, page, revision, engine) DO UPDATE SET version = excluded.version,"
        " time = excluded.time, person = excluded.person, confidence = excluded.confidence, live = excluded.live,"
        " body = excluded.body WHERE excluded.time > page_text.time OR excluded.live <> page_text.live",
        (record, one.sha256, one.page, one.revision, one.engine, one.version, one.time, one.person, one.confidence, int(live),
         one.body),
    )  # fmt: skip
    _settle(connection, record, one.sha256, one.page)
    if before is None:
        tally.add(connection, tally.Count.TEXT_PAGES, 1, writer)
    after = _current(connection, record, one.sha256, one.page)
    return before != after


def _settle(connection: apsw.Connection, record: int, sha256: bytes, page: int) -> None:
    """Say which row is current, and drop the oldest of too many."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT id, revision FROM page_text WHERE record = ? AND sha256 = ? AND page = ? ORDER BY revision DESC, time DESC, engine DESC",
        (record, sha256, page),
    ).fetchall()
    corrections, readings = [row[0] for row in rows if row[1]], [row[0] for row in rows if not row[1]]
    drop = corrections[CORRECTIONS_KEPT:] + readings[READINGS_KEPT:]
    connection.executemany("DELETE FROM page_text WHERE id = ?", ((number,) for number in drop))
    connection.execute(
        "UPDATE page_text SET current = (id = ?1) WHERE record = ?2 AND sha256 = ?3 AND page = ?4 AND current <> (id = ?1)",
        (rows[0][0], record, sha256, page),
    )


def _current(connection: apsw.Connection, record: int, sha256: bytes, page: int) -> tuple[Any, ...] | None:
    row = connection.execute(
        "SELECT id, time, live FROM page_text WHERE record = ? AND sha256 = ? AND page = ? AND current = 1",
        (record, sha256, page),
    ).fetchone()
    return tuple(row) if row else None


def of_record(connection: apsw.Connection, record: int, *, every: bool = False) -> Iterator[StoredText]:
    """What readers see of the pages of the record's current version, by part and page; `every`: of superseded versions' parts too."""
    where = "" if every else " AND live = 1"
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM page_text WHERE record = ? AND current = 1{where} ORDER BY sha256, page", (record,)
    )
    for row in rows:
        yield _stored(row)


def texts(connection: apsw.Connection, record: int) -> Iterator[str]:
    """The plain texts of the pages of the record's current version: what the search index holds of it."""
    for one in of_record(connection, record):
        yield one.text


def history(connection: apsw.Connection, record: int, sha256: bytes, page: int) -> list[StoredText]:
    """Everything kept of one page: the newest correction first, then older ones, then engines' readings."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM page_text WHERE record = ? AND sha256 = ? AND page = ? ORDER BY revision DESC, time DESC, engine DESC",
        (record, sha256, page),
    )
    return [_stored(row) for row in rows]


def any_kept(connection: apsw.Connection) -> bool:
    """Whether any text is kept here at all."""
    return connection.execute("SELECT 1 FROM page_text LIMIT 1").fetchone() is not None


def of_part(connection: apsw.Connection, record: int, sha256: bytes) -> list[StoredText]:
    """What readers see of one part of a record, page by page."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM page_text WHERE record = ? AND sha256 = ? AND current = 1 ORDER BY page",
        (record, sha256),
    )
    return [_stored(row) for row in rows]


def doubtful(connection: apsw.Connection, below: int, limit: int) -> list[tuple[int, StoredText]]:
    """(record number, page) of readings below a confidence in thousandths that nobody has corrected, the least sure first."""
    rows = connection.execute(
        f"SELECT record, {_COLUMNS} FROM page_text WHERE current = 1 AND live = 1 AND revision = 0 AND confidence < ?"
        " ORDER BY confidence, id LIMIT ?",
        (below, limit),
    )
    return [(row[0], _stored(row[1:])) for row in rows]


def count_doubtful(connection: apsw.Connection, below: int, most: int) -> int:
    """How many pages `doubtful` would list, counted up to `most`."""
    row = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM page_text WHERE current = 1 AND live = 1 AND revision = 0 AND confidence < ? LIMIT ?)",
        (below, most),
    ).fetchone()
    return int(row[0]) if row else 0


def keep(connection: apsw.Connection, record: int, digests: Iterable[bytes]) -> bool:
    """A new version of the record lists these parts: texts of others are seen no more, of these again. True when anything changed."""
    known = {row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM page_text WHERE record = ?", (record,))}
    if not known:
        return False
    held, changed = set(digests), 0
    for live, some in ((1, known & held), (0, known - held)):
        for sha256 in some:
            connection.execute(
                "UPDATE page_text SET live = ?1 WHERE record = ?2 AND sha256 = ?3 AND live <> ?1",
                (live, record, sha256),
            )
            changed += connection.changes()
    return changed > 0


def forget(connection: apsw.Connection, record: int, writer: str = "") -> bool:
    """Nothing of the record's text stays: it was withheld, or is void. True when there was any."""
    pages = connection.execute("SELECT count(*) FROM page_text WHERE record = ? AND current = 1", (record,)).fetchone()
    count = int(pages[0]) if pages else 0
    connection.execute("DELETE FROM page_text WHERE record = ?", (record,))
    tally.add(connection, tally.Count.TEXT_PAGES, -count, writer)
    return count > 0


def forget_part(connection: apsw.Connection, record: int, sha256: bytes, writer: str = "") -> None:
    """Nothing of the text of one part stays."""
    pages = connection.execute(
        "SELECT count(*) FROM page_text WHERE record = ? AND sha256 = ? AND current = 1", (record, sha256)
    ).fetchone()
    connection.execute("DELETE FROM page_text WHERE record = ? AND sha256 = ?", (record, sha256))
    tally.add(connection, tally.Count.TEXT_PAGES, -int(pages[0] if pages else 0), writer)


def _stored(row: Any) -> StoredText:
    return StoredText(*row)
