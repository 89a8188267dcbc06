"""Spreadsheet workbooks through python-calamine.

Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Final, TypeAlias

import python_calamine

from holdings.errors import MediaUnreadable, SheetUnreadable
from holdings.record import CELL_MAX
from holdings.table import COLUMNS_MAX, ROWS_MAX, CellKind, Merged, RawRow, SheetFormat, Table, Workbook
from holdings.zipped import Bounds, check_zip

XLSX_BOUNDS: Final = Bounds(total=1 << 30, ratio=400, free=16 << 20)  # repeated cells compress 50 to 1 and better

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


def open_workbook(data: bytes) -> Workbook:
    """Open a workbook; its tabs are read one by one. SheetUnreadable for a broken, encrypted or bomb-like file."""
    try:
        check_zip(data, XLSX_BOUNDS)
    except MediaUnreadable as fault:
        raise SheetUnreadable(f"工作簿打不开：{fault}") from fault
    return Workbook(SheetFormat.XLSX, "utf-8", "", _tabs(data))


def _tabs(data: bytes) -> Iterator[Table]:
    """Tabs in order."""
    try:
        workbook = python_calamine.load_workbook(io.BytesIO(data))
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            ranges = sheet.merged_cell_ranges or []
            merged = tuple(Merged(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges)
            yield Table(name, _rows(sheet), merged)
    except python_calamine.PasswordError as fault:
        raise SheetUnreadable("工作簿有密码；请去掉密码后重新放入") from fault
    except (python_calamine.CalamineError, OSError, zipfile.BadZipFile) as fault:
        raise SheetUnreadable("工作簿已损坏，打不开；请重新导出") from fault


def _rows(sheet: python_calamine.CalamineSheet) -> Iterator[RawRow]:
    """Rows of one tab."""
    if sheet.total_height > ROWS_MAX or sheet.total_width > COLUMNS_MAX:
        yield RawRow(1, [], fault=f"超过 {ROWS_MAX:,} 行或 {COLUMNS_MAX} 列")
        return
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
        lossy = frozenset(i for i, v in enumerate(values) if isinstance(v, float) and abs(v) >= 1e15)
        kinds = tuple(_KINDS[type(value)] for value in values)
        yield RawRow(number, [_text(value) for value in values], lossy=lossy, kinds=kinds if any(kinds) else ())


def _text(value: Value) -> str:
    """A cell as text: whole numbers without `.0`, dates as YYYYMMDD (DA/T 18-2022)."""
    if isinstance(value, str):
        return value[: CELL_MAX + 1]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.date):  # a datetime is one too
        return f"{value.year:04d}{value.month:02d}{value.day:02d}"
    return str(value)
