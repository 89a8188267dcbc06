"""The node port: HTTP in front of enrolment, conversation and receiver (format.md §11). Every body is read within a bound."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor

from aiohttp import web

from hub.bearers import Bearers
from hub.conversation import Conversation
from hub.enrolment import Enrolment
from hub.errors import Refused
from hub.receiving import Receiver
from sync import limits, messages
from sync.errors import StoreError, StoreFull

LOG = logging.getLogger("jindang.hub")
READ_BUFFER = 256 * 1024
"""Bytes of a connection's read buffer: measured best (reference/pipeline.md §2)."""
BODY_S = 60.0
"""Seconds for a request's body, an object's apart: 1 MiB at 140 kbit/s."""
_NAME_DIGITS = 64

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def read_bounded(request: web.Request, bound: int, seconds: float = BODY_S) -> bytes:
    """The request's body; Refused 413 as soon as it is known to be longer than `bound` bytes, 408 after `seconds`."""
    if (request.content_length or 0) > bound:
        raise Refused(413, "too-large", f"请求超过 {bound} 字节", "请升级节点程序后重试")
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > bound:
                    raise Refused(413, "too-large", f"请求超过 {bound} 字节", "请升级节点程序后重试")
    except TimeoutError as fault:
        raise Refused(408, "too-slow", f"请求在 {seconds:.0f} 秒内没有送完", "请检查网络后重试") from fault
    return bytes(body)


class NodePort:
    """The routes of format.md §11."""

    def __init__(self, enrolment: Enrolment, conversation: Conversation, bearers: Bearers, receiver: Receiver, pool: Executor) -> None:
        self._enrolment, self._conversation, self._bearers, self._receiver, self._pool = enrolment, conversation, bearers, receiver, pool

    def application(self) -> web.Application:
        """The aiohttp application; serve it with `read_bufsize=READ_BUFFER` and `auto_decompress=False`."""
        app = web.Application(middlewares=[_problems])
        app.on_shutdown.append(self._close)
        app.add_routes(
            [
                web.post(messages.ENROL, self._enrol),
                web.post(messages.HELLO, self._hello),
                web.post(messages.KNOCK, self._knock),
                web.post(messages.ENTRIES, self._entries),
                web.post(messages.HUB_ENTRIES, self._hub_entries),
                web.post(messages.NEED, self._need),
                web.route("HEAD", messages.OBJECTS + "{name}", self._head),
                web.patch(messages.OBJECTS + "{name}", self._patch),
            ]
        )
        return app

    async def _close(self, _: web.Application) -> None:
        await self._receiver.close()

    async def _run(self, work: Callable[[], bytes]) -> web.Response:
        body = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        return web.Response(body=body, content_type=messages.TYPE_CBOR)

    async def _enrol(self, request: web.Request) -> web.Response:
        body = await read_bounded(request, limits.REQUEST_BYTES)
        return await self._run(lambda: self._enrolment.enrol(body))

    async def _hello(self, request: web.Request) -> web.Response:
        body = await read_bounded(request, limits.REQUEST_BYTES)
        return await self._run(lambda: self._conversation.hello(body))

    async def _knock(self, request: web.Request) -> web.Response:
        body = await read_bounded(request, messages.KNOCK_BYTES)
        await asyncio.get_running_loop().run_in_executor(self._pool, self._conversation.knocked, body)
        return web.Response()

    async def _entries(self, request: web.Request) -> web.Response:
        log_id = self._log_of(request)
        body = await read_bounded(request, limits.ENTRIES_REQUEST_BYTES)
        return await self._run(lambda: self._conversation.entries(log_id, body))

    async def _hub_entries(self, request: web.Request) -> web.Response:
        log_id = self._log_of(request)
        body = await read_bounded(request, limits.ENTRIES_REQUEST_BYTES)
        return await self._run(lambda: self._conversation.hub_entries(log_id, body))

    async def _need(self, request: web.Request) -> web.Response:
        log_id = self._log_of(request)
        body = await read_bounded(request, limits.REQUEST_BYTES)
        loop = asyncio.get_running_loop()
        asked = await loop.run_in_executor(self._pool, lambda: self._conversation.asked(log_id, body))
        await self._receiver.settle(log_id, asked)
        return await self._run(lambda: self._conversation.need(log_id, body))

    async def _head(self, request: web.Request) -> web.Response:
        return await self._receiver.head(self._log_of(request), _name_of(request))

    async def _patch(self, request: web.Request) -> web.Response:
        return await self._receiver.patch(self._log_of(request), _name_of(request), request)

    def _log_of(self, request: web.Request) -> bytes:
        return self._bearers.log_of(request.headers.get("Authorization", ""))


def _name_of(request: web.Request) -> bytes:
    text = request.match_info["name"]
    if len(text) != _NAME_DIGITS or not set(text) <= set("0123456789abcdef"):
        raise Refused(404, "not-named", "对象名应为 64 位小写十六进制", "请升级节点程序后重试")
    return bytes.fromhex(text)


def _answer(refused: Refused) -> web.Response:
    response = web.Response(status=refused.status, body=refused.problem.encode(), content_type=messages.TYPE_CBOR)
    if refused.retry_after_s:
        response.headers["Retry-After"] = str(refused.retry_after_s)
    if refused.problem.code == "offset" and isinstance(refused.problem.detail, int):
        response.headers[messages.UPLOAD_OFFSET] = str(refused.problem.detail)
    return response


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error leaves as a problem body; nothing of an unexpected one leaves at all."""
    try:
        return await handler(request)
    except Refused as refused:
        LOG.info("%s %s: %d %s", request.method, request.path, refused.status, refused.problem.code)
        return _answer(refused)
    except StoreFull as fault:
        LOG.error("%s %s: %s", request.method, request.path, fault)
        return _answer(Refused(507, "no-space", str(fault), "中心扩容后自动续传", retry_after_s=60))
    except StoreError as fault:
        LOG.error("%s %s: %s", request.method, request.path, fault)
        return _answer(Refused(503, "store", "中心的存储出错", "中心检修后自动续传", retry_after_s=60))
    except web.HTTPException as fault:
        return _answer(Refused(fault.status, "http", f"没有这样的请求（{fault.reason}）", "请升级节点程序后重试"))
