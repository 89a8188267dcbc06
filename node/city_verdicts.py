"""What the hub said of records, 验收通过 or 退回整改: tables `city_verdict`, `city_returned`, and the findings that returns make. Callers own the transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import apsw
from msgspec import Struct

from holdings import quarantine
from holdings.findings import Finding, FindingCode
from holdings.stored_record import StoredRecord

if TYPE_CHECKING:
    from holdings.directive_entry import Subject
    from holdings.directive_verdict import Accepted, HandOver, Returned, ReturnedRecord, ReturnFault

_COLUMNS: Final = "v.record, v.dseq, v.version, v.accepted, v.handover, v.round, v.due, v.delivery, v.faults, v.note, v.person, v.time"


class CityVerdict(Struct, frozen=True):
    """One word of the hub about a version of a record; `due` as YYYY-MM-DD or empty, `time` seconds UTC as the hub says."""

    record: bytes
    dseq: int
    version: int
    accepted: bool
    handover: HandOver
    round: int
    due: str
    delivery: str
    faults: tuple[ReturnFault, ...]
    note: str
    person: str
    time: int


def accept(connection: apsw.Connection, dseq: int, said: Accepted, subject: Subject, now: int) -> None:
    """验收通过: what was returned of the record before waits no more."""
    _add(connection, _of(said, dseq, subject, (), ""), "")
    _close(connection, subject.record, now)


def give_back(
    connection: apsw.Connection,
    dseq: int,
    said: Returned,
    one: ReturnedRecord,
    held: StoredRecord,
    names: dict[str, str],
    now: int,
) -> None:
    """退回整改: the record waits for a person under the city's reasons, unless a newer version of it exists already.

    Args:
        names: what the site calls each reason.
    """
    record = one.subject.record
    scope = f"{held.delivery}#市级中心退回#{record.hex()}"
    verdict = _of(said, dseq, one.subject, one.faults, said.due)
    _close(connection, record, now)
    _add(connection, verdict, scope)
    mended = held.version > one.subject.version
    connection.execute("INSERT INTO city_returned VALUES (?, ?, ?)", (record, dseq, mended))
    if not mended:
        path, code = f"{held.delivery}#市级中心退回/{held.reference_code}", held.reference_code
        found = Finding(FindingCode.RETURNED, held.match_key, path, code, told(verdict, names))
        quarantine.settle(connection, scope, [found], now)


def mended(connection: apsw.Connection, record: bytes, now: int) -> None:
    """A new version of a record was sealed: what was returned goes to the hub again, and waits for its word."""
    row = connection.execute(
        "UPDATE city_returned SET mended = 1 WHERE record = ? AND mended = 0 RETURNING dseq", (record,)
    ).fetchone()
    if row is not None:
        _settle(connection, record, int(row[0]), now)


def told(verdict: CityVerdict, names: dict[str, str]) -> str:
    """The reasons as people read them: 第 2 轮；W02 重页（第 3-5 页，说明）；期限 2026-12-31."""
    parts = [f"第 {verdict.round} 轮"]
    for fault in verdict.faults:
        pages = "、".join(str(a) if a == b else f"{a}-{b}" for a, b in fault.pages)
        inner = "，".join(text for text in (f"第 {pages} 页" if pages else "", fault.note) if text)
        parts.append(f"{fault.code} {names.get(fault.code, '')}".strip() + (f"（{inner}）" if inner else ""))
    parts += [verdict.note] if verdict.note else []
    return "；".join([*parts, f"期限 {verdict.due}"] if verdict.due else parts)


def of_record(connection: apsw.Connection, record: bytes) -> list[CityVerdict]:
    """Everything the hub said of a record, the first first."""
    return [
        _verdict(row)
        for row in connection.execute(
            f"SELECT {_COLUMNS} FROM city_verdict v WHERE record = ? ORDER BY dseq", (record,)
        )
    ]


def returned(
    connection: apsw.Connection, *, mended: bool | None = None, after: tuple[int, bytes] = (0, b""), limit: int = 100
) -> list[tuple[CityVerdict, bool]]:
    """Records that the hub gave back and has not taken since, with whether a new version was sealed; in the order in which they came back."""
    chosen = "" if mended is None else f" AND r.mended = {int(mended)}"
    rows = connection.execute(
        f"SELECT {_COLUMNS}, r.mended FROM city_returned r JOIN city_verdict v ON v.record = r.record AND v.dseq = r.dseq"
        f" WHERE (r.dseq, r.record) > (?, ?){chosen} ORDER BY r.dseq, r.record LIMIT ?",
        (*after, limit),
    )
    return [(_verdict(row[:-1]), bool(row[-1])) for row in rows]


def counts(connection: apsw.Connection) -> tuple[int, int]:
    """(records to be mended, records mended that wait for the hub's word)."""
    rows: dict[Any, Any] = dict(connection.execute("SELECT mended, count(*) FROM city_returned GROUP BY mended"))
    return int(rows.get(0, 0)), int(rows.get(1, 0))


def _of(
    said: Accepted | Returned, dseq: int, subject: Subject, faults: tuple[ReturnFault, ...], due: str
) -> CityVerdict:
    from holdings.directive_verdict import Accepted

    taken, word = isinstance(said, Accepted), said.word
    return CityVerdict(
        subject.record, dseq, subject.version, taken, said.handover, said.round, due, said.delivery, faults, said.note, word.person, word.time
    )  # fmt: skip


def _add(connection: apsw.Connection, one: CityVerdict, scope: str) -> None:
    faults = json.dumps([[fault.code, fault.pages, fault.note] for fault in one.faults], ensure_ascii=False)
    connection.execute(
        "INSERT INTO city_verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.record,
            one.dseq,
            one.version,
            one.accepted,
            int(one.handover),
            one.round,
            one.due,
            one.delivery,
            faults,
            one.note,
            one.person,
            one.time,
            scope,
        ),
    )


def _close(connection: apsw.Connection, record: bytes, now: int) -> None:
    row = connection.execute("DELETE FROM city_returned WHERE record = ? RETURNING dseq", (record,)).fetchone()
    if row is not None:
        _settle(connection, record, int(row[0]), now)


def _settle(connection: apsw.Connection, record: bytes, dseq: int, now: int) -> None:
    row = connection.execute("SELECT scope FROM city_verdict WHERE record = ? AND dseq = ?", (record, dseq)).fetchone()
    if row is not None and row[0]:
        quarantine.settle(connection, str(row[0]), [], now)


def _verdict(row: tuple[Any, ...]) -> CityVerdict:
    # Here: each new version of a record asks whether it was returned, and hardly any was.
    from holdings.directive_verdict import HandOver, ReturnFault

    record, dseq, version, accepted, handover, which, due, delivery, faults, note, person, time = row
    listed = tuple(
        ReturnFault(code, tuple((a, b) for a, b in pages), remark) for code, pages, remark in json.loads(faults)
    )
    return CityVerdict(
        record, dseq, version, bool(accepted), HandOver(handover), which, due, delivery, listed, note, person, time
    )
