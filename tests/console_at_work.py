"""A console over a real node: its API listens as a daemon's does, keys are pressed, and what a person sees is read cell by cell."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from node_at_work import NodeAtWork
from textual.pilot import Pilot

from node import local_api
from node.engine import Engine
from node.home import SOCKET
from node.service import Service
from tui.app import Console
from tui.screens import PAGES

SIZES = ((80, 24), (160, 48))


@dataclass
class Daemon:
    """The local API of an engine, in a thread of its own; it can go away and come back."""

    work: NodeAtWork
    engine: Engine
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _runner: object = None

    def start(self) -> None:
        """Listen."""
        app = local_api.application(Service(self.engine), lambda: None)
        self._runner = asyncio.run_coroutine_threadsafe(
            local_api.listen(self.work.path / SOCKET, app), self.loop
        ).result(10)

    def stop(self) -> None:
        """Be gone, socket and all."""
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self.loop).result(10)  # type: ignore[attr-defined]
            self._runner = None
        (self.work.path / SOCKET).unlink(missing_ok=True)


@contextmanager
def serving(work: NodeAtWork) -> Iterator[Daemon]:
    """A node whose API listens."""
    with work.opened() as engine:
        daemon = Daemon(work, engine)
        thread = threading.Thread(target=daemon.loop.run_forever, name="api")
        thread.start()
        daemon.start()
        try:
            yield daemon
        finally:
            daemon.stop()
            asyncio.run_coroutine_threadsafe(daemon.loop.shutdown_default_executor(), daemon.loop).result(10)
            daemon.loop.call_soon_threadsafe(daemon.loop.stop)
            thread.join()
            daemon.loop.close()


STILL = 3
"""Looks in a row at which a screen at rest is the same: a box is laid out, shared out and scrolled one after the other."""
HOPS = 25
"""Turns of the loop between two looks: on a busy machine a pause is over after one turn, and a message may need several to arrive."""


class Seat:
    """Somebody before the screen."""

    def __init__(self, app: Console, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys and wait until what they began is done and drawn."""
        for key in keys:
            await self.pilot.press(key)
            await self.settled()

    async def write(self, text: str) -> None:
        """Type a text into the field that has the keys."""
        for sign in text:
            await self.pilot.press(sign if sign.isascii() and sign.isalnum() else f"{sign}")
        await self.settled()

    async def settled(self) -> None:
        """Nothing is under way any more: no worker runs, no message waits, and what a box shares out after it was drawn is drawn too."""
        still, before = 0, ""
        for _ in range(200):
            await self.pilot.pause()
            for _ in range(HOPS):
                await asyncio.sleep(0)
            running = [worker for worker in self.app.workers if not worker.is_finished]
            if not running:
                now = self.seen()
                still, before = (still + 1 if now == before else 0), now
                if still >= STILL:
                    return
                continue
            still = 0
            await asyncio.wait([asyncio.ensure_future(_end(worker)) for worker in running], timeout=20)
        raise AssertionError("the screen does not come to rest")

    def seen(self) -> str:
        """The screen as text, one line a row, blanks at the ends cut."""
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    def widths(self) -> set[int]:
        """How many cells the rows of the screen have."""
        return {strip.cell_length for strip in self.app.screen._compositor.render_strips()}


async def _end(worker: object) -> None:
    try:
        await worker.wait()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001  cancelled and failed workers have ended too
        return


def sit(
    home: Path,
    story: Callable[[Seat], Awaitable[None]],
    *,
    size: tuple[int, int] = SIZES[0],
    by: str = "张三",
    **given: str,
) -> None:
    """Open the console and live through a story; its pulse beats only when told."""

    async def run() -> None:
        app = Console(home, by, PAGES, pulse_s=0, **given)  # type: ignore[arg-type]
        async with app.run_test(size=size) as pilot:
            seat = Seat(app, pilot)
            await seat.settled()
            await story(seat)

    asyncio.run(run())
