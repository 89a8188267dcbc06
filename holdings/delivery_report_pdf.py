"""The report of a delivery as a PDF for A4: the same tables as the HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Spacer

from holdings.delivery_report_page import Printed
from holdings.report_paper import COLOURS, ROOM, WIDTH, PaperText, build, facts, grid


def pdf(made: Printed) -> bytes:
    """The report as PDF bytes; the same report gives the same bytes."""
    text = PaperText()
    story: list[Any] = [
        text("批次报告", "title"), text(f"{made['name']} · 抽检与验收依 DA/T 31-2017《纸质档案数字化规范》", "sub"), Spacer(1, 4 * mm),
        facts(made["facts"], text, wide=(len(made["facts"]) - 1,)), Spacer(1, 3 * mm), text(made["verdict"], "final"),
        *_part("数量", ("项目", "数"), made["amounts"], (70 * mm, WIDTH - 70 * mm), text), *_totals(made, text), *_faults(made, text), *_samples(made, text),
        *_evidence(made["evidence"], text), *_history(made, text), Spacer(1, 4 * mm),
        text(f"数量为打印时的数。报告单位：{made['site']}；{made['program']}；{text.font_said}。", "small"), Spacer(1, 10 * mm),
        text("移交人：＿＿＿＿＿＿＿＿　　　接收人：＿＿＿＿＿＿＿＿　　　日期：＿＿＿＿＿＿＿＿"),
    ]  # fmt: skip
    return build("批次报告", made["name"], made["site"], story, text)


def _part(head: str, names: tuple[str, ...], rows: list[Any], widths: tuple[float, ...], text: PaperText, none: str = "", lead: str = "") -> Iterator[Any]:
    """A heading and its table below a line `lead`, or one line that says that there is nothing."""
    yield CondPageBreak(ROOM)
    yield text(head, "head")
    if rows and lead:
        yield text(lead)
        yield Spacer(1, 1.5 * mm)
    yield grid(names, rows, widths, text) if rows else text(none)


def _totals(made: Printed, text: PaperText) -> Iterator[Any]:
    rows = [[d["source"], d["what"], d["declared"], d["found"], text(d["verdict"], colour=COLOURS[d["mark"]])] for d in made["declared"]]
    widths = (50 * mm, 22 * mm, 28 * mm, WIDTH - 118 * mm, 18 * mm)
    yield from _part("移交总数", ("出处", "项目", "所写", "实有", "结果"), rows, widths, text, "没有移交清册或说明文件写明总数。")


def _faults(made: Printed, text: PaperText) -> Iterator[Any]:
    rows = [
        [text(f["severity"], colour=COLOURS[f["mark"]]), text.two(f["rule"], f["clause"]) if f["clause"] else f["rule"], *f["counts"], f["remedy"]]
        for f in made["faults"]
    ]
    wide = (WIDTH - 64 * mm) / 2
    widths = (14 * mm, wide, 16 * mm, 18 * mm, 16 * mm, wide)
    yield from _part("问题（按规则）", ("等级", "规则与依据", "待处理", "说明后放行", "已解决", "处理办法"), rows, widths, text, "没有发现问题。")


def _samples(made: Printed, text: PaperText) -> Iterator[Any]:
    rows = [
        [
            f"{s['id']}（{s['round']}）", text.two(s["drawn"], s["by"] + (f"\n{s['faults']}" if s["faults"] else "")), s["rate"], s["judged"], s["failed"],
            s["pass_rate"], text(s["verdict"], colour=COLOURS[s["mark"]]),
        ]
        for s in made["samples"]
    ]  # fmt: skip
    widths = (26 * mm, WIDTH - 114 * mm, 18 * mm, 16 * mm, 16 * mm, 20 * mm, 18 * mm)
    names = ("抽检单", "范围", "抽检率", "已检", "不合格", "合格率", "结论")
    lead = f"本轮合格率 {made['rates'][0]}，一次合格率 {made['rates'][1]}"
    yield from _part("抽检（DA/T 31-2017 12.1.2、12.2）", names, rows, widths, text, "尚未抽检。", lead)


def _evidence(seen: dict[str, Any], text: PaperText) -> Iterator[Any]:
    names, widths = ("种类", "文件", "内容", "编码"), (22 * mm, (WIDTH - 42 * mm) / 2, (WIDTH - 42 * mm) / 2, 20 * mm)
    yield from _part("随批次交来的清单", names, seen["files"], widths, text, seen["said"], seen["said"])
    if seen["marks"]:
        rows = [[text(m["verdict"], colour=COLOURS[m["mark"]]), m["path"], m["source"]] for m in seen["marks"]]
        widths3 = (20 * mm, (WIDTH - 20 * mm) * 0.6, (WIDTH - 20 * mm) * 0.4)
        yield from _part("清单所列与实有的不同", ("结果", "文件", "清单"), rows, widths3, text)
    if seen["more"]:
        yield text(f"另有 {seen['more']} 个，见同名的 JSON 文件和 node quarantine list。", "small")


def _history(made: Printed, text: PaperText) -> Iterator[Any]:
    if made["history"] or made["reprocessing"]:
        widths = (34 * mm, 18 * mm, 24 * mm, 24 * mm, WIDTH - 100 * mm)
        yield from _part("经过", ("时间", "轮次", "事项", "经办人", "理由或说明"), made["history"], widths, text)
    for line in made["reprocessing"]:
        yield text(line)
