"""查档证明: what an applicant takes home, as a PDF for A4: who asked for what, what was found, under which number.

For the hub's reading room and a node's counter alike.
"""

from __future__ import annotations

from typing import Any, Final

from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from holdings.reading_request import Request, Rules
from holdings.reading_request_store import day_of
from holdings.report_paper import WIDTH, PaperText, build, facts, grid

ROWS_MAX: Final = 200
"""Records named on the paper: all of one request."""


def certificate(request: Request, law: Rules, archive: str, *, by: str, printed: int, note: str = "") -> bytes:
    """The paper of a request that has its number; the same request gives the same bytes.

    Args:
        archive: whose seal it bears.
        by: who made it out; `printed`: when, seconds UTC; `note`: what else is to be said, such as that nothing was found.
    """
    text, who = PaperText(), request.applicant
    shown = "、".join(
        part
        for part in (f"{who.document.label} {who.masked}".strip(), who.unit, who.letter and f"介绍信 {who.letter}")
        if part
    )
    rows: list[list[object]] = [
        ["证明编号", request.certificate, "登记号", request.serial],
        ["利用者", who.name, "证件", shown],
        [
            "利用目的",
            law.purposes.get(request.purpose, request.purpose),
            "查档日期",
            day_of(request.received).isoformat(),
        ],
        ["查档内容", request.subject or "见下列档案", "", ""],
    ]
    story: list[Any] = [
        text("查档证明", "title"), text(f"{archive}　{request.certificate}", "sub"), Spacer(1, 5 * mm), facts(rows, text, wide=(3,)), Spacer(1, 4 * mm),
        text(f"经查本馆所藏档案，{'下列档案与所查内容有关' if request.asked else '未查到与所查内容有关的档案'}：", "head"),
    ]  # fmt: skip
    if request.asked:
        listed = [
            [str(at), one.ref, one.title or "（题名不公开）"] for at, one in enumerate(request.asked[:ROWS_MAX], 1)
        ]
        story.append(grid(["序号", "档号", "题名"], listed, [14 * mm, 66 * mm, WIDTH - 80 * mm], text))
    if request.copies:
        story.append(text(f"复制 {request.copies} 页，复制件加盖档案馆印章后有效。"))
    if note:
        story.append(text(note))
    story += [
        Spacer(1, 5 * mm), text("本证明只证明馆藏档案的记载，不对所载事项作其他认定。可凭证明编号向本馆核对。证件号码已遮掩。", "small"), Spacer(1, 14 * mm),
        text(f"经办人：{by}　　　　复核人：＿＿＿＿＿＿＿＿　　　　{archive}（印章）"), Spacer(1, 3 * mm), text(f"出具日期：{day_of(printed).isoformat()}"),
    ]  # fmt: skip
    return build("查档证明", request.certificate, archive, story, text)
