"""Where a command is carried out: at the running hub when one answers on the socket, else over the home itself, under its lock; never both."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from hub import config, local_client
from hub.desk import Desk
from hub.errors import Unreachable
from hub.home import SOCKET
from sync.errors import HomeBusy


@contextlib.contextmanager
def reach(home: Path, ask: Callable[[], str]) -> Iterator[Desk]:
    """The desk of this home.

    Raises:
        ConfigurationWrong: no home.
        Unreachable: a process holds the home but does not answer.
    """
    config.load(home)
    if local_client.answers(home / SOCKET):
        yield local_client.RemoteDesk(home / SOCKET)
        return
    from hub import assembly

    with contextlib.ExitStack() as stack:
        try:
            desk = stack.enter_context(assembly.open_here(home, ask))
        except HomeBusy as fault:
            raise Unreachable(f"{fault}（它没有在 {SOCKET} 上答话）") from fault
        yield desk
