"""Finding at a hub and at its node: the same records by the same words, through the commands, the socket and the daemon's local API; former codes lead on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hub_in_thread import RunningHub, running
from node_and_hub import NodeAndHub, pair

from holdings import search_rebuild
from holdings.errors import HoldingsError
from hub.commands import commands
from hub.errors import HubError
from hub.meaning_watch import MeaningWatch
from hub.reach import reach
from node.service import Service
from sync.receipt import Grade
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"
HEAD = "档号\t题名\t成文日期\t密级\t责任者\t人名"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub with rows of its own and of a district."""
    with running(tmp_path / "hub") as made:
        made.open_socket()
        made.node("和平区")
        own = [
            "J320-2-0001-001\t关于修缮校舍的批复\t19580312\t\t市教育局\t",
            "J320-2-0001-002\t任职通知\t19590312\t\t王淑珍\t王淑珍",
        ]
        theirs = ["J023-1-0001-001\t关于修缮校舍的请示\t19580311\t\t和平区教育局\t王书贞"]
        for name, rows, more in (("市.tsv", own, ()), ("区.tsv", theirs, ("--of", "和平区"))):
            sheet = tmp_path / name
            sheet.write_text("\n".join([HEAD, *rows]) + "\n", "utf-8")
            ask(made.path, "catalogue", "import", sheet, *more, code=None)
        yield made


def ask(home: Path, *words: object, code: int | None = 0) -> dict[str, Any]:
    """A hub command's answer."""
    result = CliRunner().invoke(commands, [*map(str, words), "--home", str(home), "--json"])
    assert code is None or result.exit_code == code, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1]) if result.stdout.strip() else {}
    return {**found, "said": result.stderr}


def refs(answer: dict[str, Any]) -> set[str]:
    """Codes of the hits."""
    return {hit["ref"] for hit in answer["hits"]}


def test_a_hub_finds_what_districts_hold(hub: RunningHub) -> None:
    """Words, districts, sound and suggestions over everything the hub knows; wrong filters are wrong usage."""
    assert refs(ask(hub.path, "search", "修缮", "校舍")) == {"J320-2-0001-001", "和平区/J023-1-0001-001"}
    assert refs(ask(hub.path, "search", "校舍", "--filter", "区县=和平区")) == {"和平区/J023-1-0001-001"}
    assert refs(ask(hub.path, "search", "wsz", "--by", "sound")) == {"J320-2-0001-002", "和平区/J023-1-0001-001"}
    facets = ask(hub.path, "search", "校舍", "--facet", "区县")["facets"][0]["values"]
    assert {"value": "和平区", "count": 1} in facets
    assert "可用" in ask(hub.path, "search", "校舍", "--filter", "颜色=红", code=2)["said"]
    texts = {one["text"] for one in ask(hub.path, "suggest", "王淑真")["suggestions"]}
    assert {"王淑珍", "王书贞"} <= texts
    assert ask(hub.path, "show", "和平区/J023-1-0001-001")["custody"] == "尚无图像"
    with reach(hub.path, lambda: "") as desk, pytest.raises(HubError, match="没有"):
        desk.call("show", ref="J999-1")


def test_a_hub_rebuilds_its_index_while_it_answers(hub: RunningHub) -> None:
    """`reindex` says how far it is and in the end what it did; searches go on meanwhile; status and doctor tell of the index."""
    before = refs(ask(hub.path, "search", "校舍"))
    answers: list[set[str]] = []

    def look() -> None:
        with reach(hub.path, lambda: "") as desk:
            answers.extend(refs(desk.call("search", query="校舍")) for _ in range(5))

    asking = threading.Thread(target=look)
    asking.start()
    done = ask(hub.path, "reindex")
    asking.join()
    assert done["entries"] == 3
    assert answers == [before] * 5
    state = ask(hub.path, "status")["search"]
    assert (state["entries"], state["behind"], state["building"]) == (3, 0, False)
    assert ask(hub.path, "doctor")["ok"]


def test_a_rebuild_that_was_left_off_is_finished_at_rest(hub: RunningHub) -> None:
    """Nobody need ask again: while the vault rests the hub goes on with what was begun."""
    home = hub.hub.home
    with home.holdings.transaction() as connection:
        search_rebuild.begin(connection)
    assert hub.hub.desk.call("search_state")["building"]
    hub.folded()
    MeaningWatch(home, hub.hub.folding).look()
    state = hub.hub.desk.call("search_state")
    assert (state["building"], state["entries"], state["faults"]) == (False, 3, [])


def test_a_record_is_found_at_both_ends(tmp_path: Path, sandbox: Sandbox) -> None:
    """After a sync the hub finds what its node finds, under the node's name; a former code leads to the record at both."""
    with pair(tmp_path, sandbox) as line:
        line.work.scans.delivery({A: 1, B: 1})
        with line.work.opened() as engine:
            engine.run(settle_s=0.0, wait_grade=Grade.R4)
            here = Service(engine).search("J001*", sort="code")
        line.hub.folded()
        there = line.hub.hub.desk.call("search", query="J001*", sort="code")
        assert [hit["ref"] for hit in here["hits"]] == [A, B]
        assert [hit["ref"] for hit in there["hits"]] == [f"和平区/{A}", f"和平区/{B}"]
        assert all(hit["images"] for hit in (*here["hits"], *there["hits"]))
        renumbered(line)
        with line.work.opened() as engine:
            assert refs(Service(engine).search(B)) == {"J001-WS·2011·Y·BGS-0009"}
            assert Service(engine).show(B)["ref"] == "J001-WS·2011·Y·BGS-0009"
            with pytest.raises(HoldingsError, match="没有"):
                Service(engine).show("J001-WS·2011·Y·BGS-0003")
        assert refs(line.hub.hub.desk.call("search", query=B)) == {"和平区/J001-WS·2011·Y·BGS-0009"}


def renumbered(line: NodeAndHub) -> None:
    """The second record gets another code, at the node and then at the hub."""
    sheet = line.work.path.parent / "改号.csv"
    sheet.write_text(f"原档号,新档号\n{B},J001-WS·2011·Y·BGS-0009\n", "utf-8")
    with line.work.opened() as engine:
        Service(engine).renumber(str(sheet))
        engine.run(settle_s=0.0, wait_grade=Grade.R4)
    line.hub.folded()
