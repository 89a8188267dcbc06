"""The running hub's desk on HOME/hub.sock: JSON in and out, bytes streamed; for this machine's owner, root and group only (DESIGN §7)."""

from __future__ import annotations

import asyncio
import grp
import logging
import os
import pwd
import socket
import struct
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from crypto.errors import CryptoError
from hub.account_words import ASKS_WHO, local_name
from hub.desk import Desk
from hub.desk_witness import CALLER
from hub.endpoints import read_bounded
from hub.errors import DamageFound, HubError, Refused
from sync.errors import SyncError
from sync.limits import MIB

LOG = logging.getLogger("jindang.hub")
REQUEST_MAX = 1 * MIB
STOP_S = 10.0
"""Seconds that a command has to end by itself when the hub ends; something large that is being read out is cut at its next piece."""
_PEERCRED = struct.Struct("3i")


class LocalApi:
    """`POST /call/<word>` and `POST /stream/<word>` with a JSON object of wishes."""

    def __init__(self, desk: Desk, home: Path, pool: Executor) -> None:
        self._desk, self._home, self._pool, self._closing = desk, home, pool, False

    async def open(self, path: Path) -> web.AppRunner:
        """Listen on the socket (0660); the runner to clean up."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes([web.post("/call/{word}", self._call), web.post("/stream/{word}", self._stream)])
        app.on_shutdown.append(self._close)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
        await runner.setup()
        await web.SockSite(runner, _listening(path)).start()
        return runner

    async def _close(self, _: web.Application) -> None:
        self._closing = True

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        try:
            if not self._may(request):
                raise web.HTTPForbidden
            answer: web.StreamResponse = await handler(request)
            return answer
        except HubError as fault:
            return _failed(fault)
        except Refused as refused:
            return _failed(HubError(refused.problem.message))
        except (SyncError, CryptoError) as fault:
            LOG.error("%s: %s", request.path, fault)
            return _failed(DamageFound(str(fault)))

    def _may(self, request: web.Request) -> bool:
        """Is the caller the home's owner, root, or of its group? The kernel says who it is."""
        assert request.transport is not None
        peer = request.transport.get_extra_info("socket")
        _, uid, gid = _PEERCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size))
        home = self._home.stat()
        if uid in (0, os.geteuid(), home.st_uid) or gid == home.st_gid:
            return True
        try:
            return pwd.getpwuid(uid).pw_name in grp.getgrgid(home.st_gid).gr_mem
        except KeyError:
            return False

    async def _wishes(self, request: web.Request) -> dict[str, Any]:
        try:
            wishes = msgspec.json.decode(await read_bounded(request, REQUEST_MAX), type=dict[str, Any])
        except msgspec.DecodeError as fault:
            raise HubError("请求不是 JSON 对象") from fault
        return wishes

    async def _call(self, request: web.Request) -> web.Response:
        wishes, word = await self._wishes(request), request.match_info["word"]
        wishes["by" if word in ASKS_WHO else CALLER] = local_name(_uid(request))
        answer = await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self._desk.call(word, **wishes))
        return web.json_response(body=msgspec.json.encode(answer))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        wishes, word = await self._wishes(request), request.match_info["word"]
        wishes["by" if word in ASKS_WHO else CALLER] = local_name(_uid(request))
        loop = asyncio.get_running_loop()
        pieces = self._desk.stream(word, **wishes)
        # The first piece decides between an answer and an error; a fault after it cuts the connection, and the reader knows that the end is missing.
        piece = await loop.run_in_executor(self._pool, next, pieces, None)
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        try:
            while piece is not None:
                if self._closing:
                    # Without the last chunk: who reads knows that it is not all.
                    assert request.transport is not None
                    request.transport.abort()
                    return response
                await response.write(piece)
                piece = await loop.run_in_executor(self._pool, next, pieces, None)
            await response.write_eof()
        finally:
            await loop.run_in_executor(self._pool, pieces.close)
        return response


def _uid(request: web.Request) -> int:
    """Who called, as the kernel says."""
    assert request.transport is not None
    peer = request.transport.get_extra_info("socket")
    uid: int = _PEERCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size))[1]
    return uid


def _listening(path: Path) -> socket.socket:
    """A socket at `path` (0660). We hold the home's lock: one that lies there is a dead process's."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        made.bind(str(path))
    finally:
        os.umask(before)
    return made


def _failed(fault: HubError) -> web.Response:
    return web.json_response({"error": str(fault), "exit_code": fault.exit_code}, status=400)

