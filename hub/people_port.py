"""Opens the people's door: its own address and port apart from the nodes', TLS with the hub's certificate or plain behind a proxy on this machine."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from typing import Final

from aiohttp import web

from hub import certificate
from hub.config import PeopleConfig, split_address
from hub.errors import ConfigurationWrong
from hub.home import Home
from hub.people import People
from hub.people_protocol import protocols
from hub.web_door import HEADERS, LIVE_S, PeopleDoor

STOP_S: Final = 5.0
HEADER_MAX: Final = 65_536
"""Bytes of a request line, or of a header: what is longer than a page takes (hub/web_door.py) is told so by a page in the reader's language; beyond this
by one in both languages, for no header was read then (hub/people_protocol.py)."""


async def open_people_door(
    home: Home, people: People, pool: Executor, config: PeopleConfig, live_s: float = LIVE_S
) -> tuple[web.AppRunner, tuple[str, int]]:
    """Serve the pages on `config.listen`; the runner to clean up and the address it got.

    Raises:
        ConfigurationWrong: the address cannot be had.
    """
    loop = asyncio.get_running_loop()
    door = await loop.run_in_executor(pool, PeopleDoor, home, people, pool, live_s)
    application, sockets = door.application(), list[asyncio.Server]()

    async def stop_listening(_: web.Application) -> None:
        for one in sockets:
            one.close()

    application.on_shutdown.append(stop_listening)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_S)
    await runner.setup()
    assert runner.server is not None
    connection = protocols(
        runner.server,
        HEADERS,
        access_log=None,
        max_line_size=HEADER_MAX,
        max_field_size=HEADER_MAX,
        keepalive_timeout=75.0,
    )
    host, number = split_address(config.listen)
    assert home.secrets.tls_key is not None
    context = None if config.proxy else certificate.server_context(home.tls_chain, home.secrets.tls_key)
    try:
        sockets.append(await loop.create_server(connection, host, number, ssl=context, backlog=256))
    except OSError as fault:
        await runner.cleanup()
        raise ConfigurationWrong(
            f"无法监听 {config.listen}：{fault.strerror}。请核对 people.listen，或停止占用此端口的程序。"
        ) from fault
    address = sockets[0].sockets[0].getsockname()
    return runner, (address[0], address[1])
