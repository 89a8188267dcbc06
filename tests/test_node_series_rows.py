"""Rows of the series and fonds levels: catalogued, found and shown as what they are; no image of them is ever missing."""

from __future__ import annotations

import json
from pathlib import Path

from hub_in_thread import running
from node_at_work import make
from scan_tree import pages, sheet

from holdings import catalogue, code_survey, fonds_tally
from node.commands_search import _shown as node_prose
from node.service import Service
from sync.sandbox import Sandbox

SERIES, SHORTER, NAMED, FONDS, ITEM = "J001-WS·2021·D10", "J001-WS·2021·D30", "J001-2", "J001", "J001-WS·2021·D10-0001"
COLUMNS = ("档号", "题名", "责任者", "成文日期", "密级", "页数", "著录层级")
ROWS = {
    FONDS: {"题名": "和平区人民政府", "著录层级": "全宗级"},
    SERIES: {"题名": "十年期文书"},
    SHORTER: {"题名": "三十年期文书"},
    NAMED: {"题名": "第二目录民政", "著录层级": "类别级"},
    ITEM: {"题名": "十年期通知", "页数": "1"},
}


def test_series_rows_at_a_node(tmp_path: Path, sandbox: Sandbox) -> None:
    """They are stored with their level, found by it, shown as having no images of their own, and neither missing images nor gaps nor
    odd codes are said of them; their folders hold records, and pages that lie in them directly are nobody's."""
    work = make(tmp_path, sandbox)
    work.scans.put("", {"目录.csv": sheet(ROWS, COLUMNS)})
    work.scans.put(ITEM, pages(1))
    work.clock.time += 86_400
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        service.delivery_submit("扫描", "赵工")
    work.intake()
    assert list(work.current()) == [ITEM]
    assert work.findings() == []
    with work.opened() as engine:
        service, reading = Service(engine), engine.home.database.read()
        levels = {
            level: {hit["ref"] for hit in service.search("", filters=[f"层级={level}"])["hits"]}
            for level in ("全宗", "类别", "件")
        }
        assert levels == {"全宗": {FONDS}, "类别": {SERIES, SHORTER, NAMED}, "件": {ITEM}}
        shown = service.show(ref=SERIES)
        assert (shown["level"], shown["title"], shown["custody"]) == ("类别", "十年期文书", "本级不带图像")
        assert "尚无图像" not in node_prose(shown, with_text=False, whole=False)
        assert catalogue.delivery_rows(reading, "扫描")[:2] == (5, 0)
        assert code_survey.survey(reading).codes == 1
        assert fonds_tally.read(reading, "J001")[fonds_tally.FondsCount.CATALOGUED] == 1
    work.scans.put(SERIES, pages(1, seed=7))
    work.intake()
    assert [code for code, _ in work.findings()] == ["no-row"]
    assert list(work.current()) == [ITEM]


def test_series_folders_hold_records_of_a_layout(tmp_path: Path, sandbox: Sandbox) -> None:
    """A folder named by a series is no record: those below it are."""
    work = make(tmp_path, sandbox)
    work.scans.put("", {"目录.csv": sheet(ROWS, COLUMNS)})
    work.scans.put(f"{SERIES}/{ITEM}", pages(1))
    work.intake()
    assert (list(work.current()), work.findings()) == ([ITEM], [])


def test_series_rows_at_a_hub(tmp_path: Path) -> None:
    """A hub lists, finds and shows them by the same rule; a second import changes nothing."""
    file = tmp_path / "目录.csv"
    file.write_bytes(sheet(ROWS, COLUMNS))
    with running(tmp_path / "hub") as hub:
        desk = hub.hub.desk
        told = [
            json.loads(b"".join(desk.stream("catalogue_import", files=[str(file)])).splitlines()[-1])["result"]
            for _ in range(2)
        ]
        assert [(one["added"], one["unchanged"]) for one in told] == [(5, 0), (0, 5)]
        found = {hit["ref"]: hit["level"] for hit in desk.call("search", query="文书", filters=["层级=类别"])["hits"]}
        assert found == {SERIES: "类别", SHORTER: "类别"}
        shown = desk.call("show", ref=NAMED)
        assert (shown["level"], shown["custody"]) == ("类别", "本级不带图像")
