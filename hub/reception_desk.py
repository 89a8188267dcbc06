"""What an archivist does in reception: draft verdicts, take them back, conclude a round. One transaction each; papers and directives are in it.

Concluding writes verdicts, papers and outbox in one transaction. A crash after it leaves directives in the outbox: the next look sends them
(hub/reception_outbox.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import apsw
from msgspec import Struct

from holdings import check_store, reception, records, rectification
from holdings.access import Access
from holdings.check import Stage, Verdict
from holdings.directive_verdict import HandOver
from holdings.errors import ReceptionRefused
from holdings.reception import Standing
from holdings.record import RecordId
from holdings.rectification import Reason, ReceptionRule
from holdings.working_days import working_days
from hub import opened, reception_outbox, reception_papers, reception_store, reception_verdicts
from hub.home import Home
from hub.reception_custody import ReceptionCustody
from hub.reception_store import Item, Reception
from hub.reception_verdicts import By, Round
from sync.entry import ClockState

ZONE_S: Final = 8 * 3_600
"""East of UTC: where the hub's people live."""
BATCH: Final = 500


class Ruling(Struct, frozen=True):
    """What somebody says of records: reasons only of a return."""

    accepted: bool
    reasons: tuple[Reason, ...] = ()
    remark: str = ""


class ReceptionDesk:
    """Acts of one hub. Usable from several threads."""

    def __init__(self, home: Home) -> None:
        self._home, self._custody = home, ReceptionCustody(home)

    @property
    def custody(self) -> ReceptionCustody:
        """What custody and directives say."""
        return self._custody

    @property
    def rule(self) -> ReceptionRule:
        """The site's terms and reasons."""
        return rectification.rule(self._home.site)

    def today(self) -> dt.date:
        """The day it is here."""
        return day_of(self._home.clock.wall())

    def draft(self, held: Reception, numbers: Iterable[int], ruling: Ruling, by: By, access: Access) -> int:
        """Draft a verdict for records, in the place of an earlier draft; how many. ReceptionRefused: nothing is changed."""
        if ruling.accepted:
            rectification.check_remark(ruling.remark)
        else:
            rectification.check_reasons(ruling.reasons, ruling.remark, self.rule)
        with self._home.holdings.transaction() as connection:
            items = [self._item(connection, held, number, access) for number in dict.fromkeys(numbers)]
            for item in items:
                self._draft(connection, held, item, ruling, by)
        return len(items)

    def accept_rest(self, held: Reception, by: By, access: Access, *, clean: bool) -> tuple[int, int]:
        """Draft acceptance of what waits, all or only those in which the hub's checks found nothing; (how many, how many were left)."""
        done = left = 0
        after = ("", 0)
        with self._home.holdings.transaction() as connection:
            while batch := reception_store.items(
                connection, held, access, [Standing.WAITING], after=after, limit=BATCH
            ):
                after = (batch[-1].ordering, batch[-1].number)
                for item in batch:
                    if (clean and not self._is_clean(connection, held, item)) or not self._may(connection, held, item):
                        left += 1
                        continue
                    self._draft(connection, held, item, Ruling(accepted=True), by)
                    done += 1
        return done, left

    def withdraw(self, held: Reception, numbers: Iterable[int], access: Access) -> int:
        """Take drafts back; how many there were."""
        done = 0
        with self._home.holdings.transaction() as connection:
            for number in dict.fromkeys(numbers):
                item = self._item(connection, held, number, access)
                if item.standing in (Standing.TO_ACCEPT, Standing.TO_RETURN):
                    reception_verdicts.withdraw(connection, number)
                    reception_store.move(connection, item, Standing.WAITING)
                    done += 1
        return done

    def conclude(self, held: Reception, due: str, remark: str, by: By, access: Access, seen: int) -> Round:
        """Make the drafts that this person sees final, number the papers, let the verdicts travel.

        Args:
            seen: rounds that were concluded when the person looked; ReceptionRefused when another was since, and as `reception.may_conclude` says.
        """
        rectification.check_remark(remark)
        now, today = self._home.clock.wall(), self.today()
        known = self._home.clock.state() is not ClockState.UNKNOWN
        with self._home.holdings.transaction() as connection:
            fresh = reception_store.of_delivery(connection, held.writer, held.delivery)
            if fresh is None or fresh.rounds != seen:
                raise ReceptionRefused("本批次刚由他人办结了一轮；请刷新页面，核对后再办")
            reception.may_conclude(reception_store.counts(connection, fresh, access), fresh.rounds, clock_known=known)
            log_id = reception_papers.log_of(connection, fresh.writer)
            which, handover = reception_store.concluded(connection, fresh), self._custody.handover(log_id)
            taken, given = (
                self._settle(connection, fresh, which, drafted, handover, access)
                for drafted in (Standing.TO_ACCEPT, Standing.TO_RETURN)
            )
            term = (
                reception.rectify_due(working_days(self._home.site), today, self.rule, due).isoformat() if given else ""
            )
            said = Round(which, handover, taken, given, term, remark, by, now)
            reception_verdicts.conclude(connection, fresh.id, said)
            reception_papers.issue(connection, self._home, fresh, said)
            reception_outbox.fill(connection, fresh, said, log_id, self._custody, self._home.random)
        # A crash here leaves the round concluded and its directives in the outbox; the next look at reception sends them.
        self.send()
        return said

    def hear_releases(self) -> int:
        """What was let go since the last time waits again, though its version was judged before (as a report, or returned unmended); how many records.

        A release whose version the vault has not opened yet needs nothing: that version will wait when it comes.
        """
        count, reading, now = 0, self._home.holdings.read(), self._home.clock.wall()
        for log_id, writer in opened.writers(reading).items():
            if self._custody.handover(log_id) is not HandOver.TRANSFER:
                continue
            let_go = self._custody.releases(log_id, reception_store.release_heard(reading, log_id))
            if not let_go:
                continue
            with self._home.holdings.transaction() as connection:
                for _, record in let_go:
                    stored = records.by_id(connection, RecordId(record), writer)
                    item = reception_store.item(connection, stored.number) if stored is not None else None
                    if item is not None and item.standing.is_final and self._custody.released(log_id, item):
                        reception_store.again(connection, item, now)
                        count += 1
                reception_store.hear_release(connection, log_id, let_go[-1][0])
        return count

    def send(self) -> int:
        """Bring what waits in the outbox into the hub's log; how many directives."""
        return reception_outbox.send(self._home, self._custody)

    # ------------------------------------------------------------------ one record

    def _item(self, connection: apsw.Connection, held: Reception, number: int, access: Access) -> Item:
        item = reception_store.item(connection, number)
        if item is None or item.reception != held.id or not access.allows(item.facts(held.writer)):
            raise ReceptionRefused("这一批里没有这一件，或它已换了批次；请刷新页面")
        return item

    def _may(self, connection: apsw.Connection, held: Reception, item: Item) -> bool:
        try:
            self._judge(connection, held, item)
        except ReceptionRefused:
            return False
        return True

    def _judge(self, connection: apsw.Connection, held: Reception, item: Item) -> None:
        log_id = reception_papers.log_of(connection, held.writer)
        handover = self._custody.handover(log_id)
        released = handover is HandOver.REPORT or self._custody.released(log_id, item)
        reception.may_judge(item.standing, handover, released=released)

    def _draft(self, connection: apsw.Connection, held: Reception, item: Item, ruling: Ruling, by: By) -> None:
        self._judge(connection, held, item)
        for reason in ruling.reasons:
            if reason.pages and reason.pages[-1][1] > item.pages:
                raise ReceptionRefused(
                    "所选档案中有一件只有 {pages} 页，理由 {code} 写到了第 {last} 页",
                    pages=item.pages, code=reason.code, last=reason.pages[-1][1],
                )  # fmt: skip
        now = self._home.clock.wall()
        reception_verdicts.draft(
            connection,
            reception_verdicts.Verdict(
                item.number, held.id, 0, item.version, ruling.accepted, ruling.reasons, ruling.remark, by, now
            ),
        )
        reception_store.move(connection, item, Standing.TO_ACCEPT if ruling.accepted else Standing.TO_RETURN)

    @staticmethod
    def _is_clean(connection: apsw.Connection, held: Reception, item: Item) -> bool:
        run = check_store.latest(connection, RecordId(item.record), Stage.HANDOVER, held.writer)
        return run is not None and run.version == item.version and run.verdict is Verdict.PASSED

    def _settle(
        self,
        connection: apsw.Connection,
        held: Reception,
        which: int,
        drafted: Standing,
        handover: HandOver,
        access: Access,
    ) -> int:
        """Make the drafts of one kind final; how many. A link may transfer since they were drafted: then they must be released all the same."""
        good = Standing.TAKEN if handover is HandOver.TRANSFER else Standing.ACCEPTED
        final = good if drafted is Standing.TO_ACCEPT else Standing.RETURNED
        count, more = 0, True
        while more:
            batch: Sequence[Item] = reception_store.items(connection, held, access, [drafted], limit=BATCH)
            for item in batch:
                self._judge(connection, held, item)
                reception_verdicts.settle(connection, item.number, held.id, which)
                reception_store.move(connection, item, final)
            count, more = count + len(batch), len(batch) == BATCH
        return count


def day_of(seconds: int) -> dt.date:
    """The day here of a time in seconds UTC."""
    return dt.datetime.fromtimestamp(seconds + ZONE_S, dt.UTC).date()
