"""Catalogue sheets 目录表: bytes in, rows, refusals and notes out.

`read_sheet` runs in the sandbox; what it says crosses as JSON lines.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import msgspec

from crypto.digest import sha256
from holdings.columns import HEADER_WITHIN, is_header, read_header
from holdings.errors import SheetUnreadable
from holdings.record import MARK
from holdings.security import SiteClass
from holdings.sheet_rows import Note, Reading, Refusal, SheetRow, column_notes
from holdings.table import RawRow, SheetFormat, open_tables

SUFFIXES: Final = (".xlsx", ".csv", ".tsv", ".xls")


class _Head(msgspec.Struct, frozen=True):
    """First line of the serialised form: everything but the rows."""

    name: str
    digest: bytes
    format: SheetFormat
    encoding: str
    columns: tuple[str, ...]
    row_count: int
    refused_count: int
    refusals: tuple[Refusal, ...]
    notes: tuple[Note, ...]


class _Lines:
    """Rows decoded one at a time from JSON lines, as often as asked, so that a large sheet stays small in memory."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data, self._start = data, start

    def __iter__(self) -> Iterator[SheetRow]:
        decoder = msgspec.json.Decoder(SheetRow)
        lines = io.BytesIO(self._data)
        lines.seek(self._start)
        return map(decoder.decode, lines)


@dataclass(frozen=True, slots=True)
class ParsedSheet:
    """A sheet as read. `rows` may be iterated more than once and holds refused rows too when their code is known (they
    carry `refused`).

    `row_count` counts data rows, `refused_count` those that were refused; `refusals` and `notes` are the first 10,000
    of each.
    """

    name: str
    digest: bytes
    format: SheetFormat
    encoding: str
    columns: tuple[str, ...]
    rows: Iterable[SheetRow]
    row_count: int
    refused_count: int
    refusals: tuple[Refusal, ...]
    notes: tuple[Note, ...]

    @property
    def has_mark_column(self) -> bool:
        """Whether the sheet has a 密级 column."""
        return MARK in self.columns


def is_sheet_name(name: str) -> bool:
    """Whether a file name is that of a catalogue sheet; lock files `~$…` and hidden files never are."""
    return not name.startswith(("~$", ".")) and PurePath(name).suffix.lower() in SUFFIXES


def read_sheet(name: str, data: bytes, site: SiteClass = SiteClass.OPEN) -> ParsedSheet:
    """Read a sheet of at most 256 MiB (format.md §14).

    On an open site rows with a classified or unreadable mark come without any value: only key, volume and row number.
    SheetUnreadable (a ValueError) with a Chinese sentence when nothing can be read from it.
    """
    workbook = open_tables(name, data)
    found: Reading | None = None
    unread: list[str] = []
    for table in workbook.tables:
        if found is None and (reading := _read_rows(table.rows, site)) is not None:
            found = reading
        elif found is not None and any(row.cells for row in table.rows):
            unread.append(table.name)
    if found is None:
        raise SheetUnreadable(f"前 {HEADER_WITHIN} 行内没有找到表头（须有“档号”和至少一个其他著录项目）")
    if unread:
        found.note_tabs(unread)
    return _parsed(name, data, workbook.format, workbook.encoding, found)


def _read_rows(rows: Iterator[RawRow], site: SiteClass) -> Reading | None:
    """Find the header, then read what follows; None without a header."""
    for row in rows:
        if row.number > HEADER_WITHIN:
            return None
        if not row.bad and is_header(row.cells):
            reading = Reading(read_header(row.number, row.cells), row.cells, site)
            for later in rows:
                reading.take(later)
            return reading
    return None


def _parsed(name: str, data: bytes, form: SheetFormat, encoding: str, reading: Reading) -> ParsedSheet:
    """Put the result together."""
    columns = tuple(column for column in reading.header.names if column)
    notes = (*column_notes(reading.header), *reading.notes)
    return ParsedSheet(
        unicodedata.normalize("NFC", name), sha256(data), form, encoding, columns, reading.rows,
        reading.row_count, reading.refused_count, tuple(reading.refusals), notes,
    )  # fmt: skip


def encode_parsed(sheet: ParsedSheet) -> bytes:
    """JSON lines: the head, then one line a row."""
    head = _Head(
        sheet.name,
        sheet.digest,
        sheet.format,
        sheet.encoding,
        sheet.columns,
        sheet.row_count,
        sheet.refused_count,
        sheet.refusals,
        sheet.notes,
    )
    encoder = msgspec.json.Encoder()
    out = bytearray(encoder.encode(head) + b"\n")
    for row in sheet.rows:
        out += encoder.encode(row) + b"\n"
    return bytes(out)


def decode_parsed(data: bytes) -> ParsedSheet:
    """The other direction; rows are decoded as they are asked for. SheetUnreadable when the bytes are not ours."""
    start = data.find(b"\n") + 1
    try:
        head = msgspec.json.decode(data[:start], type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise SheetUnreadable("目录表的解析结果不完整；请重试") from fault
    return ParsedSheet(
        head.name,
        head.digest,
        head.format,
        head.encoding,
        head.columns,
        _Lines(data, start),
        head.row_count,
        head.refused_count,
        head.refusals,
        head.notes,
    )


def parse_in_sandbox(data: bytes, name: str) -> bytes:
    """What the sandbox of an open site runs: `sandbox.call("holdings.sheet:parse_in_sandbox", data, name)`."""
    return encode_parsed(read_sheet(name, data, SiteClass.OPEN))


def parse_in_sandbox_classified(data: bytes, name: str) -> bytes:
    """The same on a classified site, where classified rows keep their values."""
    return encode_parsed(read_sheet(name, data, SiteClass.CLASSIFIED))
