"""The tables of folders, sources and sheet files: all SQL about them, and the pure rule of what a look leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, StrEnum, auto
from typing import Any

import apsw
from msgspec import Struct

from holdings.readiness import STALE_S

MTIME_AGE_FACTOR = 5
"""A file's last change lies this many settle times back (DESIGN §3: looks 2 s apart, change 10 s old)."""


class FolderState(StrEnum):
    """Where a record folder stands."""

    LOOKED = "LOOKED"
    HELD = "HELD"
    SCANNING = "SCANNING"
    QUARANTINED = "QUARANTINED"
    SEALED = "SEALED"
    GONE = "GONE"


class Verdict(Enum):
    """What a look at a folder leads to."""

    SKIP = auto()
    LOOK_AGAIN = auto()
    """Store what was seen: the next equal look settles it."""
    WAIT = auto()
    JUDGE = auto()


class Known(Struct, frozen=True):
    """What is known of a folder from earlier looks."""

    id: int
    state: FolderState
    signature: bytes
    looked_at: float
    epoch: int
    item_id: bytes | None
    subject: str = ""
    """Match key that its record bears: the name of the folder, until the code is changed."""


def decide(
    known: Known | None, signature: bytes, newest_s: float, now_s: float, epoch: int, settle_s: float, quiet_s: float = STALE_S
) -> Verdict:
    """The settle rule of DESIGN §3. Pure.

    Settled = two equal looks at least `settle_s` apart and the newest change five times as old; `settle_s` 0 trusts the first look.
    A judged folder is judged again only when its files or the catalogue (epoch) changed, or when it has been quiet for `quiet_s` (a day) while scanning.
    """
    if known is not None and known.signature == signature and known.state is not FolderState.LOOKED:
        grown_stale = known.state is FolderState.SCANNING and known.looked_at - newest_s < quiet_s <= now_s - newest_s
        stands = known.epoch == epoch and known.state is not FolderState.GONE and not grown_stale
        return Verdict.SKIP if stands else Verdict.JUDGE
    if settle_s == 0:
        return Verdict.JUDGE
    if known is None or known.signature != signature:
        return Verdict.LOOK_AGAIN
    # A clock set back makes both differences negative: then the folder is simply looked at anew.
    if now_s < known.looked_at:
        return Verdict.LOOK_AGAIN
    future = newest_s > now_s
    if now_s - known.looked_at >= settle_s and (future or now_s - newest_s >= MTIME_AGE_FACTOR * settle_s):
        return Verdict.JUDGE
    return Verdict.WAIT


def find(connection: apsw.Connection, path: str) -> Known | None:
    """What is known of the folder at `path`."""
    row = connection.execute(
        "SELECT id, state, signature, looked_at, epoch, item_id, subject FROM folder WHERE path = ?", (path,)
    ).fetchone()
    return Known(row[0], FolderState(row[1]), row[2], row[3], row[4], row[5], row[6]) if row else None


def is_known(connection: apsw.Connection, path: str) -> bool:
    """Was the folder at `path` seen before?"""
    return connection.execute("SELECT 1 FROM folder WHERE path = ?", (path,)).fetchone() is not None


def put(
    connection: apsw.Connection,
    path: str,
    subject: str,
    delivery: str,
    state: FolderState,
    signature: bytes,
    looked_at: float,
    epoch: int,
    item_id: bytes | None,
) -> int:
    """Store how a folder looked and what was judged; its id. A known item id stays."""
    row = connection.execute(
        "INSERT INTO folder(path, subject, delivery, state, signature, looked_at, epoch, item_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(path) DO UPDATE SET delivery = excluded.delivery, state = excluded.state, signature = excluded.signature,"
        " looked_at = excluded.looked_at, epoch = excluded.epoch, item_id = coalesce(excluded.item_id, item_id) RETURNING id",
        (path, subject, delivery, str(state), signature, looked_at, epoch, item_id),
    ).fetchone()
    assert row is not None
    return int(row[0])


def twins(connection: apsw.Connection, subject: str, path: str) -> list[str]:
    """Paths of the other folders of that name which are not gone and were met before this one, oldest first."""
    rows = connection.execute(
        "SELECT path FROM folder WHERE subject = ?1 AND path <> ?2 AND state <> 'GONE'"
        " AND id < coalesce((SELECT id FROM folder WHERE path = ?2), 1 << 62) ORDER BY id",
        (subject, path),
    )
    return [row[0] for row in rows]


def gathered(connection: apsw.Connection, prefix: str) -> tuple[list[int], bool]:
    """(ids of the places whose key begins so, does any of them wait for its files?)."""
    rows: list[Any] = connection.execute(
        "SELECT id, state IN ('LOOKED', 'SCANNING') FROM folder WHERE path >= ?1 AND path < ?2 AND state <> 'GONE'",
        (prefix, prefix + "\U0010ffff"),
    ).fetchall()
    return [int(row[0]) for row in rows], any(row[1] for row in rows)


def has_subject(connection: apsw.Connection, subject: str) -> bool:
    """Is there a place of that match key, whatever it waits for?"""
    row = connection.execute("SELECT 1 FROM folder WHERE subject = ? AND state <> 'GONE' LIMIT 1", (subject,)).fetchone()
    return row is not None


def of_subject(connection: apsw.Connection, subject: str) -> list[tuple[int, bytes]]:
    """(id, signature) of the folders whose record bears a match key, gone or not, oldest first."""
    rows = connection.execute("SELECT id, signature FROM folder WHERE subject = ? ORDER BY id", (subject,))
    return [(row[0], row[1]) for row in rows]


def places_of(connection: apsw.Connection, subject: str) -> list[tuple[str, int]]:
    """(path, id) of the places whose record bears a match key and that are not gone, oldest first."""
    rows = connection.execute("SELECT path, id FROM folder WHERE subject = ? AND state <> 'GONE' ORDER BY id", (subject,))
    return [(str(path), int(number)) for path, number in rows]


def set_subject(connection: apsw.Connection, path: str, subject: str) -> None:
    """The folder at `path`, if it is known, stands for the record that bears this match key."""
    connection.execute("UPDATE folder SET subject = ?2 WHERE path = ?1 AND subject <> ?2", (path, subject))


def rename_subjects(connection: apsw.Connection, renamed: Mapping[str, str]) -> None:
    """The records of these folders bear other codes from now on, all at once, so that two may swap theirs. Folders keep their names on disk."""
    moves = [(new, number) for old, new in renamed.items() for number, _ in of_subject(connection, old)]
    connection.executemany("UPDATE folder SET subject = ? WHERE id = ?", moves)


def forget_look(connection: apsw.Connection, path: str) -> None:
    """The folder changed while it was read: it settles anew."""
    connection.execute("UPDATE folder SET state = 'LOOKED', signature = x'' WHERE path = ?", (path,))


def put_superseded(connection: apsw.Connection, folder: int, files: Iterable[tuple[str, int, int, int]]) -> None:
    """Remember files whose place an override took: (place, size, mtime_ns, inode)."""
    connection.executemany("INSERT OR REPLACE INTO superseded VALUES (?, ?, ?, ?, ?)", ((folder, *file) for file in files))


def superseded(connection: apsw.Connection, folder: int) -> set[tuple[str, int, int, int]]:
    """(place, size, mtime_ns, inode) of files whose place an override took once; they are not read again as they were."""
    rows = connection.execute("SELECT place, size, mtime_ns, inode FROM superseded WHERE folder = ?", (folder,))
    return {(row[0], row[1], row[2], row[3]) for row in rows}


def sources(connection: apsw.Connection, folder: int) -> dict[str, tuple[int, int, int, bytes]]:
    """{name: (size, mtime_ns, inode, sha256)} as sealed."""
    rows = connection.execute("SELECT name, size, mtime_ns, inode, sha256 FROM source WHERE folder = ?", (folder,))
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def put_sources(connection: apsw.Connection, folder: int, files: Iterable[tuple[str, int, int, int, bytes]]) -> None:
    """Replace what is known of a folder's files: (name, size, mtime_ns, inode, sha256)."""
    connection.execute("DELETE FROM source WHERE folder = ?", (folder,))
    connection.executemany("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?)", ((folder, *file) for file in files))


def present(connection: apsw.Connection, after: int, count: int) -> list[tuple[int, str]]:
    """(id, path) of up to `count` folders that are not gone, after an id, for the check whether they still are there."""
    rows = connection.execute(
        "SELECT id, path FROM folder WHERE id > ? AND state <> 'GONE' ORDER BY id LIMIT ?", (after, count)
    )
    return [(row[0], row[1]) for row in rows]


def last_id(connection: apsw.Connection) -> int:
    """The highest folder id; 0 when none."""
    row = connection.execute("SELECT max(id) FROM folder").fetchone()
    return (row[0] if row else None) or 0


def set_epoch(connection: apsw.Connection, numbers: Iterable[int], epoch: int) -> None:
    """These folders stand as they were judged, under the catalogue of `epoch` too."""
    connection.executemany("UPDATE folder SET epoch = ? WHERE id = ?", ((epoch, number) for number in numbers))


def read_otherwise(connection: apsw.Connection, path: str) -> list[str]:
    """Other places of the same record in the same delivery that are not gone, the newest first."""
    rows = connection.execute(
        "SELECT o.path FROM folder f JOIN folder o ON o.subject = f.subject AND o.delivery = f.delivery AND o.state <> 'GONE'"
        " WHERE f.path = ? AND f.subject <> '' ORDER BY o.id DESC", (path,)
    )
    return [str(other) for (other,) in rows]


def set_gone(connection: apsw.Connection, folder: int) -> None:
    """The folder is there no more; others of its name, which it kept waiting, are looked at anew."""
    connection.execute("UPDATE folder SET state = 'GONE' WHERE id = ?", (folder,))
    connection.execute(
        "UPDATE folder SET state = 'LOOKED', signature = x'' WHERE state = 'HELD' AND subject <> ''"
        " AND subject = (SELECT subject FROM folder WHERE id = ?)",
        (folder,),
    )


def count_gone(connection: apsw.Connection) -> int:
    """Records whose files were taken away; not those that are only read otherwise now."""
    row = connection.execute("SELECT count(*) FROM folder WHERE state = 'GONE' AND subject <> ''").fetchone()
    return int(row[0]) if row else 0


def count_state(connection: apsw.Connection, state: FolderState) -> int:
    """How many folders are in that state (indexed)."""
    row = connection.execute("SELECT count(*) FROM folder WHERE state = ?", (str(state),)).fetchone()
    return int(row[0]) if row else 0


def waiting(connection: apsw.Connection) -> bool:
    """Does any folder or sheet wait for its second look?"""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM folder WHERE state = 'LOOKED') OR EXISTS (SELECT 1 FROM sheet_file WHERE imported = 0)"
    ).fetchone()
    return bool(row and row[0])


def sheet_file(connection: apsw.Connection, path: str) -> tuple[bytes, float, bool] | None:
    """(signature, looked_at, imported) of a sheet found in a delivery."""
    row = connection.execute("SELECT signature, looked_at, imported FROM sheet_file WHERE path = ?", (path,)).fetchone()
    return (row[0], row[1], bool(row[2])) if row else None


def put_sheet_file(
    connection: apsw.Connection, path: str, signature: bytes, looked_at: float, *, imported: bool
) -> None:
    """Store how a sheet looked and whether it was imported so."""
    connection.execute(
        "INSERT OR REPLACE INTO sheet_file VALUES (?, ?, ?, ?)", (path, signature, looked_at, int(imported))
    )


def sheet_paths(connection: apsw.Connection) -> list[str]:
    """Every sheet met; there are few."""
    return [row[0] for row in connection.execute("SELECT path FROM sheet_file ORDER BY path")]


def forget_sheet(connection: apsw.Connection, path: str) -> None:
    """The sheet's file is there no more; should it come back, it is read again."""
    connection.execute("DELETE FROM sheet_file WHERE path = ?", (path,))


def sheets_waiting(connection: apsw.Connection) -> int:
    """How many sheets wait for their second look."""
    row = connection.execute("SELECT count(*) FROM sheet_file WHERE imported = 0").fetchone()
    return int(row[0]) if row else 0


def latest_look(connection: apsw.Connection) -> float:
    """When any folder was last looked at, by the clock of that time; 0 when none was."""
    row = connection.execute("SELECT max(looked_at) FROM folder").fetchone()
    return (row[0] if row else None) or 0.0


def held(connection: apsw.Connection, limit: int) -> list[tuple[str, str, str]]:
    """(path, match key, delivery) of the places that wait for a row or a signature, oldest first."""
    rows = connection.execute(
        "SELECT path, subject, delivery FROM folder WHERE state = 'HELD' AND subject <> '' ORDER BY id LIMIT ?", (limit,)
    )
    return [(str(path), str(subject), str(delivery)) for path, subject, delivery in rows]


def delivery_of(connection: apsw.Connection, path: str) -> str | None:
    """The delivery that a place lies in; None when no place is known there."""
    row = connection.execute("SELECT delivery FROM folder WHERE path = ?", (path,)).fetchone()
    return str(row[0]) if row else None


def states_in(connection: apsw.Connection, delivery: str) -> dict[str, int]:
    """How many places of a delivery are in each state; files beside records are not counted. Reads the table once."""
    rows = connection.execute(
        "SELECT state, count(*) FROM folder WHERE delivery = ? AND subject <> '' GROUP BY state ORDER BY state", (delivery,)
    )
    return {str(state): int(count) for state, count in rows}


def by_delivery(connection: apsw.Connection, since: float) -> list[tuple[str, str, int, float, int]]:
    """(delivery, state, places, newest look, places looked at since a time) of every delivery and state; reads the table once."""
    rows = connection.execute(
        "SELECT delivery, state, count(*), max(looked_at), sum(looked_at >= ?) FROM folder WHERE subject <> '' GROUP BY delivery, state", (since,)
    )
    return [(str(row[0]), str(row[1]), int(row[2]), float(row[3]), int(row[4])) for row in rows]


def looked_since(connection: apsw.Connection, since: float) -> Iterable[tuple[str, str, str, float, int]]:
    """(path, delivery, state, looked at, sealed files) of the places looked at since a time; reads the table once."""
    rows = connection.execute(
        "SELECT path, delivery, state, looked_at, (SELECT count(*) FROM source s WHERE s.folder = f.id) FROM folder f"
        " WHERE looked_at >= ? AND subject <> ''",
        (since,),
    )
    return ((str(row[0]), str(row[1]), str(row[2]), float(row[3]), int(row[4])) for row in rows)


def sealed_sources(connection: apsw.Connection, prefix: str) -> Iterable[tuple[int, int, int, bytes]]:
    """(size, mtime_ns, inode, sha256) of every sealed file of the places at and below a path, gathered ones too."""
    rows = connection.execute(
        "SELECT s.size, s.mtime_ns, s.inode, s.sha256 FROM folder f JOIN source s ON s.folder = f.id WHERE f.state = 'SEALED'"
        " AND (f.path = ?1 OR substr(f.path, 1, length(?1) + 1) IN (?1 || '/', ?1 || '#'))",
        (prefix,),
    )
    return ((row[0], row[1], row[2], row[3]) for row in rows)


def sealed_at(connection: apsw.Connection, subject: str) -> list[tuple[str, int]]:
    """(path, id) of the sealed places of a record's match key."""
    rows = connection.execute("SELECT path, id FROM folder WHERE subject = ? AND state = 'SEALED'", (subject,))
    return [(str(path), int(number)) for path, number in rows]


def forget_item(connection: apsw.Connection, subject: str, item_id: bytes) -> None:
    """The record of these places is void: what is brought there again becomes another record."""
    connection.execute(
        "UPDATE folder SET item_id = NULL, state = 'HELD', signature = x'' WHERE subject = ? AND item_id = ?",
        (subject, item_id),
    )


def forget_sheets(connection: apsw.Connection, delivery: str) -> None:
    """The sheets of a delivery are to be read again."""
    connection.execute(
        "DELETE FROM sheet_file WHERE substr(path, 1, length(?1) + 1) = ?1 || '/' AND instr(substr(path, length(?1) + 2), '/') = 0",
        (delivery,),
    )
