"""Figures of a delivery: its records and pages, places on disk by state, findings by rule, drawings of its sampling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import apsw

from holdings import (
    catalogue,
    declared_totals,
    delivery,
    delivery_brake,
    delivery_history,
    evidence_store,
    pass_rates,
    quarantine,
    records,
    sample_store,
    sampling,
)
from holdings.delivery_report import DecisionLine, DeclaredLine, DeliveryReport, FaultCount, SampleSummary
from holdings.findings import FindingCode
from holdings.local_time import local_minute
from holdings.quarantine import FindingState, Listed
from holdings.record import Basis
from holdings.sample_store import Sample
from holdings.sampling import Candidate, PageVerdict, SamplingRule, percent
from holdings.site_data import SiteData
from holdings.stored_record import StoredRecord
from node import folders, part_pages
from sync import sealed
from sync.manifest import Part

PAGE = 1_000


def sealed_records(connection: apsw.Connection, name: str) -> Iterator[StoredRecord]:
    """Records of a delivery, a page at a time."""
    after = 0
    while batch := records.in_delivery(connection, name, after=after, limit=PAGE):
        yield from batch
        after = batch[-1].number


def shown_parts(connection: apsw.Connection, record: StoredRecord) -> list[Part]:
    """Files of one representation 版本用途 of a record, 存档件 before the others: each of its pages once."""
    parts = sealed.current(connection, bytes(record.id))
    uses = records.body(connection, record).uses
    if len(uses) != len(parts):
        return parts
    return [part for part, use in zip(parts, uses, strict=True) if use == min(uses)]


def candidates(connection: apsw.Connection, name: str, changed_since: int = 0) -> Iterator[Candidate]:
    """Every page of every sealed record of a delivery, record by record: what sampling draws from. A page is a file, or `file#page`
    of one that is known to have several.

    Args:
        changed_since: only records whose current version was stored then or later (whole seconds UTC).
    """
    for record in sealed_records(connection, name):
        if changed_since and records.versions(connection, record)[-1].time < changed_since:
            continue
        for part in shown_parts(connection, record):
            for page in part_pages.pages_of(connection, part):
                yield Candidate(record.reference_code, page, part.sha256)


class Belonging:
    """Which delivery a finding is about: that of its folder, else the delivery whose name its scope begins with."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._names = sorted((one.name for one in delivery.list_all(connection)), key=len, reverse=True)

    def of(self, listed: Listed) -> str | None:
        """The delivery's name; None when it is about none."""
        scope = listed.scope or listed.finding.path
        known = folders.delivery_of(self._connection, scope)
        if known is not None:
            return known
        return next((name for name in self._names if scope == name or scope.startswith((f"{name}/", f"{name}#"))), None)


def faults(connection: apsw.Connection, name: str) -> tuple[FaultCount, ...]:
    """Findings about a delivery by code, errors first."""
    belonging, counts = Belonging(connection), defaultdict[FindingCode, list[int]](lambda: [0, 0, 0])
    after = 0
    while batch := quarantine.every(connection, after=after, limit=PAGE):
        after = batch[-1].id
        for listed in batch:
            if belonging.of(listed) == name:
                at = {FindingState.WAIVED: 1, FindingState.RESOLVED: 2}.get(listed.state, 0)
                counts[listed.finding.code][at] += 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[0].severity, -pair[1][0], pair[0].slug))
    return tuple(FaultCount(code.slug, code.severity.label, code.rule, *count) for code, count in ordered)


def summary(connection: apsw.Connection, sample: Sample, rule: SamplingRule) -> SampleSummary:
    """A drawing and how it stands."""
    found = sample_store.judgement(connection, sample, rule.pass_rate)
    faults = defaultdict[str, int](int)
    for page in sample_store.pages(connection, sample):
        if page.verdict is PageVerdict.FAILED:
            known = rule.faults.get(page.fault)
            faults[f"{page.fault} {known.name}" if known else page.fault] += 1
    return SampleSummary(
        sample.id, sample.round, sample.seed, sample.unit.label, sample.scope.label, percent(sample.rate),
        sample.records, sample.pages, found.pages, found.judged, found.failed, found.records, found.records_failed,
        percent(found.rate), found.passed, sample.person, sample.drawn, dict(sorted(faults.items())),
    )  # fmt: skip


def report(connection: apsw.Connection, name: str, now: int, site: SiteData) -> DeliveryReport:
    """Everything about a delivery; NotFound when there is none."""
    held, rule = delivery.fetch(connection, name), sampling.rule(site)
    drawn = sample_store.samples(connection, held)
    results = [(one.round, sample_store.judgement(connection, one, rule.pass_rate)) for one in drawn]
    rows, bare, changed = catalogue.delivery_rows(connection, name)
    count, pages, size = records.delivery_totals(connection, name)
    clearance = held.clearance
    return DeliveryReport(
        held.name, held.number, held.contractor, held.stations, held.state.name.lower(), held.state.label, held.round,
        held.opened, held.opened_by, held.received, held.received_by, clearance.persons if clearance else (),
        clearance.time if clearance else None, clearance is not None and clearance.basis is Basis.STANDING,
        clearance is not None and not clearance.covers(changed), rows, bare, count, pages, size,
        folders.states_in(connection, name), faults(connection, name),
        tuple(summary(connection, one, rule) for one in drawn),
        percent(pass_rates.rate(found for rounds, found in results if rounds == held.round)),
        percent(pass_rates.rate(found for rounds, found in results if rounds == 1)),
        evidence_store.last(connection, held),
        tuple(
            DecisionLine(one.act.label, one.round, one.person, one.reason, one.time)
            for one in delivery_history.decisions(connection, held)
        ),
        tuple(_declared(one) for one in delivery_brake.reprocessings(connection, held)), now,
        tuple(
            DeclaredLine(sheet, one.row, one.what, one.declared, one.found, one.withheld, one.agrees, one.by_volume)
            for sheet, one in declared_totals.comparisons(connection, name)
        ),
    )  # fmt: skip


def _declared(one: delivery_brake.Reprocessing) -> str:
    """A declared reprocessing in one line."""
    begins, ends = (local_minute(t) for t in (one.begins, one.ends))
    return f"批量重处理 {begins} 至 {ends}，{one.person}（{one.reason}）"


def has_records(connection: apsw.Connection, name: str) -> bool:
    """Whether anything of a delivery is sealed and stands."""
    return bool(records.in_delivery(connection, name, limit=1))
