"""`hub backup`: databases first, objects after, into a folder that becomes a home again when the unlocking secret is laid beside it (DESIGN §5)."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from crypto.identity import recipient_from_text
from holdings import site_tables
from hub import backup_summary, certificate, config
from hub.backup_summary import Summary
from hub.desk import Desk
from hub.errors import ConfigurationWrong, DamageFound, HubError
from hub.home import ESCROW, FRONT, HOLDINGS, KEY, OBJECTS, PEOPLE, Home
from hub.people import People
from hub.vault import Vault
from sync import durable, manifest, named
from sync import log as logs
from sync.database import Database
from sync.entry import EntryKind
from sync.objects import DiskObjects
from sync.receipt import Grade

BATCH = 1_000
PIECE = 1 << 20
ESCROW_FOLDER = "escrow"
PAPERS = (KEY, certificate.FILE, config.FILE, ESCROW)
"""Small files of a home, hub.toml after the key: a folder with it is a whole one."""


class Saved(Struct):
    """What a backup did: objects in it, those copied or linked now, bytes copied, bytes of all objects."""

    objects: int = 0
    added: int = 0
    linked: int = 0
    bytes: int = 0
    escrowed: int = 0
    total: int = 0


# ---------------------------------------------------------------- the caller's side


def backup(desk: Desk, home: Path, destination: Path, progress: Callable[[Saved], None] = lambda _: None) -> Saved:
    """Bring `destination` up to date; objects that are there are left, new ones are linked where the disk allows it, else copied.

    Every object that the copied databases call stored is in the copy when this returns; what was copied was read again from the device, the databases were
    looked through, and the hub has signed what they are (hub/backup_summary.py).

    Raises:
        ConfigurationWrong: the destination is the home itself, or cannot be made.
        DamageFound: an object is not what its name says.
        StoreFull: no room.
    """
    if destination == home or home in destination.parents:
        raise ConfigurationWrong("备份不能放在主目录之内。")
    try:
        destination.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigurationWrong(f"无法建立目录 {destination}：{fault.strerror}") from fault
    # Under other names until the objects are here: a backup that was cut leaves the last whole one usable.
    for name in (FRONT, HOLDINGS, PEOPLE):
        with contextlib.suppress(_Absent):
            durable.write_pieces(destination / f"{name}.new", _first(desk.stream("database", name=name)))
    for name in PAPERS:
        with contextlib.suppress(_Absent):
            durable.write_pieces(destination / name, _present(desk, name))
    site_tables.copy(home, destination)
    saved = _objects(desk, home, destination, progress)
    if (destination / ESCROW).exists():
        _escrow(desk, destination / ESCROW_FOLDER, saved)
    _summarise(desk, destination, saved)
    for name in (FRONT, HOLDINGS, PEOPLE):
        if (destination / f"{name}.new").exists():
            durable.publish(destination / f"{name}.new", destination / name)
    # A crash between them leaves some newer than others, which is a home as well (the vault opens the difference again), and the summary knows both.
    _summarise(desk, destination, saved)
    return saved


def _summarise(desk: Desk, destination: Path, saved: Saved) -> None:
    """Have the hub sign what lies here: each file by its digest, or by both while its new form waits under another name."""
    found: dict[str, list[str]] = {}
    for path in [*destination.glob("*.*"), *destination.glob("site/*.toml")]:
        name = str(path.relative_to(destination))
        if path.is_file() and name != backup_summary.FILE and not name.startswith("."):
            found.setdefault(name.removesuffix(".new"), []).append(durable.digest_on_device(path).hex())
    told = desk.call("backup_told")
    body = backup_summary.encode(
        Summary(told["hub_id"], told["name"], told["wall"], saved.objects, saved.total, {name: found[name] for name in sorted(found)})
    )
    signed = desk.call("backup_signed", digest=hashlib.sha256(body).hexdigest())
    backup_summary.write(destination, body, bytes.fromhex(signed["signature"]))


class _Absent(Exception):
    """The home has no such file."""


def _first(pieces: Iterator[bytes]) -> Iterator[bytes]:
    piece = next(pieces, b"")
    if not piece:
        raise _Absent
    yield piece
    yield from pieces


def _present(desk: Desk, name: str) -> Iterator[bytes]:
    data = b"".join(desk.stream("paper", name=name))
    if not data:
        raise _Absent
    yield data


def _objects(desk: Desk, home: Path, destination: Path, progress: Callable[[Saved], None]) -> Saved:
    source, target, saved, after = home / OBJECTS, DiskObjects(destination / OBJECTS), Saved(), ""
    while batch := desk.call("objects", after=after)["objects"]:
        for text, length in batch:
            name = bytes.fromhex(text)
            saved.objects += 1
            saved.total += length
            if not (target.has(name) and target.length(name) == length):
                saved.added += 1
                if _link(source / text[:2] / text, target.path(name)):
                    saved.linked += 1
                else:
                    saved.bytes += length
                    durable.write_pieces(target.path(name), _whole(desk, text))
                    if target.digest(name) != name:
                        raise DamageFound(f"对象 {text[:16]}… 写入备份后读出的内容不同：备份盘有故障，请换一块。")
            progress(saved)
        after = batch[-1][0]
    for number in range(256):
        durable.fsync_folder(destination / OBJECTS / f"{number:02x}")
    return saved


def _escrow(desk: Desk, folder: Path, saved: Saved) -> None:
    """Every manifest once more, sealed to the escrow recipient as well: with it and the packs alone everything can be opened by the stock `age` tool."""
    durable.make_folder(folder)
    for node in desk.call("nodes")["nodes"]:
        after = 0
        while batch := desk.call("manifests", log_id=node["log_id"], after=after)["manifests"]:
            for seq, name in batch:
                path = folder / f"{node['log_id'][:16]}-{seq:08d}.age"
                if not path.exists():
                    durable.write_pieces(path, desk.stream("escrowed", name=name))
                    saved.escrowed += 1
            after = batch[-1][0]


def _link(source: Path, target: Path) -> bool:
    """A second name for the same immutable file; False where that cannot be (another disk, another owner)."""
    try:
        target.unlink(missing_ok=True)
        os.link(source, target)
    except OSError:
        return False
    return True


def _whole(desk: Desk, text: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in desk.stream("object", name=text):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != text:
        raise DamageFound(f"对象 {text[:16]}… 的内容与名称不符，没有备份。请执行 jindang hub doctor --deep。")


# ---------------------------------------------------------------- the hub's side


def database(home: Home, people: People, name: str) -> Iterator[bytes]:
    """A consistent copy of a database, taken while others write; nothing of people.db where there is none."""
    if name == PEOPLE and not people.path.exists():
        return
    source = people.parts().database if name == PEOPLE else {FRONT: home.front, HOLDINGS: home.holdings}.get(name)
    if source is None:
        raise HubError("没有这个数据库")
    copy = home.path / f".{name}.{home.random(8).hex()}.tmp"
    try:
        source.backup(copy)
        with contextlib.closing(Database(copy, None if name == FRONT else home.secrets.database_key)) as made:
            trouble = made.check()
        if trouble:
            raise DamageFound(f"{name} 的副本不完整（{trouble[0]}），没有备份。请执行 jindang hub doctor。")
        yield from _read(copy)
    finally:
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def told(home: Home) -> dict[str, Any]:
    """Whose backup it is, and when it was taken."""
    return {"hub_id": home.hub_id.hex(), "name": home.genesis.name, "wall": home.clock.wall()}


def signed(home: Home, digest: bytes) -> dict[str, Any]:
    """The hub's signature for a summary of that digest; NotAllowed unless it is 32 bytes."""
    if len(digest) != 32:
        raise HubError("摘要应为 32 字节")
    return {"signature": backup_summary.sign(home.secrets.signing_key(), digest).hex()}


def paper(home: Home, name: str) -> Iterator[bytes]:
    """A small file of the home; nothing when there is none. The key file stays sealed."""
    if name not in PAPERS:
        raise HubError("没有这个文件")
    if name == ESCROW and not home.config.escrow:
        return
    with contextlib.suppress(FileNotFoundError):
        yield from _read(home.path / (home.config.escrow if name == ESCROW else name))


def objects(home: Home, after: bytes) -> dict[str, Any]:
    """Names and lengths of stored objects, a page at a time in the order of their names."""
    return {"objects": [[name.hex(), length] for name, length in named.stored_after(home.front.read(), after, BATCH)]}


def manifests(home: Home, log_id: bytes, after: int) -> dict[str, Any]:
    """(seq, manifest) of receipted deltas of a log after `after`, a page at a time."""
    found: list[tuple[int, str]] = []
    reading, at = home.front.read(), after
    while not found and (batch := logs.since(reading, log_id, at + 1, BATCH)):
        at = batch[-1].seq
        found += (
            (entry.seq, manifest.read_delta(entry.body).manifest[0].hex())
            for entry in batch
            if entry.kind is EntryKind.DELTA and logs.receipt_at(reading, log_id, entry.seq, Grade.R1) is not None
        )
    return {"manifests": found}


def escrowed(home: Home, vault: Vault, name: bytes) -> Iterator[bytes]:
    """A manifest with a header for the vault and the escrow recipient."""
    if not home.config.escrow:
        raise HubError("本中心没有设 escrow")
    escrow = recipient_from_text((home.path / home.config.escrow).read_text("ascii").strip())
    yield vault.add_recipients(name, [home.genesis.recipient, escrow])


def object_bytes(home: Home, name: bytes) -> Iterator[bytes]:
    """The bytes of an object from the device."""
    for view in home.objects.chunks(name):
        yield bytes(view)


def _read(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece
