"""Reports of the four-property checks, for a record and for a delivery: JSON as built here, HTML by templates/, PDF by holdings/check_report_pdf.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from holdings.check import CheckCode, CheckResult, Property, Scope, Stage, Verdict, registry, worst
from holdings.check_facts import NOT_LOOKED, Service
from holdings.check_store import Run
from holdings.code_series import SeriesFault, series
from holdings.report_page import Heading, render
from holdings.site_data import NO_SITE, SiteData

Report = dict[str, Any]
"""JSON values only; `kind` is record or delivery."""

LISTED_MAX: Final = 5_000  # findings listed in one report; all are counted
SERIES_MAX: Final = 200


class Declared(Struct, frozen=True):
    """What a 移交清册 declares of a delivery, None where it says nothing; `evidence` the description files that came with it; `hand_over` what
    the papers of the hand-over 移交手续 say (holdings/check_handover.py)."""

    items: int | None = None
    bytes: int | None = None
    evidence: tuple[str, ...] = ()
    hand_over: Service = NOT_LOOKED


def record_report(run: Run, title: str, heading: Heading, site: SiteData = NO_SITE) -> Report:
    """The report of one record's newest run: every code of the stage with its verdict, and every finding with its clause."""
    codes = [code for code in registry(run.stage, site) if code.scope is Scope.RECORD]
    found = {code.code: [r for r in run.results if r.code == code.code] for code in codes}
    rows = [_row(code, found[code.code]) for code in codes]
    return {
        "kind": "record", "ref": run.ref, "title": title, "delivery": run.delivery, "version": run.version, "stage": run.stage.value,
        "stage_label": run.stage.label, "verdict": overall(rows), "pages": run.pages, "bytes": run.bytes, "pictures": run.pictures,
        "checked": heading.when(run.time), **heading.facts(), "counts": _counts(rows), "checks": rows,
        "findings": [_finding(code, one) for code in codes for one in found[code.code] if one.verdict is not Verdict.PASSED],
    }  # fmt: skip


def delivery_report(
    delivery: str, stage: Stage, runs: Iterable[Run], declared: Declared, virus: Service, heading: Heading, expected: int | None = None, site: SiteData = NO_SITE,
) -> Report:  # fmt: skip
    """The report of a delivery: one verdict for each code over all its records, and the findings of all, in the order of their codes.

    `expected` records of the delivery; those without a run are said to be 未检测.
    """
    codes = registry(stage, site)
    by_code: dict[str, Counter[Verdict]] = {code.code: Counter() for code in codes}
    known = {code.code: code for code in codes}
    totals: Counter[str] = Counter()
    standing: Counter[Verdict] = Counter()
    findings: list[dict[str, str]] = []
    more = 0
    refs: list[str] = []
    for run in runs:
        totals.update(records=1, pages=run.pages, bytes=run.bytes, without_pictures=int(not run.pictures))
        standing[run.verdict] += 1
        refs.append(run.ref)
        for code, results in _grouped(run.results).items():
            if code in by_code:
                by_code[code][worst(r.verdict for r in results)] += 1
        for one in run.results:
            if one.verdict in (Verdict.FAILED, Verdict.PERSON) and one.code in known:
                more += 1
                if len(findings) < LISTED_MAX:
                    findings.append({"ref": run.ref, **_finding(known[one.code], one)})
    whole = _of_delivery(declared, totals, virus, expected)
    rows = [_whole_row(code, whole, by_code[code.code]) for code in codes]
    return {
        "kind": "delivery", "delivery": delivery, "stage": stage.value, "stage_label": stage.label, "verdict": overall(rows), **heading.facts(),
        "records": totals["records"], "expected": expected, "pages": totals["pages"], "bytes": totals["bytes"], "without_pictures": totals["without_pictures"],
        "standing": {verdict.label: standing[verdict] for verdict in Verdict}, "counts": _counts(rows), "checks": rows,
        "series": [f.detail for f, _ in zip(series(refs, None), range(SERIES_MAX), strict=False) if f.fault is not SeriesFault.DISORDER],
        "findings": findings, "findings_total": more,
    }  # fmt: skip


def _of_delivery(declared: Declared, totals: Counter[str], virus: Service, expected: int | None) -> dict[str, Service]:
    """Verdicts of the methods that look at a delivery as a whole."""
    lacking = (expected or 0) - totals["records"]
    part = f"；另有 {lacking} 件尚未检测" if lacking > 0 else ""

    def same(said: int | None, found: int, unit: str) -> Service:
        if said is None:
            return Service(Verdict.UNTESTED, f"没有移交清册可比，实有 {found:,} {unit}")
        detail = f"清册 {said:,} {unit}，实有 {found:,} {unit}{part}"
        return Service(Verdict.PASSED if said == found else Verdict.PERSON if lacking > 0 else Verdict.FAILED, detail)

    evidence = "、".join(declared.evidence[:6])
    files = Service(Verdict.PERSON, f"有 {evidence}，内容须由人核对") if evidence else Service(Verdict.UNTESTED, "批次内没有说明文件、目录文件")
    return {
        "total_items": same(declared.items, totals["records"], "件"), "total_bytes": same(declared.bytes, totals["bytes"], "字节"),
        "virus_service": virus, "description_files": files, "hand_over": declared.hand_over,
    }  # fmt: skip


def _whole_row(code: CheckCode, whole: dict[str, Service], seen: Counter[Verdict]) -> dict[str, Any]:
    if code.scope is Scope.DELIVERY:
        said = whole.get(code.method, Service(Verdict.UNTESTED, code.reason))
        return _printed(code, said.verdict, said.detail or code.reason)
    verdict = worst(v for v, n in seen.items() if n)
    detail = "、".join(f"{v.label} {seen[v]} 件" for v in Verdict if seen[v]) or "尚未检测"
    if not code.method:
        detail = code.reason
    return _printed(code, verdict, detail)


def _row(code: CheckCode, results: Sequence[CheckResult]) -> dict[str, Any]:
    verdict = worst(r.verdict for r in results)
    told = [r for r in results if r.verdict is verdict]
    detail = "；".join(f"{r.where}：{r.detail}" if r.where else r.detail for r in told[:3] if r.detail or r.where)
    return _printed(code, verdict, detail + (f"；共 {len(told)} 处" if len(told) > 3 else ""))


def _printed(code: CheckCode, verdict: Verdict, detail: str) -> dict[str, Any]:
    return {
        "code": code.code, "name": code.name, "property": "图像" if code.of_image else code.aspect.label, "what": code.what, "clause": code.clause,
        "verdict": verdict.label, "mark": verdict.name.lower(), "detail": detail,
    }  # fmt: skip


def _finding(code: CheckCode, one: CheckResult) -> dict[str, str]:
    return {
        "code": code.code, "name": code.name, "clause": code.clause, "verdict": one.verdict.label, "mark": one.verdict.name.lower(), "where": one.where,
        "detail": one.detail, "remedy": code.finding.remedy if code.finding and one.verdict is not Verdict.UNTESTED else "",
    }  # fmt: skip


def overall(rows: Sequence[dict[str, Any]]) -> str:
    """The verdict on the whole in words: 不通过 and 需人工判定 outweigh; what could not be checked is never called 通过."""
    said = {row["verdict"] for row in rows}
    if Verdict.FAILED.label in said:
        return Verdict.FAILED.label
    if Verdict.PERSON.label in said:
        return Verdict.PERSON.label
    untested = sum(row["verdict"] == Verdict.UNTESTED.label for row in rows)
    if untested == len(rows):
        return Verdict.UNTESTED.label
    return f"已检测的项目通过，{untested} 项未能检测" if untested else Verdict.PASSED.label


def _counts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {verdict.label: sum(row["verdict"] == verdict.label for row in rows) for verdict in Verdict}


def _grouped(results: Iterable[CheckResult]) -> dict[str, list[CheckResult]]:
    found: dict[str, list[CheckResult]] = {}
    for one in results:
        found.setdefault(one.code, []).append(one)
    return found


def html(report: Report) -> str:
    """One self-contained page: no script, no address outside, prints on A4."""
    groups = [p.label for p in Property] + ["图像"]
    return render("check_report.html", r=report, groups=groups)
