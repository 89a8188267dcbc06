"""Readers of catalogue tables: every format says the same cells, and what each format has of its own is told."""

import io
import random
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from sheet_files import Cells, compound, dbf, dbt, fpt, fpt_block, ods, spreadsheetml, xls, xlsb

from holdings import table_pair
from holdings.errors import SheetUnreadable
from holdings.table import (
    CellKind,
    Merged,
    RawRow,
    Remark,
    RemarkKind,
    SheetFormat,
    Table,
    Workbook,
    is_bare_text,
    open_tables,
)

ROWS: Cells = [["档号", "题名", "页数", "备注"], ["J001-003-0001-00012", "临江市关于水库的通知", 3, "无"], ["J001-003-0001-00013", "甲、乙", 2.5, "好"]]
TEXTS = [[str(cell) for cell in row] for row in ROWS]


def xlsx(rows: Cells, merged: str = "") -> bytes:
    """A workbook of one tab, with one merged range."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("表1")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    if merged:
        sheet.merge_range(merged, "合并")
    book.close()
    return out.getvalue()


def delimited(delimiter: str, encoding: str) -> bytes:
    """The rows as text."""
    return "\r\n".join(delimiter.join(row) for row in TEXTS).encode(encoding)


def html(rows: list[list[str]], encoding: str = "gb18030") -> bytes:
    """An office system's table under .xls."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<html><head><meta charset=gb2312></head><body><table border=1>{body}</table></body></html>".encode(encoding)


def fixed(rows: list[list[str]], encoding: str, widths: tuple[int, ...] = (22, 24, 6, 6)) -> bytes:
    """Printed text of fixed width: a Chinese character is two wide."""
    def pad(cell: str, width: int) -> str:
        return cell + " " * (width - sum(1 if c.isascii() else 2 for c in cell))
    return "\r\n".join("".join(map(pad, row, widths)) for row in rows).encode(encoding)


def read(name: str, data: bytes) -> tuple[Workbook, list[Table], list[list[RawRow]]]:
    """Everything a reader says."""
    book = open_tables(name, data)
    tables, rows = [], []
    for table in book.tables:
        tables.append(table)
        rows.append(list(table.rows))
    return book, tables, rows


FORMATS = [
    ("a.xlsx", xlsx(ROWS), SheetFormat.XLSX, "utf-8", ""), ("a.xls", xls({"表1": ROWS}), SheetFormat.XLS, "utf-8", ""),
    ("a.et", xls({"表1": ROWS}), SheetFormat.XLS, "utf-8", ""), ("a.xlsb", xlsb(ROWS), SheetFormat.XLSB, "utf-8", ""),
    ("a.ods", ods(ROWS), SheetFormat.ODS, "utf-8", ""), ("a.xml", spreadsheetml(ROWS), SheetFormat.XML, "utf-8", ""),
    ("改了名.csv", xls({"表1": ROWS}), SheetFormat.XLS, "utf-8", ""), ("网页.xls", html(TEXTS), SheetFormat.HTML, "gb18030", ""),
    ("网页.xls", html(TEXTS, "utf-8"), SheetFormat.HTML, "utf-8", ""),
    *((f"{d!r}.csv", delimited(d, e), SheetFormat.CSV, e, d) for d in ",\t;|^~#" for e in ("utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be")),
    ("打印.txt", fixed(TEXTS, "gb18030"), SheetFormat.TEXT, "gb18030", ""), ("打印.txt", fixed(TEXTS, "utf-8"), SheetFormat.TEXT, "utf-8", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "form", "encoding", "delimiter"), FORMATS, ids=lambda v: v if isinstance(v, str) and len(v) > 3 else "")
def test_every_format_gives_the_same_cells(name: str, data: bytes, form: SheetFormat, encoding: str, delimiter: str) -> None:
    """Content decides, never the suffix; encoding and delimiter are found and shown; rows are numbered from 1."""
    book, tables, (rows,) = read(name, data)
    assert (book.format, book.encoding, book.delimiter, len(tables)) == (form, encoding, delimiter, 1)
    assert [row.cells for row in rows] == TEXTS
    assert [row.number for row in rows] == [1, 2, 3]
    assert not any(row.fault or row.bad or row.remarks for row in rows)
    if form in (SheetFormat.XLSX, SheetFormat.XLS, SheetFormat.XLSB, SheetFormat.ODS, SheetFormat.XML):
        assert (tables[0].name, rows[0].kinds, rows[1].kinds[2]) == ("表1", (), CellKind.NUMBER)


@pytest.mark.parametrize(
    ("data", "merged"),
    [
        (xlsx([["题", "x"]], "A2:B3"), Merged(2, 0, 3, 1)),
        (xls({"一": [["题", "x"], ["合并", ""], ["", ""]]}, [(1, 2, 0, 1)]), Merged(2, 0, 3, 1)),
        (spreadsheetml([["合并", "题"], ["x", "y"]], 'ss:MergeAcross="1" ss:MergeDown="1"'), Merged(1, 0, 2, 1)),
        (b"<table><tr><td colspan=2 rowspan=2>x<td>y<tr><td>z</table>", Merged(1, 0, 2, 1)),
    ],
    ids=["xlsx", "xls", "xml", "html"],
)  # fmt: skip
def test_merged_cells_are_told(data: bytes, merged: Merged) -> None:
    """The value stands in the first cell, the others are blank, and the range is told."""
    _, (table,), (rows,) = read("a.xls", data)
    assert table.merged == (merged,)
    by_number = {row.number: row.cells for row in rows}
    assert by_number[merged.first_row][merged.first_column]
    assert not any(by_number.get(merged.last_row, [])[merged.first_column : merged.last_column + 1])


@pytest.mark.parametrize("data", [xlsb(ROWS), ods(ROWS)], ids=["xlsb", "ods"])
def test_where_the_library_does_not_tell_merges_that_is_told(data: bytes) -> None:
    """A format without merged ranges carries a remark, so that a person is asked about blanks below a value."""
    assert open_tables("a", data).remarks == (Remark(RemarkKind.MERGES_UNKNOWN),)


def test_tabs_come_in_order_and_hidden_ones_too() -> None:
    """One tab a volume; what is hidden was delivered all the same."""
    _, tables, rows = read("a.xls", xls({"第1卷": ROWS, "第2卷": ROWS[:1], "空": []}))
    assert ([table.name for table in tables], [len(found) for found in rows]) == (["第1卷", "第2卷", "空"], [3, 1, 0])
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("见").write(0, 0, "x")
    hidden = book.add_worksheet("隐")
    hidden.write(0, 0, "y")
    hidden.hide()
    book.close()
    assert [(table.name, table.hidden) for table in read("a.xlsx", out.getvalue())[1]] == [("见", False), ("隐", True)]


# ---------------------------------------------------------------- DBF

GBK = "gb18030"
FIELDS = [("DH", "C", 20), ("TM1", "C", 9), ("TM2", "C", 9), ("YH", "N", 4), ("ZTC", "M", 10), ("RQ", "D", 8), ("SC", "L", 1)]


def record(code: str, title: str, memo: bytes = b"") -> list[bytes]:
    """One row whose title is cut at nine bytes, as FoxPro cuts it."""
    raw = title.encode(GBK)
    return [code.encode(), raw[:9], raw[9:18], b"3", memo, b"19580312", b"T"]


def test_a_dbf_gives_names_deleted_rows_and_cut_characters() -> None:
    """Field names are row 0 with their lengths; deleted rows are counted and listed, not read; a character cut between TM1 and TM2 is whole again."""
    rows = [record("J001-1", "关于水库的通知"), *[record(f"J001-{n}", "废") for n in (2, 3, 4)], record("J001-5", "甲")]
    book, (table,), (found,) = read("AJ.DBF", dbf(FIELDS, rows, deleted=[2, 3, 4]))
    assert (book.format, book.encoding, book.deleted) == (SheetFormat.DBF, GBK, 3)
    assert Remark(RemarkKind.DELETED_ROWS, detail="2–4") in book.remarks
    assert Remark(RemarkKind.ENCODING_ASSUMED, detail=GBK) in book.remarks
    assert [(field.name, field.kind, field.length) for field in table.fields] == FIELDS
    assert (found[0].number, found[0].cells) == (0, [name for name, _, _ in FIELDS])
    assert [(row.number, row.cells) for row in found[1:]] == [
        (1, ["J001-1", "关于水库", "的通知", "3", "", "19580312", "是"]),
        (5, ["J001-5", "甲", "", "3", "", "19580312", "是"]),
    ]
    assert found[1].kinds[3:] == (CellKind.NUMBER, CellKind.TEXT, CellKind.DATE, CellKind.BOOL)
    assert not found[1].remarks


def test_half_characters_and_private_ones_are_told() -> None:
    """Half a character at the end of a field is left out, 自造字 are kept with their code points, other damage makes the cell bad."""
    fields = [("DH", "C", 9), ("ZRZ", "C", 5), ("BZ", "C", 4)]
    _, _, (found,) = read("a.dbf", dbf(fields, [[b"J001-1", "临江市".encode(GBK)[:5], b"\xaa\xa1"], [b"J001-2", b"\xcb  ", b"a\xff\xffb"]]))
    assert [row.cells for row in found[1:]] == [["J001-1", "临江", "\ue000"], ["J001-2", "", "\ufffd"]]
    assert found[1].remarks == (Remark(RemarkKind.HALF_CHARACTER, 1, 1), Remark(RemarkKind.PRIVATE_CHARACTER, 1, 2, "U+E000"))
    assert (found[2].bad, found[2].remarks) == (frozenset({2}), (Remark(RemarkKind.HALF_CHARACTER, 2, 1),))
    _, _, (told,) = read("a.csv", b"".join(["档号,题名\nJ1,".encode(GBK), b"\xaa\xa1\n"]))
    assert told[1].remarks == (Remark(RemarkKind.PRIVATE_CHARACTER, 2, 1, "U+E000"),)


MEMOS = [
    ("foxpro", dbf(FIELDS, [record("J1", "甲", fpt_block(1))], version=0xF5), fpt([b"x", "主题 词".encode(GBK)]), "主题 词", None),
    ("dbase3", dbf(FIELDS, [record("J1", "甲", b"1")], version=0x83), dbt(["主题 词".encode(GBK)]), "主题 词", None),
    ("points nowhere", dbf(FIELDS, [record("J1", "甲", b"9999999")], version=0xF5), fpt([b"x"]), "", RemarkKind.MEMO_UNREADABLE),
    ("lying length", dbf(FIELDS, [record("J1", "甲", b"8")], version=0xF5), fpt([b"x"])[:512] + b"\0\0\0\1\xff\xff\xff\xff", "", RemarkKind.MEMO_UNREADABLE),
    ("missing", dbf(FIELDS, [record("J1", "甲", b"8")], version=0xF5), b"", "", RemarkKind.MEMO_UNREADABLE),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "main", "memo", "text", "remark"), MEMOS, ids=lambda v: v if isinstance(v, str) else "")
def test_memos_travel_with_their_dbf(_name: str, main: bytes, memo: bytes, text: str, remark: RemarkKind | None) -> None:
    """A DBF and its memo file go through the sandbox as one; a memo that is not there is told."""
    book, _, (found,) = read("AJ.DBF", table_pair.join(main, memo))
    assert (found[1].cells[4], [r.kind for r in found[1].remarks]) == (text, [remark] if remark else [])
    assert (RemarkKind.MEMO_MISSING in [r.kind for r in book.remarks]) == (not memo)


def test_names_of_memo_files() -> None:
    """Only a DBF has one, and it may be written in either case."""
    assert table_pair.memo_names("案卷/AJ.DBF")[:2] == ("AJ.fpt", "AJ.dbt")
    assert table_pair.memo_names("AJ.xlsx") == ()
    assert table_pair.split(table_pair.join(b"a", b"bc")) == (b"a", b"bc")
    assert table_pair.split(table_pair.join(b"a", b"")) == (b"a", b"")


@pytest.mark.parametrize(("page", "text"), [(0x7A, "临江"), (0x00, "临江"), (0x03, "临江"), (0x78, "臨江")])
def test_the_code_page_byte_decides_where_it_is_believable(page: int, text: str) -> None:
    """Big5 is believed; none, or a western page over Chinese bytes, is GBK."""
    encoding = "big5" if page == 0x78 else GBK
    book, _, (found,) = read("a.dbf", dbf([("DH", "C", 4), ("TM", "C", 8)], [[b"1", text.encode(encoding)]], page=page))
    assert (book.encoding, found[1].cells) == (encoding, ["1", text])


# ---------------------------------------------------------------- text

def test_printed_text_is_cut_by_its_ruler() -> None:
    """Banner and drawn lines do no harm, a blank inside a title is no boundary, and a row that crosses a boundary is a fault of its own."""
    titles = ("关于张三 同志", "通 知", "人民政府公告")
    table = [["档号", "题名", "页数"], *[[f"J001-{n}", titles[n % 3], str(n)] for n in range(1, 90)]]
    lines = fixed(table, "utf-8", (10, 20, 4)).decode().split("\r\n")
    drawn = "─" * 17
    book, _, (rows,) = read("a.txt", "\n".join(["            归档文件目录", lines[0], drawn, *lines[1:], "J001-99" + "长" * 20]).encode(GBK))
    assert (book.format, book.remarks[0].kind) == (SheetFormat.TEXT, RemarkKind.COLUMNS_GUESSED)
    assert (rows[1].cells, rows[3].cells, rows[2].cells) == (["档号", "题名", "页数"], ["J001-1", "通 知", "1"], [""])
    assert (len(rows), rows[-1].fault) == (93, "此行的文字越过了列的边界")


@pytest.mark.parametrize("sign", ["|", "^", "~"])
def test_half_a_character_is_no_delimiter(sign: str) -> None:
    """The second byte of many characters is that of the bar, the caret or the tilde in GBK."""
    held = "".join(bytes([lead, ord(sign)]).decode(GBK) for lead in (0x81, 0x90, 0x91))
    _, _, (rows,) = read("a.txt", f"档号{sign}题名\nJ1{sign}{held}\n".encode(GBK))
    assert rows[1].cells == ["J1", held]


@pytest.mark.parametrize(("name", "data", "form", "_encoding", "_delimiter"), FORMATS, ids=lambda v: v if isinstance(v, str) and len(v) > 3 else "")
def test_what_must_be_read_whole_is_told_by_its_head(name: str, data: bytes, form: SheetFormat, _encoding: str, _delimiter: str) -> None:
    """The first bytes of a large workbook do not pass for text."""
    assert is_bare_text((data * 9)[:300]) == (form in (SheetFormat.CSV, SheetFormat.TEXT)), name


def test_sql_and_notes_are_no_printed_table() -> None:
    """Text without a header stays one cell a line, for the reader of sheets to refuse."""
    assert open_tables("a.txt", "说明 文件\n本批 共 12 卷\n".encode()).format is SheetFormat.CSV


def test_nested_tables_stand_apart() -> None:
    """A layout table around the data costs nothing of it."""
    _, _, rows = read("a.xls", b"<table><tr><td>a<table><tr><td>b&nbsp; c<br>d</table><td>e</table><tr><td>f")
    assert [[row.cells for row in found] for found in rows] == [[["b cd"]], [["a", "e"]], [["f"]]]


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("库.mdb", b"\0\1\0\0Standard Jet DB\0" + bytes(100), "Access"), ("库.accdb", b"\0\1\0\0Standard ACE DB\0" + bytes(100), "Access"),
        ("字.xls", compound(b"x", "WordDocument"), "Word"), ("锁.xlsx", compound(b"x", "EncryptedPackage"), "密码"),
        ("页.xls", b"MIME-Version: 1.0\r\nX", "MHTML"), ("坏.dbf", dbf(FIELDS, [])[:40].ljust(300, b"\0"), "自相矛盾"),
        ("坏.xls", compound(b"x")[:600], "打不开"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_what_cannot_be_read_says_how_to_go_on(name: str, data: bytes, word: str) -> None:
    """One sentence with the remedy, as a ValueError that crosses the sandbox."""
    with pytest.raises(SheetUnreadable, match=word):
        read(name, data)


def test_a_zip_without_a_workbook_is_refused() -> None:
    """A document or a plain archive under .xlsx is told apart."""
    for member, word in (("word/document.xml", "Word"), ("a.txt", "没有工作簿")):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as container:
            container.writestr(member, "x")
        with pytest.raises(SheetUnreadable, match=word):
            read("a.xlsx", out.getvalue())


@given(st.lists(st.lists(st.text(st.characters(codec="gbk", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), max_size=6), min_size=3, max_size=3), max_size=6))
def test_any_cells_come_back_from_a_dbf(rows: list[list[str]]) -> None:
    """What fits into its field is read as written."""
    fields = [("A", "C", 12), ("B", "C", 12), ("C", "C", 12)]
    _, _, (found,) = read("a.dbf", dbf(fields, [[cell.encode(GBK) for cell in row] for row in rows], page=0x7A))
    assert [row.cells for row in found[1:]] == [[cell.strip("\0") for cell in row] for row in rows]


@pytest.mark.fuzz
@given(st.integers(0, 2**32), st.sampled_from([dbf(FIELDS, [record("J1", "甲", b"8")], version=0xF5), html(TEXTS), spreadsheetml(ROWS), fixed(TEXTS, GBK)]))
def test_damaged_files_are_answered(seed: int, data: bytes) -> None:
    """A file with changed bytes is read or refused, never anything else."""
    dice, raw = random.Random(seed), bytearray(data)
    for _ in range(dice.randint(1, 8)):
        raw[dice.randrange(len(raw))] = dice.randrange(256)
    try:
        read("模糊", table_pair.join(bytes(raw), fpt([b"x"])))
    except SheetUnreadable:
        return


@pytest.mark.parametrize("at", [0, 1, 254, 510, 511, 512, 513, 1_500])
def test_lines_behind_an_unpaired_quote_are_rows(at: int) -> None:
    """Whichever line has it, it costs that line alone, and a row of two lines elsewhere stays one row."""
    lines = [f"J1-{number},题名\n" for number in range(1_600)]
    lines[at] = 'J1-x,"题名\n'
    lines[600] = 'J1-600,"题\n名"\n'
    (rows,) = read("a.csv", "".join(lines).encode())[2]
    assert [row.number for row in rows if row.fault] == [at + 1]
    expected = [f"J1-{number}" for number in range(1_600) if number != at]
    assert [row.cells[0] for row in rows if not row.fault] == expected
