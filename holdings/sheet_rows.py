"""From cells to catalogue rows: repairs that are told, refusals that name row, field, rule and remedy; pure.

A row is looked at for its security mark first. On an open site nothing of a classified row is kept, told or repeated
but where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from holdings.code_repair import advice
from holdings.columns import CODE, Columns, fold, is_header
from holdings.dates import is_unknown_date
from holdings.expression import expression
from holdings.findings import FindingCode
from holdings.record import CELL_MAX, DATE, MARK, TITLE
from holdings.reference_code import CodeProblem
from holdings.row_level import COLUMNS, level_above, volume_of
from holdings.row_shape import RowShape, RowShapes
from holdings.security import MarkKind, SiteClass
from holdings.sheet_banner import begins_banner, merged_banner, read_banner
from holdings.sheet_code import CodeRead, CodeReader, CodeSource
from holdings.sheet_date import AS_WRITTEN, DATES_MAX, DateColumn
from holdings.sheet_fill import Filler, GroupFill, MergedFill
from holdings.sheet_header import Header, silent_columns
from holdings.sheet_mark import RowMark
from holdings.sheet_notes import TOLD_MAX, Ledger, Note, Refusal, SheetRow, is_mojibake, undecodable
from holdings.sheet_profile import SheetProfile
from holdings.sheet_questions import Sampler
from holdings.sheet_repair import ColumnRepair, cell_name, lost_digits
from holdings.sheet_tally import RepairTally
from holdings.sheet_totals import TotalCheck, is_total
from holdings.table import Merged, RawRow

__all__ = ["TOLD_MAX", "Note", "Reading", "Refusal", "SheetRow", "is_mojibake"]

_CONTROL: Final = expression(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_FORMULA: Final = ("=", "+", "-", "@")
_FORMULA_WITHIN: Final = expression(r"\|[=+\-@]")  # in a row joined by bars
CODES_TOLD: Final = 2_000  # nonstandard codes told with their rows in one table; `node codes` lists them all
_TOTAL_BEGIN: Final = frozenset("合总共累小本")
_NAME_MAX: Final = 16  # characters of a column name with blanks inside; titles are mostly longer
_FEW: Final = 3  # filled cells of a line that may be a banner, a page footer or a total


class TabContext(Struct, frozen=True):
    """What a table brings besides its rows: its name (blank for the first one read), the lines above its header, merged
    ranges, and values that hold for all rows."""

    tab: str
    order: int
    header_number: int
    lines: frozenset[str]
    merged: tuple[Merged, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    day_shift: int = 0
    carried: Mapping[str, str] = field(default_factory=dict)


class Reading:
    """Reads the rows below one header, in order.

    Args:
        ledger: where refusals and notes of the whole sheet go; it also knows every code that was read.
    """

    def __init__(
        self, header: Header, source: CodeSource, context: TabContext,
        ledger: Ledger, table: Columns, profile: SheetProfile, site: SiteClass,
    ) -> None:  # fmt: skip
        self.header, self._context, self._ledger, self._table, self._site = header, context, ledger, table, site
        self._codes, self._defaults = CodeReader(source, header, table), dict(context.defaults)
        self._source, self._profile = source, profile
        self.banner = dict(context.carried)
        self._names = tuple(name or "" for name in header.names)
        self._width, self._days = len(self._names), DateColumn(header, profile)
        self._mark_at = header.names.index(MARK) if MARK in header.names else None
        self._date_at, self._title_at = header.index(DATE), header.index(TITLE)
        self._joined = tuple(header.joined.items())
        self._dates = self._days.plain
        self._tally = RepairTally(context.tab, silent_columns(header, table))
        self._merged = MergedFill(context.merged, context.header_number)
        self._filler = Filler(header, source.parts, table, profile, self._tally)
        self._groups = GroupFill(header, table, profile, self._tally)
        self._repair = ColumnRepair(header, source.parts, table, profile, self._tally, context.day_shift)
        self._above_secret, self._nonstandard = False, 0
        self.printable = ""
        """The row read last, where every character of its values stands in it and is printable; else blank."""
        self.shape: RowShape | None = None
        """The shape of the row read last, where its values are those of its cells."""
        self._shapes = RowShapes(self._names, self._mark_at)
        self._marks = RowMark(header, profile, site)
        self._says_level = not {*header.names, *context.defaults}.isdisjoint(COLUMNS)
        self._totals, self._sampler = TotalCheck(header, table), Sampler(header, context.tab, silent=self._tally.silent)

    @property
    def has_mark(self) -> bool:
        """Whether rows of this table say something of their security level."""
        return self._mark_at is not None or MARK in self._defaults

    def take(self, raw: RawRow) -> SheetRow | None:
        """Read one row; blank rows, repeated headers, banners, page footers and totals give none."""
        if raw.fault:
            self._ledger.rows += 1
            self._refuse(raw.number, "", raw.fault, "按表格软件的规则改正，或另存为 .xlsx")
            return None
        joined = "|".join(raw.cells)
        if joined.split(None, 1) == [joined]:  # no blank anywhere
            cells = raw.cells.copy()
        else:
            cells = [cell.strip() for cell in raw.cells]
            joined = "|".join(cells)
        if len(joined) < len(cells) or not joined or joined in self._context.lines:
            return None
        self.printable = joined if joined.isprintable() and not self._defaults else ""
        mended = not self.printable and _CONTROL.search(joined) is not None
        if mended:
            cells = [_CONTROL.sub(" ", cell).strip() for cell in raw.cells]
            joined = "|".join(cells)
            if len(joined) < len(cells) or not joined:
                return None
        if len(cells) != self._width:
            if len(cells) > self._width:
                del cells[self._width :]
            else:
                cells += [""] * (self._width - len(cells))
        if self._between(raw, cells):
            return None
        if self._title_at is not None and len(cells[self._title_at]) <= _NAME_MAX and self._is_other_header(cells):
            return None
        self._ledger.rows += 1
        return self._row(raw, cells, joined, mended=mended)

    def finish(self) -> None:
        """The rows are at their end: what was counted becomes proposals, and the answers' samples are handed over."""
        self._filler.offer()
        self._repair.offer()
        if (more := self._nonstandard - CODES_TOLD) > 0:
            self._note(0, CODE, FindingCode.CODE_NONSTANDARD, f"另有 {more:,} 行，未逐行列出；用 node codes 查看全部")
        parts = {self._name(index) for index in self._source.parts}
        for proposal in self._tally.proposals():
            self._ledger.propose(proposal, needed=proposal.repair.column in parts)
        self._ledger.ask((*self._sampler.questions(), *self._days.questions()))

    def _between(self, raw: RawRow, cells: list[str]) -> bool:
        """Whether a line stands between the rows: a total, the next volume's banner, a printed page's footer."""
        few = cells.count("") >= self._width - _FEW
        first = cells[0] or next((cell for cell in cells if cell), "")
        if first[:1] in _TOTAL_BEGIN and (word := is_total(cells, self._table)):
            for wrong in self._totals.check(raw.number, cells, word):
                detail = f"第 {wrong.row} 行“{word}”的{wrong.column}是 {wrong.said}，逐行相加是 {wrong.counted}"
                self._note(0, wrong.column, FindingCode.TOTAL_LINE_DIFFERS, detail)
            return True
        if not few and first.isascii():
            return False
        if begins_banner(first, self._table) and (banner := read_banner(cells, self._table)):
            self._defaults = merged_banner(self._defaults, banner)
            self.banner = merged_banner(self.banner, banner)
            self._codes = CodeReader(self._source.with_defaults(self._defaults), self.header, self._table)
            return True
        return (few or first.endswith(("：", ":"))) and self._table.footer.fullmatch(
            " ".join(cell for cell in cells if cell)
        ) is not None

    def _is_other_header(self, cells: list[str]) -> bool:
        """Whether a row is the header again, written a little differently: names with blanks inside, or synonyms."""
        name = cells[self._title_at or 0]
        if not name or fold(name) not in self._table.elements:
            return False
        names = [self._table.element(cell) for cell in cells]
        known = [self._table.element(name) for name in self.header.ids]
        return names == known and is_header(cells, self._table)

    def _row(self, raw: RawRow, cells: list[str], joined: str, *, mended: bool) -> SheetRow | None:
        """Mend, judge and keep one row."""
        if self._merged.active:
            self._merged.fill(raw.number, cells, self._filler.free)
            joined, self.printable = "|".join(cells), ""
        unresolved = self._filler.fill(cells)
        if self._groups.active:
            self._groups.fill(cells)
            self.printable = ""
        self._repair.mend(raw, cells)
        if self._tally.waiting:
            joined, self.printable = "|".join(cells), ""
        for part, whole in self._joined:
            cells[whole] += cells[part]
        self._totals.add(cells)
        mark, speaking = self._marks.judge(raw, cells, self._defaults)
        secret = mark is not MarkKind.OPEN and self._marks.withholds(mark)
        if not secret and unresolved is not None and unresolved == self._title_at and self._site is SiteClass.OPEN:
            # 同上 under a classified row is its title.
            secret, mark = self._above_secret, MarkKind.UNREADABLE if self._above_secret else mark
        text = self._codes.text(cells)
        bad = (raw.bad or unresolved is not None) and self._code_bad(raw, unresolved)
        code = CodeProblem.EMPTY if bad else self._codes.read(text)
        self._above_secret = secret
        self._filler.after(raw.number, cells, secret=secret)
        if self._groups.active:
            self._groups.after(cells, secret=secret)
        if self._tally.waiting:
            self._tally.settle(raw.number, shown=not secret)
        self._repair.watch(raw, cells, shown=not secret)
        if secret:
            self._merged.keep_secret(raw.number)
            return self._withhold(raw.number, code, mark, MARK if speaking is None else self._name(speaking))
        if raw.remarks:
            self._ledger.remark(raw, self._context.tab)
        if self._sampler.hungry:
            self._sampler.take(cells)
        if isinstance(code, CodeProblem):
            self._refuse(raw.number, *self._why(raw, code, cells, unresolved))
            self._say_refused(raw, cells, "", unresolved)
            return None
        return self._keep(raw, cells, joined, code, mark, unresolved, mended=mended)

    def _code_bad(self, raw: RawRow, unresolved: int | None) -> bool:
        """Whether a cell that makes the code does not decode, or says 同上 of something unknown."""
        parts = self._source.parts
        return not parts.isdisjoint(raw.bad) or unresolved in parts

    def _why(self, raw: RawRow, problem: CodeProblem, cells: list[str], unresolved: int | None) -> tuple[str, str, str]:
        """Field, rule and remedy for a code that cannot serve."""
        parts = self._source.parts
        if bad := parts & raw.bad:
            return (self._name(min(bad)), *undecodable())
        if unresolved is not None and unresolved in parts:
            return self._ditto(unresolved)
        if problem is CodeProblem.EMPTY and self._source.column is None:
            name = self._codes.missing(cells)
            return name, f"组成档号的“{name}”为空", "补填；空格表示“同上”的，同意“向下填充”这一修复后重新导入"
        return CODE, problem.rule, problem.remedy

    def _ditto(self, index: int) -> tuple[str, str, str]:
        """Field, rule and remedy for 同上 that stands for nothing known."""
        return self._name(index), "“同上”没有展开", "同意“展开同上”这一修复，或在表中补填此格后重新导入"

    def _withhold(self, number: int, code: CodeRead | CodeProblem, mark: MarkKind, field: str) -> SheetRow | None:
        """Keep of a classified row where it stands, and nothing else."""
        finding = FindingCode.CLASSIFIED if mark is MarkKind.CLASSIFIED else FindingCode.MARK_UNREADABLE
        key = "" if isinstance(code, CodeProblem) else code.key
        self._refuse(number, field, finding.rule, finding.remedy, key, finding)
        if isinstance(code, CodeProblem):
            return None
        return SheetRow(number, key, code.volume, mark, refused=True, tab=self._context.tab)

    def _keep(
        self, raw: RawRow, cells: list[str], joined: str, code: CodeRead, mark: MarkKind, unresolved: int | None,
        *, mended: bool,
    ) -> SheetRow | None:  # fmt: skip
        """Check the cells; a row with a fault is listed as refused, so that its code is known."""
        number, tab = raw.number, self._context.tab
        fault = self._fault(raw, cells, joined, unresolved)
        if fault:
            self._refuse(number, *fault, key=code.key)
            self._say_refused(raw, cells, code.key, unresolved)
            return SheetRow(number, code.key, code.volume, mark, code.printed, {}, refused=True, tab=tab)
        first = self._ledger.seen(code.key, joined, self._context.order, number)
        if first:
            self._repeated(number, code.key, first)
            # The row that stands may have passed already: who stores it learns here that it is contradicted.
            return (
                None
                if first > 0
                else SheetRow(number, code.key, code.volume, mark, refused=True, duplicate=True, tab=tab)
            )
        self.shape = shape = self._shapes.of(cells)
        values = shape.values(cells)
        if self._defaults:
            values, self.shape = {**self._defaults, **values}, None
            if self._mark_at is not None and not cells[self._mark_at]:
                values[MARK] = self._defaults.get(MARK, "")
        if self._date_at is not None:
            self._date(number, code.key, cells[self._date_at], values)
        if mended or raw.lossy or joined.startswith(_FORMULA) or _FORMULA_WITHIN.search(joined):
            self._doubts(raw, cells, code.key, mended=mended)
        if self._title_at is not None and is_mojibake(cells[self._title_at]):
            self._note(number, TITLE, FindingCode.MOJIBAKE, "", code.key)
        above = level_above(code.key, values) if code.form or self._says_level else None
        if above is not None:
            return SheetRow(number, code.key, None, mark, code.printed, values, tab=tab, above=above)
        if code.form:
            self._nonstandard += 1
            if self._nonstandard <= CODES_TOLD and not self._ledger.full:
                self._note(number, CODE, FindingCode.CODE_NONSTANDARD, code.form + advice(code.printed), code.key)
        volume = code.volume if code.volume != code.key else volume_of(code.key, code.volume, values)
        return SheetRow(number, code.key, volume, mark, code.printed, values, tab=tab)

    def _say_refused(self, raw: RawRow, cells: list[str], key: str, unresolved: int | None) -> None:
        """What a refused row says, for who types it anew; cells that do not decode and an open 同上 say nothing."""

        def values() -> dict[str, str]:
            read = ["" if at in raw.bad or at == unresolved else cell for at, cell in enumerate(cells)]
            return {**self._defaults, **self._shapes.of(read).values(read)}

        self._ledger.refused_row(self._context.tab, raw.number, key, values)

    def _repeated(self, number: int, key: str, first: int) -> None:
        """A code that was there before: the same row again, or a contradiction 重号."""
        if first > 0:
            self._note(number, CODE, FindingCode.ROW_REPEATED, f"同第 {first} 行", key)
            return
        finding = FindingCode.ROW_DUPLICATE
        self._refuse(number, CODE, f"{finding.rule}：另一行是第 {-first} 行", finding.remedy, key, finding)

    def _fault(self, raw: RawRow, cells: list[str], joined: str, unresolved: int | None) -> tuple[str, str, str] | None:
        """First reason to refuse a row: (field, rule, remedy)."""
        if raw.bad:
            return (self._name(min(raw.bad)), *undecodable())
        if raw.foreign:
            return ("", "此行编码与全表不同（全表 GB18030，此行像是 UTF-8）", "在来源系统中以同一编码重新导出")
        if (size := len(raw.cells)) != self._width:
            if any(cell.strip() for cell in raw.cells[self._width :]):
                rule = f"此行有 {size} 格，多于表头的 {self._width} 列，疑为错列"
                return ("", rule, "核对分隔符和引号，改正后重新导入")
            if self._mark_at is not None and self._mark_at >= size:
                return (MARK, "此行不够长，未到“密级”列，不能判断是否涉密", "补齐各列（空的也要留格）后重新导入")
        if unresolved is not None:
            return self._ditto(unresolved)
        if raw.lossy or "+" in joined:
            lost = lost_digits(raw, cells, self.header, self._table)
            if lost and lost[1]:
                where = cell_name(lost[0], raw.number)
                rule = f"DA/T 70-2018 GD-1-3：{where} 格被表格软件当作数值，末位数字已丢失"
                return (
                    self._name(lost[0]),
                    rule,
                    f"从来源系统把该列按文本重新导出；丢失的数字不能恢复，请核对原件补填 {where} 格",
                )
        if (
            len(joined) > CELL_MAX
            and (at := next((i for i, cell in enumerate(cells) if len(cell) > CELL_MAX), -1)) >= 0
        ):
            return (self._name(at), f"内容超过 {CELL_MAX:,} 个字符", "缩短内容，或核对是否错列")
        if (
            self._date_at is not None
            and cells[self._date_at] not in self._dates
            and (wrong := self._days.fault(cells[self._date_at]))
        ):
            return (DATE, f"DA/T 70-2018 GD-1-3：{wrong[0]}", wrong[1])
        return None

    def _date(self, number: int, key: str, cell: str, values: dict[str, str]) -> None:
        """Write the date as DA/T 18-2022 asks for; words that were interpreted are kept beside it."""
        plain = self._dates.get(cell)
        if plain is not None:
            values[DATE] = plain
            return
        if not cell or is_unknown_date(cell):
            self._note(number, DATE, FindingCode.DATE_MISSING, cell, key)
            if cell:
                values[AS_WRITTEN], self.shape = values.pop(DATE), None
            return
        text, words, guessed, empty = self._days.written(cell)
        values[DATE] = text
        if words:
            values[AS_WRITTEN], self.shape = cell, None
        if guessed:
            self._ledger.century(cell, text, self._days.century)
        elif empty:
            self._note(number, DATE, FindingCode.DATE_DOUBTFUL, cell, key)
        elif not words and len(self._dates) < DATES_MAX:
            self._dates[cell] = text

    def _doubts(self, raw: RawRow, cells: Sequence[str], key: str, *, mended: bool) -> None:
        """Tell what was repaired and what looks wrong in a row that was kept."""
        for index, (name, cell) in enumerate(zip(self._names, cells, strict=True)):
            if not name:
                continue
            if mended and index < len(raw.cells) and _CONTROL.search(raw.cells[index].strip()):
                self._note(raw.number, name, FindingCode.ROW_REPAIRED, "", key)
            if cell.startswith(_FORMULA) and len(cell) > 1:
                self._note(raw.number, name, FindingCode.FORMULA_TEXT, "", key)
            if index in raw.lossy:
                self._note(raw.number, name, FindingCode.DIGITS_LOST, cell_name(index, raw.number), key)

    def _name(self, index: int) -> str:
        """Name of a column, or its number."""
        named = self._names[index] if index < self._width else None
        return named or f"第 {index + 1} 列"

    def _refuse(
        self, number: int, field: str, rule: str, remedy: str,
        key: str = "", code: FindingCode = FindingCode.ROW_REFUSED,
    ) -> None:  # fmt: skip
        self._ledger.refuse(Refusal(number, field, rule, remedy, key, code.value, self._context.tab))

    def _note(self, number: int, field: str, code: FindingCode, detail: str, key: str = "") -> None:
        self._ledger.note(Note(number, field, code.slug, detail, key, self._context.tab))
