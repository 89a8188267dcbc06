"""查档窗口 at a node: who comes is registered, what is allowed is copied with a watermark, papers are printed; all of it offline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from holdings import catalogue, opening_verdict, records
from holdings import reading_request as requests
from holdings import reading_request_store as register
from holdings.access import Opening, opening_of
from holdings.errors import NotFound, ReadingRefused
from holdings.picture_wish import Wish
from holdings.reading_request import Applicant, Asked, Document, Request, Rules
from holdings.reading_request_store import Wanted
from holdings.record import TITLE
from holdings.reference_code import match_key
from holdings.report_page import Heading
from node import report
from node.engine import Engine
from node.record_pages import RecordPages
from sync.errors import SandboxError

if TYPE_CHECKING:
    from holdings.reading_paper import CopiedPage

COPIED_MAX: Final = 500
"""Pages of one copy: they are drawn one after the other and lie in memory as the paper does."""
SIDE: Final = 2_200
"""Pixels of the longer side of a copied page: 190 to the inch on A4."""


class Counter:
    """What is done for people at the window. `by` is who serves them."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._home = engine, engine.home
        self._now = int(engine.clock.now())
        self.law: Rules = requests.rules(self._home.site)

    def heading(self, by: str) -> Heading:
        """Who prints, where and when."""
        return Heading(self._home.config.name, by, self._now, report.program())

    def applicant(self, name: str, document: Document, number: str, unit: str, letter: str, persons: int) -> Applicant:
        """Who asks; the number is masked here and goes no further.

        ReadingRefused for an identity number that is none.
        """
        if document is Document.IDENTITY and not requests.identity_is_whole(number):
            raise ReadingRefused("身份证号码不完整或校验位不符；请核对证件后重新填写")
        return Applicant(name, document, requests.masked(number, document), unit, letter, persons)

    def enter(self, who: Applicant, purpose: str, subject: str, refs: Sequence[str], by: str) -> Request:
        """Enter a request; it is allowed at once where all that is asked for is open."""
        made = requests.register(
            who, purpose, subject, [self.asked(ref) for ref in refs], by=by, now=self._now, law=self.law
        )
        with self._home.database.transaction() as connection:
            return register.add(connection, made)

    def asked(self, ref: str) -> Asked:
        """What is asked for, with its title and whether it is open, as row or record say; NotFound when it is neither."""
        reading = self._home.database.read()
        try:
            record = records.resolve(reading, ref)
            elements, code, title = records.body(reading, record).elements, record.reference_code, record.title
            laid = opening_verdict.of(reading, record.number)
        except NotFound:
            row = catalogue.row_for(reading, match_key(ref))
            if row is None or not row.reference_code:
                raise
            elements, code, title = row.elements, row.reference_code, row.elements.get(TITLE, "")
            laid = None
        said = opening_of(elements.get(opening_verdict.element_of(elements)))
        return Asked(code, 0, title, laid.result if laid is not None else said)

    def copy(self, number: int, ref: str, pages: Sequence[int], by: str) -> tuple[bytes, int]:
        """(PDF, pages) of a record that this request allows; no page named: all of them. What is copied is counted.

        ReadingRefused when the request does not allow it.
        """
        request = register.get(self._home.database.read(), number)
        code = self.asked(ref).ref
        if not requests.may_read(request, self._now):
            raise ReadingRefused(f"此登记{requests.standing(request, self._now).label}，不能复制；请先批准")
        if code not in {one.ref for one in request.asked}:
            raise ReadingRefused(f"“{code}”不在这份登记之内；请另行登记")
        of = RecordPages(self._engine, code)
        if records.body(self._home.database.read(), of.record).void is not None:
            raise ReadingRefused(f"“{code}”已作废，不能复制")
        wanted = list(pages) or [one.number for one in of.pages]
        if len(wanted) > COPIED_MAX:
            raise ReadingRefused(f"一次至多复制 {COPIED_MAX} 页；请分次打印")
        # Here: what sets papers is large, and the register is looked at all day.
        from holdings import reading_paper

        paper, count = reading_paper.copies(self._copied(of, wanted, request, by), f"{code} 复制件", self.heading(by))
        with self._home.database.transaction() as connection:
            register.change(connection, number, lambda one: requests.copied(one, count), self._now)
        return paper, count

    def _copied(self, of: RecordPages, wanted: Sequence[int], request: Request, by: str) -> Iterator[CopiedPage]:
        from holdings.reading_paper import CopiedPage

        day = register.day_of(self._now)
        text = f"{self._home.config.name} {request.serial} {request.applicant.name} {day}"
        for number in wanted:
            drawn = of.picture(number, Wish("", 0, SIDE, SIDE))
            try:
                drawn = self._engine.sandbox.call("holdings.watermark:marked", drawn, text)
            except SandboxError as fault:
                raise ReadingRefused(f"第 {number} 页的水印画不上，未复制：{fault}") from fault
            source = f"{of.record.reference_code}　第 {number} / {len(of.pages)} 页　登记 {request.serial}　{request.certificate}".rstrip(
                "　"
            )
            yield CopiedPage(drawn, source)

    def certificate(self, number: int, by: str) -> tuple[bytes, Request]:
        """查档证明 as PDF; it has one number however often it is printed."""
        with self._home.database.transaction() as connection:
            request = register.certify(connection, number, self.law, self._now)
        from holdings import reading_paper

        return reading_paper.certificate(request, self.law, self.heading(by)), request

    def day(self, day: dt.date) -> tuple[list[Request], list[register.Usage]]:
        """Requests of a day, oldest first, and its figures by purpose."""
        since, until = register.day_span(day)
        reading = self._home.database.read()
        found = register.find(reading, Wanted(since=since, until=until), limit=1_000, now=self._now)
        return found[::-1], register.usage(reading, since, until)

    def told(self, one: Request) -> dict[str, object]:
        """A request as JSON; the number of a document is masked in it."""
        who = one.applicant
        return {
            "number": one.number, "serial": one.serial, "time": one.received, "name": who.name, "document": who.document.label, "masked": who.masked,
            "unit": who.unit, "letter": who.letter, "persons": who.persons, "purpose": self.law.purposes.get(one.purpose, one.purpose), "holder": one.holder,
            "subject": one.subject, "asked": [{"ref": a.ref, "title": a.title, "opening": a.opening.value, "open": a.opening is Opening.OPEN} for a in one.asked],
            "state": requests.standing(one, self._now).value, "label": requests.standing(one, self._now).label, "by": one.received_by,
            "decided_by": one.decided_by, "reason": one.reason, "until": one.until, "certificate": one.certificate, "copies": one.copies,
        }  # fmt: skip
