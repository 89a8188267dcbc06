"""Objects coming in (format.md §11.5): the hot path. The loop moves bytes, a few threads do all work on files."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Executor
from typing import TypeVar

from aiohttp import web
from msgspec import Struct, field

from hub.arrivals import Arrivals
from hub.clock import Clock
from hub.errors import Refused
from hub.inlet import BUFFER_BYTES, BUFFERS, CROWDED_BYTES, FEW_BYTES, SHARED_BYTES, Inlet
from hub.traffic import Traffic
from hub.turn import Turns
from sync import limits, named
from sync.database import Database
from sync.durable import aligned_buffer
from sync.errors import BadObject, StoreDamaged, StoreError, StoreFull
from sync.messages import UPLOAD_COMPLETE, UPLOAD_LENGTH, UPLOAD_OFFSET
from sync.objects import ObjectStore, Staging

SYNC_S = 5.0
"""Durable this often inside an object (format.md §11.5)."""
IDLE_S = 120.0
"""A sender that says nothing for so long is gone."""
SILENT_S = 5.0
"""One that says nothing for so long makes room for another of the same node."""

FEW = 4
"""Uploads side by side up to which buffers are large: one node on a quick line."""
CROWD = 32
"""Uploads side by side above which buffers are small, and twice as many above which no node has more than one: every node goes on, none takes the others' turn,
and 200 nodes need a megabyte and a quarter each."""
CROWDED_RECEIVE = 64 * 1024
"""Bytes that the system receives ahead on a connection of a crowd; 200 nodes at once: 381 instead of 525 MiB for the hub."""
TURN_S = 20.0
"""An upload that waited for so long for its node's turn is told to come again."""

T = TypeVar("T")


class Stale(Exception):
    """A newer request for the same object has come; this one ends."""


class _Upload(Struct, eq=False):
    log_id: bytes
    claimed: int
    request: web.Request
    moved: float
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    inlet: Inlet | None = None

    def abort(self) -> None:
        if self.inlet is not None:
            self.inlet.end(Stale())
        if self.request.transport is not None:
            self.request.transport.abort()


class Receiver:
    """Takes `PATCH` and `HEAD` of objects. All state lives in the loop's thread.

    Args:
        free_bytes: free space of the store's file system, asked for every request.
    """

    def __init__(
        self, database: Database, objects: ObjectStore, arrivals: Arrivals, bounds: limits.Limits, traffic: Traffic, free_bytes: Callable[[], int],
        clock: Clock, pool: Executor,
    ) -> None:  # fmt: skip
        self._front, self._objects, self._arrivals, self._bounds, self._traffic = database, objects, arrivals, bounds, traffic
        self._free_bytes, self._clock, self._pool = free_bytes, clock, pool
        self._under_way: dict[bytes, _Upload] = {}
        self._spare: dict[int, list[memoryview]] = {FEW_BYTES: [], BUFFER_BYTES: [], SHARED_BYTES: [], CROWDED_BYTES: []}
        """Buffers of uploads that ended, for the next ones, by their size; no more than a crowd needs."""
        self._ended = asyncio.Event()
        """Set, and replaced by another, whenever an upload ends."""
        self._turns, self._closing = Turns(), False

    def _in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._pool, work)

    def use(self, bounds: limits.Limits) -> None:
        """Other bounds from the next request on: hub.toml was read again."""
        self._bounds = bounds

    def abort_node(self, log_id: bytes) -> None:
        """The node was revoked: its running uploads end now."""
        for upload in self._under_way.values():
            if upload.log_id == log_id:
                upload.abort()

    async def close(self) -> None:
        """The hub ends: running uploads end now, and those that wait for their turn never begin. Returns when the last has let go of its file; what is
        durable stays, and the node goes on from there.
        """
        self._closing = True
        self._turned()
        self._turns.open()
        for upload in list(self._under_way.values()):
            upload.abort()
        while self._under_way:
            await self._ended.wait()

    def _turned(self) -> None:
        """Wake who waits for an upload to end."""
        self._ended.set()
        self._ended = asyncio.Event()

    async def settle(self, log_id: bytes, names: Iterable[bytes]) -> None:
        """The node asks what of these it should send: whatever still seems to come in is a line that fell, and what it brought is made durable."""
        for name in names:
            while (stale := self._under_way.get(name)) is not None and stale.log_id == log_id:
                stale.abort()
                await stale.gone.wait()

    async def head(self, log_id: bytes, name: bytes) -> web.Response:
        """Answer `HEAD`: how much of the object is durable."""

        def look() -> tuple[int, bool, int]:
            length = self._named_length(log_id, name)
            if self._arrivals.is_here(log_id, name):
                return length, True, length
            return min(length, length if self._objects.has(name) else self._objects.staged(name)), False, length

        offset, complete, length = await self._in_thread(look)
        return _answer(offset, complete=complete, length=length)

    def _named_length(self, log_id: bytes, name: bytes) -> int:
        length = named.length_of(self._front.read(), log_id, name)
        if length is None:
            raise Refused(404, "not-named", "没有已收的日志条目列出这个对象", "请先发送日志条目")
        return length

    async def patch(self, log_id: bytes, name: bytes, request: web.Request) -> web.Response:
        """Answer `PATCH`: append to an object; the last byte of a delta's last object has its R1 committed before the answer.

        Raises:
            Refused: 404, 409 offset, 413, 422, 429, 507 of format.md §11.5.
        """
        # What comes before the inlet is in place goes the long way: as little as may be.
        transport = request.transport
        if transport is not None:
            transport.pause_reading()
            if len(self._under_way) + self._turns.waiting > CROWD // 4:
                # Each read of TLS holds as much as the system has received meanwhile: in a crowd that is where memory goes.
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CROWDED_RECEIVE)
        try:
            return await self._patch(log_id, name, request)
        finally:
            if transport is not None and not transport.is_closing():
                transport.resume_reading()

    async def _patch(self, log_id: bytes, name: bytes, request: web.Request) -> web.Response:
        offset, announced = _number(request, UPLOAD_OFFSET), _number(request, UPLOAD_LENGTH)
        if request.content_length is None:
            raise Refused(411, "length-required", "上传须带 Content-Length", "请升级节点程序后重试")
        length, here = await self._in_thread(lambda: (self._named_length(log_id, name), self._arrivals.is_here(log_id, name)))
        if announced != length or offset > length or request.content_length > length - offset:
            raise Refused(413, "too-large", f"对象长度与日志条目所写的 {length} 字节不符", "请按日志条目中的长度发送")
        if here:
            return _answer(length, complete=True, length=length)
        try:
            return await self._take(log_id, name, length, offset, request)
        except (ConnectionError, TimeoutError, Stale, web.RequestPayloadError):
            # Nobody is there to read this any more; what is durable stays.
            gone = web.Response(status=408)
            gone.force_close()
            return gone

    async def _take(self, log_id: bytes, name: bytes, length: int, offset: int, request: web.Request) -> web.Response:
        await self._end_stale(name)
        await self._turn(log_id)
        async with self._turns.turn(lambda: self._waited_for(name)), self._slot(log_id, name, length - offset, request):
            return await self._receive(log_id, name, length, offset)

    def _waited_for(self, name: bytes) -> bool:
        """Does the sender of this object wait for us, and not we for it?"""
        upload = self._under_way.get(name)
        return upload is None or upload.inlet is None or upload.inlet.waited_for

    @contextlib.asynccontextmanager
    async def _slot(self, log_id: bytes, name: bytes, size: int, request: web.Request) -> AsyncIterator[None]:
        await self._end_stale(name)
        if self._closing:
            raise Stale
        mine = [u.claimed for u in self._under_way.values() if u.log_id == log_id]
        if len(mine) >= self._bounds.connections:
            await self._drop_silent(log_id)
            mine = [u.claimed for u in self._under_way.values() if u.log_id == log_id]
        wait = self._bounds.retry_after_s
        if len(mine) >= self._bounds.connections or (mine and sum(mine) + size > self._bounds.inflight_bytes):
            raise Refused(429, "busy", "此节点同时上传的连接或字节已达上限", "稍后重试", detail=self._bounds.to_map(), retry_after_s=1)
        claimed = sum(u.claimed for u in self._under_way.values())
        if self._free_bytes() - claimed - size < self._bounds.free_bytes_min:
            raise Refused(507, "no-space", "中心磁盘空间不足，暂不收存", "中心扩容后自动续传", detail=self._bounds.to_map(), retry_after_s=wait)
        upload = self._under_way[name] = _Upload(log_id, size, request, self._clock.monotonic())
        try:
            yield
        finally:
            del self._under_way[name]
            upload.gone.set()
            self._turned()

    async def _end_stale(self, name: bytes) -> None:
        """A newer request for an object ends the older one."""
        while (stale := self._under_way.get(name)) is not None:
            stale.abort()
            await stale.gone.wait()

    async def _turn(self, log_id: bytes) -> None:
        """In a crowd a node has one upload at a time: wait, with its line held, until another of its own has ended or the crowd has gone."""
        try:
            async with asyncio.timeout(TURN_S):
                while not self._closing and len(self._under_way) + self._turns.waiting >= 2 * CROWD and any(u.log_id == log_id for u in self._under_way.values()):
                    await self._ended.wait()
        except TimeoutError as fault:
            raise Refused(429, "busy", "许多节点正在同时上传，此节点的另一个上传还没有结束", "稍后重试", retry_after_s=1) from fault

    async def _drop_silent(self, log_id: bytes) -> None:
        """A node that fell and came back still has its old connections here: those that say nothing make room."""
        now = self._clock.monotonic()
        for upload in list(self._under_way.values()):
            if upload.log_id == log_id and now - upload.moved > SILENT_S:
                upload.abort()
                await upload.gone.wait()

    async def _receive(self, log_id: bytes, name: bytes, length: int, offset: int) -> web.Response:
        staging: Staging | None = None
        try:
            staging = await self._in_thread(lambda: self._staged(log_id, name, length))
            if staging is None:
                return _answer(length, complete=True, length=length)
            if staging.offset != offset:
                raise Refused(409, "offset", f"已持久的是前 {staging.offset} 字节", "请从该处续传", detail=staging.offset)
            finish = functools.partial(self._finish, staging, log_id, name)
            if await self._pump(staging, self._under_way[name], length - offset, finish) < length - offset:
                return _answer(await self._in_thread(staging.sync), complete=False, length=length)
            staging = None
            return _answer(length, complete=True, length=length)
        except BadObject as fault:
            raise Refused(422, "digest-differs", str(fault), "请从 0 重新发送", detail=0) from fault
        except StoreFull as fault:
            raise Refused(507, "no-space", str(fault), "中心扩容后自动续传", retry_after_s=self._bounds.retry_after_s) from fault
        except StoreDamaged as fault:
            raise Refused(503, "store", str(fault), "中心检修后自动续传", retry_after_s=self._bounds.retry_after_s) from fault
        finally:
            # A cut leaves what is durable under uploads/; the next request goes on from there.
            with contextlib.suppress(StoreError):
                if staging is not None:
                    await self._in_thread(staging.close)

    def _staged(self, log_id: bytes, name: bytes, length: int) -> Staging | None:
        """Where an object is to be written; None when it lies in the store already, and is counted now."""
        return None if self._objects.has(name) and self._arrivals.adopt(log_id, name) else self._objects.stage(name, length)

    def _finish(self, staging: Staging, log_id: bytes, name: bytes, into: memoryview | None) -> None:
        """Put the object in its place and count it; the staging is closed when nothing is raised."""
        staging.finish(into)
        staging.close()
        # A crash here leaves a whole object whose row says missing: `Arrivals.recover` takes it in at the next start.
        self._arrivals.arrived(log_id, name)

    async def _pump(self, staging: Staging, upload: _Upload, awaited: int, finish: Callable[[memoryview | None], object]) -> int:
        """Move the body into the staging file, and finish it with the last of the bytes it waits for; bytes received."""
        if upload.request.transport is None:
            raise ConnectionResetError
        crowd = len(self._under_way) + self._turns.waiting
        size = FEW_BYTES if crowd <= FEW else BUFFER_BYTES if crowd <= CROWD // 4 else SHARED_BYTES if len(self._under_way) <= CROWD else CROWDED_BYTES
        spare = self._spare[size]
        inlet = upload.inlet = Inlet(upload.request, [spare.pop() if spare else aligned_buffer(size) for _ in range(BUFFERS)])
        total, synced, last = 0, self._clock.monotonic(), memoryview(b"")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(IDLE_S) as patience:
                while (piece := await inlet.take()) is not None:
                    upload.moved = now = self._clock.monotonic()
                    self._traffic.moved()
                    total += len(piece)
                    if total == awaited:
                        last = piece
                        break
                    durable = now - synced >= SYNC_S
                    synced = now if durable else synced
                    await self._in_thread(lambda p=piece, d=durable: _write(staging, p, d))  # type: ignore[misc]
                    inlet.give_back()
                    patience.reschedule(loop.time() + IDLE_S)
            if total == awaited:
                # In one go: calling in a thread costs some 0.3 ms. Nobody is waited for any more, and the disk may take its time.
                await self._in_thread(lambda: _write_end(staging, last, finish, inlet.buffer if last else None))
        finally:
            spare += inlet.release()
            del spare[CROWD * BUFFERS :]
        return total


def _write(staging: Staging, piece: memoryview, durable: bool) -> None:
    staging.write(piece)
    if durable:
        staging.sync()


def _write_end(staging: Staging, piece: memoryview, finish: Callable[[memoryview | None], object], into: memoryview | None) -> None:
    staging.write(piece)
    finish(into)


def _number(request: web.Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Refused(422, "malformed", f"缺少请求头 {header}，或不是数字", "请升级节点程序后重试")
    return int(text)


def _answer(offset: int, *, complete: bool, length: int) -> web.Response:
    return web.Response(headers={UPLOAD_OFFSET: str(offset), UPLOAD_LENGTH: str(length), UPLOAD_COMPLETE: "?1" if complete else "?0"})
