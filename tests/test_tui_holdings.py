"""馆藏 in the console: tree, search while typing, record, codes that change; against a real node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from textual.widgets import Input

from holdings import catalogue_tree
from node.service import Service
from sync.sandbox import Sandbox
from tui.ledger import Ledger

A, B, C, D = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2, 3, 4))
OTHER = "J002-2-0145"


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """Two fonds: three sealed records, one row without images."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2, B: 1, OTHER: 1})
    titles = {A: "关于婚姻登记的通知", B: "关于土地使用的批复", C: "关于会议安排的函", OTHER: "案卷目录"}
    work.scans.rows({code: {"题名": title, "页数": {A: "2"}.get(code, "1")} for code, title in titles.items()})
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


async def open_page(seat: Seat) -> Ledger:
    """The screen of holdings."""
    await seat.app.enter("holdings")
    await seat.settled()
    return seat.app.query_one("#list", Ledger)


async def look_for(seat: Seat, text: str) -> None:
    """Type into the box, and wait until the answer is drawn."""
    seat.app.query_one("#box", Input).value = text
    assert seat.app.page is not None
    await seat.settled()
    await seat.app.page.renew()
    await seat.settled()


def test_the_tree_goes_down_to_a_record_and_back(daemon: Daemon) -> None:
    """Enter goes a level deeper, with the number of rows below each branch; at the end stands the record; backspace goes up."""

    async def story(seat: Seat) -> None:
        ledger = await open_page(seat)
        assert list(ledger.keys) == ["J001-", "J002-"]
        assert "含 3 条" in seat.seen()
        await seat.press("enter", "enter", "enter", "enter", "enter")
        assert list(ledger.keys) == [A, B, C]
        assert "(无图) 关于会议安排的函" in seat.seen()
        await seat.press("enter")
        seen = seat.seen()
        assert all(word in seen for word in (A, "关于婚姻登记的通知", "责任者", "尚无回执", "第 1 版", "0001.jpg"))
        await seat.press("escape", "backspace", "backspace", "backspace", "backspace", "backspace")
        assert list(ledger.keys) == ["J001-", "J002-"]

    sit(daemon.work.path, story, size=(100, 48))


def test_a_row_without_images_opens_too(daemon: Daemon) -> None:
    """What the catalogue has and no scan yet says so on its screen."""

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await look_for(seat, "会议安排")
        await seat.press("escape", "slash", "enter")
        await look_for(seat, "会议安排")
        await seat.press("enter", "enter")
        assert "有目无图" in seat.seen()

    sit(daemon.work.path, story)


def test_the_box_answers_while_one_types(daemon: Daemon) -> None:
    """Hits come with what matched in brackets; nothing found says so; Esc empties the box and shows the tree again."""

    async def story(seat: Seat) -> None:
        ledger = await open_page(seat)
        await seat.press("slash")
        await look_for(seat, "婚姻")
        assert list(ledger.keys) == [A]
        assert "[婚姻]" in seat.seen()
        assert "1 条" in seat.seen()
        await look_for(seat, "没有这样的档案题名")
        assert list(ledger.keys) == []
        await look_for(seat, "")
        assert list(ledger.keys) == ["J001-", "J002-"]

    sit(daemon.work.path, story)


def test_order_and_way_of_finding_turn(daemon: Daemon) -> None:
    """o turns the order, w the way of finding; the line above the list says which hold."""

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await look_for(seat, "关于")
        assert "按字词  按档号" in seat.seen()
        await seat.press("o")
        assert "按字词  按日期" in seat.seen()
        await seat.press("w")
        assert "同音" in seat.seen()

    sit(daemon.work.path, story)


def test_a_record_is_exported(daemon: Daemon, tmp_path: Path) -> None:
    """e writes the record under the cursor as plain files where it is told to."""

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await look_for(seat, "婚姻")
        await seat.press("e")
        seat.app.screen.query(Input).first().value = str(tmp_path / "out")
        await seat.press("ctrl+s")
        assert "已导出 1 件 2 页" in seat.seen()
        assert (tmp_path / "out" / "manifest-sha256.txt").is_file()

    sit(daemon.work.path, story)


def test_codes_change_after_a_dry_run_and_a_yes(daemon: Daemon, tmp_path: Path) -> None:
    """A sheet is tried first; a refused line keeps the form with its remedy; no yes, no change; with a yes the old code leads to the record."""
    table = tmp_path / "改号.csv"
    node = Service(daemon.engine)

    async def story(seat: Seat) -> None:
        await open_page(seat)
        for text, word in ((f"原档号,新档号\n{A},{B}\n", "第 2 行"), (f"原档号,新档号\n{A},{D}\n", "照办？")):
            table.write_text(text, "utf-8")
            await seat.press("n")
            seat.app.screen.query(Input).last().value = str(table)
            await seat.press("ctrl+s")
            assert word in seat.seen()
            await seat.press("escape")
        assert node.show(A)["ref"] == A
        await seat.press("n")
        seat.app.screen.query(Input).last().value = str(table)
        await seat.press("ctrl+s", "y")
        assert node.show(A)["ref"] == D
        await look_for(seat, D)
        await seat.press("n", "ctrl+s")
        assert "没有填全" in seat.seen()
        old, new, _sheet = seat.app.screen.query(Input)
        assert old.value == D
        new.value = A
        await seat.press("ctrl+s")
        assert f"{D} -> {A}" in seat.seen()
        await seat.press("y")
        assert node.show(D)["ref"] == A

    sit(daemon.work.path, story)


def test_a_level_is_read_in_portions(daemon: Daemon) -> None:
    """Any portion size gives the same branches in the same order, each once, and their rows add up."""
    reading = daemon.engine.home.database.read()
    whole, end = catalogue_tree.level(reading)
    assert (end, [one.key for one in whole], sum(one.rows for one in whole)) == ("", ["J001-", "J002-"], 4)
    for limit in (1, 2, 3):
        found, after = list[catalogue_tree.Branch](), ""
        while True:
            some, after = catalogue_tree.level(reading, "J001-WS·2011·Y·BGS-", after, limit)
            found += some
            if not after:
                break
        assert [one.code for one in found] == [A, B, C]


def test_hits_are_narrowed_by_what_they_have(daemon: Daemon) -> None:
    """f offers the values that the hits have with their numbers; one after the other narrows; Esc clears them."""

    async def story(seat: Seat) -> None:
        ledger = await open_page(seat)
        await seat.press("f")
        seen = seat.seen()
        assert "J001  3" in seen
        assert "J002  1" in seen
        await seat.press("down", "enter")
        assert "全宗=J002" in seat.seen()
        assert list(ledger.keys) == [OTHER]
        await seat.press("escape")
        assert list(ledger.keys) == ["J001-", "J002-"]

    sit(daemon.work.path, story)
