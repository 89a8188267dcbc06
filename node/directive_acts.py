"""What each kind of directive does at the node (format.md §17), and what a person's word on those that ask does. Runs inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
from msgspec.structs import replace

from holdings import correction, custody_store, declared_totals, opening_result, opening_verdict, records
from holdings.custody import ActKind, CustodyAct, Effect, Party
from holdings.directive import Body, HandOver, kind_of
from holdings.directive_entry import Result, Subject
from holdings.directive_verdict import Accepted, Grant, Link, Returned
from holdings.directive_wish import Correction, Opening, ReadingAnswer, ReadingAsked
from holdings.errors import CustodyRefused, HoldingsError
from holdings.opening_verdict import OpeningVerdict
from holdings.record import RecordId
from holdings.reference_code import match_key
from holdings.stored_record import StoredRecord
from node import city_answers, city_verdicts, settings
from node.amending import Amendment, amend
from node.clock import Clock
from node.directive_store import Told
from node.home import Home
from node.settings import Setting
from sync import sealed

MISSING_TOLD = 5


class Acts:
    """Carries bodies out inside one transaction; `now` whole seconds UTC."""

    def __init__(self, connection: apsw.Connection, home: Home, now: int) -> None:
        self._connection, self._home, self._now = connection, home, now

    def carry_out(self, told: Told, body: Body, clock: Clock) -> tuple[Result, str]:
        """Do what a directive that just came says; (what became of it, remark for the hub)."""
        match body:
            case Returned():
                return self._returned(told, body)
            case Accepted():
                return self._accepted(told, body)
            case Link():
                settings.write(self._connection, Setting.HANDOVER, int(body.handover))
            case Grant():
                self._by_hub(told, ActKind.GRANT, body.subjects, Party(self._home.identity.log.log_id))
            case Opening():
                return self._opened(body, clock)
            case ReadingAnswer(received=received) if received is not None:
                city_answers.enter(self._connection, body, received, self._now)
        return (Result.WAITING if kind_of(body).asks else Result.APPLIED), ""

    def decided(self, told: Told, body: Body, clock: Clock, *, yes: bool, person: str, text: str) -> None:
        """What a person's word on a directive that asks does; MendRefused, CustodyRefused and the like leave it as it was."""
        match body:
            case Correction() if yes:
                self._correct(body, clock, person, text)
            case Grant():
                kind = ActKind.ACCEPT if yes else ActKind.RETURN
                own = Party(self._home.identity.log.log_id)
                for one in body.subjects:
                    self._act(told, one.record, CustodyAct(kind, one.turn + 1, one.version, own))
            case ReadingAsked() if not text.strip():
                raise CustodyRefused("请写明对协查请求的答复（--text 或 --reason）。")

    # ------------------------------------------------------------------ verdicts

    def _returned(self, told: Told, body: Returned) -> tuple[Result, str]:
        missing, names = list[str](), self._names()
        for one in body.records:
            held = self._held(one.subject, missing)
            if held is not None:
                city_verdicts.give_back(self._connection, told.dseq, body, one, held, names, self._now)
        if body.handover is HandOver.TRANSFER:
            self._by_hub(told, ActKind.RETURN, [one.subject for one in body.records], None)
        return self._told(len(body.records), missing)

    def _accepted(self, told: Told, body: Accepted) -> tuple[Result, str]:
        missing = list[str]()
        for one in body.subjects:
            if self._held(one, missing) is not None:
                city_verdicts.accept(self._connection, told.dseq, body, one, self._now)
        if body.handover is HandOver.TRANSFER:
            self._by_hub(told, ActKind.ACCEPT, body.subjects, None)
        return self._told(len(body.subjects), missing)

    def _held(self, subject: Subject, missing: list[str]) -> StoredRecord | None:
        held = records.by_id(self._connection, RecordId(subject.record))
        if held is None or held.version < subject.version:
            missing.append(subject.record.hex())
            return None
        return held

    @staticmethod
    def _told(count: int, missing: Sequence[str]) -> tuple[Result, str]:
        if not missing:
            return Result.APPLIED, ""
        text = f"{count} 件中有 {len(missing)} 件本机没有：id:{'、id:'.join(missing[:MISSING_TOLD])}"
        return (Result.CANNOT if len(missing) == count else Result.APPLIED), text

    def _names(self) -> dict[str, str]:
        try:
            from holdings import rectification

            return {code: one.name for code, one in rectification.rule(self._home.site).reasons.items()}
        except HoldingsError:
            # A reason whose name the site's own table spoils is shown by its code.
            return {}

    # ------------------------------------------------------------------ custody

    def _by_hub(self, told: Told, kind: ActKind, subjects: Sequence[Subject], to: Party | None) -> None:
        hub = Party(self._home.identity.hub.log_id)
        for one in subjects:
            self._act(told, one.record, CustodyAct(kind, one.turn, one.version, hub, to))

    def _act(self, told: Told, record: bytes, act: CustodyAct) -> None:
        effect = custody_store.add(
            self._connection, self._home.identity.log.log_id, record, act, seq=told.seq, wall=self._now
        )
        if effect is not Effect.DONE:
            raise CustodyRefused(
                f"记录 id:{record.hex()} 的保管此刻不能{act.kind.label}（{effect.value}）。请联系市级中心核对。"
            )
        if act.kind in (ActKind.ACCEPT, ActKind.RETURN):
            # Folders whose files changed while nobody could write them are judged anew.
            settings.add(self._connection, Setting.EPOCH, 1)

    # ------------------------------------------------------------------ opening

    def _opened(self, body: Opening, clock: Clock) -> tuple[Result, str]:
        """开放审核结果: of what this node holds a version says it, of what was let go it is laid over the copy; either way questions obey from the commit on."""
        missing, own = list[str](), self._home.identity.log.log_id
        found = {one: records.by_id(self._connection, RecordId(one)) for one in dict.fromkeys(body.records)}
        elsewhere = custody_store.elsewhere(self._connection, own, found)
        for one, held in found.items():
            if held is None or held.ended:
                missing.append(one.hex())
                continue
            state = opening_result.STATES[body.result]
            if one in elsewhere:
                verdict = OpeningVerdict(state, body.until, body.ground, body.word.person, body.word.time)
                opening_result.apply(self._connection, held, verdict, self._now)
                continue
            element = opening_verdict.element_of(records.body(self._connection, held).elements)
            until = f"（至{body.until}）" if body.until else ""
            reason = f"市级中心 {body.word.person} 的开放审核结果{until}：{body.ground}"[: correction.REASON_MAX]
            self._say(held, {element: state.value}, clock, body.word.person, reason)
        return self._told(len(found), missing)

    # ------------------------------------------------------------------ corrections

    def _correct(self, body: Correction, clock: Clock, person: str, text: str) -> None:
        """修改著录 as it was proposed: the row changes, and the record gets a version that says it; no page travels."""
        held = records.by_id(self._connection, RecordId(body.record))
        if held is None:
            raise CustodyRefused("修改建议所指的档案本机没有。请填写理由后不采纳。")
        own = self._home.identity.log.log_id
        if custody_store.elsewhere(self._connection, own, [bytes(held.id)]):
            raise CustodyRefused("这份档案已移出保管，本机不能修改。请填写理由后不采纳。")
        reason = f"采纳市级中心 {body.word.person} 的修改建议：{text or body.reason}"[: correction.REASON_MAX]
        self._say(held, dict(body.changes), clock, person, reason)

    def _say(self, held: StoredRecord, values: dict[str, str], clock: Clock, person: str, reason: str) -> None:
        """The row says so, and the record gets a version that says it too; no page travels."""
        key = match_key(held.reference_code)
        changes = correction.mend(self._connection, key, values, person, reason, self._now)
        if changes:
            said = records.body(self._connection, held)
            elements = {name: value for name, value in said.elements.items() if name not in changes}
            elements |= {name: new for name, (_, new) in changes.items() if new}
            parts = tuple(sealed.current(self._connection, bytes(held.id)))
            amended = Amendment(held.id, held.version + 1, replace(said, elements=elements), parts, held.pages)
            amend(self._connection, self._home, clock, [amended])
        declared_totals.settle_every(self._connection, self._now)
        settings.add(self._connection, Setting.EPOCH, 1)
