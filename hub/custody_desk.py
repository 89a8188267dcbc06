"""Hand-overs and directives by command on the machine itself: accept, return, grant, propose, tell, and what became of it. See hub.custody_words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw

from holdings import opening_result, records, rectification
from holdings.access import Access
from holdings.directive import HandOver, encode, known
from holdings.directive_entry import Subject
from holdings.directive_text import Word, person_of
from holdings.directive_verdict import ACCEPTED_MAX, Grant, Link
from holdings.directive_wish import RECORDS_MAX, Correction, Notice, Opening, OpeningResult
from holdings.errors import NotFound
from holdings.opening_verdict import OpeningVerdict
from holdings.reception import Standing
from holdings.rectification import Reason
from holdings.stored_record import StoredRecord
from hub import directive_store, opened, reception_intake, reception_store
from hub.desk import Answer, Number
from hub.directive_store import Issued, Stage
from hub.errors import NotAllowed
from hub.home import Home
from hub.reception_desk import ReceptionDesk, Ruling
from hub.reception_store import Reception
from hub.reception_verdicts import By, Round
from sync import log as logs
from sync.entry import Role
from sync.log import Log

DRAFTED = (Standing.TO_ACCEPT, Standing.TO_RETURN)


class CustodyDesk:
    """See the module. Who is named in `by` stands on the papers and in the directives."""

    def __init__(self, home: Home) -> None:
        self._home, self._directives = home, home.directives()

    # ------------------------------------------------------------------ verdicts

    def accept(self, refs: list[str], by: str, delivery: str = "", node: str = "", note: str = "") -> Answer:
        """验收通过, or 接收 of a transfer: records, or all of a delivery that wait; one round of each delivery is concluded."""
        if delivery:
            return self._whole(delivery, node, by, note)
        return self._rule(refs, Ruling(accepted=True, remark=note), by, "", note)

    def give_back(self, refs: list[str], reasons: list[str], by: str, note: str = "", due: str = "") -> Answer:
        """退回整改: `reasons` as CODE or CODE:pages (W02:3,5-7), `due` a date; one round of each delivery is concluded."""
        whole = 1 << 14
        said = [one.partition(":") for one in reasons]
        named = tuple(Reason(code.strip().upper(), rectification.read_pages(pages, whole)) for code, _, pages in said)
        return self._rule(refs, Ruling(accepted=False, reasons=named, remark=note), by, due, "")

    def _rule(self, refs: Sequence[str], ruling: Ruling, by: str, due: str, note: str) -> Answer:
        person, desk, access = By("local", person_of(by)), self._taken_in(), Access.whole()
        grouped = self._grouped(refs)
        done = list[tuple[Reception, Sequence[int]]]()
        try:
            for held, numbers in grouped:
                desk.draft(held, numbers, ruling, person, access)
                done.append((held, numbers))
        except BaseException:
            # Nothing is concluded yet: what was drafted for the deliveries before is taken back.
            for former, drafted in done:
                desk.withdraw(former, drafted, access)
            raise
        return self._concluded(
            (held, desk.conclude(held, due, note, person, access, held.rounds)) for held, _ in grouped
        )

    def _whole(self, delivery: str, node: str, by: str, note: str) -> Answer:
        person, desk, access = By("local", person_of(by)), self._taken_in(), Access.whole()
        reading = self._home.holdings.read()
        writers = [
            name for _, name in sorted(opened.writers(reading).items(), key=lambda one: one[1]) if node in ("", name)
        ]
        found = [held for name in writers if (held := reception_store.of_delivery(reading, name, delivery)) is not None]
        if len(found) != 1:
            raise NotFound(f"批次“{delivery}”{'在几个节点都有，请用 --node 指明' if found else '没有到馆的档案'}。")
        self._undrafted(reading, found[0])
        taken, left = desk.accept_rest(found[0], person, access, clean=False)
        if not taken:
            raise NotAllowed("这一批没有等待验收的档案；移交的须先由对方移出保管（node release）。")
        return {
            **self._concluded([(found[0], desk.conclude(found[0], "", note, person, access, found[0].rounds))]),
            "left": left,
        }

    def _taken_in(self) -> ReceptionDesk:
        while not reception_intake.take_in(self._home.holdings):
            pass
        desk = ReceptionDesk(self._home)
        desk.hear_releases()
        return desk

    def _grouped(self, refs: Sequence[str]) -> list[tuple[Reception, list[int]]]:
        """Records by the delivery that each came with."""
        reading, found = self._home.holdings.read(), dict[int, tuple[Reception, list[int]]]()
        for ref in refs:
            record = records.resolve(reading, ref)
            item = reception_store.item(reading, record.number)
            held = reception_store.find(reading, item.reception, Access.whole()) if item is not None else None
            if held is None:
                raise NotFound(f"“{ref}”不在接收中：它不是节点报送或移交来的，或已作废。")
            found.setdefault(held.id, (held, []))[1].append(record.number)
        for held, _ in found.values():
            self._undrafted(reading, held)
        if not found:
            raise NotAllowed("请写明档号，或用 --delivery 指明批次。")
        return list(found.values())

    @staticmethod
    def _undrafted(reading: apsw.Connection, held: Reception) -> None:
        """A command concludes what it says itself, and not what somebody has drafted on the pages."""
        counts = reception_store.counts(reading, held, Access.whole())
        if drafted := sum(counts[one].records for one in DRAFTED if one in counts):
            raise NotAllowed(
                f"批次“{held.delivery}”有 {drafted} 件已在网页上拟定结论、尚未办结。请先在网页上办结或撤回。"
            )

    def _concluded(self, rounds: Iterable[tuple[Reception, Round]]) -> Answer:
        told = [
            {
                "node": held.writer, "delivery": held.delivery, "round": said.round, "handover": said.handover.name.lower(), "accepted": said.accepted,
                "returned": said.returned, "due": said.due,
            }
            for held, said in rounds
        ]  # fmt: skip
        return {
            "rounds": told,
            "accepted": sum(one["accepted"] for one in told),
            "returned": sum(one["returned"] for one in told),
        }

    # ------------------------------------------------------------------ custody and other directives

    def handover(self, name: str, kind: str, by: str) -> Answer:
        """Whether a node reports or transfers from now on; it hears of it with its next contact."""
        wanted = HandOver[kind.upper()]
        log_id = self._node(name).log_id
        now = directive_store.handover(self._home.front.read(), log_id)
        if now is wanted:
            return {"name": name, "handover": kind, "directive": None}
        return {
            "name": name,
            "handover": kind,
            "directive": self._directives.issue(log_id, Link(wanted, self._word(by))).dseq,
        }

    def grant(self, refs: list[str], by: str, reason: str) -> Answer:
        """交回保管: records that the city holds go back to the node that brought them, if it takes them."""
        grouped = dict[bytes, list[Subject]]()
        for record in map(self._record, refs):
            log_id = self._log_of(record)
            held = self._directives.holding(self._home.front.read(), log_id, bytes(record.id))
            grouped.setdefault(log_id, []).append(Subject(bytes(record.id), record.version, held.turn))
        word = self._word(by)
        issued = [
            self._directives.issue(log_id, Grant(tuple(subjects[at : at + ACCEPTED_MAX]), reason, word))
            for log_id, subjects in grouped.items()
            for at in range(0, len(subjects), ACCEPTED_MAX)
        ]
        return {"directives": [self._told(one) for one in issued]}

    def propose(self, ref: str, values: dict[str, str], by: str, reason: str) -> Answer:
        """修改建议: what elements of a record should say; its holder decides."""
        record = self._record(ref)
        body = Correction(bytes(record.id), record.version, tuple(values.items()), reason, self._word(by))
        return self._told(self._directives.issue(self._log_of(record), body))

    def opening(
        self, refs: list[str], result: str, until: str, ground: str, by: str, marks: Iterable[bytes] = ()
    ) -> Answer:
        """开放审核结果 of records: at once here for what the hub holds, and told to the nodes that brought them, which apply it to theirs.

        `marks`: one for each directive, so that the same wish again is the same directives (Directives.issue).
        """
        word, wanted, grouped = self._word(by), OpeningResult[result.upper()], dict[bytes, list[StoredRecord]]()
        for record in map(self._record, dict.fromkeys(refs)):
            grouped.setdefault(self._log_of(record), []).append(record)
        state, front = opening_result.STATES[wanted], self._home.front.read()
        bodies = [
            (log_id, Opening(wanted, until, ground, word, tuple(bytes(one.id) for one in found[at : at + RECORDS_MAX])))
            for log_id, found in grouped.items()
            for at in range(0, len(found), RECORDS_MAX)
        ]
        for _, body in bodies:
            encode(body)  # refused before anything is changed
        ours = [
            one for log_id, found in grouped.items() for one in found
            if self._directives.holding(front, log_id, bytes(one.id)).holder == self._home.hub_id
        ]  # fmt: skip
        with self._home.holdings.transaction() as connection:
            for one in ours:
                opening_result.apply(
                    connection, one, OpeningVerdict(state, until, ground, word.person, word.time), word.time
                )
        # A crash here leaves what we hold as it should be and the nodes untold: the same command again tells them, and changes nothing else.
        named = iter(marks)
        issued = [self._directives.issue(log_id, body, next(named, b"")) for log_id, body in bodies]
        return {
            "directives": [self._told(one) for one in issued],
            "applied": len(ours),
            "records": sum(map(len, grouped.values())),
        }

    def notify(self, name: str, subject: str, text: str, by: str) -> Answer:
        """通知: something for the people of a node."""
        return self._told(self._directives.issue(self._node(name).log_id, Notice(subject, text, self._word(by))))

    def directives(self, name: str = "", state: str = "", before: Number = 0, limit: Number = 100) -> Answer:
        """Directives, the newest first, with what became of each; `state` issued, delivered, waiting, applied …"""
        if state and state.upper() not in Stage.__members__:
            raise NotFound(f"没有这种状态；可用：{'、'.join(one.name.lower() for one in Stage)}")
        log_id = self._node(name).log_id if name else None
        wanted = Stage[state.upper()] if state else None
        found = directive_store.listed(
            self._home.front.read(), log_id, stage=wanted, before=before or None, limit=min(max(limit, 1), 1_000)
        )
        return {"items": [self._told(one) for one in found]}

    def releases(self, name: str) -> Answer:
        """What a node let go of, release by release."""
        reading = self._home.front.read()
        return {
            "items": [
                {"seq": entry.seq, "wall": entry.wall, "records": count, "delivery": said.delivery if said else "", "reason": said.text if said else "",
                 "by": said.person if said else ""}
                for entry, count, said in self._directives.releases(reading, self._node(name).log_id)
            ]
        }  # fmt: skip

    # ------------------------------------------------------------------ told

    def _told(self, one: Issued) -> Answer:
        reading, kind = self._home.front.read(), known(one.kind)
        said = self._directives.answer(reading, one) if one.ack is not None else None
        log = logs.find(reading, one.log_id)
        return {
            "node": log.name if log else one.log_id.hex(), "number": one.dseq, "seq": one.seq, "kind": kind.name.lower() if kind else str(one.kind),
            "label": kind.label if kind else "", "state": one.stage.name.lower(), "state_label": one.stage.label, "wall": one.wall, "acked": one.acked,
            "answer": said.text if said else "", "by": said.person if said else "",
        }  # fmt: skip

    def _word(self, by: str) -> Word:
        return Word(person_of(by), self._home.clock.wall())

    def _node(self, name: str) -> Log:
        found = next((log for log in logs.logs(self._home.front.read(), Role.NODE) if log.name == name), None)
        if found is None:
            raise NotFound(f"没有名为“{name}”的节点；jindang hub nodes 列出全部")
        return found

    def _record(self, ref: str) -> StoredRecord:
        return records.resolve(self._home.holdings.read(), ref)

    def _log_of(self, record: StoredRecord) -> bytes:
        found = next(
            (log_id for log_id, name in opened.writers(self._home.holdings.read()).items() if name == record.writer),
            None,
        )
        if found is None:
            raise NotFound(f"“{record.reference_code}”不是节点送来的。")
        return found
