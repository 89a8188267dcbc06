"""What the console asks of a node beyond what commands ask: the day, the log of nights, lists of a hundred thousand, undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import sheet

from holdings import fonds
from holdings.errors import FindingTaken, NotFound
from holdings.fonds import Fonds
from node import days, nights, schedule, vitality
from node.daemon import Daemon
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.service import Service
from sync.errors import LinkLost
from sync.sandbox import Sandbox

A, B = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2))
DAY_S = 86_400


@dataclass
class Asked:
    """A service over an open home."""

    work: NodeAtWork
    engine: Engine
    node: Service

    def one(self, code: str) -> int:
        """The id of the one finding of a code that waits."""
        [item] = [item for item in self.node.quarantine_list()["items"] if item["code"] == code]
        return int(item["id"])


@pytest.fixture
def asked(tmp_path: Path, sandbox: Sandbox) -> Iterator[Asked]:
    """A node with one sealed record, and one whose page count differs."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2, B: 3})
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "2"}})
    work.scans.set_age(work.clock.time, 2 * DAY_S)
    with work.opened() as engine:
        engine.run(settle_s=0.0, send=False)
        yield Asked(work, engine, Service(engine))


def test_the_day_adds_up(asked: Asked) -> None:
    """Figures of 今日 agree with status, with the list of findings, and with the difference to yesterday."""
    vitality.begin(asked.engine)
    vitality.tick(asked.engine)
    today = asked.node.console_today()
    status = asked.node.status()
    # What only status tells beside the figures of the day: reading, the search index, vectors.
    same = set(status) - {"free_bytes", "read_bytes", "sent_bytes", "reading", "search", "meaning"}
    assert {name: today[name] for name in same} == {name: status[name] for name in same}
    assert (today["today"], today["records"], today["cut"]) == ({"records": 1, "pages": 2}, 1, None)
    assert sum(today["findings"].values()) == len(asked.node.quarantine_list()["items"])
    [place] = today["places"]
    assert (place["name"], sum(place["states"].values()), place["uncleared"]) == ("扫描", 2, False)
    asked.work.clock.time += DAY_S
    vitality.tick(asked.engine)
    assert asked.node.console_today()["today"] == {"records": 0, "pages": 0}


def test_the_day_is_told_by_scanning_station(tmp_path: Path, sandbox: Sandbox) -> None:
    """A station is the folder that names it, else the one registered for the delivery, else the scan folder; yesterday's looks are no part of today."""
    work = make(tmp_path, sandbox)
    for place, code, pages in (("扫描站1/第01批", A, 2), ("扫描站2/第02批", B, 3), ("散件", "J001-WS·2011·Y·BGS-0090", 1)):
        work.scans.rows({code: {"页数": "2"}}, place)
        work.scans.record(f"{place}/{code}", pages, pages)
    work.scans.set_age(work.clock.time, 2 * DAY_S)

    def told(node: Service) -> dict[str, tuple[int, int, int, int]]:
        named = [one for place in node.console_today()["places"] for one in place["stations"]]
        return {one["name"]: (one["today"], one["files"], one["waiting"], one["quarantined"]) for one in named}

    with work.opened() as engine:
        node = Service(engine)
        engine.run(settle_s=0.0, send=False)
        assert told(node) == {"扫描站1": (1, 2, 0, 0), "扫描站2": (1, 0, 1, 0), "扫描": (1, 0, 1, 0)}
        node.delivery_describe("扫描/散件", stations=["三站"])
        assert "三站" in told(node)
        work.clock.time += DAY_S
        assert told(node) == {}


def test_a_cut_is_told_and_a_clean_end_is_not(asked: Asked) -> None:
    """A start after `end` knows of no cut; a start after a sign of life knows when that was and when it came back."""
    vitality.begin(asked.engine)
    vitality.tick(asked.engine)
    vitality.end(asked.engine)
    vitality.begin(asked.engine)
    assert asked.node.console_today()["cut"] is None
    seen = int(asked.work.clock.time)
    asked.work.clock.time += 7200
    vitality.begin(asked.engine)
    assert asked.node.console_today()["cut"] == {"at": seen, "back": seen + 7200}


def test_a_daemon_that_stops_leaves_no_sign_of_life(asked: Asked) -> None:
    """The loop `live` notes the day at once and takes its sign back when it ends."""
    daemon = Daemon(asked.engine, lambda _: None, 0.0)
    daemon.stop()
    daemon.live()
    assert vitality.last_cut(asked.engine.home.database.read()) is None
    assert [one.records for one in days.newest(asked.engine.home.database.read())] == [1]


@pytest.mark.parametrize(
    ("stored", "free", "left"),
    [
        ([100], 1000, None),
        ([300, 100], 1000, 5),
        ([100, 100], 1000, None),
        ([100, 300], 1000, None),
        ([700, 400, 100], 0, 0),
    ],
)
def test_the_disk_lasts_as_long_as_it_grows(stored: list[int], free: int, left: int | None) -> None:
    """Free bytes over the growth of a day; nothing is forecast from one day or from no growth."""
    noted = [days.Day(f"2026-05-{30 - n:02d}", 0, 0, size, 0, 0) for n, size in enumerate(stored)]
    assert days.days_left(noted, free) == left


def test_nights_are_written_down_once_each(asked: Asked) -> None:
    """What brought nothing is no night; equal failures are one line with a count; a success begins a new one."""
    home = asked.engine.home
    with home.database.transaction() as connection:
        nights.note(connection, 1, 2, 0, 0, 0)
        for at in (10, 20, 30):
            nights.note(connection, at, at + 1, 5, 0, 0, "连不上")
        nights.note(connection, 40, 45, 100, 2, 1)
        nights.note(connection, 50, 51, 0, 0, 0, "连不上")
    told = [(n.began, n.ended, n.tries, n.bytes, n.fault) for n in nights.newest(home.database.read())]
    assert told == [(50, 51, 1, 0, "连不上"), (40, 45, 1, 100, ""), (10, 31, 3, 15, "连不上")]


def test_a_conversation_that_fails_is_noted_and_raised(asked: Asked) -> None:
    """The failure stands in the log of nights with its words, and goes on to the caller."""
    with pytest.raises(LinkLost, match="断了"):
        nights.noted(asked.engine, lambda: (_ for _ in ()).throw(LinkLost("断了")))
    assert [n["fault"] for n in asked.node.console_line()["nights_log"]] == ["断了"]


@pytest.mark.parametrize(
    ("windows", "hour", "begins", "ends"),
    [(["mon-sun 20:00-07:00"], 12, 20, 31), (["mon-sun 20:00-07:00"], 22, 20, 31), (["mon-sun 20:00-07:00"], 3, -4, 7), (["mon-sun 12:00-13:30"], 14, 36, 37.5)],
)  # fmt: skip
def test_the_window_that_is_or_will_be_open(windows: list[str], hour: int, begins: float, ends: float) -> None:
    """The open window, else the next one; hours count from midnight of a Wednesday."""
    midnight = datetime(2026, 5, 20, tzinfo=UTC)
    found = schedule.following(tuple(map(schedule.parse, windows)), midnight + timedelta(hours=hour))
    assert found == (midnight + timedelta(hours=begins), midnight + timedelta(hours=ends))


def test_the_long_list_is_numbers_and_rows(asked: Asked) -> None:
    """All that waits comes as numbers, errors first, narrowed as asked; rows come by number and pass over what is not there."""
    found = asked.node.quarantine_numbers()
    listed = {item["id"]: item for item in asked.node.quarantine_list()["items"]}
    assert sorted(found["numbers"]) == sorted(listed)
    assert sum(kind["count"] for kind in found["kinds"]) == len(listed)
    assert asked.node.quarantine_rows([*listed, 99_999])["items"] == list(listed.values())
    number = asked.one("page-count-differs")
    assert asked.node.quarantine_numbers(code="page-count-differs", place="0002")["numbers"] == [number]
    assert asked.node.quarantine_numbers(severity="warning")["numbers"] == [number]
    assert asked.node.quarantine_numbers(place="没有")["numbers"] == []
    asked.node.quarantine_claim(number, "张三")
    assert asked.node.quarantine_numbers(claimed_by="张三")["numbers"] == [number]


def test_values_are_judged_before_they_are_mended(asked: Asked) -> None:
    """The row is shown as it stands, and a judgement says what a mend would refuse without changing anything."""
    number = asked.one("page-count-differs")
    assert {"name": "页数", "value": "2"} in asked.node.quarantine_row(number)["elements"]
    assert asked.node.quarantine_judge(number, {"页数": "3"})["refused"] == {}
    assert set(asked.node.quarantine_judge(number, {"密级": "", "档号": "x", "题名": "新"})["refused"]) == {
        "密级",
        "档号",
    }
    assert {"name": "页数", "value": "2"} in asked.node.quarantine_row(number)["elements"]


@pytest.mark.parametrize("act", ["claim", "set_aside", "waive", "mend"])
def test_the_newest_act_can_be_taken_back_by_who_did_it(asked: Asked, act: str) -> None:
    """After undo the finding waits as before, is counted as before, and the row says what the sheet says; nobody else may undo, and not twice."""
    number, before = asked.one("page-count-differs"), asked.node.status()["quarantined"]
    given = {"waive": {"reason": "原件如此"}, "mend": {"values": {"页数": "3"}}}.get(act, {})
    getattr(asked.node, f"quarantine_{act}")(number, by="张三", **given)
    with pytest.raises(FindingTaken, match="张三"):
        asked.node.quarantine_undo(number, "李四")
    shown = asked.node.quarantine_undo(number, "张三")
    assert (shown["state"], shown["history"][-1]["act"], asked.node.status()["quarantined"]) == ("open", "撤销", before)
    assert {"name": "页数", "value": "2"} in asked.node.quarantine_row(number)["elements"]
    with pytest.raises(NotFound, match="没有可撤销"):
        asked.node.quarantine_undo(number, "张三")


def test_a_page_left_out_comes_back_by_undo(asked: Asked) -> None:
    """A page whose finding was answered with 删除该页 is there again after undo."""
    asked.work.scans.put(B, {"0009.jpg": b""})
    asked.engine.run(settle_s=0.0, send=False)
    number = asked.one("empty-file")
    asked.node.quarantine_drop(number, "张三")
    assert len(asked.node.page_acts()["pages"]) == 1
    assert asked.node.quarantine_undo(number, "张三")["undone"] == "删除该页"
    assert asked.node.page_acts()["pages"] == []


def test_many_are_done_in_one_step(asked: Asked) -> None:
    """What can be done is done; what refuses says why and stops nothing."""
    number = asked.one("page-count-differs")
    done = asked.node.quarantine_many("waive", [number, 99_999], "张三", "原件如此")
    assert (done["done"], [one["id"] for one in done["refused"]]) == (1, [99_999])
    assert asked.node.quarantine_numbers(code="page-count-differs")["numbers"] == []


def test_preferences_are_a_persons_own(asked: Asked) -> None:
    """Language and theme stay with their person; unknown languages are refused; the target has a default."""
    assert asked.node.console_prefer("张三", "en", "ink") == {"language": "en", "theme": "ink"}
    assert asked.node.console_preferences("李四") == {"language": "", "theme": ""}
    with pytest.raises(ConfigurationWrong):
        asked.node.console_prefer("张三", "fr")
    assert asked.node.console_target(5000)["target_pages"] == asked.node.console_today()["target_pages"] == 5000
    assert asked.node.console_target(0)["target_pages"] == 1_000_000


def test_deliveries_come_with_what_their_folders_stand_at(asked: Asked) -> None:
    """The list of deliveries has the same deliveries as the plain verb, each with its places by state."""
    [one] = asked.node.console_deliveries()["deliveries"]
    [plain] = asked.node.deliveries()["deliveries"]
    assert plain.items() <= one.items()
    assert sum(one["states"].values()) == 2


def test_a_delivery_whose_sheet_came_from_elsewhere_counts_its_folders(tmp_path: Path, sandbox: Sandbox) -> None:
    """Folders below a delivery belong to it though no sheet lies beside them; its findings are counted, those of the delivery around it are not."""
    work = make(tmp_path, sandbox)
    codes = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2, 3)]
    for seed, code in enumerate(codes, 1):
        work.scans.record(f"第03批/{code}", 2, seed)
    elsewhere = tmp_path / "目录.csv"
    elsewhere.write_bytes(sheet({code: {"页数": "2"} for code in codes[:2]}))
    with work.opened() as engine:
        node = Service(engine)
        engine.run(settle_s=0.0, send=False)
        node.catalogue_import([str(elsewhere)], delivery_name="扫描/第03批")
        engine.run(settle_s=0.0, send=False)
        told = {one["name"]: one for one in node.console_deliveries()["deliveries"]}["扫描/第03批"]
        assert told["states"] == {"SEALED": 2, "HELD": 1}
        assert told["findings"] == 1
        quarantine_of = {item["code"] for item in node.quarantine_list()["items"]}
        assert quarantine_of == {"no-row"}


def test_branches_of_the_tree_have_names(asked: Asked) -> None:
    """A fonds that is registered stands with its name, a part of a code with what it means; any other branch has none."""
    assert [one["title"] for one in asked.node.console_tree("")["items"]] == [""]
    with asked.engine.home.database.transaction() as connection:
        fonds.put(connection, Fonds(code="J001", name="和平区民政局"), 1)
    titles, prefix = [], ""
    while True:
        [one] = asked.node.console_tree(prefix)["items"][:1]
        titles.append(one["title"])
        prefix = one["key"]
        if one["leaf"]:
            break
    assert titles[:4] == ["和平区民政局", "文书", "", "永久"]
