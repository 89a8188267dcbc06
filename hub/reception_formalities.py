"""移交手续 of a delivery as reception knows it: registers, their lists reckoned again, scans of the signed papers (holdings/check_handover.py)."""

from __future__ import annotations

import hashlib

import apsw

from holdings import handover_paper
from holdings.access import Access
from holdings.check_facts import Service
from holdings.check_handover import HandOverPaper, hand_over
from holdings.directive_verdict import HandOver
from hub import reception_papers, reception_store, signed_scans
from hub.reception_papers import PaperKind
from hub.reception_store import Reception


def formalities(connection: apsw.Connection, writer: str, delivery: str) -> Service:
    """What the papers of a delivery say. Reads every record that stands on one: some thousand a second."""
    held = reception_store.of_delivery(connection, writer, delivery)
    if held is None:
        return hand_over((), 0)
    registers = [one for one in reception_papers.papers(connection, held) if one.kind is PaperKind.REGISTER]
    papers = [_paper(connection, held, one.round) for one in registers]
    counts = reception_store.counts(connection, held, Access.whole())
    return hand_over(papers, sum(tally.records for standing, tally in counts.items() if not standing.is_good))


def _paper(connection: apsw.Connection, held: Reception, which: int) -> HandOverPaper:
    register = reception_papers.register(connection, held, which)
    assert register is not None, "a register stands beside its number"
    digest = hashlib.sha256()
    for line in handover_paper.list_lines(reception_papers.listed(connection, held, which)):
        digest.update(line)
    records = register.volumes + register.items
    released = sum(one.records for one in register.released)
    kept_back = max(0, records - released) if register.handover is HandOver.TRANSFER else 0
    signed = any(not scan.void for scan in signed_scans.of_round(connection, held, which))
    return HandOverPaper(register.number, records, digest.hexdigest() == register.digest, signed, kept_back)
