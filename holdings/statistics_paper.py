"""The yearly statistics as a PDF for A4, with places for signatures and the seal."""

from __future__ import annotations

from typing import Any, Final

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Spacer

from holdings.report_paper import ROOM, WIDTH, PaperText, build, facts, grid
from holdings.statistic import Group
from holdings.statistics_shown import TITLE, Shown, number, sources

ARCHIVES_ACROSS: Final = 6
"""Archives beside each other on a page standing; more follow in further tables."""


def pdf(shown: Shown) -> bytes:
    """The report as PDF bytes; the same report gives the same bytes."""
    text, report, heading = PaperText(), shown.report, shown.heading
    said = [
        ["填报单位", heading.site, "年度", f"{report.year} 年（截至 12 月 31 日 24 时）"],
        ["状态", shown.status, "", ""],
        ["打印", f"{heading.when(heading.time)}　{heading.person}", "馆数", f"{len(report.archives)} 个"],
    ]
    story: list[Any] = [
        text(TITLE, "title"),
        text(f"{report.year} 年", "sub"),
        Spacer(1, 4 * mm),
        facts(said, text, wide=(1,)),
        Spacer(1, 3 * mm),
    ]
    for group in Group:
        lines = [line for line in report.lines if line.figure.about.group is group]
        rows = [
            [
                line.figure.about.label,
                line.figure.about.unit,
                shown.total(line),
                number(line.figure, line.before),
                sources(line),
            ]
            for line in lines
        ]
        widths = [WIDTH - 118 * mm, 18 * mm, 38 * mm, 38 * mm, 24 * mm]
        story += [
            CondPageBreak(ROOM),
            text(group.value, "head"),
            grid(("统计项", "单位", "本年", "上年", "来源"), rows, widths, text),
        ]
    if len(report.archives) > 1:
        story += [CondPageBreak(ROOM), text("各馆", "head")]
        for at in range(0, len(report.archives), ARCHIVES_ACROSS):
            names = report.archives[at : at + ARCHIVES_ACROSS]
            rows = [
                [f"{line.figure.about.label}（{line.figure.about.unit}）", *(shown.cell(line, name) for name in names)]
                for line in report.lines
                if any(shown.cell(line, name) for name in names)
            ]
            width = (WIDTH - 50 * mm) / len(names)
            story += [
                grid(("统计项", *map(shown.archive, names)), rows, [50 * mm, *[width] * len(names)], text),
                Spacer(1, 3 * mm),
            ]
    story += [
        Spacer(1, 6 * mm), text(f"本年数按月累计而成，年度定稿后不再变动；“{heading.program}”生成。{text.font_said}。", "small"), Spacer(1, 10 * mm),
        text("填表人：＿＿＿＿＿＿＿　　审核人：＿＿＿＿＿＿＿　　单位负责人：＿＿＿＿＿＿＿　　（印章）　　日期：＿＿＿＿＿＿＿"),
    ]  # fmt: skip
    return build(TITLE, f"{report.year} 年", heading.site, story, text)
