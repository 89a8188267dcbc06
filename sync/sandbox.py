"""One function on bytes in a recycled, limited subprocess: where foreign bytes meet foreign decoders.

A worker has no open file but its two pipes, a bound on memory and CPU time, no environment, and is replaced after some hundred calls or at the first
misbehaviour. A crash there is an error here, never a crash here.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import queue
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable
from pathlib import Path

from msgspec import Struct

from sync.errors import SandboxDied, SandboxRefused, SourceEnded

FRAME = struct.Struct(">BI")
REPLY_MAX = 1 << 29
PIPE = 1 << 20
"""Bytes of a question or a result that wait in the pipe."""
PIECE_MAX = 1 << 26
"""Bytes of one piece of a streamed result."""
DONE, REFUSED, PIECE = 0, 1, 2
"""First byte of what a worker sends: the (last) result, why there is none, a piece of a result that goes on."""
CALL, STREAM = 0, 1
"""First byte of what it is sent: how the result is to come."""
RECYCLE_AFTER = 500
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
"""A worker's file after file of a megabyte or more lies where the one before lay, in place of fresh pages from the system each time (mallopt(3))."""
_ROOT = Path(__file__).resolve().parent.parent


class Streamed(Struct, frozen=True):
    """Bytes for the sandbox that never lie whole in this process: exactly `size` of them, in pieces."""

    size: int
    pieces: Iterable[bytes | memoryview]


class InFile(Struct, frozen=True):
    """Bytes for the sandbox that lie in an open file: its first `size`, which the system hands over without a copy of ours."""

    descriptor: int
    size: int


Question = bytes | memoryview | Streamed | InFile


class _Worker:
    def __init__(self, memory_mb: int, seconds: int, nice: int) -> None:
        self._seconds, self.calls = seconds, 0
        # -I: no site of the user's, no PYTHON* variables; the path of this program is the only one added.
        start = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from sync.sandbox_child import serve"
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", f"{start}; serve({memory_mb}, {seconds}, {nice})"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, close_fds=True, cwd="/",
            env={"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", **_MALLOC}, start_new_session=True,
        )  # fmt: skip

        # So that a stream's worker goes on while its pieces are being stored, and that neither side wakes the other for every 64 KiB; where the
        # system grants less, it is less.
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE)

    def call(self, function: str, data: Question, extra: str) -> bytes:
        try:
            self._ask(CALL, function, data, extra)
            return self._receive(REPLY_MAX)[1]
        except OSError as fault:
            raise SandboxDied("沙箱进程意外退出（内存或时间超限，或文件使解码器崩溃）") from fault

    def stream(self, function: str, data: Question, extra: str) -> Generator[bytes, None, None]:
        try:
            self._ask(STREAM, function, data, extra)
            status, piece = self._receive(PIECE_MAX)
            while status == PIECE:
                yield piece
                status, piece = self._receive(PIECE_MAX)
        except OSError as fault:
            raise SandboxDied("沙箱进程意外退出（内存或时间超限，或文件使解码器崩溃）") from fault

    def _ask(self, kind: int, function: str, data: Question, extra: str) -> None:
        self.calls += 1
        name = f"{function}\n{extra}".encode()
        sent = Streamed(len(data), (data,)) if isinstance(data, bytes | memoryview) else data
        self._write((FRAME.pack(kind, len(name)), name, FRAME.pack(0, sent.size)))
        if isinstance(sent, Streamed):
            self._write(sent.pieces)
        else:
            self._splice(sent)

    def _write(self, pieces: Iterable[bytes | memoryview]) -> None:
        assert self._process.stdin is not None
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[self._process.stdin.write(view) or 0 :]

    def _splice(self, file: InFile) -> None:
        assert self._process.stdin is not None
        pipe, at = self._process.stdin.fileno(), 0
        while at < file.size:
            try:
                moved = os.splice(file.descriptor, pipe, min(PIPE, file.size - at), offset_src=at)
            except OSError as fault:
                if fault.errno != errno.EINVAL:
                    raise
                # A file system that lends nobody its pages.
                piece = os.pread(file.descriptor, min(PIPE, file.size - at), at)
                self._write((piece,))
                moved = len(piece)
            if not moved:
                raise SourceEnded(f"文件在第 {at} 字节处结束，应有 {file.size} 字节")
            at += moved

    def _receive(self, longest: int) -> tuple[int, bytes]:
        """One frame; its bytes are the worker's own time away, whoever waits in between."""
        deadline = time.monotonic() + self._seconds + 5
        status, length = FRAME.unpack(self._read(FRAME.size, deadline))
        if length > longest:
            raise SandboxDied("沙箱回复过大")
        reply = self._read(length, deadline)
        if status == REFUSED:
            raise SandboxRefused(reply.decode("utf-8", "replace"))
        return status, reply

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        data = bytearray()
        # Not select(): a hub may hold more than its 1,024 descriptors.
        pipe = select.poll()
        pipe.register(self._process.stdout, select.POLLIN)
        while len(data) < size:
            if not pipe.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise SandboxDied(f"沙箱超过 {self._seconds} 秒未完成")
            piece = self._process.stdout.read(min(size - len(data), 1 << 20))
            if not piece:
                raise SandboxDied("沙箱进程意外退出（内存或时间超限，或文件使解码器崩溃）")
            data += piece
        return bytes(data)

    def cpu_seconds(self) -> float:
        """What this worker has computed so far; 0 when it has gone."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class Sandbox:
    """A small pool of workers; calls from several threads run side by side, up to `workers`.

    Args:
        workers: processes at most; they are started when first needed.
        memory_mb: address space of each.
        seconds: CPU seconds and wall seconds a call may take.
        nice: added niceness, so that low-priority work yields.
        recycle: calls after which a worker is replaced; more where it keeps what is dear to load and reads nothing foreign.
    """

    def __init__(
        self, workers: int = 2, memory_mb: int = 1024, seconds: int = 60, nice: int = 5, recycle: int = RECYCLE_AFTER
    ) -> None:
        self._memory_mb, self._seconds, self._nice, self._recycle = memory_mb, seconds, nice, recycle
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._spare: queue.LifoQueue[_Worker] = queue.LifoQueue(1)
        self._warming = threading.Lock()
        self._closed = threading.Event()
        self.streamed_s = 0.0
        """CPU seconds of workers that served streams, up to the end of each stream."""

    def call(self, function: str, data: Question, extra: str = "") -> bytes:
        """Run `module:name(data[, extra])` of this program on `data`.

        Raises:
            SandboxRefused: the function raised ValueError; its text says why.
            SandboxDied: crash, memory, time; the worker was replaced.
            SourceEnded: the file of an InFile has fewer bytes.
        """
        worker = self._idle.get()
        try:
            if worker is None or worker.calls >= self._recycle:
                if worker is not None:
                    worker.stop()
                worker = self._started()
            return worker.call(function, data, extra)
        except SandboxRefused:
            raise
        except BaseException:
            # It died, or the pieces ended early (what made them raised): what stands in its pipe belongs to no call.
            if worker is not None:
                worker.stop()
            worker = None
            raise
        finally:
            if self._closed.is_set() and worker is not None:
                worker.stop()
                worker = None
            self._idle.put(worker)

    def stream(self, function: str, data: Question, extra: str = "") -> Generator[bytes, None, None]:
        """Run `module:name(data[, extra])`, which yields bytes, and hand on each piece as it comes; neither side holds them all.

        A stream has a worker of its own beside the pool, however long it takes, and its bounds on time are those of one
        piece. Close the generator when its end is not wanted.

        Raises:
            SandboxRefused: the function raised ValueError, perhaps after some pieces.
            SandboxDied: crash, memory, time.
            SourceEnded: as `call`.
        """
        worker = self._started()
        whole, before = False, worker.cpu_seconds()
        try:
            yield from worker.stream(function, data, extra)
            whole = True
        except SandboxRefused:
            whole = True
            raise
        finally:
            self.streamed_s += max(0.0, worker.cpu_seconds() - before)
            self._keep(worker, usable=whole)

    def _started(self) -> _Worker:
        """The worker that was kept, or a new one; one that is just being started is worth waiting for."""
        with self._warming, contextlib.suppress(queue.Empty):
            return self._spare.get_nowait()
        return _Worker(self._memory_mb, self._seconds, self._nice)

    def _keep(self, worker: _Worker, *, usable: bool) -> None:
        """One worker stays for the next stream, or for a pool that has none yet; one whose result was not read to its end answers
        nobody any more.
        """
        if not usable or worker.calls >= self._recycle or self._closed.is_set():
            worker.stop()
            return
        try:
            self._spare.put_nowait(worker)
        except queue.Full:
            worker.stop()

    def warm(self, function: str) -> None:
        """Start a worker for the first stream and have it load what `function` (of no data) needs: its start takes as long as
        a program's own, and another core.

        Raises:
            SandboxRefused, SandboxDied: as `call`.
        """
        with self._warming:
            worker = _Worker(self._memory_mb, self._seconds, self._nice)
            try:
                worker.call(function, b"", "")
                self._spare.put_nowait(worker)
            except queue.Full:
                worker.stop()
            except BaseException:
                worker.stop()
                raise
            if self._closed.is_set():
                # Closed meanwhile: whoever did that has looked for workers already.
                with contextlib.suppress(queue.Empty):
                    self._spare.get_nowait().stop()

    def close(self) -> None:
        """Stop all idle workers; busy ones stop when their call ends."""
        self._closed.set()
        with contextlib.suppress(queue.Empty):
            self._spare.get_nowait().stop()
        found: list[_Worker | None] = []
        while True:
            try:
                found.append(self._idle.get_nowait())
            except queue.Empty:
                break
        for worker in found:
            if worker is not None:
                worker.stop()
            self._idle.put(None)
