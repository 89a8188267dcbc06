"""A record in the console: its pages in the terminal, their text with hits, and links for the browser; against a real node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from textual.widgets import Input

from node.service import Service
from sync.sandbox import Sandbox
from tui.browser import LinkBox
from tui.form import Form
from tui.page_image import PageImage
from tui.record_desk import RecordDesk
from tui.sample_desk import SampleDesk

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Daemon]:
    """A record of three pages, the second and third of which say what is looked for; one that cannot be drawn."""
    work = make(tmp_path_factory.mktemp("record"), sandbox)
    work.scans.delivery({A: 3})
    work.scans.put(B, {"0001.txt": "没有图像的文件".encode()})
    work.scans.rows({A: {"题名": "关于婚姻登记的通知", "页数": "3"}, B: {"题名": "电子文件", "页数": "1"}})
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        node = Service(served.engine)
        for number, text in ((1, "封面"), (2, "民政局\n婚姻登记"), (3, "婚姻与家庭")):
            node.reading_correct(A, str(number), text, "李四")
        yield served
        if served.engine.door is not None:
            served.engine.door.close()


async def open_record(seat: Seat, text: str) -> RecordDesk:
    """Look for it and open the first hit."""
    await seat.app.enter("holdings")
    await seat.settled()
    seat.app.query_one("#box", Input).value = text
    await seat.settled()
    assert seat.app.page is not None
    await seat.app.page.renew()
    await seat.press("slash", "enter", "enter")
    desk = seat.app.screen
    assert isinstance(desk, RecordDesk)
    return desk


def drawn(seat: Seat) -> bool:
    """Whether a picture is seen."""
    return bool(seat.app.screen.query_one(PageImage).query_one(".page").display) and "▀" in seat.seen()


def test_story_picture_and_text_stand_side_by_side(daemon: Daemon) -> None:
    """A wide terminal shows all three at once; arrows turn the page, n goes to the next page with a hit and from the last to the first."""

    async def story(seat: Seat) -> None:
        await open_record(seat, "婚姻")
        seen = seat.seen()
        assert all(word in seen for word in ("责任者", "尚无回执", "封面", "李四 校对", "第 1 / 3 页"))
        assert drawn(seat)
        await seat.press("n")
        assert "第 2 / 3 页  查到 1 处" in seat.seen()
        assert "[婚姻]登记" in seat.seen()
        await seat.press("right")
        assert "[婚姻]与家庭" in seat.seen()
        await seat.press("n", "r")
        assert "第 2 / 3 页" in seat.seen()
        assert drawn(seat)
        assert seat.widths() == {160}

    sit(daemon.work.path, story, size=(160, 48))


def test_a_narrow_terminal_shows_one_after_the_other(daemon: Daemon) -> None:
    """Tab goes from the story to the picture to the text; everything is reached in 80 by 24."""

    async def story(seat: Seat) -> None:
        await open_record(seat, "婚姻")
        assert "[著录]" in seat.seen()
        await seat.press("tab")
        assert drawn(seat)
        await seat.press("tab")
        assert "[文字]" in seat.seen()
        assert "封面" in seat.seen()
        await seat.press("escape")
        assert not isinstance(seat.app.screen, RecordDesk)

    sit(daemon.work.path, story)


def test_o_gives_a_link_for_the_browser(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over SSH no browser is opened here: the link is told, with how to reach it; with a screen it is opened."""
    opened: list[str] = []
    monkeypatch.setattr("tui.browser.webbrowser.open", lambda url: bool(opened.append(url)) or True)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    async def story(seat: Seat) -> None:
        await open_record(seat, "婚姻")
        await seat.press("o")
        assert isinstance(seat.app.screen, LinkBox)
        assert "http://127.0.0.1:" in seat.seen()
        assert "ssh -L" in seat.seen()
        assert opened == []
        await seat.press("escape")
        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.delenv("SSH_CONNECTION", raising=False)
        await seat.press("o")
        assert "已在浏览器中打开" in seat.seen()
        assert opened[0].startswith("http://127.0.0.1:")

    sit(daemon.work.path, story)


def test_what_cannot_be_drawn_says_why(daemon: Daemon) -> None:
    """A page without a picture is told in words where the picture would be."""

    async def story(seat: Seat) -> None:
        await open_record(seat, "电子文件")
        assert not drawn(seat)
        assert "没有可直接查看的图像" in seat.seen()

    sit(daemon.work.path, story, size=(120, 30))


def test_sampled_pages_open_in_browser_and_terminal(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """In acceptance sampling o leads to the page in the browser, Enter to its record; what the browser judged is seen on return."""
    monkeypatch.delenv("DISPLAY", raising=False)
    node = Service(daemon.engine)
    number = node.sample_draw(node.deliveries()["deliveries"][0]["name"], "张三", rate="100%")["id"]

    async def story(seat: Seat) -> None:
        seat.app.push_screen(SampleDesk(seat.app.link, number, "张三"))
        await seat.settled()
        await seat.press("o")
        assert "请在浏览器中打开" in seat.seen()
        node.sample_verdict(number, [1], "failed", "张三", "T04", "切字")
        await seat.press("escape")
        assert "! 不合格" in seat.seen()
        await seat.press("enter")
        assert isinstance(seat.app.screen, RecordDesk)

    sit(daemon.work.path, story)


def test_a_row_is_mended_from_its_record(daemon: Daemon) -> None:
    """m opens the row in a form, what its rules refuse is said, and a change has its person; u takes one's own changes back."""
    node = Service(daemon.engine)

    async def story(seat: Seat) -> None:
        await open_record(seat, "电子文件")
        await seat.press("m")
        form = seat.app.screen
        assert isinstance(form, Form)
        at = next(n for n, field in enumerate(form._fields) if field.name == "题名")
        form.query_one(f"#f{at}", Input).value = "电子邮件"
        await seat.press("ctrl+s")
        assert "已修改" in seat.seen()
        assert [one["value"] for one in node.record_row(B)["elements"] if one["name"] == "题名"] == ["电子邮件"]
        await seat.press("u")
        assert "已撤销 1 项修改" in seat.seen()

    sit(daemon.work.path, story)
    assert [one["value"] for one in node.record_row(B)["elements"] if one["name"] == "题名"] == ["电子文件"]
