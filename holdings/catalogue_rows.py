"""Rows of the catalogue as they are stored and found: tables `catalogue_row`, `catalogue_columns`. What they say goes to the
index of search (`search_index`) in the same breath.

Functions run inside the caller's transaction. Those that take many rows are made for portions of twenty thousand.
"""

from __future__ import annotations

import array
import functools
import operator
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from holdings import catalogue_sheets as sheets
from holdings import fonds_tally, search_document, search_index, statistics_tally
from holdings.catalogue_line import Line
from holdings.record import RowState
from holdings.search_document import Document, Telling

_INSERT: Final = (
    "INSERT INTO catalogue_row(id, match_key, holder, reference_code, ordering, level, volume_key, title, date, columns,"
    " elements, digest, sheet, tab, number, state, linked, changed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, 0, ?)"
)
_FRESH: Final = operator.attrgetter(
    "key", "code", "ordering", "volume", "title", "date", "elements", "digest", "tab", "number", "duplicate", "above"
)
_UPDATE: Final = (
    "UPDATE catalogue_row SET reference_code = ?2, ordering = ?3, level = ?4, volume_key = ?5, title = ?6, date = ?7,"
    " columns = ?8, elements = CAST(?9 AS TEXT), digest = ?10, sheet = ?11, tab = ?12, number = ?13, state = ?14, changed = ?15"
    " WHERE id = ?1"
)
_NAMES: Final = "(SELECT n.names FROM catalogue_columns n WHERE n.id = c.columns)"
_TELLING: Final = f"c.id, c.match_key, c.reference_code, c.level, c.elements, {_NAMES}, c.title, c.date, c.holder"
_STANDING: Final = "FROM carray(?) k CROSS JOIN catalogue_row c WHERE c.id = k.value AND c.state = 0 AND c.linked = 0"
_FULL: Final = (
    "SELECT c.id, c.match_key, c.reference_code, c.level, c.elements, n.names, c.title, c.date, c.sheet, c.tab, c.number,"
    " c.volume_key, c.state, c.changed, c.holder, c.linked"
    " FROM catalogue_row c LEFT JOIN catalogue_columns n ON n.id = c.columns"
)


class Known(NamedTuple):
    """What an import must know of a row that is stored."""

    key: str
    id: int
    digest: bytes
    sheet: int
    tab: str
    number: int
    state: int


class Full(NamedTuple):
    """A stored row with everything it says; `names` is the JSON of its columns, None for a row of the first schema."""

    id: int
    key: str
    code: str
    level: int
    elements: str
    names: str | None
    title: str
    date: str
    sheet: int
    tab: str
    number: int
    volume: str | None
    state: int
    changed: int
    holder: int
    linked: int


@functools.lru_cache(64)
def names_of(text: str | None) -> tuple[str, ...]:
    """The columns of a stored row."""
    return tuple(msgspec.json.decode(text, type=list[str])) if text else ()


def columns(connection: apsw.Connection, names: Sequence[str]) -> int:
    """The number of a list of columns, made known when it is new."""
    text = msgspec.json.encode(list(names)).decode()
    connection.execute("INSERT INTO catalogue_columns(names) VALUES (?) ON CONFLICT(names) DO NOTHING", (text,))
    row = connection.execute("SELECT id FROM catalogue_columns WHERE names = ?", (text,)).fetchone()
    assert row is not None
    return int(row[0])


def known(connection: apsw.Connection, holder: int, keys: Iterable[str]) -> dict[str, Known]:
    """Which of these codes are stored."""
    given = tuple(keys)
    if not given:
        return {}
    found: list[Any] = connection.execute(
        "SELECT c.match_key, c.id, c.digest, c.sheet, c.tab, c.number, c.state"
        " FROM carray(?) k CROSS JOIN catalogue_row c ON c.match_key = k.value AND c.holder = ?",
        (apsw.carray(given, flags=apsw.SQLITE_CARRAY_TEXT), holder),
    ).fetchall()
    return {row[0]: Known(*row) for row in found}


def next_id(connection: apsw.Connection) -> int:
    """The id that the next new row takes."""
    row = connection.execute("SELECT max(id) FROM catalogue_row").fetchone()
    return int(row[0] or 0) + 1 if row else 1


def insert(
    connection: apsw.Connection, holder: int, sheet: int, columns: int, lines: Sequence[Line], now: int
) -> range:
    """Store new rows; their ids, in the order of their codes, so that every index grows in runs."""
    first = next_id(connection)
    lines = sorted(lines, key=operator.attrgetter("key"))
    levels = [one.above or (3 if one.volume == one.key else 4) for one in lines]
    # The database counts their ids on itself; what is the same for all rows is not bound anew for each.
    connection.executemany(
        "INSERT INTO catalogue_row(match_key, reference_code, ordering, volume_key, title, date, elements, digest, tab, number, state,"
        " level, holder, columns, sheet, linked, changed)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, CAST(?7 AS TEXT), ?8, ?9, ?10, 2 * ?11, coalesce(?12, iif(?4 = ?1, 3, 4)),"
        f" {holder:d}, {columns:d}, {sheet:d}, 0, {now:d})",
        map(_FRESH, lines),
    )
    numbers = range(first, first + len(lines))
    said = search_document.of_rows(
        _names(connection, columns),
        ((r.elements, r.title, r.code, r.key, level, r.date) for r, level in zip(lines, levels, strict=True)),
        holder,
    )
    search_index.put_rows(connection, numbers, said)
    writer = _writer(connection, holder)
    fonds_tally.count(connection, fonds_tally.FondsCount.CATALOGUED, said.by_fonds(), writer)
    statistics_tally.rows_moved(connection, said.kinds, 1, writer, now)
    return numbers


def _names(connection: apsw.Connection, columns: int) -> tuple[str, ...]:
    row = connection.execute("SELECT names FROM catalogue_columns WHERE id = ?", (columns,)).fetchone()
    return names_of(str(row[0])) if row else ()


def _said(names: tuple[str, ...], line: Line, key: str, holder: int) -> Document:
    """What the index is to know of a line."""
    return search_document.of_row(
        names, line.elements, title=line.title, code=line.code, key=key, level=line.above or (3 if line.volume == key else 4),
        holder=holder, date=line.date,
    )  # fmt: skip


def document(row: Full) -> Document:
    """What the index of search knows of a row."""
    return search_document.of_row(
        names_of(row.names), row.elements, title=row.title, code=row.code, key=row.key, level=row.level,
        holder=row.holder, date=row.date,
    )  # fmt: skip


def _writer(connection: apsw.Connection, holder: int) -> str:
    """The name under which a holder's fonds are counted."""
    return sheets.holder_names(connection)[holder] if holder else ""


def update(
    connection: apsw.Connection, sheet: int, columns: int, changes: Sequence[tuple[int, Line]], now: int
) -> None:
    """Make stored rows say what these lines say: (id, line)."""
    if not changes:
        return
    _change_index(connection, columns, changes, now)
    connection.executemany(
        _UPDATE,
        [
            (
                number, one.code, one.ordering, int(one.level), one.volume, one.title, one.date, columns, one.elements, one.digest,
                sheet, one.tab, one.number, 2 if one.duplicate else 0, now,
            )
            for number, one in changes
        ],
    )  # fmt: skip


def _change_index(connection: apsw.Connection, columns: int, changes: Sequence[tuple[int, Line]], now: int) -> None:
    """Before the rows are changed: what they said is taken out by what they said."""
    old = {row.id: row for row in full_of(connection, [number for number, _ in changes])}
    names, numbers = _names(connection, columns), sorted(number for number, _ in changes)
    was, lines = [document(old[number]) for number in numbers], dict(changes)
    said = [_said(names, lines[number], old[number].key, old[number].holder) for number in numbers]
    search_index.change(connection, numbers, [(one, "") for one in was], [(one, "") for one in said])
    kinds = Counter(one.kind() for one in said)
    kinds.subtract(one.kind() for one in was)
    statistics_tally.rows_moved(connection, kinds, 1, _writer(connection, old[numbers[0]].holder), now)


def move(connection: apsw.Connection, places: Iterable[tuple[int, str, int]]) -> None:
    """Rows stand elsewhere in their sheet now: (id, tab, number)."""
    connection.executemany("UPDATE catalogue_row SET tab = ?2, number = ?3 WHERE id = ?1", places)


def set_state(connection: apsw.Connection, rows: Iterable[int], state: RowState, now: int) -> None:
    """Rows stand, are gone, or contradict each other."""
    connection.executemany(
        "UPDATE catalogue_row SET state = ?2, changed = ?3 WHERE id = ?1", [(row, state.value, now) for row in rows]
    )


def hand_over(connection: apsw.Connection, row: int, sheet: int, number: int) -> None:
    """The sheet that owned a row has it no more; another one has."""
    connection.execute("UPDATE catalogue_row SET sheet = ?2, number = ?3 WHERE id = ?1", (row, sheet, number))


def erase(connection: apsw.Connection, holder: int, keys: Sequence[str]) -> list[tuple[int, str, bool]]:
    """Erase rows with everything of them; (id, match key, was it linked) of those that were stored."""
    if not keys:
        return []
    query = _FULL.replace("FROM ", "FROM carray(?) k CROSS JOIN ", 1) + " WHERE c.match_key = k.value AND c.holder = ?"
    # Each once: what is taken out of the index twice would damage it.
    given = (apsw.carray(tuple(dict.fromkeys(keys)), flags=apsw.SQLITE_CARRAY_TEXT), holder)
    rows: list[Any] = connection.execute(query, given).fetchall()
    found = [Full(*row) for row in rows]
    said, writer = [document(row) for row in found], _writer(connection, holder)
    search_index.take_out(connection, [row.id for row in found], said)
    connection.executemany("DELETE FROM catalogue_row WHERE id = ?", [(row.id,) for row in found])
    fonds_tally.count_rows(connection, (row.key for row in found if row.level > 2), -1, writer)
    statistics_tally.rows_moved(connection, Counter(one.kind() for one in said), -1, writer, None)
    return [(row.id, row.key, bool(row.linked)) for row in found]


def count_between(connection: apsw.Connection, among: Sequence[int], low: str, high: str) -> tuple[int, int]:
    """(volumes, items) of these sheets between two sort keys; a volume counts by its own row or by its items."""
    sheets = ",".join(str(int(number)) for number in among) or "0"
    row = connection.execute(
        "SELECT count(DISTINCT volume_key), count(*) FILTER (WHERE level = 4) FROM catalogue_row"
        f" WHERE ordering >= ? AND ordering <= ? AND state = 0 AND +sheet IN ({sheets})",
        (low, high),
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def in_order(
    connection: apsw.Connection, holder: int, after: tuple[str, int], limit: int
) -> list[tuple[str, int, str, str]]:
    """(sort key, id, match key, code as printed) of volumes and items that are not gone, in the order of codes, from after one on."""
    found: list[Any] = connection.execute(
        "SELECT ordering, id, match_key, reference_code FROM catalogue_row WHERE (ordering, id) > (?, ?) AND holder = ? AND state <> 1"
        " AND level > 2 ORDER BY ordering, id LIMIT ?",
        (*after, holder, limit),
    ).fetchall()
    return found


def put_back(
    connection: apsw.Connection, number: int, sheet: int, columns: int, line: Line, state: int, changed: int
) -> None:
    """Store a row that was taken out under the id it had, in the state it had."""
    connection.execute(
        _INSERT,
        (
            number, line.key, 0, line.code, line.ordering, int(line.level), line.volume, line.title, line.date, columns,
            line.elements, line.digest, sheet, line.tab, line.number, state, changed,
        ),
    )  # fmt: skip
    said = _said(_names(connection, columns), line, line.key, 0)
    search_index.put(connection, [number], [said])
    fonds_tally.count_rows(connection, [line.key] if line.above is None else [], 1)
    statistics_tally.rows_moved(connection, {said.kind(): 1}, 1, "", None)


def keys_of(connection: apsw.Connection, sheet: int, limit: int) -> list[str]:
    """Match keys of some rows that a sheet owns."""
    found = connection.execute("SELECT match_key FROM catalogue_row WHERE sheet = ? LIMIT ?", (sheet, limit))
    return [str(key) for (key,) in found]


def figures(connection: apsw.Connection, sheet: int) -> tuple[int, int, int]:
    """(rows that stand, volumes and items among them without a record, when one last changed) of a sheet; reads them once."""
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE linked = 0 AND level > 2), coalesce(max(changed), 0) FROM catalogue_row"
        " WHERE sheet = ? AND state <> 1",
        (sheet,),
    ).fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)


def of_sheet(connection: apsw.Connection, sheet: int, before: int) -> Iterator[tuple[int, int]]:
    """(id, state) of the rows that a sheet owns, with ids below `before`; read a page at a time."""
    query = "SELECT id, state FROM catalogue_row WHERE sheet = ? AND id > ? AND id < ? ORDER BY id LIMIT 20000"
    found: Any = connection.execute(query, (sheet, 0, before)).fetchall()
    while found:
        yield from found
        found = connection.execute(query, (sheet, found[-1][0], before)).fetchall()


def in_state(connection: apsw.Connection, sheet: int, state: RowState) -> list[int]:
    """Ids of the rows of a sheet that are gone, or contradict each other."""
    rows = connection.execute(
        "SELECT id FROM catalogue_row WHERE sheet = ? AND state = ? AND state <> 0", (sheet, state.value)
    )
    return [int(number) for (number,) in rows]


def gone(connection: apsw.Connection, sheet: int, limit: int) -> list[Full]:
    """Rows of a sheet that are gone, in the order of their codes."""
    return select(
        connection, "c.sheet = ? AND c.state = 1 AND c.state <> 0 ORDER BY c.ordering LIMIT ?", (sheet, limit)
    )


def full(connection: apsw.Connection, key: str, holder: int = 0) -> Full | None:
    """A row by its match key."""
    row = connection.execute(_FULL + " WHERE c.match_key = ? AND c.holder = ?", (key, holder)).fetchone()
    return Full(*row) if row else None


def full_of(connection: apsw.Connection, rows: Iterable[int]) -> list[Full]:
    """Rows by their ids (at least one)."""
    query = _FULL.replace("FROM ", "FROM carray(?) k CROSS JOIN ", 1) + " WHERE c.id = k.value"
    found: list[Any] = connection.execute(query, (_numbers(rows),)).fetchall()
    return [Full(*row) for row in found]


def select(connection: apsw.Connection, where: str, given: tuple[Any, ...]) -> list[Full]:
    """Rows under a condition on `c`, with its order and limit."""
    found: list[Any] = connection.execute(f"{_FULL} WHERE {where}", given).fetchall()
    return [Full(*row) for row in found]


def before(connection: apsw.Connection, below: int, limit: int) -> list[int]:
    """Ids of rows, newest first, below one."""
    rows = connection.execute("SELECT id FROM catalogue_row WHERE id < ? ORDER BY id DESC LIMIT ?", (below, limit))
    return [int(number) for (number,) in rows]


def begun(connection: apsw.Connection, key: str, limit: int) -> list[int]:
    """Ids of rows whose match key begins so, in the order of keys."""
    query = "SELECT id FROM catalogue_row WHERE match_key >= ? AND match_key < ? ORDER BY match_key LIMIT ?"
    return [int(number) for (number,) in connection.execute(query, (key, key + "\U0010ffff", limit))]


def standing(connection: apsw.Connection, numbers: Sequence[int], held: Collection[int], what: str) -> dict[int, str]:
    """Those of some ids whose rows stand, have no record, and are of no sheet that is held: what one column (title, date) says."""
    return dict(_standing(connection, f"c.id, c.{what}", numbers, held))


def telling(connection: apsw.Connection, numbers: Sequence[int], held: Collection[int]) -> list[Telling]:
    """The same with all that search tells of them."""
    return _standing(connection, _TELLING, numbers, held)


def _standing(connection: apsw.Connection, what: str, numbers: Sequence[int], held: Collection[int]) -> list[Any]:
    said = f"SELECT {what} {_STANDING} AND c.sheet NOT IN ({','.join(map(str, held)) or '0'})"
    return connection.execute(said, (_numbers(numbers),)).fetchall() if numbers else []


def last_of(connection: apsw.Connection, sheet: int) -> int:
    """The highest id of a sheet's rows, 0 when it has none."""
    row = connection.execute("SELECT max(id) FROM catalogue_row WHERE sheet = ?", (sheet,)).fetchone()
    return int(row[0] or 0) if row else 0


def glance(connection: apsw.Connection, key: str, holder: int = 0) -> tuple[int, str | None, int] | None:
    """(time of its last change, volume key, sheet) of a row that stands."""
    row = connection.execute(
        "SELECT changed, volume_key, sheet FROM catalogue_row WHERE match_key = ? AND holder = ? AND state = 0",
        (key, holder),
    ).fetchone()
    return (int(row[0]), row[1], int(row[2])) if row else None


def link(connection: apsw.Connection, key: str, holder: int = 0) -> None:
    """Note that a record stands for a row 已挂接."""
    connection.execute(
        "UPDATE catalogue_row SET linked = 1 WHERE match_key = ? AND holder = ? AND linked = 0", (key, holder)
    )


def _numbers(rows: Iterable[int]) -> Any:
    return apsw.carray(array.array("q", rows), flags=apsw.SQLITE_CARRAY_INT64)


def next_key(connection: apsw.Connection, low: str, high: str) -> str | None:
    """The first match key of this site's rows above `low` and below `high`; one look into the index."""
    row = connection.execute(
        "SELECT match_key FROM catalogue_row WHERE match_key > ? AND match_key < ? AND holder = 0 AND state <> 1 ORDER BY match_key LIMIT 1",
        (low, high),
    ).fetchone()
    return str(row[0]) if row else None


def count_keys(connection: apsw.Connection, low: str, high: str, most: int) -> int:
    """How many of this site's rows have match keys from `low` to below `high`; counted up to `most`."""
    query = "SELECT count(*) FROM (SELECT 1 FROM catalogue_row WHERE match_key >= ? AND match_key < ? AND holder = 0 AND state <> 1 LIMIT ?)"
    row = connection.execute(query, (low, high, most)).fetchone()
    return int(row[0]) if row else 0
