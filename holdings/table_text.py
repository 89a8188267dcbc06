"""Text of fixed width, as FoxPro's `list to file` and old reports print it: the ruler is found from the blanks.

A boundary is a column of the print that is blank in nearly every line; East-Asian characters are two wide, as in GBK.
Hostile input: runs in the sandbox.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from typing import Final

from holdings.columns import HEADER_WITHIN, is_header
from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.table import COLUMNS_MAX, ROWS_MAX, RawRow, Remark, RemarkKind, SheetFormat, Table, Workbook

LINE_MAX: Final = 8_192  # columns of print; the widest fan-fold printers have 132, database listings a few hundred
RULER_LINES: Final = 5_000  # lines that make the ruler; a later line that does not fit it is a fault of its own
ODD_FROM: Final = 50  # lines from which one may be odd whatever the share
_WIDE: Final = expression("([^\x00-\x7f])")
_RULE: Final = expression("[-=_+*|.\u2500-\u257f\0 ]*")  # drawn lines between header and rows
_CLASSES: Final = bytes(0 if code in b"\t\v\r\n\f " else 1 for code in range(256))


def open_text(data: bytes, encoding: str, shown: str) -> Workbook | None:
    """Open printed text as one table; None when no ruler fits: fewer than two columns, or no header under it.

    Args:
        data: text without a byte order mark.
        encoding: what `data` is written in.
        shown: what is shown to the person.
    """
    columns = _ruler(_sample(data, encoding))
    if not 2 <= len(columns) <= COLUMNS_MAX:
        return None
    head = (row for row, _ in zip(_rows(data, encoding, columns), range(HEADER_WITHIN), strict=False))
    if not any(is_header(row.cells) for row in head):
        return None
    ruler = Remark(RemarkKind.COLUMNS_GUESSED, detail="、".join(f"{a + 1}–{b}" for a, b in columns))
    tables = iter((Table("", _rows(data, encoding, columns)),))
    return Workbook(SheetFormat.TEXT, shown, "", tables, remarks=(ruler,))


def _sample(data: bytes, encoding: str) -> list[str]:
    """Lines that may show the ruler: the first ones (banners) only when there are few others."""
    lines = []
    for line in io.BytesIO(data):
        text = _printed(line[: 2 * LINE_MAX].decode(encoding, "replace"))
        if not _RULE.fullmatch(text):
            lines.append(text[:LINE_MAX])
        if len(lines) == RULER_LINES:
            break
    return lines[HEADER_WITHIN:] if len(lines) > 3 * HEADER_WITHIN else [line for line in lines if " " in line.strip()]


def _printed(text: str) -> str:
    """A line with one character for each column of print: a wide one is followed by NUL."""
    return _WIDE.sub("\\1\0", text.rstrip("\r\n\f\x1a ").lstrip("\f").expandtabs(8))


def _ruler(lines: list[str]) -> list[tuple[int, int]]:
    """Columns as (first, behind the last) of print, the last one open to LINE_MAX. One line in a hundred may be odd."""
    import numpy as np  # slow to load: only where no delimiter was found

    counts = np.zeros(LINE_MAX, dtype=np.int32)
    for line in lines:
        classes = line.encode("latin-1", "replace").translate(_CLASSES)
        counts[: len(classes)] += np.frombuffer(classes, dtype=np.uint8)
    taken = (counts > len(lines) // 100 + (len(lines) >= ODD_FROM)).tobytes()
    columns = [(found.start(), found.end()) for found in re.finditer(b"\x01+", taken)]
    return [*columns[:-1], (columns[-1][0], LINE_MAX)] if columns else []


def _rows(data: bytes, encoding: str, columns: list[tuple[int, int]]) -> Iterator[RawRow]:
    """Rows cut by the ruler; banners stay whole in one cell, drawn lines are blank rows."""
    for number, line in enumerate(io.BytesIO(data), 1):
        if number > ROWS_MAX:
            raise SheetUnreadable(f"超过 {ROWS_MAX:,} 行；请分成几张表")
        if len(line) > 4 * LINE_MAX:
            yield RawRow(number, [], fault=f"一行超过 {LINE_MAX:,} 个字符宽")
            continue
        text = line.decode(encoding, "replace")
        printed = _printed(text)
        if _RULE.fullmatch(printed):
            yield RawRow(number, [""])
            continue
        cells = _cut(printed, columns)
        if cells is not None:
            yield RawRow(number, cells, frozenset(i for i, cell in enumerate(cells) if "\ufffd" in cell))
        elif number <= HEADER_WITHIN:
            yield RawRow(number, [text.strip()])
        else:
            yield RawRow(number, [], fault="此行的文字越过了列的边界")


def _cut(printed: str, columns: list[tuple[int, int]]) -> list[str] | None:
    """Cells of a line, None when text covers a whole gap. A longer cell than the ruler has seen may reach into one."""
    cells, at = [], 0
    for (_, end), (start, _) in itertools.pairwise(columns):
        cut = printed.find(" ", end, start) if end < len(printed) else end
        if cut < 0:
            if len(printed) >= start:
                return None
            cut = len(printed)
        cells.append(printed[at:cut].replace("\0", "").strip())
        at = cut
    return [*cells, printed[at:].replace("\0", "").strip()]
