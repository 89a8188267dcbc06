"""Where records come from: former codes 曾用档号 and relations 关系; tables `former_code`, `former_row`, `relation`.

Both only grow: what any version of a record names holds for the record, so that an old citation still leads somewhere.
Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import apsw

from holdings.record import Relation, RelationKind
from holdings.reference_code import match_key

ITEMS_MAX: Final = 20_000  # items of one volume, as catalogue.of_volume
FOUND_MAX: Final = 1_000  # records told of one former code; a code is seldom split into more


def keep_former(connection: apsw.Connection, record: int, printed: str) -> None:
    """Note that a record bore a code; `record` is the number in this database."""
    connection.execute(
        "INSERT INTO former_code(match_key, record, printed) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
        " printed = excluded.printed WHERE printed = ''",
        (match_key(printed), record, printed),
    )


def former_codes(connection: apsw.Connection, record: int) -> list[str]:
    """Codes that a record bore before, as printed where that is known, else as match keys; in the order of keys."""
    rows = connection.execute(
        "SELECT match_key, printed FROM former_code WHERE record = ? ORDER BY match_key", (record,)
    )
    return [str(printed or key) for key, printed in rows]


def former_keys(connection: apsw.Connection, record: int) -> list[str]:
    """Match keys of the codes that a record bore before."""
    rows = connection.execute("SELECT match_key FROM former_code WHERE record = ? ORDER BY match_key", (record,))
    return [str(key) for (key,) in rows]


def once_bore(connection: apsw.Connection, key: str) -> list[int]:
    """Numbers of the records that bore a match key before, at most 1,000."""
    rows = connection.execute(
        "SELECT record FROM former_code WHERE match_key = ? ORDER BY record LIMIT ?", (key, FOUND_MAX)
    )
    return [int(number) for (number,) in rows]


def of_volume(connection: apsw.Connection, volume: str) -> tuple[list[int], list[str]]:
    """What once bore a code of a volume (its match key): numbers of records, and match keys of today of rows that had none."""
    between = (f"{volume}-", f"{volume}.", ITEMS_MAX)
    told = " WHERE match_key > ? AND match_key < ? ORDER BY match_key LIMIT ?"
    numbers: list[Any] = connection.execute("SELECT record FROM former_code" + told, between).fetchall()
    rows = connection.execute("SELECT became FROM former_row" + told, between).fetchall()
    return list(dict.fromkeys(int(number) for (number,) in numbers)), list(dict.fromkeys(str(key) for (key,) in rows))


def any_kept(connection: apsw.Connection) -> bool:
    """Has any code ever changed here, or any volume been merged or split? Where none has, nobody need ask."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM former_code) OR EXISTS (SELECT 1 FROM relation) OR EXISTS (SELECT 1 FROM former_row)"
    ).fetchone()
    return bool(row and row[0])


def rename_rows(connection: apsw.Connection, renamed: Mapping[str, str]) -> None:
    """Note that catalogue rows without a record bear other codes from now on, all at once; {old match key: new}."""
    earlier: list[tuple[str, str]] = []
    for old, new in renamed.items():
        rows = connection.execute("SELECT match_key FROM former_row WHERE became = ?", (old,)).fetchall()
        earlier += [(str(key), new) for (key,) in rows]
    connection.executemany(
        "INSERT OR REPLACE INTO former_row(match_key, became) VALUES (?, ?)", [*earlier, *renamed.items()]
    )
    connection.execute("DELETE FROM former_row WHERE match_key = became")


def row_became(connection: apsw.Connection, key: str) -> str | None:
    """The match key that the row of a former code bears now, if its code was changed before it had a record."""
    row = connection.execute("SELECT became FROM former_row WHERE match_key = ?", (key,)).fetchone()
    return str(row[0]) if row else None


def relate(connection: apsw.Connection, record: int, relations: Iterable[Relation]) -> None:
    """Note relations that a version names; one said before stays as it was said."""
    connection.executemany(
        "INSERT OR IGNORE INTO relation(record, kind, other, code, note) VALUES (?, ?, ?, ?, ?)",
        ((record, int(r.kind), r.record, r.reference_code, r.note) for r in relations),
    )


def relations(connection: apsw.Connection, record: int) -> list[Relation]:
    """How a record relates to others 关系 (DA/T 46-2009 M86-M88)."""
    rows = connection.execute(
        "SELECT kind, other, code, note FROM relation WHERE record = ? ORDER BY kind, code", (record,)
    )
    return [Relation(RelationKind(kind), other, code, note) for kind, other, code, note in rows]


def reshaped(connection: apsw.Connection, record: int) -> bool:
    """Has the record taken part in a merge or a split, so that its folders no longer show what its pages are?"""
    return connection.execute("SELECT 1 FROM relation WHERE record = ? LIMIT 1", (record,)).fetchone() is not None
