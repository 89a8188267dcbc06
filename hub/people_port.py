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
from hub.web_door import LIVE_S, PeopleDoor

STOP_S: Final = 5.0
HEADER_MAX: Final = 65_536
"""Bytes of a request line, or of a header: what is longer than a page takes (hub/web_door.py) is told so by a page in the reader's language; beyond this
the server itself cuts it off in a line of plain text, for it has read no header then."""


async def open_people_door(
    home: Home, people: People, pool: Executor, config: PeopleConfig, live_s: float = LIVE_S
) -> tuple[web.AppRunner, tuple[str, int]]:
    """Serve the pages on `config.listen`; the runner to clean up and the address it got.

    Raises:
        ConfigurationWrong: the address cannot be had.
    """
    loop = asyncio.get_running_loop()
    door = await loop.run_in_executor(pool, PeopleDoor, home, people, pool, live_s)
    runner = web.AppRunner(
        door.application(),
        access_log=None,
        max_line_size=HEADER_MAX,
        max_field_size=HEADER_MAX,
        keepalive_timeout=75.0,
        shutdown_timeout=STOP_S,
    )
    await runner.setup()
    host, number = split_address(config.listen)
    assert home.secrets.tls_key is not None
    context = None if config.proxy else certificate.server_context(home.tls_chain, home.secrets.tls_key)
    try:
        await web.TCPSite(runner, host, number, ssl_context=context, backlog=256).start()
    except OSError as fault:
        await runner.cleanup()
        raise ConfigurationWrong(
            f"无法监听 {config.listen}：{fault.strerror}。请核对 people.listen，或停止占用此端口的程序。"
        ) from fault
    address = runner.addresses[0]
    return runner, (address[0], address[1])
