"""The report of the four-property checks as a PDF: the same tables as the HTML page."""

from __future__ import annotations

from typing import Any

from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Spacer, Table, TableStyle

from holdings.check import Property
from holdings.check_report import Report
from holdings.report_paper import COLOURS, LINES, ROOM, WIDTH, PaperText, build, facts, grid


def pdf(report: Report) -> bytes:
    """The report as PDF bytes; the same report gives the same bytes."""
    text = PaperText()
    subject = report["ref"] if report["kind"] == "record" else report["delivery"]
    story: list[Any] = [
        text("四性检测报告", "title"),
        text(f"DA/T 70-2018《文书类电子档案检测一般要求》 · {report['stage_label']}环节（{report['stage']}）", "sub"), Spacer(1, 4 * mm),
        _facts(report, text), Spacer(1, 3 * mm), text(f"结论：{report['verdict']}", "final"),
        text(" · ".join(f"{name} {count} 项" for name, count in report["counts"].items())), CondPageBreak(ROOM), text("检测项目", "head"), _checks(report, text),
    ]  # fmt: skip
    story += _findings(report, text)
    story += [Spacer(1, 4 * mm), text(
        "结果只有四种：通过、不通过、需人工判定、未能检测。缺少查毒、验章等服务，或标准文本未核定的项目，一律为“未能检测”，不算通过。"
        f"TX-1 至 TX-8 为依 DA/T 31-2017 设的图像检测，编号为本程序所定。{report['program']}；{text.font_said}。", "small"),
        Spacer(1, 10 * mm), text("检测人：＿＿＿＿＿＿＿＿　　　复核人：＿＿＿＿＿＿＿＿　　　日期：＿＿＿＿＿＿＿＿")]  # fmt: skip
    return build("四性检测报告", subject, report["site"], story, text)


def _facts(r: Report, text: PaperText) -> Table:
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
    return facts(rows, text, wide=(1,))


def _ground(check: dict[str, Any]) -> str:
    """What a check does, and its clause."""
    return f"{check['what']}。依据 {check['clause']}" if check["what"] else f"依据 {check['clause']}"


def _checks(r: Report, text: PaperText) -> Table:
    rows: list[list[Any]] = [[text(name) for name in ("代码", "项目", "结果", "说明")]]
    style: list[Any] = [*LINES, ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef1f5"))]
    for group in [*(p.label for p in Property), "图像"]:
        mine = [c for c in r["checks"] if c["property"] == group]
        if not mine:
            continue
        style += [("SPAN", (0, len(rows)), (-1, len(rows))), ("BACKGROUND", (0, len(rows)), (-1, len(rows)), colors.HexColor("#dfe5ee"))]
        rows.append([text(group), "", "", ""])
        rows += [
            [text(c["code"]), text(c["name"]), text(c["verdict"], colour=COLOURS[c["mark"]]), text.two(c["detail"], _ground(c))]
            for c in mine
        ]
    return Table(rows, colWidths=[19 * mm, 42 * mm, 23 * mm, WIDTH - 84 * mm], repeatRows=1, style=TableStyle(style))


def _findings(r: Report, text: PaperText) -> list[Any]:
    told = [f for f in r["findings"] if f["mark"] != "untested"]
    total = r["findings_total"] if r["kind"] == "delivery" else len(told)
    story: list[Any] = [CondPageBreak(ROOM), text(f"问题（{total}）", "head")]
    if not told:
        return [*story, text("没有发现问题。")]
    whole = r["kind"] == "delivery"
    names = [*(["档号"] if whole else []), "位置", "结果", "问题与依据", "处理办法"]
    rows: list[list[Any]] = []
    for f in told:
        detail = f"{f['name']}：{f['detail']}" if f["detail"] else f["name"]
        cells = [text(f["where"] or "全件"), text(f["verdict"], colour=COLOURS[f["mark"]]), text.two(detail, f["clause"]), text(f["remedy"])]
        rows.append([text(f["ref"]), *cells] if whole else cells)
    widths = [30 * mm, 23 * mm, (WIDTH - 53 * mm) / 2, (WIDTH - 53 * mm) / 2]
    if whole:
        widths = [30 * mm, 24 * mm, 21 * mm, (WIDTH - 75 * mm) / 2, (WIDTH - 75 * mm) / 2]
    story.append(grid(names, rows, widths, text))
    if total > len(told):
        story.append(text(f"只列出前 {len(told)} 条，全部见各件的报告。", "small"))
    if whole and r["series"]:
        story += [text("档号连续性", "head"), text("按本批已检测的档号，起号以本批最小号计；缺号也可能属于别的批次。", "small"), text("；".join(r["series"]))]
    return story
