"""移出保管: records that the node lets go of, for the city's archive to take over or give back (format.md §18); and 整改说明, the answer in words to a return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apsw
from msgspec.structs import replace

from holdings import custody_store, delivery, records
from holdings.custody import ActKind, CustodyAct, Effect, Party
from holdings.directive import HandOver
from holdings.directive_entry import RELEASED_MAX, ReleaseEntry, Result, Said, Subject, encode_release_said
from holdings.errors import CustodyRefused
from holdings.record import Explanation
from holdings.stored_record import StoredRecord
from node import city_verdicts, directive_store, own_entries, settings
from node.amending import Amendment, amend
from node.engine import Engine
from node.home import Home
from node.settings import Setting
from node.verbs import Answer
from sync import sealed
from sync.entry import EntryKind

TOLD_MAX = 5
PAGE = 1_000


def handover(connection: apsw.Connection) -> HandOver:
    """How this node hands over, as the hub last said; a report unless it said otherwise (DESIGN §3)."""
    stored = settings.number(connection, Setting.HANDOVER)
    return HandOver(stored) if stored else HandOver.REPORT


def counts(home: Home, reading: apsw.Connection) -> Answer:
    """What waits: directives for a person, those behind one that is not known, records to be mended and mended, in transit and handed over."""
    to_mend, mended = city_verdicts.counts(reading)
    transit, over = custody_store.counts(reading, home.identity.log.log_id)
    stop, broken = directive_store.stopped(reading), settings.read(reading, Setting.DIRECTIVES_BROKEN)
    why = str(broken) if broken else f"第 {stop.dseq} 号指令本机程序不认识，请升级程序" if stop else ""
    return {
        "waiting": directive_store.count(reading, Result.WAITING), "behind": directive_store.count(reading, None), "stopped": why,
        "to_mend": to_mend, "mended": mended, "in_transit": transit, "handed_over": over, "handover": handover(reading).name.lower(),
    }  # fmt: skip


def release(engine: Engine, refs: Sequence[str], name: str, person: str, reason: str) -> Answer:
    """Let go of records, or of all of a delivery that this node still holds; in one transaction, all that is meant or nothing.

    Raises:
        CustodyRefused: the link reports, or a record meant is not this node's to give.
        NotFound, AmbiguousReference: as records.resolve.
        NodeError: intake went on too long.
    """
    home = engine.home
    if handover(home.database.read()) is not HandOver.TRANSFER:
        raise CustodyRefused(
            "本机向市级中心“报送”，档案始终由本馆保管，没有可移出的。确需移交的，请市级中心把交接方式改为移交（hub handover）。"
        )
    with engine.alone():
        now = int(engine.clock.now())
        with home.database.transaction() as connection:
            meant, skipped = _meant(connection, home, refs, name)
            said = Said(reason, person, now, name)
            seqs = [
                _let_go(connection, home, meant[at : at + RELEASED_MAX], said, engine)
                for at in range(0, len(meant), RELEASED_MAX)
            ]
        # A crash before the commit let nothing go; after it the hub hears of it at the next contact, and nobody writes these records meanwhile.
    return {
        "released": len(meant),
        "skipped": skipped,
        "entries": seqs,
        "refs": [record.reference_code for record in meant[:PAGE]],
    }


def explain(engine: Engine, ref: str, person: str, text: str) -> None:
    """整改说明: a version with the same pages that answers the return of the one before in words.

    Raises:
        CustodyRefused: nothing of the record was returned, it was mended since, or it is not this node's to write.
    """
    if not text.strip():
        raise CustodyRefused("请写明整改说明：--text")
    home = engine.home
    with engine.alone(), home.database.transaction() as connection:
        record = records.resolve(connection, ref)
        last = next(iter(reversed(city_verdicts.of_record(connection, bytes(record.id)))), None)
        if last is None or last.accepted or record.version > last.version:
            raise CustodyRefused(f"{record.reference_code} 没有等着整改的退回，不必说明。")
        answer = Explanation(text, person, int(engine.clock.now()), last.dseq)
        said = replace(records.body(connection, record), explanation=answer)
        parts = tuple(sealed.current(connection, bytes(record.id)))
        amend(connection, home, engine.clock, [Amendment(record.id, record.version + 1, said, parts, record.pages)])


def _meant(connection: apsw.Connection, home: Home, refs: Sequence[str], name: str) -> tuple[list[StoredRecord], int]:
    """(records to let go, records of the delivery that went before)."""
    own = home.identity.log.log_id
    chosen = {record.number: record for record in (records.resolve(connection, ref) for ref in refs)}
    wrong = [
        f"{record.reference_code} {_state(connection, own, record)}"
        for record in chosen.values()
        if _state(connection, own, record)
    ]
    if wrong:
        more = f" 等 {len(wrong)} 件" if len(wrong) > TOLD_MAX else ""
        raise CustodyRefused(f"不能移出保管：{'；'.join(wrong[:TOLD_MAX])}{more}。已全部不办，请去掉后重试。")
    skipped = 0
    for record in _of(connection, name) if name else ():
        if _state(connection, own, record):
            skipped += 1
        else:
            chosen[record.number] = record
    if not chosen:
        raise CustodyRefused(
            "没有可以移出保管的档案：请写明档号，或用 --delivery 指明批次。"
            if not skipped
            else "这一批的档案都已移出或作废。"
        )
    return list(chosen.values()), skipped


def _of(connection: apsw.Connection, name: str) -> Iterator[StoredRecord]:
    delivery.fetch(connection, name)
    after = 0
    while batch := records.in_delivery(connection, name, after=after, limit=PAGE):
        yield from batch
        after = batch[-1].number


def _state(connection: apsw.Connection, own: bytes, record: StoredRecord) -> str:
    """Why a record cannot be let go; empty when it can."""
    if record.ended:
        return "已并出或作废"
    held = custody_store.holding(connection, own, bytes(record.id))
    if held.holder is None:
        return "已在移交中"
    return "" if held.may_write(Party(own)) else "已由市馆保管"


def _let_go(connection: apsw.Connection, home: Home, batch: Sequence[StoredRecord], said: Said, engine: Engine) -> int:
    own, hub = Party(home.identity.log.log_id), Party(home.identity.hub.log_id)
    subjects = tuple(
        Subject(bytes(record.id), record.version, custody_store.holding(connection, own, bytes(record.id)).turn)
        for record in batch
    )
    body = ReleaseEntry(hub, subjects, own_entries.seal(home, encode_release_said(said)))
    entry = own_entries.append(connection, home, EntryKind.RELEASE, body.to_map(), said.time, engine.clock.state())
    for one in subjects:
        act = CustodyAct(ActKind.RELEASE, one.turn, one.version, own, hub)
        effect = custody_store.add(connection, own, one.record, act, seq=entry.seq, wall=said.time)
        assert effect is Effect.DONE, "judged in this transaction"
    return entry.seq
