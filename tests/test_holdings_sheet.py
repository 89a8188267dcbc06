"""Catalogue sheets: formats, encodings, headers, refusals; the row faults of the dirty corpus; hostile bytes."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.columns import columns
from holdings.dates import parse_date
from holdings.errors import SheetUnreadable
from holdings.findings import FindingCode
from holdings.security import MarkKind, SiteClass
from holdings.sheet import (
    ParsedSheet,
    decode_parsed,
    encode_parsed,
    is_sheet_name,
    parse_in_sandbox,
    parse_in_sandbox_classified,
    read_sheet,
)
from holdings.sheet_rows import is_mojibake
from holdings.table import SheetFormat

COLUMNS = ["档号", "全宗号", "目录号", "案卷号", "件号", "年度", "题名", "责任者", "文号", "成文日期", "保管期限", "密级", "页数", "开放状态"]
CODE = "J001-003-0001-00012"
ROW = dict(zip(COLUMNS, [CODE, "J001", "003", "0001", "00012", "1978", "临江市人民政府关于小型水库除险加固的通知", "临江市人民政府",
                         "临人发〔1978〕12号", "19780512", "永久", "", "3", "开放"], strict=True))
Encode = Callable[[Iterable[dict[str, str]]], bytes]


def csv_of(rows: Iterable[dict[str, str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """The rows as the corpus generator writes them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[column] for column in COLUMNS] for row in rows)
    return out.getvalue().encode(encoding)


def xlsx_of_cells(*tabs: Sequence[Sequence[str | float]]) -> bytes:
    """A workbook of tabs of rows; numbers become number cells, text inline strings without control characters."""
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main, package = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org/package/2006"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        sheets = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n, _ in enumerate(tabs, 1))
        z.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
                   f'"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType='
                   f'"{kind}.sheet.main+xml"/>{sheets}</Types>')
        z.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{rel}/officeDocument" '
                   'Target="xl/workbook.xml"/></Relationships>')
        names = "".join(f'<sheet name="表{n}" sheetId="{n}" r:id="r{n}"/>' for n, _ in enumerate(tabs, 1))
        z.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>{names}</sheets></workbook>')
        links = "".join(f'<Relationship Id="r{n}" Type="{rel}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in enumerate(tabs, 1))
        z.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>')
        for n, rows in enumerate(tabs, 1):
            body = "".join(f'<row r="{r}">' + "".join(_cell(c, r, v) for c, v in enumerate(row)) + "</row>" for r, row in enumerate(rows, 1))
            z.writestr(f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>')
    return out.getvalue()


def _cell(column: int, row: int, value: str | float) -> str:
    place = f"{chr(65 + column)}{row}"
    if not isinstance(value, str):
        return f'<c r="{place}"><v>{value}</v></c>'
    clean = "".join(ch for ch in value if ch >= " " or ch in "\t\n")
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(clean)}</t></is></c>'


def xlsx_of(rows: Iterable[dict[str, str]]) -> bytes:
    """The rows as a workbook of one tab."""
    return xlsx_of_cells([COLUMNS, *([row[column] for column in COLUMNS] for row in rows)])


FORMATS: list[tuple[str, str, Encode]] = [
    ("目录.csv", "utf-8", csv_of),
    ("目录_bom.csv", "utf-8", lambda rows: b"\xef\xbb\xbf" + csv_of(rows)),
    ("目录_gb.csv", "gb18030", lambda rows: csv_of(rows, "gb18030")),
    ("目录.tsv", "utf-8", lambda rows: csv_of(rows, "utf-8", "\t")),
    ("目录_分号.csv", "gb18030", lambda rows: csv_of(rows, "gb18030", ";")),
    ("目录_utf16.csv", "utf-16", lambda rows: csv_of(rows, "utf-16", "\t")),
    ("目录.xlsx", "utf-8", xlsx_of),
]


@pytest.fixture(params=FORMATS, ids=lambda form: form[0])
def form(request: pytest.FixtureRequest) -> tuple[str, str, Encode]:
    """Every way a sheet may be written."""
    found: tuple[str, str, Encode] = request.param
    return found


def _codes(sheet: ParsedSheet) -> list[tuple[str, str]]:
    return [(note.field, note.code) for note in sheet.notes]


def test_every_format_says_the_same(form: tuple[str, str, Encode]) -> None:
    """UTF-8 with and without BOM, UTF-16, GB18030, comma, tab, semicolon and xlsx give the same rows, with rare characters."""
    name, encoding, encode = form
    sheet = read_sheet(name, encode([ROW, {**ROW, "档号": "J001-003-0001-00013", "责任者": "王𠮷平、䶮堃"}]))
    assert (sheet.name, sheet.encoding, sheet.columns, sheet.row_count) == (name, encoding, tuple(COLUMNS), 2)
    assert sheet.format is (SheetFormat.XLSX if name.endswith("xlsx") else SheetFormat.CSV)
    assert sheet.has_mark_column
    first, second = sheet.rows
    assert (first.number, first.key, first.code, first.volume, first.mark) == (2, CODE, CODE, "J001-003-0001", MarkKind.OPEN)
    assert first.values == {column: value for column, value in ROW.items() if value or column == "密级"}
    assert (second.number, second.values["责任者"]) == (3, "王𠮷平、䶮堃")
    assert not sheet.refusals
    assert not sheet.notes


def test_the_serialised_form_round_trips(form: tuple[str, str, Encode]) -> None:
    """What the sandbox sends is what was read, and rows can be walked more than once."""
    name, _, encode = form
    data = encode([ROW, {**ROW, "档号": "x/y"}, {**ROW, "题名": "=1+1", "档号": "J001-003-0001-00014"}])
    direct, carried = read_sheet(name, data), decode_parsed(parse_in_sandbox(data, name))
    assert encode_parsed(carried) == encode_parsed(direct)
    assert list(carried.rows) == list(direct.rows) == list(carried.rows)
    assert (carried.digest, carried.refusals, carried.notes) == (direct.digest, direct.refusals, direct.notes)


# ---------------------------------------------------------------- the row faults of gen_scans --dirty

FAULTS: list[tuple[str, dict[str, str], str | None, FindingCode | None]] = [
    # fault, cells, field of the refusal, code of the note
    ("bad_date", {"成文日期": "20190231"}, "成文日期", None),
    ("bad_date", {"成文日期": "2019年13月"}, "成文日期", None),
    ("bad_date", {"成文日期": ""}, None, FindingCode.DATE_MISSING),
    ("bad_date", {"成文日期": "1899/12/31"}, None, FindingCode.DATE_DOUBTFUL),
    ("bad_date", {"成文日期": "43556"}, "成文日期", None),
    ("mojibake_title", {"题名": ROW["题名"].encode().decode("gbk", "replace")}, None, FindingCode.MOJIBAKE),
    ("classified_row", {"密级": "机密"}, "密级", None),
    ("classified_row", {"密级": "秘密★10年"}, "密级", None),
    ("classified_row", {"密级": "绝密"}, "密级", None),
    ("very_long_title", {"题名": (ROW["题名"] * 200)[:4000]}, None, None),
    *[("csv_formula_injection", {"题名": value}, None, FindingCode.FORMULA_TEXT) for value in
      ('=HYPERLINK("file:///x","点击")', "+1+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\t=1+1")],
    ("path_traversal_in_档号", {"档号": "../../etc/" + CODE}, "档号", None),
    ("newline_quote_nul_in_title", {"题名": '关于小型水库\n除险"引号",逗号\0'}, None, FindingCode.ROW_REPAIRED),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0]}:{next(iter(f[1].values()))[:12]!r}")
def test_row_faults_end_as_refusal_or_note(form: tuple[str, str, Encode], fault: tuple[str, dict[str, str], str | None, FindingCode | None]) -> None:
    """Each fault touches its own row only: refused with field, rule and remedy, or kept with a note; its neighbours come through."""
    name, _, encode = form
    _, cells, refused_field, code = fault
    good = [{**ROW, "档号": "J001-003-0002-00001"}, {**ROW, "档号": "J001-003-0002-00003"}]
    sheet = read_sheet(name, encode([good[0], {**ROW, **cells}, good[1]]))
    kept = {row.number: row for row in sheet.rows if not row.refused}
    assert {2, 4} <= kept.keys()
    assert [(refusal.row, refusal.field) for refusal in sheet.refusals] == ([(3, refused_field)] if refused_field else [])
    assert all(refusal.rule and refusal.remedy for refusal in sheet.refusals)
    assert (3 in kept) == (refused_field is None)
    if code is not None:
        assert code in {note.code for note in sheet.notes if note.row == 3}
    if refused_field is None:
        assert kept[3].values.get("题名", "") == " ".join(cells.get("题名", ROW["题名"]).replace("\0", " ").split())


def test_a_classified_row_leaves_only_where_it_stands(form: tuple[str, str, Encode]) -> None:
    """On an open site neither title, code as printed nor any other cell of a classified row is in what leaves the sandbox."""
    name, _, encode = form
    secret = {**ROW, "密级": "机密★20年", "题名": "绝不可见的题名", "成文日期": "20190231", "责任者": "=绝不可见"}
    carried = parse_in_sandbox(encode([secret]), name)
    sheet = decode_parsed(carried)
    (row,) = sheet.rows
    assert (row.number, row.key, row.volume, row.mark, row.code, row.values) == (2, CODE, "J001-003-0001", MarkKind.CLASSIFIED, "", {})
    assert "不可见" not in carried.decode()
    assert not sheet.notes
    assert sheet.refusals[0].code == FindingCode.CLASSIFIED
    (kept,) = decode_parsed(parse_in_sandbox_classified(encode([{**secret, "成文日期": ""}]), name)).rows
    assert (kept.mark, kept.values["题名"], kept.refused) == (MarkKind.CLASSIFIED, "绝不可见的题名", False)


def test_two_rows_of_one_code() -> None:
    """Equal rows are one row; contradicting ones are told, and the one that is kept is marked."""
    sheet = read_sheet("a.csv", csv_of([ROW, ROW, {**ROW, "档号": CODE + "1"}]))
    assert [(row.number, row.duplicate) for row in sheet.rows] == [(2, False), (4, False)]
    assert _codes(sheet) == [("档号", FindingCode.ROW_REPEATED)]
    sheet = read_sheet("a.csv", csv_of([ROW, {**ROW, "题名": "（重复著录）"}]))
    assert [(row.number, row.duplicate) for row in sheet.rows] == [(2, True)]
    assert [(refusal.row, refusal.code) for refusal in sheet.refusals] == [(3, FindingCode.ROW_DUPLICATE)]


def test_one_line_in_another_encoding_costs_that_line_only() -> None:
    """A UTF-8 line in a GB18030 sheet, and the other way round, is refused by itself; its code and mark are still known where they can be."""
    rows = [{**ROW, "档号": f"J001-003-0002-{n:05d}"} for n in range(1, 6)]
    lines, foreign = csv_of(rows, "gb18030").splitlines(keepends=True), csv_of(rows).splitlines(keepends=True)
    sheet = read_sheet("a.csv", b"".join([*lines[:3], foreign[3], *lines[4:]]))
    assert (sheet.encoding, sheet.row_count, sheet.refused_count) == ("gb18030", 5, 1)
    assert (sheet.refusals[0].row, sheet.refusals[0].key) == (4, "J001-003-0002-00003")
    assert "编码" in sheet.refusals[0].rule
    sheet = read_sheet("a.csv", b"".join([*foreign[:3], lines[3], *foreign[4:]]))
    assert (sheet.encoding, sheet.refused_count, sheet.refusals[0].row, sheet.refusals[0].field) == ("utf-8", 1, 4, "题名")
    assert [row.number for row in sheet.rows if not row.refused] == [2, 3, 5, 6]


def test_a_mark_that_does_not_decode_counts_as_classified() -> None:
    """Damage in the 密级 cell holds the row and its volume."""
    lines = csv_of([{**ROW, "密级": "内部"}, {**ROW, "档号": "J001-003-0002-00001"}], "gb18030").splitlines(keepends=True)
    lines[1] = lines[1].replace("内部".encode("gb18030"), b"\xff\xff")
    sheet = read_sheet("a.csv", b"".join(lines))
    first = next(iter(sheet.rows))
    assert (first.mark, first.volume, first.values) == (MarkKind.UNREADABLE, "J001-003-0001", {})


def test_shifted_and_short_rows_are_refused() -> None:
    """More cells than the header, or too few to reach the mark, say that the columns are not what they seem."""
    header, line = ",".join(COLUMNS), ",".join(ROW.values())
    text = "\n".join([header, line + ",多出来的", ",".join(line.split(",")[:8]), line.replace("00012", "00013", 2) + ",,"])
    sheet = read_sheet("a.csv", text.encode())
    assert [(refusal.row, refusal.field) for refusal in sheet.refusals] == [(2, ""), (3, "密级")]
    assert [row.number for row in sheet.rows if not row.refused] == [4]


def test_an_unpaired_quote_costs_its_own_line() -> None:
    """The lines that an unpaired quote swallows are read again."""
    lines = csv_of([{**ROW, "档号": f"J001-003-0002-{n:05d}"} for n in range(1, 6)]).decode().splitlines(keepends=True)
    lines[2] = lines[2].replace("临江市人民政府关于", '"临江市人民政府关于', 1)
    sheet = read_sheet("a.csv", "".join(lines).encode())
    assert [row.number for row in sheet.rows] == [2, 4, 5, 6]
    assert [(refusal.row, refusal.rule) for refusal in sheet.refusals] == [(3, "引号不成对或用法有误")]


def test_the_header_is_found_below_banners_and_by_synonyms() -> None:
    """Title rows above, spaces in names, synonyms, repeated headers and blank rows are no obstacle."""
    cells = [["归档文件目录", "", ""], [], [" 档 案 号 ", "文件题名", "秘级", "备注", "序号"], [CODE, "甲", "", "好", "1"], [],
             [" 档 案 号 ", "文件题名", "秘级", "备注", "序号"], ["J001-003-0001-00013", "乙", "内部", "", "2"]]  # fmt: skip
    sheet = read_sheet("a.xlsx", xlsx_of_cells([row or [""] for row in cells]))
    assert sheet.columns == ("档号", "题名", "密级", "附注", "序号")
    assert [(row.number, row.values) for row in sheet.rows] == [
        (4, {"档号": CODE, "题名": "甲", "密级": "", "附注": "好", "序号": "1"}),
        (7, {"档号": "J001-003-0001-00013", "题名": "乙", "密级": "内部", "序号": "2"}),
    ]
    assert ("序号", FindingCode.COLUMN_AMBIGUOUS) in _codes(sheet)


def test_numbers_and_other_tabs_of_a_workbook() -> None:
    """Whole numbers come without a fraction, numbers beyond 15 digits with a warning, and unread tabs are named."""
    rows: list[list[str | float]] = [["档号", "题名", "页数", "文号"], [CODE, "甲", 3.0, 1.2e17], [CODE + "9", "乙", 2.5, 7]]
    sheet = read_sheet("a.xlsx", xlsx_of_cells([["说明"], ["这不是目录"]], rows, [["别的"]]))
    assert [row.values["页数"] for row in sheet.rows] == ["3", "2.5"]
    assert _codes(sheet) == [("文号", FindingCode.DIGITS_LOST), ("页数", FindingCode.METADATA_TYPE), ("", FindingCode.TAB_UNREAD)]
    assert not sheet.has_mark_column


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("空.csv", b"", "空文件"),
        ("空.csv", b"\xef\xbb\xbf \r\n", "空文件"),
        ("无表头.csv", "甲,乙,丙\n1,2,3\n".encode(), "表头"),
        ("图.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "编码"),
        ("旧.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "打不开"),
        ("网页.xls", b"<html><table><tr><td>x</td></tr></table></html>", "表头"),
        ("断.xlsx", xlsx_of([ROW])[:-40], "打不开"),
        ("坏.xlsx", b"PK\x03\x04" + bytes(100), "打不开"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_broken_sheets_say_why(name: str, data: bytes, word: str) -> None:
    """A sheet that cannot be read is refused in one Chinese sentence, as a ValueError that crosses the sandbox."""
    with pytest.raises(SheetUnreadable, match=word) as refused:
        read_sheet(name, data)
    assert isinstance(refused.value, ValueError)


def test_a_workbook_that_expands_too_far_is_a_bomb() -> None:
    """A member that declares more than the bounds is refused before anything is used of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z, z.open("xl/worksheets/sheet1.xml", "w") as member:
        for _ in range(40):
            member.write(bytes(1 << 20))
    with pytest.raises(SheetUnreadable, match="炸弹"):
        read_sheet("炸.xlsx", out.getvalue())


@pytest.mark.parametrize(
    ("name", "sheet"),
    [("案卷目录.xlsx", True), ("a.CSV", True), ("a.tsv", True), ("a.xls", True), ("~$案卷目录.xlsx", False), (".a.csv", False), ("0001.jpg", False), ("csv", False)],
)
def test_sheets_are_known_by_name(name: str, sheet: bool) -> None:
    """Lock files and hidden files are never sheets."""
    assert is_sheet_name(name) == sheet


@pytest.mark.parametrize(
    ("text", "date"),
    [("20190228", (2019, 2, 28)), ("2019-2-28", (2019, 2, 28)), ("2019/02/28 00:00:00", (2019, 2, 28)), ("2019.2.28", (2019, 2, 28)),
     ("2019年2月28日", (2019, 2, 28)), ("２０１９年２月", (2019, 2, 0)), ("1958", (1958, 0, 0)), ("195803", (1958, 3, 0)), ("[195803]", (1958, 3, 0)),
     ("1958.00.00", (1958, 0, 0)), ("19580300", (1958, 3, 0)), ("20200229", (2020, 2, 29)), ("20190229", None), ("20190001", None), ("20191301", None),
     ("43556", None), ("58.3.12", (1958, 3, 12)), ("2019年13月", None), ("", None), ("今天", None), ("0000", None), ("2019-02-30", None)],
)  # fmt: skip
def test_dates_follow_the_calendar(text: str, date: tuple[int, int, int] | None) -> None:
    """Dates are read in the ways people write them, unknown parts are no fault, and impossible days are."""
    assert parse_date(text) == date


@given(st.text("为认真贯彻落实上级会议精神切实做好工作经研究决定临江市人民政府的通知，、《》〔〕0123456789", min_size=4, max_size=30))
def test_real_titles_are_no_mojibake(title: str) -> None:
    """Ordinary Chinese is not taken for a wrong encoding; its UTF-8 bytes read as GB18030 are."""
    assert not is_mojibake(title)
    wrong = title.encode().decode("gb18030", "replace")
    assert is_mojibake(wrong) or title.isascii() or not any("\u4e00" <= c <= "\u9fff" for c in title)


@pytest.mark.fuzz
@given(st.one_of(st.binary(max_size=600), st.builds(lambda head, tail: head + tail, st.just(csv_of([ROW], "gb18030")), st.binary(max_size=300))))
def test_any_bytes_are_answered(data: bytes) -> None:
    """No bytes make the reader raise anything but SheetUnreadable, and what it returns can be carried."""
    try:
        sheet = read_sheet("模糊.csv", data)
    except SheetUnreadable:
        return
    assert sheet.row_count >= sheet.refused_count
    assert encode_parsed(decode_parsed(encode_parsed(sheet))) == encode_parsed(sheet)


@pytest.mark.fuzz
@given(st.data())
def test_damaged_workbooks_are_answered(data: st.DataObject) -> None:
    """A workbook with changed bytes is read or refused, never anything else."""
    raw = bytearray(xlsx_of([ROW]))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_sheet("模糊.xlsx", bytes(raw))
    except SheetUnreadable:
        return


def _no_sign(text: str) -> bool:
    return text.strip() not in columns().ditto.marks and not set(text) & set("密絕絶祕★☆")


@given(st.lists(st.fixed_dictionaries({c: st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).filter(_no_sign)
                                           for c in ("题名", "责任者", "文号")}), max_size=5))
def test_cells_come_back_trimmed_and_otherwise_as_written(cells: list[dict[str, str]]) -> None:
    """Quotes, delimiters and every printable character survive a csv."""
    rows = [{**ROW, **row, "档号": f"J001-003-0002-{n:05d}"} for n, row in enumerate(cells, 1)]
    sheet = read_sheet("a.csv", csv_of(rows))
    for row, read in zip(rows, sheet.rows, strict=True):
        assert {c: read.values.get(c, "") for c in ("题名", "责任者", "文号")} == {c: _tidy(row[c]) for c in ("题名", "责任者", "文号")}


def _tidy(text: str) -> str:
    return text.replace("\u2028", " ").replace("\u2029", " ").strip()


def test_the_sandbox_functions_refuse_with_a_sentence() -> None:
    """A broken file and broken carried bytes are ValueErrors."""
    with pytest.raises(ValueError, match="空文件"):
        parse_in_sandbox(b"", "a.csv")
    with pytest.raises(ValueError, match="不完整"):
        decode_parsed(b"{}")
    assert read_sheet("a.csv", csv_of([ROW]), SiteClass.CLASSIFIED).row_count == 1
