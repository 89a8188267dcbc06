"""A door for the browser of this machine alone: 127.0.0.1, opened when somebody asks for a link, closed when nobody has used it for a while.

A link is good once and briefly: it is exchanged for a cookie of its one session at the first look, so that neither history nor a second reader has
a key. No other site can ask here (Host, Origin, SameSite), and what is shown holds no script but our own file.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from holdings.errors import HoldingsError
from node.errors import NodeError
from sync.errors import SyncError

LINK_S: Final = 120.0
"""Seconds within which a link must be followed."""
SESSION_S: Final = 1_800.0
"""Seconds after the last look at which a session ends, and the door with its last one."""
SESSIONS_MAX: Final = 32
FORM_MAX: Final = 8 << 10  # bytes of a form that is sent
BUSY_MAX: Final = 16  # requests at a time: a browser asks for six
IDLE_S: Final = 15  # seconds that a connection may say nothing
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
}  # fmt: skip
_FILES: Final = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}


class Shown(Protocol):
    """What a session shows: pages, and perhaps verdicts on them. Errors of node, holdings and sync are told as text."""

    def page(self, number: int, query: Mapping[str, str], root: str) -> str:
        """The HTML of page `number`; `root` is the session's path."""
        ...

    def picture(self, number: int, side: int, turn: int) -> bytes:
        """Its picture as JPEG."""
        ...

    def judge(self, number: int, form: Mapping[str, str]) -> int:
        """Take a verdict; the number of the page to be shown next."""
        ...


class _Session(Struct):
    shown: Shown
    number: int
    first: int
    ends: float
    link: bytes | None
    cookie: bytes = b""


class PageDoor:
    """Links and what stands behind them. `now` counts seconds and never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, threading.Lock()
        self._sessions: dict[int, _Session] = {}
        self._last = 0
        self._server: _Server | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0 when it does not."""
        server = self._server
        return int(server.server_address[1]) if server is not None else 0

    def link(self, shown: Shown, first: int) -> tuple[str, int]:
        """(a new link that shows page `first`, seconds for which it is good); the oldest session gives way when there are too many."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._sweep()
            while len(self._sessions) >= SESSIONS_MAX:
                del self._sessions[min(self._sessions)]
            self._last += 1
            self._sessions[self._last] = _Session(shown, self._last, first, self._now() + LINK_S, _hash(token))
            if self._server is None:
                self._server = _Server(self)
        return f"http://127.0.0.1:{self.port}/o/{token}", int(LINK_S)

    def close(self) -> None:
        """No session and no door any more."""
        with self._lock:
            server, self._server = self._server, None
            self._sessions.clear()
        if server is not None:
            server.end()

    def idle(self) -> bool:
        """End what is too old; True when nothing is left and the door may close (it is then forgotten: the next link opens another)."""
        with self._lock:
            self._sweep()
            if self._sessions:
                return False
            self._server = None
            return True

    def _sweep(self) -> None:
        for number in [one.number for one in self._sessions.values() if one.ends < self._now()]:
            del self._sessions[number]

    def exchange(self, token: str) -> tuple[_Session, str] | None:
        """The session of a link and its cookie; the link is good no more. None for one that is not good."""
        given = _hash(token)
        with self._lock:
            self._sweep()
            for one in self._sessions.values():
                if one.link is not None and secrets.compare_digest(one.link, given):
                    cookie = secrets.token_urlsafe(32)
                    one.link, one.cookie, one.ends = None, _hash(cookie), self._now() + SESSION_S
                    return one, cookie
        return None

    def session(self, number: int, cookie: str) -> _Session | None:
        """The session that this cookie opens."""
        given = _hash(cookie)
        with self._lock:
            self._sweep()
            found = self._sessions.get(number)
            if found is None or found.link is not None or not secrets.compare_digest(found.cookie, given):
                return None
            found.ends = self._now() + SESSION_S
            return found


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


class _Server(ThreadingHTTPServer):
    """Listens in a thread of its own; ends by itself once the door is idle."""

    daemon_threads, block_on_close, request_queue_size = True, False, BUSY_MAX

    def __init__(self, door: PageDoor) -> None:
        self.door, self.busy = door, threading.BoundedSemaphore(BUSY_MAX)
        self._ended = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._serve, name="page door", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self.timeout = 1.0
        while not self._ended.is_set():
            self.handle_request()
            if self.door.idle():
                break
        self.server_close()

    def end(self) -> None:
        """Stop listening."""
        self._ended.set()
        self._thread.join(5)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each request, no more than BUSY_MAX at a time."""
        if not self.busy.acquire(timeout=1):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread of a request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.busy.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One request. Addresses: /o/TOKEN (once), /s/N/ pages of a session, /s/N/image, /web/ our own style and script."""

    server: _Server
    timeout, protocol_version, server_version, sys_version = IDLE_S, "HTTP/1.0", "jindang", ""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  named so by the library
        """Addresses hold tokens: nothing is written down."""

    def do_GET(self) -> None:
        """Look."""
        self._guarded(self._get)

    def do_POST(self) -> None:
        """Judge."""
        self._guarded(self._post)

    def _guarded(self, work: Callable[[], None]) -> None:
        if self.headers.get("Host", "") != f"127.0.0.1:{self.server.server_address[1]}":
            self._refuse(HTTPStatus.FORBIDDEN, "此地址只供本机浏览器打开")
            return
        try:
            work()
        except (NodeError, HoldingsError, SyncError) as fault:
            self._refuse(HTTPStatus.CONFLICT, str(fault))
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST, "请求不完整")

    def _get(self) -> None:
        address = urlsplit(self.path)
        place, query = address.path.split("/"), _single(address.query)
        if place[1:2] == ["o"] and len(place) == 3:
            self._exchange(place[2])
        elif place[1:2] == ["web"] and place[2:] and (kind := _FILES.get(place[2])):
            self._send(importlib.resources.files("node").joinpath("web", place[2]).read_bytes(), kind)
        elif address.path == "/favicon.ico":
            self._send(b"", "image/x-icon", HTTPStatus.NO_CONTENT)
        elif (session := self._session(place)) is None:
            self._refuse(HTTPStatus.FORBIDDEN, "链接已用过、已过期或不属于此浏览器；请在工作台再按 o")
        elif place[3:] == ["image"]:
            side, turn = min(8_000, max(200, int(query.get("side", "1600")))), int(query.get("turn", "0"))
            self._send(session.shown.picture(_number(query, session.first), side, turn % 360 // 90 * 90), "image/jpeg")
        else:
            text = session.shown.page(_number(query, session.first), query, f"/s/{session.number}/")
            self._send(text.encode(), "text/html; charset=utf-8")

    def _post(self) -> None:
        origin = self.headers.get("Origin", "")
        session = self._session(self.path.split("/"))
        if session is None or origin != f"http://127.0.0.1:{self.server.server_address[1]}":
            self._refuse(HTTPStatus.FORBIDDEN, "链接已过期或不属于此浏览器；请在工作台再按 o")
            return
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 < length <= FORM_MAX:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "表单过大")
            return
        form = _single(self.rfile.read(length).decode("utf-8", "replace"))
        following = session.shown.judge(_number(form, session.first), form)
        self._go(f"/s/{session.number}/?n={following}")

    def _exchange(self, token: str) -> None:
        # A browser that looks ahead of its user must not use the link up.
        if "prefetch" in self.headers.get("Sec-Purpose", "") + self.headers.get("Purpose", ""):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "请打开链接")
            return
        found = self.server.door.exchange(token)
        if found is None:
            self._refuse(HTTPStatus.FORBIDDEN, "链接已用过或已过期；请在工作台再按 o")
            return
        session, cookie = found
        root = f"/s/{session.number}/"
        said = f"jd{session.number}={cookie}; Path={root}; HttpOnly; SameSite=Strict; Max-Age={int(SESSION_S)}"
        self._go(f"{root}?n={session.first}", said)

    def _session(self, place: list[str]) -> _Session | None:
        if len(place) < 4 or place[1] != "s" or not place[2].isdigit():
            return None
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(self.headers.get("Cookie", ""))
        except CookieError:
            return None
        found = jar.get(f"jd{place[2]}")
        return self.server.door.session(int(place[2]), found.value) if found is not None else None

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._begin(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _go(self, place: str, cookie: str = "") -> None:
        self._begin(HTTPStatus.SEE_OTHER)
        self.send_header("Location", place)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._send(f"{text}\n".encode(), "text/plain; charset=utf-8", status)

    def _begin(self, status: HTTPStatus) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)


def _single(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True, max_num_fields=20).items()}


def _number(said: Mapping[str, str], otherwise: int) -> int:
    return int(said.get("n", "") or otherwise)
