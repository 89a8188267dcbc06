"""What the pages of reception show of deliveries and records, within somebody's access: read, put together, nothing changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import apsw
from msgspec import Struct

from holdings import check_store, reception, records, rectification
from holdings.access import Access
from holdings.check import Stage
from holdings.check import Verdict as CheckVerdict
from holdings.check_store import Run
from holdings.directive_verdict import HandOver
from holdings.reception import DeliveryStanding, Standing, Tally
from holdings.record import Explanation, RecordId
from holdings.stored_record import StoredRecord
from holdings.working_days import WorkingDays, working_days
from hub import reception_outbox, reception_papers, reception_store, reception_verdicts
from hub.directive_store import Stage as Sending
from hub.home import Home
from hub.reception_desk import ReceptionDesk, day_of
from hub.reception_outbox import Sent
from hub.reception_papers import Paper
from hub.reception_store import Item, Reception
from hub.reception_verdicts import Round, Verdict

LIST_MAX: Final = 50
"""Deliveries, or records, of one page."""


class DeliveryRow(Struct, frozen=True):
    """A delivery as the inbox lists it. `age` working days that the oldest record waits; `due` until when somebody must act, `late` when that is over."""

    held: Reception
    handover: HandOver
    standing: DeliveryStanding
    counts: dict[Standing, Tally]
    age: int | None
    due: dt.date | None
    late: bool

    def number(self, *which: Standing) -> int:
        """Records of these standings."""
        return reception.number(self.counts, *which)

    @property
    def whole(self) -> Tally:
        """All of its records."""
        return sum(self.counts.values(), reception.NOTHING)


class RecordRow(Struct, frozen=True):
    """A record as a delivery lists it: what the hub's checks of this version say (None: not yet), what was said of it last, and the node's 整改说明."""

    item: Item
    record: StoredRecord
    checked: CheckVerdict | None
    said: Verdict | None
    told: str
    explained: Explanation | None


class SentRow(Struct, frozen=True):
    """A directive of a round, how far it is, and what the node said."""

    sent: Sent
    stage: Sending | None
    answer: str


class RoundRow(Struct, frozen=True):
    """A concluded round with its papers and directives."""

    round: Round
    papers: list[Paper]
    sent: list[SentRow]


class ReceptionView:
    """Of one person."""

    def __init__(self, home: Home, access: Access) -> None:
        self._home, self._access, self._desk = home, access, ReceptionDesk(home)
        self._reading: apsw.Connection = home.holdings.read()

    @property
    def _calendar(self) -> WorkingDays:
        return working_days(self._home.site)

    def archives(self) -> list[tuple[str, dict[Standing, Tally]]]:
        """Counts by node."""
        return list(reception_store.archives(self._reading, self._access).items())

    def deliveries(self, standings: Sequence[Standing], writer: str, before: int) -> tuple[list[DeliveryRow], int]:
        """A page of deliveries, and the number from which the next goes on (0: there is none)."""
        found = reception_store.listed(
            self._reading, self._access, standings, writer=writer, before=before, limit=LIST_MAX + 1
        )
        return [self.row(held) for held in found[:LIST_MAX]], found[LIST_MAX - 1].id if len(found) > LIST_MAX else 0

    def find(self, number: int) -> Reception | None:
        """A delivery, if this person may see anything of it."""
        return reception_store.find(self._reading, number, self._access)

    def whole(self, held: Reception) -> bool:
        """May this person see all of it, and so its papers?"""
        return reception_store.whole(self._reading, held, self._access)

    def row(self, held: Reception) -> DeliveryRow:
        """A delivery with its counts and terms."""
        counts = reception_store.counts(self._reading, held, self._access)
        today, standing = self._desk.today(), reception.standing(counts, held.rounds)
        oldest = reception_store.oldest(self._reading, held)
        age = None if oldest is None else reception.working_age(self._calendar, day_of(oldest), today)
        due: dt.date | None = None
        if oldest is not None and standing is not DeliveryStanding.MENDING:
            due = reception.review_due(self._calendar, day_of(oldest), self._desk.rule)
        elif reception.number(counts, Standing.RETURNED):
            terms = [said.due for said in reception_verdicts.rounds(self._reading, held) if said.due]
            due = dt.date.fromisoformat(terms[-1]) if terms else None
        return DeliveryRow(held, self.handover(held), standing, counts, age, due, due is not None and today > due)

    def handover(self, held: Reception) -> HandOver:
        """How its node hands over."""
        return self._desk.custody.handover(reception_papers.log_of(self._reading, held.writer))

    def records(self, held: Reception, standings: Sequence[Standing], after: int) -> tuple[list[RecordRow], int]:
        """A page of records behind the record of that number, and the number from which the next goes on (0: there is none)."""
        last = reception_store.item(self._reading, after)
        place = (last.ordering, last.number) if last is not None and last.reception == held.id else ("", 0)
        found = reception_store.items(self._reading, held, self._access, standings, after=place, limit=LIST_MAX + 1)
        more = found[LIST_MAX - 1].number if len(found) > LIST_MAX else 0
        return [self._record(held, item) for item in found[:LIST_MAX]], more

    def record(self, held: Reception, number: int) -> RecordRow | None:
        """One record of a delivery, if this person may see it."""
        item = reception_store.item(self._reading, number)
        if item is None or item.reception != held.id or not self._access.allows(item.facts(held.writer)):
            return None
        return self._record(held, item)

    def next_waiting(self, held: Reception, item: Item) -> int:
        """The number of the record behind this one that waits; 0 when none does."""
        found = reception_store.items(
            self._reading, held, self._access, [Standing.WAITING], after=(item.ordering, item.number), limit=1
        )
        return found[0].number if found else 0

    def run(self, held: Reception, item: Item) -> Run | None:
        """What the hub's checks found in the version that is here."""
        run = check_store.latest(self._reading, RecordId(item.record), Stage.HANDOVER, held.writer)
        return run if run is not None and run.version == item.version else None

    def history(self, number: int) -> list[tuple[Verdict, str]]:
        """Everything said of a record, the latest first, with its reasons in words."""
        return [(said, self._told(said)) for said in reception_verdicts.of_record(self._reading, number)]

    def rounds(self, held: Reception) -> list[RoundRow]:
        """The concluded rounds, the last first."""
        papers = reception_papers.papers(self._reading, held)
        return [
            RoundRow(said, [paper for paper in papers if paper.round == said.round], self._sent(held, said.round))
            for said in reversed(reception_verdicts.rounds(self._reading, held))
        ]

    def first_pass(self, held: Reception) -> tuple[int, int]:
        """(accepted the first time, judged at all)."""
        return reception_verdicts.first_pass(self._reading, held)

    def waiting_directives(self) -> int:
        """Directives that are not in the log yet."""
        return reception_outbox.waiting(self._reading)

    def _sent(self, held: Reception, which: int) -> list[SentRow]:
        rows = []
        for sent in reception_outbox.of_round(self._reading, held, which):
            issued, answer = self._desk.custody.told(sent.log_id, sent.dseq) if sent.dseq is not None else (None, "")
            rows.append(SentRow(sent, issued.stage if issued else None, answer))
        return rows

    def _record(self, held: Reception, item: Item) -> RecordRow:
        said = reception_verdicts.of_record(self._reading, item.number)
        run = self.run(held, item)
        record, last = records.by_number(self._reading, item.number), said[0] if said else None
        explained = records.body(self._reading, record).explanation
        return RecordRow(item, record, run.verdict if run else None, last, self._told(last) if last else "", explained)

    def _told(self, said: Verdict) -> str:
        return rectification.told(said.reasons, said.remark, self._desk.rule)
