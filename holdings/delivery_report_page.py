"""The report of a delivery as it is printed: what stands in it, for HTML (templates/delivery_report.html) and PDF (holdings/delivery_report_pdf.py) alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from holdings.delivery_report import STATES, DeliveryReport, FaultCount, SampleSummary
from holdings.evidence import EvidenceReport, Outcome
from holdings.evidence_note import Total
from holdings.expression import expression
from holdings.findings import FindingCode
from holdings.report_page import Heading, render

Printed = dict[str, Any]
"""Texts, numbers and lists of them."""

MARKS_MAX: Final = 60  # paths of evidence on paper; all are in the JSON file and in the quarantine list
LINES_MAX: Final = 200  # declared totals on paper
_CLAUSE: Final = expression(r"((?:DA/T|GB/T|GB|T/)[^：]{1,80})：(.+)", re.DOTALL)
_OUTCOMES: Final = {
    Outcome.MATCHED: "passed", Outcome.DIFFERS: "failed", Outcome.MISSING: "failed", Outcome.UNLISTED: "person", Outcome.WITHHELD: "untested",
}  # fmt: skip
_SEVERITIES: Final = {"错误": "failed", "警告": "person", "提示": "untested"}


def printed(report: DeliveryReport, heading: Heading) -> Printed:
    """The report in words, as both forms print it; `mark` names a colour: passed, failed, person, untested."""
    return {
        "name": report.name, **heading.facts(), "facts": list(_facts(report, heading)), "verdict": _verdict(report),
        "boxes": [[f"{report.records:,}", "已加封（件）"], [f"{report.pages:,}", "页"], [_size(report.bytes), "源文件"],
                  [f"{report.rows:,}", "目录（条）"], [f"{report.waiting:,}", "待处理问题"]],
        "amounts": [["目录条目", f"{report.rows:,} 条"], ["其中未挂接（尚无图像或尚未加封）", f"{report.rows_unlinked:,} 条"],
                    ["已加封", f"{report.records:,} 件，{report.pages:,} 页"], ["源文件", f"{report.bytes:,} 字节（{_size(report.bytes)}）"],
                    *([f"扫描件（{STATES.get(state, state)}）", f"{count:,} 处"] for state, count in sorted(report.folders.items()) if state != "SEALED")],
        "declared": list(_declared(report)), "faults": [_fault(one) for one in report.faults],
        "rates": [report.pass_rate or "未检完", report.first_pass_rate or "未检完"], "samples": [_sample(one, heading) for one in report.samples],
        "evidence": _evidence(report.evidence, heading),
        "history": [[heading.when(d.time), f"第 {d.round} 轮", d.act, d.person, d.reason] for d in report.decisions],
        "reprocessing": list(report.reprocessing),
    }  # fmt: skip


def html(made: Printed) -> str:
    """The report as one page."""
    return render("delivery_report.html", r=made)


def _facts(report: DeliveryReport, heading: Heading) -> Iterator[list[str]]:
    """Rows of two names and two values."""
    number = f"第 {report.number:02d} 批" if report.number is not None else "（未填）"
    received = f"{report.received_by} {heading.when(report.received)}" if report.received is not None else "（未填）"
    yield ["批次", report.name, "批次号", number]
    yield ["加工单位", report.contractor or "（未填）", "扫描站", "、".join(report.stations) or "（未填）"]
    yield ["建立", f"{report.opened_by} {heading.when(report.opened)}".strip(), "接收", received]
    yield ["状态", f"{report.state_label}（第 {report.round} 轮）", "打印", f"{heading.when(heading.time)}　{heading.person}".strip()]
    yield ["保密审查", _clearance(report, heading), "", ""]


def _clearance(report: DeliveryReport, heading: Heading) -> str:
    if report.cleared is None:
        return "未作，未经审查不加封"
    basis = "常设" if report.clearance_standing else "两人审查"
    rest = "；其后又来目录，须重新审查" if report.uncleared_rows else ""
    return f"{'、'.join(report.cleared_by)}　{heading.when(report.cleared)}（{basis}）{rest}"


def _verdict(report: DeliveryReport) -> str:
    """The delivery in one line."""
    problems = f"待处理问题 {report.waiting:,} 个" if report.waiting else "没有待处理的问题"
    sampled = f"本轮抽检合格率 {report.pass_rate}" if report.pass_rate else "本轮抽检未检完" if report.samples else "尚未抽检"
    seen = report.evidence
    listed = "尚未核对" if seen is None else "没有" if not seen.files else "核对相符" if seen.ok else "核对不符，见下"
    return f"{report.state_label}；{problems}；{sampled}；随批次清单{listed}"


def _declared(report: DeliveryReport) -> Iterator[dict[str, str]]:
    """Totals of the hand-over: of the 移交清册, and of the papers beside the data."""
    for line in report.declared[:LINES_MAX]:
        yield _row(f"{line.sheet} 第 {line.row} 行", f"{line.what}数", f"{line.declared:,}", line.held, line.verdict)
    sheets = {line.sheet for line in report.declared}
    for total in report.evidence.totals[:LINES_MAX] if report.evidence else ():
        if total.total in (Total.RECORDS, Total.VOLUMES) and total.source.rpartition("/")[2] in sheets:
            continue
        found = "、".join(f"{name} {number:,}" for name, number in total.found.items()) or "无"
        yield _row(total.source, total.total.label, total.declared, found, "相符" if total.agrees else "不符")


def _row(source: str, what: str, declared: str, found: str, verdict: str) -> dict[str, str]:
    mark = {"相符": "passed", "不符": "failed"}.get(verdict, "untested")
    return {"source": source, "what": what, "declared": declared, "found": found, "verdict": verdict, "mark": mark}


def _fault(one: FaultCount) -> dict[str, Any]:
    """A rule with its clause apart, and what to do while something waits."""
    clause = _CLAUSE.fullmatch(one.rule)
    return {
        "severity": one.severity, "mark": _SEVERITIES.get(one.severity, "untested"), "rule": clause[2] if clause else one.rule,
        "clause": clause[1] if clause else "", "counts": [f"{one.waiting:,}", f"{one.waived:,}", f"{one.resolved:,}"],
        "remedy": FindingCode(one.code).remedy if one.waiting else "",
    }  # fmt: skip


def _sample(one: SampleSummary, heading: Heading) -> dict[str, Any]:
    verdict, mark = {True: ("合格", "passed"), False: ("不合格", "failed"), None: ("未检完", "untested")}[one.passed]
    drawn = f"{one.scope}按{one.unit}，{one.population_records:,} 件 {one.population_pages:,} 页中抽 {one.pages:,} 页；种子 {one.seed}"
    return {
        "id": str(one.id), "round": f"第 {one.round} 轮", "rate": one.rate, "drawn": drawn, "by": f"{one.person} {heading.when(one.drawn)} 抽取",
        "judged": f"{one.judged:,}", "failed": f"{one.failed:,}", "pass_rate": one.pass_rate or "—", "verdict": verdict, "mark": mark,
        "faults": "；".join(f"{name}：{count:,} 页" for name, count in one.faults.items()),
    }  # fmt: skip


def _evidence(report: EvidenceReport | None, heading: Heading) -> dict[str, Any]:
    """What came with the delivery, and whether it agrees."""
    if report is None:
        return {"said": "尚未核对。批次提交后自动核对，或执行 node delivery evidence。", "files": [], "marks": [], "more": 0}
    counted = "，".join(f"{kind.label} {report.counts[kind]:,} 个" for kind in Outcome if report.counts.get(kind))
    said = f"{heading.when(report.verified)} 核对：{counted or '没有逐件清单'}。" if report.files else f"{heading.when(report.verified)} 查看：没有随批次清单。"
    if report.counts.get(Outcome.WITHHELD):
        said += "“未核对”的尚未加封，或按保密关口不读。"
    files = [
        [file.kind.label, file.path, file.fault or f"{file.lines:,} 行" + (f"，{file.bad:,} 行不能识别" if file.bad else ""), file.encoding]
        for file in report.files
    ]
    marks = [
        {"verdict": mark.outcome.label, "mark": _OUTCOMES[mark.outcome], "path": mark.path, "source": f"{mark.source} 第 {mark.line} 行" if mark.source else ""}
        for mark in report.marks[:MARKS_MAX]
    ]
    return {"said": said, "files": files, "marks": marks, "more": max(0, len(report.marks) - MARKS_MAX)}


def _size(size: int) -> str:
    """Bytes in decimal units."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:,.2f} {name}"
    return f"{size} 字节"
