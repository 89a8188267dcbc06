"""Verbs of the four-property checks: run them, tell what they said, write their reports."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Literal

import apsw

from holdings import check_report, check_round, check_store, delivery, evidence_store, records
from holdings.check import Stage, Verdict
from holdings.check_facts import Service as Said
from holdings.check_files import NO_VIRUS_SERVICE
from holdings.check_report import Declared, Report
from holdings.check_report_files import write_report
from holdings.delivery import Delivery
from holdings.errors import NotFound
from holdings.evidence_name import EvidenceKind
from holdings.evidence_note import Total
from holdings.record import title
from holdings.report_page import Heading
from node import report
from node.check_run import CheckRun, Counts
from node.errors import ConfigurationWrong
from node.verbs import Answer, Verbs
from node.virus_scan import VirusScan

PORTION = 100
StageName = Literal["GD", "CQ"]


class CheckVerbs(Verbs):
    """The node runs GD (at archiving) and CQ (periodic); YJ is the hub's."""

    def check_run(self, stage: StageName = "GD", ref: str = "", delivery_name: str = "", images: bool = True, limit: int = PORTION) -> Answer:
        """Check one record, a delivery, or what the log brought since the last time, at most `limit` records; `waiting` says that there is more."""
        with closing(CheckRun(self._home, self._clock, self._home.site, images=images)) as checks:
            if ref:
                return _told(checks.one(Stage(stage), ref))
            if delivery_name:
                delivery.fetch(self._home.database.read(), delivery_name)
                return _told(checks.pending(Stage(stage), 1 << 40, delivery=delivery_name))
            return _told(checks.pending(Stage(stage), limit, self._engine.cancel.is_set))

    def check_restart(self, stage: StageName) -> Answer:
        """Begin a new round from the first entry of the log: the periodic check of all records."""
        with self._home.database.transaction() as connection:
            check_round.begin(connection, Stage(stage), self._seconds())
            check_store.move(connection, Stage(stage), 0)
        return {"stage": stage}

    def check_status(self) -> Answer:
        """How many records stand at each verdict, by stage."""
        reading = self._home.database.read()
        stages = {s.value: {v.label: n for v, n in check_store.counts(reading, s).items()} for s in (Stage.ARCHIVING, Stage.KEEPING)}
        return {"stages": stages, "virus_scan": self._virus().detail}

    def check_show(self, ref: str, stage: str = "") -> Answer:
        """The newest run of one record as its report."""
        return self._record(ref, Stage(stage) if stage else None, "")

    def check_report(self, destination: str, ref: str = "", delivery_name: str = "", stage: StageName = "GD", by: str = "") -> Answer:
        """Write the report of a record or of a delivery as HTML, JSON and PDF into a folder."""
        if bool(ref) == bool(delivery_name):
            raise ConfigurationWrong("请指明一条档案（--ref）或一个批次，二者取一。")
        made = self._record(ref, Stage(stage), by) if ref else self._delivery(delivery_name, Stage(stage), by)
        name = "四性检测 " + (ref or delivery_name).replace("/", "_")
        folder = Path(destination)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = write_report(made, folder, name)
        except OSError as fault:
            raise ConfigurationWrong(f"{destination} 写不进去：{fault.strerror or fault}。请换一个目标，或检查权限与空间。") from fault
        return {"files": files, "verdict": made["verdict"], "counts": made["counts"], "findings": len(made["findings"])}

    def _record(self, ref: str, stage: Stage | None, by: str) -> Report:
        reading = self._home.database.read()
        record = records.resolve(reading, ref)
        run = check_store.latest(reading, record.id, stage)
        if run is None:
            raise NotFound(f"“{record.reference_code}”还没有检测过；请执行 node check run --ref {record.reference_code}")
        return check_report.record_report(run, title(records.body(reading, record)), self._heading(by), self._home.site)

    def _delivery(self, name: str, stage: Stage, by: str) -> Report:
        reading = self._home.database.read()
        known = delivery.fetch(reading, name)
        runs = check_store.of_delivery(reading, known.name, stage)
        expected = records.delivery_totals(reading, known.name)[0]
        return check_report.delivery_report(known.name, stage, runs, _declared(reading, known), self._virus(), self._heading(by), expected, self._home.site)

    def _virus(self) -> Said:
        address = self._home.config.virus_scan
        return VirusScan(address).service(self._clock.now()) if address else NO_VIRUS_SERVICE

    def _heading(self, by: str) -> Heading:
        return Heading(self._home.identity.log.name, by, self._seconds(), report.program())


def _declared(reading: apsw.Connection, known: Delivery) -> Declared:
    """What the papers of a delivery declare, as their last verification read them (node delivery evidence)."""
    found = evidence_store.last(reading, known)
    if found is None:
        return Declared()
    exact = {check.total: check.number for check in found.totals}
    papers = tuple(file.path for file in found.files if file.kind is not EvidenceKind.CHECKSUMS)
    return Declared(exact.get(Total.RECORDS), exact.get(Total.BYTES), papers)


def _told(counts: Counts) -> Answer:
    return {
        "records": counts.records, "pages": counts.pages, "bytes": counts.bytes, "waiting": counts.waiting,
        "verdicts": {verdict.label: counts.verdicts[verdict] for verdict in Verdict},
    }  # fmt: skip
