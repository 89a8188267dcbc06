"""The daily page 每日一页 of the monitor as PDF: one sheet of A4, drawn in the sandbox from texts that the hub has put together."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

LINES: Final = (16, 14, 12, 10, 8, 6, 4, 2)
"""Lines of each table, tried one after the other until all of it stays on one sheet; how many are left out is said."""


class DailyPage(Struct, frozen=True):
    """The texts of the page, in the order in which they stand on it."""

    hub: str
    day: str
    made: str
    facts: tuple[tuple[str, str, str, str], ...]
    alarms: tuple[tuple[str, str, str], ...]
    """Severity, sentence, since when."""
    nodes: tuple[tuple[str, ...], ...]
    """Nodes that want a person: name, state, last contact, nights, backlog, quarantine, free."""
    archives: tuple[tuple[str, ...], ...]
    """Archive, pages, target, share, a day, reached."""
    program: str = ""


def draw(data: bytes) -> bytes:
    """JSON of a DailyPage as PDF bytes; the same page gives the same bytes."""
    import io

    from pypdf import PdfReader

    page, made = msgspec.json.decode(data, type=DailyPage), b""
    for lines in LINES:
        made = _draw(page, lines)
        if len(PdfReader(io.BytesIO(made)).pages) == 1:
            break
    return made


def _draw(page: DailyPage, lines: int) -> bytes:
    from reportlab.lib.units import mm
    from reportlab.platypus import Spacer

    from holdings.report_paper import WIDTH, PaperText, build, facts

    text = PaperText()
    node = (WIDTH - 118 * mm, 20 * mm, 28 * mm, 16 * mm, 20 * mm, 14 * mm, 20 * mm)
    archive = (WIDTH - 116 * mm, 24 * mm, 24 * mm, 18 * mm, 22 * mm, 28 * mm)
    tables = (
        ("未结束的告警", ("级别", "告警", "开始"), page.alarms, (14 * mm, WIDTH - 44 * mm, 30 * mm), "没有告警。"),
        (
            "要人管的节点",
            ("节点", "状态", "最近联络", "无联络夜", "积压", "待处理", "剩余空间"),
            page.nodes,
            node,
            "各节点联络正常。",
        ),
        ("数字化进度", ("档案馆", "已验读页", "目标页数", "完成", "每日页数", "照此完成"), page.archives, archive, ""),
    )
    story: list[Any] = [
        text("运行监控每日一页", "title"),
        text(f"{page.hub} · {page.day}", "sub"),
        Spacer(1, 2 * mm),
        facts(page.facts, text, wide=()),
    ]
    for head, names, rows, widths, none in tables:
        story += _table(head, names, rows, widths, text, none, lines)
    story += [Spacer(1, 2 * mm), text(f"制表时间 {page.made}；{page.program}；{text.font_said}。", "small")]
    return build("运行监控每日一页", page.day, page.hub, story, text)


def _table(
    head: str,
    names: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    widths: tuple[float, ...],
    text: Any,
    none: str,
    lines: int,
) -> list[Any]:
    from holdings.report_paper import grid

    if not rows:
        return [text(head, "head"), text(none)] if none else []
    shown = [[text(cell, "small") for cell in row] for row in rows[:lines]]
    more = [text(f"另有 {len(rows) - lines} 条，见网页。", "small")] if len(rows) > lines else []
    return [text(head, "head"), grid(names, shown, widths, text), *more]
