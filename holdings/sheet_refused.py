"""What a refused row of a sheet says, read again for who types it anew: nothing of a refused row is kept anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from holdings.errors import SheetUnreadable
from holdings.sheet import decode_request, open_sheet
from holdings.sheet_notes import TOLD_MAX, Ledger

VALUES_MAX: Final = 256  # format.md §14: columns of a sheet


class RefusedRow(Struct, frozen=True):
    """A refused row: the match key of its code (blank: it has none), and its values by element; cells that do not decode are left out."""

    key: str
    values: dict[str, str]


class _Found(Exception):
    """The row was met: the rest of the sheet need not be read."""


class RowLedger(Ledger):
    """Listens for one refused row. What an open site must not read never comes here: such rows are withheld before (sheet_rows)."""

    def __init__(self, tab: str, row: int) -> None:
        super().__init__(TOLD_MAX, remembers=False)
        self._asked = (tab, row)
        self.found: RefusedRow | None = None

    def refused_row(self, tab: str, row: int, key: str, values: Callable[[], dict[str, str]]) -> None:
        """Keep it, if it is the one."""
        if (tab, row) == self._asked:
            self.found = RefusedRow(key, values())
            raise _Found


def row_in_sandbox(data: bytes, request: str) -> bytes:
    """What the sandbox runs; `request` is {"sheet": SheetRequest, "tab", "row"}; blank when that row is not refused."""
    asked = msgspec.json.decode(request, type=RowRequest)
    ledger = RowLedger(asked.tab, asked.row)
    sheet = open_sheet(decode_request(asked.sheet), data, ledger=ledger)
    try:
        for _row in sheet.rows():
            pass
    except _Found:
        pass
    return b"" if ledger.found is None else msgspec.json.encode(ledger.found)


class RowRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Which row of which sheet; `sheet` is the request of its reading."""

    sheet: str
    tab: str
    row: int


def decode(data: bytes) -> RefusedRow | None:
    """What the sandbox said; SheetUnreadable when it is none."""
    if not data:
        return None
    try:
        found = msgspec.json.decode(data, type=RefusedRow)
    except msgspec.DecodeError as fault:
        raise SheetUnreadable(f"目录行的解析结果不合格式：{fault}；请重试") from fault
    if len(found.values) > VALUES_MAX:
        raise SheetUnreadable(f"目录行超过 {VALUES_MAX} 项；请直接填写")
    return found
