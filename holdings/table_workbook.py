"""Spreadsheet workbooks through python-calamine: xlsx, xlsb, ods, and xls with .et of WPS.

Merged ranges are told for xlsx and xls only; the library does not give them for xlsb and ods. Number formats are not
told for any: a number shown as 001 by its format comes as 1. Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias, cast

import python_calamine

from holdings.errors import MediaUnreadable, SheetUnreadable
from holdings.table import COLUMNS_MAX, ROWS_MAX, CellKind, Merged, RawRow, Remark, RemarkKind, SheetFormat, Table
from holdings.table import Workbook as Opened
from holdings.zipped import Bounds, check_zip

XLSX_BOUNDS: Final = Bounds(total=1 << 30, ratio=400, free=16 << 20)  # repeated cells compress 50 to 1 and better
CELLS_MAX: Final = 32 << 20  # cells of one tab in its outer rectangle, which the library keeps whole: 24 B each
TABS_MAX: Final = 1_000  # one tab a volume is usual
MERGED_MAX: Final = 100_000  # ranges of one tab
SHAPES_MAX: Final = 4_096  # kinds of rows remembered; a sheet has a handful

Value: TypeAlias = "int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta"

_KINDS: Final = {
    int: CellKind.NUMBER,
    float: CellKind.NUMBER,
    str: CellKind.TEXT,
    bool: CellKind.BOOL,
    dt.date: CellKind.DATE,
    dt.datetime: CellKind.DATE,
    dt.time: CellKind.DATE,
    dt.timedelta: CellKind.DATE,
}
DAYS_1904: Final = 1_462  # from 1900 to 1904, as spreadsheet programs count
HEAD: Final = 64 << 10  # bytes within which a workbook names its date system
_DATE_1904: Final = re.compile(rb'<(?:\w+:)?workbookPr\b[^>]*\bdate1904="(\w+)"')
_WORKBOOK_PROPERTIES: Final = b"\x99\x01\x0c"
_XLS_1900, _XLS_1904 = b"\x22\x00\x02\x00\x00\x00", b"\x22\x00\x02\x00\x01\x00"  # MS-XLS 2.4.77: every workbook has one of them
_MEMBERS: Final = (("xl/workbook.xml", SheetFormat.XLSX), ("xl/workbook.bin", SheetFormat.XLSB))
_ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
# A cell right of column Z that holds something; the last row comes last.
_FAR_CELL: Final = re.compile(rb'<c r="([A-Z]{2,3})[0-9]{1,7}"[^>]*(?<!/)>')
_ROW: Final = b'<row r="'
_OVERLAP: Final = 512


def open_workbook(data: bytes) -> Opened:
    """Open a workbook; its tabs are read one by one. SheetUnreadable for a broken, encrypted or bomb-like file."""
    if data.startswith(b"PK"):
        form, from_1904 = _check_container(data)
    else:
        form, from_1904 = SheetFormat.XLS, _XLS_1904 in data and _XLS_1900 not in data
        _check_compound(data)
    unknown = form in (SheetFormat.XLSB, SheetFormat.ODS)
    remarks = (Remark(RemarkKind.MERGES_UNKNOWN),) if unknown else ()
    return Opened(form, "utf-8", "", _tabs(data), remarks=remarks, day_shift=DAYS_1904 if from_1904 else 0)


def _check_container(data: bytes) -> tuple[SheetFormat, bool]:
    """Bounds and kind of a zip container, before the library sees it; whether its days count from 1904."""
    try:
        extents = _Extents()
        container = check_zip(data, XLSX_BOUNDS, extents.tab)
    except MediaUnreadable as fault:
        raise SheetUnreadable(f"工作簿打不开：{fault}") from fault
    names = set(container.namelist())
    for member, form in _MEMBERS:
        if member in names:
            extents.judge()
            return form, _counts_from_1904(container.read(member)[:HEAD], form)
    if "mimetype" in names and container.read("mimetype")[:100].decode("latin-1").startswith(_ODS):
        return SheetFormat.ODS, False  # dates are written out there
    if "word/document.xml" in names:
        raise SheetUnreadable("这是 Word 文档；请把其中的表格复制到表格软件，另存为 .xlsx 后放入")
    raise SheetUnreadable("压缩包里没有工作簿，打不开；请解压后放入其中的表格")


def _counts_from_1904(workbook: bytes, form: SheetFormat) -> bool:
    """What the beginning of a workbook's own part says of its date system (ECMA-376 18.2.28; MS-XLSB 2.4.822)."""
    if form is SheetFormat.XLSX:
        found = _DATE_1904.search(workbook)
        return found is not None and found[1] in (b"1", b"true")
    at = workbook.find(_WORKBOOK_PROPERTIES)
    return at >= 0 and len(workbook) > at + 3 and bool(workbook[at + 3] & 1)


def _check_compound(data: bytes) -> None:
    """Compound files that are no workbook, by the names of their streams."""
    if _utf16("EncryptedPackage") in data:
        raise SheetUnreadable("工作簿有密码；请去掉密码后重新放入")
    if _utf16("WordDocument") in data and _utf16("Workbook") not in data:
        raise SheetUnreadable("这是 Word 文档；请把其中的表格复制到表格软件，另存为 .xlsx 后放入")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


class _Extents:
    """How far apart the cells of a tab lie, looked at while the container is read through: the library keeps the whole
    rectangle around them.

    Reads cells as every spreadsheet program writes them; whoever writes them otherwise to deceive ends at the sandbox's
    bound on memory.
    """

    def __init__(self) -> None:
        self.columns, self.rows = 26, 0
        self.cells = 0

    def tab(self, name: str) -> Callable[[bytes], None] | None:
        """What looks at the pieces of a member; None unless it is a tab of an xlsx."""
        if not name.startswith("xl/worksheets/sheet"):
            return None
        columns, rows, tail = 26, 0, b""

        def look(piece: bytes) -> None:
            nonlocal columns, rows, tail
            window = tail + piece
            columns = max([columns, *map(_column, set(_FAR_CELL.findall(window)))])
            at = window.rfind(_ROW)
            if at >= 0 and (number := window[at + len(_ROW) : at + len(_ROW) + 8].split(b'"')[0]).isdigit():
                rows = max(rows, int(number))
            tail = window[-_OVERLAP:]
            self.columns, self.rows = max(self.columns, columns), max(self.rows, rows)
            self.cells = max(self.cells, rows * columns if columns > 26 else 0)

        return look

    def judge(self) -> None:
        """SheetUnreadable when a tab is too wide, too long, or both by halves."""
        if self.columns > COLUMNS_MAX:
            raise SheetUnreadable(f"工作表超过 {COLUMNS_MAX} 列；请删去右边多余的列后另存")
        if self.rows > ROWS_MAX or self.cells > CELLS_MAX:
            raise SheetUnreadable("工作表的单元格相距过远（行数×列数过大）；请删去远处的多余单元格，或分成几张表")


def _column(letters: bytes) -> int:
    """Number of a column, A is 1."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _tabs(data: bytes) -> Iterator[Table]:
    """Tabs in order, hidden ones too: what is hidden was delivered all the same."""
    try:
        workbook = python_calamine.load_workbook(io.BytesIO(data))
        tabs = [tab for tab in workbook.sheets_metadata if tab.typ == python_calamine.SheetTypeEnum.WorkSheet]
        if len(tabs) > TABS_MAX:
            raise SheetUnreadable(f"超过 {TABS_MAX:,} 个工作表；请分成几个文件")
        for tab in tabs:
            sheet = workbook.get_sheet_by_name(tab.name)
            ranges = (sheet.merged_cell_ranges or [])[:MERGED_MAX]
            merged = tuple(Merged(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges)
            hidden = tab.visible != python_calamine.SheetVisibleEnum.Visible
            yield Table(tab.name, _rows(sheet), merged, hidden=hidden)
    except python_calamine.PasswordError as fault:
        raise SheetUnreadable("工作簿有密码；请去掉密码后重新放入") from fault
    except (python_calamine.CalamineError, OSError) as fault:
        raise SheetUnreadable("工作簿已损坏，打不开；请用表格软件打开后另存为 .xlsx") from fault


def _rows(sheet: python_calamine.CalamineSheet) -> Iterator[RawRow]:
    """Rows of one tab."""
    end = sheet.end or (0, 0)
    if end[0] >= ROWS_MAX or end[1] >= COLUMNS_MAX:
        yield RawRow(1, [], fault=f"超过 {ROWS_MAX:,} 行或 {COLUMNS_MAX} 列")
        return
    known: dict[tuple[type, ...], tuple[tuple[CellKind, ...], list[int]]] = {}
    for number, values in enumerate(sheet.iter_rows(), 1):
        types = tuple(map(type, values))
        shape = known.get(types)
        if shape is None:
            shape = tuple(_KINDS[kind] for kind in types), [i for i, kind in enumerate(types) if kind is not str]
            if len(known) < SHAPES_MAX:
                known[types] = shape
        kinds, others = shape
        lossy = frozenset(i for i in others if isinstance(value := values[i], float) and abs(value) >= 1e15)
        for index in others:
            values[index] = _text(values[index])
        yield RawRow(number, cast("list[str]", values), lossy=lossy, kinds=kinds if others else ())


def _text(value: Value) -> str:
    """A cell as text: whole numbers without `.0`, dates as YYYYMMDD (DA/T 18-2022)."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.date):  # a datetime is one too
        return f"{value.year:04d}{value.month:02d}{value.day:02d}"
    return str(value)
