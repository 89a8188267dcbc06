"""`node backup` and `node export`: a copy of the home, and plain files for people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from holdings import records, site_tables
from holdings.export_path import export_paths
from holdings.stored_record import StoredRecord
from node import config as configuration
from node.errors import ConfigurationWrong
from node.home import DATABASE, KEY, OBJECTS, Home
from sync import durable, sealed, transform
from sync.errors import StoreDamaged, SyncError
from sync.manifest import Part, segment_size
from sync.objects import DiskObjects
from sync.pack import open_segment
from sync.sandbox import Sandbox

SUMS = "manifest-sha256.txt"


def backup(home: Home, destination: Path, progress: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    """Copy database first, objects after (DESIGN §5), into a folder that may hold an earlier backup; {objects, copied, bytes}.

    An object that turns out damaged is left out, everything else is copied, and then StoreDamaged says so.
    A crash leaves a backup that the next run completes; the database is put in place last, so that it never names what is not there.
    """
    durable.make_folder(destination)
    staged = destination / f".{DATABASE}.new"
    staged.unlink(missing_ok=True)
    home.database.backup(staged)
    for plain in (KEY, configuration.FILE):
        durable.write_file(destination / plain, (home.path / plain).read_bytes())
    site_tables.copy(home.path, destination)
    target, copied, size, count = DiskObjects(destination / OBJECTS), 0, 0, 0
    damaged: list[str] = []
    for name in home.objects.names():
        count += 1
        if target.has(name):
            continue
        try:
            length = _copy(home.objects, target, name)
        except SyncError:
            damaged.append(f"{name.hex()[:16]}…")
            continue
        copied, size = copied + 1, size + length
        progress(length)
    durable.publish(staged, destination / DATABASE)
    if damaged:
        raise StoreDamaged(
            f"其余已备份，但 {len(damaged)} 个对象已损坏，未能备份：{'、'.join(damaged[:5])}。请执行 node verify 查明。"
        )
    return {"objects": count, "copied": copied, "bytes": size}


def _copy(source: DiskObjects, target: DiskObjects, name: bytes) -> int:
    """Copy one object; its length. SyncError when what was read is not the object."""
    length = source.length(name)
    staging = target.stage(name, length)
    try:
        for view in source.chunks(name, staging.offset):
            staging.write(view)
        staging.finish()
    finally:
        staging.close()
    return length


def export(
    home: Home, destination: Path, ref: str | None, sandbox: Sandbox, progress: Callable[[int], None] = lambda _: None
) -> dict[str, int]:
    """Write `<档号>/<file as it came>`, in its folder where it came in one, and manifest-sha256.txt; {records, pages, bytes}.

    Existing equal files are left, others never overwritten.
    """
    reading = home.database.read()
    destination.mkdir(parents=True, exist_ok=True)
    counts = {"records": 0, "pages": 0, "bytes": 0}
    sums: list[str] = []
    after = 0
    while batch := [records.resolve(reading, ref)] if ref else records.walk(reading, after=after):
        for record in batch:
            after = record.number
            parts = sealed.current(reading, bytes(record.id))
            for part, path in zip(parts, export_paths([part.name for part in parts]), strict=True):
                name = f"{folder_name(record)}/{path}"
                _write(home, destination / name, part, sandbox)
                sums.append(f"{part.sha256.hex()}  {name}\n")
                counts["pages"] += 1
                counts["bytes"] += part.size
                progress(part.size)
            counts["records"] += 1
        if ref:
            break
    durable.write_file(destination / SUMS, "".join(sums).encode())
    return counts


def folder_name(record: StoredRecord) -> str:
    """The 档号 as a folder name; a code that is no plain name is refused by the sheet reader already."""
    return record.reference_code.replace("/", "_")


def _write(home: Home, path: Path, part: Part, sandbox: Sandbox) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        with open(path, "rb") as old:
            if hashlib.file_digest(old, "sha256").digest() == part.sha256:
                return
        raise ConfigurationWrong(f"{path} 已存在且内容不同，未覆盖。请换一个目标文件夹。")
    # A name of its own: with an ending, a name of 255 bytes would be too long. A crash leaves it, the next export writes over it.
    partial, digest = path.with_name(".jindang-export.part"), hashlib.sha256()
    with open(partial, "wb") as out:
        for index, segment in enumerate(part.segments):
            blob = home.objects.read(segment.pack, segment.offset, segment.length)
            plain = transform.restore(
                open_segment(segment, blob), part.transform, segment_size(part.size, index), sandbox
            )
            digest.update(plain)
            out.write(plain)
    if digest.digest() != part.sha256:
        partial.unlink()
        raise StoreDamaged(f"{path.name} 的摘要不符，未导出。请执行 node verify 查明。")
    durable.publish(partial, path)
