"""著录 in the console: the page beside the form, row after row, against a real node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from pypdf import PdfReader
from textual.widgets import Input

from node.service import Service
from sync.sandbox import Sandbox
from tui.cataloguing_desk import CataloguingDesk
from tui.form import Choice
from tui.ledger import Ledger

A, B, C = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2, 3))


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """One sealed record, two folders that wait for their rows."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 1, B: 2, C: 1})
    work.scans.rows({A: {"题名": "通知", "页数": "1"}})
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def put(seat: Seat, **values: str) -> None:
    """Type into fields by their names."""
    desk = seat.app.screen
    assert isinstance(desk, CataloguingDesk)
    for name, value in values.items():
        desk.query_one(f"#c{desk._fields.index(name)}", Input).value = value


def test_rows_are_typed_one_after_the_other(daemon: Daemon) -> None:
    """The folder's code and page count stand there; what is wrong is said while it is typed; saving leads to the next folder, a copy of the row before
    brings what stays the same, a responsible body is picked, and the newest row is taken back."""
    node = Service(daemon.engine)

    async def story(seat: Seat) -> None:
        await seat.app.enter("holdings")
        await seat.settled()
        await seat.press("c")
        seen = seat.seen()
        assert "待目录 2 个文件夹" in seen
        assert B in seen
        assert "▀" in seen
        put(seat, 题名="关于防汛工作的紧急通知", 责任者="区防汛指挥部", 成文日期="2011年13月")
        await seat.pilot.pause(0.3)
        await seat.settled()
        assert "不是日历上的日期" in seat.seen()
        await seat.press("ctrl+s")
        assert "成文日期" in seat.seen()
        await seat.press("escape")
        put(seat, 成文日期="2011年5月3日")
        await seat.press("ctrl+s")
        assert f"已著录 {B}" in seat.seen()
        assert "待目录 1 个文件夹" in seat.seen()
        assert "今日已著录 1 条" in seat.seen()
        await seat.press("ctrl+g")
        assert "区防汛指挥部" in seat.seen()
        await seat.press("ctrl+b")
        assert "责任者" in seat.seen()
        await seat.press("enter", "ctrl+z")
        assert f"已撤销 {B}" in seat.seen()
        assert "关于防汛工作的紧急通知" in seat.seen()
        assert seat.widths() == {120}
        await seat.press("escape")
        assert not isinstance(seat.app.screen, CataloguingDesk)

    sit(daemon.work.path, story, size=(120, 30))
    assert node.search("防汛")["total"] == 0


def test_a_narrow_terminal_swaps_form_and_page(daemon: Daemon) -> None:
    """80 by 24 has room for the form; F6 shows the page and the form again, Page Down turns the page, Ctrl+N leaves the folder for later."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("holdings")
        await seat.settled()
        await seat.press("c")
        assert "▀" not in seat.seen()
        await seat.press("f6", "pagedown")
        assert "▀" in seat.seen()
        assert "第 2 / 2 页" in seat.seen()
        await seat.press("f6", "ctrl+n")
        assert C in seat.seen()
        assert seat.widths() == {80}

    sit(daemon.work.path, story)


def test_two_persons_type_a_row_and_a_third_decides(daemon: Daemon) -> None:
    """双录 is switched on in the form of the delivery; the first typing says that a second waits, the second sees nothing of it; F7 shows what differs, and what
    is chosen is stored."""
    node = Service(daemon.engine)

    async def typed(seat: Seat, title: str) -> None:
        await seat.app.enter("holdings")
        await seat.settled()
        await seat.press("c")
        assert "关于防" not in seat.seen()
        put(seat, 题名=title, 责任者="区防汛指挥部", 成文日期="20110503")
        await seat.press("ctrl+s")

    async def first(seat: Seat) -> None:
        await seat.app.enter("deliveries")
        await seat.settled()
        await seat.press("d")
        seat.app.screen.query_one(Choice).focus()
        await seat.press("right", "ctrl+s")
        assert "双录" in seat.seen()
        await typed(seat, "关于防讯工作的通知")
        assert f"已录第一遍 {B}" in seat.seen()
        assert "待目录 1 个文件夹" in seat.seen()

    async def second(seat: Seat) -> None:
        await typed(seat, "关于防汛工作的通知")
        assert f"{B} 与第一遍不符，待核对" in seat.seen()
        await seat.press("f7")
        assert all(word in seat.seen() for word in (B, "题名", "防讯", "防汛", "张三", "李四"))
        await seat.press("enter", "right", "ctrl+s")
        assert "没有两遍不符的著录" in seat.seen()
        assert seat.widths() == {120}

    sit(daemon.work.path, first, size=(120, 30), by="张三")
    sit(daemon.work.path, second, size=(120, 30), by="李四")
    assert (node.search("防汛")["total"], node.search("防讯")["total"]) == (1, 0)


def test_a_directory_is_printed_from_the_tree(daemon: Daemon, tmp_path: Path) -> None:
    """p on a branch prints the directory of what is below it."""
    out = tmp_path / "目录.pdf"

    async def story(seat: Seat) -> None:
        await seat.app.enter("holdings")
        await seat.settled()
        assert seat.app.query_one("#list", Ledger).keys
        await seat.press("p")
        seat.app.screen.query(Input).last().value = str(out)
        await seat.press("ctrl+s")
        assert "已打印归档文件目录：1 行" in seat.seen()

    sit(daemon.work.path, story)
    assert A in PdfReader(out).pages[0].extract_text()
