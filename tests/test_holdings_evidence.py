"""Evidence of a delivery: which files it is, lists of digests in every notation, declared totals."""

import io

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from holdings import evidence_digests, evidence_note
from holdings.errors import SheetUnreadable
from holdings.evidence_digests import DigestKind, tidy
from holdings.evidence_name import EvidenceKind, evidence_kind
from holdings.evidence_note import Declared, Total

MD5, SHA = "d41d8cd98f00b204e9800998ecf8427e", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PATH = "数据/J001-003-0001-00001/0001.jpg"
WINDOWS = PATH.replace("/", "\\")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *dict.fromkeys([("MD5.txt", "checksums"), ("md5sum.txt", "checksums"), ("光盘01_md5.csv", "checksums"), ("第03批.md5", "checksums")]),
        ("SHA256SUMS", "checksums"), ("sha256.txt", "checksums"), ("数据.sm3", "checksums"), ("checksum.txt", "checksums"), ("checksums-sha256.txt", "checksums"),
        ("MD5校验值.txt", "checksums"), ("校验清单.csv", "checksums"), ("hash.txt", "checksums"), ("manifest-md5.txt", "checksums"),
        ("说明文件.TXT", "note"), ("光盘说明.txt", "note"), ("README.txt", "note"), ("移交清单.pdf", "handover"), ("移交清册.xlsx", "handover"),
        ("交接登记表.doc", "handover"), ("目录.csv", None), ("0001.jpg", None), ("说明.txt", None), ("md5.exe", None),
        ("归档文件目录.xls", None), ("移交清单.exe", None),
    ],
)  # fmt: skip
def test_evidence_is_known_by_its_name(name: str, kind: str | None) -> None:
    """Lists, notes and papers of hand-over are told from sheets, pages and the captions of photographs."""
    assert evidence_kind(name) == (EvidenceKind(kind) if kind else None)


@pytest.mark.parametrize(
    "line",
    [
        f"{MD5}  {PATH}", f"{MD5} *{PATH}", f"{MD5}\t{PATH}", f"{MD5.upper()} *{WINDOWS}", f"{MD5}  ./{PATH}", f"{MD5},{PATH}", f"{MD5}, {WINDOWS}",
        f'"{MD5}","{PATH}"'.replace('"', "", 1).replace('"', "", 1), f"{PATH},{MD5}", f'"{PATH}","{MD5}"', f"{PATH};{MD5}",
        f"{PATH}\t{MD5}", f"{PATH}  {MD5}",
        f"{PATH} = {MD5}", f"{PATH}：{MD5}", f"MD5 ({PATH}) = {MD5}",
        f"MD5({PATH})= {MD5}", f"md5({WINDOWS})={MD5}", f"MD5             {MD5.upper()}       {WINDOWS}",
        f"D:\\{WINDOWS},{MD5}", f"1,{PATH},{MD5}", f"17\t{MD5}\t{PATH}", f"{PATH} MD5:{MD5}", f"{PATH},MD5,{MD5}",
        f"MD5 hash of {PATH}:\n{MD5}\nCertUtil: -hashfile command completed successfully.",
        f"MD5 的 {WINDOWS} 哈希:\n" + " ".join(MD5[n : n + 2] for n in range(0, 32, 2)),
        f"MD5 哈希(文件 {WINDOWS}):\n{MD5}\nCertUtil: -hashfile 命令成功完成。",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_notation_of_a_list_says_the_same(line: str, encoding: str) -> None:
    """Whatever tool wrote it, and in whatever encoding: the same path, the same digest."""
    found = evidence_digests.read(f"# 批次清单\r\n文件名,MD5\r\n\r\n{line}\r\n".encode(encoding))
    assert [(one.path, one.digest, one.kind) for one in found.files] == [(PATH, MD5, DigestKind.MD5)]
    assert found.bad_count == 0


@pytest.mark.parametrize(
    ("line", "name", "kind"),
    [
        (f"{SHA}  a.jpg", "x.txt", DigestKind.EITHER),
        (f"{SHA}  a.jpg", "SHA256SUMS", DigestKind.SHA256),
        (f"{SHA}  a.jpg", "数据.sm3", DigestKind.SM3),
        (f"SM3 (a.jpg) = {SHA}", "sha256.txt", DigestKind.SM3),
        (f"{'0' * 40}  a.jpg", "", DigestKind.SHA1),
        (f"{'0' * 128}  a.jpg", "", DigestKind.SHA512),
        (f"{MD5}  {SHA}.jpg", "", DigestKind.MD5),
        (f"{SHA[:32]}.jpg,{MD5}", "", DigestKind.MD5),
    ],
)
def test_the_algorithm_follows_from_length_word_and_name(line: str, name: str, kind: DigestKind) -> None:
    """64 digits are SHA-256 or SM3: the line's word says which, else the list's name, else both are tried."""
    (one,) = evidence_digests.read(line.encode(), name).files
    assert one.kind is kind


def test_lines_that_say_nothing_are_counted() -> None:
    """A damaged line in the middle is told by its number; the others count."""
    text = f"{MD5}  a.jpg\n这一行坏了\n{MD5[:-1]}  b.jpg\n{MD5}  ../../etc/passwd\n{MD5}  c.jpg\n"
    found = evidence_digests.read(text.encode())
    assert ([one.path for one in found.files], found.bad, found.bad_count) == (["a.jpg", "c.jpg"], (2, 3, 4), 3)
    assert [one.line for one in found.files] == [1, 5]


@pytest.mark.parametrize("data", [b"", b"   ", b"hello\n", bytes(range(256)) * 8, "档号,题名\n1,2\n".encode()])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    """With a sentence, never with a trace."""
    with pytest.raises(SheetUnreadable):
        evidence_digests.read(data)


@given(st.text(max_size=60))
def test_a_path_never_leaves_the_delivery(name: str) -> None:
    """Whatever a list says: no climbing, no absolute path, no control characters; tidying twice is tidying once."""
    path = tidy(name)
    if path is not None:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert "\0" not in path
        assert tidy(path) in (path, None if path[1:3] in (":/", ":\\") else tidy(path))


@given(st.binary(max_size=400))
@pytest.mark.fuzz
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """A list and a note from outside end as what they say or as a sentence."""
    for read in (evidence_digests.read, evidence_note.read_text):
        try:
            read(data)
        except SheetUnreadable:
            continue


SEGMENT = st.text(st.characters(categories=("L", "Nd"), include_characters="-_.·()"), min_size=1, max_size=12).filter(lambda s: s.strip(".") == s)


@given(st.dictionaries(st.lists(SEGMENT, min_size=1, max_size=4).map("/".join), st.integers(0, 16**32 - 1), min_size=1, max_size=20))
def test_md5sum_round_trip(files: dict[str, int]) -> None:
    """Every list that md5sum writes over ordinary names is read back whole."""
    lines = [f"{value:032x}  {path}" for path, value in files.items()]
    found = evidence_digests.read("\n".join(lines).encode())
    assert {one.path: int(one.digest, 16) for one in found.files} == files


NOTE = """载体说明文件
批次号：第03批
加工单位：恒信数字化公司
一、总卷数：120
2. 总件数 = 3，480件
总页数：28,512 页
文件数量: 28640
总字节数：12,345,678,901
载体编号：TJHP-2023-003
软硬件环境：Windows 10；ACDSee
"""


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_note_says_its_fields_and_totals(encoding: str) -> None:
    """Full-width digits and colons, thousands separators, units and numbered lines are all read."""
    said = evidence_note.read_text(NOTE.replace("\n", "\r\n").encode(encoding))
    assert said.fields["加工单位"] == "恒信数字化公司"
    assert said.fields["载体编号"] == "TJHP-2023-003"
    found = {one.total: one.ranges[0] for one in said.totals}
    numbers = {Total.RECORDS: 3480, Total.PAGES: 28512, Total.FILES: 28640, Total.BYTES: 12345678901}
    assert {total: found.get(total) for total in numbers} == {total: (n, n) for total, n in numbers.items()}


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("12.345 GB", [12_345_000_000, 12_345_499_999, 13_255_342_817], [12_346_000_000, 12_000_000_000]),
        ("12GB", [12_000_000_000, 12 << 30], [13_500_000_000, 11_000_000_000]),
        ("1,024 字节", [1024], [1023, 1025]),
        ("500 MB", [500_000_000, 500 << 20], [505_000_000]),
    ],
)
def test_a_size_is_true_of_what_it_was_rounded_from(text: str, true: list[int], false: list[int]) -> None:
    """12.345 GB may be counted by 1,000 or by 1,024, and was rounded to its last digit; more than that is a difference."""
    (said,) = evidence_note.read_text(f"数据量：{text}".encode()).totals
    assert [said.agrees(n) for n in true] == [True] * len(true)
    assert [said.agrees(n) for n in false] == [False] * len(false)


def sheet(*rows: list[object]) -> bytes:
    """A table as xlsx."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return out.getvalue()


@pytest.mark.parametrize(
    "rows",
    [
        [["移交清册"], ["序号", "全宗号", "起止案卷号", "卷数", "件数", "页数"], [1, "J023", "0001–0060", 60, 1700, 9000], [2, "J023", "0061–0120", 60, 1780, 9512]],
        [["序号", "全宗号", "卷数", "件数", "页数"], [1, "J023", 60, 1700, 9000], [2, "J023", 60, 1780, 9512], ["合计", "", 120, 3480, 18512]],
        [["移交清单"], ["总卷数", 120, "总件数", 3480], ["总页数：18512"]],
        [["卷数", "件数", "页数"], ["", "", ""], ["120", "3,480", "18512页"]],
    ],
)
def test_a_table_of_hand_over_says_its_totals(rows: list[list[object]]) -> None:
    """By its row of totals, else by the sum of its columns, or as a form."""
    said = evidence_note.read_table(sheet(*rows), "移交清册.xlsx")
    assert {one.total: one.ranges for one in said.totals} == {
        Total.VOLUMES: ((120, 120),), Total.RECORDS: ((3480, 3480),), Total.PAGES: ((18512, 18512),)
    }  # fmt: skip


def test_what_crosses_the_sandbox_is_what_was_read() -> None:
    """Both readers give bytes that decode to the same."""
    data = f"{MD5}  a.jpg\n坏\n".encode()
    assert evidence_digests.decode(evidence_digests.read_in_sandbox(data, "md5.txt")) == evidence_digests.read(data, "md5.txt")
    said = evidence_note.decode(evidence_note.read_in_sandbox(NOTE.encode(), "说明文件.TXT"))
    assert said == evidence_note.read_text(NOTE.encode())
    assert said.totals[0] == Declared(Total.RECORDS, "3,480件", ((3480, 3480),))


@pytest.mark.parametrize("piece", ["a", " ", ",", "MD5 (", "0", "0 ", "=", '"', "MD5 ", ": ", "MD5:=- ", "\t", MD5, "MD5,", "哈希 ", "MD5 的 ", "1"])
def test_a_hostile_line_costs_its_length(piece: str) -> None:
    """Long runs of what notations are made of are read as fast as anything: no pattern looks at them again and again."""
    line = (f"x{piece * 4_400}")[:4_490]
    data = "\n".join([f"{MD5}  a.jpg", *(line + end for end in ("", "y", MD5, ":", ")")), *[piece * 90] * 200]).encode()
    assert evidence_digests.read(data).files[0].path == "a.jpg"
    evidence_note.read_text(data)
    evidence_kind(line[:1_000])
