"""SpreadsheetML 2003 ("XML 表格"), through lxml: streamed, entities off, no document type.

Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

from lxml import etree

from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.record import CELL_MAX
from holdings.table import COLUMNS_MAX, GRID_MAX, ROWS_MAX, CellKind, Merged, RawRow, SheetFormat, Table, Workbook
from holdings.table_encoding import plain_text

TABS_MAX: Final = 1_000
MERGED_MAX: Final = 100_000
_NS: Final = "{urn:schemas-microsoft-com:office:spreadsheet}"
_SHEET, _ROW, _CELL, _DATA = f"{_NS}Worksheet", f"{_NS}Row", f"{_NS}Cell", f"{_NS}Data"
_WHOLE: Final = expression(r"(-?[0-9]{1,15})\.0*")
_KINDS: Final = {"Number": CellKind.NUMBER, "DateTime": CellKind.DATE, "Boolean": CellKind.BOOL}


def open_xml(data: bytes) -> Workbook:
    """Open a workbook; its tabs are read one by one. SheetUnreadable when it is broken or declares entities."""
    data, encoding, shown = plain_text(data)
    text = data.decode(encoding, "replace").encode("utf-8")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise SheetUnreadable("XML 表格内有文档类型或实体声明，不予读取；请用表格软件打开后另存为 .xlsx")
    return Workbook(SheetFormat.XML, shown, "", _tabs(text))


def _tabs(data: bytes) -> Iterator[Table]:
    """Tabs as they end."""
    events = etree.iterparse(
        io.BytesIO(data), events=("start", "end"), tag=(_SHEET, _ROW), resolve_entities=False, huge_tree=False, load_dtd=False,
        no_network=True, encoding="utf-8",
    )  # fmt: skip
    tab, count = _Tab(""), 0
    try:
        for event, element in events:
            if event == "start":
                if element.tag == _SHEET:
                    tab, count = _Tab((element.get(f"{_NS}Name") or "")[:255]), count + 1
                continue
            if count > TABS_MAX:
                raise SheetUnreadable(f"超过 {TABS_MAX:,} 个工作表；请分成几个文件")
            if element.tag == _ROW:
                tab.take(element)
            else:
                yield Table(tab.name, iter(tab.rows), tuple(tab.merged))
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]
    except etree.LxmlError as fault:
        raise SheetUnreadable("XML 表格已损坏或嵌套过深，打不开；请用表格软件打开后另存为 .xlsx") from fault


class _Tab:
    """One tab while it is read."""

    def __init__(self, name: str) -> None:
        self.name, self.rows, self.merged = name, list[RawRow](), list[Merged]()
        self._number = self._cells = 0
        self._reach: dict[int, int] = {}  # column: last row that a merged cell above takes

    def take(self, row: etree._Element) -> None:
        """Read one row; ss:Index jumps over blank ones."""
        self._number = max(self._number + 1, _index(row))
        if self._number > ROWS_MAX:
            raise SheetUnreadable(f"超过 {ROWS_MAX:,} 行；请分成几张表")
        cells: list[str] = []
        kinds: list[CellKind] = []
        for cell in row.iterchildren(_CELL):
            at, across, down = len(cells), 0, 0
            if cell.attrib:
                at = max(at, _index(cell) - 1)
                across, down = _number(cell, "MergeAcross"), _number(cell, "MergeDown")
            while at == len(cells) and self._reach.get(at, 0) >= self._number and not _index(cell):
                cells.append("")
                kinds.append(CellKind.TEXT)
                at += 1
            if at + across >= COLUMNS_MAX:
                self.rows.append(RawRow(self._number, [], fault=f"超过 {COLUMNS_MAX} 列"))
                return
            blank = at - len(cells)
            text, kind = _value(cell)
            cells += [""] * blank + [text] + [""] * across
            kinds += [CellKind.TEXT] * blank + [kind] + [CellKind.TEXT] * across
            if (across or down) and len(self.merged) < MERGED_MAX:
                self.merged.append(Merged(self._number, at, self._number + down, at + across))
            if down:
                self._reach.update(dict.fromkeys(range(at, at + across + 1), self._number + down))
        self._cells += len(cells)
        if self._cells > GRID_MAX:
            raise SheetUnreadable("工作表的单元格过多；请分成几张表")
        bad = frozenset(index for index, text in enumerate(cells) if "\ufffd" in text)
        lossy = frozenset(
            i for i, kind in enumerate(kinds) if kind is CellKind.NUMBER and len(cells[i].strip("-")) > 15
        )
        self.rows.append(RawRow(self._number, cells, bad, lossy=lossy, kinds=tuple(kinds) if any(kinds) else ()))


def _value(cell: etree._Element) -> tuple[str, CellKind]:
    """Text and kind of a cell; dates as YYYYMMDD (DA/T 18-2022)."""
    data = next(cell.iterchildren(_DATA), None)
    if data is None:
        return "", CellKind.TEXT
    text = ("".join(map(str, data.itertext())) if len(data) else data.text or "")[: CELL_MAX + 1]
    kind = _KINDS.get(data.get(f"{_NS}Type") or "", CellKind.TEXT)
    if kind is CellKind.DATE and text[4:5] == text[7:8] == "-":
        return text[:4] + text[5:7] + text[8:10], kind
    if kind is CellKind.BOOL:
        return ("是" if text.strip() in ("1", "true") else "否"), kind
    return (_plain_number(text) if kind is CellKind.NUMBER else text), kind


def _plain_number(text: str) -> str:
    """A whole number without `.0`; any other as it stands."""
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _index(element: etree._Element) -> int:
    """ss:Index, 0 when there is none."""
    return _number(element, "Index")


def _number(element: etree._Element, name: str) -> int:
    """A numeric attribute within ROWS_MAX, 0 when there is none."""
    said = (element.get(_NS + name) or "").strip()
    return min(int(said), ROWS_MAX + 1) if said.isascii() and said.isdigit() and len(said) < 9 else 0
