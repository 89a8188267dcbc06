"""From cells to catalogue rows: repairs that are told, refusals that name row, field, rule and remedy; pure.

A row is looked at for its security mark first. On an open site nothing of a classified row is kept, told or repeated
but where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from holdings.columns import CODE, Header
from holdings.dates import date_fault, is_empty_date
from holdings.findings import FindingCode
from holdings.record import CELL_MAX, DATE, MARK, TITLE
from holdings.reference_code import CodeProblem, ReferenceCode, parse, volume_key
from holdings.security import MarkKind, SiteClass, parse_mark
from holdings.table import RawRow

TOLD_MAX: Final = 10_000  # refusals and notes kept of one sheet; all are counted
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_FORMULA: Final = ("=", "+", "-", "@")
_RUN_OF_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


class Refusal(msgspec.Struct, frozen=True, array_like=True):
    """Why a row was not imported, in the words of `catalogue import --json`; `key` is the match key when it is known.

    `code` is the slug of the finding it becomes.
    """

    row: int
    field: str
    rule: str
    remedy: str
    key: str = ""
    code: str = FindingCode.ROW_REFUSED.value

    @property
    def detail(self) -> str:
        """What the finding adds to the rule of its code."""
        return self.rule if self.code == FindingCode.ROW_REFUSED else f"第 {self.row} 行"


class Note(msgspec.Struct, frozen=True, array_like=True):
    """Something repaired or doubtful; `code` is the slug of a FindingCode, row 0 means the sheet."""

    row: int
    field: str
    code: str
    detail: str
    key: str = ""


class SheetRow(msgspec.Struct, array_like=True):
    """One row. `values` holds what is not blank, and 密级 whenever the sheet has the column.

    On an open site a row whose mark is not open has no code and no values. `refused` rows are told, not stored; a
    `duplicate` row is contradicted by a later one (重号).
    """

    number: int
    key: str
    volume: str | None
    mark: MarkKind
    code: str = ""
    values: dict[str, str] = {}
    refused: bool = False
    duplicate: bool = False


class Reading:
    """Reads the rows below one header, in order."""

    def __init__(self, header: Header, header_cells: Sequence[str], site: SiteClass) -> None:
        self.header, self.rows = header, list[SheetRow]()
        self.refusals, self.notes = list[Refusal](), list[Note]()
        self.row_count = self.refused_count = 0
        self._header_cells, self._site = [cell.strip() for cell in header_cells], site
        self._mark_at = header.names.index(MARK) if MARK in header.names else None
        self._code_at = header.names.index(CODE)
        self._first: dict[str, SheetRow] = {}

    def take(self, raw: RawRow) -> None:
        """Read one row; blank rows and repeated headers are passed over."""
        if raw.fault:
            self.row_count += 1
            self._refuse(raw.number, "", raw.fault, "按表格软件的规则改正，或另存为 .xlsx")
            return
        cells = [_CONTROL.sub(" ", cell).strip() for cell in raw.cells]
        if not any(cells) or cells == self._header_cells:
            return
        self.row_count += 1
        code = (
            parse(raw.cells[self._code_at])
            if self._code_at < len(cells) and self._code_at not in raw.bad
            else CodeProblem.EMPTY
        )
        mark = self._mark(raw, cells)
        if mark is not MarkKind.OPEN and self._site is SiteClass.OPEN:
            self._withhold(raw.number, code, mark)
        elif isinstance(code, CodeProblem):
            self._refuse(raw.number, CODE, *self._why(raw, code))
        else:
            self._keep(raw, cells, code, mark)

    def note_tabs(self, names: Sequence[str]) -> None:
        """Tell which tabs of the workbook were not read."""
        self._note(0, "", FindingCode.TAB_UNREAD, "、".join(names)[:200])

    def _mark(self, raw: RawRow, cells: list[str]) -> MarkKind:
        """What the mark says.

        A cell that does not decode is unreadable; a row that does not reach its mark is judged by the refusal it gets.
        """
        if self._mark_at is None or self._mark_at >= len(cells):
            return MarkKind.OPEN
        return MarkKind.UNREADABLE if self._mark_at in raw.bad else parse_mark(cells[self._mark_at]).kind

    def _why(self, raw: RawRow, problem: CodeProblem) -> tuple[str, str]:
        """Rule and remedy for a code that cannot serve."""
        return _undecodable() if self._code_at in raw.bad else (problem.rule, problem.remedy)

    def _withhold(self, number: int, code: ReferenceCode | CodeProblem, mark: MarkKind) -> None:
        """Keep of a classified row where it stands, and nothing else."""
        finding = FindingCode.CLASSIFIED if mark is MarkKind.CLASSIFIED else FindingCode.MARK_UNREADABLE
        key = code.key if isinstance(code, ReferenceCode) else ""
        self._refuse(number, MARK, finding.rule, finding.remedy, key, finding)
        if isinstance(code, ReferenceCode):
            self.rows.append(SheetRow(number, code.key, volume_key(code), mark, refused=True))

    def _keep(self, raw: RawRow, cells: list[str], code: ReferenceCode, mark: MarkKind) -> None:
        """Check the cells; a row with a fault is listed as refused, so that its code is known."""
        fault = self._fault(raw, cells)
        if fault:
            self._refuse(raw.number, *fault, key=code.key)
            self.rows.append(SheetRow(raw.number, code.key, volume_key(code), mark, code.printed, {}, refused=True))
            return
        values = {
            name: cell for name, cell in zip(self.header.names, cells, strict=False) if name and (cell or name == MARK)
        }
        row = SheetRow(raw.number, code.key, volume_key(code), mark, code.printed, values)
        first = self._first.setdefault(code.key, row)
        if first is not row:
            if first.values == values:
                self._note(raw.number, CODE, FindingCode.ROW_REPEATED, f"同第 {first.number} 行", code.key)
                return
            first.duplicate = True
            finding = FindingCode.ROW_DUPLICATE
            self._refuse(
                raw.number, CODE, f"{finding.rule}：另一行是第 {first.number} 行", finding.remedy, code.key, finding
            )
            return
        self.rows.append(row)
        self._doubts(raw, cells, code)

    def _fault(self, raw: RawRow, cells: list[str]) -> tuple[str, str, str] | None:
        """First reason to refuse a row: (field, rule, remedy)."""
        if raw.bad:
            return (self._name(min(raw.bad)), *_undecodable())
        if raw.foreign:
            return ("", "此行编码与全表不同（全表 GB18030，此行像是 UTF-8）", "在来源系统中以同一编码重新导出")
        if any(cells[len(self.header.names) :]):
            return (
                "",
                f"此行有 {len(cells)} 格，多于表头的 {len(self.header.names)} 列，疑为错列",
                "核对分隔符和引号，改正后重新导入",
            )
        if self._mark_at is not None and self._mark_at >= len(cells):
            return (MARK, "此行不够长，未到“密级”列，不能判断是否涉密", "补齐各列（空的也要留格）后重新导入")
        for index, cell in enumerate(cells):
            if len(cell) > CELL_MAX:
                return (self._name(index), f"内容超过 {CELL_MAX:,} 个字符", "缩短内容，或核对是否错列")
            if self.header.names[index : index + 1] == (DATE,) and (rule := date_fault(cell)):
                return (DATE, f"DA/T 70-2018 GD-1-3：{rule}", "按 YYYYMMDD 改正；只知年月的写 YYYYMM")
        return None

    def _doubts(self, raw: RawRow, cells: list[str], code: ReferenceCode) -> None:
        """Tell what was repaired and what looks wrong in a row that was kept."""
        for index, (name, cell) in enumerate(zip(self.header.names, cells, strict=False)):
            if not name:
                continue
            if raw.cells[index].strip() != cell:
                self._note(raw.number, name, FindingCode.ROW_REPAIRED, "", code.key)
            if cell.startswith(_FORMULA) and len(cell) > 1:
                self._note(raw.number, name, FindingCode.FORMULA_TEXT, "", code.key)
            if name == TITLE and is_mojibake(cell):
                self._note(raw.number, name, FindingCode.MOJIBAKE, "", code.key)
            if name == DATE and (not cell or is_empty_date(cell)):
                self._note(
                    raw.number, name, FindingCode.DATE_DOUBTFUL if cell else FindingCode.DATE_MISSING, cell, code.key
                )
            if index in raw.lossy:
                self._note(raw.number, name, FindingCode.DIGITS_LOST, "", code.key)
        if not code.conforming:
            self._note(raw.number, CODE, FindingCode.CODE_NONSTANDARD, code.form.value, code.key)

    def _name(self, index: int) -> str:
        """Name of a column, or its number."""
        named = self.header.names[index] if index < len(self.header.names) else None
        return named or f"第 {index + 1} 列"

    def _refuse(
        self,
        number: int,
        field: str,
        rule: str,
        remedy: str,
        key: str = "",
        code: FindingCode = FindingCode.ROW_REFUSED,
    ) -> None:
        self.refused_count += 1
        if len(self.refusals) < TOLD_MAX:
            self.refusals.append(Refusal(number, field, rule, remedy, key, code.value))

    def _note(self, number: int, field: str, code: FindingCode, detail: str, key: str = "") -> None:
        if len(self.notes) < TOLD_MAX:
            self.notes.append(Note(number, field, code.slug, detail, key))


def column_notes(header: Header) -> tuple[Note, ...]:
    """Notes about columns that are not known, or not known for certain."""
    return tuple(
        Note(0, name[:64], code.slug, "")
        for names, code in (
            (header.unknown, FindingCode.COLUMN_UNKNOWN),
            (header.ambiguous, FindingCode.COLUMN_AMBIGUOUS),
        )
        for name in names
    )


def is_mojibake(text: str) -> bool:
    """Whether a title looks like text that was decoded in a wrong encoding: a replacement character, or UTF-8 read as
    GB18030.
    """
    if "\ufffd" in text:
        return True
    if len(text) < 4 or text.isascii():
        return False
    try:
        back = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return False
    return bool(_RUN_OF_CHINESE.search(back))


def _undecodable() -> tuple[str, str]:
    """Rule and remedy for bytes that are no characters."""
    return "DA/T 70-2018 GD-1-6：有字节不能按全表的编码识别", "在来源系统中以同一编码（UTF-8）重新导出"
