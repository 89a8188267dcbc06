"""Delimited text: encoding (UTF-8, UTF-16, GB18030) and delimiter (comma, tab, semicolon, bar, or a rarer sign) are found, not asked.

Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from holdings import table_text
from holdings.columns import HEADER_WITHIN, is_header
from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.table import COLUMNS_MAX, ROWS_MAX, RawRow, Remark, RemarkKind, SheetFormat, Table, Workbook
from holdings.table_encoding import decodes, is_utf8_chinese, plain_text

STRUCTURE_FAULTS_MAX: Final = 1_000  # unpaired quotes; each may cost a re-read of CELL_READ_MAX characters
CELL_READ_MAX: Final = (
    131_072  # characters the csv reader takes before it calls a quote unpaired; four times CELL_MAX in bytes
)
DELIMITERS: Final = ",\t;|"
RARE: Final = "^~#$@!"  # what old systems put between fields so that no text holds it; tried when no usual one shows
_FAULTY: Final = "\ufffd"
_PRIVATE: Final = expression("[\ue000-\uf8ff]")
_PRIVATE_BEYOND: Final = re.compile(b"\xef[\x80-\xa3]")  # U+F000 to U+F8FF in UTF-8; those before begin with EE
# Bar, caret, tilde and at-sign may be the second byte of a GB18030 character; other delimiters, quotes, line ends never are.
_SECOND: Final = {
    sign: expression(f"[\x81-\xfe][\x30-\xfe]|({re.escape(sign)})", re.DOTALL)
    for sign in DELIMITERS + RARE
    if sign >= "\x30"
}
_SEPARATOR: Final = "\x1c"
_BATCH: Final = 512  # lines handed over at a time


def open_csv(data: bytes) -> Workbook:
    """Open text as one table: delimited when a delimiter shows, else of fixed width when a ruler does.

    SheetUnreadable when it is neither UTF-8, UTF-16 nor GB18030.
    """
    data, encoding, shown = plain_text(data)
    delimiter = _delimiter(data, encoding)
    if not delimiter:
        if fixed := table_text.open_text(data, encoding, shown):
            return fixed
        delimiter = max(DELIMITERS, key=data[: 64 << 10].decode("latin-1").count)
    return Workbook(SheetFormat.CSV, shown, delimiter, iter((Table("", _decoded(data, encoding, delimiter)),)))


def _delimiter(data: bytes, encoding: str) -> str:
    """The delimiter, the most frequent first, under which a header is found; else the one that stands in nearly every
    line; else none.
    """
    head = data[: 64 << 10]
    text = head.decode("latin-1")
    candidates = [*sorted(DELIMITERS, key=text.count, reverse=True), *sorted(RARE, key=text.count, reverse=True)]
    for delimiter in candidates:
        rows = _decoded(head, encoding, delimiter)
        if any(is_header(row.cells) for row, _ in zip(rows, range(HEADER_WITHIN), strict=False)):
            return delimiter
    lines = [line for line in text.splitlines() if line.strip()]
    return next((d for d in candidates if 5 * sum(d in line for line in lines) >= 4 * len(lines)), "")


def _decoded(data: bytes, encoding: str, delimiter: str) -> Iterator[RawRow]:
    """Split into cells first, byte by byte, then decode each row; text that is UTF-8 throughout is split as text."""
    whole = encoding == "utf-8" and decodes(data, encoding)
    remarkable = whole and (b"\xee" in data or _PRIVATE_BEYOND.search(data) is not None)
    pairs = _SECOND.get(delimiter) if encoding != "utf-8" else None
    lines = _lines(data, encoding if whole else "latin-1", pairs)
    for number, cells in enumerate(_split(lines, delimiter if pairs is None else _SEPARATOR), 1):
        if number > ROWS_MAX:
            raise SheetUnreadable(f"超过 {ROWS_MAX:,} 行；请分成几张表")
        if isinstance(cells, str):
            yield RawRow(number, [], fault=cells)
        elif not whole:
            yield _decode_row(number, cells, encoding)
        elif remarkable:
            yield RawRow(number, cells, remarks=private_remarks(number, cells))
        else:
            yield RawRow(number, cells)


def _decode_row(number: int, cells: list[str], encoding: str) -> RawRow:
    """Decode cells held as latin-1 (one character a byte)."""
    joined = "\x1f".join(cells)
    if joined.isascii():
        return RawRow(number, cells)
    raw = joined.encode("latin-1")
    if encoding != "utf-8" and is_utf8_chinese(raw):
        return RawRow(number, raw.decode("utf-8").split("\x1f"), foreign=True)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = ""
    whole = text.split("\x1f")
    if len(whole) == len(cells):
        private = _PRIVATE.search(text)
        return RawRow(number, whole, remarks=private_remarks(number, whole)) if private else RawRow(number, whole)
    decoded, bad = [], set()
    for index, cell in enumerate(cells):
        try:
            decoded.append(cell.encode("latin-1").decode(encoding))
        except UnicodeDecodeError:
            decoded.append(_FAULTY)
            bad.add(index)
    return RawRow(number, decoded, frozenset(bad))


def private_remarks(number: int, cells: list[str]) -> tuple[Remark, ...]:
    """User-defined characters 自造字 (U+E000 to U+F8FF, the user-defined zones of GBK): one remark a cell."""
    found = ((index, sorted(set(_PRIVATE.findall(cell)))[:8]) for index, cell in enumerate(cells))
    return tuple(
        Remark(RemarkKind.PRIVATE_CHARACTER, number, index, " ".join(f"U+{ord(c):04X}" for c in characters))
        for index, characters in found
        if characters
    )


def _lines(data: bytes, encoding: str, pairs: re.Pattern[str] | None) -> Iterator[str]:
    """Lines with their ends; with `pairs`, delimiters are found beside characters of two bytes and another sign put in their place."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    if pairs is None:
        return lines
    return (pairs.sub(lambda found: _SEPARATOR if found[1] else found[0], line) for line in lines)


class _Lines:
    """The lines of a file, handed to a reader a batch at a time; those from `began` on, the lines before the row that is being read,
    may be had again."""

    def __init__(self, lines: Iterator[str], waiting: list[str]) -> None:
        self._lines, self._waiting = lines, waiting
        self._held, self._before, self.began = list[str](), 0, 0

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(iter(self._batch, []))

    def _batch(self) -> list[str]:
        del self._held[: self.began - self._before]
        self._before = self.began
        batch, self._waiting = self._waiting or list(islice(self._lines, _BATCH)), []
        self._held += batch
        return batch

    def again(self) -> _Lines:
        """The lines behind the first one of the row that is being read."""
        return _Lines(self._lines, self._held[self.began - self._before + 1 :])


def _split(lines: Iterator[str], delimiter: str) -> Iterator[list[str] | str]:
    """Rows of cells, or a fault.

    An unpaired quote costs its own line only: the lines it swallowed are read again.
    """
    csv.field_size_limit(CELL_READ_MAX)
    given, faults = _Lines(lines, []), 0
    while True:
        reader = csv.reader(given, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                given.began = reader.line_num
                yield cells if len(cells) <= COLUMNS_MAX else f"超过 {COLUMNS_MAX} 列"
        except csv.Error:
            faults += 1
            if faults > STRUCTURE_FAULTS_MAX:
                raise SheetUnreadable("引号不成对的行过多；请另存为 .xlsx") from None
            given = given.again()
            yield "引号不成对或用法有误"
        else:
            return
