"""DBF of FoxPro and dBase, from its bytes: the kept library opens paths only, and the sandbox has no files.

Deleted rows are counted and listed, not read. Half a character that one field cut off and the next begins with is put
together again in the next; one that was cut off for good is left out and told. Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import datetime as dt
import re
import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.table import (
    COLUMNS_MAX,
    ROWS_MAX,
    CellKind,
    Field,
    RawRow,
    Remark,
    RemarkKind,
    SheetFormat,
    Table,
    Workbook,
)
from holdings.table_csv import private_remarks
from holdings.table_encoding import is_utf8_chinese
from holdings.table_memo import TextAt, memo_reader

LISTED_MAX: Final = 200  # numbers of deleted rows that are listed
SAMPLE: Final = 256 << 10  # bytes of rows from which the encoding is told
_CODE_PAGES: Final = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}
_PRIVATE: Final = expression("[\ue000-\uf8ff]")
_NUMBERED: Final = expression(r"(.*?)(\d+)")
_ORDINARY: Final = frozenset("CVNFD")  # written as text
_KINDS: Final = {"N": CellKind.NUMBER, "F": CellKind.NUMBER, "I": CellKind.NUMBER, "B": CellKind.NUMBER, "Y": CellKind.NUMBER,
                 "D": CellKind.DATE, "T": CellKind.DATE, "L": CellKind.BOOL}  # fmt: skip
_BEFORE_DAY_1: Final = 1_721_425  # Julian day number of the day before 0001-01-01
_FAULTY: Final = "\ufffd"


class _Shape(Struct, frozen=True):
    """What the header says, made to agree with the bytes that are there."""

    version: int
    start: int
    length: int
    rows: int
    fields: tuple[Field, ...]
    encoding: str


def open_dbf(data: bytes, memo: bytes = b"") -> Workbook:
    """Open a DBF with its memo file. Row 0 holds the field names; rows are numbered as FoxPro does (RECNO).

    Without a code page byte it is GBK (read as GB18030, which holds it) unless it is valid UTF-8. SheetUnreadable when
    the header contradicts itself.
    """
    length = int.from_bytes(data[10:12], "little")
    start = int.from_bytes(data[8:10], "little")
    declared = int.from_bytes(data[4:8], "little")
    fields = _fields(data, start, length)
    present = (len(data) - start) // length
    rows = min(declared, present)
    if rows > ROWS_MAX:
        raise SheetUnreadable(f"超过 {ROWS_MAX:,} 行；请分成几张表")
    remarks = []
    if declared > present or (
        present > declared and data[start + declared * length : start + declared * length + 1] in b" *"
    ):
        remarks.append(Remark(RemarkKind.ROW_COUNT_DIFFERS, detail=f"表头写 {declared} 行，文件里有 {present} 行"))
    encoding, assumed = _encoding(data, start, rows, length)
    if assumed:
        remarks.append(Remark(RemarkKind.ENCODING_ASSUMED, detail=encoding))
    if not memo and any(field.kind == "M" for field in fields):
        remarks.append(Remark(RemarkKind.MEMO_MISSING))
    flags = data[start : start + rows * length : length]
    deleted = flags.count(b"*")
    if deleted:
        remarks.append(Remark(RemarkKind.DELETED_ROWS, detail=_listed(flags)))
    shape = _Shape(data[0], start, length, rows, fields, encoding)
    table = Table("", _rows(data, shape, flags, memo_reader(data[0], memo)), fields=fields)
    return Workbook(SheetFormat.DBF, encoding, "", iter((table,)), deleted, tuple(remarks))


def _fields(data: bytes, start: int, length: int) -> tuple[Field, ...]:
    """Field descriptors: 32 bytes each, ended by 0D; names are read as GBK (ten bytes at most)."""
    fields: list[Field] = []
    used = 1
    for at in range(32, start - 1, 32):
        raw = data[at : at + 32]
        if raw[:1] in (b"\r", b"") or len(raw) < 32:
            break
        name = _name(raw[:11].split(b"\0")[0])
        kind = chr(raw[11]).upper()
        wide = raw[16] + 256 * raw[17] if kind == "C" else raw[16]
        fields.append(Field(name, kind, wide, 0 if kind == "C" else raw[17]))
        used += wide
        if len(fields) > COLUMNS_MAX:
            raise SheetUnreadable(f"DBF 超过 {COLUMNS_MAX} 个字段")
    if not fields or used != length:
        raise SheetUnreadable("DBF 的表头自相矛盾（字段宽度之和与记录长度不符），文件已损坏；请在 FoxPro 中另存")
    return tuple(fields)


def _name(raw: bytes) -> str:
    """Name of a field; half a character at its end is left out."""
    for cut in (len(raw), len(raw) - 1):
        try:
            return raw[:cut].decode("gb18030").strip()
        except UnicodeDecodeError:
            continue
    return raw.decode("gb18030", "replace").strip()


def _encoding(data: bytes, start: int, rows: int, length: int) -> tuple[str, bool]:
    """Encoding, and whether it was assumed: a western code page in a file with Chinese bytes is the writer's default."""
    sample = data[start : start + min(rows * length, SAMPLE // length * length)]
    if is_utf8_chinese(re.sub(rb"[\x00-\x20]+", b" ", sample)):
        return "utf-8", data[29] != 0xF0
    known = _CODE_PAGES.get(data[29])
    return known or "gb18030", known is None and not sample.isascii()


def _listed(flags: bytes) -> str:
    """Numbers of deleted rows, runs as `3–7`."""
    runs = [
        (found.start() + 1, found.end())
        for found, _ in zip(re.finditer(rb"\*+", flags), range(LISTED_MAX), strict=False)
    ]
    said = "、".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)
    return said + ("…" if len(runs) == LISTED_MAX else "")


def _rows(data: bytes, shape: _Shape, flags: bytes, memo: TextAt) -> Iterator[RawRow]:
    """Field names as row 0, then the rows that are not deleted."""
    yield RawRow(0, [field.name for field in shape.fields])
    reader = _Reader(shape, memo)
    unpack = struct.Struct("x" + "".join(f"{field.length}s" for field in shape.fields)).iter_unpack
    body = memoryview(data)[shape.start : shape.start + shape.rows * shape.length]
    for number, (flag, raw) in enumerate(zip(flags, unpack(body), strict=True), 1):
        if flag != 0x2A:
            yield reader.row(number, raw)


class _Reader:
    """Reads the fields of one DBF."""

    def __init__(self, shape: _Shape, memo: TextAt) -> None:
        self._fields, self._encoding, self._memo = shape.fields, shape.encoding, memo
        kinds = tuple(_KINDS.get(field.kind, CellKind.TEXT) for field in shape.fields)
        self._kinds = kinds if any(kinds) else ()
        self._half = 3 if shape.encoding == "utf-8" else 1  # bytes that may be left of a character
        self._plain = all(field.kind in _ORDINARY for field in shape.fields)
        self._special = [i for i, field in enumerate(shape.fields) if field.kind not in _ORDINARY]

    def row(self, number: int, raw: tuple[bytes, ...]) -> RawRow:
        """One row; text is decoded in one go when nothing in it was cut."""
        ordinary = raw if self._plain else tuple(b"" if i in self._special else v for i, v in enumerate(raw))
        joined = b"\x1f".join(ordinary)
        try:
            text = joined.decode(self._encoding)
        except UnicodeDecodeError:
            text = ""
        cells = text.split("\x1f")
        bad: frozenset[int] = frozenset()
        remarks: list[Remark] = []
        if len(cells) != len(raw):
            cells, bad = self._apart(number, ordinary, remarks)
        cells = [cell.strip(" \0") for cell in cells]
        for index in self._special:
            cells[index] = self._special_cell(number, index, raw[index], remarks)
        if _PRIVATE.search(text or "".join(cells)):
            remarks.extend(private_remarks(number, cells))
        return RawRow(number, cells, bad, kinds=self._kinds, remarks=tuple(remarks))

    def _apart(self, number: int, raw: tuple[bytes, ...], remarks: list[Remark]) -> tuple[list[str], frozenset[int]]:
        """Decode field by field: half characters go to the field that continues, or are left out and told."""
        cells, bad = [], set()
        carried = b""
        for index, field in enumerate(raw):
            field, carried = carried + field, b""
            try:
                cells.append(field.decode(self._encoding))
                continue
            except UnicodeDecodeError as fault:
                at = fault.start
            tail = field[at:]
            rest = tail.rstrip(b" \0")
            if len(tail) <= self._half and self._continues(index) and _decodes(tail + raw[index + 1], self._encoding):
                cells.append(field[:at].decode(self._encoding))
                carried = tail
            elif len(rest) <= self._half:
                cells.append(field[:at].decode(self._encoding))
                remarks.append(Remark(RemarkKind.HALF_CHARACTER, number, index))
            else:
                cells.append(_FAULTY)
                bad.add(index)
        return cells, frozenset(bad)

    def _continues(self, index: int) -> bool:
        """Whether the next field goes on with this one: TM1, TM2."""
        if index + 1 >= len(self._fields):
            return False
        one, two = self._fields[index], self._fields[index + 1]
        first, second = _NUMBERED.fullmatch(one.name), _NUMBERED.fullmatch(two.name)
        stem, count = (first[1], int(first[2])) if first else (one.name, 1)
        return bool(one.kind == two.kind == "C" and second and second[1] == stem and int(second[2]) == count + 1)

    def _special_cell(self, number: int, index: int, raw: bytes, remarks: list[Remark]) -> str:
        """Logical, memo and binary fields."""
        field = self._fields[index]
        if field.kind == "L":
            return {"T": "是", "Y": "是", "F": "否", "N": "否"}.get(raw[:1].decode("latin-1").upper(), "")
        if field.kind == "M":
            return self._memo_text(number, index, raw, remarks)
        if field.kind == "I" and len(raw) == 4:
            return str(int.from_bytes(raw, "little", signed=True))
        if field.kind == "Y" and len(raw) == 8:
            return f"{int.from_bytes(raw, 'little', signed=True) / 10_000:.4f}".rstrip("0").rstrip(".")
        if field.kind == "B" and len(raw) == 8:
            value = struct.unpack("<d", raw)[0]
            return str(int(value)) if value == value and abs(value) < 1e15 and value.is_integer() else repr(value)
        if field.kind == "T" and len(raw) == 8:
            return _day(int.from_bytes(raw[:4], "little"))
        return ""

    def _memo_text(self, number: int, index: int, raw: bytes, remarks: list[Remark]) -> str:
        """The memo that a field points to."""
        digits = raw.strip(b" \0")
        block = int.from_bytes(raw, "little") if len(raw) == 4 else int(digits) if digits.isdigit() else 0
        if not block:
            return ""
        found = self._memo(block)
        if found is None:
            remarks.append(Remark(RemarkKind.MEMO_UNREADABLE, number, index))
            return ""
        return found.decode(self._encoding, "replace").strip(" \0\x1a\r\n")


def _decodes(raw: bytes, encoding: str) -> bool:
    """Whether bytes decode whole; what was cut off at their own end does not matter."""
    for cut in range(min(4, len(raw))):
        try:
            raw[: len(raw) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _day(julian: int) -> str:
    """Julian day number as YYYYMMDD, blank when it is none."""
    ordinal = julian - _BEFORE_DAY_1
    return dt.date.fromordinal(ordinal).strftime("%Y%m%d") if 0 < ordinal <= dt.date.max.toordinal() else ""
