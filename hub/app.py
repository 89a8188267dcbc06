"""The running server: the parts of an opened home (hub/assembly.py) behind their doors, until SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from hub import certificate
from hub.assembly import Hub, assemble
from hub.check_watch import HandoverWatch
from hub.config import split_address
from hub.endpoints import READ_BUFFER, NodePort
from hub.errors import ConfigurationWrong, HubError
from hub.home import SOCKET, Home
from hub.local_api import LocalApi
from hub.meaning_watch import MeaningWatch
from hub.receiving import Receiver
from sync.site_class import SiteClass

LOG = logging.getLogger("jindang.hub")
PEOPLE_THREADS = 4
"""Threads for pages: each is short."""
STOP_S = 2.0
"""Seconds that requests have to end by themselves when the hub ends; uploads are cut at once."""


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
    loop = asyncio.get_running_loop()

    def cut_off(log_id: bytes) -> None:
        loop.call_soon_threadsafe(receiver.abort_node, log_id)

    hub.cut_off.append(cut_off)
    hub.reloading.takers.append(lambda now: receiver.use(now.limits()))
    port = NodePort(hub.enrolment, hub.conversation, hub.bearers, receiver, hub.pool)
    runner = web.AppRunner(port.application(), access_log=None, read_bufsize=READ_BUFFER, auto_decompress=False, keepalive_timeout=300.0, shutdown_timeout=STOP_S)
    await runner.setup()
    host, number = split_address(listen)
    context = certificate.server_context(home.tls_chain, home.secrets.tls_key)
    try:
        await web.TCPSite(runner, host, number, ssl_context=context, backlog=512).start()
    except OSError as fault:
        await runner.cleanup()
        raise ConfigurationWrong(f"无法监听 {listen}：{fault.strerror}。请核对 listen，或停止占用此端口的程序。") from fault
    address = runner.addresses[0]
    return runner, (address[0], address[1])


def _reload(hub: Hub) -> None:
    """SIGHUP: as the command does it, so that it stands in the journal; a wrong file is told and changes nothing."""
    try:
        hub.desk.call("reload")
    except HubError as fault:
        LOG.error("hub.toml 没有重读，一切照旧：%s", fault)


async def serve(home: Home, listen: str, ready: Callable[[str], None]) -> None:
    """Run the hub until SIGTERM or SIGINT."""
    hub = assemble(home)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(hub.desk_pool, _reload, hub))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(hub.close)
        await loop.run_in_executor(hub.pool, hub.arrivals.recover)
        local = await LocalApi(hub.desk, home.path, hub.desk_pool).open(home.path / SOCKET)
        stack.callback((home.path / SOCKET).unlink, missing_ok=True)
        stack.push_async_callback(local.cleanup)
        if home.genesis.site_class is SiteClass.OPEN:
            runner, (host, port) = await open_node_port(hub, listen)
            stack.push_async_callback(runner.cleanup)
            text = f"中心“{home.config.name}”已就绪，节点端口 https://{host}:{port}"
        else:
            text = f"中心“{home.config.name}”已就绪（涉密：不开节点端口，只经载体往来）"
        if home.config.people.listen:
            # Templates and pages are imported for who has a door for people, and only then.
            from hub.people_port import open_people_door

            people_pool = ThreadPoolExecutor(PEOPLE_THREADS, "hub-people")
            stack.callback(people_pool.shutdown)
            people, (host, port) = await open_people_door(home, hub.people, people_pool, home.config.people)
            stack.push_async_callback(people.cleanup)
            text += f"，网页 {'http' if home.config.people.proxy else 'https'}://{host}:{port}"
        hub.folding.start()
        watch, vectors = HandoverWatch(home, hub.vault, hub.folding), MeaningWatch(home, hub.folding)
        watch.start()
        stack.callback(watch.close)
        vectors.start()
        stack.callback(vectors.close)
        # Here: rules, targets and calendars are read in its own thread, when the nodes have been served.
        from hub.monitor_watch import MonitorWatch

        monitor = MonitorWatch(home, hub.people, lambda: hub.folding.working, hub.traffic.quiet_s)
        monitor.start()
        stack.callback(monitor.close)
        # What was made so far stays: the collector need not look at it again and again while uploads run.
        gc.freeze()
        ready(text)
        await stop.wait()
