"""The yearly statistics as people and programs read them: rows of a table with numbers in their units, as xlsx, and as JSON values."""

from __future__ import annotations

import io
from typing import Any, Final

from msgspec import Struct

from holdings.language import mark
from holdings.report_page import Heading
from holdings.statistic import BY_SHEET, Figure
from holdings.statistics_report import Line, Report

TITLE: Final = "档案工作统计年报"
UNKNOWN: Final = "—"
UNREPORTED: Final = mark("未报")
"""Stands where a figure would be counted from sheets and the archive has reported none."""


class Shown(Struct, frozen=True):
    """A report with the words that go on paper: `site` the place itself, whose archive name is blank."""

    report: Report
    heading: Heading
    site: str

    def archive(self, name: str) -> str:
        """An archive as it is printed."""
        return name or self.site

    def is_unreported(self, figure: Figure, name: str) -> bool:
        """Whether a figure of an archive is not known because no sheet of it came; `name` blank: of the whole."""
        if figure not in BY_SHEET or not self.report.unreported:
            return False
        return name in self.report.unreported if name else {*self.report.archives} - {""} == self.report.unreported

    def cell(self, line: Line, name: str) -> str:
        """A figure of an archive as it is printed; blank where there is none."""
        if name in line.cells:
            return number(line.figure, line.cells[name].value)
        return UNREPORTED if name and self.is_unreported(line.figure, name) else ""

    def total(self, line: Line) -> str:
        """The figure of the whole as it is printed."""
        return (
            UNREPORTED
            if line.total is None and self.is_unreported(line.figure, "")
            else number(line.figure, line.total)
        )

    @property
    def status(self) -> str:
        """Whether the year is frozen, over, or under way; with the digest of a frozen one."""
        frozen = self.report.frozen
        if frozen is not None:
            return f"已定稿（{frozen.person}，{self.heading.when(frozen.wall)}），SHA-256 {frozen.digest.hex()}"
        return "年度已结束，尚未定稿" if self.report.is_over else "年度未结束，为目前累计数"


def number(figure: Figure, value: int | None) -> str:
    """A value in its unit: GB and 万字 with three decimals; a dash for what nobody knows."""
    if value is None:
        return UNKNOWN
    scale = figure.about.scale
    return f"{value:,}" if scale == 1 else f"{value / scale:,.3f}"


def amount(figure: Figure, value: int | None) -> float | int | None:
    """The same as a number for programs."""
    return value if value is None or figure.about.scale == 1 else round(value / figure.about.scale, 3)


def stored(figure: Figure, text: str) -> int | None:
    """What a person typed, as it is stored; None for a blank. ValueError when it is no number of at most three decimals."""
    text = text.strip().replace(",", "").replace("，", "")
    if not text:
        return None
    whole, _, part = text.partition(".")
    if not (
        whole.isascii()
        and whole.isdecimal()
        and len(whole) <= 12
        and (not part or (part.isascii() and part.isdecimal() and len(part) <= 3))
    ):
        raise ValueError("not a number")
    scale = figure.about.scale
    if part and scale == 1:
        raise ValueError("not a whole number")
    return int(whole) * scale + int((part or "0").ljust(3, "0")) * scale // 1000


def sources(line: Line) -> str:
    """Where a line's figures come from."""
    if any(cell.entered is not None for cell in line.cells.values()):
        return "人工填报"
    return str(line.figure.about.source.value)


def values(shown: Shown) -> dict[str, Any]:
    """The report for programs."""
    report = shown.report
    frozen = report.frozen
    return {
        "year": report.year,
        "unreported": sorted(report.unreported),
        "is_over": report.is_over,
        "frozen": {"wall": frozen.wall, "person": frozen.person, "sha256": frozen.digest.hex()} if frozen else None,
        "figures": [
            {
                "figure": line.figure.value, "group": line.figure.about.group.value, "label": line.figure.about.label, "unit": line.figure.about.unit,
                "value": amount(line.figure, line.total), "last_year": amount(line.figure, line.before), "source": sources(line),
                "archives": [
                    {
                        "name": shown.archive(name), "value": amount(line.figure, cell.value), "counted": amount(line.figure, cell.counted),
                        "entered": amount(line.figure, cell.entered),
                    }
                    for name, cell in line.cells.items()
                ],
            }
            for line in report.lines
        ],
    }  # fmt: skip


def workbook(shown: Shown) -> bytes:
    """The report as xlsx: one sheet, archives across, A4 lying, header on every printed page. No cell is a formula."""
    report = shown.report
    out = io.BytesIO()
    import xlsxwriter  # for who writes a sheet

    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, cell = book.add_format({"bold": True, "border": 1}), book.add_format({"border": 1})
    whole, decimals = (book.add_format({"border": 1, "num_format": form}) for form in ("#,##0", "#,##0.000"))
    sheet = book.add_worksheet(f"{report.year}")
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(3)
    sheet.freeze_panes(4, 3)
    sheet.set_footer("&R第 &P 页 共 &N 页")
    sheet.write_string(0, 0, f"{shown.heading.site}　{report.year} 年{TITLE}")
    sheet.write_string(1, 0, shown.status)
    sheet.write_string(2, 0, f"打印 {shown.heading.when(shown.heading.time)}　{shown.heading.person}")
    heads = ["类别", "统计项", "单位", "合计", "上年", "来源", *(shown.archive(name) for name in report.archives)]
    for at, head in enumerate(heads):
        sheet.set_column(at, at, 26 if at == 1 else 12)
        sheet.write_string(3, at, head, bold)
    for row, line in enumerate(report.lines, 4):
        about = line.figure.about
        for at, text in ((0, about.group.value), (1, about.label), (2, about.unit), (5, sources(line))):
            sheet.write_string(row, at, text, cell)
        given = [
            (line.total, shown.total(line)),
            (line.before, UNKNOWN),
            *(
                (line.cells[name].value if name in line.cells else None, shown.cell(line, name))
                for name in report.archives
            ),
        ]
        for at, (value, text) in zip([3, 4, *range(6, len(heads))], given, strict=True):
            said = amount(line.figure, value)
            if said is None:
                sheet.write_string(row, at, text or UNKNOWN, cell)
            else:
                sheet.write_number(row, at, said, whole if about.scale == 1 else decimals)
    book.close()
    return out.getvalue()
