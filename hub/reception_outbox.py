"""Verdicts of concluded rounds on their way to the nodes: table `reception_outbox`.

Filled in the transaction that concludes a round; `send` brings each directive into the hub's log, which lies in another database. A crash between the log
and the row here leaves a directive that stands in the log and still waits: it is found there by its mark, and not signed twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings import directive
from holdings.directive import Body, DirectiveKind
from holdings.directive_entry import Subject
from holdings.directive_text import Word
from holdings.directive_verdict import (
    ACCEPTED_MAX,
    RETURNED_MAX,
    Accepted,
    HandOver,
    Returned,
    ReturnedRecord,
    ReturnFault,
)
from holdings.errors import DirectiveUnreadable, HoldingsError
from hub import reception_store, reception_verdicts
from hub.clock import Randomness
from hub.errors import NotAllowed
from hub.home import Home
from hub.reception_custody import ReceptionCustody
from hub.reception_store import Reception
from hub.reception_verdicts import Round, Verdict

SEND_MAX: Final = 200
"""Directives read at once."""
FAULT_MAX: Final = 500


class Sent(Struct, frozen=True):
    """A directive of a round: of which kind, of how many records; `dseq` None while it waits here."""

    kind: DirectiveKind
    records: int
    log_id: bytes
    dseq: int | None
    fault: str


def fill(
    connection: apsw.Connection,
    held: Reception,
    said: Round,
    log_id: bytes,
    custody: ReceptionCustody,
    random: Randomness,
) -> int:
    """Write down what a concluded round tells the node, in directives that each fit an entry; how many."""
    count = 0
    for body in _bodies(connection, held, said, log_id, custody):
        connection.execute(
            "INSERT INTO reception_outbox(reception, round, log_id, kind, body, mark) VALUES (?, ?, ?, ?, ?, ?)",
            (held.id, said.round, log_id, int(directive.kind_of(body)), directive.encode(body), random(16)),
        )
        count += 1
    return count


def send(home: Home, custody: ReceptionCustody) -> int:
    """Issue what waits, in its order; how many. What cannot be issued now stays with the reason beside it, and holds nothing else up."""
    sent = after = 0
    while rows := _waiting(home.holdings.read(), after):
        for number, log_id, kind, body, mark, known in rows:
            after, dseq, fault = number, None, ""
            try:
                dseq = custody.issue(log_id, directive.decode(DirectiveKind(kind), body), mark).dseq
                sent += 1
            except (NotAllowed, HoldingsError) as refused:
                fault = str(refused)[:FAULT_MAX]
            if dseq is not None or fault != known:
                with home.holdings.transaction() as connection:
                    connection.execute(
                        "UPDATE reception_outbox SET dseq = ?, fault = ? WHERE id = ?", (dseq, fault, number)
                    )
    return sent


def _waiting(connection: apsw.Connection, after: int) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT id, log_id, kind, body, mark, fault FROM reception_outbox WHERE dseq IS NULL AND id > ? ORDER BY id LIMIT ?", (after, SEND_MAX)
    ).fetchall()  # fmt: skip


def of_round(connection: apsw.Connection, held: Reception, which: int) -> list[Sent]:
    """What a round told the node."""
    rows = connection.execute(
        "SELECT kind, body, log_id, dseq, fault FROM reception_outbox WHERE reception = ? AND round = ? ORDER BY id",
        (held.id, which),
    )
    return [
        Sent(DirectiveKind(kind), _size(directive.decode(DirectiveKind(kind), body)), log_id, dseq, fault)
        for kind, body, log_id, dseq, fault in rows
    ]


def waiting(connection: apsw.Connection) -> int:
    """Directives that are not in the log yet."""
    row = connection.execute("SELECT count(*) FROM reception_outbox WHERE dseq IS NULL").fetchone()
    return int(row[0]) if row else 0


def _size(body: Body) -> int:
    if isinstance(body, Accepted):
        return len(body.subjects)
    return len(body.records) if isinstance(body, Returned) else 0


def _bodies(
    connection: apsw.Connection, held: Reception, said: Round, log_id: bytes, custody: ReceptionCustody
) -> Iterator[Body]:
    word = Word(said.by.person, said.time)
    taken: list[Subject] = []
    given: list[ReturnedRecord] = []
    for verdict in reception_verdicts.of_round(connection, held, said.round):
        item = reception_store.item(connection, verdict.number)
        assert item is not None
        turn = custody.turn(log_id, item) if said.handover is HandOver.TRANSFER else 0
        subject = Subject(item.record, verdict.version, turn)
        if verdict.accepted:
            taken.append(subject)
        else:
            given.append(ReturnedRecord(subject, faults(verdict)))
    for at in range(0, len(taken), ACCEPTED_MAX):
        yield Accepted(
            said.handover, held.delivery, said.round, word, tuple(taken[at : at + ACCEPTED_MAX]), said.remark
        )
    for at in range(0, len(given), RETURNED_MAX):
        yield from _returned(held, said, word, given[at : at + RETURNED_MAX])


def _returned(held: Reception, said: Round, word: Word, given: Sequence[ReturnedRecord]) -> Iterator[Body]:
    """One directive, or two halves where long page lists do not fit an entry."""
    body = Returned(said.handover, held.delivery, said.round, said.due, word, tuple(given), said.remark)
    try:
        directive.encode(body)
    except DirectiveUnreadable:
        if len(given) == 1:
            raise
        yield from _returned(held, said, word, given[: len(given) // 2])
        yield from _returned(held, said, word, given[len(given) // 2 :])
    else:
        yield body


def faults(verdict: Verdict) -> tuple[ReturnFault, ...]:
    """The reasons of a verdict as a directive says them; the remark stands with the first."""
    return tuple(
        ReturnFault(reason.code, reason.pages, verdict.remark if at == 0 else "")
        for at, reason in enumerate(verdict.reasons)
    )
