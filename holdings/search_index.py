"""The index of search: tokens of catalogue rows and records; tables `search_index_a_*`, `search_index_b_*`, `search_state`,
`search_day`, `search_span`.

It holds no text and gives candidates, newest first; `search` compares them with what is stored. Each index is in parts by
the years of dates (`search_era`). It is kept in the transactions that change what it tells of, so a crash leaves both as they
were. While one index is built anew (`search_rebuild`), changes go to both. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import apsw

from holdings import meaning_store, search_fold
from holdings.search_document import Document, Said
from holdings.search_era import ERAS, era_of
from sync.errors import StoreDamaged

RECORDS: Final = 1 << 40
"""Added to the number of a record: its id in the index. Records come behind all rows, so they are the newest."""
MANY: Final = 5_000  # documents from which on their tokens are worked out together: for fewer what that needs is not worth loading
_LOADED: Final = 500  # the same where it is loaded
_BATCH: Final = 2_000  # texts whose tokens are worked out while the cache of a processor holds them
TABLES: Final = ("a", "b")
PIECES: Final = 6  # of one part, from which on they are brought together when nothing else is done

Entry: TypeAlias = tuple[int, str, int]
"""What is indexed of a row or record: its id, its tokens, its part."""
Arm: TypeAlias = tuple[int, str]
"""A part of the index and the query that it is asked."""


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
    return [said for at in range(0, len(words), _BATCH) for said in search_fold.tokens_of(words[at : at + _BATCH])]


def put(connection: apsw.Connection, numbers: Sequence[int], documents: Sequence[Document]) -> None:
    """Index new rows or records, by their ids in ascending order."""
    _put(connection, entries_of(numbers, documents), {(one.day, one.year) for one in documents})
    meaning_store.came(connection, numbers)


def put_rows(connection: apsw.Connection, numbers: Sequence[int], said: Said) -> None:
    """Index many new rows by what they say."""
    _put(connection, entries_said(numbers, said), said.days)
    meaning_store.came(connection, numbers)


def entries_of(
    numbers: Sequence[int], documents: Sequence[Document], texts: Mapping[int, str] | None = None
) -> list[Entry]:
    """What is indexed of documents; `texts` as of `tokens`."""
    return list(zip(numbers, tokens(documents, texts), [era_of(one.day) for one in documents], strict=True))


def entries_said(numbers: Sequence[int], said: Said) -> list[Entry]:
    """What is indexed of what rows say."""
    parts = zip(numbers, _tokens_of(said.words), said.filters, said.eras, strict=True)
    return [(number, words + filters, era) for number, words, filters, era in parts]


def _put(connection: apsw.Connection, entries: Sequence[Entry], days: Iterable[tuple[int, int]]) -> None:
    _put_days(connection, days)
    now = state(connection)
    if now.serving and not now.fold:
        now = now._replace(fold=search_fold.version())
        keep_state(connection, now)
    for table in _tables(now):
        _write(connection, table, _known_to(now, table, entries))


def add(connection: apsw.Connection, table: str, entries: Sequence[Entry], days: Iterable[tuple[int, int]]) -> None:
    """Index entries in one index only: the one that is being built. `days`: as of Said."""
    _put_days(connection, days)
    _write(connection, table, entries)


def _put_days(connection: apsw.Connection, days: Iterable[tuple[int, int]]) -> None:
    found = set(days)
    fresh = {day for day, _ in found}
    if (
        len(found) >= MANY
    ):  # to look at those that are known takes a third of the time of trying to put them there again
        fresh -= {day for (day,) in connection.execute("SELECT day FROM search_day").fetchall()}
    connection.executemany("INSERT OR IGNORE INTO search_day(day) VALUES (?)", [(day,) for day in sorted(fresh)])
    spans = sorted({(day // 10_000, filed) for day, filed in found})
    connection.executemany("INSERT OR IGNORE INTO search_span(year, filed) VALUES (?, ?)", spans)


def serve_built(connection: apsw.Connection, now: State) -> None:
    """The index that was built serves from now on."""
    keep_state(
        connection,
        now._replace(serving=now.building, fold=now.building_fold, building="", building_fold="", rows=0, records=0),
    )


def _write(connection: apsw.Connection, table: str, entries: Sequence[Entry]) -> None:
    for era, some in _by_era(entries).items():
        connection.executemany(f"INSERT INTO {_name(table, era)}(rowid, tokens) VALUES (?, ?)", some)


def _by_era(entries: Iterable[Entry]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for number, said, era in entries:
        found.setdefault(era, []).append((number, said))
    return found


def take_out(
    connection: apsw.Connection, numbers: Sequence[int], documents: Sequence[Document], text: str = ""
) -> None:
    """Take rows or records out, each once, by what they said; `text` is the folded text of a single record."""
    _remove(connection, entries_of(numbers, documents, {0: text} if text else None))
    meaning_store.removed(connection, numbers)


def change(
    connection: apsw.Connection,
    numbers: Sequence[int],
    before: Sequence[tuple[Document, str]],
    after: Sequence[tuple[Document, str]],
) -> None:
    """Documents say something else: (document, folded text of its pages) before and after. Only what differs is touched, unless
    the date leads to another part."""
    gone, come = list[Entry](), list[Entry]()
    for was, is_now in zip(_with_texts(numbers, before), _with_texts(numbers, after), strict=True):
        if was == is_now:
            continue
        if was[2] != is_now[2]:
            gone.append(was)
            come.append(is_now)
            continue
        had, has = dict.fromkeys(was[1].split()), dict.fromkeys(is_now[1].split())
        # Both are written even when blank: the index counts what comes and goes, and may not count below nothing.
        gone.append((was[0], " ".join(one for one in had if one not in has), was[2]))
        come.append((was[0], " ".join(one for one in has if one not in had), was[2]))
    _put(connection, come, {(one.day, one.year) for one, _ in after})
    _remove(connection, gone)
    others = zip(numbers, before, after, strict=True)
    meaning_store.changed(
        connection, (number for number, was, now in others if (was[0].title, was[1]) != (now[0].title, now[1]))
    )


def _with_texts(numbers: Sequence[int], given: Sequence[tuple[Document, str]]) -> list[Entry]:
    return entries_of(
        numbers, [one for one, _ in given], {place: text for place, (_, text) in enumerate(given) if text}
    )


def _remove(connection: apsw.Connection, entries: Sequence[Entry]) -> None:
    now = state(connection)
    for table in _tables(now):
        for era, some in _by_era(_known_to(now, table, sorted(entries))).items():
            name = _name(table, era)
            # Each token once: `change` brought it once, and the index holds itself damaged when it has counted below nothing.
            once = [(number, " ".join(dict.fromkeys(said.split()))) for number, said in some]
            connection.executemany(f"INSERT INTO {name}({name}, rowid, tokens) VALUES ('delete', ?, ?)", once)
            # SQLite up to 3.53 (detail=none, secure-delete) loses what comes behind a row that goes and comes back before it is written.
            connection.execute(f"INSERT INTO {name}({name}) VALUES ('flush')")


def _tables(now: State) -> list[str]:
    return [table for table in (now.serving, now.building) if table]


def _known_to(now: State, table: str, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Those to whose ids an index has come: all, unless it is being built."""
    return entries if table != now.building else [one for one in entries if _is_built(now, one[0])]


def _is_built(now: State, number: int) -> bool:
    return number <= now.rows if number < RECORDS else number - RECORDS <= now.records


def _name(table: str, era: int) -> str:
    assert table in TABLES
    assert era in ERAS
    return f"search_index_{table}_{era}"


# ---------------------------------------------------------------------- looking up


def candidates(
    connection: apsw.Connection, table: str, arms: Sequence[Arm], between: tuple[int, int], limit: int = -1
) -> Iterator[int]:
    """Ids that parts of the index give, newest first, between two (both excluded), so many (-1: all)."""
    return (number for (number,) in _asked(connection, table, arms, between, limit)) if arms else iter(())


def first(
    connection: apsw.Connection, table: str, arms: Sequence[Arm], between: tuple[int, int], limit: int
) -> list[int]:
    """The same at once, in half the time where all are wanted."""
    found = _asked(connection, table, arms, between, limit).get if arms else None  # one by itself is no list
    return found if isinstance(found, list) else [] if found is None else [found]


def _asked(connection: apsw.Connection, table: str, arms: Sequence[Arm], between: tuple[int, int], limit: int) -> Any:
    # Each part tells of itself newest first, so that together they are only as far looked through as somebody reads.
    told = " UNION ALL ".join(
        f"SELECT rowid FROM {name} WHERE {name} MATCH ?{place} AND rowid > ?1 AND rowid < ?2"
        for place, name in enumerate((_name(table, era) for era, _ in arms), 4)
    )
    return connection.execute(f"{told} ORDER BY 1 DESC LIMIT ?3", (*between, limit, *(match for _, match in arms)))


def days(connection: apsw.Connection, since: int, upto: int) -> Iterator[int]:
    """Days that were ever indexed, latest first, between two (both included); 0: without a date."""
    found = connection.execute("SELECT day FROM search_day WHERE day BETWEEN ? AND ? ORDER BY day DESC", (since, upto))
    return (int(day) for (day,) in found)


def spans(connection: apsw.Connection) -> dict[int, set[int]]:
    """By the year of a date (0: none), in which years what bears it was ever filed (0: none)."""
    found: dict[int, set[int]] = {}
    known: Any = connection.execute("SELECT year, filed FROM search_span").fetchall()
    for year, filed in known:
        found.setdefault(year, set()).add(filed)
    return found


def size(connection: apsw.Connection, table: str) -> int:
    """Bytes of an index; reads its blocks' headers once."""
    total = 0
    for era in ERAS:
        for part, column in (("data", "length(block)"), ("idx", "length(term) + 12")):
            query = f"SELECT coalesce(sum({column}), 0) FROM {_name(table, era)}_{part}"
            total += sum(int(some) for (some,) in connection.execute(query))
    return total


def held(connection: apsw.Connection, table: str) -> int:
    """How many rows and records an index holds."""
    return sum(_held(connection, _name(table, era)) for era in ERAS)


def _held(connection: apsw.Connection, name: str) -> int:
    """As FTS5 counts them in the first block of its own."""
    row: Any = connection.execute(f"SELECT block FROM {name}_data WHERE id = 1").fetchone()
    return next(_varints(row[0]), 0) if row else 0


def is_sound(connection: apsw.Connection, table: str) -> bool:
    """Whether an index is whole in itself."""
    try:
        for name in (_name(table, era) for era in ERAS):
            connection.execute(f"INSERT INTO {name}({name}) VALUES ('integrity-check')")
    except (apsw.CorruptError, StoreDamaged):
        return False
    return True


def wants_work(connection: apsw.Connection) -> bool:
    """Whether one is being built, or a part of the one that serves is in so many pieces, each looked into for every word, that they
    are to be brought together."""
    now = state(connection)
    many = now.serving and max(_pieces(connection, _name(now.serving, era)) for era in ERAS) >= PIECES
    return bool(now.building or many)


def _pieces(connection: apsw.Connection, name: str) -> int:
    """As FTS5 counts them in the second block of its own, behind four bytes and the number of their sizes."""
    row: Any = connection.execute(f"SELECT block FROM {name}_data WHERE id = 10").fetchone()
    numbers = list(_varints(row[0][4:12])) if row else []
    return numbers[1] if len(numbers) > 1 else 0


def _varints(block: bytes) -> Iterator[int]:
    """Numbers of seven bits a byte, highest first."""
    found = 0
    for byte in block:
        found = found << 7 | byte & 0x7F
        if byte < 0x80:
            yield found
            found = 0


def merge(connection: apsw.Connection, table: str, pages: int) -> bool:
    """Bring together some pieces of one part of an index; True when there was work."""
    for name in (_name(table, era) for era in ERAS):
        before = connection.total_changes()
        connection.execute(f"INSERT INTO {name}({name}, rank) VALUES ('merge', ?)", (pages,))
        if connection.total_changes() - before > 1:
            return True
    return False


def empty(connection: apsw.Connection, table: str) -> None:
    """Make an index empty."""
    for era in ERAS:
        _empty(connection, _name(table, era))


def empty_some(connection: apsw.Connection, table: str) -> bool:
    """Make one part of an index empty; True when there was one that was not."""
    full = next((name for name in (_name(table, era) for era in ERAS) if _held(connection, name)), None)
    if full is not None:
        _empty(connection, full)
    return full is not None


def _empty(connection: apsw.Connection, name: str) -> None:
    connection.execute(f"INSERT INTO {name}({name}) VALUES ('delete-all')")
