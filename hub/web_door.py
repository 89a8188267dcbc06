"""The people's door over HTTP: bounded forms, TLS, cookies, security headers, rates; everything that decides is in hub/web_frame.py."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import Executor
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from jinja2 import TemplateError
from msgspec.structs import replace

from holdings.errors import HoldingsError, NotFound, OperatorMustAct
from holdings.language import Language, mark
from hub import web_multipart
from hub.api_door import ApiDoor
from hub.endpoints import Handler, read_bounded
from hub.errors import HubError, Refused
from hub.home import Home
from hub.people import People
from hub.web_frame import LANGUAGE, THEME, Frame
from hub.web_rate import Rate
from hub.web_route import Ask, Reply, Route, Upload
from hub.web_sign_in import THEMES
from hub.web_table import ROUTES
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")
FORM_MAX: Final = 64 * 1024
FIELDS_MAX: Final = 100
QUERY_MAX: Final = 4_096
SIGN_INS: Final = (10, 10)
"""Attempts to sign in of one address: a minute, at once."""
REQUESTS: Final = (1_200, 300)
LIVE_S: Final = 5.0
"""Seconds between two looks of a stream."""
STREAMS_MAX: Final = 200
UPLOADS_MAX: Final = 2
"""Files that are read at once: each lies in memory whole. Others wait their turn."""
UPLOAD_S: Final = 300.0
"""Seconds for a form with a file: 16 MiB at half a megabit."""
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Strict-Transport-Security": "max-age=31536000",
}
_BAD: Final = mark("请求的内容不合规。")


class PeopleDoor:
    """The aiohttp application of the pages."""

    def __init__(self, home: Home, people: People, pool: Executor, live_s: float = LIVE_S) -> None:
        self._home, self._pool, self._live_s = home, pool, live_s
        self._closing, self._streams = asyncio.Event(), 0
        self._uploads = asyncio.Semaphore(UPLOADS_MAX)
        self._frame = Frame(home, people.parts(), ROUTES, people.key)
        self._sign_ins, self._requests = Rate(*SIGN_INS), Rate(*REQUESTS)
        self._behind_proxy = home.config.people.proxy

    def application(self) -> web.Application:
        """All routes of the table behind one guard."""
        app = web.Application(middlewares=[self._guard], client_max_size=FORM_MAX)
        for route in ROUTES:
            app.router.add_route(route.method, route.path, self._handler(route))
        ApiDoor(self._home, self._frame.parts, self._frame.room, self._pool).add_to(app, self._address)
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        """Streams end; a browser comes back by itself when the hub does."""
        self._closing.set()
        await asyncio.get_running_loop().run_in_executor(self._pool, self._frame.close)

    def _handler(self, route: Route) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            ask = await self._ask(request, route)
            if (
                route.method == "POST"
                and route.path.startswith("/sign-in")
                and not self._sign_ins.allows(ask.address, self._home.clock.monotonic())
            ):
                raise Refused(429, "rate", "", "", retry_after_s=60)
            reply = await asyncio.get_running_loop().run_in_executor(self._pool, self._frame.answer, route, ask)
            if route.live and reply.status == 200:
                return await self._stream(request, route, ask, reply.body)
            return await self._send(request, reply)

        return handle

    async def _stream(self, request: web.Request, route: Route, ask: Ask, first: bytes) -> web.StreamResponse:
        """Server-sent events: what the route says, whenever it changed, until the session or the hub ends."""
        if self._streams >= STREAMS_MAX:
            raise Refused(503, "streams", "", "")
        response = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
        response.content_type, response.charset = "text/event-stream", "utf-8"
        _protect(response)
        await response.prepare(request)
        loop, shown, said = asyncio.get_running_loop(), b"", first
        self._streams += 1
        try:
            while not self._closing.is_set():
                # An empty comment tells us of a browser that has gone.
                await response.write(_event("board", said) if said != shown else b":\n\n")
                shown = said
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), self._live_s)
                now = await loop.run_in_executor(self._pool, self._frame.again, route, ask)
                if now is None:
                    await response.write(_event("over", b""))
                    break
                said = now
        except ConnectionError:
            LOG.debug("%s: the browser has gone", request.path)
        finally:
            self._streams -= 1
        return response

    # ------------------------------------------------------------------ in

    def _address(self, request: web.Request) -> str:
        """Who asks: the proxy's word where one stands before us (it listens on loopback only), else the peer."""
        told = request.headers.get("X-Real-IP", "") if self._behind_proxy else ""
        return (told or request.remote or "")[:64]

    def _plain(self, request: web.Request) -> Ask:
        """The request without its body: enough for a page that says what is wrong."""
        cookies = {name: value[:256] for name, value in list(request.cookies.items())[:20]}
        theme = cookies.get(THEME, "auto")
        spoken = Language.of(cookies[LANGUAGE] if LANGUAGE in cookies else request.headers.get("Accept-Language", ""))
        address, agent = self._address(request), request.headers.get("User-Agent", "")
        return Ask(
            request.method,
            request.path,
            {},
            {},
            {},
            cookies,
            address,
            agent,
            spoken,
            theme if theme in THEMES else "auto",
            self._is_ours(request),
        )

    def _is_ours(self, request: web.Request) -> bool:
        """Does the browser say that one of our pages sent the form? Old browsers say nothing: then the form token decides alone."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        if site is not None and site not in ("same-origin", "none"):
            return False
        return origin is None or (origin != "null" and urlsplit(origin).netloc == request.host)

    async def _ask(self, request: web.Request, route: Route) -> Ask:
        """The whole request within its bounds; Refused 400 or 413 otherwise."""
        plain = self._plain(request)
        query = _pairs(request.url.raw_query_string.encode("ascii", "replace"), QUERY_MAX)
        parts = dict(request.match_info)
        if any(not value.isprintable() or len(value) > 200 for value in parts.values()):
            raise Refused(404, "path", "", "")
        form: dict[str, list[str]] = {}
        files: dict[str, Upload] = {}
        if route.upload:
            form, files = await self._uploaded(request, route, replace(plain, parts=parts))
        elif request.method == "POST":
            if request.content_type != "application/x-www-form-urlencoded":
                raise Refused(400, "type", "", "")
            for name, value in _pairs(await read_bounded(request, FORM_MAX), FORM_MAX):
                form.setdefault(name, []).append(value)
        said = {name: tuple(values) for name, values in form.items()}
        return Ask(
            plain.method,
            plain.path,
            parts,
            dict(query),
            said,
            plain.cookies,
            plain.address,
            plain.agent,
            plain.language,
            plain.theme,
            plain.origin_is_ours,
            files,
        )

    async def _uploaded(
        self, request: web.Request, route: Route, plain: Ask
    ) -> tuple[dict[str, list[str]], dict[str, Upload]]:
        """Fields and files of a form; nothing is read from who may not send it: the page tells why."""
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._pool, self._frame.admits, route, plain):
            return {}, {}
        async with self._uploads:
            body = await read_bounded(request, route.upload + FORM_MAX, UPLOAD_S)
            try:
                return web_multipart.read(body, request.headers.get("Content-Type", ""))
            except ValueError as fault:
                raise Refused(400, "form", "", "") from fault

    # ------------------------------------------------------------------ out

    async def _send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        response: web.StreamResponse
        if reply.pieces is None:
            response = web.Response(
                body=reply.body, status=reply.status, content_type=reply.content_type, charset="utf-8"
            )
        else:
            response = web.StreamResponse(status=reply.status)
            response.content_type = reply.content_type
            if reply.content_type.startswith("text/"):
                response.charset = "utf-8"
        response.headers.update(reply.headers)
        if reply.location:
            response.headers["Location"] = reply.location
        for cookie in reply.cookies:
            if cookie.value:
                kept = cookie.kept or None
                response.set_cookie(
                    cookie.name, cookie.value, max_age=kept, path="/", secure=True, httponly=True, samesite="Strict"
                )
            else:
                response.del_cookie(cookie.name, path="/", secure=True, httponly=True, samesite="Strict")
        if reply.pieces is not None:
            _protect(response)
            await response.prepare(request)
            loop = asyncio.get_running_loop()
            while (piece := await loop.run_in_executor(self._pool, next, reply.pieces, None)) is not None:
                await response.write(piece)
            await response.write_eof()
        return response

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Rates before anything; every error as a page; headers on everything. Nothing of an unexpected fault leaves."""
        began = self._home.clock.monotonic()
        if not self._requests.allows(self._address(request), began):
            response = await self._page(request, 429)
        else:
            try:
                response = await handler(request)
            except Refused as refused:
                response = await self._page(request, refused.status, _BAD if refused.status == 400 else "")
            except web.HTTPException as fault:
                response = await self._page(request, fault.status)
            except NotFound:
                response = await self._page(request, 404)
            except OperatorMustAct as fault:
                response = await self._page(request, 400, str(fault))
            except (SyncError, HubError, HoldingsError) as fault:
                LOG.error("%s %s: %s", request.method, request.path, fault)
                response = await self._page(request, 503)
            except (
                ValueError,
                TypeError,
                LookupError,
                ArithmeticError,
                AssertionError,
                AttributeError,
                RuntimeError,
                TemplateError,
            ):
                LOG.exception("%s %s", request.method, request.path)
                response = await self._page(request, 500)
        if not response.prepared:
            _protect(response)
            # What a page cost here, waiting for a thread included: browsers show it, the bench adds it up.
            response.headers["Server-Timing"] = f"total;dur={(self._home.clock.monotonic() - began) * 1000:.1f}"
        return response

    async def _page(self, request: web.Request, status: int, text: str = "") -> web.StreamResponse:
        ask = self._plain(request)
        reply = await asyncio.get_running_loop().run_in_executor(self._pool, self._frame.stranger, ask, status, text)
        response = await self._send(request, reply)
        if status == 429:
            response.headers["Retry-After"] = "60"
        return response


def _event(name: str, data: bytes) -> bytes:
    lines = b"".join(b"data: " + line + b"\n" for line in data.split(b"\n"))
    return b"event: " + name.encode() + b"\n" + lines + b"\n"


def _protect(response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Server"] = "jindang"


def _pairs(data: bytes, most: int) -> list[tuple[str, str]]:
    """Fields of a form or a query as text; Refused 400 for too many, too long, or bad UTF-8."""
    if len(data) > most:
        raise Refused(413, "too-large", "", "")
    try:
        return parse_qsl(
            data.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, encoding="utf-8", errors="strict"
        )
    except ValueError as fault:
        raise Refused(400, "form", "", "") from fault
