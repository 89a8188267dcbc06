"""`hub restore`: from a backup to a home again (DESIGN §5): every byte is compared with what the hub signed before the home is one.

hub.toml comes last, so that a restore that was cut leaves no home; the same command again goes on. A restored hub waits for its nodes (hub/restored.py): what
they hold receipts for and it does not know, they bring again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from crypto.keys import Secrets
from crypto.locks import KeyFile
from hub import backup_summary, config, restored
from hub import home as homes
from hub.backup_summary import Summary
from hub.errors import ConfigurationWrong, DamageFound
from hub.home import FRONT, FRONT_ROOMS, HOLDINGS, KEY, OBJECTS, PEOPLE
from sync import durable, named
from sync.database import Database, open_database
from sync.objects import DiskObjects

PIECE: Final = 1 << 20
BATCH: Final = 1_000


class Restored(Struct):
    """What a restore did: when the backup was taken (seconds UTC), objects and bytes compared, nodes that are waited for."""

    name: str = ""
    taken: int = 0
    objects: int = 0
    bytes: int = 0
    waits_for: list[str] = field(default_factory=list)


def restore(
    source: Path,
    home: Path,
    unlock_file: Path | None,
    ask: Callable[[], str],
    progress: Callable[[Restored], None] = lambda _: None,
) -> Restored:
    """Make `home` of the backup in `source`. `unlock_file`: the key file that opens key.jdk, laid into the home where hub.toml looks for it.

    Raises:
        ConfigurationWrong: the home is one already, or key.jdk cannot be opened.
        DamageFound: the backup is not what the hub signed, or not whole; the home is none then.
        StoreFull: no room.
    """
    summary, body, signature = backup_summary.read(source)
    _prepare(source, home)
    done = Restored(summary.name, summary.wall)
    with _held(home):
        _files(source, home, summary, databases=False)
        secrets = _unlocked(home, source, unlock_file, ask)
        backup_summary.check(secrets.signing_key().public, body, signature)
        _files(source, home, summary, databases=True)
        _databases(home, secrets)
        _objects(source, home, done, progress)
        if done.objects < summary.objects:
            raise DamageFound(f"备份应有 {summary.objects} 个对象，数据库只列出 {done.objects} 个。请换一份备份。")
        done.waits_for = _wait(home)
        durable.write_pieces(home / config.FILE, _compared(source / config.FILE, config.FILE, summary))
        # Before this a crash leaves no home; the command again compares what is there and goes on.
    return done


@contextlib.contextmanager
def _held(home: Path) -> Iterator[None]:
    held = durable.HomeLock(home)
    try:
        yield
    finally:
        held.release()


def _prepare(source: Path, home: Path) -> None:
    if home == source or source in home.parents or home in source.parents:
        raise ConfigurationWrong("恢复须在备份之外另选目录。")
    if (home / config.FILE).exists():
        raise ConfigurationWrong(f"{home} 已有一个中心，不会覆盖。请另选目录；确认无用后再删除旧目录。")
    try:
        home.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigurationWrong(f"无法建立目录 {home}：{fault.strerror}") from fault


def _files(source: Path, home: Path, summary: Summary, *, databases: bool) -> None:
    for name in summary.files:
        is_database = name in (FRONT, HOLDINGS, PEOPLE)
        if is_database is not databases or name == config.FILE:
            continue
        if "/" in name:
            durable.make_folder((home / name).parent)
        if is_database:
            for left in (f"{name}-wal", f"{name}-shm"):
                (home / left).unlink(missing_ok=True)
        durable.write_pieces(home / name, _compared(source / name, name, summary))
        if is_database or name == KEY:
            (home / name).chmod(0o600)


def _compared(path: Path, name: str, summary: Summary) -> Iterator[bytes]:
    """The bytes of a file of the backup; DamageFound at the end, before the file is published, when they are not those that were signed."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                yield piece
    except FileNotFoundError as fault:
        raise DamageFound(f"备份中缺少 {name}。请换一份备份。") from fault
    except OSError as fault:
        raise DamageFound(f"备份中的 {name} 读不出：{fault.strerror}。请换一份备份。") from fault
    if digest.hexdigest() not in summary.files.get(name, ()):
        raise DamageFound(f"备份中的 {name} 与备份时所签的不同：已损坏或被改动。请换一份备份。")


def _unlocked(home: Path, source: Path, unlock_file: Path | None, ask: Callable[[], str]) -> Secrets:
    try:
        settings = config.parse((source / config.FILE).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise DamageFound(f"备份中的 {config.FILE} 读不出：{fault}") from fault
    lock = homes.lock_of(settings.unlock, home, ask) if not settings.unlock.startswith("passphrase") else None
    if unlock_file is not None:
        if not isinstance(lock, KeyFile):
            raise ConfigurationWrong(f"这份备份的 key.jdk 以 {settings.unlock} 解锁，不用 --unlock-file。")
        try:
            data = unlock_file.read_bytes()
        except OSError as fault:
            raise ConfigurationWrong(f"{unlock_file} 读不出：{fault.strerror}") from fault
        durable.write_file(lock.path, data)
        lock.path.chmod(0o600)
    elif isinstance(lock, KeyFile) and not lock.path.exists():
        raise ConfigurationWrong(f"缺少解锁 key.jdk 的密钥文件。请用 --unlock-file 指明，它会放到 {lock.path}。")
    return homes.unlock(home, settings, ask)


def _databases(home: Path, secrets: Secrets) -> None:
    for name in (FRONT, HOLDINGS, PEOPLE):
        if not (home / name).exists():
            if name != PEOPLE:
                raise DamageFound(f"备份中没有 {name}。请换一份备份。")
            continue
        with contextlib.closing(Database(home / name, None if name == FRONT else secrets.database_key)) as made:
            if trouble := made.check():
                raise DamageFound(f"恢复出的 {name} 不完整（{trouble[0]}）。请换一份备份。")


def _objects(source: Path, home: Path, done: Restored, progress: Callable[[Restored], None]) -> None:
    """Every object that the database calls stored, copied and read again from the device."""
    kept, made, after = source / OBJECTS, DiskObjects(home / OBJECTS), b""
    with contextlib.closing(open_database(home / FRONT, None, FRONT_ROOMS)) as front:
        while batch := named.stored_after(front.read(), after, BATCH):
            for name, length in batch:
                text = name.hex()
                if not (made.has(name) and made.length(name) == length and made.digest(name) == name):
                    _object(kept / text[:2] / text, made, name)
                done.objects += 1
                done.bytes += length
                progress(done)
            after = batch[-1][0]
    for number in range(256):
        durable.fsync_folder(home / OBJECTS / f"{number:02x}")


def _object(kept: Path, made: DiskObjects, name: bytes) -> None:
    try:
        made.path(name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.link(kept, made.path(name))
        if not made.has(name):
            with open(kept, "rb") as file:
                durable.write_pieces(made.path(name), iter(lambda: file.read(PIECE), b""))
    except FileNotFoundError as fault:
        raise DamageFound(f"备份中缺少对象 {name.hex()[:16]}…。请换一份备份；持有它的节点也会重新传送。") from fault
    if made.digest(name) != name:
        made.remove(name)
        raise DamageFound(f"备份中的对象 {name.hex()[:16]}… 已损坏。请换一份备份。")


def _wait(home: Path) -> list[str]:
    with contextlib.closing(open_database(home / FRONT, None, FRONT_ROOMS)) as front:
        with front.transaction() as connection:
            restored.wait_for_all(connection)
        return restored.names(front.read())
