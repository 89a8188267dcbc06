"""Papers of reception: the handover register as page and PDF, its list, the rectification notice as page and workbook, the report of the hub's checks.

A paper speaks of every record of its round: it is for who may see them all. Papers are in Chinese, whatever the language of the pages.
"""

from __future__ import annotations

from itertools import islice
from typing import Final
from urllib.parse import quote

from holdings import check_report, check_store, handover_paper, rectification_notice
from holdings.check import Property, Stage
from holdings.check_report import Declared
from holdings.language import mark
from holdings.report_page import Heading
from hub import reception_papers, signed_scans
from hub.check_desk import NO_VIRUS_SERVICE
from hub.reception_formalities import formalities
from hub.reception_store import Reception
from hub.reception_view import ReceptionView
from hub.web_frame import Visit
from hub.web_reception import ROLES, asked, number_of, subject
from hub.web_reception_record import COLOURS
from hub.web_route import Reply, Route, Turned

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LINES_MAX: Final = 2_000
"""Lines of a notice on a page; the workbook has them all."""
FINDINGS_MAX: Final = 300
CHECKED_MAX: Final = 20_000
"""Records of a delivery whose runs are added up while somebody waits; the command line has no such bound."""


def asked_whole(visit: Visit) -> tuple[ReceptionView, Reception]:
    """The delivery of the address, for who may see all of it; Turned 404 or 403."""
    view, held = asked(visit)
    if not view.whole(held):
        raise Turned(403, mark("这一批里有您无权查看的档案，其文据不能给您看。"))
    return view, held


def round_of(visit: Visit) -> int:
    """The round of the address; 0 for none that can be."""
    which = number_of(visit.ask.parts["round"]) if visit.ask.parts["round"].isascii() else 0
    return which if which < 1_000 else 0


_NONE: Final = mark("这一轮没有这种文据。")


def _told(reply: Reply, held: Reception, number: str) -> Reply:
    reply.subject, reply.note = subject(held), number
    return reply


def file_reply(body: bytes, kind: str, name: str) -> Reply:
    """A download under a Chinese name."""
    disposition = f"attachment; filename=paper; filename*=UTF-8''{quote(name)}"
    return Reply(body, content_type=kind, headers={"Content-Disposition": disposition})


# ---------------------------------------------------------------- the register


def register(visit: Visit) -> Reply:
    """The handover register, to be printed and sealed."""
    _, held = asked_whole(visit)
    return register_page(visit, held, round_of(visit))


def register_page(visit: Visit, held: Reception, which: int, error: str = "") -> Reply:
    """The register of a round with the signed scans attached to it, and what was wrong with the last one."""
    reading = visit.frame.home.holdings.read()
    paper = reception_papers.register(reading, held, which)
    if paper is None:
        raise Turned(404, _NONE)
    made = visit.page(
        "reception_register.html", 422 if error else 200, held=held, paper=paper, facts=handover_paper.facts(paper),
        inspection=handover_paper.inspection(paper), signatures=handover_paper.signatures(paper), error=error, kinds=signed_scans.SignedKind,
        scans=signed_scans.of_round(reading, held, which),
    )  # fmt: skip
    return _told(made, held, paper.number)


def register_pdf(visit: Visit) -> Reply:
    """The same as PDF; the same bytes each time."""
    from holdings.handover_paper_pdf import pdf  # fonts take a quarter of a second

    _, held = asked_whole(visit)
    paper = reception_papers.register(visit.frame.home.holdings.read(), held, round_of(visit))
    if paper is None:
        raise Turned(404, _NONE)
    return _told(file_reply(pdf(paper), "application/pdf", f"{paper.title} {paper.number}.pdf"), held, paper.number)


def handover_list(visit: Visit) -> Reply:
    """Every record of the register; the SHA-256 of this file stands on it."""
    _, held = asked_whole(visit)
    reading, which = visit.frame.home.holdings.read(), round_of(visit)
    paper = reception_papers.register(reading, held, which)
    if paper is None:
        raise Turned(404, _NONE)
    lines = handover_paper.list_lines(reception_papers.listed(reading, held, which))
    return _told(
        file_reply(b"".join(lines), "text/plain", f"{paper.words.file} {paper.number}.txt"), held, paper.number
    )


# ---------------------------------------------------------------- the notice


def notice(visit: Visit) -> Reply:
    """The rectification notice, to be printed."""
    _, held = asked_whole(visit)
    reading, which = visit.frame.home.holdings.read(), round_of(visit)
    paper = reception_papers.notice(reading, held, which)
    if paper is None:
        raise Turned(404, _NONE)
    lines = list(islice(reception_papers.notice_lines(reading, held, which), LINES_MAX + 1))
    cells = [rectification_notice.cells(paper, position, line) for position, line in enumerate(lines[:LINES_MAX], 1)]
    made = visit.page(
        "reception_notice.html", held=held, paper=paper, heading=paper.heading(), columns=rectification_notice.COLUMNS, cells=cells, which=which,
        cut=len(lines) > LINES_MAX, heading_name=rectification_notice.NAME,
    )  # fmt: skip
    return _told(made, held, paper.number)


def notice_xlsx(visit: Visit) -> Reply:
    """The same as a workbook, with a column for who mends."""
    _, held = asked_whole(visit)
    reading, which = visit.frame.home.holdings.read(), round_of(visit)
    paper = reception_papers.notice(reading, held, which)
    if paper is None:
        raise Turned(404, _NONE)
    made = rectification_notice.workbook(paper, reception_papers.notice_lines(reading, held, which))
    return _told(file_reply(made, XLSX, f"{rectification_notice.NAME} {paper.number}.xlsx"), held, paper.number)


# ---------------------------------------------------------------- the hub's checks


def checks(visit: Visit) -> Reply:
    """The four-property report of a delivery, as the hub itself found it."""
    view, held = asked_whole(visit)
    home = visit.frame.home
    runs = islice(
        check_store.of_delivery(home.holdings.read(), held.delivery, Stage.HANDOVER, held.writer), CHECKED_MAX
    )
    heading = Heading(home.genesis.name, visit.person.person, home.clock.wall(), "jindang")
    expected = view.row(held).whole.records
    made = check_report.delivery_report(
        held.delivery, Stage.HANDOVER, runs, Declared(hand_over=formalities(home.holdings.read(), held.writer, held.delivery)), NO_VIRUS_SERVICE,
        heading, expected, home.site,
    )  # fmt: skip
    made["findings"] = made["findings"][:FINDINGS_MAX]
    groups = [*(one.label for one in Property), mark("图像")]
    reply = visit.page("reception_checks.html", held=held, r=made, groups=groups, colours=COLOURS)
    reply.subject = subject(held)
    return reply


ROUTES: Final = (
    Route("GET", "/reception/{number}/checks", checks, roles=ROLES, verb="reception-read"),
    Route("GET", "/reception/{number}/rounds/{round}/register", register, roles=ROLES, verb="reception-paper"),
    Route("GET", "/reception/{number}/rounds/{round}/register.pdf", register_pdf, roles=ROLES, verb="reception-paper"),
    Route("GET", "/reception/{number}/rounds/{round}/list.txt", handover_list, roles=ROLES, verb="reception-paper"),
    Route("GET", "/reception/{number}/rounds/{round}/notice", notice, roles=ROLES, verb="reception-paper"),
    Route("GET", "/reception/{number}/rounds/{round}/notice.xlsx", notice_xlsx, roles=ROLES, verb="reception-paper"),
)
"""Before the records: "checks" is no record's number."""
