"""Catalogue sheets 目录表: bytes in, rows, refusals, questions and declared totals out.

`sheet_lines` runs in the sandbox; what it says crosses as lines of JSON (holdings/sheet_lines.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crypto.digest import sha256
from holdings.category import Category
from holdings.columns import HEADER_WITHIN, Columns, columns, fold
from holdings.errors import SheetUnreadable
from holdings.findings import FindingCode
from holdings.record import MARK
from holdings.reference_code import ReferenceCode, parse, volume_key
from holdings.security import MarkKind, SiteClass
from holdings.sheet_banner import merged_banner, read_banner, tab_volume
from holdings.sheet_category import (
    KIND,
    all_names,
    category_named,
    columns_of,
    fitting,
    several_on_a_side,
    stamp,
    with_fill_rules,
)
from holdings.sheet_category import question as category_question
from holdings.sheet_code import CodeSource, choose_source
from holdings.sheet_header import FoundHeader, Header, find_header, link_header, map_columns
from holdings.sheet_lines import Begin, End, ParsedSheet, Source, TableKind, decode_parsed, encode_lines, encode_parsed
from holdings.sheet_link import LinkKind, LinkReader, LinkRow
from holdings.sheet_mark import RowMark
from holdings.sheet_notes import TOLD_MAX, Ledger, Note, Refusal, SheetRow
from holdings.sheet_obligations import Obligations
from holdings.sheet_profile import BY_CATEGORY, NO_PROFILE, Question, QuestionKind, SheetProfile, profile_key
from holdings.sheet_questions import LOOK_WITHIN, sampled
from holdings.sheet_rows import Reading, TabContext
from holdings.sheet_totals import TOTALS_MAX, SummaryReader
from holdings.site_data import NO_SITE, received
from holdings.table import RawRow, SheetFormat, Table, Workbook, open_tables

__all__ = ["ParsedSheet", "SheetFormat", "SheetRow", "decode_parsed", "encode_parsed"]

SUFFIXES: Final = (".xlsx", ".csv", ".tsv", ".xls", ".et", ".ods", ".dbf", ".xlsm", ".xlsb", ".mdb", ".accdb")
"""What may be a sheet by its name; the format is told by content. Text files (.txt) in a delivery are lists and notes, and
databases of Access are sheets so that they are answered."""
ASKED_MAX: Final = 1_000  # questions, and repairs offered, of one file: a workbook may have many tabs
_NO_HEADER: Final = f"前 {HEADER_WITHIN} 行内没有找到表头（须有“档号”和至少一个其他著录项目）"


class SheetRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What the sandbox is asked: the file's name, the site's class, how the contractor's sheets are read, and the site's
    own columns, codes and categories (what SiteData.only gives of them)."""

    name: str
    site: str = SiteClass.OPEN.name
    profile: SheetProfile = NO_PROFILE
    columns: str = ""
    carried: dict[str, str] = {}
    """What the banners of an earlier part of a large file say of the rows of this one."""

    @property
    def category(self) -> Category | None:
        """The category by which it is to be read."""
        return category_named(self.profile, self.columns)

    @property
    def in_sets(self) -> bool:
        """Whether what one row says may hold for those below it (photos of a set, its mark too): such a sheet is not cut."""
        return self.category is not None and self.category.group is not None

    @property
    def table(self) -> Columns:
        """What is known of its column names."""
        one = self.category
        return columns(self.columns) if one is None else columns_of(self.columns, one.name)


def is_sheet_name(name: str) -> bool:
    """Whether a file name is that of a catalogue sheet; lock files `~$…` and hidden files never are."""
    return not name.startswith(("~$", ".")) and name.lower().endswith(SUFFIXES)


def read_sheet(
    name: str, data: bytes, site: SiteClass = SiteClass.OPEN, profile: SheetProfile = NO_PROFILE
) -> ParsedSheet:
    """Read a sheet of at most 256 MiB (format.md §14).

    On an open site rows with a classified or unreadable mark come without any value: only key, volume and row number.
    SheetUnreadable (a ValueError) with a Chinese sentence when nothing can be read from it.
    """
    return decode_parsed(b"".join(sheet_lines(SheetRequest(name, site.name, profile), data)))


def sheet_lines(request: SheetRequest, data: bytes) -> Iterator[bytes]:
    """The serialised form of a sheet in pieces of whole lines, in one pass: no row is kept. SheetUnreadable as above."""
    return encode_lines(open_sheet(request, data))


def open_sheet(
    request: SheetRequest, data: bytes, notes: int = TOLD_MAX, *, remembers: bool = True, ledger: Ledger | None = None
) -> Source:
    """The reader itself: rows pass once, and no row is kept. SheetUnreadable as above, here or on the way.

    At most `notes` notes are kept; codes that come twice are found when it `remembers` them; or a `ledger` of one's own listens.
    """
    return _SheetReader(request, data, ledger or Ledger(notes, remembers=remembers))


class _SheetReader:
    """Reads all tables of a file, one after the other."""

    def __init__(self, request: SheetRequest, data: bytes, ledger: Ledger) -> None:
        self._table, self._profile = request.table, request.profile
        self._carried, self._last_banner = request.carried, dict[str, str]()
        self._category, self._told = request.category, request.columns
        if self._category is not None:
            self._profile = with_fill_rules(self._profile, self._category)
        self._site, self._ledger = SiteClass[request.site], ledger
        self._workbook: Workbook = open_tables(request.name, data)
        self._columns: dict[str, None] = {}
        self._printed: dict[str, None] = {}
        self._kinds: dict[TableKind, None] = {}
        self._lacking: dict[str, None] = {}
        self._has_mark = self._blocked = False
        self._summaries: list[SummaryReader] = []
        self._links = 0
        self._unread: list[str] = []
        self.begin = Begin(
            unicodedata.normalize("NFC", request.name), sha256(data), self._workbook.format,
            self._workbook.encoding, self._workbook.delimiter,
        )  # fmt: skip

    def rows(self) -> Iterator[SheetRow | LinkRow]:
        """Rows and link rows of all tables, in order."""
        for remark in self._workbook.remarks:
            self._ledger.about_file(remark)
        for table in self._workbook.tables:
            yield from self._of_table(table)
        if not self._kinds:
            several = "各工作表" if self._workbook.format is not SheetFormat.CSV else ""
            raise SheetUnreadable(several + _NO_HEADER)

    def end(self) -> End:
        """What is known once all rows were read."""
        ledger = self._ledger
        for summary in self._summaries:
            for wrong in summary.mismatches():
                detail = f"第 {wrong.row} 行合计的{wrong.column}是 {wrong.said}，逐行相加是 {wrong.counted}"
                self._note(wrong.column, FindingCode.TOTAL_LINE_DIFFERS, detail)
        if self._unread:
            self._note("", FindingCode.TAB_UNREAD, "、".join(self._unread)[:200])
        if self._blocked:
            asked = "；".join(question.text for question in ledger.questions if question.blocking)
            self._note("", FindingCode.SHEET_QUESTIONS, asked[:1000])
        ledger.finish()
        return End(
            columns=tuple(self._columns), row_count=ledger.rows, refused_count=ledger.refused, link_count=self._links,
            has_mark_column=self._has_mark, blocked=self._blocked, kinds=tuple(self._kinds),
            deleted=self._workbook.deleted, profile_key=profile_key(self._printed, self._profile.contractor),
            refusals=tuple(ledger.refusals), notes=tuple(ledger.notes), questions=ledger.questions[:ASKED_MAX],
            proposals=ledger.proposals[:ASKED_MAX], contradicted=tuple(ledger.contradicted),
            format=self.begin.format.value, encoding=self.begin.encoding, delimiter=self.begin.delimiter,
            declared=tuple(line for summary in self._summaries for line in summary.found)[:TOTALS_MAX], lacking=tuple(self._lacking),
            carried=self._last_banner,
        )  # fmt: skip

    def _of_table(self, table: Table) -> Iterator[SheetRow | LinkRow]:
        """Read one table: rows of a catalogue, links, or a summary; a tab without a header is named."""
        rows = iter(table.rows)
        window = [row for _, row in zip(range(HEADER_WITHIN + 1), rows, strict=False)]
        found = find_header(window[:HEADER_WITHIN], table.merged, self._table) or self._unusual(table, window)
        if found is None:
            if any(row.cells and any(row.cells) for row in window):
                self._unread.append(table.name)
            return
        names = found.names
        self._printed |= dict.fromkeys(name for name in names if name)
        defaults = self._defaults(table, window, found)
        below = chain(window[found.last + 1 :], rows)
        kind = self._kind(names)
        self._kinds[kind] = None
        tab = table.name if self._ledger.tabs or self._blocked or self._links else ""
        if kind is TableKind.SUMMARY:
            summary = SummaryReader(names, tab, self._table)
            self._summaries.append(summary)
            for row in below:
                summary.take(row)
        elif kind is TableKind.ROWS:
            yield from self._catalogue(table, tab, found, window, defaults, below)
        else:
            frames = LinkKind.IMAGES if kind is TableKind.LINKS else LinkKind.FRAMES
            reader = LinkReader(names, frames, tab, defaults, self._table)
            yield from self._link_rows(reader, link_header(names, self._table), below, defaults, tab)

    def _unusual(self, table: Table, window: list[RawRow]) -> FoundHeader | None:
        """A header that only a category's names make one: it is asked about, and nothing is read by it."""
        if self._asks_no_category:
            return None
        found = find_header(window[:HEADER_WITHIN], table.merged, all_names(self._told))
        return found if found and fitting(found.names, self._table, self._told) else None

    @property
    def _asks_no_category(self) -> bool:
        """Whether it is said already by which category the sheet is read."""
        return self._category is not None or BY_CATEGORY in self._profile.answers

    def _kind(self, names: tuple[str, ...]) -> TableKind:
        """What a table is, by its columns."""
        folded = {fold(name) for name in names if name}
        for kind, groups in self._table.kinds.items():
            if all(folded & group for group in groups):
                return TableKind(kind)
        return TableKind.ROWS

    def _defaults(self, table: Table, window: list[RawRow], found: FoundHeader) -> dict[str, str]:
        """Values for all rows: what a person gave, the tab's name, the banners above the header."""
        named = self._table
        values = {**self._profile.defaults}
        values |= {key: answer for key, answer in self._profile.answers.items() if _is_value(key, found, named)}
        banners: dict[str, str] = {}
        for row in window[: found.first]:
            banners = merged_banner(banners, read_banner(row.cells, named))
        if "案卷档号" not in banners and "案卷号" not in banners:
            banners |= tab_volume(table.name)
        return {**values, **(merged_banner(banners, self._carried) if self._carried else banners)}

    def _catalogue(
        self, table: Table, tab: str, found: FoundHeader, window: list[RawRow], defaults: dict[str, str],
        below: Iterator[RawRow],
    ) -> Iterator[SheetRow]:  # fmt: skip
        """Rows of a catalogue table; none when something must be answered first."""
        header = map_columns(found, self._table, self._profile, from_dbf=bool(table.fields))
        kind = stamp(self._category, header.names) if self._category is not None else {}
        in_codes = {**kind, **defaults} if kind.get(KIND) in self._table.part_codes[KIND] else defaults
        source = choose_source(header, in_codes, self._profile, self._table)
        defaults = {**kind, **defaults}
        if isinstance(source, CodeSource) and self._category is not None and self._category.tape is not None:
            first = list(islice(below, LOOK_WITHIN))
            below = chain(first, below)
            asked_first = several_on_a_side(self._category, source, header, first, self._profile.answers)
            source = source if asked_first is None else (asked_first,)
        header, source = self._one_question(header, source)
        self._columns |= dict.fromkeys(name for name in header.names if name)
        self._tell_columns(header)
        blocking = [question for question in header.questions if question.blocking]
        if blocking or not isinstance(source, CodeSource):
            self._blocked = True
            self._has_mark = self._has_mark or bool(header.marks) or MARK in defaults
            asked = {question.id: question for question in header.questions}
            asked |= {question.id: question for question in (() if isinstance(source, CodeSource) else source)}
            marks = RowMark(header, self._profile, self._site)
            self._ledger.ask(sampled(below, header, asked.values(), tab, marks, defaults, self._table))
            return
        above = [
            row
            for at, row in enumerate(window[: found.last + 1])
            if at >= found.first or not read_banner(row.cells, self._table)
        ]
        lines = frozenset("|".join(cell.strip() for cell in row.cells) for row in above)
        self._ledger.tabs.append(tab)
        context = TabContext(
            tab,
            len(self._ledger.tabs) - 1,
            window[found.last].number,
            lines,
            table.merged,
            defaults,
            self._workbook.day_shift,
            self._carried,
        )
        reading = Reading(header, source, context, self._ledger, self._table, self._profile, self._site)
        self._has_mark = self._has_mark or reading.has_mark
        if MARK in defaults:
            self._columns[MARK] = None
        obliged = self._obligations(header, defaults, tab)
        for raw in below:
            row = reading.take(raw)
            if row is not None:
                obliged.take(row, reading.printable, reading.shape)
                yield row
        self._last_banner = reading.banner
        obliged.finish()
        self._lacking |= dict.fromkeys(sorted(obliged.lacking))
        reading.finish()

    def _one_question(
        self, header: Header, source: CodeSource | tuple[Question, ...]
    ) -> tuple[Header, CodeSource | tuple[Question, ...]]:
        """Where a sheet that looks like a category's would ask, it asks for the category alone."""
        blocking = not isinstance(source, CodeSource) or any(one.blocking for one in header.questions)
        if self._asks_no_category or not (blocking or header.questions):
            return header, source
        asked = category_question(header.ids, self._table, self._told, blocking=blocking)
        if asked is None:
            return header, source
        header = replace(header, questions=(asked,), unknown=() if blocking else header.unknown)
        return header, source if isinstance(source, CodeSource) else (asked,)

    def _obligations(self, header: Header, defaults: dict[str, str], tab: str) -> Obligations:
        """What looks at the rows: by the category of the sheet, else of each row."""
        named = frozenset(name for name in (*header.names, *defaults) if name)
        return Obligations(self._category, named, self._ledger, tab, received(self._told) if self._told else NO_SITE)

    def _link_rows(
        self, reader: LinkReader, header: Header, below: Iterator[RawRow], defaults: dict[str, str], tab: str
    ) -> Iterator[SheetRow | LinkRow]:
        """Lines of a link sheet; of a classified one an open site keeps where it stands, and that its record is one."""
        marks = RowMark(header, self._profile, self._site)
        for raw in below:
            row = reader.take(raw)
            if isinstance(row, LinkRow):
                cells = [cell.strip() for cell in raw.cells] + [""] * (len(header.names) - len(raw.cells))
                mark = marks.judge(raw, cells, defaults)[0]
                if marks.withholds(mark):
                    yield from self._withheld_link(row, mark)
                    continue
                self._links += 1
                yield row
            elif row is not None:
                self._ledger.rows += 1
                self._ledger.refuse(Refusal(raw.number, "档号", row.rule, row.remedy, tab=tab))

    def _withheld_link(self, row: LinkRow, mark: MarkKind) -> Iterator[SheetRow]:
        """Refuse a classified line; its record is named as classified, as a row of a catalogue would."""
        finding = FindingCode.CLASSIFIED if mark is MarkKind.CLASSIFIED else FindingCode.MARK_UNREADABLE
        self._ledger.rows += 1
        self._ledger.refuse(Refusal(row.number, MARK, finding.rule, finding.remedy, row.key, finding.value, row.tab))
        code = parse(row.code, self._table.code_schemes)
        if isinstance(code, ReferenceCode):
            yield SheetRow(row.number, code.key, volume_key(code), mark, refused=True, tab=row.tab)

    def _tell_columns(self, header: Header) -> None:
        """Notes about columns that are not known, or not known for certain."""
        for name in header.unknown:
            self._ledger.column(name, FindingCode.COLUMN_UNKNOWN)
        for question in header.questions:
            if question.kind is QuestionKind.CATEGORY and question.blocking:
                continue  # the finding of a sheet that waits says it
            self._ledger.column(question.id, FindingCode.COLUMN_AMBIGUOUS)

    def _note(self, field: str, code: FindingCode, detail: str) -> None:
        self._ledger.note(Note(0, field, code.slug, detail))


def _is_value(key: str, found: FoundHeader, table: Columns) -> bool:
    """Whether an answer gives a value for all rows: its question names an element that is no column and no code."""
    return key != "档号" and key in table.elements.values() and key not in found.names and "=" not in key


def parse_in_sandbox(data: bytes, name: str) -> bytes:
    """What the sandbox of an open site runs: `sandbox.call("holdings.sheet:parse_in_sandbox", data, name)`."""
    return b"".join(sheet_lines(SheetRequest(name), data))


def parse_in_sandbox_classified(data: bytes, name: str) -> bytes:
    """The same on a classified site, where classified rows keep their values."""
    return b"".join(sheet_lines(SheetRequest(name, SiteClass.CLASSIFIED.name), data))


def interpret_in_sandbox(data: bytes, request: str) -> bytes:
    """The same with a request: `sandbox.call("holdings.sheet:interpret_in_sandbox", data, encode_request(…))`."""
    return b"".join(sheet_lines(decode_request(request), data))


def stream_in_sandbox(data: bytes, request: str) -> Iterator[bytes]:
    """The same in pieces for `sandbox.stream`; SheetStream reads them."""
    return sheet_lines(decode_request(request), data)


def encode_request(name: str, site: SiteClass, profile: SheetProfile = NO_PROFILE, columns: str = "") -> str:
    """A request as one line of JSON."""
    return msgspec.json.encode(SheetRequest(name, site.name, profile, columns)).decode()


def decode_request(text: str) -> SheetRequest:
    """The other direction; SheetUnreadable when it is none."""
    try:
        return msgspec.json.decode(text, type=SheetRequest)
    except msgspec.DecodeError as fault:
        raise SheetUnreadable(f"目录表的读法不合格式：{fault}；请重新回答") from fault
