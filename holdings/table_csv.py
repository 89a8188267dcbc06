"""Delimited text: encoding (UTF-8, UTF-16, GB18030) and delimiter (comma, tab, semicolon, bar) are found, not asked.

Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import Final

from holdings.columns import HEADER_WITHIN, is_header
from holdings.errors import SheetUnreadable
from holdings.table import COLUMNS_MAX, ROWS_MAX, RawRow, SheetFormat, Table, Workbook

STRUCTURE_FAULTS_MAX: Final = 1_000  # unpaired quotes; each may cost a re-read of CELL_READ_MAX characters
CELL_READ_MAX: Final = (
    131_072  # characters the csv reader takes before it calls a quote unpaired; four times CELL_MAX in bytes
)
ENCODINGS: Final = ("utf-8", "gb18030")
_FAULTY: Final = "\ufffd"


def open_csv(data: bytes) -> Workbook:
    """Open delimited text as one table. SheetUnreadable when it is neither UTF-8, UTF-16 nor GB18030."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # "Unicode text" of spreadsheet programs
        try:
            data = data.decode("utf-16").encode("utf-8")
        except UnicodeError as fault:
            raise SheetUnreadable("UTF-16 文本已损坏；请另存为 UTF-8 的 csv") from fault
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise SheetUnreadable("目录表是空文件；请重新导出")
    encoding = _encoding(data)
    delimiter = _delimiter(data, encoding)
    rows = _decoded(data, encoding, delimiter)
    return Workbook(SheetFormat.CSV, encoding, delimiter, iter((Table("", rows),)))


def _encoding(data: bytes) -> str:
    """Strict detection: the whole file when it decodes, else by vote of its lines, so that one damaged line does not
    turn the others into nonsense.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    votes = dict.fromkeys(ENCODINGS, 0)
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    for line in lines:
        for encoding in ENCODINGS:
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                continue
            votes[encoding] += 1
            break
    best = max(votes, key=lambda encoding: votes[encoding])
    if 2 * votes[best] < len(lines) or b"\0" * 8 in data[:4096]:
        raise SheetUnreadable("不是文本，或既非 UTF-8 也非 GB18030 编码；请另存为 .xlsx 或 UTF-8 的 csv")
    return best


def _delimiter(data: bytes, encoding: str) -> str:
    """The first of comma, tab, semicolon (the most frequent first) under which a header is found; else the most
    frequent.
    """
    head = data[: 64 << 10].decode("latin-1")
    candidates = sorted(",\t;", key=head.count, reverse=True)
    for delimiter in candidates:
        rows = _decoded(head.encode("latin-1"), encoding, delimiter)
        if any(is_header(row.cells) for row, _ in zip(rows, range(HEADER_WITHIN), strict=False)):
            return delimiter
    return candidates[0]


def _decoded(data: bytes, encoding: str, delimiter: str) -> Iterator[RawRow]:
    """Split into cells first, byte by byte (quotes, delimiters and line ends are never part of a character in either
    encoding), then decode each row.
    """
    for number, (cells, fault) in enumerate(_split(data, delimiter), 1):
        if number > ROWS_MAX:
            raise SheetUnreadable(f"超过 {ROWS_MAX:,} 行；请分成几张表")
        if fault:
            yield RawRow(number, [], fault=fault)
            continue
        yield _decode_row(number, cells, encoding)


def _decode_row(number: int, cells: list[str], encoding: str) -> RawRow:
    """Decode cells held as latin-1 (one character a byte)."""
    joined = "\x1f".join(cells)
    if joined.isascii():
        return RawRow(number, cells)
    raw = joined.encode("latin-1")
    if encoding != "utf-8" and _is_utf8_chinese(raw):
        return RawRow(number, raw.decode("utf-8").split("\x1f"), foreign=True)
    try:
        whole = raw.decode(encoding).split("\x1f")
    except UnicodeDecodeError:
        whole = []
    if len(whole) == len(cells):
        return RawRow(number, whole)
    decoded, bad = [], set()
    for index, cell in enumerate(cells):
        try:
            decoded.append(cell.encode("latin-1").decode(encoding))
        except UnicodeDecodeError:
            decoded.append(_FAULTY)
            bad.add(index)
    return RawRow(number, decoded, frozenset(bad))


def _is_utf8_chinese(raw: bytes) -> bool:
    """Whether a row of a GB18030 sheet is UTF-8 instead: valid UTF-8 with four or more Chinese characters does not
    happen by chance.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return sum("\u4e00" <= c <= "\u9fff" for c in text) >= 4


def _split(data: bytes, delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Rows of latin-1 cells, or a fault.

    An unpaired quote costs its own line only: the lines it swallowed are read again.
    """
    csv.field_size_limit(CELL_READ_MAX)
    lines = io.StringIO(data.decode("latin-1"), newline="")
    waiting: deque[str] = deque()
    taken: list[str] = []

    def feed() -> Iterator[str]:
        while True:
            line = waiting.popleft() if waiting else lines.readline()
            if not line:
                return
            taken.append(line)
            yield line

    faults = 0
    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            faults += 1
            if faults > STRUCTURE_FAULTS_MAX:
                raise SheetUnreadable("引号不成对的行过多；请另存为 .xlsx") from None
            waiting.extendleft(reversed(taken[1:]))
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
            yield [], "引号不成对或用法有误"
            continue
        yield (cells, "") if len(cells) <= COLUMNS_MAX else ([], f"超过 {COLUMNS_MAX} 列")
