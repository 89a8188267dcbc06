"""开放审核结果 as directives: applied to the holder's records and to copies, and obeyed by the rights filter at hub and node (format.md §17)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from city import City
from told_city import WORD, A, B, C, Told, report_three

from holdings import fonds_tally, opening_verdict, records, statistics_tally
from holdings.access import Access, Clause, Opening
from holdings.directive_wish import Opening as OpeningSaid
from holdings.directive_wish import OpeningResult
from holdings.fonds_tally import FondsCount
from holdings.opening_verdict import OpeningVerdict
from holdings.search import search
from holdings.search_request import SearchRequest
from holdings.statistic import Figure
from hub.directive_store import Stage
from node.counter import Counter
from sync.sandbox import Sandbox

PUBLIC = Access((Clause(opened=True),))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Told]:
    """A hub and a node that has reported three records."""
    city = City(tmp_path_factory.mktemp("opening"), sandbox).open_hub().join()
    try:
        made = report_three(city)
        city.hub.folded()
        yield made
    finally:
        city.close()


def seen(told: Told) -> tuple[set[str], set[str]]:
    """Codes that somebody finds who may see what is open alone: (at the hub, at the node)."""

    def codes(reading) -> set[str]:  # type: ignore[no-untyped-def]
        return {hit.ref.rpartition("/")[2] for hit in search(reading, PUBLIC, SearchRequest("通知", limit=100)).hits}

    told.city.hub.folded()
    return codes(told.city.hub.hub.home.holdings.read()), told.looked(lambda engine: codes(engine.home.database.read()))


def counted(told: Told) -> tuple[int, int]:
    """What the hub's statistics and its register of fonds say is open among records with images."""
    reading = told.city.hub.hub.home.holdings.read()
    sums = [one.value for one in statistics_tally.sums(reading, 2100, flow=False, of=Figure.OPEN_SCANNED)]
    return sum(sums), fonds_tally.read(reading, "J001", "和平区")[FondsCount.OPEN]


def say(told: Told, code: str, result: str, **more: str) -> dict[str, int]:
    """The command at the hub."""
    said = told.city.hub.hub.desk.call("opening", refs=[code], result=result, ground="满 25 年", by="王敏", **more)
    return {name: said[name] for name in ("records", "applied")}


def test_what_the_node_holds_says_it_in_a_version(told: Told) -> None:
    """Opened and closed again at the holder: a version says so, hub and node obey, and the directive is acknowledged as applied."""
    assert seen(told) == (set(), set())
    assert say(told, A, "open") == {"records": 1, "applied": 0}
    assert seen(told)[0] == set(), "not before its holder said so"
    told.sync()
    told.sync()
    assert seen(told) == ({A}, {A})
    with told.city.work.opened() as engine:
        record = records.resolve(engine.home.database.read(), A)
        assert (record.version, records.body(engine.home.database.read(), record).elements["开放状态"]) == (2, "开放")
    assert say(told, A, "deferred", until="2030-01-01") == {"records": 1, "applied": 0}
    told.sync()
    told.sync()
    assert seen(told) == (set(), set())
    assert {state for _, state in told.acks()} == {2}


def test_what_the_city_holds_obeys_at_once_and_its_copy_follows(told: Told) -> None:
    """After a transfer the hub's filter obeys before any contact; the node's copy from the next one on, without a version and without a finding."""
    desk = told.city.hub.hub.desk
    desk.call("handover", name="和平区", kind="transfer", by="王敏")
    told.sync()
    told.ask("release", refs=[B], by="李四", reason="进馆")
    told.sync()
    desk.call("accept", refs=[B], by="王敏")
    told.sync()
    before = counted(told)
    assert say(told, B, "open") == {"records": 1, "applied": 1}
    assert (seen(told), counted(told)) == (({B}, set()), (before[0] + 1, before[1] + 1))
    assert say(told, B, "open")["applied"] == 1
    assert counted(told) == (before[0] + 1, before[1] + 1), "said twice, counted once"
    told.sync()
    assert seen(told) == ({B}, {B})
    assert told.looked(lambda engine: Counter(engine).asked(B).opening) is Opening.OPEN, "the counter serves it at once"
    assert told.subject(B).version == 1
    assert told.ask("quarantine_list")["items"] == []
    say(told, B, "controlled")
    assert (seen(told), counted(told)) == ((set(), {B}), before)
    told.sync()
    assert seen(told) == (set(), set())


def test_what_is_not_here_cannot(told: Told) -> None:
    """A record that the node does not have is answered with 不能执行, and nothing else changes."""
    issued = told.issue(OpeningSaid(OpeningResult.OPEN, "", "x", WORD, (bytes(16),)))
    told.sync()
    assert told.stage(issued) is Stage.CANNOT
    assert seen(told) == (set(), set())


def test_the_holders_later_word_stands(told: Told) -> None:
    """What was laid over a record gives way to a version that says something else of opening, and to no other version."""
    with told.city.work.opened() as engine, engine.home.database.transaction() as connection:
        number = records.resolve(connection, C).number
        opening_verdict.keep(connection, number, OpeningVerdict(Opening.OPEN, "", "x", "王敏", 1))
        opening_verdict.give_way(connection, number, {"题名": "一", "开放标识": "是"}, {"题名": "二", "开放标识": "是"})
        assert opening_verdict.of(connection, number) == OpeningVerdict(Opening.OPEN, "", "x", "王敏", 1)
        opening_verdict.give_way(connection, number, {"开放标识": "是"}, {"开放标识": "否"})
        assert opening_verdict.of(connection, number) is None
