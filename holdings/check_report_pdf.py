"""The report of the four-property checks as a PDF for A4 (reportlab): the same tables as the HTML page.

A Chinese TrueType font of the system is embedded when there is one; else the PDF names the built-in STSong-Light, which the reader's program supplies.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import CondPageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from holdings.check import Property
from holdings.check_report import Report

FONTS: Final = (
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "/usr/share/fonts/wqy-zenhei/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc", "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)  # fmt: skip
"""TrueType outlines only: reportlab cannot embed those of Noto CJK (OpenType/CFF)."""
BUILT_IN: Final = "STSong-Light"
_COLOURS: Final = {"passed": "#17683a", "failed": "#a31621", "person": "#9a5b00", "untested": "#5d6470"}
_WIDTH: Final = A4[0] - 28 * mm
_ROOM: Final = 40 * mm  # a heading does not stand alone at the foot of a page


@functools.cache
def font() -> tuple[str, str]:
    """(name registered with reportlab, what it is in words for the report's foot)."""
    for path in FONTS:
        if Path(path).is_file():
            try:
                pdfmetrics.registerFont(TTFont("jindang-cjk", path))
            except (TTFError, OSError):
                continue
            return "jindang-cjk", f"字体 {Path(path).stem}（已嵌入）"
    pdfmetrics.registerFont(UnicodeCIDFont(BUILT_IN))
    return BUILT_IN, f"字体 {BUILT_IN}（未嵌入，由阅读软件提供）"


class _Text:
    """Paragraphs in the styles of the report."""

    def __init__(self) -> None:
        name, self.font_said = font()
        plain = {"fontName": name, "wordWrap": "CJK"}
        self.name = name
        self._styles = {
            "body": ParagraphStyle("body", fontSize=9, leading=13, **plain),
            "small": ParagraphStyle("small", fontSize=7.5, leading=10.5, textColor=colors.HexColor("#666666"), **plain),
            "title": ParagraphStyle("title", fontSize=17, leading=24, alignment=TA_CENTER, **plain),
            "sub": ParagraphStyle("sub", fontSize=9, leading=13, alignment=TA_CENTER, textColor=colors.HexColor("#555555"), **plain),
            "head": ParagraphStyle("head", fontSize=12, leading=17, spaceBefore=10, spaceAfter=4, **plain),
            "final": ParagraphStyle(
                "final", fontSize=12, leading=18, spaceBefore=8, spaceAfter=12, borderWidth=1, borderPadding=5,
                borderColor=colors.HexColor("#274b7a"), **plain),
        }  # fmt: skip

    def __call__(self, text: object, style: str = "body", colour: str = "") -> Paragraph:
        marked = escape(str(text)).replace("\n", "<br/>")
        return Paragraph(f'<font color="{colour}">{marked}</font>' if colour else marked, self._styles[style])

    def two(self, text: object, small: str) -> list[Paragraph]:
        """A line and smaller print under it."""
        return [self(text), self(small, "small")] if text else [self(small, "small")]


def pdf(report: Report) -> bytes:
    """The report as PDF bytes; the same report gives the same bytes."""
    out = io.BytesIO()
    text = _Text()
    subject = report["ref"] if report["kind"] == "record" else report["delivery"]
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=14 * mm, rightMargin=14 * mm, topMargin=14 * mm, bottomMargin=18 * mm, title=f"四性检测报告 {subject}",
        author=report["site"], invariant=1,
    )  # fmt: skip
    story: list[Any] = [
        text("四性检测报告", "title"),
        text(f"DA/T 70-2018《文书类电子档案检测一般要求》 · {report['stage_label']}环节（{report['stage']}）", "sub"), Spacer(1, 4 * mm),
        _facts(report, text), Spacer(1, 3 * mm), text(f"结论：{report['verdict']}", "final"),
        text(" · ".join(f"{name} {count} 项" for name, count in report["counts"].items())), CondPageBreak(_ROOM), text("检测项目", "head"), _checks(report, text),
    ]  # fmt: skip
    story += _findings(report, text)
    story += [Spacer(1, 4 * mm), text(
        "结果只有四种：通过、不通过、需人工判定、未能检测。缺少查毒、验章等服务，或标准文本未核定的项目，一律为“未能检测”，不算通过。"
        f"TX-1 至 TX-8 为依 DA/T 31-2017 设的图像检测，编号为本程序所定。{report['program']}；{text.font_said}。", "small"),
        Spacer(1, 10 * mm), text("检测人：＿＿＿＿＿＿＿＿　　　复核人：＿＿＿＿＿＿＿＿　　　日期：＿＿＿＿＿＿＿＿")]  # fmt: skip

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFont(text.name, 8)
        canvas.drawString(14 * mm, 10 * mm, f"四性检测报告　{subject}"[:80])
        canvas.drawRightString(A4[0] - 14 * mm, 10 * mm, f"第 {page.page} 页")
        canvas.restoreState()

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


_LINES: Final = (
    ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#b9bec6")), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
)  # fmt: skip


def _facts(r: Report, text: _Text) -> Table:
    if r["kind"] == "record":
        rows = [
            ["档号", r["ref"], "版本", f"第 {r['version']} 版"], ["题名", r["title"], "", ""],
            ["批次", r["delivery"], "页数 / 大小", f"{r['pages']} 页 / {r['bytes'] / 1e6:.1f} MB"],
            ["检测时间", r["checked"], "图像检测", "已进行" if r["pictures"] else "本次未进行"],
        ]  # fmt: skip
    else:
        expected = f" / 共 {r['expected']} 件" if r["expected"] is not None else ""
        skipped = f"　（{r['without_pictures']} 件未作图像检测）" if r["without_pictures"] else ""
        rows = [
            ["批次", r["delivery"], "件数", f"已检测 {r['records']} 件{expected}"],
            ["各件结论", " · ".join(f"{name} {n} 件" for name, n in r["standing"].items()) + skipped, "", ""],
            ["页数", f"{r['pages']} 页", "大小", f"{r['bytes']:,} 字节"],
        ]  # fmt: skip
    rows.append(["检测单位", r["site"], "打印", f"{r['printed']}　{r['person']}"])
    style = [*_LINES, ("SPAN", (1, 1), (3, 1)), ("BACKGROUND", (0, 0), (0, -1), colors.HexColor("#eef1f5")),
             ("BACKGROUND", (2, 0), (2, 0), colors.HexColor("#eef1f5")), ("BACKGROUND", (2, 2), (2, -1), colors.HexColor("#eef1f5"))]  # fmt: skip
    widths = [22 * mm, _WIDTH / 2 - 22 * mm, 24 * mm, _WIDTH / 2 - 24 * mm]
    return Table([[text(cell) for cell in row] for row in rows], colWidths=widths, style=TableStyle(style))


def _ground(check: dict[str, Any]) -> str:
    """What a check does, and its clause."""
    return f"{check['what']}。依据 {check['clause']}" if check["what"] else f"依据 {check['clause']}"


def _checks(r: Report, text: _Text) -> Table:
    rows: list[list[Any]] = [[text(name) for name in ("代码", "项目", "结果", "说明")]]
    style: list[Any] = [*_LINES, ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef1f5"))]
    for group in [*(p.label for p in Property), "图像"]:
        mine = [c for c in r["checks"] if c["property"] == group]
        if not mine:
            continue
        style += [("SPAN", (0, len(rows)), (-1, len(rows))), ("BACKGROUND", (0, len(rows)), (-1, len(rows)), colors.HexColor("#dfe5ee"))]
        rows.append([text(group), "", "", ""])
        rows += [
            [text(c["code"]), text(c["name"]), text(c["verdict"], colour=_COLOURS[c["mark"]]), text.two(c["detail"], _ground(c))]
            for c in mine
        ]
    return Table(rows, colWidths=[19 * mm, 42 * mm, 23 * mm, _WIDTH - 84 * mm], repeatRows=1, style=TableStyle(style))


def _findings(r: Report, text: _Text) -> list[Any]:
    told = [f for f in r["findings"] if f["mark"] != "untested"]
    total = r["findings_total"] if r["kind"] == "delivery" else len(told)
    story: list[Any] = [CondPageBreak(_ROOM), text(f"问题（{total}）", "head")]
    if not told:
        return [*story, text("没有发现问题。")]
    whole = r["kind"] == "delivery"
    rows: list[list[Any]] = [[text(name) for name in ((["档号"] if whole else []) + ["位置", "结果", "问题与依据", "处理办法"])]]
    for f in told:
        detail = f"{f['name']}：{f['detail']}" if f["detail"] else f["name"]
        cells = [text(f["where"] or "全件"), text(f["verdict"], colour=_COLOURS[f["mark"]]), text.two(detail, f["clause"]), text(f["remedy"])]
        rows.append([text(f["ref"]), *cells] if whole else cells)
    widths = [30 * mm, 23 * mm, (_WIDTH - 53 * mm) / 2, (_WIDTH - 53 * mm) / 2]
    if whole:
        widths = [30 * mm, 24 * mm, 21 * mm, (_WIDTH - 75 * mm) / 2, (_WIDTH - 75 * mm) / 2]
    style = TableStyle([*_LINES, ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef1f5"))])
    story.append(Table(rows, colWidths=widths, repeatRows=1, style=style))
    if total > len(told):
        story.append(text(f"只列出前 {len(told)} 条，全部见各件的报告。", "small"))
    if whole and r["series"]:
        story += [text("档号连续性", "head"), text("按本批已检测的档号，起号以本批最小号计；缺号也可能属于别的批次。", "small"), text("；".join(r["series"]))]
    return story
