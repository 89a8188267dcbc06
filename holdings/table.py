"""Tables inside a catalogue file, whatever it is written in: one interface in front of the readers `holdings.table_*`.

`open_tables` tells the format by content, never by suffix: sheets saved under a wrong one are daily bread. A reader and
its library are loaded when its format is met. Hostile input: everything here runs in the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from holdings import table_pair
from holdings.errors import SheetUnreadable

SHEET_MAX: Final = 256 << 20  # format.md §14
ROWS_MAX: Final = 1_048_576  # format.md §14
COLUMNS_MAX: Final = 256  # format.md §14
GRID_MAX: Final = 16 << 20  # cells of one table of a format that tells merged ranges only at its end (HTML, XML)
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ACCESS: Final = (b"Standard Jet DB", b"Standard ACE DB")
_DBF_VERSIONS: Final = frozenset(
    {0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0xCB, 0xE5, 0xF5, 0xFB}
)
_SPACE: Final = b"\xef\xbb\xbf \t\r\n"


class SheetFormat(StrEnum):
    """How a catalogue file is written."""

    CSV = "csv"
    TEXT = "text"
    """Fixed width."""
    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    """Also .et of WPS, which writes the same."""
    ODS = "ods"
    DBF = "dbf"
    HTML = "html"
    XML = "xml"
    """SpreadsheetML 2003."""


class CellKind(IntEnum):
    """What a cell held before it became text."""

    TEXT = 0
    NUMBER = 1
    DATE = 2
    BOOL = 3


class RemarkKind(StrEnum):
    """What a reader noticed and a person should know."""

    DELETED_ROWS = "deleted-rows"
    """Rows marked as deleted in a DBF; `detail` lists their numbers."""
    HALF_CHARACTER = "half-character"
    """A field ended in the middle of a character, which was left out."""
    PRIVATE_CHARACTER = "private-character"
    """User-defined characters 自造字; `detail` lists their code points."""
    ENCODING_ASSUMED = "encoding-assumed"
    """The file does not say its encoding; `detail` is the one taken."""
    COLUMNS_GUESSED = "columns-guessed"
    """Text of fixed width; `detail` is the ruler."""
    MEMO_MISSING = "memo-missing"
    """A DBF names a memo file that did not come with it; its memo fields are empty."""
    MEMO_UNREADABLE = "memo-unreadable"
    """A memo field points nowhere; it is empty."""
    ROW_COUNT_DIFFERS = "row-count-differs"
    """The file holds more or fewer rows than it declares; `detail` says both numbers."""
    MERGES_UNKNOWN = "merges-unknown"
    """The library does not tell merged cells of this format: the cells below and beside the first one are blank."""


class Remark(Struct, frozen=True):
    """One thing noticed; `row` 0 means the whole table, `column` counts from 0, -1 means the whole row."""

    kind: RemarkKind
    row: int = 0
    column: int = -1
    detail: str = ""


class RawRow(Struct, frozen=True, gc=False):
    """One row as it stands.

    `number` counts from 1 as a spreadsheet does (a DBF's field names are row 0, its records count from 1); `bad` are
    cells that do not decode; `fault` says why the row cannot be read at all; `lossy` are numbers beyond 15 digits;
    `foreign` is a row in another encoding than the rest. `kinds` says per cell what it held before it became text and
    is empty when all cells are text. `remarks` are about this row: who withholds a row withholds them with it.
    """

    number: int
    cells: list[str]
    bad: frozenset[int] = frozenset()
    fault: str = ""
    lossy: frozenset[int] = frozenset()
    foreign: bool = False
    kinds: tuple[CellKind, ...] = ()
    remarks: tuple[Remark, ...] = ()


class Merged(Struct, frozen=True):
    """A merged range: rows as `RawRow.number`, columns as indices into `RawRow.cells`, both ends included.

    The value stands in the first cell only.
    """

    first_row: int
    first_column: int
    last_row: int
    last_column: int


class Field(Struct, frozen=True):
    """A column as a database declares it: DBF type letter (C N D L M …), length in bytes, decimals."""

    name: str
    kind: str
    length: int
    decimals: int = 0


class Table(Struct, frozen=True):
    """One tab (`name` is blank where the format has no tabs). `rows` may be walked once, and before the next table."""

    name: str
    rows: Iterator[RawRow]
    merged: tuple[Merged, ...] = ()
    fields: tuple[Field, ...] = ()
    hidden: bool = False


class Workbook(Struct, frozen=True):
    """A file of tables. `encoding` and `delimiter` are shown to the person; both are blank where they mean nothing.

    `tables` yields in the order of the file; `deleted` counts rows that a DBF holds as deleted.
    """

    format: SheetFormat
    encoding: str
    delimiter: str
    tables: Iterator[Table]
    deleted: int = 0
    remarks: tuple[Remark, ...] = ()
    day_shift: int = 0
    """Days by which its day numbers lie behind those of other programs: 1,462 where they count from 1904."""


def open_tables(name: str, data: bytes) -> Workbook:
    """Tell the format by content and open it; a DBF may come framed with its memo file (`holdings.table_pair`).

    Bounds: SHEET_MAX bytes, ROWS_MAX rows and COLUMNS_MAX columns a table. SheetUnreadable (a ValueError) with a
    Chinese sentence and its remedy, here or while the tables are walked.
    """
    data, memo = table_pair.split(data)
    if max(len(data), len(memo)) > SHEET_MAX:
        raise SheetUnreadable(f"“{name}”超过 {SHEET_MAX >> 20} MiB；请分成几张表")
    head = data[:1024].lstrip(_SPACE).lower()
    if data.startswith((_ZIP, _OLE)):
        from holdings import table_workbook

        return table_workbook.open_workbook(data)
    if data[4:19] in _ACCESS:
        raise SheetUnreadable(
            "这是 Access 数据库；请在 Access 中打开，选中表，“外部数据”→“导出”→“Excel”，存为 .xlsx 后放入"
        )
    if head.startswith((b"mime-version:", b"<?mso-application")):
        raise SheetUnreadable("这是网页归档（MHTML）表格；请用表格软件打开后另存为 .xlsx")
    if head.startswith((b"<?xml", b"<workbook")) and b"urn:schemas-microsoft-com:office:spreadsheet" in data[: 1 << 20]:
        from holdings import table_xml

        return table_xml.open_xml(data)
    if is_html(head):
        from holdings import table_html

        return table_html.open_html(data)
    if is_dbf(data):
        from holdings import table_dbf

        return table_dbf.open_dbf(data, memo)
    from holdings import table_csv

    return table_csv.open_csv(data)


def is_bare_text(head: bytes) -> bool:
    """Whether the head of a file, of which nothing else is at hand, is none of the formats that must be read whole."""
    begin = head[:1024].lstrip(_SPACE).lower()
    return not (
        head.startswith((_ZIP, _OLE))
        or head[4:19] in _ACCESS
        or begin.startswith(b"mime-version:")
        or is_html(begin)
        or is_dbf(head)
        or table_pair.split(head)[0] is not head
    )


def is_html(head: bytes) -> bool:
    """Whether the lower-cased head of a file opens a page or a table."""
    return head.startswith((b"<html", b"<table", b"<!doctype html", b"<head", b"<meta", b"<style", b"<?xml")) or (
        head.startswith(b"<") and b"<table" in head
    )


def is_dbf(data: bytes) -> bool:
    """Whether a file begins with the header of a DBF: known version byte, a date, and lengths that fit each other."""
    if len(data) < 65 or data[0] not in _DBF_VERSIONS or data[2] > 12 or data[3] > 31:
        return False
    header, record = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    return 65 <= header <= len(data) and record >= 2
