"""The JSON API over HTTP: tokens, rates, bounded bodies, problems as JSON; each request an act in the journal before its answer leaves."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web
from msgspec.structs import fields

from holdings.journal import Deed, Outcome
from hub import api_types as t
from hub.account import Account
from hub.api_document import PROBLEM, document
from hub.api_operations import JPEG, OPERATIONS, ApiRefused, Call, Operation, carried_out
from hub.api_token import ApiToken, ApiTokens
from hub.endpoints import read_bounded
from hub.errors import HubError, Refused
from hub.home import Home
from hub.people import Opened
from hub.reading_room import ReadingRoom
from hub.web_rate import Rate
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")
VERSION: Final = "1"
BODY_MAX: Final = 64 * 1024
QUERY_MAX: Final = 8 * 1024
RATE: Final = (600, 60)
"""Requests of one token: a minute, at once."""
BAD_TOKENS: Final = (30, 30)
"""Requests of one address without a good token: a minute, at once."""
_TITLES: Final = {
    400: "请求不合规", 401: "令牌无效", 403: "无权访问", 404: "没有", 405: "不能这样访问", 413: "内容太大", 415: "内容应为 JSON", 422: "不能办理", 429: "请求太频繁",
    500: "系统出错", 503: "暂时不能服务",
}  # fmt: skip
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ID = msgspec.json.Decoder(t.Id)


class ApiDoor:
    """Answers programs; `add_to` puts its routes beside those of the pages."""

    def __init__(self, home: Home, parts: Opened, room: ReadingRoom, pool: Executor) -> None:
        self._home, self._parts, self._room, self._pool = home, parts, room, pool
        self._tokens = ApiTokens(parts.database, parts.journal, home.clock, home.random)
        self._rate, self._bad = Rate(*RATE), Rate(*BAD_TOKENS)

    def add_to(self, app: web.Application, address: Callable[[web.Request], str]) -> None:
        """Add a route for each operation, and for the document that describes them."""
        app.router.add_get("/api/v1/openapi.json", self._document)
        for operation in OPERATIONS:
            app.router.add_route(operation.method, operation.path, self._handler(operation, address))
        app.router.add_route("*", "/api/{rest:.*}", _nowhere)

    async def _document(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=document(VERSION), content_type="application/json", charset="utf-8")

    def _handler(self, operation: Operation, address: Callable[[web.Request], str]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            loop, where = asyncio.get_running_loop(), address(request)
            try:
                token, account = await loop.run_in_executor(
                    self._pool, self._who, request.headers.get("Authorization", "")
                )
                if not self._rate.allows(str(token.number), self._home.clock.monotonic()):
                    raise ApiRefused(429, "此令牌的请求太频繁，请稍后再试", retry_after_s=60)
                wish, numbers = await self._wish(operation, request), _numbers(request)
                call = Call(self._home, self._room, account, numbers, wish)
                return await loop.run_in_executor(self._pool, self._answer, operation, call, token, where)
            except ApiRefused as refused:
                if refused.status == 401 and not self._bad.allows(where, self._home.clock.monotonic()):
                    refused = ApiRefused(429, "没有有效令牌的请求太多，请稍后再试", retry_after_s=60)
                return _problem(refused)
            except Refused as refused:
                return _problem(ApiRefused(refused.status, refused.problem.message or _TITLES.get(refused.status, "")))
            except (SyncError, HubError) as fault:
                LOG.error("%s %s: %s", request.method, operation.path, fault)
                return _problem(ApiRefused(503, "请稍后重试；持续如此，请告知系统管理员"))
            except (ValueError, TypeError, LookupError, ArithmeticError, AssertionError, AttributeError, RuntimeError):
                LOG.exception("%s %s", request.method, operation.path)
                return _problem(ApiRefused(500, "已记入服务日志，请告知系统管理员"))

        return handle

    def _who(self, header: str) -> tuple[ApiToken, Account]:
        kind, _, text = header.partition(" ")
        found = self._tokens.who(text.strip()) if kind.lower() == "bearer" else None
        if found is None:
            raise ApiRefused(401, "请在 Authorization 头中给出有效的令牌：Bearer jda_…；令牌在“我的账号”中生成")
        return found

    @staticmethod
    async def _wish(operation: Operation, request: web.Request) -> Any:
        """Parameters or body as their type; ApiRefused names what does not fit."""
        try:
            if operation.method == "POST":
                if request.content_type != "application/json":
                    raise ApiRefused(415, "请求内容应为 application/json")
                return msgspec.json.decode(await read_bounded(request, BODY_MAX), type=operation.takes)
            raw = request.url.raw_query_string
            if len(raw) > QUERY_MAX:
                raise ApiRefused(413, "参数太长")
            return msgspec.convert(_listed(operation.takes, raw), operation.takes, strict=False)
        except msgspec.ValidationError as fault:
            raise ApiRefused(422, f"参数不合要求：{fault}") from fault
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as fault:
            raise ApiRefused(400, "请求不是合规的 JSON 或参数") from fault

    def _answer(self, operation: Operation, call: Call, token: ApiToken, where: str) -> web.Response:
        """Carry an operation out and note it; the journal comes before the answer."""
        outcome, refused, given = Outcome.DONE, None, None
        try:
            if operation.scope not in token.scopes:
                raise ApiRefused(403, f"此令牌没有 {operation.scope.value} 范围")
            given = carried_out(operation, call)
        except ApiRefused as fault:
            outcome, refused = Outcome.REFUSED, fault
        me, note = (
            call.account,
            " ".join(
                part for part in (f"api:{token.number}", call.note, str(refused.status) if refused else "") if part
            ),
        )
        # A crash after this leaves an act whose answer nobody saw: that is the safe side.
        self._parts.journal.note(
            Deed(
                self._home.clock.wall(),
                me.name,
                me.role.value,
                where,
                operation.verb,
                call.subject or operation.path,
                outcome,
                note,
            )
        )
        if refused is not None:
            raise refused
        if operation.gives is None:
            return web.Response(body=given, content_type=JPEG)
        return web.Response(
            body=msgspec.json.encode(given),
            status=201 if operation.created else 200,
            content_type="application/json",
            charset="utf-8",
        )


def _numbers(request: web.Request) -> dict[str, int]:
    """The numbers of the path; ApiRefused 404 for what is none: nothing is there."""
    try:
        return {name: _ID.decode(text.encode("ascii")) for name, text in request.match_info.items()}
    except (msgspec.MsgspecError, UnicodeEncodeError) as fault:
        raise ApiRefused(404, "没有这一条") from fault


def _listed(kind: type, raw: str) -> dict[str, Any]:
    """The parameters by name: of a list all its values, else the last one; ValueError for bad UTF-8 or too many."""
    lists = {one.name for one in fields(kind) if one.default_factory is list}
    found: dict[str, Any] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True, max_num_fields=200, encoding="utf-8", errors="strict"):
        if name in lists:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


async def _nowhere(request: web.Request) -> web.StreamResponse:
    """A path of no operation, or a method that its operation has not: a program gets JSON too, never a page."""
    known = {one.path: {two.method for two in OPERATIONS if two.path == one.path} for one in OPERATIONS}
    for path, methods in known.items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.path):
            response = _problem(ApiRefused(405, "方法不对；可用的见 /api/v1/openapi.json"))
            response.headers["Allow"] = ", ".join(sorted(methods))
            return response
    return _problem(ApiRefused(404, "没有这个接口；可用的见 /api/v1/openapi.json"))


def _problem(refused: ApiRefused) -> web.Response:
    said = t.Problem(refused.status, _TITLES.get(refused.status, ""), refused.detail)
    response = web.Response(
        body=msgspec.json.encode(said), status=refused.status, content_type=PROBLEM, charset="utf-8"
    )
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="jindang"'
    if refused.retry_after_s:
        response.headers["Retry-After"] = str(refused.retry_after_s)
    return response
