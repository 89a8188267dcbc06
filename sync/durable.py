"""The only place that knows how bytes survive a power cut: write, fsync, rename, fsync of the folder.

The system calls of one published object are: openat(temporary, O_CREAT|O_EXCL|O_DIRECT), write…, ftruncate, fsync, rename, openat(folder), fsync, close.
After Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014): the name is durable only after the fsync of its folder. O_DIRECT keeps the page
cache for the sources and makes "re-read from the device" true; where a file system refuses it (tmpfs, network shares) the same calls run buffered.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import mmap
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from sync.errors import HomeBusy, StoreDamaged, StoreError, StoreFull

BLOCK = 4096
CHUNK = 1 << 20
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What a system call says when there is no room: disk, quota, limit of a file."""
_local = threading.local()


def store_error(fault: OSError, what: str) -> StoreError:
    """The error of this room for an OSError: StoreFull when room is lacking, else StoreDamaged."""
    if fault.errno in FULL:
        return StoreFull(f"磁盘空间不足，无法写入{what}。请清理或扩充磁盘后重试；已收存的数据不受影响。")
    return StoreDamaged(f"磁盘读写{what}失败：{fault.strerror}。请检查磁盘与系统日志。")


def aligned_buffer(size: int) -> memoryview:
    """A page-aligned buffer of `size` bytes rounded up to whole blocks, fit for O_DIRECT."""
    return memoryview(mmap.mmap(-1, -(-size // BLOCK) * BLOCK))


def _borrow() -> memoryview:
    """This thread's buffer of 1 MiB, or a fresh one while that is in use: two objects may be read side by side."""
    buffer: memoryview | None = getattr(_local, "chunk", None)
    _local.chunk = None
    return aligned_buffer(CHUNK) if buffer is None else buffer


def _give_back(buffer: memoryview) -> None:
    _local.chunk = buffer


def open_direct(path: Path | str, flags: int) -> tuple[int, bool]:
    """(descriptor, direct?) of `path`; buffered where the file system refuses O_DIRECT."""
    try:
        return os.open(path, flags | os.O_DIRECT | os.O_CLOEXEC, 0o600), True
    except OSError as fault:
        if fault.errno != errno.EINVAL:
            raise
        return os.open(path, (flags & ~os.O_EXCL) | os.O_CLOEXEC, 0o600), False


def write_all(descriptor: int, data: memoryview, offset: int) -> None:
    """Write all of `data` at `offset`; a short write is continued."""
    done = 0
    while done < len(data):
        done += os.pwrite(descriptor, data[done:], offset + done)


def flush(descriptor: int) -> None:
    """Make what was written through `descriptor` durable."""
    os.fsync(descriptor)


def fsync_folder(path: Path | str) -> None:
    """Make the names inside `path` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(temporary: Path, final: Path) -> None:
    """Give a durable file its final name, durably.

    A crash before the rename leaves a temporary file that `sweep` removes; one after it leaves the whole file under a name that may vanish,
    and then the work is done again.
    """
    os.rename(temporary, final)
    fsync_folder(final.parent)


def make_folder(path: Path) -> None:
    """Create a folder and make its own name durable; an existing one is fine."""
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        fsync_folder(path.parent)


def write_file(path: Path, data: bytes | memoryview, *, direct: bool = False) -> None:
    """Create or replace `path` with `data`, all or nothing, durable on return.

    `direct` writes past the page cache; `data` should then be block-aligned (aligned_buffer).

    Raises:
        StoreFull, StoreDamaged: the disk refused; nothing visible was left.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        if direct:
            descriptor, is_direct = open_direct(temporary, flags)
        else:
            descriptor, is_direct = os.open(temporary, flags | os.O_CLOEXEC, 0o600), False
        try:
            _write_body(descriptor, memoryview(data), is_direct)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        publish(temporary, path)
    except OSError as fault:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise store_error(fault, f"文件 {path.name}") from fault


def write_pieces(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """As `write_file`, for bytes that never lie whole in memory; what `pieces` raises passes through and leaves nothing visible."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            at = 0
            for piece in pieces:
                write_all(descriptor, memoryview(piece), at)
                at += len(piece)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        publish(temporary, path)
    except BaseException as fault:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        if isinstance(fault, OSError):
            raise store_error(fault, f"文件 {path.name}") from fault
        raise


def _write_body(descriptor: int, data: memoryview, direct: bool) -> None:
    if not direct:
        write_all(descriptor, data, 0)
        return
    whole = len(data) // BLOCK * BLOCK
    try:
        write_all(descriptor, data[:whole], 0)
        if whole < len(data):
            tail = _borrow()
            tail[: len(data) - whole] = data[whole:]
            write_all(descriptor, tail[:BLOCK], whole)
            os.ftruncate(descriptor, len(data))
            _give_back(tail)
    except OSError as fault:
        if fault.errno != errno.EINVAL:
            raise
        # The buffer was not aligned, or the file system wants larger blocks: the same bytes, buffered.
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_DIRECT)
        write_all(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))


def read_chunks(path: Path | str, *, start: int = 0, into: memoryview | None = None) -> Iterator[memoryview]:
    """The bytes of `path` from the device, in views that are valid until the next one is taken: of `into`, or of up to 1 MiB.

    Args:
        start: a multiple of 4,096.
        into: a buffer as of aligned_buffer; it belongs to this until the end.
    """
    descriptor, direct = open_direct(path, os.O_RDONLY)
    buffer, offset = _borrow() if into is None else into, start
    try:
        if not direct:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        while got := os.preadv(descriptor, [buffer], offset):
            yield buffer[:got]
            offset += got
            if got % BLOCK:
                return
    finally:
        os.close(descriptor)
        if into is None:
            _give_back(buffer)


def digest_on_device(path: Path | str, into: memoryview | None = None) -> bytes:
    """SHA-256 of what the device holds, not of what the cache remembers (DESIGN §4, R1); `into` as in read_chunks."""
    digest = hashlib.sha256()
    for view in read_chunks(path, into=into):
        digest.update(view)
    return digest.digest()


def names_in(folder: Path | str) -> list[str]:
    """What lies in a folder, without a Path for each: every start looks through all objects."""
    with os.scandir(folder) as found:
        return [entry.name for entry in found]


def sweep(folder: Path | str) -> int:
    """Remove the temporary files that a crash left directly inside `folder`; how many."""
    left = [name for name in names_in(folder) if name.startswith(".") and name.endswith(".tmp")]
    for name in left:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
    return len(left)


class HomeLock:
    """An exclusive lock on a home: one program writes it at a time (DESIGN §7)."""

    def __init__(self, home: Path) -> None:
        self._descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            os.close(self._descriptor)
            raise HomeBusy(f"{home} 正被另一个 jindang 进程使用。请等它结束，或停止后台服务后重试。") from fault

    def release(self) -> None:
        """Let others in; the kernel does the same when the process dies."""
        # Unlocked by name: a worker that another thread is just starting still holds a copy of the descriptor.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
