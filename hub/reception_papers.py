"""Papers of concluded rounds: table `reception_paper`. Numbered without gaps by kind and year, their facts frozen: the same paper prints the same for ever."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import apsw
import msgspec
from msgspec import Struct

from holdings import check_store, handover_paper, records, rectification
from holdings.check import Property, Stage, worst
from holdings.check import Verdict as CheckVerdict
from holdings.check_store import Run
from holdings.directive_verdict import HandOver
from holdings.handover_paper import CheckSum, LetGo, ListedRecord, Register
from holdings.record import Level, RecordId, title
from holdings.rectification_notice import Line, Notice
from holdings.reference_code import ordering_key
from hub import opened, reception_store, reception_verdicts
from hub.home import Home
from hub.reception_custody import ReceptionCustody
from hub.reception_store import Reception
from hub.reception_verdicts import Round, Verdict

ZONE_S: Final = 8 * 3_600
FONDS_SAID: Final = 8
"""Fonds named in 内容描述; how many more there are is said."""


class PaperKind(StrEnum):
    """What a paper is; the value is stored."""

    REGISTER = "register"
    NOTICE = "notice"

    def spelled(self, year: int, serial: int) -> str:
        """The number as people write it."""
        return f"{'接收' if self is PaperKind.REGISTER else '整改'}〔{year}〕{serial:04d} 号"


class Paper(Struct, frozen=True):
    """A paper's place: of which round, under which number."""

    kind: PaperKind
    year: int
    serial: int
    round: int

    @property
    def number(self) -> str:
        """As people write it."""
        return self.kind.spelled(self.year, self.serial)


def issue(connection: apsw.Connection, home: Home, held: Reception, said: Round) -> None:
    """Number the papers of a round that was just concluded: a register of what was taken, a notice of what goes back."""
    local = dt.datetime.fromtimestamp(said.time + ZONE_S, dt.UTC)
    day = _day(said.time)
    if said.accepted:
        serial = _serial(connection, PaperKind.REGISTER, local.year)
        facts: Any = _register(connection, home, held, said, PaperKind.REGISTER.spelled(local.year, serial), day)
        _keep(connection, Paper(PaperKind.REGISTER, local.year, serial, said.round), held, facts)
    if said.returned:
        serial = _serial(connection, PaperKind.NOTICE, local.year)
        known = {code: (reason.name, reason.clause) for code, reason in rectification.rule(home.site).reasons.items()}
        facts = Notice(
            PaperKind.NOTICE.spelled(local.year, serial), said.handover, held.writer, home.genesis.name, held.delivery, said.round, said.accepted,
            said.returned, said.due, said.remark, said.by.person, said.time, day, known,
        )  # fmt: skip
        _keep(connection, Paper(PaperKind.NOTICE, local.year, serial, said.round), held, facts)


def papers(connection: apsw.Connection, held: Reception) -> list[Paper]:
    """The papers of a delivery, by round."""
    rows = connection.execute(
        "SELECT kind, year, serial, round FROM reception_paper WHERE reception = ? ORDER BY round, kind DESC",
        (held.id,),
    )
    return [Paper(PaperKind(kind), year, serial, which) for kind, year, serial, which in rows]


def register(connection: apsw.Connection, held: Reception, which: int) -> Register | None:
    """The register of a round."""
    raw = _facts(connection, held, which, PaperKind.REGISTER)
    return msgspec.json.decode(raw, type=Register) if raw else None


def notice(connection: apsw.Connection, held: Reception, which: int) -> Notice | None:
    """The notice of a round."""
    raw = _facts(connection, held, which, PaperKind.NOTICE)
    return msgspec.json.decode(raw, type=Notice) if raw else None


def notice_lines(connection: apsw.Connection, held: Reception, which: int) -> Iterator[Line]:
    """What a notice says of each record that goes back, a line a reason, in the order of codes."""
    for verdict, code, heading in _in_order(connection, held, which, accepted=False):
        for at, reason in enumerate(verdict.reasons):
            yield Line(
                code, heading, verdict.version, reason.code, reason.pages_said, verdict.remark if at == 0 else ""
            )


def listed(connection: apsw.Connection, held: Reception, which: int) -> Iterator[ListedRecord]:
    """The records that a round took, in the versions it took, in the order of codes."""
    log_id = log_of(connection, held.writer)
    for verdict, code, heading in _in_order(connection, held, which, accepted=True):
        record = records.by_number(connection, verdict.number)
        version = next(one for one in records.versions(connection, record) if one.version == verdict.version)
        files = tuple(page.sha256 for page in opened.pages(connection, log_id, record.id, verdict.version))
        yield ListedRecord(code, heading, verdict.version, version.pages, version.bytes, files)


def log_of(connection: apsw.Connection, writer: str) -> bytes:
    """The log of a writer; empty when there is none."""
    return next((log_id for log_id, name in opened.writers(connection).items() if name == writer), b"")


def _in_order(
    connection: apsw.Connection, held: Reception, which: int, *, accepted: bool
) -> list[tuple[Verdict, str, str]]:
    """Verdicts of a round with the codes and titles that their versions bore."""
    found = []
    for verdict in reception_verdicts.of_round(connection, held, which):
        if verdict.accepted is accepted:
            record = records.by_number(connection, verdict.number)
            body = records.body(connection, record, verdict.version)
            found.append((verdict, body.reference_code, title(body)))
    return sorted(found, key=lambda one: (ordering_key(one[1]), one[0].number))


def _register(connection: apsw.Connection, home: Home, held: Reception, said: Round, number: str, day: str) -> Register:
    log_id, digest = log_of(connection, held.writer), hashlib.sha256()
    for line in handover_paper.list_lines(listed(connection, held, said.round)):
        digest.update(line)
    volumes = items = pages = size = 0
    first, last = 1 << 62, 0
    fonds: Counter[str] = Counter()
    years: set[str] = set()
    looked, taken = _Looked(), list[tuple[bytes, int]]()
    for verdict in reception_verdicts.of_round(connection, held, said.round):
        if not verdict.accepted:
            continue
        record, item = records.by_number(connection, verdict.number), reception_store.item(connection, verdict.number)
        volumes, items = volumes + (record.level is Level.VOLUME), items + (record.level is not Level.VOLUME)
        version = next(one for one in records.versions(connection, record) if one.version == verdict.version)
        pages, size = pages + version.pages, size + version.bytes
        taken.append((bytes(record.id), verdict.version))
        fonds[item.fonds if item else ""] += 1
        years.add(record.date[:4])
        seqs = [seq for version, seq, _ in opened.versions(connection, log_id, record.id) if version == verdict.version]
        first, last = min([first, *seqs]), max([last, *seqs])
        looked.add(check_store.latest(connection, RecordId(record.id), Stage.HANDOVER, held.writer), verdict.version)
    custody = (
        f"自本表之日起由{home.genesis.name}保管" if said.handover is HandOver.TRANSFER else f"仍由{held.writer}保管"
    )
    return Register(
        number, said.handover, held.writer, home.genesis.name, held.delivery, said.round, _content(fonds, years), volumes, items, pages, size, first, last,
        log_id.hex(), looked.sums(), digest.hexdigest(), said.remark, said.by.person, said.time, day, custody,
        _released(home, log_id, taken) if said.handover is HandOver.TRANSFER else [],
    )  # fmt: skip


def _released(home: Home, log_id: bytes, taken: list[tuple[bytes, int]]) -> list[LetGo]:
    """What the giver says of what was taken, release by release; one that cannot be read still tells how many."""
    told = ReceptionCustody(home).let_go(log_id, taken)
    return [LetGo(said.text, said.person, _day(said.time), count) if said else LetGo("", "—", "—", count) for said, count in told]


def _day(seconds: int) -> str:
    """A day as papers write it."""
    local = dt.datetime.fromtimestamp(seconds + ZONE_S, dt.UTC)
    return f"{local.year} 年 {local.month} 月 {local.day} 日"


def _content(fonds: Counter[str], years: set[str]) -> str:
    """内容描述: fonds with their counts, and the years."""
    named = [f"全宗 {key or '（档号未含）'} {count:,} 件" for key, count in fonds.most_common(FONDS_SAID)]
    more = f"等 {len(fonds)} 个全宗" if len(fonds) > FONDS_SAID else ""
    known = sorted(year for year in years if year.isdecimal() and len(year) == 4)
    span = f"；{known[0]} 年" if known and known[0] == known[-1] else f"；{known[0]}—{known[-1]} 年" if known else ""
    return "、".join(named) + more + span


class _Looked:
    """Adds up what the hub's own checks say of records, by property."""

    def __init__(self) -> None:
        self._standing: dict[str, Counter[str]] = {name: Counter() for name in handover_paper.ASPECTS}
        self._unchecked = 0

    def add(self, run: Run | None, version: int) -> None:
        """One record; a run of another version says nothing."""
        if run is None or run.version != version:
            self._unchecked += 1
            return
        said: dict[Property, list[CheckVerdict]] = {}
        for one in run.results:
            place = one.code.split("-")
            if len(place) == 3 and place[1].isdecimal() and 1 <= int(place[1]) <= 4:
                said.setdefault(Property(int(place[1])), []).append(one.verdict)
        for name, aspect in handover_paper.ASPECTS.items():
            # As for a whole run: what no service here can look at does not stand in the way, unless nothing was looked at.
            looked = [verdict for verdict in said.get(aspect, []) if verdict is not CheckVerdict.UNTESTED]
            self._standing[name][(worst(looked) if looked else CheckVerdict.UNTESTED).name] += 1

    def sums(self) -> dict[str, CheckSum]:
        """By the form's words."""
        return {name: CheckSum(dict(standing), self._unchecked) for name, standing in self._standing.items()}


def _serial(connection: apsw.Connection, kind: PaperKind, year: int) -> int:
    row = connection.execute(
        "SELECT coalesce(max(serial), 0) + 1 FROM reception_paper WHERE kind = ? AND year = ?", (kind.value, year)
    ).fetchone()
    assert row is not None
    return int(row[0])


def _keep(connection: apsw.Connection, paper: Paper, held: Reception, facts: Register | Notice) -> None:
    connection.execute(
        "INSERT INTO reception_paper VALUES (?, ?, ?, ?, ?, ?)",
        (paper.kind.value, paper.year, paper.serial, held.id, paper.round, msgspec.json.encode(facts).decode()),
    )


def _facts(connection: apsw.Connection, held: Reception, which: int, kind: PaperKind) -> str:
    row = connection.execute(
        "SELECT facts FROM reception_paper WHERE reception = ? AND round = ? AND kind = ?", (held.id, which, kind.value)
    ).fetchone()
    return str(row[0]) if row else ""
