"""Bad input at the pages of work and at the API: injection, traversal, oversize, bad UTF-8, deep filters. Nothing of it is an error of ours."""

import html
import json
import re
import socket
import ssl

import pytest
from people_door import Browser, Door
from reading_room_at_hub import numbers, reader

from hub.account import Role

OPEN = "关于修缮校舍的请示"
BAD, UP, SQL, HUGE = "%ff%fe", "..%2f..%2fetc%2fpasswd", "1%27%20OR%201=1--", "9" * 23
DEEP = "q=a&fonds=" + ",".join(f"J{n}" for n in range(64)) + "&year=" + ",".join(map(str, range(1900, 1964)))
PAGES = {
    400: [
        f"/search?q={BAD}", "/search?" + "q=1&" * 200, f"/search/facets?q={BAD}", f"/search/suggest?q={BAD}", "/records/{n}/turn?to=" + BAD,
        "/records/{n}/pages/1?q=" + BAD, "/records/{n}/pages/1/image?size=" + BAD, f"/reception?view={BAD}", "/reception/1/rounds/x/register",
        "/reception/1/rounds/-1/register.pdf", "/statistics?year=x", "/statistics?year=99999999", "/statistics?year=-1", f"/statistics?year={BAD}",
        "/statistics/export/xlsx?year=zz", f"/alarms?state={BAD}", f"/outages?x={BAD}", f"/monitor?x={BAD}", f"/requests/new?record={BAD}",
    ],
    404: [
        "/records/-1", f"/records/{HUGE}", f"/records/{UP}", "/records/%ff", f"/records/{SQL}", "/records/%D9%A3", "/records/{n}/pages/0",
        "/records/{n}/pages/99999", "/records/{n}/pages/x", "/records/{n}/files/" + UP, "/records/{n}/pages/1/tiles/99/0/0",
        "/records/{n}/pages/1/tiles/0/-1/0", "/records/{n}/pages/1/tiles/0/99999999999/0", "/records/{n}/pages/1/tiles/x/y/z",
        "/records/{n}/pages/1/tiles/0/0/" + UP, "/reception/x", f"/reception/{SQL}", f"/reception/{HUGE}", "/reception/1/rounds/1/" + UP, "/reception/1/%ff",
        "/statistics/none", f"/statistics/{UP}", "/statistics/export/exe", "/alarms/x", "/alarms/-1", f"/alarms/{HUGE}", f"/alarms/{SQL}", "/monitor/xyz",
        "/monitor/" + "f" * 64, f"/monitor/{UP}", "/monitor/" + "a" * 300, "/topics/none", "/topics/%ff", "/requests/x", f"/requests/{HUGE}",
    ],
    413: ["/search?q=" + "x" * 5_000, "/search/export?q=" + "x" * 5_000, "/statistics?year=" + "1" * 5_000],
    422: [
        "/search?q=a&sort=%3BDROP", "/search?q=a&by=none", "/search?q=a&mode=none", f"/search?{DEEP}", "/search/export", "/search/export?q=a&sort=x",
        "/records/{n}/turn?page=x",
    ],
    200: [
        f"/search?q={SQL}", "/search?q=a%00b", "/search?q=" + "(" * 400, "/search?q=" + "%22" * 300, "/search?q=a&cursor=zzz", "/search?q=zz&cursor=r.9.9",
        "/search?q=a&year=x..y", "/search?from=abcd&to=9", "/search?q=a&level=none", f"/reception?node={UP}", "/reception?state=none",
    ],
}  # fmt: skip
"""Status → addresses; what is no harm gets an answer that holds nothing."""
REQUESTS = [
    ("GET", f"/search?q={BAD}", 400), ("GET", "/search?q=a&limit=-1", 422), ("GET", "/search?q=a&sort=%3BDROP", 422), ("GET", "/search?q=" + "x" * 8_000, 422),
    ("GET", f"/records/{UP}", 404), ("GET", f"/records/{HUGE}", 404), ("GET", "/records/%ff", 404),
]  # fmt: skip


@pytest.fixture(scope="module")
def archivist(reading_room: Door) -> Browser:
    """Who works with the district's records."""
    made = reader(reading_room, "bad.input", Role.ARCHIVIST, holders=("和平区",))
    made.get("/reception")  # now the district's delivery is the first one
    return made


@pytest.mark.parametrize("tongue", ["zh-CN", "en"])
def test_bad_input_at_pages_of_work_gets_a_clear_page(reading_room: Door, archivist: Browser, tongue: str) -> None:
    """Each address its status and, where that is a refusal, a page in the visitor's language that says what is wrong; no trace of ours, nothing echoed as code."""
    number, faults = numbers(reading_room)[OPEN], []
    who = Browser(reading_room.address, {**archivist.jar, "jindang-language": tongue})
    for status, paths in PAGES.items():
        for path in paths:
            reading_room.hub.clock.skip += 1
            page = who.ask("GET", path.replace("{n}", str(number)))
            if page.status != status or "Traceback" in page.text or f'lang="{tongue}"' not in page.text:
                faults.append(f"{page.status} for {status} {path[:80]}")
            if status >= 400 and not _clear(page.text, tongue):
                faults.append(f"not clear in {tongue}: {path[:80]}")
    assert not faults, "\n".join(faults)


def _clear(text: str, tongue: str) -> bool:
    """Does the page, or the notice on a page that goes on, say something in this language alone?"""
    found = re.search(r'(?s)role="alert">(.*?)</p>', text) or re.search(r"(?s)<main.*?</main>", text)
    said = html.unescape(re.sub(r"<[^>]+>", " ", found[0])) if found else ""
    return bool(said.strip()) and bool(re.search("[\u3400-\u9fff]", said)) == (tongue == "zh-CN")


def test_bad_input_at_the_api_gets_a_problem(reading_room: Door, archivist: Browser) -> None:
    """The same addresses for programs: a problem as JSON with the status it has, never a page and never an error of ours."""
    archivist.get("/me/tokens")
    token = re.search(r"jda_[\w-]+", archivist.send("/me/tokens", name="bad", scope="search", days="1").text)
    assert token
    for method, path, status in REQUESTS:
        page = Browser(reading_room.address).ask(method, f"/api/v1{path}", Authorization=f"Bearer {token[0]}")
        assert page.status == status, (path[:80], page.text)
        assert json.loads(page.text)["status"] == status
        assert "Traceback" not in page.text


def sent(door: Door, data: bytes) -> tuple[bytes, str]:
    """The head and the body of the answer to raw bytes."""
    context = ssl._create_unverified_context()
    with context.wrap_socket(socket.create_connection(door.address, timeout=30)) as line:
        line.sendall(data)
        head, _, body = b"".join(iter(lambda: line.recv(1 << 16), b"")).partition(b"\r\n\r\n")
    return head, body.decode()


@pytest.mark.parametrize(("data", "code"), [
    (b"GET /search?q=%E5%A9%9A" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 413),
    (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=" + b"x" * 200_000 + b"\r\n\r\n", 413),
    (b"GET /api/v1/search?q=" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 413), (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
])  # fmt: skip
def test_what_the_server_cannot_read_gets_an_answer_too(reading_room: Door, caplog: pytest.LogCaptureFixture, data: bytes, code: int) -> None:
    """A request line or header beyond every bound: a page in both languages with the way out, JSON for programs; none of its bytes in the log."""
    head, body = sent(reading_room, data)
    assert f" {code} ".encode() in head.split(b"\r\n")[0] and b"Content-Security-Policy" in head
    if b"/api/" in data[:20]:
        assert json.loads(body)["status"] == code and "请" in json.loads(body)["detail"]
    else:
        assert "回首页" in body and ("cookies" if code == 413 else "system officer") in body
    assert "could not be read" in caplog.text and "xxxx" not in caplog.text + body and "Traceback" not in caplog.text
