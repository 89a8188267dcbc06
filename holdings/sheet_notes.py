"""What a sheet's reading says besides its rows: refusals, notes, counts, and which codes were seen; bounded; pure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from holdings.expression import expression
from holdings.findings import FindingCode
from holdings.record import Level
from holdings.security import MarkKind
from holdings.sheet_profile import Proposal, Question, QuestionKind, Repair, RepairKind
from holdings.sheet_tally import EXAMPLES
from holdings.table import RawRow, Remark, RemarkKind

TOLD_MAX: Final = 10_000  # refusals and notes kept of one sheet; all are counted
_RUN_OF_CHINESE: Final = expression(r"[\u4e00-\u9fff]")


class Refusal(Struct, frozen=True, array_like=True):
    """Why a row was not imported, in the words of `catalogue import --json`; `key` is the match key when it is known.

    `code` is the slug of the finding it becomes; `tab` is blank for the first table of rows in a file.
    """

    row: int
    field: str
    rule: str
    remedy: str
    key: str = ""
    code: str = FindingCode.ROW_REFUSED.value
    tab: str = ""

    @property
    def detail(self) -> str:
        """What the finding adds to the rule of its code."""
        return self.rule if self.code == FindingCode.ROW_REFUSED else f"第 {self.row} 行"


class Note(Struct, frozen=True, array_like=True):
    """Something repaired or doubtful; `code` is the slug of a FindingCode, row 0 means the sheet."""

    row: int
    field: str
    code: str
    detail: str
    key: str = ""
    tab: str = ""


class SheetRow(Struct, array_like=True):
    """One row. `values` holds what is not blank, and 密级 whenever the sheet has the column.

    On an open site a row whose mark is not open has no code and no values. `refused` rows are told, not stored; a
    `duplicate` row is contradicted by a later one (重号). `tab` is blank for the first table of rows in a file.
    """

    number: int
    key: str
    volume: str | None
    mark: MarkKind
    code: str = ""
    values: dict[str, str] = {}
    refused: bool = False
    duplicate: bool = False
    tab: str = ""
    above: Level | None = None
    """Level of a row that describes a fonds or a series (row_level.level_above); None for volumes and items."""


class Ledger:
    """Counts and remarks of one file, all tables together.

    Codes that were seen are kept as hashes of this process: some 130 bytes a row, so that a sheet of a million rows
    stays within the sandbox. A collision could only call two different rows a contradiction, which a person would see.
    """

    def __init__(self, room: int = TOLD_MAX, *, remembers: bool = True) -> None:
        """
        Args:
            room: how many notes are kept; a later part of a large file has what the earlier ones left.
            remembers: whether codes that come twice are found here; who stores the rows finds them as well.
        """
        self._room, self._remembers = room, remembers
        self.rows = self.refused = 0
        self.refusals, self.notes = list[Refusal](), list[Note]()
        self._proposals: dict[tuple[str, RepairKind, bool], tuple[Proposal, bool]] = {}
        self._questions: dict[tuple[str, QuestionKind], Question] = {}
        self._columns: set[tuple[str, FindingCode]] = set()
        self.contradicted = list[tuple[str, int]]()
        self.tabs = list[str]()
        self._seen: dict[int, int] = {}
        self._century = (0, "")

    def refuse(self, refusal: Refusal) -> None:
        """Count a refused row, and keep why."""
        self.refused += 1
        if len(self.refusals) < TOLD_MAX:
            self.refusals.append(refusal)

    def refused_row(self, tab: str, row: int, key: str, values: Callable[[], dict[str, str]]) -> None:
        """What a refused row says, worked out for who asks: not kept here (sheet_refused listens). Never asked about a row that is or may be secret."""

    @property
    def full(self) -> bool:
        """Are as many notes kept as are told?"""
        return len(self.notes) >= self._room

    def note(self, note: Note) -> None:
        """Keep a note."""
        if len(self.notes) < self._room:
            self.notes.append(note)

    def seen(self, key: str, text: str, order: int, number: int) -> int:
        """Remember a row of table `order` by its key and what it says.

        Returns 0 for a new key, the number of the first row when it says the same, minus that number when it
        contradicts it.
        """
        if not self._remembers:
            return 0
        place, says = hash(key), hash(text) & _SAYS
        first = self._seen.setdefault(place, (order << 88) | (number << 64) | says)
        if first == (order << 88) | (number << 64) | says:
            return 0
        where = (first >> 88, (first >> 64) & 0xFFFFFF)
        if first & _SAYS == says:
            return where[1]
        self.contradicted.append((self.tabs[where[0]], where[1]))
        return -where[1]

    def century(self, before: str, after: str, pivot: int) -> None:
        """Count a two-digit year that was read by rule."""
        count, example = self._century
        rule = f"{pivot:02d}–99 为 19xx 年，00–{pivot - 1:02d} 为 20xx 年；例 {before}→{after}"
        self._century = (count + 1, example or rule)

    def propose(self, proposal: Proposal, *, needed: bool) -> None:
        """Keep a repair made or offered, and tell it; that blanks *may* mean "as above" is only told where codes need it."""
        repair = proposal.repair
        key = (repair.column, repair.kind, proposal.agreed)
        known, told = self._proposals.get(key, (None, False))
        if known is not None:
            width = max(known.repair.width, repair.width)
            both = (*known.examples, *(proposal.examples if known.tab == proposal.tab else ()))[:EXAMPLES]
            proposal = Proposal(
                Repair(repair.column, repair.kind, width),
                known.count + proposal.count,
                both,
                known.tab,
                proposal.agreed,
            )
        loud = needed or proposal.agreed or repair.kind not in (RepairKind.FILL, RepairKind.FILL_GROUP)
        self._proposals[key] = (proposal, told or loud)

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """Repairs of all tables, one for each column and kind."""
        return tuple(proposal for proposal, _ in self._proposals.values())

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions of all tables, each once."""
        return tuple(self._questions.values())

    def ask(self, questions: Iterable[Question]) -> None:
        """Keep questions; one that several tables ask is asked once, and blocks when it blocks any of them."""
        for question in questions:
            known = self._questions.get((question.id, question.kind))
            if known is None or (question.blocking and not known.blocking):
                self._questions[(question.id, question.kind)] = question

    def column(self, name: str, code: FindingCode) -> None:
        """Note once that a column is not known, or not known for certain."""
        if (name, code) not in self._columns:
            self._columns.add((name, code))
            self.note(Note(0, name[:64], code.slug, ""))

    def remark(self, raw: RawRow, tab: str) -> None:
        """Tell what the reader noticed in a row that may be shown."""
        for remark in raw.remarks:
            self.note(Note(raw.number, _column(remark), _code(remark.kind).slug, remark.detail, tab=tab))

    def about_file(self, remark: Remark) -> None:
        """Tell what the reader noticed in the file."""
        self.note(Note(0, _column(remark), _code(remark.kind).slug, remark.detail))

    def finish(self) -> None:
        """Turn counts into notes."""
        count, rule = self._century
        if count:
            self.note(Note(0, "成文日期", FindingCode.CENTURY_GUESSED.slug, f"{rule}，共 {count} 处"))
        for proposal, told in self._proposals.values():
            if told:
                code = FindingCode.REPAIR_MADE if proposal.agreed else FindingCode.REPAIR_OFFERED
                self.note(Note(0, proposal.repair.column, code.slug, proposal.text, tab=proposal.tab))


_SAYS: Final = (1 << 64) - 1


def _code(kind: RemarkKind) -> FindingCode:
    """The finding that says what a reader noticed: they have the same slug."""
    return FindingCode(kind.value)


def _column(remark: Remark) -> str:
    """Where a remark belongs."""
    return f"第 {remark.column + 1} 列" if remark.column >= 0 else ""


def is_mojibake(text: str) -> bool:
    """Whether a title looks like text that was decoded in a wrong encoding: a replacement character, or UTF-8 read as
    GB18030.
    """
    if "\ufffd" in text:
        return True
    if len(text) < 4 or text.isascii() or not _may_begin(text[0]):
        return False
    try:
        back = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return False
    return bool(_RUN_OF_CHINESE.search(back))


@functools.lru_cache(maxsize=1 << 14)
def _may_begin(sign: str) -> bool:
    """Whether a sign read as GB18030 may have been the beginning of UTF-8: ASCII, or a lead and a continuation byte."""
    raw = sign.encode("gb18030", "replace")
    return len(raw) == 1 or (0xC2 <= raw[0] <= 0xF4 and 0x80 <= raw[1] <= 0xBF)


def undecodable() -> tuple[str, str]:
    """Rule and remedy for bytes that are no characters."""
    return "DA/T 70-2018 GD-1-6：有字节不能按全表的编码识别", "在来源系统中以同一编码（UTF-8）重新导出"
