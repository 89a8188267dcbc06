"""Results of a search as a table to take along: CSV and xlsx, in which nothing is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from holdings.harmless_cell import harmless
from holdings.search_told import Told

COLUMNS: Final = (
    ("档号", "ref", 34), ("题名", "title", 60), ("责任者", "body", 24), ("文号", "number", 22), ("日期", "date", 12), ("年度", "year", 8),
    ("保管期限", "retention", 12), ("密级", "security", 8), ("开放状态", "opening", 12), ("层级", "level", 8), ("全宗", "fonds", 10), ("保管方", "holder", 16),
    ("命中处", "snippet", 50),
)  # fmt: skip
"""(heading, key of a told hit, width of the column in a workbook)."""


def lines(hits: Iterable[Told]) -> Iterator[tuple[str, ...]]:
    """Hits as rows of text, in the order of COLUMNS; a blank for what is not known."""
    for hit in hits:
        yield tuple("" if (value := hit[key]) is None else str(value) for _, key, _ in COLUMNS)


def as_csv(hits: Iterable[Told]) -> Iterator[bytes]:
    """UTF-8 with a byte-order mark, piece by piece; cells that a program would compute stand behind an apostrophe."""
    yield b"\xef\xbb\xbf" + _line([name for name, _, _ in COLUMNS])
    for row in lines(hits):
        yield _line([harmless(cell) for cell in row])


def _line(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode("utf-8", "replace")


def as_workbook(hits: Iterable[Told], heading: str) -> bytes:
    """A workbook of one tab, A4 across, its head on every printed page. Every cell is a text, whatever it begins with."""
    import xlsxwriter  # slow to load, seldom asked

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    bold, cell = book.add_format({"bold": True, "border": 1}), book.add_format({"border": 1, "text_wrap": True})
    sheet = book.add_worksheet("检索结果")
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)
    sheet.set_footer("&R第 &P 页 共 &N 页")
    sheet.write_string(0, 0, heading[:1_000])
    for at, (name, _, width) in enumerate(COLUMNS):
        sheet.set_column(at, at, width)
        sheet.write_string(1, at, name, bold)
    for at, row in enumerate(lines(hits), 2):
        for column, text in enumerate(row):
            sheet.write_string(at, column, text, cell)
    book.close()
    return out.getvalue()
