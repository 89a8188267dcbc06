"""Runs of the checks and their results: tables `check_run`, `check_cursor`. Functions run inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import apsw
import msgspec
from msgspec import Struct

from holdings.check import CheckResult, Stage, Verdict, worst
from holdings.record import RecordId

RESULTS_MAX: Final = 8 << 20  # bytes of one run's results: a volume of 20,000 pages, each with several faults, cut here
DETAIL_MAX: Final = 300  # characters of one remark

_SELECT: Final = "SELECT id, stage, writer, record, version, delivery, ref, verdict, pictures, pages, bytes, time, results FROM check_run"


class Run(Struct, frozen=True):
    """One run: `pages` and `bytes` that were looked at, `time` whole seconds UTC; `pictures` tells whether pages were measured."""

    id: int
    stage: Stage
    writer: str
    record: RecordId
    version: int
    delivery: str
    ref: str
    verdict: Verdict
    pictures: bool
    pages: int
    bytes: int
    time: int
    results: tuple[CheckResult, ...]


def add(
    connection: apsw.Connection, stage: Stage, record: RecordId, *, version: int, delivery: str, ref: str, pictures: bool, pages: int, size: int,
    results: Sequence[CheckResult], now: int, writer: str = "",
) -> int:  # fmt: skip
    """Keep a run and return its id. Its verdict is the worst of any code that could run."""
    verdict = worst(r.verdict for r in results if r.verdict is not Verdict.UNTESTED) if results else Verdict.UNTESTED
    rows: list[tuple[str, int, str, str]] = []
    room = RESULTS_MAX
    for one in results:
        row = (one.code, int(one.verdict), one.where, one.detail[:DETAIL_MAX])
        room -= sum(len(str(part)) for part in row) * 3
        if room < 0:
            rows.append((one.code, int(Verdict.PERSON), "", "问题过多，其余未列"))
            break
        rows.append(row)
    connection.execute(
        "INSERT INTO check_run(stage, writer, record, version, delivery, ref, verdict, pictures, pages, bytes, time, results)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (stage.value, writer, bytes(record), version, delivery, ref, int(verdict), int(pictures), pages, size, now, msgspec.json.encode(rows).decode()),
    )  # fmt: skip
    return connection.last_insert_rowid()


def latest(connection: apsw.Connection, record: RecordId, stage: Stage | None = None, writer: str = "") -> Run | None:
    """The newest run of a record, of a stage or of any."""
    row = connection.execute(
        _SELECT + " WHERE writer = ? AND record = ? AND (?3 IS NULL OR stage = ?3) ORDER BY id DESC LIMIT 1",
        (writer, bytes(record), stage.value if stage else None),
    ).fetchone()
    return _run(row) if row else None


def checked(connection: apsw.Connection, record: RecordId, version: int, stage: Stage, writer: str = "") -> bool:
    """Whether this version was run at a stage already."""
    row = connection.execute(
        "SELECT 1 FROM check_run WHERE writer = ? AND record = ? AND stage = ? AND version = ? LIMIT 1", (writer, bytes(record), stage.value, version)
    ).fetchone()
    return row is not None


def of_delivery(connection: apsw.Connection, delivery: str, stage: Stage, writer: str = "") -> Iterator[Run]:
    """The newest run of every record of a delivery, one at a time, in the order of their codes."""
    rows = connection.execute(
        _SELECT + " WHERE id IN (SELECT max(id) FROM check_run WHERE delivery = ? AND stage = ? AND writer = ? GROUP BY record) ORDER BY ref",
        (delivery, stage.value, writer),
    )
    return (_run(row) for row in rows)


def counts(connection: apsw.Connection, stage: Stage, writer: str = "") -> dict[Verdict, int]:
    """How many records stand at each verdict by their newest run."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT verdict, count(*) FROM check_run WHERE id IN (SELECT max(id) FROM check_run WHERE stage = ? AND writer = ? GROUP BY record) GROUP BY verdict",
        (stage.value, writer),
    ).fetchall()
    known = {Verdict(v): int(n) for v, n in rows}
    return {verdict: known.get(verdict, 0) for verdict in Verdict}


def cursor(connection: apsw.Connection, stage: Stage, writer: str = "") -> int:
    """seq up to which a writer's log was checked at a stage."""
    row = connection.execute("SELECT seq FROM check_cursor WHERE stage = ? AND writer = ?", (stage.value, writer)).fetchone()
    return int(row[0]) if row else 0


def move(connection: apsw.Connection, stage: Stage, seq: int, writer: str = "") -> None:
    """The log was checked up to `seq`; 0 begins a new round."""
    connection.execute("INSERT OR REPLACE INTO check_cursor VALUES (?, ?, ?)", (stage.value, writer, seq))


def _run(row: Sequence[Any]) -> Run:
    number, stage, writer, record, version, delivery, ref, verdict, pictures, pages, size, time, results = row
    said = msgspec.json.decode(results, type=list[tuple[str, int, str, str]])
    return Run(
        number, Stage(stage), writer, RecordId(record), version, delivery, ref, Verdict(verdict), bool(pictures), pages, size, time,
        tuple(CheckResult(code, Verdict(v), ref, where, detail) for code, v, where, detail in said),
    )  # fmt: skip
