"""A bad line: a TCP proxy on loopback that delays, throttles, cuts, and falls silent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

BACKLOG_BYTES = 64 * 1024
"""Bytes of one connection that may wait for the line before its sender is held back."""
START_S = 10.0

T = TypeVar("T")


@dataclass
class Line:
    """How the line is: one-way delay in seconds, bytes a second upwards (0: no bound)."""

    delay_s: float = 0.0
    rate: float = 0.0


@dataclass(eq=False)
class _Side(asyncio.Protocol):
    """One end of a proxied connection."""

    proxy: CuttingProxy
    upward: bool
    other: _Side | None = None
    transport: asyncio.Transport | None = None
    early: list[bytes] = field(default_factory=list)
    backlog: int = 0
    dead: bool = False
    """Aborted, or silent: what is on the line never arrives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.proxy.opened(self)

    def data_received(self, data: bytes) -> None:
        self.backlog += len(data)
        if self.backlog > BACKLOG_BYTES and self.transport is not None:
            self.transport.pause_reading()
        self.proxy.carry(self, data)

    def delivered(self, data: bytes) -> None:
        """The line has carried these bytes to the other end."""
        self.backlog -= len(data)
        if self.transport is not None and not self.transport.is_closing() and self.backlog <= BACKLOG_BYTES:
            self.transport.resume_reading()
        if self.other is None or self.other.transport is None:
            self.early.append(data)
        elif not self.other.transport.is_closing():
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.closed(self)
        if self.other is not None and self.other.transport is not None and not self.other.dead:
            # After what is still on the line: the other end sees the last bytes, then the end.
            self.proxy.later(self, self.other.transport.close)


class CuttingProxy:
    """Listens at `address` and passes connections on to `upstream`, which may be changed; counts the bytes that went up and down the line."""

    def __init__(self, upstream: tuple[str, int], line: Line | None = None) -> None:
        self.upstream, self.line = upstream, line or Line()
        self.up = self.down = self.cuts = self.connections = 0
        self.on_cut: Callable[[], object] | None = None
        """Run beside the line whenever it is cut."""
        self._sides: set[_Side] = set()
        self._free_at = 0.0
        self._cut_at: int | None = None
        self._cut_every, self._silently = 0, False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        self._server = self._do(self._loop.create_server(self._accept, "127.0.0.1", 0))
        host, port = self._server.sockets[0].getsockname()[:2]
        self.address: tuple[str, int] = (host, port)

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(START_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.on_cut = None
        self.cut()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        await self._loop.shutdown_default_executor()
        for task in asyncio.all_tasks(self._loop) - {asyncio.current_task()}:
            task.cancel()

    # ------------------------------------------------------------ what a test does

    def cut(self) -> None:
        """Break every connection now, as a reset does."""
        self._do(self._cut())

    def cut_every(self, count: int) -> None:
        """Break every connection whenever so many more bytes have gone up; 0 ends it."""
        self._cut_every, self._cut_at = count, self.up + count if count else None

    def cut_once_after(self, count: int) -> None:
        """Break every connection when so many more bytes have gone up."""
        self._cut_every, self._cut_at = 0, self.up + count

    def hush_once_after(self, count: int) -> None:
        """When so many more bytes have gone up, every connection falls silent for ever, and neither end is told; new ones work."""
        self._silently = True
        self.cut_once_after(count)

    # ------------------------------------------------------------ the loop's side

    async def _cut(self) -> None:
        self.cuts += 1
        silently, self._silently = self._silently, False
        if (work := self.on_cut) is not None:
            self._loop.run_in_executor(None, work)
        for side in list(self._sides):
            side.dead = True
            if side.transport is not None and not silently:
                side.transport.abort()

    def _accept(self) -> _Side:
        self.connections += 1
        near = _Side(self, upward=True)
        self._loop.create_task(self._connect(near))
        return near

    async def _connect(self, near: _Side) -> None:
        far = _Side(self, upward=False)
        far.other = near
        try:
            await self._loop.create_connection(lambda: far, *self.upstream)
        except OSError:
            if near.transport is not None:
                near.transport.abort()
            return
        near.other = far
        early, near.early = near.early, []
        for data in early:
            if far.transport is not None:
                far.transport.write(data)

    def opened(self, side: _Side) -> None:
        """A connection has come about."""
        self._sides.add(side)

    def closed(self, side: _Side) -> None:
        """It is gone."""
        self._sides.discard(side)

    def carry(self, side: _Side, data: bytes) -> None:
        """Put bytes on the line; a stalled or deaf line loses them without a word."""
        now = self._loop.time()
        self._free_at = max(self._free_at, now) + (
            len(data) / self.line.rate if self.line.rate and side.upward else 0.0
        )
        self._loop.call_at((self._free_at if side.upward else now) + self.line.delay_s, self._arrive, side, data)

    def _arrive(self, side: _Side, data: bytes) -> None:
        if side.dead:
            return
        if side.upward:
            self.up += len(data)
        else:
            self.down += len(data)
        side.delivered(data)
        if self._cut_at is not None and self.up >= self._cut_at:
            self._cut_at = self.up + self._cut_every if self._cut_every else None
            self._loop.create_task(self._cut())

    def later(self, side: _Side, work: Callable[[], object]) -> None:
        """After what that side has put on the line."""
        at = self._free_at if side.upward else self._loop.time()
        self._loop.call_at(max(at, self._loop.time()) + self.line.delay_s, work)
