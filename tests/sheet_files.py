"""Catalogue files for tests, in formats that no library here writes: xls, xlsb, ods, DBF with memo, SpreadsheetML."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

Cells = Sequence[Sequence["str | float"]]
_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file (OLE) of one stream."""
    stream = stream.ljust(4096, b"\0")  # shorter ones would stand in the mini stream
    stream += bytes(-len(stream) % _SECTOR)
    count = len(stream) // _SECTOR
    fats = next(n for n in range(1, 110) if n * 128 >= count + 1 + n)
    table = [_FAT] * fats + [_END] + [fats + 2 + n for n in range(count - 1)] + [_END]
    table += [_FREE] * (fats * 128 - len(table))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fats, fats, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<109I", *[*range(fats), *[_FREE] * (109 - fats)])
    entries = _entry("Root Entry", 5, 1, _END, 0) + _entry(name, 2, _FREE, fats + 1, len(stream)) + bytes(256)
    return head + struct.pack(f"<{len(table)}I", *table) + entries + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le")
    return struct.pack("<64sHBBIII36xIII", raw, len(raw) + 2, kind, 1, _FREE, _FREE, child, start, size, 0)


def xls(tabs: dict[str, Cells], merged: Sequence[tuple[int, int, int, int]] = (), dimensions: tuple[int, int] | None = None) -> bytes:
    """A BIFF8 workbook; `merged` are (first row, last row, first column, last column) from 0 on every tab."""
    sheets: list[bytes] = []
    for rows in tabs.values():
        high, wide = dimensions or (len(rows), max((len(row) for row in rows), default=0))
        body = bytearray(_biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))) + _biff(0x200, struct.pack("<IIHHH", 0, high, 0, wide & 0xFFFF, 0))
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                body += _biff_cell(r, c, value)
        if merged:
            body += _biff(0xE5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<HHHH", *m) for m in merged))
        sheets.append(bytes(body) + _biff(0x0A, b""))
    head = _biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + _biff(0x42, struct.pack("<H", 1200))
    names = [name.encode("utf-16-le") for name in tabs]
    at = len(head) + sum(12 + len(name) for name in names) + 4
    for name, sheet in zip(names, sheets, strict=True):
        head += _biff(0x85, struct.pack("<IHBB", at, 0, len(name) // 2, 1) + name)
        at += len(sheet)
    return compound(head + _biff(0x0A, b"") + b"".join(sheets))


def _biff(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _biff_cell(row: int, column: int, value: str | float) -> bytes:
    if not isinstance(value, str):
        return _biff(0x203, struct.pack("<HHHd", row, column, 0, value))
    return _biff(0x204, struct.pack("<HHHHB", row, column, 0, len(value), 1) + value.encode("utf-16-le"))


def xlsb(rows: Cells) -> bytes:
    """A binary workbook of one tab."""
    package = "http://schemas.openxmlformats.org/package/2006"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheet = bytearray(_brt(0x81)) + _brt(0x94, struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + _brt(0x91)
    for r, row in enumerate(rows):
        sheet += _brt(0, struct.pack("<I", r) + bytes(13))
        for c, value in enumerate(row):
            at = struct.pack("<II", c, 0)
            sheet += _brt(6, at + _wide(value)) if isinstance(value, str) else _brt(5, at + struct.pack("<d", value))
    book = _brt(0x83) + _brt(0x8F) + _brt(0x9C, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("表1")) + _brt(0x90) + _brt(0x84)
    return _zip({
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "xl/workbook.bin": book,
        "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{rel}/worksheet" '
                                      'Target="worksheets/sheet1.bin"/></Relationships>',
        "xl/worksheets/sheet1.bin": bytes(sheet) + _brt(0x92) + _brt(0x82),
    })  # fmt: skip


def _brt(kind: int, data: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = b""
    length = len(data)
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return number + size + bytes([length]) + data


def _wide(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return struct.pack("<I", len(raw) // 2) + raw


def _zip(members: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name, data in members.items():
            container.writestr(name, data)
    return out.getvalue()


def ods(rows: Cells, repeated: int = 1) -> bytes:
    """An OpenDocument spreadsheet of one tab; its last row is declared `repeated` times."""
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    body = ""
    for number, row in enumerate(rows, 1):
        times = f' table:number-rows-repeated="{repeated}"' if number == len(rows) and repeated > 1 else ""
        body += f"<table:table-row{times}>" + "".join(map(_ods_cell, row)) + "</table:table-row>"
    content = (f'<office:document-content xmlns:office="{names}office:1.0" xmlns:table="{names}table:1.0" xmlns:text="{names}text:1.0">'
               f'<office:body><office:spreadsheet><table:table table:name="表1">{body}</table:table></office:spreadsheet></office:body>'
               "</office:document-content>")  # fmt: skip
    manifest = f'<manifest:manifest xmlns:manifest="{names}manifest:1.0"/>'
    return _zip({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content, "META-INF/manifest.xml": manifest})


def _ods_cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'


Column = tuple[str, str, int]


def dbf(fields: Sequence[Column], rows: Sequence[Sequence[bytes]], *, deleted: Sequence[int] = (), version: int = 0x03, page: int = 0,
        declared: int | None = None) -> bytes:  # fmt: skip
    """A DBF; cells are bytes, padded with blanks (numbers on their left); `deleted` are row numbers from 1."""
    length = 1 + sum(width for _, _, width in fields)
    start = 32 + 32 * len(fields) + 1
    head = struct.pack("<B3BIHH17xBxx", version, 126, 1, 2, len(rows) if declared is None else declared, start, length, page)
    for name, kind, width in fields:
        head += struct.pack("<11sc4xBB14x", name.encode("gb18030"), kind.encode(), width, 0)
    body = bytearray()
    for number, row in enumerate(rows, 1):
        body += b"*" if number in deleted else b" "
        for (_, kind, width), cell in zip(fields, row, strict=True):
            body += (cell.rjust(width) if kind in "NFM" else cell.ljust(width))[:width]
    return head + b"\r" + bytes(body) + b"\x1a"


def fpt(memos: Sequence[bytes]) -> bytes:
    """A FoxPro memo file of 64-byte blocks; memo n begins at block 8, 16, … in order of what was given (128 blocks each)."""
    out = bytearray(struct.pack(">I2xH", 8 + 128 * len(memos), 64).ljust(512, b"\0"))
    for memo in memos:
        out += (struct.pack(">II", 1, len(memo)) + memo).ljust(128 * 64, b"\0")
    return bytes(out)


def fpt_block(index: int) -> bytes:
    """Pointer to memo `index` of `fpt`."""
    return str(8 + 128 * index).encode()


def dbt(memos: Sequence[bytes]) -> bytes:
    """A dBase III memo file: memo n at block n, from 1."""
    return bytes(512) + b"".join((memo + b"\x1a\x1a").ljust(512, b"\0") for memo in memos)


def spreadsheetml(rows: Cells, attributes: str = "") -> bytes:
    """A SpreadsheetML 2003 workbook of one tab; `attributes` go to the first cell."""
    body = ""
    for number, row in enumerate(rows):
        cells = ""
        for column, value in enumerate(row):
            kind = "String" if isinstance(value, str) else "Number"
            extra = f" {attributes}" if not number and not column and attributes else ""
            cells += f'<Cell{extra}><Data ss:Type="{kind}">{escape(str(value))}</Data></Cell>'
        body += f"<Row>{cells}</Row>"
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return ('<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
            f'<Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="表1"><Table>{body}</Table></Worksheet></Workbook>').encode()  # fmt: skip
