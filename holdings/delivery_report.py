"""The report of a delivery: who brought what, how much of it is sealed, what is wrong by rule, how it was judged.

Data for screens, templates and printers; `text` prints it on paper as it is. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from holdings.evidence import EvidenceReport, Outcome
from holdings.sheet_totals import held_told

SHOWN = 10  # paths of evidence on paper; JSON and the quarantine list have all


class FaultCount(Struct, frozen=True):
    """Findings of one code about a delivery: waiting for a person, waived, resolved."""

    code: str
    severity: str
    rule: str
    waiting: int
    waived: int
    resolved: int


class SampleSummary(Struct, frozen=True):
    """A drawing of 抽检 and how it stands; rates as printed, `passed` None while verdicts are missing."""

    id: int
    round: int
    seed: str
    unit: str
    scope: str
    rate: str
    population_records: int
    population_pages: int
    pages: int
    judged: int
    failed: int
    records: int
    records_failed: int
    pass_rate: str
    passed: bool | None
    person: str
    drawn: int
    faults: dict[str, int]


class DeclaredLine(Struct, frozen=True):
    """What a 移交清册 declares of a delivery, beside what its catalogue has; `withheld` rows may be among what lacks, and items cannot be compared where the
    catalogue is `by_volume`."""

    sheet: str
    row: int
    what: str
    declared: int
    found: int
    withheld: int
    agrees: bool
    by_volume: bool = False

    @property
    def held(self) -> str:
        """What the catalogue has, for people."""
        return held_told(self.found, self.withheld, by_volume=self.by_volume)

    @property
    def verdict(self) -> str:
        """In Chinese."""
        return "相符" if self.agrees else "无从核对" if self.by_volume else "不符"


class DecisionLine(Struct, frozen=True):
    """One act in the history of the delivery."""

    act: str
    round: int
    person: str
    reason: str
    time: int


class DeliveryReport(Struct, frozen=True):
    """Everything that a person asks of a delivery. Times are whole seconds UTC, sizes bytes.

    `folders` counts the places on disk by state; `first_pass_rate` 一次合格率 is the share that passed in round 1.
    """

    name: str
    number: int | None
    contractor: str
    stations: tuple[str, ...]
    state: str
    state_label: str
    round: int
    opened: int
    opened_by: str
    received: int | None
    received_by: str
    cleared_by: tuple[str, ...]
    cleared: int | None
    clearance_standing: bool
    uncleared_rows: bool
    rows: int
    rows_unlinked: int
    records: int
    pages: int
    bytes: int
    folders: dict[str, int]
    faults: tuple[FaultCount, ...]
    samples: tuple[SampleSummary, ...]
    pass_rate: str
    first_pass_rate: str
    evidence: EvidenceReport | None
    decisions: tuple[DecisionLine, ...]
    reprocessing: tuple[str, ...]
    made: int
    declared: tuple[DeclaredLine, ...] = ()

    @property
    def waiting(self) -> int:
        """Findings that need a person."""
        return sum(fault.waiting for fault in self.faults)


STATES: Mapping[str, str] = {
    "LOOKED": "正在写入", "HELD": "待目录、待保密审查或按保密关口停下", "SCANNING": "扫描中", "QUARANTINED": "待处理",
    "SEALED": "已加封", "GONE": "源已移走",
}  # fmt: skip
"""What the states of places on disk are called on paper."""


def text(report: DeliveryReport, zone: tzinfo | None = None) -> str:
    """The report as plain text of at most some hundred lines, in Chinese; times in `zone` (default: this machine's)."""
    return "\n".join(_lines(report, zone))


def _lines(report: DeliveryReport, zone: tzinfo | None) -> Iterator[str]:
    number = f"第 {report.number:02d} 批  " if report.number is not None else ""
    yield f"批次报告  {report.name}"
    yield f"{number}状态：{report.state_label}（第 {report.round} 轮）  制表：{_time(report.made, zone)}"
    yield f"加工单位：{report.contractor or '（未填）'}  扫描站：{'、'.join(report.stations) or '（未填）'}"
    received = f"  接收：{report.received_by} {_time(report.received, zone)}" if report.received is not None else ""
    yield f"建立：{_time(report.opened, zone)} {report.opened_by}".rstrip() + received
    yield f"保密审查：{_clearance(report, zone)}"
    yield ""
    yield f"目录 {report.rows:,} 条，其中未挂接（尚无图像或尚未加封） {report.rows_unlinked:,} 条"
    yield f"已加封 {report.records:,} 件 {report.pages:,} 页，源文件 {report.bytes:,} 字节（{report.bytes / 1e9:.3f} GB）"
    for state, count in sorted(report.folders.items()):
        if state != "SEALED":
            yield f"  {STATES.get(state, state)}：{count:,} 处"
    for total in report.declared:
        yield f"  {total.verdict}  {total.sheet} 第 {total.row} 行 {total.what}数：清册 {total.declared:,}，{total.held}"
    yield ""
    yield f"问题：待处理 {report.waiting:,} 个"
    for fault in report.faults:
        yield (
            f"  {fault.severity}  {fault.rule}：待处理 {fault.waiting:,}，说明后放行 {fault.waived:,}，"
            f"已解决 {fault.resolved:,}"
        )
    yield ""
    yield from _samples(report, zone)
    yield ""
    yield from _evidence(report.evidence, zone)
    if report.decisions or report.reprocessing:
        yield ""
        yield "经过："
    for one in report.decisions:
        why = f"（{one.reason}）" if one.reason else ""
        yield f"  {_time(one.time, zone)}  第 {one.round} 轮  {one.act}  {one.person}{why}"
    for line in report.reprocessing:
        yield f"  {line}"


def _clearance(report: DeliveryReport, zone: tzinfo | None) -> str:
    if report.cleared is None:
        return "未作，未经审查不加封"
    basis = "常设" if report.clearance_standing else "两人审查"
    rest = "；其后又来目录，须重新审查" if report.uncleared_rows else ""
    return f"{'、'.join(report.cleared_by)}（{basis}，{_time(report.cleared, zone)}）{rest}"


def _samples(report: DeliveryReport, zone: tzinfo | None) -> Iterator[str]:
    if not report.samples:
        yield "抽检：尚未抽检"
        return
    yield f"抽检：合格率 {report.pass_rate or '（未检完）'}，一次合格率 {report.first_pass_rate or '（未检完）'}"
    verdicts = {True: "合格", False: "不合格", None: "未检完"}
    for one in report.samples:
        yield (
            f"  抽检单 {one.id}  第 {one.round} 轮  {one.scope}按{one.unit}  抽检率 {one.rate}"
            f"（{one.population_records:,} 件 {one.population_pages:,} 页中抽 {one.pages:,} 页）  种子 {one.seed}"
        )
        yield (
            f"    已检 {one.judged:,}，不合格 {one.failed:,}，合格率 {one.pass_rate or '—'}，{verdicts[one.passed]}；"
            f"{one.person} {_time(one.drawn, zone)} 抽取"
        )
        for name, count in one.faults.items():
            yield f"    {name}：{count:,} 页"


def _evidence(report: EvidenceReport | None, zone: tzinfo | None) -> Iterator[str]:
    if report is None:
        yield "随批次交来的清单：尚未核对（node delivery evidence）"
        return
    if not report.files:
        yield f"随批次交来的清单：没有（{_time(report.verified, zone)} 查看）"
        return
    counted = "，".join(f"{kind.label} {report.counts[kind]:,}" for kind in Outcome if report.counts.get(kind))
    if report.counts.get(Outcome.WITHHELD):
        counted += "（尚未加封，或按保密关口不读）"
    yield f"随批次交来的清单（{_time(report.verified, zone)} 核对）：{counted or '没有逐件清单'}"
    for file in report.files:
        what = file.fault or (f"{file.lines:,} 行" + (f"，{file.bad:,} 行不能识别" if file.bad else ""))
        yield f"  {file.kind.label}  {file.path}：{what}"
    for check in report.totals:
        yield f"  {'相符' if check.agrees else '不符'}  {check.sentence}"
    for mark in report.marks[:SHOWN]:
        yield f"  {mark.outcome.label}  {mark.path}"
    if len(report.marks) > SHOWN:
        yield f"  ……另有 {len(report.marks) - SHOWN:,} 个，见 node quarantine list"


def _time(seconds: int | None, zone: tzinfo | None) -> str:
    """A time for people."""
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC).astimezone(zone):%Y-%m-%d %H:%M}"
