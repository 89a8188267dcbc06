"""Sheets of new codes 改号表: columns 原档号 and 新档号, and for a split 起页, 止页, 题名. Runs in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from holdings.errors import SheetUnreadable
from holdings.record import CELL_MAX, parse_pages
from holdings.renumber import ROWS_MAX
from holdings.table import RawRow, Table, open_tables

HEADER_WITHIN: Final = 20  # rows: a title may stand above the header
_COLUMNS: Final = {
    "old": ("原档号", "旧档号", "原编档号", "改前档号"),
    "new": ("新档号", "现档号", "改后档号", "新编档号"),
    "first": ("起页", "首页", "起始页"),
    "last": ("止页", "末页", "终止页"),
    "title": ("题名", "案卷题名", "新题名"),
}


class CodeRow(Struct, frozen=True, array_like=True):
    """One line: row number, 原档号, 新档号, and of a split the first and last page (0: not said) and 题名."""

    row: int
    old: str
    new: str
    first: int = 0
    last: int = 0
    title: str = ""


def read_codes(data: bytes, name: str) -> bytes:
    """Read a sheet of new codes in the sandbox; JSON for `decode_codes`. SheetUnreadable says in Chinese what is wrong."""
    rows: list[CodeRow] = []
    found = False
    for table in open_tables(name, data).tables:
        lines = iter(table.rows)
        columns = _header(lines)
        if columns is None:
            continue
        found = True
        rows += _rows(table, lines, columns, ROWS_MAX + 1 - len(rows))
    if not found:
        raise SheetUnreadable("表中没有“原档号”和“新档号”两列；请加上表头后重试")
    return msgspec.json.encode(rows)


def decode_codes(data: bytes) -> list[CodeRow]:
    """Decode what `read_codes` said; at most ROWS_MAX + 1 rows, so that too many are seen to be too many."""
    return msgspec.json.decode(data, type=list[CodeRow])


def _header(lines: Iterator[RawRow]) -> dict[str, int] | None:
    """Which column is which, from the first row that names both codes; None when there is none."""
    for _, row in zip(range(HEADER_WITHIN), lines, strict=False):
        cells = ["".join(cell.split()) for cell in row.cells]
        found = {key: cells.index(name) for key, names in _COLUMNS.items() for name in names if name in cells}
        if {"old", "new"} <= found.keys():
            return found
    return None


def _rows(table: Table, lines: Iterator[RawRow], columns: dict[str, int], most: int) -> list[CodeRow]:
    """Lines that are not blank. A cell that does not decode, or lost digits, refuses the sheet: a code is not guessed."""
    rows: list[CodeRow] = []
    for row in lines:
        said = {key: row.cells[at].strip() for key, at in columns.items() if at < len(row.cells)}
        if not said.get("old") and not said.get("new"):
            continue
        where = f"{table.name} 第 {row.number} 行".strip()
        at = {columns["old"], columns["new"]}
        if row.fault or row.bad & at or row.lossy & at or max(map(len, said.values())) > CELL_MAX:
            raise SheetUnreadable(f"{where}的档号读不出或丢失了数字；请把两列设为文本格式后重填")
        first, last = _page(said.get("first", ""), where), _page(said.get("last", ""), where)
        rows.append(CodeRow(row.number, said.get("old", ""), said.get("new", ""), first, last, said.get("title", "")))
        if len(rows) >= most:
            break
    return rows


def _page(text: str, where: str) -> int:
    """A page number; 0 when blank."""
    number = parse_pages(text) if text else 0
    if number is None:
        raise SheetUnreadable(f"{where}的起页或止页不是页码；请改正")
    return number
