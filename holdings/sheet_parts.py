"""Large text sheets in parts: a file of any size is read slice by slice, each below its header, so that nobody holds it.

A system's export has no merged cells and no 同上, so a part needs nothing of the one before it but the header, the number of
lines and the last banner. Repairs that fill downwards begin anew in each part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from holdings.columns import CODE, HEADER_WITHIN, ITEM, VOLUME
from holdings.errors import SheetUnreadable
from holdings.record import TITLE
from holdings.sheet import SheetRequest, decode_request, open_sheet
from holdings.sheet_header import find_header
from holdings.sheet_lines import Begin, End, Source
from holdings.sheet_link import LinkRow
from holdings.sheet_notes import TOLD_MAX, SheetRow
from holdings.sheet_profile import Question
from holdings.sheet_stream import Frame, Head, Tail, frames
from holdings.table import SheetFormat, is_bare_text, open_tables
from holdings.table_encoding import utf16_of

LARGE: Final = 24 << 20  # bytes from which on a text file is read in parts; smaller ones are read whole
PART: Final = 8 << 20  # bytes of a part
TEXT_MAX: Final = 64 << 30  # bytes of a text sheet (format.md §14)
_OF_CODES: Final = frozenset({CODE, VOLUME, ITEM})
HEAD_MAX: Final = 256 << 10  # bytes within which the header stands


class PartRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What the sandbox is told of a part: the request for the whole, how many of its bytes are the head of the file, and
    how many lines of the file stand before the rest."""

    sheet: SheetRequest
    head: int = 0
    before: int = 0
    notes: int = TOLD_MAX
    """How many notes are still wanted."""
    carried: dict[str, str] = {}


class Slice(Struct, frozen=True):
    """Bytes of whole lines, and how many lines stand before them."""

    data: bytes
    before: int


def slices(source: BinaryIO, fed: Callable[[bytes], object], size: int = PART) -> Iterator[Slice]:
    """Cut a file at ends of lines, where quotes are in pairs when they can be; `fed` is given every byte, for a digest.

    Each slice is at most twice `size` long, else SheetUnreadable: that is no text of lines.
    """
    rest, before = b"", 0
    while piece := source.read(size):
        fed(piece)
        rest += piece
        if (cut := _cut(rest)) > 0:
            yield Slice(rest[:cut], before)
            before += rest.count(b"\n", 0, cut)
            rest = rest[cut:]
        if len(rest) > 2 * size:
            raise SheetUnreadable("有一行超过 8 MiB；请核对文件是否完好")
    if rest:
        yield Slice(rest, before)


def _cut(data: bytes) -> int:
    """Behind the last end of a line up to which quotes are in pairs; behind the last end of a line when there is none."""
    end = last = data.rfind(b"\n") + 1
    odd = data.count(b'"', 0, end) & 1
    while odd and end > 0 and last - end < 1 << 20:
        up = data.rfind(b"\n", 0, end - 1) + 1
        odd ^= data.count(b'"', up, end) & 1
        end = up
    return end if end > 0 and not odd else last


def is_text_in_sandbox(data: bytes, request: str) -> bytes:
    """What the sandbox runs on the head of a large file: b"1" when it is delimited text below a header, else b""."""
    asked = decode_request(request)
    whole_lines = data[: data.rfind(b"\n") + 1] or data
    if utf16_of(data) or not is_bare_text(data):
        return b""
    found = open_tables(asked.name, whole_lines)
    return b"1" if found.format is SheetFormat.CSV and header_lines(asked, whole_lines) else b""


def is_catalogue_in_sandbox(data: bytes, request: str) -> bytes:
    """What the sandbox runs on a file that its name does not call a sheet (of text perhaps its head alone): b"1" when it holds a table
    with 题名, a code or its parts, and rows below; else b""."""
    asked, cut = decode_request(request), data.rfind(b"\n") + 1
    try:
        for table in open_tables(asked.name, data[:cut] if cut and is_bare_text(data) else data).tables:
            window = [row for _, row in zip(range(HEADER_WITHIN), table.rows, strict=False)]
            found = find_header(window, table.merged, asked.table)
            if found is not None and found.last + 1 < len(window):
                elements = {asked.table.element(name) for name in found.names if name}
                return b"1" if TITLE in elements and elements & _OF_CODES else b""
    except SheetUnreadable:
        pass
    return b""


def key_in_sandbox(data: bytes, request: str) -> bytes:
    """What the sandbox runs to learn a sheet's kind: its `profile_key`, read as far as the first row."""
    source = open_sheet(decode_request(request), data)
    next(iter(source.rows()), None)
    return source.end().profile_key.encode()


def header_lines(request: SheetRequest, head: bytes) -> int:
    """Lines up to the end of the header, 0 when there is none within the first."""
    for table in open_tables(request.name, head).tables:
        window = [row for _, row in zip(range(HEADER_WITHIN), table.rows, strict=False)]
        found = find_header(window, table.merged, request.table)
        return window[found.last].number if found else 0
    return 0


def part_in_sandbox(data: bytes, wishes: str) -> Iterator[bytes]:
    """What the sandbox runs: read a part below the file's header and hand its rows over in pieces."""
    try:
        asked = msgspec.json.decode(wishes, type=PartRequest)
    except msgspec.DecodeError as fault:
        raise SheetUnreadable(f"目录表的读法不合格式：{fault}") from fault
    return map(msgspec.msgpack.Encoder().encode, frames(_part(asked, data)))


def _part(asked: PartRequest, data: bytes) -> Source:
    head, rest = data[: asked.head], data[asked.head :]
    if not asked.head:
        return open_sheet(asked.sheet, rest, asked.notes, remembers=False)
    lines = head.split(b"\n")
    sheet = replace(asked.sheet, carried=asked.carried)
    kept = header_lines(asked.sheet, head)
    if not kept:
        raise SheetUnreadable("表头没有在文件的开头找到；请重新导出")
    return _Shifted(
        open_sheet(sheet, b"\n".join(lines[:kept]) + b"\n" + rest, asked.notes, remembers=False),
        asked.before - kept,
    )


class _Shifted:
    """A part whose rows bear their numbers in the whole file."""

    def __init__(self, source: Source, shift: int) -> None:
        self._source, self._shift = source, shift
        self.begin: Begin = source.begin

    def rows(self) -> Iterator[SheetRow | LinkRow]:
        """See Source."""
        for row in self._source.rows():
            if isinstance(row, LinkRow):
                yield replace(row, number=row.number + self._shift)
            else:
                row.number += self._shift
                yield row

    def end(self) -> End:
        """See Source; what is said of the file as a whole was said with its first part."""
        end, shift = self._source.end(), self._shift
        return replace(
            end,
            refusals=tuple(replace(one, row=one.row + shift) for one in end.refusals),
            notes=tuple(replace(one, row=one.row + shift) for one in end.notes if one.row),
        )


class SoFar(Struct):
    """What whoever asks for the next part must know of those before: how many notes there are, what the last banner says."""

    notes: int = 0
    carried: dict[str, str] = field(default_factory=dict)


def joined(parts: Iterable[Iterable[Frame]], so_far: SoFar) -> Iterator[Frame]:
    """Frames of several parts as those of one sheet: the head of the first, the rows of all, one tail. `so_far` is kept up."""
    end: End | None = None
    first = True
    for part in parts:
        for frame in part:
            if isinstance(frame, Tail):
                end = _joined(end, frame.end)
                so_far.notes += len(frame.end.notes)
                so_far.carried = frame.end.carried
            elif first or not isinstance(frame, Head):
                yield frame
                first = False
    if end is None:
        raise SheetUnreadable("目录表是空文件；请重新导出")
    yield Tail(end)


def _joined(one: End | None, other: End) -> End:
    if one is None:
        return other
    return replace(
        one,
        columns=tuple(dict.fromkeys((*one.columns, *other.columns))),
        lacking=tuple(dict.fromkeys((*one.lacking, *other.lacking))),
        row_count=one.row_count + other.row_count,
        refused_count=one.refused_count + other.refused_count,
        link_count=one.link_count + other.link_count,
        blocked=one.blocked or other.blocked,
        questions=_asked_once(*one.questions, *other.questions),
        refusals=(*one.refusals, *other.refusals)[:TOLD_MAX],
        notes=(*one.notes, *other.notes)[:TOLD_MAX],
    )


def _asked_once(*questions: Question) -> tuple[Question, ...]:
    """Each question with the samples of the first part that asks it."""
    known = {(one.id, one.kind): one for one in reversed(questions)}
    return tuple(known[key] for key in dict.fromkeys((one.id, one.kind) for one in questions))
