"""The node's local API: JSON over a Unix socket (0660, group `jindang`), one POST per verb of node.service; thin."""

from __future__ import annotations

import asyncio
import grp
import inspect
import json
import os
import pwd
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from aiohttp import web

from node import exit_code
from node.service import Service, verbs

BODY_MAX = 1 << 20
GROUP = "jindang"
_CREDENTIALS = struct.Struct("3i")


def may_ask(uid: int, gid: int) -> bool:
    """Root, the owner of the daemon, and members of group jindang (SO_PEERCRED)."""
    if uid in (0, os.geteuid()):
        return True
    try:
        allowed = grp.getgrnam(GROUP)
        return gid == allowed.gr_gid or pwd.getpwuid(uid).pw_name in allowed.gr_mem
    except KeyError:
        return False


def arguments(method: Callable[..., object], body: bytes) -> dict[str, Any]:
    """The arguments of a verb from a JSON object, each of the type that the verb declares.

    Raises:
        TypeError, ValueError: no object, an unknown, missing or wrong argument.
    """
    given = json.loads(body or b"{}")
    if not isinstance(given, dict):
        raise TypeError("应为 JSON 对象")
    inspect.signature(method).bind(**given)
    types = get_type_hints(method)
    return {name: msgspec.convert(value, types[name]) for name, value in given.items()}


def application(service: Service, stop: Callable[[], object]) -> web.Application:
    """`GET /capabilities`, `POST /v1/<verb>` with a JSON object of arguments, `POST /v1/stop`."""
    app = web.Application(client_max_size=BODY_MAX, middlewares=[_only_ours])

    async def capabilities(_: web.Request) -> web.Response:
        return _json(service.capabilities())

    async def verb(request: web.Request) -> web.Response:
        name = request.match_info["verb"]
        if name not in verbs():
            return _json({"error": f"没有 {name} 这个操作", "exit_code": 2}, 404)
        method = getattr(service, name)
        try:
            given = arguments(method, await request.read())
        except (TypeError, ValueError) as fault:
            return _json({"error": f"参数不对：{fault}", "exit_code": 2}, 400)
        try:
            return _json(await asyncio.to_thread(method, **given))
        except exit_code.EXPECTED as fault:
            return _json({"error": str(fault), "exit_code": exit_code.of(fault)}, 409)

    async def end(_: web.Request) -> web.Response:
        stop()
        return _json({})

    app.router.add_get("/capabilities", capabilities)
    app.router.add_post("/v1/stop", end)
    app.router.add_post("/v1/{verb}", verb)
    return app


@web.middleware
async def _only_ours(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    transport = request.transport
    raw = transport.get_extra_info("socket") if transport is not None else None
    if raw is None:
        return _json({"error": "连接已断", "exit_code": 3}, 400)
    _, uid, gid = _CREDENTIALS.unpack(raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    if not may_ask(uid, gid):
        return _json({"error": f"用户 {uid} 不在 {GROUP} 组，不能使用本机。请联系系统管理员。", "exit_code": 2}, 403)
    answer: web.StreamResponse = await handler(request)
    return answer


def _json(value: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(text=json.dumps(value, ensure_ascii=False), status=status, content_type="application/json")


async def listen(path: Path, app: web.Application) -> web.AppRunner:
    """Serve on the socket file; a stale one of a crash is replaced (the home's lock proves that nobody serves it)."""
    await asyncio.to_thread(path.unlink, missing_ok=True)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    await asyncio.to_thread(path.chmod, 0o660)
    return runner
