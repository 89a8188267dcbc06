"""The serialised form of a sheet: what crosses from the sandbox, one line of JSON for each thing, in one pass.

First line `Begin`; then a line for each row (`[…`) and link row (`L[…`); last line `End`. Refusals, notes and counts are
only known at the end, so a row that a later one contradicts is named there.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, Protocol, TypeVar

import msgspec
from msgspec import Struct

from holdings.errors import SheetUnreadable
from holdings.sheet_link import LinkRow
from holdings.sheet_notes import Note, Refusal, SheetRow
from holdings.sheet_profile import Proposal, Question
from holdings.sheet_totals import Declared
from holdings.table import SheetFormat

PIECE: Final = 1 << 18  # bytes of a piece, and a line more
_LINK: Final = b"L"


class TableKind(StrEnum):
    """What a table of a sheet is."""

    ROWS = "rows"
    SUMMARY = "summary"
    LINKS = "links"
    REELS = "reels"


class Begin(Struct, frozen=True):
    """What is known before the first row."""

    name: str
    digest: bytes
    format: SheetFormat
    encoding: str
    delimiter: str = ""


class End(Struct, frozen=True):
    """What is known after the last row; see ParsedSheet."""

    columns: tuple[str, ...]
    row_count: int
    refused_count: int
    link_count: int
    has_mark_column: bool
    blocked: bool
    kinds: tuple[TableKind, ...]
    deleted: int
    profile_key: str
    refusals: tuple[Refusal, ...]
    notes: tuple[Note, ...]
    questions: tuple[Question, ...]
    proposals: tuple[Proposal, ...]
    declared: tuple[Declared, ...]
    contradicted: tuple[tuple[str, int], ...]
    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    lacking: tuple[str, ...] = ()
    carried: dict[str, str] = {}
    """What the last banner says of rows that may follow in the next part of the file."""


class Source(Protocol):
    """Something that reads a sheet: `begin`, then all rows, then `end`."""

    begin: Begin

    def rows(self) -> Iterator[SheetRow | LinkRow]:
        """Rows and link rows, in order, once."""
        ...

    def end(self) -> End:
        """What is known when all rows were taken."""
        ...


class ParsedSheet(Struct, frozen=True):
    """A sheet as read. `rows` may be iterated more than once and holds refused rows too when their code is known (they
    carry `refused`).

    `row_count` counts data rows, `refused_count` those that were refused; `refusals` and `notes` are the first 10,000
    of each. `links` are the lines of link and reel sheets, `declared` those of a 移交清册: neither are rows.
    A `blocked` sheet has questions that must be answered first: its rows are not all here, and what is missing is not
    gone. `proposals` are repairs offered (or, when agreed, made). `profile_key` is under what the answers are kept.
    """

    name: str
    digest: bytes
    format: SheetFormat
    encoding: str
    columns: tuple[str, ...]
    rows: Iterable[SheetRow]
    row_count: int
    refused_count: int
    refusals: tuple[Refusal, ...]
    notes: tuple[Note, ...]
    has_mark_column: bool = False
    delimiter: str = ""
    deleted: int = 0
    kinds: tuple[TableKind, ...] = ()
    links: Iterable[LinkRow] = ()
    link_count: int = 0
    declared: tuple[Declared, ...] = ()
    questions: tuple[Question, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    blocked: bool = False
    profile_key: str = ""


class SheetStream:
    """A sheet whose rows pass by once: `begin`, then `rows()`, then `end`.

    A row that a later one contradicts passes by without `duplicate`; `end.contradicted` names it by (tab, number).

    Args:
        pieces: what `sheet_lines` yields, cut anywhere.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """SheetUnreadable when the first line is not ours; errors of `pieces` pass through."""
        self._lines = _lines(pieces)
        self.begin = _decoded(next(self._lines, b""), Begin)
        self._end: End | None = None

    def rows(self) -> Iterator[SheetRow | LinkRow]:
        """All rows and link rows, in order, once."""
        rows, links = msgspec.json.Decoder(SheetRow), msgspec.json.Decoder(LinkRow)
        for line in self._lines:
            if line[:1] == b"[":
                yield rows.decode(line)
            elif line[:1] == _LINK:
                yield links.decode(line[1:])
            else:
                self._end = _decoded(line, End)

    @property
    def end(self) -> End:
        """What is known once the rows have passed; SheetUnreadable when the pieces ended early."""
        if self._end is None:
            raise SheetUnreadable(_CUT)
        return self._end


_T = TypeVar("_T", Begin, End)
_CUT: Final = "目录表的解析结果不完整；请重试"


def encode_lines(source: Source) -> Iterator[bytes]:
    """The serialised form in pieces of whole lines, in one pass."""
    encoder = msgspec.json.Encoder()
    out = bytearray(encoder.encode(source.begin) + b"\n")
    for row in source.rows():
        if isinstance(row, LinkRow):
            out += _LINK
        out += encoder.encode(row)
        out += b"\n"
        if len(out) >= PIECE:
            yield bytes(out)
            out.clear()
    out += encoder.encode(source.end()) + b"\n"
    yield bytes(out)


def decode_parsed(data: bytes) -> ParsedSheet:
    """A whole serialised sheet; rows are decoded as they are asked for. SheetUnreadable when the bytes are not ours."""
    start, last = data.find(b"\n") + 1, data.rfind(b"\n", 0, max(len(data) - 1, 0)) + 1
    begin, end = _decoded(data[:start], Begin), _decoded(data[last:], End)
    return ParsedSheet(
        begin.name, begin.digest, begin.format, begin.encoding, end.columns,
        _Rows(data, start, last, frozenset(end.contradicted)), end.row_count, end.refused_count, end.refusals, end.notes,
        end.has_mark_column, begin.delimiter, end.deleted, end.kinds, _Links(data, start, last), end.link_count,
        end.declared, end.questions, end.proposals, end.blocked, end.profile_key,
    )  # fmt: skip


def encode_parsed(sheet: ParsedSheet) -> bytes:
    """The other direction."""
    return b"".join(encode_lines(_Again(sheet)))


class _Again:
    """A sheet that was decoded, as a source."""

    def __init__(self, sheet: ParsedSheet) -> None:
        self._sheet = sheet
        self.begin = Begin(sheet.name, sheet.digest, sheet.format, sheet.encoding, sheet.delimiter)
        self._contradicted: list[tuple[str, int]] = []

    def rows(self) -> Iterator[SheetRow | LinkRow]:
        for row in self._sheet.rows:
            if row.duplicate:
                self._contradicted.append((row.tab, row.number))
                row.duplicate = False
            yield row
        yield from self._sheet.links

    def end(self) -> End:
        sheet = self._sheet
        return End(
            sheet.columns, sheet.row_count, sheet.refused_count, sheet.link_count, sheet.has_mark_column, sheet.blocked,
            sheet.kinds, sheet.deleted, sheet.profile_key, sheet.refusals, sheet.notes, sheet.questions,
            sheet.proposals, sheet.declared, tuple(self._contradicted),
        )  # fmt: skip


class _Rows:
    """Rows decoded one at a time, as often as asked, so that a large sheet stays small in memory."""

    def __init__(self, data: bytes, start: int, stop: int, contradicted: frozenset[tuple[str, int]]) -> None:
        self._data, self._start, self._stop, self._contradicted = data, start, stop, contradicted

    def __iter__(self) -> Iterator[SheetRow]:
        decoder = msgspec.json.Decoder(SheetRow)
        for line in _between(self._data, self._start, self._stop):
            if line[:1] == b"[":
                row = decoder.decode(line)
                if row.refused and row.duplicate:
                    continue  # it only said that an earlier one is contradicted, which that one says here
                row.duplicate = (row.tab, row.number) in self._contradicted
                yield row


class _Links:
    """Link rows decoded one at a time, as often as asked."""

    def __init__(self, data: bytes, start: int, stop: int) -> None:
        self._data, self._start, self._stop = data, start, stop

    def __iter__(self) -> Iterator[LinkRow]:
        decoder = msgspec.json.Decoder(LinkRow)
        for line in _between(self._data, self._start, self._stop):
            if line[:1] == _LINK:
                yield decoder.decode(line[1:])


def _between(data: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Lines of a part of the bytes."""
    lines = io.BytesIO(data)
    lines.seek(start)
    for line in lines:
        if lines.tell() > stop:
            return
        yield line


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines of pieces that were cut anywhere."""
    rest = b""
    for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest


def _decoded(line: bytes, kind: type[_T]) -> _T:
    """The first or the last line."""
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise SheetUnreadable(_CUT) from fault
