"""Opening reviews 开放审核 at the hub: one archivist proposes, another decides; what is opened takes two persons, what is closed again one. Thread-safe.

Everybody works with what he may see (holdings/access.py) and with nothing else: a review with a record that somebody may not see is not there for him.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from crypto.digest import sha256
from holdings import records
from holdings.access import Access, Opening
from holdings.directive_text import NOTE_MAX
from holdings.errors import HoldingsError, Worded
from holdings.harmless_cell import harmless
from holdings.language import mark
from holdings.search_answer import Hit
from holdings.search_index import RECORDS
from holdings.statistic import ZONE
from holdings.stored_record import StoredRecord
from hub import directive_store, opened, opening_review
from hub.custody_desk import CustodyDesk
from hub.desk import Answer
from hub.errors import NotAllowed
from hub.home import Home
from hub.opening_review import OpeningReview, Reviewed, Stage
from hub.reception_verdicts import By

REVIEWED_MAX: Final = 200
"""Records of one review: as many as two persons can answer for, and one directive for each node."""
RESULTS: Final = (Opening.OPEN, Opening.CONTROLLED, Opening.DEFERRED)
_DECIDING: Final = threading.Lock()
"""Held while a review is decided: what is being carried out is neither withdrawn nor refused meanwhile. A hub is one process."""
_MARK: Final = b"jindang/1/opening-review"
_NAMED: Final = 5
"""Codes that a refusal names."""
HEADINGS: Final = (
    "编号", "档号", "题名", "原状态", "审核结论", "延期至", "依据或理由", "提出人", "提出时间", "状态", "复审人", "复审时间", "意见",
    "停止开放人", "停止开放时间", "停止开放理由",
)  # fmt: skip


class OpeningRefused(Worded, NotAllowed):
    """What may not be proposed or decided."""


class Told(Struct, frozen=True):
    """What became of a review's directive at a node: its number there, its state in words, and what the node said."""

    node: str
    number: int
    stage: str
    answer: str


class OpeningDesk:
    """See the module. `access`: what of the holdings who asks may see."""

    def __init__(self, home: Home, access: Access) -> None:
        self._home, self._access = home, access

    # ------------------------------------------------------------------ seeing

    def hits(self, one: OpeningReview) -> list[Hit]:
        """The records of a review as they are now, those that stand."""
        return self._fetched(it.number for it in one.records)

    def find(self, number: int) -> OpeningReview | None:
        """A review, where every record of it may be seen."""
        one = opening_review.get(self._home.holdings.read(), number)
        return one if one is not None and self._sees([one]) else None

    def listed(self, stage: Stage | None = None, before: int = 0, limit: int = 50) -> list[OpeningReview]:
        """The newest first, below a number, those that may be seen; fewer than `limit` only at the end."""
        reading, found = self._home.holdings.read(), list[OpeningReview]()
        while len(found) < limit and (batch := opening_review.listed(reading, stage, before, limit)):
            before = batch[-1].id
            found += self._sees(batch)
        return found[:limit]

    def of_record(self, number: int) -> list[OpeningReview]:
        """The reviews that a record is in, the newest first."""
        reading = self._home.holdings.read()
        held = [opening_review.get(reading, review) for review in opening_review.of_record(reading, number)]
        return self._sees([one for one in held if one is not None])

    def _sees(self, reviews: Sequence[OpeningReview]) -> list[OpeningReview]:
        if self._access.is_whole:
            return list(reviews)
        reading = self._home.holdings.read()
        seen = {hit.id for hit in self._fetched(it.number for one in reviews for it in one.records)}
        # What ended belongs to nobody's access: of a review that has nothing else left, those know who see the whole house.
        return [
            one for one in reviews
            if any(RECORDS + it.number in seen for it in one.records)
            and all(RECORDS + it.number in seen or records.by_number(reading, it.number).ended for it in one.records)
        ]  # fmt: skip

    def told(self, one: OpeningReview) -> list[Told]:
        """What nodes were told by it, and what they said."""
        reading, directives = self._home.front.read(), self._home.directives()
        names, found = opened.writers(self._home.holdings.read()), list[Told]()
        for turn in range(2):
            for at in range(REVIEWED_MAX):
                issued = directive_store.by_mark(reading, self._mark(one.id, turn, at))
                if issued is None:
                    break
                said = directives.answer(reading, issued)
                found.append(
                    Told(names.get(issued.log_id, ""), issued.dseq, issued.stage.label, said.text if said else "")
                )
        return found

    # ------------------------------------------------------------------ proposing and deciding

    def propose(self, refs: Iterable[str], result: str, until: str, ground: str, by: By) -> int:
        """Enter what one archivist thinks; the number of the review. OpeningRefused says what is missing."""
        wanted, until, ground = self._wish(result, until, ground)
        found = self._found(refs)
        reading, held = self._home.holdings.read(), [self._record(hit) for hit in found]
        if marked := [hit.ref for hit in found if hit.security] if wanted is Opening.OPEN else []:
            raise OpeningRefused(mark("有密级的须先解密才能开放：{refs}。"), refs=_named(marked))
        if same := [hit.ref for hit in found if hit.opening == wanted.value and wanted is not Opening.DEFERRED]:
            raise OpeningRefused(mark("本来就是这样：{refs}。请从清单中去掉。"), refs=_named(same))
        if waiting := opening_review.waiting_for(reading, (one.number for one in held)):
            codes = [one.ref for one in held if one.number in waiting]
            raise OpeningRefused(mark("已提出、待复审：{refs}。请先办结那一份。"), refs=_named(codes))
        reviewed = tuple(
            Reviewed(one.number, one.version, Opening(hit.opening)) for hit, one in zip(found, held, strict=True)
        )
        made = OpeningReview(0, wanted, until, ground, by, self._home.clock.wall(), records=reviewed)
        with self._home.holdings.transaction() as connection:
            return opening_review.add(connection, made)

    def approve(self, one: OpeningReview, by: By, remark: str = "") -> Answer:
        """The second person agrees: at once here for what the hub holds, by directive at the nodes that hold the rest."""
        with _DECIDING:
            return self._approve(self._fresh(one), by, remark)

    def _approve(self, one: OpeningReview, by: By, remark: str) -> Answer:
        self._decides(one, by)
        changed = [it.ref for it, was in self._now(one) if it.ended or it.version != was.version]
        if changed:
            raise OpeningRefused(
                mark("提出以后有了新版本或已注销：{refs}。请不予通过，核对后重新提出。"), refs=_named(changed)
            )
        done = self._carried_out(one, one.result, one.until, one.ground, by, 0)
        # A crash here leaves the review waiting and its result in force; approving it again says the same to the same nodes by the same directives.
        self._close(one, Stage.APPROVED, by, remark)
        return done

    def refuse(self, one: OpeningReview, by: By, remark: str) -> None:
        """The second person does not agree, and says why."""
        if not remark.strip():
            raise OpeningRefused(mark("不予通过须写明理由。"))
        with _DECIDING:
            self._decides(self._fresh(one), by)
            self._close(one, Stage.REFUSED, by, remark)

    def withdraw(self, one: OpeningReview, by: By) -> None:
        """Who proposed it takes it back."""
        if one.by.account != by.account:
            raise OpeningRefused(mark("只有提出人可以撤回。"))
        with _DECIDING:
            self._close(one, Stage.WITHDRAWN, by, "")

    def revoke(self, one: OpeningReview, by: By, reason: str) -> Answer:
        """停止开放: what it opened is controlled again, at once and by one person, for what should not be read should not be read meanwhile."""
        reason = _bounded(reason)
        with _DECIDING:
            return self._revoke(self._fresh(one), by, reason)

    def _revoke(self, one: OpeningReview, by: By, reason: str) -> Answer:
        if one.stage is not Stage.APPROVED or one.result is not Opening.OPEN:
            raise OpeningRefused(mark("只有已审定为开放的可以停止开放；其他请重新提出审核。"))
        if not reason:
            raise OpeningRefused(mark("停止开放须写明理由。"))
        done = self._carried_out(one, Opening.CONTROLLED, "", reason, by, 1)
        # A crash here leaves the records closed and the review as it was: the same act again says the same.
        with self._home.holdings.transaction() as connection:
            opening_review.revoke(connection, one.id, by, self._home.clock.wall(), reason)
        return done

    def direct(self, refs: Sequence[str], result: str, until: str, ground: str, by: By) -> Answer:
        """What was reviewed on paper, by the operator of the machine: carried out at once, and listed among the others."""
        reading, wall = self._home.holdings.read(), self._home.clock.wall()
        held = {one.number: one for one in (records.resolve(reading, ref) for ref in refs)}
        before = [(self._record(hit), Opening(hit.opening)) for hit in self._fetched(held)]
        done = CustodyDesk(self._home).opening(list(refs), result, until, ground, by.person)
        # A crash from here on leaves the result in force and not among the reviews; the journal and the directives have it.
        reviewed = tuple(Reviewed(one.number, one.version, was) for one, was in before)
        made = OpeningReview(0, Opening[result.upper()], until, ground, by, wall, records=reviewed)
        with self._home.holdings.transaction() as connection:
            number = opening_review.add(connection, made)
            opening_review.decide(connection, number, Stage.APPROVED, by, wall)
        return {**done, "review": number}

    # ------------------------------------------------------------------ within

    def _wish(self, result: str, until: str, ground: str) -> tuple[Opening, str, str]:
        wanted = next((one for one in RESULTS if result in (one.name.lower(), one.value)), None)
        if wanted is None:
            raise OpeningRefused(mark("请选定审核结论：开放、控制或延期开放。"))
        ground, until = _bounded(ground), until.strip()
        if not ground:
            raise OpeningRefused(mark("请写明依据或理由。"))
        if (wanted is Opening.DEFERRED) != bool(until):
            raise OpeningRefused(mark("延期开放须写明延期到哪一天；其他结论不写。"))
        if until:
            try:
                day = dt.date.fromisoformat(until)
            except ValueError as fault:
                raise OpeningRefused(mark("日期应写作 2026-01-31 的样子。")) from fault
            if len(until) != 10 or day <= dt.datetime.fromtimestamp(self._home.clock.wall(), ZONE).date():
                raise OpeningRefused(mark("延期到的日期应在今天以后。"))
        return wanted, until, ground

    def _found(self, refs: Iterable[str]) -> list[Hit]:
        """What the references name, each once; OpeningRefused for what cannot be seen or has no record."""
        typed = list(dict.fromkeys(ref.strip() for ref in refs if ref.strip()))
        if not 1 <= len(typed) <= REVIEWED_MAX:
            raise OpeningRefused(mark("请写明档号，每行一个，至多 {n} 件。"), n=REVIEWED_MAX)
        reading, numbers, missing = self._home.holdings.read(), dict[int, str](), list[str]()
        for ref in typed:
            try:
                numbers[RECORDS + records.resolve(reading, ref).number] = ref
            except HoldingsError:
                missing.append(ref)
        hits = self._fetched(number - RECORDS for number in numbers)
        seen = {hit.id for hit in hits}
        missing += [ref for number, ref in numbers.items() if number not in seen]
        writers = set(opened.writers(reading).values())
        missing += [hit.ref for hit in hits if self._record(hit).writer not in writers]
        if missing:
            raise OpeningRefused(
                mark("查不到这些档号，或您无权查看，或只有目录：{refs}。几个馆有同号的请写作“节点/档号”。"),
                refs=_named(missing),
            )
        return hits

    def _fetched(self, numbers: Iterable[int]) -> list[Hit]:
        """Records that stand and may be seen, by their numbers, each once."""
        from holdings.search import fetch  # slow to load, and a hub must be up first

        wanted = [RECORDS + number for number in dict.fromkeys(numbers)]
        return fetch(self._home.holdings.read(), self._access, wanted) if wanted else []

    def _record(self, hit: Hit) -> StoredRecord:
        return records.by_number(self._home.holdings.read(), hit.id - RECORDS)

    def _now(self, one: OpeningReview) -> list[tuple[StoredRecord, Reviewed]]:
        reading = self._home.holdings.read()
        return [(records.by_number(reading, it.number), it) for it in one.records]

    def _fresh(self, one: OpeningReview) -> OpeningReview:
        """As it stands now: who saw it may have seen it minutes ago."""
        now = opening_review.get(self._home.holdings.read(), one.id)
        assert now is not None, "a review is never taken out"
        return now

    def _decides(self, one: OpeningReview, by: By) -> None:
        if one.stage is not Stage.WAITING:
            raise OpeningRefused(mark("这一份已经办结。"))
        if one.by.account == by.account or one.by.person == by.person:
            raise OpeningRefused(mark("提出人不能复审；请由其他业务人员办理。"))

    def _close(self, one: OpeningReview, stage: Stage, by: By, remark: str) -> None:
        with self._home.holdings.transaction() as connection:
            if not opening_review.decide(connection, one.id, stage, by, self._home.clock.wall(), _bounded(remark)):
                raise OpeningRefused(mark("这一份已经办结。"))

    def _carried_out(self, one: OpeningReview, result: Opening, until: str, ground: str, by: By, turn: int) -> Answer:
        refs = [f"id:{it.id.hex()}" for it, _ in self._now(one) if not it.ended]
        marks = (self._mark(one.id, turn, at) for at in range(REVIEWED_MAX))
        return CustodyDesk(self._home).opening(refs, result.name.lower(), until, ground, by.person, marks)

    def _mark(self, review: int, turn: int, at: int) -> bytes:
        return sha256(_MARK + self._home.hub_id + f"{review}/{turn}/{at}".encode())[:16]

    # ------------------------------------------------------------------ to take along

    def as_csv(self, reviews: Iterable[OpeningReview]) -> Iterator[bytes]:
        """A line for each record of each review, UTF-8 with a byte-order mark; no cell is a formula."""
        yield b"\xef\xbb\xbf" + _line(HEADINGS)
        for one in reviews:
            known = {hit.id: hit for hit in self.hits(one)}
            said = (
                one.result.value, one.until, one.ground, one.by.person, _day(one.time), one.stage.label, one.decider.person, _day(one.decided), one.remark,
                one.revoker.person, _day(one.revoked), one.revoke_reason,
            )  # fmt: skip
            for it in one.records:
                hit = known.get(RECORDS + it.number)
                yield _line((str(one.id), hit.ref if hit else "", hit.title if hit else "", it.before.value, *said))


def values(desk: OpeningDesk, one: OpeningReview) -> dict[str, Any]:
    """A review as JSON: times in seconds UTC, 0 where it has not come to that."""
    return {
        "id": one.id, "result": one.result.name.lower(), "until": one.until, "ground": one.ground, "stage": one.stage.name.lower(),
        "stage_label": one.stage.label, "refs": [hit.ref for hit in desk.hits(one)], "records": len(one.records), "by": one.by.person, "time": one.time,
        "decided_by": one.decider.person, "decided": one.decided, "remark": one.remark, "revoked_by": one.revoker.person, "revoked": one.revoked,
        "revoke_reason": one.revoke_reason,
    }  # fmt: skip


def _bounded(text: str) -> str:
    """A sentence without blanks around it; OpeningRefused above the bound or with what cannot be shown."""
    text = " ".join(text.split())
    if len(text) > NOTE_MAX or not text.isprintable():
        raise OpeningRefused(mark("至多 {n} 字，不得有不能显示的字符。"), n=NOTE_MAX)
    return text


def _named(refs: Sequence[str]) -> str:
    return "、".join(refs[:_NAMED]) + ("…" if len(refs) > _NAMED else "")


def _day(time: int) -> str:
    return dt.datetime.fromtimestamp(time, ZONE).strftime("%Y-%m-%d %H:%M") if time else ""


def _line(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue().encode("utf-8", "replace")
