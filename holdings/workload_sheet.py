"""The workload statistics as xlsx: sums by delivery, lines, persons; for the settlement with the contractor."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

from holdings.workload import Workload

_TABS = (
    (
        "批次合计",
        ("加工单位", "批次", "件数", "画幅", "其中背面", "幅面未知", "折合A4", "申报折合A4"),
        (20, 30, 8, 10, 10, 10, 12, 12),
    ),
    (
        "明细",
        ("加工单位", "批次", "扫描站", "扫描员", "日期", "幅面", "画幅", "折合A4"),
        (20, 30, 14, 12, 12, 10, 10, 12),
    ),
    ("人员", ("加工单位", "工序", "姓名", "件数", "画幅", "折合A4"), (20, 14, 12, 8, 10, 12)),
)


def write(statistics: Workload, heading: str) -> bytes:
    """The statistics as a workbook of three tabs with totals, A4 across, headers on every printed page."""
    rows: tuple[list[tuple[object, ...]], ...] = (
        [
            (s.contractor, s.delivery, s.records, s.pages, s.backs, s.unknown, s.a4, s.declared_a4)
            for s in statistics.sums
        ],
        [
            (one.contractor, one.delivery, one.station, one.operator, one.day, one.size_class, one.pages, one.a4)
            for one in statistics.lines
        ],
        [(p.contractor, p.role, p.person, p.records, p.pages, p.a4) for p in statistics.persons],
    )
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, cell = book.add_format({"bold": True, "border": 1}), book.add_format({"border": 1})
    for (name, columns, widths), lines in zip(_TABS, rows, strict=True):
        sheet = book.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(1)
        sheet.set_footer("&R第 &P 页 共 &N 页")
        sheet.write_string(0, 0, f"{heading}  {name}")
        for at, (title, width) in enumerate(zip(columns, widths, strict=True)):
            sheet.set_column(at, at, width)
            sheet.write_string(1, at, title, bold)
        for row, line in enumerate([*lines, _total(lines, len(columns))], 2):
            for at, value in enumerate(line):
                if isinstance(value, int | float):
                    sheet.write_number(row, at, value, cell)
                else:
                    sheet.write_string(row, at, str(value or ""), cell)
    book.close()
    return out.getvalue()


def _total(lines: Sequence[tuple[object, ...]], width: int) -> tuple[object, ...]:
    """The line 合计: sums of the columns that are numbers."""
    return ("合计", *(_sum(line[at] for line in lines) for at in range(1, width)))


def _sum(values: Iterable[object]) -> object:
    numbers = [value for value in values if isinstance(value, int | float)]
    return round(sum(numbers), 2) if numbers else ""
