"""整改通知单: the paper on which a round says what goes back and why, as a workbook for who mends it; pure but for the bytes of the workbook."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from holdings.directive_verdict import HandOver

COLUMNS: Final = ("序号", "档号", "题名", "版本", "理由代码", "理由", "页码", "说明", "依据", "整改说明（整改方填写）")
_WIDTHS: Final = (6, 30, 36, 6, 9, 24, 16, 30, 22, 30)
NAME: Final = "整改通知单"
LINES_MAX: Final = 100_000
"""Lines of one workbook: a sheet holds a million, and a person reads fewer."""
CELL_MAX: Final = 2_000


class Notice(Struct, frozen=True):
    """The head of a notice, frozen when its round was concluded. `reasons`: code → (name, clause), as they were then. Times in seconds UTC."""

    number: str
    handover: HandOver
    to: str
    by: str
    delivery: str
    round: int
    accepted: int
    returned: int
    due: str
    remark: str
    person: str
    time: int
    day: str
    reasons: dict[str, tuple[str, str]]

    def heading(self) -> list[list[str]]:
        """Rows of two names and two values."""
        kind = "移交" if self.handover is HandOver.TRANSFER else "报送"
        taken = "接收" if self.handover is HandOver.TRANSFER else "验收通过"
        return [
            ["编号", self.number, "日期", self.day],
            [f"{kind}单位", self.to, "发出单位", self.by],
            ["批次", self.delivery, "轮次", f"第 {self.round} 轮"],
            [f"本轮{taken}", f"{self.accepted:,} 件", "本轮退回", f"{self.returned:,} 件"],
            ["整改期限", self.due, "经办人", self.person],
        ]


class Line(Struct, frozen=True):
    """One reason for one record."""

    code: str
    title: str
    version: int
    reason: str
    pages: str
    remark: str


def cells(notice: Notice, position: int, line: Line) -> list[str]:
    """A line as the notice prints it, without the last column."""
    name, clause = notice.reasons.get(line.reason, ("", ""))
    return [str(position), line.code, line.title, str(line.version), line.reason, name, line.pages, line.remark, clause]


def workbook(notice: Notice, lines: Iterable[Line]) -> bytes:
    """The notice as xlsx (A4 across, heading on every printed page). Everything is text: a title "=1+1" is not reckoned out on somebody's desk."""
    import xlsxwriter  # 60 ms, and only who asks for a workbook pays

    out = io.BytesIO()
    made = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    # The same notice is the same file, whenever it is asked for.
    import datetime as dt

    made.set_properties(
        {
            "title": f"{NAME} {notice.number}",
            "created": dt.datetime.fromtimestamp(notice.time, dt.UTC).replace(tzinfo=None),
        }
    )
    bold, cell = (
        made.add_format({"bold": True, "border": 1}),
        made.add_format({"border": 1, "text_wrap": True, "valign": "top"}),
    )
    sheet = made.add_worksheet(NAME)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{notice.number.replace('&', '&&')}&R第 &P 页 共 &N 页")
    for at, width in enumerate(_WIDTHS):
        sheet.set_column(at, at, width)
    sheet.write_string(0, 0, NAME, made.add_format({"bold": True, "font_size": 16}))
    row = 1
    for names in notice.heading():
        sheet.write_string(row, 0, "　　".join(f"{names[at]}：{names[at + 1]}" for at in (0, 2)))
        row += 1
    if notice.remark:
        sheet.write_string(row, 0, f"说明：{notice.remark}")
        row += 1
    for at, name in enumerate(COLUMNS):
        sheet.write_string(row, at, name, bold)
    sheet.repeat_rows(row)
    sheet.freeze_panes(row + 1, 2)
    for position, line in enumerate(lines, 1):
        if position > LINES_MAX:
            sheet.write_string(row + position, 0, f"只列前 {LINES_MAX:,} 行", cell)
            break
        for at, text in enumerate([*cells(notice, position, line), ""]):
            sheet.write_string(row + position, at, text[:CELL_MAX], cell)
    made.close()
    return out.getvalue()
