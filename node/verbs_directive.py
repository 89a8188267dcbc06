"""Verbs about what the hub says and custody: directives 中心指令, what was returned 退回整改, release 移出保管."""

from __future__ import annotations

from typing import Any, Final

from holdings import directive, records
from holdings.directive import Body, DirectiveKind
from holdings.directive_entry import Result, Said, Subject
from holdings.directive_text import person_of, text_of
from holdings.directive_verdict import Accepted, Grant, Link, Returned
from holdings.directive_wish import Correction, Notice, Opening, ReadingAnswer, ReadingAsked
from holdings.errors import CustodyRefused, NotFound
from holdings.local_time import local_day
from holdings.record import REASON_MAX, RecordId
from node import city_verdicts, custody_shown, directive_store, part_pages, releasing
from node.directive_acts import Acts
from node.directive_store import Told
from node.directives import finish
from node.verbs import Answer, Verbs
from sync import sealed

RESULTS: Final = {one.name.lower(): one for one in Result}


class DirectiveVerbs(Verbs):
    """What the hub told this node, what a person decides of it, and what the node lets go of."""

    def directives(self, state: str = "", kind: str = "", before: int = 0, limit: int = 100) -> Answer:
        """Directives, the newest first, with counts of those that wait; `state` waiting, applied …, `kind` returned, notice …"""
        if (state and state not in RESULTS) or (kind and kind.upper() not in DirectiveKind.__members__):
            raise NotFound(
                f"没有这种状态或种类；可用：{'、'.join([*RESULTS, *(k.name.lower() for k in DirectiveKind)])}"
            )
        wanted = DirectiveKind[kind.upper()].value if kind else None
        reading = self._home.database.read()
        found = directive_store.listed(
            reading, result=RESULTS.get(state), kind=wanted, before=before, limit=min(max(limit, 1), 1_000)
        )
        return {"items": [self._short(told) for told in found], **self.directive_counts()}

    def directive_counts(self) -> Answer:
        """What waits: directives for a person, records to be mended, records in transit; and whether directives are stopped, and why."""
        return releasing.counts(self._home, self._home.database.read())

    def directive_show(self, number: int) -> Answer:
        """One directive with all it says."""
        told = self._one(number)
        body = _body(told)
        return {**self._short(told), "says": self._says(body) if body is not None else {}}

    def directive_apply(self, number: int, by: str, text: str = "") -> Answer:
        """采纳 a directive that asks: a correction is made, custody is taken, a request is answered with `text`."""
        return self._word_on(number, by, text, yes=True)

    def directive_decline(self, number: int, by: str, reason: str) -> Answer:
        """不采纳, with the reason that goes back to the city."""
        if not reason.strip():
            raise CustodyRefused("不采纳须写明理由：--reason")
        return self._word_on(number, by, reason, yes=False)

    def _word_on(self, number: int, by: str, text: str, *, yes: bool) -> Answer:
        person_of(by)
        text_of(text)
        with self._engine.alone():
            now = self._seconds()
            with self._home.database.transaction() as connection:
                told = directive_store.get(connection, number)
                body = _body(told) if told is not None else None
                if told is None or body is None or told.result is not Result.WAITING:
                    raise CustodyRefused(
                        f"第 {number} 号指令不在等待决定：{told.result.label if told and told.result else '没有这一号'}。"
                    )
                Acts(connection, self._home, now).decided(told, body, self._clock, yes=yes, person=by, text=text)
                said = Said(text, by, now)
                finish(
                    connection, self._home, told, Result.APPLIED if yes else Result.DECLINED, said, self._clock.state()
                )
        # A crash before the commit decided nothing; after it the word travels with the next contact.
        self._wake()
        return self.directive_show(number)

    def returned_list(self, mended: bool | None = None, after: str = "", limit: int = 1000) -> Answer:
        """Records that the city gave back, with reasons, pages and due dates; `after` the `cursor` of the last one seen."""
        reading = self._home.database.read()
        dseq, _, record = after.partition("/")
        start = (int(dseq), bytes.fromhex(record)) if record else (0, b"")
        found = city_verdicts.returned(reading, mended=mended, after=start, limit=min(max(limit, 1), 10_000))
        self._count({one.record for one, _ in found if any(fault.pages for fault in one.faults)})
        to_mend, waiting = city_verdicts.counts(reading)
        today = local_day(self._clock.now())
        items = [
            {
                **custody_shown.verdict(reading, one),
                "mended": done,
                "overdue": bool(one.due) and not done and one.due < today,
            }
            for one, done in found
        ]
        return {"items": items, "to_mend": to_mend, "mended": waiting}

    def _count(self, identities: set[bytes]) -> None:
        """The pages of PDF, OFD and TIFF files of these records, where nobody counted them yet: verdicts name pages by them."""
        reading = self._home.database.read()
        for identity in identities:
            part_pages.count(self._home, self._engine.sandbox, sealed.current(reading, identity))

    def returned_explain(self, ref: str, text: str, by: str) -> Answer:
        """整改说明: answer a return in words where nothing, or not all, is to be mended; it goes to the city as a version with the same pages."""
        releasing.explain(self._engine, ref, person_of(by), text_of(text, REASON_MAX))
        self._wake()
        return self.custody(ref)

    def release(self, refs: list[str], by: str, delivery: str = "", reason: str = "") -> Answer:
        """移出保管: records, or all of a delivery, go over to the city's archive; nobody writes them until it takes them or gives them back."""
        person_of(by)
        text_of(reason, 400)
        done = releasing.release(self._engine, refs, delivery, by, reason)
        self._wake()
        return done

    def custody(self, ref: str) -> Answer:
        """Who holds a record, the acts that led there, and what the city said of it."""
        reading = self._home.database.read()
        record = records.resolve(reading, ref)
        if any(fault.pages for one in city_verdicts.of_record(reading, bytes(record.id)) for fault in one.faults):
            self._count({bytes(record.id)})
        return {"ref": record.reference_code, **custody_shown.custody(self._home, reading, bytes(record.id))}

    def custody_of(self, identity: str) -> Answer:
        """The same by a record's id as hexadecimal digits."""
        return self.custody(f"id:{identity}")

    # ------------------------------------------------------------------ shown

    def _one(self, number: int) -> Told:
        told = directive_store.get(self._home.database.read(), number)
        if told is None:
            raise NotFound(f"没有第 {number} 号中心指令；jindang node directives list 列出全部")
        return told

    def _short(self, told: Told) -> Answer:
        kind = directive.known(told.kind)
        return {
            "number": told.dseq, "kind": kind.name.lower() if kind else str(told.kind), "label": kind.label if kind else f"未知（{told.kind}）",
            "critical": told.critical, "state": told.result.name.lower() if told.result else "behind",
            "state_label": told.result.label if told.result else "待执行", "asks": bool(kind and kind.asks and told.result is Result.WAITING),
            "wall": told.wall, "taken": told.taken, "decided": told.decided, "by": told.person, "text": told.text, "summary": self._summary(told),
        }  # fmt: skip

    def _summary(self, told: Told) -> str:
        """One line of what it says."""
        match _body(told):
            case Returned(delivery=name, round=which, records=listed, due=due):
                return f"{name} 第 {which} 轮退回 {len(listed)} 件" + (f"，期限 {due}" if due else "")
            case Accepted(delivery=name, round=which, subjects=listed):
                return f"{name} 第 {which} 轮通过 {len(listed)} 件"
            case Grant(subjects=listed):
                return f"交回 {len(listed)} 件"
            case Correction(record=record, changes=changes):
                return f"{self._code(record)}：{'、'.join(name for name, _ in changes)}"
            case Opening(result=result, records=listed):
                return f"{len(listed)} 件{result.label}"
            case ReadingAsked(archive=archive, sought=sought):
                return f"{archive}：{sought[:60]}"
            case ReadingAnswer(result=result, text=text):
                return f"{result.label}：{text[:60]}"
            case Notice(subject=subject):
                return subject
            case Link(handover=kind):
                return f"改为{kind.label}"
        return ""

    def _says(self, body: Body) -> Answer:
        said: Answer = {"person": body.word.person, "time": body.word.time}
        match body:
            case Returned() | Accepted():
                return said | self._verdict(body)
            case Grant():
                return said | {"reason": body.reason, "records": [self._subject(one) for one in body.subjects]}
            case Correction():
                changes = self._changes(body)
                return said | {
                    **self._named(body.record),
                    "version": body.version,
                    "reason": body.reason,
                    "changes": changes,
                }
            case Opening():
                listed = [self._named(one) for one in body.records]
                return said | {
                    "result": body.result.label,
                    "until": body.until,
                    "ground": body.ground,
                    "records": listed,
                }
            case ReadingAsked():
                listed = [self._named(one) for one in body.records]
                asked = {
                    "archive": body.archive,
                    "applicant": body.applicant,
                    "sought": body.sought,
                    "until": body.until,
                }
                return said | {"request": body.request.hex(), **asked, "records": listed}
            case ReadingAnswer():
                answer = {"result": body.result.label, "text": body.text, "until": body.until}
                return said | {"request": body.request.hex(), **answer}
            case Notice():
                return said | {"subject": body.subject, "text": body.text}
            case Link():
                return said | {"handover": body.handover.name.lower()}

    def _verdict(self, body: Returned | Accepted) -> Answer:
        said: Answer = {
            "handover": body.handover.name.lower(),
            "delivery": body.delivery,
            "round": body.round,
            "note": body.note,
        }
        if isinstance(body, Accepted):
            return said | {"records": [self._subject(one) for one in body.subjects]}
        listed = [
            {**self._subject(one.subject), "faults": custody_shown.faults(one.faults, [])} for one in body.records
        ]
        return said | {"due": body.due, "records": listed}

    def _subject(self, one: Subject) -> Answer:
        return {**self._named(one.record), "version": one.version}

    def _changes(self, body: Correction) -> list[dict[str, Any]]:
        """Each element as it is now and as it is proposed."""
        reading = self._home.database.read()
        held = records.by_id(reading, RecordId(body.record))
        now = records.body(reading, held).elements if held is not None else {}
        return [{"field": name, "now": now.get(name, ""), "proposed": value} for name, value in body.changes]

    def _named(self, identity: bytes) -> Answer:
        return custody_shown.record(self._home.database.read(), identity)

    def _code(self, identity: bytes) -> str:
        return self._named(identity)["ref"] or f"id:{identity.hex()}"


def _body(told: Told | None) -> Body | None:
    kind = directive.known(told.kind) if told is not None else None
    return directive.decode(kind, told.body) if told is not None and kind is not None and told.body else None
