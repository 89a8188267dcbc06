"""Stores of immutable objects (packs and manifest files), named by the SHA-256 of their bytes.

The contract, which every implementation passes (tests/contract_objects.py): what `put` or `finish` returned from is durable and whole; both may be repeated;
an object under its name is always complete; readers never see a half-written one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sync import durable
from sync.errors import BadObject, StoreDamaged, StoreError


class Staging(Protocol):
    """An object on its way in; one writer."""

    offset: int
    """Bytes that are durable and need not be sent again."""

    def write(self, data: bytes | memoryview) -> None:
        """Append."""

    def sync(self) -> int:
        """Make what was written durable as far as whole blocks go; the new `offset`."""

    def finish(self, into: memoryview | None = None) -> None:
        """Re-read, hash, and give the object its name.

        Args:
            into: a block-aligned buffer that is free until this returns (durable.read_chunks); what is larger reads with fewer calls.

        Raises:
            BadObject: the bytes are not the object; they were discarded and offset is 0.
        """

    def close(self) -> None:
        """Stop here; what is durable stays for a later `stage`."""


class ObjectStore(Protocol):
    """Where objects are kept."""

    def has(self, name: bytes) -> bool:
        """Is the whole object here?"""

    def length(self, name: bytes) -> int:
        """Its length in bytes; BadObject when it is not here."""

    def read(self, name: bytes, offset: int, length: int) -> bytes:
        """Exactly `length` bytes; StoreDamaged when the object is shorter or gone."""

    def chunks(self, name: bytes, start: int = 0) -> Iterator[memoryview]:
        """The object from the device in views of up to 1 MiB, each valid until the next; `start` is a multiple of 4,096."""

    def put(self, name: bytes, data: bytes | memoryview) -> None:
        """Store an object whose digest the caller has just computed."""

    def stage(self, name: bytes, length: int) -> Staging:
        """Begin or resume receiving an object of `length` bytes."""

    def staged(self, name: bytes) -> int:
        """Durable bytes of an object that is being received; 0 when none."""

    def digest(self, name: bytes) -> bytes:
        """SHA-256 of what the device holds under that name."""

    def confirm(self, name: bytes) -> None:
        """Make the name of an object durable that lies here without `put` or `finish` having returned: a crash may have come in between."""

    def names(self) -> Iterator[bytes]:
        """Every whole object, in no order."""

    def remove(self, name: bytes) -> None:
        """Forget an object that nothing names (recovery only)."""


_SHARDS = tuple(f"{number:02x}" for number in range(256))


class DiskObjects:
    """Objects as files `objects/<2 hex>/<hex>` (format.md §13)."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._uploads = folder, folder.with_name("uploads")
        try:
            durable.make_folder(folder)
            durable.make_folder(self._uploads)
            for shard in sorted({*_SHARDS}.difference(durable.names_in(folder))):
                (folder / shard).mkdir(mode=0o700)
            durable.fsync_folder(folder)
        except OSError as fault:
            raise durable.store_error(fault, "对象库") from fault

    def path(self, name: bytes) -> Path:
        """Where the object lies or would lie."""
        text = name.hex()
        return self._folder / text[:2] / text

    def has(self, name: bytes) -> bool:
        """See ObjectStore."""
        return self.path(name).exists()

    def length(self, name: bytes) -> int:
        """See ObjectStore."""
        try:
            return self.path(name).stat().st_size
        except FileNotFoundError as fault:
            raise BadObject(f"没有对象 {name.hex()[:16]}…") from fault

    def read(self, name: bytes, offset: int, length: int) -> bytes:
        """See ObjectStore."""
        try:
            with open(self.path(name), "rb", buffering=0) as file:
                got = os.pread(file.fileno(), length, offset)
        except OSError as fault:
            raise StoreDamaged(f"对象 {name.hex()[:16]}… 读不出：{fault.strerror}") from fault
        if len(got) != length:
            raise StoreDamaged(f"对象 {name.hex()[:16]}… 不完整：第 {offset} 字节起缺 {length - len(got)} 字节")
        return got

    def chunks(self, name: bytes, start: int = 0) -> Iterator[memoryview]:
        """See ObjectStore."""
        try:
            yield from durable.read_chunks(self.path(name), start=start)
        except OSError as fault:
            raise StoreDamaged(f"对象 {name.hex()[:16]}… 读不出：{fault.strerror}") from fault

    def put(self, name: bytes, data: bytes | memoryview) -> None:
        """See ObjectStore."""
        path = self.path(name)
        if not path.exists():
            durable.write_file(path, data, direct=isinstance(data, memoryview))

    def stage(self, name: bytes, length: int) -> Staging:
        """See ObjectStore."""
        return _DiskStaging(self._uploads / name.hex(), self.path(name), name, length)

    def staged(self, name: bytes) -> int:
        """See ObjectStore."""
        try:
            return (self._uploads / name.hex()).stat().st_size // durable.BLOCK * durable.BLOCK
        except FileNotFoundError:
            return 0

    def digest(self, name: bytes) -> bytes:
        """See ObjectStore."""
        try:
            return durable.digest_on_device(self.path(name))
        except OSError as fault:
            raise StoreDamaged(f"对象 {name.hex()[:16]}… 读不出：{fault.strerror}") from fault

    def confirm(self, name: bytes) -> None:
        """See ObjectStore."""
        try:
            durable.fsync_folder(self.path(name).parent)
        except OSError as fault:
            raise durable.store_error(fault, f"对象 {name.hex()[:16]}… ") from fault

    def names(self) -> Iterator[bytes]:
        """See ObjectStore."""
        for shard in _SHARDS:
            for name in durable.names_in(self._folder / shard):
                if len(name) == 64:
                    yield bytes.fromhex(name)

    def remove(self, name: bytes) -> None:
        """See ObjectStore."""
        try:
            self.path(name).unlink(missing_ok=True)
            durable.fsync_folder(self.path(name).parent)
        except OSError as fault:
            raise durable.store_error(fault, f"对象 {name.hex()[:16]}… ") from fault

    def sweep(self) -> int:
        """Remove temporary files that a crash left; how many."""
        return sum(durable.sweep(self._folder / shard) for shard in _SHARDS)


IN_PLACE = 64 * 1024
"""Whole blocks of so many bytes and more go to the device from where they are; less is gathered first, in a buffer that is not touched before."""


class _DiskStaging:
    """Blocks go to the device as they fill; the tail below 4,096 bytes is lost by a cut and sent again."""

    def __init__(self, path: Path, final: Path, name: bytes, length: int) -> None:
        self._path, self._final, self._name, self._length = path, final, name, length
        self._buffer = durable.aligned_buffer(durable.CHUNK)
        self._fill, self._named = 0, False
        try:
            self._descriptor, _ = durable.open_direct(path, os.O_RDWR | os.O_CREAT)
            size = os.fstat(self._descriptor).st_size
            self._at = self.offset = min(size, length) // durable.BLOCK * durable.BLOCK
            if size != self.offset:
                os.ftruncate(self._descriptor, self.offset)
        except OSError as fault:
            raise durable.store_error(fault, "上传的对象") from fault

    def write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        if self._at + self._fill + len(view) > self._length:
            raise BadObject(f"对象 {self._name.hex()[:16]}… 超过声明的 {self._length} 字节")
        while len(view) >= IN_PLACE and not self._fill:
            whole = len(view) // durable.BLOCK * durable.BLOCK
            if not self._write_in_place(view[:whole]):
                break
            view = view[whole:]
        while view:
            step = min(len(view), durable.CHUNK - self._fill)
            self._buffer[self._fill : self._fill + step] = view[:step]
            self._fill += step
            view = view[step:]
            if self._fill == durable.CHUNK:
                self._flush(durable.CHUNK)

    def _write_in_place(self, view: memoryview) -> bool:
        """Write a block-aligned buffer (durable.aligned_buffer) without a copy; False when the device wants it copied into one."""
        try:
            durable.write_all(self._descriptor, view, self._at)
        except OSError as fault:
            if fault.errno == errno.EINVAL:
                return False
            raise durable.store_error(fault, "上传的对象") from fault
        self._at += len(view)
        return True

    def _flush(self, size: int) -> None:
        try:
            durable.write_all(self._descriptor, self._buffer[:size], self._at)
        except OSError as fault:
            raise durable.store_error(fault, "上传的对象") from fault
        self._at += size
        rest = self._fill - size
        if rest > 0:
            self._buffer[:rest] = bytes(self._buffer[size : self._fill])
        self._fill = max(rest, 0)

    def sync(self) -> int:
        if whole := self._fill // durable.BLOCK * durable.BLOCK:
            self._flush(whole)
        try:
            durable.flush(self._descriptor)
            if not self._named and self._at:
                # The name of a partial upload must outlive a power cut, or its durable offset would be a lie. One that comes whole needs none.
                durable.fsync_folder(self._path.parent)
                self._named = True
        except OSError as fault:
            raise durable.store_error(fault, "上传的对象") from fault
        self.offset = self._at
        return self.offset

    def finish(self, into: memoryview | None = None) -> None:
        if self._at + self._fill != self._length:
            raise BadObject(f"对象 {self._name.hex()[:16]}… 还缺 {self._length - self._at - self._fill} 字节")
        try:
            if self._fill:
                padded = -(-self._fill // durable.BLOCK) * durable.BLOCK
                durable.write_all(self._descriptor, self._buffer[:padded], self._at)
                self._at, self._fill = self._at + self._fill, 0
            os.ftruncate(self._descriptor, self._length)
            durable.flush(self._descriptor)
            whole = durable.digest_on_device(self._path, into) == self._name
            if whole:
                durable.publish(self._path, self._final)
        except OSError as fault:
            raise durable.store_error(fault, "上传的对象") from fault
        self._shut()
        if not whole:
            self._path.unlink(missing_ok=True)
            self.offset = 0
            raise BadObject(f"对象 {self._name.hex()[:16]}… 的内容与名称不符，已丢弃，请重新发送")

    def close(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(StoreError):
                self.sync()
            self._shut()

    def _shut(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1


class MemoryObjects:
    """The twin in memory: the same contract, for tests and simulations."""

    def __init__(self) -> None:
        self._whole: dict[bytes, bytes] = {}
        self._partial: dict[bytes, bytearray] = {}

    def has(self, name: bytes) -> bool:
        """See ObjectStore."""
        return name in self._whole

    def length(self, name: bytes) -> int:
        """See ObjectStore."""
        if name not in self._whole:
            raise BadObject(f"没有对象 {name.hex()[:16]}…")
        return len(self._whole[name])

    def read(self, name: bytes, offset: int, length: int) -> bytes:
        """See ObjectStore."""
        got = self._whole.get(name, b"")[offset : offset + length]
        if len(got) != length or name not in self._whole:
            raise StoreDamaged(f"对象 {name.hex()[:16]}… 不完整")
        return got

    def chunks(self, name: bytes, start: int = 0) -> Iterator[memoryview]:
        """See ObjectStore."""
        if name not in self._whole:
            raise StoreDamaged(f"对象 {name.hex()[:16]}… 读不出")
        data = memoryview(self._whole[name])
        for at in range(start, len(data), durable.CHUNK):
            yield data[at : at + durable.CHUNK]

    def put(self, name: bytes, data: bytes | memoryview) -> None:
        """See ObjectStore."""
        self._whole.setdefault(name, bytes(data))

    def stage(self, name: bytes, length: int) -> Staging:
        """See ObjectStore."""
        return _MemoryStaging(self, name, length)

    def staged(self, name: bytes) -> int:
        """See ObjectStore."""
        return len(self._partial.get(name, b""))

    def digest(self, name: bytes) -> bytes:
        """See ObjectStore."""
        if name not in self._whole:
            raise StoreDamaged(f"对象 {name.hex()[:16]}… 读不出")
        return hashlib.sha256(self._whole[name]).digest()

    def confirm(self, name: bytes) -> None:
        """See ObjectStore."""

    def names(self) -> Iterator[bytes]:
        """See ObjectStore."""
        return iter(list(self._whole))

    def remove(self, name: bytes) -> None:
        """See ObjectStore."""
        self._whole.pop(name, None)


class _MemoryStaging:
    def __init__(self, store: MemoryObjects, name: bytes, length: int) -> None:
        self._store, self._name, self._length = store, name, length
        kept = store._partial.get(name, b"")
        self._data = bytearray(kept[: min(len(kept), length) // durable.BLOCK * durable.BLOCK])
        self.offset = len(self._data)

    def write(self, data: bytes | memoryview) -> None:
        if len(self._data) + len(data) > self._length:
            raise BadObject(f"对象 {self._name.hex()[:16]}… 超过声明的 {self._length} 字节")
        self._data += data

    def sync(self) -> int:
        whole = len(self._data) // durable.BLOCK * durable.BLOCK
        self._store._partial[self._name] = bytearray(self._data[:whole])
        self.offset = whole
        return whole

    def finish(self, into: memoryview | None = None) -> None:
        if len(self._data) != self._length:
            raise BadObject(f"对象 {self._name.hex()[:16]}… 还缺 {self._length - len(self._data)} 字节")
        self._store._partial.pop(self._name, None)
        if hashlib.sha256(self._data).digest() != self._name:
            self._data.clear()
            self.offset = 0
            raise BadObject(f"对象 {self._name.hex()[:16]}… 的内容与名称不符，已丢弃，请重新发送")
        self._store._whole[self._name] = bytes(self._data)

    def close(self) -> None:
        if self._name not in self._store._whole and self.offset <= len(self._data):
            self.sync()
