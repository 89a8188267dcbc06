"""Rounds of the periodic checks: when one is due, that it goes on after a break, and that node and hub run them by themselves."""

from __future__ import annotations

from pathlib import Path

import drawn_pages
import fake_clamd
import pytest
from city import City
from node_at_work import make

from holdings import check_round, check_store
from holdings.check import Stage, keeping_days
from holdings.check_round import DAY_S, Round, RoundState, state
from holdings.site_data import NO_SITE, SiteData
from hub.check_watch import HandoverWatch
from node.check_run import CheckRun
from sync.sandbox import Sandbox

REF = "J001-001-0001-00001"
COLUMNS = ("档号", "题名", "责任者", "成文日期", "密级", "页数", "保管期限", "开放状态")
FRESH = "ClamAV 1.4.6/27000/Sun Nov 22 09:00:00 2026"


@pytest.mark.parametrize(
    ("known", "now", "days", "wanted"),
    [
        (None, 0, 180, RoundState.REST),
        (Round(0, 0), 179 * DAY_S, 180, RoundState.REST),
        (Round(0, 0), 180 * DAY_S, 180, RoundState.BEGIN),
        (Round(0, 0), 180 * DAY_S, 0, RoundState.REST),
        (Round(0, None), 1, 180, RoundState.GO_ON),
        (Round(400 * DAY_S, 401 * DAY_S), 0, 180, RoundState.REST),
    ],
)
def test_when_a_round_is_due(known: Round | None, now: int, days: int, wanted: RoundState) -> None:
    """So many days after the last one began; what is under way goes on; a clock set back makes nothing due."""
    assert state(known, now, days) is wanted
    assert keeping_days(NO_SITE) > 0


def test_a_node_goes_through_its_records_by_itself(tmp_path: Path, sandbox: Sandbox) -> None:
    """After so many days every record gets a CQ run, once, and damage in a pack is a finding though no picture was measured."""
    work = make(tmp_path, sandbox)
    work.scans.put(REF, {"0001.jpg": drawn_pages.encoded(drawn_pages.page(1, lines=4))})
    work.scans.rows({REF: {"页数": "1", "保管期限": "永久", "开放状态": "开放"}}, columns=COLUMNS)
    work.intake()
    with work.opened() as engine:
        checks = CheckRun(engine.home, work.clock, SiteData(), images=False)
        reading = engine.home.database.read
        assert not checks.round(lambda: False)
        assert not sum(check_store.counts(reading(), Stage.KEEPING).values())
        work.clock.time += 200 * DAY_S
        checks.round(lambda: True)
        assert check_round.find(reading(), Stage.KEEPING) == Round(int(work.clock.time), None)
        checks.round(lambda: False)
        assert sum(check_store.counts(reading(), Stage.KEEPING).values()) == 1
        assert not checks.round(lambda: False)
        checks.close()


def test_a_hub_goes_through_its_records_by_itself_and_scans_them(tmp_path: Path, sandbox: Sandbox) -> None:
    """The watch that checks hand-overs also runs the periodic round; a clamd named in site/checks.toml is asked for every file."""
    city = City(tmp_path, sandbox).open_hub().join()
    try:
        page = drawn_pages.encoded(drawn_pages.page(2, lines=4)) + fake_clamd.VIRUS
        city.work.scans.put(REF, {"0001.jpg": page})
        city.work.scans.rows({REF: {"页数": "1", "保管期限": "永久", "开放状态": "开放"}}, columns=COLUMNS)
        city.run()
        city.hub.folded()
        hub = city.hub.hub
        with fake_clamd.clamd(tmp_path / "clamd", FRESH) as address:
            hub.home.site = SiteData((("checks.toml", f'keeping_days = 1\nvirus_scan = "{address}"\n'),))
            watch = HandoverWatch(hub.home, hub.vault, hub.folding)
            assert watch.look() == 1
            with hub.home.holdings.transaction() as connection:
                connection.execute("UPDATE check_round SET began = began - 90000")
            assert watch.look() == 1
            assert watch.look() == 0
            codes = {row["code"]: row["verdict"] for row in hub.desk.call("check_report", ref=REF, stage="CQ")["checks"]}
        assert codes["CQ-4-2"] == "不通过"
    finally:
        city.close()
