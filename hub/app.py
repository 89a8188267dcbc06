"""The wiring: the real clock and chance, one opened home, its parts, and the running server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from aiohttp import web

from hub import certificate
from hub.arrivals import Arrivals
from hub.bearers import Bearers
from hub.config import split_address
from hub.conversation import Conversation
from hub.endpoints import READ_BUFFER, NodePort
from hub.enrolment import Enrolment
from hub.errors import ConfigurationWrong
from hub.home import Home
from hub.receiving import Receiver, Traffic
from sync.entry import ClockState, SiteClass

FILE_THREADS = 4
"""Threads for files and databases: as many as a node has uploads by default, and each is short."""
STOP_S = 10.0


class SystemClock:
    """The machine's clock; whether it is set by NTP is not known here."""

    def wall(self) -> int:
        """See hub.clock.Clock."""
        return int(time.time())

    def monotonic(self) -> float:
        """See hub.clock.Clock."""
        return time.monotonic()

    def state(self) -> ClockState:
        """See hub.clock.Clock."""
        return ClockState.RTC


@dataclass(slots=True)
class Hub:
    """The parts of a running hub."""

    home: Home
    pool: ThreadPoolExecutor
    traffic: Traffic
    bearers: Bearers
    arrivals: Arrivals
    enrolment: Enrolment
    conversation: Conversation
    listeners: list[Callable[[bytes], None]] = field(default_factory=list)

    def close(self) -> None:
        """Let the threads end, then close the home."""
        self.pool.shutdown()
        self.home.close()


def assemble(home: Home) -> Hub:
    """Put a hub together; nothing runs yet."""
    listeners: list[Callable[[bytes], None]] = []

    def receipted(log_id: bytes) -> None:
        for listener in listeners:
            listener(log_id)

    bounds = home.config.limits()
    bearers = Bearers(home.clock, home.random)
    arrivals = Arrivals(home.front, home.objects, home.secrets.signing_key(), home.own_log, home.clock, receipted)
    enrolment = Enrolment(home.front, home.own_log, home.tls_digest, home.clock, home.random)
    conversation = Conversation(home.front, home.objects, home.own_log, arrivals, bearers, lambda: bounds, home.tls_digest, home.clock, home.random)
    pool = ThreadPoolExecutor(FILE_THREADS, "hub-file")
    return Hub(home, pool, Traffic(home.clock), bearers, arrivals, enrolment, conversation, listeners)


def free_bytes(home: Home) -> int:
    """Free space of the store's file system, in bytes, as an ordinary user has it."""
    state = os.statvfs(home.path)
    return state.f_bavail * state.f_frsize


async def open_node_port(hub: Hub, listen: str, free: Callable[[], int] | None = None) -> tuple[web.AppRunner, tuple[str, int]]:
    """Serve the node port; the runner to clean up and the address it got.

    Raises:
        ConfigurationWrong: the address cannot be had.
    """
    home = hub.home
    assert home.secrets.tls_key is not None
    receiver = Receiver(
        home.front, home.objects, hub.arrivals, home.config.limits(), hub.traffic, free or (lambda: free_bytes(home)), home.clock, hub.pool
    )
    port = NodePort(hub.enrolment, hub.conversation, hub.bearers, receiver, hub.pool)
    runner = web.AppRunner(port.application(), access_log=None, read_bufsize=READ_BUFFER, auto_decompress=False, keepalive_timeout=300.0)
    await runner.setup()
    host, number = split_address(listen)
    context = certificate.server_context(home.tls_chain, home.secrets.tls_key)
    try:
        await web.TCPSite(runner, host, number, ssl_context=context, shutdown_timeout=STOP_S, backlog=512).start()
    except OSError as fault:
        await runner.cleanup()
        raise ConfigurationWrong(f"无法监听 {listen}：{fault.strerror}。请核对 listen，或停止占用此端口的程序。") from fault
    address = runner.addresses[0]
    return runner, (address[0], address[1])


async def serve(home: Home, listen: str, ready: Callable[[str], None]) -> None:
    """Run the hub until SIGTERM or SIGINT."""
    hub = assemble(home)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(hub.close)
        await asyncio.get_running_loop().run_in_executor(hub.pool, hub.arrivals.recover)
        if home.genesis.site_class is SiteClass.OPEN:
            runner, (host, number) = await open_node_port(hub, listen)
            stack.push_async_callback(runner.cleanup)
            ready(f"中心“{home.config.name}”已就绪，节点端口 https://{host}:{number}")
        else:
            ready(f"中心“{home.config.name}”已就绪（涉密：不开节点端口，只经载体往来）")
        await stop.wait()
