"""The other end of sync.sandbox: a process that reads (function, bytes), answers (status, bytes), and can do little else."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from sync.sandbox import DONE, FRAME, PIECE, REFUSED, STREAM

ALLOWED = ("sync.jpegxl:", "holdings.", "node.reading_child:")
"""Functions that may be asked for; the caller is ourselves, this only keeps mistakes small."""


def _limit(memory_mb: int, seconds: int, nice: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        _yield_to_others(os.nice(nice))
    _allow_cpu(seconds)


def _yield_to_others(niceness: int) -> None:
    """A worker has a session of its own, and Linux shares processors out by sessions first: niceness alone would yield to nobody (sched(7), autogroup)."""
    with open("/proc/self/autogroup", "w", encoding="ascii") as file:
        file.write(str(niceness))


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, resource.RLIM_INFINITY))


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def serve(memory_mb: int, seconds: int, nice: int) -> None:
    """Answer calls until the pipe closes."""
    source, sink = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb", 0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    sys.stdout = sys.stderr
    _limit(memory_mb, seconds, nice)

    def send(status: int, body: bytes) -> None:
        _allow_cpu(seconds)
        view = memoryview(FRAME.pack(status, len(body)) + body)
        while view:
            view = view[sink.write(view) or 0 :]

    while True:
        try:
            kind, length = FRAME.unpack(_exactly(source, FRAME.size))
            name = _exactly(source, length).decode()
            data = _exactly(source, FRAME.unpack(_exactly(source, FRAME.size))[1])
        except EOFError:
            return
        send(*_answer(name, data, send if kind == STREAM else None))


def _answer(name: str, data: bytes, send: Callable[[int, bytes], None] | None) -> tuple[int, bytes]:
    """Status and bytes of the last frame; with `send`, what the function yields goes out before it."""
    function, _, extra = name.partition("\n")
    if not function.startswith(ALLOWED):
        return REFUSED, "不允许的函数".encode()
    module, _, attribute = function.partition(":")
    try:
        if module not in sys.modules:
            importlib.import_module(module)
            gc.freeze()  # what was loaded stays: looking through it again and again takes a thirtieth of a sheet's time
        run = getattr(sys.modules[module], attribute)
        result: Any = run(data, extra) if extra else run(data)
        if send is None:
            return DONE, bytes(result)
        for piece in result:
            send(PIECE, bytes(piece))
        return DONE, b""
    except ValueError as fault:
        return REFUSED, str(fault).encode()
    except MemoryError:
        return REFUSED, "解码所需内存超限".encode()
