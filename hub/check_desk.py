"""The desk's words about the four-property checks: run them, tell what they said, make their reports (holdings/check_report.py)."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final, Literal

from holdings import check_report, check_store, records
from holdings.check import Stage, Verdict, hub_virus_scan
from holdings.check_facts import Service
from holdings.check_report import Declared
from holdings.record import title
from holdings.report_page import Heading
from hub.check_run import HandoverChecks
from hub.desk import Answer, Number
from hub.errors import NotAllowed
from hub.home import Home
from hub.reception_formalities import formalities
from hub.vault import Vault
from hub.virus_scan import VirusScan

StageName = Literal["YJ", "CQ"]
PORTION: Final = 200
NO_VIRUS_SERVICE: Final = Service(Verdict.UNTESTED, "未能查毒：市级中心没有设置查毒服务")


class CheckDesk:
    """The hub runs YJ and CQ; GD is a node's."""

    def __init__(self, home: Home, vault: Vault) -> None:
        self._home, self._vault = home, vault

    def check_run(self, stage: StageName = "YJ", ref: str = "", images: bool = False, limit: Number = PORTION) -> Answer:
        """Check one record, or what was folded since the last time, at most `limit` records; `waiting` says that there is more."""
        with closing(HandoverChecks(self._home, self._vault, images=images)) as checks:
            done = checks.one(Stage(stage), ref) if ref else checks.pending(Stage(stage), limit)
        verdicts = {verdict.label: done.verdicts[verdict] for verdict in Verdict}
        return {"records": done.records, "pages": done.pages, "bytes": done.bytes, "waiting": done.waiting, "verdicts": verdicts}

    def check_restart(self, stage: StageName) -> Answer:
        """Begin a new round."""
        with closing(HandoverChecks(self._home, self._vault, images=False)) as checks:
            checks.restart(Stage(stage))
        return {"stage": stage}

    def check_report(self, ref: str = "", node: str = "", delivery: str = "", stage: StageName = "YJ", by: str = "") -> dict[str, Any]:
        """The report of a record, or of a delivery of one node."""
        reading = self._home.holdings.read()
        heading = Heading(self._home.genesis.name, by, self._home.clock.wall(), "jindang")
        if ref:
            record = records.resolve(reading, ref)
            run = check_store.latest(reading, record.id, Stage(stage), record.writer)
            if run is None:
                raise NotAllowed(f"“{record.ref}”还没有检测过；请执行 jindang hub check run --ref {record.ref}")
            return check_report.record_report(run, title(records.body(reading, record)), heading, self._home.site)
        if not (node and delivery):
            raise NotAllowed("请指明一条档案（--ref），或节点和批次。")
        runs = check_store.of_delivery(reading, delivery, Stage(stage), node)
        declared = Declared(hand_over=formalities(reading, node, delivery)) if stage == Stage.HANDOVER.value else Declared()
        return check_report.delivery_report(delivery, Stage(stage), runs, declared, self._virus(), heading, None, self._home.site)

    def _virus(self) -> Service:
        address = hub_virus_scan(self._home.site)
        return VirusScan(address).service(self._home.clock.wall()) if address else NO_VIRUS_SERVICE
