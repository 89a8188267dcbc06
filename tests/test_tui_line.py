"""What the city told this node, as a person meets it at the console: directives, returned records; packs on their way; the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from city import City
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from textual.widgets import Input
from told_city import WORD, A, B, report_three

from holdings.directive_wish import Correction, Notice
from node.flight import Flights
from node.service import Service
from sync.sandbox import Sandbox
from tui.page_line import flying, whole


def test_what_the_city_told_is_seen_and_answered(tmp_path: Path, sandbox: Sandbox) -> None:
    """A notice, a returned record with reason, round and date, and a proposed correction that is agreed to by a key; the answer waits for the next contact."""
    city = City(tmp_path, sandbox).open_hub().join()
    try:
        told = report_three(city)
        told.issue(Notice("年终检查", "请于年底前核对页数", WORD))
        told.issue(told.returned(A))
        told.issue(Correction(told.subject(B).record, 1, (("题名", "更正后的题名"),), "错字", WORD))
        told.sync()
    finally:
        city.close()

    async def story(seat: Seat) -> None:
        await seat.app.enter("line")
        await seat.settled()
        await seat.press("d")
        seen = seat.seen()
        assert all(word in seen for word in ("中心指令  待执行", "年终检查", "退回待改 1", "? 待执行", "已执行", "修改建议"))
        await seat.press("home", "a")
        await seat.press("ctrl+s")
        assert "? 待执行" not in seat.seen()
        await seat.press("enter")
        assert "更正后的题名" in seat.seen()
        await seat.press("escape", "escape", "3", "t")
        seen = seat.seen()
        assert all(word in seen for word in ("退回整改  待改 1", A, "2027-01-15", "? 待改", "W02", "0001.jpg", "请改正后重新收入"))
        await seat.press("enter")
        assert "2 页" in seat.seen() or "0001.jpg" in seat.seen()

    with serving(city.work):
        sit(city.work.path, story, size=(160, 48))


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """A node with one record that waits."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2})
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def test_the_calendar_and_a_release_that_is_asked_twice(daemon: Daemon) -> None:
    """c shows each coming day with its windows; m asks for the delivery and then once more, and a report's node is told that it gives nothing over."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("line")
        await seat.settled()
        await seat.press("c")
        seen = seat.seen()
        assert all(word in seen for word in ("传输日历  31 天", "工作日", "周末", "20:00-07:00"))
        await seat.press("escape", "m")
        seat.app.screen.query(Input).first().value = "扫描"
        await seat.press("ctrl+s")
        assert "移出批次“扫描”？" in seat.seen()
        await seat.press("y")
        assert "不能办理" in seat.seen()

    sit(daemon.work.path, story)


def test_holidays_and_worked_weekends_are_told_from_the_calendar(daemon: Daemon) -> None:
    """National Day is free on a weekday, and the weekend that is worked for it is worked."""
    daemon.work.clock.time = 1_759_200_000.0  # 30 September 2025
    days = {day["date"]: day for day in Service(daemon.engine).console_calendar(16)["days"]}
    assert (days["2025-10-01"]["kind"], days["2025-10-01"]["moved"]) == ("free", True)
    assert (days["2025-10-11"]["kind"], days["2025-10-11"]["moved"]) == ("work", True)
    assert (days["2025-10-09"]["kind"], days["2025-10-09"]["known"]) == ("work", True)


def test_packs_on_their_way_are_told_with_rate_and_time_left() -> None:
    """Each pack has its bar, a pack that begins again is told from there, one that has arrived no more; the rate is that of the last ten seconds."""
    now = [100.0]
    flights = Flights(lambda: now[0])
    flights.begin(b"\xab" * 32, 8_000_000, 0)
    flights.begin(b"\xcd" * 32, 4_000_000, 1_000_000)
    flights.moved(b"\xab" * 32, 2_000_000)
    now[0] += 2.0
    flights.moved(b"\xcd" * 32, 1_000_000)
    assert [(one.offset, one.length) for one in flights.now()] == [(2_000_000, 8_000_000), (2_000_000, 4_000_000)]
    assert flights.rate() == 12_000_000
    packs = [{"name": one.name.hex()[:12], "length": one.length, "offset": one.offset} for one in flights.now()]
    said = flying({"packs": packs, "rate_now": flights.rate(), "rate": 1, "bytes": 12_000_000}).plain
    assert all(word in said for word in ("abababababab", "25.0%", "50.0%", "2.0 MB / 8.0 MB", "12.0 Mbit/s", "约需"))
    flights.end(b"\xab" * 32)
    now[0] += 11.0
    assert (len(flights.now()), flights.rate()) == (1, 0)


def test_a_night_is_told_as_it_went() -> None:
    """One that succeeded says so and asks for nothing; one that failed says why and that nothing need be done."""
    one = {"began": 1_700_000_000, "ended": 1_700_000_100, "fault": "", "tries": 1, "bytes": 5, "receipted": 2, "opened": 1}
    good, bad = whole(one).plain, whole(one | {"fault": "连不上"}).plain
    assert "成功" in good
    assert "办法" not in good
    assert "! 连不上" in bad
    assert "自动补传" in bad
