"""查档窗口 in the console: a person found by sound, registered, allowed, served with copies and papers; against a real node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from pypdf import PdfReader
from scan_tree import COLUMNS
from textual.widgets import Input, OptionList

from node.service import Service
from sync.sandbox import Sandbox
from tui.counter_find import FindDesk
from tui.counter_forms import pages_of
from tui.form import Form
from tui.ledger import Ledger
from tui.link import Trouble

A, B = "J001-WS·1958·Y·BGS-0001", "J001-WS·1958·Y·BGS-0002"
NUMBER = "11010519491231002X"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Daemon]:
    """Two records of persons whose names sound alike, one of them open."""
    work = make(tmp_path_factory.mktemp("counter"), sandbox)
    work.scans.delivery({A: 2, B: 1})
    rows = {A: ("王淑珍婚姻登记", "2", "开放"), B: ("王树贞婚姻登记", "1", "")}
    work.scans.rows(
        {code: {"题名": title, "页数": pages, "开放状态": opening, "人名": title[:3]} for code, (title, pages, opening) in rows.items()},
        columns=(*COLUMNS, "开放状态", "人名"),
    )  # fmt: skip
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def fill(seat: Seat, **values: str) -> None:
    """Type into the fields of the form, by the name of the field."""
    form = seat.app.screen
    assert isinstance(form, Form)
    for n, field in enumerate(form._fields):
        if field.name in values:
            form.query_one(f"#f{n}", Input).value = values[field.name]


def test_a_visitor_is_served_from_name_to_certificate(daemon: Daemon, tmp_path: Path) -> None:
    """A name finds who sounds so; what is marked is registered with the masked number; what is not open is allowed; copies are printed and counted,
    查档证明 and the day's register printed."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("counter")
        await seat.settled()
        assert "当日没有登记" in seat.seen()
        await seat.press("slash")
        desk = seat.app.screen
        assert isinstance(desk, FindDesk)
        desk.query_one(Input).value = "王淑珍"
        await seat.settled()
        await desk.look()
        await seat.settled()
        assert A in seat.seen()
        await seat.press("enter", "home", "space", "space", "n")
        assert isinstance(seat.app.screen.query_one(OptionList), OptionList)
        await seat.press("down", "enter")
        fill(seat, visitor="王小明", identity="110105194912310021")
        await seat.press("ctrl+s")
        assert "校验位" in seat.seen()
        fill(seat, identity=NUMBER)
        await seat.press("ctrl+s")
        seen = seat.seen()
        assert "王小明" in seen
        assert "110***********002X" in seen
        assert NUMBER not in seen
        assert "个人事务" in seen
        await seat.press("a", "ctrl+s")
        assert "准予利用" in seat.seen()
        asked = Service(daemon.engine).counter_day()["requests"][0]["asked"]
        await seat.press("c")
        if len(asked) > 1:
            await seat.press("enter")
        fill(seat, pages="1", file=str(tmp_path / "c.pdf"))
        await seat.press("ctrl+s")
        assert "已复制 1 页" in seat.seen()
        await seat.press("p")
        fill(seat, file=str(tmp_path / "p.pdf"))
        await seat.press("ctrl+s")
        assert "津档查〔" in seat.seen()
        await seat.press("l")
        fill(seat, file=str(tmp_path / "l.pdf"))
        await seat.press("ctrl+s", "e")
        assert "已办结" in seat.seen()
        assert seat.widths() == {120}
        await seat.press("left_square_bracket")
        assert "当日没有登记" in seat.seen()
        await seat.press("right_square_bracket")
        assert len(seat.app.query_one("#counter-list", Ledger).keys) == 1

    sit(daemon.work.path, story, size=(120, 34))
    assert all(len(PdfReader(tmp_path / f"{name}.pdf").pages) >= 1 for name in "cpl")


def test_a_request_that_only_describes_is_refused_or_named(daemon: Daemon) -> None:
    """Without a record nothing is copied; a refusal has its reason; everything is reached in 80 by 24."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("counter")
        await seat.settled()
        await seat.press("n", "enter")
        fill(seat, visitor="李来访", identity=NUMBER, subject="五八年户口迁移")
        await seat.press("ctrl+s", "home", "c")
        assert "没有选定档案" in seat.seen()
        await seat.press("escape", "x")
        fill(seat, reason="经查没有此件")
        await seat.press("ctrl+s")
        assert "不予利用" in seat.seen()
        assert seat.widths() == {80}

    sit(daemon.work.path, story)


def test_pages_are_written_as_people_write_them() -> None:
    """1-3,5 and its Chinese commas; nothing is all; anything else is refused."""
    assert pages_of("1-3，5、7") == [1, 2, 3, 5, 7]
    assert pages_of("") == []
    assert len(pages_of("1-9999")) <= 501
    for wrong in ("a", "1-", "-2", "1-b"):
        with pytest.raises(Trouble):
            pages_of(wrong)
