"""An opened home put together: the parts of a hub and its desk, for `hub run` and for a command that finds none running; nothing here serves."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from holdings.security import SiteClass
from hub.arrivals import Arrivals
from hub.bearers import Bearers
from hub.clock import SystemClock
from hub.conversation import Conversation
from hub.desk import Desk
from hub.enrolment import Enrolment
from hub.folding import NICE, QUIET_S, Folding, Stores
from hub.home import Home, open_home
from hub.operations import desk_of
from hub.people import People
from hub.reload import Reload
from hub.traffic import Traffic
from hub.vault import Vault
from sync.limits import Limits
from sync.sandbox import Sandbox

FILE_THREADS = 4
"""Threads for files and databases: as many as a node has uploads by default, and each is short."""
DESK_THREADS = 2
"""Threads for the commands of people: an export never waits for an upload, nor the other way round."""
DECODER_MIB, DECODER_S = 2048, 60
"""Address space and seconds of a decoding worker: an image of 256 MiB and its 500 million pixels in grey."""


class Hub(Struct):
    """The parts of a hub; `folding` and the doors run only when started."""

    home: Home
    pool: ThreadPoolExecutor
    sandbox: Sandbox
    traffic: Traffic
    bearers: Bearers
    arrivals: Arrivals
    enrolment: Enrolment
    conversation: Conversation
    vault: Vault
    folding: Folding
    desk: Desk
    desk_pool: ThreadPoolExecutor
    people: People
    reloading: Reload
    cut_off: list[Callable[[bytes], None]]
    """Told of a node that was revoked: its running uploads end."""

    def close(self) -> None:
        """Let the threads end, then close the home."""
        self.folding.close()
        self.pool.shutdown()
        self.desk_pool.shutdown()
        self.sandbox.close()
        self.people.close()
        self.home.close()


def assemble(home: Home, quiet_s: float = QUIET_S) -> Hub:
    """Put a hub together; nothing runs yet."""
    key, config = home.secrets.signing_key(), home.config

    def bounds() -> Limits:
        return home.config.limits()

    traffic, sandbox = Traffic(home.clock), Sandbox(config.decoders, DECODER_MIB, DECODER_S, NICE)
    vault = Vault(home.secrets.identity, home.objects, home.holdings, sandbox, home.clock)
    stores = Stores(home.front, home.holdings, vault, sandbox)
    folding = Folding(stores, key, home.own_log, SiteClass(home.genesis.site_class), traffic, home.clock, config.decoders, quiet_s)
    bearers = Bearers(home.clock, home.random)
    arrivals = Arrivals(home.front, home.objects, key, home.own_log, home.clock, folding.receipted)
    enrolment = Enrolment(home.front, home.own_log, home.tls_digest, home.clock, home.random)
    conversation = Conversation(
        home.front, home.objects, home.own_log, arrivals, bearers, bounds, home.tls_digest, home.clock, home.random, home.directives, traffic
    )
    cut_off: list[Callable[[bytes], None]] = [bearers.drop]
    people, reloading = People(home), Reload(home)
    reloading.takers.append(lambda now: people.use(now.people))
    desk = desk_of(home, enrolment, vault, folding, cut_off, people, reloading)
    pool = ThreadPoolExecutor(FILE_THREADS, "hub-file")
    desk_pool = ThreadPoolExecutor(DESK_THREADS, "hub-desk")
    return Hub(home, pool, sandbox, traffic, bearers, arrivals, enrolment, conversation, vault, folding, desk, desk_pool, people, reloading, cut_off)


@contextlib.contextmanager
def open_here(path: Path, ask: Callable[[], str]) -> Iterator[Desk]:
    """The desk of a home that no hub runs on, under its lock; HomeBusy when one does."""
    hub = assemble(open_home(path, ask, SystemClock(), os.urandom))
    try:
        yield hub.desk
    finally:
        hub.close()
