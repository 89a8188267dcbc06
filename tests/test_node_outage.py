"""停机报备 from the node: reported at its console or command line, told to the hub in the signed state of hello, so that silence does not alarm."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from node_and_hub import enrol
from node_at_work import make
from people_door import open_door

from holdings.errors import NotFound
from hub import alarm_store
from hub.account import Role
from hub.alarm import AlarmKind
from hub.monitor import Condition, Row
from hub.monitor_desk import MonitorDesk
from jindang.cli import main
from node import outages
from node.errors import ConfigurationWrong
from node.service import Service
from sync.sandbox import Sandbox
from tui.outage_desk import wrong

DAY = 86_400


def test_an_outage_travels_signed_and_silence_does_not_alarm(tmp_path: Path, sandbox: Sandbox) -> None:
    """Reported at the node, known to the hub from the next hello: planned, without an alarm, until it is over or ended at the node; then silent again."""
    with open_door(tmp_path / "hub") as door:
        work = enrol(tmp_path / "node", door.hub, door.hub.address, sandbox)
        desk, clock = MonitorDesk(door.hub.hub.home, door.team.people.parts), door.hub.clock

        def speak(at: int) -> None:
            work.clock.time = clock.now = at
            with work.opened() as engine:
                engine.run(settle_s=0.0)

        def look(at: int) -> tuple[Row, list[AlarmKind]]:
            clock.now = at
            [row] = desk.look(opening=True).rows
            return row, [alarm.kind for alarm in alarm_store.standing(desk.database.read())]

        # The next morning at ten in China: what begins an hour later begins on the same day, whenever the test runs.
        now = int(work.clock.time)
        now += (2 * 3_600 - now) % DAY
        with work.opened() as engine:
            made = Service(engine).outage_add(now + 3_600, now + 20 * DAY, "机房<搬迁>", "李四")["outage"]
            assert (made["number"], made["known"]) == (1, False)
        speak(now + 60)
        with work.opened() as engine:
            [one] = Service(engine).outage_list()["outages"]
            assert (one["known"], one["over"]) == (True, False)
        assert look(now + 600)[0].condition is Condition.NORMAL
        row, alarms = look(now + 15 * DAY)
        assert (row.condition, row.outage and row.outage.reason, row.nights) == (Condition.PLANNED, "机房<搬迁>", 0)
        assert AlarmKind.SILENT not in alarms
        system = door.signed_in("sys", Role.SYSTEM)
        assert system.get("/outages").says("机房<搬迁>", "李四", "节点自报", "由节点结束", "正在停机")
        assert system.get(f"/monitor/{row.log_id}").says("机房<搬迁>")
        told = door.hub.hub.desk.call("outage_list")["outages"]
        assert [(one["node"], one["number"], one["told"], one["over"]) for one in told] == [("和平区", 0, True, False)]
        row, alarms = look(now + 32 * DAY)
        assert row.condition is Condition.SILENT
        assert AlarmKind.SILENT in alarms
        speak(now + 40 * DAY)
        with work.opened() as engine:
            Service(engine).outage_add(now + 40 * DAY, now + 60 * DAY, "再停", "李四")
            Service(engine).outage_end(2, "李四")
            assert outages.to_tell(engine.home.database.read(), now + 41 * DAY) == ()
        speak(now + 41 * DAY)
        assert look(now + 50 * DAY)[0].condition is Condition.SILENT


@pytest.mark.parametrize(("begins", "ends", "reason", "by"), [
    (10, 5, "x", "李四"), (-DAY, -1, "x", "李四"), (0, 61 * DAY, "x", "李四"), (0, DAY, " ", "李四"), (0, DAY, "x", ""), (0, DAY, "x" * 201, "李四"),
    (0, DAY, "a\nb", "李四"),
])  # fmt: skip
def test_what_is_no_outage_is_refused(tmp_path: Path, sandbox: Sandbox, begins: int, ends: int, reason: str, by: str) -> None:
    """Turned round, over, too long, without reason or name: refused with what to do, and nothing is kept."""
    with make(tmp_path, sandbox).opened() as engine, engine.home.database.transaction() as connection:
        now = int(engine.clock.now())
        with pytest.raises(ConfigurationWrong):
            outages.add(connection, now + begins, now + ends, reason, by, now)
        assert outages.every(connection) == []


def test_only_so_many_stand_and_are_kept(tmp_path: Path, sandbox: Sandbox) -> None:
    """A ninth that stands is refused; of those that are over the last fifty stay; one that is over cannot be ended."""
    with make(tmp_path, sandbox).opened() as engine, engine.home.database.transaction() as connection:
        now = int(engine.clock.now())
        for at in range(8):
            outages.add(connection, now, now + DAY + at, "停电", "李四", now)
        with pytest.raises(ConfigurationWrong, match="8 条"):
            outages.add(connection, now, now + DAY, "停电", "李四", now)
        for number in range(1, 9):
            outages.end(connection, number, now)
        with pytest.raises(NotFound):
            outages.end(connection, 1, now)
        for at in range(60):
            outages.add(connection, now, now + DAY, "停电", "李四", now)
            outages.end(connection, at + 9, now)
        kept = outages.every(connection)
        assert (len(kept), kept[-1].number) == (50, 68)


def test_the_command_line(tmp_path: Path, sandbox: Sandbox) -> None:
    """`node outage add | list | end` in local time; a time that is none is exit code 2."""
    work = make(tmp_path, sandbox)

    def ask(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["node", "outage", *words, "--home", str(work.path)])
        return result.exit_code, result.stdout

    first, last = (time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + days * DAY)) for days in (1, 3))
    code, said = ask("add", "--from", first, "--to", last, "--reason", "停电检修", "--by", "李四", "--json")
    assert (code, json.loads(said)["outage"]["reason"]) == (0, "停电检修")
    assert "中心还不知道" in ask("list")[1]
    assert ask("end", "1", "--by", "李四") == (0, "停机报备 1 已结束。\n")
    assert "已结束" in ask("list")[1]
    assert ask("add", "--from", "明天", "--to", last, "--reason", "x", "--by", "y")[0] == 2
    assert ask("end", "9")[0] != 0


def test_what_is_typed_at_the_console_is_judged_at_once() -> None:
    """A time that is none, an end before the beginning or in the past is told at its field."""
    good = {"begins": "2026-12-31 17:30", "ends": "2027-01-04 08:30", "reason": "x", "by": "y"}
    assert wrong(good, 0) == {}
    assert set(wrong({**good, "begins": "31.12."}, 0)) == {"begins"}
    assert set(wrong({**good, "ends": "2026-12-30 08:30"}, 0)) == {"ends"}
    assert set(wrong(good, 4_000_000_000)) == {"ends"}
