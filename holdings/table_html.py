"""HTML tables, as office systems save them under .xls, through lxml: streamed, no network, no entities from outside.

Cells that span are given as a spreadsheet does: the value in the first, blanks in the others, and the range as merged.
Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.record import CELL_MAX
from holdings.table import COLUMNS_MAX, GRID_MAX, ROWS_MAX, Merged, RawRow, SheetFormat, Table, Workbook
from holdings.table_encoding import plain_text

HTML_MAX: Final = 128 << 20  # bytes; a row of 14 cells is 500
TABLES_MAX: Final = 1_000
TAG_MAX: Final = 65_536  # bytes of one tag: the parser compares each attribute with all before it
MERGED_MAX: Final = 100_000
_LONG_TAG: Final = re.compile(rb"<[a-zA-Z][^>]{%d}" % TAG_MAX)
_SPACE: Final = expression(r"[ \t\r\n\f\u00a0]+")


def open_html(data: bytes) -> Workbook:
    """Open a page; each table that has rows of its own is one, in the order of their ends (an inner one before its
    outer one).

    SheetUnreadable when it is nested too deeply (256 elements), too long, or no text.
    """
    if len(data) > HTML_MAX:
        raise SheetUnreadable(f"网页表格超过 {HTML_MAX >> 20} MiB；请用表格软件打开后另存为 .xlsx")
    data, encoding, shown = plain_text(data)
    if _LONG_TAG.search(data):
        raise SheetUnreadable("网页表格内有过长的标签，不予读取；请用表格软件打开后另存为 .xlsx")
    return Workbook(SheetFormat.HTML, shown, "", _tables(data.decode(encoding, "replace").encode("utf-8")))


def _tables(data: bytes) -> Iterator[Table]:
    """Tables as they end."""
    open_grids = [_Grid()]  # the first one takes rows that stand in no table
    count = 0
    events = etree.iterparse(
        io.BytesIO(data), events=("start", "end"), tag=("table", "tr"), html=True, huge_tree=False, encoding="utf-8"
    )
    try:
        for event, element in events:
            if element.tag == "tr":
                if event == "end":
                    open_grids[-1].take(element)
                    _forget(element)
            elif event == "start":
                open_grids.append(_Grid())
            elif len(open_grids) > 1:
                grid = open_grids.pop()
                _forget(element)
                if grid.rows:
                    count += 1
                    yield grid.table()
            if count > TABLES_MAX:
                raise SheetUnreadable(f"网页里超过 {TABLES_MAX:,} 个表格；请用表格软件打开后另存为 .xlsx")
    except etree.LxmlError as fault:
        raise SheetUnreadable("网页表格已损坏，打不开；请用表格软件打开后另存为 .xlsx") from fault
    if len(events.error_log.filter_from_fatals()):
        raise SheetUnreadable("网页表格嵌套过深或内容过长，没有读完；请用表格软件打开后另存为 .xlsx")
    for grid in reversed(open_grids):
        if grid.rows:
            yield grid.table()


def _forget(element: etree._Element) -> None:
    """Free an element that was read, and what stands before it in its parent."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


class _Grid:
    """One table while it is read: where spanning cells of earlier rows still reach down."""

    def __init__(self) -> None:
        self.rows: list[RawRow] = []
        self._merged: list[Merged] = []
        self._cells = 0
        self._reach: dict[int, int] = {}  # column: last row that a cell above takes

    def table(self) -> Table:
        """What was read."""
        return Table("", iter(self.rows), tuple(self._merged))

    def take(self, row: etree._Element) -> None:
        """Read one row."""
        number = len(self.rows) + 1
        if number > ROWS_MAX:
            raise SheetUnreadable(f"超过 {ROWS_MAX:,} 行；请分成几张表")
        cells: list[str] = []
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            while self._reach.get(len(cells), 0) >= number:
                cells.append("")
            if len(cells) >= COLUMNS_MAX:
                self.rows.append(RawRow(number, [], fault=f"超过 {COLUMNS_MAX} 列"))
                return
            at, across, down = len(cells), _span(cell, "colspan", COLUMNS_MAX), _span(cell, "rowspan", ROWS_MAX)
            cells.append(_text(cell))
            if across > 1 or down > 1:
                across = min(across, COLUMNS_MAX - at)
                cells.extend([""] * (across - 1))
                self._spread(number, at, across, down)
        self._cells += len(cells)
        if self._cells > GRID_MAX:
            raise SheetUnreadable("网页表格的单元格过多；请分成几张表")
        bad = frozenset(index for index, cell in enumerate(cells) if "\ufffd" in cell)
        self.rows.append(RawRow(number, cells, bad))

    def _spread(self, number: int, at: int, across: int, down: int) -> None:
        """Note a cell that spans."""
        if len(self._merged) < MERGED_MAX:
            self._merged.append(Merged(number, at, number + down - 1, at + across - 1))
        if down > 1:
            self._reach.update(dict.fromkeys(range(at, at + across), number + down - 1))


def _span(cell: etree._Element, name: str, most: int) -> int:
    """How many columns or rows a cell takes; 1 for anything that is no number."""
    said = (cell.get(name) or "").strip()
    return min(most, max(1, int(said))) if said.isascii() and said.isdigit() and len(said) < 9 else 1


def _text(cell: etree._Element) -> str:
    """Text of a cell with blanks as a browser shows them; a replacement character stands for undecodable bytes."""
    text = (cell.text or "") if not len(cell) else "".join(map(str, cell.itertext()))
    return _SPACE.sub(" ", text[: 4 * CELL_MAX]).strip()[: CELL_MAX + 1]
