"""A bomb of each kind of catalogue file ends as a refusal in the sandbox; the next sheet is read as if nothing had been."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator

import pytest
from sheet_files import dbf, fpt, ods, spreadsheetml, xls

from holdings import table_pair
from holdings.sheet import decode_parsed
from sync.errors import SandboxDied, SandboxRefused
from sync.sandbox import Sandbox

GOOD = "档号,题名,密级\nJ001-003-0001-00001,甲,\n".encode()
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = [["档号", "题名", "密级"]]
FIELDS = [("DH", "C", 20), ("TM", "C", 20), ("MJ", "C", 4)]


@pytest.fixture(scope="module")
def limited() -> Iterator[Sandbox]:
    """One worker with a third of the programs' memory, so that a bomb goes off early."""
    made = Sandbox(workers=1, memory_mb=700, seconds=20)
    yield made
    made.close()


def package(sheet: Callable[[zipfile.ZipFile, str], None], strings: str = "") -> bytes:
    """A workbook whose one sheet is written by the caller, member by member."""
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        z.writestr("_rels/.rels", '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
                   f'Id="r1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>')  # fmt: skip
        z.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{rel}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>')
        z.writestr("xl/_rels/workbook.xml.rels", '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
                   f'Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{rel}/sharedStrings" '
                   'Target="sharedStrings.xml"/></Relationships>')  # fmt: skip
        if strings:
            z.writestr("xl/sharedStrings.xml", strings)
        sheet(z, "xl/worksheets/sheet1.xml")
    return out.getvalue()


def rows_of(body: str) -> bytes:
    """A workbook whose sheet data is `body`."""
    return package(lambda z, name: z.writestr(name, f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'))


def zeros() -> bytes:
    """40 MiB of nothing in a few KiB."""
    def write(z: zipfile.ZipFile, name: str) -> None:
        with z.open(name, "w") as member:
            for _ in range(40):
                member.write(bytes(1 << 20))
    return package(write)


def members() -> bytes:
    """Too many members."""
    def write(z: zipfile.ZipFile, name: str) -> None:
        for number in range(20_001):
            z.writestr(f"{name}{number}", b"")
    return package(write)


def repeated_strings() -> bytes:
    """A long shared string, used as often as it fits: quadratic."""
    body = "<row>" + '<c t="s"><v>0</v></c>' * 200 + "</row>"
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 1_000_000}</t></si></sst>'
    return package(lambda z, name: z.writestr(name, f'<worksheet xmlns="{MAIN}"><sheetData>{body * 100}</sheetData></worksheet>'), strings)


LAUGHS = "<!DOCTYPE w [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)) + "]>"
QUADRATIC = f"<!DOCTYPE w [<!ENTITY q '{'x' * 100_000}'>]>"


def with_prolog(prolog: str, entity: str) -> bytes:
    """SpreadsheetML with a document type."""
    plain = spreadsheetml([[entity]]).decode().replace("&amp;", "&")
    return plain.replace("<Workbook", prolog + "<Workbook", 1).encode()


def patched(data: bytes, at: int, form: str, value: int) -> bytes:
    """Bytes with one number overwritten."""
    raw = bytearray(data)
    struct.pack_into(form, raw, at, value)
    return bytes(raw)


DBF = dbf(FIELDS, [[b"J001-1", b"x", b""]])
BOMBS: list[tuple[str, Callable[[], bytes], str]] = [
    ("xlsx: expands too far", zeros, "炸弹"),
    ("xlsx: members", members, "炸弹"),
    ("xlsx: wide", lambda: rows_of('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'), "256 列"),
    ("xlsx: far apart", lambda: rows_of('<row r="1"><c r="AZ1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>'), "相距过远"),
    ("xlsx: rows", lambda: rows_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="9999999"><c r="A9999999"><v>1</v></c></row>'), ""),
    ("xlsx: quadratic strings", repeated_strings, ""),
    ("xlsx: laughs", lambda: package(lambda z, n: z.writestr(n, LAUGHS + f'<worksheet xmlns="{MAIN}"><sheetData>&a11;</sheetData></worksheet>')), ""),
    ("xlsx: nested", lambda: rows_of("<row>" * 1_000_000), ""),
    ("xls: dimensions", lambda: xls({"a": HEAD}, dimensions=(0xFFFFFFFF, 0xFFFF)), ""),
    ("xls: stream cut", lambda: xls({"a": HEAD})[:1700], ""),
    ("xls: sector ring", lambda: patched(xls({"a": HEAD}), 512 + 4 * 2, "<I", 2), ""),
    ("ods: rows repeated", lambda: ods([*HEAD, ["", "", ""]], repeated=2_000_000_000), ""),
    ("dbf: rows declared", lambda: patched(DBF, 4, "<I", 0xFFFFFFFF), "ok"),
    ("dbf: record of one byte", lambda: patched(DBF, 10, "<H", 1), ""),
    ("dbf: record longer than the file", lambda: patched(DBF, 10, "<H", 0xFFFF), "自相矛盾"),
    ("dbf: header beyond the file", lambda: patched(DBF, 8, "<H", 0xFFFF), ""),
    ("dbf: fields", lambda: dbf([(f"F{n}", "C", 1) for n in range(300)], []), "256 个字段"),
    ("dbf: memo points at itself", lambda: table_pair.join(dbf([("DH", "C", 9), ("TM", "M", 10)], [[b"1", b"8"]] * 9, version=0xF5),
                                                             patched(fpt([b"x"]), 512 + 4, ">I", 0x7FFFFFFF)), ""),
    ("html: a million nested tables", lambda: b"<table><tr><td>" * 1_000_000, "嵌套过深"),
    ("html: a million nested blocks", lambda: b"<table>" + b"<div>" * 1_000_000, "嵌套过深"),
    ("html: tables", lambda: b"<table><tr><td>x</table>" * 5_000, "1,000 个表格"),
    ("html: spans", lambda: b"<table>" + b"<tr><td colspan=99999999 rowspan=99999999>x<td>y" * 70_000, ""),
    ("html: one cell", lambda: b"<table><tr><td>" + b"x" * 12_000_000, "过长"),
    ("html: attributes", lambda: b"<table><tr><td " + b" ".join(b"a%d=1" % n for n in range(300_000)) + b">x", "标签"),
    ("xml: billion laughs", lambda: with_prolog(LAUGHS, "&a11;"), "实体"),
    ("xml: quadratic", lambda: with_prolog(QUADRATIC, "&q;" * 50_000), "实体"),
    ("xml: nested", lambda: spreadsheetml(HEAD).replace(b"<Row>", b"<Row>" + b"<Cell>" * 1_000_000, 1), "嵌套过深"),
    ("xml: far row", lambda: spreadsheetml(HEAD).replace(b"<Row>", b'<Row ss:Index="99999999">', 1), "1,048,576 行"),
    ("xml: wide rows", lambda: spreadsheetml([["x"]] * 70_000).replace(b"<Cell>", b'<Cell ss:Index="256">'), "过多"),
    ("csv: commas", lambda: b"," * (64 << 20), ""),
    ("csv: quotes", lambda: GOOD + b'"a"b\n' * 5_000, "引号"),
    ("csv: one line", lambda: b"x" * (64 << 20), ""),
    ("text: wide", lambda: ("档号" + " " * 200_000 + "题名\n").encode() * 30, ""),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "bomb", "word"), BOMBS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_bomb_is_a_refusal(limited: Sandbox, _name: str, bomb: Callable[[], bytes], word: str) -> None:
    """Refused in a sentence (`word` where it is ours), ended within the worker's limits, or read; and the next sheet comes through."""
    try:
        limited.call("holdings.sheet:parse_in_sandbox", bomb(), "炸.xls")
        said = "ok"
    except (SandboxRefused, SandboxDied) as refused:
        said = str(refused)
    assert word in said
    assert decode_parsed(limited.call("holdings.sheet:parse_in_sandbox", GOOD, "好.csv")).row_count == 1
