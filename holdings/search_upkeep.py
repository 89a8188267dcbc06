"""How the search index is, whether it says what catalogue and records say, and its rebuilding over a database: what status,
self-check 体检 and `reindex` ask; table `search_check`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import apsw

from holdings import catalogue_rows as rows
from holdings import search_fold, search_index, search_rebuild, search_records, tally
from holdings.search_index import RECORDS
from sync.database import Database
from sync.errors import StoreDamaged

SAMPLE: Final = 400  # rows, and as many records, whose tokens are looked up in a self-check
_TOKENS: Final = 4  # of each of them
FAULTS_TOLD: Final = 20
MEASURED: Final = 200_000  # entries up to which the size is measured whenever somebody asks
TIDY_MAX: Final = 2_000  # steps of bringing pieces together at once, an eighth of a second each
REMEDY: Final = "请重建检索索引：reindex（不停查找，目录和档案不受影响）"

_TORN: Final = "检索索引自身的结构已损坏"

Told = dict[str, Any]


def state(connection: apsw.Connection) -> Told:
    """`entries` in the index that serves, `bytes` (as last measured where it is large), `behind`: entries that it lacks or holds too
    many, `building`: is another being built, `done` of it in percent; `checked`: when it was last compared (whole seconds UTC, None:
    never), `faults` found then."""
    now = search_index.state(connection)
    entries = search_index.held(connection, now.serving) if now.serving else 0
    progress = search_rebuild.progress(connection)
    last = _last(connection)
    if now.serving and entries <= MEASURED:
        size: int | None = search_index.size(connection, now.serving)
    else:
        size = last["bytes"] if last else None
    return {
        "entries": entries,
        "bytes": size,
        "behind": abs(_expected(connection) - entries),
        "building": bool(now.building),
        "done": round(100 * progress.done / progress.total) if now.building and progress.total else None,
        "checked": last["time"] if last else None,
        "faults": last["faults"] if last else [],
    }


def _expected(connection: apsw.Connection) -> int:
    """Entries that an index should hold."""
    return tally.read(connection, tally.Count.CATALOGUE_ROWS) + tally.read(connection, tally.Count.RECORDS)


def _last(connection: apsw.Connection) -> Told | None:
    row: Any = connection.execute("SELECT time, entries, bytes, faults FROM search_check WHERE id = 1").fetchone()
    return {"time": row[0], "entries": row[1], "bytes": row[2], "faults": json.loads(row[3])} if row else None


def _keep(connection: apsw.Connection, now: int, faults: list[str]) -> None:
    serving = search_index.state(connection).serving
    whole = bool(serving) and _TORN not in faults
    entries = search_index.held(connection, serving) if whole else 0
    size = search_index.size(connection, serving) if whole else 0
    connection.execute(
        "INSERT OR REPLACE INTO search_check(id, time, entries, bytes, faults) VALUES (1, ?, ?, ?, ?)",
        (now, entries, size, json.dumps(faults, ensure_ascii=False)),
    )


# ---------------------------------------------------------------------- is it whole?


def check(database: Database, now: int, *, deep: bool = False) -> list[str]:
    """Compare the index with catalogue and records: their number, and of some hundred of each whether their words lead to them.

    `deep`: the index's own structure too, which reads all of it while nobody writes. The result is kept; sentences in Chinese, none
    with a title.
    """
    with database.transaction() as connection:
        try:
            faults = list(_faults(connection, deep=deep))[:FAULTS_TOLD]
        except StoreDamaged:
            faults = [_TORN]
        _keep(connection, now, faults)
    return faults


def _faults(connection: apsw.Connection, *, deep: bool) -> Iterator[str]:
    now = search_index.state(connection)
    if not now.serving:
        yield "检索索引还没有建好，查找要逐条比对"
        return
    if now.fold and now.fold != search_fold.version():
        yield "检索索引由另一版程序建立，可能漏检"
    held, expected = search_index.held(connection, now.serving), _expected(connection)
    if held != expected:
        yield f"检索索引有 {held:,} 条，目录和档案有 {expected:,} 条"
    if deep and not search_index.is_sound(connection, now.serving):
        yield _TORN
        return
    missing = sum(not _leads(connection, now.serving, entry) for entry in _sampled(connection))
    if missing:
        yield f"抽查的条目中有 {missing} 条按自己的字词查不到"


def _sampled(connection: apsw.Connection) -> Iterator[search_index.Entry]:
    """Rows and records from one end to the other."""
    last = rows.next_id(connection) - 1
    wanted = sorted({1 + last * place // SAMPLE for place in range(SAMPLE)}) if last else []
    if wanted and (found := rows.full_of(connection, wanted)):
        yield from search_index.entries_of([one.id for one in found], [rows.document(one) for one in found])
    numbers = search_records.newest(connection, RECORDS, SAMPLE)
    for number, document in (search_records.documents(connection, numbers) if numbers else {}).items():
        yield from search_index.entries_of([RECORDS + number], [document])


def _leads(connection: apsw.Connection, table: str, entry: search_index.Entry) -> bool:
    """Whether some of its tokens lead to an entry."""
    number, said, era = entry
    tokens = list(dict.fromkeys(said.split()))
    step = max(1, len(tokens) // _TOKENS)
    match = " AND ".join(f'"{one}"' for one in tokens[::step][:_TOKENS])
    found = search_index.candidates(connection, table, [(era, match)], (number - 1, number + 1))
    return next(found, None) is not None


# ---------------------------------------------------------------------- building it anew


def rebuild(
    database: Database,
    *,
    now: int,
    begin: bool = True,
    seconds: float = float("inf"),
    stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Told:
    """Build the index anew for so many seconds, or until `stopped`: `done` of `total`, `finished`, and then `entries`, `bytes`,
    `faults` of the check at the end. Each portion is committed, so that another call goes on; `begin` false begins nothing.
    """
    until = clock() + seconds
    with database.transaction() as connection:
        progress = search_rebuild.begin(connection) if begin else search_rebuild.progress(connection)
    while not progress.finished and clock() < until and not stopped():
        with database.transaction() as connection:
            progress = search_rebuild.portion(connection)
    told: Told = {"done": progress.done, "total": progress.total, "finished": progress.finished}
    if not progress.finished:
        return told
    _tidy(database, stopped)
    faults = check(database, now)
    found = state(database.read())
    return {**told, "entries": found["entries"], "bytes": found["bytes"], "faults": faults}


def go_on(database: Database, *, now: int, stopped: Callable[[], bool]) -> None:
    """What the index wants (`search_index.wants_work`) when nothing else is done, until `stopped`: building that was left off by a
    person, by a crash, or by a database of an older program; pieces brought together that imports left."""
    if search_index.state(database.read()).building:
        rebuild(database, now=now, begin=False, stopped=stopped)
    else:
        _tidy(database, stopped)


def _tidy(database: Database, stopped: Callable[[], bool]) -> None:
    for _ in range(TIDY_MAX):
        with database.transaction() as connection:
            if stopped() or not search_rebuild.tidy(connection):
                return
