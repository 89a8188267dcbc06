"""A sheet as frames: what the sandbox reads crosses in pieces, ready to be stored, so that neither side holds a whole
sheet's rows.

The sandbox runs `stream_in_sandbox`; `FramedSheet` is its other end. Frames are msgpack arrays: one head, pieces, one tail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdings.catalogue_line import Line, LineMaker
from holdings.category import own_title
from holdings.category_findings import TapeWatch
from holdings.errors import SheetUnreadable
from holdings.record import TITLE
from holdings.sheet import SheetRequest, decode_request, open_sheet
from holdings.sheet_lines import Begin, End, ParsedSheet, Source
from holdings.sheet_link import LinkRow
from holdings.sheet_notes import SheetRow

PIECE_ROWS: Final = 2_000
LINKS_MAX: Final = 200_000  # lines of a link sheet: they are taken in whole, and a delivery has a tenth of that
_CUT: Final = "目录表的解析结果不完整；请重试"


class Head(Struct, array_like=True, tag=0):
    """What is known before the first row."""

    begin: Begin


class Piece(Struct, array_like=True, tag=1):
    """Some rows; `columns` are those that the values of these lines stand beside."""

    columns: tuple[str, ...]
    lines: list[Line]


class Links(Struct, array_like=True, tag=3):
    """Some lines of a link sheet."""

    rows: list[LinkRow]


class Tail(Struct, array_like=True, tag=2):
    """What is known behind the last row."""

    end: End


Frame = Head | Piece | Links | Tail


class Portion(Struct, frozen=True):
    """Rows for one transaction; `columns` are those that their values stand beside."""

    columns: tuple[str, ...]
    lines: list[Line]


_SAMPLE: Final = "档号,题名,责任者,成文日期,年度,保管期限,页数,密级\nJ001-WS·2001-Y-0001,示例,示例市档案馆,2001-03-04,2001,永久,3,\n"


def ready(_data: bytes) -> bytes:
    """Nothing: a worker that has answered this has loaded what reads the commonest sheets, and has read a small one."""
    import holdings.table_csv
    import holdings.table_workbook  # noqa: F401  slow to load, and a sheet is most often one of the two

    for _ in frames(open_sheet(SheetRequest("示例.csv"), _SAMPLE.encode("gb18030"), remembers=False)):
        pass
    return b""


def stream_in_sandbox(data: bytes, request: str) -> Iterator[bytes]:
    """What the sandbox runs: read a sheet and hand its rows over in pieces. Codes that come twice are found by the import.

    `request` is that of `holdings.sheet.encode_request`. SheetUnreadable as read_sheet, perhaps after some pieces.
    """
    return map(msgspec.msgpack.Encoder().encode, frames(open_sheet(decode_request(request), data, remembers=False)))


def frames(sheet: Source) -> Iterator[Frame]:
    """The frames of a sheet that is read."""
    yield Head(sheet.begin)
    maker, tapes = LineMaker(()), TapeWatch()
    lines: list[Line] = []
    links: list[LinkRow] = []
    for row in sheet.rows():
        if isinstance(row, LinkRow):
            links.append(row)
            if len(links) == PIECE_ROWS:
                yield Links(links)
                links = []
            continue
        tapes.take(row)
        values = row.values
        if values and not values.get(TITLE) and (title := own_title(values)):
            values[TITLE] = title
        columns = maker.columns
        line = maker.make(row)
        if lines and (len(lines) == PIECE_ROWS or maker.columns is not columns):
            yield Piece(columns, lines)
            lines = []
        lines.append(line)
    if lines:
        yield Piece(maker.columns, lines)
    if links:
        yield Links(links)
    end = sheet.end()
    yield Tail(replace(end, notes=(*end.notes, *tapes.notes())))


class ParsedSource:
    """A sheet that was read before, as a source."""

    def __init__(self, sheet: ParsedSheet) -> None:
        self._sheet = sheet
        self.begin = Begin(sheet.name, sheet.digest, sheet.format, sheet.encoding, sheet.delimiter)

    def rows(self) -> Iterator[SheetRow | LinkRow]:
        """See Source."""
        return chain(self._sheet.rows, self._sheet.links)

    def end(self) -> End:
        """See Source."""
        sheet = self._sheet
        # Rows that are contradicted say so themselves here.
        return End(
            sheet.columns, sheet.row_count, sheet.refused_count, sheet.link_count, sheet.has_mark_column, sheet.blocked,
            sheet.kinds, sheet.deleted, sheet.profile_key, sheet.refusals, sheet.notes, sheet.questions,
            sheet.proposals, sheet.declared, (),
        )  # fmt: skip


class FramedSheet:
    """The end of a stream that takes: `begin` at once, `portions`, and when they are at their end `end` and `links`.

    SheetUnreadable when the frames are not those of a sheet.
    """

    def __init__(self, frames: Iterable[bytes | Frame]) -> None:
        """Take the head; what the stream raises passes through."""
        self._frames = decoded(frames)
        first = next(self._frames, None)
        if not isinstance(first, Head):
            raise SheetUnreadable(_CUT)
        self.begin = first.begin
        self.links: list[LinkRow] = []
        self._digest: Callable[[], bytes] = lambda: self.begin.digest
        self._end: End | None = None

    def known_by(self, digest: Callable[[], bytes]) -> FramedSheet:
        """The digest of the file comes from elsewhere: it is only known when all of it was read."""
        self._digest = digest
        return self

    @property
    def digest(self) -> bytes:
        """SHA-256 of the file, once the rows have passed."""
        return self._digest()

    @property
    def end(self) -> End:
        """What is known once the rows have passed."""
        if self._end is None:
            raise SheetUnreadable(_CUT)
        return self._end

    def portions(self, size: int) -> Iterator[Portion]:
        """Rows in order, at most `size` at a time (or one piece), each portion beside one list of columns."""
        lines: list[Line] = []
        columns: tuple[str, ...] = ()
        for frame in self._frames:
            if isinstance(frame, Tail):
                self._end = frame.end
            elif isinstance(frame, Links) and self._end is None:
                self.links += frame.rows
                if len(self.links) > LINKS_MAX:
                    raise SheetUnreadable(f"挂接表超过 {LINKS_MAX:,} 行；请按批次分成几张表")
            elif isinstance(frame, Piece) and self._end is None:
                if lines and (frame.columns != columns or len(lines) + len(frame.lines) > size):
                    yield Portion(columns, lines)
                    lines = []
                columns = frame.columns
                lines += frame.lines
            else:
                raise SheetUnreadable(_CUT)
        if self._end is None:
            raise SheetUnreadable(_CUT)
        if lines:
            yield Portion(columns, lines)


def decoded(frames: Iterable[bytes | Frame]) -> Iterator[Frame]:
    """Frames from their bytes; SheetUnreadable when they are none."""
    decode = msgspec.msgpack.Decoder(Frame).decode
    try:
        for frame in frames:
            yield decode(frame) if isinstance(frame, bytes) else frame
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise SheetUnreadable(_CUT) from fault
