"""A daemon whose key waits for a passphrase: it answers on its socket that it is locked, and takes the passphrase from a console or a command.

Nothing of the home is open meanwhile but its lock; the passphrase is tried on the key file here and kept nowhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from crypto import keys
from crypto.errors import CryptoError
from crypto.locks import Passphrase
from node.home import KEY, SOCKET
from node.local_api import BODY_MAX, listen, only_ours, said

LOCKED: Final = 423
WRONG_PAUSE_S: Final = 2.0
"""Seconds after a wrong passphrase until the next is looked at; each costs argon2id besides."""


def wait_for_passphrase(home: Path, say: Callable[[str], None]) -> str:
    """Serve the locked socket until somebody gives the right passphrase; ends with the process on SIGTERM."""
    say("密钥以口令锁定：等待在工作台（F6）或用 jindang node unlock 输入口令")
    return asyncio.run(_wait(home))


async def _wait(home: Path) -> str:
    loop = asyncio.get_running_loop()
    right: asyncio.Future[str] = loop.create_future()
    turn = asyncio.Lock()

    async def unlock(request: web.Request) -> web.Response:
        try:
            word = said(await request.read()).get("passphrase")
        except (TypeError, ValueError):
            word = None
        if not isinstance(word, str) or not word:
            return _json({"error": "参数不对：应有 passphrase", "exit_code": 2}, 400)
        async with turn:
            if right.done():
                return _json({"unlocked": True})
            try:
                await asyncio.to_thread(keys.load, home / KEY, Passphrase(word))
            except CryptoError as fault:
                await asyncio.sleep(WRONG_PAUSE_S)
                return _json({"error": str(fault), "exit_code": 2}, 409)
            right.set_result(word)
        return _json({"unlocked": True})

    async def locked(_request: web.Request) -> web.Response:
        return _json({"error": "本机尚未解锁；请在工作台按 F6，或执行 jindang node unlock 输入口令", "exit_code": 3, "locked": True}, LOCKED)

    app = web.Application(client_max_size=BODY_MAX, middlewares=[only_ours])
    app.router.add_post("/v1/unlock", unlock)
    app.router.add_route("*", "/{any:.*}", locked)
    runner = await listen(home / SOCKET, app)
    try:
        return await right
    finally:
        # The answer to the right one is sent before the socket goes.
        await runner.cleanup()


def _json(value: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(text=json.dumps(value, ensure_ascii=False), status=status, content_type="application/json")
