"""Verbs about deliveries 批次: what is known of them, clearance, acceptance, withdrawal, reprocessing, evidence, reports."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import asdict

from holdings import (
    catalogue,
    declared_totals,
    delivery,
    delivery_brake,
    delivery_history,
    pass_rates,
    records,
    sample_store,
    sampling,
)
from holdings.delivery import Delivery, DeliveryAct, Particulars
from holdings.delivery_brake import Reprocessing
from holdings.delivery_report import text
from holdings.delivery_report_page import html, printed
from holdings.errors import ClearanceInvalid, DeliveryRefused
from holdings.pass_rates import Judged
from holdings.report_files import write_forms
from holdings.report_page import Heading
from holdings.sampling import percent
from node import deliveries, delivery_evidence, report, withdrawal, workload
from node.errors import ConfigurationWrong
from node.verbs import Answer, Verbs
from sync.errors import StoreError


class DeliveryVerbs(Verbs):
    """Verbs of batches. `by` is the name of who decides."""

    def clear(self, delivery_name: str, persons: list[str]) -> Answer:
        """Sign the 保密审查 of a delivery: it covers the rows that are there now."""
        with self._home.database.transaction() as connection:
            if half := catalogue.unfinished(connection, delivery_name):
                # Rows still to come bear the time at which their import began: a signature now would cover them unseen.
                raise ClearanceInvalid(f"目录表 {'、'.join(half)} 还没有导入完；请等导入结束（中断了的，重新导入）再签署保密审查")
            newest = catalogue.latest_import(connection, delivery_name)
            cleared = delivery.clear(connection, delivery_name, persons, self._seconds(), newest=newest)
            rows, _, _ = catalogue.delivery_rows(connection, delivery_name)
            self._look_again(connection)
        self._wake()
        assert cleared.clearance is not None
        said = cleared.clearance
        return {"delivery": cleared.name, "persons": list(said.persons), "time": said.time, "rows": rows}

    def deliveries(self) -> Answer:
        """Every delivery, how it stands, and who cleared it."""
        return {"deliveries": [told(one) for one in delivery.list_all(self._home.database.read())]}

    def delivery_show(self, name: str) -> Answer:
        """One delivery with its counts; the report has everything else."""
        reading = self._home.database.read()
        rows, unlinked, _ = catalogue.delivery_rows(reading, name)
        sealed, pages, size = records.delivery_totals(reading, name)
        counts = {"rows": rows, "rows_unlinked": unlinked, "records": sealed, "pages": pages, "bytes": size}
        return {**told(delivery.fetch(reading, name)), **counts}

    def delivery_report(self, name: str) -> Answer:
        """Counts, bytes, faults by rule, sampling, evidence, history; `text` is the same for paper."""
        made = deliveries.report(self._home.database.read(), name, self._seconds(), self._home.site)
        return {**msgspec.to_builtins(made), "text": text(made)}

    def delivery_report_files(self, name: str, destination: str, by: str = "") -> Answer:
        """The same, written as HTML, JSON and PDF into a folder."""
        # Imported here: it loads fonts and takes a quarter of a second.
        from holdings.delivery_report_pdf import pdf

        made = deliveries.report(self._home.database.read(), name, self._seconds(), self._home.site)
        heading = Heading(self._home.identity.log.name, by, made.made, report.program())
        words, folder = printed(made, heading), Path(destination)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = write_forms(folder, "批次报告 " + name.replace("/", "_"), html(words), msgspec.to_builtins(made), pdf(words))
        except OSError as fault:
            raise ConfigurationWrong(f"{destination} 写不进去：{fault.strerror or fault}。请换一个目标，或检查权限与空间。") from fault
        return {"files": files, "verdict": words["verdict"], "waiting": made.waiting}

    def delivery_describe(
        self,
        name: str,
        number: int | None = None,
        contractor: str | None = None,
        stations: list[str] | None = None,
        opened_by: str | None = None,
        received_by: str | None = None,
    ) -> Answer:
        """Write down number, contractor, stations and persons; what is left out stays."""
        said = Particulars(number, contractor, tuple(stations) if stations is not None else None, opened_by, received_by)
        with self._home.database.transaction() as connection:
            return told(delivery.describe(connection, name, said, self._seconds()))

    def delivery_submit(self, name: str, by: str, reason: str = "") -> Answer:
        """提交: the contractor says that all is there; after a return this begins the next round."""
        return self._move(name, DeliveryAct.SUBMIT, by, reason)

    def delivery_return(self, name: str, by: str, reason: str) -> Answer:
        """退回整改."""
        return self._move(name, DeliveryAct.RETURN, by, reason)

    def delivery_accept(self, name: str, by: str, reason: str = "") -> Answer:
        """验收通过: after a sample of this round that passed; without any sample only with a reason."""
        reading, rule = self._home.database.read(), sampling.rule(self._home.site)
        held = delivery.fetch(reading, name)
        _, _, changed = catalogue.delivery_rows(reading, name)
        if held.clearance is None or not held.clearance.covers(changed):
            raise DeliveryRefused(f"批次“{name}”的保密审查未作或未覆盖全部目录；请先 node clear")
        drawn = [one for one in sample_store.samples(reading, held) if one.round == held.round]
        results = [sample_store.judgement(reading, one, rule.pass_rate) for one in drawn]
        if any(not one.complete for one in results):
            raise DeliveryRefused(f"第 {held.round} 轮的抽检还没有检完；请先填完结论（node sample verdict）")
        rate = pass_rates.rate(results)
        if rate is not None and rate < rule.pass_rate:
            raise DeliveryRefused(
                f"第 {held.round} 轮抽检合格率 {percent(rate)}，低于 {percent(rule.pass_rate)}（DA/T 31-2017 12.2）；请退回整改"
            )
        if not results and not reason.strip():
            raise DeliveryRefused(f"第 {held.round} 轮没有抽检；请先抽检（node sample draw），确不需要的写明理由（--reason）")
        return self._move(name, DeliveryAct.ACCEPT, by, reason)

    def delivery_withdraw(self, name: str, by: str, reason: str) -> Answer:
        """撤回批次: rows and findings go, folders are not sealed; what is sealed is made void and keeps its bytes."""
        done = withdrawal.withdraw(self._engine, name, by, reason)
        self._wake()
        return done

    def delivery_reopen(self, name: str, by: str, reason: str = "") -> Answer:
        """重新收件: a withdrawn or submitted delivery takes in again."""
        held = withdrawal.reopen(self._engine, name, by, reason)
        self._wake()
        return told(held)

    def delivery_reprocess(self, name: str, begins: int, ends: int, by: str, reason: str) -> Answer:
        """Declare a 批量重处理 between two times (whole seconds UTC); 0 as `begins` is now."""
        now = self._seconds()
        said = Reprocessing(begins or now, ends, by, reason, now)
        with self._home.database.transaction() as connection:
            held = delivery.fetch(connection, name)
            delivery_brake.declare(connection, held, said, delivery_brake.rule(self._home.site))
            self._look_again(connection)
        self._wake()
        return {"delivery": name, "begins": said.begins, "ends": said.ends, "by": by, "reason": reason}

    def delivery_evidence(self, name: str, folder: str | None = None) -> Answer:
        """Verify lists of digests, notes and papers of hand-over against the files of a delivery."""
        found = delivery_evidence.verify(self._engine, name, folder)
        lines = "\n".join(delivery_evidence.shown(found))
        return {**msgspec.to_builtins(found), "ok": found.ok, "text": lines}

    def workload(self, name: str = "", contractor: str = "", destination: str = "") -> Answer:
        """工作量统计 of accepted deliveries; written as xlsx too when a file is named."""
        found = workload.statistics(self._engine, name, contractor)
        if destination:
            try:
                workload.write(Path(destination), found, f"工作量统计  {self._home.config.name}")
            except (OSError, StoreError) as fault:
                raise ConfigurationWrong(f"{destination} 写不进去：{fault}。请换一个目标，或检查权限与空间。") from fault
        return {**msgspec.to_builtins(found), "file": destination}

    def pass_rates(self) -> Answer:
        """合格率 and 一次合格率 by contractor."""
        reading, rule = self._home.database.read(), sampling.rule(self._home.site)
        drawings = [
            Judged(held.contractor, held.name, one.round, sample_store.judgement(reading, one, rule.pass_rate))
            for held in delivery.list_all(reading)
            for one in sample_store.samples(reading, held)
        ]
        rows = pass_rates.by_contractor(drawings)
        return {"contractors": [{**asdict(r), "rate": percent(r.rate), "first_rate": percent(r.first_rate)} for r in rows]}

    def _move(self, name: str, act: DeliveryAct, by: str, reason: str) -> Answer:
        with self._home.database.transaction() as connection:
            held = delivery_history.decide(connection, name, act, by, reason, self._seconds())
            if act is DeliveryAct.SUBMIT:
                declared_totals.settle(connection, name, self._seconds())
            # Submission is a sign that records are finished: the next walk judges them anew.
            self._look_again(connection)
        self._wake()
        return told(held)


def told(held: Delivery) -> Answer:
    """A delivery as JSON."""
    clearance = held.clearance
    basis: Literal["", "review", "standing"] = "" if clearance is None else ("review" if clearance.cover is not None else "standing")
    return {
        "name": held.name, "folder": held.folder, "cleared_by": list(clearance.persons) if clearance else [], "clearance": basis,
        "number": held.number, "contractor": held.contractor, "stations": list(held.stations), "state": held.state.name.lower(),
        "state_label": held.state.label, "round": held.round, "opened": held.opened, "opened_by": held.opened_by,
        "received": held.received, "received_by": held.received_by,
    }  # fmt: skip
