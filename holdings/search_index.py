"""The index of search: tokens of catalogue rows and records; tables `search_index_a`, `search_index_b`, `search_state`,
`search_day`, `search_span`.

It holds no text and gives candidates, newest first; `search` compares them with what is stored. It is kept in the
transactions that change what it tells of, so a crash leaves both as they were. While one index is built anew
(`search_rebuild`), changes go to both. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import apsw

from holdings import meaning_store, search_fold
from holdings.search_document import Document, Said
from sync.errors import StoreDamaged

RECORDS: Final = 1 << 40
"""Added to the number of a record: its id in the index. Records come behind all rows, so they are the newest."""
MANY: Final = 5_000  # documents from which on their tokens are worked out together: for fewer what that needs is not worth loading
_LOADED: Final = 500  # the same where it is loaded
TABLES: Final = ("a", "b")


class State(NamedTuple):
    """Which index serves (blank: none is whole), which is being built, and how far."""

    serving: str
    fold: str
    building: str
    building_fold: str
    rows: int
    records: int


def state(connection: apsw.Connection) -> State:
    """How the index stands."""
    row: Any = connection.execute(
        "SELECT serving, fold, building, building_fold, built_rows, built_records FROM search_state WHERE id = 1"
    ).fetchone()
    return State(*row)


def keep_state(connection: apsw.Connection, now: State) -> None:
    """Say how the index stands from now on."""
    connection.execute(
        "UPDATE search_state SET serving = ?, fold = ?, building = ?, building_fold = ?, built_rows = ?, built_records = ?"
        " WHERE id = 1",
        now,
    )


# ---------------------------------------------------------------------- what is said of a document


def tokens(documents: Sequence[Document], texts: Mapping[int, str] | None = None) -> list[str]:
    """The tokens of documents; `texts` are folded texts of pages by place in the sequence."""
    said = _tokens_of([one.words() for one in documents])
    found = [text + one.filters() for text, one in zip(said, documents, strict=True)]
    for place, text in (texts or {}).items():
        found[place] += " " + " ".join(dict.fromkeys(search_fold.tokens(text)))
    return found


def _tokens_of(words: list[str]) -> list[str]:
    if len(words) < (_LOADED if "numpy" in sys.modules else MANY):
        return [" ".join(search_fold.tokens(search_fold.fold(text))) for text in words]
    return search_fold.tokens_of(words)


def put(connection: apsw.Connection, numbers: Sequence[int], documents: Sequence[Document]) -> None:
    """Index new rows or records, by their ids in ascending order."""
    _put(connection, numbers, tokens(documents), {(one.day, one.year) for one in documents})
    meaning_store.came(connection, numbers)


def put_rows(connection: apsw.Connection, numbers: Sequence[int], said: Said) -> None:
    """Index many new rows by what they say."""
    _put(connection, numbers, tokens_said(said), said.days)
    meaning_store.came(connection, numbers)


def tokens_said(said: Said) -> list[str]:
    """The tokens of what rows say."""
    return [words + filters for words, filters in zip(_tokens_of(said.words), said.filters, strict=True)]


def _put(
    connection: apsw.Connection, numbers: Sequence[int], said: Sequence[str], days: Iterable[tuple[int, int]]
) -> None:
    _put_days(connection, days)
    now = state(connection)
    if now.serving and not now.fold:
        now = now._replace(fold=search_fold.version())
        keep_state(connection, now)
    for table in _tables(now):
        pairs = zip(numbers, said, strict=True)
        if table == now.building:
            _write(connection, table, (pair for pair in pairs if _is_built(now, pair[0])))
        else:
            _write(connection, table, pairs)


def add(
    connection: apsw.Connection,
    table: str,
    numbers: Sequence[int],
    said: Sequence[str],
    days: Iterable[tuple[int, int]],
) -> None:
    """Index by tokens in one index only: the one that is being built. `days`: as of Said."""
    _put_days(connection, days)
    _write(connection, table, zip(numbers, said, strict=True))


def _put_days(connection: apsw.Connection, days: Iterable[tuple[int, int]]) -> None:
    found = set(days)
    connection.executemany("INSERT OR IGNORE INTO search_day(day) VALUES (?)", sorted({(day,) for day, _ in found}))
    spans = sorted({(day // 10_000, filed) for day, filed in found})
    connection.executemany("INSERT OR IGNORE INTO search_span(year, filed) VALUES (?, ?)", spans)


def serve_built(connection: apsw.Connection, now: State) -> None:
    """The index that was built serves from now on; all that it holds told of its years."""
    connection.execute("DELETE FROM search_span WHERE year = -1")
    keep_state(
        connection,
        now._replace(serving=now.building, fold=now.building_fold, building="", building_fold="", rows=0, records=0),
    )


def _write(connection: apsw.Connection, table: str, pairs: Iterable[tuple[int, str]]) -> None:
    connection.executemany(f"INSERT INTO {_name(table)}(rowid, tokens) VALUES (?, ?)", pairs)


def take_out(
    connection: apsw.Connection, numbers: Sequence[int], documents: Sequence[Document], text: str = ""
) -> None:
    """Take rows or records out, each once, by what they said; `text` is the folded text of a single record."""
    _remove(connection, numbers, tokens(documents, {0: text} if text else None))
    meaning_store.removed(connection, numbers)


def change(
    connection: apsw.Connection,
    numbers: Sequence[int],
    before: Sequence[tuple[Document, str]],
    after: Sequence[tuple[Document, str]],
) -> None:
    """Documents say something else: (document, folded text of its pages) before and after. Only what differs is touched."""
    old, new = _with_texts(before), _with_texts(after)
    gone, come = [], []
    for number, was, is_now in zip(numbers, old, new, strict=True):
        if was == is_now:
            continue
        had, has = dict.fromkeys(was.split()), dict.fromkeys(is_now.split())
        # Both are written even when blank: the index counts what comes and goes, and may not count below nothing.
        gone.append((number, " ".join(one for one in had if one not in has)))
        come.append((number, " ".join(one for one in has if one not in had)))
    _put(
        connection,
        [number for number, _ in come],
        [said for _, said in come],
        {(one.day, one.year) for one, _ in after},
    )
    _remove(connection, [number for number, _ in gone], [said for _, said in gone])
    others = zip(numbers, before, after, strict=True)
    meaning_store.changed(
        connection, (number for number, was, now in others if (was[0].title, was[1]) != (now[0].title, now[1]))
    )


def _with_texts(given: Sequence[tuple[Document, str]]) -> list[str]:
    return tokens([one for one, _ in given], {place: text for place, (_, text) in enumerate(given) if text})


def _remove(connection: apsw.Connection, numbers: Sequence[int], said: Sequence[str]) -> None:
    now = state(connection)
    for table in _tables(now):
        name = _name(table)
        pairs = sorted(zip(numbers, said, strict=True))
        if table == now.building:
            pairs = [pair for pair in pairs if _is_built(now, pair[0])]
        connection.executemany(f"INSERT INTO {name}({name}, rowid, tokens) VALUES ('delete', ?, ?)", pairs)


def _tables(now: State) -> list[str]:
    return [table for table in (now.serving, now.building) if table]


def _is_built(now: State, number: int) -> bool:
    """Whether the index that is being built has come to an id."""
    return number <= now.rows if number < RECORDS else number - RECORDS <= now.records


def _name(table: str) -> str:
    assert table in TABLES
    return f"search_index_{table}"


# ---------------------------------------------------------------------- looking up


def candidates(connection: apsw.Connection, table: str, match: str, above: int, below: int) -> Iterator[int]:
    """Ids that a query of the index gives, newest first, between two (both excluded)."""
    name = _name(table)
    found = connection.execute(
        f"SELECT rowid FROM {name} WHERE {name} MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid DESC",
        (match, above, below),
    )
    return (int(number) for (number,) in found)


def newest(connection: apsw.Connection, table: str, match: str, between: tuple[int, int], limit: int) -> list[int]:
    """The first of `candidates`, all at once."""
    name = _name(table)
    found: Any = connection.execute(
        f"SELECT rowid FROM {name} WHERE {name} MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
        (match, *between, limit),
    ).fetchall()
    return [number for (number,) in found]


def days(connection: apsw.Connection, upto: int) -> Iterator[int]:
    """Days that were ever indexed, latest first, from one on; 0 at the end: without a date."""
    found = connection.execute("SELECT day FROM search_day WHERE day <= ? ORDER BY day DESC", (upto,))
    return (int(day) for (day,) in found)


def spans(connection: apsw.Connection) -> dict[int, set[int]] | None:
    """By the year of a date, in which years what bears it was ever filed (0: none); None where that is not known of all."""
    found: dict[int, set[int]] = {}
    for year, filed in connection.execute("SELECT year, filed FROM search_span"):
        found.setdefault(int(year), set()).add(int(filed))
    return None if -1 in found else found


def size(connection: apsw.Connection, table: str) -> int:
    """Bytes of an index; reads its blocks' headers once."""
    name = _name(table)
    total = 0
    for part, column in (("data", "length(block)"), ("idx", "length(term) + 12")):
        row: Any = connection.execute(f"SELECT coalesce(sum({column}), 0) FROM {name}_{part}").fetchone()
        total += int(row[0])
    return total


def entries(connection: apsw.Connection, table: str) -> int:
    """How many rows and records an index holds, as FTS5 counts them in the first block of its own."""
    row: Any = connection.execute(f"SELECT block FROM {_name(table)}_data WHERE id = 1").fetchone()
    found = 0
    for byte in row[0] if row else b"":  # a varint: seven bits a byte, highest first
        found = found << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return found


def is_sound(connection: apsw.Connection, table: str) -> bool:
    """Whether an index is whole in itself."""
    name = _name(table)
    try:
        connection.execute(f"INSERT INTO {name}({name}) VALUES ('integrity-check')")
    except (apsw.CorruptError, StoreDamaged):
        return False
    return True


def merge(connection: apsw.Connection, table: str, pages: int) -> bool:
    """Bring together some pieces of an index; True when there was work."""
    name, before = _name(table), connection.total_changes()
    connection.execute(f"INSERT INTO {name}({name}, rank) VALUES ('merge', ?)", (pages,))
    return connection.total_changes() - before > 1


def empty(connection: apsw.Connection, table: str) -> None:
    """Make an index empty."""
    name = _name(table)
    connection.execute(f"INSERT INTO {name}({name}) VALUES ('delete-all')")
