"""Records in their versions: tables `record`, `record_version`; at the node its own, in the vault those of every node.

Functions run inside the caller's transaction: the node's that seals, or the vault's that folds a delta and advances its
cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings import catalogue, catalogue_sheets, fonds_tally, lineage, search_document, search_records, tally
from holdings.errors import AmbiguousReference, NotFound, OurFault, VersionUnexpected
from holdings.opening_verdict import counted, give_way, obeyed
from holdings.record import DATE, ID_SIZE, Description, RecordId, decode_record, encode_record, title
from holdings.reference_code import match_key, ordering_key
from holdings.search_document import Document
from holdings.statistics_tally import records_moved
from holdings.stored_record import StoredRecord, StoredVersion, stored

OWN: Final = ""
"""Writer of this site's own records."""

_SELECT: Final = (
    "SELECT number, writer, id, version, reference_code, match_key, level, title, date, delivery, pages, bytes, ended"
    " FROM record"
)


class Fresh(Struct, frozen=True):
    """A record that is new here; `pages` and `size` (source bytes) are of its files, `encoded` its body where the caller has it."""

    identity: RecordId
    description: Description
    pages: int
    size: int
    encoded: bytes = b""


def create_records(connection: apsw.Connection, fresh: Sequence[Fresh], *, now: int, writer: str = OWN) -> list[StoredRecord]:
    """Store version 1 of new records; counters and index are told of all at once.

    VersionUnexpected when an id is known.
    """
    made = [_inserted(connection, one, now, writer) for one in fresh]
    tally.add(connection, tally.Count.RECORDS, sum(not one.ended for one in made), writer)
    _count(connection, writer, len(made), sum(one.pages for one in fresh), sum(one.size for one in fresh))
    fonds_tally.moved(connection, [(None, one.description) for one in fresh], writer)
    records_moved(connection, [(None, (one.description, one.pages, one.size)) for one in fresh], writer, now)
    for record in made:
        catalogue.link(connection, record.match_key, writer)
    if writer:
        catalogue_sheets.holder(connection, writer)
    said = [(record.number, _document(connection, record, one.description)) for record, one in zip(made, fresh, strict=True)]
    search_records.came(connection, [(number, document) for number, document in said if document is not None])
    return made


def create_record(
    connection: apsw.Connection, identity: RecordId, description: Description, *, pages: int, size: int, now: int, writer: str = OWN
) -> StoredRecord:
    """The same of one record."""
    return create_records(connection, [Fresh(identity, description, pages, size)], now=now, writer=writer)[0]


def _inserted(connection: apsw.Connection, fresh: Fresh, now: int, writer: str) -> StoredRecord:
    if _by_id(connection, writer, fresh.identity) is not None:
        raise VersionUnexpected(f"record id:{fresh.identity.hex()} of {writer or 'this site'} exists already")
    columns = _described(fresh.description)
    connection.execute(
        "INSERT INTO record(writer, id, version, reference_code, match_key, ordering, level, title, date, delivery,"
        " ended, pages, bytes) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (writer, fresh.identity, *columns, fresh.pages, fresh.size),
    )
    number = connection.last_insert_rowid()
    _add_version(connection, number, 1, fresh.description, fresh.pages, fresh.size, now, fresh.encoded)
    code, key, _, level, heading, date, delivery, ended = columns
    return stored((number, writer, fresh.identity, 1, code, key, level, heading, date, delivery, fresh.pages, fresh.size, ended))


def new_version(
    connection: apsw.Connection,
    identity: RecordId,
    version: int,
    description: Description,
    *,
    pages: int,
    size: int,
    now: int,
    writer: str = OWN,
    encoded: bytes = b"",
) -> StoredRecord:
    """Make `version` the current one; it must follow the one held, else VersionUnexpected.

    A changed code keeps the old one as a former code. `pages`, `size` and `encoded` as of `Fresh`.
    """
    held = _by_id(connection, writer, identity)
    if held is None or version != held.version + 1:
        raise VersionUnexpected(
            f"version {version} of id:{identity.hex()} does not follow {held.version if held else 'anything held'}"
        )
    said_before = body(connection, held)
    before = counted(connection, held.number, said_before)
    give_way(connection, held.number, said_before.elements, description.elements)
    after = counted(connection, held.number, description)
    connection.execute(
        "UPDATE record SET version = ?, reference_code = ?, match_key = ?, ordering = ?, level = ?, title = ?,"
        " date = ?, delivery = ?, ended = ?, pages = ?, bytes = ? WHERE number = ?",
        (version, *_described(description), pages, size, held.number),
    )
    _add_version(connection, held.number, version, description, pages, size, now, encoded)
    if held.match_key != match_key(description.reference_code):
        lineage.keep_former(connection, held.number, held.reference_code)
    tally.add(connection, tally.Count.RECORDS, int(held.ended) - int(description.ended), writer)
    fonds_tally.moved(connection, [(before, after)], writer)
    records_moved(connection, [((before, held.pages, held.bytes), (after, pages, size))], writer, now)
    _count(connection, writer, 1, pages - held.pages, size - held.bytes)
    if not description.ended:
        catalogue.link(connection, match_key(description.reference_code), writer)
    else:
        _without_text(connection, held.number, description, writer)
    return _indexed(connection, held.number, description)


def _indexed(connection: apsw.Connection, number: int, description: Description) -> StoredRecord:
    """Tell the index of search what a record says now."""
    stored = _fetch(connection, number)
    if stored.writer:
        catalogue_sheets.holder(connection, stored.writer)
    search_records.changed(connection, number, _document(connection, stored, description))
    return stored


def document(connection: apsw.Connection, record: StoredRecord) -> Document | None:
    """What the index of search is to know of a record; None when it stands no more."""
    return _document(connection, record, body(connection, record))


def _document(connection: apsw.Connection, record: StoredRecord, said: Description) -> Document | None:
    if record.ended:
        return None
    holder = catalogue_sheets.holder_of(connection, record.writer)
    made = search_document.of_record(
        said.elements, record.reference_code, lineage.former_codes(connection, record.number), key=record.match_key,
        level=record.level, holder=holder or 0,
    )  # fmt: skip
    return obeyed(connection, record.number, made)


def _without_text(connection: apsw.Connection, number: int, said: Description, writer: str) -> None:
    """A record that ended shows no text any more; of one that is void none stays."""
    from holdings import text_change  # nearly no record ends

    if said.void is not None:
        text_change.forget(connection, number, writer)
    else:
        text_change.keep(connection, number, ())


def link_rows(connection: apsw.Connection, writer: str) -> None:
    """Note in the catalogue which of its rows the records of a writer stand for: for rows that came after their records."""
    query = (
        "SELECT number, match_key FROM record WHERE writer = ? AND number > ? AND ended = 0 ORDER BY number LIMIT 10000"
    )
    after = 0
    while batch := connection.execute(query, (writer, after)).fetchall():
        after = int(str(batch[-1][0]))
        for _, key in batch:
            catalogue.link(connection, str(key), writer)


def fold_record(
    connection: apsw.Connection,
    writer: str,
    identity: RecordId,
    version: int,
    description: Description,
    *,
    pages: int,
    size: int,
    now: int,
) -> bool:
    """Fold one record item of a delta. True when it was new, False when exactly this version is held already (a delta
    folded twice).

    VersionUnexpected when the version is neither the next nor one held with an equal body.
    """
    held = _by_id(connection, writer, identity)
    if held is not None and version <= held.version:
        if body(connection, held, version) == description:
            return False
        raise VersionUnexpected(f"version {version} of id:{identity.hex()} is held with another body")
    if held is None and version == 1:
        create_record(connection, identity, description, pages=pages, size=size, now=now, writer=writer)
    else:
        new_version(connection, identity, version, description, pages=pages, size=size, now=now, writer=writer)
    return True


def by_id(connection: apsw.Connection, identity: RecordId, writer: str = OWN) -> StoredRecord | None:
    """A record by its id and writer."""
    return _by_id(connection, writer, identity)


def record_for(connection: apsw.Connection, key: str, writer: str = OWN) -> StoredRecord | None:
    """The record of one writer that bears a match key now; AmbiguousReference when several do."""
    query = _SELECT + " WHERE match_key = ? AND writer = ? AND ended = 0 LIMIT 2"
    rows = connection.execute(query, (key, writer)).fetchall()
    if len(rows) > 1:
        raise AmbiguousReference(key, [f"id:{stored(row).id.hex()}" for row in rows])
    return stored(rows[0]) if rows else None


def resolve(connection: apsw.Connection, ref: str) -> StoredRecord:
    """Find the record that a REF names: 档号 (as printed or by match key), former code, `NODE/档号`, or `id:HEX`.

    NotFound when there is none; AmbiguousReference naming the spellings that tell them apart.
    """
    text = ref.strip()
    rows = _resolve_id(connection, text[3:]) if text.lower().startswith("id:") else _resolve_code(connection, text)
    if not rows:
        raise NotFound(f"没有“{ref}”这条档案；可用 search 查找档号")
    if len(rows) > 1:
        spelled = {row.ref for row in rows}
        plain = len(spelled) == len(rows)
        raise AmbiguousReference(ref, [row.ref if plain else f"id:{row.id.hex()}" for row in rows])
    return rows[0]


def bearing(connection: apsw.Connection, key: str) -> list[StoredRecord]:
    """The records, of all writers, that bear a match key now."""
    rows = connection.execute(_SELECT + " WHERE match_key = ? AND ended = 0 ORDER BY number", (key,))
    return [stored(row) for row in rows]


def bearers(connection: apsw.Connection, key: str) -> int:
    """How many records, of all writers, bear a match key now."""
    row = connection.execute("SELECT count(*) FROM record WHERE match_key = ? AND ended = 0", (key,)).fetchone()
    return int(row[0]) if row else 0


def begun(connection: apsw.Connection, key: str, limit: int) -> list[int]:
    """Numbers of records that stand and whose match key begins so, in the order of keys."""
    found = connection.execute(
        "SELECT number FROM record WHERE match_key >= ? AND match_key < ? AND ended = 0 ORDER BY match_key LIMIT ?",
        (key, key + "\U0010ffff", limit),
    )
    return [int(number) for (number,) in found]


def versions(connection: apsw.Connection, record: StoredRecord) -> list[StoredVersion]:
    """Every version held, oldest first."""
    rows = connection.execute(
        "SELECT version, pages, bytes, time FROM record_version WHERE record = ? ORDER BY version", (record.number,)
    )
    return [StoredVersion(*map(int, row)) for row in rows]


def body(connection: apsw.Connection, record: StoredRecord, version: int | None = None) -> Description:
    """What a version says (the current one by default); NotFound when it is not held."""
    row = connection.execute(
        "SELECT body FROM record_version WHERE record = ? AND version = ?", (record.number, version or record.version)
    ).fetchone()
    if row is None:
        raise NotFound(f"“{record.reference_code}”没有第 {version} 版")
    return decode_record(row[0])


def by_number(connection: apsw.Connection, number: int) -> StoredRecord:
    """A record by its number in this database."""
    return _fetch(connection, number)


def walk(connection: apsw.Connection, *, after: int = 0, limit: int = 1_000) -> list[StoredRecord]:
    """Records that stand, by their number in this database, from after a number on: for exports and checks that take a
    page at a time.
    """
    rows = connection.execute(_SELECT + " WHERE number > ? AND ended = 0 ORDER BY number LIMIT ?", (after, limit))
    return [stored(row) for row in rows]


def in_delivery(connection: apsw.Connection, name: str, *, after: int = 0, limit: int = 1_000) -> list[StoredRecord]:
    """This site's records of a delivery by their number in this database, from after a number on; not those that
    ended."""
    rows = connection.execute(
        _SELECT + " WHERE delivery = ? AND number > ? AND writer = ? AND ended = 0 ORDER BY number LIMIT ?",
        (name, after, OWN, limit),
    )
    return [stored(row) for row in rows]


def delivery_totals(connection: apsw.Connection, name: str) -> tuple[int, int, int]:
    """(records, pages, bytes of source files) of this site's records of a delivery."""
    row = connection.execute(
        "SELECT count(*), coalesce(sum(pages), 0), coalesce(sum(bytes), 0) FROM record"
        " WHERE delivery = ? AND writer = ? AND ended = 0",
        (name, OWN),
    ).fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)


def _described(description: Description) -> tuple[str, str, str, int, str, str, str, int]:
    """Columns taken from a description: code, key, ordering, level, title, date, delivery, ended."""
    code = description.reference_code
    return (
        code, match_key(code), ordering_key(code), int(description.level), title(description),
        description.elements.get(DATE, ""), description.delivery, int(description.ended),
    )  # fmt: skip


def _add_version(
    connection: apsw.Connection, number: int, version: int, description: Description, pages: int, size: int, now: int, encoded: bytes
) -> None:
    """Store the body of one version and the former codes it names."""
    connection.execute(
        "INSERT INTO record_version(record, version, body, pages, bytes, time) VALUES (?, ?, ?, ?, ?, ?)",
        (number, version, encoded or encode_record(description), pages, size, now),
    )
    for code in description.former_codes:
        lineage.keep_former(connection, number, code)
    lineage.relate(connection, number, description.relations)


def _count(connection: apsw.Connection, writer: str, versions: int, pages: int, size: int) -> None:
    """Move the counters of a writer by what new versions bring."""
    tally.add(connection, tally.Count.VERSIONS, versions, writer)
    tally.add(connection, tally.Count.PAGES, pages, writer)
    tally.add(connection, tally.Count.BYTES_SOURCE, size, writer)


def _by_id(connection: apsw.Connection, writer: str, identity: RecordId) -> StoredRecord | None:
    row = connection.execute(_SELECT + " WHERE writer = ? AND id = ?", (writer, identity)).fetchone()
    return stored(row) if row else None


def _fetch(connection: apsw.Connection, number: int) -> StoredRecord:
    row = connection.execute(_SELECT + " WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise OurFault(f"record {number} is not there")
    return stored(row)


def _resolve_id(connection: apsw.Connection, digits: str) -> list[StoredRecord]:
    try:
        identity = bytes.fromhex(digits)
    except ValueError:
        return []
    if len(identity) != ID_SIZE:
        return []
    return [stored(row) for row in connection.execute(_SELECT + " WHERE id = ?", (identity,))]


def _resolve_code(connection: apsw.Connection, text: str) -> list[StoredRecord]:
    """By current code first; former codes only when nothing bears the code now; last, what ended under it."""
    writer, slash, rest = text.partition("/")
    key = match_key(rest if slash else text)
    narrow, params = (" AND writer = ? LIMIT 20", (writer,)) if slash else (" LIMIT 20", ())  # what an error can name
    former = f" WHERE ended = 0 AND number IN ({','.join(map(str, lineage.once_bore(connection, key)))})"
    for where, wanted in (
        (" WHERE match_key = ? AND ended = 0", (key,)),
        (former, ()),
        (" WHERE match_key = ?", (key,)),
    ):
        if rows := connection.execute(_SELECT + where + narrow, (*wanted, *params)).fetchall():
            return _told_apart(rows, text)
    return []


def _told_apart(rows: list[tuple[Any, ...]], text: str) -> list[StoredRecord]:
    """Several records of one key: those whose code is printed exactly so win."""
    found = [stored(row) for row in rows]
    exact = [record for record in found if record.reference_code == text.rpartition("/")[2]]
    return exact if exact and len(found) > 1 else found
