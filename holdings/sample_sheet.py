"""The page list of a sample as a sheet: printed, filled in beside the paper, and read back with its verdicts.

`read_in_sandbox` runs in the sandbox: the sheet comes back from outside.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
import xlsxwriter
from msgspec import Struct

from holdings.delivery import Delivery
from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.sample_store import Judgement, Sample, SampledPage
from holdings.sampling import SAMPLE_MAX, Fault, PageVerdict, percent
from holdings.table import RawRow, open_tables

COLUMNS: Final = ("序号", "档号", "文件", "结论", "问题代码", "说明", "检查人")
_WIDTHS: Final = (6, 30, 22, 8, 10, 30, 10)
_TICKET: Final = expression(r"抽检单\s*([0-9]{1,12})")
_WITHIN: Final = expression(r"(.+\.(?:pdf|ofd|tiff?))#([0-9]+)", re.IGNORECASE)
_CELL_MAX: Final = 2_000
_WORDS: Final = {
    **dict.fromkeys(("", "未检"), PageVerdict.NONE),
    **dict.fromkeys(("合格", "通过", "√", "✓", "是"), PageVerdict.PASSED),
    **dict.fromkeys(("不合格", "不通过", "×", "✗", "x", "否"), PageVerdict.FAILED),
}


class Line(Struct, frozen=True):
    """One line as it was filled in; `row` is its number in the sheet."""

    row: int
    position: int
    reference_code: str
    page: str
    verdict: PageVerdict
    fault: str
    remark: str
    person: str


class FilledSheet(Struct, frozen=True):
    """A page list that came back: of which drawing, and its lines."""

    sample: int
    lines: tuple[Line, ...]


def write(
    held: Delivery,
    sample: Sample,
    pages: Iterable[SampledPage],
    faults: Mapping[str, Fault],
    *,
    only_failed: bool = False,
) -> bytes:
    """The page list 抽检单 as xlsx (A4, header on every printed page); with `only_failed` the 整改通知单 for the
    contractor, which leaves the last columns to him."""
    out = io.BytesIO()
    # Everything is text: a page called "=1+1" must not be reckoned out on somebody's desk.
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, cell = book.add_format({"bold": True, "border": 1}), book.add_format({"border": 1, "text_wrap": True})
    sheet = book.add_worksheet("整改通知单" if only_failed else "抽检单")
    columns = (*COLUMNS[:6], "整改说明") if only_failed else COLUMNS
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L" + f"抽检单 {sample.id}" + "&R第 &P 页 共 &N 页")
    for at, width in enumerate(_WIDTHS):
        sheet.set_column(at, at, width)
    for row, text in enumerate(_heading(held, sample, only_failed=only_failed)):
        sheet.write_string(row, 0, text)
    first = row + 1
    sheet.repeat_rows(first)
    for at, name in enumerate(columns):
        sheet.write_string(first, at, name, bold)
    last = first
    for page in pages:
        if only_failed and page.verdict is not PageVerdict.FAILED:
            continue
        last += 1
        verdict = "" if page.verdict is PageVerdict.NONE else page.verdict.label
        sheet.write_number(last, 0, page.position, cell)
        person = "" if only_failed else page.person
        shown = page.page
        if only_failed and (within := _WITHIN.fullmatch(page.page)):
            shown = f"{within[1]} 第 {within[2]} 页（重交整份 {within[1]}）"
        for at, text in enumerate((page.reference_code, shown, verdict, page.fault, page.remark, person), 1):
            sheet.write_string(last, at, text, cell)
    if not only_failed and last > first:
        sheet.data_validation(first + 1, 3, last, 3, {"validate": "list", "source": ["合格", "不合格"]})
    for row, (code, fault) in enumerate(faults.items(), last + 2):
        sheet.write_string(row, 1, f"{code}  {fault.name}（{fault.clause}）")
    book.close()
    return out.getvalue()


def _heading(held: Delivery, sample: Sample, *, only_failed: bool) -> Iterator[str]:
    """Lines above the table; the first names the drawing, which reading back relies on."""
    yield f"抽检单 {sample.id}" + ("  整改通知单" if only_failed else "")
    yield f"批次：{held.name}  加工单位：{held.contractor or '（未填）'}  第 {sample.round} 轮"
    yield (
        f"共 {sample.records} 件 {sample.pages} 页，{sample.scope.label}按{sample.unit.label}抽检，"
        f"抽检率 {percent(sample.rate)}，种子 {sample.seed}，抽取人 {sample.person}"
    )
    yield "结论填“合格”或“不合格”；不合格的填问题代码（见表后）。依据 DA/T 31-2017 12.1.2、12.2"


def read_in_sandbox(data: bytes, name: str) -> bytes:
    """Read a filled page list; JSON of FilledSheet. SheetUnreadable names the row and what to write there."""
    rows = (row for table in open_tables(name, data).tables for row in table.rows)
    ticket, columns = 0, {}
    for row in rows:
        cells = [_text(cell) for cell in row.cells]
        if not ticket and (found := next((m for c in cells if (m := _TICKET.search(c))), None)):
            ticket = int(found[1])
        if cells[:1] == ["序号"] and "结论" in cells:
            columns = {title: at for at, title in enumerate(cells) if title in COLUMNS}
            break
    if not ticket or columns.keys() != set(COLUMNS):
        raise SheetUnreadable(
            "这不是抽检单：找不到“抽检单”编号或表头（序号、档号、文件、结论、问题代码、说明、检查人）"
        )
    lines = []
    for row in rows:
        line = _line(row, columns)
        if line is not None:
            lines.append(line)
        if len(lines) > SAMPLE_MAX:
            raise SheetUnreadable(f"抽检单超过 {SAMPLE_MAX} 行")
    return msgspec.json.encode(FilledSheet(ticket, tuple(lines)))


def decode(data: bytes) -> FilledSheet:
    """What the sandbox read."""
    return msgspec.json.decode(data, type=FilledSheet)


def judgements(filled: FilledSheet, pages: Iterable[SampledPage]) -> list[Judgement]:
    """The verdicts of a filled sheet, each checked to stand beside the page it was printed beside.

    Lines that were left blank say nothing. SheetUnreadable names a line whose code or file was changed, or that stands
    twice.
    """
    held = {page.position: page for page in pages}
    said: dict[int, Judgement] = {}
    for line in filled.lines:
        page = held.get(line.position)
        if page is None or (line.reference_code, line.page) != (_text(page.reference_code), _text(page.page)):
            raise SheetUnreadable(
                f"第 {line.row} 行（序号 {line.position}）与抽检单 {filled.sample} 的档号或文件不符；请勿改动这两列"
            )
        if line.position in said:
            raise SheetUnreadable(f"第 {line.row} 行的序号 {line.position} 出现两次；请删去其一")
        if line.verdict is PageVerdict.NONE:
            if line.fault:
                raise SheetUnreadable(f"第 {line.row} 行写了问题代码而没有结论；请补填“不合格”")
            continue
        said[line.position] = Judgement(line.position, line.verdict, line.fault, line.remark, line.person)
    return list(said.values())


def _line(row: RawRow, columns: Mapping[str, int]) -> Line | None:
    """One row of the table, None below its end."""

    def cell(title: str) -> str:
        at = columns[title]
        return _text(row.cells[at]) if at < len(row.cells) else ""

    number = re.fullmatch(r"([0-9]{1,9})(?:\.0+)?", cell("序号"))
    if number is None:
        return None
    word = cell("结论")
    verdict = _WORDS.get(word if word != "X" else "x")
    if verdict is None:
        raise SheetUnreadable(f"第 {row.number} 行的结论“{word[:20]}”不认识；请填“合格”或“不合格”")
    return Line(
        row.number, int(number[1]), cell("档号"), cell("文件"), verdict, cell("问题代码").upper(), cell("说明"),
        cell("检查人"),
    )  # fmt: skip


def _text(cell: str) -> str:
    """A cell for comparing: compatibility forms folded, outer blanks gone, bounded."""
    return unicodedata.normalize("NFKC", cell).strip()[:_CELL_MAX]
