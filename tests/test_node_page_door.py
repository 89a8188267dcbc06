"""Pages for the browser of this machine: a link that is good once, a session of one browser, pictures made anew, verdicts that are stored."""

from __future__ import annotations

import base64
import http.client
import io
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest
from node_at_work import NodeAtWork, make
from PIL import Image

from node.engine import Engine
from node.page_door import LINK_S, SESSION_S, PageDoor
from node.service import Service
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[tuple[NodeAtWork, Engine, Service]]:
    """Two sealed records, and a drawing of all their pages."""
    work = make(tmp_path_factory.mktemp("door"), sandbox)
    work.scans.delivery({A: 3, B: 1})
    work.scans.rows({A: {"题名": "关于<b>婚姻</b>登记的通知", "页数": "3"}, B: {"题名": "批复", "页数": "1"}})
    with work.opened() as engine:
        engine.run(settle_s=0.0, send=False)
        yield work, engine, Service(engine)
        if engine.door is not None:
            engine.door.close()


class Browser:
    """Asks as a browser does: one cookie jar, one address."""

    def __init__(self, url: str) -> None:
        self.at = urlsplit(url)
        self.cookie = ""

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request with its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.at.port or 0, timeout=10)
        try:
            sent = {"Cookie": self.cookie} if self.cookie else {}
            connection.request(
                method, path, body or None, {**sent, **{k.replace("_", "-"): v for k, v in headers.items()}}
            )
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def enter(self) -> str:
        """Follow the link; the place that it leads to."""
        status, headers, _ = self.ask("GET", self.at.path)
        assert status == 303
        self.cookie = headers["Set-Cookie"].partition(";")[0]
        return str(headers["Location"])


def test_a_link_is_good_once_and_for_one_browser(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """The first look exchanges the link for a cookie of that session; the link, another browser and a foreign host are refused; the address holds
    no key afterwards."""
    told = work[2].page_link(A, 2)
    browser = Browser(told["url"])
    token = browser.at.path.rpartition("/")[2]
    assert Browser(told["url"]).ask("GET", browser.at.path, Sec_Purpose="prefetch")[0] == 503
    place = browser.enter()
    assert token not in place
    status, headers, page = browser.ask("GET", place)
    assert status == 200
    assert "关于&lt;b&gt;婚姻" in page.decode()
    assert "<b>" not in page.decode()
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "same-origin")
    assert browser.ask("GET", browser.at.path)[0] == 403
    assert Browser(told["url"]).ask("GET", place)[0] == 403
    assert browser.ask("GET", place, Host="archive.example")[0] == 403


def test_a_picture_is_pixels_made_anew(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """What comes is a JPEG of ours without any tag, no larger than asked, turned as asked; a page that there is not is refused in words."""
    browser = Browser(work[2].page_link(A, 1)["url"])
    place = browser.enter().partition("?")[0]
    status, headers, data = browser.ask("GET", f"{place}image?n=2&side=300&turn=90")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    with (
        Image.open(io.BytesIO(data)) as turned,
        Image.open(io.BytesIO(browser.ask("GET", f"{place}image?n=2&side=300")[2])) as upright,
    ):
        assert turned.size == upright.size[::-1]
        assert max(turned.size) <= 300
        assert not turned.getexif()
    status, _, text = browser.ask("GET", f"{place}image?n=9")
    assert (status, "只有 3 页" in text.decode()) == (409, True)
    assert browser.ask("GET", f"{place}image?n=x")[0] == 400
    assert browser.ask("GET", "/web/../page_door.py")[0] in (403, 404)


def test_a_sample_is_judged_in_the_browser(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """A verdict is stored in the name of who asked for the link, and the next page follows; a form from elsewhere stores nothing."""
    node = work[2]
    number = node.sample_draw(node.deliveries()["deliveries"][0]["name"], "张三", rate="100%")["id"]
    browser = Browser(node.sample_link(number, "张三")["url"])
    place = browser.enter().partition("?")[0]
    origin = f"http://127.0.0.1:{browser.at.port}"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    said = urlencode({"n": 1, "verdict": "failed", "fault": "T04", "remark": "下边切字"})
    assert browser.ask("POST", place, said, Origin="http://127.0.0.1:1", **form)[0] == 403
    assert browser.ask("POST", place, said, **form)[0] == 403
    status, headers, _ = browser.ask("POST", place, said, Origin=origin, **form)
    assert (status, headers["Location"]) == (303, f"{place}?n=2")
    assert browser.ask("POST", place, urlencode({"n": 2, "verdict": "passed"}), Origin=origin, **form)[0] == 303
    shown = node.sample_show(number)["list"]
    assert [(one["verdict"], one["fault"], one["remark"], one["by"]) for one in shown[:2]] == [
        ("failed", "T04", "下边切字", "张三"), ("passed", "", "", "张三")
    ]  # fmt: skip
    assert "下边切字" in browser.ask("GET", f"{place}?n=1")[2].decode()


def test_links_and_sessions_end(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """A link that nobody followed and a session that nobody used are over after their time; with the last of them the door is idle."""
    now = [0.0]
    door = PageDoor(lambda: now[0])
    try:
        first, second = (door.link(None, 1)[0].rpartition("/")[2] for _ in range(2))  # type: ignore[arg-type]
        found = door.exchange(first)
        assert found is not None
        session, cookie = found
        now[0] = LINK_S + 1
        assert door.exchange(second) is None
        assert door.session(session.number, cookie) is session
        assert door.session(session.number, "other") is None
        now[0] += SESSION_S + 1
        assert door.session(session.number, cookie) is None
        assert door.idle()
    finally:
        door.close()


def test_pages_are_listed_drawn_and_read(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """The console is told of every page and gets its picture as a PNG within the asked size."""
    node = work[2]
    told = node.record_pages(A)
    assert [(one["number"], one["file"]) for one in told["pages"]] == [
        (1, "0001.jpg"),
        (2, "0002.jpg"),
        (3, "0003.jpg"),
    ]
    assert node.record_text(A, 1)["text"] == ""
    with Image.open(io.BytesIO(base64.b64decode(node.record_picture(A, 1, 60, 90)["picture"]))) as picture:
        assert picture.format == "PNG"
        assert picture.width <= 60
        assert picture.height <= 90
