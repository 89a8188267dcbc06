"""The answer to a cross-archive request goes to the archive where the person came: a directive 协查答复 with the request itself, for that archive's register."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from crypto.digest import sha256
from holdings import reading_request_store as store
from holdings.errors import HoldingsError
from holdings.reading_request import Request, State
from hub.errors import HubError
from hub.home import Home

if TYPE_CHECKING:
    from holdings.directive_wish import ReceivedRequest

LOG = logging.getLogger("jindang.hub")
_MARK: Final = b"jindang/1/reading-answer"
TEXT_MAX: Final = 1_000
CODES_BYTES: Final = 4_000
"""Of the codes that travel along: an entry has room for some eighty."""


def tell(home: Home, request: Request) -> Request:
    """Tell the node where a decided request was received, when another decided it; told again, it is the same directive. The request, as it was given.

    Commit, then speak: the decision stands; where the directive cannot be written now (no such node, a hub that waits for its own log), the page that
    shows the request tries again.
    """
    decided = {State.APPROVED: True, State.CLOSED: True, State.REFUSED: False}.get(request.state)
    if decided is None or not request.received_at or request.received_at == request.holder:
        return request
    from holdings.directive_text import Word
    from holdings.directive_wish import ReadingAnswer, ReadingResult
    from hub import directive_store
    from sync import log as logs
    from sync.entry import Role
    from sync.log import LogState

    reading = home.front.read()
    mark = sha256(_MARK + home.hub_id + request.serial.encode())[:16]
    node = next(
        (one for one in logs.logs(reading, Role.NODE) if one.name == request.received_at and one.state is LogState.ACTIVE), None
    )
    if node is None or directive_store.by_mark(reading, mark) is not None:
        return request
    until = store.day_of(request.until).isoformat() if decided and request.until else ""
    result = ReadingResult.GRANTED if decided else ReadingResult.DECLINED
    word = Word(request.decided_by or request.received_by, request.decided or request.received)
    try:
        body = ReadingAnswer(mark, result, request.reason[:TEXT_MAX], word, until, _received(home, request))
        home.directives().issue(node.log_id, body, mark)
    except (HoldingsError, HubError) as fault:
        LOG.warning("利用登记 %s 的答复暂时不能下达：%s", request.serial, fault)
    return request


def _received(home: Home, request: Request) -> ReceivedRequest:
    """The request within the bounds of a directive."""
    from holdings.directive_wish import CODES_MAX, ReceivedRequest

    codes, room = list[str](), CODES_BYTES
    for one in request.asked[:CODES_MAX]:
        room -= len(one.ref.encode())
        if room >= 0:
            codes.append(one.ref[:200])
    who = request.applicant
    return ReceivedRequest(
        request.serial, who.name, who.document.value, who.masked, who.unit[:200], who.persons, request.purpose, request.subject[:400],
        request.holder or home.genesis.name, tuple(codes), request.received, request.received_by,
    )  # fmt: skip
