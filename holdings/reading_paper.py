"""Papers of the counter 查档窗口 and the reading room as PDF: 查档证明, copies of pages with their source at the foot, the day's register."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Spacer

from holdings.reading_request import Request, Rules, standing
from holdings.reading_request_store import Usage
from holdings.report_page import Heading
from holdings.report_paper import LONG, WIDTH, PaperText, build, facts, font, grid

_MARGIN: Final = 10 * mm
_FOOT: Final = 16 * mm


class CopiedPage(Struct, frozen=True):
    """One page that is taken along: its picture as JPEG (marked already), and what stands at its foot."""

    picture: bytes
    source: str


def certificate(request: Request, law: Rules, heading: Heading) -> bytes:
    """查档证明: who was shown what, for what, by whom; its number, and room for the seal. The number must have been given."""
    text, who = PaperText(), request.applicant
    shown = (
        f"{who.document.label} {who.masked}".strip()
        + (f"，{who.unit}" if who.unit else "")
        + (f"，介绍信 {who.letter}" if who.letter else "")
    )
    rows = [[str(n), one.ref, one.title or "-", one.opening.value] for n, one in enumerate(request.asked, 1)]
    table = grid(("序号", "档号", "题名", "开放状态"), rows, (14 * mm, 60 * mm, WIDTH - 98 * mm, 24 * mm), text)
    story: list[Any] = [
        text("查档证明", "title"), text(request.certificate, "sub"), Spacer(1, 6 * mm),
        facts(
            [
                ["利用者", f"{who.name}（{who.persons} 人）", "证件", shown],
                ["利用目的", law.purposes.get(request.purpose, request.purpose), "登记", request.serial],
                ["登记时间", heading.when(request.received), "经办人", request.received_by], ["批准人", request.decided_by or "-", "复制", f"{request.copies} 页"],
                ["查档内容", request.subject or "-", "", ""],
            ], text, wide=(4,),
        ),
        Spacer(1, 5 * mm), text(f"兹证明上列利用者在{heading.site}查阅了下列档案。"), Spacer(1, 2 * mm),
        table if rows else text("未查到所述内容的档案。"), Spacer(1, 6 * mm),
        text("复制件由馆藏档案的数字副本打印，每页脚注档号、页码和登记号；与原件核对无误的，由经办人签字。", "small"), Spacer(1, 14 * mm),
        text(f"经办人：＿＿＿＿＿＿＿＿\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0{heading.site}（印章）\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0{heading.when(heading.time)[:10]}"),
        Spacer(1, 6 * mm), text(f"打印 {heading.when(heading.time)}，{heading.person}；{text.font_said}", "small"),
    ]  # fmt: skip
    return build("查档证明", request.certificate, heading.site, story, text)


def copies(pages: Iterable[CopiedPage], title: str, heading: Heading) -> tuple[bytes, int]:
    """(PDF, pages): each picture as large as A4 allows, lying where it is broader than high; its source, number and time at the foot."""
    out, count, (name, _) = io.BytesIO(), 0, font()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    canvas.setAuthor(heading.site)
    for page in pages:
        picture = ImageReader(io.BytesIO(page.picture))
        across, down = picture.getSize()
        wide, high = landscape(A4) if across > down else A4
        canvas.setPageSize((wide, high))
        scale = min((wide - 2 * _MARGIN) / across, (high - _MARGIN - _FOOT) / down)
        canvas.drawImage(
            picture,
            (wide - across * scale) / 2,
            _FOOT + (high - _MARGIN - _FOOT - down * scale) / 2,
            across * scale,
            down * scale,
        )
        canvas.setFont(name, 8)
        canvas.drawString(_MARGIN, 9 * mm, page.source)
        canvas.drawRightString(
            wide - _MARGIN, 9 * mm, f"{heading.site}　{heading.when(heading.time)}　经办 {heading.person}"
        )
        canvas.showPage()
        count += 1
    canvas.save()
    return out.getvalue(), count


def ledger(day: str, requests: Sequence[Request], used: Sequence[Usage], law: Rules, heading: Heading) -> bytes:
    """利用登记簿 of a day: every request, and the figures by purpose."""
    text = PaperText()
    rows = [
        [
            one.serial, heading.when(one.received)[11:], one.applicant.name, f"{one.applicant.document.label} {one.applicant.masked}".strip(),
            law.purposes.get(one.purpose, one.purpose), one.subject or "、".join(asked.ref for asked in one.asked[:3]), str(len(one.asked)), str(one.copies),
            standing(one, heading.time).label, one.certificate, one.received_by,
        ]
        for one in requests
    ]  # fmt: skip
    names = ("登记号", "时间", "利用者", "证件", "目的", "查档内容", "卷件", "复制页", "状态", "查档证明", "经办人")
    fixed = [20 * mm, 13 * mm, 20 * mm, 44 * mm, 20 * mm, 0.0, 12 * mm, 14 * mm, 18 * mm, 34 * mm, 18 * mm]
    widths = [width or LONG - sum(fixed) for width in fixed]
    figures = [
        [law.purposes.get(one.purpose, one.purpose), *map(str, (one.requests, one.persons, one.records, one.copies))]
        for one in used
    ]
    total = [
        "合计",
        *map(
            str, (sum(one.requests for one in used), sum(one.persons for one in used), sum(one.records for one in used))
        ),
    ]
    total.append(str(sum(one.copies for one in used)))
    story: list[Any] = [
        text("利用登记簿", "title"), text(day, "sub"), Spacer(1, 4 * mm), grid(names, rows, widths, text) if rows else text("当日没有登记。"),
        text("按利用目的", "head"), grid(("利用目的", "登记", "人次", "卷件次", "复制页数"), [*figures, total], (50 * mm, *[30 * mm] * 4), text),
        Spacer(1, 3 * mm), text(f"不予利用和撤回的不计数。打印 {heading.when(heading.time)}，{heading.person}；{text.font_said}", "small"),
    ]  # fmt: skip
    return build("利用登记簿", day, heading.site, story, text, across=True)
