"""The desk over the quarantine: claims, conflicts and the history of what persons did."""

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings import finding_acts, quarantine, quarantine_desk
from holdings.errors import FindingTaken, NotFound
from holdings.finding_acts import CLAIM_S, ActKind
from holdings.findings import Finding, FindingCode
from holdings.quarantine import FindingState
from holdings.quarantine_desk import Operator
from sync.database import Database, open_database

GAP = Finding(FindingCode.PAGE_MISSING, "J001", "和平区/J001", "J001", "缺第 2 页")

Deed = Callable[[apsw.Connection, int, Operator], object]
DEEDS: dict[str, Deed] = {
    "claim": quarantine_desk.claim,
    "waive": lambda c, n, by: quarantine_desk.waive(c, n, by, "原件跳号"),
    "retry": quarantine_desk.retry,
    "set-aside": quarantine_desk.set_aside,
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


@pytest.fixture
def number(database: Database) -> int:
    """A finding that waits since second 100."""
    with database.transaction() as connection:
        return quarantine.put(connection, GAP, 100)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_a_claimed_finding_is_its_claimers(database: Database, number: int, deed: Deed) -> None:
    """Another operator is refused by name and nothing changes; the claimer, and one who says that he takes over, are not."""
    with database.transaction() as connection:
        quarantine_desk.claim(connection, number, Operator("张三", 200))
    with database.transaction() as connection:
        before = finding_acts.history(connection, number)
        with pytest.raises(FindingTaken, match="张三 已领取"):
            deed(connection, number, Operator("李四", 260))
        assert finding_acts.history(connection, number) == before
        assert quarantine.get(connection, number).state is FindingState.OPEN
    for by in (Operator("张三", 300), Operator("李四", 300, take_over=True)):
        with database.transaction() as connection:
            connection.execute("SAVEPOINT before")
            deed(connection, number, by)
            connection.execute("ROLLBACK TO before")


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_what_was_not_seen_is_shown_and_not_overwritten(database: Database, number: int, deed: Deed) -> None:
    """An act on what somebody has changed meanwhile is refused with his name, his act and how long ago."""
    with database.transaction() as connection:
        quarantine_desk.set_aside(connection, number, Operator("张三", 1_000))
        revision = quarantine_desk.shown(connection, quarantine.get(connection, number), 1_000).revision
        with pytest.raises(FindingTaken, match="张三 3 分钟前已搁置"):
            deed(connection, number, Operator("李四", 1_200, seen=revision - 1))
        deed(connection, number, Operator("李四", 1_200, seen=revision))


def test_a_claim_ends(database: Database, number: int) -> None:
    """By being put back, by an act, or after half a working day; setting aside keeps it."""

    def holder(now: int) -> str:
        return finding_acts.holder(database.read(), number, now)

    with database.transaction() as connection:
        quarantine_desk.claim(connection, number, Operator("张三", 200))
        quarantine_desk.set_aside(connection, number, Operator("张三", 210))
    assert (holder(220), holder(200 + CLAIM_S - 1), holder(200 + CLAIM_S)) == ("张三", "张三", "")
    with database.transaction() as connection:
        quarantine_desk.unclaim(connection, number, Operator("张三", 230))
        quarantine_desk.claim(connection, number, Operator("李四", 240))
    assert holder(250) == "李四"
    with database.transaction() as connection:
        quarantine_desk.retry(connection, number, Operator("李四", 260))
        quarantine.put(connection, GAP, 270)
    assert holder(280) == ""


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_what_is_done_is_not_done_twice(database: Database, number: int, deed: Deed) -> None:
    """An act on a finding that is closed says who closed it."""
    with database.transaction() as connection:
        quarantine_desk.waive(connection, number, Operator("张三", 200), "原件跳号")
        with pytest.raises(NotFound, match="已经处理过（张三 2 小时前已说明后放行）"):
            deed(connection, number, Operator("李四", 200 + 2 * 3_600 + 5))


@pytest.mark.parametrize("name", ["", "  ", "名" * 65])
def test_nobody_acts_without_a_name(database: Database, number: int, name: str) -> None:
    """An act in nobody's name is refused, whatever it is."""
    for deed in DEEDS.values():
        with pytest.raises((FindingTaken, quarantine.WaiveRefused)), database.transaction() as connection:
            deed(connection, number, Operator(name, 200))
    assert finding_acts.history(database.read(), number) == []


def test_the_history_survives_reopening(database: Database, number: int) -> None:
    """A finding that comes back shows everything that was done about it before."""
    with database.transaction() as connection:
        quarantine_desk.claim(connection, number, Operator("张三", 200))
        quarantine_desk.done(connection, number, Operator("张三", 210), ActKind.MEND, "页数：8 → 9")
        assert quarantine.put(connection, GAP, 300) == number
    acts = [(act.kind.label, act.person, act.note) for act in finding_acts.history(database.read(), number)]
    assert acts == [("领取", "张三", ""), ("修改著录", "张三", "页数：8 → 9")]


def test_the_list_narrows(database: Database) -> None:
    """By code, and by the beginning of path or 档号."""
    with database.transaction() as connection:
        for n, code in enumerate([FindingCode.PAGE_MISSING, FindingCode.EMPTY_FILE, FindingCode.PAGE_MISSING]):
            quarantine.put(connection, Finding(code, f"J00{n}", f"和平区/J00{n}", f"J00{n}"), 1)

    def found(**narrowed: str) -> list[str]:
        return [one.finding.ref for one in quarantine.list_open(database.read(), **narrowed)]  # type: ignore[arg-type]

    assert found() == ["J000", "J001", "J002"]
    assert found(code="page-missing") == ["J000", "J002"]
    assert found(place="J001") == found(place="和平区/J001") == ["J001"]
    assert found(place="和平区/J00", code="empty-file") == ["J001"]
    assert found(place="_") == []


@given(st.integers(-(10**9), 10**9))
def test_how_long_ago_is_always_sayable(seconds: int) -> None:
    """Any difference of clocks, a negative one too, is a short phrase."""
    said = finding_acts.ago(seconds)
    assert said == "刚刚" or said.endswith("前")
    assert (said == "刚刚") is (seconds < 60)


def test_what_was_written_beside_a_withheld_record_is_forgotten(database: Database) -> None:
    """The notes of persons go with a record that is withheld, also where the finding itself quoted nothing; who did what, and when, stays."""
    bare = Finding(FindingCode.EMPTY_FILE, "J001", "和平区/J001/0002.jpg", "J001")
    with database.transaction() as connection:
        numbers = [quarantine.put(connection, finding, 100) for finding in (bare, GAP)]
        for number in numbers:
            quarantine_desk.done(connection, number, Operator("张三", 200), ActKind.MEND, "题名：旧题名 → 新题名")
        quarantine.hush(connection, ["J001"])
        for number in numbers:
            (act,) = finding_acts.history(connection, number)
            assert (act.kind, act.person, act.time, act.note) == (ActKind.MEND, "张三", 200, "")
