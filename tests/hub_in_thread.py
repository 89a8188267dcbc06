"""A real hub in this process: its home in a temporary folder, its node port on loopback, its loop in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from aiohttp import web
from scripted_node import ScriptedNode

from crypto.locks import KeyFile
from hub import app, assembly, home
from hub.config import HubConfig
from hub.home import Founding, Home
from hub.local_api import LocalApi
from sync.entry import ClockState
from sync.objects import DiskObjects
from sync.site_class import SiteClass

KEY_FILE = "unlock.key"
ROUNDS = 10_000
"""Turns of the loop within which a connection that was hung up is gone."""
LAST_ROUNDS = 10
"""Turns of the loop for the hang-ups that are on their way when it is stopped: they find it closed afterwards."""


@dataclass
class SetClock:
    """A clock that a test sets; `monotonic` is real unless moved."""

    now: int = 1_700_000_000
    skip: float = 0.0

    def wall(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return time.monotonic() + self.skip

    def state(self) -> ClockState:
        return ClockState.RTC


def found(path: Path, clock: SetClock, config: HubConfig | None = None, site_class: SiteClass = SiteClass.OPEN, escrow: str = "") -> None:
    """Make a hub's home, locked by a key file inside it."""
    chosen = config or HubConfig(name="市级中心", listen="127.0.0.1:0", unlock="keyfile", min_free_gib=0.0, escrow=home.ESCROW if escrow else "")
    home.create(path, chosen, Founding(site_class, None, escrow), KeyFile(path / KEY_FILE), clock, os.urandom)


def reopen(path: Path, clock: SetClock) -> Home:
    """Open the home as `run` does."""
    return home.open_home(path, lambda: "", clock, os.urandom)


async def _one_round() -> None:
    """Let the loop turn once."""


@dataclass
class RunningHub:
    """A hub that answers; `stop` ends it as SIGTERM would."""

    path: Path
    clock: SetClock = field(default_factory=SetClock)
    config: HubConfig | None = None
    site_class: SiteClass = SiteClass.OPEN
    escrow: str = ""
    free: Callable[[], int] | None = None
    objects: Callable[[Path], DiskObjects] = DiskObjects
    quiet_s: float = 0.0
    nodes: list[ScriptedNode] = field(default_factory=list)
    """Nodes made here: they hang up before the hub stops."""
    hub: assembly.Hub = field(init=False)
    address: tuple[str, int] = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _thread: threading.Thread = field(init=False)
    _runner: web.AppRunner = field(init=False)
    _local: web.AppRunner | None = None

    def start(self) -> RunningHub:
        """Open the home (made when missing) and serve."""
        if not (self.path / "hub.toml").exists():
            found(self.path, self.clock, self.config, self.site_class, self.escrow)
        opened = reopen(self.path, self.clock)
        opened.objects = self.objects(self.path / home.OBJECTS)
        self.hub = assembly.assemble(opened, quiet_s=self.quiet_s)
        self.hub.arrivals.recover()
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hub-loop")
        self._thread.start()
        self.hub.folding.start()
        self._runner, self.address = self._wait(app.open_node_port(self.hub, "127.0.0.1:0", self.free))
        return self

    def _wait(self, coroutine):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def stop(self) -> None:
        """Stop serving and close the home."""
        for node in self.nodes:
            node.close()
        for _ in range(ROUNDS):
            if not (self._runner.server and self._runner.server.connections):
                break
            self._wait(_one_round())
        for runner in (self._runner, self._local):
            if runner is not None:
                self._wait(runner.cleanup())
        self._wait(self._loop.shutdown_asyncgens())
        for _ in range(LAST_ROUNDS):
            self._wait(_one_round())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        with warnings.catch_warnings():
            # A connection that has not shaken hands yet is nobody's but the loop's, which closes it here and warns of it.
            warnings.simplefilter("ignore", ResourceWarning)
            self._loop.close()
        self.hub.close()

    def open_socket(self) -> None:
        """Answer on HOME/hub.sock as well."""
        self._local = self._wait(LocalApi(self.hub.desk, self.path, self.hub.pool).open(self.path / home.SOCKET))

    def folded(self) -> None:
        """Wait until nothing waits to be folded."""
        assert self.hub.folding.idle.wait(60)

    def token(self, name: str = "和平区") -> str:
        """A fresh token."""
        return self.hub.enrolment.make_token(name)

    def node(self, name: str = "和平区", *, enrol: bool = True) -> ScriptedNode:
        """A scripted node of that name, enrolled and greeted."""
        made = ScriptedNode(self.address, name)
        self.nodes.append(made)
        if enrol:
            made.enrol(self.token(name))
            made.hello()
        return made

    def moved(self, *nodes: ScriptedNode) -> None:
        """Nodes of another start of this hub talk to this one from now on."""
        for node in nodes:
            node.close()
            node.address = self.address
            self.nodes.append(node)


@contextlib.contextmanager
def running(path: Path, **wishes: object) -> Iterator[RunningHub]:
    """A hub that is stopped at the end."""
    hub = RunningHub(path, **wishes).start()  # type: ignore[arg-type]
    try:
        yield hub
    finally:
        hub.stop()
