"""The node's local API: JSON over a Unix socket (0660, group `jindang`), one POST per verb of node.service, through node.door; thin."""

from __future__ import annotations

import asyncio
import functools
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

from holdings.operator import Ceiling
from node import exit_code
from node.door import OWN, Door
from node.errors import SignInNeeded
from node.service import Service, verbs

BODY_MAX = 1 << 20
GROUP = "jindang"
ADMINS, CONTRACTORS = f"{GROUP}-admin", f"{GROUP}-contractor"
OPERATOR = "X-Operator"
"""Header with the token of who has signed in."""
_CREDENTIALS = struct.Struct("3i")
UID, GID = web.RequestKey("uid", int), web.RequestKey("gid", int)


def may_ask(uid: int, gid: int) -> bool:
    """Root, the owner of the daemon, and members of group jindang (SO_PEERCRED)."""
    return uid in (0, os.geteuid()) or _member(GROUP, uid, gid)


def _member(group: str, uid: int, gid: int) -> bool:
    try:
        allowed = grp.getgrnam(group)
        return gid == allowed.gr_gid or pwd.getpwuid(uid).pw_name in allowed.gr_mem
    except KeyError:
        return False


def ceiling(uid: int, gid: int) -> Ceiling:
    """What a user of the system may sign in as: a contractor's account nothing else, a clerk's no administrator."""
    if uid in (0, os.geteuid()):
        return Ceiling.ANY
    if _member(CONTRACTORS, uid, gid):
        return Ceiling.CONTRACTOR
    return Ceiling.ANY if _member(ADMINS, uid, gid) else Ceiling.STAFF


def arguments(method: Callable[..., object], body: bytes) -> dict[str, Any]:
    """The arguments of a verb from a JSON object, each of the type that the verb declares.

    Raises:
        TypeError, ValueError: no object, an unknown, missing or wrong argument.
    """
    return typed(method, said(body))


def said(body: bytes) -> dict[str, Any]:
    """The JSON object of a request; TypeError, ValueError when it is none."""
    given = json.loads(body or b"{}")
    if not isinstance(given, dict):
        raise TypeError("应为 JSON 对象")
    return given


def typed(method: Callable[..., object], given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a verb, each of the type that the verb declares; TypeError, ValueError."""
    inspect.signature(method).bind(**given)
    types = get_type_hints(method)
    return {name: msgspec.convert(value, types[name]) for name, value in given.items()}


def application(service: Service, stop: Callable[[], object], door: Door | None = None) -> web.Application:
    """`GET /capabilities`, `POST /v1/<verb>` with a JSON object of arguments, `POST /v1/stop`."""
    app = web.Application(client_max_size=BODY_MAX, middlewares=[only_ours])
    through = door or Door(service)

    async def answer(request: web.Request, name: str, given: dict[str, Any]) -> web.Response:
        uid, gid = request[UID], request[GID]
        token = request.headers.get(OPERATOR, "")

        def bound(meant: dict[str, Any]) -> dict[str, Any]:
            try:
                return typed(getattr(service, name), meant)
            except (TypeError, ValueError) as fault:
                raise _Misused(str(fault)) from fault

        try:
            asked = functools.partial(through.ask, name, given, bound, uid=uid, ceiling=ceiling(uid, gid), token=token)
            return _json(await asyncio.to_thread(asked))
        except _Misused as fault:
            return _json({"error": f"参数不对：{fault}", "exit_code": 2}, 400)
        except exit_code.EXPECTED as fault:
            return _refused(fault)

    async def capabilities(request: web.Request) -> web.Response:
        return await answer(request, "capabilities", {})

    async def verb(request: web.Request) -> web.Response:
        name = request.match_info["verb"]
        if name not in verbs() and name not in OWN:
            return _json({"error": f"没有 {name} 这个操作", "exit_code": 2}, 404)
        try:
            given = said(await request.read())
        except (TypeError, ValueError) as fault:
            return _json({"error": f"参数不对：{fault}", "exit_code": 2}, 400)
        return await answer(request, name, given)

    async def end(request: web.Request) -> web.Response:
        try:
            through.permit(request[UID], request.headers.get(OPERATOR, ""), "stop")
        except exit_code.EXPECTED as fault:
            return _refused(fault)
        stop()
        return _json({})

    app.router.add_get("/capabilities", capabilities)
    app.router.add_post("/v1/stop", end)
    app.router.add_post("/v1/{verb}", verb)
    return app


class _Misused(Exception):
    """Arguments that a verb does not take."""


def _refused(fault: Exception) -> web.Response:
    needed = {"sign_in": True} if isinstance(fault, SignInNeeded) else {}
    return _json({"error": str(fault), "exit_code": exit_code.of(fault), **needed}, 409)


@web.middleware
async def only_ours(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """Lets those in whom the system lets at this socket (`may_ask`), and says who asks."""
    transport = request.transport
    raw = transport.get_extra_info("socket") if transport is not None else None
    if raw is None:
        return _json({"error": "连接已断", "exit_code": 3}, 400)
    _, uid, gid = _CREDENTIALS.unpack(raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    if not may_ask(uid, gid):
        return _json({"error": f"用户 {uid} 不在 {GROUP} 组，不能使用本机。请联系系统管理员。", "exit_code": 2}, 403)
    request[UID], request[GID] = uid, gid
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
