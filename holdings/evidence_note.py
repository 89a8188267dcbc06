"""What 说明文件 and 移交清单 declare: contractor, batch number, totals of records, pages, files and bytes.

Pure; `read_in_sandbox` runs in the sandbox. Papers that no program reads (PDF, Word, images) are noted and left to
people.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec
from msgspec import Struct

from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.table import open_tables
from holdings.table_encoding import plain_text

NOTE_MAX: Final = 1 << 20  # bytes of a 说明文件
LINES_MAX: Final = 20_000
FIELDS_MAX: Final = 256
VALUE_MAX: Final = 2_000  # characters
NUMBER_MAX: Final = 10**15


class Total(StrEnum):
    """What a delivery can declare in numbers."""

    VOLUMES = "volumes"
    RECORDS = "records"
    PAGES = "pages"
    FILES = "files"
    BYTES = "bytes"

    @property
    def label(self) -> str:
        """The Chinese word."""
        return {"volumes": "卷数", "records": "件数", "pages": "页数", "files": "文件数", "bytes": "数据量"}[self.value]


_TOTALS: Final = {
    **dict.fromkeys(("卷数", "总卷数", "案卷数", "案卷总数", "合计卷数", "移交卷数"), Total.VOLUMES),
    **dict.fromkeys(
        ("件数", "总件数", "文件级条数", "条数", "总条数", "目录条数", "合计件数", "移交件数"), Total.RECORDS
    ),
    **dict.fromkeys(("页数", "总页数", "画幅数", "总画幅数", "图像数", "图像总数", "幅数", "总幅数"), Total.PAGES),
    **dict.fromkeys(("文件数", "总文件数", "文件总数", "电子文件数", "文件个数", "文件数量"), Total.FILES),
    **dict.fromkeys(
        ("字节数", "总字节数", "数据量", "总数据量", "容量", "数据容量", "文件大小", "数据大小"), Total.BYTES
    ),
}
_UNITS: Final = {
    "": (1, 1), "B": (1, 1), "字节": (1, 1), "KB": (1000, 1024), "K": (1000, 1024), "MB": (1000**2, 1024**2),
    "M": (1000**2, 1024**2), "GB": (1000**3, 1024**3), "G": (1000**3, 1024**3), "TB": (1000**4, 1024**4),
}  # fmt: skip
_FIELD: Final = expression(r"\W{0,3}(?:[0-9]{1,2}[.、)] ?)?(?P<key>[^:=]{1,30}?)\s*[:=]\s*(?P<value>.*)")
_NUMBER: Final = expression(
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.(?P<part>[0-9]{1,9}))?\s*(?P<unit>[A-Za-z]{0,5}|[一-鿿]{0,3})"
)
_KEY: Final = expression(r"(?P<key>.*?)\s*(?:\((?P<unit>[^()]{1,6})\))?")
_ALL: Final = ("合计", "总计", "共计", "总数")


class Declared(Struct, frozen=True):
    """A number that was declared, as it was written; true of any whole number in one of the ranges (a size of 1.2 GB
    may be counted in thousands or in 1,024s, and was rounded)."""

    total: Total
    text: str
    ranges: tuple[tuple[int, int], ...]

    def agrees(self, found: int) -> bool:
        """Whether what was found is what was declared."""
        return any(low <= found <= high for low, high in self.ranges)


class Note(Struct, frozen=True):
    """What a paper says: its fields in order as they are written, and the totals among them."""

    fields: dict[str, str]
    totals: tuple[Declared, ...]


def read_in_sandbox(data: bytes, name: str) -> bytes:
    """Read a 说明文件 or 移交清单, text or table by its content; JSON of Note."""
    table = data[:2] == b"PK" or data[:4] == b"\xd0\xcf\x11\xe0" or name.lower().endswith((".csv", ".tsv"))
    return msgspec.json.encode(read_table(data, name) if table else read_text(data))


def decode(data: bytes) -> Note:
    """What the sandbox read."""
    return msgspec.json.decode(data, type=Note)


def read_text(data: bytes) -> Note:
    """Read lines of `名称：值` of at most 1 MiB in all; SheetUnreadable when it is no text."""
    if len(data) > NOTE_MAX:
        raise SheetUnreadable(f"说明文件超过 {NOTE_MAX >> 10} KiB，疑非说明文件")
    plain, encoding, _ = plain_text(data)
    lines = plain.decode(encoding, "replace").splitlines()[:LINES_MAX]
    return _note((match["key"], match["value"]) for line in lines if (match := _FIELD.fullmatch(_fold(line))))


def read_table(data: bytes, name: str) -> Note:
    """Read a table: `名称 | 值` beside each other, `名称：值` in one cell, or columns of numbers with or without a row of
    totals. SheetUnreadable when it is no table."""
    pairs: list[tuple[str, str]] = []
    for table in open_tables(name, data).tables:
        columns: dict[int, str] = {}
        sums: dict[int, Fraction] = {}
        closed = False
        for row in table.rows:
            if row.number > LINES_MAX:
                raise SheetUnreadable(f"移交清单超过 {LINES_MAX} 行；逐件的目录请作为目录表导入")
            cells = [_fold(cell) for cell in row.cells]
            known = {at: cell for at, cell in enumerate(cells) if _total(cell) is not None}
            if known and not any(_NUMBER.fullmatch(cell) for cell in cells):
                pairs += [(columns[at], _decimal(value)) for at, value in sums.items() if not closed]
                columns, sums, closed = known, {}, False
                continue
            pairs += _beside(cells)
            closed = _add(cells, columns, sums, pairs, closed=closed) or closed
        pairs += [(columns[at], _decimal(value)) for at, value in sums.items() if not closed]
    return _note(pairs)


def _add(
    cells: list[str], columns: dict[int, str], sums: dict[int, Fraction], pairs: list[tuple[str, str]], *, closed: bool
) -> bool:
    """Add a row to the sums of its columns; True when it is the row of totals, which then counts instead of them."""
    numbers = {at: cells[at] for at in columns if at < len(cells) and _NUMBER.fullmatch(cells[at])}
    if numbers and any(cell.startswith(_ALL) for cell in cells):
        pairs += [(columns[at], text) for at, text in numbers.items()]
        return True
    for at, text in numbers.items():
        if not closed and (match := _NUMBER.fullmatch(text)):
            sums[at] = sums.get(at, Fraction(0)) + _value(match)
    return False


def _beside(cells: list[str]) -> Iterator[tuple[str, str]]:
    """Fields of one row of a form."""
    for at, cell in enumerate(cells):
        if match := _FIELD.fullmatch(cell):
            yield match["key"], match["value"]
        elif _total(cell) is not None and at + 1 < len(cells) and _NUMBER.fullmatch(cells[at + 1]):
            yield cell, cells[at + 1]


def _note(pairs: Iterable[tuple[str, str]]) -> Note:
    """Fields (the first of a name counts) and the totals among them."""
    fields: dict[str, str] = {}
    totals: dict[Total, Declared] = {}
    for key, value in pairs:
        name, text = "".join(key.split()), value.strip()[:VALUE_MAX]
        if not name or not text or len(fields) >= FIELDS_MAX:
            continue
        fields.setdefault(name, text)
        declared = _declared(name, text)
        if declared is not None:
            totals.setdefault(declared.total, declared)
    return Note(fields, tuple(totals.values()))


def _total(key: str) -> Total | None:
    """Which total a name means, its unit in brackets left aside."""
    match = _KEY.fullmatch("".join(key.split()))
    return _TOTALS.get(match["key"]) if match else None


def _declared(key: str, text: str) -> Declared | None:
    """A total with the range of numbers that it is true of."""
    total, match = _total(key), _NUMBER.fullmatch(text)
    named = _KEY.fullmatch(key)
    if total is None or match is None or named is None:
        return None
    value = _value(match)
    if total is not Total.BYTES:
        return Declared(total, text, ((int(value), int(value)),)) if value.denominator == 1 else None
    units = _UNITS.get((match["unit"] or named["unit"] or "").upper())
    if units is None:
        return None
    half = Fraction(1, 2 * 10 ** len(match["part"] or "")) if units != (1, 1) else Fraction(0)
    ranges = tuple(
        (int(max(Fraction(0), value - half) * unit), int((value + half) * unit)) for unit in sorted(set(units))
    )
    return Declared(total, text, ranges)


def _value(match: re.Match[str]) -> Fraction:
    """The number of a match."""
    text = match["whole"].replace(",", "") + "." + (match["part"] or "0")
    return min(Fraction(text), Fraction(NUMBER_MAX))


def _decimal(value: Fraction) -> str:
    """A sum as somebody would write it; exact, its parts have nine places at most."""
    whole, rest = divmod(value * 10**9, 10**9)
    return f"{int(whole)}.{int(rest):09d}".rstrip("0").rstrip(".")


def _fold(text: str) -> str:
    """Compatibility forms folded: full-width digits, colons, commas."""
    return unicodedata.normalize("NFKC", text).strip()
