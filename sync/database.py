"""The only opener of databases: encrypted SQLite (SQLite3MultipleCiphers through APSW), WAL, synchronous FULL.

Each room keeps numbered `schema/NNN_name.sql`; an upgrade and the record of it commit together, and a database newer than the program is refused (format.md §13).
Callers own transactions; functions that run SQL take a connection. One writer at a time, any number of readers.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

import apsw

from sync import durable
from sync.errors import NewerSchema, StoreDamaged, StoreError, StoreFull


class Cipher(StrEnum):
    """What pages are sealed with; the value is the name in SQLite3MultipleCiphers (docs/decisions/0027)."""

    AEGIS = "aegis"
    """AEGIS-256: a page keeps 64 bytes for nonce and tag. Every new database."""
    CHACHA20 = "chacha20"
    """ChaCha20-Poly1305: 32 bytes. Databases of programs before; they stay as they are."""


_CLEAR = slice(16, 24)
"""Bytes of the file that the ciphers leave in clear, and AEGIS without a tag: size of a page, versions, what a page keeps for its cipher, fractions."""
_HEADS = {
    bytes.fromhex(f"1000{version}{kept}402020"): cipher
    for version in ("0101", "0202")
    for kept, cipher in (("40", Cipher.AEGIS), ("20", Cipher.CHACHA20))
}
BUSY_MS = 30_000
CACHE_KIB = 4_096
WAL_PAGES = 4_000


_TOLD = (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.NotADBError, apsw.CantOpenError)


def _told(fault: apsw.Error, path: Path, number: int) -> StoreError:
    """The error of this room for one of SQLite's that says something about the disk; `number` is the system call's errno."""
    # SQLite knows ENOSPC alone as a full disk; a quota, and no room for the index of the write-ahead log, are I/O errors to it.
    shm = getattr(fault, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE
    if isinstance(fault, apsw.FullError) or shm or (isinstance(fault, apsw.IOError) and number in durable.FULL):
        return StoreFull(f"磁盘空间不足，数据库 {path.name} 无法写入。请清理磁盘后重试；已提交的数据不受影响。")
    if isinstance(fault, apsw.NotADBError):
        return StoreDamaged(f"数据库 {path.name} 打不开：密钥不对，或文件已损坏。请用 doctor 体检，必要时从备份恢复。")
    if isinstance(fault, apsw.CantOpenError):
        return StoreDamaged(f"数据库 {path.name} 打不开：文件不存在或没有权限。")
    return StoreDamaged(f"数据库 {path.name} 已损坏或磁盘出错：请停止使用并从备份恢复。")


def _cipher_of(path: Path) -> Cipher:
    """The cipher of a file; of one that is not there yet, or cannot be read (which opening it tells), that of new ones.

    StoreDamaged when what stands in clear is not what a database of ours begins with.
    """
    try:
        with path.open("rb") as file:
            clear = file.read(_CLEAR.stop)[_CLEAR]
    except OSError:
        return Cipher.AEGIS
    if clear and clear not in _HEADS:
        raise StoreDamaged(f"数据库 {path.name} 的文件头已损坏。请停止使用并从备份恢复。")
    return _HEADS.get(clear, Cipher.AEGIS)


class _Cursor(apsw.Cursor):
    """Tells a full disk and a damaged file as errors of this room, wherever rows are read."""

    def execute(self, *given: Any, **named: Any) -> apsw.Cursor:
        try:
            return super().execute(*given, **named)
        except _TOLD as fault:
            raise _told(fault, Path(self.connection.filename), self.connection.system_errno) from fault

    def executemany(self, *given: Any, **named: Any) -> apsw.Cursor:
        try:
            return super().executemany(*given, **named)
        except _TOLD as fault:
            raise _told(fault, Path(self.connection.filename), self.connection.system_errno) from fault

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except _TOLD as fault:
            raise _told(fault, Path(self.connection.filename), self.connection.system_errno) from fault

    @property
    def get(self) -> Any:
        try:
            return super().get
        except _TOLD as fault:
            raise _told(fault, Path(self.connection.filename), self.connection.system_errno) from fault

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except _TOLD as fault:
            raise _told(fault, Path(self.connection.filename), self.connection.system_errno) from fault


class Database:
    """One database file, shared by the threads of one process."""

    def __init__(self, path: Path, key: bytes | None, cipher: Cipher | None = None) -> None:
        self.path, self._key = path, key
        self._cipher = cipher or (Cipher.AEGIS if key is None else _cipher_of(path))
        self._lock = threading.RLock()
        self._local = threading.local()
        self._writer = self._connect()

    def _connect(self) -> apsw.Connection:
        connection: apsw.Connection | None = None
        try:
            connection = apsw.Connection(str(self.path))
            connection.cursor_factory = _Cursor
            if self._key is not None:
                connection.pragma("cipher", str(self._cipher))
                connection.pragma("key", "raw:" + self._key.hex())
            connection.set_busy_timeout(BUSY_MS)
            connection.pragma("cache_size", -CACHE_KIB)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("foreign_keys", "on")
            connection.pragma("wal_autocheckpoint", WAL_PAGES)
            connection.pragma("temp_store", "memory")
            # Rows that are erased (a classified mark found late) must not linger in free pages.
            connection.pragma("secure_delete", "on")
        except _TOLD as fault:
            if connection is not None:
                connection.close()
            raise _told(fault, self.path, 0) from fault
        return connection

    def read(self) -> apsw.Connection:
        """This thread's connection for reading; sees what was committed when its statement began."""
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.pragma("query_only", "on")
        return connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """The writing connection inside one transaction: committed and durable on leaving, rolled back on an exception.

        Raises:
            StoreFull: no room; nothing of the transaction stays.
            StoreDamaged: the file is not what was written.
        """
        with self._lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    if (witness := getattr(self._local, "witness", None)) is not None:
                        witness(self._writer)
                    self._writer.execute("COMMIT")
                    self._local.witness = None
                except BaseException:
                    # A full disk or a read error may have rolled back already: then the first error must come through.
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
            except _TOLD as fault:
                raise _told(fault, self.path, self._writer.system_errno) from fault

    @contextlib.contextmanager
    def witnessed(self, write: Callable[[apsw.Connection], None]) -> Iterator[None]:
        """What this thread commits first in here is committed together with what `write` adds; where nothing was, `write` alone, at a good end."""
        self._local.witness = write
        try:
            yield
            if self._local.witness is not None:
                with self.transaction():
                    pass
        finally:
            self._local.witness = None

    def check(self) -> list[str]:
        """What SQLite's integrity check finds; empty when whole."""
        try:
            # A connection of its own: one that has asked an FTS5 table which another emptied since would call that damage.
            looking = self._connect()
            try:
                rows = [str(row[0]) for row in looking.execute("PRAGMA integrity_check(20)")]
            finally:
                looking.close()
        except (apsw.Error, StoreError) as fault:
            return [str(fault)]
        return [] if rows == ["ok"] else rows

    def backup(self, destination: Path) -> None:
        """A consistent copy under the same key and cipher, while others go on writing; durable on return."""
        copy = Database(destination, self._key, self._cipher)
        with copy._writer.backup("main", self.read(), "main") as work:
            while not work.done:
                work.step(2_000)
        copy.close()

    def close(self) -> None:
        """Close this thread's and the writing connection, folding the WAL in."""
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            del self._local.connection
        with self._lock:
            self._writer.close()


def open_database(path: Path, key: bytes | None, rooms: Sequence[str]) -> Database:
    """Open or create `path` and bring the tables of `rooms` up to date.

    Args:
        key: 32 bytes, used raw (the key file sealed them already); None = not encrypted, for the hub's front only.

    Raises:
        NewerSchema: a newer program wrote it.
        StoreDamaged: wrong key or damage.
    """
    database = Database(path, key)
    try:
        with database.transaction() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version(room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT"
            )
            for room in rooms:
                _upgrade(connection, room, path.name)
    except BaseException:
        # What stays open would keep the file's locks and its shared memory for whoever opens it next.
        database.close()
        raise
    return database


def _upgrade(connection: apsw.Connection, room: str, name: str) -> None:
    row = connection.execute("SELECT version FROM schema_version WHERE room = ?", (room,)).fetchone()
    have = int(row[0]) if row else 0
    package, _, variant = room.partition(":")
    folder = resources.files(package) / "schema" / variant if variant else resources.files(package) / "schema"
    steps = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    if have > len(steps):
        raise NewerSchema(
            f"数据库 {name} 由更新版本的 jindang 写成（{room} 第 {have} 版，本程序识得 {len(steps)} 版）。请升级本机程序。"
        )
    for number, step in enumerate(steps, 1):
        if number > have:
            connection.execute(step.read_text("utf-8"))
            connection.execute("INSERT OR REPLACE INTO schema_version VALUES (?, ?)", (room, number))
