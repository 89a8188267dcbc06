"""Printed directories as PDF: 归档文件目录 (DA/T 22-2015), 卷内文件目录 and 备考表 (GB/T 9705-2008, DA/T 22-2015 for boxes)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from reportlab.lib.units import mm
from reportlab.platypus import PageBreak, Spacer

from holdings.report_paper import LONG, WIDTH, PaperText, build, facts, grid


class DirectoryKind(StrEnum):
    """Which paper; the value is what commands call it."""

    ITEMS = "items"
    VOLUME = "volume"
    NOTES = "notes"

    @property
    def label(self) -> str:
        """The name that stands on the paper."""
        return {"items": "归档文件目录", "volume": "卷内文件目录", "notes": "备考表"}[self.value]


class Section(Struct, frozen=True):
    """What stands under one head: a year, a retention and an organ, or a volume. `head` are names and values above the table; `rows` as the kind has
    its columns; `notes` what 备考表 says, line by line."""

    head: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


COLUMNS: Final = {
    DirectoryKind.ITEMS: ("序号", "档号", "文号", "责任者", "题名", "日期", "密级", "页数", "备注"),
    DirectoryKind.VOLUME: ("顺序号", "文号", "责任者", "题名", "日期", "页号", "备注"),
}
_GAP: Final = "\u00a0" * 6
_FIXED: Final = {
    DirectoryKind.ITEMS: (12, 50, 32, 32, 0, 20, 13, 13, 24), DirectoryKind.VOLUME: (14, 30, 30, 0, 21, 17, 20)
}  # fmt: skip
"""Millimetres of the columns; 0 takes what is left."""


def pdf(kind: DirectoryKind, sections: Sequence[Section], site: str, printed: str) -> bytes:
    """The paper as PDF bytes, each section on pages of its own; the same sections give the same bytes."""
    text = PaperText()
    story: list[Any] = []
    for number, section in enumerate(sections):
        if number:
            story.append(PageBreak())
        story += [text(kind.label, "title"), Spacer(1, 3 * mm)]
        story += _notes(section, text) if kind is DirectoryKind.NOTES else _table(kind, section, text)
    story += [Spacer(1, 3 * mm), text(f"{site}{_GAP}打印 {printed}{_GAP}{text.font_said}", "small")]
    return build(
        kind.label, sections[0].head[0][1] if sections else "", site, story, text, across=kind is DirectoryKind.ITEMS
    )


def _table(kind: DirectoryKind, section: Section, text: PaperText) -> list[Any]:
    room = LONG if kind is DirectoryKind.ITEMS else WIDTH
    fixed = [width * mm for width in _FIXED[kind]]
    widths = [width or room - sum(fixed) for width in fixed]
    head = f"{_GAP}{_GAP}".join(f"{name}：{value}" for name, value in section.head)
    return [text(head), Spacer(1, 2 * mm), grid(COLUMNS[kind], section.rows, widths, text)]


def _notes(section: Section, text: PaperText) -> list[Any]:
    pairs = [(name, value) for name, value in section.head]
    rows: list[list[object]] = []
    for at in range(0, len(pairs), 2):
        first, second = pairs[at], pairs[at + 1] if at + 1 < len(pairs) else ("", "")
        rows.append([*first, *second])
    found: list[Any] = [facts(rows, text, wide=()), Spacer(1, 4 * mm), text("情况说明", "head")]
    found.append(grid(("事项", "说明"), section.notes, (45 * mm, WIDTH - 45 * mm), text))
    signed = (
        f"立卷（整理）人：＿＿＿＿＿＿＿＿{_GAP}{_GAP}检查人：＿＿＿＿＿＿＿＿",
        f"整理日期：＿＿＿＿年＿＿月＿＿日{_GAP}{_GAP}检查日期：＿＿＿＿年＿＿月＿＿日",
    )
    for line in signed:
        found += [Spacer(1, 9 * mm), text(line)]
    return found
