"""What the demo saw, as data: figures, what must hold of them, and the JSON of DESIGN §7. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jindang.demo_comparison import Comparison
from jindang.demo_scans import HELD, District, Page, PageKey, Rescan

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kill:
    """What lay where when node and hub were killed; sizes in bytes.

    `arrived` of the batch's `batch_bytes` was durable at the hub; `resumed` travelled afterwards; `others_s` is how long the other node, which was not
    killed, needed to come through.
    """

    arrived: int
    batch_bytes: int
    resumed: int
    others_s: float
    both_ran: bool


@dataclass(frozen=True, slots=True)
class NodeRuns:
    """What one node said: its runs in order, its status, findings and doctor at the end; `cut_bytes` of a run that was killed."""

    district: District
    runs: Sequence[Answer]
    status: Answer
    findings: Sequence[Answer]
    doctor: Answer
    cut_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the report: counts of records unless named otherwise, sizes in bytes."""

    name: str
    records: int
    pages: int
    bytes_source: int
    bytes_sent: int
    receipted: int
    opened: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, and whether it does."""

    what: str
    good: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the demo saw."""

    nodes: Sequence[NodeRuns]
    hub_status: Answer
    hub_doctor: Answer
    hub_object_bytes: int
    rescan: Rescan
    rescan_run: Answer
    kill: Kill
    scans: Mapping[PageKey, Page]
    comparison: Comparison
    manifest_faults: Sequence[str]
    seconds: Sequence[tuple[str, float]]
    """(step, how long it took) in order."""

    @property
    def total_seconds(self) -> float:
        """From the first step to the last."""
        return sum(seconds for _, seconds in self.seconds)


def figures(report: Report, node: NodeRuns) -> Figures:
    """The line of one node. A record counts as receipted when every version of it is."""
    due = {
        key: page for key, page in report.scans.items() if page.district == node.district.name and key[0] not in HELD
    }
    records = len({code for code, _ in due})
    versions = records + (report.rescan.district == node.district)

    def have(grade: str) -> int:
        return max(0, records - versions + sum(int(run[grade]) for run in node.runs))

    return Figures(
        name=node.district.name, records=int(node.status["records"]), pages=int(node.status["pages"]),
        bytes_source=sum(page.size for page in due.values()), bytes_sent=node.cut_bytes + sum(int(run["bytes_sent"]) for run in node.runs),
        receipted=have("receipted"), opened=have("opened"), quarantined=int(node.status["quarantined"]),
    )  # fmt: skip


def total(name: str, lines: Sequence[Figures]) -> Figures:
    """The sum of several lines."""
    return Figures(
        name, sum(f.records for f in lines), sum(f.pages for f in lines), sum(f.bytes_source for f in lines),
        sum(f.bytes_sent for f in lines), sum(f.receipted for f in lines), sum(f.opened for f in lines), sum(f.quarantined for f in lines),
    )  # fmt: skip


def sent_again(node: NodeRuns) -> int:
    """Bytes that a node sent beyond what it sealed: questions and answers, and what was under way when a line broke."""
    return node.cut_bytes + sum(int(run["bytes_sent"]) for run in node.runs) - int(node.status["bytes_stored"])


def held_findings(nodes: Sequence[NodeRuns]) -> list[tuple[str, str, Answer]]:
    """(node, code, finding) of every sample record that must be held and is, for the reason expected."""
    return [
        (node.district.name, code, finding)
        for node in nodes
        for code, reason in HELD.items()
        for finding in node.findings
        if finding["code"] == reason and code in str(finding["path"]).split("/")
    ]


def checks(report: Report) -> list[Check]:
    """What must hold for the demo to have gone well; the wording is shown when one does not."""
    lines = [figures(report, node) for node in report.nodes]
    due = {code for code, _ in report.scans if code not in HELD}
    by_name = {str(node["name"]): node for node in report.hub_status["nodes"]}
    stored = sum(int(node.status["bytes_stored"]) for node in report.nodes)
    same = all(
        (by_name[f.name]["records"], by_name[f.name]["pages"]) == (f.records, f.pages)
        for f in lines
        if f.name in by_name
    )
    held = {code for _, code, _ in held_findings(report.nodes)}
    kill, rescan, run = report.kill, report.rescan, report.rescan_run
    return [
        Check("应到的件全部在节点登记", sum(f.records for f in lines) == len(due)),
        Check("每件都有回执（已收存）", all(f.receipted == f.records for f in lines)),
        Check("每件都已验读", all(f.opened == f.records for f in lines)),
        Check("中心的件数、页数与各节点一致", same and len(by_name) == len(lines)),
        Check("改一页只成一个新版本，只送这一页", run["records"] == 1 and 0 < run["bytes_sent"] < rescan.record_bytes),
        Check("传到一半时节点与中心确被 kill -9", kill.both_ran and 0 < kill.arrived < kill.batch_bytes),
        Check("恢复后只补传余下的", 0 < kill.resumed < kill.batch_bytes),
        Check("每个加封对象在中心恰有一份", report.hub_object_bytes == stored),
        Check("没有丢失、不一致或多出的页", report.comparison.good and report.comparison.equal > 0),
        Check("导出的 manifest-sha256.txt 与所见一致", not report.manifest_faults),
        Check("该拦下的都在待处理，并说明原因", held == set(HELD)),
        Check("体检全部正常", all(bool(d["ok"]) for d in (report.hub_doctor, *(node.doctor for node in report.nodes)))),
    ]


def summary(report: Report) -> dict[str, Any]:
    """The JSON object of `jindang demo` (DESIGN §7)."""
    whole = total("", [figures(report, node) for node in report.nodes])
    return {
        "records": whole.records, "pages": whole.pages, "bytes_source": whole.bytes_source, "bytes_sent": whole.bytes_sent,
        "receipted": whole.receipted, "opened": whole.opened, "lost": len(report.comparison.lost),
        "mismatched": len(report.comparison.mismatched) + len(report.comparison.leaked), "seconds": round(report.total_seconds, 1),
    }  # fmt: skip
