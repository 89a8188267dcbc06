"""What each column of a sheet is read as, and what it could be: read as far as the header, for who maps columns by hand."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from holdings.columns import HEADER_WITHIN
from holdings.errors import SheetUnreadable
from holdings.sheet import SheetRequest, decode_request
from holdings.sheet_header import find_header, map_columns
from holdings.sheet_profile import ANSWERS_MAX
from holdings.table import open_tables

TABS_MAX: Final = 32  # a workbook of volumes has more, of one kind


class ColumnRead(Struct, frozen=True):
    """A column: its tab, its number from 1, what it is called in answers, and what it is read as (blank: left out)."""

    tab: str
    number: int
    name: str
    means: str


class ColumnsRead(Struct, frozen=True):
    """The columns of a sheet, at most 256, and every element that one may be read as."""

    columns: tuple[ColumnRead, ...]
    elements: tuple[str, ...]


def columns_in_sandbox(data: bytes, request: str) -> bytes:
    """What the sandbox runs; no value of a row leaves it."""
    return msgspec.json.encode(_columns(decode_request(request), data))


def decode(data: bytes) -> ColumnsRead:
    """What the sandbox said; SheetUnreadable when it is none."""
    try:
        return msgspec.json.decode(data, type=ColumnsRead)
    except msgspec.DecodeError as fault:
        raise SheetUnreadable(f"目录表的列不合格式：{fault}；请重试") from fault


def _columns(request: SheetRequest, data: bytes) -> ColumnsRead:
    found: dict[str, ColumnRead] = {}
    for at, table in enumerate(open_tables(request.name, data).tables):
        if at == TABS_MAX:
            break
        window = [row for _, row in zip(range(HEADER_WITHIN), table.rows, strict=False)]
        header = find_header(window, table.merged, request.table)
        if header is None:
            continue
        mapped = map_columns(header, request.table, request.profile, from_dbf=bool(table.fields))
        for number, (name, means) in enumerate(zip(mapped.ids, mapped.names, strict=True), 1):
            # One answer holds for a column of that name in every tab.
            if name and len(found) < ANSWERS_MAX:
                found.setdefault(name, ColumnRead(table.name, number, name, means or ""))
    return ColumnsRead(tuple(found.values()), tuple(dict.fromkeys(request.table.elements.values())))
