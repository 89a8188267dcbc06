"""Scans of signed and sealed papers 签章扫描件: attached on the page of a round's register, looked at there, taken out, declared void; by who may see the paper.

A file is told by its content, decoded page by page in the sandbox before it is kept, and shown as pixels alone.
"""

from __future__ import annotations

import hashlib
from typing import Final

from holdings.check import Verdict
from holdings.errors import MediaUnreadable
from holdings.journal import Outcome
from holdings.language import mark
from holdings.signed_scan import FILE_MAX, NAMED, SCANS_MAX
from hub import reception_papers, signed_scans, virus_scan
from hub.reception_store import Reception
from hub.signed_scans import SignedKind, SignedScan
from hub.web_frame import Visit
from hub.web_reception import ROLES, by, number_of, subject
from hub.web_reception_papers import asked_whole, file_reply, register_page, round_of
from hub.web_route import Reply, Route, Turned

REASON_MAX: Final = 200
_NONE: Final = mark("没有这份扫描件。")
_INFECTED: Final = mark("查毒发现病毒（{virus}），没有收下。请在扫描所用的电脑上杀毒，重新扫描后再附。")
_SAID: Final = (
    mark("只收 PDF、JPEG、TIFF 的扫描件，按内容认，不看扩展名；请另存后再上传"), mark("文件损坏或不完整；请重新扫描或重新拷贝"),
    mark("扫描件应有 1 至 40 页；请只上传这份文据"), mark("图像不能完整解码：文件损坏或不完整"), mark("PDF 有打开密码；请去掉密码后重新放入"),
    mark("PDF 打不开：文件损坏或不完整"),
)  # fmt: skip
"""What is said of a file that is not taken (holdings/signed_scan.py), so that it can be read in English."""
KEPT: Final = {"Cache-Control": "private, no-store"}


def attach(visit: Visit) -> Reply:
    """Keep a scan for the register of the round: bounded, sniffed, decoded; the page says what it is, the journal its digest."""
    _, held = asked_whole(visit)
    home, which, file = visit.frame.home, round_of(visit), visit.ask.files.get("file")
    reading = home.holdings.read()
    if reception_papers.register(reading, held, which) is None:
        raise Turned(404, mark("这一轮没有登记表；扫描件附在登记表上。"))
    kind = next((one for one in SignedKind if one.value == visit.ask.said("kind")), SignedKind.REGISTER)
    if file is None or not file.body:
        return _refused(visit, held, which, visit.words(mark("请选择扫描件的文件。")))
    if len(file.body) > FILE_MAX:
        return _refused(visit, held, which, visit.words(mark("文件超过 16 MB；请用灰度、300 dpi 重新扫描后再上传。")))
    virus = virus_scan.looked_at(file.body, home.site, home.clock.wall())
    if virus.verdict is Verdict.FAILED:
        said = visit.words(_INFECTED, virus=visit.in_words(virus.detail))
        reply = _refused(visit, held, which, said)
        reply.note = f"virus: {virus.detail}; sha256:{hashlib.sha256(file.body).hexdigest()}"
        return reply
    try:
        looked = visit.frame.room.images.look(file.body)
    except MediaUnreadable as fault:
        return _refused(visit, held, which, visit.words(str(fault)))
    scan = SignedScan(
        0, which, kind, file.name, looked.media_type, looked.pages, len(file.body), hashlib.sha256(file.body).digest(), by(visit), home.clock.wall(),
        virus=virus.verdict, virus_said=virus.detail,
    )  # fmt: skip
    with home.holdings.transaction() as connection:
        standing = [one for one in signed_scans.of_round(connection, held, which) if not one.void]
        known, full = any(one.sha256 == scan.sha256 for one in standing), len(standing) >= SCANS_MAX
        if not known and not full:
            # A crash after the commit leaves the scan attached and the act not in the journal; the page shows it, and its digest.
            signed_scans.add(connection, held, scan, file.body)
    if known or full:
        said = mark("这个文件已经附在这一轮上了。") if known else mark("每轮至多附 8 份扫描件；请先作废附错的。")
        return _refused(visit, held, which, visit.words(said))
    return _told(visit.to(_address(held, which)), held, scan)


def _refused(visit: Visit, held: Reception, which: int, error: str) -> Reply:
    reply = register_page(visit, held, which, error)
    reply.outcome = Outcome.REFUSED
    return reply


def _address(held: Reception, which: int) -> str:
    return f"/reception/{held.id}/rounds/{which}/register#signed"


def _told(reply: Reply, held: Reception, scan: SignedScan, note: str = "") -> Reply:
    reply.subject, reply.note = f"{subject(held)}#{scan.round}", note or scan.digest
    return reply


def _asked(visit: Visit) -> tuple[Reception, SignedScan]:
    _, held = asked_whole(visit)
    number = number_of(visit.ask.parts["scan"]) if visit.ask.parts["scan"].isascii() else 0
    found = signed_scans.get(visit.frame.home.holdings.read(), held, round_of(visit), number)
    if found is None:
        raise Turned(404, _NONE)
    return held, found


def void(visit: Visit) -> Reply:
    """A scan was attached in error: it stays, marked so."""
    held, scan = _asked(visit)
    reason = " ".join(visit.ask.said("reason").split())[:REASON_MAX]
    if not reason or not reason.isprintable():
        return _refused(visit, held, scan.round, visit.words(mark("作废扫描件须写理由。")))
    home = visit.frame.home
    with home.holdings.transaction() as connection:
        signed_scans.void(connection, scan, reason, by(visit), home.clock.wall())
    return _told(visit.to(_address(held, scan.round)), held, scan, f"void {scan.digest}")


def picture(visit: Visit) -> Reply:
    """One page of a scan as a picture of its pixels."""
    held, scan = _asked(visit)
    page = number_of(visit.ask.parts["page"]) if visit.ask.parts["page"].isascii() else 0
    if not 1 <= page <= scan.pages:
        raise Turned(404, _NONE)
    data = signed_scans.file(visit.frame.home.holdings.read(), scan)
    try:
        drawn = visit.frame.room.images.drawn(data, scan.media_type, page - 1)
    except MediaUnreadable as fault:
        raise Turned(404, _NONE) from fault
    return _told(Reply(drawn, content_type="image/jpeg", headers=dict(KEPT)), held, scan)


def take_out(visit: Visit) -> Reply:
    """The file as it came; its SHA-256 is the digest on the page."""
    held, scan = _asked(visit)
    data = signed_scans.file(visit.frame.home.holdings.read(), scan)
    name = f"{scan.kind.label} {scan.round}-{scan.id}.{NAMED[scan.media_type]}"
    return _told(file_reply(data, "application/octet-stream", name), held, scan)


_BASE: Final = "/reception/{number}/rounds/{round}/scans"
ROUTES: Final = (
    Route("POST", _BASE, attach, roles=ROLES, verb="scan-attach", upload=FILE_MAX),
    Route("GET", f"{_BASE}/{{scan}}", take_out, roles=ROLES, verb="scan-read"),
    Route("GET", f"{_BASE}/{{scan}}/{{page}}", picture, roles=ROLES, verb="scan-read"),
    Route("POST", f"{_BASE}/{{scan}}/void", void, roles=ROLES, verb="scan-void"),
)
