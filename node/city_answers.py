"""Answers to requests that came here and were decided elsewhere 协查答复: entered in this node's own 利用登记, once each. In the caller's transaction."""

from __future__ import annotations

import datetime as dt

import apsw
from msgspec.structs import replace

from holdings import reading_request as requests
from holdings import reading_request_store as register
from holdings.directive_wish import ReadingAnswer, ReadingResult, ReceivedRequest
from holdings.errors import ReadingRefused
from holdings.reading_request import Applicant, Asked, Document, Request, State


def enter(connection: apsw.Connection, answer: ReadingAnswer, received: ReceivedRequest, now: int) -> Request:
    """Request and answer in the register; answered again, the newer word stands unless the reader was served meanwhile.

    Raises:
        ReadingRefused: something in it no register takes, as a number that was not masked.
    """
    if received.document not in set(Document):
        raise ReadingRefused("协查答复中的证件种类本程序不认识；请升级程序")
    document = Document(received.document)
    # A letter of introduction lies where the person was entered.
    letter = f"见中心登记 {received.serial}" if document is Document.LETTER else ""
    who = Applicant(received.applicant, document, received.masked, received.unit, letter, received.persons)
    asked = tuple(Asked(code) for code in received.codes)
    made = Request(requests.checked(who), received.purpose, received.subject, asked, received.holder, "", received.by, received.time)
    kept = register.add(connection, decided(made, answer), answer.request.hex())

    def again(one: Request) -> Request:
        return one if one.state is State.CLOSED else decided(one, answer)

    return register.change(connection, kept.number, again, now)


def decided(request: Request, answer: ReadingAnswer) -> Request:
    """The request as the answer leaves it; an answer that nothing was found is a refusal that says so."""
    who, at = answer.word.person[: requests.NAME_MAX], answer.word.time
    if answer.result is ReadingResult.GRANTED:
        until = register.day_span(dt.date.fromisoformat(answer.until))[1] if answer.until else at
        return replace(request, state=State.APPROVED, decided_by=who, decided=at, until=until, reason=answer.text)
    reason = answer.text or answer.result.label
    return replace(request, state=State.REFUSED, decided_by=who, decided=at, until=0, reason=reason)
